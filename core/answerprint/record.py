"""Records: the provenance of one frame, signed, inside its own header.

Two string attributes stand in every part: the statement as canonical JSON, and its signature.
The statement names the SHA-256 of the decoded pixels, so a frame can be verified on its own: with
no database, no server and no network, also after a lossless re-save by another program.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import Field, ValidationError

from answerprint import exr, signing
from answerprint.contract import Value
from answerprint.documents import OpenDocument, canonical

STATEMENT = "answerprintRecord"
SIGNATURE = "answerprintSignature"
MOST_STATEMENT_BYTES = 1 << 20


class RecordedInput(OpenDocument):
    """One image that went in. `pixels` is its digest; `statement_id` is set if it was a take.

    `plate` is the sequence that `uri` is a frame of, in the spelling with ####.
    """

    role: str
    uri: str
    plate: str = ""
    layer: str
    frame: int | None
    pixels: str
    statement_id: str | None


class Record(OpenDocument):
    """What made a frame, who, when, from what, and which pixels came out (schema v1).

    variation    of a wedge: w001
    views        of a stereo frame that were made
    moment       of the plate, in its frames, that a retimed frame shows
    result       what the file holds: layers, type, compression
    work         digest of all that decides the pixels: equal work is copied, not done again
    copied_from  the frame whose equal work was copied: statement_id, take, variation, frame
    """

    schema_: Literal["answerprint.record/v1"] = Field("answerprint.record/v1", alias="schema")
    statement_id: str
    created: str
    job_id: str
    request_id: str
    show: str | None
    shot: str | None
    name: str
    take: int
    variation: str = ""
    frame: int
    views: tuple[str, ...] = ()
    moment: float | None = None
    user: str
    machine: str
    host: str
    tool: str
    model: dict[str, str]
    server: dict[str, str]
    parameters: dict[str, Value]
    seed: str | None
    determinism: dict[str, Any]
    cut: str
    non_finite: str
    inputs: tuple[RecordedInput, ...]
    colour: dict[str, str]
    result: dict[str, str] = {}
    digital_source_type: str
    training: dict[str, str]
    windows: tuple[dict[str, list[int]], ...]
    processed: tuple[str, ...]
    seconds: dict[str, float]
    work: str = ""
    copied_from: dict[str, Any] | None = None
    pixels: str


class Verdict(str, enum.Enum):
    """What verifying says. Five words, never a boolean."""

    OK = "OK"
    PIXELS_CHANGED = "PIXELS_CHANGED"
    BAD_SIGNATURE = "BAD_SIGNATURE"
    UNKNOWN_KEY = "UNKNOWN_KEY"
    ABSENT = "ABSENT"


@dataclass(frozen=True)
class Finding:
    """A verdict with its reason in a sentence, and the record where there is a readable one."""

    verdict: Verdict
    why: str
    record: Record | None = None


def embed(frame: exr.Frame, record: Record, signer: signing.Signer) -> None:
    """Put statement and signature into every part, in place of any that were there."""
    statement = canonical(record.model_dump(mode="json", by_alias=True))
    for part in frame.parts:
        part.header[STATEMENT] = statement.decode("utf-8")
        part.header[SIGNATURE] = signer.sign(statement)


def strip(frame: exr.Frame) -> None:
    """Take out a record that came in with the plate: it speaks of the plate, not of the result."""
    for part in frame.parts:
        part.header.pop(STATEMENT, None)
        part.header.pop(SIGNATURE, None)


def extract(frame: exr.Frame) -> Record | None:
    """The frame's record as it stands, not verified; None when there is none that can be read."""
    texts = [text for text, _ in _pairs(frame)]
    return _parsed(texts[0]) if texts else None


def verify(frame: exr.Frame, trusted: dict[str, Ed25519PublicKey]) -> Finding:
    """Judge a frame with its pixels read."""
    pairs = _pairs(frame)
    if not pairs:
        return Finding(Verdict.ABSENT, "The frame carries no record.")
    checks = [signing.check(text.encode("utf-8"), name, trusted) for text, name in pairs]
    record = _parsed(pairs[0][0])
    if False in checks or record is None:
        return Finding(Verdict.BAD_SIGNATURE, "The record was edited after it was signed.", record)
    if None in checks:
        kid = pairs[checks.index(None)][1].split(":")[1]
        return Finding(
            Verdict.UNKNOWN_KEY, f"Signed with key {kid}, which is not in the trust store.", record
        )
    if exr.digest(frame) != record.pixels:
        return Finding(Verdict.PIXELS_CHANGED, _what_changed(frame, record), record)
    return Finding(Verdict.OK, f"Signed by {record.user}, {record.created}.", record)


def windows(frame: exr.Frame) -> tuple[dict[str, list[int]], ...]:
    """Data and display window of each part, [left, top, right, bottom], corners included."""
    return tuple(
        {"data": part.data_window.as_list(), "display": part.display_window.as_list()}
        for part in frame.parts
    )


def _what_changed(frame: exr.Frame, record: Record) -> str:
    if windows(frame) != record.windows:
        return "A window is not the one that was signed; the lineage statement is intact."
    return "The pixels are not those that were signed; the lineage statement is intact."


def _pairs(frame: exr.Frame) -> list[tuple[str, str]]:
    """The different (statement, signature) pairs in the frame's parts."""
    found = {
        (str(part.header[STATEMENT]), str(part.header.get(SIGNATURE, "")))
        for part in frame.parts
        if STATEMENT in part.header
    }
    return sorted(found)


def _parsed(text: str) -> Record | None:
    if len(text) > MOST_STATEMENT_BYTES:
        return None
    try:
        return Record.model_validate_json(text)
    except ValidationError:
        return None
