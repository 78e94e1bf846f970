"""Order: a frame that is made of its plate's neighbour."""

from __future__ import annotations

import numpy as np

from answerprint import lens
from answerprint.gate import Gate, Measure
from answerprint.lens import Floats
from answerprint.sight import Sketch

SMOOTH = 3  # boxes of a sketch
GREY = (
    0.18  # the level that frames are brought to, and the one below which they are left as they are
)
DARK = 0.001
ALIKE = 0.002  # stops; added to both distances, so that frames that are all alike stay so


def measure(before: Sketch, after: Sketch) -> Measure | None:
    """How many times better, less 1, one of the two matches the other's plate than its own.

    A distance is the mean difference of luminance in stops. Every frame is first brought to one
    level: that one is as bright as its neighbour is the affair of drift and flicker.
    """
    if before.plate is None or after.plate is None or not (before.colour and after.colour):
        return None
    if not before.made.shape == after.made.shape == before.plate.shape == after.plate.shape:
        return None
    made = _smooth(before.made), _smooth(after.made)
    plate = _smooth(before.plate), _smooth(after.plate)
    earlier = _distance(made[0], plate[0]) / _distance(made[0], plate[1]) - 1
    later = _distance(made[1], plate[1]) / _distance(made[1], plate[0]) - 1
    number = max(earlier, later, 0.0)
    what = f"{before.number} is like {after.number}"
    if later > earlier:
        what = f"{after.number} is like {before.number}"
    return Measure(number, frame=after.number, note=what if number else "")


def _smooth(light: Floats) -> Floats:
    soft = lens.mean(light, SMOOTH)
    level = float(soft.mean(dtype=np.float64))
    return lens.stops(soft * np.float32(GREY / level) if level > DARK else soft)


def _distance(made: Floats, plate: Floats) -> float:
    return float(np.abs(made - plate).mean(dtype=np.float64)) + ALIKE


GATE = Gate(
    name="order",
    title="like the neighbour's plate",
    unit="",
    kind="image",
    scope="pair",
    level="warn",
    says="matches a neighbour's plate better than its own ({number:.2f})",
    measure=measure,
)
