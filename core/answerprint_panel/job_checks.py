"""What the queue says of a job's checks: the gates' word so far, and what the run warned of. No Qt, no host."""

from __future__ import annotations

from typing import Any, Dict

from answerprint_panel import judged, words
from answerprint_panel.judged import Mark

Document = Dict[str, Any]

MOST_WARNED = 3


def qc(job: Document) -> Mark:
    """Pass so far; 2 warn, first at frame 1029. Nothing while nothing was judged."""
    word = str(job.get("qc") or "")
    if word not in judged.QC:
        return Mark()
    icon, tone, said = judged.QC[word]
    over = job.get("state") == "complete"
    if word == "pass":
        return Mark(icon, tone if over else "", said if over else "Pass so far")
    counts = job.get("judged")
    several = number(counts.get(word)) if isinstance(counts, dict) else 0
    verb = "not judged" if word == "unknown" else word
    frame = judged.frame(job)
    at = "" if frame is None else f"frame {frame}" if several == 1 else f"first at frame {frame}"
    return Mark(
        icon, tone, words.joined([f"{words.thousands(several)} {verb}" if several else said, at])
    )


def warned(job: Document) -> str:
    """1 warn, frame 1029; 12 warn, frames 1029, 1031 and 10 more."""
    several = number(job.get("warnings"))
    if not several:
        return ""
    listed = [one.get("frame") for one in job.get("warned") or [] if isinstance(one, dict)]
    frames = sorted({frame for frame in listed if isinstance(frame, int)})
    named = words.frames(frames) if frames and len(frames) <= MOST_WARNED else ""
    if frames and not named:
        named = f"first at frame {frames[0]}"
    return words.joined([f"{words.thousands(several)} warn", named])


def number(value: Any) -> int:
    """A count, as a document of another hand says it."""
    return value if isinstance(value, int) and value > 0 else 0
