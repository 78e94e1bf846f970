"""Probe: a real question to every instance of a model, for Triton says `ready` of a dead one.

Triton hands requests round among the instances that wait. So as many at once as there are instances
reach each of them, and a dead one cannot hide behind one that lives.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

import numpy as np

from answerprint.errors import (
    InferenceError,
    ModelDied,
    ModelHangs,
    ServerError,
    ServerNotReady,
    ServerOutOfMemory,
    ServerSilent,
)
from answerprint.triton import Offer, Server
from answerprint_server.smallest import Asking, smallest

MOST_AT_ONCE = 32
LOOK_SECONDS = 0.2

ANSWERS, BUSY, SILENT, FAILS = "answers", "busy", "silent", "fails"
WRONG, HANGS, DIED = "wrong", "hangs", "died"
# from best to worst: one instance that is dead outweighs others that answer
VERDICTS = (ANSWERS, BUSY, SILENT, FAILS, WRONG, HANGS, DIED)
REMEDY = "Tell whoever runs the server; its log says more."

Waiting = Callable[[Offer], "int | None"]


@dataclass(frozen=True)
class Found:
    """What one probe found.

    verdict   answers  every instance did
              busy     it is at work for others, and did not come to us in time
              silent   it did nothing until the deadline, and nobody says whether others wait
              fails    it refuses, or raises an error
              wrong    what it gave has NaN or inf in it
              hangs    it did nothing until the deadline, and nobody else's request is before ours
              died     the process of an instance is dead
    seconds   until the last of them had answered
    problem, remedy   of all but the first
    """

    verdict: str
    seconds: float = 0.0
    problem: str = ""
    remedy: str = ""

    @property
    def is_well(self) -> bool:
        return self.verdict in (ANSWERS, BUSY)


def failing(verdict: str, error: ServerError) -> Found:
    """The remedies of errors are for artists; this is for whoever runs the server."""
    return Found(verdict, problem=error.problem, remedy=REMEDY)


@dataclass
class Prober:
    """How models are asked.

    deadline  seconds in which a model has to do something
    waiting   how many requests wait for a model; None where nobody says
    ending    set when nobody wants to know any more
    """

    server: Server
    deadline: float
    waiting: Waiting
    ending: threading.Event

    def probe(self, offer: Offer) -> Found:
        """Ask each instance of a model once.

        Raises:
            ServerError: it is the server that cannot be asked, or the model is gone from it.
        """
        asking, stop = smallest(offer.usable()), threading.Event()
        count = min(offer.instances, MOST_AT_ONCE)
        begun = time.monotonic()
        with ThreadPoolExecutor(count, thread_name_prefix="probe") as pool:
            asked = [pool.submit(self._ask, offer, asking, stop) for _ in range(count)]
            self._await(asked, stop)
        found = [one.result() for one in asked]
        worst = max(found, key=lambda one: VERDICTS.index(one.verdict))
        return replace(worst, seconds=time.monotonic() - begun)

    def _await(self, asked: list[Future[Found]], stop: threading.Event) -> None:
        """Wait for them. A model that works for others has no end: after a while that is that."""
        last = time.monotonic() + 1.5 * self.deadline + 1
        while wait(asked, timeout=LOOK_SECONDS).not_done:
            if time.monotonic() > last or self.ending.is_set():
                stop.set()

    def _ask(self, offer: Offer, asking: Asking, stop: threading.Event) -> Found:
        try:
            answer = self.server.infer(
                offer,
                asking.images,
                asking.settings,
                request_id=f"probe {uuid.uuid4().hex[:8]}",
                outputs=asking.outputs,
                deadline=self.deadline,
                stop=stop,
            )
        except ServerError as error:
            return self._meaning(offer, error)
        wrong = [name for name, one in answer.images.items() if not np.isfinite(one).all()]
        if wrong:
            problem = f"{offer.name} gave NaN or inf in '{wrong[0]}', of an input that has none."
            return Found(WRONG, problem=problem, remedy=REMEDY)
        return Found(ANSWERS)

    def _meaning(self, offer: Offer, error: ServerError) -> Found:
        """Raises ServerError: it says nothing of the model."""
        if isinstance(error, ModelDied):
            return failing(DIED, error)
        if isinstance(error, ModelHangs):
            return failing(self._still(offer), error)
        if isinstance(error, (ServerSilent, ServerNotReady)):
            return failing(BUSY, error)
        if isinstance(error, (InferenceError, ServerOutOfMemory)):
            return failing(FAILS, error)
        raise error

    def _still(self, offer: Offer) -> str:
        """Whether a model that did nothing hangs, or is at a frame that takes longer.

        Where requests wait for it, ours is one of them, and what it is at is an artist's: who asked
        for that has a deadline of his own, and has it loaded anew. Where none wait, it is at ours.
        """
        waiting = self.waiting(offer)
        if waiting is None:
            return SILENT
        return BUSY if waiting else HANGS
