"""Colour spaces on a Read: set by a name that this script knows, read back, or said aloud."""

from __future__ import annotations

import re
from typing import Any, Iterable, List

from answerprint_nuke import plain, script


def names(entry: str) -> List[str]:
    """An entry of Nuke's list: its name, then roles and aliases after tabs and commas."""
    return [part.strip() for part in re.split(r"[\t,]", entry) if part.strip()]


def find(entries: Iterable[str], wanted: str) -> str:
    """The entry's own name for a space, by name, role or alias in any case; empty: it has none."""
    sought = wanted.strip().casefold()
    for entry in entries:
        known = names(str(entry))
        if sought in [name.casefold() for name in known]:
            return known[0]
    return ""


def put(read: Any, wanted: str, entries: Iterable[str]) -> str:
    """Set it; returns what has to be said, or nothing."""
    knob = read["colorspace"]
    name = find(entries, wanted)
    if name:
        knob.setValue(name)
        back = names(str(knob.value()))
        if name in back or script.space(str(knob.value())) == name:
            return ""
    kept = plain.words(knob.value())
    return (
        f"Colour space {plain.words(wanted)} is not in this script's list; "
        f"the Read keeps {kept or 'its default'}."
    )
