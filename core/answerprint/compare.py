"""Comparing frames, of pictures or geometry: how far two lie apart, and from the truth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint import exr, geocompare, medium
from answerprint.errors import SourceError
from answerprint.exr import Frame
from answerprint.geometry import Geometry
from answerprint.medium import Content


@dataclass(frozen=True)
class Difference:
    """Between two frames: the greatest absolute difference and where it is.

    identical   the same digest: windows, names, types and every sample
    channel     or attribute, or grid
    place       in words where it is of geometry, which has no x and y
    """

    identical: bool
    greatest: float
    channel: str
    x: int
    y: int
    place: str = ""

    def __str__(self) -> str:
        if self.identical:
            return "identical"
        return (
            f"up to {self.greatest:.6g} in {self.channel} at {self.place or f'{self.x},{self.y}'}"
        )


def difference(one: Content, other: Content, where: str) -> Difference:
    """Compare two frames sample by sample, in the file's own units.

    Raises:
        SourceError: they differ in parts, channels or windows, points, attributes or grids, so that
            samples do not pair up.
    """
    if medium.digest(one) == medium.digest(other):
        return Difference(True, 0.0, "", 0, 0)
    if isinstance(one, Geometry) and isinstance(other, Geometry):
        return _between(one, other, where)
    if isinstance(one, Geometry) or isinstance(other, Geometry):
        raise SourceError(
            f"{where}: one is a picture, the other geometry.",
            remedy="Compare frames of the same kind.",
        )
    worst = Difference(False, 0.0, "", 0, 0)
    for mine, theirs in _pairs(one, other, where):
        for name, pixels in mine.channels.items():
            apart = geocompare.numbers(pixels, theirs.channels[name])
            y, x = np.unravel_index(int(apart.argmax()), apart.shape)
            if apart[y, x] > worst.greatest or not worst.channel:
                window = mine.data_window
                worst = Difference(
                    False, float(apart[y, x]), name, window.left + int(x), window.top + int(y)
                )
    return worst


def _between(one: Geometry, other: Geometry, where: str) -> Difference:
    each = geocompare.apart(one, other, where)
    worst = max(each, key=lambda apart: apart.greatest, default=None)
    if worst is None:
        return Difference(False, 0.0, "", 0, 0)
    return Difference(False, worst.greatest, worst.name, 0, 0, worst.place)


def psnr(image: NDArray[Any], truth: NDArray[Any]) -> float:
    """Peak signal-to-noise ratio in dB of scene-linear images, after (x / (1 + x))^(1/2.2).

    The tone curve weighs errors as they are seen, and bounds highlights; the peak is 1.
    """
    error = float(np.mean((_toned(image) - _toned(truth)) ** 2))
    return math.inf if error == 0 else -10 * math.log10(error)


def rgb(frame: Frame, where: str) -> NDArray[np.float32]:
    """R, G, B of the unnamed layer as float32 (height, width, 3), scene-linear as in the file.

    Raises:
        SourceError: the frame has no such channels.
    """
    channels = frame.parts[0].channels
    if not {"R", "G", "B"} <= channels.keys():
        raise SourceError(
            f"{where} has no channels R, G, B.", remedy=f"It holds {', '.join(channels)}."
        )
    return np.stack([channels[name] for name in "RGB"], axis=-1).astype(np.float32)


def _toned(image: NDArray[Any]) -> NDArray[np.float64]:
    positive = np.maximum(image.astype(np.float64), 0)
    toned: NDArray[np.float64] = (positive / (1 + positive)) ** (1 / 2.2)
    return toned


def _pairs(one: Frame, other: Frame, where: str) -> list[tuple[exr.Part, exr.Part]]:
    pairs = list(zip(one.parts, other.parts, strict=False))
    fits = len(one.parts) == len(other.parts) and all(
        mine.channels.keys() == theirs.channels.keys() and mine.data_window == theirs.data_window
        for mine, theirs in pairs
    )
    if not fits:
        raise SourceError(
            f"{where}: the two frames differ in parts, channels or windows.",
            remedy="Compare frames of the same kind.",
        )
    return pairs
