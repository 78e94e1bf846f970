"""Searching: which takes the wall shows, in which order, and how many of each kind there are."""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, true

from answerprint.errors import JobError
from answerprint_studio.index import Entry, takes

MOST = 500  # cards at once
MOST_WORDS = 12
FACETS = ("state", "qc", "task", "artist", "sequence", "model", "show")
GROUPS = (*FACETS, "shot")
# the columns of each order, and whether they run downwards
ORDERS: dict[str, tuple[tuple[str, bool], ...]] = {
    "newest": (("created", True), ("id", True)),
    "oldest": (("created", False), ("id", False)),
    "cut": (
        *((name, False) for name in ("show", "sequence", "shot", "name")),
        ("number", True),
        ("id", False),
    ),
    "checks": (("severity", True), ("created", True), ("id", True)),
    "state": (("rank", False), ("created", True), ("id", True)),
    "cost": (("spent", True), ("id", True)),
}
_PREFIXES = {
    "by": "artist",
    "artist": "artist",
    "person": "artist",
    "model": "model",
    "task": "task",
    "show": "show",
    "sequence": "sequence",
    "shot": "shot",
    "name": "name",
    "take": "take",
    "state": "state",
    "qc": "qc",
    "checks": "qc",
    "review": "review",
}


@dataclass(frozen=True)
class Query:
    """What is asked for; '' asks for everything. Several values of a filter stand with commas.

    q        words, all of which must be somewhere; model:oidn and the like look at one thing alone
    newest   of each stream only the take with the highest number
    ids      only these, whatever they are
    cursor   `next` of the page before
    """

    q: str = ""
    show: str = ""
    sequence: str = ""
    shot: str = ""
    task: str = ""
    model: str = ""
    artist: str = ""
    qc: str = ""
    state: str = ""
    review: str = ""
    newest: bool = False
    ids: tuple[str, ...] = ()
    group: str = ""
    sort: str = ""
    limit: int = 60
    cursor: str = ""


@dataclass(frozen=True)
class Found:
    entries: list[Entry]
    next: str | None
    total: int
    all: int
    counts: dict[str, dict[str, int]]
    groups: list[dict[str, Any]]


class Counts:
    """What was counted for a search, while nothing has changed: the next page asks the same."""

    MOST = 64

    def __init__(self) -> None:
        self._held: dict[Any, Any] = {}

    def of(self, key: Any) -> Any:
        return self._held.get(key)

    def keep(self, key: Any, value: Any) -> None:
        while len(self._held) >= self.MOST:
            self._held.pop(next(iter(self._held)), None)
        self._held[key] = value


def find(connection: Connection, query: Query, counts: Counts, generation: int) -> Found:
    """Raises JobError: an order, a group or a cursor that there is none of."""
    order = _order(query)
    every = [*_searched(query), *_filtered(query)]
    wanted = select(takes).where(and_(true(), *every, _after(query, order)))
    columns = [takes.c[name].desc() if down else takes.c[name] for name, down in order]
    wanted = wanted.order_by(*columns).limit(query.limit + 1)
    held = [dict(one) for one in connection.execute(wanted).mappings()]
    page = held[: query.limit]
    more = _cursor(page[-1], order) if len(held) > query.limit else None
    cube = _cube(connection, query, counts, generation)
    chosen = {name: _values(getattr(query, name)) for name in FACETS}
    return Found(
        page,
        more,
        _total(cube, chosen),
        _every(connection, counts, generation),
        _counted(cube, chosen),
        _groups(connection, query, every),
    )


def every(connection: Connection, query: Query, most: int) -> Iterator[Entry]:
    """All that fits, in its order, whatever `limit` says; no more than `most`."""
    columns = [takes.c[name].desc() if down else takes.c[name] for name, down in _order(query)]
    wanted = select(takes).where(and_(true(), *_searched(query), *_filtered(query)))
    for one in connection.execute(wanted.order_by(*columns).limit(most)).mappings():
        yield dict(one)


def _every(connection: Connection, counts: Counts, generation: int) -> int:
    """How many takes there are at all."""
    key = (generation, "every")
    found = counts.of(key)
    if found is None:
        found = int(connection.execute(select(func.count()).select_from(takes)).scalar_one())
        counts.keep(key, found)
    return int(found)


def _cube(
    connection: Connection, query: Query, counts: Counts, generation: int
) -> list[tuple[tuple[str, ...], int]]:
    """How many there are of each combination of facets: one look tells every filter's numbers."""
    key = (generation, query.q, query.newest, query.shot, query.review, query.ids)
    found = counts.of(key)
    if found is None:
        columns = [takes.c[name] for name in FACETS]
        asked = select(*columns, func.count()).where(and_(true(), *_searched(query)))
        rows = connection.execute(asked.group_by(*columns))
        found = [(tuple(row[:-1]), int(row[-1])) for row in rows]
        counts.keep(key, found)
    return list(found)


def _counted(
    cube: list[tuple[tuple[str, ...], int]], chosen: dict[str, tuple[str, ...]]
) -> dict[str, dict[str, int]]:
    """Of each facet: how many there would be of each value, with the other filters as they are."""
    told: list[Counter[str]] = [Counter() for _ in FACETS]
    wanted = [set(chosen[name]) for name in FACETS]
    filtered = [place for place, values in enumerate(wanted) if values]
    for values, number in cube:
        misses = [place for place in filtered if values[place] not in wanted[place]]
        if not misses:
            for place, value in enumerate(values):
                told[place][value] += number
        elif len(misses) == 1:
            told[misses[0]][values[misses[0]]] += number
    return {name: dict(told[place].most_common()) for place, name in enumerate(FACETS)}


def _total(cube: list[tuple[tuple[str, ...], int]], chosen: dict[str, tuple[str, ...]]) -> int:
    wanted = [(place, set(chosen[name])) for place, name in enumerate(FACETS) if chosen[name]]
    return sum(
        number for values, number in cube if all(values[place] in held for place, held in wanted)
    )


def _groups(
    connection: Connection, query: Query, every: list[ColumnElement[bool]]
) -> list[dict[str, Any]]:
    """Of each group its shots and states, in the order that the groups come in."""
    if not query.group:
        return []
    column = takes.c[query.group]
    asked = select(column, takes.c.state, func.count()).where(and_(true(), *every))
    found: dict[str, dict[str, int]] = {}
    for name, state, number in connection.execute(asked.group_by(column, takes.c.state)):
        found.setdefault(name, {})[state] = int(number)
    asked = select(column, func.count(takes.c.shot.distinct())).where(and_(true(), *every))
    shots = {name: int(number) for name, number in connection.execute(asked.group_by(column))}
    return [
        {"name": name, "shots": shots.get(name, 0), "total": sum(held.values()), "counts": held}
        for name, held in sorted(found.items())
    ]


def _searched(query: Query) -> list[ColumnElement[bool]]:
    """What is not counted by itself: words, and which takes at all."""
    held = [_word(word) for word in query.q.lower().split()[:MOST_WORDS]]
    if query.newest:
        held.append(takes.c.newest == true())
    exact = {name: _values(getattr(query, name)) for name in ("shot", "review")}
    held += [_is_one_of(name, values) for name, values in exact.items() if values]
    if query.ids:
        held.append(takes.c.id.in_(query.ids))
    return held


def _filtered(query: Query) -> list[ColumnElement[bool]]:
    chosen = ((name, _values(getattr(query, name))) for name in FACETS)
    return [_is_one_of(name, values) for name, values in chosen if values]


def _is_one_of(name: str, values: tuple[str, ...]) -> ColumnElement[bool]:
    values = tuple("" if one == "none" and name == "review" else one for one in values)
    return takes.c[name].in_(values)


def _values(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)


def _word(word: str) -> ColumnElement[bool]:
    name, colon, rest = word.partition(":")
    if colon and rest and name in _PREFIXES:
        return func.lower(takes.c[_PREFIXES[name]]).contains(rest, autoescape=True)
    return takes.c.words.contains(word, autoescape=True)


def _order(query: Query) -> tuple[tuple[str, bool], ...]:
    sort = query.sort or next(iter(ORDERS))
    if sort not in ORDERS:
        raise JobError(
            f"There is no order '{query.sort[:40]}'.",
            remedy=f"Takes are sorted by {', '.join(ORDERS)}.",
        )
    if query.group and query.group not in GROUPS:
        raise JobError(
            f"Takes are not grouped by '{query.group[:40]}'.",
            remedy=f"They are by {', '.join(GROUPS)}.",
        )
    order = ORDERS[sort]
    if query.group:
        order = ((query.group, False), *(one for one in order if one[0] != query.group))
    return order


def _after(query: Query, order: tuple[tuple[str, bool], ...]) -> ColumnElement[bool]:
    """What comes after the cursor, whatever was put in or taken out meanwhile."""
    if not query.cursor:
        return true()
    last = _read(query.cursor, order)
    steps = []
    for place, (name, down) in enumerate(order):
        column = takes.c[name]
        equal = [takes.c[one] == last[i] for i, (one, _) in enumerate(order[:place])]
        steps.append(and_(true(), *equal, column < last[place] if down else column > last[place]))
    return or_(*steps)


def _cursor(entry: Entry, order: Iterable[tuple[str, bool]]) -> str:
    text = json.dumps([entry[name] for name, _ in order], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str, order: tuple[tuple[str, bool], ...]) -> list[Any]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        held = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        kinds = [takes.c[name].type.python_type for name, _ in order]
        is_right = isinstance(held, list) and [type(one) for one in held] == kinds
    except (ValueError, UnicodeError, binascii.Error, RecursionError):
        is_right = False
    if not is_right:
        raise JobError(
            "The next page cannot be found from this cursor.",
            remedy="Take the one that came with the page before, with the same order.",
        )
    return list(held)
