"""Seam: a step in brightness where the pieces meet that a frame was made of."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from answerprint.gate import Gate, Measure
from answerprint.lens import Floats
from answerprint.sight import Sight

SIDE = 4  # far boxes on each side of a seam
FEWEST = 8  # boxes along a piece's edge
CLIP = 0.5  # stops; the median along the edge does the rest
SURE = 3.0  # standard errors that are taken off: what is left of grain is no step
EVERY = (
    2  # row of boxes is looked at: a median was taken over them, so that neighbours err together
)
ALIKE = 2  # boxes that still do
TO_SIGMA = 1.4826  # from the median absolute deviation of a bell to its standard deviation
MEDIANS = 1.2533  # how much more a median errs than a mean


class _Step(NamedTuple):
    """number: stops; `at` the box after the seam, from `start` to `end` along it."""

    number: float
    at: int
    start: int
    end: int


def measure(sight: Sight) -> Measure | None:
    """The greatest step of log2(made / plate) across a known seam, less what is there without one.

    That is the greatest step elsewhere along the same pieces, or what grain may do by chance here.

    A step is what the medians along a piece's edge, of the boxes on its two sides, differ by. None
    where the frame was made whole.
    """
    both, seams = sight.far_stops, _seams(sight)
    if both is None or seams is None:
        return None
    ratio = np.clip(both.made - both.plate, -CLIP, CLIP)
    overlap = sight.tile[1] if sight.tile else 0
    step = sight.far_step
    across = max(_steps(ratio, *seams, step, overlap), default=None)
    down = max(_steps(ratio.T, *seams[::-1], step, overlap), default=None)
    if across is None and down is None:
        return None
    if down is None or (across is not None and across.number >= down.number):
        worst = across
        box = (across.start, across.at - 1, across.end - across.start, 2) if across else None
    else:
        worst, box = down, (down.at - 1, down.start, 2, down.end - down.start)
    if worst is None or box is None or worst.number <= 0:
        return Measure(0.0)
    return Measure(worst.number, sight.box(*box, step))


def _seams(sight: Sight) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Columns and rows, counted from where both lie; None where there are no pieces."""
    common = sight.common
    if common is None or (sight.tile is None and sight.seams is None):
        return None
    left, top = common.left - sight.plate_window.left, common.top - sight.plate_window.top
    columns, rows = sight.seams or _even(sight)
    return (
        tuple(one - left for one in columns if 0 < one - left < common.width),
        tuple(one - top for one in rows if 0 < one - top < common.height),
    )


def _even(sight: Sight) -> tuple[Sequence[int], Sequence[int]]:
    """At every multiple of the tile's edge."""
    edge, own = max((sight.tile or (0, 0))[0], 1), sight.plate_window
    return range(edge, own.width, edge), range(edge, own.height, edge)


def _steps(
    ratio: Floats, seams: Sequence[int], others: Sequence[int], step: int, overlap: int
) -> Iterator[_Step]:
    """Of every edge of a piece that runs down the picture."""
    length = ratio.shape[0]
    bounds = [0, *(min(round(one / step), length) for one in others), length]
    for start, end in itertools.pairwise(bounds):
        if end - start < FEWEST:
            continue
        piece = ratio[start:end:EVERY]
        profile = _median(piece)
        usual = _usual(profile, seams, step, overlap)
        for seam in seams:
            left, right = math.floor((seam - overlap) / step), math.ceil((seam + overlap) / step)
            if left >= SIDE and right + SIDE <= len(profile):
                sides = [*range(left - SIDE, left), *range(right, right + SIDE)]
                found = profile[sides[SIDE:]].mean() - profile[sides[:SIDE]].mean()
                chance = _chance(piece[:, sides] - profile[sides])
                yield _Step(abs(float(found)) - max(usual, chance), right, start, end)


def _median(rows: Floats) -> NDArray[np.float64]:
    """Of each column; the lower of two in the middle."""
    columns, middle = np.ascontiguousarray(rows.T), (len(rows) - 1) // 2
    columns.partition(middle, axis=1)
    return columns[:, middle].astype(np.float64)


def _chance(rest: NDArray[Any]) -> float:
    """What the means of medians of such boxes, one row each, differ by for no reason."""
    sigma = TO_SIGMA * float(np.median(np.abs(rest)))
    return SURE * MEDIANS * sigma * math.sqrt(2 * ALIKE / (len(rest) * SIDE))


def _usual(profile: NDArray[np.float64], seams: Sequence[int], step: int, overlap: int) -> float:
    """The greatest step of the same width where no seam is; 0 where seams leave no room."""
    gap = 2 * math.ceil(overlap / step)
    means = np.convolve(profile, np.full(SIDE, 1 / SIDE), "valid")
    steps = np.abs(means[SIDE + gap :] - means[: -(SIDE + gap)])
    middles = np.arange(len(steps)) + SIDE + gap / 2
    free = np.ones(len(steps), bool)
    for seam in seams:
        free &= np.abs(middles - seam / step) > SIDE + gap / 2
    return float(steps[free].max()) if free.any() else 0.0


GATE = Gate(
    name="seam",
    title="seams of tiles",
    unit="stops",
    kind="image",
    scope="frame",
    level="warn",
    says="a step of {number:.4f} stops where two tiles meet",
    measure=measure,
)
