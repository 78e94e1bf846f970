"""List the jobs that panels have started, newest first: how far they are, and how they ended.

examples:
  answerprint jobs
  answerprint jobs --watch                          again whenever one changes, until Ctrl-C
  answerprint jobs --cancel 20261128T101500123456_ab12cd    as Ctrl-C would: finished frames are kept
  answerprint jobs --forget 20261128T101500123456_ab12cd    an ended one; its take stays
"""

from __future__ import annotations

import argparse
from typing import Any

from answerprint import followed
from answerprint.cli import INTERRUPTED, detach
from answerprint.cli.context import Context, Output
from answerprint.documents import count, unwritable
from answerprint.errors import JobError, TakeError
from answerprint.jobs import Jobs
from answerprint.note import Files
from answerprint.standing import NOT_JUDGED
from answerprint_server import alive

LOOK_SECONDS = 0.25


def arguments(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--watch", action="store_true", help="go on, and say what changes")
    what.add_argument("--cancel", metavar="JOB", help="end it; finished frames are kept")
    what.add_argument("--forget", metavar="JOB", help="take one that has ended from the list")


def run(args: argparse.Namespace, context: Context) -> int:
    if args.cancel is not None:
        return _cancel(Files.find(detach.folder(), args.cancel), context.output)
    if args.forget is not None:
        return _forget(Files.find(detach.folder(), args.forget), context.output)
    listed = Jobs(detach.folder(), alive.is_same)
    if args.watch:
        return _watch(listed, context)
    found = _all(listed)
    for one in found:
        _say(one, context.output)
    if not found:
        context.output.say("There are no jobs.")
    return 0


def _all(listed: Jobs) -> list[dict[str, Any]]:
    found = {one["job"]: one for one in listed.look()}
    while listed.is_behind:
        found |= {one["job"]: one for one in listed.look()}
    return sorted(found.values(), key=lambda one: str(one["job"]), reverse=True)


def _watch(listed: Jobs, context: Context) -> int:
    with context.interrupted.watched():
        while not context.interrupted.is_set():
            for one in listed.look():
                _say(one, context.output)
            if not listed.is_behind:
                context.interrupted.wait(LOOK_SECONDS)
    return INTERRUPTED


def _cancel(files: Files, output: Output) -> int:
    """Ask it to end, wherever it runs: it looks at its files. Whoever watches sees when it has."""
    if followed.has_ended(files, alive.is_same):
        raise JobError(
            f"Job {files.job} has ended already.", remedy="'answerprint jobs' says how it ended."
        )
    try:
        files.cancel.touch()
    except OSError as error:
        raise unwritable(files.folder, error) from error
    output.emit({"job": files.job, "cancelling": True})
    output.say(f"{files.job} is asked to end; finished frames are kept.")
    return 0


def _forget(files: Files, output: Output) -> int:
    """Take it from the list. One that says it has ended need not be gone yet."""
    if not followed.has_ended(files, alive.is_same):
        raise JobError(
            f"Job {files.job} still runs{_elsewhere(files)}.",
            remedy=f"Wait until it has ended, or end it with 'answerprint jobs --cancel {files.job}'.",
        )
    try:
        files.remove()
    except OSError as error:
        raise unwritable(files.folder, error) from error
    output.emit({"job": files.job, "state": "forgotten"})
    output.say(f"{files.job} is taken from the list; its take stays.")
    return 0


def _elsewhere(files: Files) -> str:
    try:
        note = files.noted()
    except (TakeError, OSError):  # a damaged one whose process lives
        return ""
    if note.is_here:
        return ""
    return f" on {note.machine}, unless it writes nothing for {count(followed.QUIET_HOURS, 'hour')}"


def _say(one: dict[str, Any], output: Output) -> None:
    output.emit(one)
    if one["state"] == "forgotten":
        output.say(f"{one['job']}  forgotten")
        return
    take = f"{one['name']} {one['take']}" if one["take"] else f"{one['plate']} {one['task']}"
    output.say(f"{one['job']}  {one['state']:<10}  {take.strip()}{_far(one)}")
    if one["qc"] not in (NOT_JUDGED, "pass"):
        found = count(one["qc_count"], "finding")
        output.say(f"  checks: {one['qc']}{' so far' if one['qc_so_far'] else ''}, {found}")
    if one["problem"]:
        output.say(f"  {one['problem']} {one['remedy']}")
    if one["waiting"]:
        output.say(f"  waiting: {one['waiting']['problem']}")


def _far(one: dict[str, Any]) -> str:
    """', 12 of 96 frames, about 26 s left'."""
    if not one["total"]:
        return ""
    left = "" if one["left"] is None else f", about {one['left']:.0f} s left"
    return f", {one['done']:,} of {count(one['total'], 'frame')}{left}"
