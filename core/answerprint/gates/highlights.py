"""Highlights: light that the brightest places of the plate have, and the take has not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from answerprint import lens
from answerprint.gate import Gate, Measure
from answerprint.lens import Floats
from answerprint.picture import Window
from answerprint.sight import Sight

SHARES = 0.01, 0.001  # of all boxes: a sky, and a glint
FEWEST = 8  # boxes: 32 pixels
OF_PLATE = 0.25  # how much of the plate's light counts for what is among the brightest
EDGE = 16  # near boxes along the square that lost most
SPARSE = 4  # of so many boxes one, each way, is asked which are bright at all


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
    number = max(*_lost(made, plate), 0.0)
    if not number:
        return Measure(0.0)
    return Measure(number, _worst(sight, made, plate))


def _light(near: Floats) -> Floats:
    return np.maximum(lens.middle(lens.strongest(near)), 0)


def _lost(made: Floats, plate: Floats) -> Iterator[float]:
    """Of each share: the stops by which what is brightest fell."""
    rank = made + np.float32(OF_PLATE) * plate
    counts = [min(max(int(rank.size * share), FEWEST), rank.size) for share in SHARES]
    bright = rank >= _low(rank, max(counts))
    rank, made, plate = (one[bright] for one in (rank, made, plate))
    for count in counts:
        # all that are as bright as the last of them too: where light was cut off many are
        where = rank >= np.partition(rank, len(rank) - count)[len(rank) - count]
        after, before = (float(one[where].mean(dtype=np.float64)) for one in (made, plate))
        yield float(np.log2((before + lens.FLOOR) / (after + lens.FLOOR)))


def _low(rank: Floats, count: int) -> float:
    """A number that at least so many boxes reach, and not many more: as a sample of them says."""
    some = rank[::SPARSE, ::SPARSE].ravel()
    place = max(some.size - 2 * (count // SPARSE**2 + FEWEST), 0)
    low = float(np.partition(some, place)[place])
    return low if np.count_nonzero(rank >= low) >= count else -np.inf


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
