"""Processes of their own: one that may die or hang, and a crowd that goes at the same moment."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO, TypeVar

from typing_extensions import Self

from answerprint import exr, ring
from answerprint.errors import SourceError

T = TypeVar("T")


class Apart:
    """A process of its own, with little memory, that is started again when it dies."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def __call__(self, function: Callable[..., T], *words: Any) -> T:
        """What the function returns there. A hang is a TimeoutError, a death BrokenProcessPool."""
        if self._pool is None:
            spawn = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=spawn, initializer=_little_memory)
        try:
            return self._pool.submit(function, *words).result(timeout=60)
        except BrokenProcessPool:
            self._pool = None
            raise

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()


def _little_memory() -> None:
    import resource  # POSIX only

    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))


def outcomes(path: Path, contents: list[bytes]) -> set[str]:
    """How reading these files ends: 'read', 'SourceError', or whatever else there was.

    All are written first: one that has just changed is not read before a tick has passed.
    """
    paths = [path.with_name(f"{number}.{path.name}") for number in range(len(contents))]
    for one, content in zip(paths, contents, strict=True):
        one.write_bytes(content)
    return {_outcome(read, one) for one in paths for read in (exr.read_structure, exr.read)}


def readings(path: Path, count: int) -> list[tuple[str, str]]:
    """What each reading gives, ('read', the pixels' digest) or ('SourceError', why), until so many
    have given a frame.
    """
    found: list[tuple[str, str]] = []
    while count:
        found.append(_reading(path))
        count -= found[-1][0] == "read"
    return found


def _reading(path: Path) -> tuple[str, str]:
    try:
        return "read", exr.digest(exr.read(path))
    except SourceError as error:
        return "SourceError", error.problem


def _outcome(read: Callable[[Path], object], path: Path) -> str:
    try:
        read(path)
    except SourceError:
        return "SourceError"
    except BaseException as error:  # noqa: BLE001 - to be told, and to fail the test
        return f"{type(error).__name__}: {error}"
    return "read"


def peak_memory(path: Path) -> int:
    """Bytes that this process has held at most, once it has tried to read a file."""
    import resource

    outcomes(path, [path.read_bytes()])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class _Many:
    """Processes of one script. Each prints JSON lines; each `input()` waits for `go`."""

    def __init__(self, members: Sequence[subprocess.Popen[str] | Born]) -> None:
        self._said = members

    def hear(self) -> list[Any]:
        """The next line of each."""
        return [json.loads(one.stdout.readline()) for one in self._said if one.stdout]

    def go(self, line: str = "") -> None:
        """Let each go on; the line is what `input()` gives it."""
        for one in self._said:
            assert one.stdin
            one.stdin.write(f"{line}\n")
            one.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        raise NotImplementedError


class Crowd(_Many):
    """The same script in so many processes, each of which Python was started for."""

    def __init__(self, script: str, count: int, *words: str | Path) -> None:
        argv = [sys.executable, "-c", script, *map(str, words)]
        self.members = [
            subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(count)
        ]
        super().__init__(self.members)

    def end(self) -> None:
        for one in self.members:
            one.kill()
            one.communicate()


# Imports what others made, which takes most of the time that a process of ours needs to start, and
# then becomes so many processes. What is ours each of them imports for itself, as in real life.
_BIRTH = """
import importlib, json, os, sys

script, pipes, brought, *words = sys.argv[1:]
for name in brought.split():
    importlib.import_module(name)
pids = []
for read, write in json.loads(pipes):
    pids.append(os.fork())
    if not pids[-1]:
        os.dup2(read, 0)
        os.dup2(write, 1)
        break
for read, write in json.loads(pipes):
    os.close(read)
    os.close(write)
if all(pids):
    print(json.dumps(pids), flush=True)
    for pid in pids:
        os.waitpid(pid, 0)
else:
    sys.argv = ["-c", *words]
    exec(compile(script, "script", "exec"), {"__name__": "__main__"})
"""
_BROUGHT = (
    "cryptography.hazmat.primitives.asymmetric.ed25519 cryptography.x509 cv2 numpy OpenEXR "
    "PyOpenColorIO psutil pydantic requests tomlkit tritonclient.grpc"
)


@dataclass(frozen=True)
class Born:
    """One of those processes, and our ends of its pipes."""

    pid: int
    stdin: TextIO
    stdout: TextIO


class Throng(_Many):
    """A crowd that is there sooner: its processes come of one, and import what is ours anew."""

    def __init__(self, script: str, count: int, *words: str | Path) -> None:
        theirs, ours = [], []
        for _ in range(count):
            (read, said), (asked, write) = os.pipe(), os.pipe()
            theirs.append((asked, said))
            ours.append((os.fdopen(write, "w"), os.fdopen(read)))
        self._parent = subprocess.Popen(
            [sys.executable, "-c", _BIRTH, script, json.dumps(theirs), _BROUGHT, *map(str, words)],
            stdout=subprocess.PIPE,
            pass_fds=[one for pair in theirs for one in pair],
            text=True,
        )
        for pair in theirs:
            for one in pair:
                os.close(one)
        assert self._parent.stdout
        pids = json.loads(self._parent.stdout.readline())
        pairs = zip(pids, ours, strict=True)
        self.members = [Born(pid, stdin, stdout) for pid, (stdin, stdout) in pairs]
        super().__init__(self.members)

    def some(self, keep: Sequence[bool]) -> _Many:
        """Those alone, to hear and to tell; the whole throng is ended together."""
        return _Many([one for one, kept in zip(self.members, keep, strict=True) if kept])

    def end(self) -> None:
        for one in self.members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)
            with contextlib.suppress(BrokenPipeError):
                one.stdin.close()
            one.stdout.close()
        self._parent.communicate()


def opened(process: subprocess.Popen[str]) -> set[str]:
    """The files that a process has open or mapped."""
    folder = Path(f"/proc/{process.pid}/fd")
    links = set[str]()
    for file in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since
            links.add(str(file.readlink()))
    maps = (folder.parent / "maps").read_text(encoding="utf-8").splitlines()
    return links | {line.split(maxsplit=5)[-1] for line in maps}


def rings(process: subprocess.Popen[str]) -> set[Path]:
    """The shared memory of a process."""
    return {Path(name) for name in opened(process) if Path(name).name.startswith(ring.PREFIX)}
