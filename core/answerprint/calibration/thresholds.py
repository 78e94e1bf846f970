"""Thresholds: limits for the gates that warn, so that clean footage hardly ever sets off any of them.

All gates together may cry at BUDGET of the clean clips; each gets an equal part of it. Its limit is
where the tail of its greatest numbers, one a clip, has that part left: beyond the TAIL greatest share
of the clips the numbers are taken to thin out exponentially (peaks over a threshold: Pickands, 1975,
with shape 0), which a limit needs that is rarer than what was seen. It is never below SLACK times the
greatest number of all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

BUDGET = 0.005
TAIL = 0.10
SLACK = 1.15
LEAST_TAIL = 4  # clips

Numbers = Mapping[str, float]  # gate -> the greatest of a clip


def limits(clips: Sequence[Numbers], gates: Sequence[str]) -> dict[str, float]:
    """A limit for each of these gates that measured anything; rounded up to two digits."""
    measured = {
        name: [one[name] for one in clips if math.isfinite(one.get(name, math.nan))]
        for name in gates
    }
    told = {name: found for name, found in measured.items() if found}
    return {name: rounded_up(_limit(found, BUDGET / len(told))) for name, found in told.items()}


def _limit(numbers: Sequence[float], share: float) -> float:
    found = np.sort(np.array(numbers, np.float64))
    tail = max(LEAST_TAIL, int(len(found) * TAIL))
    if len(found) <= tail:
        return SLACK * float(found[-1])
    begins = float(found[-tail - 1])
    mean = float((found[-tail:] - begins).mean())
    beyond = begins + mean * max(0.0, math.log(tail / len(found) / share))
    return max(beyond, SLACK * float(found[-1]))


def rounded_up(number: float) -> float:
    """To two digits, as a profile spells it."""
    if number <= 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(number)) - 1)
    return float(f"{math.ceil(number / step - 1e-9) * step:.10g}")
