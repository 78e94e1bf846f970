"""Queues: how many requests wait for a model, as Triton's own metrics say it.

Over gRPC a request is counted only when it is done. What waits now stands on the metrics port alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import requests
import urllib3
from prometheus_client.parser import text_string_to_metric_families

PENDING = "nv_inference_pending_request_count"
MOST_BYTES = 16 << 20
SECONDS = 3.0
# urllib3's own come of a page that breaks off, as where Triton is killed in the middle of it
_NO_PAGE = (
    requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError, KeyError,
    OverflowError,
)  # fmt: skip

Queues = Mapping[tuple[str, str], int]


def waiting(address: str | None) -> Queues | None:
    """By model and version, how many requests wait; None: nobody says, or not as Triton does.

    address   host:port of Triton's metrics; None: not known
    """
    if address is None:
        return None
    try:
        return _pending(_page(address))
    except _NO_PAGE:
        return None


def _page(address: str) -> str:
    with requests.Session() as session:
        session.trust_env = False  # a proxy for the web knows nothing of a studio's own ports
        with session.get(f"http://{address}/metrics", timeout=SECONDS, stream=True) as answer:
            answer.raise_for_status()
            held = answer.raw.read(MOST_BYTES + 1, decode_content=True)
    if len(held) > MOST_BYTES:
        raise ValueError(f"{address} says more than {MOST_BYTES:,} bytes")
    return str(held, "utf-8", "strict")


def _pending(page: str) -> Queues:
    return {
        (one.labels["model"], one.labels["version"]): int(one.value)
        for family in text_string_to_metric_families(page)
        if family.name == PENDING
        for one in family.samples
    }
