"""Hold a show to a version, whatever is stable or tried; --off lets it go.

examples:
  answerprint models pin denoise night 3 --why "delivers on Friday, looks were approved with v3"
  answerprint models pin denoise night --off --why "delivered; may follow the others again"
"""

from __future__ import annotations

import argparse

from answerprint.cli import changes
from answerprint.cli.context import Context
from answerprint.errors import JobError
from answerprint.moves import reason


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK")
    parser.add_argument("show", metavar="SHOW")
    parser.add_argument("version", nargs="?", metavar="VERSION", help="or alias")
    parser.add_argument("--off", action="store_true", help="the show gets what others get")
    changes.arguments(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    change = changes.begun(args, context)
    why = reason(args.why)
    if args.off == (args.version is not None):
        raise JobError(
            f"It is not clear what {args.show} is to get.", remedy="Give a VERSION, or --off."
        )
    if args.off:
        return changes.tell(context, change.unpin(args.task, args.show, why))
    held = changes.held(args.server, context, args.task)
    return changes.tell(context, change.pin(args.task, args.show, args.version, held, why))
