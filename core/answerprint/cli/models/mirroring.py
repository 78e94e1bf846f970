"""Working off what is to be mirrored on this machine, one job after the other, behind everybody else."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from answerprint import localised, mirrored, site, takes
from answerprint.cli import ending
from answerprint.cli.context import Context
from answerprint.documents import now
from answerprint.errors import AnswerprintError, SetupError
from answerprint.line import Line, Ticket
from answerprint.mirrored import Comparison
from answerprint.mirroring import Mirror
from answerprint.takes import Take

LOOK_SECONDS = 0.5
DIED = "The process that made it died."


def run_for(take: Path, context: Context, server: str | None = None) -> int:
    """Mirror a take, and all that waits with it; what another process works off is left to that one.

    Raises:
        SetupError: the site names no roll-out.
        JobError: the take is not to be mirrored.
        TakeError: it cannot be read.
    """
    ending.lowest()
    line = Line.of(site.home())
    _put(take, context, server)
    while line.waiting():
        lease = line.lock()
        if lease is None:
            return 0
        with lease:
            _work_off(line, context)
    return 0


def _put(path: Path, context: Context, server: str | None) -> None:
    """Where nobody has put the take there: whoever ended it usually did."""
    rollout = context.site.rollout
    if rollout is None:
        raise SetupError(
            "The site names no folder for a roll-out.",
            remedy='Write rollout = "/path/of/a/folder" into the site file.',
        )
    take = takes.find(path)
    resolved = localised.resolved(takes.reopen(take), context.site)
    said = ending.put(take, resolved, rollout, context.address(server))
    if said:
        context.output.say(said)


def _work_off(line: Line, context: Context) -> None:
    def give_way() -> None:
        while line.is_busy():
            context.interrupted.heed()
            time.sleep(LOOK_SECONDS)

    mirror = Mirror(
        context.site, context.signer(), context.trusted(), context.interrupted, give_way
    )
    while waiting := line.waiting():
        give_way()
        path = waiting[0]
        ticket = line.read(path)
        if ticket is not None:
            _one(line, path, ticket, mirror, context)
        path.unlink(missing_ok=True)


def _one(line: Line, path: Path, ticket: Ticket, mirror: Mirror, context: Context) -> None:
    folder = Path(ticket.folder)
    try:
        take = takes.find(Path(ticket.take))
        found = _made(line, path, ticket, take, mirror, context)
    except AnswerprintError as error:  # it was taken away, or nothing can be written
        context.output.emit({"mirrored": ticket.take, **error.as_json()})
        context.output.say(f"{now()} {ticket.take}: {error.problem}")
        with suppress(OSError):
            folder.rmdir()
        return
    except KeyboardInterrupt:  # it is made from its beginning when somebody comes by again
        line.begin(path, ticket, begun=False)
        raise
    context.output.emit({"mirrored": ticket.take, "state": found.state, "drift": found.drift})
    context.output.say(f"{now()} {ticket.take}: {found.state} {found.why}".rstrip())
    if context.site.rollout is not None:
        mirrored.tidy(context.site.rollout, found.task, found.version)
    ending.look(found.task, context, context.output.say)


def _made(
    line: Line, path: Path, ticket: Ticket, take: Take, mirror: Mirror, context: Context
) -> Comparison:
    folder = Path(ticket.folder)
    if ticket.begun:
        return mirror.give_up(take, folder, "failed", DIED)
    line.begin(path, ticket)
    try:
        server = context.server(ticket.server)
    except AnswerprintError as error:
        return mirror.give_up(take, folder, "skipped", error.problem)
    with server:
        return mirror.mirror(take, folder, server)
