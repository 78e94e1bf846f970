"""In force: the roll-out as it holds on this machine, also while its folder has a broken one or is away."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from answerprint import documents, rollout
from answerprint.errors import SetupError
from answerprint.rollout import Rollout

KEPT = "rollout"  # below the user's folder: the last good roll-out of each place


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
    copy = _copy(path, home)
    try:
        held = rollout.held(path)
        found = rollout.parse(held, path)
    except SetupError as error:
        last = _last_good(copy)
        if last is not None:
            return InForce(last, (f"roll-out: {error.problem} {_since(copy)} is in force.",))
        if isinstance(error.__cause__, FileNotFoundError) and folder.is_dir():
            return None
        raise SetupError(
            error.problem,
            remedy="Tell the pipeline team: nobody on this machine has met a good one to go on with.",
        ) from error
    return InForce(found, _keep(held, copy))


def _copy(path: Path, home: Path) -> Path:
    named = hashlib.sha256(path.as_posix().encode("utf-8", "surrogateescape")).hexdigest()
    return home / KEPT / f"{named}.toml"


def _last_good(copy: Path) -> Rollout | None:
    with contextlib.suppress(SetupError):
        return rollout.read(copy)
    return None


def _since(copy: Path) -> str:
    try:
        when = datetime.fromtimestamp(copy.stat().st_mtime).astimezone()
    except OSError:
        return "The last good one"
    return f"The last good one, met first on {when:%Y-%m-%d %H:%M},"


def _keep(held: bytes, copy: Path) -> tuple[str, ...]:
    """Remember a good one; a note where that cannot be."""
    try:
        if copy.is_file() and copy.read_bytes() == held:
            return ()
        copy.parent.mkdir(parents=True, exist_ok=True)
        documents.write_bytes(copy, held)
    except OSError as error:
        return (f"roll-out: no copy of it can be kept in {copy.parent}: {error.strerror}",)
    return ()
