"""Flicker: brightness that changes from one frame to the next where the plate's does not."""

from __future__ import annotations

import numpy as np

from answerprint.gate import Gate, Measure
from answerprint.sight import Sketch


def measure(before: Sketch, after: Sketch) -> Measure | None:
    """By how many stops the drift of the channel that changed most changed.

    A flash in the plate is in both frames and their plates, so it leaves no trace here.
    """
    first, second = before.kept.get("drift"), after.kept.get("drift")
    if first is None or second is None or len(first) != len(second):
        return None
    return Measure(float(np.abs(second - first).max()), frame=after.number)


GATE = Gate(
    name="flicker",
    title="flicker",
    unit="stops",
    kind="image",
    scope="pair",
    level="warn",
    says="flickers by {number:.4f} stops against the plate",
    measure=measure,
)
