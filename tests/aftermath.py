"""Aftermath: what is to be found wrong once many processes were killed, and all was resumed."""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil

from answerprint import ring, signing
from answerprint.connection import Connection
from answerprint.takes import Take
from answerprint.verify import verify
from answerprint_server import embedded
from answerprint_server.embedded import Running


def judged(found: list[Take], counts: Counter[str]) -> Iterator[str]:
    """What is wrong with the takes: one that is not whole has to say why. Counts them."""
    trusted = signing.trusted_keys([Path(os.environ["ANSWERPRINT_HOME"]) / "trust"])
    for take in found:
        state = take.state()
        verdicts = Counter(one.verdict.value for one in verify(take.folder, trusted))
        counts[f"takes {state}"] += 1
        counts["frames"] += len(take.items())
        if state == "complete" and set(verdicts) != {"OK"}:
            yield f"{take.folder} is complete, and {dict(verdicts)}"
        if state != "complete" and set(verdicts) - {"OK", "ABSENT"}:
            yield f"{take.folder} is {state}, and {dict(verdicts)}"
        if state in ("running", "stalled"):
            yield f"{take.folder} is {state} with nobody there"
        if state == "incomplete" and not any(one["event"] == "failed" for one in take.events()):
            yield f"{take.folder} is incomplete and does not say why"
        yield from (f"{take.folder} holds {name}" for name in litter(take))


def litter(take: Take) -> list[str]:
    """Files of a take that is done that only one in work has."""
    if take.state() == "abandoned":  # killed as it claimed its number
        return []
    beside = [*take.unfinished(), *take.leases(), *take.private.glob("closing.json")]
    return sorted(file.name for file in beside)


def left(folder: Path, state: Running) -> Iterator[str]:
    """Processes, shared memory and regions of the server that nobody is there for."""
    for process in psutil.process_iter(["cmdline", "ppid"]):
        words = process.info["cmdline"] or []
        if "answerprint.cli" in words and "run" in words and str(folder) in " ".join(words):
            yield f"process {process.pid} still runs"
    yield from (f"{file} is nobody's" for file in ring.FOLDER.glob(f"{ring.PREFIX}*") if free(file))
    connection = Connection(state.address)
    names = [name for name in connection.names() if name.startswith(ring.PREFIX)]
    connection.close()
    yield from (f"{name} is registered" for name in names if not (ring.FOLDER / name).exists())


def free(file: Path) -> bool:
    """Whether nobody holds it."""
    try:
        with file.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, FileNotFoundError):
        return False
    return True


def outliving(state: Running) -> Iterator[str]:
    """What there is of a server that was stopped, and of those that it came back as."""
    mark = f"answerprint_{state.pid}_"
    yield from (file.name for file in embedded.SHARED_MEMORY.glob(f"{mark}*"))
    for process in psutil.process_iter(["cmdline"]):
        if any(mark in word for word in process.info["cmdline"] or []):
            yield f"process {process.pid}"
