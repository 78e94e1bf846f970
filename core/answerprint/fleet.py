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

from answerprint import begin, inforce
from answerprint.access import Access
from answerprint.errors import (
    NoSuchTask,
    ServerAway,
    ServerError,
    ServerNotReady,
    ServerRefused,
    ServerSilent,
    SetupError,
)
from answerprint.job import Resolved
from answerprint.muster import Seen, muster, ranked, why
from answerprint.patience import Elsewhere, Tell
from answerprint.triton import Offer, Server

REMEDY = "See every server and how it is with 'answerprint doctor'."

Draining = Callable[[], Mapping[str, str]]


def draining(folder: Path | None, home: Path) -> dict[str, str]:
    """Servers that take nothing new, and why: as the roll-out in this folder has it.

    A broken one has the last good one stand for it; where there is none either, none is drained:
    whoever chooses a version says what is wrong.
    """
    if folder is None:
        return {}
    try:
        found = inforce.in_force(folder, home=home)
    except SetupError:
        return {}
    servers = found.rollout.servers if found else {}
    return {address: one.draining for address, one in servers.items() if one.draining}


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
        self._draining, self._is_bound = draining, False
        seen = muster(self.addresses, access, draining())
        picked = pick(seen, task).address
        self.note = why(seen, picked)
        super().__init__(picked, transport, access=access, **options)

    def __enter__(self) -> Fleet:  # noqa: PYI034 - Self came with Python 3.11
        return self

    def offer(self, task: str, version: str | None = None) -> Offer:
        """As a server's; before a run is bound to this one, of another that has what this one lacks."""
        try:
            return super().offer(task, version)
        except (NoSuchTask, ServerNotReady, ServerAway, ServerSilent) as error:
            if self._is_bound or self._left_for(lambda other: other.offer(task, version)):
                raise
            self.note = f"{self.address}: {error.problem}"
        return super().offer(task, version)

    def bind(self) -> None:
        """A run is at this server from now on, and leaves it by `go_on` alone."""
        self._is_bound = True

    def go_on(self, resolved: Resolved, error: ServerError) -> ServerError | None:
        """Move to the best other server that has the model of this job; None once that is done.

        `error`: why this one cannot go on. What is returned names every server and why not it.
        """
        here = self.address
        said = self._left_for(lambda other: begin.pinned(resolved, other))
        if not said:
            self.note = f"{self.address}: {error.problem}"
            return None
        return error if set(said) == {here} else _nobody({**said, here: error.problem}, error)

    def _left_for(self, fits: Callable[[Server], object]) -> dict[str, str]:
        """Move to the best other server that fits; empty once that is done, else why not each.

        `fits`: raises ServerError where it does not. This server stands first.
        """
        others = [one for one in self.addresses if one != self.address]
        seen = muster(others, self._access, self._draining())
        said = {self.address: "", **{one.address: one.unfit() for one in seen}}
        for one in ranked(seen):
            said[one.address] = self._left(one.address, fits)
            if not said[one.address]:
                return {}
        return said

    def _left(self, address: str, fits: Callable[[Server], object]) -> str:
        """Move there; empty once that is done, else why not."""
        try:
            with Server(address, access=self._access) as other:
                fits(other)
            self.move(address)
        except ServerError as error:
            return error.problem
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
        if not isinstance(server, Fleet) or len(server.addresses) == 1:
            return None
        return partial(self._left, server)

    def _left(self, server: Fleet, error: ServerError, waited: float) -> ServerError | None:
        """Go on at another server of the fleet; None once that is done, else why none can."""
        before = server.address
        still = server.go_on(self.resolved, error)
        if still is not None:
            return still
        said = {"from": before, "to": server.address, "seconds": round(waited, 1)}
        self.tell("moved", **said, why=error.problem)
        try:
            self.look()
        except ServerError as lost:  # it is gone as well
            return lost
        return None


def settle(resolved: Resolved, server: Server) -> None:
    """Hold that the server has the job's very model; a fleet goes to one that has, and is bound to it.

    Raises:
        ServerError: it has not, nor has another; or none answers.
    """
    if isinstance(server, Fleet):
        server.bind()
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
