"""List takes, newest first: number, state, quality control, who, when.

examples:
  answerprint takes                 below ./takes, or the site's root
  answerprint takes /shows/demo/sh010
  answerprint takes --watch         also find out whether processes on other machines still live
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from answerprint import holder, takes
from answerprint.cli.context import Context
from answerprint.documents import count
from answerprint.errors import TakeError
from answerprint.frames import FrameRange
from answerprint.takes import Take


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", type=Path, help="where to look")
    parser.add_argument(
        "--watch", action="store_true", help="look for 8 s whether those that run still live"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    folder = args.folder or context.root()
    if not folder.is_dir():
        raise TakeError(
            f"There is no folder {folder.as_posix()}.",
            remedy="Give the folder that takes were written to.",
        )
    found = list(takes.below(folder))
    stale = _watched(found) if args.watch else ()
    rows = [_row(take, stale) for take in found]
    for row in rows:
        context.output.emit(row)
    if not rows:
        context.output.say(f"There are no takes below {folder.as_posix()}.")
        return 0
    wide = max(len(row["name"]) for row in rows)
    for row in rows:
        for line in _lines(row, wide):
            context.output.say(line)
    return 1 if any("problem" in row for row in rows) else 0


def resuming(take: Take, state: str) -> str | None:
    """The command that goes on with a take whose process is dead; None for others."""
    path = shlex.quote(take.folder.as_posix())
    return f"answerprint run --resume {path}" if state == "stalled" else None


def _watched(found: list[Take]) -> set[Path]:
    """Leases that nobody keeps up, those of all takes watched at once."""
    open_ones = (take for take in found if not take.is_complete)
    return holder.watch({file: one for take in open_ones for file, one in take.leases().items()})


def _lines(row: dict[str, Any], wide: int) -> Iterator[str]:
    yield (
        f"{row['name']:<{wide}}  {row['take']}  {row['state']:<10}  {row['qc']:<10}  "
        f"{row['frames']:<12}  {row['user']}, {_when(row['created'])}"
    )
    if "problem" in row:
        yield f"{'':<{wide}}  {row['problem']} {row['remedy']}"
    if row["resume"]:
        yield f"{'':<{wide}}  finish it with: {row['resume']}"


def _row(take: Take, stale: Collection[Path]) -> dict[str, Any]:
    """Of a take that cannot be read, what is wrong with it: the others are listed all the same."""
    try:
        claim = take.read("claim")
    except TakeError:  # its process died while it claimed the number
        claim = {}
    trouble: dict[str, str] = {}
    try:
        state = take.state(stale)
    except TakeError as error:
        state, trouble = "unreadable", {"problem": error.problem, "remedy": error.remedy}
    return {
        "path": take.folder.as_posix(),
        "name": take.name,
        "take": take.label,
        "state": state,
        "qc": "not judged",
        "frames": _frames(take),
        "user": str(claim.get("user", "unknown")),
        "created": str(claim.get("created", "")),
        "resume": resuming(take, state),
        **trouble,
    }


def _frames(take: Take) -> str:
    items = take.items()
    frames = str(FrameRange.of(item.frame for item in items)) or "no frames"
    wedge = len(take.variations())
    return f"{frames} in {count(wedge, 'variation')}" if wedge else frames


def _when(created: str) -> str:
    return created[:16].replace("T", " ") + " UTC" if created else "unknown"
