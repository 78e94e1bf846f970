"""Trips: one float32 frame to the model and back, no file and no record, by our own way."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from answerprint.bench import peers
from answerprint.bench.lab import TASK, Lab
from answerprint.bench.row import Row
from answerprint.bench.transport import TRANSPORTS, connected
from answerprint.triton import Floats, Offer, Server
from answerprint.wire import Expected

AT_ONCE = 4


def rows(lab: Lab) -> Iterator[Row]:
    """Each transport, one at a time and several in flight; then the plain client."""
    image = np.full(lab.shape, 0.18, np.float32)
    rounds = 5 if lab.quick else peers.TRIPS
    for transport in TRANSPORTS:
        lab.check()
        with connected(lab, transport) as server:
            offer = server.offer(TASK)
            times = [_trip(server, offer, image) for _ in range(rounds + AT_ONCE)][AT_ONCE:]
            together = _together(server, offer, image, rounds)
        yield Row(
            f"trip.{transport.replace(' ', '-').lower()}",
            f"{transport}, one at a time",
            statistics.median(times),
            facts={"best": min(times), "in_flight": together},
        )
    yield from peers.trips(lab)


def _trip(server: Server, offer: Offer, image: Floats) -> float:
    start = time.perf_counter()
    outputs = {"pixels": Expected(image.shape)}
    server.infer(offer, {"pixels": image}, {"delay": 0.0}, request_id="bench", outputs=outputs)
    return (time.perf_counter() - start) * 1000


def _together(server: Server, offer: Offer, image: Floats, rounds: int) -> float:
    """Milliseconds for each of several that are on their way at once."""
    count = rounds * 2
    with ThreadPoolExecutor(AT_ONCE) as pool:
        start = time.perf_counter()
        list(pool.map(lambda _: _trip(server, offer, image), range(count)))
        return (time.perf_counter() - start) * 1000 / count
