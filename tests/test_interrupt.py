"""An interrupt may be set by a signal's handler wherever the main thread is just then."""

from __future__ import annotations

import sys
import threading
from types import FrameType
from typing import Any

import pytest

from answerprint.interrupt import Interrupt


def struck(interrupt: Interrupt, line: int) -> bool:
    """Wait, and have it set by this very thread at so many lines into the waiting; whether it was.

    A signal's handler runs just so: between two instructions of whatever the thread is doing.
    """
    passed = 0

    def trace(_frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal passed
        if event == "line":
            passed += 1
            if passed == line:
                sys.settrace(None)
                interrupt.set()
        return trace

    sys.settrace(trace)
    try:
        interrupt.wait(0.05)
    finally:
        sys.settrace(None)
    return passed >= line


@pytest.mark.timeout(60)
def test_a_handler_that_strikes_in_the_middle_of_waiting_waits_for_nobody() -> None:
    lines = 0
    while struck(one := Interrupt(), lines + 1):
        lines += 1
        assert one.is_set()
        assert one.wait(0)

    assert lines > 10


def test_another_thread_ends_the_waiting() -> None:
    interrupt = Interrupt()
    other = threading.Timer(0.05, interrupt.set)
    other.start()

    assert interrupt.wait(60)


def test_a_wait_ends_by_itself_and_says_that_nobody_wants_the_end() -> None:
    interrupt = Interrupt()

    assert not interrupt.wait(0.01)
    interrupt.set()
    interrupt.clear()
    assert not interrupt.wait(0)
