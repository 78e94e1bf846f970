"""List takes, newest first: number, state, quality control, who, when.

examples:
  answerprint takes                 below ./takes, or the site's root
  answerprint takes /shows/demo/sh010
  answerprint takes --plate bg.####.exr --task denoise      those that were made of this plate
  answerprint takes --watch         also find out whether processes on other machines still live
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from answerprint import holder, row, takes
from answerprint.cli.context import Context
from answerprint.cli.said import line, standing
from answerprint.documents import count
from answerprint.errors import TakeError
from answerprint.folder import is_folder, unreadable
from answerprint.plate import Plate
from answerprint.row import Row, Wanted
from answerprint.standing import NOT_JUDGED
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
    folder, heed = args.folder or context.root(), context.interrupted.heed
    if not is_folder(folder):
        raise TakeError(
            f"There is no folder {folder.as_posix()}.",
            remedy="Give the folder that takes were written to.",
        )
    wanted = _wanted(args, context)
    unread: list[OSError] = []
    every = list(takes.below(folder, heed=heed, failed=unread.append))
    found = [take for take in _heeded(every, heed) if wanted.could_be(take, context.site)]
    stale = _watched(found) if args.watch else ()
    made = row.rows(found, context.site, stale, heed=heed)
    rows = list(filter(wanted.is_met, made))
    for one in rows:
        context.output.emit(one)
    if not rows and not unread:
        which = "such takes" if every else "takes"
        context.output.say(f"There are no {which} below {folder.as_posix()}.")
        return 0
    wide = max((len(one["name"]) for one in rows), default=0)
    for one in rows:
        for said in _lines(one, wide):
            context.output.say(said)
    if unread:
        raise _unlisted(folder, unread)
    return 1 if any("problem" in one for one in rows) else 0


def _heeded(found: Iterable[Take], heed: Callable[[], None]) -> Iterator[Take]:
    for take in found:
        heed()
        yield take


def _unlisted(folder: Path, unread: list[OSError]) -> TakeError:
    said = unreadable(folder, unread[0])
    more = f", nor can {count(len(unread) - 1, 'other folder')}" if unread[1:] else ""
    return TakeError(
        f"{said.problem.rstrip('.')}{more}. Takes in there are not listed.", remedy=said.remedy
    )


def _wanted(args: argparse.Namespace, context: Context) -> Wanted:
    """Raises JobError: the plate's path cannot be read as one."""
    plate = None if args.plate is None else Plate.parse(context.site.spelled(args.plate))
    return Wanted(plate, args.task, args.stream)


def _watched(found: list[Take]) -> set[Path]:
    """Leases that nobody keeps up, those of all takes watched at once."""
    open_ones = (take for take in found if not take.is_complete)
    return holder.watch({file: one for take in open_ones for file, one in take.leases().items()})


def _lines(one: Row, wide: int) -> Iterator[str]:
    yield (
        f"{one['name']:<{wide}}  {one['take']}  {one['state']:<10}  {_qc(one):<10}  "
        f"{one['frames']:<12}  {one['user']}, {_when(one['created'])}"
    )
    if one["reason"]:
        yield f"{'':<{wide}}  {line(one['reason'])}{_more(one)}"
    if "problem" in one:
        yield f"{'':<{wide}}  {one['problem']} {one['remedy']}"
    if one["review"]:
        yield f"{'':<{wide}}  {standing(one['review'])}"
    if one["resume"]:
        yield f"{'':<{wide}}  finish it with: {one['resume']}"


def _qc(one: Row) -> str:
    """The gates' word; of a take that is not complete yet what its frames came to."""
    judged = one["qc"] != NOT_JUDGED
    return f"{one['qc']} so far" if judged and one["qc_so_far"] else str(one["qc"])


def _more(one: Row) -> str:
    """The rest of what the gates found: 'answerprint qc' lists it."""
    others = one["qc_count"] - 1
    return f" (and {others:,} more)" if others > 0 else ""


def _when(created: str) -> str:
    return created[:16].replace("T", " ") + " UTC" if created else "unknown"
