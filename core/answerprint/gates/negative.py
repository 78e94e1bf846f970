"""Negative: light below 0 that the plate does not have."""

from __future__ import annotations

import numpy as np

from answerprint import lens
from answerprint.gate import Gate, Measure
from answerprint.sight import Sight

EDGE = 16  # near boxes


def measure(sight: Sight) -> Measure | None:
    """By how many % of all samples more are below 0 than in the plate; the box is where most are."""
    if not sight.colour or sight.held is None or sight.near is None:
        return None
    made, plate = sight.held
    below = lens.below_zero(made)
    if not below:
        return Measure(0.0)
    number = 100 * (below / made.size - lens.below_zero(plate) / plate.size)
    if number <= 0:
        return Measure(0.0)
    new = ((sight.near.made < 0) & (sight.near.plate >= 0)).any(axis=2)
    box = None
    if new.any():
        box = sight.around(lens.mean(new.astype(np.float32), EDGE), EDGE, sight.near_step)
    return Measure(number, box)


GATE = Gate(
    name="negative",
    title="samples below 0",
    unit="%",
    kind="image",
    scope="frame",
    level="warn",
    says="{number:.2g} % more samples below 0 than in the plate",
    measure=measure,
)
