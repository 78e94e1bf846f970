"""The journal: what happened to a take, one JSON event a line, for any process to watch."""

from __future__ import annotations

import heapq
import json
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from answerprint.documents import MOST_BYTES, loads, now
from answerprint.errors import TakeError

Event = dict[str, Any]


class Journal:
    """Appends events. Safe from several threads; one writing process at a time (see lease)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def append(self, event: str, **facts: Any) -> Event:
        """Write one event with its time and return it.

        The journal tells others what happens; the frames themselves are the truth. So a journal
        that cannot be written (a full disk) stops nothing: the event says so in `unwritten`.
        """
        entry = {"time": now(), "event": event, **facts}
        line = json.dumps(entry, ensure_ascii=False, allow_nan=False) + "\n"
        try:
            with self._lock, self.path.open("ab+") as stream:
                if _is_cut_off(stream):
                    stream.write(b"\n")
                stream.write(line.encode("utf-8"))
        except OSError as error:
            entry["unwritten"] = error.strerror
        return entry


def read(path: Path) -> list[Event]:
    """All whole events. A last line cut off by a crash is left out: its event never finished.

    Raises:
        TakeError: the journal cannot be read or is larger than 64 MiB.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise TakeError(
                f"The journal {path.as_posix()} is larger than {MOST_BYTES:,} bytes.",
                remedy="It is not a journal of Answerprint; look at what wrote it.",
            )
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise TakeError(
            f"The journal {path.as_posix()} cannot be read: {error.strerror}.",
            remedy="Check that the share is mounted and that you may read it.",
        ) from error
    events = (_event(line) for line in lines)
    return [event for event in events if event is not None]


def merged(paths: Iterable[Path]) -> list[Event]:
    """The events of several journals in one list, by time, each journal's own in its own order.

    Each time the earliest of the journals' next events comes first, so a clock that is set back
    within a journal changes nothing of its order.

    Raises:
        TakeError: as `read` does.
    """
    return list(heapq.merge(*map(read, paths), key=lambda event: str(event.get("time", ""))))


def _is_cut_off(stream: BinaryIO) -> bool:
    """Whether the last line was not finished, by a crash or a full disk."""
    if stream.seek(0, os.SEEK_END) == 0:
        return False
    stream.seek(-1, os.SEEK_END)
    return stream.read(1) != b"\n"


def _event(line: str) -> Event | None:
    try:
        event = loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None
