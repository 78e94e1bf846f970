"""Frame ranges as the engine spells them: 1001-1043,1045-1096x2. Without Qt."""

from __future__ import annotations

import re
from typing import List, Optional, Set, Tuple

_PART = re.compile(r"(-?\d{1,9})(?:-(-?\d{1,9})(?:x(\d{1,9}))?)?$")
MOST_FRAMES = 1_000_000


def spelled(first: int, last: int) -> str:
    """A range as the engine reads it."""
    return str(first) if first == last else f"{first}-{last}"


def ends(frames: str) -> Optional[Tuple[int, int]]:
    """First and last of a plain range like 1001-1096 or 1001; None where it is more than that."""
    body = frames.strip()
    sign = body.find("-", 1)  # a first frame below 0 begins with one
    first, last = (body, body) if sign < 0 else (body[:sign], body[sign + 1 :])
    try:
        return int(first), int(last)
    except ValueError:
        return None


def numbers(frames: str) -> List[int]:
    """Every frame of a range, in order; empty where it is none that the panel can read."""
    found: Set[int] = set()
    for part in frames.replace(" ", "").split(","):
        match = _PART.match(part)
        if match is None:
            return []
        first = int(match[1])
        last = int(match[2]) if match[2] else first
        step = int(match[3]) if match[3] else 1
        if step < 1 or last - first > MOST_FRAMES:
            return []
        found.update(range(first, last + 1, step))
    return sorted(found)


def count(frames: str) -> int:
    """How many frames a range has; 0 where it is none."""
    found = ends(frames)
    return max(0, found[1] - found[0] + 1) if found is not None else len(numbers(frames))


def in_words(frames: str) -> str:
    """1001 to 1096, as a person reads it."""
    found = ends(frames)
    if found is None:
        return frames
    return str(found[0]) if found[0] == found[1] else f"{found[0]} to {found[1]}"
