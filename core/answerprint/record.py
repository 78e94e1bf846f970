"""Records: the provenance of one frame, signed, inside its own file.

Two texts stand in the header of every part, or beside geometry: the statement as canonical JSON,
and its signature. The statement names the SHA-256 of the decoded pixels or values, so a frame can
be verified on its own: with no database, no server and no network, also after a lossless re-save by
another program.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import Field, ValidationError

from answerprint import medium, signing
from answerprint.contract import Value
from answerprint.documents import OpenDocument, canonical
from answerprint.medium import Content, Windows

STATEMENT = "answerprintRecord"
SIGNATURE = "answerprintSignature"
MOST_STATEMENT_BYTES = 1 << 20


class RecordedInput(OpenDocument):
    """One image, attribute or grid that went in. `pixels` is its file's digest; `statement_id` is set if it was a take.

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
    result       what the file holds: layers, type, compression, format
    windows      of each part; none of geometry
    processed    channels that the model made; attributes or grids of geometry
    work         digest of all that decides the pixels: equal work is copied, not done again
    pixels       digest of the file's pixels, or of its values where it holds geometry
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


def embed(content: Content, record: Record, signer: signing.Signer) -> None:
    """Put statement and signature into it, in place of any that were there."""
    statement = canonical(record.model_dump(mode="json", by_alias=True))
    texts = {STATEMENT: statement.decode("utf-8"), SIGNATURE: signer.sign(statement)}
    medium.holding(content).say(content, texts)


def strip(content: Content) -> None:
    """Take out a record that came in with the plate: it speaks of the plate, not of the result."""
    medium.holding(content).unsay(content, (STATEMENT, SIGNATURE))


def extract(content: Content) -> Record | None:
    """The frame's record as it stands, not verified; None when there is none that can be read."""
    texts = [text for text, _ in pairs(content)]
    return _parsed(texts[0]) if texts else None


def verify(content: Content, trusted: dict[str, Ed25519PublicKey]) -> Finding:
    """Judge a frame with its pixels or values read."""
    held = pairs(content)
    if not held:
        return Finding(Verdict.ABSENT, "The frame carries no record.")
    checks = [signing.check(text.encode("utf-8"), name, trusted) for text, name in held]
    record = _parsed(held[0][0])
    if False in checks or record is None:
        return Finding(Verdict.BAD_SIGNATURE, "The record was edited after it was signed.", record)
    if None in checks:
        kid = held[checks.index(None)][1].split(":")[1]
        return Finding(
            Verdict.UNKNOWN_KEY, f"Signed with key {kid}, which is not in the trust store.", record
        )
    if medium.digest(content) != record.pixels:
        return Finding(Verdict.PIXELS_CHANGED, _what_changed(content, record), record)
    return Finding(Verdict.OK, f"Signed by {record.user}, {record.created}.", record)


def windows(content: Content) -> Windows:
    return medium.holding(content).windows(content)


def pairs(content: Content) -> list[tuple[str, str]]:
    """The different (statement, signature) pairs in it: parts of an EXR may disagree."""
    found = {
        (str(texts[STATEMENT]), str(texts.get(SIGNATURE, "")))
        for texts in medium.holding(content).said(content)
        if STATEMENT in texts
    }
    return sorted(found)


def _what_changed(content: Content, record: Record) -> str:
    if windows(content) != record.windows:
        return "A window is not the one that was signed; the lineage statement is intact."
    values = medium.holding(content).values
    return f"The {values} are not those that were signed; the lineage statement is intact."


def _parsed(text: str) -> Record | None:
    if len(text) > MOST_STATEMENT_BYTES:
        return None
    try:
        return Record.model_validate_json(text)
    except ValidationError:
        return None
