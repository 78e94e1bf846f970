"""The shaper: scene-linear light as a picture for a network's eyes, and exactly back.

Networks were trained on sRGB pictures of 0 to 1. Clipped to that, a plate loses its highlights and
its negatives; the shaper keeps -0.5 to 1000 inside 0..1, and every half float of that range comes
back bit for bit (but -0, which comes back as 0). Linear light x becomes u, pieces joined without a
corner, and u is moved and scaled into 0..1:

    x < 0            u = -b log(1 + 12.92 (-x) / b), b = 0.02
    0 to 1           u = the sRGB curve (IEC 61966-2-1)
    1 to 1000        u = 1 + k (1 - x^(-1/3)), k = 3 * 1.055 / 2.4
    above 1000       u = goes on as the logarithm that touches there

The third piece is a Box-Cox transform (Box and Cox, 1964), one third of the way from a logarithm to
a reciprocal. 0 lies at 0.050 and 1 at 0.485.

Chosen by experiment: rendered frame halved by area, enlarged twice by the waifu2x photo network
through the curve, against the original. dB as in compare.psnr: all pixels, then those above 1, then
all at an eighth and at eight times the exposure. Peak: greatest value made (the original's is 4.0).

                                            all   above 1    x1/8      x8     peak
    clipped to 0..1, sRGB curve           38.27     20.33   45.17   27.99        1
    bicubic of linear values, no network  36.83     29.08   43.47   34.06      3.2
    this curve                            38.60     29.33   44.85   36.62       38
    logarithm above 1, 0.05 log(..)       38.53     25.65   45.03   35.82     1000
    logarithm above 1, 0.20 log(..)       38.61     28.28   44.82   36.56       50
    logarithm above 1, 0.44 log(..)       38.54     28.85   44.49   36.64       17

A tighter logarithm leaves more room to 0..1, and turns a network's overshoot at highlights into
fireflies. A few stay with this curve too: 2 to 4 of 129,600 pixels are over twice what the plate
holds beside them, 5 to 9 at eight times the exposure. With b = 0.01, 0.04 dB are won; but on dark
grain an undershoot goes to -0.17 instead of -0.04.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

LEAST, GREATEST = -0.5, 1000.0

_TOE = 0.0031306684425  # where the two pieces of the sRGB curve truly meet; the standard rounds
_SLOPE = 12.92
_NEGATIVE = 0.02
_ROOM = 3 * 1.055 / 2.4  # so that the slope at 1 is the sRGB curve's
_HIGHEST = 1 + _ROOM * (1 - GREATEST ** (-1 / 3))
_TAIL = _ROOM / 3 * GREATEST ** (-1 / 3)  # of the logarithm: the same slope at GREATEST
_LOWEST = -_NEGATIVE * math.log1p(-LEAST * _SLOPE / _NEGATIVE)
_SPAN = _HIGHEST - _LOWEST
# As float32, the same number on both ways: 0 comes back as 0 itself
_ZERO = np.float32(-_LOWEST / _SPAN)

_BLOCK = 1 << 16  # samples that stay in a core's cache; twice as fast as whole frames


def shape(linear: Floats) -> Floats:
    """Scene-linear Rec.709 float32 of any shape -> float32 picture values, 0..1 for LEAST..GREATEST.

    Monotonic. Values outside go on beyond 0..1 and come back as well; NaN and infinities stay.
    """
    return _blockwise(linear, _shape)


def unshape(shaped: Floats) -> Floats:
    """Picture values float32 of any shape -> scene-linear Rec.709 float32: the inverse of shape."""
    return _blockwise(shaped, _unshape)


def outside(linear: NDArray[Any]) -> int:
    """How many samples lie outside LEAST..GREATEST; NaN is not counted."""
    return int(np.count_nonzero(linear < LEAST) + np.count_nonzero(linear > GREATEST))


def srgb(linear: Floats) -> Floats:
    """The sRGB curve alone (IEC 61966-2-1), float32 of any shape, clipped to 0..1; NaN stays."""
    return _blockwise(linear, _srgb)


def _blockwise(image: Floats, curve: Any) -> Floats:
    """A copy with a curve applied in place, block by block."""
    result = np.array(image, np.float32, order="C")
    flat = result.reshape(-1)
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, flat.size, _BLOCK):
            curve(flat[start : start + _BLOCK])
    return result


def _shape(x: Floats) -> None:
    below, above = x < 0, x > 1
    low, high = -x[below], x[above]
    _srgb(x)
    if low.size:
        x[below] = -_NEGATIVE * np.log1p(low * np.float32(_SLOPE / _NEGATIVE))
    if high.size:
        x[above] = _highlights(high)
    x *= np.float32(1 / _SPAN)
    x += _ZERO


def _unshape(u: Floats) -> None:
    u -= _ZERO
    u *= np.float32(_SPAN)
    below, above = u < 0, u > 1
    low, high = -u[below], u[above]
    _unsrgb(u)
    if low.size:
        u[below] = np.expm1(low * np.float32(1 / _NEGATIVE)) * np.float32(-_NEGATIVE / _SLOPE)
    if high.size:
        u[above] = _unhighlights(high)


def _highlights(x: Floats) -> Floats:
    """In double: roots and logarithms of single precision are not monotonic on every processor."""
    wide = x.astype(np.float64)
    u = 1 + _ROOM * (1 - 1 / np.cbrt(wide))
    beyond = wide > GREATEST
    if beyond.any():
        u[beyond] = _HIGHEST + _TAIL * np.log(wide[beyond] / GREATEST)
    return np.asarray(u, np.float32)


def _unhighlights(u: Floats) -> Floats:
    root = 1 - (np.minimum(u, np.float32(_HIGHEST)) - 1) * np.float32(1 / _ROOM)
    x = 1 / (root * root * root)
    beyond = u > np.float32(_HIGHEST)
    if beyond.any():
        rise = (u[beyond] - np.float32(_HIGHEST)) * np.float32(1 / _TAIL)
        x[beyond] = np.exp(rise) * np.float32(GREATEST)
    return np.asarray(x)


def _srgb(x: Floats) -> None:
    """In place, clipped to 0..1."""
    np.clip(x, 0, 1, out=x)
    toe = x < np.float32(_TOE)
    straight = x[toe]
    np.power(x, np.float32(1 / 2.4), out=x)
    x *= np.float32(1.055)
    x -= np.float32(0.055)
    np.minimum(x, 1, out=x)  # not above 1 by a rounding, where the next piece begins
    x[toe] = straight * np.float32(_SLOPE)


def _unsrgb(u: Floats) -> None:
    """In place, clipped to 0..1."""
    np.clip(u, 0, 1, out=u)
    toe = u < np.float32(_TOE * _SLOPE)
    straight = u[toe]
    u += np.float32(0.055)
    u *= np.float32(1 / 1.055)
    np.power(u, np.float32(2.4), out=u)
    u[toe] = straight * np.float32(1 / _SLOPE)
