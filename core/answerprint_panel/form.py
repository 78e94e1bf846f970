"""The form: a contract's parameters, each with its control, in the contract's groups."""

from __future__ import annotations

import functools
from typing import Any, Dict, List, Optional

from answerprint_panel import look
from answerprint_panel.draft import Draft
from answerprint_panel.faults import guarded
from answerprint_panel.host import Document, Host, HostError
from answerprint_panel.labels import Words
from answerprint_panel.parameter_row import ParameterRow
from answerprint_panel.qt import Qt, QtCore, QtWidgets, Signal
from answerprint_panel.rows import down

MOST_CURVES = 60  # in the menu


class Form(QtWidgets.QWidget):
    """Drawn anew for another task; changes go into the draft, and are told.

    redrawn  other controls than before
    failed   a curve could not be read from the host (an error document)
    """

    changed = Signal()
    redrawn = Signal()
    failed = Signal(dict)

    def __init__(self, host: Host, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self._host = host
        self._draft = Draft()
        self._drawn: Document = {}
        self.rows: Dict[str, ParameterRow] = {}
        self._lines = down(gap=look.GAP)
        self.setLayout(self._lines)

    def show_state(self, draft: Draft) -> None:
        self._draft = draft
        if draft.contract != self._drawn:
            self._draw(draft)
        for row in self.rows.values():
            row.show_state(draft)

    def _draw(self, draft: Draft) -> None:
        self._drawn = draft.contract
        while self._lines.count():
            item = self._lines.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.rows = {}
        groups = list(dict.fromkeys(str(one.get("group") or "") for one in draft.parameters))
        for group in groups:
            members = [one for one in draft.parameters if str(one.get("group") or "") == group]
            if group and len(groups) > 1 and group != groups[0]:
                self._lines.addWidget(Words(group, weight="strong"))
            for one in members:
                self._add(one)
        self.setVisible(bool(self.rows))
        self.redrawn.emit()

    def _add(self, parameter: Document) -> None:
        row = ParameterRow(parameter)
        row.changed.connect(lambda value: self._choose(parameter, value))
        row.animated.connect(lambda: self._animate(parameter))
        self.rows[parameter["name"]] = row
        self._lines.addWidget(row)

    @guarded
    def _choose(self, parameter: Document, value: Any) -> None:
        self._draft.choose(parameter, value)
        self.changed.emit()

    @guarded
    def _animate(self, parameter: Document) -> None:
        """A menu of the selected node's curves; where one drives it already, back to one value."""
        if isinstance(self._draft.value(parameter), dict):
            self._draft.choose(parameter, parameter.get("default"))
            self.changed.emit()
            return
        try:
            curves = self._host.curves()[:MOST_CURVES]
        except HostError as error:
            self.failed.emit(error.as_json())
            return
        self._menu(parameter, curves)

    def _menu(self, parameter: Document, curves: List[str]) -> None:
        button = self.rows[parameter["name"]].curve
        menu = QtWidgets.QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in curves:
            menu.addAction(name, functools.partial(self.drive, parameter, name))
        if not curves:
            none = menu.addAction("The selected node has no animated control")
            none.setEnabled(False)
        menu.popup(button.mapToGlobal(QtCore.QPoint(0, button.height() + 2)))

    def drive(self, parameter: Document, name: str) -> None:
        """Have a curve of the host's give the values: sampled when the job is made."""
        self._draft.choose(parameter, {"from": name})
        self.changed.emit()
