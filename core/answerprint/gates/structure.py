"""Structure: the place that looks least like the plate."""

from __future__ import annotations

import numpy as np

from answerprint import lens
from answerprint.gate import Gate, Measure
from answerprint.lens import Floats
from answerprint.sight import Sight

WINDOW = 7  # far boxes that are compared at a time
TILE = 8  # of which the mean is taken: 32 pixels
# Differences, in stops, that count for half: of light and of contrast
LIGHT, CONTRAST = 0.5, 0.25


def measure(sight: Sight) -> Measure | None:
    """1 less the similarity of the worst square of 32 pixels, from 0 to 2.

    Structural similarity (Wang, Bovik, Sheikh and Simoncelli, 2004) of luminance in stops. There a
    level means nothing by itself, so the term of light takes the difference of levels in the place
    of their share. Grain is small in far boxes, and the constants leave room for what is left.
    """
    both = sight.far_stops
    if both is None:
        return None
    apart = lens.mean(1 - _similar(both.made, both.plate), TILE)
    number = max(float(apart.max()), 0.0)
    return Measure(number, sight.around(apart, TILE, sight.far_step) if number else None)


def _similar(made: Floats, plate: Floats) -> Floats:
    mean_made, mean_plate = lens.mean(made, WINDOW), lens.mean(plate, WINDOW)
    made, plate = made - mean_made, plate - mean_plate
    both = lens.mean(made * plate, WINDOW)
    each = lens.mean(made * made + plate * plate, WINDOW)
    light = LIGHT**2 / ((mean_made - mean_plate) ** 2 + LIGHT**2)
    found: Floats = light * (2 * both + CONTRAST**2) / (each + CONTRAST**2)
    return found.astype(np.float32, copy=False)


GATE = Gate(
    name="structure",
    title="unlike the plate",
    unit="",
    kind="image",
    scope="frame",
    level="warn",
    says="unlike the plate by {number:.2f}",
    measure=measure,
)
