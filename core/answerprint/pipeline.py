"""The pipeline: one work item from the plate to its file, beside others.

Each worker thread carries one frame all the way; semaphores bound how many read and write at once,
the window how many are at the server. So reading, inference and writing overlap, and memory holds
at most as many frames as there are workers, whatever the length of the job.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from answerprint import record, reuse, way, write
from answerprint.ask import Asker
from answerprint.chunk import Chunk
from answerprint.contract import Contract, Value
from answerprint.job import Resolved
from answerprint.judge import Judge
from answerprint.judged import Judged
from answerprint.limited import Stages
from answerprint.medium import Content
from answerprint.memory import Limits
from answerprint.persistence import Persistence
from answerprint.reuse import Made
from answerprint.shelf import Shelf
from answerprint.sights import Facts
from answerprint.takes import Item
from answerprint.way import Account, Way, Work
from answerprint.wedge import Variation
from answerprint.write import Place

LEAST_DEADLINE, TIMES_SLOWER = 60.0, 20.0  # a server may be slower than the contract's own machine


@dataclass
class Pipeline:
    """What the workers of one run share.

    stop       set when no further frame is to be begun
    deadline   seconds that the server has for one answer; None: as the contract's cost says
    judge      of all its frames
    told       writes an event into the journal
    """

    place: Place
    asker: Asker
    chunk: Chunk
    limits: Limits
    shelf: Shelf
    made: Made
    persistence: Persistence
    variations: dict[str, Variation]
    stop: threading.Event
    deadline: float | None
    judge: Judge
    told: Callable[..., None]
    stages: Stages = field(default_factory=Stages)

    def __post_init__(self) -> None:
        self.reading = threading.BoundedSemaphore(self.limits.readers)
        self.writing = threading.BoundedSemaphore(self.limits.writers)
        self.way: Way = way.of(self.resolved)

    @property
    def resolved(self) -> Resolved:
        return self.place.resolved

    def carry(self, item: Item) -> dict[str, Any] | None:
        """One work item, start to end; what the journal says of it. None if it was stopped before.

        Raises:
            SourceError: its files cannot be read.
            ServerError, TakeError: as the frame or the run ended; nothing is left of the frame.
        """
        variation = self.variations.get(item.variation)
        settings = self.resolved.settings(item.frame, variation)
        seed = self.resolved.seed(variation)
        with self.reading:
            if self.stop.is_set():
                return None
            found = self.way.read(self.resolved, item, self.shelf)
            key = reuse.key(found, self.resolved, settings, seed)
        sought = key if self.resolved.job.reuse else ""  # later takes may copy what is made afresh
        with self.made.turn(sought):
            before = self.made.find(sought)
            if before is None:
                facts = self._inferred(found, settings, seed, key)
                if facts is not None and key:
                    self.made.add(key, self.place.take.folder / facts["file"], facts)
                return facts
        with self.writing:
            start = time.perf_counter()
            before.tell(found)
            made = write.copied_record(self.place, found, before.content, before.made)
            aimed = self.way.aim(found, self.resolved, settings)
            judged = self._judged(found, aimed, before.content, made)
            return self._written(found, before.content, made, judged, start)

    def _inferred(
        self, found: Work, settings: dict[str, Value], seed: str | None, key: str
    ) -> dict[str, Any] | None:
        """A work item from the model to its file."""
        with self.reading:
            self.way.encode(found, self.asker)
        answers = self.persistence.ask(
            named(found.item), lambda: self._asked(found, settings, seed)
        )
        if answers is None:
            return None
        self.way.let_go(found, answers)
        with self.writing:
            start = time.perf_counter()
            aimed = self.way.aim(found, self.resolved, settings)
            names = self.way.build(found, self.asker, answers, settings)
            content = self.way.content(found)
            made = write.made_record(
                self.place, found, content, answers, settings, seed=seed, made=names, work=key
            )
            judged = self._judged(found, aimed, content, made)
            del aimed  # and with it the plate: what is written does not need it
            return self._written(found, content, made, judged, start)

    def _asked(self, found: Work, settings: dict[str, Value], seed: str | None) -> Account:
        start = time.perf_counter()
        answers = self.way.ask(
            found,
            self.asker,
            settings,
            seed=seed,
            request_id=f"{self.place.facts['job_id']}.{found.item}",
            deadline=self.deadline or deadline(self.way.size(found), self.resolved.contract),
            stop=self.stop,
        )
        found.seconds["infer"] = round(time.perf_counter() - start, 4)
        model = _seconds(answers.report.get("model_seconds"))
        if model:  # as the model says itself: without the way there, and the wait behind others
            found.seconds["model"] = round(model, 4)
        return answers

    def _judged(self, found: Work, aimed: Any, content: Content, made: record.Record) -> Judged:
        """What the gates say of a frame while it is in memory. Whatever fails there is no pass."""
        start, key = time.perf_counter(), str(found.item)
        facts = Facts(made.pixels, made.cut)
        try:
            seen = self.way.seen(found, aimed, content, self.resolved, facts)
        except Exception as error:  # noqa: BLE001 - the frame is good all the same
            judged = self.judge.raised(key, error)
        else:
            judged = self.judge.frame(key, seen)
        found.seconds["judge"] = round(time.perf_counter() - start, 4)
        return judged

    def _written(
        self, found: Work, content: Content, made: record.Record, judged: Judged, start: float
    ) -> dict[str, Any]:
        lost = write.write(self.place, found, content, made)
        took = time.perf_counter() - start - found.seconds["judge"]
        found.seconds["write"] = round(took, 4)
        self.chunk.check()
        self.stages.add(found.seconds)
        facts = write.commit(self.place, found, made, lost)
        for one in judged.later:
            self.told("judged", **named(Item.parse(one.key)), qc=self._signed(one))
        return facts | {"qc": self._signed(judged)}

    def _signed(self, judged: Judged) -> dict[str, Any]:
        return judged.signed(self.judge.rules.mark, self._claim, self.place.signer)

    @cached_property
    def _claim(self) -> str:
        return str(self.place.take.read("claim")["uuid"])


def _seconds(said: Any) -> float:
    """What a model says of its time, which may be anything."""
    fits = isinstance(said, (int, float)) and not isinstance(said, bool) and 0 <= said < math.inf
    return float(said) if fits else 0.0


def deadline(size: int, contract: Contract) -> float:
    """Seconds after which a model hangs: many times what its contract says that it needs.

    `size`: in pixels, points or voxels.
    """
    needed = contract.cost.seconds_per_megapixel * size / 1e6
    return max(LEAST_DEADLINE, TIMES_SLOWER * needed)


def named(item: Item) -> dict[str, Any]:
    """A work item as events name it."""
    variation = {"variation": item.variation} if item.variation else {}
    return {"frame": item.frame, **variation}
