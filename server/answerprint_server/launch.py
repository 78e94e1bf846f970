"""One tritonserver: its command line, its start, and its end with all that it had started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import requests

from answerprint_server import lanes, leash, stubs, wheel

STOP_SECONDS = 15
KEPT_LOGS = 5
MOST_LOG_BYTES = 4 << 20


def command(
    models: str, backends: Path, caches: Path, ports: tuple[int, int, int], prefix: str
) -> list[str]:
    """Arguments of tritonserver: loopback, explicit model control, every model loaded.

    A folder whose name begins with _ is no model; Triton would try to load it.
    """
    http, grpc, metrics = ports
    return [
        f"--model-repository={models}",
        f"--backend-directory={backends}",
        f"--cache-directory={caches}",
        f"--backend-config=python,shm-region-prefix-name={prefix}",
        "--model-control-mode=explicit",
        *(f"--load-model={name}" for name in _loaded(Path(models))),
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


def _loaded(models: Path) -> list[str]:
    """What Triton is to load: every folder, or each by its name where one is no model."""
    names = sorted(one.name for one in models.iterdir() if one.is_dir()) if models.is_dir() else []
    if not any(name.startswith("_") for name in names):
        return ["*"]
    return [name for name in names if not name.startswith("_")]


def start(
    models: Path, log: Path, ports: tuple[int, int, int], prefix: str
) -> subprocess.Popen[bytes]:
    """Start it, without waiting. It ends when this process is killed.

    Raises:
        SetupError: this machine lacks what the server needs.
    """
    found = wheel.binary()
    backends = wheel.backends(log.parent)
    arguments = command(models.as_posix(), backends, found.caches, ports, prefix)
    arguments += lanes.arguments(models)
    with log.open("wb") as stream:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", *leash.words(), str(found.program), *arguments],
            env=found.environment(),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the supervisor, which stops it in order
        )


def is_live(http: int) -> bool:
    """Whether it answers and its models have been loaded, or have failed to."""
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy knows nothing of this machine's own ports
            answer = session.get(f"http://127.0.0.1:{http}/v2/health/ready", timeout=2)
    except (requests.ConnectionError, requests.Timeout):
        return False
    return bool(answer.status_code == requests.codes.ok)


def end(process: subprocess.Popen[bytes], prefix: str) -> None:
    """End it in order, and by force where that takes too long; nothing of it is left."""
    process.terminate()
    try:
        process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    stubs.end(prefix)
    stubs.clear_shared_memory(prefix)


def clear(prefix: str) -> None:
    """Remove what a dead server left: its models' processes, which nobody asks any more."""
    stubs.end(prefix, grace=0)
    stubs.clear_shared_memory(prefix)


def reason(status: int) -> str:
    """How a process ended, from its exit status: 'was killed by SIGKILL'."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"was killed by signal {-status}"


def kept_logs(log: Path) -> list[Path]:
    """Where the logs of dead servers are, the last one first; not all need be there."""
    return [log.with_name(f"{log.name}.{number}") for number in range(1, KEPT_LOGS + 1)]


def keep_log(log: Path) -> None:
    """Put the log of a dead server aside as `.1`, the older ones one on, the oldest away.

    Of a long one the end is kept, 4 MiB.
    """
    aside = kept_logs(log)
    for older, newer in zip(aside[:0:-1], aside[-2::-1], strict=True):
        if newer.exists():
            newer.replace(older)
    log.replace(aside[0])
    if aside[0].stat().st_size > MOST_LOG_BYTES:
        with aside[0].open("rb") as stream:
            stream.seek(-MOST_LOG_BYTES, os.SEEK_END)
            kept = stream.read()
        aside[0].write_bytes(kept)
