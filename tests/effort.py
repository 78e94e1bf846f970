"""What a piece of work costs in calls and in bytes: the same on every machine, however busy it is."""

from __future__ import annotations

import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def called() -> Iterator[Counter[str]]:
    """How often each function is called on this thread meanwhile, by its name: sleep, ask."""
    found: Counter[str] = Counter()

    def note(frame: Any, event: str, what: Any) -> None:
        if event == "call":
            found[frame.f_code.co_name] += 1
        elif event == "c_call":
            found[what.__name__] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(before)


@contextmanager
def held_at_most(most: int) -> Iterator[None]:
    """No more bytes than that are held at any moment meanwhile, beyond what was held before."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()
