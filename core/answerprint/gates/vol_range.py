"""Range: values of a grid beyond those of its plate: density below zero, heights over the peak."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint.gate import Gate, Measure
from answerprint.shape import Shape


def measure(shape: Shape) -> Measure | None:
    """How far a grid's values reach beyond the plate's, in % of the range that these have."""
    worst, name = None, ""
    for made, plate in shape.volumes():
        before = _ends(plate.values) if plate is not None else None
        after = _ends(made.values)
        if before is None or after is None:
            continue
        beyond = max(before[0] - after[0], after[1] - before[1], 0.0)
        span = before[1] - before[0] or max(abs(before[1]), 1e-12)
        if worst is None or 100 * beyond / span > worst:
            worst, name = 100 * beyond / span, made.name
    return None if worst is None else Measure(worst, note=f"in {name}" if worst else "")


def _ends(values: NDArray[Any]) -> tuple[float, float] | None:
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    return (float(finite.min()), float(finite.max())) if finite.size else None


GATE = Gate(
    name="vol_range",
    title="beyond the plate's range",
    unit="%",
    kind="volume",
    scope="frame",
    level="warn",
    says="{number:.2g} % beyond the plate's range",
    measure=measure,
)
