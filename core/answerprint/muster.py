"""The muster: how every server of a studio is just now, all looked at at once, and which is best.

Of those that are well and are not being drained, the one with the fewest requests there is the best,
and of equal ones the nearest: who asks again is told the same.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from answerprint import backlog
from answerprint.access import Access
from answerprint.documents import count
from answerprint.health import Check, Health

LOOK_SECONDS = 3.0  # who does not answer within it is as good as away, where others do
LONGEST_SECONDS = 10.0  # and where none does: a slow server is better than none
APART_SECONDS = 0.5  # between the two looks that tell how much a server has to do
FAR_MILLISECONDS = 100.0  # farther than the nearest; less is the moment's chance

_SILENT = Health("away", problem=f"it does not answer within {LOOK_SECONDS:g} s", is_slow=True)


@dataclass(frozen=True)
class Seen:
    """One server as it was found.

    draining   why it takes nothing new; empty: it does
    waiting    requests that no instance has begun yet; None: the server does not tell
    """

    address: str
    health: Health
    draining: str = ""
    waiting: int | None = None

    @property
    def requests(self) -> int | None:
        """At work and waiting there; None: neither is known."""
        known = [one for one in (self.health.busy, self.waiting) if one is not None]
        return max(known) if known else None

    def unfit(self, task: str = "") -> str:
        """Why it is not picked, in words; empty: it may be."""
        if self.health.state != "connected":
            problem = self.health.problem.rstrip(".")
            return f"{self.health.state}: {problem}" if problem else self.health.state
        if self.draining:
            return f"draining: {self.draining}"
        return "" if not task or task in self.health.ready else f"no task {task} that is ready"

    @property
    def words(self) -> str:
        """'3 requests there', 'draining: new driver', 'away: ...'."""
        return self.unfit() or (
            "connected" if self.requests is None else f"{count(self.requests, 'request')} there"
        )


def muster(
    addresses: Sequence[str],
    access: Access | None = None,
    draining: Mapping[str, str] | None = None,
    *,
    seconds: float = LOOK_SECONDS,
) -> list[Seen]:
    """How all of them are, in this order. Takes half a second, or `seconds` if one is silent.

    Where none has answered by then, all are waited for as long as a single one would be.

    `draining`: address -> why.
    """
    begun, drained = time.monotonic(), draining or {}
    looks = [_Look(address, access) for address in addresses]
    for one in looks:
        one.start()
    for longest in (seconds, LONGEST_SECONDS):
        for one in looks:
            one.join(max(0.0, begun + longest - time.monotonic()))
        if any(one.health.state == "connected" for one in looks):
            break
    return [
        Seen(one.address, one.health, drained.get(one.address, ""), one.waiting) for one in looks
    ]


def ranked(seen: Sequence[Seen], task: str = "") -> list[Seen]:
    """Those that may be picked, best first. `seen`: nearest first; `task`: it has to be ready there.

    A server that does not say what it has to do counts as one that has nothing.
    """
    fit = [one for one in seen if not one.unfit(task)]
    least = min((one.health.milliseconds or 0.0 for one in fit), default=0.0)

    def rank(one: Seen) -> tuple[int, bool]:
        is_far = (one.health.milliseconds or 0.0) - least > FAR_MILLISECONDS
        return one.requests or 0, is_far

    return sorted(fit, key=rank)


def why(seen: Sequence[Seen], picked: str) -> str:
    """Why one was picked, where it is not simply the nearest; else empty."""
    passed = [one for one in seen if one.address != picked]
    if not seen or seen[0].address == picked:
        return ""
    (mine,) = (one for one in seen if one.address == picked)
    return "; ".join(f"{one.address} {one.words}" for one in [mine, *passed])


class _Look(threading.Thread):
    """Two looks at one server; what is known of it by now stands in `health`.

    One that hangs keeps nobody waiting, and ends by itself.
    """

    def __init__(self, address: str, access: Access | None) -> None:
        super().__init__(name=f"look at {address}", daemon=True)
        self.address, self._access = address, access
        self.health = _SILENT
        self.waiting: int | None = None

    def run(self) -> None:
        check = Check(self.address, self._access)
        try:
            self.health = check.look()
            if self.health.state != "connected":
                return
            if self._access is None:  # behind a gateway there is no page
                self.waiting = backlog.waiting(self.address)
            time.sleep(APART_SECONDS)
            near, self.health = self.health.milliseconds, check.look()
            if near is not None and near < (self.health.milliseconds or 0.0):
                self.health = replace(self.health, milliseconds=near)  # the rest was the moment's
        finally:
            check.close()
