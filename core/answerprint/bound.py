"""Bound: which pixels a take was closed with, and whether its files hold them still.

What tells is cheap where nothing happened: a file that is as large and as old as it was is the same.
Only of others the pixels are decoded, once a process. Who writes a file anew and sets its time back
deceives this; `verify` looks at every pixel.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from answerprint import documents
from answerprint.errors import SourceError, TakeError
from answerprint.once import Once
from answerprint.take import Item, Take

MOST_DIGESTS = 100_000
MOST_MANIFESTS = 1000

Named = Mapping[str, str]  # by frame, as a manifest names it: 1001 or w001/1001
Files = dict[str, tuple[int, str]]

_VARIATION = re.compile(r"w\d+/-?\d+\Z")


class Sealed(NamedTuple):
    """What a take was closed with.

    frames   digest of each frame's pixels
    names    of each frame's file, within the take
    digest   one of all their digests
    qc       the gates' word, as the manifest has it
    """

    frames: Named
    names: Named
    digest: str
    qc: str


_MANIFESTS: Once[Sealed] = Once(MOST_MANIFESTS)
_DIGESTS: Once[str] = Once(MOST_DIGESTS)


def sealed(take: Take) -> Sealed:
    """Raises TakeError: the take is not complete, or its manifest is damaged."""
    file = take.private / "manifest.json"
    try:
        return _MANIFESTS.of(file, file.stat(), lambda: _sealed(take, file))
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise TakeError(
            f"{take.name} {take.label} has no manifest that can be read.",
            remedy="See 'answerprint verify'.",
        ) from error


def files(take: Take, sealed: Sealed) -> Files:
    """Size and time of each frame's file, by its name within the take; of those that are there."""
    found = {}
    for name in sealed.names.values():
        with suppress(OSError):
            found[name] = _state(_facts(take, name))
    return found


def untouched(take: Take, sealed: Sealed) -> Files:
    """Those of `files` that nothing happened to since the manifest was written, which was last.

    One of the manifest's own tick is not among them: a file system's clock stands still for some
    milliseconds (FAT's for two seconds), and what was changed just after is no younger by it.
    """
    closed = (take.private / "manifest.json").stat().st_mtime_ns
    found = {}
    for name in sealed.names.values():
        with suppress(OSError):
            facts = _facts(take, name)
            # one that was moved here was written long ago, and changed when it was moved
            if max(facts.st_mtime_ns, facts.st_ctime_ns) < closed:
                found[name] = _state(facts)
    return found


def changed(take: Take, sealed: Sealed, known: Mapping[str, tuple[int, str]]) -> str:
    """What is not as it was, in words; '' where all is.

    known   files that are the right ones if they are of this size and time still
    """
    for key, name in sealed.names.items():
        why = _changed(take, key, name, sealed.frames[key], known.get(name))
        if why:
            return why
    return ""


def _changed(take: Take, key: str, name: str, pixels: str, known: tuple[int, str] | None) -> str:
    try:
        facts = _facts(take, name)
        if known == _state(facts):
            return ""
        path = take.folder / name
        same = _DIGESTS.of(path, facts, lambda: _digest(path)) == pixels
    except FileNotFoundError:
        return f"frame {key} is gone"
    except OSError as error:
        return f"frame {key} cannot be looked at: {error.strerror}"
    except SourceError:
        return f"frame {key} cannot be read any more"
    return "" if same else f"the pixels of {key} are others since"


def _sealed(take: Take, file: Path) -> Sealed:
    manifest = documents.read(file)["manifest"]
    frames = {
        str(Item.parse(key)): str(facts["pixels"]) for key, facts in manifest["frames"].items()
    }
    if any("/" in key and not _VARIATION.match(key) for key in frames):
        raise ValueError("a frame outside the take")
    total = hashlib.sha256(documents.canonical(frames)).hexdigest()
    names = {key: take.file(*Item.parse(key)).relative_to(take.folder).as_posix() for key in frames}
    judged = manifest.get("qc")
    return Sealed(frames, names, total, str(judged.get("verdict", "")) if judged else "")


def _facts(take: Take, name: str) -> os.stat_result:
    return os.stat(f"{take.folder}/{name}")  # noqa: PTH116 - of every frame of a list of takes


def _state(facts: os.stat_result) -> tuple[int, str]:
    return facts.st_size, str(facts.st_mtime_ns)


def _digest(path: Path) -> str:
    from answerprint import medium  # noqa: PLC0415 - mostly nothing has changed, and no file is read

    return medium.digest(medium.read(path))
