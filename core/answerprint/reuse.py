"""Reuse: work that was done before from the same pixels is copied, not done again."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ValidationError

from answerprint import __version__, exr, record, takes
from answerprint.contract import Value
from answerprint.documents import canonical
from answerprint.errors import AnswerprintError
from answerprint.header import Header
from answerprint.job import Resolved
from answerprint.journal import Event
from answerprint.record import SIGNATURE, STATEMENT, Record, Verdict
from answerprint.report import Levels
from answerprint.takes import Item, Take
from answerprint.workitem import Read

# Raised whenever the engine makes other samples or headers of the same work than before, within one
# version too: in reading, colour, tiles, what is kept of the plate, or how a frame is written.
REVISION = 1
# of a header, what says nothing about the plate itself
_ASIDE = {STATEMENT, SIGNATURE}


def key(found: Read, resolved: Resolved, settings: Mapping[str, Value], seed: str | None) -> str:
    """One digest of all that decides what a frame of the result holds, or '' if chance does.

    Pixels and headers that went in, the model's artifacts, how its contract has it fed and its
    answers placed, parameters, colour, what is kept, and this engine.
    """
    contract = resolved.contract
    if contract.determinism.kind == "stochastic" and not (contract.seed and seed is not None):
        return ""
    colour = resolved.colour
    work = {
        "schema": "answerprint.work/v1",
        "engine": [__version__, REVISION],
        "model": resolved.model_sha256,
        "inputs": [
            [one.role, one.layer, one.pixels, list(resolved.inputs[one.role].channels)]
            for one in found.inputs
        ],
        "header": _header_digest(found.frame.source),
        "views": list(resolved.views),
        "settings": {name: str(value) for name, value in settings.items()},
        "seed": seed if contract.seed else None,
        "time": str(found.seen.time),
        "held": found.held,
        "colour": [colour.fingerprint, colour.space, colour.paths] if colour else None,
        "result": resolved.result.model_dump(mode="json"),
        "non_finite": resolved.job.non_finite,
        "cut": contract.cut.model_dump(mode="json"),
        "takes": [one.model_dump(mode="json") for one in contract.inputs],
        "gives": [one.model_dump(mode="json") for one in contract.outputs],
    }
    return hashlib.sha256(canonical(work)).hexdigest()


@dataclass(frozen=True)
class Earlier:
    """A frame that equal work made, its record, and what its journal says of it."""

    frame: exr.Frame
    made: Record
    event: Event

    def tell(self, found: Read) -> None:
        """Say of a copy what was said of this: how much light came out, and what to look at."""
        try:
            said = _Said.model_validate(self.event)
        except ValidationError:  # a journal is a file that anybody may have written
            return
        found.levels |= {k: one for k, one in said.levels.items() if k.endswith(" out")}
        found.warnings += [one for one in said.warnings if one not in found.warnings]


class _Said(BaseModel):
    """What is taken over from a journal's event of a frame."""

    levels: dict[str, Levels] = {}
    warnings: list[str] = []


class Made:
    """What earlier takes of a stream, and this one so far, hold: key -> file. Safe for threads."""

    def __init__(self, trusted: dict[str, Ed25519PublicKey]) -> None:
        self._trusted = trusted
        self._files: dict[str, tuple[Path, Event]] = {}
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}

    @contextmanager
    def turn(self, work: str) -> Iterator[None]:
        """Equal work one after the other: whoever waits here finds then what the first has made."""
        with self._lock:
            lock = self._turns.setdefault(work, threading.Lock()) if work else threading.Lock()
        with lock:
            yield

    def add(self, work: str, file: Path, event: Event) -> None:
        """`event`: what the journal says of it."""
        with self._lock:
            self._files[work] = (file, event)

    def scan(self, stream: Path) -> None:
        """Learn from the journals of a stream's takes, newest first.

        A journal is a file that anybody may have written: only frames that lie in the take under
        the take's own names count. One that cannot be read teaches nothing.
        """
        for take in takes.of_stream(stream):
            for work, known in _worked(take).items():
                self._files.setdefault(work, known)

    def find(self, work: str) -> Earlier | None:
        """The frame that equal work made, if it is still there and verifies."""
        with self._lock:
            file, event = self._files.get(work, (None, {})) if work else (None, {})
        if file is None or not _is_plain(file):
            return None
        try:
            frame = exr.read(file)
        except AnswerprintError:  # moved or damaged since: the work is done again
            return None
        finding = record.verify(frame, self._trusted)
        made = finding.record
        good = finding.verdict is Verdict.OK and made is not None and made.work == work
        return Earlier(frame, made, event) if good and made is not None else None


def _worked(take: Take) -> dict[str, tuple[Path, Event]]:
    """Key -> file and event of every frame that a take's journal tells of and that lies in it."""
    try:
        events = reversed(take.events())  # so that of equal frames the first one counts
        told = {str(one["work"]): one for one in events if one.get("work")}
        held = take.items() if told else {}
    except (AnswerprintError, OSError):
        return {}
    items = {work: _item(one) for work, one in told.items()}
    return {work: (held[item], told[work]) for work, item in items.items() if item in held}


def _item(event: Event) -> Item | None:
    frame, variation = event.get("frame"), event.get("variation", "")
    if not isinstance(frame, int) or not isinstance(variation, str):
        return None
    return Item(frame, variation)


def _is_plain(file: Path) -> bool:
    """Whether it is a file in its take's own folder: no link to elsewhere, no pipe."""
    links = file.is_symlink() or file.parent.is_symlink()
    return file.is_file() and not links


def _header_digest(header: Header | None) -> str:
    total = hashlib.sha256()
    for part in header.parts if header else ():
        for name in sorted(part.keys() - _ASIDE):
            total.update(f"{name}\0{part[name].type}\0".encode())
            total.update(part[name].value)
    return total.hexdigest()
