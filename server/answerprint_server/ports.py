"""Ports of 127.0.0.1: those that are free, and stay so while a server is away for a moment."""

from __future__ import annotations

import itertools
import random
import socket
from pathlib import Path

LOWEST = 20_000
RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_ports(count: int) -> tuple[int, ...]:
    """Ports that nobody listens on now, all different.

    They lie below those that the system gives to whoever connects somewhere: a client that tries to
    reach a dead server would otherwise be given, sooner or later, the server's own port.
    """
    below = range(LOWEST, _first_given())
    tried = random.SystemRandom().sample(below, len(below))
    return tuple(itertools.islice(filter(is_free, tried), count))


def is_free(port: int) -> bool:
    """Whether a server could listen there now, as far as this machine's other programs go."""
    with socket.socket() as one:
        # as servers do: what remains of ended connections is in nobody's way
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
            one.listen(1)
        except OSError:
            return False
    return True


def _first_given() -> int:
    try:
        first = int(RANGE.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        first = 32_768
    return first if first > LOWEST + 1000 else 65_536
