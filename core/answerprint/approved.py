"""Approved: STREAM/approved.json, which says in one file which take of a stream is approved.

It is a copy of what the statements say, for whoever does not read those; losing it loses nothing.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from answerprint import documents, reviewed, takes
from answerprint.errors import TakeError
from answerprint.reviewed import Review
from answerprint.statement import Keys
from answerprint.take import Take

SCHEMA = "answerprint.approved/v1"
MOST_TURNS = 100  # of others who decide at the same moment


def file(stream: Path) -> Path:
    return stream / "approved.json"


def newest(stream: Path, trusted: Keys) -> tuple[Take, Review] | None:
    """The take with the highest number whose approval stands and holds."""
    for take in takes.of_stream(stream):
        review = reviewed.standing(take, trusted) if take.is_complete else None
        if review is not None and review.is_approval:
            return take, review
    return None


def refresh(stream: Path, trusted: Keys) -> None:
    """Have the pointer say what the statements say. Several may do so at once.

    Whoever writes looks again afterwards: what was decided meanwhile is never written over for
    good.

    Raises:
        OSError: it cannot be written.
    """
    place = file(stream)
    for _ in range(MOST_TURNS):
        wanted = _pointer(newest(stream, trusted))
        if _read(place) == wanted:
            return
        if wanted is None:
            place.unlink(missing_ok=True)
        else:
            documents.write(place, wanted)


def mend(stream: Path, trusted: Keys) -> None:
    """Have the pointer follow where the approval that it names is void; any other it leaves.

    Whoever only looks on need not believe the keys of all who decided.

    Raises:
        OSError: it cannot be written.
    """
    pointer = _read(file(stream))
    for take in takes.of_stream(stream) if isinstance(pointer, dict) else ():
        if take.label == pointer.get("take"):
            review = reviewed.standing(take, trusted)
            if review is not None and review.void_why:
                refresh(stream, trusted)


def _pointer(found: tuple[Take, Review] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    take, review = found
    return {
        "schema": SCHEMA,
        "take": take.label,
        "claim": review.statement.claim,
        "statement": review.statement.id,
        "path": take.folder.absolute().as_posix(),
    }


def _read(place: Path) -> Any:
    """None where there is none; what cannot be read is like no pointer that is wanted."""
    if not place.exists():
        return None
    with suppress(TakeError):
        return documents.read(place)
    return {}
