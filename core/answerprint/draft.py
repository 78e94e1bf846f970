"""Draft: a rollout.toml as it is being edited; comments, order and spelling of the rest stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from answerprint import rollout
from answerprint.errors import SetupError
from answerprint.moves import plain
from answerprint.rollout import Rollout

Table = MutableMapping[str, Any]
Kind = Callable[[], Any]
_FREEZE = "freeze"  # the one list of tables


def laid(text: str, old: Rollout, new: Rollout, path: Path) -> str:
    """The text of `old` with what differs in `new` changed in it, and nothing else.

    Raises:
        SetupError: it is written in a way that cannot be edited without harm.
    """
    ends = "\r\n" if "\r\n" in text else "\n"
    for kind in (tomlkit.table, tomlkit.inline_table):  # dotted keys stand with the second alone
        made = _made(text.replace("\r\n", "\n"), plain(old), plain(new), kind)
        # a layout that the library does not master must not cost a studio its pins
        if made is not None and _means(made, new, path):
            return made.replace("\n", ends)
    raise _beyond(path)


def _made(text: str, old: dict[str, Any], new: dict[str, Any], kind: Kind) -> str | None:
    """The text with new tables of this kind; None where the library fails at it."""
    try:
        draft = tomlkit.parse(text)
        _lay_freezes(draft, old.pop(_FREEZE, []), new.pop(_FREEZE, []))
        _lay(draft, old, new, kind)
        return tomlkit.dumps(draft)
    except (TOMLKitError, KeyError, TypeError, ValueError, AttributeError):
        return None


def _means(text: str, new: Rollout, path: Path) -> bool:
    try:
        return rollout.parse(text.encode(), path).model_dump() == new.model_dump()
    except SetupError:
        return False


def _beyond(path: Path) -> SetupError:
    return SetupError(
        f"{path.as_posix()} is laid out in a way that cannot be edited without harm.",
        remedy="Edit it by hand this once, with a table [tasks.NAME] for each task; then "
        "'answerprint models log --enter --why TEXT' enters that in the log.",
    )


def _lay(table: Table, before: Mapping[str, Any], after: Mapping[str, Any], kind: Kind) -> None:
    """Change what differs."""
    for key in [key for key in before if key not in after]:
        table.pop(key, None)
    for key, value in after.items():
        if before.get(key) == value:
            continue
        if isinstance(value, dict) and isinstance(table.get(key), MutableMapping):
            _lay(table[key], before.get(key, {}), value, kind)
        elif isinstance(value, dict):
            table[key] = _table(value, kind)
        else:
            table[key] = value


def _table(held: Mapping[str, Any], kind: Kind) -> Any:
    """A new table: fields first, the tables in it after them; what is empty is left out."""
    made = kind()
    for key, value in sorted(held.items(), key=lambda pair: isinstance(pair[1], dict)):
        if value not in ({}, [], ""):
            made[key] = _table(value, kind) if isinstance(value, dict) else value
    return made


def _lay_freezes(draft: Table, before: list[Any], after: list[Any]) -> None:
    if before == after:
        return
    if not draft.get(_FREEZE):  # an empty list says nothing
        draft.pop(_FREEZE, None)
        draft[_FREEZE] = tomlkit.aot()
    there = draft[_FREEZE]
    gone = [place for place, one in enumerate(before) if one not in after]
    for place in reversed(gone):
        del there[place]
    inline = not isinstance(there, tomlkit.items.AoT)
    for one in [one for one in after if one not in before]:
        made = tomlkit.inline_table() if inline else tomlkit.table()
        made.update({key: value for key, value in one.items() if value not in ([], "")})
        there.append(made)
    if not there:
        draft.pop(_FREEZE)
