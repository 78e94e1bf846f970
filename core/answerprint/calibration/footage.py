"""Footage: a few frames of a plate with what was made of them, and how a gate sees them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint import against, exr
from answerprint.picture import Window
from answerprint.sight import Sight
from answerprint.sights import Facts

Pixels = NDArray[Any]
FIRST = 1001


@dataclass(frozen=True, eq=False)
class Shot:
    """One frame of what was made.

    window    where it lies; None: at 0, 0, and it is all that is shown
    display   what is shown, where a window is given
    """

    made: Pixels
    alpha: Pixels | None = None
    window: Window | None = None
    display: Window | None = None


@dataclass(frozen=True, eq=False)
class Footage:
    """A clip: its plate, and what was made, frame by frame.

    plate   (height, width, 3) halves
    shots   None where a frame is missing
    moves   whether the plate's frames differ by more than their grain
    tile    (edge, overlap) that it was made with; None: whole
    """

    plate: Sequence[Pixels]
    shots: Sequence[Shot | None]
    moves: bool = True
    scale: int = 1
    tile: tuple[int, int] | None = None

    def __len__(self) -> int:
        return len(self.shots)

    def but(self, index: int, shot: Shot | None) -> Footage:
        """The same with another frame there."""
        return self.all([shot if at == index else one for at, one in enumerate(self.shots)])

    def all(self, shots: Sequence[Shot | None]) -> Footage:
        return replace(self, shots=tuple(shots))

    def sight(self, index: int) -> Sight | None:
        """What a gate sees of a frame, as of two files; None where it is missing."""
        shot = self.shots[index]
        if shot is None:
            return None
        own = window_of(shot.made)
        made, plate = _frame(shot.made, shot.alpha), _frame(self.plate[index], None)
        if shot.window is not None:
            exr.set_window(made.parts[0], shot.window, shot.display or own)
        facts = Facts(pixels=digest(shot.made))
        seen = against.seen(FIRST + index, made, plate, facts, digest(self.plate[index]))[0]
        if not isinstance(seen, Sight):
            raise TypeError("a picture is no geometry")  # against.seen says the same of its own
        seen.tile = self.tile
        return seen


def _frame(pixels: Pixels, alpha: Pixels | None) -> exr.Frame:
    channels = {name: pixels[..., index] for index, name in enumerate("RGB")}
    return exr.new(channels if alpha is None else channels | {"A": alpha})


def window_of(pixels: Pixels) -> Window:
    return Window(0, 0, pixels.shape[1] - 1, pixels.shape[0] - 1)


def digest(pixels: Pixels) -> str:
    """SHA-256 over type, shape and samples, little-endian."""
    facts = f"{pixels.dtype.name}{pixels.shape}".encode()
    total = hashlib.sha256(facts)
    total.update(np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<")).data)
    return total.hexdigest()
