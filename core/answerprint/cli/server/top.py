"""Look at a server as it works: models, queues, rates, errors, and who asks.

AT WORK is how many of a model's instances were busy, QUEUE how many requests wait (from Triton's
metrics: of another machine's server, say where with --metrics), WAITS and TAKES what a request did in
the mean. Who asks is told by the outcomes that runs leave beside the roll-out.

examples:
  answerprint server top
  answerprint server top --once                    one look, as text
  answerprint server top --server render1:8001 --metrics render1:8002
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict, replace

from rich.console import Console
from rich.live import Live

from answerprint.cli import INTERRUPTED, detach, flags
from answerprint.cli.context import Context
from answerprint.cli.server.screen import Job, View, screen
from answerprint.cli.server.watch import embedded_at
from answerprint.errors import ServerError
from answerprint.followed import ENDED
from answerprint.jobs import Jobs
from answerprint.triton import OVER_GRPC
from answerprint_server import alive
from answerprint_server.clients import Recent
from answerprint_server.facts import Planned
from answerprint_server.glance import Glance, Glances

EVERY_SECONDS, ONCE_SECONDS = 2.0, 1.0
WIDTH, HEIGHT = 100, 30  # of text that goes to no terminal


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--server", metavar="HOST:PORT", help="another server than the usual")
    add("--metrics", metavar="HOST:PORT", help="of Triton's own metrics; known of the embedded one")
    add(
        "--every",
        type=flags.above_zero,
        metavar="SECONDS",
        default=EVERY_SECONDS,
        help=f"between two looks; usually {EVERY_SECONDS:g}",
    )
    add("--once", action="store_true", help="one look, as text; rates are of one second")


def run(args: argparse.Namespace, context: Context) -> int:
    with context.interrupted.watched(), context.server(args.server, OVER_GRPC) as server:
        desk = _Desk(Glances(server, _metrics(args), Recent(context.site.rollout)), context)
        if args.once:
            desk.look()
            context.interrupted.wait(ONCE_SECONDS)
            return _show(desk.look(), context)
        if context.output.json or not context.output.is_terminal:
            return _lines(desk, args.every, context)
        return _live(desk, args.every, context)


def _metrics(args: argparse.Namespace) -> Callable[[str], str | None]:
    def metrics(address: str) -> str | None:
        state = embedded_at(address)
        return args.metrics or (f"127.0.0.1:{state.metrics}" if state else None)

    return metrics


class _Desk:
    """Everything that is looked at together."""

    def __init__(self, glances: Glances, context: Context) -> None:
        self._glances, self._planned = glances, Planned(context.site.rollout)
        self._jobs = Jobs(detach.folder(), alive.is_same)
        self._going: dict[str, Job] = {}
        self._last = Glance(glances.server.address)

    def look(self) -> View:
        """All of it as it is now.

        Raises:
            ServerError: the server cannot be asked, and never could.
        """
        self._planned.look()
        plan = self._planned.plan
        try:
            self._last = self._glances.look(plan)
        except ServerError as error:
            if not self._last.version:
                raise
            self._last = replace(self._last, problem=error.problem)
        for one in self._jobs.look():
            self._going[one["job"]] = one
        over = (*ENDED, "forgotten")
        self._going = {key: one for key, one in self._going.items() if one["state"] not in over}
        halted = {task: why for (task, _), why in self._planned.halted().items()}
        return View(self._last, plan, halted, list(self._going.values()))


def _live(desk: _Desk, every: float, context: Context) -> int:
    console = Console()
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while not context.interrupted.is_set():
            live.update(screen(desk.look(), *console.size), refresh=True)
            context.interrupted.wait(every)
    return INTERRUPTED


def _lines(desk: _Desk, every: float, context: Context) -> int:
    while not context.interrupted.is_set():
        _show(desk.look(), context)
        context.interrupted.wait(every)
    return INTERRUPTED


def _show(view: View, context: Context) -> int:
    output = context.output
    glance = view.glance
    output.emit(
        {
            **asdict(glance),
            "jobs": list(view.jobs),
            "halted": view.halted,
            "rollout": view.plan.model_dump(mode="json", by_alias=True) if view.plan else None,
        }
    )
    if not output.json:
        console = Console(width=None if output.is_terminal else WIDTH, highlight=False)
        with console.capture() as captured:
            height = console.height if output.is_terminal else HEIGHT
            console.print(screen(view, console.width, height))
        output.say(captured.get().rstrip())
    return 0
