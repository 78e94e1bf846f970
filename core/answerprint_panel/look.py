"""How the panel looks: every colour comes from the host's palette, sizes and weights from here.

Nothing is styled by a sheet, so a host's own look stays as it is. Colours that carry words are
pushed lighter or darker until they can be read, on every ground that they are used on.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Iterable, Tuple

from answerprint_panel.qt import QtCore, QtGui, QtWidgets

MARGIN = 12
CONTROLS = 100  # where controls begin, in type whose lines are
LINE = 16  # high at most
AFTER_ICON = 32  # where text begins that has an icon before it
CHEVRON = 3  # empty in an icon's box beside a chevron: it stands on the margin itself
SMALL, GAP, WIDE = 4, 8, 12
CONTROL, LAYER, ROW, RUN = 24, 28, 32, 32
THUMBNAIL = (112, 63)
RADIUS = 3
ICON = 16
WIDTH = 420
LEAST_CONTRAST = 4.5
SEEN_CONTRAST = 1.3  # a control nearer to its ground than this gets an edge

_HUES = {"passed": 130, "warn": 47, "fail": 4}
_SATURATION = {"passed": 90, "warn": 150, "fail": 190}
_KEPT = 32  # palettes whose colours are kept; a host has one or two

Colour = QtGui.QColor
_Role = QtGui.QPalette.ColorRole


def luminance(colour: Colour) -> float:
    """Relative luminance, as WCAG has it."""

    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(part) for part in (colour.redF(), colour.greenF(), colour.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """1 for the same lightness, 21 for black and white."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def over(colour: Colour, ground: Colour, amount: float) -> Colour:
    """A colour laid over a ground: 0 is the ground, 1 the colour."""
    return Colour.fromRgbF(
        *(top * amount + below * (1 - amount) for top, below in zip(_parts(colour), _parts(ground)))
    )


def readable(colour: Colour, grounds: Iterable[Colour]) -> Colour:
    """The colour, pushed towards white or black until it can be read on all of the grounds.

    Where no lightness would do, the better of black and white.
    """
    on = list(grounds)
    for step in range(65):
        for end in (Colour(255, 255, 255), Colour(0, 0, 0)):
            tried = over(end, colour, step / 64)
            if _least(tried, on) >= LEAST_CONTRAST:
                return tried
    return max((Colour(255, 255, 255), Colour(0, 0, 0)), key=lambda end: _least(end, on))


def _parts(colour: Colour) -> Tuple[float, float, float]:
    return colour.redF(), colour.greenF(), colour.blueF()


def _least(colour: Colour, grounds: Iterable[Colour]) -> float:
    return min(contrast(colour, ground) for ground in grounds)


class Look:
    """The colours of one palette, by what they are for.

    window, field, control   surfaces: the panel, what is typed into, what is pressed
    text, secondary          words; words beside them that matter less
    line, edge               between parts; around a control that would not be seen
    hover, selected          grounds of rows
    accent, on_accent        the one filled button, progress, focus; words on it
    passed, warn, fail       verdicts; always with a word
    """

    def __init__(self, palette: QtGui.QPalette) -> None:
        self.window = _colour(palette, _Role.Window)
        self.field = _colour(palette, _Role.Base)
        self.control = _colour(palette, _Role.Button)
        written = _colour(palette, _Role.WindowText)
        self.line = over(written, self.window, 0.11)
        self.edge = over(written, self.window, 0.19)
        self.hover = over(written, self.window, 0.04)
        self.selected = over(written, self.window, 0.085)
        self.pressed = over(written, self.control, 0.12)
        self.raised = over(written, self.control, 0.06)
        self.accent = _colour(palette, _Role.Highlight)
        self.on_accent = readable(_colour(palette, _Role.HighlightedText), [self.accent])
        surfaces = [self.window, self.hover, self.selected]
        self.text = readable(written, surfaces)
        self.field_text = readable(_colour(palette, _Role.Text), [self.field])
        self.control_text = readable(_colour(palette, _Role.ButtonText), [self.control])
        grounds = [*surfaces, self.control, self.field]
        self.passed = self._status("passed", grounds)
        self.warn = self._status("warn", grounds)
        self.fail = self._status("fail", grounds)
        notes = [self.note(one) for one in (self.warn, self.fail, self.passed)]
        self.secondary = _quieter(self.text, self.window, [*grounds, *notes])
        self.focus = readable_edge(self.accent, self.window)
        self.greyed = over(written, self.window, 0.42)

    def note(self, status: Colour) -> Colour:
        """The ground of a note about something of that status."""
        return over(status, self.window, 0.1)

    def status(self, name: str) -> Colour:
        """passed, warn or fail; anything else is said in plain text."""
        found = {"passed": self.passed, "warn": self.warn, "fail": self.fail}.get(name)
        return found or self.text

    def needs_edge(self, surface: Colour) -> bool:
        """Whether a control of that colour would not be seen on the panel without an edge."""
        return contrast(surface, self.window) < SEEN_CONTRAST

    def _status(self, name: str, grounds: Iterable[Colour]) -> Colour:
        hue = Colour.fromHsl(_HUES[name], _SATURATION[name], 150)
        on = list(grounds)
        for _ in range(4):  # the note's own ground follows from the colour, so it is found in steps
            found = readable(hue, [*on, over(hue, self.window, 0.1)])
            if found == hue:
                break
            hue = found
        return hue


def readable_edge(colour: Colour, ground: Colour) -> Colour:
    """A focus ring's colour: the accent, unless it is too near to the ground to be seen (3:1)."""
    for step in range(65):
        for end in (Colour(255, 255, 255), Colour(0, 0, 0)):
            tried = over(end, colour, step / 64)
            if contrast(tried, ground) >= 3:
                return tried
    return colour


def _colour(palette: QtGui.QPalette, role: QtGui.QPalette.ColorRole) -> Colour:
    return palette.color(QtGui.QPalette.ColorGroup.Active, role)


def _quieter(text: Colour, window: Colour, grounds: Iterable[Colour]) -> Colour:
    """The text mixed towards its ground, as far as it can still be read on all of the grounds."""
    on = list(grounds)
    for percent in range(40, 0, -2):
        tried = over(window, text, percent / 100)
        if _least(tried, on) >= LEAST_CONTRAST:
            return tried
    return text


_looks: OrderedDict[int, Look] = OrderedDict()


def of(widget: QtWidgets.QWidget) -> Look:
    """The look of a widget's palette."""
    palette = widget.palette()
    key = int(palette.cacheKey())
    if key not in _looks:
        _looks[key] = Look(palette)
        if len(_looks) > _KEPT:
            _looks.popitem(last=False)
    return _looks[key]


def body(font: QtGui.QFont) -> QtGui.QFont:
    """The host's font with digits that are equally wide, where Qt can ask for them."""
    made = QtGui.QFont(font)
    tag = getattr(QtGui.QFont, "Tag", None)
    if tag is not None and hasattr(made, "setFeature"):
        made.setFeature(tag("tnum"), 1)
    return made


def heading(font: QtGui.QFont, larger: int = 1) -> QtGui.QFont:
    """The host's font, a pixel larger and semibold."""
    made = body(font)
    made.setPixelSize(QtGui.QFontInfo(font).pixelSize() + larger)
    made.setWeight(QtGui.QFont.Weight.DemiBold)
    return made


def strong(font: QtGui.QFont) -> QtGui.QFont:
    return heading(font, larger=0)


def controls(widget: QtWidgets.QWidget) -> int:
    """Where controls begin: further to the right for large type, whose labels are longer."""
    high = QtGui.QFontMetrics(body(widget.font())).height()
    return max(CONTROLS, round(CONTROLS * high / LINE))


def control_height(widget: QtWidgets.QWidget, least: int = CONTROL) -> int:
    """How high a control is: as the grid says, or as a large font needs."""
    return max(least, QtGui.QFontMetrics(widget.font()).height() + GAP)


def box(rect: QtCore.QRect) -> QtCore.QRectF:
    """A rectangle whose one pixel edge lies on whole pixels."""
    return QtCore.QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5)


def paint_box(
    painter: QtGui.QPainter,
    rect: QtCore.QRect,
    fill: Colour,
    edge: Colour | None = None,
    width: float = 1.0,
) -> None:
    """A rounded surface, with an edge where one is given."""
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setBrush(fill)
    if edge is None:
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.drawRoundedRect(QtCore.QRectF(rect), RADIUS, RADIUS)
        return
    painter.setPen(QtGui.QPen(edge, width))
    inset = width / 2
    inner = QtCore.QRectF(rect).adjusted(inset, inset, -inset, -inset)
    painter.drawRoundedRect(inner, RADIUS, RADIUS)


def paint_focus(painter: QtGui.QPainter, rect: QtCore.QRect, look: Look) -> None:
    """The ring around what has the keyboard."""
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
    painter.setPen(QtGui.QPen(look.focus, 2))
    painter.drawRoundedRect(QtCore.QRectF(rect).adjusted(1, 1, -1, -1), RADIUS, RADIUS)
