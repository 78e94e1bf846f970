"""Timing: which moment of the plate each frame of a retimed result shows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from answerprint import curve
from answerprint.contract import Cut
from answerprint.documents import Document
from answerprint.errors import JobError
from answerprint.frames import MOST_FRAMES, FrameRange
from answerprint.plate import MOST_FRAME

SNAP = 1e-4  # of a frame: nearer to a frame of the plate than this, it is that frame

Number = Annotated[int, Field(ge=-MOST_FRAME, le=MOST_FRAME)]
Moment = Annotated[float, Field(allow_inf_nan=False)]


class Timing(Document):
    """Either a speed or a curve.

    speed   frames of the plate for each frame of the result: 0.5 is half speed
    curve   frame of the result -> moment of the plate; straight lines between keys
    cuts    first frames of new shots in the plate: nothing is made across them, the last frame
            before is held. `auto`: frames that have nothing in common are taken for a cut
    """

    speed: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)] | None = None
    curve: dict[Number, Moment] | None = Field(None, min_length=1)
    cuts: tuple[int, ...] | Literal["auto"] = "auto"

    @model_validator(mode="after")
    def _one_of_both(self) -> Timing:
        if (self.speed is None) == (self.curve is None):
            raise ValueError("give either a speed or a curve")
        return self

    def frames(self, plate: FrameRange) -> FrameRange:
        """The result's frames. With a speed they begin where the plate begins.

        Raises:
            JobError: there would be too many.
        """
        if self.curve is not None:
            first = min(self.curve)
            steps: float = max(self.curve) - first
        else:
            first = plate.first
            speed = self.speed or 1
            # a last moment that is beyond the plate by less than what snaps is its last frame
            steps = (plate.last - first + min(speed, 1) * SNAP / 2) / speed
        if steps >= MOST_FRAMES:
            raise JobError(
                f"The retimed result would have more than {MOST_FRAMES:,} frames.",
                remedy="Retime a shorter range, or raise the speed.",
            )
        return FrameRange.of(range(first, first + math.floor(steps) + 1))

    def moment(self, number: int, first: int) -> float:
        """The moment of the plate, in its frames, that frame `number` of the result shows.

        `first`: the plate's first frame, where a speed begins.
        """
        if self.curve is not None:
            moment = curve.between(self.curve, number)
        else:
            moment = first + (number - first) * (self.speed or 1)
        nearest = round(moment)
        return float(nearest) if abs(moment - nearest) < SNAP else round(moment, 6)

    def crosses_a_cut(self, before: int) -> bool:
        """Whether a cut that was named lies between a frame of the plate and the next."""
        return self.cuts != "auto" and before + 1 in self.cuts


def check_inside(timing: Timing, result: FrameRange, plate: FrameRange) -> FrameRange:
    """The plate's frames that the result needs.

    Raises:
        JobError: a moment lies outside the plate; names the frame and the moment.
    """
    needed: set[int] = set()
    for number in result:
        moment = timing.moment(number, plate.first)
        if not plate.first <= moment <= plate.last:
            raise JobError(
                f"Frame {number} of the result would show {moment:.15g}, outside "
                f"the plate's {plate}.",
                remedy=f"Keep the time curve between {plate.first} and {plate.last}.",
            )
        needed |= {math.floor(moment), math.ceil(moment)}
    return FrameRange.of(needed)


@dataclass(frozen=True)
class Sources:
    """The plate's frames that one frame of the result is made from.

    frames   in the order that the model sees them
    base     which of them the result takes its structure from
    moment   of the plate, in its frames
    """

    frames: tuple[int, ...]
    base: int
    moment: float

    @property
    def time(self) -> float:
        """Where between the two frames, 0 at the first, below 1."""
        return round(self.moment - self.frames[self.base], 6)


def sources(
    cut: Cut, number: int, *, first: int, last: int, timing: Timing | None = None
) -> Sources:
    """Which frames of a plate from `first` to `last` go into frame `number` of the result."""
    if cut.between and timing is not None:
        moment = timing.moment(number, first)
        before = math.floor(moment)
        return Sources((before, min(before + 1, last)), 0, moment)
    around = range(number - cut.before, number + cut.after + 1)
    frames = tuple(_at_the_ends(frame, first, last, cut.ends) for frame in around)
    return Sources(frames, cut.before, float(number))


def _at_the_ends(frame: int, first: int, last: int, ends: str) -> int:
    """What stands for a frame beyond the plate: the last one, or the one mirrored at it."""
    if ends == "mirror" and last > first:
        period = 2 * (last - first)
        away = (frame - first) % period
        return first + min(away, period - away)
    return min(max(frame, first), last)
