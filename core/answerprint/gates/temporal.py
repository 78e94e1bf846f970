"""Temporal: a take that moves more, or less, than its plate does."""

from __future__ import annotations

import numpy as np

from answerprint import lens
from answerprint.gate import Gate, Measure
from answerprint.lens import Floats
from answerprint.sight import Sketch

SMOOTH = 5  # boxes of a sketch: so much grain moves in a plate that stands still
STILL = 0.05  # stops; added to both, so that where nothing moves nothing is compared


def measure(before: Sketch, after: Sketch) -> Measure | None:
    """How much greater the change from frame to frame is than the plate's, or the other way round.

    0.25 is 1.25 times as much, or 1 / 1.25. Change is the mean difference of luminance in stops.
    """
    plates = before.plate, after.plate
    if plates[0] is None or plates[1] is None or not (before.colour and after.colour):
        return None
    if not before.made.shape == after.made.shape == plates[0].shape == plates[1].shape:
        return None
    ratio = _change(before.made, after.made) / _change(plates[0], plates[1])
    times = f"{ratio:.2f} times the plate's" if ratio != 1 else ""
    return Measure(max(ratio, 1 / ratio) - 1, frame=after.number, note=times)


def _change(before: Floats, after: Floats) -> float:
    moved = np.abs(_smooth(after) - _smooth(before))
    return float(moved.mean(dtype=np.float64)) + STILL


def _smooth(light: Floats) -> Floats:
    return lens.stops(lens.mean(light, SMOOTH))


GATE = Gate(
    name="temporal",
    title="change from frame to frame",
    unit="",
    kind="image",
    scope="pair",
    level="warn",
    says="changes from the frame before by another measure than the plate ({number:.2f})",
    measure=measure,
)
