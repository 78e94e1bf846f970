"""Start the embedded Triton server on this machine, on loopback only; restart it when it dies.

examples:
  answerprint serve                 run it here; Ctrl-C stops it
  answerprint serve --detach        run it in the background
  answerprint serve --status        is one running, where, with which tasks; what it came back from
  answerprint serve --stop          stop it
  answerprint serve --farm-lane     a single frame goes before the queue of runs of many frames; each
                                    model is loaded twice for that, weights and all
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from answerprint import site
from answerprint.cli import detach, flags
from answerprint.cli.context import Context
from answerprint.documents import count
from answerprint.errors import JobError, ServerError, SourceError
from answerprint.offer import tasks
from answerprint.triton import Offer, Server
from answerprint_server import embedded, lanes, repository
from answerprint_server.lanes import MOST_AT_ONCE, Plan


def arguments(parser: argparse.ArgumentParser) -> None:
    add, number = parser.add_argument, flags.whole(MOST_AT_ONCE)
    add("--models", type=Path, metavar="DIR", help="model repository to serve")
    add(
        "--farm-lane",
        action="store_true",
        help="single frames overtake runs of many; weights are loaded twice",
    )
    add("--at-once", type=number, metavar="N", help="with --farm-lane: frames at work at once; 1")
    add("--instances", type=number, metavar="N", help="of each model; usually as its config says")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--detach", action="store_true", help="run it in the background")
    what.add_argument("--stop", action="store_true", help="stop the running server")
    what.add_argument("--status", action="store_true", help="say whether one runs; exit 1 if not")


def run(args: argparse.Namespace, context: Context) -> int:
    models = (args.models or repository.models_folder()).absolute()
    if not repository.models(models):
        raise SourceError(
            f"{models.as_posix()} holds no models.",
            remedy="A model repository has folders with a config.pbtxt.",
        )
    if args.stop:
        return _stop(context)
    state = embedded.running(site.home())
    if args.status:
        return _status(state, context)
    plan = _plan(args)
    if state is not None:
        _check_alike(plan, state)
        return _found(state, context)
    if args.detach:
        return _detach(models, plan, context)
    home = site.home()
    with lanes.laid(models, embedded.state_file(home).parent, plan) as served:
        return _serve(served, context)


def _plan(args: argparse.Namespace) -> Plan:
    """Raises JobError: there is nothing that could be done at once."""
    if args.at_once and not args.farm_lane:
        raise JobError(
            "--at-once says how many frames go through the lanes, and there are none.",
            remedy="Add --farm-lane, or leave --at-once out.",
        )
    return Plan(farm=args.farm_lane, at_once=args.at_once or 1, instances=args.instances)


def _check_alike(plan: Plan, state: embedded.Running) -> None:
    """Raises ServerError: a server runs that was started otherwise."""
    if plan.changes() and lanes.plan_of(Path(state.models)) != plan:
        raise ServerError(
            f"The server at {state.address} runs already, with other lanes or instances.",
            remedy="Stop it with 'answerprint serve --stop', then start it as you want it.",
        )


def _serve(models: Path, context: Context) -> int:
    signalled = _Signalled()

    def ending() -> bool:
        return signalled.so or context.interrupted.is_set()

    with (
        _only_told(signalled),
        embedded.supervise(site.home(), models, ending=ending) as supervisor,
    ):
        if not ending():
            _welcome(supervisor.state, context)
        for restart in supervisor.watch():
            _say_restarted(restart, context)
    context.output.say("The server is stopped.")
    return 0


class _Signalled:
    """Whether a signal has asked for the end.

    Nothing else happens in a signal's handler: what is begun then is finished, and no lock is
    waited for that the interrupted code may hold.
    """

    so = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        self.so = True


@contextmanager
def _only_told(signalled: _Signalled) -> Iterator[None]:
    """Have Ctrl-C, SIGTERM and a closed terminal ask for the end, and break nothing off."""
    if threading.current_thread() is not threading.main_thread():
        yield  # whoever runs us decides about signals
        return
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    there = [getattr(signal, name) for name in names if hasattr(signal, name)]
    numbers = [one for one in there if signal.getsignal(one) is not signal.SIG_IGN]  # as by nohup
    before = {number: signal.signal(number, signalled) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _welcome(state: embedded.Running, context: Context) -> None:
    try:
        _say_ready(state, context)
    except ServerError as error:  # it has just died: that is told when it is back
        context.output.say(error.problem)
    context.output.say("Ctrl-C stops it.")


def _say_restarted(restart: embedded.Restart, context: Context) -> None:
    state, death = restart.state, restart.death
    lost = ", ".join(map(str, restart.lost))
    moved = f" Another program took port {lost} in between." if lost else ""
    context.output.say(
        f"The server {death.why}; it is back at {state.address} after {restart.seconds:.1f} s."
        f"{moved} {_said_before(restart)}"
    )
    context.output.emit(
        {
            "event": "restarted",
            "address": state.address,
            "http": state.http,
            "metrics": state.metrics,
            "lost_ports": list(restart.lost),
            "seconds": round(restart.seconds, 2),
            "log": restart.log,
            "log_unkept": restart.unkept,
            **_history(state),
        }
    )


def _said_before(restart: embedded.Restart) -> str:
    if restart.unkept:
        return f"What it said before could not be kept: {restart.unkept}."
    return f"What it said before: {restart.log}"


def _detach(models: Path, plan: Plan, context: Context) -> int:
    home = site.home()
    log = embedded.state_file(home).with_name("serve.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as stream:
        child = subprocess.Popen(
            [
                *(*detach.python(), "-m", "answerprint.cli", "serve"),
                *("--models", str(models)),
                *_words(plan),
            ],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    while child.poll() is None:
        state = embedded.running(home)
        if state is not None and embedded.is_live(state):
            _say_ready(state, context)
            return 0
        if context.interrupted.wait(0.05):  # it comes up all the same
            raise KeyboardInterrupt
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    raise ServerError(
        f"The server did not come up: {' '.join(lines) or 'it said nothing'}",
        remedy="See 'answerprint doctor'.",
    )


def _words(plan: Plan) -> list[str]:
    """The flags that ask for a plan."""
    lane = ["--farm-lane", "--at-once", str(plan.at_once)] if plan.farm else []
    count = [] if plan.instances is None else ["--instances", str(plan.instances)]
    return lane + count


def _stop(context: Context) -> int:
    stopped = embedded.stop(site.home())
    context.output.say("The server is stopped." if stopped else "No server was running.")
    context.output.emit({"stopped": stopped})
    return 0


def _status(state: embedded.Running | None, context: Context) -> int:
    if state is None:
        context.output.say("No server is running. Start one with 'answerprint serve'.")
        context.output.emit({"running": False})
        return 1
    if not embedded.is_live(state):
        context.output.say(f"The server at {state.address} is being started.")
        context.output.emit({"running": False, "starting": True, **_history(state)})
    else:
        _say_ready(state, context, "is running")
    for line in _lines(state):
        context.output.say(line)
    return 0 if embedded.is_live(state) else 1


def _found(state: embedded.Running, context: Context) -> int:
    """Somebody started it before; it may be coming up, or coming back, right now."""
    while not embedded.is_live(state):
        time.sleep(0.05)
        now = embedded.running(site.home())
        if now is None:
            raise ServerError(
                "The server that was being started has ended.",
                remedy=f"Its log says why: {state.log}",
            )
        state = now
    return _status(state, context)


def _history(state: embedded.Running) -> dict[str, Any]:
    return {"restarts": state.restarts, "deaths": [asdict(one) for one in state.deaths]}


def _lines(state: embedded.Running) -> Iterator[str]:
    if state.deaths:
        yield f"Restarted {state.restarts} {'time' if state.restarts == 1 else 'times'}:"
    for one in state.deaths:
        yield f"  {one.at}  {one.why}, live for {one.seconds:.0f} s"


def _say_ready(state: embedded.Running, context: Context, word: str = "is ready") -> None:
    with Server(state.address) as server:
        version, offers = server.version(), server.offers()
    context.output.say(f"Triton {version} {word} at {state.address}, on this machine only.")
    told = _worth_a_line(offers)
    width = max((len(one.name) for one in told), default=0)
    for offer in told:
        context.output.say(_line(offer, width))
    plan = lanes.plan_of(Path(state.models))
    if plan.farm:
        at_once = count(plan.at_once, "frame")
        context.output.say(f"Single frames go before runs of many; {at_once} at once.")
    context.output.say(f"Log: {state.log}")
    context.output.emit(
        {
            "running": True,
            "address": state.address,
            "http": state.http,
            "metrics": state.metrics,
            "pid": state.pid,
            "triton": version,
            "log": state.log,
            "tasks": {one.name: one.problem or "ready" for one in tasks(offers)},
            "farm_lane": plan.farm,
            **_history(state),
        }
    )


def _worth_a_line(offers: list[Offer]) -> list[Offer]:
    """All tasks, and second models only where they do not work."""
    return [one for one in offers if not one.is_lane or one.contract is None]


def _line(offer: Offer, width: int) -> str:
    said = "ready" if offer.contract is not None else f"cannot be used: {offer.problem}"
    return f"  {offer.name:<{width}}  {said}"
