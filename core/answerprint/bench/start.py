"""Starting: what a panel waits for when it asks which tasks there are."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

from answerprint.bench.lab import Lab
from answerprint.bench.row import Row
from answerprint.errors import ServerError
from answerprint.triton import Server

ASKED = ("tasks", "--json")


def rows(lab: Lab) -> Iterator[Row]:
    """Cold: a process for the question. The server's own time stands beside it."""
    lab.check()
    server = min(_asking(lab) for _ in range(5))
    times = [_cold(lab) for _ in range(3 if lab.quick else 5)]
    yield Row("start.cold", "answerprint tasks --json, cold", min(times), facts={"server": server})


def _asking(lab: Lab) -> float:
    """The bare requests behind `answerprint tasks`, on a connection that is there."""
    with Server(lab.address) as server:
        server.version()
        start = time.perf_counter()
        server.offers()
        return (time.perf_counter() - start) * 1000


def _cold(lab: Lab) -> float:
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "answerprint.cli", *ASKED],
        env=lab.environment(),
        capture_output=True,
        check=False,
    )
    took = (time.perf_counter() - start) * 1000
    if done.returncode:
        raise ServerError(
            f"'answerprint {' '.join(ASKED)}' ended with {done.returncode}.",
            remedy="See 'answerprint doctor'.",
        )
    return took
