"""The studio: what one running service holds, and how a request comes to a take."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import Depends, Path as UrlPath, Request

from answerprint import lightbox, proxy, review, signing, thumbnail
from answerprint.errors import SigningError
from answerprint.review import Reviewer
from answerprint.signing import Signer
from answerprint.take import Take
from answerprint_studio.follow import Follower
from answerprint_studio.index import Entry, Index
from answerprint_studio.provenance import Verifier
from answerprint_studio.settings import Settings
from answerprint_studio.tables import Tables
from answerprint_studio.trouble import Gone

MOST_LISTENERS = 200
MOST_WAITING = 1000  # ids that one listener has not fetched


class Hub:
    """Tells every open page which takes are others now. Told from any thread."""

    def __init__(self) -> None:
        self._listeners: dict[asyncio.Queue[set[str]], asyncio.AbstractEventLoop] = {}
        self._lock = threading.Lock()
        self.is_over = False

    def end(self) -> None:
        """Nothing is told any more: whoever listens need not wait for it."""
        self.is_over = True
        self.tell(set())

    def tell(self, idents: set[str]) -> None:
        with self._lock:
            for queue, loop in self._listeners.items():
                with contextlib.suppress(RuntimeError):  # its loop has just ended
                    loop.call_soon_threadsafe(_put, queue, set(idents))

    @contextlib.contextmanager
    def listening(self) -> Iterator[asyncio.Queue[set[str]] | None]:
        """A queue of ids; None where too many listen already."""
        queue: asyncio.Queue[set[str]] = asyncio.Queue(maxsize=MOST_WAITING)
        with self._lock:
            is_full = len(self._listeners) >= MOST_LISTENERS
            if not is_full:
                self._listeners[queue] = asyncio.get_running_loop()
        try:
            yield None if is_full else queue
        finally:
            with self._lock:
                self._listeners.pop(queue, None)


def _put(queue: asyncio.Queue[set[str]], idents: set[str]) -> None:
    with contextlib.suppress(asyncio.QueueFull):  # whoever is so late looks at everything anyway
        queue.put_nowait(idents)


@dataclass
class Studio:
    """`drawing`: pictures are drawn no more of at once than there are processors."""

    settings: Settings
    index: Index
    hub: Hub
    follower: Follower
    box: lightbox.Lightbox
    verifier: Verifier
    person: Reviewer = field(default_factory=review.me)
    tables: Tables = field(default_factory=Tables)
    deciding: threading.Lock = field(default_factory=threading.Lock)
    drawing: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(max(2, os.cpu_count() or 2))
    )

    @classmethod
    def of(cls, settings: Settings) -> Studio:
        """Raises SetupError: the index cannot be opened."""
        hub = Hub()
        index = Index(settings.url, settings.roots, own=not settings.database)
        follower = Follower(index, settings.roots, settings.site, settings.home, hub.tell)
        box = lightbox.Lightbox(settings.site, proxy.Cache(settings.home / "proxies"))
        verifier = Verifier(lambda: _trusted(settings), hub.tell)
        return cls(settings, index, hub, follower, box, verifier)

    def close(self) -> None:
        self.follower.stop()
        self.verifier.stop()
        self.index.close()

    def easel(self, width: int) -> thumbnail.Easel:
        cache = thumbnail.Cache(self.settings.home / "thumbnails")
        return thumbnail.Easel(self.settings.site, cache, width)

    def signer(self) -> Signer:
        """Raises SigningError: there is no key that could be used."""
        return signing.own_signer(self.settings.home)

    def trusted(self) -> dict[str, Ed25519PublicKey]:
        """Raises SigningError: a file of a trust store is no key."""
        return _trusted(self.settings)

    def cannot_decide(self) -> str:
        """Why nobody decides here; '' where the user who runs the service does."""
        if not self.settings.is_loopback:
            return (
                "This page is open to other machines, and there are no logins yet: nobody can "
                "decide here."
            )
        try:
            signing.check_own(self.settings.home)
        except SigningError as error:
            return error.problem
        return ""

    def entry(self, ident: str) -> Entry:
        """What the index holds of a take that is there still.

        Raises:
            Gone: there is no such take, or its folder is gone, or is another take's by now.
        """
        entry = self.index.one(ident)
        if entry is None or not self.is_ours(entry):
            raise Gone(
                "There is no such take here.",
                remedy="Go back to the wall; it shows the takes that are there.",
            )
        if not (Path(entry["folder"]) / ".take").is_dir():
            self.follower.refresh([entry["folder"]])
            raise Gone(
                f"{entry['name']} {entry['take']} is not there any more: its folder was removed.",
                remedy="Go back to the wall. If the share was away, look again when it is back.",
            )
        return entry

    def take(self, ident: str) -> Take:
        """Raises Gone, as `entry` does; JobError: it lies outside the allowed roots."""
        take = Take(Path(self.entry(ident)["folder"]))
        self.settings.site.check_allowed(take.folder, "Take")
        return take

    def is_ours(self, entry: Entry) -> bool:
        """Whether it lies below one of the roots, wherever an index has its folders from."""
        folder = Path(entry["folder"])
        return ".." not in folder.parts and any(
            folder.is_relative_to(root) for root in self.settings.roots
        )


def _trusted(settings: Settings) -> dict[str, Ed25519PublicKey]:
    return signing.trusted_keys([*settings.site.trust, settings.home / "trust"])


def _here(request: Request) -> Studio:
    found = request.app.state.studio
    assert isinstance(found, Studio)  # noqa: S101 - the application's own
    return found


Here = Annotated[Studio, Depends(_here)]
Ident = Annotated[str, UrlPath(pattern="^[0-9a-f]{32}$", description="uuid of a take's claim")]
