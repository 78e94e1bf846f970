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
# what the server says while it starts, is busy, or loads a model; all else stays as it is
PASSING = (ServerAway, ServerNotReady, ServerSilent, NoSuchTask)

Tell = Callable[..., Any]


class Patience:
    """Safe from several threads.

    seconds   that a run waits for its server, each time
    look      asks the server whether it can go on; raises a ServerError while it cannot
    tell      writes an event: `waiting` when the waiting begins, `back` when it ends
    stop      set when nobody wants to wait any longer: then nothing more is tried, nor raised
    """

    def __init__(
        self, seconds: float, look: Callable[[], object], tell: Tell, stop: threading.Event
    ) -> None:
        self.seconds, self._look, self._tell, self._stop = seconds, look, tell, stop
        self._lock = threading.Lock()
        self._over: ServerError | None = None
        self.times = 0

    def wait(self, error: ServerError, since: int) -> None:
        """Until the server serves again; at once if it came back since `times` was `since`.

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
            begun, told = time.monotonic(), isinstance(error, ServerLimited)
            if isinstance(error, ServerLimited) and self._put_off(error):
                return
            for pause in pauses():
                still = self._tried(attempt)
                if still is None:
                    break
                if not told:
                    self._tell("waiting", **error.as_json())
                    told = True
                if time.monotonic() - begun + pause > self.seconds:
                    self._end(still)
                if self._stop.wait(pause):
                    return
            self.times += 1
            if told:
                self._tell("back", seconds=round(time.monotonic() - begun, 1))

    def _put_off(self, error: ServerLimited) -> bool:
        """Wait as long as it was told to; whether all is to stop."""
        self._tell("waiting", **error.as_json())
        return self._stop.wait(error.seconds)

    def _tried(self, attempt: Callable[[], object]) -> ServerError | None:
        """Why the server still cannot go on; None if it can."""
        try:
            attempt()
        except (*PASSING, ServerGarbled) as still:
            return still
        except ServerError as other:
            self._end(other)
        return None

    def _end(self, error: ServerError) -> NoReturn:
        self._over = error
        raise error


def pauses() -> Any:
    """Seconds between attempts: twice as long each time, and never quite the same for all."""
    pause = FIRST_SECONDS
    while True:
        yield pause * random.uniform(0.75, 1.25)  # noqa: S311 - spreads clients, guards nothing
        pause = min(2 * pause, LONGEST_SECONDS)


def passes(error: ServerError) -> bool:
    """Whether it may be gone when asked again."""
    return isinstance(error, PASSING) and not isinstance(error, ModelReplaced)
