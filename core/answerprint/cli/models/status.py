"""Show which version is stable, which is tried on how much, how each does, and what servers hold.

A canary that halted itself while nobody who may change the roll-out was there is entered in the log.
The answer is 1 where somebody has to look: a version that is given out and that no server has, or
of another model than the roll-out says; a canary that is halted.

examples:
  answerprint models status
  answerprint models status denoise --json
  answerprint models status --no-server
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from answerprint import guard, ledger, mirrored, outcome, rollout
from answerprint.cli import changes
from answerprint.cli.context import Context
from answerprint.cli.said import line
from answerprint.decision import Held
from answerprint.documents import count, did_you_mean
from answerprint.errors import AnswerprintError, JobError, ServerError
from answerprint.moves import said
from answerprint.offer import Offer
from answerprint.rollout import CANDIDATE, STABLE, Rollout, Task

READY, OTHER, BROKEN, ABSENT, UNKNOWN = "ready", "other model", "broken", "absent", ""
WIDE = 28  # letters of what a version is
HEAD = ("version", "is", "model", "servers", "jobs", "frames", "failed", "warned")
WIDTHS = (8, WIDE, 12, 12, 6, 8, 7, 7)


@dataclass(frozen=True)
class Seen:
    """What the servers said: what each offers, or why it does not say."""

    offers: Mapping[str, list[Offer]] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)

    def held(self, task: str) -> list[Held]:
        return [Held.of(address, task, offers) for address, offers in self.offers.items()]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", nargs="?", metavar="TASK", help="only this one")
    parser.add_argument("--server", metavar="HOST:PORT", help="ask this one alone what it holds")
    parser.add_argument("--no-server", action="store_true", help="ask none")


def run(args: argparse.Namespace, context: Context) -> int:
    folder = changes.folder(context)
    held = ledger.content(folder)
    if held is None:
        context.output.emit({"rollout": "none"})
        context.output.say(
            f"There is no {rollout.FILE} in {folder.as_posix()}: every job gets the newest version.\n"
            "'answerprint models promote TASK VERSION --why TEXT' makes one."
        )
        return 0
    tasks = _wanted(rollout.parse(held, folder / rollout.FILE), args.task)
    for name in tasks:
        changes.enter_halt(name, context)
    held = ledger.content(folder) or b""
    found = rollout.parse(held, folder / rollout.FILE)
    seen = Seen() if args.no_server else _asked(args.server, context)
    _tell_head(folder, found, held, seen, context)
    good = True
    for name in tasks:
        document = _document(folder, name, found, seen)
        context.output.emit(document)
        for text in _lines(document):
            context.output.say(text)
        good &= not document["halted"] and not any(map(_is_amiss, document["versions"]))
    return 0 if good else 1


def _wanted(found: Rollout, task: str | None) -> list[str]:
    if task is None or task in found.tasks:
        return [task] if task else list(found.tasks)
    raise JobError(
        f"The roll-out says nothing of '{task}'.{did_you_mean(task, found.tasks)}",
        remedy=f"It says something of {', '.join(found.tasks) or 'no task'}.",
    )


def _asked(asked: str | None, context: Context) -> Seen:
    try:
        addresses = changes.addresses(asked, context)
    except ServerError as error:
        return Seen(silent={"": error.problem})
    answers = {address: changes.offered(address, context) for address in addresses}
    return Seen(
        {address: one for address, one in answers.items() if not isinstance(one, ServerError)},
        {address: one.problem for address, one in answers.items() if isinstance(one, ServerError)},
    )


def _tell_head(folder: Path, found: Rollout, held: bytes, seen: Seen, context: Context) -> None:
    """What concerns all tasks."""
    draining = {name: one.draining for name, one in found.servers.items() if one.draining}
    last = ledger.end(folder).last
    since = ledger.since(last, held) if last else "nothing was entered in the log yet"
    context.output.emit(
        {
            "rollout": ledger.digest(held),
            "entry": last.seq if last else 0,
            "note": since,
            "draining": draining,
            "servers": list(seen.offers),
            "silent": dict(seen.silent),
        }
    )
    # what it changed stands in the log, and what it came to below
    rows = [("last change", said(last).partition(": ")[0])] if last else []
    rows += [("note", since)] if since else []
    rows += [("draining", f"{name}: {why}") for name, why in draining.items()]
    rows += [("silent", f"{name} {why}".strip()) for name, why in seen.silent.items()]
    for name, text in rows:
        context.output.say(
            textwrap.fill(f"{name:<13}{line(text)}", 100, subsequent_indent=" " * 13)
        )


def _document(folder: Path, name: str, found: Rollout, seen: Seen) -> dict[str, Any]:
    task, held = found.tasks[name], seen.held(name)
    freeze = found.frozen(name, date.today())  # noqa: DTZ011 - the studio's day
    there = {version for one in held for version in (*one.models, *one.broken)}
    named = {task.stable, *task.versions, *task.aliases.values(), *_candidate(task)}
    numbers = sorted(named | there, key=lambda one: (int(one) if one.isdigit() else 0, one))
    return {
        "task": name,
        "stable": task.stable,
        "candidate": task.candidate,
        "canary": task.canary,
        "mirror": task.mirror,
        "pins": task.pins,
        "aliases": task.aliases,
        "freeze": freeze.model_dump(mode="json") if freeze else None,
        "halted": guard.halted(folder, name, task.candidate) if task.candidate else "",
        "mirrored": _mirrored(folder, name, task.candidate),
        "versions": [_version(folder, name, task, number, held) for number in numbers],
    }


def _mirrored(folder: Path, name: str, candidate: str | None) -> str:
    """What came of mirrored jobs, and what still waits; '' where there are none."""
    try:
        found = mirrored.every(folder, name, candidate) if candidate else None
    except AnswerprintError as error:
        return error.problem
    return found.words if found and (found.states or found.unreadable) else ""


def _candidate(task: Task) -> list[str]:
    return [task.candidate] if task.candidate else []


def _version(folder: Path, name: str, task: Task, version: str, held: list[Held]) -> dict[str, Any]:
    written = task.versions.get(version)
    states = {one.address: _state(one, version, written) for one in held}
    return {
        "version": version,
        "is": [*_roles(task, version)],
        "sha256": written or next((one.models.get(version) for one in held), None),
        "servers": states,
        "problems": {one.address: one.broken[version] for one in held if version in one.broken},
        **_done(folder, name, version),
    }


def _state(held: Held, version: str, written: str | None) -> str:
    if version in held.models:
        return READY if written in (None, held.models[version]) else OTHER
    return BROKEN if version in held.broken else ABSENT


def _roles(task: Task, version: str) -> Iterator[str]:
    yield from [STABLE] * (version == task.stable)
    yield from [CANDIDATE] * (version == task.candidate)
    yield from (name for name, number in task.aliases.items() if number == version)
    pins = [show for show, named in task.pins.items() if task.number(named) == version]
    yield from (f"pin of {show}" for show in pins)


def _done(folder: Path, name: str, version: str) -> dict[str, Any]:
    """What artists' runs came to, of the newest of them."""
    try:
        found, unreadable = outcome.survey(folder, name, version)
    except AnswerprintError as error:
        return {"jobs": 0, "frames": 0, "failed": 0, "warned": 0, "outcomes": error.problem}
    problem = f"{count(unreadable, 'outcome')} cannot be read" if unreadable else ""
    return {
        "jobs": outcome.jobs(found),
        "frames": sum(one.frames for one in found),
        "failed": sum(one.failed for one in found),
        "warned": sum(one.warned + one.failed_qc for one in found),
        "outcomes": problem,
    }


def _is_amiss(version: Mapping[str, Any]) -> bool:
    """Whether what is given out is on no server that answers, or is another model on one."""
    states = list(version["servers"].values())
    given = bool(version["is"])
    return given and bool(states) and (OTHER in states or READY not in states)


def _lines(one: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n{one['task']}"
    yield _row(HEAD)
    for version in one["versions"]:
        yield _row(_cells(version))
        told = [f"{address}: {why}" for address, why in version["problems"].items()]
        for why in [*told, version["outcomes"]]:
            if why:
                yield f"  {'':<9}{line(why)}"
    if one["candidate"]:
        yield f"  canary {one['canary']:g} % of the jobs, mirror {one['mirror']:g} % of the others"
    if one["mirrored"]:
        yield f"  {line(one['mirrored'])}"
    for show, named in one["pins"].items():
        yield f"  {show} is pinned to {named}"
    if one["freeze"]:
        yield f"  frozen until {one['freeze']['last']}, {line(one['freeze']['why'])}"
    if one["halted"]:
        yield f"  HALTED: {line(one['halted'])}"


def _cells(version: Mapping[str, Any]) -> list[str]:
    states = version["servers"]
    kinds = set(states.values())
    some = [state for state in states.values() if state == READY]
    said_of = kinds.pop() if len(kinds) == 1 else f"{len(some)} of {len(states)}"
    roles = ", ".join(version["is"]) or "not given out"
    cut = roles if len(roles) <= WIDE else f"{roles[: WIDE - 3]}..."
    digest = (version["sha256"] or "unknown")[:12]
    done = [f"{version[name]:,}" for name in ("jobs", "frames", "failed", "warned")]
    return [version["version"], cut, digest, said_of if states else UNKNOWN, *done]


def _row(cells: list[str] | tuple[str, ...]) -> str:
    words = [
        f"{cell:<{wide}}" if place < 4 else f"{cell:>{wide}}"
        for place, (cell, wide) in enumerate(zip(cells, WIDTHS, strict=True))
    ]
    return f"  {' '.join(words)}".rstrip()
