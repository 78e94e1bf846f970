"""Say how the server is: the one that is configured, or else the embedded one on this machine.

Of several that are configured, the one that a run would go to; 'answerprint doctor' lists them all.

  connected   it answers, and has tasks         not ready   it answers, and has no task that is ready
  starting    the embedded one is coming up     refused     it answers, and does not let us in
  away        nothing answers there             none        none is configured, and none runs here

examples:
  answerprint status
  answerprint status --watch     again whenever that changes, until Ctrl-C
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace
from typing import Any

from answerprint import documents, site
from answerprint.access import Access
from answerprint.cli import INTERRUPTED
from answerprint.cli.context import Context, Output
from answerprint.documents import count
from answerprint.errors import AnswerprintError, JobError, ServerError, SetupError
from answerprint.health import Eye, Health
from answerprint_server import embedded

EVERY_SECONDS = 0.2
TELL_SECONDS = 1.0  # at most one document in this time
PICK_SECONDS = 30.0  # a server that was picked is meant so long, while it is well

Said = dict[str, Any]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--watch", action="store_true", help="go on, and say what changes")
    parser.add_argument("--server", metavar="HOST:PORT", help="another server than the usual")


def run(args: argparse.Namespace, context: Context) -> int:
    watch = _Watch(args.server, context)
    try:
        with context.interrupted.watched():
            while not context.interrupted.is_set():
                said = watch.changed()
                if said is not None:
                    _say(said, context.output)
                    if not args.watch:
                        return 0 if said["state"] == "connected" else 1
                context.interrupted.wait(EVERY_SECONDS)
    finally:
        watch.close()
    return INTERRUPTED


@dataclass(frozen=True)
class _Meant:
    """Which server is meant just now.

    address     None: there is none that could be asked; `health` and `fix` say why
    embedded    it was started here, and is brought back when it dies
    """

    address: str | None = None
    embedded: bool = False
    health: Health | None = None
    fix: dict[str, Any] | None = None
    access: Access | None = None
    name: str = "this machine"


class _Watch:
    """The server that is meant, whichever that is by now, and how it is."""

    def __init__(self, asked: str | None, context: Context) -> None:
        self._asked, self._context = asked, context
        self._meant, self._meant_at, self._picked_at = _Meant(), 0.0, 0.0
        self._eye: Eye | None = None
        self._state, self._since = ("", ""), ""
        self._told: Said = {}
        self._told_at = 0.0

    def changed(self) -> Said | None:
        """What is to be told now; None: nothing."""
        now = time.monotonic()
        if now - self._meant_at > TELL_SECONDS:
            if not self._stays():
                self._meant, self._picked_at = _meant(self._asked, self._context), now
            self._meant_at = now
            self._look_there()
        if self._told and now - self._told_at < TELL_SECONDS:
            return None
        found = self._found()
        if found is None or not _differs(found, self._told):
            return None
        self._told, self._told_at = found, now
        return found

    def close(self) -> None:
        if self._eye is not None:
            self._eye.close()

    def _stays(self) -> bool:
        """Whether one of several, once picked, still is well: to pick is to ask all of them."""
        if not self._context.has_several(self._asked) or self._eye is None:
            return False
        is_due = time.monotonic() - self._picked_at > PICK_SECONDS
        health = self._eye.health()
        return not is_due and (health is None or health.state == "connected")

    def _look_there(self) -> None:
        address, access = self._meant.address, self._meant.access
        if self._eye is not None and (self._eye.address, self._eye.access) != (address, access):
            self._eye.close()
            self._eye = None
        if self._eye is None and address:
            self._eye = Eye(address, access)
            self._eye.start()

    def _found(self) -> Said | None:
        health = self._health()
        if health is None:
            return None
        state = (health.state, self._meant.address or "")
        if state != self._state:
            self._state, self._since = state, documents.now()
        return {
            "state": health.state,
            "name": self._eye.host if self._eye else self._meant.name,
            "address": self._meant.address,
            "embedded": self._meant.embedded,
            "milliseconds": health.milliseconds,
            "since": self._since,
            "seen": self._eye.seen if self._eye else None,
            "busy": health.busy,
            "models": health.models,
            "problem": health.problem,
            "remedy": health.remedy,
            "fix": self._meant.fix,
        }

    def _health(self) -> Health | None:
        health = self._eye.health() if self._eye else self._meant.health
        if health and health.state == "away" and self._meant.embedded and not health.is_slow:
            return _coming()
        return health


def _meant(asked: str | None, context: Context) -> _Meant:
    """As the configuration is now: files may have changed since the watch began."""
    now = context
    try:
        now = replace(context, site=site.load())
        address = now.address(asked)
        access = now.access(address)
    except ServerError as error:
        if now.has_several(asked):
            health = Health("away", problem=error.problem, remedy=error.remedy)
            return _Meant(health=health, name="the site's servers")
        if embedded.is_starting(site.home()):
            return _Meant(embedded=True, health=_coming())
        return _unmeant(error)
    except (SetupError, JobError) as error:
        return _unmeant(error)
    running = embedded.running(site.home())
    if running is None or running.address != address.replace("localhost:", "127.0.0.1:"):
        return _Meant(address, access=access)
    return _Meant(address, embedded=True)


def _unmeant(error: AnswerprintError) -> _Meant:
    health = Health("none", problem=error.problem, remedy=error.remedy)
    return _Meant(health=health, fix=error.as_json().get("fix"))


def _coming() -> Health:
    """The embedded server has its supervisor, and does not answer yet, or not again."""
    return Health(
        "starting",
        problem="The server on this machine does not answer yet.",
        remedy="Wait a moment: it loads its models, and is started again by itself when it dies.",
    )


def _differs(found: Said, told: Said) -> bool:
    """Whether it is worth a document; milliseconds alone are, where they are many more or fewer."""
    passing = ("milliseconds", "seen", "since", "busy")
    if (found["busy"] or 0) != (told.get("busy") or 0) or any(
        found[name] != told.get(name) for name in found.keys() - set(passing)
    ):
        return True
    now, before = found["milliseconds"] or 0.0, told["milliseconds"] or 0.0
    return abs(now - before) > 10 and not before / 2 <= now <= before * 2


def _say(said: Said, output: Output) -> None:
    output.emit({"server": said})
    where = f" at {said['address']}" if said["address"] else ""
    way = "" if said["milliseconds"] is None else f", {said['milliseconds']:.1f} ms away"
    busy = f", {count(said['busy'], 'request')} at work" if said["busy"] else ""
    output.say(f"{said['name']}{where}: {said['state']}{way}{busy}.")
    if said["problem"]:
        output.say(f"  {said['problem']} {said['remedy']}")
