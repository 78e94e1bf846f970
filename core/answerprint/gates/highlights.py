"""Highlights: light that the brightest places of the plate have, and the take has not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from answerprint import lens
from answerprint.gate import Gate, Measure
from answerprint.lens import Floats
from answerprint.picture import Window
from answerprint.sight import Sight

SHARES = 0.01, 0.001  # of all boxes: a sky, and a glint
FEWEST = 8  # boxes: 32 pixels
OF_PLATE = 0.25  # how much of the plate's light counts for what is among the brightest
EDGE = 16  # near boxes along the square that lost most


def measure(sight: Sight) -> Measure | None:
    """By how many stops the light of the brightest boxes of 2x2 pixels fell, all of it together.

    A box is what its strongest channel says, the median of it and its neighbours: single bright
    pixels are fireflies, which a model may take away. Which boxes are brightest the made frame says
    more than the plate: picked by the plate alone they would be those where grain adds light, and a
    denoiser would always lose some.
    """
    if not sight.colour or sight.near is None:
        return None
    made, plate = (_light(one) for one in (sight.near.made, sight.near.plate))
    lost = [_lost(made, plate, _brightest(made + OF_PLATE * plate, share)) for share in SHARES]
    number = max(*lost, 0.0)
    if not number:
        return Measure(0.0)
    return Measure(number, _worst(sight, made, plate))


def _light(near: Floats) -> Floats:
    return np.maximum(lens.middle(lens.strongest(near)), 0)


def _brightest(rank: Floats, share: float) -> NDArray[np.bool_]:
    """Which boxes are among the brightest, all that are as bright as the last of them too."""
    count = min(max(int(rank.size * share), FEWEST), rank.size)
    limit = np.partition(rank, rank.size - count, axis=None)[rank.size - count]
    return np.asarray(rank >= limit)


def _lost(made: Floats, plate: Floats, where: NDArray[np.bool_]) -> float:
    after, before = (float(one[where].mean(dtype=np.float64)) for one in (made, plate))
    return float(np.log2((before + lens.FLOOR) / (after + lens.FLOOR)))


def _worst(sight: Sight, made: Floats, plate: Floats) -> Window:
    return sight.around(lens.mean(plate - made, EDGE), EDGE, sight.near_step)


GATE = Gate(
    name="highlights",
    title="highlights lost",
    unit="stops",
    kind="image",
    scope="frame",
    level="warn",
    says="highlights lost {number:.2f} stops",
    measure=measure,
)
