"""A click on Run that waits a moment: until it is known what there is to run. Without Qt."""

from __future__ import annotations

import time
from typing import List, Optional

PATIENCE_SECONDS = 60.0  # nobody expects a run any more after that


class Click:
    """The last one, if it was not done yet."""

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._waits: List[bool] = []
        self.for_farm = False
        self._since = 0.0

    def put(self, all_frames: bool, *, for_farm: bool = False) -> None:
        """`all_frames`: of the range that is set up; else the host's current one."""
        self.for_farm = for_farm
        self._waits, self._since = [all_frames], time.monotonic()

    def take(self) -> Optional[bool]:
        """What was clicked; None: nothing, or too long ago. It is done, or not wanted any more."""
        waits, self._waits = self._waits, []
        recent = time.monotonic() - self._since < self._patience
        return waits[0] if waits and recent else None
