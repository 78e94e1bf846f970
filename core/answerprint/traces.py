"""Traces: what the take that a job made says of it, and whether it can be gone on with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from answerprint import row
from answerprint.errors import AnswerprintError, TakeError
from answerprint.note import facts
from answerprint.plate import Plate
from answerprint.take import Take

Document = dict[str, Any]


def is_resumable(state: str, path: str) -> bool:
    if state == "complete" or not path:
        return False
    take = Take(Path(path))
    return not take.is_complete and (take.private / "job.json").is_file()


def of_take(folder: Path) -> Document:
    """Of the job as it was resolved; nothing where the take cannot be read."""
    try:
        resolved = Take(folder).read("job")["resolved"]
        return {
            **facts(resolved["job"]),
            "title": str(resolved["contract"]["title"]),
            "frames": str(resolved["frames"]),
            "stream": str(resolved["stream"]),
        }
    except (TakeError, KeyError, TypeError, AttributeError):
        return {}


def place(path: str, stream: str) -> tuple[str, str]:
    """(root, stream) of a take by where it lies now; empty where its job does not say a stream."""
    if not path or not stream:
        return "", ""
    root, stands = row.stands_in(Take(Path(path)), stream)
    return root.as_posix(), stands


def stem(plate: str) -> str:
    """As bg of /renders/bg.####.exr; what cannot be a plate is as it is."""
    try:
        return Plate.parse(plate).head.rstrip("._-") if plate else ""
    except AnswerprintError:
        return plate
