"""Interrupting: Esc is noticed between two frames, where Houdini's own progress is told."""

from __future__ import annotations

from typing import Any, Callable, Optional

from answerprint_panel.frame_by_frame import NodeRendering
from answerprint_panel.host import Rendering


class Interruptable:
    """Work that somebody waits for, in Houdini's own way: with its bar, and Esc ends it.

    `houdini`: the module, handed over by the host.
    """

    def __init__(self, houdini: Any, node: str, step: Callable[[int, int], None]) -> None:
        self._houdini, self._node, self._told = houdini, node, step
        self._rendering: Optional[Rendering] = None
        self._operation: Any = None

    def carry_out(self, rendering: NodeRendering) -> None:
        self._rendering = rendering
        with self._houdini.InterruptableOperation(f"Writing {self._node}") as self._operation:
            rendering.start()

    def step(self, done: int, count: int) -> None:
        self._told(done, count)
        try:
            self._operation.updateProgress(done / count)
        except self._houdini.OperationInterrupted:
            if self._rendering is not None:
                self._rendering.cancel()
