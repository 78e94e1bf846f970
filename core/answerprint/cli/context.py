"""What every verb shares: the site, the server, the keys, and where the answer goes."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from answerprint import signing, site
from answerprint.errors import AnswerprintError, ServerAway
from answerprint.site import Site


class Output:
    """Text for people, or JSON documents one a line. A verb gives both; one of them is printed."""

    def __init__(self, *, json: bool) -> None:
        self.json = json
        self._stream = _own_stdout() if json else sys.stdout

    @property
    def is_terminal(self) -> bool:
        return not self.json and self._stream.isatty()

    def say(self, text: str) -> None:
        if not self.json:
            print(text, file=self._stream, flush=True)

    def emit(self, document: dict[str, Any]) -> None:
        if self.json:
            line = json.dumps(document, ensure_ascii=False, allow_nan=False)
            print(line, file=self._stream, flush=True)

    def show(self, document: dict[str, Any]) -> None:
        """One document that is the answer itself: indented for people, on one line for programs."""
        self.emit(document)
        self.say(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False))

    def error(self, error: AnswerprintError) -> None:
        """Two lines on standard error, or one document."""
        self.emit(error.as_json())
        if not self.json:
            print(f"answerprint: {error.problem}\n  {error.remedy}", file=sys.stderr, flush=True)

    def abandon(self) -> None:
        """Nobody reads any more; keep the interpreter's last flush from complaining."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@dataclass(frozen=True)
class Context:
    """`interrupted` is set by Ctrl-C and SIGTERM."""

    output: Output
    site: Site
    interrupted: threading.Event

    def address(self, asked: str | None = None) -> str:
        """The server's host:port: asked for, configured, or the embedded one that runs.

        Raises:
            ServerAway: none of these.
        """
        from answerprint_server import embedded  # noqa: PLC0415 - most verbs need no server

        if asked or self.site.server:
            return str(asked or self.site.server)
        state = embedded.running(site.home())
        if state is None:
            raise ServerAway(
                "No server is running on this machine, and none is configured.",
                remedy="Start one with 'answerprint serve', or set ANSWERPRINT_SERVER to its "
                "host:port.",
            )
        return state.address

    def signer(self) -> signing.Signer:
        return signing.own_signer(site.home())

    def trusted(self) -> dict[str, Ed25519PublicKey]:
        """The user's own key and those of the site's trust stores."""
        return signing.trusted_keys([*self.site.trust, site.home() / "trust"])

    def root(self) -> Path:
        return self.site.root or Path("takes")


def _own_stdout() -> TextIO:
    """Standard output for us alone; what native libraries print goes to standard error.

    OpenEXR prints warnings to standard output from C++; in a stream of JSON they would be noise.
    """
    try:
        if sys.stdout.fileno() != 1:
            return sys.stdout
    except (io.UnsupportedOperation, ValueError):  # a test's or an embedding program's own stream
        return sys.stdout
    sys.stdout.flush()
    own = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(own, "w", encoding="utf-8")
