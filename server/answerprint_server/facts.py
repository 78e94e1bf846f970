"""Facts: all that the watch knows of a server and its clients, as its last round left it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from answerprint import guard, rollout
from answerprint.errors import AnswerprintError, SetupError
from answerprint.rollout import Rollout
from answerprint_server.watched import Model

Series = Mapping[tuple[str, ...], float]


@dataclass(frozen=True)
class Facts:
    """One round's.

    at         when it ended, in seconds since 1970; 0: there was none yet
    up         whether the server itself answered
    restarts   of the embedded server by its supervisor; None: another one is watched
    clients    name of a counter -> labels -> how much: see `clients.LABELS`
    unreadable outcomes of clients that were passed over
    plan       the roll-out that is in force, so far as its file says it; None: there is none
    readable   whether that file can be read as it is now; None: there is none
    halted     (task, version) of candidates that the guard has halted -> why
    ends       certificate -> when it ends, in seconds since 1970
    disks      what lies there -> bytes free, and bytes in all
    """

    at: float = 0.0
    up: bool = False
    models: tuple[Model, ...] = ()
    restarts: int | None = None
    clients: Mapping[str, Series] = field(default_factory=dict)
    unreadable: int = 0
    plan: Rollout | None = None
    readable: bool | None = None
    halted: Mapping[tuple[str, str], str] = field(default_factory=dict)
    ends: Mapping[str, float] = field(default_factory=dict)
    disks: Mapping[str, tuple[int, int]] = field(default_factory=dict)


class Planned:
    """The roll-out's file, read again where it changed; a broken one leaves what was known."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._file = folder / rollout.FILE if folder else None
        self._mark: tuple[int, int] | None = None
        self.plan: Rollout | None = None
        self.readable: bool | None = None

    def look(self) -> None:
        if self._file is None:
            return
        mark = _mark(self._file)
        if mark is not None and mark == self._mark:
            return
        self._mark = mark
        try:
            self.plan, self.readable = rollout.read(self._file), True
        except SetupError:
            self.readable = False if mark is not None or self.plan is not None else None

    def halted(self) -> dict[tuple[str, str], str]:
        """Candidates that the guard has halted, and why."""
        tasks = self.plan.tasks.items() if self.plan else ()
        named = [(name, one.candidate) for name, one in tasks if one.candidate]
        found = {key: self._why(*key) for key in named}
        return {key: why for key, why in found.items() if why}

    def _why(self, task: str, version: str) -> str:
        try:
            return guard.halted(self._folder, task, version) if self._folder else ""
        except AnswerprintError as error:  # the name of no task: it gets no job either
            return error.problem


def disks(places: Mapping[str, Path | None]) -> dict[str, tuple[int, int]]:
    """Bytes free, and in all, of the disks that these lie on; without what cannot be asked."""
    found = {}
    for name, path in places.items():
        with suppress(OSError):
            if path is not None:
                used = shutil.disk_usage(path)
                found[name] = used.free, used.total
    return found


def _mark(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size
