"""Roll-out: which version of a model a job gets, and why. A TOML file that a studio keeps in git.

schema = "answerprint.rollout/v1"

[tasks.denoise]
stable = "3"
candidate = "4"
canary = 10        # percent of the jobs that ask for no version
mirror = 5         # percent of the other jobs, run on the candidate as well, shown to nobody
aliases = { crisp = "2" }
pins = { night = "3" }          # show -> version or alias
versions = { 3 = "5f...", 4 = "9c..." }    # version -> SHA-256 of its model

[tasks.denoise.guard]           # what halts the canary
failures = 2

[[freeze]]                      # nothing but a halt or a rollback changes between these days
first = 2026-12-19
last = 2027-01-03
why = "delivery of night"

[servers."render2:8001"]        # takes nothing new
draining = "new driver"
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from answerprint import documents
from answerprint.documents import Document, did_you_mean
from answerprint.errors import JobError, SetupError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = "rollout.toml"
MOST_BYTES = 1 << 20
STABLE, CANDIDATE = "stable", "candidate"

_VERSION = "[1-9][0-9]{0,8}"
Version = Annotated[str, Field(pattern=f"^{_VERSION}$")]  # a folder of a Triton model
Alias = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Guard(Document):
    """What halts a canary; each limit is of the candidate, over at least so many jobs.

    jobs       before anything is judged, but for failures that are all there is
    failures   percent of frames that failed, beyond stable's own
    warnings   percent of frames that the quality gates warned of or failed, beyond stable's own
    time       times as long for a megapixel as stable
    drift      stops of light that mirrored frames differ in the mean, either way
    """

    jobs: Annotated[int, Field(ge=1, le=10_000)] = 5
    failures: Percent = 2.0
    warnings: Percent = 10.0
    time: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.5
    drift: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.02


class Task(Document):
    """How the versions of one task's model are given out; versions by number or alias."""

    stable: Version
    candidate: Version | None = None
    canary: Percent = 0.0
    mirror: Percent = 0.0
    aliases: dict[Alias, Version] = {}
    pins: dict[str, str] = {}
    guard: Guard = Guard()
    versions: dict[Version, Sha256] = {}

    @model_validator(mode="after")
    def _is_sound(self) -> Task:
        if (self.canary or self.mirror) and self.candidate is None:
            raise ValueError("a share is given out, and there is no candidate")
        if self.candidate == self.stable:
            raise ValueError("candidate and stable are one version")
        for name in (STABLE, CANDIDATE):
            if name in self.aliases:
                raise ValueError(f"'{name}' is no alias: it stands above")
        for show, named in self.pins.items():
            if self.number(named) is None:
                raise ValueError(f"the pin of {show} names '{named}', no version or alias")
        return self

    def number(self, named: str) -> str | None:
        """The version that an alias or a number means; None: neither."""
        if re.fullmatch(_VERSION, named):
            return named
        return {**self.aliases, STABLE: self.stable, CANDIDATE: self.candidate}.get(named)


class Freeze(Document):
    """Days, both counted, between which nothing changes; of these tasks, none named: of all."""

    first: date
    last: date
    why: str = ""
    tasks: tuple[str, ...] = ()


class ServerState(Document):
    """Why a server takes nothing new; empty: it does."""

    draining: str = ""


class Rollout(Document):
    """The whole file."""

    schema_: Literal["answerprint.rollout/v1"] = Field("answerprint.rollout/v1", alias="schema")
    tasks: dict[str, Task] = {}
    freeze: tuple[Freeze, ...] = ()
    servers: dict[str, ServerState] = {}

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Rollout:
        for one in self.freeze:
            if one.last < one.first:
                raise ValueError(f"a freeze ends on {one.last}, before it begins on {one.first}")
        return self

    def frozen(self, task: str, today: date) -> Freeze | None:
        """The freeze that holds a task on a day."""
        for one in self.freeze:
            if one.first <= today <= one.last and (not one.tasks or task in one.tasks):
                return one
        return None


class Choice(Document):
    """What a job got, as its take keeps it.

    asked    version or alias that the job named; None: it left that open
    version  what it came to
    sha256   of the model, where the roll-out says it
    why      for people: "stable", "canary, 10 % of jobs", "pinned for night"
    mirror   the version that the same is run on afterwards, shown to nobody; None: on none
    """

    asked: str | None
    version: str
    sha256: str | None
    why: str
    mirror: str | None = None


def choose(task: Task, asked: str | None, show: str | None, key: bytes, halted: str = "") -> Choice:
    """The version for one job.

    key     tells the job from others: the same job gets the same version each time
    halted  why the canary is halted, whatever its share says

    Raises:
        JobError: the job asks for an alias that is not there.
    """
    version, why = _version(task, asked, show, key, halted)
    mirrored = (
        task.candidate is not None
        and version != task.candidate
        and asked is None
        and not halted
        and is_within(key, f"mirror {task.candidate}", task.mirror)
    )
    return Choice(
        asked=asked,
        version=version,
        sha256=task.versions.get(version),
        why=why,
        mirror=task.candidate if mirrored else None,
    )


def _version(
    task: Task, asked: str | None, show: str | None, key: bytes, halted: str
) -> tuple[str, str]:
    if asked is not None:
        found = task.number(asked)
        if found is None:
            names = [STABLE, *([CANDIDATE] if task.candidate else []), *task.aliases]
            raise JobError(
                f"There is no version '{asked}'.{did_you_mean(asked, names)}",
                remedy=f"Name a number or one of {', '.join(names)}, or leave the version out.",
            )
        return found, "asked for" if asked == found else f"asked for as {asked}"
    pin = task.pins.get(show) if show else None
    if pin is not None:
        return task.number(pin) or task.stable, f"pinned for {show}"
    if task.candidate and is_within(key, f"canary {task.candidate}", task.canary):
        if halted:
            return task.stable, f"stable; the canary is halted: {halted}"
        return task.candidate, f"canary, {task.canary:g} % of jobs"
    return task.stable, STABLE


def is_within(key: bytes, salt: str, percent: float) -> bool:
    """Whether a job is among so many percent of all; another salt chooses others."""
    drawn = hashlib.sha256(salt.encode() + b"\0" + key).digest()[:8]
    return int.from_bytes(drawn, "big") < percent / 100 * 2**64


def read(path: Path) -> Rollout:
    """Read a rollout.toml.

    Raises:
        SetupError: it cannot be read, is no TOML or has a wrong field; names line and key.
    """
    return parse(held(path), path)


def held(path: Path) -> bytes:
    """What the file holds. Raises SetupError: it cannot be read, or is too large."""
    try:
        with path.open("rb") as stream:
            found = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise _wrong(path, f"it cannot be read, {error.strerror or error}") from error
    if len(found) > MOST_BYTES:
        raise _wrong(path, f"it is larger than {MOST_BYTES:,} bytes")
    return found


def parse(content: bytes, path: Path) -> Rollout:
    """The same of what the file holds."""
    try:
        text = content.decode("utf-8")
        found = tomllib.loads(text)
    except RecursionError as error:
        raise _wrong(path, "it is nested too deeply") from error
    except ValueError as error:  # no UTF-8, no TOML, a number without end
        raise _wrong(path, str(error)) from error
    try:
        return Rollout.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        line = _line(text, [str(one) for one in first["loc"]])
        where = f"line {line}, " if line else ""
        raise _wrong(path, f"{where}{documents.explain(error)}") from error


def _wrong(path: Path, why: str) -> SetupError:
    return SetupError(
        f"The roll-out {path.as_posix()} is wrong: {why}.",
        remedy="Correct it; until then the last good one stays in force.",
    )


def _line(text: str, keys: list[str]) -> int | None:
    """The line that a key stands in, or the nearest above it that does; by its text alone."""
    lines = text.splitlines()
    found, begin = None, 0
    for key in keys:
        for number, line in enumerate(lines[begin:], begin):
            if key in _names(line):
                found, begin = number + 1, number
                break
    return found


def _names(line: str) -> Iterator[str]:
    """What a line of TOML names: a table's path, or what stands before =."""
    bare = line.split("#", maxsplit=1)[0].strip()
    head = bare.strip("[]") if bare.startswith("[") else bare
    for word in head.replace("{", ",").replace("=", ",").replace(".", ",").split(","):
        yield word.strip().strip("\"'")
