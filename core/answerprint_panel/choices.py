"""One of several, and yes or no.

A wheel that scrolls the panel changes neither, unless they have the keyboard.
"""

from __future__ import annotations

from typing import Any, Optional

from answerprint_panel import icons, look
from answerprint_panel.faults import guarded
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal

_POLICY = QtWidgets.QSizePolicy.Policy


class Choice(QtWidgets.QComboBox):
    """One of several. `chosen` when a person chose; its data, not its place.

    remark   stands quietly behind what is chosen, like 'edited'
    shown    stands there instead of the chosen one's own words, where it is said better
    """

    chosen = Signal(object)

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.remark = ""
        self.shown = ""
        self.arrow = True
        self.setSizePolicy(_POLICY.Expanding, _POLICY.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizeAdjustPolicy(
            QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.activated.connect(self._activated)

    def offer(self, items: list[tuple[str, Any]], value: Any) -> None:
        """What can be chosen, as (words, data), and what is; rebuilt only where it differs."""
        held = [(self.itemText(at), self.itemData(at)) for at in range(self.count())]
        if held != items:
            self.clear()
            for words, datum in items:
                self.addItem(words, datum)
        places = [at for at, (_, datum) in enumerate(items) if datum == value]
        self.setCurrentIndex(places[0] if places else -1)
        self.update()

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        return QtCore.QSize(120, look.control_height(self))

    def minimumSizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        return QtCore.QSize(64, look.control_height(self))

    def showPopup(self) -> None:  # noqa: N802 - Qt's name
        """As wide as its longest words need, so that none is cut."""
        metrics = QtGui.QFontMetrics(self.view().font())
        texts = [self.itemText(at) for at in range(self.count())]
        wide = max([metrics.horizontalAdvance(text) for text in texts] or [0]) + 40
        self.view().setMinimumWidth(max(self.width(), min(wide, 600)))
        super().showPopup()

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:  # noqa: N802 - Qt's name
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QtGui.QPainter(self)
        colours = look.of(self)
        surface = colours.raised if self.isEnabled() and self.underMouse() else colours.control
        if not self.isEnabled():
            surface = look.over(colours.control, colours.window, 0.5)
        edge = colours.edge if colours.needs_edge(surface) else None
        look.paint_box(painter, self.rect(), surface, edge)
        self._words(painter, colours)
        if self.arrow:
            box = QtCore.QRectF(self.width() - 22, (self.height() - 16) / 2, 16, 16)
            icons.paint(painter, "down", box, painter.pen().color())
        if self.hasFocus():
            look.paint_focus(painter, self.rect(), colours)
        painter.end()

    def _words(self, painter: QtGui.QPainter, colours: look.Look) -> None:
        font = look.body(self.font())
        metrics = QtGui.QFontMetrics(font)
        painter.setFont(font)
        room = QtCore.QRect(8, 0, self.width() - 32, self.height())
        text = metrics.elidedText(
            self.shown or self.currentText(), Qt.TextElideMode.ElideMiddle, max(0, room.width())
        )
        written = colours.control_text if self.isEnabled() else colours.greyed
        if self.remark:
            quiet = room.adjusted(metrics.horizontalAdvance(text) + look.GAP, 0, 0, 0)
            painter.setPen(colours.secondary)
            painter.drawText(quiet, int(Qt.AlignmentFlag.AlignVCenter), self.remark)
        painter.setPen(written)
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), text)

    @guarded
    def _activated(self, place: int) -> None:
        self.chosen.emit(self.itemData(place))


class Check(QtWidgets.QCheckBox):
    """A box and its words; both can be pressed."""

    def __init__(self, text: str, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(text, parent)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(_POLICY.Expanding, _POLICY.Fixed)
        self.setAccessibleName(text)

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        metrics = QtGui.QFontMetrics(look.body(self.font()))
        return QtCore.QSize(metrics.horizontalAdvance(self.text()) + 28, look.control_height(self))

    def minimumSizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        return QtCore.QSize(60, look.control_height(self))

    def hitButton(self, pos: QtCore.QPoint) -> bool:  # noqa: N802 - Qt's name
        return bool(self.rect().contains(pos))

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QtGui.QPainter(self)
        colours = look.of(self)
        box = QtCore.QRect(0, (self.height() - 16) // 2, 16, 16)
        hovered = self.isEnabled() and self.underMouse()
        look.paint_box(painter, box, colours.field, colours.secondary if hovered else colours.edge)
        written = colours.text if self.isEnabled() else colours.greyed
        if self.isChecked():
            inner = QtCore.QRectF(box).adjusted(2, 2, -2, -2)
            mark = colours.field_text if self.isEnabled() else colours.greyed
            icons.paint(painter, "check", inner, mark)
        font = look.body(self.font())
        painter.setFont(font)
        painter.setPen(written)
        room = QtCore.QRect(24, 0, self.width() - 24, self.height())
        text = QtGui.QFontMetrics(font).elidedText(
            self.text(), Qt.TextElideMode.ElideRight, room.width()
        )
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), text)
        if self.hasFocus():
            look.paint_focus(painter, box.adjusted(-2, -2, 2, 2), colours)
        painter.end()
