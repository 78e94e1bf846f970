"""A network that cuts, delays, swallows or changes bytes costs time, never a frame, and never a pixel."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from midway import at, at_frame, count, differing, met, of
from proxy import DOWN, UP, Proxy
from samples import claimed, plate

from answerprint.errors import ServerError
from answerprint.journal import Event
from answerprint.triton import OVER_GRPC, Server


@pytest.fixture
def proxy(slow: str) -> Iterator[Proxy]:
    with Proxy(slow) as one:
        yield one


@pytest.fixture
def remote(proxy: Proxy) -> Iterator[Server]:
    """The server, as one across the network."""
    with Server(proxy.address, OVER_GRPC) as one:
        yield one


def test_a_network_that_is_gone_for_two_seconds_is_said_once_and_costs_no_frame(
    proxy: Proxy, remote: Server, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "p", 12)
    take = claimed(remote, tmp_path, path, task="slow")
    again = threading.Timer(2.0, proxy.open)

    def gone() -> None:
        proxy.shut()
        again.start()

    events = met(remote, take, home, at_frame(3, gone))

    again.join()
    assert count(events, "waiting", "back", "failed") == [1, 1, 0]
    assert take.state() == "complete"
    assert not differing(take, path, home)


def test_connections_that_are_cut_again_and_again_cost_no_frame(
    proxy: Proxy, remote: Server, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "p", 12)
    take = claimed(remote, tmp_path, path, task="slow")

    def cut_at_each(event: Event) -> None:
        if event["event"] == "frame":
            proxy.cut()

    events = met(remote, take, home, cut_at_each)

    assert proxy.accepted > 4
    assert not of(events, "failed")
    assert take.state() == "complete"
    assert not differing(take, path, home)


def test_a_network_that_delays_every_byte_only_delays(
    proxy: Proxy, remote: Server, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "p", 4)
    take = claimed(remote, tmp_path, path)

    def late(_: str, chunk: bytes) -> bytes:
        time.sleep(len(chunk) * 5e-5)
        return chunk

    proxy.change = late

    events = met(remote, take, home)

    assert count(events, "waiting", "retry", "failed") == [0, 0, 0]
    assert take.state() == "complete"
    assert not differing(take, path, home)


@pytest.mark.parametrize("way", [UP, DOWN])
def test_a_connection_that_swallows_is_recognised_and_made_anew(
    way: str, proxy: Proxy, remote: Server, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "p", 8)
    take = claimed(remote, tmp_path, path, task="slow")

    events = met(
        remote, take, home, at_frame(2, lambda: proxy.silence(way)), deadline=1.0, patience=60.0
    )

    assert not of(events, "failed")
    assert not of(events, "reloaded")
    assert take.state() == "complete"
    assert not differing(take, path, home)


class Noise:
    """Changes a byte in every few chunks that go one way."""

    def __init__(self, way: str, seed: int = 0) -> None:
        self._way, self._chance, self.hits = way, random.Random(seed), 0

    def __call__(self, way: str, chunk: bytes) -> bytes:
        if way != self._way or self._chance.random() > 0.2:
            return chunk
        self.hits += 1
        where = self._chance.randrange(len(chunk))
        other = chunk[where] ^ self._chance.randrange(1, 256)
        return chunk[:where] + bytes([other]) + chunk[where + 1 :]


@pytest.mark.parametrize("way", [UP, DOWN])
def test_a_network_that_changes_bytes_never_changes_a_pixel(
    way: str, proxy: Proxy, remote: Server, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "p", 40)
    take = claimed(remote, tmp_path, path)
    noise = Noise(way)

    def bad() -> None:
        proxy.change = noise

    with contextlib.suppress(ServerError):  # one byte may say that the model is another one
        met(remote, take, home, at("started", bad), deadline=3.0)

    assert noise.hits
    assert "ServerGarbled" in {event["error"] for event in of(take.events(), "retry")}
    assert not differing(take, path, home)
    proxy.change = Noise("no way")
    if take.state() != "complete":
        met(remote, take, home)
    assert take.state() == "complete"
    assert not differing(take, path, home)
