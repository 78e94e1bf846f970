"""What a frame frees is kept for the next one: no page is asked for twice."""

from __future__ import annotations

import subprocess
import sys

import pytest

FRAMES = """
import resource, sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from answerprint import allocator

if sys.argv[1] == "kept":
    assert allocator.keep_for_the_next_frame()


def frame(_):
    held = [np.ones(6 << 20, np.float16) for _ in range(5)]  # what a frame is on its way
    del held


def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


with ThreadPoolExecutor(4) as pool:
    list(pool.map(frame, range(16)))
    before = faults()
    list(pool.map(frame, range(64)))
    print(faults() - before)
"""


def faults(how: str) -> int:
    """Pages that 64 frames asked the system for, in a process of their own."""
    said = subprocess.run(
        [sys.executable, "-c", FRAMES, how], capture_output=True, text=True, check=True
    )
    return int(said.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is Linux's")
def test_frames_after_the_first_ones_ask_the_system_for_hardly_any_page() -> None:
    assert faults("kept") < faults("given back") / 10
