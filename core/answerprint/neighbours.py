"""Neighbours: what is kept of frames until those beside them have come, in whatever order."""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import NamedTuple

from answerprint.shape import Outline
from answerprint.sight import Sketch
from answerprint.take import Item

Layer = tuple[str, str]  # layer, view
Kept = dict[Layer, Sketch | Outline]


class Pair(NamedTuple):
    """Two frames that follow each other, and what was kept of both."""

    early: Item
    late: Item
    before: Kept
    after: Kept


class Neighbours:
    """Safe from several threads.

    window   frames of each variation that are kept for neighbours which have not come yet; of more
             the oldest are forgotten
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._kept: dict[Item, Kept] = {}  # in the order in which they came
        self._paired: set[Item] = set()  # the later ones of the pairs that were whole
        self._lock = threading.Lock()

    def meet(self, item: Item, mine: Kept) -> list[Pair]:
        """Keep a frame; the pairs that are whole now, each of which is told once."""
        with self._lock:
            self._kept[item] = mine
            found = []
            for early, late in ((before(item), item), (item, after(item))):
                if early in self._kept and late in self._kept and late not in self._paired:
                    self._paired.add(late)
                    found.append(Pair(early, late, self._kept[early], self._kept[late]))
            for one in (before(item), item, after(item)):
                if one in self._paired and after(one) in self._paired:
                    self._kept.pop(one, None)
            self._let_go(item.variation)
        return found

    def believe(self, late: Item) -> None:
        """Somebody else held a frame against the one before it."""
        with self._lock:
            self._paired.add(late)

    def holds(self, item: Item) -> bool:
        with self._lock:
            return item in self._kept

    def missing(self, items: Collection[Item]) -> list[tuple[Item, Item]]:
        """Those among these frames that follow each other and never met."""
        with self._lock:
            late = sorted(one for one in items if one not in self._paired and before(one) in items)
        return [(before(one), one) for one in late]

    def _let_go(self, variation: str) -> None:
        held = [one for one in self._kept if one.variation == variation]
        for one in held[: max(0, len(held) - self._window)]:
            del self._kept[one]


def before(item: Item) -> Item:
    return Item(item.frame - 1, item.variation)


def after(item: Item) -> Item:
    return Item(item.frame + 1, item.variation)
