"""A scroll bar that is no wider than it has to be; only where the panel is longer than its window."""

from __future__ import annotations

from answerprint_panel import look
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets

WIDTH = 9
LEAST = 28  # of the handle


class SlimBar(QtWidgets.QScrollBar):
    """Pressed beside its handle, it turns a page; else it is moved as every scroll bar is."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._held = -1.0  # where the handle is held, below its top
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        return QtCore.QSize(WIDTH, 60)

    def _handle(self) -> QtCore.QRectF:
        whole = self.maximum() - self.minimum() + self.pageStep()
        high = max(LEAST, self.height() * self.pageStep() / max(1, whole))
        span = max(1, self.maximum() - self.minimum())
        top = (self.height() - high) * (self.value() - self.minimum()) / span
        return QtCore.QRectF(1.5, top + 1, self.width() - 3, high - 2)

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: N802 - Qt's name
        at, handle = event.pos().y(), self._handle()
        if handle.top() <= at <= handle.bottom():
            self._held = at - handle.top()
        else:
            action = self.SliderAction
            self.triggerAction(
                action.SliderPageStepSub if at < handle.top() else action.SliderPageStepAdd
            )
        self.update()

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: N802 - Qt's name
        room = self.height() - self._handle().height() - 2
        if self._held >= 0 and room > 0:
            part = (event.pos().y() - self._held - 1) / room
            self.setValue(self.minimum() + round(part * (self.maximum() - self.minimum())))

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        self._held = -1.0
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        colours = look.of(self)
        painter.fillRect(self.rect(), colours.window)
        strong = self._held >= 0 or self.underMouse()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.over(colours.text, colours.window, 0.45 if strong else 0.25))
        handle = self._handle()
        painter.drawRoundedRect(handle, handle.width() / 2, handle.width() / 2)
        painter.end()
