"""Parameters: one control of a task, as its contract describes it, and what it takes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

from pydantic import model_validator

from answerprint.documents import MOST_INT, OpenDocument
from answerprint.errors import JobError

__all__ = ["MOST_INT", "Parameter", "Value"]

Value = bool | int | float | str


class Parameter(OpenDocument):
    """One control.

    warn    a choice, and what an artist should know before taking it
    unless  of one that is on or off: another parameter, and its choices that rule this one out
    """

    name: str
    type: Literal["bool", "int", "float", "choice", "text"]
    default: Value
    choices: tuple[str, ...] = ()
    min: float | None = None
    max: float | None = None
    step: float | None = None
    unit: str = ""
    help: str = ""
    group: str = ""
    animatable: bool = False
    warn: dict[str, str] = {}
    unless: dict[str, tuple[str, ...]] = {}

    @model_validator(mode="after")
    def _fits_itself(self) -> Parameter:
        if self.type == "choice" and not self.choices:
            raise ValueError("it names no choices")
        strange = self.warn.keys() - set(self.choices)
        if strange:
            raise ValueError(f"it warns of '{min(strange)}', no choice")
        try:
            self.checked(self.default)
        except JobError as error:
            said = error.problem.removesuffix(".")
            raise ValueError(f"its own default is refused: {said}") from error
        return self

    def checked(self, value: Any) -> Value:
        """The value in the parameter's own type; text from a command line is read.

        Raises:
            JobError: the value has another type, is no choice, or lies out of range.
        """
        try:
            return self._in_range(_READ[self.type](value))
        except (ValueError, TypeError, OverflowError) as error:
            raise JobError(
                f"Parameter {self.name} is {value!r}, which is not {self.said()}.",
                remedy=f"Give {self.said()}; the default is {_word(self.default)}.",
            ) from error

    def said(self) -> str:
        """What the parameter takes, in words: 'a whole number from 0 to 8 MB'."""
        if self.type == "choice":
            return "one of " + ", ".join(self.choices)
        words = {"bool": "on or off", "int": "a whole number", "float": "a number", "text": "text"}
        low, high = _plain(self.min), _plain(self.max)
        bounds = f" from {low} to {high}" if low and high else ""
        bounds = bounds or (f" of at least {low}" if low else f" of at most {high}" if high else "")
        return words[self.type] + bounds + (f" {self.unit}" if self.unit else "")

    def _in_range(self, value: Value) -> Value:
        if self.type == "choice" and value not in self.choices:
            raise ValueError(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            low = -math.inf if self.min is None else self.min
            high = math.inf if self.max is None else self.max
            if not low <= value <= high:
                raise ValueError(value)
        return value


def _plain(number: float | None) -> str:
    """8 for 8.0, 0.05 for 0.05, nothing for None."""
    if number is None:
        return ""
    return str(int(number)) if number == int(number) else repr(number)


def _word(value: Value) -> str:
    return ("off", "on")[value] if isinstance(value, bool) else str(value)


def _bool(value: Any) -> bool:
    words = {"true": True, "on": True, "yes": True, "1": True}
    words |= {"false": False, "off": False, "no": False, "0": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise ValueError(value)


def _int(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(value)
    if abs(int(value)) > MOST_INT:
        raise ValueError(value)
    return int(value)


def _float(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool) or not math.isfinite(number):
        raise ValueError(value)
    return number


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


_READ: dict[str, Callable[[Any], Value]] = {
    "bool": _bool,
    "int": _int,
    "float": _float,
    "choice": _text,
    "text": _text,
}
