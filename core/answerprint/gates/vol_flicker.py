"""Flicker of a grid: how much of the plate's mass is kept changes from frame to frame."""

from __future__ import annotations

from answerprint.gate import Gate, Measure
from answerprint.shape import Outline


def measure(before: Outline, after: Outline) -> Measure | None:
    """The greatest change, in %, of a grid's mass over that of its plate; the plate's own is out."""
    both = before.masses.keys() & after.masses.keys()
    changes = [100 * abs(after.masses[name] - before.masses[name]) for name in both]
    return Measure(max(changes), frame=after.number) if changes else None


GATE = Gate(
    name="vol_flicker",
    title="mass flickers",
    unit="%",
    kind="volume",
    scope="pair",
    level="warn",
    says="mass flickers {number:.2g} %",
    measure=measure,
)
