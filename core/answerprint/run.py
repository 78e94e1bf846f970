"""Running: a job's frames through the pipeline, and what becomes of them.

A frame that fails is reported and the others go on; what would fail for every frame ends the run.
"""

from __future__ import annotations

import itertools
import os
import queue
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from answerprint import audit, begin, exr, way
from answerprint.ask import Asker
from answerprint.chunk import Chunk
from answerprint.errors import JobError
from answerprint.fleet import Fleet, Post, settle
from answerprint.frames import FrameRange
from answerprint.interrupt import Interrupt
from answerprint.job import Resolved
from answerprint.journal import Event, Journal
from answerprint.judge import Judge, Rules
from answerprint.memory import Limits, bound
from answerprint.part import Part
from answerprint.patience import Patience
from answerprint.persistence import Persistence
from answerprint.pipeline import Pipeline
from answerprint.reread import Reader
from answerprint.reuse import Made
from answerprint.shelf import Shelf
from answerprint.signing import Signer
from answerprint.site import Site
from answerprint.takes import Item, Take
from answerprint.tally import Facts, Frames, Tally
from answerprint.triton import Offer, Server
from answerprint.window import Window
from answerprint.write import Place

MOST_SAID = 5  # findings of a take that its journal's last words name


@dataclass(frozen=True)
class Bounds:
    """How a run may behave; None where it decides by itself.

    readers, in_flight, writers   frames in each stage at once; as machine and model have room
    memory     GB that it may hold; half of the machine's
    patience   seconds that it waits for a server that is away; as a site that says nothing
    deadline   seconds that the server has for one answer; as the contract's cost says
    zip_level  how hard ZIP tries, 1 to 9; 1
    behind     in the farm's lane of the server, however few its frames are
    """

    readers: int | None = None
    in_flight: int | None = None
    writers: int | None = None
    memory: float | None = None
    patience: float | None = None
    deadline: float | None = None
    zip_level: int | None = None
    behind: bool = False

    def of_site(self, site: Site) -> Bounds:
        """What is left open here, as the studio has it."""
        return Bounds(
            readers=self.readers or site.readers,
            in_flight=self.in_flight or site.in_flight,
            writers=self.writers or site.writers,
            memory=self.memory or site.memory,
            patience=site.patience if self.patience is None else self.patience,
            deadline=self.deadline or site.deadline,
            zip_level=self.zip_level or site.zip_level,
            behind=self.behind,
        )


def run(
    resolved: Resolved,
    take: Take,
    *,
    server: Server,
    signer: Signer,
    trusted: dict[str, Ed25519PublicKey],
    bounds: Bounds | None = None,
    part: Part | FrameRange | None = None,
    interrupted: Interrupt | None = None,
    rules: Rules | None = None,
) -> Iterator[Event]:
    """Do the frames that the take lacks; yields the journal's events as they happen.

    server  a `Fleet` goes on at another server, of the same model, when this one is lost
    part    only this of the take: other processes do the rest, and the last one closes it
    rules   what the gates hold the frames to; None: our own profile of the task

    The last event is `finished`, with state `complete`, `part` (this part is done, others of the
    take are not) or `incomplete`. Interrupted, the frames in work are finished first, and the
    take says that it was cancelled.

    Raises:
        SetupError: there are no rules, and our own profile is wrong.
        TakeBusy: another process writes these frames.
        JobError: the take is complete already, or has no such part.
        NoSuchTask, ServerError: the model of the job is not there any more.
        TakeError, ServerError: as it ended the run; frames finished until then stay.
    """
    settle(resolved, server)  # before anything of the take is touched
    judge = Judge(rules or Rules.of(resolved.contract, Site()))
    with Chunk.open(take, resolved, part) as chunk:
        if (take.private / "manifest.json").is_file():
            raise JobError(
                f"{take.name} {take.label} is complete already.",
                remedy="Run the job again as a new take.",
            )
        place = Place(resolved, take, signer, begin.facts(take, server))
        done, again = begin.kept(place, trusted, chunk.part)
        todo = [item for item in begin.items(resolved, chunk.part) if item not in done]
        made = Made(trusted)
        if resolved.job.reuse:
            made.scan(take.folder.parent)
        told = _Told(chunk.journal)
        work = _pipeline(place, chunk, server, made, todo, bounds or Bounds(), told, judge)
        run = _Run(work, told, Tally(done), trusted, interrupted or Interrupt(), again)
        yield from run.events(todo)


@dataclass
class _Told:
    """Events of the workers: in the journal at once, and held for whoever watches the run."""

    journal: Journal
    _held: queue.SimpleQueue[Event] = field(default_factory=queue.SimpleQueue)

    def __call__(self, event: str, **facts: Any) -> None:
        self._held.put(self.journal.append(event, **facts))

    def held(self) -> Iterator[Event]:
        while not self._held.empty():
            yield self._held.get()


def _pipeline(
    place: Place,
    chunk: Chunk,
    server: Server,
    made: Made,
    todo: list[Item],
    bounds: Bounds,
    told: _Told,
    judge: Judge,
) -> Pipeline:
    resolved, stop = place.resolved, threading.Event()
    # a part of a take is the farm's, however few its frames are
    farm = len(todo) > 1 or not chunk.whole or bounds.behind
    offer = begin.pinned(resolved, server, farm=farm)
    limits = Limits.of_this_machine(
        offer.instances, bounds.readers, bounds.in_flight, bounds.writers
    ).within(bound(bounds.memory), resolved.memory)
    # one frame is decoded by all cores; of many, each has a core of its own, which is faster
    exr.set_threads(os.cpu_count() or 1 if len(todo) == 1 else 0)
    exr.set_zip_level(bounds.zip_level or 1)
    most = limits.workers * len(resolved.inputs) * resolved.contract.cut.frames
    uses = (path for item in todo for path in way.of(resolved).files(resolved, item.frame))
    window = Window(limits.in_flight, instances=offer.instances, yields=len(todo) > 1)
    seconds = Site().patience if bounds.patience is None else bounds.patience
    asker = Asker(server, offer, resolved, begin.colour_paths(resolved))

    def use(offer: Offer) -> None:
        asker.offer = offer
        persistence.use(offer)

    post = Post(resolved, server, farm, use, told)
    patience = Patience(seconds, post.look, told, stop, post.elsewhere)
    persistence = Persistence(server, offer, window, patience, told, stop, post.elsewhere)
    return Pipeline(
        place=place,
        asker=asker,
        chunk=chunk,
        limits=limits,
        shelf=Shelf(uses, most=most),
        made=made,
        persistence=persistence,
        variations=resolved.variations,
        stop=stop,
        deadline=bounds.deadline,
        judge=judge,
        told=told,
    )


@dataclass
class _Run:
    """One run from its first event to its last."""

    work: Pipeline
    told: _Told
    tally: Tally
    trusted: dict[str, Ed25519PublicKey]
    interrupted: Interrupt
    again: tuple[str, ...]  # what of an earlier run is not kept, and why
    limited: Facts | None = None
    verdict: Facts | None = None  # as the manifest says it; None where another process closed it
    transport: str = ""

    def events(self, todo: list[Item]) -> Iterator[Event]:
        with self.interrupted.watched():
            yield from self._events(todo)

    def _events(self, todo: list[Item]) -> Iterator[Event]:
        journal, begun, state = self.told.journal, time.perf_counter(), "incomplete"
        yield journal.append("started", **self._what(len(todo)))
        pool = ThreadPoolExecutor(self.work.limits.workers, thread_name_prefix="frame")
        futures: dict[Future[Facts | None], Item] = {}
        cut_short: KeyboardInterrupt | None = None
        try:
            yield from self._carried_out(todo, pool, futures)
            if self.tally.is_good:
                self.limited = self._limit()  # it tries a write, which a closed take is spared
                whole = self.work.chunk.commit(
                    self.work.place, self.trusted, self.tally.done, self._audited
                )
                state = "complete" if whole else "part"
        except KeyboardInterrupt as interrupt:
            state, cut_short = "cancelled", interrupt
        except GeneratorExit:
            state = "cancelled"
            raise
        finally:
            self.work.stop.set()
            pool.shutdown(wait=True)
            for future, item in futures.items():  # frames that were in work when it was stopped
                self.tally.add(item, future, journal)
            end = journal.append("finished", **self._end(state, begun))
        yield from self.told.held()
        yield end
        if cut_short is not None:
            raise cut_short
        if self.tally.fatal is not None:
            raise self.tally.fatal

    def _carried_out(
        self,
        todo: list[Item],
        pool: ThreadPoolExecutor,
        futures: dict[Future[Facts | None], Item],
    ) -> Iterator[Event]:
        """Few frames are handed out beyond those in work: memory does not grow with the job."""
        left = iter(todo)
        while True:
            if not self.work.stop.is_set():
                room = self.work.limits.workers + 1 - len(futures)
                for item in itertools.islice(left, room):
                    futures[pool.submit(self.work.carry, item)] = item
            if not futures:
                return
            ready, _ = wait(futures, timeout=0.2, return_when=FIRST_COMPLETED)
            self._tell_of_transport()
            yield from self.told.held()
            for future in ready:
                event = self.tally.add(futures.pop(future), future, self.told.journal)
                if event is not None:
                    yield event
            if self.tally.fatal is not None:
                self.work.stop.set()
            if self.interrupted.is_set():
                raise KeyboardInterrupt

    def _audited(self, entries: Frames) -> Facts:
        """The verdict, written into the take, and said in its journal."""
        place, judge = self.work.place, self.work.judge
        reader = Reader(place.take, place.resolved, self.trusted)
        wanted = tuple(begin.items(place.resolved))
        verdict = audit.audit(judge, reader, entries, wanted)
        self.verdict = audit.write(place.take, verdict)
        said = ("verdict", "profile", "findings", "reason", "frame")
        worst = [one.words for one in verdict.findings[:MOST_SAID]]
        self.told("qc", **{name: self.verdict[name] for name in said}, worst=worst)
        return {"qc": self.verdict}

    def _tell_of_transport(self) -> None:
        """Memory may turn out too small while the run goes on."""
        now = self.work.asker.server.transport
        if now and now != self.transport:
            self.transport = now
            self.told("transport", transport=now)

    def _what(self, todo: int) -> Facts:
        self.transport = self.work.asker.server.connect()
        place, chunk = self.work.place, self.work.chunk
        part = {} if chunk.whole else {"part": str(chunk.part)}
        rules, server = self.work.judge.rules, self.work.asker.server
        notes = [rules.note, server.note if isinstance(server, Fleet) else ""]
        return {
            "take": f"{place.take.name}/{place.take.label}",
            "path": place.take.folder.absolute().as_posix(),
            **part,
            "frames": len(self.tally.done) + todo,
            "variations": len(self.work.variations),
            "kept": len(self.tally.done),
            "transport": self.transport,
            "profile": rules.profile.name,
            "notes": [*self.work.resolved.notes, *filter(None, notes), *self.again],
            **place.facts,
        }

    def _end(self, state: str, begun: float) -> Facts:
        failed = [str(one) if one.variation else one.frame for one in sorted(self.tally.failed)]
        facts: Facts = {"state": state, "done": len(self.tally.done), "failed": failed}
        if state == "part":
            facts["left"] = len(self.work.chunk.left)
        if self.verdict is not None:
            facts["qc"] = self.verdict["verdict"]
        facts["seconds"] = round(time.perf_counter() - begun, 3)
        limited = self._limit() if self.limited is None else self.limited
        return facts | ({"limited": limited} if limited else {})

    def _limit(self) -> Facts:
        """What limited the run, where it made enough frames to tell."""
        if self.tally.last is None:
            return {}
        take = self.work.place.take
        return self.work.stages.limit(
            self.work.asker.offer.instances,
            readers=self.work.limits.readers,
            writers=self.work.limits.writers,
            sample=take.folder / self.tally.last,
            trial=take.trial_file(),
        )
