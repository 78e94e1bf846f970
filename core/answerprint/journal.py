"""The journal: what happened to a take, one JSON event a line, for any process to watch."""

from __future__ import annotations

import heapq
import json
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from answerprint.documents import MOST_BYTES, loads, now
from answerprint.errors import TakeError

Event = dict[str, Any]

BLOCK = 64 << 10  # bytes of a first look at a journal's end


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


def stream(path: Path) -> Iterator[Event]:
    """All whole events, one after the other: a journal may be as long as a show.

    A last line cut off by a crash is left out: its event never finished.

    Raises:
        TakeError: the journal cannot be read, or has a line of more than 64 MiB.
    """
    with _opened(path) as file:
        while file is not None and (line := file.readline(MOST_BYTES + 1)):
            event = _event(_checked(path, line))
            if event is not None:
                yield event


def read(path: Path) -> list[Event]:
    """All that `stream` yields, in a list.

    Raises:
        TakeError: as `stream` does.
    """
    return list(stream(path))


def last(path: Path, name: str) -> Event | None:
    """The last event of this name, looked for from the journal's end; None where there is none.

    Raises:
        TakeError: as `stream` does.
    """
    with _opened(path) as file:
        lines = () if file is None else _backwards(path, file)
        events = (_event(line) for line in lines)
        return next((one for one in events if one is not None and one["event"] == name), None)


def merged(paths: Iterable[Path]) -> Iterator[Event]:
    """The events of several journals, by time, each journal's own in its own order.

    Each time the earliest of the journals' next events comes first, so a clock that is set back
    within a journal changes nothing of its order.

    Raises:
        TakeError: as `stream` does.
    """
    return heapq.merge(*map(stream, paths), key=lambda event: str(event.get("time", "")))


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO | None]:
    """The journal, to be read; None where there is none."""
    try:
        with suppress(FileNotFoundError), path.open("rb") as file:
            yield file
            return
    except OSError as error:
        raise TakeError(
            f"The journal {path.as_posix()} cannot be read: {error.strerror}.",
            remedy="Check that the share is mounted and that you may read it.",
        ) from error
    yield None


def _checked(path: Path, line: bytes) -> bytes:
    if len(line) > MOST_BYTES:
        raise TakeError(
            f"The journal {path.as_posix()} has a line of more than {MOST_BYTES:,} bytes.",
            remedy="It is not a journal of Answerprint; look at what wrote it.",
        )
    return line


def _backwards(path: Path, file: BinaryIO) -> Iterator[bytes]:
    """The lines, the last one first, without reading more of the file than is asked for."""
    start, size, line = file.seek(0, os.SEEK_END), BLOCK, b""
    while start > 0:
        end, start = start, max(0, start - size)
        file.seek(start)
        line, *lines = (file.read(end - start) + _checked(path, line)).split(b"\n")
        yield from reversed(lines)
        size = min(2 * size, MOST_BYTES)  # no long line is put together from many small pieces
    yield line


def _is_cut_off(stream: BinaryIO) -> bool:
    """Whether the last line was not finished, by a crash or a full disk."""
    if stream.seek(0, os.SEEK_END) == 0:
        return False
    stream.seek(-1, os.SEEK_END)
    return stream.read(1) != b"\n"


def _event(line: bytes) -> Event | None:
    try:
        event = loads(line.decode("utf-8", "replace"))
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None
