"""List, keep and remove the presets of a task: parameters under a name.

examples:
  answerprint presets denoise                    your own, and the studio's
  answerprint presets denoise --show nightfall   those of a show as well
  answerprint presets denoise --save 'soft skin' --parameters '{"strength": 0.6}' --to user
  answerprint presets denoise --remove 'soft skin' --to user
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from answerprint.cli.context import Context
from answerprint.documents import count
from answerprint.errors import JobError
from answerprint.preset import Presets


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("task", metavar="TASK", help="as 'answerprint tasks' lists it")
    add("--show", metavar="NAME", help="whose presets count as well; they lie below the root")
    add("--root", type=Path, metavar="DIR", help="with the shows in it; usually the site's root")
    add("--save", metavar="NAME", help="keep --parameters under this name")
    add("--parameters", metavar="JSON", help="with --save: values or curves by parameter")
    add("--replace", action="store_true", help="with --save: also where the name is taken")
    add("--remove", metavar="NAME", help="take a preset away")
    add("--to", choices=["user", "show"], default="user", help="whose; usually your own")


def run(args: argparse.Namespace, context: Context) -> int:
    _check(args)
    presets = Presets(args.task, context.site, args.root, args.show)
    if args.save is not None:
        presets.save(args.save, args.parameters, args.to, replace=args.replace)
    if args.remove is not None:
        presets.remove(args.remove, args.to)
    found = presets.listed()
    for one in found:
        context.output.emit(one.as_json())
        said = json.dumps(one.parameters, ensure_ascii=False)
        context.output.say(f"{one.name:<24}  {one.where:<4}  {one.problem or said}")
    if not found:
        context.output.say(f"There are no presets for {args.task}.")
    broken = [one for one in found if one.problem]
    if broken:
        context.output.say(f"{count(len(broken), 'preset')} cannot be used.")
    return 0


def _check(args: argparse.Namespace) -> None:
    """Raises JobError: the flags do not go together."""
    if args.save is not None and args.remove is not None:
        raise JobError("--save and --remove are two requests.", remedy="Make one after the other.")
    if (args.save is None) != (args.parameters is None):
        raise JobError(
            "--save and --parameters go together.",
            remedy="""Write --save NAME --parameters '{"strength": 0.5}'.""",
        )
    if args.replace and args.save is None:
        raise JobError("--replace is for --save.", remedy="Leave it out.")
