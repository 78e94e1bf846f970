"""Bound: which pixels a take was closed with, and whether its files hold them still.

What tells is cheap where nothing happened: a file that is as large and as old as it was is the same.
Only of others the pixels are decoded, once a process. Who writes a file anew and sets its time back
deceives this; `verify` looks at every pixel.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from answerprint import documents
from answerprint.errors import SourceError, TakeError
from answerprint.once import Once
from answerprint.take import Item, Take

MOST_DIGESTS = 100_000
MOST_MANIFESTS = 1000

Named = Mapping[str, str]  # frame as a manifest names it: digest of its pixels
Files = dict[str, tuple[int, str]]


class Sealed(NamedTuple):
    """What a take was closed with: its frames, one digest of all their digests, and its QC."""

    frames: Named
    digest: str
    qc: str


_MANIFESTS: Once[Sealed] = Once(MOST_MANIFESTS)
_DIGESTS: Once[str] = Once(MOST_DIGESTS)


def sealed(take: Take) -> Sealed:
    """Raises TakeError: the take is not complete, or its manifest is damaged."""
    file = take.private / "manifest.json"
    try:
        return _MANIFESTS.of(file, file.stat(), lambda: _sealed(file))
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise TakeError(
            f"{take.name} {take.label} has no manifest that can be read.",
            remedy="See 'answerprint verify'.",
        ) from error


def files(take: Take, frames: Named) -> Files:
    """Size and time of each frame's file, by its name within the take; of those that are there."""
    found = {}
    for key in frames:
        path = _path(take, key)
        try:
            facts = path.stat()
        except OSError:
            continue
        found[_name(take, path)] = _state(facts)
    return found


def untouched(take: Take, frames: Named) -> Files:
    """Those of `files` that nothing happened to since the manifest was written, which was last."""
    closed = (take.private / "manifest.json").stat().st_mtime_ns
    return {
        name: state
        for name, state in files(take, frames).items()
        if _last_touched(take.folder / name) <= closed
    }


def changed(take: Take, frames: Named, known: Mapping[str, tuple[int, str]]) -> str:
    """What is not as it was, in words; '' where all is.

    known   files that are the right ones if they are of this size and time still
    """
    return next((why for key in frames if (why := _changed(take, key, frames[key], known))), "")


def _changed(take: Take, key: str, pixels: str, known: Mapping[str, tuple[int, str]]) -> str:
    path = _path(take, key)
    try:
        facts = path.stat()
        if known.get(_name(take, path)) == _state(facts):
            return ""
        same = _DIGESTS.of(path, facts, lambda: _digest(path)) == pixels
    except FileNotFoundError:
        return f"frame {key} is gone"
    except OSError as error:
        return f"frame {key} cannot be looked at: {error.strerror}"
    except SourceError:
        return f"frame {key} cannot be read any more"
    return "" if same else f"the pixels of {key} are others since"


def _sealed(file: Path) -> Sealed:
    manifest = documents.read(file)["manifest"]
    frames = manifest["frames"]
    named = {str(Item.parse(key)): str(facts["pixels"]) for key, facts in frames.items()}
    total = hashlib.sha256(documents.canonical(named)).hexdigest()
    judged = manifest.get("qc")
    return Sealed(named, total, str(judged.get("verdict", "")) if judged else "")


def _path(take: Take, key: str) -> Path:
    return take.file(*Item.parse(key))


def _name(take: Take, path: Path) -> str:
    return path.relative_to(take.folder).as_posix()


def _state(facts: os.stat_result) -> tuple[int, str]:
    return facts.st_size, str(facts.st_mtime_ns)


def _last_touched(path: Path) -> int:
    """A file that was moved here keeps the time at which it was written, not that of its change."""
    facts = path.stat()
    return max(facts.st_mtime_ns, facts.st_ctime_ns)


def _digest(path: Path) -> str:
    from answerprint import medium  # noqa: PLC0415 - mostly nothing has changed, and no file is read

    return medium.digest(medium.read(path))
