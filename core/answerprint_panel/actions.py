"""A row of actions: in one line where there is room for their words, else in two."""

from __future__ import annotations

from typing import Optional, Sequence

from answerprint_panel import look
from answerprint_panel.buttons import Button
from answerprint_panel.qt import QtCore, QtGui, QtWidgets
from answerprint_panel.rows import across

LEAST = 200  # their words are cut before the panel grows
_WAYS = QtWidgets.QBoxLayout.Direction
_POLICY = QtWidgets.QSizePolicy.Policy


class Actions(QtWidgets.QWidget):
    """Buttons as wide as each other's room allows, in the order in which they are given.

    first, second   what stands in each line where there are two
    """

    def __init__(
        self,
        first: Sequence[QtWidgets.QAbstractButton],
        second: Sequence[QtWidgets.QAbstractButton],
        parent: Optional[QtWidgets.QWidget] = None,
    ) -> None:
        super().__init__(parent)
        self._buttons = [*first, *second]
        self._lines = across(gap=look.SMALL)
        for part in (first, second):
            self._lines.addLayout(across(*part, gap=look.SMALL))
        for place, part in enumerate((first, second)):
            self._lines.setStretch(place, len(part))
        for button in self._buttons:
            if isinstance(button, Button):
                button.setSizePolicy(_POLICY.Expanding, _POLICY.Fixed)
        self.setMinimumWidth(LEAST)
        self.setLayout(self._lines)

    def _arrange(self) -> None:
        shown = [button for button in self._buttons if not button.isHidden()]
        wide = sum(button.minimumSizeHint().width() for button in shown)
        wide += look.SMALL * max(0, len(shown) - 1)
        way = _WAYS.TopToBottom if wide > self.width() else _WAYS.LeftToRight
        if way != self._lines.direction():
            self._lines.setDirection(way)
            self.updateGeometry()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._arrange()

    def event(self, event: QtCore.QEvent) -> bool:
        """Another font, or a button that comes or goes."""
        done = bool(super().event(event))
        kinds = (QtCore.QEvent.Type.FontChange, QtCore.QEvent.Type.LayoutRequest)
        if event.type() in kinds:
            self._arrange()
        return done
