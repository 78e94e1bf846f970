"""Transports: the ways between client and server that a row can be measured over."""

from __future__ import annotations

import inspect
from typing import Any

from answerprint.bench.lab import Lab
from answerprint.triton import Server

_CHOICE = "transport" in inspect.signature(Server).parameters
TRANSPORTS = ("shared memory", "gRPC") if _CHOICE else ("gRPC",)


def connected(lab: Lab, transport: str) -> Server:
    """The lab's server over this transport; closed by whoever asked."""
    chosen: dict[str, Any] = {"transport": transport.lower()} if _CHOICE else {}
    return Server(lab.address, **chosen)
