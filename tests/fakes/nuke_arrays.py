"""Knobs of the fake that hold numbers: one or several, each with a curve of its own if animated."""

# Nuke's own classes narrow their bases' methods, and so do these: Boolean_Knob.setValue(b)
# mypy: disable-error-code="override"

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import nuke_session as session
import nuke_table as table
from nuke_curves import AnimationCurve
from nuke_guard import misuse
from nuke_knobs import Knob
from nuke_tcl import words

Number = float | int


class Array_Knob(Knob):
    """Numbers, each with a curve of its own if animated."""

    _size = 1
    _whole = False

    def __init__(self, *args: Any) -> None:
        super().__init__(*args[:2])
        self._default: tuple[float, ...] = (0,) * self._size
        self._values: tuple[float, ...] = self._default
        self._curves: dict[int, AnimationCurve] = {}
        self._range: tuple[float, float] = (0, 1)
        if len(args) > 2:
            self._values = self._numbers(args[2])

    def _numbers(self, value: Any) -> tuple[float, ...]:
        given = (
            list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        )
        for one in given:
            if isinstance(one, str) or not hasattr(one, "__float__"):
                raise TypeError(f"{self._name}: a number is wanted, not {one!r}")
            if self._whole and int(one) != one:
                raise TypeError(f"{self._name}: a whole number is wanted, not {one!r}")
        numbers = [int(one) if self._whole else float(one) for one in given]
        if len(numbers) == 1:
            return tuple(numbers * self._size)
        if len(numbers) != self._size:
            raise ValueError(f"{self._name}: {self._size} numbers are wanted, not {len(numbers)}")
        return tuple(numbers)

    def _at(self, index: int, time: float | None) -> float:
        curve = self._curves.get(index)
        if curve is None:
            return self._values[index]
        found = curve.evaluate(session.state.frame if time is None else time)
        return int(found) if self._whole else found

    def value(self, index: int | None = None, view: Any = None, time: Number | None = None) -> Any:
        return self._value(index, view, time)

    def _value(self, index: int | None = None, view: Any = None, time: Number | None = None) -> Any:
        del view
        if index is not None and index >= 0:
            return self._at(index, time)
        found = [self._at(each, time) for each in range(self._size)]
        return found[0] if len(set(found)) == 1 and not self._curves else found

    def valueAt(self, time: Number, index: int | None = None, view: Any = None) -> Any:
        if self._size == 1:
            index = 0
        return self._value(index, view, time)

    def getValue(self, *args: Any) -> Any:
        return self._value(*args)

    def getValueAt(self, *args: Any) -> Any:
        return self.valueAt(*args)

    def setValue(
        self,
        value: Any,
        index: int | None = None,
        time: Number | None = None,
        view: Any = None,
    ) -> bool:
        del view
        if time is not None:
            return self.setValueAt(value, time, index)
        if index is not None and index >= 0:
            new = list(self._values)
            new[index] = self._numbers(value)[0]
            self._assign("_values", tuple(new))
        else:
            self._assign("_values", self._numbers(value))
        for curve in self._curves.values():
            if not curve._expression and (index is None or curve._index == index):
                curve.setKey(session.state.frame, self._values[curve._index])
        return True

    def setValueAt(
        self, value: Any, time: Number, index: int | None = None, view: Any = None
    ) -> bool:
        del view
        for each in self._channels(index):
            self._curve(each).setKey(time, self._numbers(value)[each if index is None else 0])
        return True

    def setKeyAt(self, time: Number, index: int | None = None, view: Any = None) -> None:
        del view
        for each in self._channels(index):
            self._curve(each).setKey(time, self._at(each, time))

    def _channels(self, index: int | None) -> range:
        return range(self._size) if index is None or index < 0 else range(index, index + 1)

    def _curve(self, index: int) -> AnimationCurve:
        if self._flags & int(table.API["constants"]["nuke.NO_ANIMATION"]):
            misuse(f"{self._path()} may not be animated")
        if index not in self._curves:
            self._assign("_curves", {**self._curves, index: AnimationCurve(self, index)})
        return self._curves[index]

    def setAnimated(self, index: int | None = None, view: Any = None) -> bool:
        del view
        for each in self._channels(index):
            if each not in self._curves:
                value = self._values[each]
                self._curve(each).setKey(session.state.frame, value)
        return True

    def isAnimated(self, index: int | None = None, view: Any = None) -> bool:
        del view
        return any(each in self._curves for each in self._channels(index))

    def clearAnimated(self, index: int | None = None, view: Any = None) -> bool:
        del view
        gone = self._channels(index)
        kept = {each: curve for each, curve in self._curves.items() if each not in gone}
        self._assign("_curves", kept)
        return True

    def hasExpression(self, index: int | None = None) -> bool:
        curves = (self._curves.get(each) for each in self._channels(index))
        return any(curve is not None and bool(curve._expression) for curve in curves)

    def setExpression(self, expression: str, channel: int = -1, view: Any = None) -> bool:
        del view
        for each in self._channels(channel):
            self._curve(each).setExpression(expression)
        return True

    def animations(self, view: Any = None) -> list[AnimationCurve]:
        del view
        return [self._curves[each] for each in sorted(self._curves)]

    def animation(self, chan: int, view: Any = None) -> AnimationCurve | None:
        del view
        return self._curves.get(chan)

    def arraySize(self) -> int:
        return self._size

    def setRange(self, f1: Number, f2: Number) -> None:
        self._range = (f1, f2)

    def min(self) -> Number:
        return self._range[0]

    def max(self) -> Number:
        return self._range[1]

    def defaultValue(self) -> Any:
        return self._default[0]

    def setDefaultValue(self, s: Iterable[Number]) -> None:
        self._default = self._numbers(list(s))

    def notDefault(self) -> bool:
        return not self._is_default()

    def fromScript(self, s: str) -> bool:
        self._from_script(s)
        return True

    def _is_default(self) -> bool:
        return self._values == self._default and not self._curves

    def _plain(self) -> str:
        if self._curves:
            return " ".join(self._channel_script(each) for each in range(self._size))
        if len(set(self._values)) == 1:
            return _number(self._values[0])
        return " ".join(_number(each) for each in self._values)

    def _channel_script(self, index: int) -> str:
        curve = self._curves.get(index)
        if curve is None:
            return _number(self._values[index])
        if curve._expression:
            return f"{{{curve._expression}}}"
        keys = " ".join(f"x{_number(x)} {_number(y)}" for x, y in curve._keys)
        return f"{{curve {keys}}}"

    def _script(self) -> str:
        return f"{{{self._plain()}}}" if self._curves or self._size > 1 else self._plain()

    def _from_script(self, text: str) -> None:
        parts = list(words(text))
        values = list(self._values)
        for number, part in enumerate(parts):
            value = _parsed(part)
            if value is None:
                self._animate(number, part)
            else:
                values[number] = value
        if len(parts) == 1:
            values = values[:1] * self._size
        self._assign("_values", self._numbers(values))

    def _animate(self, index: int, text: str) -> None:
        curve = self._curve(index)
        kind, *keys = text.split()
        if kind != "curve":
            curve.setExpression(text)
            return
        at = 0.0
        for key in keys:
            if key.startswith("x"):
                at = float(key[1:])
            else:
                curve.setKey(at, float(key))
                at += 1


def _parsed(text: str) -> float | None:
    """A number as scripts have it; None: an expression or a curve."""
    try:
        return int(text, 16) if text.startswith("0x") else float(text)
    except ValueError:
        return None


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else f"{value:.9g}"


class Double_Knob(Array_Knob):
    def _numbers(self, value: Any) -> tuple[float, ...]:
        return super()._numbers(value)


class Int_Knob(Array_Knob):
    _whole = True

    def value(self) -> int:
        return int(self._value(0))

    def setValue(self, val: int) -> bool:
        return super().setValue(val)


class Unsigned_Knob(Array_Knob):
    _whole = True

    def value(self) -> int:
        return int(self._value(0))

    def setValue(self, val: int) -> bool:
        if self._numbers(val)[0] < 0:
            raise OverflowError(f"{self._name}: {val} is below zero")
        return super().setValue(val)


class ColorChip_Knob(Unsigned_Knob):
    """A colour as 0xRRGGBBAA."""

    def _plain(self) -> str:
        return f"0x{int(self._values[0]):x}"


class Boolean_Knob(Array_Knob):
    def value(self) -> bool:
        return bool(self._value(0))

    def setValue(self, b: bool) -> bool:
        if isinstance(b, str):
            raise TypeError(f"{self._name}: a bool is wanted, not {b!r}")
        return super().setValue(bool(b))

    def _numbers(self, value: Any) -> tuple[float, ...]:
        if isinstance(value, str):
            raise TypeError(f"{self._name}: a bool is wanted, not {value!r}")
        return super()._numbers(value)

    def _plain(self) -> str:
        return "true" if self._values[0] else "false"

    def _from_script(self, text: str) -> None:
        if text in ("true", "false"):
            self._assign("_values", (float(text == "true"),))
        else:
            super()._from_script(text)


class Disable_Knob(Boolean_Knob):
    def value(self) -> bool:
        return super().value()

    def setValue(self, b: bool) -> bool:
        return super().setValue(b)


class XY_Knob(Array_Knob):
    _size = 2


class WH_Knob(Array_Knob):
    _size = 2


class XYZ_Knob(Array_Knob):
    _size = 3


class Color_Knob(Array_Knob):
    _size = 3


class AColor_Knob(Color_Knob):
    _size = 4


class BBox_Knob(Array_Knob):
    _size = 4
