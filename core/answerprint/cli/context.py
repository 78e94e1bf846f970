"""What every verb shares: the site, the server, the keys, and where the answer goes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerprint import access, site
from answerprint.access import Access
from answerprint.cli import streams
from answerprint.errors import AnswerprintError, Fix, ServerAway
from answerprint.interrupt import Interrupt
from answerprint.site import Site

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from answerprint.fleet import Fleet
    from answerprint.muster import Seen
    from answerprint.signing import Signer
    from answerprint.triton import Server

Document = dict[str, Any]


class Output:
    """Text for people, or JSON documents one a line. A verb gives both; one of them is printed.

    `deliver` is given the documents instead of standard output.
    """

    def __init__(self, *, json: bool, deliver: Callable[[Document], None] | None = None) -> None:
        self.json = json
        self._stream = streams.apart() if json and deliver is None else sys.stdout
        self._deliver = deliver or self._print

    @property
    def is_terminal(self) -> bool:
        return not self.json and self._stream.isatty()

    def say(self, text: str) -> None:
        if not self.json:
            self.line(text)

    def emit(self, document: Document) -> None:
        if self.json:
            self._deliver(document)

    def show(self, document: Document) -> None:
        """One document that is the answer itself: indented for people, on one line for programs."""
        self.emit(document)
        self.say(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False))

    def error(self, error: AnswerprintError) -> None:
        """Two lines on standard error, or one document."""
        self.emit(error.as_json())
        if not self.json:
            print(f"answerprint: {error.problem}\n  {error.remedy}", file=sys.stderr, flush=True)

    def line(self, text: str) -> None:
        """A line of standard output, as it is."""
        print(text, file=self._stream, flush=True)

    def _print(self, document: Document) -> None:
        self.line(json.dumps(document, ensure_ascii=False, allow_nan=False))


@dataclass(frozen=True)
class Context:
    """`interrupted` is set by Ctrl-C, SIGTERM, and SIGHUP when the terminal is closed."""

    output: Output
    site: Site
    interrupted: Interrupt

    def address(self, asked: str | None = None) -> str:
        """The server's host:port: asked for, configured, or the embedded one that runs.

        Of several that are configured, the best at this moment.

        Raises:
            ServerAway: none of these.
            ServerError: of several, none can be used.
            JobError: what was asked for is no host:port.
        """
        if asked or self.site.server:
            return access.check_address(str(asked or self.site.server))
        if self.site.servers:
            with self._fleet() as fleet:
                return fleet.address
        from answerprint_server import state  # noqa: PLC0415 - it is not everybody's server

        found = state.running(site.home())
        if found is None:
            raise ServerAway(
                "No server is running on this machine, and none is configured.",
                remedy="Start one with 'answerprint serve', or set ANSWERPRINT_SERVER to its "
                "host:port.",
                fix=Fix("Start a server here", argv=("serve",)),
            )
        return found.address

    def server(self, asked: str | None = None, transport: str = "auto", task: str = "") -> Server:
        """The server, with the site's certificates and token; to be closed.

        The best of several: one that has `task` ready, where that is said; it is a `Fleet` then.

        Raises:
            ServerAway: there is none; see `address`.
            SetupError: a certificate or the token cannot be used.
        """
        from answerprint.triton import Server  # noqa: PLC0415 - most verbs ask no server

        if self.has_several(asked):
            return self._fleet(transport, task)
        address = self.address(asked)
        return Server(address, transport=transport, access=self.access(address))

    def has_several(self, asked: str | None = None) -> bool:
        """Whether a run may choose among servers; one that was asked for is all there is."""
        return bool(self.site.servers) and not (asked or self.site.server)

    def muster(self) -> list[Seen]:
        """How each of several servers is, nearest first."""
        from answerprint import fleet, muster  # noqa: PLC0415 - most verbs ask no server

        drained = fleet.draining(self.site.rollout, site.home())
        return muster.muster(self.servers(), Access.of(self.site), drained)

    def servers(self) -> tuple[str, ...]:
        """All that a site names, nearest first. Raises JobError: one is no host:port."""
        return tuple(map(access.check_address, self.site.servers))

    def _fleet(self, transport: str = "auto", task: str = "") -> Fleet:
        from answerprint import fleet  # noqa: PLC0415

        drained, own = partial(fleet.draining, self.site.rollout, site.home()), Access.of(self.site)
        return fleet.Fleet(self.servers(), transport, access=own, draining=drained, task=task)

    def access(self, address: str) -> Access | None:
        """The site's certificates and token for a server; none for the embedded one, on loopback.

        Raises:
            SetupError: a certificate or the token cannot be used.
        """
        if self.site.tls is None and self.site.token is None:
            return None
        from answerprint_server import state  # noqa: PLC0415 - it is not everybody's server

        running = state.running(site.home())
        own = running is not None and running.address == address.replace("localhost:", "127.0.0.1:")
        return None if own else Access.of(self.site)

    def signer(self) -> Signer:
        from answerprint import signing  # noqa: PLC0415 - most verbs need no key

        return signing.own_signer(site.home())

    def trusted(self) -> dict[str, Ed25519PublicKey]:
        """The user's own key and those of the site's trust stores."""
        from answerprint import signing  # noqa: PLC0415

        return signing.trusted_keys([*self.site.trust, site.home() / "trust"])

    def check_keys(self) -> None:
        """Refuse keys that a run cannot use; a first key is not made for that.

        Raises:
            SigningError: the user's own, or one that is trusted, cannot be used.
        """
        from answerprint import signing  # noqa: PLC0415

        signing.check_own(site.home())
        self.trusted()

    def root(self) -> Path:
        return self.site.root or Path("takes")
