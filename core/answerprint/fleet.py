"""The fleet: a studio's servers as one. A run goes to the best that is there, and on to another.

One that loses its server goes on at another that has the very same model; where none has, it waits
as for a single server. Frames of one take never come from two models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from answerprint import begin, rollout
from answerprint.access import Access
from answerprint.errors import (
    ServerAway,
    ServerError,
    ServerNotReady,
    ServerRefused,
    SetupError,
)
from answerprint.job import Resolved
from answerprint.muster import Seen, muster, ranked, why
from answerprint.patience import Elsewhere, Tell
from answerprint.triton import Offer, Server

REMEDY = "See every server and how it is with 'answerprint doctor'."

Draining = Callable[[], Mapping[str, str]]


def draining(folder: Path | None) -> dict[str, str]:
    """Servers that take nothing new, and why: as the roll-out in this folder has it.

    A roll-out that is not there, or is wrong, names none: whoever chooses a version says that.
    """
    if folder is None:
        return {}
    try:
        found = rollout.read(folder / rollout.FILE)
    except SetupError:
        return {}
    return {address: one.draining for address, one in found.servers.items() if one.draining}


def pick(seen: Sequence[Seen], task: str = "") -> Seen:
    """The best of them; where none has the task ready, of all: that server then says what it has.

    Raises:
        ServerAway, ServerRefused, ServerNotReady: none may be picked; names each, and why not.
    """
    best = ranked(seen, task) or ranked(seen)
    if best:
        return best[0]
    states = {one.health.state for one in seen}
    kinds = {"connected": ServerNotReady, "not ready": ServerNotReady, "refused": ServerRefused}
    kind = next((kinds[state] for state in kinds if state in states), ServerAway)
    said = _listed({one.address: one.unfit() for one in seen})
    raise kind(f"No server of the site takes a job: {said}.", remedy=REMEDY)


class Fleet(Server):
    """The best of several servers, and another of them once it is lost. Safe as a Server is.

    addresses   host:port, nearest first
    draining    which take nothing new; asked each time
    task        that is wanted, so that a server without it is passed by
    note        why this server, where it is not simply the nearest

    Raises:
        ServerAway, ServerRefused, ServerNotReady: none of them can be used; names each.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        transport: str = "auto",
        *,
        draining: Draining = dict,
        task: str = "",
        access: Access | None = None,
        **options: Any,
    ) -> None:
        self.addresses = tuple(dict.fromkeys(addresses))
        self._draining = draining
        seen = muster(self.addresses, access, draining())
        picked = pick(seen, task).address
        self.note = why(seen, picked)
        super().__init__(picked, transport, access=access, **options)

    def __enter__(self) -> Fleet:  # noqa: PYI034 - Self came with Python 3.11
        return self

    def go_on(self, resolved: Resolved, error: ServerError) -> ServerError | None:
        """Move to the best other server that has the model of this job; None once that is done.

        `error`: why this one cannot go on. What is returned names every server and why not it.
        """
        others = [one for one in self.addresses if one != self.address]
        seen = muster(others, self._access, self._draining())
        said = {self.address: error.problem, **{one.address: one.unfit() for one in seen}}
        for one in ranked(seen):
            said[one.address] = self._moved(one.address, resolved)
            if not said[one.address]:
                return None
        return _nobody(said, error) if others else error

    def _moved(self, address: str, resolved: Resolved) -> str:
        """Why it cannot go on there; empty once it does."""
        try:
            with Server(address, access=self._access) as other:
                begin.pinned(resolved, other)
            self.move(address)
        except ServerError as error:
            return error.problem
        self.note = f"{address} goes on"
        return ""


@dataclass(frozen=True)
class Post:
    """The server that a run is at, and the model that it has there.

    farm    whether a run of many frames asks for the farm's lane
    use     is given the offer when the server is back, or another goes on
    tell    writes an event: `moved`
    """

    resolved: Resolved
    server: Server
    farm: bool
    use: Callable[[Offer], None]
    tell: Tell

    def look(self) -> None:
        """Hold that it has the very model; it may have a lane for the farm by now, or none any more.

        Raises:
            ServerError: it cannot go on.
        """
        self.use(begin.pinned(self.resolved, self.server, farm=self.farm))

    @property
    def elsewhere(self) -> Elsewhere | None:
        """What goes on at another server; None: there is but this one."""
        server = self.server
        return partial(self._left, server) if isinstance(server, Fleet) else None

    def _left(self, server: Fleet, error: ServerError, waited: float) -> ServerError | None:
        """Go on at another server of the fleet; None once that is done, else why none can."""
        before = server.address
        try:
            still = server.go_on(self.resolved, error)
            if still is None:
                self.look()
        except ServerError as lost:  # it is gone as well
            return lost
        if still is None:
            said = {"from": before, "to": server.address, "seconds": round(waited, 1)}
            self.tell("moved", **said, why=error.problem)
        return still


def settle(resolved: Resolved, server: Server) -> None:
    """Hold that the server has the job's very model; a fleet goes to one that has.

    Raises:
        ServerError: it has not, nor has another; or none answers.
    """
    try:
        begin.pinned(resolved, server)
    except ServerError as error:
        still = server.go_on(resolved, error) if isinstance(server, Fleet) else error
        if still is error:
            raise
        if still is not None:
            raise still from error


def _nobody(said: Mapping[str, str], error: ServerError) -> ServerError:
    return type(error)(
        f"No server can go on: {_listed(said)}.",
        remedy=f"{error.remedy} {REMEDY}",
    )


def _listed(said: Mapping[str, str]) -> str:
    return "; ".join(f"{address}: {words.rstrip('.')}" for address, words in said.items())
