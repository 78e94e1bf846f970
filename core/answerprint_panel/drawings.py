"""What the icons look like: lines in a box of 16 by 16, by name."""

from __future__ import annotations

import math
from typing import Callable, Dict, List, Sequence, Tuple

from answerprint_panel.qt import Qt, QtCore, QtGui

LINE = 1.35
BOX = 16.0

Point = Tuple[float, float]
_Rect = QtCore.QRectF


def pen(painter: QtGui.QPainter, colour: QtGui.QColor, width: float = LINE) -> None:
    drawn = QtGui.QPen(colour, width)
    drawn.setCapStyle(Qt.PenCapStyle.RoundCap)
    drawn.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(drawn)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _line(painter: QtGui.QPainter, *points: Point) -> None:
    painter.drawPolyline(QtGui.QPolygonF([QtCore.QPointF(x, y) for x, y in points]))


def _shape(painter: QtGui.QPainter, points: Sequence[Point]) -> None:
    painter.drawPolygon(QtGui.QPolygonF([QtCore.QPointF(x, y) for x, y in points]))


def _dot(painter: QtGui.QPainter, x: float, y: float, radius: float = 0.9) -> None:
    painter.save()
    painter.setBrush(painter.pen().color())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawEllipse(QtCore.QPointF(x, y), radius, radius)
    painter.restore()


def _circle(painter: QtGui.QPainter, x: float, y: float, radius: float) -> None:
    painter.drawEllipse(QtCore.QPointF(x, y), radius, radius)


def _arc(painter: QtGui.QPainter, radius: float, start: float, span: float) -> None:
    edge = 2 * radius
    box = _Rect(8 - radius, 8 - radius, edge, edge)
    painter.drawArc(box, round(start * 16), round(span * 16))


def _round(count: int, radius: float, turn: float = 0.0) -> List[Point]:
    """Corners of a regular shape around the middle of the box."""
    angles = [math.radians(turn + 360 * number / count) for number in range(count)]
    return [(8 + radius * math.cos(angle), 8 + radius * math.sin(angle)) for angle in angles]


def _solid(painter: QtGui.QPainter, shape: Callable[[], None], inside: Callable[[], None]) -> None:
    """A filled shape with something cut out of it."""
    colour = painter.pen().color()
    painter.setBrush(colour)
    painter.setPen(QtGui.QPen(colour, 1.0, Qt.PenStyle.SolidLine))
    shape()
    dark = QtGui.QColor(20, 20, 20) if colour.lightness() > 120 else QtGui.QColor(255, 255, 255)
    pen(painter, dark, 1.5)
    inside()


def _pass(painter: QtGui.QPainter) -> None:
    _solid(
        painter,
        lambda: _circle(painter, 8, 8, 6),
        lambda: _line(painter, (5.4, 8.2), (7.3, 10.1), (10.7, 6.2)),
    )


def _warn(painter: QtGui.QPainter) -> None:
    def inside() -> None:
        _line(painter, (8, 6.4), (8, 9.4))
        _dot(painter, 8, 11.5, 0.85)

    _solid(painter, lambda: _shape(painter, [(8, 2.6), (14, 13.4), (2, 13.4)]), inside)


def _fail(painter: QtGui.QPainter) -> None:
    def inside() -> None:
        _line(painter, (6, 6), (10, 10))
        _line(painter, (10, 6), (6, 10))

    _solid(painter, lambda: _shape(painter, _round(8, 6.4, 22.5)), inside)


def _unknown(painter: QtGui.QPainter) -> None:
    dashed = QtGui.QPen(painter.pen())
    painter.save()
    dashed.setStyle(Qt.PenStyle.CustomDashLine)
    dashed.setDashPattern([2.0, 2.2])
    painter.setPen(dashed)
    _circle(painter, 8, 8, 6.2)
    painter.restore()
    painter.drawArc(_Rect(6, 4.4, 4, 4), -60 * 16, 230 * 16)
    _line(painter, (8, 8.4), (8, 9.3))
    _dot(painter, 8, 11.4, 0.85)


def _plug(painter: QtGui.QPainter) -> None:
    painter.save()
    painter.translate(8, 8)
    painter.rotate(45)
    painter.setBrush(painter.pen().color())
    painter.drawRoundedRect(_Rect(-3.2, -5.2, 6.4, 4.4), 1.2, 1.2)
    painter.drawRoundedRect(_Rect(-3.2, 0.9, 6.4, 4.4), 1.2, 1.2)
    _line(painter, (-1.5, 0.9), (-1.5, -0.8))
    _line(painter, (1.5, 0.9), (1.5, -0.8))
    _line(painter, (0, -5.2), (0, -7.6))
    _line(painter, (0, 5.3), (0, 7.6))
    painter.restore()


def _unplugged(painter: QtGui.QPainter) -> None:
    painter.save()
    painter.translate(8, 8)
    painter.rotate(45)
    painter.drawRoundedRect(_Rect(-2.6, -6.4, 5.2, 3.8), 1.2, 1.2)
    painter.drawRoundedRect(_Rect(-2.6, 2.6, 5.2, 3.8), 1.2, 1.2)
    _line(painter, (-1.2, 2.6), (-1.2, 1.2))
    _line(painter, (1.2, 2.6), (1.2, 1.2))
    _line(painter, (0, -6.4), (0, -8))
    _line(painter, (0, 6.4), (0, 8))
    painter.restore()


def _settings(painter: QtGui.QPainter) -> None:
    for height, x in ((4.5, 10.5), (11.5, 5.5)):
        _line(painter, (1.8, height), (x - 2, height))
        _line(painter, (x + 2, height), (14.2, height))
        _circle(painter, x, height, 2)


def _help(painter: QtGui.QPainter) -> None:
    _circle(painter, 8, 8, 6.3)
    painter.drawArc(_Rect(6, 4.4, 4, 4), -60 * 16, 240 * 16)
    _line(painter, (8.6, 8.0), (8, 8.8), (8, 9.3))
    _dot(painter, 8, 11.4, 0.8)


def _task(painter: QtGui.QPainter) -> None:
    painter.drawRoundedRect(_Rect(2.2, 3.2, 11.6, 9.6), 1.5, 1.5)
    _line(painter, (2.2, 6.2), (13.8, 6.2))
    _line(painter, (6, 9.5), (10, 9.5))


def _denoise(painter: QtGui.QPainter) -> None:
    rows = (
        (3.6, (2.2, 5.0), (8.0, 10.6), (13.6,)),
        (8.0, (2.2,), (5.2, 13.6), ()),
        (12.4, (2.2, 5.0), (8.0, 10.6), (13.6,)),
    )
    for y, before, (start, end), after in rows:
        for x in (*before, *after):
            _dot(painter, x, y, 0.95)
        _line(painter, (start, y), (end, y))


def _upscale(painter: QtGui.QPainter) -> None:
    _line(painter, (6.5, 2.5), (2.5, 2.5), (2.5, 13.5), (13.5, 13.5), (13.5, 9.5))
    painter.drawRect(_Rect(4.8, 8, 3.2, 3.2))
    _line(painter, (9.5, 2.5), (13.5, 2.5), (13.5, 6.5))
    _line(painter, (9, 7), (13.2, 2.8))


def _retime(painter: QtGui.QPainter) -> None:
    for x in (2.6, 8, 13.4):
        _line(painter, (x, 3), (x, 13))
    for x in (5.3, 10.7):
        _line(painter, (x, 5.6), (x, 10.4))


def _matte(painter: QtGui.QPainter) -> None:
    painter.drawRoundedRect(_Rect(2.2, 2.2, 11.6, 11.6), 1.5, 1.5)
    painter.save()
    painter.setBrush(painter.pen().color())
    _circle(painter, 8, 6.4, 1.7)
    painter.drawChord(_Rect(4.4, 9.4, 7.2, 8), 0, 180 * 16)
    painter.restore()


def _embed(painter: QtGui.QPainter) -> None:
    for x, y in ((3.5, 11.5), (7, 5), (12.5, 8.5), (11, 3.2), (8.2, 12.6)):
        _circle(painter, x, y, 1.3)


def _node(painter: QtGui.QPainter) -> None:
    painter.drawRoundedRect(_Rect(2.2, 5, 11.6, 6), 1.4, 1.4)
    _line(painter, (8, 2.2), (8, 5))
    _line(painter, (8, 11), (8, 13.8))


def _down(painter: QtGui.QPainter) -> None:
    _line(painter, (4.4, 6.3), (8, 9.9), (11.6, 6.3))


def _right(painter: QtGui.QPainter) -> None:
    _line(painter, (6.3, 4.4), (9.9, 8), (6.3, 11.6))


def _up(painter: QtGui.QPainter) -> None:
    _line(painter, (4.4, 9.7), (8, 6.1), (11.6, 9.7))


def _to(painter: QtGui.QPainter) -> None:
    _line(painter, (1.8, 8), (14, 8))
    _line(painter, (10.2, 4.4), (14, 8), (10.2, 11.6))


def _bookmark(painter: QtGui.QPainter) -> None:
    _line(painter, (4, 2.6), (12, 2.6), (12, 13.4), (8, 10.4), (4, 13.4), (4, 2.6))


def _curve(painter: QtGui.QPainter) -> None:
    path = QtGui.QPainterPath(QtCore.QPointF(3, 12.6))
    path.cubicTo(9.5, 12.6, 6.5, 3.4, 13, 3.4)
    painter.drawPath(path)
    _dot(painter, 3, 12.6, 1.4)
    _dot(painter, 13, 3.4, 1.4)


def _clock(painter: QtGui.QPainter) -> None:
    _circle(painter, 8, 8, 6.2)
    _line(painter, (8, 4.4), (8, 8), (10.4, 9.6))


def _ring(painter: QtGui.QPainter) -> None:
    colour = painter.pen().color()
    faint = QtGui.QColor(colour)
    faint.setAlphaF(0.28)
    pen(painter, faint, 1.8)
    _arc(painter, 5.8, 0, 360)
    pen(painter, colour, 1.8)
    _arc(painter, 5.8, 90, -130)


def _stopped(painter: QtGui.QPainter) -> None:
    _circle(painter, 8, 8, 6.2)
    painter.setBrush(painter.pen().color())
    painter.drawRect(_Rect(6.2, 6.2, 3.6, 3.6))


def _play(painter: QtGui.QPainter) -> None:
    _shape(painter, [(4.6, 3), (12.8, 8), (4.6, 13)])


def _close(painter: QtGui.QPainter) -> None:
    _line(painter, (4, 4), (12, 12))
    _line(painter, (12, 4), (4, 12))


def _check(painter: QtGui.QPainter) -> None:
    _line(painter, (3.6, 8.4), (6.7, 11.4), (12.6, 4.8))


def _place(painter: QtGui.QPainter) -> None:
    _line(painter, (8, 2.2), (8, 9.6))
    _line(painter, (4.8, 6.6), (8, 9.8), (11.2, 6.6))
    _line(painter, (2.2, 9.6), (2.2, 13.2), (13.8, 13.2), (13.8, 9.6))


def _compare(painter: QtGui.QPainter) -> None:
    painter.save()
    half = QtGui.QColor(painter.pen().color())
    half.setAlphaF(0.4)
    painter.fillRect(_Rect(2.4, 3, 5.6, 10), half)
    painter.restore()
    painter.drawRoundedRect(_Rect(2.2, 2.8, 11.6, 10.4), 1.2, 1.2)
    _line(painter, (8, 1.4), (8, 14.6))


def _approve(painter: QtGui.QPainter) -> None:
    corners = []
    for number, (x, y) in enumerate(_round(24, 6.4)):
        reach = 1.0 if number % 2 else 0.84
        corners.append((8 + (x - 8) * reach, 8 + (y - 8) * reach))
    _shape(painter, corners)
    _line(painter, (5.6, 8.2), (7.3, 9.9), (10.5, 6.4))


def _retake(painter: QtGui.QPainter) -> None:
    _arc(painter, 5.6, 130, 290)
    _line(painter, (2.6, 2.4), (3.9, 4.7), (6.4, 3.4))


def _more(painter: QtGui.QPainter) -> None:
    for x in (3.4, 8, 12.6):
        _dot(painter, x, 8, 1.2)


def _folder(painter: QtGui.QPainter) -> None:
    _shape(painter, [(2, 3.4), (6.2, 3.4), (7.6, 5.2), (14, 5.2), (14, 12.8), (2, 12.8)])


def _file(painter: QtGui.QPainter) -> None:
    _shape(painter, [(3.6, 2), (9.2, 2), (12.4, 5.2), (12.4, 14), (3.6, 14)])
    _line(painter, (9.2, 2), (9.2, 5.2), (12.4, 5.2))


def _copy(painter: QtGui.QPainter) -> None:
    painter.drawRoundedRect(_Rect(5.4, 5.4, 8.2, 8.2), 1.2, 1.2)
    _line(painter, (10.6, 2.6), (2.6, 2.6), (2.6, 10.6))


def _locked(painter: QtGui.QPainter) -> None:
    painter.drawRoundedRect(_Rect(3.4, 7.2, 9.2, 6.4), 1.2, 1.2)
    painter.drawArc(_Rect(5.2, 2.6, 5.6, 6), 0, 180 * 16)
    _line(painter, (5.2, 5.6), (5.2, 7.2))
    _line(painter, (10.8, 5.6), (10.8, 7.2))


def _unlocked(painter: QtGui.QPainter) -> None:
    painter.drawRoundedRect(_Rect(3.4, 7.2, 9.2, 6.4), 1.2, 1.2)
    painter.drawArc(_Rect(5.2, 2.2, 5.6, 6), 20 * 16, 160 * 16)
    _line(painter, (5.2, 5.2), (5.2, 7.2))


def _shield(painter: QtGui.QPainter) -> None:
    path = QtGui.QPainterPath(QtCore.QPointF(8, 2))
    path.lineTo(13.2, 3.9)
    path.cubicTo(13.2, 9.4, 11.4, 12.2, 8, 14)
    path.cubicTo(4.6, 12.2, 2.8, 9.4, 2.8, 3.9)
    path.closeSubpath()
    painter.drawPath(path)
    _line(painter, (5.6, 7.9), (7.4, 9.6), (10.6, 6.2))


def _info(painter: QtGui.QPainter) -> None:
    _circle(painter, 8, 8, 6.2)
    _line(painter, (8, 7.4), (8, 11))
    _dot(painter, 8, 4.9, 0.9)


def _none(painter: QtGui.QPainter) -> None:
    _circle(painter, 8, 8, 6.2)
    _line(painter, (5.2, 8), (10.8, 8))


def _empty(painter: QtGui.QPainter) -> None:
    _circle(painter, 8, 8, 6.2)


def _plus(painter: QtGui.QPainter) -> None:
    _line(painter, (8, 3.4), (8, 12.6))
    _line(painter, (3.4, 8), (12.6, 8))


TASKS = ("denoise", "upscale", "retime", "matte", "embed")
DRAWN: Dict[str, Callable[[QtGui.QPainter], None]] = {
    "approve": _approve,
    "bookmark": _bookmark,
    "check": _check,
    "clock": _clock,
    "close": _close,
    "compare": _compare,
    "copy": _copy,
    "curve": _curve,
    "denoise": _denoise,
    "down": _down,
    "embed": _embed,
    "empty": _empty,
    "fail": _fail,
    "file": _file,
    "folder": _folder,
    "help": _help,
    "info": _info,
    "locked": _locked,
    "matte": _matte,
    "more": _more,
    "node": _node,
    "none": _none,
    "pass": _pass,
    "place": _place,
    "play": _play,
    "plug": _plug,
    "plus": _plus,
    "retake": _retake,
    "retime": _retime,
    "right": _right,
    "ring": _ring,
    "settings": _settings,
    "shield": _shield,
    "stopped": _stopped,
    "task": _task,
    "to": _to,
    "unknown": _unknown,
    "unlocked": _unlocked,
    "unplugged": _unplugged,
    "up": _up,
    "upscale": _upscale,
    "warn": _warn,
}
