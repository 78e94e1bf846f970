"""Make one variation of a wedge a take of its own.

examples:
  answerprint promote takes/bg_denoise/v003 w017
"""

from __future__ import annotations

import argparse
from pathlib import Path

from answerprint import promote, takes
from answerprint.cli.context import Context


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("take", type=Path, metavar="TAKE", help="the wedge's folder")
    parser.add_argument("variation", metavar="VARIATION", help="like w017; 'show' lists them")


def run(args: argparse.Namespace, context: Context) -> int:
    take = takes.find(args.take)
    context.site.check_allowed(take.folder, "Take")
    context.site.check_allowed(take.folder.parent, "Output folder")
    new = promote.promote(
        take,
        args.variation,
        signer=context.signer(),
        trusted=context.trusted(),
        site=context.site,
    )
    context.output.emit({"take": new.folder.as_posix(), "from": f"{take.label}/{args.variation}"})
    context.output.say(
        f"{args.variation} of {take.name} {take.label} is now {new.label}: {new.pattern()}"
    )
    return 0
