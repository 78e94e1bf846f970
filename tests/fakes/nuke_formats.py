"""Formats, boxes and ranges: the small values that Nuke hands out."""

# Nuke's own classes narrow their bases' methods, and so do these
# mypy: disable-error-code="override"

from __future__ import annotations

from typing import Any

from nuke_guard import Guarded
from nuke_knobs import Knob

from answerprint.picture import Window


class Format(Guarded):
    """Width, height, the box within them, and the pixels' aspect; origin bottom left."""

    def __init__(self, *args: Any) -> None:
        numbers = [*args[:7], *(0, 0, 0, 0, 0, 0, 1.0)[len(args) :]]
        self._width, self._height = int(numbers[0]), int(numbers[1])
        self._x, self._y, self._r, self._t = (int(one) for one in numbers[2:6])
        self._aspect = float(numbers[6])
        self._name = str(args[7]) if len(args) > 7 else ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Format) and self._text() == other._text()

    def __hash__(self) -> int:
        return hash(self._text())

    def _text(self) -> str:
        box = f"{self._x} {self._y} {self._r} {self._t}"
        return f"{self._width} {self._height} {box} {self._aspect:g} {self._name}".rstrip()

    def name(self) -> str:
        return self._name

    def width(self) -> int:
        return self._width

    def height(self) -> int:
        return self._height

    def x(self) -> int:
        return self._x

    def y(self) -> int:
        return self._y

    def r(self) -> int:
        return self._r

    def t(self) -> int:
        return self._t

    def pixelAspect(self) -> float:
        return self._aspect


def format_of(display: Window, aspect: float) -> Format:
    """The format that shows a display window; Nuke moves it to 0,0."""
    width, height = display.width, display.height
    return Format(width, height, 0, 0, width, height, aspect)


def parse(text: str) -> Format:
    """`2048 1556 0 0 2048 1556 1 name`, as scripts and nuke.addFormat have it; the box may lack."""
    parts = text.split()
    numbers: list[float] = []
    while parts and parts[0].replace(".", "", 1).lstrip("-").isdigit():
        numbers.append(float(parts.pop(0)))
    name = " ".join(parts)
    if len(numbers) in (2, 3):
        width, height, *aspect = numbers
        return Format(width, height, 0, 0, width, height, *(aspect or [1.0]), name)
    if len(numbers) != 7:
        raise RuntimeError(f"{text}: not a format")
    return Format(*numbers, name)


STOCK = parse("2048 1556 0 0 2048 1556 1 2K_Super_35(full-ap)")


class Format_Knob(Knob):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args[:2])
        self._format = self._default = STOCK

    def value(self) -> Format:
        return self._format

    def actualValue(self) -> Format:
        return self._format

    def setValue(self, format: Format | str) -> bool:
        self._assign("_format", parse(format) if isinstance(format, str) else format)
        return True

    def fromScript(self, s: str) -> bool:
        self._from_script(s)
        return True

    def _set_window(self, display: Window, aspect: float) -> None:
        self._assign("_format", format_of(display, aspect))

    def _plain(self) -> str:
        return self._format._text()

    def _from_script(self, text: str) -> None:
        self._assign("_format", parse(text))

    def _is_default(self) -> bool:
        return self._format == self._default


class Info(Guarded):
    """A bounding box as node.bbox() gives it; origin bottom left."""

    def __init__(self, *args: Any) -> None:
        self._box = tuple(float(one) for one in args)

    def x(self) -> float:
        return self._box[0]

    def y(self) -> float:
        return self._box[1]

    def w(self) -> float:
        return self._box[2]

    def h(self) -> float:
        return self._box[3]


class FrameRange(Guarded):
    """`1-10x2`, or first, last and increment."""

    def __init__(self, *args: Any) -> None:
        if len(args) == 1 and isinstance(args[0], str):
            span, _, step = args[0].partition("x")
            first, _, last = span.partition("-")
            args = (int(first), int(last or first), int(step or 1))
        self._first, self._last, self._step = [*(int(one) for one in args), 1][:3]

    def first(self) -> int:
        return self._first

    def last(self) -> int:
        return self._last

    def increment(self) -> int:
        return self._step

    def _all(self) -> range:
        return range(self._first, self._last + 1, self._step)

    def frames(self) -> int:
        return len(self._all())

    def getFrame(self, n: int) -> int:
        return self._all()[n]

    def isInRange(self, n: int) -> bool:
        return n in self._all()

    def minFrame(self) -> int:
        return self._all()[0]

    def maxFrame(self) -> int:
        return self._all()[-1]


class FrameRanges(Guarded):
    """`1-10 20x2`: several ranges."""

    def __init__(self, *args: Any) -> None:
        given = args[0] if args else ""
        each = given.split() if isinstance(given, str) else list(given)
        self._ranges = [
            one if isinstance(one, FrameRange) else FrameRange(str(one)) for one in each
        ]

    def size(self) -> int:
        return len(self._ranges)

    def add(self, r: FrameRange) -> None:
        self._ranges.append(r)

    def clear(self) -> None:
        self._ranges.clear()

    def minFrame(self) -> int:
        return min(each.minFrame() for each in self._ranges)

    def maxFrame(self) -> int:
        return max(each.maxFrame() for each in self._ranges)

    def toFrameList(self) -> list[int]:
        return sorted({frame for each in self._ranges for frame in each._all()})
