"""Tried: limits held against clips they were not made of: what is caught, and what cries for nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from answerprint.calibration.corruptions import Corruption
from answerprint.calibration.intervals import Share
from answerprint.calibration.study import Outcome, rows

ENOUGH = 0.95  # a strength is caught where at least this share of it is

Limits = Mapping[str, float]  # gate -> the number above which it speaks


@dataclass(frozen=True)
class Row:
    """One corruption at one strength.

    caught    by any gate
    best      the gate that catches most of it, the first of several; '' where none does
    skipped   clips in which it would change nothing
    """

    kind: Corruption
    step: float
    caught: Share
    best: str
    share: Share
    skipped: int


@dataclass(frozen=True)
class Tried:
    """A profile's limits on the held-out half.

    clean     clean clips that some gate cried at
    each      the same of each gate
    makers    clean clips by who made them, and how many some gate cried at
    """

    limits: dict[str, float]
    clean: Share
    each: dict[str, Share]
    makers: dict[str, Share]
    rows: list[Row] = field(default_factory=list)

    def caught_from(self, kind: Corruption) -> float | None:
        """The least strength from which on nearly all of it is caught; None: no strength is."""
        found = None
        for row in reversed([one for one in self.rows if one.kind is kind]):
            if not row.caught.count or row.caught.value < ENOUGH:
                break
            found = row.step
        return found


def tried(outcomes: Sequence[Outcome], limits: Limits) -> Tried:
    """`outcomes`: of held-out clips."""
    over = [_over(one.clean, limits) for one in outcomes]
    each = {name: Share(sum(name in found for found in over), len(over)) for name in limits}
    makers: dict[str, Share] = {}
    for one, found in zip(outcomes, over, strict=True):
        so_far = makers.get(one.maker, Share(0, 0))
        makers[one.maker] = so_far.with_more(Share(int(bool(found)), 1))
    return Tried(
        dict(limits),
        Share(sum(bool(found) for found in over), len(over)),
        each,
        dict(sorted(makers.items())),
        [_row(kind, step, outcomes, limits) for kind, step in rows()],
    )


def _row(kind: Corruption, step: float, outcomes: Iterable[Outcome], limits: Limits) -> Row:
    order = {name: index for index, name in enumerate(limits)}
    caught, by, count, skipped = 0, Counter[str](), 0, 0
    for one in outcomes:
        skipped += (kind.name, step) in one.skipped
        numbers = one.spoiled.get((kind.name, step))
        if numbers is None:
            continue
        found = _over(numbers, limits)
        count, caught = count + 1, caught + bool(found)
        by.update(found)
    best = min(by, key=lambda name: (-by[name], order[name]), default="")
    return Row(kind, step, Share(caught, count), best, Share(by[best], count), skipped)


def _over(numbers: Mapping[str, float], limits: Limits) -> set[str]:
    return {name for name, limit in limits.items() if numbers.get(name, -1.0) > limit}
