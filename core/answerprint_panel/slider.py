"""A value between two ends.

A wheel that scrolls the panel does not change it, unless it has the keyboard.
"""

from __future__ import annotations

from typing import Optional

from answerprint_panel import look
from answerprint_panel.faults import guarded
from answerprint_panel.grid import Grid
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal, has, position

_POLICY = QtWidgets.QSizePolicy.Policy


class Slider(QtWidgets.QSlider):
    """A value between two ends, with a tick at its default. `moved` by a person only."""

    moved = Signal(object)
    STEPS = 1000

    def __init__(
        self,
        grid: Grid,
        *,
        default: Optional[float] = None,
        parent: Optional[QtWidgets.QWidget] = None,
    ) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._grid, self._default = grid, default
        self.setRange(0, self.STEPS)
        self.setSingleStep(max(1, round(grid.part((grid.least or 0) + grid.stride) * self.STEPS)))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(_POLICY.Expanding, _POLICY.Fixed)
        self.actionTriggered.connect(lambda _: QtCore.QTimer.singleShot(0, self._tell))

    def show_value(self, value: float) -> None:
        """A value beyond the ends stands at the end; its number says what it is."""
        self.setValue(round(self._grid.part(value) * self.STEPS))
        self.update()

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        return QtCore.QSize(140, look.control_height(self))

    def minimumSizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        return QtCore.QSize(60, look.control_height(self))

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:  # noqa: N802 - Qt's name
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if event.button() == Qt.MouseButton.LeftButton:
            self._drag(event)

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if has(event.buttons(), Qt.MouseButton.LeftButton):
            self._drag(event)

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: N802 - Qt's name
        event.accept()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        colours = look.of(self)
        middle = self.height() / 2
        groove = QtCore.QRectF(0.5, middle - 2, self.width() - 1, 4)
        painter.setPen(QtGui.QPen(colours.edge, 1))
        painter.setBrush(colours.field)
        painter.drawRoundedRect(groove, 2, 2)
        at = 4 + (self.width() - 8) * self.value() / self.STEPS
        enabled = self.isEnabled()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.over(colours.text, colours.window, 0.55 if enabled else 0.25))
        painter.drawRoundedRect(QtCore.QRectF(0, middle - 2.5, at, 5), 2.5, 2.5)
        if self._default is not None:
            tick = 4 + (self.width() - 8) * self._grid.part(self._default)
            painter.fillRect(QtCore.QRectF(tick - 0.5, middle + 5, 1, 4), colours.secondary)
        painter.setBrush(look.over(colours.text, colours.window, 0.88 if enabled else 0.4))
        painter.drawRoundedRect(QtCore.QRectF(at - 4, middle - 8, 8, 16), 2, 2)
        if self.hasFocus():
            look.paint_focus(
                painter, QtCore.QRect(round(at) - 7, round(middle) - 11, 14, 22), colours
            )
        painter.end()

    def _drag(self, event: QtGui.QMouseEvent) -> None:
        room = max(1, self.width() - 8)
        part = min(1.0, max(0.0, (position(event).x() - 4) / room))
        self.setValue(round(part * self.STEPS))
        self._tell()

    @guarded
    def _tell(self) -> None:
        self.moved.emit(self._grid.at(self.value() / self.STEPS))
