"""The guard: halts a candidate that does worse than stable, before many artists meet it.

A marker beside the candidate's outcomes is enough: wherever it is seen, or where it cannot be told
whether there is one, jobs get stable. That its share is ended in the roll-out as well, with an
entry in the log, is left to whoever may write there.
"""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from answerprint import change, documents, ledger, mirrored, outcome
from answerprint.errors import AnswerprintError, TakeError
from answerprint.outcome import FOLDER, HALTED, Outcome
from answerprint.rollout import FILE, Task
from answerprint.signing import Signer

SCHEMA = "answerprint.halted/v1"
MOST_LETTERS = 500
MOST_MIRRORED = 100  # of the newest; a run waits for this at its end
LEAST_FAILED = 3  # frames: where all there are failed, so many are enough

LEAST_TIMED = 1e-4  # seconds: the least that an outcome tells apart from none
LEAST_SECONDS = 0.05  # longer for a frame: less is a model's first call, or nobody's concern

WARNED = "were warned of or failed by the quality checks"

# What ends a frame and says nothing of the model: the plate, the disk, the keys, a server that is away
NOT_THE_MODELS = {
    "SourceError", "TakeError", "TakeExists", "TakeBusy", "DiskFull", "SigningError", "SetupError",
    "JobError", "ServerAway", "ServerRefused", "ServerNotReady", "ServerLimited", "NoSuchTask",
    "ModelReplaced",
}  # fmt: skip


def judge(
    task: Task,
    candidate: Sequence[Outcome],
    stable: Sequence[Outcome],
    drifts: Sequence[float] = (),
) -> str:
    """What is wrong with a candidate, in one sentence without its end; '' where all is well.

    drifts   stops that each mirrored job differs by, in the mean over its frames
    """
    guard = task.guard
    failed, made = _failed(candidate), sum(one.made for one in candidate)
    if outcome.jobs(candidate) >= guard.jobs or (made == 0 and failed >= LEAST_FAILED):
        found = _share("failed", failed, failed + made, _share_failed(stable), guard.failures)
        if found:
            return found
    if outcome.jobs(candidate) >= guard.jobs:
        warned, frames = _warned(candidate)
        others = _percent(*_warned(stable))
        found = _share(WARNED, warned, frames, others, guard.warnings)
        found = found or _slower(candidate, stable, guard.jobs, guard.time)
        if found:
            return found
    return _drifted(drifts, guard.jobs, guard.drift)


def _share(words: str, some: int, of: int, stable: float, limit: float) -> str:
    percent = _percent(some, of)
    if percent - stable <= limit:
        return ""
    return (
        f"{some:,} of {documents.count(of, 'frame')} {words} ({percent:.3g} %), stable "
        f"{stable:.3g} %; the limit is {limit:g} % more"
    )


def _percent(some: int, of: int) -> float:
    return 100 * some / of if of else 0.0


def _failed(found: Sequence[Outcome]) -> int:
    """Frames that failed of the model, not of the plate or the disk."""
    return sum(
        number
        for one in found
        for kind, number in one.failures.items()
        if kind not in NOT_THE_MODELS
    )


def _share_failed(found: Sequence[Outcome]) -> float:
    failed = _failed(found)
    return _percent(failed, failed + sum(one.made for one in found))


def _warned(found: Sequence[Outcome]) -> tuple[int, int]:
    return sum(one.warned + one.failed_qc for one in found), sum(one.frames for one in found)


def _slower(
    candidate: Sequence[Outcome], stable: Sequence[Outcome], jobs: int, limit: float
) -> str:
    """By the model's own clock where both say that: a mirrored run waits behind others."""
    for stage in ("model", "infer"):
        mine, theirs = _timed(candidate, stage), _timed(stable, stage)
        if outcome.jobs(mine) < jobs or not theirs:
            continue
        now, before = (
            statistics.median(one.seconds[stage] / one.megapixels for one in each)
            for each in (mine, theirs)
        )
        # of a frame as large as the candidate's are
        longer = (now - before) * statistics.median(one.megapixels / one.made for one in mine)
        if now <= limit * before or longer < LEAST_SECONDS:
            return ""
        return (
            f"a megapixel takes {now:.3g} s, stable {before:.3g} s, {now / before:.3g} times as "
            f"long; the limit is {limit:g} times"
        )
    return ""


def _timed(found: Sequence[Outcome], stage: str) -> list[Outcome]:
    """Those whose pace is known; of a mirrored one the way to the model is not."""
    return [
        one
        for one in found
        if one.megapixels and one.made and one.seconds.get(stage, 0) >= LEAST_TIMED
        if stage == "model" or not one.mirrored
    ]


def _drifted(drifts: Sequence[float], jobs: int, limit: float) -> str:
    """Some jobs may be brighter and others darker: neither makes up for the other."""
    if len(drifts) < jobs:
        return ""
    mean, apart = statistics.fmean(drifts), statistics.fmean(map(abs, drifts))
    if apart <= limit:
        return ""
    way = "darker" if mean < 0 else "brighter"
    is_one_way = abs(mean) > 0.9 * apart
    said = f"{apart:.3g} stops {way if is_one_way else 'darker or brighter'}"
    of = documents.count(len(drifts), "mirrored job")
    verb = "is" if len(drifts) == 1 else "are"
    return f"{of} {verb} {said} than stable in the mean; the limit is {limit:g}"


def halted(rollout: Path, task: str, version: str) -> str:
    """Why a candidate is halted; '' where it is not.

    Where that cannot be told it is: stable is what nobody has to be afraid of.
    """
    try:
        path = outcome.place(rollout, task, version) / HALTED
        content = outcome.held(path)
    except TakeError as error:
        if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError) and _is_there(
            rollout
        ):
            return ""
        return f"it cannot be told whether it is halted: {error.problem}"
    except AnswerprintError as error:
        return error.problem
    try:
        said = documents.loads(content.decode("utf-8"))["why"]
    except (ValueError, KeyError, TypeError):
        return f"{path.as_posix()} says so, and not why"
    return _shown(str(said)) or "nobody said why"


def _is_there(rollout: Path) -> bool:
    """A share that is away looks like a folder in which nothing is."""
    return (rollout / FILE).is_file()


def _shown(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:MOST_LETTERS]


def halt(rollout: Path, task: str, version: str, why: str, *, signer: Signer | None = None) -> str:
    """Halt a candidate; says in one sentence what came of it. Who comes later changes nothing.

    signer   of the entry in the log, where this user may change the roll-out

    Raises:
        TakeError: not even the marker can be written; DiskFull if there is no space.
    """
    path = outcome.place(rollout, task, version) / HALTED
    try:
        outcome.make_folder(path.parent, rollout)
        with path.open("xb") as stream:  # an empty one halts as well
            stream.write(json.dumps(_marker(task, version, why), indent=1).encode())
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError:
        return f"Version {version} of {task} is halted already: {halted(rollout, task, version)}."
    except OSError as error:
        if not path.is_file():
            raise documents.unwritable(path.parent, error) from error
    said = f"Version {version} of {task} is halted: {why}."
    return f"{said} {_ended(rollout, task, f'version {version}: {why}', signer)}"


def resume(rollout: Path, task: str, version: str) -> str:
    """Let a halted candidate have its share again; returns why it was halted, '' where it was not.

    It is judged by what began after its share was given again; see `since`.

    Raises:
        TakeError: the marker cannot be taken away.
    """
    path = outcome.place(rollout, task, version) / HALTED
    why = halted(rollout, task, version)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise documents.unwritable(path.parent, error) from error
    return why


def _marker(task: str, version: str, why: str) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "task": task,
        "version": version,
        "why": why[:MOST_LETTERS],
        "at": documents.now(),
        "by": "{user} on {machine}".format(**outcome.here()),
    }


def _ended(rollout: Path, task: str, why: str, signer: Signer | None) -> str:
    """End its share in the roll-out, where this user may; jobs get stable in any case."""
    waits = "Its share stands in the roll-out until the pipeline team ends it."
    may = all(os.access(one, os.W_OK) for one in (rollout, rollout / FILE))
    if signer is None or not may:
        return waits
    try:
        entry = change.Change(rollout, signer).halt(task, f"the guard: {why}")
    except AnswerprintError as error:
        return f"{waits} ({error.problem})"
    return f"Entry {entry.seq} of the log says so." if entry else "It has no share."


def since(rollout: Path, task: str) -> str:
    """When somebody gave the candidate its share last, as now() spells it; '': nobody knows.

    What was before that was known to whoever did it.
    """
    try:
        given = [one.at for one in ledger.entries(rollout) if _gives(one, task)]
    except AnswerprintError:
        return ""
    return given[-1] if given else ""


def _gives(one: ledger.Entry, task: str) -> bool:
    return one.task == task and one.action in ("canary", "mirror") and any(one.after.values())


def look(rollout: Path, name: str, task: Task, *, signer: Signer | None = None) -> str:
    """Judge a candidate by all that is known of it, and halt it where it does worse than stable.

    What came of that, in sentences; '' where it is well, or halted already.

    Raises:
        JobError: the names are none of a task and a version.
        TakeError: the outcomes cannot be listed, or no marker can be written.
    """
    if task.candidate is None or halted(rollout, name, task.candidate):
        return ""
    begun, sha256 = since(rollout, name), task.versions.get(task.candidate)

    def counts(one: Outcome) -> bool:
        return one.started >= begun and sha256 in (None, one.sha256)

    every = mirrored.every(rollout, name, task.candidate, most=max(MOST_MIRRORED, task.guard.jobs))
    compared = [one for _, one in every.found]
    compared = [one for one in compared if one.run is not None and counts(one.run)]
    shown = outcome.outcomes(rollout, name, task.candidate)
    runs = [one for one in shown if counts(one)]
    runs += [one.run for one in compared if one.run is not None]
    stable = outcome.outcomes(rollout, name, task.stable)
    drifts = [one.drift for one in compared if one.drift is not None]
    why = judge(task, runs, stable, drifts)
    return halt(rollout, name, task.candidate, why, signer=signer) if why else ""


__all__ = ["FOLDER", "HALTED", "halt", "halted", "judge", "look", "resume", "since"]
