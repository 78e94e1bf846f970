"""Limits: what this machine can do at best, measured with nothing of ours in the way."""

from __future__ import annotations

import hashlib
import os
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from answerprint import exr
from answerprint.bench import bare
from answerprint.bench.lab import COMPRESSIONS, CORES, FIRST, TASK, Lab
from answerprint.bench.row import Row
from answerprint.site import Site
from answerprint.triton import Server


def rows(lab: Lab) -> Iterator[Row]:
    """Memory, digest, model, disk, codec."""
    yield _copy(lab)
    yield _digest(lab)
    yield _model(lab)
    for compression in COMPRESSIONS:
        yield from _disk(lab, compression)
    codecs = COMPRESSIONS if lab.quick else (*COMPRESSIONS, "zips", "piz")
    for compression in codecs:
        lab.check()
        yield from _codec(lab, compression)


def _copy(lab: Lab) -> Row:
    source = np.ones(lab.shape, np.float32)
    target = np.zeros_like(source)
    best = _best(lambda: np.copyto(target, source), 12)
    facts = {"gigabytes_per_second": source.nbytes / 1e6 / best}
    return Row("limit.copy", "copy a float32 frame in memory", best, facts=facts)


def _digest(lab: Lab) -> Row:
    pixels = np.ones(lab.shape, np.float16).tobytes()
    best = _best(lambda: hashlib.sha256(pixels).digest(), 5)
    facts = {"gigabytes_per_second": len(pixels) / 1e6 / best}
    return Row("limit.sha256", "SHA-256 of a half frame, one core", best, facts=facts)


def _model(lab: Lab) -> Row:
    """The stand-in by itself, as it counts its own time: of a frame too small to matter."""
    speck = np.zeros((8, 8, 3), np.float32)
    with Server(lab.address) as server:
        offer = server.offer(TASK)
        settings = {"delay": lab.delay}
        told = [
            server.infer(offer, {"pixels": speck}, settings, request_id="bench").report
            for _ in range(8)
        ]
    seconds = statistics.median(float(one["model_seconds"]) for one in told)
    return Row("limit.model", "the stand-in model alone", seconds * 1000)


def _disk(lab: Lab, compression: str) -> Iterator[Row]:
    """Files of a frame's size, each forced to the disk, as many at once as there are cores."""
    content = lab.file(compression, FIRST).read_bytes()
    count = 8 if lab.quick else 24
    with lab.room("disk") as folder:
        files = [folder / str(number) for number in range(count)]
        wrote = _on_all_cores(lambda file: _force(file, content), files)
        read = _on_all_cores(lambda file: file.read_bytes(), files)
    size = {"megabytes": len(content) / 1e6}
    said = f"disk, a {compression} file of {size['megabytes']:.1f} MB"
    yield Row(f"limit.disk.write.{compression}", f"{said}: write and force", wrote, facts=size)
    yield Row(f"limit.disk.read.{compression}", f"{said}: read, from the cache", read, facts=size)


def _force(file: Path, content: bytes) -> None:
    with file.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _codec(lab: Lab, compression: str) -> Iterator[Row]:
    """OpenEXR on every core at once, a frame for each; ms a frame, and of CPU."""
    image = bare.read(lab.file("none", FIRST))
    before, level = bare.threads(), exr.set_zip_level(Site().zip_level)
    bare.set_threads(0)
    try:
        with lab.room("codec") as folder:
            files = [folder / f"{number}.exr" for number in range(CORES * (2 if lab.quick else 6))]
            cpu = time.process_time()
            wrote = _on_all_cores(lambda file: bare.write(file, image, compression), files)
            half = time.process_time()
            read = _on_all_cores(bare.read, files)
            spent = (half - cpu, time.process_time() - half)
    finally:
        bare.set_threads(before)
        exr.set_zip_level(level)
    for verb, wall, used in (("write", wrote, spent[0]), ("read", read, spent[1])):
        facts = {"cpu": used * 1000 / len(files)}
        said = f"EXR {compression}, {verb}, {CORES} cores"
        yield Row(f"limit.codec.{verb}.{compression}", said, wall, facts=facts)


def _on_all_cores(work: Callable[[Path], object], files: list[Path]) -> float:
    """Milliseconds for each file where all are at work together."""
    with ThreadPoolExecutor(CORES) as pool:
        start = time.perf_counter()
        list(pool.map(work, files))
        return (time.perf_counter() - start) * 1000 / len(files)


def _best(work: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return min(times)
