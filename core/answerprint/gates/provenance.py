"""Provenance: a frame whose own record does not hold."""

from __future__ import annotations

from answerprint.gate import Gate, Measure
from answerprint.sight import Sight


def measure(sight: Sight) -> Measure:
    return Measure(float(bool(sight.provenance)), note=sight.provenance)


GATE = Gate(
    name="provenance",
    title="record does not hold",
    unit="",
    kind="image",
    scope="frame",
    level="block",
    says="its record does not hold",
    measure=measure,
)
