"""Curves: a parameter over time, as an animated knob has it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field

from answerprint.documents import Document
from answerprint.errors import JobError
from answerprint.frames import FrameRange
from answerprint.parameter import Parameter, Value

# as frame ranges spell a frame
_KEY = re.compile(r"(-?\d{1,9}):(.+)")


class Curve(Document):
    """Values by frame.

    interpolate   `exact`: each frame of the job has a value of its own, as a sampled knob has;
                  `linear`: straight lines between keys, the first and last held outside
    """

    curve: dict[int, Value] = Field(min_length=1)
    interpolate: Literal["exact", "linear"] = "exact"

    def at(self, frame: int) -> Value:
        """The value at a frame that `checked` has let pass; whole between whole numbers."""
        if frame in self.curve or self.interpolate == "exact":
            return self.curve[frame]
        value = between(self.curve, frame)
        whole = isinstance(next(iter(self.curve.values())), int)  # all are of one type
        return round(value) if whole else value

    def __str__(self) -> str:
        keys = sorted(self.curve)
        said = [f"{frame}:{_said(self.curve[frame])}" for frame in keys]
        short = said if len(said) <= 4 else [*said[:2], "...", said[-1]]
        return ", ".join(short)


def between(keys: Mapping[int, Value], frame: int) -> float:
    """The value on the straight line between the keys around a frame; held before and after.

    Never beyond the two keys, not even in the last digit: it would be refused there.
    """
    if frame in keys:
        return float(keys[frame])
    frames = sorted(keys)
    after = bisect_right(frames, frame)
    if after in (0, len(frames)):
        return float(keys[frames[0] if after == 0 else frames[-1]])
    left, right = frames[after - 1], frames[after]
    one, other = float(keys[left]), float(keys[right])
    weight = (frame - left) / (right - left)
    value = one * (1 - weight) + other * weight
    return min(max(value, min(one, other)), max(one, other))


def parse(text: str, what: str) -> Curve:
    """Read keys as a command line has them: `1001:0.2,1100:0.8`, straight lines between.

    Raises:
        JobError: a key is no FRAME:VALUE.
    """
    return Curve(curve=keys(text, what), interpolate="linear")


def keys(text: str, what: str) -> dict[int, str]:
    """Raises JobError: a key is no FRAME:VALUE, or a frame has two."""
    found: dict[int, str] = {}
    for term in text.split(","):
        key = _KEY.fullmatch(term.strip())
        if key is None or ":" in key[2] or int(key[1]) in found:
            raise JobError(
                f"'{term.strip()}' in the curve of {what} is not a new FRAME:VALUE.",
                remedy="Write keys like 1001:0.2,1100:0.8.",
            )
        found[int(key[1])] = key[2].strip()
    return found


def checked(parameter: Parameter, curve: Curve, frames: FrameRange) -> Curve:
    """The curve with its values in the parameter's own type.

    Raises:
        JobError: the parameter cannot be animated, a value is wrong, or a frame has none.
    """
    if not parameter.animatable:
        raise JobError(
            f"Parameter {parameter.name} cannot be animated.",
            remedy=f"Give it one value: {parameter.said()}.",
        )
    if curve.interpolate == "linear" and parameter.type not in ("int", "float"):
        raise JobError(
            f"Parameter {parameter.name} is {parameter.said()}: there is nothing between two keys.",
            remedy='Give each frame a value of its own ("interpolate": "exact").',
        )
    values = {frame: _checked(parameter, frame, value) for frame, value in curve.curve.items()}
    if curve.interpolate == "exact":
        _check_no_gap(parameter.name, values, frames)
    return Curve(curve=values, interpolate=curve.interpolate)


def _checked(parameter: Parameter, frame: int, value: Value) -> Value:
    try:
        return parameter.checked(value)
    except JobError as error:
        raise JobError(f"At frame {frame}: {error.problem}", remedy=error.remedy) from error


def _check_no_gap(name: str, held: Iterable[int], frames: FrameRange) -> None:
    missing = sorted(set(frames) - set(held))
    if missing:
        raise JobError(
            f"The curve of {name} has no value at {len(missing):,} of {len(frames):,} frames, "
            f"first {missing[0]}.",
            remedy='Sample it at every frame, or say "interpolate": "linear".',
        )


def _said(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
