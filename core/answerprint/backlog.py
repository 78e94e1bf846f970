"""Backlog: how many requests wait at a server, as its own page of metrics has it.

gRPC tells only of requests that are done; a queue of long frames shows in nothing else. The page is
where Triton has it by itself, on the port after gRPC's: 8002 beside 8001.
"""

from __future__ import annotations

import http.client
from contextlib import closing

PENDING = "nv_inference_pending_request_count"
PAGE_SECONDS = 1.0
MOST_PAGE_BYTES = 4 << 20
MOST_REQUESTS = 1e9  # of one line; a page may say anything


def waiting(address: str, port: int | None = None) -> int | None:
    """Requests that no instance has begun yet, of all models; None: there is no such page.

    `address` is the gRPC side's, host:port; `port`: of the page, where it is another.
    """
    host, _, grpc = address.rpartition(":")
    try:
        page = http.client.HTTPConnection(
            host.strip("[]"), int(grpc) + 1 if port is None else port, timeout=PAGE_SECONDS
        )
        with closing(page):
            page.request("GET", "/metrics")
            answer = page.getresponse()
            held = answer.read(MOST_PAGE_BYTES + 1)
    except (OSError, ValueError, http.client.HTTPException):
        return None
    fits = answer.status == http.client.OK and len(held) <= MOST_PAGE_BYTES
    return counted(held.decode("utf-8", "replace")) if fits else None


def counted(page: str) -> int | None:
    """What a page of metrics says of all models together; None: it says nothing of them."""
    found = [
        _number(line.rsplit(maxsplit=1)[-1])
        for line in page.splitlines()
        if line.startswith((f"{PENDING}{{", f"{PENDING} "))
    ]
    return round(sum(found)) if found else None


def _number(word: str) -> float:
    try:
        number = float(word)
    except ValueError:
        return 0.0
    return number if 0 <= number <= MOST_REQUESTS else 0.0
