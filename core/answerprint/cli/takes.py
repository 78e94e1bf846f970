"""List takes, newest first: number, state, quality control, who, when.

examples:
  answerprint takes                 below ./takes, or the site's root
  answerprint takes /shows/demo/sh010
  answerprint takes --plate bg.####.exr --task denoise      those that were made of this plate
  answerprint takes --watch         also find out whether processes on other machines still live
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from answerprint import holder, row, takes
from answerprint.cli.context import Context
from answerprint.errors import TakeError
from answerprint.plate import Plate
from answerprint.row import Row
from answerprint.takes import Take


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", type=Path, help="where to look")
    parser.add_argument("--plate", metavar="PATH", help="only those that were made of this plate")
    parser.add_argument("--task", help="only those of this task")
    parser.add_argument("--stream", metavar="SHOW/SHOT/NAME", help="only those that lie there")
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
    wanted = _wanted(args, context)
    rows = [one for one in row.rows(found, context.site, stale) if wanted(one)]
    for one in rows:
        context.output.emit(one)
    if not rows:
        which = "such takes" if found else "takes"
        context.output.say(f"There are no {which} below {folder.as_posix()}.")
        return 0
    wide = max(len(one["name"]) for one in rows)
    for one in rows:
        for line in _lines(one, wide):
            context.output.say(line)
    return 1 if any("problem" in one for one in rows) else 0


def _wanted(args: argparse.Namespace, context: Context) -> Callable[[Row], bool]:
    """Raises JobError: the plate's path cannot be read as one."""
    plate = None if args.plate is None else Plate.parse(context.site.spelled(args.plate))
    asked = {"task": args.task, "stream": args.stream}
    exact = {name: value for name, value in asked.items() if value is not None}
    return lambda one: (
        all(one[name] == value for name, value in exact.items())
        and (plate is None or row.is_of_plate(one, plate))
    )


def _watched(found: list[Take]) -> set[Path]:
    """Leases that nobody keeps up, those of all takes watched at once."""
    open_ones = (take for take in found if not take.is_complete)
    return holder.watch({file: one for take in open_ones for file, one in take.leases().items()})


def _lines(one: Row, wide: int) -> Iterator[str]:
    yield (
        f"{one['name']:<{wide}}  {one['take']}  {one['state']:<10}  {one['qc']:<10}  "
        f"{one['frames']:<12}  {one['user']}, {_when(one['created'])}"
    )
    if "problem" in one:
        yield f"{'':<{wide}}  {one['problem']} {one['remedy']}"
    if one["resume"]:
        yield f"{'':<{wide}}  finish it with: {one['resume']}"


def _when(created: str) -> str:
    return created[:16].replace("T", " ") + " UTC" if created else "unknown"
