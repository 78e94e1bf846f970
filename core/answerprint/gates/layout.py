"""Layout: layers, types and windows that are not what was asked for."""

from __future__ import annotations

from answerprint.gate import Gate, Measure
from answerprint.sight import Sight


def measure(sight: Sight) -> Measure:
    return Measure(len(sight.asked), note="; ".join(sight.asked))


GATE = Gate(
    name="layout",
    title="not as asked",
    unit="",
    kind="image",
    scope="frame",
    level="block",
    says="not as asked",
    measure=measure,
)
