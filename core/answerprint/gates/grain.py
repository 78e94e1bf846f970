"""Grain: more of it, or less, than the plate has."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint import halves, lens
from answerprint.gate import Gate, Measure
from answerprint.lens import Floats
from answerprint.sight import HUGE, Sight

PATCH = 48  # pixels of the plate along an edge
ACROSS, DOWN = 6, 4  # patches, spread evenly: grain is looked at pixel by pixel, and not in all
GREEN = 1
HALF = 2.0**-11  # a half float's last digit: what finer grain becomes is rounding
TO_SIGMA = 1.4826  # from the median absolute deviation of a bell to its standard deviation


def measure(sight: Sight) -> Measure | None:
    """How many times more grain there is, less 1; of less, how many times more the plate has.

    Grain is the deviation of what neighbours do not explain, patch by patch in green; the median of
    the patches' ratios. Of data None: it has no grain that it should keep.
    """
    if not sight.colour or sight.held is None or sight.near is None:
        return None
    made, plate = sight.held
    if min(plate.shape[:2]) < PATCH:
        return None
    corners = _corners(*plate.shape[:2])
    patches = _patches(plate, corners, 1), _patches(made, corners, sight.scale)
    level = np.abs(patches[0]).mean(axis=(1, 2), dtype=np.float64) * HALF + 1e-5
    ratio = (_sigma(patches[1]) + level) / (_sigma(patches[0]) + level)
    middle = float(np.median(ratio))
    number = max(middle, 1 / middle) - 1
    return Measure(number, note=f"{middle:.2f} times the plate's" if number else "")


def _patches(pixels: NDArray[Any], corners: list[tuple[int, int]], scale: int) -> Floats:
    """(patches, height, width), of the plate's size."""
    channel, edge = pixels[..., GREEN if pixels.shape[2] > GREEN else 0], PATCH * scale
    cut = [
        channel[row * scale : row * scale + edge, column * scale : column * scale + edge]
        for row, column in corners
    ]
    found = halves.widen(np.stack(cut))
    found = np.where(np.abs(found) < HUGE, found, np.float32(0))  # NaN is not less either
    if scale == 1:
        return found
    return np.stack([lens.smaller(one[..., None], scale)[..., 0] for one in found])


def _corners(height: int, width: int) -> list[tuple[int, int]]:
    """Row and column where patches begin."""
    return [(row, column) for row in _places(height, DOWN) for column in _places(width, ACROSS)]


def _places(length: int, most: int) -> list[int]:
    """Evenly spread over a direction, and as many as it holds."""
    count = min(most, length // PATCH)
    return [(length - PATCH) * (2 * index + 1) // (2 * count) for index in range(count)]


def _sigma(patches: Floats) -> NDArray[np.float64]:
    rough = np.stack([np.abs(lens.curvature(one)).ravel() for one in patches])
    return np.asarray(np.median(rough, axis=1), np.float64) * TO_SIGMA


GATE = Gate(
    name="grain",
    title="grain",
    unit="",
    kind="image",
    scope="frame",
    level="warn",
    says="grain is not the plate's ({number:.2f})",
    measure=measure,
)
