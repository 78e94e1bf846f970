"""Judged: what gates and people say of a take, in words, for lists and nodes alike. No Qt, no host.

A take, as the engine lists it, says
    qc          pass, warn, fail, unknown (a gate could not judge), not judged; `qc_so_far`: it still runs
    reason      the words of the worst finding; qc_frame, qc_box where it is; qc_count how many there are
    review      {"state", "by", "created", "note", "frame", "void"}; null: nobody has decided
"""

from __future__ import annotations

from typing import Any, Dict, NamedTuple, Optional, Tuple

from answerprint_panel import words

Document = Dict[str, Any]
Box = Tuple[float, float, float, float]
Saying = Tuple[str, str, str]

QC = {  # the engine's word: icon, tone, what is said
    "pass": ("pass", "passed", "QC pass"),
    "warn": ("warn", "warn", "QC warn"),
    "fail": ("fail", "fail", "QC fail"),
    "unknown": ("unknown", "text", "QC could not judge"),
}
NOT_JUDGED = "not judged"
REVIEWS = {"approved": ("approve", "passed", "Approved"), "retake": ("retake", "text", "Retake")}


class Mark(NamedTuple):
    """An icon, its colour, its word: never one without the other."""

    icon: str = ""
    tone: str = ""
    word: str = ""


def qc(take: Document) -> Mark:
    """The gates' word. What they have not said is never a pass, nor is one that may still change."""
    found = QC.get(str(take.get("qc") or ""))
    if found is None:
        return Mark("", "", NOT_JUDGED)
    icon, tone, said = found
    if not take.get("qc_so_far"):
        return Mark(icon, tone, said)
    return (
        Mark(icon, "", "Pass so far") if said == "QC pass" else Mark(icon, tone, f"{said} so far")
    )


def is_judged(take: Document) -> bool:
    return str(take.get("qc") or "") in QC


def frame(take: Document) -> Optional[int]:
    """Of the worst finding; None: it is about all of the take, or there is none."""
    found = take.get("qc_frame")
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def box(take: Document) -> Optional[Box]:
    """Where in the frame: left, top, right, bottom in its pixels, corners included."""
    found = take.get("qc_box")
    if not isinstance(found, (list, tuple)) or len(found) != len(("l", "t", "r", "b")):
        return None
    if not all(isinstance(one, (int, float)) for one in found):
        return None
    left, top, right, bottom = (float(one) for one in found)
    return (left, top, right, bottom) if left <= right and top <= bottom else None


def reason(take: Document) -> str:
    """The worst finding in its own words, and how many more there are."""
    said = str(take.get("reason") or "")
    more = take.get("qc_count")
    others = more - 1 if isinstance(more, int) else 0
    return f"{said}, and {words.thousands(others)} more" if said and others > 0 else said


def warning(take: Document) -> str:
    """What has to be said before such a take is used; empty: nothing."""
    label, said = str(take.get("take") or "It"), reason(take)
    if take.get("qc") == "fail":
        return words.stopped(words.joined([f"{label} failed QC", said], ": "))
    if take.get("qc") == "unknown":
        return words.stopped(words.joined([f"QC could not judge {label}", said], ": "))
    return ""


# What a person said


def decision(take: Document) -> Document:
    """The review of a take; empty: nobody has decided."""
    found = take.get("review")
    if isinstance(found, str) and found:
        return {"state": found}
    return found if isinstance(found, dict) and found.get("state") in REVIEWS else {}


def holds(take: Document) -> str:
    """The decision while it holds: approved or retake; else empty."""
    said = decision(take)
    return "" if said.get("void") else str(said.get("state") or "")


def review(take: Document, myself: str = "") -> Mark:
    """Approved, J. Reyes. One that is void says so, and counts for nothing."""
    said = decision(take)
    if not said:
        return Mark()
    icon, tone, word = REVIEWS[str(said["state"])]
    if said.get("void"):
        return Mark("warn", "warn", f"{word} is void")
    by = str(said.get("by") or "")
    return Mark(icon, tone, words.joined([word, "you" if by and by == myself else by]))


def told(take: Document, myself: str = "") -> str:
    """All of a decision: what, who, when, why, and why it is void. Empty: there is none."""
    said = decision(take)
    if not said:
        return ""
    word = "Approved" if said["state"] == "approved" else "Retake asked"
    by = str(said.get("by") or "")
    who = f"by {'you' if by == myself else by}" if by else ""
    at = said.get("frame")
    parts = [words.joined([word, who], " "), words.exactly(said.get("created"))]
    parts += [f"frame {at}" if isinstance(at, int) else ""]
    line = words.joined([words.joined(parts), str(said.get("note") or "").strip()], ": ")
    void = str(said.get("void") or "")
    return words.joined(
        [words.sentence(line), f"It is void: {words.sentence(void)}" if void else ""], " "
    )


def saying(take: Document) -> Saying:
    """All that gates and people say of a take: where it is another thing, there is news of it."""
    said = decision(take)
    review = " ".join(str(said.get(one)) for one in ("id", "state", "created", "void") if said)
    return str(take.get("qc")), review, str(take.get("word"))
