"""A new take in one line, while jobs run: what it would be, and the Run button."""

from __future__ import annotations

from typing import Optional

from answerprint_panel import icons, look
from answerprint_panel.buttons import Button, Pressed
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal
from answerprint_panel.rows import across


class _Words(Pressed):
    """A chevron, the heading, and below it what would run."""

    def __init__(self) -> None:
        super().__init__()
        self._said = ""
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)

    def say(self, said: str) -> None:
        self._said = said
        self.setAccessibleName(f"New take, {said}, folded")
        self.update()

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        height = QtGui.QFontMetrics(look.heading(self.font())).height()
        return QtCore.QSize(160, 2 * height + 6)

    def draw(self, painter: QtGui.QPainter, colours: look.Look) -> None:
        left, half = look.AFTER_ICON - look.MARGIN, self.height() // 2
        box = QtCore.QRectF(-look.CHEVRON, self.height() / 2 - 8, 16, 16)
        icons.paint(painter, "right", box, colours.text)
        room = QtCore.QRect(left, 1, self.width() - left, half - 1)
        painter.setFont(look.heading(self.font()))
        painter.setPen(colours.text)
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), "New take")
        font = look.body(self.font())
        cut = QtGui.QFontMetrics(font).elidedText(
            self._said, Qt.TextElideMode.ElideRight, room.width()
        )
        painter.setFont(font)
        painter.setPen(colours.secondary)
        painter.drawText(room.translated(0, half - 1), int(Qt.AlignmentFlag.AlignVCenter), cut)


class FoldedTake(QtWidgets.QWidget):
    """`opened` when somebody wants to see all of it again."""

    opened = Signal()

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.words = _Words()
        self.run = Button("Run", filled=True, strong=True, height=30)
        self.words.clicked.connect(self.opened)
        line = across(self.words, self.run)
        line.setStretch(0, 1)
        line.setContentsMargins(look.MARGIN, look.GAP, look.MARGIN, look.GAP)
        self.setLayout(line)

    def say(self, said: str, run: str, why_not: str) -> None:
        self.words.say(said)
        self.run.say(run)
        self.run.grey(why_not)
