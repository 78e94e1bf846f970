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
GRAIN = 4.0  # how much of the plate's own variance from pixel to pixel is added to both, squared


def measure(sight: Sight) -> Measure | None:
    """1 less the similarity of the worst square of 32 pixels, from 0 to 2.

    Structural similarity (Wang, Bovik, Sheikh and Simoncelli, 2004) of luminance in stops. There a
    level means nothing by itself, so the term of light takes the difference of levels in the place
    of their share. Where the plate is grainy, and only there, both terms leave room for what taking
    grain away changes: a frame rendered with few samples has hardly any structure of its own.
    """
    both, near = sight.far_stops, sight.near_stops
    if both is None or near is None:
        return None
    room = GRAIN * _grain(near.plate, sight.far_step // sight.near_step, both.plate.shape)
    apart = lens.mean(1 - _similar(both.made, both.plate, room), TILE)
    number = max(float(apart.max()), 0.0)
    return Measure(number, sight.around(apart, TILE, sight.far_step) if number else None)


def _similar(made: Floats, plate: Floats, room: Floats) -> Floats:
    mean_made, mean_plate = lens.mean(made, WINDOW), lens.mean(plate, WINDOW)
    made, plate = made - mean_made, plate - mean_plate
    both = lens.mean(made * plate, WINDOW)
    each = lens.mean(made * made + plate * plate, WINDOW)
    levels, spread = LIGHT**2 + room, CONTRAST**2 + room
    found: Floats = levels / ((mean_made - mean_plate) ** 2 + levels) * (2 * both + spread)
    found /= each + spread
    return found.astype(np.float32, copy=False)


def _grain(near: Floats, fold: int, shape: tuple[int, ...]) -> Floats:
    """The variance, in far boxes, of what neighbours do not explain."""
    rough = np.square(lens.curvature(near))
    folded = rough if fold == 1 else lens.smaller(rough[..., None], fold)[..., 0]
    return lens.mean(folded[: shape[0], : shape[1]], WINDOW)


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
