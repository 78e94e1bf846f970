"""Change: one step of a roll-out, alone, whole, and entered in the ledger before it is in force."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from answerprint import decision, ledger, rollout
from answerprint.decision import Held
from answerprint.errors import ChangedMeanwhile, JobError
from answerprint.lease import Lease
from answerprint.ledger import Entry
from answerprint.moves import difference, plain, reason, said
from answerprint.rollout import FILE, Freeze, Rollout
from answerprint.signing import Signer
from answerprint.turn import turn, unwritable

MOST_TOLD = 5  # changes of others that are listed
NEW = 'schema = "answerprint.rollout/v1"\n'

Alter = Callable[[Rollout], Rollout]


@dataclass(frozen=True)
class Change:
    """Makes one change in a roll-out's folder; each method returns its entry, None: it was so.

    expected  SHA-256 of the rollout.toml that the change was decided on, '': there was none;
              None: whatever is there

    All of them raise:
        ChangedMeanwhile: somebody was faster; says who, and what changed.
        JobError: it makes no sense, or a freeze holds.
        SetupError: the roll-out is broken or cannot be written; DiskFull: there is no space.
    """

    folder: Path
    signer: Signer
    expected: str | None = None

    def promote(self, task: str, version: str | None, held: Held, why: str) -> Entry | None:
        return self._made(
            "promote", task, reason(why), lambda old: decision.promoted(old, task, version, held)
        )

    def rollback(self, task: str, version: str | None, why: str) -> Entry | None:
        """No freeze holds it up, no server is asked, and a damaged log does not stop it."""
        return self._made(
            "rollback",
            task,
            reason(why),
            lambda old: decision.rolled_back(old, task, version),
            always=True,
        )

    def canary(
        self, task: str, percent: float, candidate: str | None, held: Held | None, why: str
    ) -> Entry | None:
        """A freeze lets a share be ended."""
        return self._made(
            "canary",
            task,
            reason(why),
            lambda old: decision.canary(old, task, percent, candidate, held),
            always=percent == 0 and candidate is None,
        )

    def mirror(
        self, task: str, percent: float, candidate: str | None, held: Held | None, why: str
    ) -> Entry | None:
        """A freeze lets a share be ended."""
        return self._made(
            "mirror",
            task,
            reason(why),
            lambda old: decision.mirror(old, task, percent, candidate, held),
            always=percent == 0 and candidate is None,
        )

    def halt(self, task: str, why: str) -> Entry | None:
        """The candidate gets no job any more; no freeze holds that up."""
        return self._made("halt", task, why, lambda old: decision.halted(old, task), always=True)

    def pin(self, task: str, show: str, named: str, held: Held, why: str) -> Entry | None:
        return self._made(
            "pin", task, reason(why), lambda old: decision.pinned(old, task, show, named, held)
        )

    def unpin(self, task: str, show: str, why: str) -> Entry | None:
        return self._made(
            "unpin", task, reason(why), lambda old: decision.unpinned(old, task, show)
        )

    def alias(self, task: str, name: str, version: str, held: Held, why: str) -> Entry | None:
        return self._made(
            "alias", task, reason(why), lambda old: decision.aliased(old, task, name, version, held)
        )

    def unalias(self, task: str, name: str, why: str) -> Entry | None:
        return self._made(
            "unalias", task, reason(why), lambda old: decision.unaliased(old, task, name)
        )

    def freeze(self, freeze: Freeze) -> Entry | None:
        return self._made(
            "freeze", "", reason(freeze.why), lambda old: decision.frozen(old, freeze)
        )

    def thaw(self, gone: Iterable[Freeze], why: str) -> Entry | None:
        """These freezes are over."""
        return self._made("thaw", "", reason(why), lambda old: decision.thawed(old, gone))

    def drain(self, server: str, why: str) -> Entry | None:
        kept = reason(why)
        return self._made(
            "drain", "", kept, lambda old: decision.drained(old, server, kept), always=True
        )

    def undrain(self, server: str, why: str) -> Entry | None:
        return self._made(
            "undrain", "", reason(why), lambda old: decision.drained(old, server, ""), always=True
        )

    def enter(self, why: str) -> Entry | None:
        """Enter in the log what was edited by hand; the roll-out stays as it is."""
        return self._made("enter", "", reason(why), lambda old: old, always=True)

    def _made(
        self, action: str, task: str, why: str, alter: Alter, *, always: bool = False
    ) -> Entry | None:
        from answerprint import draft  # noqa: PLC0415 - a run changes nothing, and waits for no editor

        path = (self.folder / FILE).resolve()
        with turn(self.folder) as lease:
            held = ledger.content(self.folder)
            self._heed(held)
            old = Rollout() if held is None else rollout.parse(held, path)
            if not always:
                _heed_freeze(old, task)
            new = alter(old)
            before, after = difference(plain(old), plain(new))
            end = ledger.end(self.folder)
            notes = _notes(end, held)
            if not before and not after and not (action == "enter" and notes):
                return None
            text = ledger.unmarked((held or NEW.encode()).decode("utf-8"))
            made = ledger.marked(draft.laid(text, old, new, path), end.seq).encode()
            facts = {
                "task": task,
                "action": action,
                "why": why,
                "notes": notes,
                "before": before,
                "after": after,
                "found": _digest(held),
                "rollout": ledger.digest(made),
            }
            return self._write(lease, path, made, end, facts)

    def _write(
        self, lease: Lease, path: Path, made: bytes, end: ledger.End, facts: Mapping[str, Any]
    ) -> Entry:
        """The whole file aside, then the entry, then the file in its place: needs no more space."""
        aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
        try:
            _write_aside(aside, made, like=path)
            lease.check()
            who = {"who": _login(), "machine": socket.gethostname()}
            entry = ledger.append(self.folder, self.signer, end, {**facts, **who})
            try:
                os.replace(aside, path)  # noqa: PTH105 - said as the atomic call that it is
            except OSError:
                ledger.take_back(self.folder, entry)
                raise
        except OSError as error:
            raise unwritable(self.folder, error) from error
        finally:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
        return entry

    def _heed(self, held: bytes | None) -> None:
        now = _digest(held)
        if self.expected is None or self.expected == now:
            return
        later = _since(ledger.entries(self.folder), self.expected)
        told = [said(one) for one in later[-MOST_TOLD:]]
        if not later or later[-1].rollout != now:
            told.append("it was edited by hand")
        raise ChangedMeanwhile(
            f"Somebody was faster: {'; then '.join(told)}.",
            remedy="Nothing was changed by you. Look at 'answerprint models status', then decide "
            "again.",
        )


def _digest(held: bytes | None) -> str:
    return "" if held is None else ledger.digest(held)


def _heed_freeze(old: Rollout, task: str) -> None:
    """Raises JobError: a freeze holds the task today."""
    found = old.frozen(task, date.today()) if task else None  # noqa: DTZ011 - the studio's day
    if found is not None:
        why = f", {found.why}" if found.why else ""
        raise JobError(
            f"{task} is frozen until {found.last}{why}.",
            remedy="A halt, a rollback and the end of a share go through; for more, end the freeze "
            "first: 'answerprint models freeze --off --why TEXT'.",
        )


def _notes(end: ledger.End, held: bytes | None) -> list[str]:
    """What a change finds that is not as the last one left it."""
    notes = []
    if end.torn:
        text = end.torn.decode("utf-8", "replace")[: ledger.MOST_TORN]
        notes.append(f"half an entry stood at the end, of a change that did not happen: {text}")
    if end.last is None and end.seq > 1:
        notes.append(f"line {end.seq - 1} is no entry")
    elif end.last is not None and (why := ledger.since(end.last, held)):
        notes.append(why)
    elif end.last is None and held is not None:
        notes.append("the roll-out was written by hand before its first entry")
    return notes


def _since(entries: list[Entry], seen: str) -> list[Entry]:
    """Those after what was seen, which an entry left, or found as somebody's hand had left it."""
    for place in range(len(entries) - 1, -1, -1):
        if entries[place].rollout == seen:
            return entries[place + 1 :]
        if entries[place].found == seen:
            return entries[place:]
    return []


def _write_aside(aside: Path, held: bytes, *, like: Path) -> None:
    with aside.open("xb") as stream:
        stream.write(held)
        stream.flush()
        os.fsync(stream.fileno())
    with suppress(OSError):  # there is none yet, or its rights are another's
        shutil.copymode(like, aside)


def _login() -> str:
    with suppress(KeyError, OSError, ImportError):  # a user without an entry, as in a container
        return getpass.getuser()
    return "unknown"
