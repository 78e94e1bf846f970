"""The audit of a take that is about to be closed: whatever its frames were made by, all are judged.

What another process judged is taken over from its journal, where that is about these very pixels, was
held to the same limits, and is signed by somebody who is trusted. What nobody judged is read, and of the rest only frames at the borders,
whose neighbours were made elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from answerprint import documents
from answerprint.errors import SourceError, TakeError
from answerprint.judge import Judge
from answerprint.judged import Judged, is_signed
from answerprint.neighbours import before
from answerprint.reread import PlateAway, Reader
from answerprint.sight import Whole
from answerprint.take import Item, Take
from answerprint.verdict import Verdict
from answerprint.vouch import Keys

FILE = "qc.json"

Entries = Mapping[Item, Mapping[str, str]]


def audit(judge: Judge, reader: Reader, entries: Entries, wanted: tuple[Item, ...]) -> Verdict:
    """The verdict on a take with these frames, as its manifest will name them.

    `wanted`: those that its job asks for.
    """
    for judged in _told(reader, entries, judge.rules.mark):
        if not judge.has(judged.key):
            judge.believe(judged)
    for _ in look(judge, reader, list(entries)):
        pass
    there = tuple(str(item) for item in entries)
    return judge.verdict(Whole(tuple(map(str, wanted)), there))


def look(judge: Judge, reader: Reader, items: list[Item]) -> Iterator[Judged]:
    """Read and judge what the judge lacks of these frames, and of the pairs among them.

    Frame by frame; what is yielded of one has its pair with the one before.
    """
    fresh = {str(item) for item in items if not judge.has(str(item))}
    borders = {one for pair in judge.pairs_missing(map(str, items)) for one in pair}
    for item in sorted(items, key=lambda item: (item.variation, item.frame)):
        key = str(item)
        if key in fresh or key in borders:
            yield _one(judge, reader, item, alone=key in fresh)


def write(take: Take, verdict: Verdict) -> dict[str, Any]:
    """Keep a verdict in its take; returns what the manifest says of it.

    The file's bytes are the canonical ones, so that its digest can be held against the manifest's
    without understanding it.

    Raises:
        TakeError: it cannot be written; DiskFull if there is no space.
    """
    content = documents.canonical(verdict.model_dump(mode="json", by_alias=True))
    try:
        documents.write_bytes(take.private / FILE, content)
    except OSError as error:
        raise documents.unwritable(take.folder, error) from error
    first = verdict.findings[0] if verdict.findings else None
    return {
        "verdict": verdict.verdict,
        "profile": verdict.profile.name,
        "sha256": verdict.sha256,
        "findings": len(verdict.findings) + verdict.more,
        "reason": verdict.reason,
        "frame": first.frame if first else None,
        "box": list(first.box) if first and first.box else None,
        "frames": sum(one.verdict != "pass" for one in verdict.frames.values()),
    }


def _one(judge: Judge, reader: Reader, item: Item, *, alone: bool) -> Judged:
    """`alone`: all of it is to be judged; else the pairs that it is needed for."""
    key = str(item)
    try:
        seen = reader.seen(item)
    except PlateAway as error:
        judge.note("plate", "unknown", f"could not judge against the plate: {error.problem}", key)
        seen = error.seen
    except SourceError as error:
        return judge.note("opens", "fail", error.problem, key)
    except Exception as error:  # noqa: BLE001 - it is no pass, and others are judged all the same
        return judge.raised(key, error)
    return judge.frame(key, seen) if alone else judge.border(key, seen)


def _told(reader: Reader, entries: Entries, mark: str) -> list[Judged]:
    """What the journals say of these frames, where it is of their pixels and under these limits."""
    frames: dict[str, Judged] = {}
    pairs: dict[str, Judged] = {}
    try:
        claim = str(reader.take.read("claim")["uuid"])
        for event in reader.take.told():
            if event.get("event") in ("frame", "judged"):
                judged = _of(event, entries, mark, claim, reader.trusted)
                if judged is not None:
                    held = frames if event["event"] == "frame" else pairs
                    held[judged.key] = judged
    except TakeError:  # a journal that cannot be read teaches nothing more
        pass
    return [
        one.with_more(pairs[key]) if key in pairs and not one.before else one
        for key, one in frames.items()
    ]


def _of(
    event: Mapping[str, Any], entries: Entries, mark: str, claim: str, trusted: Keys
) -> Judged | None:
    """None: of other pixels, other limits, or nothing that anybody stands for."""
    said, frame, variation = event.get("qc"), event.get("frame"), event.get("variation", "")
    if not isinstance(said, dict) or not isinstance(frame, int) or not isinstance(variation, str):
        return None
    item = Item(frame, variation)
    try:
        judged = Judged.of(str(item), said)
    except ValueError:
        return None
    same = item in entries and judged.pixels == entries[item]["pixels"]
    if not same or said.get("rules") != mark or not is_signed(judged.key, claim, said, trusted):
        return None
    earlier = entries.get(before(item))
    if judged.before and (earlier is None or earlier["pixels"] != judged.before):
        return None
    return judged
