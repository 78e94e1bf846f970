"""Flips: normals that turn round from one frame to the next."""

from __future__ import annotations

import numpy as np

from answerprint.gate import Gate, Measure
from answerprint.shape import Outline


def measure(before: Outline, after: Outline) -> Measure | None:
    """The share of normals, in %, that face away from their own of the frame before.

    Only where both frames have as many points: else a point is not the same one any more.
    """
    if before.normals is None or after.normals is None or before.count != after.count:
        return None
    if not after.count:
        return None
    along = np.einsum("ij,ij->i", before.normals, after.normals)
    return Measure(100 * float(np.mean(along < 0)), frame=after.number)


GATE = Gate(
    name="geo_flips",
    title="normals that turn round",
    unit="%",
    kind="geometry",
    scope="pair",
    level="warn",
    says="{number:.2g} % of the normals turn round from the frame before",
    measure=measure,
)
