"""Running: the pipeline that turns a job into a take, frames overlapped, memory bounded.

Each worker thread carries one frame from the plate to its file; semaphores bound how many read,
wait for the model and write at once. So reading, inference and writing overlap, and memory holds
at most as many frames as there are workers, whatever the length of the job.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from answerprint import ask, begin, exr, record, result, reuse, takes, workitem, write
from answerprint.ask import Asker
from answerprint.contract import Value
from answerprint.errors import (
    AnswerprintError,
    InferenceError,
    JobError,
    ServerError,
    SourceError,
    TakeError,
)
from answerprint.job import Resolved
from answerprint.journal import Event, Journal
from answerprint.lease import Lease
from answerprint.memory import Limits, bound
from answerprint.reuse import Made
from answerprint.shelf import Shelf
from answerprint.signing import Signer
from answerprint.takes import Item, Take
from answerprint.triton import Server
from answerprint.wedge import Variation
from answerprint.write import Place


@dataclass
class _Work:
    """What the workers of one run share."""

    place: Place
    asker: Asker
    journal: Journal
    lease: Lease
    limits: Limits
    shelf: Shelf
    made: Made
    variations: dict[str, Variation]
    stop: threading.Event = field(default_factory=threading.Event)
    interrupted: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.reading = threading.BoundedSemaphore(self.limits.readers)
        self.inferring = threading.BoundedSemaphore(self.limits.in_flight)
        self.writing = threading.BoundedSemaphore(self.limits.writers)

    @property
    def resolved(self) -> Resolved:
        return self.place.resolved

    def raise_if_interrupted(self) -> None:
        if self.interrupted.is_set():
            raise KeyboardInterrupt


def run(
    resolved: Resolved,
    take: Take,
    *,
    server: Server,
    signer: Signer,
    trusted: dict[str, Ed25519PublicKey],
    limits: Limits | None = None,
    memory: float | None = None,
    interrupted: threading.Event | None = None,
) -> Iterator[Event]:
    """Do the frames that the take lacks; yields the journal's events as they happen.

    The last event is `finished`, with state `complete` or `incomplete`. A frame that fails is
    reported and the others go on; what would fail for every frame ends the run. Interrupted, the
    frames in work are finished first, and the take says that it was cancelled.

    Raises:
        TakeBusy: another process writes this take.
        NoSuchTask, ServerError: the model of the job is not there any more.
        TakeError, ServerError: as it ended the run; frames finished until then stay.
    """
    offer = begin.pinned(resolved, server)
    colours = begin.colour_paths(resolved)
    with Lease.take(take.lease_file) as lease:
        if (take.private / "manifest.json").is_file():
            raise JobError(
                f"{take.name} {take.label} is complete already.",
                remedy="Run the job again as a new take.",
            )
        place = Place(resolved, take, signer, begin.facts(take, server))
        done = begin.kept(place, trusted)
        todo = [item for item in begin.items(resolved) if item not in done]
        made = Made(trusted)
        if resolved.job.reuse:
            made.scan(take.folder.parent)
        bounds = (limits or Limits.of_this_machine()).within(bound(memory), resolved.memory)
        most = bounds.workers * len(resolved.inputs) * resolved.contract.cut.frames
        uses = (path for item in todo for path in workitem.files(resolved, item.frame))
        work = _Work(
            place=place,
            asker=Asker(server, offer, resolved, colours),
            journal=take.journal(),
            lease=lease,
            limits=bounds,
            shelf=Shelf(uses, most=most),
            made=made,
            variations=resolved.variations,
        )
        work.interrupted = interrupted or work.interrupted
        yield from _run(work, done, todo)


def _run(work: _Work, done: dict[Item, dict[str, str]], todo: list[Item]) -> Iterator[Event]:
    begun = time.perf_counter()
    total = len(done) + len(todo)
    yield work.journal.append(
        "started",
        take=f"{work.place.take.name}/{work.place.take.label}",
        frames=total,
        variations=len(work.variations),
        kept=len(done),
        notes=list(work.resolved.notes),
        **work.place.facts,
    )
    tally = _Tally(done)
    state = "incomplete"
    pool = ThreadPoolExecutor(work.limits.workers, thread_name_prefix="frame")
    futures = {pool.submit(_one, work, item): item for item in todo}
    try:
        for future in as_completed(futures):
            event = tally.add(futures.pop(future), future, work.journal)
            if tally.fatal is not None:
                _stop(work, futures)
            if event is not None:
                yield event
            work.raise_if_interrupted()
        if len(done) == total:
            work.lease.check()
            takes.commit(work.place.take, done, work.place.signer)
            state = "complete"
    except (KeyboardInterrupt, GeneratorExit):
        state = "cancelled"
        raise
    finally:
        _stop(work, futures)
        pool.shutdown(wait=True)
        for future, item in futures.items():  # frames that were in work when it was stopped
            tally.add(item, future, work.journal)
        end = work.journal.append(
            "finished",
            state=state,
            done=len(done),
            failed=[str(item) if item.variation else item.frame for item in sorted(tally.failed)],
            seconds=round(time.perf_counter() - begun, 3),
        )
    yield end
    if tally.fatal is not None:
        raise tally.fatal


@dataclass
class _Tally:
    """What became of the frames: facts for the manifest, failures, and what ended the run."""

    done: dict[Item, dict[str, str]]
    failed: list[Item] = field(default_factory=list)
    fatal: AnswerprintError | None = None

    def add(
        self, item: Item, future: Future[dict[str, Any] | None], journal: Journal
    ) -> Event | None:
        """Count one frame and write its event; None if it was never begun."""
        if future.cancelled():
            return None
        try:
            facts = future.result()
        except AnswerprintError as error:
            self.failed.append(item)
            if _ends_the_run(error):
                self.fatal = self.fatal or error
            named = {"variation": item.variation} if item.variation else {}
            return journal.append("failed", frame=item.frame, **named, **error.as_json())
        if facts is None:
            return None
        self.done[item] = {key: facts[key] for key in ("file", "pixels", "statement_id")}
        return journal.append("frame", **facts)


def _one(work: _Work, item: Item) -> dict[str, Any] | None:
    """One work item, start to end. None if the run was stopped before it began."""
    resolved = work.resolved
    variation = work.variations.get(item.variation)
    settings, seed = resolved.settings(item.frame, variation), resolved.seed(variation)
    with work.reading:
        if work.stop.is_set():
            return None
        found = workitem.read(resolved, item, work.shelf)
        key = reuse.key(found, resolved, settings, seed)
    sought = key if resolved.job.reuse else ""  # later takes may copy what is made afresh
    with work.made.turn(sought):
        before = work.made.find(sought)
        if before is None:
            facts = _inferred(work, found, settings, seed=seed, key=key)
            if key:
                work.made.add(key, work.place.take.folder / facts["file"], facts)
            return facts
    with work.writing:
        start = time.perf_counter()
        before.tell(found)
        made = write.copied_record(work.place, found, before.frame, before.made)
        return _written(work, found, before.frame, made, start)


def _inferred(
    work: _Work,
    found: workitem.Read,
    settings: dict[str, Value],
    *,
    seed: str | None,
    key: str,
) -> dict[str, Any]:
    """A work item from the model to its file."""
    with work.reading:
        ask.encode(found, work.asker)
    with work.inferring, found.timed("infer"):
        request_id = f"{work.place.facts['job_id']}.{found.item}"
        answers = ask.ask(found, work.asker, settings, seed=seed, request_id=request_id)
    if not answers.asked:
        found.shows = found.seen.frames[0]
    with work.writing:
        start = time.perf_counter()
        ask.decode(answers, work.asker)
        channels = result.build(found, work.resolved, answers, settings)
        made = write.made_record(
            work.place, found, answers, settings, seed=seed, made=channels, work=key
        )
        return _written(work, found, found.frame, made, start)


def _written(
    work: _Work, found: workitem.Read, frame: exr.Frame, made: record.Record, start: float
) -> dict[str, Any]:
    lost = write.write(work.place, found, frame, made)
    found.seconds["write"] = round(time.perf_counter() - start, 4)
    work.lease.check()
    return write.commit(work.place, found, made, lost)


def _ends_the_run(error: AnswerprintError) -> bool:
    """A broken frame is that frame's trouble; a full disk or a lost server is everybody's."""
    if isinstance(error, (SourceError, InferenceError)):
        return False
    return isinstance(error, (TakeError, ServerError))


def _stop(work: _Work, futures: dict[Future[dict[str, Any] | None], Item]) -> None:
    work.stop.set()
    for future in futures:
        future.cancel()
