"""The frame around a model in Triton's Python backend, so that a model.py holds only its model.

A request brings one float32 tensor for each input, in the axes that the contract's kind has (AXES),
or a stack of them where the model sees several frames, and one JSON tensor `settings`; the answer
takes one tensor for each output and one JSON tensor `report`. What is said of images here holds for
attributes and grids as well. Where the contract says half, an image may come, and may be asked for,
as float16 under its name and `_half`.
Needs numpy and what the backend itself brings; runs in the embedded server and in NVIDIA's
container alike.
"""

import functools
import hashlib
import importlib.util
import json
import math
import os
import pathlib
import time
import traceback
import zlib

import numpy as np
import triton_python_backend_utils as backend

HALF = "_half"
AXES = {
    "image": ("height", "width", "channels"),
    "points": ("points", "channels"),
    "volume": ("z", "y", "x", "channels"),
    "heightfield": ("y", "x", "channels"),
}

__all__ = ["AXES", "ImageModel", "RefusedError", "cpu_name"]


class RefusedError(Exception):
    """The request is wrong; its sentence is for the artist."""


class ImageModel:
    """Base of a `TritonPythonModel`, of any kind of task: fill in `load` and `run`.

    `halves`: whether `run` takes images as float16 where they came so; else all are float32. It may
    return either: the answer has what was asked for.
    """

    contract: dict
    halves = False

    def load(self):
        """Get ready for requests: devices, sessions, weights."""

    def run(self, images, settings):
        """Return ({output: float32 in the kind's axes}, {report field: text or number}).

        `images` holds the inputs that came, C-contiguous, of as many axes as the contract's kind
        has, and one before them where it sees several frames; `settings` every parameter of the
        contract, and what the engine adds: `time` where the contract makes frames between two,
        `seed` where it has one. Raise RefusedError for a request that is wrong.
        """
        raise RefusedError("this model does nothing")

    def initialize(self, args):
        carried = json.loads(args["model_config"])["parameters"]
        own = carried.get(f"contract.{args['model_version']}", carried["contract"])
        self.contract = json.loads(own["string_value"])
        folder = pathlib.Path(args["model_repository"])
        artifacts = self.contract["model"]["artifacts"]
        check_artifacts(artifacts, folder)
        self.sha256 = digest(artifacts)
        self.load()

    def execute(self, requests):
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        start = time.perf_counter()
        try:
            images, settings = self._images(request), self._settings(request)
            sums = _sums_asked_for(request)
            outputs, report = self.run(images, settings)
            tensors = _asked_for(outputs, set(request.requested_output_names()))
        except RefusedError as error:
            return _failed(str(error), backend.TritonError.INVALID_ARG)
        except MemoryError:
            return _failed("out of memory", backend.TritonError.INTERNAL)
        except Exception as error:  # noqa: BLE001 - the whole story goes to the log, a line to the client
            backend.Logger.log_error(traceback.format_exc())
            return _failed(f"{type(error).__name__}: {error}", backend.TritonError.INTERNAL)
        report["model_sha256"] = self.sha256
        report["model_seconds"] = round(time.perf_counter() - start, 4)
        if sums is not None:
            sums |= {f"out {one.name()}": _sum(one.as_numpy()) for one in tensors}
            sums["report"] = _sum_of_text(json.dumps(report).encode("utf-8"))
            report["sums"] = sums
        tensors.append(backend.Tensor("report", _text(report)))
        return backend.InferenceResponse(tensors)

    def _images(self, request):
        found = {}
        for one in self.contract["inputs"]:
            image = _taken(request, one["name"])
            if one.get("half"):
                half = _taken(request, one["name"] + HALF)
                if image is not None and half is not None:
                    raise RefusedError(f"{one['name']} came twice, as float and as half")
                image = half if image is None else image
            if image is not None:
                check_axes(one["name"], image, self.contract)
                found[one["name"]] = image if self.halves else widened(image)
            elif one.get("required", True):
                raise RefusedError(f"{one['name']} is missing")
        return found

    def _settings(self, request):
        known = {one["name"]: one for one in self.contract.get("parameters", [])}
        added = added_by_the_engine(self.contract)
        given = _given(backend.get_input_tensor_by_name(request, "settings"))
        unknown = set(given) - set(known) - set(added)
        if unknown:
            raise RefusedError(f"unknown settings: {', '.join(sorted(unknown))}")
        for name in added:
            if name not in given:
                raise RefusedError(f"setting {name} is missing")
        for name, value in given.items():
            right = added[name](value) if name in added else fits(known[name], value)
            if not right:
                raise RefusedError(
                    f"setting {name} is {_short(value)}, which its contract does not allow"
                )
        return {**{name: one["default"] for name, one in known.items()}, **given}


def check_axes(name, image, contract):
    """Raises RefusedError: an input has more or fewer axes than the contract's kind."""
    axes = AXES[contract.get("kind", "image")]
    cut = contract.get("cut", {})
    if cut.get("between") or cut.get("before") or cut.get("after"):
        axes = ("frames", *axes)
    if image.ndim != len(axes):
        raise RefusedError(f"{name} is not ({', '.join(axes)})")


def widened(image):
    """The same numbers as float32; an image that is no half is returned itself."""
    if image.dtype != np.float16 or not image.size:
        return image
    opencv = _opencv()
    if opencv is None:
        return image.astype(np.float32)
    rows = image.view(np.int16).reshape(-1, image.shape[-1])
    return opencv.convertFp16(rows).reshape(image.shape)


def narrowed(image):
    """The nearest half of each number, ties to even, inf from 65520 on; as numpy would do it."""
    if image.dtype == np.float16:
        return image
    opencv = _opencv()
    if opencv is None or image.dtype != np.float32 or not image.size:
        with np.errstate(over="ignore"):
            return image.astype(np.float16)
    rows = opencv.convertFp16(image.reshape(-1, image.shape[-1]))
    return rows.view(np.float16).reshape(image.shape)


@functools.cache
def _opencv():
    """OpenCV, which is ten times as fast as numpy; NVIDIA's container has none."""
    try:
        import cv2  # noqa: PLC0415 - not before a half comes: it would make the start longer
    except ImportError:
        return None
    cv2.setNumThreads(1)  # the instances of a model share the cores already
    return cv2


def added_by_the_engine(contract):
    """The settings that are no parameters, each with what tells whether a value is right."""
    added = {}
    if contract.get("cut", {}).get("between"):
        added["time"] = is_time
    if contract.get("seed"):
        added["seed"] = is_seed
    return added


def is_time(value):
    """Where between two frames: 0 is the first, 1 would be the second."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1


def is_seed(value):
    """Digits as text, because JSON readers disagree about numbers this large; 64 bits at most."""
    digits = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20
    return digits and int(value) < 2**64


def fits(parameter, value):
    """Whether a value is one that the contract allows for a parameter."""
    kinds = {"bool": bool, "int": int, "float": (int, float), "choice": str, "text": str}
    kind = parameter["type"]
    if not isinstance(value, kinds[kind]) or (isinstance(value, bool) and kind != "bool"):
        return False
    if kind == "choice":
        return value in parameter["choices"]
    if kind in ("int", "float"):
        low, high = parameter.get("min"), parameter.get("max")
        inside = (low is None or value >= low) and (high is None or value <= high)
        return inside and (kind == "int" or abs(value) < math.inf)  # NaN is not below infinity
    return True


def check_artifacts(artifacts, folder):
    """Refuse to load when a file is not the one that the contract names.

    A name is below the model's folder, or below its package's folder where a package is named.
    """
    for one in artifacts:
        path = artifact_path(one, folder)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != one["sha256"]:
            raise RuntimeError(
                f"{one['name']} has SHA-256 {digest}, and the contract names {one['sha256']}: "
                "the model is not the one that was described"
            )


def digest(artifacts):
    """One SHA-256 for a model, as clients compute it: over its artifacts in canonical JSON.

    For ASCII text, sorted keys without spaces are what RFC 8785 asks for.
    """
    listed = [{key: one.get(key, "") for key in ("name", "package", "sha256")} for one in artifacts]
    text = json.dumps(listed, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def artifact_path(artifact, folder):
    if not artifact.get("package"):
        return folder / artifact["name"]
    top = artifact["name"].split("/")[0]
    spec = importlib.util.find_spec(top)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"package {artifact['package']} is not installed beside the server")
    return pathlib.Path(spec.origin).parent.parent / artifact["name"]


def cpu_name():
    """The processor as it names itself, with the number of cores that may be used."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
        name = next(
            line.partition(":")[2].strip() for line in lines.splitlines() if "model name" in line
        )
    except (OSError, StopIteration):
        name = "unknown"
    return f"CPU {name}, {os.cpu_count()} cores"


def _taken(request, name):
    """An image of a request, C-contiguous, or None."""
    tensor = backend.get_input_tensor_by_name(request, name)
    return None if tensor is None else np.ascontiguousarray(tensor.as_numpy())


def _asked_for(outputs, requested):
    """Tensors of those that are wanted. Who names none has asked for all: then no half is sent."""
    tensors = []
    for name, made in outputs.items():
        image = np.ascontiguousarray(made)
        if name in requested:
            tensors.append(backend.Tensor(name, widened(image)))
        elif name + HALF in requested:
            tensors.append(backend.Tensor(name + HALF, narrowed(image)))
    return tensors


def _sums_asked_for(request):
    """Of all that came, as it came; None where nobody asks: images in shared memory do not change."""
    if not json.loads(request.parameters() or "{}").get("sums"):
        return None
    sums = {}
    for one in request.inputs():
        if one.name() == "settings":
            sums["settings"] = _sum_of_text(bytes(one.as_numpy().reshape(-1)[0]))
        else:
            sums[f"in {one.name()}"] = _sum(one.as_numpy())
    return sums


def _sum(array):
    """Of an array's numbers, type and shape; answerprint.sums has the same."""
    raw = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    whole = raw.size - raw.size % 8192
    rows = raw[:whole].view(np.uint64).reshape(-1, 1024).sum(axis=1, dtype=np.uint64)
    return f"{array.dtype.str} {array.shape} {zlib.crc32(raw[whole:], zlib.crc32(rows)):08x}"


def _sum_of_text(text):
    return f"{zlib.crc32(text):08x}"


def _given(tensor):
    """The settings of a request, as they came."""
    if tensor is None:
        return {}
    try:
        given = json.loads(bytes(tensor.as_numpy().reshape(-1)[0]))
    except (ValueError, IndexError, RecursionError) as error:
        raise RefusedError("the settings are not JSON") from error
    if not isinstance(given, dict):
        raise RefusedError("the settings are not a JSON object")
    return given


def _short(value):
    """A value in an error, never longer than its sentence."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _text(document):
    return np.array([json.dumps(document).encode("utf-8")], dtype=np.object_)


def _failed(message, code):
    return backend.InferenceResponse([], backend.TritonError(message, code))
