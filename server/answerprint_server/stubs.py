"""Stubs: the processes in which Triton runs the models, and their shared memory.

They are found by the prefix of their shared memory, which stands in their arguments: after the
server's death their parent is gone.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from answerprint_server import alive

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - Linux's shared memory, where Triton puts its own
# seconds: of our own models none is given more for a frame; denoise has 6,370 for stereo in 8K
LONGEST_REQUEST = 7200.0
END_SECONDS = 3.0


def end(prefix: str, *, grace: float = END_SECONDS) -> None:
    """End those that outlive their server, after `grace` seconds to do it by themselves.

    They end with it, but not always when it was killed while a model was at work.
    """
    _, left = psutil.wait_procs(list(_all(prefix)), timeout=grace)
    _kill(left)


def end_superseded(prefix: str, *, after: float = LONGEST_REQUEST) -> list[int]:
    """End those whose model was loaded anew `after` seconds ago and that still run; their pids.

    Triton lets a replaced instance finish what it works on. One that hangs never does, and would
    keep its memory as long as the server lives.
    """
    youngest: dict[tuple[str, ...], float] = {}
    mine = [(one, _place(one), _age(one)) for one in _all(prefix)]
    for _, place, age in mine:
        youngest[place] = min(youngest.get(place, age), age)
    old = [one for one, place, age in mine if after < youngest[place] < age]
    _kill(old)
    return [one.pid for one in old]


def named(prefix: str) -> dict[str, list[int]]:
    """The processes of each model: {'denoise': [4711]}, one for each instance."""
    found: dict[str, list[int]] = {}
    for one in _all(prefix):
        model = _place(one)[1].rsplit("_", 2)[0]
        found.setdefault(model, []).append(one.pid)
    return found


def peak_memory(pid: int) -> int | None:
    """The most bytes that a process ever held in memory; None: it is gone."""
    with suppress(OSError, ValueError):
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
        found = re.search(r"^VmHWM:\s+(\d+) kB", lines, re.MULTILINE)
        if found:
            return int(found[1]) * 1024
    return None


def clear_shared_memory(prefix: str) -> None:
    for region in SHARED_MEMORY.glob(f"{prefix}*"):
        region.unlink(missing_ok=True)


def _all(prefix: str) -> Iterator[psutil.Process]:
    for one in psutil.process_iter(["cmdline"]):
        if any(word.startswith(prefix) for word in one.info["cmdline"] or []):
            yield one


def _place(stub: psutil.Process) -> tuple[str, ...]:
    """Which model file it runs, as which instance: model.py, region ..., 'denoise_0_0', 'DEFAULT'.

    A new one takes the place of an old one that has the same.
    """
    words = stub.info["cmdline"]
    return (words[1], *words[-2:])


def _age(stub: psutil.Process) -> float:
    try:
        return alive.age(stub.pid)
    except psutil.Error:  # it has just ended: the youngest there can be, and nothing is lost
        return 0.0


def _kill(stubs: list[psutil.Process]) -> None:
    for one in stubs:
        with suppress(psutil.Error):
            one.kill()
    deadline = time.monotonic() + END_SECONDS
    while any(alive.is_running(one.pid) for one in stubs) and time.monotonic() < deadline:
        time.sleep(0.01)
