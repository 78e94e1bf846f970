"""The server: NVIDIA Triton over gRPC.

The only importer of tritonclient, and the only place where its errors become ours.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, TimeoutError as StillRunning
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tritonclient import grpc
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from answerprint import contract, faults
from answerprint.contract import Contract, Value
from answerprint.documents import canonical, did_you_mean
from answerprint.errors import (
    ContractError,
    InferenceError,
    NoSuchTask,
    ServerError,
    ServerNotReady,
    ServerOutOfMemory,
    ServerSilent,
)

ASK_SECONDS = 10.0
INFER_SECONDS = 600.0
STOP_SECONDS = 10.0
LOOK_SECONDS = 0.2  # so soon it is seen that a run was stopped
RELOAD_SECONDS = 120.0  # large weights take long
# protobuf cannot hold more than 2 GiB in one message; tensors of one request share it
MOST_REQUEST_BYTES = 1_900_000_000
MOST_REPORT_BYTES = 1 << 20

CONTRACT, SETTINGS, REPORT = "contract", "settings", "report"

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Offer:
    """One model on the server: its contract, or why it cannot be offered.

    instances   so many frames it works on at once
    """

    name: str
    version: str
    contract: Contract | None
    problem: str = ""
    instances: int = 1

    def usable(self) -> Contract:
        """The contract. Raises ContractError: there is none."""
        if self.contract is None:
            raise ContractError(
                f"Task {self.name} cannot be used: {self.problem}",
                remedy="Tell the pipeline team; the server's log says more.",
            )
        return self.contract


@dataclass(frozen=True)
class Expected:
    """An output that is asked for.

    shape   (height, width, channels); None where the model has a size of its own
    half    whether it is to come as float16
    """

    shape: tuple[int, int, int] | None = None
    half: bool = False


@dataclass(frozen=True)
class Answer:
    """What a model returned: images, and its own account of device, library and times."""

    images: dict[str, Floats]
    report: dict[str, Any]


class Server(AbstractContextManager["Server"]):
    """One Triton server. Safe to use from several threads.

    transport   how images travel: "shared memory", "grpc", or "auto", the best that is possible
    """

    def __init__(self, address: str, transport: str = "auto") -> None:
        self.address, self._wanted = address, transport
        self._client = grpc.InferenceServerClient(address)

    def close(self) -> None:
        self._client.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    def version(self) -> str:
        """Triton's version, like 2.51.0.

        Raises:
            ServerAway, ServerRefused, ServerNotReady: as the server is.
        """
        with self._ours("the server"):
            found = self._client.get_server_metadata(as_json=True, client_timeout=ASK_SECONDS)
        return str(found["version"])

    def offers(self) -> list[Offer]:
        """All models of the server, by name.

        Raises:
            ServerAway, ServerRefused, ServerNotReady: as the server is.
        """
        with self._ours("the server"):
            index = self._client.get_model_repository_index(
                as_json=True, client_timeout=ASK_SECONDS
            )
        models = sorted(index.get("models", []), key=_name_and_version)
        return [self._offer(model) for model in models]

    def offer(self, task: str, version: str | None = None) -> Offer:
        """The offer for a task, of its newest ready version or the one asked for.

        Raises:
            NoSuchTask: the server has no such task; says what it has.
            ServerNotReady: the task is there and is not ready.
            ContractError: its contract is missing or wrong.
        """
        offers = self.offers()
        mine = [one for one in offers if one.name == task]
        names = sorted({one.name for one in offers})
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
        that the contract names; (frames, height, width, channels) where the model sees several.
        `outputs`: those that these settings bring back; None: all of the contract, of any size.
        The answer's images are float32 (height, width, channels), read-only.
        `deadline`: seconds that the model may take. `stop`: once it is set, the model has only
        STOP_SECONDS more.

        Raises:
            ServerError: any of its kinds; InferenceError where the model failed on this frame;
                ServerSilent where it did not answer in time, or was given up.
        """
        total = sum(image.nbytes for image in images.values())
        if total > MOST_REQUEST_BYTES:
            raise ServerOutOfMemory(
                f"The frame needs {total / 1e9:.1f} GB in one request; "
                f"{MOST_REQUEST_BYTES / 1e9:.1f} GB fit.",
                remedy="Process a smaller frame, or fewer layers.",
            )
        inputs = [_tensor(name, image) for name, image in images.items()]
        text = np.array([canonical(dict(settings))], dtype=np.object_)
        inputs.append(_tensor(SETTINGS, text))
        with self._ours(offer.name):
            result = self._infer(
                inputs,
                stop or threading.Event(),
                model_name=offer.name,
                model_version=offer.version,
                request_id=request_id,
                client_timeout=deadline,
            )
            names = [output.name for output in result.get_response().outputs]
            arrays = {name: result.as_numpy(name) for name in names}
        return _answer(
            offer, arrays, tuple(outputs or [one.name for one in offer.usable().outputs])
        )

    def _infer(self, inputs: Sequence[Any], stop: threading.Event, **asked: Any) -> Any:
        """The server's answer, waited for until the deadline, or not much longer than `stop`."""
        answered: Future[Any] = Future()
        call = self._client.async_infer(inputs=inputs, callback=_telling(answered), **asked)
        given_up = math.inf
        try:
            while time.monotonic() < given_up:
                with suppress(StillRunning):
                    return answered.result(timeout=LOOK_SECONDS)
                if stop.is_set():
                    given_up = min(given_up, time.monotonic() + STOP_SECONDS)
        finally:
            if not answered.done():
                call.cancel()
        raise ServerSilent(
            f"{asked['model_name']} did not answer within {STOP_SECONDS:g} s after the run was to "
            "end, and was given up.",
            remedy="Resume the take; if it happens again, see 'answerprint doctor'.",
        )

    def reload(self, name: str) -> None:
        """Have the server load a model anew: cures one whose process has died.

        Raises:
            ServerError: any of its kinds; ServerRefused where the server does not allow it.
        """
        with self._ours(name):
            self._client.load_model(name, client_timeout=RELOAD_SECONDS)

    def executions(self, offer: Offer) -> int:
        """How often the model has been executed since it was loaded: a number that moves is alive.

        Raises:
            ServerError: any of its kinds.
        """
        with self._ours(offer.name):
            found = self._client.get_inference_statistics(
                offer.name, offer.version, as_json=True, client_timeout=ASK_SECONDS
            )
        return sum(int(one.get("execution_count", 0)) for one in found.get("model_stats", []))

    def _offer(self, model: Mapping[str, str]) -> Offer:
        name, version = model["name"], model.get("version", "")
        if model.get("state") != "READY":
            return Offer(name, version, None, _reason(model))
        with self._ours(name):
            config = self._client.get_model_config(
                name, version, as_json=True, client_timeout=ASK_SECONDS
            )["config"]
        text = config.get("parameters", {}).get(CONTRACT, {}).get("string_value")
        if text is None:
            return Offer(name, version, None, "it carries no contract.")
        groups = config.get("instance_group", [])
        instances = sum(int(group.get("count", 1)) for group in groups) or 1
        try:
            found = contract.parse(text, where=f"model {name}")
            return Offer(name, version, found, instances=instances)
        except ContractError as error:
            return Offer(name, version, None, error.problem)

    @contextmanager
    def _ours(self, what: str) -> Iterator[None]:
        try:
            yield
        except InferenceServerException as error:
            status = (error.status() or "").removeprefix("StatusCode.")
            said = error.message() or ""
            raise faults.meaning(self.address, what, status, said) from error


def _telling(answered: Future[Any]) -> Callable[[Any, Exception | None], None]:
    """What gRPC calls with an answer, or with why there is none."""

    def tell(result: Any, error: Exception | None) -> None:
        if error is None:
            answered.set_result(result)
        else:
            answered.set_exception(error)

    return tell


def _tensor(name: str, array: NDArray[Any]) -> Any:
    tensor = grpc.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
    tensor.set_data_from_numpy(array)
    return tensor


def _answer(offer: Offer, arrays: dict[str, NDArray[Any] | None], outputs: Sequence[str]) -> Answer:
    """Hold a model's answer against its contract: nothing missing, of float32, not empty."""
    images: dict[str, Floats] = {}
    for name in outputs:
        image = arrays.get(name)
        if image is None or image.dtype != np.float32 or image.ndim != 3 or image.size == 0:
            raise InferenceError(
                f"{offer.name} returned no image '{name}'.",
                remedy="Tell the pipeline team: the model breaks its contract.",
            )
        images[name] = image
    report = _report(arrays.get(REPORT))
    if report.pop("model_sha256", None) not in (None, offer.usable().sha256):
        raise ServerError(
            f"The model of {offer.name} was replaced while the job ran.",
            remedy="Run the job again as a new take: a take never mixes models.",
        )
    return Answer(images, report)


def _report(array: NDArray[Any] | None) -> dict[str, Any]:
    if array is None or array.size != 1:
        return {}
    blob = bytes(array.reshape(-1)[0])
    if len(blob) > MOST_REPORT_BYTES:
        return {}
    try:
        report = json.loads(blob)
    except ValueError:
        return {}
    return report if isinstance(report, dict) else {}


def _name_and_version(model: Mapping[str, str]) -> tuple[str, float]:
    version = model.get("version", "")
    return model["name"], int(version) if version.isdigit() else -math.inf


def _reason(model: Mapping[str, str]) -> str:
    said = faults.first_line(model.get("reason", "")) or "no reason given"
    return f"it is {model.get('state', 'not loaded').lower()}, {said}."
