"""Mirrored: an artist's job that was run on the candidate as well, and how the two differ.

ROLLOUT/mirrored/TASK/VERSION/JOB/
    comparison.json      all that was measured, written last
    artist.png           the worst frame, small; candidate.png, and difference.png around grey
    take/                the candidate's frames, only while they are made and measured
"""

from __future__ import annotations

import math
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, ValidationError

from answerprint import documents, outcome
from answerprint.documents import OpenDocument, explain
from answerprint.errors import JobError, TakeError
from answerprint.outcome import Amount, Count, Outcome, Word
from answerprint.rollout import Version

FOLDER, FILE, TAKE = "mirrored", "comparison.json", "take"
STATES = ("compared", "failed", "skipped", "dropped")
PICTURES = ("artist.png", "candidate.png", "difference.png")
MOST_BYTES = 16 << 20
MOST_FRAMES = 50_000
MOST_JOBS = 500  # of one version; the oldest go
MOST_LOOKED_AT = 20_000

Text = Annotated[str, Field(max_length=4096)]
Real = Annotated[float, Field(ge=-1e40, le=1e40)]  # float32 has none beyond, and sums are finite


class Apart(OpenDocument):
    """How far a candidate's frame lies from the artist's; None: not known, or nothing of that kind.

    frame      of the take, w007/1001 in a wedge
    identical  windows, names, types and every sample
    greatest   difference of one sample, in the file's own units; None: not finite, or none
    lost       samples that are numbers in the artist's and none in the candidate's
    decibels, stops, floor, flip   see `differing`; decibels None: no sample of the picture differs
    gain       so many times stronger the picture of the difference shows it
    """

    frame: Annotated[str, Field(max_length=64)]
    identical: bool = False
    greatest: Real | None = None
    lost: Count = 0
    decibels: Real | None = None
    stops: Real | None = None
    floor: Real | None = None
    flip: Real | None = None
    gain: Count = 0

    @property
    def order(self) -> tuple[int, float, float, float]:
        """The greater, the worse."""
        decibels = math.inf if self.decibels is None else self.decibels
        return self.lost, self.flip or 0.0, -decibels, self.greatest or 0.0


class Pair(OpenDocument):
    """The same of the artist's version and of the candidate; None: not known."""

    artist: Amount | None = None
    candidate: Amount | None = None

    def ratio(self, least: float) -> float | None:
        """Of the candidate to the artist's, at least `least`; None: not known, or both are less."""
        if not self.artist or self.candidate is None or max(self.artist, self.candidate) < least:
            return None
        return self.candidate / max(self.artist, least)


class Comparison(OpenDocument):
    """One mirrored job.

    state     compared; failed: the candidate could not do it; skipped: nothing can be said of it,
              the plate changed; dropped: too many were waiting on that machine
    why       the last three; in words
    take      the artist's own
    artist, version   version of the artist's take, and the candidate
    run       outcome of the candidate's run, where it came to one
    frames    those that were compared
    stage     that `seconds` for a frame are of: model, as the model says itself, or infer
    memory    bytes that each run's process held at most
    """

    schema_: Literal["answerprint.mirrored/v1"] = Field("answerprint.mirrored/v1", alias="schema")
    job_id: Annotated[str, Field(pattern=outcome.JOB)]
    task: Annotated[str, Field(pattern=outcome.TASK)]
    version: Version
    artist: Version
    state: Literal["compared", "failed", "skipped", "dropped"]
    why: Text = ""
    take: Text = ""
    show: Word | None = None
    started: Word
    ended: Word
    run: Outcome | None = None
    frames: Annotated[tuple[Apart, ...], Field(max_length=MOST_FRAMES)] = ()
    stage: Literal["model", "infer"] = "model"
    seconds: Pair = Pair()
    memory: Pair = Pair()

    @property
    def drift(self) -> float | None:
        """Stops in the mean over its frames; None where none of them is light."""
        each = [one.stops for one in self.frames if one.stops is not None]
        return math.fsum(each) / len(each) if each else None

    @property
    def worst(self) -> Apart | None:
        return max(self.frames, key=lambda one: one.order, default=None)


class Mirrored(NamedTuple):
    """The newest first, each with its folder.

    unreadable   comparisons that cannot be read
    waiting      jobs without one: they wait for a quiet time on their machine, or are being made
    since        when the first of these was put there, in words; '' without any
    """

    found: tuple[tuple[Path, Comparison], ...]
    unreadable: int
    waiting: int = 0
    since: str = ""

    @property
    def states(self) -> dict[str, int]:
        """How many jobs are in which state; what waits is one."""
        found = Counter[str](one.state for _, one in self.found)
        return {**found, **({"waiting": self.waiting} if self.waiting else {})}

    @property
    def words(self) -> str:
        """'12 mirrored jobs: 9 compared, 1 failed, 0 skipped, 2 dropped'."""
        states = self.states
        said = [f"{states.get(name, 0)} {name}" for name in STATES]
        said += [f"{self.waiting} waiting since {self.since}"] if self.waiting else []
        said += [f"{self.unreadable} unreadable"] if self.unreadable else []
        return f"{documents.count(sum(states.values()), 'mirrored job')}: {', '.join(said)}"


def place(rollout: Path, task: str, version: str, job_id: str = "") -> Path:
    """The folder of a version's mirrored jobs, or of one of them; it may not be there.

    Raises:
        JobError: the names are none.
    """
    outcome.check(task, version, job_id)
    folder = rollout / FOLDER / task / version
    return folder / job_id if job_id else folder


def claim(rollout: Path, task: str, version: str, job_id: str) -> Path | None:
    """The folder for a job that is to be mirrored; None: somebody has it already.

    Raises:
        JobError: the names are none.
        TakeError: it cannot be made; DiskFull if there is no space.
    """
    folder = place(rollout, task, version, job_id)
    try:
        outcome.make_folder(folder.parent, rollout)
        folder.mkdir()
    except FileExistsError:
        return None
    except OSError as error:
        raise documents.unwritable(folder.parent, error) from error
    return folder


def write(folder: Path, comparison: Comparison) -> None:
    """Raises TakeError: it cannot be written; DiskFull if there is no space."""
    try:
        documents.write(folder / FILE, comparison.model_dump(mode="json", by_alias=True))
    except OSError as error:
        raise documents.unwritable(folder, error) from error


def read(path: Path) -> Comparison:
    """Read a comparison.json.

    Raises:
        TakeError: it cannot be read, is too large or is no comparison; says why.
    """
    content = outcome.held(path, MOST_BYTES)
    try:
        return Comparison.model_validate(documents.loads(content.decode("utf-8")))
    except ValidationError as error:
        raise outcome.wrong(path, explain(error)) from error
    except ValueError as error:
        raise outcome.wrong(path, str(error)) from error


def every(rollout: Path, task: str, version: str, *, most: int = MOST_JOBS) -> Mirrored:
    """What was mirrored on a version, the newest first by their folders' times.

    Raises:
        JobError: the names are none.
        TakeError: the folder is there and cannot be listed.
    """
    found, unreadable, waiting = list[tuple[Path, Comparison]](), 0, list[float]()
    for put, folder in _newest(place(rollout, task, version)):
        if len(found) + unreadable >= most:
            break
        try:
            one = read(folder / FILE)
        except TakeError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                waiting += [put] * folder.is_dir()  # or it was tidied away meanwhile
            else:
                unreadable += 1
            continue
        if (one.task, one.version, one.job_id) == (task, version, folder.name):
            found.append((folder, one))
        else:
            unreadable += 1
    return Mirrored(tuple(found), unreadable, len(waiting), _when(waiting))


def _when(times: Sequence[float]) -> str:
    """The first of times of files, which anybody may set."""
    if not times:
        return ""
    first = min(max(min(times), 0.0), time.time())
    return datetime.fromtimestamp(first, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def _newest(folder: Path) -> list[tuple[float, Path]]:
    """Jobs' folders; as `outcome.newest`."""
    return outcome.newest(folder, MOST_LOOKED_AT, lambda entry: entry.is_dir(follow_symlinks=False))


def tidy(rollout: Path, task: str, version: str, *, most: int = MOST_JOBS) -> int:
    """Remove jobs that are too old or too many; how many went. What cannot go stays."""
    gone = 0
    with suppress(TakeError, JobError):
        made = 0
        for written, folder in _newest(place(rollout, task, version)):
            made += (folder / FILE).is_file()  # what waits takes nobody's place
            if made > most or written < time.time() - outcome.DAYS * 86400:
                shutil.rmtree(folder, ignore_errors=True)
                gone += not folder.exists()
    return gone
