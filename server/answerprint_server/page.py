"""The page: metrics and health over HTTP, on loopback unless somebody says otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from answerprint.errors import SetupError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SECONDS = 10.0  # that one request may take
LOOK_SECONDS = 0.05  # so soon it is seen that the page is to end
METRICS, HEALTHY = "/metrics", "/healthy"

Healthy = Callable[[], tuple[bool, str]]


@contextmanager
def served(
    host: str, port: int, registry: CollectorRegistry, healthy: Healthy
) -> Iterator[tuple[str, int]]:
    """Serve the page until the block ends; gives where: port 0 is any that is free.

    healthy   whether all is well, and a sentence
    Raises:
        SetupError: it cannot listen there.
    """
    try:
        server = make_server(
            host, port, _app(registry, healthy), server_class=_Server, handler_class=_Handler
        )
    except (OSError, OverflowError, TypeError) as error:  # the last: a name that can be none
        raise SetupError(
            f"Metrics cannot be served on {host}:{port}: {error}.",
            remedy="Another program may listen there; choose another with --listen HOST:PORT.",
        ) from error
    words = {"poll_interval": LOOK_SECONDS}
    threading.Thread(target=server.serve_forever, kwargs=words, name="metrics", daemon=True).start()
    try:
        yield str(server.server_address[0]), int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True  # who reads slowly keeps nobody from ending

    def handle_error(self, *_: Any) -> None:
        """Somebody connected, and said nothing or went away: no reason for a traceback."""

    def server_bind(self) -> None:
        """Without asking the name service who we are: it may not answer."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    timeout = SECONDS

    def log_message(self, *_: Any) -> None:
        """Nobody needs a line for each of a thousand scrapes."""


def _app(
    registry: CollectorRegistry, healthy: Healthy
) -> Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]:
    metrics = make_wsgi_app(registry)

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if environ.get("REQUEST_METHOD") not in ("GET", "HEAD"):
            return _said(start, "405 Method Not Allowed", "Only GET is answered here.")
        if path == METRICS:
            found: Iterable[bytes] = metrics(environ, start)
            return found
        if path == HEALTHY:
            well, said = healthy()
            return _said(start, "200 OK" if well else "503 Service Unavailable", said)
        return _said(start, "404 Not Found", f"Here are {METRICS} and {HEALTHY}.")

    return answer


def _said(start: StartResponse, status: str, text: str) -> list[bytes]:
    body = f"{text}\n".encode()
    start(
        status,
        [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("X-Content-Type-Options", "nosniff"),
        ],
    )
    return [body]
