"""What the gateway costs: a frame's round trip straight to Triton over gRPC, and through nginx.

    python tests/gateway_performance.py [ROUNDS]

1920x1080 RGB halves both ways, turn by turn, so that whatever else the machine does meets all alike:
with a model that does nothing, which is all way. The gateway's way is TLS 1.3 with certificates of
both sides; beside it stands the same without TLS, and what TLS alone costs is the difference. What
nginx itself works for a frame is in processor time, which others on the machine do not change. Last,
the share that the gateway adds to a frame of the denoiser, which is what an artist asks.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import gateways
import numpy as np
import psutil
from samples import own_models, server_here

from answerprint.triton import Expected, Offer, Server

HEIGHT, WIDTH = 1080, 1920
ROUNDS = 25
NO_LIMITS = "user = { at_once = 999, rate = 9999 }\nshow = { at_once = 999, rate = 9999 }\n"


def main(words: list[str]) -> None:
    rounds = int(words[0]) if words else ROUNDS
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        models = own_models(folder / "models")
        triton = stack.enter_context(server_here(folder / "home", models)).address
        studio = gateways.Studio.made(folder / "certs")
        door = stack.enter_context(gateways.door(folder / "tls", triton, studio, NO_LIMITS))
        plain = stack.enter_context(_plain(folder / "plain", triton, studio))
        ways = {
            "direct": Server(triton, "grpc"),
            "gateway, no TLS": Server(plain.address, "grpc"),
            "gateway": Server(door.address, "grpc", access=studio.client("ada")),
        }
        for server in ways.values():
            stack.enter_context(server)
        offers = {task: ways["direct"].offer(task) for task in ("passthrough", "denoise")}
        asks = {way: _asks(one, offers["passthrough"]) for way, one in ways.items()}
        before = _worked(door) + _worked(plain)
        taken = _measured(asks, rounds)
        _tell(taken)
        worked = (_worked(door) + _worked(plain) - before) / (2 * rounds) * 1000
        print(f"nginx works {worked:.0f} ms for a frame, in the mean of both")
        added = median(taken["gateway"]) - median(taken["direct"])
        whole = min(_measured({"direct": _asks(ways["direct"], offers["denoise"])}, 2)["direct"])
        print(f"{added:.0f} ms are {added / whole:.1%} of a denoised frame's {whole:.0f} ms")


def _worked(door: gateways.Door) -> float:
    """Seconds of processor time, of all its workers."""
    times = [psutil.Process(one).cpu_times() for one in gateways.workers(door.folder)]
    return sum(one.user + one.system for one in times)


@contextmanager
def _plain(folder: Path, triton: str, studio: gateways.Studio) -> Iterator[gateways.Door]:
    """The same gateway without TLS, to which everybody is ada."""
    with gateways.door(folder, triton, studio, NO_LIMITS) as door:
        path = folder / "nginx.conf"
        text = path.read_text().replace(" ssl http2;", " http2;")
        path.write_text(text.replace('"" $token_user;', '"" "ada";'))
        door.reload()
        yield door


def _asks(server: Server, offer: Offer) -> Callable[[], float]:
    """One round trip of a frame; seconds."""
    contract = offer.usable()
    image = np.random.default_rng(0).uniform(0, 1, (HEIGHT, WIDTH, 3)).astype(np.float16)
    first: dict[str, Any] = {contract.inputs[0].name: image}
    wanted = {one.name: Expected(image.shape, half=True) for one in contract.outputs[:1]}

    def ask() -> float:
        began = time.perf_counter()
        server.infer(offer, first, {}, request_id="", outputs=wanted)
        return time.perf_counter() - began

    return ask


def _measured(asks: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    for ask in asks.values():
        ask()  # the first makes connections, and has memory made
    taken: dict[str, list[float]] = {way: [] for way in asks}
    for _ in range(rounds):
        for way, ask in asks.items():
            taken[way].append(ask() * 1000)
    return taken


def _tell(taken: dict[str, list[float]]) -> None:
    least, middle = min(taken["direct"]), median(taken["direct"])
    for way, found in taken.items():
        more, rest = min(found) / least - 1, median(found) / middle - 1
        print(
            f"{way:16} {min(found):5.0f} ms best, {median(found):5.0f} ms median: "
            f"{more:+.0%} best, {rest:+.0%} median"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
