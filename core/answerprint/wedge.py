"""Wedges: one job in many variations, a value of each axis for every one of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from answerprint.contract import Contract
from answerprint.documents import did_you_mean
from answerprint.errors import JobError
from answerprint.frames import FrameRange
from answerprint.parameter import Parameter, Value

SEED = "seed"
ASK_ABOVE = 10_000  # work items; more than that is asked about

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
    """Ask about a wedge that is larger than anybody means by accident.

    Raises:
        JobError: there are many work items and the job does not name their number.
    """
    items = count(axes) * frames
    if items > ASK_ABOVE and confirmed != items:
        raise JobError(
            f"The wedge has {items:,} work items: {count(axes):,} variations of {frames:,} "
            f"frame{'' if frames == 1 else 's'}.",
            remedy=f"If you mean it, say so with --items {items}; else leave values out.",
        )


def said(value: Value) -> str:
    """A value as an artist reads it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _seeds(values: str | tuple[Value, ...]) -> tuple[Value, ...]:
    if isinstance(values, str):
        return tuple(str(seed) for seed in FrameRange.parse(values))
    return tuple(dict.fromkeys(str(seed) for seed in values))


def _values(parameter: Parameter, values: str | tuple[Value, ...]) -> tuple[Value, ...]:
    words: tuple[Value, ...] = values if isinstance(values, tuple) else tuple(values.split(","))
    if isinstance(values, str) and parameter.type == "int":
        words = tuple(FrameRange.parse(values))
    found = tuple(
        dict.fromkeys(
            parameter.checked(one.strip() if isinstance(one, str) else one) for one in words
        )
    )
    if not found:
        raise JobError(
            f"The wedge over {parameter.name} has no values.",
            remedy=f"Give at least one: {parameter.said()}.",
        )
    return found
