"""The state of the embedded server: `server.json` in the user's folder, kept by its supervisor."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path

from answerprint import documents
from answerprint.errors import TakeError
from answerprint_server.alive import is_same

_PREFIX = re.compile(r"answerprint_(\d+)_[0-9a-f]+_")


@dataclass(frozen=True)
class Death:
    """One end that nobody asked for.

    at       when, ISO 8601 in UTC
    why      'was killed by SIGKILL', 'ended with status 1'
    seconds  how long it had been live; 0 if it did not come up
    """

    at: str
    why: str
    seconds: float


@dataclass(frozen=True)
class Running:
    """The state of a running server, as its file holds it.

    pid, born      the supervisor: process and when it began, so that a number used again is seen
    triton         the server's own process; 0 before its first one is there
    http .. metrics  ports on 127.0.0.1
    prefix         begins the name of each shared memory region of the Python backend
    restarts       how often the supervisor started it again
    deaths         why; the last few, newest last
    """

    pid: int
    born: float
    triton: int
    http: int
    grpc: int
    metrics: int
    prefix: str
    log: str
    models: str
    restarts: int = 0
    deaths: tuple[Death, ...] = ()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.grpc}"


def state_file(home: Path) -> Path:
    return home / "server" / "server.json"


def write(home: Path, state: Running) -> None:
    documents.write(state_file(home), asdict(state))


def read(home: Path) -> Running | None:
    """What the file holds, whoever wrote it; None if there is none that can be read.

    Processes and shared memory are ended by its prefix: one that no supervisor of this number
    makes is none.
    """
    try:
        found = documents.read(state_file(home))
        deaths = tuple(Death(**one) for one in found.pop("deaths", ()))
        state = Running(**found, deaths=deaths)
        whose = _PREFIX.fullmatch(state.prefix)
        return state if whose and int(whose[1]) == state.pid else None
    except (TakeError, TypeError, AttributeError):  # none, or of another version
        return None


def running(home: Path) -> Running | None:
    """The running server, or None. Never waits.

    One that died and is being restarted is running: it comes back at the same address.
    """
    found = read(home)
    if found is None or not found.triton:
        return None
    return found if is_same(found.pid, found.born) else None
