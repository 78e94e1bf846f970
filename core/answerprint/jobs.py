"""Jobs: the user's runs that go on by themselves, whoever started them, as their files say."""

from __future__ import annotations

import os
import time
from pathlib import Path

from answerprint.folder import unreadable
from answerprint.followed import Document, Followed, Lives
from answerprint.note import Files, job_of

SETTLED_SECONDS = 2.0  # a folder's time may be as coarse


class Jobs:
    """The jobs of a folder, looked at again and again; what did not change costs next to nothing.

    lives      whether a process runs that began at a time: `lives(pid, born)`
    is_behind  whether there is more to read than one look takes in: look again at once
    """

    def __init__(self, folder: Path, lives: Lives) -> None:
        self._folder, self._lives = folder, lives
        self._jobs: dict[str, Followed] = {}
        self._told: dict[str, Document] = {}
        self._listed = 0
        self.is_behind = False

    def look(self) -> list[Document]:
        """Documents of the jobs that have changed since the last look, the newest first.

        Of one that is gone from the folder `state` is forgotten. Raises TakeError: the folder
        cannot be read.
        """
        gone = self._list()
        moved = [job.look(self._lives) for job in self._jobs.values()]
        self.is_behind = any(job.is_behind for job in self._jobs.values())
        if not gone and not any(moved):
            return []
        changed = [one for one in self._documents() if self._told.get(one["job"]) != one]
        self._told.update({one["job"]: one for one in changed})
        return [*({"job": name, "state": "forgotten"} for name in gone), *changed]

    def _documents(self) -> list[Document]:
        """Of those that are read to their end; a newer job of the same take speaks for it."""
        newest: dict[str, str] = {}
        found = []
        for job in sorted(self._jobs.values(), key=lambda one: one.files.job, reverse=True):
            document = job.document
            if not document:
                continue
            newer = newest.setdefault(document["path"] or job.files.job, job.files.job)
            if newer != job.files.job:
                document = {**document, "resumable": False, "followed": newer}
            found.append(document)
        return found

    def _list(self) -> list[str]:
        """Take in who came; returns who is gone, of those that were told."""
        try:
            changed = self._folder.stat().st_mtime_ns
        except FileNotFoundError:
            names: set[str] = set()
        except OSError as error:
            raise unreadable(self._folder, error) from error
        else:
            if changed == self._listed and time.time() - changed / 1e9 > SETTLED_SECONDS:
                return []
            self._listed = changed
            names = self._names()
        jobs = {name.removesuffix(".json") for name in names if _is_note(name)}
        gone = self._jobs.keys() - jobs
        for name in gone:
            del self._jobs[name]
        for name in jobs:
            if name not in self._jobs:
                self._jobs[name] = Followed(Files(self._folder, name))
            self._jobs[name].is_cancelled = f"{name}.cancel" in names
        return [name for name in sorted(gone) if self._told.pop(name, None)]

    def _names(self) -> set[str]:
        try:
            return set(os.listdir(self._folder))  # noqa: PTH208 - names alone: there are hundreds
        except OSError as error:
            raise unreadable(self._folder, error) from error


def _is_note(name: str) -> bool:
    job = job_of(name)
    return bool(job) and name == f"{job}.json"
