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
from concurrent.futures import Future, TimeoutError as StillRunning
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import Any, TypeVar

from answerprint import patience
from answerprint.errors import (
    InferenceError,
    ModelDied,
    ModelHangs,
    NoSuchTask,
    ServerAway,
    ServerError,
    ServerGarbled,
    ServerLimited,
    ServerNotReady,
    ServerOutOfMemory,
    ServerRefused,
    ServerSilent,
)
from answerprint.patience import Elsewhere, Patience, Tell
from answerprint.pulse import Pulse
from answerprint.triton import Offer, Server
from answerprint.window import Window

T = TypeVar("T")

# how often one frame may meet each; a busy server is waited for as long as patience lasts
BUDGET: dict[type[ServerError], int] = {
    ModelDied: 3,
    ModelHangs: 3,
    ServerSilent: 5,
    ServerOutOfMemory: 3,
    ServerAway: 5,
    ServerGarbled: 5,
    NoSuchTask: 5,
}

LOOK_SECONDS = 0.2
DRAIN_SECONDS = 5.0  # what a dead process was asked fails within one second each


@dataclass
class Persistence:
    """Safe from several threads.

    tell       writes an event
    stop       ends all waiting
    elsewhere  goes on at another server than one on which nobody may load a model; see `patience`
    """

    server: Server
    offer: Offer
    window: Window
    patience: Patience
    tell: Tell
    stop: threading.Event
    elsewhere: Elsewhere | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pulse: tuple[float, Pulse] = (0.0, Pulse())
    _refused: ServerRefused | None = None
    _is_in_vain: bool = False  # it was left for another, and none has answered since

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
            suspected = bool(met[ModelDied] or met[ModelHangs] or met[ServerAway] > 1)
            try:
                with self.window.place(alone=suspected, given_up=self.stop.is_set) as got:
                    since = self.patience.times
                    self._feel()
                    answer = once() if got else None
            except ServerError as error:
                try:
                    if self.stop.is_set() and _is_curable(error):
                        return None
                    self._meet(error, met, since, named, late=self._is_late(begun))
                finally:
                    self.window.reopen()
                cured = isinstance(error, ModelDied) and self._refused is None
                if not cured and self.stop.wait(next(pauses)):
                    return None
            else:
                self._refused, self._is_in_vain = None, False
                return answer

    def _meet(
        self,
        error: ServerError,
        met: Counter[type[ServerError]],
        since: int,
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
        if left and (isinstance(error, ModelHangs) or not patience.passes(error)):
            self.tell("retry", **named, attempt=met[kind] + 1, **error.as_json())
        self._cure(error, since)
        if self._refused is not None and isinstance(error, (ModelDied, ModelHangs)):
            if late:
                raise self._refused
            met[kind] -= 1  # whoever runs the server may cure it: that is waited for
        elif not left:
            raise _given_up(error, met[kind]) from error

    def _cure(self, error: ServerError, since: int) -> None:
        """Do what can be done about it; by one thread, while the others wait."""
        if isinstance(error, (ModelDied, ModelHangs)):
            self.patience.mend(error, since, self._reload_if_allowed)
        elif patience.passes(error):
            if isinstance(error, ServerLimited):
                self.window.less()
            self.patience.wait(error, since)

    def _reload_if_allowed(self) -> None:
        try:
            self._reload()
        except ServerRefused as refused:
            if self._is_left(refused):
                return
            if self._refused is None:
                self.tell("waiting", **refused.as_json())
            self._refused = refused

    def _is_left(self, refused: ServerRefused) -> bool:
        """Whether another goes on, once: where the model is dead as well, it is waited for there."""
        if self._is_in_vain or self.elsewhere is None or self.elsewhere(refused, 0.0) is not None:
            return False
        self._is_in_vain, self._refused = True, None
        return True

    def _reload(self) -> None:
        """Load the model again, unless another client did; a run that is stopped does not wait."""
        self.window.drain(DRAIN_SECONDS)
        loaded: Future[None] = Future()
        Thread(target=self._load, args=(loaded,), name="reload", daemon=True).start()
        while not self.stop.is_set():
            with suppress(StillRunning):
                loaded.result(timeout=LOOK_SECONDS)
                self.tell("reloaded", model=self.offer.name)
                return

    def _load(self, loaded: Future[None]) -> None:
        try:
            self.server.reload(self.offer.name, self.offer.loading)
        except Exception as error:  # noqa: BLE001 - raised again by whoever waits for it
            loaded.set_exception(error)
        else:
            loaded.set_result(None)

    def use(self, offer: Offer) -> None:
        """Go on with this offer, of a server that came back or another: its pulse is its own."""
        with self._lock:
            self.offer, self._pulse = offer, (0.0, Pulse())

    def _feel(self) -> None:
        """Have the window know what others wait for, as of at most a second ago."""
        with self._lock:
            looked, before = self._pulse
            if time.monotonic() - looked > 1 or before.executed < 0:
                pulse = self._felt()
                self._pulse = time.monotonic(), pulse
                mean = pulse.since(before)
                if mean is not None:
                    self.window.learn(*mean)

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
