"""In force: the roll-out as it holds on this machine, also while its folder has a broken one or is away."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from answerprint import documents, rollout
from answerprint.documents import Document
from answerprint.errors import SetupError
from answerprint.rollout import Rollout, Sha256

KEPT = "rollout"  # below the user's folder: the last good roll-out of each place


class Kept(Document):
    """A good one as this user met it, and of which file; reading it again takes a tenth of the time."""

    sha256: Sha256
    rollout: Rollout


@dataclass(frozen=True)
class InForce:
    """A roll-out as it holds on this machine; `notes`: why it is not what its folder has now."""

    rollout: Rollout
    notes: tuple[str, ...] = ()


def in_force(folder: Path, *, home: Path) -> InForce | None:
    """The roll-out in a folder. Where it is broken or away: the last good one that this user met.

    None: nobody has begun one there.

    Raises:
        SetupError: it cannot be used, and there is no good one to go on with; names line and key.
    """
    path = folder / rollout.FILE
    copy = home / KEPT / f"{_digest(path.as_posix().encode('utf-8', 'surrogateescape'))}.json"
    last = _last_good(copy)
    try:
        held = rollout.held(path)
        if last is not None and last.sha256 == _digest(held):
            return InForce(last.rollout)
        found = rollout.parse(held, path)
    except SetupError as error:
        if last is not None:
            return InForce(
                last.rollout, (f"roll-out: {error.problem} {_since(copy)} is in force.",)
            )
        if isinstance(error.__cause__, FileNotFoundError) and folder.is_dir():
            return None
        raise SetupError(
            error.problem,
            remedy="Tell the pipeline team: nobody on this machine has met a good one to go on with.",
        ) from error
    return InForce(found, _keep(Kept(sha256=_digest(held), rollout=found), copy))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _last_good(copy: Path) -> Kept | None:
    """None: there is none, or something else lies there."""
    try:
        with copy.open("rb") as stream:
            content = stream.read(documents.MOST_BYTES + 1)
        return None if len(content) > documents.MOST_BYTES else Kept.model_validate_json(content)
    except (OSError, ValidationError):
        return None


def _since(copy: Path) -> str:
    try:
        when = datetime.fromtimestamp(copy.stat().st_mtime).astimezone()
    except OSError:
        return "The last good one"
    return f"The last good one, met first on {when:%Y-%m-%d %H:%M},"


def _keep(good: Kept, copy: Path) -> tuple[str, ...]:
    """Remember a good one; a note where that cannot be."""
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        documents.write_bytes(copy, good.model_dump_json(by_alias=True).encode())
    except OSError as error:
        return (f"roll-out: no copy of it can be kept in {copy.parent}: {error.strerror}",)
    return ()
