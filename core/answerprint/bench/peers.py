"""Peers: the plain client, tritonclient as its own examples use it, one frame after another."""

from __future__ import annotations

import json
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint.bench import bare
from answerprint.bench.lab import COMPRESSIONS, CORES, TASK, Lab
from answerprint.bench.row import Row
from answerprint.errors import SetupError

Ask = Callable[[NDArray[Any]], NDArray[Any]]

TRIPS = 20
_TENSORS = {"float16": ("pixels_half", "FP16"), "float32": ("pixels", "FP32")}


def rows(lab: Lab) -> Iterator[Row]:
    """Files in and out, halves on the wire: read, send, wait, write, then the next."""
    for name in ("gRPC", "HTTP"):
        for compression in COMPRESSIONS:
            yield _apart(_files, lab, name, compression)
    yield _apart(_files, lab, "gRPC", "zip", CORES)


def trips(lab: Lab) -> Iterator[Row]:
    """A float32 frame there and back without any file."""
    for name in ("gRPC", "HTTP"):
        yield _apart(_trip, lab, name)


def _apart(measure: Callable[..., Row], lab: Lab, *words: Any) -> Row:
    """Measure in a process of its own: a plain client has nothing of what ours sets for itself."""
    lab.check()
    _module("HTTP")  # what is missing is said here, and not from there
    facts = {one.name: getattr(lab, one.name) for one in fields(lab) if one.name != "interrupted"}
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_there, measure, facts, words).result()


def _there(measure: Callable[..., Row], facts: dict[str, Any], words: tuple[Any, ...]) -> Row:
    return measure(Lab(**facts), *words)


def _trip(lab: Lab, name: str) -> Row:
    image = np.full(lab.shape, 0.18, np.float32)
    with closing(_client(lab, name)) as client:
        ask = _asking(client, _module(name), TASK, 0.0)
        rounds = 5 if lab.quick else TRIPS
        times = [_took(ask, image) for _ in range(rounds + 1)][1:]  # the first one connects
    facts = {"best": min(times)}
    said = f"tritonclient {name}, one at a time"
    return Row(f"trip.{name.lower()}-client", said, statistics.median(times), facts=facts)


def _files(lab: Lab, name: str, compression: str, threads: int = 0) -> Row:
    files = lab.files(compression)[: 4 if lab.quick else 16]
    bare.set_threads(threads)
    with lab.room("peer") as folder, closing(_client(lab, name)) as client:
        ask = _asking(client, _module(name), TASK, lab.delay)
        _carry(files[0], ask, folder, compression)  # the first one connects
        start = time.perf_counter()
        for file in files:
            _carry(file, ask, folder, compression)
        each = (time.perf_counter() - start) * 1000 / len(files)
    more = f", OpenEXR with {threads} threads" if threads else ""
    return Row(
        f"peer.{name.lower()}.{compression}{'.threads' if threads else ''}",
        f"tritonclient {name}, {compression}, one at a time{more}",
        each,
        facts={"sends": "half", "frames": len(files)},
    )


def _carry(file: Path, ask: Ask, folder: Path, compression: str) -> None:
    bare.write(folder / file.name, ask(bare.read(file)), compression)


def _asking(client: Any, module: Any, model: str, delay: float) -> Ask:
    settings = module.InferInput("settings", [1], "BYTES")
    settings.set_data_from_numpy(np.array([json.dumps({"delay": delay}).encode()], np.object_))

    def ask(image: NDArray[Any]) -> NDArray[Any]:
        name, kind = _TENSORS[image.dtype.name]
        pixels = module.InferInput(name, list(image.shape), kind)
        pixels.set_data_from_numpy(image)
        wanted = [module.InferRequestedOutput(name)]
        return np.asarray(client.infer(model, [pixels, settings], outputs=wanted).as_numpy(name))

    return ask


def _client(lab: Lab, name: str) -> Any:
    address = lab.address if name == "gRPC" else f"127.0.0.1:{lab.http}"
    return _module(name).InferenceServerClient(address)


def _module(name: str) -> Any:
    """The module as it is: an extra, which nothing but the benchmark needs."""
    try:
        if name == "gRPC":
            from tritonclient import grpc  # noqa: PLC0415

            return grpc
        from tritonclient import http  # noqa: PLC0415
    except ImportError as error:
        raise SetupError(
            f"The plain client to compare with is not installed: {error}.",
            remedy="Run: pip install 'answerprint[bench]'",
        ) from error
    return http


def _took(ask: Ask, image: NDArray[Any]) -> float:
    start = time.perf_counter()
    ask(image)
    return (time.perf_counter() - start) * 1000
