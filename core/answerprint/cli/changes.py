"""What the words that change a roll-out share: its folder, why, what the servers hold, the answer."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from answerprint import guard, ledger, rollout
from answerprint.change import Change
from answerprint.cli.context import Context
from answerprint.cli.said import line
from answerprint.decision import Held
from answerprint.errors import AnswerprintError, JobError, ServerError, SetupError
from answerprint.ledger import Entry
from answerprint.moves import reason, said
from answerprint.offer import Offer

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?) ?%?", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}|none")


def arguments(parser: argparse.ArgumentParser, *, asks: bool = True) -> None:
    """`asks`: whether servers are asked what they hold."""
    add = parser.add_argument
    add("--why", default="", metavar="TEXT", help="what was seen and who agreed; the log keeps it")
    add("--seen", metavar="SHA256", help="rollout.toml as you saw it, or 'none'; see status --json")
    if asks:
        add("--server", metavar="HOST:PORT", help="ask this one alone what it holds")


def folder(context: Context) -> Path:
    """Raises SetupError: the site names none."""
    if context.site.rollout is None:
        raise SetupError(
            "The site names no folder for a roll-out.",
            remedy='Write rollout = "/path/of/a/folder" into the site file, on a disk that '
            "every workstation sees.",
        )
    return context.site.rollout


def begun(args: argparse.Namespace, context: Context) -> Change:
    """A change of the roll-out as it is now, or as it was seen before.

    Raises:
        JobError: --seen is no digest.
        SetupError, SigningError: the roll-out or the key cannot be read.
    """
    there = folder(context)
    if args.seen is not None and not _SHA256.fullmatch(args.seen):
        raise JobError(
            f"--seen is '{args.seen}'.",
            remedy="Give the 64 digits that 'answerprint models status --json' calls rollout.",
        )
    if args.seen is not None:
        expected = "" if args.seen == "none" else args.seen
    else:
        held = ledger.content(there)
        expected = "" if held is None else ledger.digest(held)
    return Change(there, context.signer(), expected)


def addresses(asked: str | None, context: Context) -> Sequence[str]:
    """The servers whose models count: the one asked for, the site's, or the usual one."""
    return [asked] if asked else context.site.servers or [context.address()]


def held(asked: str | None, context: Context, task: str) -> Held:
    """What the servers hold of a task; those that do not answer are named.

    Raises:
        ServerError: none answers.
    """
    found, silent = [], []
    for address in addresses(asked, context):
        offers = offered(address, context)
        if isinstance(offers, ServerError):
            silent.append((address, offers))
        else:
            found.append(Held.of(address, task, offers))
    if not found:
        raise silent[0][1]
    for address, problem in silent:
        context.output.say(f"{address} was not asked: {problem.problem}")
    return _together(found)


def offered(address: str, context: Context) -> list[Offer] | ServerError:
    """All that a server offers, or why it does not say."""
    try:
        with context.server(address) as server:
            return server.offers()
    except ServerError as error:
        return error


def enter_halt(task: str, context: Context) -> None:
    """A canary that halted itself is a change like others, once somebody comes who may make one.

    Raises:
        SetupError: the roll-out cannot be read.
    """
    there = folder(context)
    given = rollout.read(there / rollout.FILE).tasks.get(task) if ledger.content(there) else None
    if given is None or given.candidate is None or not (given.canary or given.mirror):
        return
    why = guard.halted(there, task, given.candidate)
    if not why:
        return
    try:
        entry = Change(there, context.signer()).halt(task, f"halted by its guard: {why}")
    except AnswerprintError as error:  # it is halted all the same
        context.output.say(f"{task} is halted, and that could not be entered: {error.problem}")
    else:
        if entry is not None:
            context.output.say(f"entry {entry.seq}: {line(said(entry))}")


def resume(task: str, context: Context) -> None:
    """What halted a candidate holds no more: somebody gave it a share after that, and said why.

    Raises:
        TakeError: the guard's mark cannot be taken away, and it stays halted.
    """
    there = folder(context)
    candidate = rollout.read(there / rollout.FILE).tasks[task].candidate
    halted = guard.resume(there, task, candidate) if candidate else ""
    if halted:
        context.output.say(f"It was halted, and is no more: {line(halted)}")


def give(args: argparse.Namespace, context: Context, kind: str) -> int:
    """Give the candidate a share of the jobs: of those shown, 'canary', or of the others, 'mirror'."""
    why, share = reason(args.why), percent(args.share)
    if share:
        enter_halt(args.task, context)  # so that the log tells of it first
    change = begun(args, context)
    ends = share == 0 and args.candidate is None  # for which no server has to be there
    there = None if ends else held(args.server, context, args.task)
    act = change.canary if kind == "canary" else change.mirror
    entry = act(args.task, share, args.candidate, there, why)
    if share:
        resume(args.task, context)
    return tell(context, entry)


def percent(words: Sequence[str]) -> float:
    """'10%', '10', '10 %' or '0.5%'.

    Raises:
        JobError: it is none, or not from 0 to 100.
    """
    text = " ".join(words).strip()
    match = _PERCENT.fullmatch(text)
    if match is None or float(match[1]) > 100:
        raise JobError(f"'{text}' is no share of the jobs.", remedy="Give 0% to 100%, like 10%.")
    return float(match[1])


def tell(context: Context, entry: Entry | None) -> int:
    """The exit code; what was entered, or that all was so already."""
    if entry is None:
        context.output.emit({"changed": False})
        context.output.say("It is so already; nothing was changed.")
        return 0
    context.output.emit({"changed": True, "entry": entry.model_dump(mode="json", by_alias=True)})
    context.output.say(f"entry {entry.seq}: {line(said(entry))}")
    for note in entry.notes:
        context.output.say(f"  note: {line(note)}")
    return 0


def _together(found: list[Held]) -> Held:
    """Several servers as one: each version that any of them has, where they agree about it."""
    models: dict[str, str] = {}
    broken: dict[str, str] = {}
    apart: dict[str, str] = {}
    for one in found:
        broken |= one.broken
        for version, sha256 in one.models.items():
            if models.setdefault(version, sha256) != sha256:
                apart[version] = f"{one.address} has another model under that number."
    ready = {version: sha256 for version, sha256 in models.items() if version not in apart}
    return Held(", ".join(one.address for one in found), ready, broken | apart)
