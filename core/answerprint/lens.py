"""Lens: pictures made small, smoothed and compared. OpenCV is here and in `halves`.

It runs on one thread: `halves` sees to that. All is taken as it is: whoever calls has put
something finite in the place of NaN and inf.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from answerprint import halves

Floats = NDArray[np.float32]

LUMINANCE = 0.2126, 0.7152, 0.0722  # ITU-R BT.709
FLOOR = 0.02  # a tenth of middle grey: what lies far below it is noise, not stops

_ROWS = 128  # of a channel that are widened at a time: they stay in the processor's cache
_MOST_SPLIT = 512  # channels that OpenCV takes at a time
_HALF_INF = 0x7C00
_HALF_MINUS_NOUGHT = 0x8000


def smaller(pixels: NDArray[Any], factor: int) -> Floats:
    """The means of squares of factor x factor pixels: (height, width, channels), of any float.

    Rows and columns that fill no square are left out. NaN and inf come through. Each channel of what
    comes back lies in one piece, which is how they are looked at later.
    """
    height, width = pixels.shape[0] // factor, pixels.shape[1] // factor
    found = np.empty((pixels.shape[2], height, width), np.float32)
    step = max(_ROWS // factor, 1)
    for top in range(0, height if width else 0, step):
        some = pixels[top * factor : min(top + step, height) * factor, : width * factor]
        for plane, into in zip(planes(some), found, strict=True):
            wide = plane if plane.dtype == np.float32 else halves.widen(plane)
            _area(np.ascontiguousarray(wide), into[top : top + step])
    return found.transpose(1, 2, 0)


def planes(pixels: NDArray[Any]) -> Sequence[NDArray[Any]]:
    """Each channel of (height, width, channels), its rows without gaps; copied only where it must be."""
    count = pixels.shape[2]
    if pixels.strides[1] == pixels.itemsize or not pixels.size:
        return [pixels[..., channel] for channel in range(count)]
    if count > _MOST_SPLIT:
        return [np.ascontiguousarray(pixels[..., channel]) for channel in range(count)]
    seen_as = np.int16 if pixels.dtype == np.float16 else pixels.dtype
    found = cv2.split(np.ascontiguousarray(pixels).view(seen_as))
    return [np.asarray(one).view(pixels.dtype) for one in found]


def luminance(pixels: Floats) -> Floats:
    """(height, width) of (height, width, channels): of three, weighed; else the first."""
    channels = planes(pixels)
    if len(channels) != len(LUMINANCE) or not pixels.size:
        return np.ascontiguousarray(channels[0])
    found = channels[0] * np.float32(LUMINANCE[0])
    for one, weight in zip(channels[1:], LUMINANCE[1:], strict=True):
        cv2.scaleAdd(one, weight, found, found)
    return found


def strongest(pixels: Floats) -> Floats:
    """(height, width): the greatest channel of each pixel."""
    channels = planes(pixels)
    found = np.array(channels[0], np.float32)
    for one in channels[1:]:
        cv2.max(found, one, found)
    return found


def stops(light: Floats) -> Floats:
    """log2 of light that is lifted by FLOOR; what lies below 0 is 0."""
    lifted = np.maximum(light, np.float32(0)) + np.float32(FLOOR)
    if not lifted.size:
        return lifted
    return np.asarray(cv2.log(lifted), np.float32) * np.float32(1 / np.log(2))


def mean(image: Floats, edge: int) -> Floats:
    """Of the square of so many pixels around each one."""
    size = min(edge, image.shape[1]), min(edge, image.shape[0])
    return np.asarray(cv2.blur(image, size, borderType=cv2.BORDER_REFLECT), np.float32)


def middle(image: Floats) -> Floats:
    """The median of each pixel and its eight neighbours: what stands alone goes, edges stay."""
    return np.asarray(cv2.medianBlur(np.ascontiguousarray(image), 3), np.float32)


def least(image: Floats, edge: int) -> Floats:
    return np.asarray(cv2.erode(image, _square(edge), borderType=cv2.BORDER_REPLICATE), np.float32)


def greatest(image: Floats, edge: int) -> Floats:
    return np.asarray(cv2.dilate(image, _square(edge), borderType=cv2.BORDER_REPLICATE), np.float32)


def slopes(image: Floats) -> tuple[Floats, Floats]:
    """Central differences per pixel, to the right and down; 0 at the borders."""
    right, down = np.zeros_like(image), np.zeros_like(image)
    right[:, 1:-1] = (image[:, 2:] - image[:, :-2]) / 2
    down[1:-1] = (image[2:] - image[:-2]) / 2
    return right, down


def displacement(image: Floats, other: Floats) -> tuple[float, float]:
    """By how many pixels, right and down, the other lies off the image: phase correlation.

    Held against the image itself: the window alone moves OpenCV's peak by a constant.
    """
    window = cv2.createHanningWindow(image.shape[::-1], cv2.CV_32F)
    # copies: of a size that its transform need not pad (48x32, 480x270), OpenCV multiplies what it
    # is given by the window in place, and twice where both are one
    (right, down), _ = cv2.phaseCorrelate(image.copy(), other.copy(), window)
    (own_right, own_down), _ = cv2.phaseCorrelate(image.copy(), image.copy(), window)
    return float(right - own_right), float(down - own_down)


def curvature(image: Floats) -> Floats:
    """What neighbours do not explain of each pixel.

    Flat and evenly sloping areas give 0, white noise of deviation 1 gives one of 1. J. Immerkaer,
    "Fast noise variance estimation", 1996.
    """
    bend = np.array([1, -2, 1], np.float32)
    found = cv2.sepFilter2D(image, cv2.CV_32F, bend / 6, bend, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(found, np.float32)


def all_finite(pixels: NDArray[Any]) -> bool:
    if pixels.dtype != np.float16:
        return bool(np.isfinite(pixels).all())
    codes = pixels.view(np.uint16)
    # bits of the exponent all set: NaN or inf. Row by row, so that nothing large is made
    rows = range(0, codes.shape[0], _ROWS)
    mask = np.uint16(_HALF_INF)
    return not any(((codes[row : row + _ROWS] & mask) == mask).any() for row in rows)


def below_zero(pixels: NDArray[Any]) -> int:
    """How many samples are less than 0. -0 is not, nor is NaN; -inf is."""
    if pixels.dtype != np.float16:
        return int(np.count_nonzero(pixels < 0)) if pixels.size else 0
    codes = pixels.view(np.uint16)
    if not codes.size or codes.view(np.int16).min() >= 0:
        return 0
    # of halves with their sign set those from the least number to inf; what is less wraps around
    first, span = np.uint16(_HALF_MINUS_NOUGHT + 1), np.uint16(_HALF_INF - 1)
    return int(np.count_nonzero((codes - first) <= span))


def _area(wide: Floats, found: Floats) -> None:
    """Fill `found` with the means of what lies there in a larger picture."""
    if wide.shape == found.shape:
        found[...] = wide
    else:  # OpenCV drops an axis of length 1, and then still writes where it should
        cv2.resize(wide, found.shape[1::-1], found, interpolation=cv2.INTER_AREA)


def _square(edge: int) -> NDArray[np.uint8]:
    return np.ones((edge, edge), np.uint8)
