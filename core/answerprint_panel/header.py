"""The header: which shot this is, how the server is, settings and help."""

from __future__ import annotations

from typing import Any, Dict, Optional

from answerprint_panel import connection, look, scripts
from answerprint_panel.faults import guarded
from answerprint_panel.qt import QtCore, QtGui, QtWidgets, Signal
from answerprint_panel.session import Session
from answerprint_panel.widgets import ElidedLabel, Icon, IconButton, Words, across, down

Document = Dict[str, Any]


class Header(QtWidgets.QWidget):
    """Two lines and two buttons. `helped` when help was asked for."""

    helped = Signal()

    def __init__(self, session: Session, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self._session = session
        self.title = ElidedLabel(weight="heading", elide=QtCore.Qt.TextElideMode.ElideMiddle)
        self.icon = Icon("ring")
        self.state, self.dot = Words(), Words("·", role="secondary")
        self.aside = ElidedLabel(role="secondary")
        self.settings_button = IconButton("settings", "Settings", quiet=True, size=28)
        self.help_button = IconButton("help", "Help", quiet=True, size=28)
        self._settings: Any = None
        self.settings_button.clicked.connect(self._open_settings)
        self.help_button.clicked.connect(self.helped)
        self._lay_out()
        for changed in (session.engineChanged, session.serverChanged, session.jobsChanged):
            changed.connect(self._say_connection)
        session.whereChanged.connect(self._say_title)
        self._say_title()
        self._say_connection()

    def _lay_out(self) -> None:
        said = across(self.state, self.dot, self.aside, gap=look.GAP)
        said.setStretch(2, 1)
        line = across(self.icon, said, gap=look.SMALL)
        line.setStretch(1, 1)
        words = down(self.title, line, gap=2)
        whole = across(words, self.settings_button, self.help_button, gap=look.SMALL)
        whole.setStretch(0, 1)
        whole.setContentsMargins(look.MARGIN, 10, look.GAP, 10)
        self.setLayout(whole)

    @guarded
    def _say_title(self, _where: object = None) -> None:
        """Show and shot where the site tells them; else the script by its name."""
        where = self._session.where or {}
        script = scripts.path(self._session.host)
        named = str(where.get("title") or "")
        if not named:
            named = scripts.name(script) if script else "Unsaved script"
        self.title.say(named)
        self.title.setToolTip(script or "Save the script: takes go beside it.")

    @guarded
    def _say_connection(self, _changed: object = None) -> None:
        session = self._session
        said = connection.line(session.engine, session.server, session.jobs)
        self.icon.draw(said.icon, said.tone or "text")
        self.state.say(said.said, said.tone if said.tone in ("warn", "fail") else "text")
        self.state.weigh("strong" if said.tone in ("warn", "fail") else "body")
        self.aside.say(said.aside)
        self.dot.setVisible(bool(said.aside))
        self.setAccessibleName(said.spoken)
        server = session.server or {}
        self.state.setToolTip(str(server.get("problem") or server.get("address") or ""))

    @property
    def settings(self) -> Any:
        """Made once somebody opens them."""
        if self._settings is None:
            from answerprint_panel.settings import Settings  # noqa: PLC0415 - seldom opened

            self._settings = Settings(self._session, self)
        return self._settings

    @guarded
    def _open_settings(self) -> None:
        self.settings.open_below(self.settings_button)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QtGui.QPainter(self)
        line = QtCore.QRect(0, self.height() - 1, self.width(), 1)
        painter.fillRect(line, look.of(self).line)
        painter.end()
