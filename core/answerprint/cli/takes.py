"""List takes, newest first: number, state, quality control, who, when.

examples:
  answerprint takes                 below ./takes, or the site's root
  answerprint takes /shows/demo/sh010
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from answerprint import takes
from answerprint.cli.context import Context
from answerprint.documents import count
from answerprint.errors import TakeError
from answerprint.frames import FrameRange
from answerprint.takes import Take


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", type=Path, help="where to look")


def run(args: argparse.Namespace, context: Context) -> int:
    folder = args.folder or context.root()
    if not folder.is_dir():
        raise TakeError(
            f"There is no folder {folder.as_posix()}.",
            remedy="Give the folder that takes were written to.",
        )
    rows = [_row(take) for take in takes.below(folder)]
    for row in rows:
        context.output.emit(row)
    if not rows:
        context.output.say(f"There are no takes below {folder.as_posix()}.")
        return 0
    wide = max(len(row["name"]) for row in rows)
    for row in rows:
        context.output.say(
            f"{row['name']:<{wide}}  {row['take']}  {row['state']:<10}  {row['qc']:<10}  "
            f"{row['frames']:<12}  {row['user']}, {_when(row['created'])}"
        )
    return 0


def _row(take: Take) -> dict[str, Any]:
    try:
        claim = take.read("claim")
    except TakeError:  # its process died while it claimed the number
        claim = {}
    return {
        "path": take.folder.as_posix(),
        "name": take.name,
        "take": take.label,
        "state": take.state(),
        "qc": "not judged",
        "frames": _frames(take),
        "user": str(claim.get("user", "unknown")),
        "created": str(claim.get("created", "")),
    }


def _frames(take: Take) -> str:
    items = take.items()
    frames = str(FrameRange.of(item.frame for item in items)) or "no frames"
    wedge = len(take.variations())
    return f"{frames} in {count(wedge, 'variation')}" if wedge else frames


def _when(created: str) -> str:
    return created[:16].replace("T", " ") + " UTC" if created else "unknown"
