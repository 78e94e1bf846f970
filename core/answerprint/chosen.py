"""Chosen: which version of a model a job gets by the site's roll-out, and why; asked once, as it begins."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from answerprint import guard, inforce, localised, rollout, shot
from answerprint.documents import did_you_mean
from answerprint.errors import JobError, ModelReplaced, NoSuchTask
from answerprint.inforce import InForce
from answerprint.job import Job
from answerprint.rollout import Choice
from answerprint.site import Site
from answerprint.triton import Offer, Server


@dataclass(frozen=True)
class Chosen:
    """What a job got; `choice` None: no roll-out names its task, so it gets what it asks for.

    instead  what it would have got without the canary, where that alone gave it the candidate
    """

    choice: Choice | None
    notes: tuple[str, ...] = ()
    instead: Choice | None = None

    def without_canary(self, why: str) -> Chosen:
        """The same for a job that the candidate cannot do here; `why`: what was wrong."""
        choice, passed = self.instead, self.choice
        if choice is None or passed is None:
            return self
        choice = choice.model_copy(
            update={"why": f"{choice.why}, instead of canary {passed.version}"}
        )
        said = (_said(choice), f"roll-out: canary {passed.version} was passed over: {why}")
        return Chosen(choice, (*said, *self.notes[1:]))


def chosen(job: Job, site: Site, *, home: Path) -> Chosen:
    """The version for a job as it was given; the very same job gets the same one each time.

    Raises:
        JobError: it asks for an alias that is not there.
        SetupError: see `inforce.in_force`.
    """
    held = inforce.in_force(site.rollout, home=home) if site.rollout else None
    task = held.rollout.tasks.get(job.task) if held else None
    if held is None or task is None:
        _check_number(job, held)
        return Chosen(None, held.notes if held else ())
    halted = ""
    if site.rollout and task.candidate:
        halted = guard.halted(site.rollout, job.task, task.candidate)
    given = (job.version, show(job, site), key(job), halted)
    choice = rollout.choose(task, *given)
    steady = rollout.choose(task.model_copy(update={"canary": 0.0, "mirror": 0.0}), *given)
    instead = None if steady.version == choice.version else steady
    return Chosen(choice, (_said(choice), *held.notes), instead)


def offer(job: Job, choice: Choice | None, server: Server) -> Offer:
    """What a server has of the version that was chosen, once it is the model that was meant.

    Raises:
        NoSuchTask: it has no such task, or not this version of it.
        ModelReplaced: it has another model under this version's number than the roll-out names.
        ServerError: any of its kinds.
    """
    if choice is None:
        return server.offer(job.task, job.version)
    try:
        found = server.offer(job.task, choice.version)
    except NoSuchTask as error:
        held = [version for name, version in sorted(server.states()) if name == job.task]
        if not held:
            raise
        raise NoSuchTask(
            f"This job is to get version {choice.version} of {job.task} ({choice.why}), and "
            f"{server.address} has only {', '.join(held)}.",
            remedy="Tell the pipeline team, or choose one of these with --model-version.",
        ) from error
    made = found.usable().sha256
    if choice.sha256 not in (None, made):
        raise ModelReplaced(
            f"Version {choice.version} of {job.task} on {server.address} is not the model that the "
            f"roll-out names: its SHA-256 is {made}, not {choice.sha256}.",
            remedy="Tell the pipeline team: they put the old model back, or roll the new one out.",
        )
    return found


def key(job: Job) -> bytes:
    """What tells a job from all others: SHA-256 of its document, without regard to order."""
    document = job.model_dump(mode="json", by_alias=True)
    # not RFC 8785: what it has no number for, a job may hold until its task's contract is known
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).digest()


def show(job: Job, site: Site) -> str | None:
    """The show that a job is of: as it says, else by the site's templates from its script or plate."""
    if job.out.show:
        return job.out.show
    here = localised.job(job, site)
    paths = (Path(one) for one in (here.script, here.plate) if one)
    return next(filter(None, (shot.show(path, site) for path in paths)), None)


def _said(choice: Choice) -> str:
    return f"version {choice.version}: {choice.why}"


def _check_number(job: Job, held: InForce | None) -> None:
    """Raises JobError: it asks for an alias, and nobody says what that is."""
    if job.version is None or job.version.isdigit():
        return
    known = held.rollout.tasks if held else {}
    missing = f"no task {job.task}.{did_you_mean(job.task, known)}" if held else "no roll-out."
    raise JobError(
        f"Version '{job.version}' of {job.task} is an alias, and the site has {missing}",
        remedy="Name a number, or leave the version out for the newest.",
    )
