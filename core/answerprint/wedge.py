"""Wedges: one job in many variations, a value of each axis for every one of them."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from answerprint.contract import Contract
from answerprint.documents import did_you_mean
from answerprint.errors import Fix, JobError
from answerprint.frames import MOST_FRAMES, FrameRange
from answerprint.parameter import Parameter, Value

SEED = "seed"
MOST_SEED = 2**64 - 1
ASK_ABOVE = 10_000  # work items; more than that is asked about

_WHOLE = re.compile(r"-?\d{1,20}")

Axes = dict[str, tuple[Value, ...]]


@dataclass(frozen=True)
class Variation:
    """One of a wedge: `w001`, and its value on each axis."""

    label: str
    values: dict[str, Value]

    def __str__(self) -> str:
        return ", ".join(f"{name} {said(value)}" for name, value in self.values.items())


def variations(axes: Axes) -> Iterator[Variation]:
    """All combinations; the last axis changes fastest. None at all without axes."""
    if not axes:
        return
    digits = max(3, len(str(count(axes))))
    for number, values in enumerate(itertools.product(*axes.values()), start=1):
        yield Variation(f"w{number:0{digits}d}", dict(zip(axes, values, strict=True)))


def count(axes: Axes) -> int:
    return math.prod(len(values) for values in axes.values())


def checked(contract: Contract, asked: Mapping[str, str | tuple[Value, ...]]) -> Axes:
    """The axes with their values in the parameters' own types, each value once.

    Raises:
        JobError: an axis is no parameter, is empty, or a value is wrong.
    """
    known = {one.name: one for one in contract.parameters}
    axes: Axes = {}
    for name, values in asked.items():
        if name == SEED and contract.seed:
            axes[name] = _seeds(values)
        elif name in known:
            axes[name] = _values(known[name], values)
        else:
            names = [*known, SEED] if contract.seed else list(known)
            raise JobError(
                f"Task {contract.task} has no parameter '{name}' to vary."
                f"{did_you_mean(name, names)}",
                remedy=f"It can vary {', '.join(names) or 'nothing'}.",
            )
    return axes


def check_count(axes: Axes, frames: int, confirmed: int | None) -> None:
    """Ask about a wedge that is larger than anybody means by accident; a long plate is none.

    Raises:
        JobError: there are many work items and the job does not name their number.
    """
    items = count(axes) * frames
    if axes and items > ASK_ABOVE and confirmed != items:
        raise JobError(
            f"The wedge has {items:,} work items: {count(axes):,} variations of {frames:,} "
            f"frame{'' if frames == 1 else 's'}.",
            remedy=f"If you mean it, say so with --items {items}; else leave values out.",
            fix=Fix(f"Run all {items:,}", {"items": items}, run=True),
        )


def check_seeds(seeds: Iterable[str]) -> None:
    """Raises JobError: a seed is not one that models take, which is 64 bits without a sign."""
    for seed in seeds:
        if not 0 <= int(seed) <= MOST_SEED:
            raise JobError(
                f"Seed {seed} is no seed for a model.",
                remedy=f"Give a whole number from 0 to {MOST_SEED}.",
            )


def said(value: Value) -> str:
    """A value as an artist reads it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _seeds(values: str | tuple[Value, ...]) -> tuple[Value, ...]:
    words = _whole_numbers(SEED, values) if isinstance(values, str) else values
    wrong = [one for one in words if _WHOLE.fullmatch(str(one)) is None]
    if wrong:
        raise JobError(
            f"A seed of the wedge is {wrong[0]!r}.",
            remedy="Give whole numbers of at most 20 digits, like 1-8.",
        )
    return _each_once(SEED, (str(int(one)) for one in words), "a whole number")


def _values(parameter: Parameter, values: str | tuple[Value, ...]) -> tuple[Value, ...]:
    words: Iterable[Value] = values
    if isinstance(values, str):
        split = [word.strip() for word in values.split(",")]
        words = _whole_numbers(parameter.name, values) if parameter.type == "int" else split
    return _each_once(parameter.name, (parameter.checked(one) for one in words), parameter.said())


def _each_once(name: str, values: Iterable[Value], said: str) -> tuple[Value, ...]:
    found = tuple(dict.fromkeys(values))
    if not found:
        raise JobError(
            f"The wedge over {name} has no values.", remedy=f"Give at least one: {said}."
        )
    return found


def _whole_numbers(name: str, text: str) -> list[int]:
    """Numbers and ranges of them, as they were written: 10,1-5x2."""
    return [number for term in text.split(",") for number in _term(name, term.strip())]


def _term(name: str, term: str) -> Iterable[int]:
    if _WHOLE.fullmatch(term):  # may have more digits than a frame
        return [int(term)]
    try:
        return FrameRange.parse(term)
    except JobError as error:
        raise JobError(
            f"The wedge over {name} has '{term}', which is neither a number nor a range of up to "
            f"{MOST_FRAMES:,}.",
            remedy="Write whole numbers, and ranges upwards, like 10,1-5x2.",
        ) from error
