"""The connection: gRPC to a Triton server.

The only importer of tritonclient, and the only place where its errors become ours.
"""

from __future__ import annotations

import json
import math
import struct
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, TimeoutError as StillRunning
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from grpc import ssl_channel_credentials
from numpy.typing import NDArray
from tritonclient import grpc
from tritonclient.grpc import InferenceServerClientPlugin
from tritonclient.utils import (
    InferenceServerException,
    np_to_triton_dtype,
    triton_to_np_dtype,
)

from answerprint import faults
from answerprint.access import Access
from answerprint.errors import (
    InferenceError,
    ModelHangs,
    ServerAway,
    ServerError,
    ServerNotReady,
    ServerRefused,
    ServerSilent,
)
from answerprint.offer import LOADING, loading
from answerprint.pulse import Pulse
from answerprint.ring import NotShared, Slot
from answerprint.wire import Place, is_here

ASK_SECONDS = 10.0
PULSE_SECONDS = 3.0  # it is asked for beside every frame, and costs a server nothing
STOP_SECONDS = 10.0
FORGET_SECONDS = 2.0
LOOK_SECONDS = 0.2  # so soon it is seen that a run was stopped
MOST_DEADLINES = 10  # while a model works for others; one of its instances may hang
RELOAD_SECONDS = 120.0  # large weights take long

_CHANNEL = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.use_local_subchannel_pool", 1),  # else a new client goes over the old connection
    ("grpc.initial_reconnect_backoff_ms", 250),
    ("grpc.max_reconnect_backoff_ms", 5000),  # 120 s otherwise, and nobody notices who is back
)


class RegionLost(Exception):  # noqa: N818 - no failure: it is registered again
    """The server knows no such region: it was started anew since."""


class AnotherSize(Exception):  # noqa: N818 - no failure: it is asked for without a place
    """An output is larger than the place that was kept for it."""


@dataclass(frozen=True)
class Request:
    """What is asked of a model.

    tensors   name on the wire -> array, or where it lies in `slot`
    outputs   name on the wire -> where it is to lie in `slot`; None: it comes in the answer
    deadline  seconds in which the model must do something, for whomever
    stop      once it is set, it may take STOP_SECONDS more
    asks      what else the model is to do
    """

    model: str
    version: str
    id: str
    tensors: Mapping[str, NDArray[Any] | Place]
    outputs: Mapping[str, Place | None]
    deadline: float
    stop: threading.Event
    slot: Slot | None = None
    asks: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """What came back, by the name on the wire.

    arrays   tensors that came in the answer itself, read-only
    lying    shape and type of those that lie in the slot
    """

    arrays: dict[str, NDArray[Any]]
    lying: dict[str, tuple[tuple[int, ...], np.dtype[Any]]]


class Connection:
    """One server. Safe to use from several threads.

    access   certificates and token, where a gateway stands before it; None: plain, as on loopback
    """

    def __init__(self, address: str, access: Access | None = None) -> None:
        self.address, self._access = address, access
        self._client = _connected(address, access)
        self._leaving = threading.Lock()

    def close(self) -> None:
        self._client.close()

    def metadata(self) -> Any:
        with self._asked("the server") as client:
            return client.get_server_metadata(as_json=True, client_timeout=ASK_SECONDS)

    def index(self) -> list[dict[str, str]]:
        """Each version of each model, with `name`, `version`, `state` and `reason`.

        A folder whose name begins with _ is no model, and Triton does not know that.
        """
        with self._asked("the server") as client:
            found = client.get_model_repository_index(as_json=True, client_timeout=ASK_SECONDS)
        return [one for one in found.get("models", []) if not one["name"].startswith("_")]

    def config(self, name: str, version: str) -> Any:
        with self._asked(name) as client:
            found = client.get_model_config(name, version, as_json=True, client_timeout=ASK_SECONDS)
        return found["config"]

    def statistics(self, name: str, version: str) -> list[dict[str, Any]]:
        with self._asked(name) as client:
            found = client.get_inference_statistics(
                name, version, as_json=True, client_timeout=PULSE_SECONDS
            )
        return list(found.get("model_stats", []))

    def load(self, name: str) -> None:
        """Load a model's folder as it is now: versions that came or went. Raises as `reload` does."""
        self._load(name)

    def reload(self, name: str, seen: str) -> None:
        """Load a model anew, though its files are what they were.

        Triton passes over a model that did not change. So a parameter that nobody else reads
        changes: the mark. Where it is not the one that was `seen`, another client was faster.

        Raises:
            ServerError: any of its kinds; ServerRefused where nobody may load a model.
        """
        config = self.config(name, "")
        if loading(config) != seen:
            return
        changing = {LOADING: {"string_value": uuid.uuid4().hex}}
        config["parameters"] = {**config.get("parameters", {}), **changing}
        self._load(name, config=json.dumps(config))

    def _load(self, name: str, **asked: str) -> None:
        try:
            with self._ours(name):
                self._client.load_model(name, **asked, client_timeout=RELOAD_SECONDS)
        except InferenceError as error:
            raise ServerNotReady(
                f"{name} cannot be loaded: {error.problem}",
                remedy="Tell the pipeline team; the server's log says more.",
            ) from error

    def register(self, name: str, size: int) -> None:
        """Map a file in shared memory. Raises NotShared; ServerAway and its like."""
        try:
            self._client.register_system_shared_memory(
                name, f"/{name}", size, client_timeout=ASK_SECONDS
            )
        except InferenceServerException as error:
            fault = self._meaning(error, "shared memory")
            if isinstance(fault, (ServerAway, ServerNotReady, ServerSilent)):
                raise fault from error
            if isinstance(fault, ServerRefused):
                raise NotShared("the server does not let us share memory") from error
            raise NotShared("the server does not see this machine's shared memory") from error

    def unregister(self, name: str) -> bool:
        """Unmap it, if it is known; False while a request uses it, or the server is away."""
        try:
            self._client.unregister_system_shared_memory(name, client_timeout=FORGET_SECONDS)
        except InferenceServerException:
            return False
        return True

    def names(self) -> list[str]:
        """All regions of shared memory that are registered, by anybody."""
        with self._asked("shared memory") as client:
            found = client.get_system_shared_memory_status(as_json=True, client_timeout=ASK_SECONDS)
        return list(found.get("regions", {}))

    def infer(self, request: Request) -> Reply:
        """The model's answer.

        Raises:
            RegionLost, AnotherSize: to be asked again, otherwise.
            ServerError: any of its kinds; ServerSilent where it did not answer in time.
        """
        with self._ours(request.model):
            result = self._waited(request)
        try:
            return _reply(result, request)
        except (ValueError, TypeError, struct.error) as error:  # no tensor of that shape and type
            raise faults.garbled(request.model, str(error)) from error

    def _waited(self, request: Request) -> Any:
        answered: Future[Any] = Future()
        client = self._client  # held: whoever lets the last one go, cancels what it waits for
        call = client.async_infer(
            request.model,
            [_tensor(name, one, request.slot) for name, one in request.tensors.items()],
            _telling(answered),
            model_version=request.version,
            outputs=[_output(name, one, request.slot) for name, one in request.outputs.items()],
            request_id=request.id,
            headers=self._said(request),
            parameters=dict(request.asks),
        )
        given_up = math.inf
        watch = _Watch(request, lambda: Pulse.of(self.statistics(request.model, request.version)))
        try:
            while time.monotonic() < given_up:
                with suppress(StillRunning):
                    return answered.result(timeout=LOOK_SECONDS)
                watch.check()
                if request.stop.is_set():
                    given_up = min(given_up, time.monotonic() + STOP_SECONDS)
        finally:
            if not answered.done():
                call.cancel()
                self._leave(client)  # an answer that cannot be read ends gRPC's only thread for it
        raise ServerSilent(
            f"{request.model} did not answer within {STOP_SECONDS:g} s after the run was to end, "
            "and was given up.",
            remedy="Resume the take; if it happens again, see 'answerprint doctor'.",
        )

    @contextmanager
    def _asked(self, what: str) -> Iterator[Any]:
        """The client, for a question that every server answers at once.

        A connection that swallows what is sent never ends by itself: after silence the next
        question goes over a new one.
        """
        client = self._client
        try:
            with self._ours(what):
                yield client
        except ServerSilent:
            self._leave(client)
            raise

    def _leave(self, client: Any) -> None:
        """Ask over a new connection from now on; what waits on the old one goes on waiting."""
        with self._leaving:
            if self._client is client:
                self._client = _connected(self.address, self._access)

    def _said(self, request: Request) -> dict[str, str] | None:
        """For a gateway's log: the model stands deep in the message, where it cannot see it."""
        if self._access is None:
            return None
        return {"x-answerprint-model": f"{request.model}/{request.version}"}

    @contextmanager
    def _ours(self, what: str) -> Iterator[None]:
        try:
            yield
        except InferenceServerException as error:
            said = error.message() or ""
            if "Unable to find shared memory region" in said:
                raise RegionLost(said) from error
            if "bytes to hold the results" in said:
                raise AnotherSize(said) from error
            raise self._meaning(error, what) from error

    def _meaning(self, error: InferenceServerException, what: str) -> ServerError:
        status = (error.status() or "").removeprefix("StatusCode.")
        found = faults.meaning(self.address, what, status, error.message() or "")
        if self._access is not None and isinstance(found, ServerAway):
            return self._access.trouble(self.address) or found
        return found


class _Headers(InferenceServerClientPlugin):  # type: ignore[misc]
    """Has a token go with every question, whichever it is."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def __call__(self, request: Any) -> None:
        request.headers = {**request.headers, **self._access.headers}


@dataclass
class _Watch:
    """Whether a model that has not answered is at work at all.

    How long a request waits in the server's queue is for others to say, and to take it out of there
    and send it again would make it wait for ever. So not the wait is bounded, but the stillness.
    """

    request: Request
    pulse: Callable[[], Pulse]
    _begun: float = field(default_factory=time.monotonic)
    _since: float = 0.0
    _executed: int = -1

    def check(self) -> None:
        """Raises ModelHangs, or what the server answers when it is asked: as it is."""
        now, deadline = time.monotonic(), self.request.deadline
        if self._executed < 0:
            if now - self._begun > min(1.0, deadline / 4):
                self._look(now)
        elif now - self._since > deadline:
            before = self._executed
            self._look(now)
            if self._executed == before or now - self._begun > MOST_DEADLINES * deadline:
                raise ModelHangs(
                    f"{self.request.model} did not answer within {now - self._begun:.0f} s, and did "
                    "nothing else.",
                    remedy="See 'answerprint doctor'; give it more time with --deadline if it is "
                    "slow.",
                )

    def _look(self, now: float) -> None:
        self._executed, self._since = self.pulse().executed, now


def _connected(address: str, access: Access | None) -> Any:
    # a proxy for the web has no business between a program and its own machine
    own = (("grpc.enable_http_proxy", 0),) if is_here(address) else ()
    options = [*_CHANNEL, *own]
    if access is None:
        return grpc.InferenceServerClient(address, channel_args=options)
    shown = ssl_channel_credentials(access.ca, access.key, access.certificate)
    client = grpc.InferenceServerClient(address, creds=shown, channel_args=options)
    client.register_plugin(_Headers(access))
    return client


def _telling(answered: Future[Any]) -> Callable[[Any, Exception | None], None]:
    """What gRPC calls with an answer, or with why there is none."""

    def tell(result: Any, error: Exception | None) -> None:
        if error is None:
            answered.set_result(result)
        else:
            answered.set_exception(error)

    return tell


def _tensor(name: str, given: NDArray[Any] | Place, slot: Slot | None) -> Any:
    if isinstance(given, Place) and slot is not None:
        tensor = grpc.InferInput(name, list(given.shape), np_to_triton_dtype(given.dtype))
        tensor.set_shared_memory(slot.name, given.size, given.offset)
    else:
        tensor = grpc.InferInput(name, list(given.shape), np_to_triton_dtype(given.dtype))
        tensor.set_data_from_numpy(given)
    return tensor


def _output(name: str, place: Place | None, slot: Slot | None) -> Any:
    output = grpc.InferRequestedOutput(name)
    if place is not None and slot is not None:
        output.set_shared_memory(slot.name, place.size, place.offset)
    return output


def _reply(result: Any, request: Request) -> Reply:
    arrays: dict[str, NDArray[Any]] = {}
    lying: dict[str, tuple[tuple[int, ...], np.dtype[Any]]] = {}
    for one in result.get_response().outputs:
        if request.outputs.get(one.name) is None:
            arrays[one.name] = result.as_numpy(one.name)
        else:
            lying[one.name] = tuple(one.shape), np.dtype(triton_to_np_dtype(one.datatype))
    return Reply(arrays, lying)
