"""Constant: a channel with one value everywhere, where the plate's has more."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint.gate import Gate, Measure
from answerprint.sight import Sight

VARIED = 1e-3  # the plate's values lie so far apart, as a share of the greatest, that it has more


def measure(sight: Sight) -> Measure | None:
    """How many channels hold one value alone.

    Of data that has no plate to be held against, like depth, all channels are looked at: it is
    never flat. A matte may be; its profile leaves this out. None of light without a plate.
    """
    made = sight.made if sight.held is None else sight.held[0]
    flat = [channel for channel in range(made.shape[2]) if _flat(made[..., channel])]
    if sight.far is None:
        return None if sight.colour or made[..., 0].size < 2 else Measure(len(flat))
    return Measure(sum(_varied(sight.far.plate[..., channel]) for channel in flat))


def _flat(image: NDArray[Any]) -> bool:
    """Whether all pixels are equal; most frames tell in their first row."""
    first = image[:1, :1]
    return bool((image[:1] == first).all() and (image == first).all())


def _varied(image: NDArray[np.float32]) -> bool:
    least, most = float(image.min()), float(image.max())
    return most - least > VARIED * max(abs(least), abs(most))


GATE = Gate(
    name="constant",
    title="channels of one value",
    unit="channels",
    kind="image",
    scope="frame",
    level="block",
    says="one value everywhere in {number:.0f} channels, and the plate has more",
    measure=measure,
)
