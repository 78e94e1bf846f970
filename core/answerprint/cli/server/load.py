"""Have a server look at a model's folder again: a new version of it, or a model that is new.

What it serves meanwhile goes on, and a new version that does not load leaves the old ones serving.
Behind a gateway only its admins may. A server that only reads its folder at the start (embedded ones
and the containers here do not) has to be started anew instead.

examples:
  answerprint server load denoise
  answerprint server load denoise --server triton01:8001
"""

from __future__ import annotations

import argparse

from answerprint.cli.context import Context
from answerprint.errors import ServerNotReady


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK")
    parser.add_argument("--server", metavar="HOST:PORT", help="another server than the usual")


def run(args: argparse.Namespace, context: Context) -> int:
    with context.server(args.server) as server:
        server.load(args.task)
        mine = [one for one in server.offers() if one.name == args.task]
    ready = {one.version: one.contract.sha256 for one in mine if one.contract}
    broken = {one.version: one.problem for one in mine if not one.contract}
    context.output.emit({"task": args.task, "ready": ready, "broken": broken})
    for version, sha256 in ready.items():
        context.output.say(f"{args.task} {version}: ready, {sha256[:12]}")
    for version, problem in broken.items():
        context.output.say(f"{args.task} {version}: cannot be used, {problem}")
    if not ready:
        raise ServerNotReady(
            f"No version of {args.task} works on {server.address}.",
            remedy="'answerprint models check' and 'answerprint models test' say why.",
        )
    return 1 if broken else 0
