"""NaN and inf: voxels that are no numbers, where the plate's are."""

from __future__ import annotations

import numpy as np

from answerprint.gate import Gate, Measure
from answerprint.shape import Shape


def measure(shape: Shape) -> Measure | None:
    """How many values of the grids are not finite; those that the plate has there do not count.

    Of a finer grid all count: there the model saw zeros in their place.
    """
    number = 0
    for made, plate in shape.volumes():
        if made.values.dtype.kind != "f":
            continue
        bad = ~np.isfinite(made.values)
        if plate is not None and plate.values.shape == made.values.shape:
            bad &= np.isfinite(plate.values)
        number += int(np.count_nonzero(bad))
    return Measure(number)


GATE = Gate(
    name="vol_nonfinite",
    title="NaN and inf",
    unit="voxels",
    kind="volume",
    scope="frame",
    level="block",
    says="{number:,.0f} NaN or inf voxels",
    measure=measure,
)
