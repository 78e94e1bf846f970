"""The ring: shared memory in which images lie while a server on this machine works on them.

A slot is one file in /dev/shm that the server has mapped as well. It belongs to one request at a
time and is used again by the next one. Its owner holds a lock on the file for as long as it lives:
a file whose lock can be had was left by a process that was killed, and is removed.
"""

from __future__ import annotations

import mmap
import os
import secrets
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from answerprint.wire import Place

if sys.platform == "linux":
    import fcntl

FOLDER = Path("/dev/shm")  # noqa: S108 - shared memory, where the server looks for it by name
PREFIX = "answerprint_ring_"
PAGE = 4096
POSSIBLE = sys.platform == "linux"


class NotShared(Exception):  # noqa: N818 - no failure: images then travel over gRPC
    """Why this machine and the server share no memory; `str` is for the journal."""


class Registry(Protocol):
    """What a server does with regions."""

    def register(self, name: str, size: int) -> None:
        """Map the file of this name, which has so many bytes. Raises NotShared: it cannot."""

    def unregister(self, name: str) -> bool:
        """Let it go, if it is known; False while a request uses it, or the server is away."""

    def names(self) -> list[str]:
        """All that are registered, by anybody."""


@dataclass(frozen=True)
class Slot:
    """One region: its name, by which the server knows it, and its bytes.

    The mapping holds the file open, and so its lock, until it is forgotten.
    """

    name: str
    memory: mmap.mmap

    @property
    def size(self) -> int:
        return len(self.memory)

    def array(self, place: Place) -> NDArray[Any]:
        """The image at this place; a view, which changes with the memory."""
        return np.ndarray(place.shape, place.dtype, self.memory, place.offset)


class Ring:
    """Safe from several threads: as many slots as there are requests at once, made as needed."""

    def __init__(self, registry: Registry, folder: Path = FOLDER) -> None:
        self._registry, self._folder = registry, folder
        self._free: list[Slot] = []
        self._owed: list[str] = []  # the server was still at work in them when they were given up
        self._files: set[Path] = set()
        self._swept = self._closed = False
        self._lock = threading.Lock()
        self._process = os.getpid()
        weakref.finalize(self, _remove, self._files, self._process)

    @contextmanager
    def slot(self, size: int) -> Iterator[Slot]:
        """A registered slot of at least so many bytes, for one request.

        After an error it is given up, not used again: the server may still write into it.

        Raises:
            NotShared: there is no room for it, or the server cannot see it.
        """
        slot = self._taken(size)
        try:
            yield slot
        except BaseException:
            self._give_up(slot)
            raise
        with self._lock:
            self._free.append(slot)
            closed = self._closed
        if closed:
            self.close()

    def register_again(self, slot: Slot) -> None:
        """Tell a server that was started anew, which knows no slot. Raises NotShared: it cannot."""
        self._registry.register(slot.name, slot.size)

    def close(self) -> None:
        """Remove every slot, here and at the server; one that is in use goes when it is let go."""
        if self._process != os.getpid():
            return
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
        for slot in free:
            self._give_up(slot)
        self._pay()

    def _taken(self, size: int) -> Slot:
        if self._process != os.getpid():
            raise NotShared("its owner is the process that this one was forked from")
        with self._lock:
            fitting = [slot for slot in self._free if slot.size >= size]
            found = fitting[-1] if fitting else self._free[-1] if self._free else None
            if found is not None:
                self._free.remove(found)
        if found is not None and found.size >= size:
            return found
        if found is not None:
            self._give_up(found)
        self._pay()
        return self._made(size)

    def _made(self, size: int) -> Slot:
        try:
            slot = self._new(-(-size // PAGE) * PAGE)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise NotShared(f"{self._folder} is too small for the frames, {reason}") from error
        try:
            self._registry.register(slot.name, slot.size)
            self._sweep()
        except BaseException:
            self._give_up(slot)
            raise
        return slot

    def _new(self, size: int) -> Slot:
        """A locked file of our own. Raises OSError: there is no room for it."""
        while True:
            path = self._folder / f"{PREFIX}{secrets.token_hex(8)}"
            file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
            self._files.add(path)
            try:
                if not _lock(file, path):  # whoever took it for an orphan removes it
                    self._files.discard(path)
                    continue
                # a full file system is an error here, and would be the end of this process later;
                # the model's process needs as much there, for its own copies
                os.posix_fallocate(file, 0, 2 * size)
                os.ftruncate(file, size)
                return Slot(path.name, mmap.mmap(file, size))
            except BaseException:
                self._unlink(path)
                raise
            finally:
                os.close(file)

    def _give_up(self, slot: Slot) -> None:
        """Unlink it, never truncate: the server would die of that."""
        self._unlink(self._folder / slot.name)
        with self._lock:
            self._owed.append(slot.name)

    def _unlink(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._files.discard(path)

    def _pay(self) -> None:
        """Have the server let go of what was given up. What it is still using waits for later."""
        with self._lock:
            owed, self._owed = self._owed, []
        kept = [name for name in owed if not self._registry.unregister(name)]
        with self._lock:
            self._owed += kept

    def _sweep(self) -> None:
        """Once: remove what killed processes left, here and at the server."""
        with self._lock:
            if self._swept:
                return
            self._swept = True
        for path in self._folder.glob(f"{PREFIX}*"):
            _remove_orphan(path)
        for name in self._registry.names():
            if name.startswith(PREFIX) and not (self._folder / name).exists():
                self._owed.append(name)
        self._pay()


def _lock(file: int, path: Path) -> bool:
    """Hold a file as its owner; False if somebody has taken it for an orphan in the meantime."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return _is_still(file, path)


def _is_still(file: int, path: Path) -> bool:
    """Whether the name is that of the open file."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _remove_orphan(path: Path) -> None:
    """Unlink a file whose owner does not live."""
    try:
        file = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:  # gone by now, or another user's
        return
    try:
        if _lock(file, path):
            path.unlink(missing_ok=True)
    finally:
        os.close(file)


def _remove(files: set[Path], process: int) -> None:
    """At the end of the process that made them, not of one that was forked from it."""
    if os.getpid() == process:
        for path in list(files):
            with suppress(OSError):  # nobody is there to be told any more
                path.unlink(missing_ok=True)
