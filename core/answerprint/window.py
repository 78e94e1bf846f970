"""The window: how many frames of this run are at the server at once.

Triton works through its queue in the order in which requests come. So a client's share is its number
of requests in the queue, and how long a single frame of an artist waits is how many all others have
there. One for each instance at work and one that waits for it keep a model busy; more would only
make others wait. A run of many frames halves its own, down to one, while it sees that others wait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from answerprint.errors import ServerError

_CALM = 3  # looks at the server that saw no queue, before one more is tried


class Window:
    """Safe from several threads.

    most        so many at once at most
    instances   of the model: so many the server works on at once
    yields      whether the run makes room for others
    """

    def __init__(self, most: int, *, instances: int = 1, yields: bool = True) -> None:
        self.size = self._most = max(1, most)
        self._instances = max(1, instances)
        self._yields = yields
        self._inside = self._calm = 0
        self._alone = False
        self._shut = 0
        self._changed = threading.Condition()

    @contextmanager
    def place(self, *, alone: bool = False, given_up: Callable[[], bool]) -> Iterator[bool]:
        """A place in the window; False, and none, once `given_up` says so.

        alone   with nobody else of this run at the server: who is suspected of having killed a
                model's process must not take others along

        Whoever leaves it with a ServerError leaves it shut: nobody is sent after until `reopen`.
        """
        with self._changed:
            while not self._is_free(alone=alone) and not given_up():
                self._changed.wait(0.2)
            got = not given_up()
            self._inside += got
            self._alone = got and alone
        shuts = 0
        try:
            yield got
        except ServerError:
            shuts = 1
            raise
        finally:
            with self._changed:
                self._inside -= got
                self._shut += shuts
                self._alone = False
                self._changed.notify_all()

    def reopen(self) -> None:
        with self._changed:
            self._shut -= 1
            self._changed.notify_all()

    def less(self) -> None:
        """One fewer from now on, for good: a gateway has let fewer through."""
        with self._changed:
            self._most = max(1, min(self._most, self.size) - 1)
            self.size = self._most

    def drain(self, seconds: float) -> None:
        """Wait until nobody has a place any more, at most so long."""
        with self._changed:
            self._changed.wait_for(lambda: self._inside == 0, seconds)

    def learn(self, queued: float, worked: float) -> None:
        """Learn what requests met of late: seconds in the server's queue, and at work, in the mean.

        What waits longer than a full window of our own can explain, waits for others.
        """
        if not self._yields:
            return
        with self._changed:
            own = worked * max(0.0, self.size / self._instances - 1)
            if queued > own + worked:
                self.size, self._calm = max(1, self.size // 2), 0
            else:
                self._calm += 1
                if self._calm >= _CALM and self.size < self._most:
                    self.size, self._calm = self.size + 1, 0
            self._changed.notify_all()

    def _is_free(self, *, alone: bool) -> bool:
        if self._shut or self._alone:
            return False
        return self._inside == 0 if alone else self._inside < self.size
