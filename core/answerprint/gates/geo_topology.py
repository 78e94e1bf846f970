"""Topology: faces whose points or winding are not the plate's."""

from __future__ import annotations

import numpy as np

from answerprint.gate import Gate, Measure
from answerprint.geometry import Faces
from answerprint.shape import Shape


def measure(shape: Shape) -> Measure | None:
    """How many faces are others than in the plate."""
    if shape.plate is None:
        return None
    return Measure(_differing(shape.plate.faces, shape.made.faces))


def _differing(before: Faces | None, after: Faces | None) -> int:
    if before is None or after is None:
        one = before or after
        return 0 if one is None else len(one.counts)
    if len(before.counts) != len(after.counts):
        return max(len(before.counts), len(after.counts))
    other = (before.counts != after.counts) | (before.closed != after.closed)
    if len(before.points) != len(after.points):
        return max(int(np.count_nonzero(other)), 1)
    vertices = np.flatnonzero(before.points != after.points)
    ends = np.cumsum(before.counts)
    faces = np.unique(np.searchsorted(ends, vertices, side="right"))
    return len(np.union1d(faces, np.flatnonzero(other)))


GATE = Gate(
    name="geo_topology",
    title="topology",
    unit="faces",
    kind="geometry",
    scope="frame",
    level="block",
    says="{number:,.0f} faces are not the plate's",
    measure=measure,
)
