"""Gates: what an automatic check of a frame is: its name, its unit, how it measures and what it says.

Each gate measures one number, the larger the worse. A profile says from which number on it warns or
blocks; the gate itself knows no limit. Ours lie in `gates`, one a file; a studio adds its own as an
entry point of the group `answerprint.gates`, which names a Gate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from answerprint.picture import Window

# frame  one frame alone, against its plate: called with a Sight (a Shape, for geometry)
# pair   a frame and the one before it: called with their two Sketches
# take   what only shows when all frames are there: called with a Whole
Scope = Literal["frame", "pair", "take"]
Level = Literal["warn", "block"]
Kind = Literal["image", "geometry", "volume"]


@dataclass(frozen=True)
class Measure:
    """What a gate found in one frame.

    number   in the gate's unit; the larger the worse, 0 where there is nothing
    box      where: pixels of the frame as EXR counts them, corners included; None: all of it
    frame    which frame it is of, where a gate looks at several; None: the one it was called for
    note     more words, after those of the gate
    """

    number: float
    box: Window | None = None
    frame: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Gate:
    """One check.

    name      of a profile's line, lower case: highlights
    title     of a plot, in an artist's words: highlights lost
    unit      of its number: stops, samples, %, px, or ''
    level     what it means to be over its limit, where a profile does not say otherwise
    says      of a finding, with {number} and the unit: 'highlights lost {number:.2f} stops'
    measure   see `Scope`; None where there is nothing to hold the frame against. Must not change
              what it is given.
    """

    name: str
    title: str
    unit: str
    kind: Kind
    scope: Scope
    level: Level
    says: str
    measure: Callable[..., Measure | None]

    def words(self, number: float) -> str:
        return self.says.format(number=number)


Gates = dict[str, Gate]
