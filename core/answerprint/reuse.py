"""Reuse: work that was done before from the same pixels is copied, not done again."""

from __future__ import annotations

import hashlib
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel, ValidationError

from answerprint import __version__, medium, record, takes, way
from answerprint.contract import Value
from answerprint.documents import canonical
from answerprint.errors import AnswerprintError
from answerprint.job import Resolved
from answerprint.journal import Event
from answerprint.medium import Content
from answerprint.record import SIGNATURE, STATEMENT, Record, Verdict
from answerprint.report import Levels
from answerprint.takes import Item, Take
from answerprint.way import Work

# Raised whenever the engine makes other samples or headers of the same work than before, within one
# version too: in reading, colour, tiles, what is kept of the plate, or how a frame is written.
REVISION = 1
# of what stands in a file, what says nothing about the plate itself
_ASIDE = {STATEMENT, SIGNATURE}


def key(found: Work, resolved: Resolved, settings: Mapping[str, Value], seed: str | None) -> str:
    """One digest of all that decides what a frame of the result holds, or '' if chance does.

    Pixels and headers that went in, the model's artifacts, how its contract has it fed and its
    answers placed, parameters, colour, what is kept, and this engine.
    """
    contract = resolved.contract
    if contract.determinism.kind == "stochastic" and not (contract.seed and seed is not None):
        return ""
    colour, content = resolved.colour, way.of(resolved).content(found)
    work = {
        "schema": "answerprint.work/v1",
        "engine": [__version__, REVISION],
        "model": resolved.model_sha256,
        "inputs": [
            [one.role, one.layer, one.pixels, list(resolved.inputs[one.role].channels)]
            for one in found.inputs
        ],
        "header": medium.holding(content).beside(content, _ASIDE),
        "views": list(resolved.views),
        "settings": {name: str(value) for name, value in settings.items()},
        "seed": seed if contract.seed else None,
        "time": str(found.seen.time),
        "held": found.held,
        "colour": [colour.fingerprint, colour.space, colour.paths] if colour else None,
        "result": resolved.result.model_dump(mode="json"),
        "non_finite": resolved.job.non_finite,
        "unsupported": resolved.job.unsupported,
        "kind": contract.kind,
        "cut": contract.cut.model_dump(mode="json"),
        "takes": [one.model_dump(mode="json") for one in contract.inputs],
        "gives": [one.model_dump(mode="json") for one in contract.outputs],
    }
    return hashlib.sha256(canonical(work)).hexdigest()


class _Said(BaseModel):
    """What is taken over from a journal's event of a frame."""

    levels: dict[str, Levels] = {}
    warnings: list[str] = []


@dataclass(frozen=True)
class Earlier:
    """A frame that equal work made, its record, and what its journal says of it."""

    content: Content
    made: Record
    said: _Said

    def tell(self, found: Work) -> None:
        """Say of a copy what was said of this: how much light came out, and what to look at."""
        found.levels |= self.said.levels
        found.warnings += [one for one in self.said.warnings if one not in found.warnings]


class _Known(NamedTuple):
    """Where a frame lies, and what its journal says of it: small, for a show has many."""

    file: str
    said: bytes

    @classmethod
    def of(cls, file: Path, event: Event) -> _Known:
        try:
            said = _Said.model_validate(event)
        except ValidationError:  # a journal is a file that anybody may have written
            return cls(str(file), b"")
        levels = {name: one for name, one in said.levels.items() if name.endswith(" out")}
        kept = _Said(levels=levels, warnings=said.warnings)
        return cls(str(file), zlib.compress(kept.model_dump_json().encode()))

    def told(self) -> _Said:
        return _Said.model_validate_json(zlib.decompress(self.said)) if self.said else _Said()


class Made:
    """What earlier takes of a stream, and this one so far, hold: key -> file. Safe for threads."""

    def __init__(self, trusted: dict[str, Ed25519PublicKey]) -> None:
        self._trusted = trusted
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()
        self._turns: dict[str, _Turn] = {}

    @contextmanager
    def turn(self, work: str) -> Iterator[None]:
        """Equal work one after the other: whoever waits here finds then what the first has made."""
        if not work:
            yield
            return
        with self._lock:
            turn = self._turns.setdefault(work, _Turn())
            turn.takers += 1
        try:
            with turn.lock:
                yield
        finally:
            with self._lock:
                turn.takers -= 1
                if not turn.takers:
                    del self._turns[work]

    def add(self, work: str, file: Path, event: Event) -> None:
        """`event`: what the journal says of it."""
        known = _Known.of(file, event)
        with self._lock:
            self._known[work] = known

    def scan(self, stream: Path) -> None:
        """Learn from the journals of a stream's takes, newest first.

        A journal is a file that anybody may have written: only frames that lie in the take under
        the take's own names count. One that cannot be read further teaches nothing more.
        """
        for take in takes.of_stream(stream):
            with suppress(AnswerprintError, OSError):
                for work, file, event in _worked(take):
                    if work not in self._known:  # of equal frames the first one counts
                        self._known[work] = _Known.of(file, event)

    def find(self, work: str) -> Earlier | None:
        """The frame that equal work made, if it is still there and verifies."""
        with self._lock:
            known = self._known.get(work) if work else None
        if known is None or not _is_plain(Path(known.file)):
            return None
        try:
            content = medium.read(Path(known.file))
        except AnswerprintError:  # moved or damaged since: the work is done again
            return None
        finding = record.verify(content, self._trusted)
        made = finding.record
        if finding.verdict is not Verdict.OK or made is None or made.work != work:
            return None
        return Earlier(content, made, known.told())


@dataclass
class _Turn:
    """Whose turn it is with one work, and how many have it or wait for it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    takers: int = 0


def _worked(take: Take) -> Iterator[tuple[str, Path, Event]]:
    """Key, file and event of every frame that a take's journals tell of and that lies in it."""
    held = take.items() if take.journals() else {}
    for event in take.told() if held else ():
        item = _item(event)
        if event.get("work") and item in held:
            yield str(event["work"]), held[item], event


def _item(event: Event) -> Item | None:
    frame, variation = event.get("frame"), event.get("variation", "")
    if not isinstance(frame, int) or not isinstance(variation, str):
        return None
    return Item(frame, variation)


def _is_plain(file: Path) -> bool:
    """Whether it is a file in its take's own folder: no link to elsewhere, no pipe."""
    links = file.is_symlink() or file.parent.is_symlink()
    return file.is_file() and not links
