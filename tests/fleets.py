"""A fleet for tests: servers of their own that can be lost for as long as a test wants."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from samples import add_model, add_version, drowsy, own_models

from answerprint_server import launch, ports

LIMIT_SECONDS = 60.0
TILES = {"mode": "tiles", "tile": 1024, "overlap": 8}  # a small frame is whole all the same


def other(program: str) -> str:
    """The drowsy model again, to the byte another one."""
    return f"{drowsy(program)}\n# trained anew\n"


class Stood:
    """One server of the fleet, on ports of its own, which nobody starts again but a test.

    host   so that a record tells which of them it was
    """

    def __init__(self, host: str, folder: Path, change: Callable[[str], str]) -> None:
        self.host, self._folder = host, folder
        self.models = own_models(folder / "models", ["passthrough"])
        add_model(self.models, "slow", change, cut=TILES)
        self._ports = next(filter(_all_free, _beside()))
        self._process: subprocess.Popen[bytes] | None = None
        self._prefix, self._is_ended = "", False

    @property
    def address(self) -> str:
        return f"{self.host}:{self._ports[1]}"

    def start(self) -> None:
        self._prefix = f"answerprint_{os.getpid()}_{secrets.token_hex(3)}_"
        log = self._folder / "triton.log"
        self._process = launch.start(self.models, log, self._ports, self._prefix)

    def wait(self) -> None:
        """Until it serves."""
        assert self._process
        until(lambda: launch.is_live(self._ports[0]))

    def end(self, how: signal.Signals) -> None:
        assert self._process
        self._is_ended = True
        self._process.send_signal(how)

    def be_there(self) -> None:
        """Have it started again if it was ended."""
        if self._is_ended:
            self.close()
            self.start()
            self.wait()
            self._is_ended = False

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            launch.clear(self._prefix)


def _beside() -> Iterator[tuple[int, int, int]]:
    """Ports for HTTP, gRPC and the page of metrics, the last two side by side as Triton has them."""
    while True:
        http, grpc = ports.free_ports(2)
        yield http, grpc, grpc + 1


def _all_free(found: tuple[int, int, int]) -> bool:
    return len(set(found)) == len(found) and all(map(ports.is_free, found))


@contextlib.contextmanager
def stood(folder: Path) -> Iterator[tuple[Stood, Stood, Stood]]:
    """Three servers with a task 'slow': two with the same model, and one with another of its version.

    That one alone has a version 2 of passthrough.
    """
    near = Stood("127.0.0.1", folder / "near", drowsy)
    far = Stood("localhost", folder / "far", drowsy)
    odd = Stood("127.0.0.1", folder / "odd", other)
    add_version(odd.models, "passthrough", "2")
    servers = near, far, odd
    try:
        for one in servers:
            one.start()
        for one in servers:
            one.wait()
        yield servers
    finally:
        for one in servers:
            one.close()


def site(folder: Path, servers: Sequence[str], draining: Mapping[str, str] | None = None) -> Path:
    """A studio's configuration with these servers, some of them drained; its file."""
    rollout = folder / "rollout"
    rollout.mkdir(parents=True, exist_ok=True)
    lines = ['schema = "answerprint.rollout/v1"']
    for address, why in (draining or {}).items():
        lines += [f"[servers.{json.dumps(address)}]", f"draining = {json.dumps(why)}"]
    (rollout / "rollout.toml").write_text("\n".join(lines), encoding="utf-8")
    file = folder / "site.toml"
    file.write_text(
        f"servers = {json.dumps(list(servers))}\nrollout = {json.dumps(rollout.as_posix())}\n",
        encoding="utf-8",
    )
    return file


def other_port() -> int:
    """A port that nobody listens on."""
    return ports.free_ports(1)[0]


def until(is_so: Callable[[], bool]) -> None:
    begun = time.monotonic()
    while not is_so():
        assert time.monotonic() - begun < LIMIT_SECONDS, "it did not come to that"
