"""The embedded server: the real tritonserver binary out of NVIDIA's wheel, on loopback only.

One runs per user. Its supervisor holds `server.json` in the user's folder; a second call reads
that and finds the running one. Stopping leaves no process, no shared memory and no temporary file.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from answerprint.errors import ServerError
from answerprint_server import alive, launch, state as states
from answerprint_server.launch import STOP_SECONDS, command
from answerprint_server.ports import free_ports
from answerprint_server.state import Death, Running, running, state_file
from answerprint_server.stubs import SHARED_MEMORY
from answerprint_server.supervisor import Backoff, Restart, Supervisor

__all__ = [
    "SHARED_MEMORY",
    "Backoff",
    "Death",
    "Restart",
    "Running",
    "Supervisor",
    "clear_orphans",
    "command",
    "free_ports",
    "is_live",
    "running",
    "serve",
    "state_file",
    "stop",
    "supervise",
]

WRITING_SECONDS = 5.0  # that a start takes to say who it is, at most


def is_live(state: Running) -> bool:
    """Whether the server answers and its models have been loaded, or have failed to."""
    return launch.is_live(state.http)


def is_starting(home: Path) -> bool:
    """Whether somebody has begun to start it, and it is not there yet."""
    return running(home) is None and _starting_lock(home).exists() and not _is_stale(home)


@contextmanager
def serve(home: Path, models: Path) -> Iterator[Running]:
    """Start the server, wait until it is live, and stop it at the end, whatever ends it.

    Nobody watches over it: when it dies, it stays dead.

    Raises:
        As `supervise`.
    """
    with supervise(home, models) as supervisor:
        yield supervisor.state


@contextmanager
def supervise(
    home: Path,
    models: Path,
    *,
    ending: Callable[[], bool] = lambda: False,
    backoff: Backoff | None = None,
) -> Iterator[Supervisor]:
    """Start the server, wait until it is live, and stop it at the end, whatever ends it.

    In between, the supervisor's `watch` brings it back when it dies. `ending` is asked all the
    time; as soon as it says so, start and watch return.

    Raises:
        SetupError: this machine lacks what the server needs; says what and the command for it.
        ServerError: one runs already, or it did not come up; names the log.
        TakeError: the state cannot be written; DiskFull if there is no space.
    """
    state_file(home).parent.mkdir(parents=True, exist_ok=True)
    with _only_one(home):
        clear_orphans(home)
        supervisor = Supervisor(home, models, ending, backoff or Backoff())
        try:
            supervisor.start()
            yield supervisor
        finally:
            with _uninterrupted():
                supervisor.end()


def stop(home: Path) -> bool:
    """Ask the running server to end and wait for it. False if none was running.

    Raises:
        ServerError: it does not end.
    """
    state = running(home)
    if state is None:
        clear_orphans(home)
        return False
    with suppress(psutil.NoSuchProcess):
        psutil.Process(state.pid).terminate()
    deadline = time.monotonic() + 2 * STOP_SECONDS
    while alive.is_same(state.pid, state.born):
        if time.monotonic() > deadline:
            raise ServerError(
                f"The server (process {state.pid}) did not stop within {2 * STOP_SECONDS} s.",
                remedy=f"End process {state.pid} by hand; its log is {state.log}.",
            )
        time.sleep(0.05)
    return True


def clear_orphans(home: Path) -> None:
    """Remove what a supervisor that was killed left behind: its server and its shared memory."""
    state = states.read(home)
    if state is None or alive.is_same(state.pid, state.born):
        return
    with suppress(psutil.Error):
        orphan = psutil.Process(state.triton)
        if any(state.prefix in word for word in orphan.cmdline()):  # the number may be another's
            orphan.kill()
            orphan.wait(timeout=STOP_SECONDS)
    launch.clear(state.prefix)
    state_file(home).unlink(missing_ok=True)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let a second Ctrl-C or SIGTERM not break off the cleaning up that the first one began."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread alone
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """Hold the right to start: an exclusive file with the holder's process in it."""
    lock = _starting_lock(home)
    if _is_stale(home):
        lock.unlink(missing_ok=True)
    me = os.getpid()
    try:
        with lock.open("x", encoding="utf-8") as stream:
            stream.write(f"{me} {alive.born(me)}")
    except FileExistsError:
        raise ServerError(
            "A server is running or starting already.",
            remedy="See 'answerprint serve --status', or stop it with --stop.",
        ) from None
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _starting_lock(home: Path) -> Path:
    return state_file(home).with_name("starting.lock")


def _is_stale(home: Path) -> bool:
    """Whether whoever held the lock is gone."""
    lock = _starting_lock(home)
    try:
        pid, began = lock.read_text(encoding="utf-8").split()
        return not alive.is_same(int(pid), float(began))
    except ValueError:  # not yet written, or never: a full disk, a start that was killed
        return _age(lock) > WRITING_SECONDS
    except OSError:  # not there
        return False


def _age(file: Path) -> float:
    """Seconds since it was written, whichever way a clock was set; 0 of one that is gone."""
    try:
        return abs(time.time() - file.stat().st_mtime)
    except OSError:
        return 0.0
