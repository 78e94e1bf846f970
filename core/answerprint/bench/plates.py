"""Plates to measure with: gradients, highlights and grain, the same on every machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from answerprint import exr
from answerprint.bench.lab import COMPRESSIONS, CORES, FIRST, Lab, numbered

Halves = NDArray[np.float16]

SEED = 4
GRAIN = 0.02


def picture(width: int, height: int) -> Halves:
    """Half (height, width, 3): smooth light with a highlight of 12, and grain as film has it."""
    random = np.random.default_rng(SEED)
    across = np.linspace(0, 1, width, dtype=np.float32)[None, :]
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    light = 12 * np.exp(-(((across - 0.7) ** 2 + (down - 0.3) ** 2) / 0.004))
    channels = [across * 0.8 + down * 0.1, down * 0.7 + 0.05, (1 - across) * 0.5]
    image = np.stack([one + light for one in channels], axis=-1)
    grain = random.standard_normal(image.shape, np.float32) * GRAIN * (0.3 + image)
    return np.asarray(image + grain, np.float16)


def frame(image: Halves, number: int) -> exr.Frame:
    """One frame of the plate: the picture moved aside, so that no two frames are the same."""
    moved = np.roll(image, number * 8, axis=1)
    return exr.new({name: moved[..., index].copy() for index, name in enumerate("RGB")})


def write(path: Path, image: Halves, compression: str, numbers: Sequence[int]) -> None:
    """Write these frames of a plate, on all cores.

    Raises:
        DiskFull, TakeError: the disk has no room for them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)

    def one(number: int) -> None:
        made = frame(image, number)
        exr.compress(made, compression)
        exr.write(numbered(path, number), made)

    with ThreadPoolExecutor(CORES) as pool:
        list(pool.map(one, numbers))


def write_all(lab: Lab) -> None:
    """The large plates that most rows are measured with, one for each compression."""
    image = picture(*lab.size)
    for compression in COMPRESSIONS:
        lab.check()
        numbers = range(FIRST, FIRST + lab.frames)
        write(lab.plate(compression), image, compression, numbers)


def write_long(path: Path, image: Halves, distinct: int, count: int) -> None:
    """A plate of `count` frames, uncompressed, that takes the disk no more than `distinct`."""
    write(path, image, "none", range(FIRST, FIRST + distinct))
    for number in range(FIRST + distinct, FIRST + count):
        same = FIRST + (number - FIRST) % distinct
        os.link(numbered(path, same), numbered(path, number))


def write_noisy(path: Path, count: int, *, width: int = 480, height: int = 270) -> None:
    """A noisy render with albedo and normal, for denoise where no sample frames are installed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    clean = picture(width, height).astype(np.float32)
    for number in range(FIRST, FIRST + count):
        random = np.random.default_rng(number)
        noisy = np.abs(clean) * random.gamma(2.0, 0.5, clean.shape).astype(np.float32)
        layers = {"": noisy, "albedo.": np.clip(clean, 0, 1), "normal.": clean * 0}
        layers["normal."][..., 2] = 1
        names = {"": "RGB", "albedo.": "RGB", "normal.": "XYZ"}
        channels = {
            f"{layer}{name}": image[..., index].astype(np.float16)
            for layer, image in layers.items()
            for index, name in enumerate(names[layer])
        }
        exr.write(numbered(path, number), exr.new(channels))
