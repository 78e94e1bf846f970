"""Ledger: who changed a roll-out, when and why; each entry signed, and chained to the one before.

`audit.jsonl`, one entry a line in canonical JSON, is only ever added to. An entry is written before
the roll-out that it tells of: one that was announced and never carried out is noticed, and a change
without an entry cannot be. The roll-out's last line names its entry, so a log that was cut at its
end is noticed as well. Who can sign as somebody trusted can write a new end; nobody can change what
was before, or take a line out, without another's key.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import Field, ValidationError

from answerprint import documents, rollout, signing
from answerprint.documents import OpenDocument, canonical, explain
from answerprint.errors import ChangedMeanwhile, SetupError
from answerprint.signing import Signer

FILE = "audit.jsonl"
MOST_BYTES = 64 << 20
MOST_LINE_BYTES = 256 << 10
MOST_TORN = 2000  # letters of half an entry that are kept
_MARK = re.compile(r"^# entry (\d{1,9}) of audit\.jsonl\r?\n?", re.MULTILINE)

Keys = Mapping[str, Ed25519PublicKey]
Digest = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]


class Entry(OpenDocument):
    """One change.

    task      that was changed; '' where it was none, as with a server
    before, after  the fields that changed, by their names; {} where something was made, or is gone
    notes     what this change found: a roll-out edited by hand, half an entry
    found     SHA-256 of rollout.toml as this change found it, '': there was none
    rollout   the same of what this change left
    previous  SHA-256 of the line before, without its end; '' in the first
    """

    schema_: Literal["answerprint.audit/v1"] = Field("answerprint.audit/v1", alias="schema")
    seq: Annotated[int, Field(ge=1, strict=True)]
    at: str
    who: str
    machine: str
    why: str
    task: str
    action: str
    before: dict[str, Any]
    after: dict[str, Any]
    notes: tuple[str, ...] = ()
    found: Digest
    rollout: Digest
    previous: Digest
    kid: str
    signature: str


@dataclass(frozen=True)
class Line:
    """One line of the log, from 1 on; without an entry, why it is none."""

    number: int
    raw: bytes
    entry: Entry | None
    problem: str = ""

    @property
    def digest(self) -> str:
        return digest(self.raw)


@dataclass(frozen=True)
class Finding:
    """What is wrong with a log, and in which line; 0: there is no line that could be named."""

    line: int
    problem: str


@dataclass(frozen=True)
class End:
    """Where the next entry goes.

    last  None: the log is empty, or its last line is no entry
    torn  the start of an entry whose writer was stopped; it told of nothing that happened
    size  bytes of the log
    """

    seq: int
    previous: str
    last: Entry | None
    torn: bytes
    size: int


def digest(held: bytes) -> str:
    return hashlib.sha256(held).hexdigest()


def lines(folder: Path) -> list[Line]:
    """Every line, whether it is an entry or not; none where there is no log.

    Raises:
        SetupError: the log cannot be read, or is too large.
    """
    return [_line(number, raw) for number, raw in enumerate(_raw(_held(folder)), 1)]


def entries(folder: Path) -> list[Entry]:
    """Those lines that are entries, oldest first. Nothing is verified. Raises as `lines` does."""
    return [one.entry for one in lines(folder) if one.entry is not None]


def end(folder: Path) -> End:
    """Raises as `lines` does."""
    held = _held(folder)
    raw = _raw(held)
    torn = b""
    if raw and not held.endswith(b"\n") and _line(len(raw), raw[-1]).entry is None:
        torn = raw.pop()
    last = _line(len(raw), raw[-1]).entry if raw else None
    return End(len(raw) + 1, digest(raw[-1]) if raw else "", last, torn, len(held))


def append(folder: Path, signer: Signer, after: End, facts: Mapping[str, Any]) -> Entry:
    """Sign an entry and add it; one writer at a time. What cannot be added leaves no trace.

    `facts`: the fields of `Entry` that are not the log's own.

    Raises:
        ChangedMeanwhile: the log is longer since: this writer stood still, and lost its turn.
        OSError: it cannot be written.
    """
    own = {"schema": "answerprint.audit/v1", "seq": after.seq, "previous": after.previous}
    said = {**facts, **own, "at": documents.now(), "kid": signer.kid}
    entry = Entry.model_validate({**said, "signature": signer.sign(canonical(said))})
    with (folder / FILE).open("ab+", buffering=0) as stream:
        size = after.size - len(after.torn)
        if stream.seek(0, os.SEEK_END) != after.size:
            raise ChangedMeanwhile(
                f"{(folder / FILE).as_posix()} was added to by another process meanwhile.",
                remedy="Nothing was changed by you. Look at 'answerprint models log'.",
            )
        try:
            stream.truncate(size)
            _write(stream, canonical({**said, "signature": entry.signature}), size)
            os.fsync(stream.fileno())
        except OSError:
            stream.truncate(size)
            raise
    return entry


def take_back(folder: Path, entry: Entry) -> None:
    """Remove the last line, if it is this entry: what it announced could not be done."""
    held = _held(folder)
    raw = _raw(held)
    if raw and _line(len(raw), raw[-1]).entry == entry:
        with (folder / FILE).open("rb+") as stream:
            stream.truncate(len(held) - len(raw[-1]) - held.endswith(b"\n"))


def verify(folder: Path, trusted: Keys) -> list[Finding]:
    """What is wrong with the log, the first bad line first; [] where all is as it should be.

    Raises as `lines` does, and:
        SetupError: rollout.toml cannot be read.
    """
    every = lines(folder)
    found = [Finding(one.number, why) for one in every for why in _doubts(one, trusted)]
    found += [Finding(two.number, why) for one, two in pairwise(every) for why in _gap(one, two)]
    if every and every[0].entry and every[0].entry.previous:
        found.append(Finding(1, "the lines before it are missing"))
    found.sort(key=lambda one: one.line)
    return found + list(_apart(folder, every))


def marked(text: str, seq: int) -> str:
    """A rollout.toml whose last line names its entry of the log."""
    bare = unmarked(text)
    return f"{bare}{'' if bare.endswith(chr(10)) or not bare else chr(10)}# entry {seq} of {FILE}\n"


def unmarked(text: str) -> str:
    return _MARK.sub("", text)


def content(folder: Path) -> bytes | None:
    """What rollout.toml holds; None: there is none.

    Raises:
        SetupError: it cannot be read, or is too large.
    """
    path = folder / rollout.FILE
    try:
        return _limited(path, rollout.MOST_BYTES)
    except FileNotFoundError:
        return None


def since(entry: Entry, held: bytes | None) -> str:
    """What happened to rollout.toml after its last entry, in words; '' where nothing did."""
    now = digest(held) if held is not None else ""
    if now == entry.rollout:
        return ""
    if now == entry.found:
        return (
            f"entry {entry.seq} was announced and is not in force: its writer was stopped, or the "
            "roll-out was put back by hand"
        )
    if held is None:
        return f"the roll-out was removed since entry {entry.seq}"
    return f"the roll-out was edited by hand since entry {entry.seq}"


def _held(folder: Path) -> bytes:
    try:
        return _limited(folder / FILE, MOST_BYTES)
    except FileNotFoundError:
        return b""


def _limited(path: Path, most: int) -> bytes:
    """Raises FileNotFoundError where there is nothing; SetupError: it cannot be read."""
    try:
        with path.open("rb") as stream:
            held = stream.read(most + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SetupError(
            f"{path.as_posix()} cannot be read: {error.strerror}.",
            remedy="Check that its folder is there, and your right to read it.",
        ) from error
    if len(held) > most:
        raise SetupError(
            f"{path.as_posix()} is larger than {most:,} bytes.",
            remedy="Move it aside and keep it; a new one is begun with the next change.",
        )
    return held


def _raw(held: bytes) -> list[bytes]:
    """Lines by their newline alone; the last may lack its own."""
    split = held.split(b"\n")
    return split[:-1] if split[-1] == b"" else split


def _line(number: int, raw: bytes) -> Line:
    if len(raw) > MOST_LINE_BYTES:
        return Line(number, raw, None, f"it is longer than {MOST_LINE_BYTES:,} bytes")
    try:
        found = documents.loads(raw.decode("utf-8"))
        entry = Entry.model_validate(found)
        # one entry has one spelling: else a line could be changed where no signature looks
        if canonical(found) != raw:
            return Line(number, raw, None, "it is not spelled as it was written")
        return Line(number, raw, entry)
    except ValidationError as error:
        return Line(number, raw, None, f"it is no entry: {explain(error)}")
    except ValueError:  # no UTF-8, no JSON, or nothing that RFC 8785 can spell
        return Line(number, raw, None, "it is no entry, or only a part of one")


def _doubts(line: Line, trusted: Keys) -> Iterator[str]:
    """What is wrong with a line by itself."""
    if line.entry is None:
        yield line.problem
        return
    if line.entry.seq != line.number:
        yield f"it says that it is entry {line.entry.seq}"
    said = documents.loads(line.raw.decode("utf-8"))
    signature = said.pop("signature")
    genuine = signing.check(canonical(said), signature, dict(trusted))
    if genuine is None:
        kid = signing.key_of(signature)
        yield f"its key {kid} is not trusted: copy {kid}.pub of {line.entry.who} to a trust store"
    elif not genuine or line.entry.kid != signing.key_of(signature):
        yield "its signature is wrong: it is not as it was signed"


def _gap(one: Line, two: Line) -> Iterator[str]:
    """What is wrong between a line and the next."""
    if two.entry is None:
        return
    if two.entry.previous != one.digest:
        yield "the line before it is not the one that it was written after"
    elif one.entry and two.entry.found != one.entry.rollout and not two.entry.notes:
        yield f"the roll-out was another than entry {one.entry.seq} left, and it does not say why"


def _apart(folder: Path, every: list[Line]) -> Iterator[Finding]:
    """How the roll-out and the end of the log differ."""
    held = content(folder)
    marks = _MARK.findall(held.decode("utf-8", "replace")) if held else []
    named, there = int(marks[-1]) if marks else 0, len(every)
    if named > there:
        yield Finding(
            there, f"the log ends here, and the roll-out is of entry {named}: its end was cut off"
        )
    elif every and every[-1].entry and (why := since(every[-1].entry, held)):
        yield Finding(there, f"{why}; or later entries were cut off")


def _write(stream: BinaryIO, line: bytes, size: int) -> None:
    """After a newline of its own, where the last line lacks one."""
    if size and _last(stream, size) != b"\n":
        line = b"\n" + line
    left = memoryview(line + b"\n")
    while left:
        left = left[stream.write(left) :]


def _last(stream: BinaryIO, size: int) -> bytes:
    stream.seek(size - 1)
    return stream.read(1)
