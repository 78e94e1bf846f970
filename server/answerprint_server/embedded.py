"""The embedded server: the real tritonserver binary out of NVIDIA's wheel, on loopback only.

One runs per user. Its supervisor holds `server.json` in the user's folder; a second call reads
that and finds the running one. Stopping leaves no process, no shared memory and no temporary file.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
import requests

from answerprint import documents
from answerprint.errors import ServerError, TakeError
from answerprint_server import wheel

READY_SECONDS = 60
STOP_SECONDS = 15
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - Linux's shared memory, where Triton puts its own


@dataclass(frozen=True)
class Running:
    """The state of a running server, as its file holds it.

    pid, started   the supervisor: process and when it began, so that a number used again is seen
    http .. metrics  ports on 127.0.0.1
    prefix         begins the name of each shared memory region of the Python backend
    """

    pid: int
    started: float
    triton: int
    http: int
    grpc: int
    metrics: int
    prefix: str
    log: str
    models: str

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.grpc}"


def state_file(home: Path) -> Path:
    return home / "server" / "server.json"


def running(home: Path) -> Running | None:
    """The running server, or None. Never waits."""
    try:
        found = Running(**documents.read(state_file(home)))
    except (TakeError, TypeError):  # no server, or one that is just starting
        return None
    return found if _is_same(found.pid, found.started) else None


def is_live(state: Running) -> bool:
    """Whether the server answers and its models have been loaded, or have failed to."""
    try:
        answer = requests.get(f"http://127.0.0.1:{state.http}/v2/health/ready", timeout=2)
    except (requests.ConnectionError, requests.Timeout):
        return False
    return bool(answer.status_code == requests.codes.ok)


@contextmanager
def serve(home: Path, models: Path) -> Iterator[Running]:
    """Start the server, wait until it is live, and stop it at the end, whatever ends it.

    Raises:
        SetupError: this machine lacks what the server needs; says what and the command for it.
        ServerError: one runs already, or it did not come up; names the log.
    """
    folder = state_file(home).parent
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(home):
        clear_orphans(home)
        # the process tells whose it is; the rest tells apart two servers of one process
        prefix = f"answerprint_{os.getpid()}_{secrets.token_hex(3)}_"
        ports = free_ports(3)
        log = folder / "triton.log"
        process = _start(models, folder, log, ports, prefix)
        me = psutil.Process()
        state = Running(
            pid=me.pid,
            started=me.create_time(),
            triton=process.pid,
            http=ports[0],
            grpc=ports[1],
            metrics=ports[2],
            prefix=prefix,
            log=log.as_posix(),
            models=models.as_posix(),
        )
        try:
            documents.write(state_file(home), asdict(state))
            _wait_until_live(process, state)
            yield state
        finally:
            with _uninterrupted():
                _stop(process, prefix)
                _clear_shared_memory(prefix)
                state_file(home).unlink(missing_ok=True)


def wait(state: Running, interrupted: threading.Event) -> int | None:
    """Stay until the server ends by itself; returns its exit status. None when interrupted."""
    while not interrupted.wait(0.2):
        done, status = os.waitpid(state.triton, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
    return None


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
    while _is_same(state.pid, state.started):
        if time.monotonic() > deadline:
            raise ServerError(
                f"The server (process {state.pid}) did not stop within {2 * STOP_SECONDS} s.",
                remedy=f"End process {state.pid} by hand; its log is {state.log}.",
            )
        time.sleep(0.05)
    return True


def clear_orphans(home: Path) -> None:
    """Remove what a supervisor that was killed left behind: its server and its shared memory."""
    try:
        state = Running(**documents.read(state_file(home)))
    except (TakeError, TypeError):
        return
    if _is_same(state.pid, state.started):
        return
    with suppress(psutil.Error):
        orphan = psutil.Process(state.triton)
        if orphan.name().startswith("tritonserver"):
            orphan.kill()
            orphan.wait(timeout=STOP_SECONDS)
    _end_stubs(state.prefix)
    _clear_shared_memory(state.prefix)
    state_file(home).unlink(missing_ok=True)


def command(
    models: str, backends: Path, caches: Path, ports: tuple[int, int, int], prefix: str
) -> list[str]:
    """Arguments of tritonserver: loopback, explicit model control, every model loaded."""
    http, grpc, metrics = ports
    return [
        f"--model-repository={models}",
        f"--backend-directory={backends}",
        f"--cache-directory={caches}",
        f"--backend-config=python,shm-region-prefix-name={prefix}",
        "--model-control-mode=explicit",
        "--load-model=*",
        "--disable-auto-complete-config",
        "--exit-on-error=false",  # one broken model must not take the others along
        "--strict-readiness=false",
        f"--exit-timeout-secs={STOP_SECONDS - 5}",
        "--http-address=127.0.0.1",
        f"--http-port={http}",
        "--grpc-address=127.0.0.1",
        f"--grpc-port={grpc}",
        "--metrics-address=127.0.0.1",
        f"--metrics-port={metrics}",
    ]


def free_ports(count: int) -> tuple[int, ...]:
    """Ports of 127.0.0.1 that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return tuple(int(one.getsockname()[1]) for one in sockets)
    finally:
        for one in sockets:
            one.close()


def _start(
    models: Path, folder: Path, log: Path, ports: tuple[int, ...], prefix: str
) -> subprocess.Popen[bytes]:
    found = wheel.binary()
    http, grpc, metrics = ports
    arguments = command(
        models.as_posix(), wheel.backends(folder), found.caches, (http, grpc, metrics), prefix
    )
    with log.open("wb") as stream:
        return subprocess.Popen(
            [str(found.program), *arguments],
            env=found.environment(),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the supervisor, which stops it in order
            preexec_fn=_end_with_parent(),  # noqa: PLW1509 - one thread; see the function
        )


def _end_with_parent() -> Callable[[], Any] | None:
    """Have Linux end the server when its supervisor is killed and cannot do it."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes  # noqa: PLC0415

    prctl = ctypes.CDLL(None).prctl  # looked up here: nothing may be loaded after the fork
    return lambda: prctl(1, int(signal.SIGKILL), 0, 0, 0)  # PR_SET_PDEATHSIG


def _wait_until_live(process: subprocess.Popen[bytes], state: Running) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if is_live(state):
            return
        time.sleep(0.05)
    raise ServerError(
        "The embedded server did not come up.",
        remedy=f"Its log says why: {state.log}",
    )


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


def _stop(process: subprocess.Popen[bytes], prefix: str) -> None:
    """End the server and everything it started."""
    process.terminate()
    try:
        process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _end_stubs(prefix)


def _end_stubs(prefix: str) -> None:
    """End the models' processes that outlive their server.

    They end with it, but not always when it was killed while a model was at work. They are found by
    the prefix of their shared memory, which stands in their arguments: their parent is gone.
    """
    stubs = [
        one
        for one in psutil.process_iter(["cmdline"])
        if any(word.startswith(prefix) for word in one.info["cmdline"] or [])
    ]
    _, left = psutil.wait_procs(stubs, timeout=3)
    for one in left:
        with suppress(psutil.Error):
            one.kill()
    psutil.wait_procs(left, timeout=3)


def _clear_shared_memory(prefix: str) -> None:
    for region in SHARED_MEMORY.glob(f"{prefix}*"):
        region.unlink(missing_ok=True)


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    """Hold the right to start: an exclusive file with the holder's process in it."""
    lock = state_file(home).with_name("starting.lock")
    if _is_stale(lock):
        lock.unlink(missing_ok=True)
    me = psutil.Process()
    try:
        with lock.open("x", encoding="utf-8") as stream:
            stream.write(f"{me.pid} {me.create_time()}")
    except FileExistsError:
        raise ServerError(
            "A server is running or starting already.",
            remedy="See 'answerprint serve --status', or stop it with --stop.",
        ) from None
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _is_stale(lock: Path) -> bool:
    try:
        pid, started = lock.read_text(encoding="utf-8").split()
    except (OSError, ValueError):  # not there, or not yet written
        return False
    return not _is_same(int(pid), float(started))


def _is_same(pid: int, started: float) -> bool:
    """Whether the process still runs: not ended, not a zombie, not another with its number."""
    try:
        process = psutil.Process(pid)
        ended = process.status() == psutil.STATUS_ZOMBIE
        return not ended and abs(process.create_time() - started) < 1.0
    except psutil.Error:
        return False
