"""Paths as Houdini writes them, with $F4 for the frame, and as the engine does, with ####."""

from __future__ import annotations

import os
import re
from typing import Callable, List, Optional, Tuple

_FRAME = re.compile(r"\$F(\d?)(?![A-Za-z0-9_])|\$\{F(\d?)\}")
_HASHES = re.compile(r"#+")
_RUNS = re.compile(r"[$`]")
_SEVEN, _EIGHT = 7, 8
_TRIED = (12, 1234, 12345, 1234567)  # the last tells $F5 after a 0 from $F6
MOST_LOOKED_AT = 20_000
GEOMETRY = (".bgeo.gz", ".geo.gz", ".bgeo", ".geo", ".vdb", ".usdc", ".usda", ".usd")
IMAGES = (".exr", ".sxr")
ONLY_HOUDINI = (".sc", ".lzma", ".bz2")  # packed so that nothing but Houdini reads them


def pattern(at: Callable[[int], str]) -> Optional[str]:
    """The path of a parameter, its frame as ####, or as it is where it names one file.

    Whatever stands in it (variables, channel references, expressions) is Houdini's to evaluate: `at`
    says what it is at a frame. None: it does not count frames by one number.
    """
    seven, eight = _slashed(at(_SEVEN)), _slashed(at(_EIGHT))
    if seven == eight:
        return seven
    if len(seven) != len(eight):
        return None
    ends = [index for index, (one, other) in enumerate(zip(seven, eight)) if one != other]
    if any(seven[index] != "7" or eight[index] != "8" for index in ends):
        return None
    for width in range(_zeros(seven, ends[-1]) + 1, 0, -1):
        found = _hashed(seven, ends, width)
        if all(numbered(found, frame) == _slashed(at(frame)) for frame in _TRIED):
            return found
    return None


def _zeros(text: str, end: int) -> int:
    return len(text[:end]) - len(text[:end].rstrip("0"))


def _hashed(text: str, ends: List[int], width: int) -> str:
    for end in reversed(ends):
        text = text[: end + 1 - width] + "#" * width + text[end + 1 :]
    return text


def _slashed(path: str) -> str:
    return path.replace("\\", "/")


def numbered(path: str, frame: int) -> str:
    """A pattern with a frame's number in its place."""
    return _HASHES.sub(lambda found: str(frame).zfill(len(found.group())), path)


def to_houdini(path: str) -> str:
    """The engine's #### as Houdini counts: $F4."""
    return _HASHES.sub(
        lambda found: f"$F{len(found.group())}" if len(found.group()) > 1 else "$F", path
    )


def from_houdini(said: str) -> str:
    """The raw text of a file parameter, its frame as ####; whatever else is evaluated is left in."""
    hashes = _FRAME.sub(lambda found: "#" * int(found.group(1) or found.group(2) or 1), said)
    return _slashed(hashes)


def is_plain(said: str) -> bool:
    """Whether a path stands for itself: absolute, and nothing in it but the frame is evaluated."""
    path = from_houdini(said)
    absolute = path.startswith("/") or re.match(r"[A-Za-z]:/", path) is not None
    return absolute and not _RUNS.search(path)


def ends_in(path: str, endings: Tuple[str, ...]) -> bool:
    return path.lower().endswith(endings)


def stem(path: str) -> str:
    """The file's name without its frame and ending, as an artist calls it."""
    name = path.rpartition("/")[2]
    ending = next((one for one in (*GEOMETRY, *IMAGES) if name.lower().endswith(one)), "")
    name = name[: -len(ending)] if ending else name
    return _HASHES.sub("", name).strip("._- ") or name or path


def on_disk(path: str) -> Optional[Tuple[int, int]]:
    """First and last frame that is there, (1, 1) of a single file; None: nothing is there."""
    folder, _, name = path.rpartition("/")
    if not _HASHES.search(path):
        return (1, 1) if os.path.isfile(path) else None
    matching = re.compile(r"(-?\d+)".join(re.escape(part) for part in _HASHES.split(name)) + "$")
    found = []
    try:
        with os.scandir(folder or "/") as entries:
            for looked, entry in enumerate(entries):
                matched = matching.match(entry.name)
                if matched and matched.groups():
                    found.append(int(matched.group(1)))
                if looked >= MOST_LOOKED_AT:
                    break  # a folder that full is the engine's to look through
    except OSError:
        return None
    return (min(found), max(found)) if found else None
