"""Searching: which takes the wall shows, in which order, and how many of each kind there are."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, true

from answerprint.errors import JobError
from answerprint_studio.index import Entry, Index, takes
from answerprint_studio.tally import FACETS

MOST = 500  # cards at once
MOST_WORDS = 12
MOST_NUMBER = 2**31  # of a column of whole numbers
GROUPS = (*FACETS, "shot")
EXACT = (*FACETS, "shot", "review")
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


def find(index: Index, query: Query) -> Found:
    """Raises JobError: an order, a group or a cursor that there is none of."""
    order = _order(query)
    after = _after(query, order)
    counted = index.tally.fitting(
        words=_words(query),
        exact={name: _values_of(query, name) for name in EXACT},
        newest=query.newest,
        group=query.group,
    )
    every = _wanted(query) if counted.idents is None else [takes.c.id.in_(counted.idents)]
    wanted = select(takes).where(and_(true(), *every, after))
    columns = [takes.c[name].desc() if down else takes.c[name] for name, down in order]
    with index.reading() as connection:
        rows = connection.execute(wanted.order_by(*columns).limit(query.limit + 1)).mappings()
        held = [dict(one) for one in rows]
    page = held[: query.limit]
    return Found(
        page,
        _cursor(page[-1], order) if len(held) > query.limit else None,
        counted.total,
        len(index.tally),
        counted.counts,
        [
            {"name": name, "shots": shots, "total": sum(states.values()), "counts": states}
            for name, (shots, states) in counted.groups.items()
        ],
    )


def every(connection: Connection, query: Query, most: int) -> Iterator[Entry]:
    """All that fits, in its order, whatever `limit` says; no more than `most`."""
    columns = [takes.c[name].desc() if down else takes.c[name] for name, down in _order(query)]
    wanted = select(takes).where(and_(true(), *_wanted(query)))
    for one in connection.execute(wanted.order_by(*columns).limit(most)).mappings():
        yield dict(one)


def _wanted(query: Query) -> list[ColumnElement[bool]]:
    held = [
        (func.lower(takes.c[name]) if name != "words" else takes.c.words).contains(
            letters, autoescape=True
        )
        for name, letters in _words(query)
    ]
    chosen = ((name, _values_of(query, name)) for name in EXACT)
    held += [takes.c[name].in_(values) for name, values in chosen if values]
    if query.newest:
        held.append(takes.c.newest == true())
    if query.ids:
        held.append(takes.c.id.in_(query.ids))
    return held


def _words(query: Query) -> list[tuple[str, str]]:
    """(column, letters) of each word; one with a known name before a colon looks there alone."""
    found = []
    for word in query.q.lower().split()[:MOST_WORDS]:
        name, colon, rest = word.partition(":")
        is_named = colon and rest and name in _PREFIXES
        found.append((_PREFIXES[name], rest) if is_named else ("words", word))
    return found


def _values_of(query: Query, name: str) -> tuple[str, ...]:
    """The values of a filter; none of one that is not set."""
    values = (part for part in getattr(query, name).split(",") if part)
    return tuple("" if (name, one) == ("review", "none") else one for one in values)


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
        is_right = is_right and all(abs(one) <= MOST_NUMBER for one in held if type(one) is int)
    except (ValueError, UnicodeError, binascii.Error, RecursionError):
        is_right = False
    if not is_right:
        raise JobError(
            "The next page cannot be found from this cursor.",
            remedy="Take the one that came with the page before, with the same order.",
        )
    return list(held)
