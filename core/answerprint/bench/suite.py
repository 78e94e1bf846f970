"""The suite: every row, one after another, so that nothing measured disturbs another."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from answerprint import __version__
from answerprint.bench import (
    denoise,
    held,
    limits,
    peers,
    pipeline,
    plates,
    stages,
    start,
    trips,
)
from answerprint.bench.lab import CORES, Lab
from answerprint.bench.row import Row
from answerprint.triton import Server

_LIBRARIES = ("numpy", "OpenEXR", "opencv-python-headless", "tritonclient")


def rows(lab: Lab) -> Iterator[Row]:
    """Everything, in the order in which the table shows it.

    Raises:
        ServerError, TakeError, SetupError: something could not be measured; says what.
        KeyboardInterrupt: the lab is to end.
    """
    plates.write_all(lab)
    found: dict[str, Row] = {}
    groups: tuple[Callable[[], Iterator[Row]], ...] = (
        lambda: limits.rows(lab),
        lambda: pipeline.rows(lab, found),
        lambda: denoise.rows(lab),
        lambda: peers.rows(lab),
        lambda: trips.rows(lab),
        lambda: stages.rows(lab, found),
        lambda: start.rows(lab),
        lambda: held.rows(lab),
    )
    for group in groups:
        for row in group():
            found[row.key] = row
            yield row


def conditions(lab: Lab) -> dict[str, Any]:
    """What the numbers belong to: the machine, its load, the versions, the frames."""
    with Server(lab.address) as server:
        triton = server.version()
    return {
        "answerprint": __version__,
        "cpu": _cpu_name(),
        "cores": CORES,
        "load": round(os.getloadavg()[0], 2),
        "system": platform.platform(),
        "python": platform.python_version(),
        "triton": triton,
        "libraries": {name: version(name) for name in _LIBRARIES},
        "folder": lab.folder.as_posix(),
        "frames": lab.frames,
        "size": f"{lab.size[0]}x{lab.size[1]} RGB half",
        "delay": lab.delay,
        "quick": lab.quick,
    }


def _cpu_name() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
