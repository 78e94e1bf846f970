"""Serving: the application on a port of this machine, until it is told to end."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import uvicorn
from fastapi import FastAPI

from answerprint.errors import SetupError
from answerprint_studio.settings import Settings

ENDING_SECONDS = 2  # for what is under way
# Requests, where they are asked for. A fault is kept by `trouble`, and what ends is cut short
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "uvicorn.logging.AccessFormatter",
            "fmt": '%(client_addr)s "%(request_line)s" %(status_code)s',
            "use_colors": False,
        }
    },
    "handlers": {
        "line": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "stream": "ext://sys.stderr",
        }
    },
    "loggers": {
        "uvicorn.access": {"handlers": ["line"], "level": "INFO", "propagate": False},
        "uvicorn.error": {"level": "CRITICAL", "propagate": False},
    },
}


@contextlib.contextmanager
def bound(settings: Settings) -> Iterator[tuple[socket.socket, Settings]]:
    """A socket that listens, and the settings with its port: 0 asks for any that is free.

    Raises:
        SetupError: the port is taken, or the address is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as own:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows lets two programs share one otherwise
            own.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            own.bind((settings.host, settings.port))
            own.listen(128)
        except (OSError, OverflowError) as error:
            raise _unbound(settings, error) from error
        yield own, replace(settings, port=own.getsockname()[1])


def serve(
    made: FastAPI, own: socket.socket, *, log: bool = False, ending: Callable[[float], bool]
) -> None:
    """Serve on a socket that listens until `ending` says so; it waits for no longer than it is given."""
    config = uvicorn.Config(
        made,
        log_config=LOGGING,
        access_log=log,
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=ENDING_SECONDS,
        ws="none",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [own]}, name="serve")
    thread.start()  # signals stay with the command line, which hears them in its own thread
    try:
        while thread.is_alive() and not ending(0.2):
            pass
    finally:
        made.state.studio.hub.end()  # pages that listen never end by themselves
        server.should_exit = True
        thread.join()


def _unbound(settings: Settings, error: Exception) -> SetupError:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return SetupError(
            f"Port {settings.port} of {settings.host} is taken by another program.",
            remedy="Perhaps the page is served there already. Choose another one with --port.",
        )
    said = error.strerror if isinstance(error, OSError) else str(error)
    return SetupError(
        f"Nothing can be served at {settings.host} port {settings.port}: {said}.",
        remedy="Give an address of this machine and a free port, with --host and --port.",
    )
