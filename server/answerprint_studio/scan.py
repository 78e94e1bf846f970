"""Scanning: which take folders there are below the roots, and which of them have changed.

Nothing is walked twice without need. A folder that takes come to is listed again when its time
moves; of a take the times of three folders are looked at, and of one that is not complete the sizes
of what is written. File systems that are slow to tell are why everything is walked anew at times.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from answerprint.take import NUMBER

DEEPEST = 8  # folders below a root
SETTLED_SECONDS = 2.0  # a folder's time may be as coarse


@dataclass
class Folders:
    """What is known of the folders below the roots: those that takes lie below, and the takes.

    above   folder -> its time when it was listed; 0 where it has to be listed again
    takes   folders of takes, by the folder they lie in
    """

    roots: tuple[str, ...]
    above: dict[str, int] = field(default_factory=dict)
    depths: dict[str, int] = field(default_factory=dict)
    takes: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def below(cls, roots: tuple[Path, ...]) -> Folders:
        names = tuple(root.absolute().as_posix() for root in roots)
        return cls(names, dict.fromkeys(names, 0), dict.fromkeys(names, 0))

    def every(self) -> set[str]:
        return {take for held in self.takes.values() for take in held}

    def forget_times(self) -> None:
        """Have every folder listed again when its turn comes."""
        self.above = dict.fromkeys(self.above, 0)

    def look(self, folder: str) -> set[str]:
        """List a folder again if it has changed; returns what is new or gone: takes' folders.

        New folders in it are listed at once, with all that they hold.
        """
        known = self.above.get(folder)
        if known is None:
            return set()
        try:
            changed = os.stat(folder).st_mtime_ns  # noqa: PTH116 - thousands of them
        except (FileNotFoundError, NotADirectoryError):
            return self._gone(folder)
        except OSError:  # it may come back
            return set()
        return set() if known == changed else self._listed(folder, changed)

    def _listed(self, folder: str, changed: int) -> set[str]:
        takes: set[str] = set()
        inner: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or not _is_folder(entry):
                        continue
                    path = f"{folder.rstrip('/')}/{entry.name}"
                    (takes.add if _is_take(path, entry.name) else inner.append)(path)
        except OSError:
            return set()
        is_settled = time.time() - changed / 1e9 > SETTLED_SECONDS
        self.above[folder] = changed if is_settled else 0
        before = self.takes.get(folder, set())
        self.takes[folder] = takes
        moved = takes ^ before
        if self.depths[folder] < DEEPEST:
            for path in inner:
                if path not in self.above:
                    self.above[path], self.depths[path] = 0, self.depths[folder] + 1
                    moved |= self.look(path)
        return moved

    def _gone(self, folder: str) -> set[str]:
        """A root stays: a share may be away for a while, and comes back with all its takes."""
        below = [one for one in self.above if one == folder or one.startswith(f"{folder}/")]
        lost: set[str] = set()
        for one in below:
            lost |= self.takes.pop(one, set())
            if one in self.roots:
                self.above[one] = 0
            else:
                del self.above[one], self.depths[one]
        return lost


def stamp(folder: str, *, is_complete: bool) -> str | None:
    """Another one when something of a take may have changed; None where it is gone.

    Of a complete one new documents and reviews are told by their folders' times.
    """
    private = f"{folder}/.take"
    try:
        times = [os.stat(path).st_mtime_ns for path in (folder, private)]  # noqa: PTH116
    except OSError:
        return None
    times.append(_time(f"{private}/reviews"))
    said = [str(one) for one in times]
    if not is_complete:
        said += sorted(_sizes(private))
    return " ".join(said)


def _time(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116
    except OSError:
        return 0


def _sizes(private: str) -> Iterator[str]:
    try:
        with os.scandir(private) as entries:
            for entry in entries:
                if entry.name.startswith("events"):
                    yield f"{entry.name}:{entry.stat().st_size}"
    except OSError:
        return


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_take(path: str, name: str) -> bool:
    return bool(NUMBER.fullmatch(name)) and os.path.isdir(f"{path}/.take")  # noqa: PTH112


class Rounds:
    """Goes through what there is a bit at a time, and begins anew when it is through."""

    def __init__(self, every: Callable[[], list[str]]) -> None:
        self._every = every
        self._left: Iterator[str] = iter(())

    def some(self, seconds: float, most: int) -> Iterator[str]:
        """The next ones: no more than `most`, no longer than this, and none twice in one call."""
        until = time.monotonic() + seconds
        is_begun = False
        for _ in range(most):
            one = next(self._left, None)
            if one is None:
                if is_begun:
                    return
                self._left, is_begun = iter(self._every()), True
                one = next(self._left, None)
                if one is None:
                    return
            yield one
            if time.monotonic() > until:
                return
