"""Give a version a name that jobs and pins may ask for; --off takes it away.

'stable', 'candidate' and 'previous' are names that promote and canary set.

examples:
  answerprint models alias denoise crisp 2 --why "keeps grain, for titles; asked for by comp"
  answerprint models alias denoise crisp --off --why "no show uses it any more"
"""

from __future__ import annotations

import argparse

from answerprint.cli import changes
from answerprint.cli.context import Context
from answerprint.errors import JobError
from answerprint.moves import reason


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK")
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("version", nargs="?", metavar="VERSION")
    parser.add_argument("--off", action="store_true", help="nothing has this name any more")
    changes.arguments(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    change = changes.begun(args, context)
    why = reason(args.why)
    if args.off == (args.version is not None):
        raise JobError(
            f"It is not clear what '{args.name}' is to be.", remedy="Give a VERSION, or --off."
        )
    if args.off:
        return changes.tell(context, change.unalias(args.task, args.name, why))
    held = changes.held(args.server, context, args.task)
    return changes.tell(context, change.alias(args.task, args.name, args.version, held, why))
