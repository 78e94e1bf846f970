"""Spoil: what goes wrong within one frame. Pictures are (height, width, 3) float32, to be changed.

Each is given the picture, a strength and chance; None: it would change nothing that shows here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint.calibration import filters
from answerprint.calibration.filters import Floats
from answerprint.calibration.scenes import Chance, clouds

SHOWS = 0.004  # a change of so much of the light, over what it touches, is no change to the eye


def constant(made: Floats, _strength: float, _chance: Chance) -> Floats:
    return np.broadcast_to(made.mean(axis=(0, 1)), made.shape).astype(np.float32)


def gain(made: Floats, strength: float, chance: Chance) -> Floats:
    """Lighter or darker by so many per cent."""
    factor = 1 + strength / 100
    return made * np.float32(factor if chance.random() < 0.5 else 1 / factor)


def lift(made: Floats, strength: float, _chance: Chance) -> Floats:
    return made + np.float32(strength)


def gamma(made: Floats, strength: float, _chance: Chance) -> Floats:
    return np.maximum(made, 0) ** np.float32(1 / strength)


def swap(made: Floats, _strength: float, _chance: Chance) -> Floats | None:
    """None: red and blue are the same but for a fiftieth, as in a grey picture."""
    other = made[..., ::-1]
    same = np.abs(made - other).mean() < 0.02 * np.abs(made).mean()
    return None if same else np.ascontiguousarray(other)


def cast(made: Floats, strength: float, _chance: Chance) -> Floats:
    """Redder and less blue; its luminance stays."""
    gains = np.array([1 + strength / 100, 1, 1 - strength / 100], np.float32)
    tinted = made * gains
    light = filters.luminance(tinted).mean()
    return tinted * np.float32(filters.luminance(made).mean() / light if light else 1)


def clip(made: Floats, _strength: float, _chance: Chance) -> Floats | None:
    """None: less than a thousandth of the frame loses a tenth of a stop."""
    return _if_seen(made, np.clip(made, 0, 1))


def compress(made: Floats, strength: float, _chance: Chance) -> Floats | None:
    """What lies above 1 loses so much of the stops that it lies above it."""
    power = np.float32(1 - strength / 100)
    return _if_seen(made, np.where(made > 1, np.maximum(made, 1) ** power, made))


def _if_seen(made: Floats, lost: Floats) -> Floats | None:
    hit = filters.luminance(made) > filters.luminance(lost) * np.float32(2**0.1)
    return lost if hit.mean() > 0.001 else None


def patch(made: Floats, strength: float, chance: Chance) -> Floats | None:
    """A square shows another place; None: the two places look alike."""
    here, there = _square(made, strength, chance), _square(made, strength, chance)
    off = np.abs(made[here] - made[there]).mean() / (np.abs(made[here]).mean() + 1e-6)
    if off < 0.1:
        return None
    made[here] = made[there].copy()
    return made


def gone(made: Floats, strength: float, chance: Chance) -> Floats | None:
    """What was in a square is gone: the mean of its border in its place; None: nothing was there."""
    here = _square(made, strength, chance)
    part = made[here]
    rim = np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]]).mean(axis=0)
    off = np.abs(part - rim).mean() / (np.abs(part).mean() + 1e-6)
    if off < 0.1:
        return None
    made[here] = rim
    return made


def blur(made: Floats, strength: float, chance: Chance) -> Floats | None:
    """A square of 64 pixels without its detail; None: it has none."""
    here = _square(made, 64, chance)
    soft = filters.blurred(made[here], strength)
    if np.abs(soft - made[here]).mean() < 0.02 * np.abs(made[here]).mean():
        return None
    made[here] = soft
    return made


def shift(made: Floats, strength: float, chance: Chance) -> Floats:
    angle = chance.uniform(0, 2 * np.pi)
    return filters.shifted(made, strength * float(np.sin(angle)), strength * float(np.cos(angle)))


def sharpen(made: Floats, strength: float, _chance: Chance) -> Floats:
    return filters.sharpened(made, strength, 1.5)


def negative(made: Floats, strength: float, chance: Chance) -> Floats:
    """Dark samples become as much less than nothing."""
    hit = chance.random(made.shape) < strength / 100
    return np.where(hit, -0.5 * np.abs(made) - np.float32(0.002), made)


def checker(made: Floats, strength: float, _chance: Chance) -> Floats:
    """Every other pixel lighter: what a transposed convolution leaves."""
    rows, columns = np.indices(made.shape[:2])
    sign = np.where((rows + columns) % 2, 1, -1).astype(np.float32)[..., None]
    return made * (1 + np.float32(strength / 100) * sign)


def bands(made: Floats, strength: float, _chance: Chance) -> Floats:
    """So many steps from 0 to 1 in what a display shows (root of light): 8 bits have 255."""
    seen = np.sqrt(np.maximum(made, 0))
    return np.asarray((np.round(seen * strength) / np.float32(strength)) ** 2, np.float32)


def grain(made: Floats, strength: float, chance: Chance) -> Floats:
    noise = chance.standard_normal(made.shape).astype(np.float32)
    return made * (1 + np.float32(strength / 100) * noise)


def smooth(made: Floats, strength: float, _chance: Chance) -> Floats:
    return filters.blurred(made, strength)


def patches(shape: tuple[int, ...], chance: Chance) -> NDArray[np.float32]:
    """(height, width) from -1 to 1, in lumps of a quarter of the frame."""
    lumps = clouds(chance, shape[0], shape[1], shape[0] / 4)
    return np.asarray(2 * lumps - 1, np.float32)


def _square(made: NDArray[Any], edge: float, chance: Chance) -> tuple[slice, slice]:
    top, left = (int(chance.integers(0, size - int(edge) + 1)) for size in made.shape[:2])
    return slice(top, top + int(edge)), slice(left, left + int(edge))
