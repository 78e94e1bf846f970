"""List what the server offers: tasks, what each is for, its inputs and its parameters.

examples:
  answerprint tasks
  answerprint tasks denoise
  answerprint tasks --json          the whole contracts
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Mapping

from answerprint import inforce, site
from answerprint.cli.context import Context
from answerprint.contract import Contract, Input, Kind, Parameter
from answerprint.documents import count
from answerprint.errors import SetupError
from answerprint.offer import tasks
from answerprint.ports import NOUNS
from answerprint.rollout import Task
from answerprint.triton import Offer

WORKS_ON = {
    "points": "points: .bgeo, .geo, .usd",
    "volume": "volumes: .vdb, .bgeo, .usd",
    "heightfield": "heightfields: .bgeo",
}
_ENCODINGS = {
    "acescct": ", seen as ACEScct",
    "srgb_display": ", seen as an sRGB picture",
    "srgb_shaped": ", seen as an sRGB picture with room for -0.5 to 1000",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", nargs="?", help="only this one")
    parser.add_argument("--server", metavar="HOST:PORT", help="another server than the usual")


def run(args: argparse.Namespace, context: Context) -> int:
    rolled = _rolled(context)
    stable = {name: one.stable for name, one in rolled.items()}
    with context.server(args.server) as server:
        offers = tasks(server.offers(), stable)
        if args.task:
            named = [one for one in offers if one.name == args.task and one.contract]
            offers = named or [server.offer(args.task)]
    for offer in offers:
        task = rolled.get(offer.name)
        context.output.emit(_document(offer, task))
        context.output.say("\n".join([*_lines(offer), *_versions(task)]))
    return 0


def _rolled(context: Context) -> Mapping[str, Task]:
    """How the site rolls tasks out; of a roll-out that cannot be used it is the run that tells."""
    folder = context.site.rollout
    with contextlib.suppress(SetupError):
        held = inforce.in_force(folder, home=site.home()) if folder else None
        return held.rollout.tasks if held else {}
    return {}


def _versions(task: Task | None) -> list[str]:
    """'  versions    3 stable, 4 candidate for 10 % of jobs, 2 crisp'."""
    if task is None:
        return []
    said = [f"{task.stable} stable"]
    if task.candidate:
        share = f" for {task.canary:g} % of jobs" if task.canary else ""
        said.append(f"{task.candidate} candidate{share}")
    said += [f"{version} {name}" for name, version in task.aliases.items()]
    return [f"  versions    {', '.join(said)}"]


def _document(offer: Offer, task: Task | None) -> dict[str, object]:
    described = offer.contract.model_dump(mode="json", by_alias=True) if offer.contract else None
    return {
        "task": offer.name,
        "version": offer.version,
        "problem": offer.problem,
        "contract": described,
        **({"rollout": _rollout(task)} if task else {}),
    }


def _rollout(task: Task) -> dict[str, object]:
    return task.model_dump(include={"stable", "candidate", "canary", "aliases"})


def _lines(offer: Offer) -> list[str]:
    contract = offer.contract
    if contract is None:
        return [f"{offer.name}: cannot be used, {offer.problem}"]
    head = f"{contract.task}: {contract.purpose}"
    model = f"  model       {contract.model.name} {contract.model.version}, {_licence(contract)}"
    inputs = [f"  input       {_input(one, contract.kind)}" for one in contract.inputs]
    controls = [_parameter(one) for one in contract.parameters]
    return [head, model, *inputs, *_cut(contract), *controls]


def _cut(contract: Contract) -> list[str]:
    """What it works on, if no pictures; how it goes over time and space, if not frame by frame."""
    cut = contract.cut
    if contract.kind != "image":
        return [f"  works on    {WORKS_ON[contract.kind]}"]
    if cut.between:
        return ["  time        between frames: needs --speed or --time"]
    if cut.frames > 1:
        return [f"  time        sees {count(cut.before, 'frame')} before and {cut.after} after"]
    if cut.mode == "tiles":
        around = cut.context + cut.overlap
        return [
            f"  tiles       of {cut.tile} pixels and {around} around, where the frame is larger"
        ]
    return []


def _licence(contract: Contract) -> str:
    return f"code {contract.licence.code}, weights {contract.licence.weights}"


def _input(one: Input, kind: Kind) -> str:
    need = "" if one.required else ", may be absent"
    named = f"{NOUNS[kind]} {' or '.join(one.layers)}"
    where = f"from where {one.follows} comes" if one.follows else named
    return f"{one.name}: {where}{need}{_ENCODINGS.get(one.encoding, '')}"


def _parameter(one: Parameter) -> str:
    default = one.default
    if isinstance(default, bool):
        default = "on" if default else "off"
    animated = ", can be animated" if one.animatable else ""
    lines = [f"  parameter   {one.name}: {one.said()}; default {default}{animated}"]
    lines += [one.help] if one.help else []
    lines += [f"{choice}: {words}" for choice, words in one.warn.items()]
    return "\n              ".join(lines)
