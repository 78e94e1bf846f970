"""A study: every clip of a set through all gates, clean and spoiled, two clips at a time."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from answerprint import gates as gates_of
from answerprint.access import Access
from answerprint.calibration import sets
from answerprint.calibration.corruptions import KINDS, Corruption
from answerprint.calibration.measured import Numbers, measured
from answerprint.calibration.sets import Spec
from answerprint.documents import canonical
from answerprint.gate import Gate
from answerprint.triton import Server

WORKERS = 2
# A kind that has to be caught always is tried on a quarter of the held-out clips, others on an eighth
OFTEN, SELDOM = 4, 8
MUST = (
    "NaN", "black", "frozen", "wrong order", "flicker, one frame", "wrong window", "missing frame",
)  # fmt: skip

Row = tuple[str, float]  # a kind of corruption, and its strength


@dataclass(frozen=True)
class Outcome:
    """What one clip gave. `spoiled`: by kind and strength, the greatest number of each gate."""

    spec: Spec
    maker: str
    told: dict[str, Any]
    clean: Numbers
    spoiled: dict[Row, Numbers]
    skipped: tuple[Row, ...] = ()
    broken: dict[str, str] = field(default_factory=dict)


def rows() -> list[tuple[Corruption, float]]:
    return [(kind, step) for kind in KINDS for step in kind.steps]


def outcomes(
    specs: Sequence[Spec],
    address: str | None,
    names: Collection[str],
    access: Access | None = None,
) -> Iterator[Outcome]:
    """Each clip's, in the order of the specs.

    address   of the server with the real models
    names     of the gates to ask
    access    what a gateway before that server wants to see
    """
    context = multiprocessing.get_context("spawn")  # gRPC does not outlive a fork
    with ProcessPoolExecutor(WORKERS, context, _begin, (address, tuple(names), access)) as pool:
        try:
            yield from pool.map(_study, specs)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def digest(found: Sequence[Outcome], seed: int) -> str:
    """Of the set: how it is described, and every pixel of its plates."""
    kinds = [[kind.name, list(kind.steps)] for kind in KINDS]
    told = {"seed": seed, "kinds": kinds, "clips": [one.told for one in sorted(found, key=_place)]}
    return hashlib.sha256(canonical(told)).hexdigest()


def _place(one: Outcome) -> tuple[str, int]:
    return one.spec.half, one.spec.number


class _Room:
    """What a worker keeps from clip to clip."""

    server: Server | None = None
    gates: dict[str, Gate] = {}


def _begin(address: str | None, names: tuple[str, ...], access: Access | None) -> None:
    _Room.server = Server(address, access=access) if address else None
    _Room.gates = {name: gate for name, gate in gates_of.found().items() if name in names}


def _study(spec: Spec) -> Outcome:
    clip = sets.clip(spec, _Room.server)
    clean = measured(_Room.gates, clip.footage)
    broken = dict(clean.broken)
    spoiled: dict[Row, Numbers] = {}
    skipped: list[Row] = []
    drawn = np.random.default_rng([spec.seed, spec.number, 5]).random(len(rows()))
    for place, (kind, step) in enumerate(rows() if spec.half == "held" else ()):
        often = OFTEN if kind.name in MUST or kind.control else SELDOM
        if drawn[place] * often >= 1:
            continue
        chance = np.random.default_rng([spec.seed, spec.number, place, 7])
        made = kind.change(clip.footage, step, chance)
        if made is None:
            skipped.append((kind.name, step))
            continue
        found = measured(_Room.gates, made, clean)
        spoiled[kind.name, step] = found.worst
        broken |= found.broken
    return Outcome(spec, clip.maker, clip.told, clean.worst, spoiled, tuple(skipped), broken)
