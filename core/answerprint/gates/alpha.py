"""Alpha: coverage that is less than nothing or more than all."""

from __future__ import annotations

import numpy as np

from answerprint.gate import Gate, Measure
from answerprint.picture import Window
from answerprint.sight import Sight


def measure(sight: Sight) -> Measure | None:
    """How far the alpha that was made goes beyond 0 and 1, at most; NaN and inf are not its affair."""
    if sight.alpha is None or not sight.alpha.size:
        return None
    least, most = float(sight.alpha.min()), float(sight.alpha.max())
    if least >= 0 and most <= 1:  # NaN is in no order
        return Measure(0.0)
    alpha = sight.alpha.astype(np.float32)
    with np.errstate(invalid="ignore"):  # a NaN that signals is no news here
        beyond = np.maximum(alpha - 1, -alpha)
    beyond = np.where(np.isfinite(beyond), beyond, 0)
    row, column = np.unravel_index(int(np.argmax(beyond)), beyond.shape)
    number = max(float(beyond[row, column]), 0.0)
    x, y = sight.window.left + int(column), sight.window.top + int(row)
    return Measure(number, Window(x, y, x, y) if number else None)


GATE = Gate(
    name="alpha",
    title="alpha beyond 0 to 1",
    unit="",
    kind="image",
    scope="frame",
    level="block",
    says="alpha goes {number:.4g} beyond 0 to 1",
    measure=measure,
)
