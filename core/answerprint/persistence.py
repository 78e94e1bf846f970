"""Persistence: asks the server again for a frame where that can help, and only there.

What may pass is waited for (see patience). A model whose process died or hangs is loaded again, and
the frames that were there go one at a time from then on: the one that kills it takes no other along.
Every frame has a budget; what fails in the same way on each attempt is that frame's own failure.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from answerprint import patience
from answerprint.errors import (
    InferenceError,
    ModelDied,
    NoSuchTask,
    ServerAway,
    ServerError,
    ServerNotReady,
    ServerOutOfMemory,
    ServerSilent,
)
from answerprint.patience import Patience, Tell
from answerprint.pulse import Pulse
from answerprint.triton import Offer, Server
from answerprint.window import Window

T = TypeVar("T")

# how often one frame may meet each; a busy server is waited for as long as patience lasts
BUDGET: dict[type[ServerError], int] = {
    ModelDied: 3,
    ServerSilent: 3,
    ServerOutOfMemory: 3,
    ServerAway: 5,
    NoSuchTask: 5,
}

DRAIN_SECONDS = 5.0  # what a dead process was asked fails within one second each


@dataclass(frozen=True)
class _Seen:
    """What was known of the server when a frame was sent.

    times      it had been waited for
    executed   requests by its model, of anybody; -1 if it does not say
    """

    times: int
    executed: int


@dataclass
class Persistence:
    """Safe from several threads. `tell` writes an event; `stop` ends all waiting."""

    server: Server
    offer: Offer
    window: Window
    patience: Patience
    tell: Tell
    stop: threading.Event
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pulse: tuple[float, Pulse] = (0.0, Pulse())

    def ask(self, named: dict[str, Any], once: Callable[[], T]) -> T | None:
        """What `once` returns at last; None if the run was stopped before.

        named   frame and variation, for the events

        Raises:
            InferenceError: this frame fails on each attempt.
            ServerError: what no attempt can cure, or the server stayed away.
        """
        met: Counter[type[ServerError]] = Counter()
        pauses, begun = patience.pauses(), time.monotonic()
        while True:
            suspected = bool(met[ModelDied] or met[ServerSilent] or met[ServerAway] > 1)
            try:
                with self.window.place(alone=suspected, given_up=self.stop.is_set) as got:
                    seen = self._seen()
                    return once() if got else None
            except ServerError as error:
                try:
                    if self.stop.is_set() and _is_curable(error):
                        return None
                    self._meet(error, met, seen, named, late=self._is_late(begun))
                finally:
                    self.window.reopen()
                if not isinstance(error, ModelDied) and self.stop.wait(next(pauses)):
                    return None

    def _meet(
        self,
        error: ServerError,
        met: Counter[type[ServerError]],
        seen: _Seen,
        named: dict[str, Any],
        *,
        late: bool,
    ) -> None:
        """Do what can be done about an error, or raise it."""
        kind = next((one for one in BUDGET if isinstance(error, one)), type(error))
        if kind not in BUDGET and (late or not isinstance(error, ServerNotReady)):
            raise error
        met[kind] += 1
        left = met[kind] < BUDGET.get(kind, met[kind] + 1)
        if left and (isinstance(error, ServerSilent) or not patience.passes(error)):
            self.tell("retry", **named, attempt=met[kind] + 1, **error.as_json())
        self._cure(error, seen)
        if not left:
            raise _given_up(error, met[kind]) from error

    def _seen(self) -> _Seen:
        return _Seen(self.patience.times, self._executed())

    def _cure(self, error: ServerError, seen: _Seen) -> None:
        """Do what can be done about it; by one thread, while the others wait.

        Silent can be: a model that hangs, one that is slow, and a server that is not there.
        """
        silent = isinstance(error, ServerSilent)
        executed = self._executed(fresh=True) if silent else -1
        if isinstance(error, ModelDied) or (silent and 0 <= executed == seen.executed):
            self.patience.mend(error, seen.times, self._reload)
        elif patience.passes(error) and executed < 0:
            self.patience.wait(error, seen.times)

    def _reload(self) -> None:
        self.window.drain(DRAIN_SECONDS)
        self.server.reload(self.offer.name)
        self.tell("reloaded", model=self.offer.name)

    def _executed(self, *, fresh: bool = False) -> int:
        """How often the model has been executed, as of at most a second ago; -1 if nobody says."""
        with self._lock:
            looked, pulse = self._pulse
            if fresh or time.monotonic() - looked > 1 or pulse.executed < 0:
                before, pulse = pulse, self._felt()
                self._pulse = time.monotonic(), pulse
                mean = pulse.since(before)
                if mean is not None:
                    self.window.learn(*mean)
            return pulse.executed

    def _felt(self) -> Pulse:
        try:
            return self.server.pulse(self.offer)
        except ServerError:  # the request itself will say it, and better
            return Pulse()

    def _is_late(self, begun: float) -> bool:
        return time.monotonic() - begun > self.patience.seconds


def _is_curable(error: ServerError) -> bool:
    """Whether something would be waited for, or done."""
    return isinstance(error, ModelDied) or patience.passes(error)


def _given_up(error: ServerError, times: int) -> ServerError:
    """The frame's own failure, with how often it was tried; memory stays what it is."""
    if isinstance(error, ServerOutOfMemory):
        return error
    return InferenceError(
        f"{error.problem.rstrip('.')}: {times} times with this frame.",
        remedy="Look at the frame; if it is like the others, the server's log says more.",
    )
