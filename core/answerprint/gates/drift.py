"""Drift: a frame that is brighter, darker or of another tint than its plate."""

from __future__ import annotations

import numpy as np

from answerprint.gate import Gate, Measure
from answerprint.sight import Sight

LUMINANCE = 3  # its place after red, green and blue
_NAMES = "red", "green", "blue", ""


def measure(sight: Sight) -> Measure | None:
    """The drift, in stops, of the channel that drifted farthest, luminance among them; see `Sight`."""
    drift = sight.drift
    if drift is None:
        return None
    worst = int(np.argmax(np.abs(drift)))
    number = float(drift[worst])
    name = _NAMES[worst] if len(drift) == len(_NAMES) else ""
    note = " ".join(word for word in (name, "brighter" if number > 0 else "darker") if word)
    return Measure(abs(number), note=note if number else "")


GATE = Gate(
    name="drift",
    title="drift",
    unit="stops",
    kind="image",
    scope="frame",
    level="warn",
    says="drifted {number:.3f} stops from the plate",
    measure=measure,
)
