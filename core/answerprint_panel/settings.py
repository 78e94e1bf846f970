"""Settings: what the panel is connected to and runs on. Told, not typed: the site decides it."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from answerprint_panel import look, words
from answerprint_panel.faults import guarded
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets
from answerprint_panel.session import Session
from answerprint_panel.widgets import Button, ElidedLabel, LinkButton, Words, across, down

Document = Dict[str, Any]
WIDE = 360


class Settings(QtWidgets.QFrame):
    """A small window below its button; a click elsewhere or Esc closes it."""

    def __init__(self, session: Session, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._session = session
        self.setAttribute(Qt.WidgetAttribute.WA_WindowPropagation)  # the host's palette and font
        self.setAccessibleName("Settings")
        self.setFixedWidth(WIDE)
        self._values: Dict[str, ElidedLabel] = {}
        self._grid = QtWidgets.QGridLayout()
        self._grid.setHorizontalSpacing(look.WIDE)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        self.retry = Button("Try the engine again", "retake")
        self.copy = LinkButton("Copy diagnostics")
        self.retry.clicked.connect(session.retry_engine)
        self.copy.clicked.connect(self._copied)
        buttons = across(self.retry)
        buttons.addStretch(1)
        buttons.addWidget(self.copy)
        whole = down(Words("Settings", weight="heading"), gap=look.GAP)
        whole.addLayout(self._grid)
        whole.addLayout(buttons)
        whole.setContentsMargins(look.WIDE, look.WIDE, look.WIDE, look.WIDE)
        self.setLayout(whole)
        for changed in (session.engineChanged, session.serverChanged, session.whereChanged):
            changed.connect(self._say)
        self._say()

    def open_below(self, button: QtWidgets.QWidget) -> None:
        """Right edges together, within the screen."""
        self._say()
        self.copy.say("Copy diagnostics")
        self.adjustSize()
        corner = button.mapToGlobal(QtCore.QPoint(button.width() - self.width(), button.height()))
        self.move(max(0, corner.x()), corner.y() + look.SMALL)
        self.show()
        self.copy.setFocus()

    @guarded
    def _say(self, _changed: object = None) -> None:
        for place, (label, text) in enumerate(self._facts()):
            if label not in self._values:
                value = ElidedLabel(elide=Qt.TextElideMode.ElideMiddle)
                self._values[label] = value
                self._grid.addWidget(Words(label, role="secondary"), place, 0)
                self._grid.addWidget(value, place, 1)
            self._values[label].say(text)
            self._values[label].setToolTip(text)
        engine = self._session.engine or {}
        self.retry.setVisible(bool(engine.get("problem")))

    def _facts(self) -> List[Tuple[str, str]]:
        engine, server = self._session.engine or {}, self._session.server or {}
        where = self._session.where or {}
        pace = server.get("milliseconds")
        address = str(server.get("address") or "none")
        answer = f"answers in {pace:.1f} ms" if isinstance(pace, (int, float)) else ""
        version = f"version {engine['version']}" if engine.get("version") else ""
        said = str(server.get("source") or ("this machine's own" if server.get("embedded") else ""))
        return [
            ("Server", words.joined([str(server.get("name") or "none"), said])),
            ("Address", words.joined([address, answer])),
            ("Site", str(where.get("site") or "no site configuration")),
            ("Takes go to", str(where.get("root") or where.get("remedy") or "not known yet")),
            ("Engine", words.joined([version, str(engine.get("state") or "")])),
            ("Runs in", str(engine.get("python") or "not known yet")),
            ("Own folder", str(where.get("home") or "not known yet")),
        ]

    @guarded
    def _copied(self) -> None:
        QtWidgets.QApplication.clipboard().setText(self._session.diagnostics())
        self.copy.say("Copied")

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QtGui.QPainter(self)
        colours = look.of(self)
        painter.fillRect(self.rect(), colours.window)
        painter.setPen(colours.edge)
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
