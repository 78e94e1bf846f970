"""Let nothing change between two days, both counted; --off ends it.

A halt, a rollback, the end of a share and the draining of a server go through all the same.

examples:
  answerprint models freeze 2026-12-19 2027-01-03 --why "delivery of night"
  answerprint models freeze 2026-12-19 2027-01-03 --task denoise --why "delivery of night"
  answerprint models freeze --off --why "delivered a week early"
"""

from __future__ import annotations

import argparse
from datetime import date

from answerprint import ledger, rollout
from answerprint.cli import changes
from answerprint.cli.context import Context
from answerprint.errors import JobError
from answerprint.moves import reason
from answerprint.rollout import Freeze, Rollout


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", nargs="?", metavar="FIRST", help="day, as 2026-12-19")
    parser.add_argument("last", nargs="?", metavar="LAST")
    parser.add_argument("--task", action="append", default=[], help="only this one; may be several")
    parser.add_argument("--off", action="store_true", help="end it; without days, all of them")
    changes.arguments(parser, asks=False)


def run(args: argparse.Namespace, context: Context) -> int:
    change = changes.begun(args, context)
    why = reason(args.why)
    days = [_day(word) for word in (args.first, args.last) if word is not None]
    if args.off:
        return changes.tell(context, change.thaw(_gone(args, days, context), why))
    if len(days) != 2:
        raise JobError("A freeze has two days.", remedy="Give the first and the last, or --off.")
    freeze = Freeze(first=days[0], last=days[1], why=why, tasks=tuple(args.task))
    return changes.tell(context, change.freeze(freeze))


def _day(word: str) -> date:
    try:
        return date.fromisoformat(word)
    except ValueError as error:
        raise JobError(
            f"'{word}' is no day.", remedy="Write year, month and day: 2026-12-19."
        ) from error


def _gone(args: argparse.Namespace, days: list[date], context: Context) -> list[Freeze]:
    """Those that end. Raises JobError: there is none."""
    folder = changes.folder(context)
    held = ledger.content(folder)
    there = rollout.parse(held, folder / rollout.FILE).freeze if held else Rollout().freeze
    found = [
        one
        for one in there
        if days in ([], [one.first, one.last]) and set(args.task) <= set(one.tasks or args.task)
    ]
    if not found:
        listed = ", ".join(f"{one.first} to {one.last}" for one in there)
        raise JobError("There is no such freeze.", remedy=f"There are: {listed or 'none'}.")
    return found
