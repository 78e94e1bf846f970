"""Sessions: the takes that somebody looked through, with all that was found and said of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from answerprint import review
from answerprint.errors import TakeError
from answerprint.reviewed import Told
from answerprint.statement import Keys, Statement
from answerprint.take import PICTURES, Take
from answerprint.verdict import Finding
from answerprint_studio import checks
from answerprint_studio.index import Entry


@dataclass(frozen=True)
class Line:
    """One take of a session. `findings` are none where it was not judged."""

    entry: Entry
    take: Take
    findings: tuple[Finding, ...]
    told: list[Told]

    @property
    def title(self) -> str:
        shown = [self.entry[name] for name in ("show", "shot", "name", "take")]
        return " ".join(part for part in shown if part)

    @property
    def is_picture(self) -> bool:
        return self.take.suffix == PICTURES

    @property
    def decisions(self) -> list[tuple[Told, Statement]]:
        """The statements that are believed or were; notes are among them."""
        return [
            (one, one.statement)
            for one in self.told
            if one.statement is not None and (one.counts or one.is_void or one.is_decision)
        ]


def line(entry: Entry, trusted: Keys) -> Line | None:
    """None of a take whose folder is gone meanwhile."""
    take = Take(Path(entry["folder"]))
    if not take.private.is_dir():
        return None
    return Line(entry, take, _findings(take), review.history(take, trusted))


def _findings(take: Take) -> tuple[Finding, ...]:
    try:
        found = checks.signed(take)
    except TakeError:  # the card says so
        return ()
    return found.findings if found else ()
