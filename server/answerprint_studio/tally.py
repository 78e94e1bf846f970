"""The tally: what the wall counts and searches by, of every take, in memory as numbers.

A page of the wall comes out of the database's indexes at once; how many takes there are of each of
thirty people, of each state and so on, with all other filters as they are, would have it look at
every row seven times. Here each column is an array of small numbers that stand for its values, and
a word is looked for once in each different text.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

FACETS = ("state", "qc", "task", "artist", "sequence", "model", "show")
TEXTS = (*FACETS, "shot", "name", "take", "review", "words")

MOST_IDENTS = 2000  # that a page is looked for among, where no more fit

Mask = NDArray[np.bool_]
Group = tuple[int, dict[str, int]]


class Tally:
    """Kept by the index with each of its changes. Safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: dict[str, int] = {}
        self._idents: list[str] = []
        self._free: list[int] = []
        self._columns = {name: _Column() for name in TEXTS}
        self._there = np.zeros(0, np.bool_)
        self._newest = np.zeros(0, np.bool_)

    def put(self, entries: Iterable[Mapping[str, Any]]) -> None:
        with self._lock:
            for entry in entries:
                self._put(entry)

    def newest(self, ident: str, *, newest: bool) -> None:
        with self._lock:
            if ident in self._places:
                self._newest[self._places[ident]] = newest

    def drop(self, idents: Iterable[str]) -> None:
        with self._lock:
            for ident in idents:
                place = self._places.pop(ident, None)
                if place is not None:
                    self._there[place] = False
                    self._free.append(place)

    def __len__(self) -> int:
        return len(self._places)

    def fitting(
        self,
        *,
        words: Iterable[tuple[str, str]],
        exact: Mapping[str, tuple[str, ...]],
        newest: bool,
        group: str = "",
    ) -> Counted:
        """`words`: (column, letters that are in it); `exact`: column -> values, one of which it has."""
        with self._lock:
            base = self._there & self._newest if newest else self._there.copy()
            for name, letters in words:
                base &= self._holding(name, letters, len(base))
            own = {
                name: self._columns[name].among(values, len(base))
                for name, values in exact.items()
                if values
            }
            for name in [name for name in own if name not in FACETS]:
                base &= own.pop(name)
            fits = base.copy()
            for mask in own.values():
                fits &= mask
            counts = {}
            for name in FACETS:
                mask = fits
                if name in own:  # of a filter itself: as if it were not set
                    mask = base.copy()
                    for other, of_other in own.items():
                        if other != name:
                            mask &= of_other
                counts[name] = self._columns[name].counted(mask)
            places = np.flatnonzero(fits)
            groups = self._grouped(places, group) if group else {}
            return Counted(len(places), counts, groups, [*places[:MOST_IDENTS]], self._idents)

    def _holding(self, name: str, letters: str, length: int) -> Mask:
        """Those that have the letters in a column; in 'words': in any of them."""
        names = TEXTS if name == "words" else (name,)
        found = np.zeros(length, np.bool_)
        for one in names:
            found |= self._columns[one].holding(letters, length)
        return found

    def _grouped(self, places: NDArray[np.intp], group: str) -> dict[str, Group]:
        """By the group's name: how many shots it has, and how many takes by state."""
        column, states, shots = (self._columns[name] for name in (group, "state", "shot"))
        names, words = list(column.known), list(states.known)
        codes = column.codes[places].astype(np.int64)
        both = np.bincount(
            codes * len(words) + states.codes[places], minlength=len(names) * len(words)
        )
        pairs = np.unique(codes * max(1, len(shots.known)) + shots.codes[places])
        apart = np.bincount(pairs // max(1, len(shots.known)), minlength=len(names))
        found = {}
        for code in np.unique(codes):
            row = both[code * len(words) : (code + 1) * len(words)]
            counts = {word: int(number) for word, number in zip(words, row, strict=True) if number}
            found[names[code]] = (int(apart[code]), counts)
        return dict(sorted(found.items()))

    def _put(self, entry: Mapping[str, Any]) -> None:
        ident = entry["id"]
        place = self._places.get(ident)
        if place is None:
            place = self._free.pop() if self._free else len(self._idents)
            if place == len(self._idents):
                self._idents.append(ident)
            self._idents[place] = ident
            self._places[ident] = place
        self._there, self._newest = _long(self._there, place), _long(self._newest, place)
        self._there[place], self._newest[place] = True, bool(entry["newest"])
        texts = {name: str(entry[name]) for name in TEXTS}
        # nearly every take's words are others, and few of them are not in the columns
        columns = " ".join(texts[name] for name in TEXTS if name != "words").lower()
        left = (word for word in texts["words"].split() if word not in columns)
        texts["words"] = " ".join(left)
        for name, text in texts.items():
            self._columns[name].put(place, text)


class Counted:
    """What fits: `total`, `counts` by facet, `groups` by name, and, where they are few, which."""

    def __init__(
        self,
        total: int,
        counts: dict[str, dict[str, int]],
        groups: dict[str, Group],
        places: list[np.intp],
        idents: list[str],
    ) -> None:
        self.total, self.counts, self.groups = total, counts, groups
        few = total <= MOST_IDENTS
        self.idents = [idents[place] for place in places] if few else None


class _Column:
    """Values as numbers: the n-th is that of the take at place n."""

    def __init__(self) -> None:
        self.codes = np.zeros(0, np.int32)
        self.known: dict[str, int] = {}

    def put(self, place: int, value: str) -> None:
        self.codes = _long(self.codes, place)
        self.codes[place] = self.known.setdefault(value, len(self.known))
        if len(self.known) > 2 * len(self.codes):
            self._forget()

    def _forget(self) -> None:
        """Leave out values that no take has any more."""
        values = list(self.known)
        kept, codes = np.unique(self.codes, return_inverse=True)
        self.codes = codes.astype(np.int32)
        self.known = {values[code]: number for number, code in enumerate(kept)}

    def holding(self, letters: str, length: int) -> Mask:
        found = (letters in value.lower() for value in self.known)
        return self._chosen(np.fromiter(found, np.bool_, len(self.known)), length)

    def among(self, values: tuple[str, ...], length: int) -> Mask:
        found = np.zeros(len(self.known), np.bool_)
        for value in values:
            if value in self.known:
                found[self.known[value]] = True
        return self._chosen(found, length)

    def counted(self, mask: Mask) -> dict[str, int]:
        """Value -> how many, the most frequent first."""
        codes = self.codes[: len(mask)][mask]
        numbers = np.bincount(codes, minlength=len(self.known))
        held = [(value, int(numbers[code])) for value, code in self.known.items() if numbers[code]]
        return dict(sorted(held, key=lambda one: (-one[1], one[0])))

    def _chosen(self, which: Mask, length: int) -> Mask:
        if not len(which):
            return np.zeros(length, np.bool_)
        return np.asarray(which[self.codes[:length]], np.bool_)


def _long(array: NDArray[Any], place: int) -> NDArray[Any]:
    """The array, longer where it ends before a place."""
    if place < len(array):
        return array
    longer = np.zeros(max(1024, 2 * place), array.dtype)
    longer[: len(array)] = array
    return longer
