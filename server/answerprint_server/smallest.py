"""Smallest: the least that a model can be asked, made from its contract alone.

It is what a probe sends: quick on any machine, no artist's picture in it, the same each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from answerprint.contract import Contract, Input, Kind, Value
from answerprint.triton import Expected, Floats

# the least edge that a contract may give a tile; a network's layers may halve a picture four times
EDGE = 16
# points: more than any neighbourhood that a model looks at by default; grids: voxels in each direction
_SHAPES: dict[Kind, tuple[int, ...]] = {"points": (64,), "volume": (8, 8, 8), "heightfield": (8, 8)}
_DARKEST, _BRIGHTEST = 0.25, 0.75  # of an input's range: nothing that a model may clip


@dataclass(frozen=True)
class Asking:
    """One request.

    images    input -> float32 in the axes of the contract's kind; only those that are required
    settings  every parameter at its default, and what the engine adds
    outputs   what these bring back
    """

    images: Mapping[str, Floats]
    settings: Mapping[str, Value]
    outputs: Mapping[str, Expected]


def smallest(contract: Contract) -> Asking:
    """The least that this model can be asked."""
    rng = np.random.default_rng(0)
    images = {
        one.name: _noise(one, _shape(contract, one), rng) for one in contract.inputs if one.required
    }
    settings: dict[str, Value] = contract.settings({})
    wanted = [
        one.name
        for one in contract.given(settings)
        if one.replaces is None or one.replaces in images
    ]
    if contract.cut.between:
        settings["time"] = 0.5
    if contract.seed:
        settings["seed"] = "0"
    return Asking(images, settings, dict.fromkeys(wanted, Expected()))


def _shape(contract: Contract, one: Input) -> tuple[int, ...]:
    cut, channels = contract.cut, one.sizes[0]
    if contract.kind != "image":
        return (*_SHAPES[contract.kind], channels)
    edge = -(-EDGE // cut.multiple) * cut.multiple
    seen = (cut.frames,) if cut.frames > 1 else ()
    return (*seen, edge, edge, channels)


def _noise(one: Input, shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Noise, not grey: points in one place have no neighbourhood, and a flat field no slope."""
    least = 0.0 if one.range[0] is None else one.range[0]
    greatest = least + 1.0 if one.range[1] is None else one.range[1]
    low, high = (least + (greatest - least) * part for part in (_DARKEST, _BRIGHTEST))
    return rng.uniform(low, high, shape).astype(np.float32)
