"""Draw a small picture of a take, or of a plate, for the eye; of a take with its plate's beside it.

It is a PNG in your own folder, drawn once.

examples:
  answerprint thumbnail takes/bg_denoise/v001
  answerprint thumbnail plates/bg.####.exr --frame 1010 --width 112
"""

from __future__ import annotations

import argparse
from pathlib import Path

from answerprint import site, takes, thumbnail
from answerprint.cli import flags
from answerprint.cli.context import Context
from answerprint.folder import is_folder
from answerprint.thumbnail import MOST_WIDTH, Cache, Easel


def arguments(parser: argparse.ArgumentParser) -> None:
    add, width = parser.add_argument, flags.whole(MOST_WIDTH)
    add("path", type=Path, metavar="PATH", help="a take's folder, or a plate with ####")
    add("--frame", type=int, metavar="N", help="usually the middle one")
    add("--width", type=width, default=224, metavar="PIXELS", help="at most; usually 224")
    add("--colour", "--color", metavar="SPACE", help="a plate's colour space, as OCIO names it")


def run(args: argparse.Namespace, context: Context) -> int:
    easel = Easel(context.site, Cache(site.home() / "thumbnails"), args.width)
    if is_folder(args.path):
        found = thumbnail.of_take(easel, takes.find(args.path), args.frame)
    else:
        found = thumbnail.of_plate(easel, str(args.path), args.frame, args.colour)
    context.output.emit(found.as_json())
    context.output.say(found.picture.path.as_posix())
    if found.plate is not None:
        context.output.say(f"plate: {found.plate.path.as_posix()}")
    for note in found.as_json()["notes"]:
        context.output.say(f"  {note}")
    return 0
