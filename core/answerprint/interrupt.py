"""An interrupt: somebody wants a job to end, by Ctrl-C, a signal, or a panel's cancel."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

SLICE_SECONDS = 0.5  # so late a wait may notice a signal that struck just before it


class Interrupt(threading.Event):
    """Set when a job is to end; safe from several threads and from a signal's handler.

    A handler may raise KeyboardInterrupt as well, so that whatever is being done ends. It may not
    while the interrupt is watched: the exception would strike between any two instructions, and a
    lock that the main thread is just taking, as it waits for its workers, would stay locked for ever.
    """

    is_watched = False

    def __init__(self) -> None:
        super().__init__()
        self._is_set = False
        # its lock may be taken twice by one thread: an Event's own may not, and a handler that
        # strikes while the main thread is about to wait would wait for that thread for ever
        self._change = threading.Condition(threading.RLock())

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True
        with self._change:
            self._change.notify_all()

    def clear(self) -> None:
        self._is_set = False

    def wait(self, timeout: float | None = None) -> bool:
        """Until it is set, or so many seconds have passed; whether it is."""
        end = None if timeout is None else time.monotonic() + timeout
        with self._change:
            while not self._is_set:
                left = SLICE_SECONDS if end is None else end - time.monotonic()
                if left <= 0:
                    break
                self._change.wait(min(left, SLICE_SECONDS))
        return self._is_set

    def heed(self) -> None:
        """For what takes long and leaves nothing behind: end here where that is wanted.

        Raises:
            KeyboardInterrupt: it is.
        """
        if self.is_set():
            raise KeyboardInterrupt

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Whoever holds this looks at the interrupt himself, every so often."""
        self.is_watched = True
        try:
            yield
        finally:
            self.is_watched = False
