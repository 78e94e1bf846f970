"""Make the candidate, or another version, the stable one; nothing is tried any more.

The version that was stable is kept as the alias 'previous': 'models rollback' brings it back in one
command. Jobs that run go on with the version they began with.

examples:
  answerprint models promote denoise --why "200 canary jobs, no failure more than v3; Ann agreed"
  answerprint models promote denoise 3 --why "the first roll-out: what all shows use today"
"""

from __future__ import annotations

import argparse

from answerprint import guard, ledger, rollout
from answerprint.cli import changes
from answerprint.cli.context import Context
from answerprint.errors import JobError
from answerprint.moves import reason


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK")
    parser.add_argument("version", nargs="?", metavar="VERSION", help="or alias; the candidate")
    changes.arguments(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    changes.enter_halt(args.task, context)
    if args.version is None:
        _check(args.task, context)
    change = changes.begun(args, context)
    why = reason(args.why)
    held = changes.held(args.server, context, args.task)
    return changes.tell(context, change.promote(args.task, args.version, held, why))


def _check(task: str, context: Context) -> None:
    """Raises JobError: the candidate is halted, and was not named."""
    folder = changes.folder(context)
    held = ledger.content(folder)
    found = rollout.parse(held, folder / rollout.FILE).tasks.get(task) if held else None
    halted = guard.halted(folder, task, found.candidate) if found and found.candidate else ""
    if halted and found is not None:
        raise JobError(
            f"Version {found.candidate} of {task} is halted: {halted}.",
            remedy=f"If it is to be stable all the same, name it: 'answerprint models promote "
            f"{task} {found.candidate}'.",
        )
