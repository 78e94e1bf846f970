"""Mapping: one folder's names on Linux, Windows and macOS, and a path from any of them to this one.

A studio mounts a share as /mnt/p, P:/ and /Volumes/p. Scripts, jobs and takes carry the spelling
of whoever made them; the site says which of them mean the same folder.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator

from answerprint.documents import Document

System = Literal["linux", "windows", "macos"]
SYSTEMS: tuple[System, ...] = ("linux", "windows", "macos")
HERE: System = (
    "windows" if sys.platform == "win32" else "macos" if sys.platform == "darwin" else "linux"
)

_DRIVE = re.compile(r"[A-Za-z]:")
# what only Windows writes: a drive, or a share's two backslashes
_FROM_WINDOWS = re.compile(r"[A-Za-z]:($|[\\/])|\\\\[^\\]")


def _posix_folder(text: str) -> str:
    if not text.startswith("/") or not _posix(text) or ".." in _posix(text):
        raise ValueError(f"'{text}' is no folder like /mnt/projects")
    return text


def _windows_folder(text: str) -> str:
    found = _windows(text)
    if not found or ".." in found or (found[0] == "//" and len(found) < 3):
        raise ValueError(f"'{text}' is no folder like P:/ or //server/share")
    return text


class Mapping(Document):
    """One folder, as each system names it; None: it is not there on that system."""

    linux: Annotated[str, AfterValidator(_posix_folder)] | None = None
    windows: Annotated[str, AfterValidator(_windows_folder)] | None = None
    macos: Annotated[str, AfterValidator(_posix_folder)] | None = None

    def of(self, system: System) -> str | None:
        return {"linux": self.linux, "windows": self.windows, "macos": self.macos}[system]


def local(text: str, mappings: Iterable[Mapping], system: System = HERE) -> str:
    """A path in any system's spelling as `system` spells it; one that no mapping knows is unchanged.

    A path that lies in a folder of this system's own is right already and stays, whatever the folder
    is called elsewhere. Of the others the longest that it lies in decides, whole names only.
    Windows' drives, servers and folders are the same in either case. The result has forward slashes.
    """
    known = [(one, goal) for one in mappings if (goal := one.of(system)) is not None]
    if any(_below(text, goal, system) is not None for _, goal in known):
        return text
    best, longest = text, 0
    for mapping, goal in known:
        for origin in SYSTEMS:
            folder = mapping.of(origin)
            rest = None if folder is None else _below(text, folder, origin)
            length = len(_names(folder or "", origin))
            if rest is not None and length > longest:
                best, longest = _joined(goal, rest, system), length
    return best


def foreign(path: Path) -> bool:
    """Whether a path is spelled as Windows does, on a system that reads it as one strange name."""
    return os.name == "posix" and any(_FROM_WINDOWS.match(part) for part in path.parts)


def elsewhere(text: str, system: System = HERE) -> str:
    """Where a path is spelled like this, in words, if that is not here; '' of all others.

    Here it would be taken for a folder below the current one, or on the current drive.
    """
    if system != "windows":
        return "on Windows" if _FROM_WINDOWS.match(text) else ""
    plain = text.replace("\\", "/")
    return "on Linux or macOS" if plain.startswith("/") and not plain.startswith("//") else ""


def _below(text: str, folder: str, system: System) -> list[str] | None:
    """The names below a folder that lead to a path; None where it does not lie in it."""
    names, held = _names(folder, system), _names(text, system)
    own, rest = held[: len(names)], held[len(names) :]
    if not names or _compared(own, system) != _compared(names, system) or _climbs(rest):
        return None
    return rest


def _compared(names: list[str], system: System) -> list[str]:
    """Windows tells no upper case from lower, letter by letter: no name becomes longer."""
    if system != "windows":
        return names
    fold = [[one.upper() if len(one.upper()) == 1 else one for one in name] for name in names]
    return ["".join(letters) for letters in fold]


def _climbs(names: Iterable[str]) -> bool:
    """Whether a way down leads out above where it began, as ../b and a/../../b do."""
    depth = 0
    for name in names:
        depth += {"..": -1, ".": 0}.get(name, 1)
        if depth < 0:
            return True
    return False


def _names(text: str, system: System) -> list[str]:
    """An absolute path's names from its root on; none where it is not one of that system."""
    return _windows(text) if system == "windows" else _posix(text)


def _posix(text: str) -> list[str]:
    return [name for name in text.split("/") if name] if text.startswith("/") else []


def _windows(text: str) -> list[str]:
    """'P:', 'shots', 'a'; of a share '//', 'server', 'share', 'a'."""
    plain = text.replace("\\", "/")
    names = [name for name in plain.split("/") if name]
    if plain.startswith("//"):
        return ["//", *names]
    return names if names and not plain.startswith("/") and _DRIVE.fullmatch(names[0]) else []


def _joined(folder: str, names: list[str], system: System) -> str:
    plain = folder.replace("\\", "/") if system == "windows" else folder
    root = plain.rstrip("/")
    return "/".join([root, *(names or ([""] if _DRIVE.fullmatch(root) else []))])
