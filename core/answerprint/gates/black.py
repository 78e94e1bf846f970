"""Black: a frame without light, where the plate has some."""

from __future__ import annotations

from answerprint import lens
from answerprint.gate import Gate, Measure
from answerprint.sight import Sight

NO_LIGHT = 2.0**-14  # the least half float of full precision, 11 stops below middle grey
SOME_LIGHT = 2.0**-10


def measure(sight: Sight) -> Measure | None:
    """1 where no square of 4x4 pixels has light, and one of the plate has; else 0. None of data."""
    if not sight.colour or sight.far is None:
        return None
    made = float(lens.strongest(sight.far.made).max())
    plate = float(lens.strongest(sight.far.plate).max())
    return Measure(float(made < NO_LIGHT and plate > SOME_LIGHT))


GATE = Gate(
    name="black",
    title="black frame",
    unit="",
    kind="image",
    scope="frame",
    level="block",
    says="black, and the plate is not",
    measure=measure,
)
