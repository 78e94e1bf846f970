"""Start the embedded Triton server on this machine, on loopback only; restart it when it dies.

examples:
  answerprint serve                 run it here; Ctrl-C stops it
  answerprint serve --detach        run it in the background
  answerprint serve --status        is one running, where, with which tasks; what it came back from
  answerprint serve --stop          stop it
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from answerprint import site
from answerprint.cli.context import Context
from answerprint.errors import ServerError, SourceError
from answerprint.triton import Offer, Server
from answerprint_server import embedded, repository


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", type=Path, metavar="DIR", help="model repository to serve")
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
    if state is not None:
        return _found(state, context)
    return _detach(models, context) if args.detach else _serve(models, context)


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
        f"{moved} What it said before: {restart.log}"
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
            **_history(state),
        }
    )


def _detach(models: Path, context: Context) -> int:
    home = site.home()
    log = embedded.state_file(home).with_name("serve.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as stream:
        child = subprocess.Popen(
            [sys.executable, "-m", "answerprint.cli", "serve", "--models", str(models)],
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
        time.sleep(0.05)
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    raise ServerError(
        f"The server did not come up: {' '.join(lines) or 'it said nothing'}",
        remedy="See 'answerprint doctor'.",
    )


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
    for offer in offers:
        context.output.say(_line(offer))
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
            "tasks": {one.name: one.problem or "ready" for one in offers},
            **_history(state),
        }
    )


def _line(offer: Offer) -> str:
    if offer.contract is None:
        return f"  {offer.name:<12} cannot be used: {offer.problem}"
    return f"  {offer.name:<12} ready"
