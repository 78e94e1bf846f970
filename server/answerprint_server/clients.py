"""Clients: what became of artists' frames, counted from the outcomes that their runs leave behind.

Counters only ever grow: outcomes are tidied away after a while, and stay counted. What was there
before the watch began is not: it was counted by the watch before, or nobody asked for it.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from itertools import islice
from pathlib import Path

from answerprint import errors, outcome
from answerprint.errors import AnswerprintError
from answerprint.outcome import Outcome

MOST_SHOWS = 100
MOST_VERSIONS = 500  # of all tasks together
MOST_LETTERS = 64
MOST_FILES = 20_000  # names in one folder
SETTLED_SECONDS = 3.0  # a folder's time may be as coarse
OTHER = "other"

_OF = ("task", "version")
# counter -> its labels, and what it counts
LABELS: dict[str, tuple[tuple[str, ...], str]] = {
    "frames": (
        (*_OF, "show", "state"),
        "Frames of runs: done, failed, or mirrored, which nobody is shown.",
    ),
    "jobs": ((*_OF, "show", "state"), "Artists' runs by how they ended."),
    "stage_seconds": ((*_OF, "stage"), "What frames took, by stage, summed."),
    "megapixels": (_OF, "Megapixels (million points, million voxels) of frames that are done."),
    "failures": ((*_OF, "kind"), "Frames that failed, by the error."),
    "qc": ((*_OF, "verdict"), "Frames by the worst verdict of their quality checks."),
}
STAGES = ("read", "infer", "model", "judge", "write")
_KINDS = {name for name, one in vars(errors).items() if isinstance(one, type)}


class Tally:
    """Of one roll-out's folder; None: nothing is counted. `look` may take as long as the share does."""

    def __init__(self, folder: Path | None) -> None:
        self.counts: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
        self.unreadable = 0
        self._folders = _Folders(folder)
        self._seen: set[str] | None = None
        self._shows: set[str] = set()
        self._versions: set[tuple[str, str]] = set()
        self.look()

    def look(self) -> None:
        """Count what has come since the last look."""
        there = self._folders.files()
        if self._seen is None:  # what lies there was there before, whenever it can be seen
            self._seen = set(there) if self._folders.is_there() else None
            return
        for name in there.keys() - self._seen:
            one = _read(there[name])
            if one is None:
                self.unreadable += 1
            else:
                self._count(one)
        self._seen = set(there)

    def _count(self, one: Outcome) -> None:
        of = self._version(one.task, one.version)
        show = self._show(one.show)
        if one.mirrored:
            self.counts["frames"].update({(*of, show, "mirrored"): one.frames})
            return
        done = {(*of, show, "done"): one.frames, (*of, show, "failed"): one.failed}
        self.counts["frames"].update(done)
        self.counts["jobs"].update({(*of, show, one.state): 1})
        for stage, seconds in one.seconds.items():
            self._add("stage_seconds", (*of, stage if stage in STAGES else OTHER), seconds)
        self._add("megapixels", of, one.megapixels)
        for kind, count in one.failures.items():
            self.counts["failures"].update({(*of, kind if kind in _KINDS else OTHER): count})
        passed = max(0, one.frames - one.warned - one.failed_qc)
        words = {"pass": passed, "warn": one.warned, "fail": one.failed_qc}
        self.counts["qc"].update({(*of, verdict): count for verdict, count in words.items()})

    def _add(self, name: str, key: tuple[str, ...], amount: float) -> None:
        # Counter is typed for whole numbers, and adds any
        self.counts[name][key] += amount  # type: ignore[assignment]

    def _version(self, task: str, version: str) -> tuple[str, str]:
        key = _short(task), _short(version)
        if key in self._versions or len(self._versions) < MOST_VERSIONS:
            self._versions.add(key)
            return key
        return OTHER, OTHER

    def _show(self, show: str | None) -> str:
        """A show's own name: the first so many, and the others together."""
        name = _short(show or "")
        if name in self._shows or len(self._shows) < MOST_SHOWS:
            self._shows.add(name)
            return name
        return OTHER


class _Folders:
    """Where outcomes lie, TASK/VERSION; one that did not change is not listed again."""

    def __init__(self, folder: Path | None) -> None:
        self._top = folder / outcome.FOLDER if folder else None
        self._held: dict[Path, tuple[int, list[Path]]] = {}

    def is_there(self) -> bool:
        """Whether the roll-out's folder can be seen just now; a share may be away."""
        try:
            return self._top is not None and self._top.parent.is_dir()
        except OSError:
            return False

    def files(self) -> dict[str, Path]:
        """Outcomes by their names, which are never given twice; what they hold is not looked at."""
        return {path.name: path for folder in self._all() for path in self._listed(folder)}

    def _all(self) -> list[Path]:
        """While the share is away, those that were known: none of theirs is new when it is back."""
        if self._top is None or not self.is_there():
            return list(self._held)
        try:
            found = sorted(self._top.glob("*/*"))[:MOST_VERSIONS]
        except OSError:
            return list(self._held)
        self._held = {path: one for path, one in self._held.items() if path in found}
        return found

    def _listed(self, folder: Path) -> list[Path]:
        changed, known = _changed(folder), self._held.get(folder)
        if known is None or known[0] != changed or _age(changed) < SETTLED_SECONDS:
            try:
                known = changed, _entries(folder)
            except OSError:
                return known[1] if known else []
            self._held[folder] = known
        return known[1]


class Recent:
    """The newest of one roll-out's folder. An outcome never changes: each is opened once."""

    def __init__(self, folder: Path | None) -> None:
        self._folders = _Folders(folder)
        self._dated: dict[Path, int] = {}
        self._held: dict[Path, Outcome | None] = {}

    def look(self, seconds: float, most: int = 500) -> list[Outcome]:
        """Outcomes that were written in the last so many seconds, the newest first."""
        there = self._folders.files().values()
        self._dated = {path: self._dated.get(path) or _changed(path) for path in there}
        since = (time.time() - seconds) * 1e9
        dated = ((at, path) for path, at in self._dated.items() if at >= since)
        newest = [path for _, path in sorted(dated, reverse=True)[:most]]
        self._held = {
            path: self._held[path] if path in self._held else _read(path) for path in newest
        }
        return [one for one in self._held.values() if one is not None]


def _read(path: Path) -> Outcome | None:
    try:
        return outcome.read(path)
    except AnswerprintError:
        return None


def _entries(folder: Path) -> list[Path]:
    """Raises OSError."""
    found = (path for path in folder.iterdir() if path.suffix == ".json")
    return [path for path in islice(found, MOST_FILES) if not _is_none(path.name)]


def _is_none(name: str) -> bool:
    return name.startswith(".") or name == outcome.HALTED


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _age(changed: int) -> float:
    return abs(time.time() - changed / 1e9)


def _short(text: str) -> str:
    """As a label: printable, and no longer than anybody reads."""
    return "".join(letter for letter in text if letter.isprintable())[:MOST_LETTERS]
