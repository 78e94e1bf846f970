"""What a row of Takes says: from the engine's document to words. No Qt, no host."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, NamedTuple, Tuple

from answerprint_panel import judged, words
from answerprint_panel.judged import Mark

Document = Dict[str, Any]

UNFINISHED = "unfinished"


class TakeRow(NamedTuple):
    """A take as the list shows it: three lines beside its picture.

    line        range and model version, or the reason for its QC; `loud`: it is the latter
    standing    what it is among its kind: Latest, Outdated, see v003
    """

    path: str
    take: str
    qc: Mark
    when: str
    exactly: str
    line: str
    loud: bool
    who: str
    standing: Mark
    review: Mark
    spoken: str


def row(take: Document, myself: str) -> TakeRow:
    """A take in words; `myself`: who is said to be You."""
    qc, review, standing = _qc(take), judged.review(take, myself), _standing(take)
    line, loud = _line(take)
    who = words.who(str(take.get("user") or ""), myself)
    label, when = str(take.get("take") or ""), words.when(take.get("created"))
    spoken = [label, qc.word, review.word, standing.word, line, when, f"by {who.lower()}"]
    return TakeRow(
        path=str(take.get("path") or ""),
        take=label,
        qc=qc,
        when=when,
        exactly=words.exactly(take.get("created")),
        line=line,
        loud=loud,
        who=who,
        standing=standing,
        review=review,
        spoken=words.joined(spoken),
    )


def is_unfinished(take: Document) -> bool:
    return take.get("standing") == UNFINISHED


def _qc(take: Document) -> Mark:
    if is_unfinished(take) and not judged.is_judged(take):
        return Mark("stopped", "", "Not finished")
    return judged.qc(take)


def _standing(take: Document) -> Mark:
    """Only what the other marks have not said."""
    if is_unfinished(take) and judged.is_judged(take):
        return Mark("stopped", "", "Not finished")
    standing, word = take.get("standing"), str(take.get("word") or "")
    if standing == "failed":
        return Mark("", "", "Not offered as latest")
    return Mark("", "", word if standing in ("latest", "outdated") else "")


def _line(take: Document) -> Tuple[str, bool]:
    """Why it is not all right; else its range and the model that made it."""
    reason = str(judged.reason(take) or take.get("problem") or "")
    if reason:
        return reason, True
    frames = words.span(str(take.get("frames") or "no frames"))
    version = take.get("version")
    size = _grown(take)
    model = f"model version {version}" if version else ""
    return words.joined([frames, size or model]), False


def _grown(take: Document) -> str:
    """The size, where that is what the task is for."""
    if take.get("task") != "upscale" or not take.get("width"):
        return ""
    return f"{take['width']} × {take['height']}"  # noqa: RUF001 - the sign that is meant


def group(take: Document) -> str:
    """What takes are headed by: Denoise, Read3; where no node is known the plate, else its name."""
    task = str(take.get("title") or "") or words.title(str(take.get("task") or "Take"))
    plate = words.stem(str(take.get("plate") or ""))
    return words.joined([task, str(take.get("node") or "") or plate or str(take.get("name") or "")])


def grouped(takes: Iterable[Document]) -> List[Tuple[str, str, List[Document]]]:
    """Takes of one stream together: (stream, heading, takes newest first), newest stream first."""
    streams: Dict[str, List[Document]] = {}
    for take in takes:
        key = str(take.get("stream") or take.get("name") or "")
        streams.setdefault(key, []).append(take)
    found = []
    for key, those in streams.items():
        those.sort(key=_number, reverse=True)
        found.append((key, group(those[0]), those))
    found.sort(key=lambda one: max(str(take.get("created") or "") for take in one[2]), reverse=True)
    return found


def _number(take: Document) -> int:
    label = str(take.get("take") or "")
    return int(label[1:]) if label[1:].isdigit() else -1


def heading(number: int, where: str) -> str:
    """What stands beside Takes: 3 from Read3, 5 in sh0120."""
    return f"{words.thousands(number)} {where}".strip()
