"""Count: points and primitives that came or went, where the model only gives numbers to them."""

from __future__ import annotations

from answerprint.gate import Gate, Measure
from answerprint.shape import Shape


def measure(shape: Shape) -> Measure | None:
    """How many points and primitives more or fewer than the plate has."""
    if shape.plate is None:
        return None
    points = abs(shape.made.count - shape.plate.count)
    primitives = abs(shape.made.primitives - shape.plate.primitives)
    note = f"{shape.plate.count:,} points in, {shape.made.count:,} out" if points else ""
    return Measure(points + primitives, note=note)


GATE = Gate(
    name="geo_count",
    title="count of points",
    unit="points",
    kind="geometry",
    scope="frame",
    level="block",
    says="{number:,.0f} points or primitives more or fewer than the plate",
    measure=measure,
)
