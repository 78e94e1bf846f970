"""The fault log: what broke in a program of ours or a studio's, for the pipeline team alone."""

from __future__ import annotations

import threading
import traceback
from contextlib import suppress
from pathlib import Path

from answerprint import documents, site

MOST_BYTES = (
    1 << 20
)  # then it is begun anew: the first faults of a long night are the same as the last

_LOCK = threading.Lock()


def path() -> Path:
    return site.home() / "fault.log"


def note(what: str, error: BaseException) -> None:
    """Add one fault with its traceback. A log that cannot be written stops nothing."""
    told = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    file = path()
    with _LOCK, suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        is_full = file.is_file() and file.stat().st_size > MOST_BYTES
        with file.open("w" if is_full else "a", encoding="utf-8", errors="replace") as stream:
            stream.write(f"{documents.now()} {what}\n{told}\n")
