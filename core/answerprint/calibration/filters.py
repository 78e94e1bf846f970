"""Filters: what legitimate models do and what spoils a frame, in a few lines of numpy each.

Pictures are (height, width, 3) float32, scene-linear; borders are reflected or go on outwards.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

WEIGHTS = np.array([0.2126, 0.7152, 0.0722], np.float32)  # of luminance: ITU-R BT.709


def luminance(picture: Floats) -> Floats:
    return np.asarray(picture @ WEIGHTS)


def blurred(picture: Floats, sigma: float) -> Floats:
    """By a Gaussian bell."""
    reach = max(1, int(np.ceil(3 * sigma)))
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2).astype(np.float32)
    return _along(_along(picture, bell / bell.sum(), 0), bell / bell.sum(), 1)


def sharpened(picture: Floats, amount: float, sigma: float = 1.0) -> Floats:
    """Unsharp mask; what would fall below 0 is 0."""
    return np.maximum(picture + np.float32(amount) * (picture - blurred(picture, sigma)), 0)


def bilateral(picture: Floats, sigma: float, reach: int = 2) -> Floats:
    """Mean of neighbours that are alike: Tomasi and Manduchi, 1998.

    sigma   by how much grain makes alike pixels of value 1 differ; it grows with the root of light
    """
    light = luminance(picture)
    width = 2 * (3 * np.float32(sigma)) ** 2 * (blurred(light[..., None], 1.0)[..., 0] + 0.02)
    total, weights = np.zeros_like(picture), np.zeros_like(light)
    for down, right, near, other in _around(picture, light, reach):
        weight = np.exp(-((other - light) ** 2) / width)
        weight *= np.float32(np.exp(-(down * down + right * right) / (2 * (reach / 1.5) ** 2)))
        total += weight[..., None] * near
        weights += weight
    return total / weights[..., None]


def nonlocal_means(picture: Floats, sigma: float, reach: int = 3) -> Floats:
    """Mean of pixels whose surroundings (3x3) are alike: Buades, Coll and Morel, 2005."""
    light = luminance(picture)
    width = 2 * (2 * np.float32(sigma)) ** 2 * (blurred(light[..., None], 1.0)[..., 0] + 0.02)
    total, weights = np.zeros_like(picture), np.zeros_like(light)
    box = np.full(3, 1 / 3, np.float32)
    for _, _, near, other in _around(picture, light, reach):
        off = _along(_along((other - light) ** 2, box, 0), box, 1)
        weight = np.exp(-off / width)
        total += weight[..., None] * near
        weights += weight
    return total / weights[..., None]


def wavelet(picture: Floats, sigma: float, levels: int = 3) -> Floats:
    """Small waves shrunk, a-trous with the B3 spline: Starck and Murtagh, 1994."""
    rest, kept = picture, np.zeros_like(picture)
    # what a wave of white noise of deviation 1 has at each level
    for level, share in zip(range(levels), (0.89, 0.20, 0.086), strict=True):
        smooth = _spline(rest, 1 << level)
        wave = rest - smooth
        limit = 2 * np.float32(sigma * share) * np.sqrt(np.maximum(smooth, 0) + 0.02)
        kept += np.sign(wave) * np.maximum(np.abs(wave) - limit, 0)
        rest = smooth
    return np.maximum(rest + kept, 0)


def shifted(picture: Floats, down: float, right: float) -> Floats:
    """Moved by parts of a pixel, by Catmull-Rom's cubic."""
    return _cubic(_cubic(picture, down, 0), right, 1)


def _around(
    picture: Floats, light: Floats, reach: int
) -> Iterator[tuple[int, int, Floats, Floats]]:
    """Down, right, and both as they lie there; beyond the border lies what lies at it."""
    height, width = light.shape
    room = [(reach, reach), (reach, reach)]
    wide, lights = np.pad(picture, [*room, (0, 0)], mode="edge"), np.pad(light, room, mode="edge")
    for y, x in np.ndindex(2 * reach + 1, 2 * reach + 1):
        part = slice(y, y + height), slice(x, x + width)
        yield y - reach, x - reach, wide[part], lights[part]


def _along(picture: Floats, kernel: Floats, axis: int, step: int = 1) -> Floats:
    reach = kernel.size // 2 * step
    room = [(reach, reach) if one == axis else (0, 0) for one in range(picture.ndim)]
    wide = np.pad(picture, room, mode="reflect")
    found = np.zeros_like(picture)
    for tap, weight in enumerate(kernel):
        found += weight * wide[_slice(axis, tap * step, picture.shape[axis])]
    return found


def _slice(axis: int, first: int, count: int) -> tuple[slice, ...]:
    return (*(slice(None),) * axis, slice(first, first + count))


def _spline(picture: Floats, step: int) -> Floats:
    kernel = np.array([1, 4, 6, 4, 1], np.float32) / 16
    return _along(_along(picture, kernel, 0, step), kernel, 1, step)


def _cubic(picture: Floats, by: float, axis: int) -> Floats:
    whole = int(np.floor(by))
    t = by - whole
    taps = (
        -0.5 * t + t * t - 0.5 * t**3,
        1 - 2.5 * t * t + 1.5 * t**3,
        0.5 * t + 2 * t * t - 1.5 * t**3,
        -0.5 * t * t + 0.5 * t**3,
    )
    places = np.arange(picture.shape[axis])
    found = np.zeros_like(picture)
    for tap, weight in enumerate(taps, -1):
        at = np.clip(places + whole + tap, 0, picture.shape[axis] - 1)
        found += np.float32(weight) * np.take(picture, at, axis)
    return np.maximum(found, 0)
