"""Watched: what is known of each model that is asked now and again, as one look found it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from answerprint.triton import Offer
from answerprint_server import probe
from answerprint_server.probe import Found

NOT_READY, UNASKED = "not ready", "not asked"


@dataclass(frozen=True)
class Model:
    """What is known of one version of one model.

    found       by the last probe; its verdict is 'not ready' where the server has not loaded it
    seconds     that its last answer took
    answered    when it answered last, by a probe or to artists; seconds since 1970; 0: never
    verdicts    how often each verdict was found, 'not asked' among them
    cured, uncured   how often it was loaded again, and how often that did not help
    cost        seconds that probes have taken of it
    """

    name: str
    version: str
    instances: int
    found: Found
    seconds: float = 0.0
    answered: float = 0.0
    verdicts: Counter[str] = field(default_factory=Counter)
    cured: int = 0
    uncured: int = 0
    cost: float = 0.0

    @property
    def is_well(self) -> bool:
        return self.found.is_well

    @property
    def is_lost(self) -> bool:
        """Whether it needs a person: dead, and loading it again did not help."""
        return self.found.verdict in (probe.DIED, probe.HANGS)


def new(offer: Offer) -> Model:
    return Model(offer.name, offer.version, offer.instances, not_ready(offer))


def not_ready(offer: Offer) -> Found:
    return Found(NOT_READY, problem=f"{offer.name}: {offer.problem}", remedy=probe.REMEDY)


def counted(model: Model, found: Found) -> Model:
    """The model after another probe."""
    well = found.verdict == probe.ANSWERS
    return replace(
        model,
        found=found,
        seconds=found.seconds if well else model.seconds,
        answered=time.time() if well else model.answered,
        verdicts=model.verdicts + Counter([found.verdict]),
        cost=model.cost + (found.seconds if well else 0.0),
    )


def is_news(before: Model | None, now: Model) -> bool:
    """Whether somebody wants to hear of it: it fell ill, or is well again."""
    if before is None:
        return not now.is_well or bool(now.cured)
    if before.cured != now.cured:
        return True
    is_other = before.found.verdict != now.found.verdict or before.uncured != now.uncured
    return is_other and not (before.is_well and now.is_well)


def is_well(models: Iterable[Model]) -> bool:
    """Whether a server with these can be used: it has some, and each answers."""
    found = list(models)
    return bool(found) and all(one.is_well for one in found)
