"""Running: the pipeline that turns a job into a take, frames overlapped, memory bounded.

Each worker thread carries one frame from the plate to its file; semaphores bound how many read,
wait for the model and write at once. So reading, inference and writing overlap, and memory holds
at most as many frames as there are workers, whatever the length of the job.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from answerprint import exr, record, takes, workitem
from answerprint.errors import (
    AnswerprintError,
    InferenceError,
    JobError,
    ServerError,
    SourceError,
    TakeError,
)
from answerprint.job import Resolved, wrong
from answerprint.journal import Event, Journal
from answerprint.lease import Lease
from answerprint.signing import Signer
from answerprint.takes import Take
from answerprint.triton import Offer, Server


@dataclass(frozen=True)
class Limits:
    """How many frames may be in each stage at once."""

    readers: int = 1
    in_flight: int = 2
    writers: int = 1

    @property
    def workers(self) -> int:
        return self.readers + self.in_flight + self.writers

    @classmethod
    def of_this_machine(cls) -> Limits:
        cores = os.cpu_count() or 2
        return cls(readers=max(1, cores // 4), in_flight=2, writers=max(1, cores // 2))


@dataclass
class _Work:
    """What the workers of one run share."""

    resolved: Resolved
    take: Take
    server: Server
    offer: Offer
    signer: Signer
    journal: Journal
    lease: Lease
    facts: dict[str, str]
    limits: Limits
    stop: threading.Event = field(default_factory=threading.Event)
    interrupted: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.reading = threading.BoundedSemaphore(self.limits.readers)
        self.inferring = threading.BoundedSemaphore(self.limits.in_flight)
        self.writing = threading.BoundedSemaphore(self.limits.writers)

    def raise_if_interrupted(self) -> None:
        if self.interrupted.is_set():
            raise KeyboardInterrupt


def claim(resolved: Resolved) -> Take:
    """Take the next number, or the one the job asks for, and leave the job in it.

    Raises:
        TakeExists: the number asked for is taken.
        TakeError: the folder cannot be written.
    """
    take = takes.claim(resolved.root / resolved.stream, number=resolved.job.out.take)
    document = resolved.model_dump(mode="json", by_alias=True)
    take.write("job", {"job_id": uuid.uuid4().hex, "resolved": document})
    return take


def reopen(take: Take) -> Resolved:
    """The job of a take that was begun.

    Raises:
        TakeError: the take has no readable job.
    """
    try:
        return Resolved.model_validate(take.read("job")["resolved"])
    except (KeyError, TypeError) as error:
        raise TakeError(
            f"{take.folder.as_posix()} holds no job.", remedy="Run the job again as a new take."
        ) from error
    except ValidationError as error:
        raise wrong(error, f"The job in {take.folder.as_posix()}") from error


def run(
    resolved: Resolved,
    take: Take,
    *,
    server: Server,
    signer: Signer,
    trusted: dict[str, Ed25519PublicKey],
    limits: Limits | None = None,
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
    offer = _pinned(resolved, server)
    with Lease.take(take.lease_file) as lease:
        if (take.private / "manifest.json").is_file():
            raise JobError(
                f"{take.name} {take.label} is complete already.",
                remedy="Run the job again as a new take.",
            )
        facts = _facts(take, server)
        limits = limits or Limits.of_this_machine()
        journal = take.journal()
        work = _Work(resolved, take, server, offer, signer, journal, lease, facts, limits)
        work.interrupted = interrupted or work.interrupted
        yield from _run(work, trusted)


def _run(work: _Work, trusted: dict[str, Ed25519PublicKey]) -> Iterator[Event]:
    begun = time.perf_counter()
    done = _kept(work, trusted)
    todo = [number for number in work.resolved.frame_range if number not in done]
    yield work.journal.append(
        "started",
        take=f"{work.take.name}/{work.take.label}",
        frames=len(work.resolved.frame_range),
        kept=len(done),
        notes=list(work.resolved.notes),
        **work.facts,
    )
    tally = _Tally(done)
    state = "incomplete"
    pool = ThreadPoolExecutor(work.limits.workers, thread_name_prefix="frame")
    futures = {pool.submit(_one, work, number): number for number in todo}
    try:
        for future in as_completed(futures):
            event = tally.add(futures.pop(future), future, work.journal)
            if tally.fatal is not None:
                _stop(work, futures)
            if event is not None:
                yield event
            work.raise_if_interrupted()
        if len(done) == len(work.resolved.frame_range):
            work.lease.check()
            takes.commit(work.take, done, work.signer)
            state = "complete"
    except (KeyboardInterrupt, GeneratorExit):
        state = "cancelled"
        raise
    finally:
        _stop(work, futures)
        pool.shutdown(wait=True)
        for future, number in futures.items():  # frames that were in work when it was stopped
            tally.add(number, future, work.journal)
        end = work.journal.append(
            "finished",
            state=state,
            done=len(done),
            failed=sorted(tally.failed),
            seconds=round(time.perf_counter() - begun, 3),
        )
    yield end
    if tally.fatal is not None:
        raise tally.fatal


@dataclass
class _Tally:
    """What became of the frames: facts for the manifest, failures, and what ended the run."""

    done: dict[int, dict[str, str]]
    failed: list[int] = field(default_factory=list)
    fatal: AnswerprintError | None = None

    def add(
        self, number: int, future: Future[dict[str, Any] | None], journal: Journal
    ) -> Event | None:
        """Count one frame and write its event; None if it was never begun."""
        if future.cancelled():
            return None
        try:
            facts = future.result()
        except AnswerprintError as error:
            self.failed.append(number)
            if _ends_the_run(error):
                self.fatal = self.fatal or error
            return journal.append("failed", frame=number, **error.as_json())
        if facts is None:
            return None
        self.done[number] = {key: facts[key] for key in ("file", "pixels", "statement_id")}
        return journal.append("frame", **facts)


def _one(work: _Work, number: int) -> dict[str, Any] | None:
    """One frame, start to end. None if the run was stopped before it began."""
    resolved = work.resolved
    with work.reading:
        if work.stop.is_set():
            return None
        item = workitem.read(resolved, number)
    with work.inferring, item.timed("infer"):
        answer = work.server.infer(
            work.offer,
            item.images,
            resolved.parameters,
            request_id=f"{work.facts['job_id']}.{number}",
        )
    with work.writing:
        with item.timed("write"):
            workitem.put_back(item, resolved, answer, number)
            made = workitem.make_record(item, resolved, work.take, number, answer, work.facts)
            lost = workitem.write(item, work.take, number, work.signer, made)
        work.lease.check()
        return workitem.commit(item, work.take, number, made, lost)


def _ends_the_run(error: AnswerprintError) -> bool:
    """A broken frame is that frame's trouble; a full disk or a lost server is everybody's."""
    if isinstance(error, (SourceError, InferenceError)):
        return False
    return isinstance(error, (TakeError, ServerError))


def _stop(work: _Work, futures: dict[Future[dict[str, Any] | None], int]) -> None:
    work.stop.set()
    for future in futures:
        future.cancel()


def _pinned(resolved: Resolved, server: Server) -> Offer:
    """The very model the job was resolved to, or nothing: versions are never mixed in a take."""
    offer = server.offer(resolved.job.task, resolved.version)
    if offer.usable().sha256 != resolved.model_sha256:
        raise ServerError(
            f"The model of {resolved.job.task} on {server.address} is not the one this take was "
            "begun with.",
            remedy="Run the job again as a new take, or bring the old model back.",
        )
    return offer


def _facts(take: Take, server: Server) -> dict[str, str]:
    return {
        "job_id": str(take.read("job")["job_id"]),
        "server": server.address.rpartition(":")[0],
        "triton": server.version(),
    }


def _kept(work: _Work, trusted: dict[str, Ed25519PublicKey]) -> dict[int, dict[str, str]]:
    """Frames of an earlier run that verify; all others are done again. Leftover parts go."""
    for part in work.take.private.glob(f"{work.take.name}_{work.take.label}.*.part"):
        part.unlink()
    kept = {}
    for number, file in work.take.frames().items():
        finding = _judged(file, trusted)
        made = finding.record
        mine = (work.facts["job_id"], number)
        if finding.verdict is record.Verdict.OK and made and (made.job_id, made.frame) == mine:
            kept[number] = {
                "file": file.name,
                "pixels": made.pixels,
                "statement_id": made.statement_id,
            }
    return {number: facts for number, facts in kept.items() if number in work.resolved.frame_range}


def _judged(file: Any, trusted: dict[str, Ed25519PublicKey]) -> record.Finding:
    try:
        return record.verify(exr.read(file), trusted)
    except SourceError as error:
        return record.Finding(record.Verdict.PIXELS_CHANGED, error.problem)
