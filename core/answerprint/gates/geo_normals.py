"""Normals: those that are none, and those that face the other way than the plate's."""

from __future__ import annotations

import numpy as np

from answerprint.gate import Gate, Measure
from answerprint.shape import Shape, is_normal, lengths

SLACK = 0.05  # of a length of 1: half floats, and renormalising in a host


def measure(shape: Shape) -> Measure | None:
    """The share of normals, in %, whose length is not 1 or that face away from the plate's own."""
    bad = every = 0
    for made, plate in shape.attributes():
        if not is_normal(made):
            continue
        wrong = ~(np.abs(lengths(made.values) - 1) <= SLACK)  # NaN is wrong as well
        if plate is not None and plate.values.shape == made.values.shape:
            along = np.einsum("ij,ij->i", made.values.astype(np.float64), plate.values)
            wrong |= along < 0
        bad, every = bad + int(np.count_nonzero(wrong)), every + made.count
    if not every:
        return None
    return Measure(100 * bad / every, note=f"{bad:,} of {every:,}" if bad else "")


GATE = Gate(
    name="geo_normals",
    title="flipped or degenerate normals",
    unit="%",
    kind="geometry",
    scope="frame",
    level="warn",
    says="{number:.2g} % of the normals flipped or degenerate",
    measure=measure,
)
