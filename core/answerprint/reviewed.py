"""Reviewed: what people said of a take, in its order, and which of it stands.

A statement that names another in `after` takes its place. Of those that had not seen each other
retake goes before withdrawn, and that before approved: no clock decides. A decision holds for the
pixels that it was made on, and is void when they change.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from answerprint import bound, signing, site, statement
from answerprint.errors import SigningError, TakeError
from answerprint.site import Site
from answerprint.statement import Keys, State, Statement, Written
from answerprint.take import Take

MOST_SHOWN = 2000  # letters of a note in a list of takes
RANK: dict[State, int] = {"approved": 0, "withdrawn": 1, "retake": 2}


@dataclass(frozen=True)
class Told:
    """One file of a take's reviews.

    file        its name
    statement   None where it is none
    counts      whether it is believed, of this take, and of the pixels that it holds now
    why         why it does not count, or why another goes before it; '' where nothing is to be said
    stands      whether it is the decision that no other took the place of; a void one may be
    is_void     whether it does not count for the pixels alone
    """

    file: str
    statement: Statement | None
    counts: bool
    why: str = ""
    stands: bool = False
    is_void: bool = False

    @property
    def is_decision(self) -> bool:
        genuine = self.counts or self.is_void
        return genuine and self.statement is not None and self.statement.decides

    def as_json(self) -> dict[str, Any]:
        """For programs: who said what, without what binds it to the pixels."""
        said = self.statement
        kept = {"schema", "claim", "pixels", "files"}
        document = said.model_dump(mode="json", by_alias=True, exclude_unset=False) if said else {}
        shown = {name: value for name, value in document.items() if name not in kept}
        facts = {"counts": self.counts, "why": self.why, "stands": self.stands}
        return {"file": self.file, **shown, **facts}


@dataclass(frozen=True)
class Review:
    """The decision that stands: approved or retake. Where `void_why` is not '' it holds no more."""

    statement: Statement
    void_why: str = ""

    @property
    def state(self) -> State:
        return self.statement.state

    @property
    def by(self) -> str:
        return self.statement.who

    @property
    def created(self) -> str:
        return self.statement.created

    @property
    def note(self) -> str:
        return self.statement.note

    @property
    def frame(self) -> int | None:
        return self.statement.frame

    @property
    def is_approval(self) -> bool:
        return self.state == "approved" and not self.void_why

    def as_json(self) -> dict[str, Any]:
        """As rows have it; a long note is cut."""
        note = self.note if len(self.note) <= MOST_SHOWN else f"{self.note[:MOST_SHOWN]}…"
        return {
            "id": self.statement.id,
            "state": self.state,
            "by": self.by,
            "created": self.created,
            "note": note,
            "frame": self.frame,
            "variation": self.statement.variation,
            "void": self.void_why,
        }


class Standings(NamedTuple):
    """What stands on each of many takes, by folder: of those alone that anybody ever reviewed.

    trouble   problem and remedy where the keys that a studio believes cannot be read: then nothing
              stands
    """

    of: dict[Path, Review | None]
    trouble: dict[str, str]


def keys(believing: Site) -> Keys:
    """The user's own key and those of the site. Raises SigningError: one of them is no key."""
    return signing.trusted_keys([*believing.trust, site.home() / "trust"])


def standings(found: Iterable[Take], believing: Site) -> Standings:
    """Of a list of takes; the keys are read if one of them was reviewed."""
    reviewed = [take for take in found if statement.any_on(take)]
    if not reviewed:
        return Standings({}, {})
    try:
        trusted = keys(believing)
    except SigningError as error:
        trouble = {"problem": error.problem, "remedy": error.remedy}
        return Standings({take.folder: None for take in reviewed}, trouble)
    return Standings({take.folder: standing(take, trusted) for take in reviewed}, {})


def history(take: Take, trusted: Keys) -> list[Told]:
    """All that lies in a take's reviews, oldest first; what cannot count says why.

    Nothing is raised: a file that is no statement is one more thing to tell.
    """
    told = _told(take, trusted)
    left = heads(told)
    return list(_with_reasons(take, told, left))


def standing(take: Take, trusted: Keys) -> Review | None:
    """The decision that stands; None: nobody decided, or it was taken back."""
    left = heads(_told(take, trusted))
    said = left[-1].statement if left else None
    if said is None or said.state == "withdrawn":
        return None
    return Review(said, _void(take, said))


def heads(told: Iterable[Told]) -> list[Told]:
    """The decisions whose place no other took; the last of them goes before the others."""
    decisions = [(one, one.statement) for one in told if one.is_decision and one.statement]
    gone = {before for _, said in decisions for before in said.after if before != said.id}
    left = [(one, said) for one, said in decisions if said.id not in gone]
    left.sort(key=lambda pair: (RANK[pair[1].state], pair[1].created, pair[1].id))
    return [one for one, _ in left]


def since(told: Iterable[Told], seen: Collection[str]) -> Told | None:
    """The decision that stands, where somebody who has `seen` these statements does not know it.

    To who has seen none of what was taken back, nothing stands, as before.
    """
    left = heads(told)
    said = left[-1].statement if left else None
    return None if said is None or _is_known(said, seen) else left[-1]


def known(told: Iterable[Told], seen: Collection[str] | None) -> list[str]:
    """Ids of the decisions that a new one takes the place of: of those alone that were `seen`.

    None: all that there are.
    """
    left = [one.statement for one in heads(told) if one.statement]
    return [said.id for said in left if seen is None or _is_known(said, seen)]


def _is_known(said: Statement, seen: Collection[str]) -> bool:
    if said.state == "withdrawn" and not set(said.after) & set(seen):
        return True
    return said.id in seen


def _told(take: Take, trusted: Keys) -> list[Told]:
    """Without regard to the pixels."""
    found: list[Told] = []
    claim, ids = None, set[str]()
    for one in statement.written(take):
        claim = _claim(take) if claim is None else claim
        why = one.doubt(trusted) or _foreign(one, claim, ids)
        found.append(Told(one.file, one.statement, not why, why))
        if one.statement is not None and not why:
            ids.add(one.statement.id)
    return _ordered(found)


def _foreign(one: Written, claim: str, ids: Collection[str]) -> str:
    said = one.statement
    if said is None or said.claim != claim:
        return f"of another take, {said.take}" if said else "no statement"
    return "the same statement lies there twice" if said.id in ids else ""


def _claim(take: Take) -> str:
    """'-' where it cannot be told: no statement is of that."""
    try:
        return str(take.read("claim")["uuid"])
    except (TakeError, KeyError, TypeError):
        return "-"


def _ordered(told: list[Told]) -> list[Told]:
    """What took the place of another comes after it, whatever the clocks said; else by time."""
    ids = {
        one.statement.id: place for place, one in enumerate(told) if one.counts and one.statement
    }
    waits: dict[int, set[int]] = {}
    follow: dict[int, list[int]] = {}
    for place, one in enumerate(told):
        before = one.statement.after if one.statement and one.counts else ()
        waits[place] = {ids[name] for name in before if name in ids} - {place}
        for other in waits[place]:
            follow.setdefault(other, []).append(place)

    def key(place: int) -> tuple[str, str, int]:
        said = told[place].statement
        return (said.created if said else "", told[place].file, place)

    free = [key(place) for place, those in waits.items() if not those]
    heapq.heapify(free)
    found: list[int] = []
    while free:
        place = heapq.heappop(free)[-1]
        found.append(place)
        for other in follow.get(place, ()):
            waits[other].discard(place)
            if not waits[other]:
                heapq.heappush(free, key(other))
    rest = sorted(set(waits) - set(found), key=key)  # statements that name each other in a ring
    return [told[place] for place in (*found, *rest)]


def _with_reasons(take: Take, told: list[Told], left: list[Told]) -> Iterator[Told]:
    files, first = {one.file for one in left}, left[-1] if left else None
    for one in told:
        if one.file in files and first and first.statement:
            yield _reasoned(take, one, first.file, first.statement)
        else:
            yield one


def _reasoned(take: Take, one: Told, file: str, said: Statement) -> Told:
    """One of the decisions that no other took the place of; `said` is that which stands."""
    if one.file != file:
        before = f"{said.state} by {said.who}"
        return replace(one, why=f"{before} goes before it: neither had seen the other")
    void = "" if said.state == "withdrawn" else _void(take, said)
    why = f"void: {void}" if void else ""
    return replace(one, counts=not void, why=why, stands=True, is_void=bool(void))


def _void(take: Take, said: Statement) -> str:
    """Why a decision does not hold for what lies there now."""
    try:
        sealed = bound.sealed(take)
    except TakeError:
        return "the take has no manifest any more"
    if sealed.digest != said.pixels:
        return "the take was closed anew with other pixels"
    return bound.changed(take, sealed, said.files)
