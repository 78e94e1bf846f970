"""The numbers that a control steps through, between its ends. Without Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Optional

PARTS = 100  # of a range without a step: so many are at least told apart


@dataclass(frozen=True)
class Grid:
    """Numbers from `least` on, a step apart; ends that are not known are open.

    step    as the contract says it; None: a hundredth of the range or finer, a power of ten
    whole   only whole numbers
    around  a value that the control usually has: without ends, what its steps are fit for
    """

    least: Optional[float] = None
    greatest: Optional[float] = None
    step: Optional[float] = None
    whole: bool = False
    around: float = 0

    @property
    def width(self) -> float:
        """Between the ends; 0 where one is open or they are the same."""
        if self.least is None or self.greatest is None:
            return 0
        return max(0, self.greatest - self.least)

    @property
    def stride(self) -> float:
        """What one step is."""
        if self.whole:
            return max(1, round(self.step or 1))
        if self.step and self.step > 0:
            return self.step
        if self.width:
            return float(f"1e{math.floor(math.log10(self.width / PARTS) + 1e-9)}")
        near = abs(self.around)
        return (
            0.1 if near >= 1 or not near else float(f"1e{math.floor(math.log10(near) + 1e-9) - 1}")
        )

    def nearest(self, value: float) -> float:
        """The number of the grid beside a value, without digits that nobody typed."""
        start = self.least or 0
        if self.whole:
            stride, first = int(self.stride), math.ceil(start)
            return self._inside(first + round((round(value) - first) / stride) * stride)
        steps = round((value - start) / self.stride)
        return self._inside(float(f"{start + steps * self.stride:.12g}"))

    def counted(self, value: float, steps: int) -> float:
        """So many steps up or down; it stops at the ends, and a value beyond them comes back."""
        return self.nearest(value + steps * self.stride)

    def part(self, value: float) -> float:
        """Where a value stands between the ends, from 0 to 1."""
        if not self.width or self.least is None:
            return 0.0
        return min(1.0, max(0.0, (value - self.least) / self.width))

    def at(self, part: float) -> float:
        """The number nearest to a place between the ends."""
        return self.nearest((self.least or 0) + self.width * min(1.0, max(0.0, part)))

    def _inside(self, value: float) -> float:
        if self.least is not None and value < self.least:
            return math.ceil(self.least) if self.whole else self.least
        if self.greatest is not None and value > self.greatest:
            return math.floor(self.greatest) if self.whole else self.greatest
        return value
