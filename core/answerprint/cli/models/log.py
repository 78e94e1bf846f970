"""Show who changed a roll-out, when and why; --check finds whatever was changed in that since.

Every entry is signed with its writer's own key and chained to the one before; the roll-out names
its entry. --enter takes what was edited by hand, or came with a git pull, into the log.

examples:
  answerprint models log
  answerprint models log denoise
  answerprint models log --check
  answerprint models log --enter --why "merge request 12: guard of denoise, reviewed by Ann"
"""

from __future__ import annotations

import argparse
import textwrap

from answerprint import ledger
from answerprint.cli import changes
from answerprint.cli.context import Context
from answerprint.cli.said import line
from answerprint.ledger import Line
from answerprint.moves import head, moves, reason

WIDE = 94  # letters of a line, after its number


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", nargs="?", metavar="TASK", help="only what concerns it")
    parser.add_argument("--check", action="store_true", help="verify chain, signatures, roll-out")
    parser.add_argument("--enter", action="store_true", help="enter what was edited by hand")
    changes.arguments(parser, asks=False)


def run(args: argparse.Namespace, context: Context) -> int:
    if args.enter:
        change = changes.begun(args, context)
        return changes.tell(context, change.enter(reason(args.why)))
    return _check(context) if args.check else _show(args.task, context)


def _show(task: str | None, context: Context) -> int:
    """1 where a line is no entry."""
    every = ledger.lines(changes.folder(context))
    for one in every:
        if one.entry is None or task is None or one.entry.task in (task, ""):
            _tell(one, context)
    if not every:
        context.output.say("Nothing was changed yet.")
    return 0 if all(one.entry for one in every) else 1


def _tell(one: Line, context: Context) -> None:
    if one.entry is None:
        context.output.emit({"line": one.number, "problem": one.problem})
        context.output.say(f"{one.number:>4}  no entry: {one.problem}")
        return
    context.output.emit(one.entry.model_dump(mode="json", by_alias=True))
    context.output.say(f"{one.entry.seq:>4}  {line(head(one.entry))}")
    moved = ", ".join(moves(one.entry.before, one.entry.after))
    for text in (moved, one.entry.why, *(f"note: {note}" for note in one.entry.notes)):
        for row in textwrap.wrap(line(text), WIDE):
            context.output.say(f"      {row}")


def _check(context: Context) -> int:
    folder = changes.folder(context)
    found = ledger.verify(folder, context.trusted())
    number = len(ledger.lines(folder))
    for one in found:
        context.output.emit({"line": one.line, "problem": one.problem})
        context.output.say(f"line {one.line}: {line(one.problem)}")
    context.output.emit({"entries": number, "good": not found})
    if not found:
        entries = "1 entry" if number == 1 else f"{number:,} entries"
        context.output.say(
            f"{entries}, chained and signed; the roll-out is as the last one left it."
        )
    return 1 if found else 0
