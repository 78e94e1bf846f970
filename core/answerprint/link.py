"""The link to one server: its connection, its ring, and how images travel there.

In shared memory where the server is on this machine, else over gRPC.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from answerprint import answer, ring, sums, wire
from answerprint.answer import REPORT, Arrays, Pixels, Served
from answerprint.connection import AnotherSize, Connection, RegionLost, Reply, Request
from answerprint.contract import Value
from answerprint.documents import canonical
from answerprint.errors import ServerAway, ServerError, ServerOutOfMemory
from answerprint.offer import Offer
from answerprint.ring import NotShared, Ring, Slot
from answerprint.wire import Expected

# protobuf cannot hold more than 2 GiB in one message; tensors of one request share it
MOST_REQUEST_BYTES = 1_900_000_000

SETTINGS = "settings"
SHARED, OVER_GRPC = "shared memory", "grpc"
TRANSPORTS = ("auto", SHARED, OVER_GRPC)


@dataclass(frozen=True)
class Call:
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


class Link:
    """One server's. Safe to use from several threads.

    asked      how images are to travel: one of TRANSPORTS
    transport  how they do, once that is known; see `connect`
    users      requests that are under way; counted by whoever may leave the server
    """

    def __init__(self, connection: Connection, asked: str, folder: Path) -> None:
        self.address, self.connection = connection.address, connection
        self.transport, self.users = "", 0
        self._asked, self._ring = asked, Ring(connection, folder)
        self._connecting = threading.Lock()
        self._triton = ""

    def close(self) -> None:
        self._ring.close()
        self.connection.close()

    @property
    def served(self) -> Served:
        """Who answers here; its version as far as it was asked for."""
        return Served(self.address, self._triton)

    def version(self) -> str:
        """Triton's version, like 2.51.0. Raises ServerError: as the server is."""
        self._triton = str(self.connection.metadata()["version"])
        return self._triton

    def connect(self) -> str:
        """How images travel, found out where that is not known yet; see `Server.connect`."""
        with self._connecting:
            if not self.transport:
                self.transport = self._tried()
        return self.transport

    def arrays(self, call: Call) -> Arrays:
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

    def _through_memory(self, call: Call) -> Arrays:
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
                reply = self.connection.infer(request)
            except RegionLost:
                self._ring.register_again(slot)
                reply = self._again(request)
            return _arrays(call, reply, slot, layout)

    def _again(self, request: Request) -> Reply:
        try:
            return self.connection.infer(request)
        except RegionLost as error:  # it was started anew once more
            raise ServerAway(
                f"The server at {self.address} is being started again and again.",
                remedy="Its log says why.",
            ) from error

    def _over_grpc(self, call: Call) -> Arrays:
        """Raises ServerOutOfMemory: what comes back is more than one message may hold."""
        check_fits(wire.lay({}, call.outputs).size, "answer")
        tensors = {
            wire.wire_name(name, half=image.dtype == np.float16): image
            for name, image in call.images.items()
        }
        outputs = {wire.wire_name(name, half=one.half): None for name, one in call.outputs.items()}
        reply = self.connection.infer(call.request(tensors, outputs))
        came = {name: one for name, one in reply.arrays.items() if name in outputs}
        report = answer.report(reply.arrays.get(REPORT))
        sums.check(call.offer.name, report, sums.sent(tensors, call.text), came)
        return _arrays(call, reply)


def check_fits(size: int, what: str) -> None:
    """Raises ServerOutOfMemory: it is more than one message may hold."""
    if size > MOST_REQUEST_BYTES:
        raise ServerOutOfMemory(
            f"The frame needs {size / 1e9:.1f} GB in one {what}; "
            f"{MOST_REQUEST_BYTES / 1e9:.1f} GB fit.",
            remedy="Process a smaller frame, or fewer layers.",
        )


def _arrays(
    call: Call, reply: Reply, slot: Slot | None = None, layout: wire.Layout | None = None
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
