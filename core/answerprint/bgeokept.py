"""Kept: which vertices and primitives of a .bgeo stay, where some of its primitives are not read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint.bgeopages import whole
from answerprint.bgeoprimitives import Primitives
from answerprint.geometry import Owner
from answerprint.sound import MOST_COUNT

Array = NDArray[Any]


class Kept:
    """How many elements a file has, and which of them are kept, in what order; None: all of them."""

    def __init__(self, document: dict[str, Any], vertexcount: int, parts: Primitives) -> None:
        self.counts: dict[Owner, int] = {
            "point": whole(document.get("pointcount", 0), MOST_COUNT),
            "vertex": vertexcount,
            "primitive": whole(document.get("primitivecount", 0), MOST_COUNT),
            "detail": 1,
        }
        vertices = np.append(parts.vertices, [vertex for _, vertex, _ in parts.volumes])
        numbers_ = np.append(parts.numbers, [number for number, _, _ in parts.volumes])
        self._which: dict[Owner, Array | None] = {
            "vertex": _unless_all(vertices.astype(np.int64), vertexcount),
            "primitive": _unless_all(numbers_.astype(np.int64), self.counts["primitive"]),
        }

    def of(self, values: Array, owner: Owner) -> Array:
        which = self._which.get(owner)
        return values if which is None else values[which]

    def ordered(self, order: Array, owner: Owner) -> Array:
        """Numbers of elements as they are counted now, without those that are left out."""
        which = self._which.get(owner)
        if which is None:
            return order
        now = np.full(self.counts[owner], -1, np.int64)
        now[which] = np.arange(len(which))
        moved = now[order]
        return moved[moved >= 0]


def _unless_all(which: Array, count: int) -> Array | None:
    return None if np.array_equal(which, np.arange(count)) else which
