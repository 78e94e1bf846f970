"""A file that changes while it is read is read once more, or refused.

What tells is the file itself, before and after: which one it is, its size, and when it last changed
by its file system's own clock (no other clock is compared, and none may move a file back). Two
changes within one tick of that clock look like one, so a file that has just changed is first left
alone for a tick; then a reader sees one version, whole, or it is told.

No reader can tell where a program overwrites a file in place, byte by byte and with the same size,
and pauses in the middle; where it writes through mapped memory, which a file system notes late; or
where a network share answers from a stale cache, or its clock runs behind and ticks slowly. Chunks
that do not fit together are then found by decoding, if the codec checks them, or not at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from answerprint.errors import SourceError

T = TypeVar("T")

_TICK = 10_000_000  # ns; Linux notes a change by its timer: 4 ms mostly, 10 at most
_SLOW_TICK = 2_000_000_000  # FAT and old shares: stamps in seconds, and even ones


class _State(NamedTuple):
    """On Linux `changed` alone would do; elsewhere, and on shares, it may be the time of creation."""

    device: int
    inode: int
    size: int
    written: int
    changed: int


def read(path: Path, decode: Callable[[], T]) -> T:
    """What `decode` makes of the file at `path`, which was one and the same all the while.

    `decode` is called again if the file changed meanwhile, and must leave nothing behind.

    Raises:
        SourceError: the file goes on changing, or it cannot be decoded now that it has changed;
            what `decode` raises on a file that stays as it is.
    """
    for last in (False, True):
        before = _state(path)
        if _just_changed(before) and _state(path) != before:
            continue
        try:
            made = decode()
        except SourceError as error:
            if _state(path) == before and not (last and before):
                raise
            if last:
                raise _being_written(path) from error
        else:
            if _state(path) == before:
                return made
            del made  # memory for one frame is enough
    raise _being_written(path)


def _being_written(path: Path) -> SourceError:
    return SourceError(
        f"{path.as_posix()} is being written at this moment: it changed while it was read.",
        remedy="Wait until it is rendered or copied, then run again; a take that had begun goes on "
        "with 'answerprint run --resume TAKE'.",
    )


def _just_changed(state: _State | None) -> bool:
    """Whether another change might not show in a state; if so, the time that it takes to show is up."""
    if state is None:
        return False
    stamps = (state.written, state.changed)
    tick = _TICK if any(stamp % 1_000_000_000 for stamp in stamps) else _SLOW_TICK
    if all(abs(time.time_ns() - stamp) >= tick for stamp in stamps):
        return False
    time.sleep(tick / 1e9)
    return True


def _state(path: Path) -> _State | None:
    """None where there is no file to ask; why that is so is told by whoever reads it."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return _State(facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
