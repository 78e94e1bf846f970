"""Comparing frames: how far two results lie apart, and from the truth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint import exr
from answerprint.errors import SourceError
from answerprint.exr import Frame


@dataclass(frozen=True)
class Difference:
    """Between two frames: the greatest absolute difference and where it is.

    `identical` means the same pixel digest: windows, channel names, types and every sample.
    """

    identical: bool
    greatest: float
    channel: str
    x: int
    y: int

    def __str__(self) -> str:
        if self.identical:
            return "identical"
        return f"up to {self.greatest:.6g} in {self.channel} at {self.x},{self.y}"


def difference(one: Frame, other: Frame, where: str) -> Difference:
    """Compare all channels of two frames, sample by sample, in the file's own units.

    Raises:
        SourceError: they differ in parts, channels or windows, so that samples do not pair up.
    """
    if exr.digest(one) == exr.digest(other):
        return Difference(True, 0.0, "", 0, 0)
    worst = Difference(False, 0.0, "", 0, 0)
    for mine, theirs in _pairs(one, other, where):
        for name, pixels in mine.channels.items():
            apart = _apart(pixels, theirs.channels[name])
            y, x = np.unravel_index(int(apart.argmax()), apart.shape)
            if apart[y, x] > worst.greatest or not worst.channel:
                window = mine.data_window
                worst = Difference(
                    False, float(apart[y, x]), name, window.left + int(x), window.top + int(y)
                )
    return worst


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


def _apart(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.float64]:
    """Absolute differences; equal non-finite samples count as 0, others as infinitely far."""
    with np.errstate(invalid="ignore"):
        apart = np.abs(one.astype(np.float64) - other.astype(np.float64))
    same = (one == other) | (np.isnan(one.astype(np.float64)) & np.isnan(other.astype(np.float64)))
    return np.where(same, 0.0, np.where(np.isnan(apart), np.inf, apart))


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
