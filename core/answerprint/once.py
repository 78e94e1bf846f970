"""Once: what was made of a file is kept for as long as the file stays as it is."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

# ns; two changes within one tick of a file system's clock look like one, and FAT ticks in seconds
_FRESH = 2_000_000_000

_State = tuple[int, int, int, int, int]


class Once(Generic[T]):
    """Of so many files, those that were asked for last. Safe for threads, gone with the process."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[Path, tuple[_State, T]] = OrderedDict()

    def of(self, path: Path, facts: os.stat_result, make: Callable[[], T]) -> T:
        """What `make` gives, or gave when the file was as it is now.

        `facts` are the file's own; what `make` raises is not kept.
        """
        state = (
            facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns,
        )  # fmt: skip
        with self._lock:
            held = self._kept.get(path)
            if held is not None and held[0] == state:
                self._kept.move_to_end(path)
                return held[1]
        made = make()
        if abs(time.time_ns() - max(facts.st_mtime_ns, facts.st_ctime_ns)) > _FRESH:
            with self._lock:
                self._kept[path] = (state, made)
                self._kept.move_to_end(path)
                while len(self._kept) > self._most:
                    self._kept.popitem(last=False)
        return made
