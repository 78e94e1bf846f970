"""Start the embedded Triton server on this machine, on loopback only.

examples:
  answerprint serve                 run it here; Ctrl-C stops it
  answerprint serve --detach        run it in the background
  answerprint serve --status        is one running, where, with which tasks
  answerprint serve --stop          stop it
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

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
    if state is not None or args.status:
        return _status(state, context)
    return _detach(models, context) if args.detach else _serve(models, context)


def _serve(models: Path, context: Context) -> int:
    try:
        with embedded.serve(site.home(), models) as state:
            _say_ready(state, context)
            context.output.say("Ctrl-C stops it.")
            status = embedded.wait(state, context.interrupted)
    except KeyboardInterrupt:  # Ctrl-C and SIGTERM are how it is meant to end
        status = None
    if status is None:
        context.output.say("The server is stopped.")
        return 0
    raise ServerError(
        f"The server ended by itself, with status {status}.",
        remedy=f"Its log says why: {state.log}",
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
    _say_ready(state, context, "is running")
    return 0


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
        }
    )


def _line(offer: Offer) -> str:
    if offer.contract is None:
        return f"  {offer.name:<12} cannot be used: {offer.problem}"
    return f"  {offer.name:<12} ready"
