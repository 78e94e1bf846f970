"""Progress: a thin bar, in the accent while it moves, with a mark for each frame that failed."""

from __future__ import annotations

from typing import Optional, Tuple

from answerprint_panel import look
from answerprint_panel.qt import QtCore, QtGui, QtWidgets

HEIGHT = 6
MOST_MARKS = 200  # more would be one red bar anyway


class Progress(QtWidgets.QWidget):
    """How far something is, from 0 to 1; painted again only when that has changed by a pixel."""

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self._part, self._moving = 0.0, False
        self._marks: Tuple[float, ...] = ()
        self.setFixedHeight(HEIGHT + 4)  # a mark stands out above and below
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)

    @property
    def part(self) -> float:
        return self._part

    def show_part(self, part: float, *, moving: bool, marks: Tuple[float, ...] = ()) -> None:
        part, marks = min(1.0, max(0.0, part)), marks[:MOST_MARKS]
        before = (self._filled(self._part), self._moving, self._marks)
        self._part, self._moving, self._marks = part, moving, marks
        if before != (self._filled(part), moving, marks):
            self.update()

    def _filled(self, part: float) -> int:
        return round(part * self.width())

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QtGui.QPainter(self)
        colours = look.of(self)
        groove = QtCore.QRect(0, (self.height() - HEIGHT) // 2, self.width(), HEIGHT)
        look.paint_box(painter, groove, colours.field, colours.edge)
        filled = QtCore.QRect(groove)
        filled.setWidth(self._filled(self._part))
        if filled.width() >= 2:
            look.paint_box(painter, filled, colours.accent if self._moving else colours.secondary)
        for mark in self._marks:
            self._mark(painter, colours, mark)
        painter.end()

    def _mark(self, painter: QtGui.QPainter, colours: look.Look, place: float) -> None:
        x = min(self.width() - 3.0, max(1.0, place * self.width() - 1))
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(colours.window)
        painter.drawRect(QtCore.QRectF(x - 1.5, 0, 5, self.height()))
        painter.setBrush(colours.fail)
        painter.drawRect(QtCore.QRectF(x, 0, 2, self.height()))
