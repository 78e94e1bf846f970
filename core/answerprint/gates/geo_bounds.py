"""Bounds: geometry that has left the place where the plate's lies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from answerprint.gate import Gate, Measure
from answerprint.geometry import Geometry
from answerprint.shape import Shape


def measure(shape: Shape) -> Measure | None:
    """How far the box around the points reaches beyond the plate's, in % of that one's diagonal."""
    before = _box(shape.plate) if shape.plate else None
    after = _box(shape.made)
    if before is None or after is None:
        return None
    beyond = max(float(np.max(before[0] - after[0])), float(np.max(after[1] - before[1])), 0.0)
    diagonal = float(np.linalg.norm(before[1] - before[0]))
    if not diagonal:  # one point, or all in one place
        return Measure(100.0 if beyond else 0.0)
    return Measure(100 * beyond / diagonal)


def _box(geometry: Geometry) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Least and greatest x, y, z of the points that have finite ones; None where there are none."""
    places = geometry.find("P")
    if places is None or not len(places.values):
        return None
    values = places.values[:, :3].astype(np.float64, copy=False)
    finite = np.isfinite(values).all(axis=1)
    values = values if finite.all() else values[finite]
    return (values.min(axis=0), values.max(axis=0)) if len(values) else None


GATE = Gate(
    name="geo_bounds",
    title="beyond the plate's bounds",
    unit="%",
    kind="geometry",
    scope="frame",
    level="warn",
    says="{number:.2g} % beyond the plate's bounds",
    measure=measure,
)
