"""The tally: what became of a run's frames, and which failures end it."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from answerprint.errors import (
    AnswerprintError,
    InferenceError,
    ServerError,
    ServerOutOfMemory,
    SourceError,
    TakeError,
)
from answerprint.journal import Event, Journal
from answerprint.pipeline import named
from answerprint.takes import Item

MOST_FAILURES_IN_A_ROW = 25  # of the model's, alike; then it is not the frames

Facts = dict[str, Any]
Frames = dict[Item, dict[str, str]]


@dataclass
class Tally:
    """What became of the frames: facts for the manifest, failures, and what ended the run."""

    done: Frames
    failed: list[Item] = field(default_factory=list)
    fatal: Exception | None = None
    last: str | None = None  # file of the frame that was finished last
    _alike: Counter[str] = field(default_factory=Counter)

    @property
    def is_good(self) -> bool:
        return self.fatal is None and not self.failed

    def add(self, item: Item, future: Future[Facts | None], journal: Journal) -> Event | None:
        """Count one frame and write its event; None if it was never begun, or given up."""
        try:
            facts = future.result()
        except AnswerprintError as error:
            return self._failure(item, error, journal)
        except Exception as error:  # noqa: BLE001 - it ends the run; what was done is said first
            self.failed.append(item)
            self.fatal = self.fatal or error
            return journal.append("failed", **named(item), **_fault(error))
        if facts is None:
            return None
        self._alike.clear()
        self.done[item] = {key: facts[key] for key in ("file", "pixels", "statement_id")}
        self.last = facts["file"]
        return journal.append("frame", **facts)

    def _failure(self, item: Item, error: AnswerprintError, journal: Journal) -> Event:
        self.failed.append(item)
        if _ends_the_run(error):
            self.fatal = self.fatal or error
        if isinstance(error, (InferenceError, ServerOutOfMemory)):
            self._count(error)
        return journal.append("failed", **named(item), **error.as_json())

    def _count(self, error: AnswerprintError) -> None:
        # a plate may have many broken frames with good ones behind; a resumed run gets to these
        kind = type(error).__name__
        self._alike[kind] += 1
        if self._alike[kind] >= MOST_FAILURES_IN_A_ROW and self.fatal is None:
            self.fatal = type(error)(
                f"{self._alike[kind]} frames in a row failed, the last one so: {error.problem}",
                remedy=error.remedy,
            )


def _fault(error: Exception) -> Facts:
    return AnswerprintError(
        f"This is a fault in Answerprint, not in your work: {type(error).__name__}, {error}.",
        remedy="Send the log of the fault to the pipeline team, and resume the take.",
    ).as_json() | {"error": type(error).__name__}


def _ends_the_run(error: AnswerprintError) -> bool:
    """A broken frame is that frame's trouble; a full disk or a lost server is everybody's."""
    if isinstance(error, (SourceError, InferenceError, ServerOutOfMemory)):
        return False
    return isinstance(error, (TakeError, ServerError))
