"""Words, icons and lines of the panel, painted in the roles that `look` knows."""

from __future__ import annotations

import re
from typing import Optional

from answerprint_panel import icons, look
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets

_LONG = re.compile(r"\S{25,}")
_JOINT = re.compile(r"[/\\_.#]")
_FONTS = {"body": look.body, "heading": look.heading, "strong": look.strong}


class Words(QtWidgets.QLabel):
    """A text in one line that is cut short where there is no room, or in as many as it needs.

    role     text, secondary, passed, warn or fail
    weight   body, heading or strong
    elide    where a line is cut: at its end, or in its middle, as file names are
    wrap     in several lines instead
    right    at the right end of its room
    """

    def __init__(
        self,
        text: str = "",
        *,
        role: str = "text",
        weight: str = "body",
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        wrap: bool = False,
        right: bool = False,
        parent: Optional[QtWidgets.QWidget] = None,
    ) -> None:
        super().__init__(text, parent)
        self._role, self._weight, self._elide = role, weight, elide
        self._right = right
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wrap)
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Preferred, policy.Minimum if wrap else policy.Fixed)
        self.say(text)

    def say(self, text: str, role: str = "") -> None:
        """Change the text, and its role where one is given; nothing happens where nothing changes."""
        self._role = role or self._role
        if text != self.text():
            self.setText(text)
            self.updateGeometry()
        self.setAccessibleName(text)
        self.update()

    def weigh(self, weight: str) -> None:
        if weight != self._weight:
            self._weight = weight
            self.updateGeometry()
            self.update()

    @property
    def role(self) -> str:
        return self._role

    def written_font(self) -> QtGui.QFont:
        return _FONTS[self._weight](self.font())

    def colour(self) -> QtGui.QColor:
        if not self.isEnabled():
            return look.of(self).greyed
        return QtGui.QColor(getattr(look.of(self), self._role))

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        metrics = QtGui.QFontMetrics(self.written_font())
        if self.wordWrap():
            return QtCore.QSize(200, self.heightForWidth(max(self.width(), 200)))
        return QtCore.QSize(metrics.horizontalAdvance(self.text()) + 2, metrics.height())

    def minimumSizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        metrics = QtGui.QFontMetrics(self.written_font())
        least = min(metrics.horizontalAdvance(self.text()) + 2, metrics.averageCharWidth() * 6)
        return QtCore.QSize(least, metrics.height())

    def hasHeightForWidth(self) -> bool:  # noqa: N802 - Qt's name
        return self.wordWrap()

    def heightForWidth(self, width: int) -> int:  # noqa: N802 - Qt's name
        metrics = QtGui.QFontMetrics(self.written_font())
        if not self.wordWrap():
            return metrics.height()
        room = QtCore.QRect(0, 0, width, 10_000)
        text = breakable(self.text())
        return metrics.boundingRect(room, int(Qt.TextFlag.TextWordWrap), text).height()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QtGui.QPainter(self)
        painter.setFont(self.written_font())
        painter.setPen(self.colour())
        align = int(Qt.AlignmentFlag.AlignRight if self._right else Qt.AlignmentFlag.AlignLeft)
        align |= int(Qt.AlignmentFlag.AlignVCenter)
        if self.wordWrap():
            flags = int(Qt.TextFlag.TextWordWrap) | int(Qt.AlignmentFlag.AlignTop)
            painter.drawText(self.rect(), flags, breakable(self.text()))
        else:
            metrics = QtGui.QFontMetrics(self.written_font())
            painter.drawText(
                self.rect(), align, metrics.elidedText(self.text(), self._elide, self.width())
            )
        painter.end()

    def event(self, event: QtCore.QEvent) -> bool:
        """A text that is cut short is a tooltip as a whole."""
        if event.type() == QtCore.QEvent.Type.ToolTip and not self.toolTip() and self.is_cut():
            QtWidgets.QToolTip.showText(QtGui.QCursor.pos(), self.text(), self)
            return True
        return super().event(event)

    def is_cut(self) -> bool:
        return not self.wordWrap() and self.sizeHint().width() - 2 > self.width()


def breakable(text: str) -> str:
    """A text whose paths and file names may be cut at their joints, where a line ends."""
    return _LONG.sub(lambda word: _JOINT.sub("\\g<0>\N{ZERO WIDTH SPACE}", word[0]), text)


class ElidedLabel(Words):
    """One line that gives way to what stands beside it."""

    def __init__(self, text: str = "", **kinds: object) -> None:
        super().__init__(text, **kinds)  # type: ignore[arg-type]  # the same keywords
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Ignored, policy.Fixed)
        self.setMinimumWidth(24)


class Icon(QtWidgets.QWidget):
    """An icon beside words; it says nothing by itself, so the words have to."""

    def __init__(
        self,
        name: str = "",
        *,
        role: str = "text",
        size: int = look.ICON,
        parent: Optional[QtWidgets.QWidget] = None,
    ) -> None:
        super().__init__(parent)
        self._name, self._role, self._turn = name, role, 0.0
        self.setFixedSize(size, size)

    @property
    def name(self) -> str:
        return self._name

    def draw(self, name: str, role: str = "") -> None:
        self._name, self._role = name, role or self._role
        self.update()

    def turn(self, degrees: float) -> None:
        """How far a running ring has come."""
        self._turn = degrees
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        if not self._name:
            return
        colours = look.of(self)
        colour = getattr(colours, self._role) if self.isEnabled() else colours.greyed
        painter = QtGui.QPainter(self)
        icons.paint(painter, self._name, QtCore.QRectF(self.rect()), colour, self._turn)
        painter.end()


class Line(QtWidgets.QWidget):
    """What divides two parts: one pixel."""

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(1)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QtGui.QPainter(self)
        painter.fillRect(self.rect(), look.of(self).line)
        painter.end()
