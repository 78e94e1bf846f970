"""The lab: a folder and a server that are there for the measuring alone, and the clocks."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from answerprint import begin, preflight, run as engine, signing
from answerprint.errors import ServerError
from answerprint.interrupt import Interrupt
from answerprint.job import make
from answerprint.journal import Event
from answerprint.site import Site
from answerprint.triton import Server

TASK = "standin"
WIDTH, HEIGHT = 1920, 1080
FIRST = 1001
CORES = os.cpu_count() or 1
COMPRESSIONS = ("zip", "none")


@dataclass(frozen=True)
class Lab:
    """What all measurements share.

    folder       empty, on the disk to be measured; everything is written below it
    home         of the lab's own user: keys, server
    address      of the server's gRPC side, host:port; `http` its other port
    triton       process of the server
    frames       of each plate
    delay        of the stand-in model, in ms
    rounds       so often each is measured; the best one counts
    size         width and height of the large frames
    interrupted  ends whatever is being measured
    """

    folder: Path
    home: Path
    address: str
    http: int
    triton: int
    frames: int = 48
    delay: float = 50.0
    rounds: int = 2
    quick: bool = False
    size: tuple[int, int] = (WIDTH, HEIGHT)
    interrupted: Interrupt = field(default_factory=Interrupt)

    def plate(self, compression: str) -> Path:
        """Where the large plate of this compression lies; #### is the frame."""
        return self.folder / compression / "plate.####.exr"

    def file(self, compression: str, number: int) -> Path:
        return numbered(self.plate(compression), number)

    def files(self, compression: str) -> list[Path]:
        return [self.file(compression, FIRST + count) for count in range(self.frames)]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of a large frame's pixels: height, width, channels."""
        return self.size[1], self.size[0], 3

    def environment(self) -> dict[str, str]:
        """For a command of Answerprint's: the lab's user and server, and no site's rules."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("ANSWERPRINT")}
        return kept | {
            "ANSWERPRINT_HOME": str(self.home),
            "ANSWERPRINT_SERVER": self.address,
        }

    @contextmanager
    def room(self, name: str) -> Iterator[Path]:
        """An empty folder that is gone afterwards."""
        folder = self.folder / name
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder)

    def check(self) -> None:
        """Raises KeyboardInterrupt: the measuring is to end."""
        if self.interrupted.is_set():
            raise KeyboardInterrupt


def numbered(path: Path, number: int) -> Path:
    return path.with_name(path.name.replace("####", str(number)))


@dataclass
class Used:
    """What something took, in ms: by the clock, of this process' CPU, and of the server's.

    others   CPU that everybody else had meanwhile: the less, the more the clock is to be believed
    """

    wall: float = 0.0
    client: float = 0.0
    server: float = 0.0
    others: float = 0.0

    def each(self, count: int) -> Used:
        return Used(*(one / count for one in (self.wall, self.client, self.server, self.others)))


@contextmanager
def watched(triton: int) -> Iterator[Used]:
    """Measure what the block takes; the numbers are there when it has ended."""
    used = Used()
    busy, server = _busy(), _cpu(triton)
    client, wall = time.process_time(), time.perf_counter()
    yield used
    used.wall = (time.perf_counter() - wall) * 1000
    used.client = (time.process_time() - client) * 1000
    used.server = (_cpu(triton) - server) * 1000
    used.others = max(0.0, (_busy() - busy) * 1000 - used.client - used.server)


def _busy() -> float:
    """Seconds that all cores together have not been idle, what other machines took included."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - times.iowait - times.guest - times.guest_nice)


def _cpu(pid: int) -> float:
    """Seconds of CPU that a process and its children have had so far."""
    parent = psutil.Process(pid)
    total = 0.0
    for one in [parent, *parent.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += times.user + times.system
    return total


@dataclass(frozen=True)
class Done:
    """A job that the engine carried out: what it took in all, and its events."""

    used: Used
    events: list[Event]

    @property
    def first(self) -> Event:
        """What the journal says of the first frame that was finished."""
        return next(event for event in self.events if event["event"] == "frame")


def carried_out(lab: Lab, server: Server, out: Path, **fields: Any) -> Done:
    """Run a job with the real engine, measured from the claimed number to the last event.

    Raises:
        ServerError: the job did not become complete.
        KeyboardInterrupt: the lab is to end.
    """
    lab.check()
    request = make({"reuse": False, "out": {"root": str(out)}, **fields})
    resolved = preflight.resolve(request, server, Site())
    signer = signing.own_signer(lab.home)
    trusted = signing.trusted_keys([lab.home / "trust"])
    take = begin.claim(resolved)
    with watched(lab.triton) as used:
        events = list(
            engine.run(
                resolved,
                take,
                server=server,
                signer=signer,
                trusted=trusted,
                interrupted=lab.interrupted,
            )
        )
    if events[-1].get("state") != "complete":
        said = next((one["problem"] for one in events if "problem" in one), "no reason given")
        raise ServerError(
            f"The engine could not carry out {fields['task']}: {said}",
            remedy="See 'answerprint doctor'.",
        )
    return Done(used, events)
