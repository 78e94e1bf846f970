"""Outcomes: what became of a run, one small document for each, which a studio keeps beside its roll-out.

ROLLOUT/outcomes/TASK/VERSION/JOB_xxxxxxxx.json

By them the guard judges a candidate, and dashboards count what artists' frames come to. Everybody
who runs jobs writes there: what is read is held to limits, and what cannot be read is counted.
"""

from __future__ import annotations

import getpass
import itertools
import os
import re
import socket
import stat
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, ValidationError

from answerprint import documents
from answerprint.documents import OpenDocument, explain
from answerprint.errors import JobError, TakeError
from answerprint.journal import Event
from answerprint.rollout import Sha256, Version

FOLDER = "outcomes"
HALTED = "halted.json"  # lies among them; see guard
MOST_BYTES = 64 << 10
MOST_FILES = 5000  # of one version; the oldest go
MOST_LOOKED_AT = 50_000  # names in a folder: somebody may have filled it
MOST_READ = 500  # of the newest: who judges wants no more
DAYS = 90.0
MOST_KINDS = 100  # of failures, and of stages

TASK = r"^[a-z][a-z0-9_]{0,99}$"
JOB = r"^[0-9A-Za-z-]{1,64}$"
_VERSION = r"[1-9][0-9]{0,8}"

Count = Annotated[int, Field(ge=0, le=documents.MOST_INT, strict=True)]
Amount = Annotated[float, Field(ge=0, le=1e15)]
MOST_WORD = 256
Word = Annotated[str, Field(max_length=MOST_WORD)]
Key = Annotated[str, Field(max_length=64)]


class Outcome(OpenDocument):
    """What became of one run of a take, or of a part of it.

    why         as the job got its version: "stable", "canary, 10 % of jobs"
    host        that asked: "nuke 15.1v2"
    server      that worked, without its port; all of them where the run went on at another
    state       as the take's journal says it: complete, part, incomplete, cancelled
    frames      that are done by this run; `made` of them by the model, the others are copies
    failures    error -> frames that it ended, like InferenceError -> 3
    warned, failed_qc   frames of this run by the worst word of the quality checks
    seconds     stage -> seconds of all its frames together: read, infer, model (as the model says
                itself), judge, write
    megapixels  of the frames that the model made, as the plate has them; of geometry, million
                points or voxels; 0: not known
    memory      bytes that the run's process held at most; 0: not known
    mirrored    nobody was shown the result
    """

    schema_: Literal["answerprint.outcome/v1"] = Field("answerprint.outcome/v1", alias="schema")
    job_id: Annotated[str, Field(pattern=JOB)]
    task: Annotated[str, Field(pattern=TASK)]
    version: Version
    sha256: Sha256
    why: Word = ""
    show: Word | None = None
    shot: Word | None = None
    user: Word = ""
    host: Word = ""
    machine: Word = ""
    server: Word = ""
    started: Word
    ended: Word
    state: Literal["complete", "part", "incomplete", "cancelled"]
    frames: Count
    made: Count = 0
    failures: Annotated[dict[Key, Count], Field(max_length=MOST_KINDS)] = {}
    warned: Count = 0
    failed_qc: Count = 0
    seconds: Annotated[dict[Key, Amount], Field(max_length=MOST_KINDS)] = {}
    megapixels: Amount = 0.0
    memory: Count = 0
    mirrored: bool = False

    @property
    def failed(self) -> int:
        """Frames that failed, whatever the reason."""
        return sum(self.failures.values())


@dataclass
class Tally:
    """Watches a run's events, and says at its end what they come to."""

    started: Event = field(default_factory=dict)
    state: str = "incomplete"
    frames: int = 0
    made: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    _servers: dict[str, None] = field(default_factory=dict)
    _words: dict[str, str] = field(default_factory=dict)

    def see(self, event: Event) -> None:
        match event["event"]:
            case "started":
                self.started = event
                self._servers[str(event["server"])] = None
            case "moved":
                self._servers[str(event["to"]).rpartition(":")[0]] = None
            case "frame":
                self.frames += 1
                self.made += "copied_from" not in event and "shows" not in event
                self.seconds.update(event.get("seconds", {}))
                self._judged(event)
            case "judged":
                self._judged(event)
            case "failed":
                self.failures[str(event.get("error", ""))] += 1
            case "finished":
                self.state = str(event["state"])

    def _judged(self, event: Event) -> None:
        """The worst word of each frame; one that passed may be warned of with the next."""
        word = event.get("qc", {}).get("verdict")
        item = f"{event.get('variation', '')}/{event['frame']}"
        if word == "fail" or (word == "warn" and self._words.get(item) != "fail"):
            self._words[item] = word

    def facts(self, megapixels: float) -> dict[str, Any]:
        """Fields of an outcome. `megapixels`: of one frame."""
        words, servers = Counter(self._words.values()), ", ".join(self._servers)
        return {
            **({"server": servers[:MOST_WORD]} if servers else {}),
            "state": self.state,
            "frames": self.frames,
            "made": self.made,
            "failures": dict(self.failures),
            "warned": words["warn"],
            "failed_qc": words["fail"],
            "seconds": {stage: round(took, 4) for stage, took in self.seconds.items()},
            "megapixels": round(megapixels * self.made, 6),
        }


class Outcomes(NamedTuple):
    """The newest first. `unreadable`: files among them that are no outcomes."""

    found: tuple[Outcome, ...]
    unreadable: int


def place(rollout: Path, task: str, version: str) -> Path:
    """The folder of a version's outcomes; it may not be there.

    Raises:
        JobError: the names are none of a task and a version.
    """
    check(task, version)
    return rollout / FOLDER / task / version


def check(task: str, version: str, job_id: str = "") -> None:
    """Whether these may become parts of a path; a job's document is a file that anybody may write.

    Raises:
        JobError: they may not.
    """
    if not re.fullmatch(TASK, task) or not re.fullmatch(_VERSION, version):
        raise JobError(
            f"There can be no version '{version[:20]}' of a task '{task[:50]}'.",
            remedy="'answerprint tasks' lists what the server has.",
        )
    if job_id and not re.fullmatch(JOB, job_id):
        raise JobError(
            f"'{job_id[:80]}' is no job's id.", remedy="Run the job again as a new take."
        )


def here() -> dict[str, str]:
    """Who, and where."""
    user = "unknown"
    with suppress(KeyError, OSError, ImportError):  # a user without an entry, as in a container
        user = getpass.getuser()
    return {"user": user, "machine": socket.gethostname()}


def make(fields: dict[str, Any]) -> Outcome:
    """An outcome from values.

    Raises:
        JobError: a value is wrong; names it.
    """
    try:
        return Outcome.model_validate(fields)
    except ValidationError as error:
        raise JobError(
            f"The outcome is wrong: {explain(error)}.",
            remedy="The take is as it is; tell the pipeline team.",
        ) from error


def write(rollout: Path, outcome: Outcome) -> Path:
    """Leave an outcome beside the roll-out; those that are too old go now and then.

    Raises:
        TakeError: it cannot be written; DiskFull if there is no space.
    """
    folder = place(rollout, outcome.task, outcome.version)
    mark = uuid.uuid4().hex[:8]
    path = folder / f"{outcome.job_id}_{mark}.json"
    try:
        make_folder(folder, rollout)
        documents.write(path, outcome.model_dump(mode="json", by_alias=True))
    except OSError as error:
        raise documents.unwritable(folder, error) from error
    if mark[0] == "0":  # one in sixteen
        tidy(folder)
    return path


def make_folder(folder: Path, rollout: Path) -> None:
    """Make a folder below the roll-out's, with the rights of the one it lies in: everybody's.

    Raises:
        OSError: it cannot be made.
    """
    if folder == rollout or folder.is_dir():
        return
    make_folder(folder.parent, rollout)
    with suppress(FileExistsError):
        folder.mkdir()
        if folder.parent != rollout:  # that one is the pipeline team's alone
            with suppress(OSError):  # the share has rights of its own
                folder.chmod(folder.parent.stat().st_mode & 0o7777)


def read(path: Path) -> Outcome:
    """Read one.

    Raises:
        TakeError: it cannot be read, is too large or is no outcome; says why.
    """
    return parse(held(path), path)


def held(path: Path, most: int = MOST_BYTES) -> bytes:
    """The bytes of a document that anybody may have written.

    Raises:
        TakeError: it cannot be read, or is too large.
    """
    try:
        # a pipe that somebody left there would be waited for without end
        with open(path, "rb", opener=_at_once) as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise wrong(path, "it is no file")
            found = stream.read(most + 1)
    except OSError as error:
        raise wrong(path, f"it cannot be read, {error.strerror or error}") from error
    if len(found) > most:
        raise wrong(path, f"it is larger than {most:,} bytes")
    return found


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def parse(content: bytes, path: Path) -> Outcome:
    """The same of what a file holds."""
    try:
        return Outcome.model_validate(documents.loads(content.decode("utf-8")))
    except ValidationError as error:
        raise wrong(path, explain(error)) from error
    except ValueError as error:
        raise wrong(path, str(error)) from error


def wrong(path: Path, why: str) -> TakeError:
    """Our error for such a document that cannot be used."""
    return TakeError(
        f"{path.as_posix()} cannot be used: {why}.",
        remedy="Remove it, and look at what wrote it.",
    )


def outcomes(rollout: Path, task: str, version: str, *, most: int = MOST_READ) -> list[Outcome]:
    """Of one version, the newest by their files' times; none where nothing was ever written.

    Raises:
        JobError: the names are none of a task and a version.
        TakeError: the folder is there and cannot be listed.
    """
    return list(survey(rollout, task, version, most=most).found)


def survey(rollout: Path, task: str, version: str, *, most: int = MOST_READ) -> Outcomes:
    """The same, and how many files could not be read."""
    found, unreadable = [], 0
    for _, path in _newest(place(rollout, task, version))[:most]:
        one = _readable(path)
        if one is not None and (one.task, one.version) == (task, version):
            found.append(one)
        else:
            unreadable += path.exists()  # one that was tidied away meanwhile is none
    return Outcomes(tuple(found), unreadable)


def _readable(path: Path) -> Outcome | None:
    try:
        return read(path)
    except TakeError:
        return None


def _newest(folder: Path) -> list[tuple[float, Path]]:
    """Outcomes alone; as `newest`."""
    return newest(folder, MOST_LOOKED_AT, _is_one)


def _is_one(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith(".json") and entry.name[0] != "." and entry.name != HALTED


def newest(
    folder: Path, most: int, wanted: Callable[[os.DirEntry[str]], bool]
) -> list[tuple[float, Path]]:
    """Time and path of what is wanted of the first so many names, the newest first.

    Raises:
        TakeError: the folder cannot be listed.
    """
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in itertools.islice(entries, most):
                with suppress(FileNotFoundError):
                    if wanted(entry):
                        found.append((entry.stat().st_mtime, Path(entry.path)))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise TakeError(
            f"{folder.as_posix()} cannot be listed: {error.strerror}.",
            remedy="Check that the share is mounted and that you may read there.",
        ) from error
    return sorted(found, reverse=True)


def tidy(folder: Path, *, days: float = DAYS, most: int = MOST_FILES) -> int:
    """Remove outcomes that are too old or too many; how many went. What cannot go stays."""
    gone = 0
    with suppress(TakeError):
        for number, (written, path) in enumerate(_newest(folder)):
            if number >= most or written < time.time() - days * 86400:
                with suppress(OSError):
                    path.unlink()
                    gone += 1
    return gone


def jobs(found: Iterable[Outcome]) -> int:
    """How many jobs these are of: a farm's parts of one take are one."""
    return len({one.job_id for one in found})
