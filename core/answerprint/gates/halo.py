"""Halo: rims beside strong edges that are brighter or darker than anything near them in the plate."""

from __future__ import annotations

import numpy as np

from answerprint import lens
from answerprint.gate import Gate, Measure
from answerprint.lens import Floats
from answerprint.sight import Sight

AROUND = 5  # near boxes: how far an edge reaches
EDGE = 1.0  # stops from its dark to its light side
TILE = 8  # far boxes along the square that is judged: 32 pixels
FEWEST = 0.05  # of a square; with fewer boxes at an edge it counts less


def measure(sight: Sight) -> Measure | None:
    """How far light goes beyond the plate's own around it, as a share of the edge's stops.

    The mean over the boxes at edges, of the square where it is worst. Grain of the plate only
    widens what is allowed.
    """
    both = sight.near_stops
    if both is None:
        return None
    low, high = lens.least(both.plate, AROUND), lens.greatest(both.plate, AROUND)
    contrast = high - low
    edges = contrast > EDGE
    beyond = np.maximum(both.made - high, low - both.made)
    over = edges & (beyond > 0)
    if not over.any():
        return Measure(0.0)
    share = np.zeros_like(beyond)
    share[over] = beyond[over] / contrast[over]
    found, weight = (_tiles(one, sight) for one in (share, edges.astype(np.float32)))
    worst = found / np.maximum(weight, FEWEST)
    return Measure(float(worst.max()), sight.around(worst, TILE, sight.far_step))


def _tiles(near: Floats, sight: Sight) -> Floats:
    return lens.mean(lens.smaller(near[..., None], sight.far_step // sight.near_step)[..., 0], TILE)


GATE = Gate(
    name="halo",
    title="halos at edges",
    unit="",
    kind="image",
    scope="frame",
    level="warn",
    says="halos at edges, {number:.3f} of their contrast",
    measure=measure,
)
