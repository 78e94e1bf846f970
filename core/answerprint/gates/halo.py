"""Halo: rims beside strong edges that are brighter or darker than anything near them in the plate."""

from __future__ import annotations

import numpy as np

from answerprint import lens
from answerprint.gate import Gate, Measure
from answerprint.sight import Sight

AROUND = 5  # near boxes: how far an edge reaches
EDGE = 1.0  # stops from its dark to its light side
TILE = 16  # near boxes along the square that is judged: 32 pixels
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
    if not edges.any():
        return Measure(0.0)
    beyond = np.maximum(np.maximum(both.made - high, low - both.made), 0)
    share = np.where(edges, beyond / np.maximum(contrast, EDGE), 0).astype(np.float32)
    weight = lens.mean(edges.astype(np.float32), TILE)
    worst = lens.mean(share, TILE) / np.maximum(weight, FEWEST)
    number = max(float(worst.max()), 0.0)
    return Measure(number, sight.around(worst, TILE, sight.near_step) if number else None)


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
