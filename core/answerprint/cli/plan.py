"""Say what a run would do: its take, inputs, colour, frames and time. Nothing is written.

It asks the server and looks at every frame's header as the run does, and at the signing key: a
plan that is good is a run that is good. What is wrong is said as the run would say it. Only a
folder that lets nobody write though its rights say so is found out by the run, which tries.

examples:
  answerprint plan --task denoise --plate renders/bg.####.exr --frames 1001-1100
  answerprint plan job.json --frames 1001
  answerprint plan --document '{"task": "denoise", "plate": "bg.####.exr"}' --json
"""

from __future__ import annotations

import argparse

from answerprint import plan, site
from answerprint.cli import flags
from answerprint.cli.context import Context
from answerprint.documents import count
from answerprint.plan import Plan
from answerprint.ports import NOUNS


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    flags.request(parser)
    add("--memory", type=flags.above_zero, metavar="GB", help="a run may hold; usually half of all")
    add("--server", metavar="HOST:PORT", help="another server than the usual")


def run(args: argparse.Namespace, context: Context) -> int:
    request = flags.job_of(args)
    with context.server(args.server, task=request.task) as server:
        found = plan.plan(
            request,
            server,
            context.site,
            home=site.home(),
            memory=args.memory,
            interrupted=context.interrupted,
        )
    context.check_keys()
    document = found.as_json()
    context.output.emit(document)
    for line in _lines(found):
        context.output.say(line)
    return 0


def _lines(found: Plan) -> list[str]:
    resolved = found.resolved
    each = len(resolved.variations)
    wedge = f" in {count(each, 'variation')}" if each else ""
    stream = (resolved.root / resolved.stream).as_posix()
    word = NOUNS[resolved.contract.kind]
    rows = [
        ("take", f"{found.label} of {stream}"),
        ("frames", f"{resolved.frames}, {count(len(resolved.frame_range), 'frame')}{wedge}"),
        *((name, f"{word} {one.layer} of {one.plate}") for name, one in resolved.inputs.items()),
        *(
            (one.name, "not used")
            for one in resolved.contract.inputs
            if one.name not in resolved.inputs
        ),
        ("version", _version(found)),
        *(("roll-out", note) for note in found.of("roll-out")),
        ("colour", _colour(found)),
        ("kept", ", ".join(found.kept)),
        ("left out", ", ".join(found.left_out)),
        ("time", found.estimate.words),
        ("disk", f"about {resolved.disk / 1e6:,.0f} MB" if resolved.disk > 1e6 else ""),
    ]
    lines = [f"{name:<10}{said}" for name, said in rows if said]
    return lines + [f"{'!':<10}{said}" for said in found.warnings]


def _version(found: Plan) -> str:
    """Of the model, where a roll-out had a say."""
    rollout = found.resolved.rollout
    return f"{rollout.version}, {rollout.why}" if rollout else ""


def _colour(found: Plan) -> str:
    if found.resolved.contract.kind != "image":
        return ""
    return found.way or "none, numbers stay as they are"
