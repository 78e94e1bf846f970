"""Icons: lines drawn with a painter in the text's colour, sharp at any scale.

Each is drawn in a box of 16 by 16 with a line of 1.35 and round ends. Verdicts are solid.
"""

from __future__ import annotations

import math
from typing import List

from answerprint_panel.drawings import BOX, DRAWN, TASKS, pen
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets, ratio

_Rect = QtCore.QRectF


def paint(
    painter: QtGui.QPainter, name: str, rect: QtCore.QRectF, colour: QtGui.QColor, turn: float = 0.0
) -> None:
    """Draw an icon into a rectangle; `turn` in degrees, for a ring that runs."""
    draw = DRAWN[name]
    painter.save()
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.translate(rect.topLeft())
    painter.scale(rect.width() / BOX, rect.height() / BOX)
    if turn:
        painter.translate(BOX / 2, BOX / 2)
        painter.rotate(turn)
        painter.translate(-BOX / 2, -BOX / 2)
    pen(painter, colour)
    draw(painter)
    painter.restore()


def pixmap(name: str, colour: QtGui.QColor, size: int, scale: float) -> QtGui.QPixmap:
    made = QtGui.QPixmap(math.ceil(size * scale), math.ceil(size * scale))
    made.setDevicePixelRatio(scale)
    made.fill(Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(made)
    paint(painter, name, _Rect(0, 0, size, size), colour)
    painter.end()
    return made


def icon(name: str, colour: QtGui.QColor, size: int = 16) -> QtGui.QIcon:
    """For menus and lists, which take nothing but pixmaps."""
    made = QtGui.QIcon()
    for scale in (1.0, 2.0, 3.0):
        made.addPixmap(pixmap(name, colour, size, scale))
    return made


def of(widget: QtWidgets.QWidget, name: str, colour: QtGui.QColor, size: int) -> QtGui.QPixmap:
    """A pixmap as sharp as a widget's screen."""
    return pixmap(name, colour, size, ratio(widget))


def names() -> List[str]:
    return sorted(DRAWN)


def task(name: str) -> str:
    """The icon of a task; one that nobody drew has the general one."""
    return name if name in TASKS else "task"
