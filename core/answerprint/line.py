"""The line: jobs of this user on this machine that wait to be mirrored, one at a time.

HOME/mirroring/MACHINE/
    WHEN_JOB.json     one that waits; who makes it says so in it first
    lock.json         held by the one process that works the line off
    busy.MARK.json    an artist's run, while it goes on: all that waits goes on waiting
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from answerprint import documents, holder
from answerprint.documents import Document
from answerprint.errors import TakeBusy, TakeError
from answerprint.lease import Lease

FOLDER, LOCK = "mirroring", "lock.json"
MOST_WAITING = 20
SURE_SECONDS = 60.0  # after its last beat, who works the line off may be gone
MOST_BUSY = 86400.0  # seconds: a run that was killed in another container would be busy for ever
_TICKET = re.compile(r"\d{20}_[0-9A-Za-z-]{1,64}\.json")


class Ticket(Document):
    """A job that waits. `begun`: somebody made it, and did not come to its end."""

    take: Annotated[str, Field(max_length=4096)]
    folder: Annotated[str, Field(max_length=4096)]
    server: Annotated[str, Field(max_length=512)]
    begun: bool = False


@dataclass(frozen=True)
class Line:
    folder: Path

    @classmethod
    def of(cls, home: Path) -> Line:
        name = re.sub(r"[^0-9A-Za-z_.-]", "_", socket.gethostname()) or "here"
        return cls(home / FOLDER / name)

    def waiting(self) -> list[Path]:
        """Those that wait, the first one first."""
        if not self.folder.is_dir():
            return []
        names = sorted(path.name for path in self.folder.iterdir())
        return [self.folder / name for name in names if _TICKET.fullmatch(name)]

    def put(self, job_id: str, ticket: Ticket) -> bool:
        """Let a job wait; False: too many do.

        Raises:
            TakeError: it cannot be written; DiskFull if there is no space.
        """
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if len(self.waiting()) >= MOST_WAITING:
                return False
            name = f"{time.time_ns():020d}_{job_id}.json"
            documents.write(self.folder / name, ticket.model_dump(mode="json"))
        except OSError as error:
            raise documents.unwritable(self.folder, error) from error
        return True

    def read(self, path: Path) -> Ticket | None:
        """None: it is gone, or damaged."""
        try:
            return Ticket.model_validate(documents.read(path))
        except (TakeError, ValidationError):
            return None

    def begin(self, path: Path, ticket: Ticket, *, begun: bool = True) -> None:
        """Say that a job is being made: one that takes its process with it is not made again.

        `begun`: False where it is left as if it had not been.

        Raises:
            TakeError: that cannot be written.
        """
        try:
            said = ticket.model_copy(update={"begun": begun})
            documents.write(path, said.model_dump(mode="json"))
        except OSError as error:
            raise documents.unwritable(self.folder, error) from error

    def lock(self) -> Lease | None:
        """The right to work it off; None: another process has it.

        Raises:
            TakeError: it cannot be written.
        """
        with suppress(TakeBusy):
            return Lease.take(self.folder / LOCK)
        return None

    def is_worked_off(self) -> bool:
        """Whether a process that does it lives, which will come to whatever was put there before."""
        lock = self.folder / LOCK
        found = holder.read(lock)
        known = found is not None and bool(found.uuid) and not holder.is_dead(found)
        # of another container nobody knows; a process too many finds the line taken, and leaves
        return known and _age(lock) < SURE_SECONDS

    @contextmanager
    def busy(self) -> Iterator[None]:
        """While an artist's run goes on."""
        me = holder.myself()
        mark = self.folder / f"busy.{me.uuid}.json"  # a process may have several
        with suppress(OSError):  # then it is not waited for; its frames are made all the same
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            documents.write(mark, asdict(me))
        try:
            yield
        finally:
            with suppress(OSError):
                mark.unlink(missing_ok=True)

    def is_busy(self) -> bool:
        """Whether an artist's run goes on; marks that the dead left are taken away."""
        found = {path: holder.read(path) for path in self.folder.glob("busy.*.json")}
        living = False
        for path, one in found.items():
            if one is None or not (holder.is_dead(one) or _age(path) > MOST_BUSY):
                living = living or one is not None
                continue
            with suppress(OSError):
                path.unlink(missing_ok=True)
        return living


def _age(path: Path) -> float:
    """Seconds since a file was written; a share's clock may differ by some."""
    with suppress(OSError):
        return abs(time.time() - path.stat().st_mtime)
    return 0.0
