"""Repeat: a frame that is the one before once more, while the plate moves on."""

from __future__ import annotations

import numpy as np

from answerprint.gate import Gate, Measure
from answerprint.sight import Pixels, Sketch

MOVED = 1e-3  # a box of the plate that changed by so much, as a share of its own or of 1
# What a matte was made of has to change by more: that it is the same again may be right
SURELY, DARK = 0.1, 0.05


def measure(before: Sketch, after: Sketch) -> Measure | None:
    """1 where nothing changed and the plate did, else 0.

    One value everywhere is no repeat: a matte may be empty for long, and other gates look at it.
    Numbers that are no picture, a matte or a depth, are held against the picture that they were made
    of. None where that, and the plate, is missing or of another size in one of them.
    """
    first, second = _plates(before, after)
    if first is None or second is None or first.shape != second.shape:
        return None
    return Measure(float(_same(before, after) and _moved(before, after)), frame=after.number)


def _same(before: Sketch, after: Sketch) -> bool:
    if not np.array_equal(before.made, after.made):
        return False
    return bool(after.made.size and after.made.min() != after.made.max())


def _moved(before: Sketch, after: Sketch) -> bool:
    if before.plate_pixels and before.plate_pixels == after.plate_pixels:
        return False
    first, second = _plates(before, after)
    if first is None or second is None:
        return False
    share, lowest = (SURELY, DARK) if before.plate is None else (MOVED, 1)
    return bool((np.abs(second - first) > share * np.maximum(np.abs(first), lowest)).any())


def _plates(before: Sketch, after: Sketch) -> tuple[Pixels | None, Pixels | None]:
    if before.plate is None and after.plate is None:
        return before.origin, after.origin
    return before.plate, after.plate


GATE = Gate(
    name="repeat",
    title="repeated frame",
    unit="",
    kind="image",
    scope="pair",
    level="block",
    says="the frame before once more, and the plate moves",
    measure=measure,
)
