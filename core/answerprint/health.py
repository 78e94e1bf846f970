"""Health: how a server is, found by asking it now and again."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from answerprint import documents, wire
from answerprint.access import Access
from answerprint.errors import ServerError, ServerNotReady, ServerRefused, ServerSilent
from answerprint.pulse import Pulse
from answerprint.triton import Server

WINDOW_SECONDS = 15.0  # a request of some seconds is counted only when it is done
LEAST_BUSY = 0.05  # of one request, all the time: less is as good as nothing

LOOK_SECONDS = 2.0  # between two looks, of two questions each
AWAY_SECONDS = 1.0  # while it does not answer: one question each
SLOW_SECONDS = 3.0  # what takes longer is as good as unanswered, and goes on


@dataclass(frozen=True)
class Health:
    """As one look found it.

    state         connected, away, refused or not ready
    milliseconds  to the server and back; None where it did not answer
    busy          requests that it works on, or that wait, in the mean of the last seconds; None
                  before two looks
    is_slow       nothing is known but that it does not answer
    models        a digest of what it holds: another one where a model came, went or changed state
    ready         the models that are ready, by name
    """

    state: str
    milliseconds: float | None = None
    busy: int | None = None
    problem: str = ""
    remedy: str = ""
    is_slow: bool = False
    models: str | None = None
    ready: frozenset[str] = frozenset()

    @property
    def answered(self) -> bool:
        return self.state != "away"


class Check:
    """Looks at one server, one look at a time. Asks two questions a look."""

    def __init__(self, address: str, access: Access | None = None) -> None:
        self.address, self._access = address, access
        self._server: Server | None = None
        self._pulses: deque[tuple[float, Pulse]] = deque()

    def look(self) -> Health:
        """How it is. Takes as long as a question may go unanswered, 10 s at most."""
        try:
            return self._look()
        except ServerError as error:
            self.close()  # a connection that failed waits before it tries again: a new one does not
            return _failing(error)
        except Exception as error:  # noqa: BLE001 - gRPC's own, or an answer that is none
            self.close()
            return Health(
                "away",
                problem=f"{self.address} cannot be asked: {error}",
                remedy="Check that it is the host:port of a Triton server's gRPC side.",
            )

    def _look(self) -> Health:
        if self._server is None:
            self._server = Server(self.address, access=self._access)
        states = self._server.states()
        models = _digest(states)
        milliseconds = self._feel(self._server)
        if "READY" not in states.values():
            return Health(
                "not ready",
                milliseconds,
                problem=f"No task of the server at {self.address} is ready.",
                remedy="Wait if it has just been started; if not, the server's log says more.",
                models=models,
            )
        ready = frozenset(name for (name, _), state in states.items() if state == "READY")
        return Health("connected", milliseconds, self._busy(), models=models, ready=ready)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server = None
        self._pulses.clear()

    def _feel(self, server: Server) -> float | None:
        """Its pulse; milliseconds that this took. Who may not ask for it does without."""
        begun = time.perf_counter()
        with suppress(ServerError):
            pulse = server.pulse()
            now = time.perf_counter()
            if self._pulses and pulse.executed < self._pulses[-1][1].executed:
                self._pulses.clear()  # it was started anew
            self._pulses.append((now, pulse))
            while now - self._pulses[0][0] > WINDOW_SECONDS:
                self._pulses.popleft()
            return round((now - begun) * 1000, 1)
        return None

    def _busy(self) -> int | None:
        """By Little's law: seconds that requests spent there, for each second that has passed."""
        if len(self._pulses) < 2:
            return None
        (began, before), (now, after) = self._pulses[0], self._pulses[-1]
        spent = after.queued + after.worked - before.queued - before.worked
        mean = spent / max(now - began, 1e-3)  # two looks within one tick of a coarse clock
        return 0 if mean < LEAST_BUSY else max(1, round(mean))


class Eye(threading.Thread):
    """Looks at one server, from its start until `close`: who hangs, keeps nobody waiting.

    host   'this machine', or the name in its address
    seen   when it answered last
    """

    def __init__(self, address: str, access: Access | None = None) -> None:
        super().__init__(name=f"eye on {address}", daemon=True)
        self.address, self.access = address, access
        self.host = address.rpartition(":")[0] or address
        self.seen: str | None = None
        self._health: Health | None = None
        self._looking_since: float | None = time.monotonic()
        self._ended = threading.Event()

    def run(self) -> None:
        with suppress(OSError, ValueError):  # a host that can be none: the looks say so
            if wire.is_here(self.address):
                self.host = "this machine"
        check = Check(self.address, self.access)
        while not self._ended.is_set():
            self._looking_since = time.monotonic()
            self._health = check.look()
            self._looking_since = None
            if self._health.answered:
                self.seen = documents.now()
            self._ended.wait(LOOK_SECONDS if self._health.answered else AWAY_SECONDS)
        check.close()

    def health(self) -> Health | None:
        """How the server is by now; None: that cannot be told yet."""
        since = self._looking_since
        is_away = self._health is not None and not self._health.answered
        if since is None or is_away or time.monotonic() - since < SLOW_SECONDS:
            return self._health
        return Health(
            "away",
            problem=f"The server at {self.address} has not answered for {SLOW_SECONDS:g} s.",
            remedy="Wait for it; if it stays so, look at its machine and the network to it.",
            is_slow=True,
        )

    def close(self) -> None:
        """Look no more; does not wait for a look that hangs."""
        self._ended.set()


def _digest(states: Mapping[tuple[str, str], str]) -> str:
    said = sorted("\0".join((*model, state)) for model, state in states.items())
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:12]


def _failing(error: ServerError) -> Health:
    states = {ServerRefused: "refused", ServerNotReady: "not ready"}
    state = next((states[kind] for kind in states if isinstance(error, kind)), "away")
    slow = isinstance(error, ServerSilent)
    return Health(state, problem=error.problem, remedy=error.remedy, is_slow=slow)
