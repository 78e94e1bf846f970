"""Intervals: how sure a share is that was counted: of so many clips, so many."""

from __future__ import annotations

import math
from dataclasses import dataclass

CERTAIN = 1.959963984540054  # of a normal distribution, 95 % lie within so many deviations


@dataclass(frozen=True)
class Share:
    """`hits` of `count`, with the interval that holds the true share in 95 of 100 cases."""

    hits: int
    count: int

    @property
    def value(self) -> float:
        """NaN of nothing."""
        return self.hits / self.count if self.count else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval (Wilson, 1927): right for shares near 0 and 1 as well."""
        if not self.count:
            return 0.0, 1.0
        n, square = self.count, CERTAIN * CERTAIN
        centre = (self.value + square / (2 * n)) / (1 + square / n)
        spread = self.value * (1 - self.value) / n + square / (4 * n * n)
        half = CERTAIN * math.sqrt(spread) / (1 + square / n)
        least = 0.0 if self.hits == 0 else max(0.0, centre - half)
        return least, 1.0 if self.hits == n else min(1.0, centre + half)

    def with_more(self, other: Share) -> Share:
        return Share(self.hits + other.hits, self.count + other.count)
