"""Provenance: whether a take's frames are those that were signed, found out beside everything else.

Every pixel is read for that, which takes seconds to minutes: until it is known the answer is
'checking', and the take is told as changed when it is.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import BaseModel

from answerprint import verify
from answerprint.documents import count
from answerprint.errors import TakeError
from answerprint.job import Resolved
from answerprint.record import Verdict
from answerprint.take import Take
from answerprint_studio.index import Entry

MOST = 512  # takes whose answer is remembered
CHECKING = ("checking", "are being compared with the signed record")
_WORDS = {
    Verdict.OK: "verified",
    Verdict.PIXELS_CHANGED: "changed",
    Verdict.BAD_SIGNATURE: "changed",
    Verdict.UNKNOWN_KEY: "unknown_key",
    Verdict.ABSENT: "no_record",
}


class Provenance(BaseModel):
    """`verdict`: verified, changed, no_record, unknown_key; checking while it is found out."""

    verdict: str
    why: str
    rows: list[tuple[str, str]]


class Verifier:
    """`trusted`: the keys that are believed; `tell` is given the id of a take that is known now."""

    def __init__(
        self,
        trusted: Callable[[], dict[str, Ed25519PublicKey]],
        tell: Callable[[set[str]], None],
    ) -> None:
        self._trusted, self._tell = trusted, tell
        self._known: dict[str, tuple[str, str]] = {}
        self._asked: queue.LifoQueue[tuple[str, str, Take] | None] = queue.LifoQueue()
        self._waiting: set[str] = set()
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def of(self, entry: Entry, take: Take, resolved: Resolved | None) -> Provenance:
        word, why = self._verdict(entry["id"], take)
        return Provenance(verdict=word, why=why, rows=_rows(take, resolved, why))

    def stop(self) -> None:
        self._end.set()
        self._asked.put(None)
        if self._thread is not None:
            self._thread.join(10)

    def _verdict(self, ident: str, take: Take) -> tuple[str, str]:
        if not take.is_complete:
            return "no_record", "are signed when the take is finished"
        key = _key(take)
        with self._lock:
            if key in self._known:
                return self._known[key]
            if key not in self._waiting:
                self._waiting.add(key)
                self._asked.put((key, ident, take))
            if self._thread is None and not self._end.is_set():
                self._thread = threading.Thread(target=self._run, name="verify", daemon=True)
                self._thread.start()
        return CHECKING

    def _run(self) -> None:
        while not self._end.is_set():
            asked = self._asked.get()
            if asked is None:
                return
            key, ident, take = asked
            found = self._found(take)
            with self._lock:
                self._waiting.discard(key)
                if found is not None:
                    self._known[key] = found
                    while len(self._known) > MOST:
                        del self._known[next(iter(self._known))]
            if found is not None:
                self._tell({ident})

    def _found(self, take: Take) -> tuple[str, str] | None:
        """None where the service ends meanwhile."""
        try:
            last = None
            for judged in verify.verify(take.folder, self._trusted()):
                last = judged  # the take itself comes after its frames
                if self._end.is_set():
                    return None
        except Exception as error:  # noqa: BLE001 - anybody may have written there; the next one waits
            return "no_record", getattr(error, "problem", "cannot be read")
        if last is None:
            return "no_record", "are not there"
        if last.verdict is Verdict.OK:
            return "verified", "match the signed record"
        return _WORDS[last.verdict], last.finding.why


def _key(take: Take) -> str:
    """Another one whenever a frame or the manifest is written."""
    said = [take.folder.as_posix()]
    for file in (take.private / "manifest.json", *take.items().values()):
        try:
            facts = file.stat()
        except OSError:
            continue
        said.append(f"{file.name} {facts.st_size} {facts.st_mtime_ns}")
    return hashlib.sha256("\n".join(said).encode("utf-8", "replace")).hexdigest()


def _rows(take: Take, resolved: Resolved | None, why: str) -> list[tuple[str, str]]:
    rows = [("Frames", why)]
    signed = _signed(take)
    if signed:
        rows.append(("Signed", signed))
    if resolved is None:
        return rows
    model, contract = resolved.contract.model, resolved.contract
    rows.append(("Model", f"{model.name} {model.version}"))
    others = [name for name in resolved.inputs if name != resolved.main]
    plate = Path(resolved.inputs[resolved.main].path).name
    rows.append(("From", f"{plate} with {', '.join(others)}" if others else plate))
    kind = contract.determinism.kind
    rows.append(("Run again", _AGAIN.get(str(getattr(kind, "value", kind)), str(kind))))
    rows.append(("Licence", contract.licence.weights or contract.licence.code))
    record = _record(take)
    if record:
        rows.append(("Record", record))
    return rows


_AGAIN = {"bit_exact": "bit for bit", "tolerance": "within tolerance"}


def _signed(take: Take) -> str:
    try:
        machine = str(take.read("claim")["machine"])
        created = str(take.read("manifest")["manifest"]["created"])
    except (TakeError, KeyError, TypeError):
        return ""
    return f"{machine}, {created[:16].replace('T', ' ')} UTC"


def _record(take: Take) -> str:
    """The first frame's statement, and how many there are."""
    try:
        frames: dict[str, Any] = take.read("manifest")["manifest"]["frames"]
        first = str(next(iter(frames.values()))["statement_id"])
    except (TakeError, KeyError, TypeError, StopIteration, AttributeError):
        return ""
    return f"{first[:4]} {first[4:8]} ... {first[-4:]}, {count(len(frames), 'frame')}"
