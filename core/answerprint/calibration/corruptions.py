"""Corruptions: everything that has been seen to go wrong with a take, each in steps of strength.

A corruption makes spoiled footage of clean footage, or None where it would change nothing that a
person could see (clipped highlights of a frame that has none, a frozen frame of a still). What is
spoiled is chosen by chance alone: which frame, and where in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from answerprint import halves
from answerprint.calibration import filters, spoil
from answerprint.calibration.footage import Footage, Shot, window_of
from answerprint.calibration.scenes import Chance
from answerprint.picture import Window

Floats = filters.Floats
Change = Callable[[Footage, float, Chance], Footage | None]


@dataclass(frozen=True)
class Corruption:
    """One kind. `steps`: its strengths from least to most, in `unit`; `control`: harmless."""

    name: str
    unit: str
    steps: tuple[float, ...]
    change: Change
    control: bool = False

    def at(self, step: float) -> str:
        """A strength in words."""
        words = f"{step:g} {self.unit}".strip()
        return words.replace("samples", "sample").replace("frames", "frame") if step == 1 else words


def _one(change: Callable[[Floats, float, Chance], Floats | None]) -> Change:
    """Of one frame, any but the first and the last."""

    def spoiled(clip: Footage, strength: float, chance: Chance) -> Footage | None:
        at = int(chance.integers(1, len(clip) - 1))
        shot = clip.shots[at]
        made = None if shot is None else change(halves.widen(shot.made), strength, chance)
        return None if made is None or shot is None else clip.but(at, _with(shot, made))

    return spoiled


def _every(change: Callable[[Floats, float, Chance], Floats | None]) -> Change:
    """Of all frames alike: each begins with the same chance."""

    def spoiled(clip: Footage, strength: float, chance: Chance) -> Footage | None:
        seed, shots = int(chance.integers(1 << 30)), []
        for shot in clip.shots:
            if shot is None:
                continue
            made = change(halves.widen(shot.made), strength, np.random.default_rng(seed))
            if made is None:
                return None
            shots.append(_with(shot, made))
        return clip.all(shots)

    return spoiled


def _with(shot: Shot, made: Floats) -> Shot:
    return replace(shot, made=halves.narrow(made))


def _not_finite(value: float) -> Change:
    def change(made: Floats, strength: float, chance: Chance) -> Floats:
        for _ in range(int(strength)):
            made[tuple(int(chance.integers(size)) for size in made.shape)] = value
        return made

    return _one(change)


def _black(clip: Footage, strength: float, chance: Chance) -> Footage:
    if strength > 1:
        return clip.all(
            [
                None if one is None else replace(one, made=np.zeros_like(one.made))
                for one in clip.shots
            ]
        )
    spoiled = _one(lambda made, _strength, _chance: made * 0)(clip, strength, chance)
    return spoiled or clip


def _frozen(clip: Footage, strength: float, chance: Chance) -> Footage | None:
    """A frame, or more, that shows again what the one before does."""
    at = int(chance.integers(1, len(clip) - int(strength)))
    if not clip.moves:
        return None
    shots = list(clip.shots)
    shots[at : at + int(strength)] = [shots[at - 1]] * int(strength)
    return clip.all(shots)


def _swapped(clip: Footage, strength: float, chance: Chance) -> Footage | None:
    """Two frames that are so far apart lie in each other's place."""
    at = int(chance.integers(0, len(clip) - int(strength)))
    if not clip.moves:
        return None
    shots = list(clip.shots)
    other = at + int(strength)
    shots[at], shots[other] = shots[other], shots[at]
    return clip.all(shots)


def _missing(clip: Footage, strength: float, chance: Chance) -> Footage:
    at = int(chance.integers(1, len(clip) - int(strength)))
    return clip.all([None if at <= i < at + strength else one for i, one in enumerate(clip.shots)])


def _window(clip: Footage, strength: float, chance: Chance) -> Footage | None:
    """Of one frame: the window lies elsewhere, or is cut, while the pixels are right."""
    at = int(chance.integers(0, len(clip)))
    shot = clip.shots[at]
    if shot is None:
        return None
    own, by = window_of(shot.made), int(strength)
    if chance.random() < 0.5:
        lies = Window(own.left + by, own.top, own.right + by, own.bottom)
        return clip.but(at, replace(shot, window=lies, display=own))
    cut = Window(own.left, own.top, own.right - by, own.bottom)
    alpha = None if shot.alpha is None else shot.alpha[:, : cut.width]
    made = np.ascontiguousarray(shot.made[:, : cut.width])
    return clip.but(at, replace(shot, made=made, alpha=alpha, window=cut, display=own))


def _alpha(clip: Footage, strength: float, chance: Chance) -> Footage | None:
    """A hundredth of one frame's alpha lies so far outside 0 to 1."""
    at = int(chance.integers(0, len(clip)))
    shot = clip.shots[at]
    if shot is None or shot.alpha is None:
        return None
    hit = chance.random(shot.alpha.shape) < 0.01
    beyond = -strength if chance.random() < 0.5 else 1 + strength
    return clip.but(at, replace(shot, alpha=np.where(hit, beyond, shot.alpha).astype(np.float16)))


def _seam(clip: Footage, strength: float, chance: Chance) -> Footage | None:
    """Tiles, of the size that the job names, that differ in brightness by so much."""
    if clip.tile is None:
        return None
    edge = clip.tile[0] * clip.scale
    first = clip.shots[0]
    assert first is not None  # noqa: S101 - footage begins whole
    rows, columns = (np.arange(size) // edge for size in first.made.shape[:2])
    signs = chance.choice([-0.5, 0.5], (int(rows.max()) + 1, int(columns.max()) + 1))
    for row, column in np.ndindex(signs.shape):  # like a checkerboard, but for a few
        if chance.random() < 0.8:
            signs[row, column] = 0.5 if (row + column) % 2 else -0.5
    gains = (1 + strength / 100 * signs[rows][:, columns]).astype(np.float32)[..., None]
    return _every(lambda made, _strength, _chance: made * gains)(clip, strength, chance)


def _ramp(clip: Footage, strength: float, _chance: Chance) -> Footage:
    """Slowly lighter, by so much from the first frame to the last."""
    shots = []
    for index, shot in enumerate(clip.shots):
        gain = np.float32(1 + strength / 100 * index / (len(clip) - 1))
        shots.append(None if shot is None else _with(shot, halves.widen(shot.made) * gain))
    return clip.all(shots)


def _wobble(clip: Footage, strength: float, chance: Chance) -> Footage:
    """Large soft patches that are lighter or darker, others in each frame."""
    shots = []
    for shot in clip.shots:
        if shot is not None:
            made = halves.widen(shot.made)
            gain = 1 + strength / 100 * spoil.patches(made.shape, chance)
            shots.append(_with(shot, made * gain[..., None]))
    return clip.all(shots)


def _resaved(clip: Footage, _strength: float, _chance: Chance) -> Footage:
    """32-bit floats in place of halves: the same numbers."""
    return clip.all(
        [None if one is None else replace(one, made=halves.widen(one.made)) for one in clip.shots]
    )


def _last_digit(clip: Footage, _strength: float, chance: Chance) -> Footage:
    """A half's last digit differs in a fifth of the samples."""
    return clip.all(
        [None if one is None else replace(one, made=_up(one.made, chance)) for one in clip.shots]
    )


def _up(pixels: NDArray[np.float16], chance: Chance) -> NDArray[np.float16]:
    codes = pixels.view(np.uint16)
    ups = (chance.random(codes.shape) < 0.2) & (np.abs(pixels) > 1e-4) & (np.abs(pixels) < 3e4)
    return np.asarray((codes + ups.astype(np.uint16)).view(np.float16))


KINDS: tuple[Corruption, ...] = (
    Corruption("as it was", "", (0,), lambda clip, _s, _c: clip, control=True),
    Corruption("as 32-bit floats", "", (0,), _resaved, control=True),
    Corruption("last digit", "", (0,), _last_digit, control=True),
    Corruption("NaN", "samples", (1, 50), _not_finite(float("nan"))),
    Corruption("infinity", "samples", (1, 50), _not_finite(float("inf"))),
    Corruption("black", "frames", (1, 8), _black),
    Corruption("one colour", "frames", (1,), _one(spoil.constant)),
    Corruption("frozen", "frames", (1, 3), _frozen),
    Corruption("wrong order", "frames apart", (1, 3), _swapped),
    Corruption("missing frame", "frames", (1, 3), _missing),
    Corruption("wrong window", "px", (1, 16), _window),
    Corruption("alpha beyond 0 to 1", "", (0.01, 0.5), _alpha),
    Corruption("flicker, one frame", "%", (0.3, 1, 3), _one(spoil.gain)),
    Corruption("gain, all frames", "%", (1, 3, 10), _every(spoil.gain)),
    Corruption("gain that creeps", "%", (1, 3, 10), _ramp),
    Corruption("lifted blacks", "of 1", (0.003, 0.01, 0.05), _every(spoil.lift)),
    Corruption("gamma once more", "", (1.1, 1.5, 2.2), _every(spoil.gamma)),
    Corruption("red and blue swapped", "", (1,), _every(spoil.swap)),
    Corruption("colour cast", "%", (2, 5, 15), _every(spoil.cast)),
    Corruption("clipped at 1", "", (1,), _every(spoil.clip)),
    Corruption("highlights compressed", "% of stops", (10, 30, 60), _every(spoil.compress)),
    Corruption("patch of another place", "px", (16, 32, 96), _one(spoil.patch)),
    Corruption("blurred patch", "px of blur", (1, 2, 4), _one(spoil.blur)),
    Corruption("something gone", "px", (16, 32, 64), _one(spoil.gone)),
    Corruption("shift", "px", (0.25, 0.5, 1), _every(spoil.shift)),
    Corruption("shift, one frame", "px", (0.25, 0.5, 1), _one(spoil.shift)),
    Corruption("seams", "%", (0.5, 1, 2, 4), _seam),
    Corruption("oversharpened", "amount", (0.5, 1, 2), _every(spoil.sharpen)),
    Corruption("negatives", "% of samples", (0.1, 0.5, 2), _one(spoil.negative)),
    Corruption("checkerboard", "%", (0.5, 1, 3), _every(spoil.checker)),
    Corruption("banding", "steps to 1", (128, 64, 32), _every(spoil.bands)),
    Corruption("wobble", "%", (0.5, 2, 8), _wobble),
    Corruption("grain added", "% of light", (1, 3, 10), _one(spoil.grain)),
    Corruption("all soft", "px of blur", (0.6, 1, 2), _every(spoil.smooth)),
)
