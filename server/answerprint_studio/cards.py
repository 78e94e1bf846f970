"""Cards: what the API says of a take on the wall, drawn up from the index alone."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from pydantic import BaseModel

from answerprint.site import Site
from answerprint_studio.entry import STATES
from answerprint_studio.index import Entry


class Progress(BaseModel):
    """`done` of `total` frames, the last of them `frame`; `left`: seconds, null while unknown."""

    done: int
    total: int
    frame: int | None
    left: float | None


class Cost(BaseModel):
    """`so_far`: the run goes on."""

    amount: float
    currency: str
    so_far: bool


class Card(BaseModel):
    """A take on the wall. `word`: what the checks say; `state_word`: where the take stands.

    qc_so_far   the checks of a take that is not finished
    seconds     of its run; cost is null where the site names no rates
    retakes     earlier takes of its stream that a retake was asked for
    newest      whether its number is the highest of its stream
    by          who decided; void: why that does not count any more
    """

    id: str
    show: str
    sequence: str
    shot: str
    name: str
    take: str
    task: str
    title: str
    model: str
    model_version: str
    artist: str
    created: str
    age_seconds: float | None
    state: str
    state_word: str
    word: str
    qc: str
    qc_count: int
    qc_frame: int | None
    qc_so_far: bool
    reason: str
    progress: Progress | None
    variations: int
    cost: Cost | None
    seconds: float | None
    retakes: int
    first: int | None
    last: int | None
    count: int
    total: int
    width: int | None
    height: int | None
    kind: str
    thumbnail: str | None
    newest: bool
    latest: bool
    latest_approved: bool
    by: str
    void: str


class Group(BaseModel):
    """`counts`: takes by state."""

    name: str
    shots: int
    total: int
    counts: dict[str, int]


class Wall(BaseModel):
    """`total` takes fit, of `all` that there are; `counts`: of each filter, with the others as they are."""

    takes: list[Card]
    next: str | None
    total: int
    all: int
    counts: dict[str, dict[str, int]]
    groups: list[Group]


def of(entry: Entry, site: Site) -> Card:
    held = entry["card"]
    named = {name: entry[name] for name in Card.model_fields if name in entry}
    said = {name: held[name] for name in Card.model_fields if name in held}
    return Card(
        **{
            **said,
            **named,
            "age_seconds": age(entry["created"]),
            "state_word": state_word(entry),
            "thumbnail": thumbnail(entry),
            "cost": cost(held.get("seconds"), site, so_far=entry["state"] == "running"),
        }
    )


def age(created: str) -> float | None:
    """None where nobody knows. A clock that is ahead elsewhere makes nothing younger than now."""
    try:
        then = datetime.fromisoformat(created.replace("Z", "+00:00"))
        return max(0.0, round((datetime.now(timezone.utc) - then).total_seconds(), 1))
    except (ValueError, TypeError):
        return None


def cost(seconds: float | None, site: Site, *, so_far: bool = False) -> Cost | None:
    """What so many seconds cost by the site's rates; None without: a price is never made up."""
    if site.rates is None or seconds is None:
        return None
    amount = round(seconds / 3600 * site.rates.per_hour, 4)
    return Cost(amount=amount, currency=site.rates.currency, so_far=so_far)


def state_word(entry: Entry) -> str:
    """Running 43 % · 1041."""
    word = STATES[entry["state"]]
    progress: dict[str, Any] = entry["card"].get("progress") or {}
    frame, total = progress.get("frame"), progress.get("total")
    if entry["state"] == "running":
        share = f" {100 * progress['done'] // total} %" if total else ""
        return f"{word}{share}" + ("" if frame is None else f" · {frame}")
    if entry["state"] == "stopped" and frame is not None:
        return f"{word} at {frame}"
    return word


def thumbnail(entry: Entry) -> str | None:
    """Its address: another one when the picture is; None of a take without a frame."""
    held = entry["card"]
    if held["picture"] is None:
        return None
    frame = held["picture"]
    return f"/api/v1/takes/{entry['id']}/thumbnail?frame={frame}&v={held['picture_stamp']}"
