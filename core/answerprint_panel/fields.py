"""A line of text that takes a value, and one that takes a number.

A number is typed, or counted up and down in steps by the keys.
"""

from __future__ import annotations

from typing import Optional

from answerprint_panel import look
from answerprint_panel.faults import guarded
from answerprint_panel.grid import Grid
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal
from answerprint_panel.values import parsed, said

_POLICY = QtWidgets.QSizePolicy.Policy


class Field(QtWidgets.QWidget):
    """A line of text; `edited` when a person is done with it.

    unit    stands behind the text, quietly
    """

    edited = Signal(str)

    def __init__(
        self,
        text: str = "",
        *,
        unit: str = "",
        align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
        parent: Optional[QtWidgets.QWidget] = None,
    ) -> None:
        super().__init__(parent)
        self._unit, self._wrong = unit, False
        self.line = QtWidgets.QLineEdit(text, self)
        self.line.setFrame(False)
        self.line.setAlignment(align)
        self.line.setAttribute(Qt.WidgetAttribute.WA_MacShowFocusRect, False)
        self.line.installEventFilter(self)
        self.line.editingFinished.connect(self._finished)
        self._told = text
        self.setFocusProxy(self.line)
        self.setSizePolicy(_POLICY.Expanding, _POLICY.Fixed)
        self._recolour()

    def text(self) -> str:
        return self.line.text()

    def say(self, text: str) -> None:
        """Show a value that did not come from the keyboard; what is being typed stays."""
        self._told = text
        if not (self.line.hasFocus() and self.line.isModified()):
            self.line.setText(text)
            self.line.setCursorPosition(0)

    def name(self, words: str, description: str = "") -> None:
        self.line.setAccessibleName(words)
        self.line.setAccessibleDescription(description)
        self.setToolTip(description)

    def mark(self, wrong: bool) -> None:
        """Whether what it holds cannot be used; the words about it stand elsewhere."""
        self._wrong = wrong
        self.update()

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        return QtCore.QSize(72, look.control_height(self))

    def minimumSizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        return QtCore.QSize(44, look.control_height(self))

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        self.line.setGeometry(self.rect().adjusted(6, 2, -6 - self._unit_width(), -2))

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:  # noqa: N802
        if event.type() in (QtCore.QEvent.Type.FocusIn, QtCore.QEvent.Type.FocusOut):
            self.update()
        if _key(event) in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._entered()
            return True
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QtCore.QEvent) -> None:  # noqa: N802 - Qt's name
        kinds = (QtCore.QEvent.Type.PaletteChange, QtCore.QEvent.Type.EnabledChange)
        if event.type() in kinds:
            self._recolour()
        super().changeEvent(event)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QtGui.QPainter(self)
        colours = look.of(self)
        edge = colours.fail if self._wrong else colours.edge
        look.paint_box(painter, self.rect(), colours.field, edge)
        if self._unit:
            painter.setFont(look.body(self.font()))
            painter.setPen(colours.secondary if self.isEnabled() else colours.greyed)
            right = self.rect().adjusted(0, 0, -9, 0)
            flags = int(Qt.AlignmentFlag.AlignRight) | int(Qt.AlignmentFlag.AlignVCenter)
            painter.drawText(right, flags, self._unit)
        if self.line.hasFocus():
            look.paint_focus(painter, self.rect(), colours)
        painter.end()

    def _unit_width(self) -> int:
        metrics = QtGui.QFontMetrics(look.body(self.font()))
        return metrics.horizontalAdvance(self._unit) + 6 if self._unit else 0

    def _recolour(self) -> None:
        colours = look.of(self)
        palette = self.line.palette()
        role = QtGui.QPalette.ColorRole
        palette.setColor(role.Base, QtGui.QColor(0, 0, 0, 0))
        palette.setColor(role.PlaceholderText, colours.secondary)
        palette.setColor(role.Text, colours.field_text if self.isEnabled() else colours.greyed)
        self.line.setPalette(palette)

    def _entered(self) -> None:
        """Enter is the end of what was typed, and nothing else: it does not run a job."""
        self.line.returnPressed.emit()
        self._finished()

    @guarded
    def _finished(self) -> None:
        self.line.setModified(False)
        if self.line.text() != self._told:
            self._told = self.line.text()
            self.edited.emit(self._told)


class Number(Field):
    """A number; up and down count in steps. `changed` with what was typed where it is a number.

    refused   told what was typed that is none; the number from before stands again
    """

    changed = Signal(object)
    refused = Signal(str)

    def __init__(
        self,
        value: float,
        *,
        whole: bool = False,
        grid: Optional[Grid] = None,
        unit: str = "",
        align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignRight,
        parent: Optional[QtWidgets.QWidget] = None,
    ) -> None:
        super().__init__(said(value), unit=unit, align=align, parent=parent)
        self._value, self._whole = value, whole
        self._grid = grid or Grid(whole=whole, around=value)
        self.edited.connect(self._typed)

    @property
    def value(self) -> float:
        return self._value

    def show_value(self, value: float) -> None:
        self._value = value
        self.say(said(value))

    def show_text(self, text: str) -> None:
        """What is no number, as it is; the number from before is where counting goes on."""
        self.say(text)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:  # noqa: N802
        if _key(event) in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._count(1 if _key(event) == Qt.Key.Key_Up else -1)
            return True
        return super().eventFilter(watched, event)

    def _count(self, steps: int) -> None:
        value = parsed(self.line.text(), whole=self._whole)
        start = self._value if value is None else value
        self._take(self._grid.counted(start, steps))

    @guarded
    def _typed(self, text: str) -> None:
        value = parsed(text, whole=self._whole)
        if value is None:
            self.line.setText(said(self._value))
            self._told = said(self._value)
            self.refused.emit(text)
            return
        self._take(value)

    def _take(self, value: float) -> None:
        self._value = value
        self._told = said(value)
        self.line.setText(self._told)
        self.changed.emit(value)


def _key(event: QtCore.QEvent) -> int:
    """The key that is pressed; 0 for any other event."""
    if event.type() == QtCore.QEvent.Type.KeyPress and isinstance(event, QtGui.QKeyEvent):
        return int(event.key())
    return 0
