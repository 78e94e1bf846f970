"""Shift: a frame that lies beside its plate, by parts of a pixel too."""

from __future__ import annotations

import math

import numpy as np

from answerprint import lens
from answerprint.gate import Gate, Measure
from answerprint.lens import Floats
from answerprint.sight import Both, Sight

SURE = 3.0  # standard errors that are taken off: a frame without edges has no place to be off
FAR = 0.5  # boxes; beyond, slopes tell only that it is off, and phase correlation by how much
LEAST = 8  # boxes along an edge


def measure(sight: Sight) -> Measure | None:
    """By how many pixels, less what chance may do.

    Least squares of the difference against the slopes of both (Lucas and Kanade, 1981) in far
    boxes: grain in the plate has no part in it. Phase correlation sees grain as structure, and on
    noisy flat plates finds any shift; it measures those that slopes cannot.
    """
    both = sight.far_stops
    if both is None or min(both.plate.shape) < LEAST:
        return None
    right, down, chance = _by_slopes(both)
    off = math.hypot(right, down)
    if off - chance > FAR:
        found = lens.displacement(both.plate, both.made)
        if math.hypot(*found) > off:
            right, down, off = *found, math.hypot(*found)
    pixels = sight.far_step * sight.scale
    number = max(off - chance, 0.0) * pixels
    note = f"{right * pixels:+.2f} right, {down * pixels:+.2f} down"
    return Measure(number, note=note if number else "")


def _by_slopes(both: Both) -> tuple[float, float, float]:
    """Right, down, and how much of it chance may be, in boxes."""
    right, down = (
        _inner(one + other) / 2
        for one, other in zip(lens.slopes(both.made), lens.slopes(both.plate), strict=True)
    )
    apart = _inner(both.plate - both.made)
    apart = apart - apart.mean()
    square = np.array([[_dot(right, right), _dot(right, down)], [0, _dot(down, down)]])
    square[1, 0] = square[0, 1]
    if np.linalg.cond(square) > 1e6:  # nothing in it, or stripes: along them nothing can be told
        square += np.eye(2) * max(float(np.trace(square)), 1e-12) * 1e-3
    inverse = np.linalg.inv(square)
    found = inverse @ np.array([_dot(right, apart), _dot(down, apart)])
    rest = apart - found[0] * right - found[1] * down
    variance = _dot(rest, rest) / rest.size
    return float(found[0]), float(found[1]), SURE * math.sqrt(variance * float(np.trace(inverse)))


def _inner(image: Floats) -> Floats:
    """Without the border, where there are no slopes."""
    return image[1:-1, 1:-1]


def _dot(one: Floats, other: Floats) -> float:
    return float(np.einsum("ij,ij->", one, other, dtype=np.float64))


GATE = Gate(
    name="shift",
    title="shifted",
    unit="px",
    kind="image",
    scope="frame",
    level="warn",
    says="shifted by {number:.2f} px against the plate",
    measure=measure,
)
