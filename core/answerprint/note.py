"""Notes: what each job that goes on by itself leaves in the user's folder, so that others find it.

jobs/20261128T101500123456_ab12cd.json    the note: what was asked, when and from where
                                 .job.json   the job's document, where it has one
                                 .jsonl      its events, as the verb prints them
                                 .log        what else it says
                                 .pid        its process, and when that began
                                 .cancel     somebody asked it to end; it looks for this itself
                                 .read.json  what its events add up to, so far as they were read
"""

from __future__ import annotations

import functools
import os
import re
import secrets
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from answerprint import documents, holder
from answerprint.documents import OpenDocument, explain
from answerprint.errors import JobError, TakeError

MOST_NOTE_BYTES = 4 << 20
MOST_PID_BYTES = 100

_JOB = re.compile(r"\d{8}T\d{12}_[0-9a-f]{6}")
# of what is being written: .20261128T101500123456_ab12cd.json.9f..e1.part
_ASIDE = re.compile(rf"\.({_JOB.pattern})\.[\w.]+\.part")


class Note(OpenDocument):
    """What is known of a job when it is started; none of it is a secret.

    kind      a run of a new take, a take that is resumed, or one that is run again
    argv      as it is carried out, without a job's document; cwd: where
    machine   where its process is; hardware: tells it from others of its name, '' where nothing does
    starter   the process that started it, and when that began
    of        the take that is resumed or run again
    host, node, script   where the panel was: 'nuke 15.1v2', 'Group1.Read3', a path
    """

    schema_: Literal["answerprint.note/v1"] = Field("answerprint.note/v1", alias="schema")
    kind: Literal["run", "resume", "rerun"]
    argv: tuple[str, ...]
    cwd: str
    machine: str
    hardware: str = ""
    starter: tuple[int, float]
    started: str
    of: str = ""
    task: str = ""
    plate: str = ""
    frames: str = ""
    host: str = ""
    node: str = ""
    script: str = ""

    @property
    def is_here(self) -> bool:
        """Whether its process is one of this machine: copies of one image have equal names."""
        machine, hardware = here()
        known = self.hardware and hardware
        return self.machine == machine and (not known or self.hardware == hardware)


@dataclass(frozen=True)
class Files:
    """The files of one job."""

    folder: Path
    job: str

    @classmethod
    def new(cls, folder: Path) -> Files:
        """Of a job that is about to start: named after the time."""
        name = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S%f}_{secrets.token_hex(3)}"
        return cls(folder, name)

    @classmethod
    def find(cls, folder: Path, job: str) -> Files:
        """Of a job that is there. Raises JobError: there is none."""
        files = cls(folder, job)
        if not is_job(job) or not files.note.is_file():
            raise JobError(
                f"There is no job {job!a}.",
                remedy="'answerprint jobs' lists them; the oldest that have ended are let go.",
            )
        return files

    @property
    def note(self) -> Path:
        return self._file(".json")

    @property
    def document(self) -> Path:
        return self._file(".job.json")

    @property
    def events(self) -> Path:
        return self._file(".jsonl")

    @property
    def log(self) -> Path:
        return self._file(".log")

    @property
    def pid(self) -> Path:
        return self._file(".pid")

    @property
    def cancel(self) -> Path:
        return self._file(".cancel")

    @property
    def read(self) -> Path:
        return self._file(".read.json")

    def process(self) -> tuple[int, float] | None:
        """Its process, and when that began; None: not written down, or not by us."""
        try:
            if self.pid.stat().st_size > MOST_PID_BYTES:
                return None
            pid, born = self.pid.read_text(encoding="ascii").split()
            return int(pid), float(born)
        except (OSError, ValueError):
            return None

    def note_process(self, pid: int, born: float) -> None:
        """Write down which process it is, in one piece. Raises OSError."""
        aside = self.folder / f".{self.job}.pid.{os.getpid()}.part"
        try:
            aside.write_text(f"{pid} {born}", encoding="ascii")
            aside.replace(self.pid)
        finally:
            aside.unlink(missing_ok=True)

    def noted(self) -> Note:
        """Raises TakeError: the note is none; OSError: it cannot be read just now, or is gone."""
        if self.note.stat().st_size > MOST_NOTE_BYTES:
            raise _damaged(self.note, f"it has more than {MOST_NOTE_BYTES:,} bytes")
        try:
            return Note.model_validate(documents.read(self.note))
        except ValidationError as error:
            raise _damaged(self.note, explain(error)) from error
        except TakeError as error:
            said = error.__cause__
            if isinstance(said, OSError):
                raise said from error
            raise _damaged(self.note, str(said) if said else error.problem) from error

    def last_written(self) -> float:
        """When it last said something, in seconds since 1970; 0 where nothing is left of it."""
        for file in (self.events, self.note):
            with suppress(OSError):
                return file.stat().st_mtime
        return 0.0

    def remove(self) -> None:
        """All of them; the note last, so that what is left of a broken removal is still a job."""
        files = sorted(self.folder.glob(f"{self.job}.*"), key=lambda one: one == self.note)
        for file in files:
            with suppress(FileNotFoundError):
                file.unlink()

    def _file(self, ending: str) -> Path:
        return self.folder / f"{self.job}{ending}"


def is_job(name: str) -> bool:
    """Whether a job can have this name: what else lies in the folder is not ours."""
    return _JOB.fullmatch(name) is not None


def job_of(name: str) -> str:
    """The job that a file in the folder belongs to; '' for others', and for what is aside."""
    job = name.partition(".")[0]
    return job if is_job(job) else ""


def is_aside(name: str) -> bool:
    """Whether it is a file of a job while it is written, or one that was never finished."""
    return _ASIDE.fullmatch(name) is not None


@functools.cache
def here() -> tuple[str, str]:
    """(machine, hardware) of this one, as a lease names them."""
    return socket.gethostname(), holder.myself().hardware


def facts(job: dict[str, Any]) -> dict[str, str]:
    """What a note holds of a job's document."""
    named = ("task", "plate", "frames", "host", "node", "script")
    return {name: str(job[name]) for name in named if job.get(name) is not None}


def _damaged(note: Path, why: str) -> TakeError:
    return TakeError(
        f"The note of job {note.stem} cannot be read: {why.rstrip('.')}.",
        remedy="Its take, if it has one, stands among the takes. Remove the job from the list.",
    )
