"""Rows with a label, hints below them, and parts that fold."""

from __future__ import annotations

from typing import Optional, Union

from answerprint_panel import icons, look
from answerprint_panel.buttons import Pressed
from answerprint_panel.faults import guarded
from answerprint_panel.labels import ElidedLabel, Icon, Words
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal

_POLICY = QtWidgets.QSizePolicy.Policy
Part = Union[QtWidgets.QWidget, QtWidgets.QLayout]


def across(*parts: Part, gap: int = look.GAP) -> QtWidgets.QHBoxLayout:
    """A layout without margins, side by side."""
    made = QtWidgets.QHBoxLayout()
    made.setContentsMargins(0, 0, 0, 0)
    made.setSpacing(gap)
    _fill(made, parts)
    return made


def down(*parts: Part, gap: int = look.SMALL) -> QtWidgets.QVBoxLayout:
    """A layout without margins, one below the other."""
    made = QtWidgets.QVBoxLayout()
    made.setContentsMargins(0, 0, 0, 0)
    made.setSpacing(gap)
    _fill(made, parts)
    return made


def _fill(made: QtWidgets.QBoxLayout, parts: tuple[Part, ...]) -> None:
    for part in parts:
        if isinstance(part, QtWidgets.QLayout):
            made.addLayout(part)
        else:
            made.addWidget(part)


class Row(QtWidgets.QWidget):
    """A label and what belongs to it, beginning where all controls begin."""

    def __init__(
        self, label: str, *parts: Part, parent: Optional[QtWidgets.QWidget] = None
    ) -> None:
        super().__init__(parent)
        self.label = Words(label, role="secondary")
        self._fit()
        self.body = down(*parts)
        line = across(self.label, self.body, gap=look.SMALL)
        line.setStretch(1, 1)
        line.setAlignment(self.label, Qt.AlignmentFlag.AlignTop)
        self.setLayout(line)

    def _fit(self) -> None:
        """Large type has wider labels, but in a narrow dock controls need the room more."""
        beside = look.MARGIN + look.SMALL
        room = max(look.CONTROLS - beside, self.width() // 4)
        self.label.setFixedWidth(min(look.controls(self) - beside, room))
        self.label.setFixedHeight(look.control_height(self))

    def changeEvent(self, event: QtCore.QEvent) -> None:  # noqa: N802 - Qt's name
        super().changeEvent(event)
        if event.type() == QtCore.QEvent.Type.FontChange:
            self._fit()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._fit()

    def changed(self, changed: bool) -> None:
        """A label is bold where its value is not the default."""
        self.label.weigh("strong" if changed else "body")
        self.label.say(self.label.text(), "text" if changed else "secondary")


class Hint(QtWidgets.QWidget):
    """An icon and a sentence; hidden where there is nothing to say."""

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None, *, wrap: bool = True) -> None:
        super().__init__(parent)
        self.icon = Icon("info", role="secondary", size=14)
        self.words = Words(role="secondary", wrap=wrap) if wrap else ElidedLabel(role="secondary")
        line = across(self.icon, self.words, gap=6)
        line.setStretch(1, 1)
        top, middle = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignVCenter
        line.setAlignment(self.icon, top if wrap else middle)
        line.setContentsMargins(1, 0, 0, 0)
        self.setLayout(line)
        self.hide()

    def say(self, text: str, icon: str = "info", role: str = "secondary") -> None:
        self.icon.draw(icon, role)
        self.icon.setVisible(bool(icon))
        self.words.say(text, "secondary" if role in ("passed", "secondary") else "text")
        self.setVisible(bool(text))


class FoldHeading(Pressed):
    """What is pressed to fold a part: a chevron, a heading, and what is said beside it."""

    def __init__(self, title: str, *, large: bool) -> None:
        super().__init__()
        self.setAccessibleName(f"{title}, open")
        self.title, self.beside, self.open = title, "", True
        self._large = large
        self.setSizePolicy(_POLICY.Expanding, _POLICY.Fixed)

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        return QtCore.QSize(160, look.control_height(self, look.ROW if self._large else 26))

    def draw(self, painter: QtGui.QPainter, colours: look.Look) -> None:
        middle = self.height() / 2
        box = QtCore.QRectF(-look.CHEVRON, middle - 8, 16, 16)
        icons.paint(painter, "down" if self.open else "right", box, colours.text)
        font = look.heading(self.font()) if self._large else look.strong(self.font())
        painter.setFont(font)
        painter.setPen(colours.text)
        left = look.AFTER_ICON - look.MARGIN
        flags = int(Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(
            QtCore.QRect(left, 0, self.width() - left, self.height()), flags, self.title
        )
        left += QtGui.QFontMetrics(font).horizontalAdvance(self.title) + look.GAP
        left = max(left, 0 if self._large else look.controls(self) - look.MARGIN)
        font = look.body(self.font())
        painter.setFont(font)
        painter.setPen(colours.secondary)
        room = max(0, self.width() - left)
        text = QtGui.QFontMetrics(font).elidedText(self.beside, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QtCore.QRect(left, 0, room, self.height()), flags, text)


class Fold(QtWidgets.QWidget):
    """A part of the panel that can be folded away; its heading stays, with a few words beside it.

    corner   a widget at the right end of the heading
    large    a part of its own, like Takes; else a line among controls, like More
    """

    toggled = Signal(bool)

    def __init__(
        self,
        title: str,
        content: QtWidgets.QWidget,
        *,
        corner: Optional[QtWidgets.QWidget] = None,
        large: bool = True,
        open: bool = True,  # noqa: A002 - what a fold is
        parent: Optional[QtWidgets.QWidget] = None,
    ) -> None:
        super().__init__(parent)
        self.heading = FoldHeading(title, large=large)
        self.heading.clicked.connect(lambda: self.unfold(not self.is_open()))
        self.content = content
        self.head = across(self.heading)
        if corner is not None:
            self.head.addWidget(corner)
        self.setLayout(down(self.head, content))
        self._show(open)

    def is_open(self) -> bool:
        return self.heading.open

    @guarded
    def unfold(self, open: bool) -> None:  # noqa: A002 - what a fold is
        if open != self.is_open():
            self._show(open)
            self.toggled.emit(open)

    def say(self, beside: str) -> None:
        """The words beside the heading, like '3 from Read3'."""
        self.heading.beside = beside
        self._name()
        self.heading.update()

    def rename(self, title: str) -> None:
        self.heading.title = title
        self._name()
        self.heading.update()

    def _show(self, open: bool) -> None:  # noqa: A002 - what a fold is
        self.heading.open = open
        self.content.setVisible(open)
        self._name()
        self.heading.update()

    def _name(self) -> None:
        state = "open" if self.is_open() else "folded"
        said = [self.heading.title, self.heading.beside, state]
        self.heading.setAccessibleName(", ".join(part for part in said if part))
