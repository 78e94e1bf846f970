"""Transports: the ways between client and server that a row can be measured over."""

from __future__ import annotations

from answerprint.bench.lab import Lab
from answerprint.triton import Server

TRANSPORTS = ("shared memory", "gRPC")


def connected(lab: Lab, transport: str) -> Server:
    """The lab's server over this transport; closed by whoever asked."""
    return Server(lab.address, transport=transport.lower())
