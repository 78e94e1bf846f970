"""Stamps: size and time of every file that a node reads. It changes when one is rendered anew.

All of it is plain looking at disks, which may be slow: it needs no host, and may be done in a thread.
"""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from typing import Iterable, Iterator, NamedTuple, Sequence

MOST_FILES = 20_000
ONCE = "once"  # begins the stamp of what is too much to look at: it never comes again
_FRAME = re.compile(r"#+|%0?\d*d")
_VIEW = re.compile(r"%[Vv]")


class File(NamedTuple):
    """A file that a node reads, or frames of it from first to last; %V where views have their own."""

    path: str
    first: int
    last: int


def of(files: Iterable[File], views: Sequence[str]) -> str:
    """Sixteen hex digits, or one of a kind where the files are too many."""
    digest = hashlib.sha256()
    for count, path in enumerate(_each(files, views)):
        if count >= MOST_FILES:
            return once()
        digest.update(_stamp(path).encode("utf-8", "replace"))
    return digest.hexdigest()[:16]


def once() -> str:
    """A stamp that no other look will find."""
    return ONCE + uuid.uuid4().hex[: 16 - len(ONCE)]


def numbered(path: str, frame: int) -> str:
    """A pattern with a frame's number in its place."""
    path = re.sub(r"#+", lambda found: str(frame).zfill(len(found.group())), path)
    return re.sub(r"%0?(\d*)d", lambda found: str(frame).zfill(int(found.group(1) or 0)), path)


def of_view(pattern: str, view: str) -> str:
    return pattern.replace("%V", view).replace("%v", view[:1])


def _each(files: Iterable[File], views: Sequence[str]) -> Iterator[str]:
    for file in files:
        for view in views if _VIEW.search(file.path) else ("",):
            path = of_view(file.path, view) if view else file.path
            if not _FRAME.search(path):
                yield path
                continue
            for frame in range(file.first, file.last + 1):
                yield numbered(path, frame)


def _stamp(path: str) -> str:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return f"{path} -\n"
    return f"{path} {found.st_size} {found.st_mtime_ns}\n"
