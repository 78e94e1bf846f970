"""Mirroring: an artist's take is made again on the candidate, measured against it, and thrown away."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from answerprint import (
    again,
    begin,
    chosen,
    differing,
    documents,
    estimate,
    job,
    localised,
    memory,
    mirrored,
    outcome,
    preflight,
    run as engine,
    takes,
)
from answerprint.differing import Difference
from answerprint.errors import (
    AnswerprintError,
    JobError,
    ModelReplaced,
    NoSuchTask,
    ServerAway,
    ServerNotReady,
    ServerRefused,
    SourceError,
    TakeError,
)
from answerprint.interrupt import Interrupt
from answerprint.job import Resolved
from answerprint.judge import Rules
from answerprint.mirrored import Apart, Comparison, Pair
from answerprint.outcome import Outcome, Tally
from answerprint.run import Bounds
from answerprint.signing import Signer
from answerprint.site import Site
from answerprint.takes import Item, Take
from answerprint.triton import Server

PATIENCE = 60.0  # seconds for a server that is away: nobody waits for this

# The plate, the disk, a server that is away or lacks the candidate: nothing can be said of it then
NOT_ITS_FAULT = (
    SourceError, TakeError, ServerAway, ServerNotReady, ServerRefused, NoSuchTask, ModelReplaced,
)  # fmt: skip


@dataclass
class Mirror:
    """Makes mirrored jobs, one after the other.

    give_way   is called between frames; it returns when no artist's run goes on on this machine
    """

    site: Site
    signer: Signer
    trusted: dict[str, Ed25519PublicKey]
    interrupted: Interrupt
    give_way: Callable[[], None] = lambda: None
    begun: str = field(default_factory=documents.now)

    def mirror(self, take: Take, folder: Path, server: Server) -> Comparison:
        """Make one, write its comparison into its folder, and return it.

        Raises:
            JobError: the take was not to be mirrored there.
            TakeError: its job cannot be read, or nothing can be written; DiskFull without space.
            KeyboardInterrupt: it was interrupted; nothing of it is left but its folder.
        """
        self.begun = documents.now()
        resolved = localised.resolved(takes.reopen(take), self.site)
        facts = about(take, resolved)
        _check(folder, facts, self.site)
        room = folder / mirrored.TAKE
        try:
            self._clear(room)
            found = self._made(take, resolved, room, server, facts)
        except NOT_ITS_FAULT as error:
            found = self._without("skipped", error.problem, facts)
        except AnswerprintError as error:
            found = self._without("failed", error.problem, facts)
        finally:
            self._clear(room)
        mirrored.write(folder, found)
        return found

    def give_up(self, take: Take, folder: Path, state: str, why: str) -> Comparison:
        """The same without making it. Raises as `mirror` does."""
        facts = about(take, localised.resolved(takes.reopen(take), self.site))
        _check(folder, facts, self.site)
        self._clear(folder / mirrored.TAKE)
        found = self._without(state, why, facts)
        mirrored.write(folder, found)
        return found

    def _clear(self, room: Path) -> None:
        shutil.rmtree(room, ignore_errors=True)

    def _without(self, state: str, why: str, facts: dict[str, Any]) -> Comparison:
        said = {"state": state, "why": why, "started": self.begun}
        return Comparison.model_validate({**facts, **said, "ended": documents.now()})

    def _made(
        self, artists: Take, first: Resolved, room: Path, server: Server, facts: dict[str, Any]
    ) -> Comparison:
        own = artists.items()
        asked = again.again(artists.folder, room.as_posix(), server, self.site)
        fields = asked.job.model_dump(mode="json", by_alias=True)
        fields |= {"version": facts["version"], "host": "mirror", "node": None, "script": None}
        # what was left open is the candidate's own to decide, as it would be for an artist
        fields["parameters"] = first.job.model_dump(mode="json", by_alias=True)["parameters"]
        fields["out"] |= {"show": None, "shot": None}
        # the folder lies beside the roll-out, wherever artists' own takes may go
        roots = (*self.site.roots, room) if self.site.roots else ()
        site = self.site.model_copy(update={"roots": roots})
        request = job.make(fields)
        resolved = preflight.resolve(request, server, site, interrupted=self.interrupted)
        take = begin.claim(resolved)
        has_peak = memory.forget_peak()
        tally, said = self._run(resolved, take, server)
        peak = memory.peak() if has_peak else 0
        run = self._outcome(resolved, take, server, tally, peak, facts)
        state = {"state": "compared" if tally.state == "complete" else "failed", "why": said}
        frames = self._compared(own, take, first, room.parent)
        theirs = _artists(artists)
        stage = "model" if theirs.seconds["model"] and tally.seconds["model"] else "infer"
        seconds = Pair(artist=_each(theirs, stage), candidate=_each(tally, stage))
        held = Pair(artist=self._memory(facts) or None, candidate=peak or None)
        return Comparison.model_validate(
            {
                **facts,
                **state,
                "started": self.begun,
                "ended": documents.now(),
                "run": run,
                "frames": frames,
                "stage": stage,
                "seconds": seconds,
                "memory": held,
            }
        )

    def _run(self, resolved: Resolved, take: Take, server: Server) -> tuple[Tally, str]:
        """What its events come to, and what ended it, if something did."""
        tally = Tally()
        events = engine.run(
            resolved,
            take,
            server=server,
            signer=self.signer,
            trusted=self.trusted,
            bounds=Bounds(patience=PATIENCE, behind=True).of_site(self.site),
            interrupted=self.interrupted,
            rules=Rules.of(resolved.contract, self.site),
        )
        said = ""
        try:
            for event in events:
                tally.see(event)
                if event["event"] == "failed":
                    said = said or str(event["problem"])
                self.give_way()
        except NOT_ITS_FAULT:
            raise
        except AnswerprintError as error:
            said = error.problem
        return tally, said

    def _outcome(
        self,
        resolved: Resolved,
        take: Take,
        server: Server,
        tally: Tally,
        peak: int,
        facts: dict[str, Any],
    ) -> Outcome:
        made = outcome_of(resolved, take, server, tally, show=facts["show"])
        # under the artist's job, which is one and the same
        mine = {"job_id": facts["job_id"], "mirrored": True, "memory": peak, "why": "mirrored"}
        return made.model_copy(update=mine)

    def _compared(
        self, own: dict[Item, Path], take: Take, first: Resolved, folder: Path
    ) -> list[Apart]:
        """Frame by frame; pictures of the worst are left in the folder."""
        look, found = differing.eyes(first), list[Apart]()
        worst: Difference | None = None
        for item, file in sorted(take.items().items()):
            self.interrupted.heed()
            self.give_way()
            if item not in own or len(found) >= mirrored.MOST_FRAMES:
                continue
            one = differing.difference(own[item], file, str(item), look)
            found.append(one.apart)
            if worst is None or one.apart.order > worst.apart.order:
                worst = one
        if worst is not None:
            for name, image in zip(mirrored.PICTURES, worst.pictures, strict=False):
                with contextlib.suppress(OSError):  # the numbers say it as well
                    differing.save(folder / name, image)
        return found

    def _memory(self, facts: dict[str, Any]) -> int:
        """What the artist's processes held at most, as their outcomes say."""
        rollout = self.site.rollout
        if rollout is None:
            return 0
        folder = outcome.place(rollout, facts["task"], facts["artist"])
        held = [0]
        for path in folder.glob(f"{facts['job_id']}_*.json"):
            with contextlib.suppress(TakeError):
                held.append(outcome.read(path).memory)
        return max(held)


def about(take: Take, resolved: Resolved) -> dict[str, Any]:
    """Of a take that is to be mirrored: whose job, and on which version.

    Raises:
        JobError: it is not to be mirrored.
        TakeError: its job cannot be read.
    """
    choice = resolved.rollout
    if choice is None or choice.mirror is None:
        raise JobError(
            f"{take.name} {take.label} is not to be mirrored.",
            remedy="The roll-out chooses which jobs are; see 'answerprint models mirror --help'.",
        )
    job_id = str(take.read("job")["job_id"])
    outcome.check(resolved.job.task, choice.mirror, job_id)
    return {
        "job_id": job_id,
        "task": resolved.job.task,
        "version": choice.mirror,
        "artist": resolved.version,
        "take": take.folder.absolute().as_posix(),
        "show": resolved.job.out.show,
    }


def _check(folder: Path, facts: dict[str, Any], site: Site) -> None:
    """Raises JobError: the folder is not the one of this job."""
    rollout = site.rollout
    right = rollout and mirrored.place(rollout, facts["task"], facts["version"], facts["job_id"])
    if right is None or folder != right:
        raise JobError(
            f"{folder.as_posix()} is not where this job is mirrored.",
            remedy="Run 'answerprint models mirror --take TAKE' with the site's own configuration.",
        )


def outcome_of(
    resolved: Resolved, take: Take, server: Server, tally: Tally, *, show: str | None
) -> Outcome:
    """What a run came to, as it is written down.

    Raises:
        JobError: the take's job has what no outcome can have.
        TakeError: the take cannot be read.
    """
    size = 0.0
    if tally.made:
        with contextlib.suppress(SourceError):  # the plate went away: nobody knows its size
            size = estimate.megapixels(resolved)
    return outcome.make(
        {
            "job_id": str(take.read("job")["job_id"]),
            "task": resolved.job.task,
            "version": resolved.version,
            "sha256": resolved.model_sha256,
            "why": resolved.rollout.why if resolved.rollout else "",
            "show": show,
            "shot": resolved.job.out.shot,
            "host": resolved.job.host,
            "server": server.address.rpartition(":")[0],
            **outcome.here(),
            "started": str(tally.started.get("time", documents.now())),
            "ended": documents.now(),
            "memory": memory.peak(),
            **tally.facts(size),
        }
    )


def of_show(resolved: Resolved, site: Site) -> str | None:
    """As the roll-out has it; None where nothing says it."""
    try:
        return chosen.show(resolved.job, site)
    except AnswerprintError:
        return resolved.job.out.show


def _artists(take: Take) -> Tally:
    tally = Tally()
    for event in take.told():
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
            tally.see(event)
    return tally


def _each(tally: Tally, stage: str) -> float | None:
    """Seconds for a frame that the model made."""
    return tally.seconds[stage] / tally.made if tally.made and tally.seconds[stage] else None
