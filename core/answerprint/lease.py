"""A lease: only one process writes a take at a time, and a dead one is noticed.

The holder counts up a heartbeat in `.take/lease.json`. Nobody compares clocks or file times, which
lie between machines: who wants the take watches whether the count moves. The file is made by an
exclusive create. It is taken over under a right that is an exclusive create of its own, named after
the holder that was judged dead: so only one succeeds, and never in the place of a living one.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from uuid import uuid4

import psutil

from answerprint import documents
from answerprint.errors import TakeBusy, TakeError

_UUID = re.compile(r"[0-9A-Za-z-]{1,64}")
BEAT_SECONDS = 2.0
MISSED_BEATS = 4


@dataclass(frozen=True)
class _Holder:
    """Who holds a lease, as its file says."""

    uuid: str
    machine: str
    pid: int
    started: float
    beat: int


# A file that is empty, cut off or foreign: nobody on this machine, to be watched like the others
_UNKNOWN = _Holder("", "", 0, 0.0, -1)


class Lease(AbstractContextManager["Lease"]):
    """Held from `take` until `release`; `lost` is set if another process took it over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lost = threading.Event()
        self._released = threading.Event()
        me = psutil.Process()
        self._mine = _Holder(uuid4().hex, socket.gethostname(), me.pid, me.create_time(), 0)
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)

    @classmethod
    def take(cls, path: Path) -> Lease:
        """Get the lease, taking it over from a holder that is dead or stuck.

        Raises:
            TakeBusy: another process holds it and is alive.
            TakeError: the lease cannot be written; DiskFull if there is no space.
        """
        lease = cls(path)
        while not lease._create(path):
            holder = _holder(path)
            if holder is None:  # released between the two looks
                continue
            if not _is_stale(path, holder):
                raise TakeBusy(
                    f"{path.parent.parent.as_posix()} is being written by process "
                    f"{holder.pid} on {holder.machine}.",
                    remedy="Wait until it ends, or stop it there first.",
                )
            if lease._replace(path, holder):
                break
        lease._thread.start()
        return lease

    def release(self) -> None:
        self._released.set()
        self._thread.join()
        if not self.lost.is_set() and self._is_mine():
            self.path.unlink(missing_ok=True)

    def check(self) -> None:
        """Look at the file itself, right before something is given its final name.

        Raises:
            TakeBusy: another process took the lease over, or did, finished and released it.
        """
        if self.lost.is_set() or not self._is_mine():
            raise TakeBusy(
                f"Another process took over {self.path.parent.parent.as_posix()}.",
                remedy="Let it finish; this one stops.",
            )

    def __exit__(self, *_: object) -> None:
        self.release()

    def _create(self, file: Path) -> bool:
        """Make a file that says it is mine, unless it is there already."""
        try:
            file.touch(exist_ok=False)
        except FileExistsError:
            return False
        except OSError as error:
            raise documents.unwritable(file.parent, error) from error
        try:
            documents.write(file, asdict(self._mine))
        except OSError as error:
            file.unlink(missing_ok=True)
            raise documents.unwritable(file.parent, error) from error
        # an NFS reply can be lost after the file was made; only the uuid inside tells
        return _is_of(file, self._mine)

    def _replace(self, file: Path, stale: _Holder) -> bool:
        """Put mine in the place of what a dead holder left; of many that try, one succeeds.

        The right to do it is an exclusive create, named after that very holder. Who finds the
        right taken by one that died at it replaces the right first, in the same way.
        """
        right = file.with_name(f".{file.name}.{stale.uuid or 'unknown'}.taking")
        if not self._create(right):
            other = _holder(right)
            if other is None or not _is_stale(right, other) or not self._replace(right, other):
                return False
        try:
            if not _is_of(file, stale):  # somebody was faster, or the holder woke up
                return False
            documents.write(file, asdict(self._mine))
        except OSError as error:
            raise documents.unwritable(file.parent, error) from error
        finally:
            right.unlink(missing_ok=True)
        return True

    def _is_mine(self) -> bool:
        holder = _holder(self.path)
        return holder is not None and holder.uuid == self._mine.uuid

    def _beat(self) -> None:
        unread = 0
        while not self._released.wait(BEAT_SECONDS):
            holder = _holder(self.path)
            # a share may fail one read; what was read and names another is certain
            unread = unread + 1 if holder in (None, _UNKNOWN) else 0
            if unread > 1 or (unread == 0 and not self._is_mine()):
                self.lost.set()
                return
            if unread:
                continue
            self._mine = replace(self._mine, beat=self._mine.beat + 1)
            try:
                documents.write(self.path, asdict(self._mine))
            except OSError:  # a full disk stops the frames, which say so; the next beat tries again
                continue


def is_live(path: Path) -> bool:
    """Whether a process on this machine holds the lease, or one elsewhere may hold it."""
    holder = _holder(path)
    return holder is not None and not _is_dead(holder)


def _holder(path: Path) -> _Holder | None:
    try:
        found = documents.read(path)
        if not _UUID.fullmatch(str(found["uuid"])):  # it becomes part of a file's name
            return _UNKNOWN
        return _Holder(
            uuid=str(found["uuid"]),
            machine=str(found["machine"]),
            pid=int(found["pid"]),
            started=float(found["started"]),
            beat=int(found["beat"]),
        )
    except (TakeError, KeyError, TypeError, ValueError):
        return _UNKNOWN if path.exists() else None


def _is_dead(holder: _Holder) -> bool:
    """True only when the holder ran on this machine and is gone."""
    if holder.machine != socket.gethostname():
        return False
    try:
        process = psutil.Process(holder.pid)
        ended = process.status() == psutil.STATUS_ZOMBIE
        # a number may have been given to another process since
        return bool(ended or abs(process.create_time() - holder.started) > 1.0)
    except (psutil.Error, ValueError):
        return True


def _is_stale(path: Path, holder: _Holder) -> bool:
    if _is_dead(holder):
        return True
    deadline = time.monotonic() + BEAT_SECONDS * MISSED_BEATS
    while time.monotonic() < deadline:
        time.sleep(BEAT_SECONDS / 4)
        seen = _holder(path)
        if seen is None or (seen.uuid, seen.beat) != (holder.uuid, holder.beat):
            return False
    return True


def _is_of(file: Path, whom: _Holder) -> bool:
    """Whether a file is the one that this holder wrote last."""
    holder = _holder(file)
    return holder is not None and (holder.uuid, holder.beat) == (whom.uuid, whom.beat)
