"""Mass: smoke, or ground, that came from nowhere or is gone."""

from __future__ import annotations

import numpy as np

from answerprint.gate import Gate, Measure
from answerprint.shape import Shape, mass
from answerprint.volume import Volume


def measure(shape: Shape) -> Measure | None:
    """How much more or less there is in a grid than in its plate, in %.

    Of heights, which have no zero of their own: by how much the ground lies higher or lower in the
    mean, in % of the way from its lowest to its highest place.
    """
    worst, said = None, ""
    for made, plate in shape.volumes():
        change = None if plate is None else _change(made, plate)
        if change is None:
            continue
        if worst is None or abs(change) > worst:
            worst, said = abs(change), f"{'more' if change > 0 else 'less'} {made.name}"
    return None if worst is None else Measure(worst, note=said if worst else "")


def _change(made: Volume, plate: Volume) -> float | None:
    """In %; None where the plate has nothing to hold it against."""
    if made.kind != "heightfield":
        before = mass(plate)
        return 100 * (mass(made) / before - 1) if before else None
    earlier = plate.values[np.isfinite(plate.values)]
    heights = made.values[np.isfinite(made.values)]
    if not earlier.size or not heights.size:
        return None
    span = float(np.ptp(earlier))
    rise = float(heights.mean(dtype=np.float64) - earlier.mean(dtype=np.float64))
    return 100 * rise / span if span else None


GATE = Gate(
    name="vol_mass",
    title="mass",
    unit="%",
    kind="volume",
    scope="frame",
    level="warn",
    says="mass off by {number:.2g} %",
    measure=measure,
)
