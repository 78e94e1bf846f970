"""Buttons: plain, the one that is filled, those with an icon alone, and links."""

from __future__ import annotations

from typing import Optional

from answerprint_panel import icons, look
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets

_INSIDE = 14  # beside a button's words


class Pressed(QtWidgets.QAbstractButton):
    """What is pressed: by mouse, by Space, and by Enter where it has the keyboard.

    Drawn by `draw`; the focus ring is the same everywhere.
    """

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def grey(self, why: str) -> None:
        """Cannot be pressed, and says why; an empty reason: it can be."""
        self.setEnabled(not why)
        self.setToolTip(why)
        self.setAccessibleDescription(why)

    def draw(self, painter: QtGui.QPainter, colours: look.Look) -> None:
        raise NotImplementedError

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not event.isAutoRepeat():  # a key that is held is one press
                self.click()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QtGui.QPainter(self)
        colours = look.of(self)
        self.draw(painter, colours)
        if self.hasFocus():
            look.paint_focus(painter, self.rect(), colours)
        painter.end()

    def is_hovered(self) -> bool:
        return self.isEnabled() and self.underMouse()

    def surface(self, colours: look.Look) -> look.Colour:
        """What it is painted on, as it is being held or pointed at."""
        if not self.isEnabled():
            return look.over(colours.control, colours.window, 0.5)
        if self.isDown():
            return colours.pressed
        return colours.raised if self.is_hovered() else colours.control


class Button(Pressed):
    """Words, with an icon before them where one is given.

    filled    in the accent: at most one in the panel is
    outline   no surface of its own, an edge instead, as on a selected row
    height    least height
    """

    def __init__(
        self,
        text: str,
        icon: str = "",
        *,
        filled: bool = False,
        outline: bool = False,
        strong: bool = False,
        height: int = look.CONTROL,
        parent: Optional[QtWidgets.QWidget] = None,
    ) -> None:
        super().__init__(parent)
        self._icon, self._filled, self._outline = icon, filled, outline
        self._strong, self._height = strong, height
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Minimum, policy.Fixed)
        self.say(text)

    @property
    def filled(self) -> bool:
        return self._filled

    def fill(self, filled: bool) -> None:
        if filled != self._filled:
            self._filled = filled
            self.update()

    def say(self, text: str) -> None:
        if text != self.text():
            self.setText(text)
            self.updateGeometry()
        self.setAccessibleName(text)

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        wide = QtGui.QFontMetrics(self._font()).horizontalAdvance(self.text()) + 2 * _INSIDE
        wide += look.ICON + look.GAP - 4 if self._icon else 0
        return QtCore.QSize(wide, look.control_height(self, self._height))

    def minimumSizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        return QtCore.QSize(self.sizeHint().width() - _INSIDE, self.sizeHint().height())

    def draw(self, painter: QtGui.QPainter, colours: look.Look) -> None:
        surface, written = self._colours(colours)
        edge = colours.edge if self._outline or colours.needs_edge(surface) else None
        if self._outline and not self.isDown() and not self.is_hovered():
            surface = look.Colour(0, 0, 0, 0)
        look.paint_box(painter, self.rect(), surface, edge)
        painter.setFont(self._font())
        painter.setPen(written)
        self._words(painter, written)

    def _colours(self, colours: look.Look) -> tuple[look.Colour, look.Colour]:
        if not self.isEnabled():
            return self.surface(colours), colours.greyed
        if self._filled:
            amount = 0.12 if self.isDown() else 0.06 if self.is_hovered() else 0.0
            return look.over(colours.on_accent, colours.accent, amount), colours.on_accent
        return self.surface(colours), colours.text if self._outline else colours.control_text

    def _words(self, painter: QtGui.QPainter, written: look.Colour) -> None:
        metrics = QtGui.QFontMetrics(self._font())
        icon = look.ICON + look.GAP - 2 if self._icon else 0
        room = self.width() - 12 - icon
        text = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
        left = (self.width() - metrics.horizontalAdvance(text) - icon) / 2
        if self._icon:
            top = (self.height() - look.ICON) / 2
            box = QtCore.QRectF(left, top, look.ICON, look.ICON)
            icons.paint(painter, self._icon, box, written)
        words = QtCore.QRectF(left + icon, 0, room, self.height())
        painter.setPen(written)
        painter.drawText(words, int(Qt.AlignmentFlag.AlignVCenter), text)

    def _font(self) -> QtGui.QFont:
        return (look.strong if self._strong else look.body)(self.font())


class IconButton(Pressed):
    """An icon alone, with its words as tooltip and accessible name.

    quiet   no surface until it is pointed at, as in the header
    """

    def __init__(
        self,
        icon: str,
        words: str,
        *,
        quiet: bool = False,
        size: int = look.CONTROL,
        parent: Optional[QtWidgets.QWidget] = None,
    ) -> None:
        super().__init__(parent)
        self._icon, self._quiet, self._role = icon, quiet, "control_text"
        self._size = size
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Fixed, policy.Fixed)
        self.say(icon, words)

    def say(self, icon: str, words: str, role: str = "control_text") -> None:
        self._icon, self._role = icon, role
        self.setToolTip(words)
        self.setAccessibleName(words)
        self.update()

    def grey(self, why: str) -> None:
        self.setEnabled(not why)
        self.setToolTip(why or self.accessibleName())
        self.setAccessibleDescription(why)

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        return QtCore.QSize(self._size, self._size)

    def draw(self, painter: QtGui.QPainter, colours: look.Look) -> None:
        if not self._quiet:
            surface = self.surface(colours)
            edge = colours.edge if colours.needs_edge(surface) else None
            look.paint_box(painter, self.rect(), surface, edge)
        elif self.is_hovered() or self.isDown() or self.isChecked():
            look.paint_box(painter, self.rect(), colours.selected)
        role = "secondary" if self._quiet and self._role == "control_text" else self._role
        colour = getattr(colours, role) if self.isEnabled() else colours.greyed
        box = QtCore.QRectF(0, 0, look.ICON, look.ICON)
        box.moveCenter(QtCore.QRectF(self.rect()).center())
        icons.paint(painter, self._icon, box, colour)


class LinkButton(Pressed):
    """Words with a line below them, for what is rarely wanted."""

    def __init__(self, text: str, *, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Fixed, policy.Fixed)
        self.say(text)

    def say(self, text: str) -> None:
        self.setText(text)
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        metrics = QtGui.QFontMetrics(look.body(self.font()))
        return QtCore.QSize(metrics.horizontalAdvance(self.text()) + 4, metrics.height() + 6)

    def draw(self, painter: QtGui.QPainter, colours: look.Look) -> None:
        painter.setFont(look.body(self.font()))
        painter.setPen(colours.text if self.isEnabled() else colours.greyed)
        painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), self.text())
        below = self.rect().bottom() - 2
        painter.setPen(colours.text if self.is_hovered() else colours.secondary)
        painter.drawLine(2, below, self.width() - 3, below)
