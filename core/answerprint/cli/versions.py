"""List the takes of one stream, also after its project moved: which is latest, which was meant.

examples:
  answerprint versions takes/bg_denoise/v002
  answerprint versions --root /takes --stream nightfall/sh0120/bg_denoise --beside comp.nk
"""

from __future__ import annotations

import argparse
from pathlib import Path

from answerprint import versions
from answerprint.cli.context import Context
from answerprint.versions import Remembered


def arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("path", nargs="?", type=Path, metavar="PATH", help="a take, a frame in it, or its stream")
    add("--root", type=Path, metavar="DIR", help="that the stream was below")
    add("--stream", default="", metavar="SHOW/SHOT/NAME", help="below the root")
    add("--uuid", default="", metavar="UUID", help="of the take's claim: tells it from others")
    add(
        "--beside", type=Path, metavar="SCRIPT", help="look in the takes beside this script as well"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    known = Remembered(args.path, args.root, args.stream, args.uuid, args.beside)
    found = versions.versions(known, context.site)
    document = found.as_json()
    context.output.emit(document)
    for one in found.rows:
        mark = "*" if one["take"] == found.take else " "
        context.output.say(f"{mark} {one['take']}  {one['word']:<20}  {one['frames']}")
    if found.more:
        context.output.say(f"  and {found.more:,} more")
    return 0
