"""A glance: how a server and its people do just now, for `answerprint server top`."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from answerprint.errors import NoSuchTask
from answerprint.outcome import Outcome
from answerprint.pulse import Pulse
from answerprint.rollout import Rollout
from answerprint.triton import Offer, Server
from answerprint_server import queues
from answerprint_server.clients import Recent

HOUR = 3600.0
WINDOW_SECONDS = 10.0  # a request of some seconds is counted only when it is done
MOST_MODELS = 200
KEPT_RATES = 60  # of the server, for the line that shows where it comes from


@dataclass(frozen=True)
class Row:
    """One version of one model.

    state     ready, or as the server says why not
    role      what the roll-out makes of it: 'stable', 'candidate, 10 %'
    waiting   requests in its queue; None where nobody says
    rate, working, failing   of the last WINDOW_SECONDS: requests a second, None before two looks;
              instances that worked, in the mean; requests that failed
    failed, answered   since it was loaded
    ill       nothing has succeeded since something failed
    wait, work  seconds of a request in the mean of the last ones, or else since it was loaded
    """

    name: str
    version: str
    state: str
    role: str = ""
    instances: int = 1
    rate: float | None = None
    waiting: int | None = None
    working: float = 0.0
    failing: int = 0
    failed: int = 0
    answered: int = 0
    ill: bool = False
    wait: float | None = None
    work: float | None = None


@dataclass(frozen=True)
class Person:
    """Who asked in the last hour, and for what; `ended`: seconds since 1970, of their last run."""

    user: str
    machine: str
    host: str
    show: str
    tasks: tuple[str, ...]
    frames: int
    failed: int
    ended: float


@dataclass(frozen=True)
class Glance:
    """One look. `problem`: why the server could not be asked; what stands here is older then."""

    address: str
    version: str = ""
    problem: str = ""
    rows: tuple[Row, ...] = ()
    people: tuple[Person, ...] = ()
    rates: tuple[float, ...] = ()


@dataclass
class Glances:
    """Looks at one server again and again.

    metrics   the server's address -> that of Triton's metrics; None: nobody knows
    recent    the outcomes that say who asks
    """

    server: Server
    metrics: Callable[[str], str | None]
    recent: Recent
    _pulses: dict[tuple[str, str], deque[tuple[float, Pulse]]] = field(default_factory=dict)
    _rates: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT_RATES))
    _ill: set[tuple[str, str]] = field(default_factory=set)
    _version: str = ""

    def look(self, plan: Rollout | None) -> Glance:
        """How it is now.

        Raises:
            ServerError: the server cannot be asked.
        """
        self._version = self._version or self.server.version()
        waiting = queues.waiting(self.metrics(self.server.address))
        offers = self.server.offers()[:MOST_MODELS]
        rows = [self._row(one, waiting, plan) for one in offers]
        rates = [one.rate for one in rows if one.rate is not None]
        if rates:
            self._rates.append(sum(rates))
        return Glance(
            self.server.address,
            self._version,
            rows=tuple(rows),
            people=tuple(people(self.recent.look(HOUR))),
            rates=tuple(self._rates),
        )

    def _row(self, offer: Offer, waiting: queues.Queues | None, plan: Rollout | None) -> Row:
        key = offer.name, offer.version
        row = Row(*key, _state(offer), role(offer, plan), offer.instances)
        if offer.contract is None:
            return row
        try:
            pulse, now = self.server.pulse(offer), time.monotonic()
        except NoSuchTask:  # it has just been unloaded
            return row
        looked, before = self._since(key, now, pulse)
        seconds = now - looked
        mean = pulse.since(before) or pulse.since(Pulse(executed=0)) or (None, None)
        working = (pulse.worked - before.worked) / seconds if seconds > 0 else 0.0
        return replace(
            row,
            rate=(pulse.answered - before.answered) / seconds if seconds > 0 else None,
            waiting=None if waiting is None else waiting.get(key, 0),
            working=min(working, offer.instances),
            failing=pulse.failed - before.failed,
            failed=pulse.failed,
            answered=pulse.answered,
            ill=key in self._ill,
            wait=mean[0],
            work=mean[1],
        )

    def _since(self, key: tuple[str, str], now: float, pulse: Pulse) -> tuple[float, Pulse]:
        """When the window begins, and what the model had done by then."""
        held = self._pulses.setdefault(key, deque())
        if held and pulse.executed < held[-1][1].executed:
            held.clear()  # it was loaded anew
        last = held[-1][1] if held else Pulse(executed=0)
        if pulse.answered > last.answered or not pulse.failed:
            self._ill.discard(key)
        elif pulse.failed > last.failed:
            self._ill.add(key)
        held.append((now, pulse))
        while len(held) > 2 and now - held[0][0] > WINDOW_SECONDS:
            held.popleft()
        return held[0]


def role(offer: Offer, plan: Rollout | None) -> str:
    """What the roll-out makes of a version."""
    task = plan.tasks.get(offer.contract.task if offer.contract else offer.name) if plan else None
    if task is None:
        return ""
    if offer.version == task.stable:
        return "stable"
    if offer.version == task.candidate:
        shares = [f"{task.canary:g} %"] if task.canary else []
        shares += [f"mirror {task.mirror:g} %"] if task.mirror else []
        return ", ".join(["candidate", *shares])
    return ", ".join(name for name, version in task.aliases.items() if version == offer.version)


def people(found: Iterable[Outcome]) -> list[Person]:
    """Who is behind these, who asked last first; mirrored runs are nobody's."""
    of: dict[tuple[str, str, str, str], list[Outcome]] = {}
    for one in found:
        if not one.mirrored:
            of.setdefault((one.user, one.machine, one.host, one.show or ""), []).append(one)
    listed = [_person(who, runs) for who, runs in of.items()]
    return sorted(listed, key=lambda one: one.ended, reverse=True)


def _person(who: tuple[str, str, str, str], runs: Sequence[Outcome]) -> Person:
    tasks = Counter(f"{one.task} {one.version}" for one in runs)
    return Person(
        *who,
        tasks=tuple(task for task, _ in tasks.most_common(3)),
        frames=sum(one.frames for one in runs),
        failed=sum(one.failed for one in runs),
        ended=max(_when(one.ended) for one in runs),
    )


def _state(offer: Offer) -> str:
    """ready, or why not: 'it is unavailable, RuntimeError: gone.' without what every one has."""
    return "ready" if offer.contract else offer.problem.removeprefix("it is ").rstrip(".")


def _when(iso: str) -> float:
    """Seconds since 1970; 0 of what is no time."""
    try:
        return datetime.fromisoformat(iso.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0
