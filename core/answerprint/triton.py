"""The server: NVIDIA Triton, its tasks, and one frame through a model.

Images travel in shared memory where the server is on this machine, else over gRPC.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint import answer, offer as offers, ring, sums, wire
from answerprint.answer import REPORT, Answer, Arrays, Pixels
from answerprint.connection import (
    STOP_SECONDS,
    AnotherSize,
    Connection,
    RegionLost,
    Reply,
    Request,
)
from answerprint.contract import Value
from answerprint.documents import canonical, did_you_mean
from answerprint.errors import (
    NoSuchTask,
    ServerAway,
    ServerError,
    ServerNotReady,
    ServerOutOfMemory,
)
from answerprint.offer import Offer
from answerprint.pulse import Pulse
from answerprint.ring import NotShared, Ring, Slot
from answerprint.wire import Expected

__all__ = [
    "INFER_SECONDS",
    "MOST_REQUEST_BYTES",
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
# protobuf cannot hold more than 2 GiB in one message; tensors of one request share it
MOST_REQUEST_BYTES = 1_900_000_000

SETTINGS = "settings"
SHARED, OVER_GRPC = "shared memory", "grpc"
TRANSPORTS = ("auto", SHARED, OVER_GRPC)

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class _Call:
    """One request for one frame, however it travels."""

    offer: Offer
    images: Mapping[str, Pixels]
    settings: Mapping[str, Value]
    outputs: Mapping[str, Expected]
    request_id: str
    deadline: float
    stop: threading.Event

    @property
    def text(self) -> bytes:
        return canonical(dict(self.settings))

    def request(
        self, tensors: Mapping[str, Any], outputs: Mapping[str, Any], slot: Slot | None = None
    ) -> Request:
        """It, with these images and places, and what is always sent and asked for."""
        text = np.array([self.text], dtype=np.object_)
        return Request(
            self.offer.name,
            self.offer.version,
            self.request_id,
            {**tensors, SETTINGS: text},
            {**outputs, REPORT: None},
            self.deadline,
            self.stop,
            slot,
            {} if slot else {sums.SUMS: True},
        )


class Server(AbstractContextManager["Server"]):
    """One Triton server. Safe to use from several threads.

    transport   how images travel: "shared memory", "grpc", or "auto", the best that is possible
    folder      where shared memory is
    """

    def __init__(
        self, address: str, transport: str = "auto", *, folder: Path = ring.FOLDER
    ) -> None:
        if transport not in TRANSPORTS:
            raise ValueError(f"transport is {transport}, and has to be one of {TRANSPORTS}")
        self.address, self._asked = address, transport
        self.transport = ""
        self._connection = Connection(address)
        self._ring = Ring(self._connection, folder)
        self._connecting = threading.Lock()

    def close(self) -> None:
        self._ring.close()
        self._connection.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    def connect(self) -> str:
        """Find out how images travel, if that is not known yet; returns it in words for people.

        "shared memory", or "gRPC: " and why it is not that. `transport` holds the same; it changes
        when shared memory turns out too small.

        Raises:
            ServerAway, ServerNotReady, ServerSilent: as the server is.
            ServerError: shared memory was asked for and is not possible.
        """
        with self._connecting:
            if not self.transport:
                self.transport = self._tried()
        return self.transport

    def version(self) -> str:
        """Triton's version, like 2.51.0.

        Raises:
            ServerAway, ServerRefused, ServerNotReady: as the server is.
        """
        return str(self._connection.metadata()["version"])

    def offers(self) -> list[Offer]:
        """All models of the server, by name.

        Raises:
            ServerAway, ServerRefused, ServerNotReady: as the server is.
        """
        models = sorted(self._connection.index(), key=offers.order)
        return [self._offer(model) for model in models]

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
        raise ServerNotReady(
            f"Task {task} is on the server and cannot be used: {mine[-1].problem}",
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
        _check_fits(sum(image.nbytes for image in images.values()), "request")
        wanted = outputs or {one.name: Expected() for one in offer.usable().outputs}
        never = threading.Event()
        call = _Call(offer, images, settings, wanted, request_id, deadline, stop or never)
        return answer.held(offer, wanted, self._arrays(call))

    def _tried(self) -> str:
        """How images travel, by trying it: only what shares our memory finds a name in it."""
        host = self.address.rpartition(":")[0]
        if self._asked == OVER_GRPC:
            return "gRPC: asked for"
        if not ring.POSSIBLE:
            return self._without_memory("this system has none that a server could see")
        if not wire.is_here(self.address):
            return self._without_memory(f"{host} is not this machine")
        try:
            with self._ring.slot(ring.PAGE):
                return SHARED
        except NotShared as error:
            return self._without_memory(str(error))

    def _without_memory(self, reason: str) -> str:
        """Raises ServerError: shared memory was asked for."""
        if self._asked == SHARED:
            raise ServerError(
                f"Images cannot travel to {self.address} in shared memory: {reason}.",
                remedy="Ask for no transport, or for grpc.",
            )
        return f"gRPC: {reason}"

    def _arrays(self, call: _Call) -> Arrays:
        """What comes back for a call, by output; the report is among them."""
        # the server cannot place an image without pixels; it says what is wrong with it otherwise
        if self.connect() == SHARED and all(image.size for image in call.images.values()):
            try:
                return self._through_memory(call)
            except NotShared as error:
                self.transport = self._without_memory(str(error))
            except AnotherSize:
                pass  # without a place it comes as it is, and is judged by whoever uses it
        return self._over_grpc(call)

    def _through_memory(self, call: _Call) -> Arrays:
        layout = wire.lay(call.images, call.outputs)
        outputs = {
            wire.wire_name(name, half=one.half): layout.outputs.get(name)
            for name, one in call.outputs.items()
        }
        with self._ring.slot(layout.size) as slot:
            for name, place in layout.inputs.items():
                np.copyto(slot.array(place), call.images[name])
            tensors = {place.name: place for place in layout.inputs.values()}
            request = call.request(tensors, outputs, slot)
            try:
                reply = self._connection.infer(request)
            except RegionLost:
                self._ring.register_again(slot)
                reply = self._again(request)
            return _arrays(call, reply, slot, layout)

    def _again(self, request: Request) -> Reply:
        try:
            return self._connection.infer(request)
        except RegionLost as error:  # it was started anew once more
            raise ServerAway(
                f"The server at {self.address} is being started again and again.",
                remedy="Its log says why.",
            ) from error

    def _over_grpc(self, call: _Call) -> Arrays:
        """Raises ServerOutOfMemory: what comes back is more than one message may hold."""
        _check_fits(wire.lay({}, call.outputs).size, "answer")
        tensors = {
            wire.wire_name(name, half=image.dtype == np.float16): image
            for name, image in call.images.items()
        }
        outputs = {wire.wire_name(name, half=one.half): None for name, one in call.outputs.items()}
        reply = self._connection.infer(call.request(tensors, outputs))
        came = {name: one for name, one in reply.arrays.items() if name in outputs}
        report = answer.report(reply.arrays.get(REPORT))
        sums.check(call.offer.name, report, sums.sent(tensors, call.text), came)
        return _arrays(call, reply)

    def reload(self, name: str, seen: str) -> None:
        """Have the server load a model anew: cures one whose process has died or hangs.

        Not where another client had it loaded since: `seen` is the mark (Offer.loading) that was
        known.

        Raises:
            ServerError: any of its kinds; ServerRefused where the server does not allow it.
        """
        self._connection.load(name, seen)

    def states(self) -> dict[tuple[str, str], str]:
        """Of each version of each model, by name and version: READY, LOADING, UNAVAILABLE, or ''.

        Raises:
            ServerError: any of its kinds.
        """
        models = self._connection.index()
        return {(one["name"], one.get("version", "")): one.get("state", "") for one in models}

    def pulse(self, offer: Offer | None = None) -> Pulse:
        """What the model has done since it was loaded, for everybody; None: what all of them have.

        Raises:
            ServerError: any of its kinds.
        """
        name, version = (offer.name, offer.version) if offer else ("", "")
        return Pulse.of(self._connection.statistics(name, version))

    def _offer(self, model: Mapping[str, str]) -> Offer:
        if model.get("state") != "READY":
            return offers.not_ready(model)
        config = self._connection.config(model["name"], model.get("version", ""))
        return offers.of_model(model, config)


def _check_fits(size: int, what: str) -> None:
    if size > MOST_REQUEST_BYTES:
        raise ServerOutOfMemory(
            f"The frame needs {size / 1e9:.1f} GB in one {what}; "
            f"{MOST_REQUEST_BYTES / 1e9:.1f} GB fit.",
            remedy="Process a smaller frame, or fewer layers.",
        )


def _arrays(
    call: _Call, reply: Reply, slot: Slot | None = None, layout: wire.Layout | None = None
) -> Arrays:
    """Every output that came, by its name in the contract; copies of what lies in a slot."""
    found: Arrays = {REPORT: reply.arrays.get(REPORT)}
    for name, expected in call.outputs.items():
        named = wire.wire_name(name, half=expected.half)
        if named in reply.arrays:
            found[name] = reply.arrays[named]
        elif slot is not None and layout is not None and named in reply.lying:
            shape, dtype = reply.lying[named]
            place = replace(layout.outputs[name], shape=shape, dtype=dtype)
            found[name] = slot.array(place).copy()
    return found
