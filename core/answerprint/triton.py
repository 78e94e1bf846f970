"""The server: NVIDIA Triton, its tasks, and one frame through a model.

Images travel in shared memory where the server is on this machine, else over gRPC.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from answerprint import answer, offer as offers, ring
from answerprint.access import Access
from answerprint.answer import Answer, Pixels
from answerprint.connection import FORGET_SECONDS, STOP_SECONDS, Connection
from answerprint.contract import Value
from answerprint.documents import did_you_mean
from answerprint.errors import NoSuchTask, ServerNotReady
from answerprint.link import (
    MOST_REQUEST_BYTES,
    OVER_GRPC,
    SHARED,
    TRANSPORTS,
    Call,
    Link,
    check_fits,
)
from answerprint.offer import Offer
from answerprint.pulse import Pulse
from answerprint.wire import Expected

__all__ = [
    "INFER_SECONDS",
    "MOST_REQUEST_BYTES",
    "OVER_GRPC",
    "SHARED",
    "STOP_SECONDS",
    "TRANSPORTS",
    "Answer",
    "Expected",
    "Floats",
    "Offer",
    "Pixels",
    "Server",
]

INFER_SECONDS = 600.0

Floats = NDArray[np.float32]


class Server(AbstractContextManager["Server"]):
    """One Triton server at a time. Safe to use from several threads.

    transport   how images travel: "shared memory", "grpc", or "auto", the best that is possible
    folder      where shared memory is
    access      certificates and token, where a gateway asks for them; None: plain, as on loopback
    """

    def __init__(
        self,
        address: str,
        transport: str = "auto",
        *,
        folder: Path = ring.FOLDER,
        access: Access | None = None,
    ) -> None:
        if transport not in TRANSPORTS:
            raise ValueError(f"transport is {transport}, and has to be one of {TRANSPORTS}")
        self._asked, self._folder, self._access = transport, folder, access
        self._moving = threading.Lock()
        self._leaving: list[threading.Thread] = []
        self._link = self._linked(address)

    @property
    def address(self) -> str:
        """host:port; another one after `move`."""
        return self._link.address

    @property
    def transport(self) -> str:
        """How images travel in words for people; '' before `connect`."""
        return self._link.transport

    def close(self) -> None:
        self._link.close()
        for leaving in self._leaving:  # what is ours on this machine went first
            leaving.join(FORGET_SECONDS)

    def __exit__(self, *_: object) -> None:
        self.close()

    def move(self, address: str) -> None:
        """Go on at another server, for everything that is asked from now on.

        What is under way at the old one goes on there, and is answered if that still can.

        Raises:
            ServerError: the other does not answer, or images cannot travel there as was asked for;
                then all stays as it is.
        """
        link = self._linked(address)
        try:
            link.version()
            link.connect()
        except BaseException:
            link.close()
            raise
        with self._moving:
            left, self._link = self._link, link
            is_free = not left.users
        if is_free:
            self._leave(left)

    def connect(self) -> str:
        """Find out how images travel, if that is not known yet; returns it in words for people.

        "shared memory", or "gRPC: " and why it is not that. `transport` holds the same; it changes
        when shared memory turns out too small.

        Raises:
            ServerAway, ServerNotReady, ServerSilent: as the server is.
            ServerError: shared memory was asked for and is not possible.
        """
        with self._here() as link:
            return link.connect()

    def version(self) -> str:
        """Triton's version, like 2.51.0.

        Raises:
            ServerAway, ServerRefused, ServerNotReady: as the server is.
        """
        with self._here() as link:
            return link.version()

    def offers(self) -> list[Offer]:
        """All models of the server, by name.

        Raises:
            ServerAway, ServerRefused, ServerNotReady: as the server is.
        """
        with self._here() as link:
            models = sorted(link.connection.index(), key=offers.order)
            return [_offer(link, model) for model in models]

    def offer(self, task: str, version: str | None = None) -> Offer:
        """The offer for a task, of its newest ready version or the one asked for.

        Raises:
            NoSuchTask: the server has no such task; says what it has.
            ServerNotReady: the task is there and is not ready.
            ContractError: its contract is missing or wrong.
        """
        found = self.offers()
        mine = [one for one in found if one.name == task]
        names = sorted({one.name for one in offers.tasks(found)})
        if not mine:
            raise NoSuchTask(
                f"The server at {self.address} has no task '{task}'.{did_you_mean(task, names)}",
                remedy=f"It offers {', '.join(names) or 'nothing'}.",
            )
        usable = [one for one in mine if one.contract and version in (None, one.version)]
        if usable:
            return usable[-1]
        if version is not None and version not in {one.version for one in mine}:
            held = ", ".join(one.version for one in mine)
            raise NoSuchTask(
                f"Task {task} has no version {version} on {self.address}.",
                remedy=f"It has {held}. Leave the version out to use the newest.",
            )
        broken = [one for one in mine if version in (None, one.version)][-1]
        raise ServerNotReady(
            f"Task {task} is on the server and cannot be used: {broken.problem}",
            remedy="Tell the pipeline team; the server's log says more.",
        )

    def infer(
        self,
        offer: Offer,
        images: Mapping[str, Floats],
        settings: Mapping[str, Value],
        *,
        request_id: str,
        outputs: Mapping[str, Expected] | None = None,
        deadline: float = INFER_SECONDS,
        stop: threading.Event | None = None,
    ) -> Answer:
        """Run a model on one frame.

        `images`: input name -> float32 (height, width, channels), C-contiguous, in the encoding
        that the contract names, or float16 where the contract says half; (frames, height, width,
        channels) where the model sees several. Tasks of another kind have arrays of another rank:
        see `contract.Kind`.
        `outputs`: those that these settings bring back; None: all of the contract, of any size.
        The answer's images are float32 (height, width, channels), or float16 where that was asked
        for; they may be read-only.
        `deadline`: seconds in which the model must do something: a long queue before us may take
        longer. `stop`: once it is set, the model has only
        STOP_SECONDS more.

        Raises:
            ServerError: any of its kinds; InferenceError where the model failed on this frame;
                ModelHangs where it did nothing in time; ServerSilent where it was given up.
        """
        check_fits(sum(image.nbytes for image in images.values()), "request")
        wanted = outputs or {one.name: Expected() for one in offer.usable().outputs}
        never = threading.Event()
        call = Call(offer, images, settings, wanted, request_id, deadline, stop or never)
        with self._here() as link:
            return answer.held(offer, wanted, link.arrays(call), link.served)

    def reload(self, name: str, seen: str) -> None:
        """Have the server load a model anew: cures one whose process has died or hangs.

        Not where another client had it loaded since: `seen` is the mark (Offer.loading) that was
        known.

        Raises:
            ServerError: any of its kinds; ServerRefused where the server does not allow it.
        """
        with self._here() as link:
            link.connection.reload(name, seen)

    def load(self, name: str) -> None:
        """Have the server look at a model's folder again, for versions that came or went.

        Raises:
            ServerError: any of its kinds; ServerRefused where the server does not allow it.
        """
        with self._here() as link:
            link.connection.load(name)

    def states(self) -> dict[tuple[str, str], str]:
        """Of each version of each model, by name and version: READY, LOADING, UNAVAILABLE, or ''.

        Raises:
            ServerError: any of its kinds.
        """
        with self._here() as link:
            models = link.connection.index()
        return {(one["name"], one.get("version", "")): one.get("state", "") for one in models}

    def pulse(self, offer: Offer | None = None) -> Pulse:
        """What the model has done since it was loaded, for everybody; None: what all of them have.

        Raises:
            ServerError: any of its kinds.
        """
        name, version = (offer.name, offer.version) if offer else ("", "")
        with self._here() as link:
            return Pulse.of(link.connection.statistics(name, version))

    def _linked(self, address: str) -> Link:
        return Link(Connection(address, self._access), self._asked, self._folder)

    @contextmanager
    def _here(self) -> Iterator[Link]:
        """The server as it is now; who moves in the meantime leaves it to us until we are done."""
        with self._moving:
            link = self._link
            link.users += 1
        try:
            yield link
        finally:
            with self._moving:
                link.users -= 1
                is_left = link is not self._link and not link.users
            if is_left:
                self._leave(link)

    def _leave(self, link: Link) -> None:
        """Aside: a server that hangs is told what it may forget, and answers nothing."""
        leaving = threading.Thread(target=link.close, name=f"leaving {link.address}", daemon=True)
        self._leaving.append(leaving)
        leaving.start()


def _offer(link: Link, model: Mapping[str, str]) -> Offer:
    if model.get("state") != "READY":
        return offers.not_ready(model)
    config = link.connection.config(model["name"], model.get("version", ""))
    return offers.of_model(model, config)
