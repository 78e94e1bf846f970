"""The supervisor: it brings the embedded server back when it dies, at the same address.

Nothing here is broken off by an exception out of a signal: who wants it to end lets `ending` say so,
and every wait looks there.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from answerprint import documents
from answerprint.errors import ServerError
from answerprint_server import alive, launch, ports, state, stubs
from answerprint_server.state import Death, Running

KEPT_DEATHS = 10
LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Backoff:
    """How long and how often; all in seconds but the count.

    ready          a start may take as long
    first, longest  before a restart; doubled with each death in a row
    settled        who was live as long has recovered: the row begins anew
    deaths         so many in a row, and it is given up
    """

    ready: float = 60.0
    first: float = 0.5
    longest: float = 30.0
    settled: float = 60.0
    deaths: int = 5

    def pause(self, row: int) -> float:
        """Before the restart that follows the nth death in a row."""
        return min(self.first * 2.0 ** (row - 1), self.longest)


@dataclass(frozen=True)
class Restart:
    """The server is back.

    death     what it came back from, at last
    seconds   from the first death until it was live again
    log       what it said before it died; None where that could not be kept
    unkept    why it could not, in words; None where it was
    lost      ports that other programs took in between; it has new ones in their place
    """

    state: Running
    death: Death
    seconds: float
    log: str | None
    unkept: str | None
    lost: tuple[int, ...]


class Supervisor:
    """Holds one server. `start`, then `watch` as long as you like, then `end` in any case."""

    def __init__(
        self, home: Path, models: Path, ending: Callable[[], bool], backoff: Backoff
    ) -> None:
        self._home, self._models, self._ending, self._backoff = home, models, ending, backoff
        self._log = state.state_file(home).with_name("triton.log")
        self._process: subprocess.Popen[bytes] | None = None
        self._live_since: float | None = None
        self._late = False
        self._row = 0
        self._unkept: str | None = None
        http, grpc, metrics = ports.free_ports(3)
        me = os.getpid()
        self.state = Running(
            pid=me,
            born=alive.born(me),
            triton=0,
            http=http,
            grpc=grpc,
            metrics=metrics,
            # the process tells whose it is; the rest tells apart two servers of one process
            prefix=f"answerprint_{me}_{secrets.token_hex(3)}_",
            log=self._log.as_posix(),
            models=models.as_posix(),
        )

    def start(self) -> None:
        """Start the server and wait until it is live, or until told to end.

        Raises:
            SetupError: this machine lacks what the server needs.
            ServerError: it did not come up; names the log.
            TakeError: the state cannot be written; DiskFull if there is no space.
        """
        self._note()  # before anything is there that would have to be cleared away
        self._launch()
        if not self._comes_up() and not self._ending():
            raise ServerError(
                "The embedded server did not come up.",
                remedy=f"Its log says why: {self.state.log}",
            )

    def watch(self) -> Iterator[Restart]:
        """Bring the server back each time that it dies; ends when told to.

        Raises:
            ServerError: it died too often in a row; names the log.
            TakeError: the state cannot be written; DiskFull if there is no space.
        """
        died: float | None = None
        lost: set[int] = set()
        while (status := self._dies()) is not None:
            died = died or time.monotonic()
            death = self._bury(status)
            self._judge(death)
            self._wait(self._backoff.pause(self._row))
            if self._ending():
                return
            lost |= self._leave_lost_ports()
            self._launch(restarts=self.state.restarts + 1)
            if self._comes_up():
                yield Restart(
                    state=self.state,
                    death=death,
                    seconds=time.monotonic() - died,
                    log=None if self._unkept else launch.kept_logs(self._log)[0].as_posix(),
                    unkept=self._unkept,
                    lost=tuple(sorted(lost)),
                )
                died, lost = None, set()

    def end(self) -> None:
        """Stop the server; leave no process, no shared memory and no state."""
        if self._process is not None:
            launch.end(self._process, self.state.prefix)
        state.state_file(self._home).unlink(missing_ok=True)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("start comes first")
        return self._process

    def _launch(self, *, restarts: int = 0) -> None:
        asked = (self.state.http, self.state.grpc, self.state.metrics)
        self._live_since, self._late = None, False
        self._process = launch.start(self._models, self._log, asked, self.state.prefix)
        self._note(triton=self._process.pid, restarts=restarts)

    def _comes_up(self) -> bool:
        """Wait for it. False when it died instead, took too long or is to end."""
        process, deadline = self._running(), time.monotonic() + self._backoff.ready
        while process.poll() is None and not self._ending():
            if launch.is_live(self.state.http):
                self._live_since = time.monotonic()
                return True
            if time.monotonic() > deadline:
                self._late = True
                process.kill()
            time.sleep(LOOK_SECONDS)
        return False

    def _dies(self) -> int | None:
        """Wait for its death; returns its exit status. None when it is to end."""
        process, looked = self._running(), time.monotonic()
        while not self._ending():
            status = process.poll()
            if status is not None:
                return status
            if time.monotonic() > looked + stubs.LONGEST_REQUEST / 10:
                stubs.end_superseded(self.state.prefix)
                looked = time.monotonic()
            time.sleep(LOOK_SECONDS)
        return None

    def _bury(self, status: int) -> Death:
        """Clear away what it left, keep its log, and note its death."""
        launch.clear(self.state.prefix)
        self._unkept = self._keep_log()
        lived = 0.0 if self._live_since is None else time.monotonic() - self._live_since
        self._row = 1 if lived >= self._backoff.settled else self._row + 1
        death = Death(
            at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            why=self._reason(status),
            seconds=round(lived, 1),
        )
        self._note(deaths=(*self.state.deaths, death)[-KEPT_DEATHS:])
        return death

    def _keep_log(self) -> str | None:
        """Why it cannot be kept, for somebody removed it: no reason for the server to stay dead."""
        try:
            launch.keep_log(self._log)
        except OSError as error:
            return error.strerror or str(error)
        return None

    def _reason(self, status: int) -> str:
        if self._late:
            return f"did not come up within {self._backoff.ready:g} s"
        why = launch.reason(status)
        return why if self._live_since else f"{why} before it was live"

    def _judge(self, death: Death) -> None:
        if self._row >= self._backoff.deaths:
            raise ServerError(
                f"The server died {self._row} times in a row and is not started again. "
                f"At last it {death.why}.",
                remedy=self._where_it_says_why(),
            )

    def _where_it_says_why(self) -> str:
        if self._unkept:
            return (
                f"Its log could not be kept: {self._unkept}. Start it again, and see {self._log}."
            )
        return f"Its log says why: {launch.kept_logs(self._log)[0].as_posix()}"

    def _leave_lost_ports(self) -> set[int]:
        """Take others in the place of those that another program listens on now; returns these."""
        asked = {name: getattr(self.state, name) for name in ("http", "grpc", "metrics")}
        lost = {name: port for name, port in asked.items() if not ports.is_free(port)}
        if lost:
            self._note(**dict(zip(lost, ports.free_ports(len(lost)), strict=True)))
        return set(lost.values())

    def _wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._ending():
            time.sleep(LOOK_SECONDS)

    def _note(self, **changed: Any) -> None:
        """Write down what is so from now on, for everybody who asks."""
        self.state = replace(self.state, **changed)
        try:
            state.write(self._home, self.state)
        except OSError as error:
            raise documents.unwritable(state.state_file(self._home).parent, error) from error
