"""The end of a run where a studio keeps a roll-out: its outcome, the guard, and the mirror.

Whatever cannot be done of that is said in a line, and changes nothing of the run's own answer.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from answerprint import documents, guard, inforce, mirrored, mirroring, outcome, site
from answerprint.cli import detach
from answerprint.cli.context import Context
from answerprint.errors import AnswerprintError
from answerprint.job import Resolved
from answerprint.journal import Event
from answerprint.line import MOST_WAITING, Line, Ticket
from answerprint.mirrored import Comparison
from answerprint.outcome import Tally
from answerprint.takes import Take
from answerprint.triton import Server

MOST_LOG = 1 << 20  # bytes of what mirroring said, before it is begun anew

# Windows has a class of priority for it, and no window opens
_FLAGS = detach.FLAGS | getattr(subprocess, "IDLE_PRIORITY_CLASS", 0)


@dataclass
class Ending:
    """Sees a run's events; `close` does what is to be done when it has ended."""

    resolved: Resolved
    take: Take
    server: Server
    context: Context
    _tally: Tally = field(default_factory=Tally)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """While it goes on, what is mirrored on this machine gives way."""
        if self.context.site.rollout is None:
            yield
            return
        with Line.of(site.home()).busy():
            yield

    def see(self, event: Event) -> None:
        if self.context.site.rollout is not None:
            self._tally.see(event)

    def close(self, state: str) -> None:
        """`state`: as the journal says it."""
        rollout = self.context.site.rollout
        if rollout is None or not self._tally.started:
            return
        self._tally.state = state
        try:
            show = mirroring.of_show(self.resolved, self.context.site)
            made = mirroring.outcome_of(
                self.resolved, self.take, self.server, self._tally, show=show
            )
            outcome.write(rollout, made)
        except AnswerprintError as error:
            self._say(f"The outcome of this run is not written down: {error.problem}")
        look(self.resolved.job.task, self.context, self._say, self.resolved.version)
        if state == "complete":
            self._mirror(rollout)

    def _mirror(self, rollout: Path) -> None:
        choice = self.resolved.rollout
        if choice is None or choice.mirror is None:
            return
        try:
            said = ask(self.take, self.resolved, rollout, self.server.address)
        except (AnswerprintError, OSError) as error:
            why = error.problem if isinstance(error, AnswerprintError) else error.strerror
            said = f"This job is not mirrored: {why}"
        if said:
            self._say(said)

    def _say(self, text: str) -> None:
        """A panel looks at documents, the last of which is the run's own end; a log has it then."""
        if self.context.output.json:
            print(f"answerprint: {text}", file=sys.stderr, flush=True)
        else:
            self.context.output.say(f"  {text}")


def look(
    task: str, context: Context, say: Callable[[str], None], version: str | None = None
) -> None:
    """Have the guard judge the candidate of a task; `version`: only if that is the candidate.

    `say` is told what came of it, or why nothing could.
    """
    rollout = context.site.rollout
    if rollout is None:
        return
    try:
        held = inforce.in_force(rollout, home=site.home())
        found = held.rollout.tasks.get(task) if held else None
        if found is None or version not in (None, found.candidate):
            return
        said = guard.look(rollout, task, found, signer=context.signer())
    except AnswerprintError as error:
        said = f"The guard could not look at {task}: {error.problem}"
    if said:
        say(said)


def ask(take: Take, resolved: Resolved, rollout: Path, address: str) -> str:
    """Have a take mirrored later, once; why it is not, '' where it is.

    Raises:
        AnswerprintError: it is not to be, or that cannot be written down.
        OSError: no process can be started.
    """
    said = put(take, resolved, rollout, address)
    line = Line.of(site.home())
    if line.waiting() and not line.is_worked_off():
        start(take.folder, line)
    return said


def put(take: Take, resolved: Resolved, rollout: Path, address: str) -> str:
    """Let a take wait to be mirrored, once; why it does not, '' where it does, or did before.

    Raises:
        AnswerprintError: it is not to be, or that cannot be written down.
    """
    facts = mirroring.about(take, resolved)
    folder = mirrored.claim(rollout, facts["task"], facts["version"], facts["job_id"])
    if folder is None:
        return ""
    line = Line.of(site.home())
    ticket = Ticket(take=facts["take"], folder=folder.as_posix(), server=address)
    try:
        has_room = line.put(facts["job_id"], ticket)
    except AnswerprintError:
        with suppress(OSError):  # or it would count as one that waits
            folder.rmdir()
        raise
    if not has_room:
        now = documents.now()
        why = f"{MOST_WAITING} jobs wait to be mirrored on this machine."
        said = {**facts, "state": "dropped", "why": why, "started": now, "ended": now}
        mirrored.write(folder, Comparison.model_validate(said))
        return f"This job is not mirrored: {why}"
    return ""


def start(take: Path, line: Line) -> None:
    """A process of its own at the lowest priority, which outlives this one.

    Raises:
        OSError: none can be started.
    """
    log = line.folder / "log.txt"
    with suppress(OSError):
        if log.stat().st_size > MOST_LOG:
            log.unlink()
    words = ["models", "mirror", "--take", take.absolute().as_posix()]
    with log.open("ab") as said:
        child = subprocess.Popen(
            [*detach.python(), "-m", "answerprint.cli", *words],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
            creationflags=_FLAGS,
        )
    lowest(psutil.Process(child.pid))
    threading.Thread(target=child.wait, daemon=True).start()  # or it would stay as a zombie


def lowest(process: psutil.Process | None = None) -> None:
    """Everything else on this machine comes first: processor and disk."""
    least, disk = (
        getattr(psutil, name, None) for name in ("IDLE_PRIORITY_CLASS", "IOPRIO_VERYLOW")
    )
    with suppress(psutil.Error, OSError, AttributeError):
        mine = process or psutil.Process()
        mine.nice(19 if least is None else least)
        # macOS knows none of the disk
        mine.ionice(psutil.IOPRIO_CLASS_IDLE if disk is None else disk)
