"""Make the candidate, or another version, the stable one; nothing is tried any more.

The version that was stable is kept as the alias 'previous': 'models rollback' brings it back in one
command. Jobs that run go on with the version they began with.

examples:
  answerprint models promote denoise --why "200 canary jobs, no failure more than v3; Ann agreed"
  answerprint models promote denoise 3 --why "the first roll-out: what all shows use today"
"""

from __future__ import annotations

import argparse

from answerprint.cli import changes
from answerprint.cli.context import Context
from answerprint.moves import reason


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK")
    parser.add_argument("version", nargs="?", metavar="VERSION", help="or alias; the candidate")
    changes.arguments(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    change = changes.begun(args, context)
    why = reason(args.why)
    held = changes.held(args.server, context, args.task)
    return changes.tell(context, change.promote(args.task, args.version, held, why))
