"""What is to be done later: by name, so that it is done once however often it was wanted."""

from __future__ import annotations

import time
from typing import Callable, Dict, Tuple

from answerprint_panel import faults


class Later:
    """Deeds and when they are due; somebody has to call `do` often enough."""

    def __init__(self) -> None:
        self._due: Dict[str, Tuple[float, Callable[[], None]]] = {}

    def put(self, seconds: float, what: str, deed: Callable[[], None]) -> None:
        """In place of what waits under that name."""
        self._due[what] = (time.monotonic() + seconds, deed)

    def hurry(self, what: str) -> None:
        """Now, if it waits at all."""
        if what in self._due:
            self.put(0, what, self._due[what][1])

    def do(self) -> None:
        now = time.monotonic()
        for what in [what for what, (due, _) in self._due.items() if due <= now]:
            faults.guarded(self._due.pop(what)[1])()
