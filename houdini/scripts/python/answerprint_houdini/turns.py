"""Turns: what is to be done when Houdini is at ease, through one callback of its event loop.

Houdini calls it about every 50 ms when it has nothing else to do. While nothing waits there is none.
"""

from __future__ import annotations

import time
from typing import Any, Callable, List, Tuple

from answerprint_panel.faults import guarded

SLICE_SECONDS = 0.015  # one call takes no more than this, and the deed that is begun


class Turns:
    """`ui`: Houdini's `hou.ui`, handed over by the host."""

    def __init__(self, ui: Any) -> None:
        self._ui = ui
        self._callback = self.turn  # one and the same object: it is found again by it
        self._waiting: List[Tuple[float, Callable[[], None]]] = []

    def put(self, call: Callable[[], None], milliseconds: int) -> None:
        if not self._is_heard():
            self._ui.addEventLoopCallback(self._callback)
        self._waiting.append((time.monotonic() + milliseconds / 1000, call))

    def turn(self) -> None:
        """Everything that is due, in order, as long as the slice lasts."""
        until = time.monotonic() + SLICE_SECONDS
        while time.monotonic() < until:
            now = time.monotonic()
            due = next((one for one in self._waiting if one[0] <= now), None)
            if due is None:
                break
            self._waiting.remove(due)
            guarded(due[1])()
        if not self._waiting and self._is_heard():
            self._ui.removeEventLoopCallback(self._callback)

    def _is_heard(self) -> bool:
        """Asked of Houdini each time: any script may take all callbacks out of its loop."""
        return self._callback in self._ui.eventLoopCallbacks()
