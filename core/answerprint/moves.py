"""Moves: what a change moves from where to where, and why, in words and as the ledger keeps it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any

from answerprint.documents import Document
from answerprint.errors import JobError
from answerprint.ledger import Entry

MOST_WHY = 1000  # letters
GOOD_WHY = (
    "Say what a colleague will ask in a year: what was seen or measured, and who agreed. "
    '--why "40 mirrored jobs of night differ by less than 0.001 stops; Ann and Bo looked"'
)


def reason(why: str) -> str:
    """Why something is changed, as the log keeps it; a word alone is no reason.

    Raises:
        JobError: it says nothing; says what a good one is.
    """
    said = why.strip()
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in said):
        raise JobError("--why holds signs that cannot be shown.", remedy="Write plain text.")
    if len(said) > MOST_WHY:
        raise JobError(
            f"--why has {len(said):,} letters.",
            remedy=f"Say it in {MOST_WHY:,}, and where more of it stands.",
        )
    if len(said.split()) < 2:
        what = f"'{said}' does not say why." if said else "It is not said why."
        raise JobError(what, remedy=GOOD_WHY)
    return said


def said(entry: Entry) -> str:
    """An entry in words: 'ann on ws1, 2026-11-29 12:01 UTC, promote denoise: stable 3 -> 4'."""
    changes = ", ".join(moves(entry.before, entry.after))
    return f"{head(entry)}{': ' if changes else ''}{changes}"


def head(entry: Entry) -> str:
    """The same without what moved."""
    what = f"{entry.action} {entry.task}".strip()
    return f"{entry.who} on {entry.machine}, {entry.at[:16].replace('T', ' ')} UTC, {what}"


def moves(before: Mapping[str, Any], after: Mapping[str, Any], within: str = "") -> list[str]:
    """'stable 3 -> 4', 'pins.night none -> 3'; digests are cut."""
    found = []
    for key in [*before, *(key for key in after if key not in before)]:
        old, new, name = before.get(key), after.get(key), f"{within}{key}"
        if isinstance(old, Mapping) or isinstance(new, Mapping):
            found += moves(_table(old), _table(new), f"{name}.")
        else:
            found.append(f"{name} {_short(old)} -> {_short(new)}")
    return found


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _short(value: Any) -> str:
    if value is None or value == []:
        return "none"
    if isinstance(value, list):
        return "; ".join(map(_short, value))
    if isinstance(value, Mapping):  # a freeze
        return f"{value.get('first')} to {value.get('last')}"
    return f"{value[:12]}" if isinstance(value, str) and len(value) == 64 else str(value)


def plain(document: Document) -> dict[str, Any]:
    """As TOML has it: what nobody wrote and what is None stand nowhere, whole numbers have no point."""
    held: dict[str, Any] = _whole(document.model_dump(by_alias=True, exclude_unset=True))
    return held


def _whole(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _whole(one) for key, one in value.items() if one is not None}
    if isinstance(value, tuple | list):
        return [_whole(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def difference(old: Any, new: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that differ, as they were and as they are; of one task, only its own."""
    before, after = _fields(old, new), _fields(new, old)
    tasks = {*before.get("tasks", {}), *after.get("tasks", {})}
    if tasks:
        only = tasks.pop()
        return before.get("tasks", {}).get(only, {}), after.get("tasks", {}).get(only, {})
    return _spelled(before), _spelled(after)


def _fields(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Those of one that the other has otherwise, or not at all."""
    found = {}
    for key, value in one.items():
        if key not in other or other[key] != value:
            nested = isinstance(value, dict)
            found[key] = _fields(value, _table(other.get(key))) if nested else value
    return found


def _spelled(value: Any) -> Any:
    """Days as JSON has them."""
    if isinstance(value, Mapping):
        return {key: _spelled(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_spelled(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value
