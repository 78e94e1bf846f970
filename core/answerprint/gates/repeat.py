"""Repeat: a frame that is the one before once more, while the plate moves on."""

from __future__ import annotations

import numpy as np

from answerprint.gate import Gate, Measure
from answerprint.sight import Sketch

MOVED = 1e-3  # a box of the plate that changed by so much, as a share of its own or of 1


def measure(before: Sketch, after: Sketch) -> Measure | None:
    """1 where nothing changed and the plate did, else 0.

    One value everywhere is no repeat: a matte may be empty for long, and other gates look at it.
    None where the plate is missing or of another size in one of them.
    """
    if before.plate is None or after.plate is None or before.plate.shape != after.plate.shape:
        return None
    return Measure(float(_same(before, after) and _moved(before, after)), frame=after.number)


def _same(before: Sketch, after: Sketch) -> bool:
    if not np.array_equal(before.made, after.made):
        return False
    return bool(after.made.size and after.made.min() != after.made.max())


def _moved(before: Sketch, after: Sketch) -> bool:
    if before.plate_pixels and before.plate_pixels == after.plate_pixels:
        return False
    if before.plate is None or after.plate is None:
        return False
    least = MOVED * np.maximum(np.abs(before.plate), 1)
    return bool((np.abs(after.plate - before.plate) > least).any())


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
