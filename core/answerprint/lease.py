"""A lease: only one process writes a take at a time, and a dead one is noticed.

The holder counts up a heartbeat in `.take/lease.json`. Nobody compares clocks or file times, which
lie between machines: who wants the take watches whether the count moves. The file is made by an
exclusive create and taken over by a rename, of which only one can succeed.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psutil

from answerprint import documents
from answerprint.errors import TakeBusy, TakeError

BEAT_SECONDS = 2.0
MISSED_BEATS = 4


class Lease(AbstractContextManager["Lease"]):
    """Held from `take` until `release`; `lost` is set if another process took it over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lost = threading.Event()
        self._released = threading.Event()
        self._mine: dict[str, Any] = {
            "uuid": uuid.uuid4().hex,
            "machine": socket.gethostname(),
            "pid": os.getpid(),
            "started": psutil.Process().create_time(),
            "beat": 0,
        }
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)

    @classmethod
    def take(cls, path: Path) -> Lease:
        """Get the lease, taking it over from a holder that is dead or stuck.

        Raises:
            TakeBusy: another process holds it and is alive.
        """
        lease = cls(path)
        while not lease._create():
            holder = _holder(path)
            if holder is None:  # released between the two looks
                continue
            if not _is_stale(path, holder):
                raise TakeBusy(
                    f"{path.parent.parent.as_posix()} is being written by process "
                    f"{holder['pid']} on {holder['machine']}.",
                    remedy="Wait until it ends, or stop it there first.",
                )
            _move_away(path, holder)
        lease._thread.start()
        return lease

    def release(self) -> None:
        self._released.set()
        self._thread.join()
        if not self.lost.is_set():
            self.path.unlink(missing_ok=True)

    def __exit__(self, *_: object) -> None:
        self.release()

    def _create(self) -> bool:
        try:
            self.path.touch(exist_ok=False)
        except FileExistsError:
            return False
        documents.write(self.path, self._mine)
        # an NFS reply can be lost after the file was made; only the uuid inside tells
        return bool((_holder(self.path) or {}).get("uuid") == self._mine["uuid"])

    def _beat(self) -> None:
        while not self._released.wait(BEAT_SECONDS):
            if (_holder(self.path) or {}).get("uuid") != self._mine["uuid"]:
                self.lost.set()
                return
            self._mine["beat"] += 1
            try:
                documents.write(self.path, self._mine)
            except OSError:  # a full disk stops the frames, which say so; the next beat tries again
                continue


def is_live(path: Path) -> bool:
    """Whether a process on this machine holds the lease, or one elsewhere may hold it."""
    holder = _holder(path)
    return holder is not None and not _is_dead(holder)


def _holder(path: Path) -> dict[str, Any] | None:
    try:
        found = documents.read(path)
    except TakeError:
        # just made and still empty, or gone
        return {"uuid": "", "pid": 0, "machine": "", "beat": -1} if path.exists() else None
    return found if isinstance(found, dict) else None


def _is_dead(holder: dict[str, Any]) -> bool:
    """True only when the holder ran on this machine and is gone."""
    if holder.get("machine") != socket.gethostname():
        return False
    try:
        process = psutil.Process(int(holder["pid"]))
        ended = process.status() == psutil.STATUS_ZOMBIE
        # a number may have been given to another process since
        return ended or abs(process.create_time() - float(holder["started"])) > 1.0
    except psutil.Error:
        return True


def _is_stale(path: Path, holder: dict[str, Any]) -> bool:
    if _is_dead(holder):
        return True
    deadline = time.monotonic() + BEAT_SECONDS * MISSED_BEATS
    while time.monotonic() < deadline:
        time.sleep(BEAT_SECONDS / 4)
        seen = _holder(path)
        if seen is None or (seen["uuid"], seen["beat"]) != (holder["uuid"], holder["beat"]):
            return False
    return True


def _move_away(path: Path, holder: dict[str, Any]) -> None:
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.stale")
    try:
        path.rename(aside)
    except FileNotFoundError:  # another process was faster; the next round finds its lease
        return
    taken = _holder(aside)
    if taken is not None and taken["uuid"] != holder["uuid"]:
        aside.rename(path)  # not the stale one: it was replaced just now, so it goes back
        return
    aside.unlink()
