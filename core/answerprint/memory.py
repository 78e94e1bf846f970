"""Memory: how much one work item needs, and how many may be in work at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from answerprint import exr
from answerprint.contract import Contract, Value
from answerprint.errors import JobError
from answerprint.job import ResolvedInput

FLOAT = 4
# A float image is there as encoded for the model, in the request, in the message that carries it and
# in gRPC's own buffers; a result as often. Measured with 8192x4320 RGB: 3.2 GB beside the program's own.
COPIES = 4


@dataclass(frozen=True)
class Limits:
    """How many frames may be in each stage at once, and altogether."""

    readers: int = 1
    in_flight: int = 2
    writers: int = 1
    workers: int = 4

    @classmethod
    def of_this_machine(
        cls,
        instances: int = 1,
        readers: int | None = None,
        in_flight: int | None = None,
        writers: int | None = None,
    ) -> Limits:
        """As many of each as asked for, else as the cores and the model's instances keep busy.

        At the server: one for each instance at work, and one that waits for it.
        """
        cores = os.cpu_count() or 2
        readers = readers or max(1, cores // 2)
        writers = (
            writers or cores
        )  # EXR codecs leave the interpreter to others; writing is the most
        in_flight = in_flight or 2 * instances
        return cls(readers, in_flight, writers, readers + in_flight + writers)

    def within(self, memory: int, item: int) -> Limits:
        """As many workers as the memory holds items of this size; at least one."""
        fitting = max(1, memory // max(item, 1))
        return Limits(self.readers, self.in_flight, self.writers, min(self.workers, fitting))


def peak() -> int:
    """Bytes that this process held at most; 0 where the system does not say."""
    if sys.platform == "win32":
        return int(getattr(psutil.Process().memory_info(), "peak_wset", 0))
    try:  # what getrusage says begins with what the process held that started this one
        text = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return next(int(line.split()[1]) for line in text.splitlines() if "VmHWM:" in line) << 10
    except (OSError, StopIteration, ValueError):
        pass
    import resource  # noqa: PLC0415 - Windows has none

    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else held << 10


def forget_peak() -> bool:
    """Let `peak` begin anew; False where the system does not have that."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def bound(asked: float | None) -> int:
    """Bytes that a run may hold: GB as asked, else half of the machine's."""
    return int(asked * 1e9) if asked else psutil.virtual_memory().total // 2


def needed(
    contract: Contract,
    settings: Mapping[str, Value],
    inputs: Mapping[str, ResolvedInput],
    head: exr.Frame,
    views: tuple[str, ...],
) -> int:
    """Bytes at the peak of one work item: decoded files, images for the model, the result.

    Counted from the first frame; a data window that grows later needs more.
    """
    sizes = {"uint": 4, "half": 2, "float": 4}
    decoded = sum(
        part.data_window.width * part.data_window.height * sizes[kind]
        for part in head.parts
        for kind in part.types.values()
    )
    view = views[0] if views else None
    number = head.layers(view)[next(iter(inputs.values())).layer][0][0]
    window = head.parts[number].data_window
    pixels = window.width * window.height * max(len(views), 1)
    channels = sum(len(source.channels) for source in inputs.values())
    images = pixels * channels * FLOAT * contract.cut.frames * COPIES
    results = 0
    for output in contract.given(settings):
        count = len(output.channels)
        if output.replaces is not None:
            count = len(inputs[output.replaces].channels) if output.replaces in inputs else 0
        results += pixels * contract.scale(output, settings) ** 2 * count * FLOAT * COPIES
    return decoded * contract.cut.frames + images + results


def check(item: int, memory: int) -> None:
    """Raises JobError: not even one work item fits."""
    if item > memory:
        raise JobError(
            f"One frame needs about {_gigabytes(item)} of memory; {_gigabytes(memory)} are allowed.",
            remedy="Allow more with --memory GB, or work on a smaller region or a proxy.",
        )


def _gigabytes(number: int) -> str:
    """12.3 GB, 0.03 GB: to the megabyte, so that two numbers look as different as they are."""
    return f"{number / 1e9:,.3f}".rstrip("0").rstrip(".") + " GB"
