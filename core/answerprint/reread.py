"""Rereading: a take's frames for the gates, from its files, where nobody has them in memory any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from answerprint import against, medium, record, way
from answerprint.errors import SourceError
from answerprint.job import Resolved
from answerprint.judge import Seen
from answerprint.medium import Content
from answerprint.shelf import Shelf
from answerprint.sights import Facts
from answerprint.take import Item, Take
from answerprint.vouch import Keys
from answerprint.wedge import Variation


@dataclass(frozen=True)
class Reader:
    """Of one take. `resolved`: its job, with paths as this system spells them."""

    take: Take
    resolved: Resolved
    trusted: Keys

    @cached_property
    def variations(self) -> dict[str, Variation]:
        return self.resolved.variations

    def seen(self, item: Item) -> Sequence[Seen]:
        """A frame as a run would have shown it, with its plate.

        Raises:
            PlateAway: the plate cannot be read; what can be seen without it is in the error.
            SourceError: the frame cannot be read.
        """
        file = self.take.file(*item)
        content = medium.read(file)
        facts = self._facts(content)
        try:
            found = way.of(self.resolved).read(self.resolved, item, Shelf(()))
        except SourceError as error:
            raise PlateAway(error, against.seen(item.frame, content, None, facts)) from error
        settings = self.resolved.settings(item.frame, self.variations.get(item.variation))
        aimed = way.of(self.resolved).aim(found, self.resolved, settings)
        return way.of(self.resolved).seen(found, aimed, content, self.resolved, facts)

    def _facts(self, content: Content) -> Facts:
        return facts(content, self.trusted)


class PlateAway(SourceError):  # noqa: N818 - as all of ours are named
    """The plate of a frame cannot be read. `seen`: the frame without it."""

    def __init__(self, error: SourceError, seen: Sequence[Seen]) -> None:
        super().__init__(error.problem, remedy=error.remedy)
        self.seen = seen


def facts(content: Content, trusted: Keys) -> Facts:
    """What a file's own record says, and whether it holds."""
    finding = record.verify(content, trusted)
    made = finding.record
    holds = finding.verdict is record.Verdict.OK
    return Facts(
        pixels=made.pixels if made and holds else medium.digest(content),
        cut=made.cut if made else "whole",
        provenance="" if holds else finding.why,
    )


def plain(content: Content) -> Facts:
    """Of a file that need not have a record."""
    return Facts(pixels=medium.digest(content))


def read(file: Path) -> Content:
    """Raises SourceError: it cannot be read."""
    found: Content = medium.read(file)
    return found
