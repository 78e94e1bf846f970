"""An interrupt: somebody wants a job to end, by Ctrl-C, a signal, or a panel's cancel."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupt(threading.Event):
    """Set when a job is to end; safe from several threads and from a signal's handler.

    A handler may raise KeyboardInterrupt as well, so that whatever is being done ends. It may not
    while the interrupt is watched: the exception would strike between any two instructions, and a
    lock that the main thread is just taking, as it waits for its workers, would stay locked for ever.
    """

    is_watched = False

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
