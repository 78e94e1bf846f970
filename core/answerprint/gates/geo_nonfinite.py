"""NaN and inf: numbers of geometry that are none, where the plate's are."""

from __future__ import annotations

import numpy as np

from answerprint.gate import Gate, Measure
from answerprint.shape import Shape


def measure(shape: Shape) -> Measure | None:
    """How many values are not finite; those that the plate has there already do not count."""
    number, names = 0, []
    for made, plate in shape.attributes():
        bad = ~np.isfinite(made.values)
        if plate is not None and plate.values.shape == made.values.shape:
            bad &= np.isfinite(plate.values)
        found = int(np.count_nonzero(bad))
        number += found
        names += [made.name] if found else []
    return Measure(number, note=f"in {', '.join(names)}" if names else "")


GATE = Gate(
    name="geo_nonfinite",
    title="NaN and inf",
    unit="values",
    kind="geometry",
    scope="frame",
    level="block",
    says="{number:,.0f} NaN or inf values",
    measure=measure,
)
