"""NaN and inf: samples that are no numbers, where the plate's are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint import lens
from answerprint.gate import Gate, Measure
from answerprint.picture import Window
from answerprint.sight import Sight


def measure(sight: Sight) -> Measure:
    """How many samples are not finite, alpha's among them; those of the plate do not count."""
    bad = _places(sight)
    alpha = sight.alpha
    in_alpha = 0 if alpha is None or lens.all_finite(alpha) else int((~np.isfinite(alpha)).sum())
    if bad is None:
        return Measure(in_alpha, note="in alpha" if in_alpha else "")
    number = int(bad.sum())
    rows, columns = np.nonzero(bad)
    box = _box(sight.window, rows, columns) if number else None
    return Measure(number + in_alpha, box)


def _places(sight: Sight) -> NDArray[np.int64] | None:
    """(height, width): how many channels of each pixel are not finite; None where all are."""
    if sight.all_finite:
        return None
    bad = ~np.isfinite(sight.made)
    if sight.held is not None:
        _excuse(bad, sight, ~np.isfinite(sight.held[1]))
    return np.asarray(bad.sum(axis=2, dtype=np.int64))


def _excuse(bad: NDArray[np.bool_], sight: Sight, plate: NDArray[Any]) -> None:
    """Take out, in place, what is not finite in the plate either."""
    common, scale = sight.common, sight.scale
    if common is None:
        return
    left, top = common.left * scale - sight.window.left, common.top * scale - sight.window.top
    covered = plate.repeat(scale, axis=0).repeat(scale, axis=1)
    bad[top : top + common.height * scale, left : left + common.width * scale] &= ~covered


def _box(window: Window, rows: NDArray[Any], columns: NDArray[Any]) -> Window:
    left, top = window.left + int(columns.min()), window.top + int(rows.min())
    return Window(left, top, window.left + int(columns.max()), window.top + int(rows.max()))


GATE = Gate(
    name="nonfinite",
    title="NaN and inf",
    unit="samples",
    kind="image",
    scope="frame",
    level="block",
    says="{number:,.0f} NaN or inf samples",
    measure=measure,
)
