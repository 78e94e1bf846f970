"""Have a server look at a model's folder again: a new version of it, or a model that is new.

What it serves meanwhile goes on, and a new version that does not load leaves the old ones serving.
Behind a gateway only its admins may. A server that only reads its folder at the start (embedded ones
and the containers here do not), or that has lanes, has to be started anew instead.

examples:
  answerprint server load denoise
  answerprint server load denoise --server triton01:8001
"""

from __future__ import annotations

import argparse

from answerprint.cli.context import Context
from answerprint.cli.said import line
from answerprint.documents import did_you_mean
from answerprint.errors import NoSuchTask, ServerNotReady
from answerprint.triton import Server

READY = "READY"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK")
    parser.add_argument("--server", metavar="HOST:PORT", help="another server than the usual")


def run(args: argparse.Namespace, context: Context) -> int:
    with context.server(args.server) as server:
        failed = _load(args.task, server)
        # Triton keeps the states of versions that went; once all are loaded they tell of nothing
        states = server.states()
        there = [
            one for one in server.offers() if failed or states.get((one.name, one.version)) == READY
        ]
    mine = [one for one in there if one.name == args.task]
    ready = {one.version: one.contract.sha256 for one in mine if one.contract}
    broken = {one.version: one.problem for one in mine if not one.contract}
    if failed and not mine:
        raise NoSuchTask(
            f"{failed}{did_you_mean(args.task, {name for name, _ in states})}",
            remedy=f"Put it into the model repository of {server.address} first; 'answerprint "
            "models check' says whether it is whole.",
        )
    context.output.emit({"task": args.task, "ready": ready, "broken": broken, "problem": failed})
    for version, sha256 in ready.items():
        context.output.say(f"{args.task} {version}: ready, {sha256[:12]}")
    for version, problem in broken.items():
        context.output.say(f"{args.task} {version}: cannot be used, {line(problem)}")
    if not ready:
        raise ServerNotReady(
            f"No version of {args.task} works on {server.address}.",
            remedy="'answerprint models check' and 'answerprint models test' say why.",
        )
    if failed:
        context.output.say(f"Those that are ready go on. {line(failed)}")
    return 1 if broken or failed else 0


def _load(task: str, server: Server) -> str:
    """Why not all of it could be loaded; '' where it could."""
    try:
        server.load(task)
    except ServerNotReady as error:
        return error.problem
    return ""
