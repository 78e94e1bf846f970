"""The lookout: says of streams, whenever it has changed, where each of their takes stands.

A look is cheap where nothing happened: the times of a few folders are compared. A frame that is
written over in place changes none of them, so now and then all is looked at anew.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from answerprint import approved, reviewed, row, standing, statement, takes
from answerprint.errors import AnswerprintError, TakeError
from answerprint.reviewed import Review
from answerprint.site import Site
from answerprint.standing import Facts
from answerprint.take import Take, spelling

THOROUGH = 30  # every so many looks at all of it
UNFINISHED = 5  # every so many at takes that are not complete: their process may have died

Document = dict[str, Any]
_Mark = tuple[int, ...]


class Lookout:
    """Streams by their folders; each is told at the first look."""

    def __init__(self, streams: Iterable[Path], site: Site) -> None:
        self._streams = {folder: _Stream(folder, site) for folder in streams}
        self._looks = 0

    def look(self) -> Iterator[Document]:
        """What is to be said since the look before. A stream that cannot be looked at says why."""
        turn, self._looks = self._looks, self._looks + 1
        for one in self._streams.values():
            try:
                said = one.look(turn)
            except AnswerprintError as error:
                said = one.failed(error)
            if said is not None:
                yield said


class _Stream:
    def __init__(self, folder: Path, site: Site) -> None:
        self._folder, self._site = folder, site
        self._mark: _Mark = ()
        self._takes: list[Take] = []
        self._marks: dict[Path, _Mark] = {}
        self._facts: dict[Path, Facts] = {}
        self._reviews: dict[Path, Review | None] = {}
        self._told: Document | None = None

    def look(self, turn: int) -> Document | None:
        """Raises TakeError: the folder is gone, or may not be looked at."""
        thorough = turn % THOROUGH == 0
        mark = _mark(self._folder)
        listed = thorough or mark != self._mark or not self._told or "error" in self._told
        if listed:
            self._list()
            self._mark = mark
        changed = [one for one in self._takes if self._has_changed(one, turn)]
        if changed:
            self._learn(changed)
        if not changed and not listed:
            return None
        return self._tell(self._document())

    def failed(self, error: AnswerprintError) -> Document | None:
        self._mark = ()
        return self._tell({"stream": self._folder.as_posix(), **error.as_json()})

    def _tell(self, said: Document) -> Document | None:
        """The same is not said twice."""
        if said == self._told:
            return None
        self._told = said
        return said

    def _list(self) -> None:
        if not self._folder.is_dir():
            raise TakeError(
                f"There is no stream at {self._folder.as_posix()}.",
                remedy="It may have been moved; 'answerprint versions' looks for it.",
            )
        self._takes = list(takes.listed(self._folder))
        for gone in self._marks.keys() - {one.folder for one in self._takes}:
            del self._marks[gone]
            self._facts.pop(gone, None)
            self._reviews.pop(gone, None)

    def _has_changed(self, take: Take, turn: int) -> bool:
        mark = _mark(take.folder, take.private, statement.folder(take))
        facts = self._facts.get(take.folder)
        every = THOROUGH if facts and facts.is_complete else UNFINISHED
        if self._marks.get(take.folder) == mark and turn % every:
            return False
        self._marks[take.folder] = mark
        return True

    def _learn(self, changed: list[Take]) -> None:
        known = {one.folder: row.state(one) for one in changed}
        found = row.standings(known, self._site)
        self._facts |= row.facts(known, found)
        self._reviews |= {folder: found.of.get(folder) for folder in known}
        if any(one and one.void_why and one.state == "approved" for one in found.of.values()):
            self._mend()

    def _mend(self) -> None:
        """An approval holds no more: the pointer is not to name it. Who may not write leaves it."""
        with contextlib.suppress(AnswerprintError, OSError):
            approved.mend(self._folder, reviewed.keys(self._site))

    def _document(self) -> Document:
        every = list(self._facts.values())
        newest = standing.latest(every)
        labels = {one.number: one.label for one in self._takes}
        marked = standing.latest_approved(every)
        return {
            "stream": self._folder.as_posix(),
            "latest": None if newest is None else labels[newest],
            "latest_approved": None if marked is None else labels[marked],
            "takes": [self._said(one, newest) for one in self._takes],
        }

    def _said(self, take: Take, newest: int | None) -> Document:
        facts, review = self._facts[take.folder], self._reviews.get(take.folder)
        word, words = standing.standing(facts, newest, spelling(take.label))
        return {
            "take": take.label,
            "state": facts.state,
            "qc": facts.qc,
            "review": review and review.as_json(),
            "word": words,
            "standing": word,
        }


def _mark(*folders: Path) -> _Mark:
    """When something was last made, replaced or removed in each; -1 where there is none."""
    return tuple(_changed(folder) for folder in folders)


def _changed(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return -1
