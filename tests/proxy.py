"""A network that misbehaves: a proxy of real sockets between a client and its server."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

UP, DOWN = "to the server", "to the client"

_RESET = struct.pack("ii", 1, 0)  # closed so, a socket says reset and not farewell
_MOST = 1 << 16

Change = Callable[[str, bytes], bytes]


@dataclass(eq=False)
class _Link:
    """One connection of a client, and ours to the server."""

    client: socket.socket
    server: socket.socket
    silent: set[str] = field(default_factory=set)

    def pump(self, way: str, proxy: Proxy) -> None:
        source, sink = (self.client, self.server) if way == UP else (self.server, self.client)
        with contextlib.suppress(OSError):  # cut, from either side
            while chunk := source.recv(_MOST):
                if way not in self.silent:
                    sink.sendall(proxy.change(way, chunk))
        self.close()

    def close(self, *, reset: bool = False) -> None:
        for one in (self.client, self.server):
            with contextlib.suppress(OSError):
                if reset:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                one.shutdown(socket.SHUT_RDWR)
            if reset:
                one.close()


class Proxy(AbstractContextManager["Proxy"]):
    """Passes on what comes, until it is told otherwise.

    address   where a client finds it, host:port
    change    what becomes of bytes on their way (UP or DOWN); it may take its time
    accepted  how many connections there have been
    """

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = host, int(port)
        self._links: set[_Link] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self.change: Change = _as_it_is
        self.accepted = 0
        self._door = _listening(0)
        self.address = f"127.0.0.1:{self._door.getsockname()[1]}"
        self._serve(self._door)

    def cut(self) -> None:
        """Reset all connections; new ones are let in."""
        with self._lock:
            links, self._links = self._links, set()
        for link in links:
            link.close(reset=True)

    def shut(self) -> None:
        """Reset all connections, and refuse new ones until `open`."""
        door = self._door
        with contextlib.suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)
        door.close()
        self.cut()

    def open(self) -> None:
        self._door = _listening(int(self.address.rpartition(":")[2]))
        self._serve(self._door)

    def silence(self, *ways: str) -> None:
        """Swallow what comes on the connections of now, these ways; they stay open."""
        with self._lock:
            for link in self._links:
                link.silent.update(ways)

    def __exit__(self, *_: object) -> None:
        self.shut()
        for thread in self._threads:
            thread.join()

    def _serve(self, door: socket.socket) -> None:
        self._start(self._let_in, door)

    def _let_in(self, door: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the door was shut
            while True:
                client, _ = door.accept()
                self._join(client)

    def _join(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._target)
        except OSError:
            client.close()
            return
        link = _Link(client, server)
        with self._lock:
            self._links.add(link)
            self.accepted += 1
        for way in (UP, DOWN):
            self._start(link.pump, way, self)

    def _start(self, work: Callable[..., None], *words: object) -> None:
        thread = threading.Thread(target=work, args=words, daemon=True)
        self._threads.append(thread)
        thread.start()


def _listening(port: int) -> socket.socket:
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind(("127.0.0.1", port))
    door.listen()
    return door


def _as_it_is(_: str, chunk: bytes) -> bytes:
    return chunk
