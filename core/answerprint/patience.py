"""Patience: what a run does while the server is away. One thread asks again, all others wait.

A circuit breaker: a dead server is found out by one frame and said once, not by each frame anew.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn

from answerprint.errors import (
    ModelReplaced,
    NoSuchTask,
    ServerAway,
    ServerError,
    ServerGarbled,
    ServerLimited,
    ServerNotReady,
    ServerSilent,
)

FIRST_SECONDS, LONGEST_SECONDS = 0.25, 10.0
KEEP_SECONDS = 2.0  # a server that was only started anew is back by then: nobody leaves it for that
# what the server says while it starts, is busy, or loads a model; all else stays as it is
PASSING = (ServerAway, ServerNotReady, ServerSilent, NoSuchTask)

Tell = Callable[..., Any]
# goes on at another server, where there is one: given why this one cannot go on and the seconds that
# were waited for it; None once that is done, else the error that says why no other can either
Elsewhere = Callable[[ServerError, float], "ServerError | None"]


class Patience:
    """Safe from several threads.

    seconds   that a run waits for its server, each time
    look      asks the server whether it can go on; raises a ServerError while it cannot
    tell      writes an event: `waiting` when the waiting begins, `back` when it ends
    stop      set when nobody wants to wait any longer: then nothing more is tried, nor raised
    elsewhere  asked once the server has been away for KEEP_SECONDS; None: there is but this one
    """

    def __init__(
        self,
        seconds: float,
        look: Callable[[], object],
        tell: Tell,
        stop: threading.Event,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self.seconds, self._look, self._tell, self._stop = seconds, look, tell, stop
        self._elsewhere = elsewhere
        self._lock = threading.Lock()
        self._over: ServerError | None = None
        self._is_told = False  # why no other server goes on either
        self.times = 0

    def wait(self, error: ServerError, since: int) -> None:
        """Until the server serves again, or another; at once if one did since `times` was `since`.

        Raises:
            ServerError: it did not come back in time, or it is not what it was.
        """
        self._mend(error, since, self._look)

    def mend(self, error: ServerError, since: int, cure: Callable[[], object]) -> None:
        """As `wait`, and has the server cured first, by one thread for all."""

        def cured() -> None:
            cure()
            self._look()

        self._mend(error, since, cured)

    def _mend(self, error: ServerError, since: int, attempt: Callable[[], object]) -> None:
        with self._lock:  # the others wait here
            if self._over is not None:
                raise self._over
            if self.times != since or self._stop.is_set():
                return
            begun = time.monotonic()
            if not self._is_put_off(error):
                self._repeat(error, attempt, begun)

    def _repeat(self, error: ServerError, attempt: Callable[[], object], begun: float) -> None:
        told, self._is_told = isinstance(error, ServerLimited), False
        for pause in pauses():
            still = self._tried(attempt)
            if still is None:
                break
            if not told and _may_pass(still):
                self._tell("waiting", **error.as_json())
                told = True
            waited = time.monotonic() - begun
            is_over = not _may_pass(still) or waited + pause > self.seconds
            still = self._left(still, waited, is_over=is_over)
            if still is None:
                self.times += 1
                return
            if is_over:
                self._end(still)
            if self._stop.wait(self._kept(pause, waited)):
                return
        self.times += 1
        if told:
            self._tell("back", seconds=round(time.monotonic() - begun, 1))

    def _is_put_off(self, error: ServerError) -> bool:
        """Wait as long as a gateway says, where one does; whether all is to stop."""
        if not isinstance(error, ServerLimited):
            return False
        self._tell("waiting", **error.as_json())
        return self._stop.wait(error.seconds)

    def _tried(self, attempt: Callable[[], object]) -> ServerError | None:
        """Why the server still cannot go on; None if it can."""
        try:
            attempt()
        except ServerError as still:
            return still
        return None

    def _left(self, still: ServerError, waited: float, *, is_over: bool) -> ServerError | None:
        """None if another server goes on; else why neither this one nor another can."""
        if self._elsewhere is None or self._stop.is_set():
            return still
        if waited < KEEP_SECONDS and not is_over:
            return still
        why = self._elsewhere(still, waited)
        if why is not None and not is_over and not self._is_told:
            self._tell("waiting", **why.as_json())  # now of all of them
            self._is_told = True
        return why

    def _kept(self, pause: float, waited: float) -> float:
        """Where there are others, the next look is due as soon as they are, and more often then."""
        if self._elsewhere is None:
            return pause
        left = KEEP_SECONDS - waited
        return min(pause, left if left > 0 else waited)

    def _end(self, error: ServerError) -> NoReturn:
        self._over = error
        raise error


def pauses() -> Any:
    """Seconds between attempts: twice as long each time, and never quite the same for all."""
    pause = FIRST_SECONDS
    while True:
        yield pause * random.uniform(0.75, 1.25)  # noqa: S311 - spreads clients, guards nothing
        pause = min(2 * pause, LONGEST_SECONDS)


def _may_pass(error: ServerError) -> bool:
    return isinstance(error, (*PASSING, ServerGarbled))


def passes(error: ServerError) -> bool:
    """Whether it may be gone when asked again."""
    return isinstance(error, PASSING) and not isinstance(error, ModelReplaced)
