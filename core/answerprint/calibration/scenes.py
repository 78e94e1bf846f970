"""Scenes: procedural footage in scene-linear light, made anew from a number whenever it is wanted.

A scene is a picture twice as fine as its frames, with gradients, clouds, edges, fine lines and
marks like letters, over which things with textures and glints of their own move (nearer ones
faster). All is worked out in 64-bit floats and only then rounded to halves, so that it comes out
the same on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Chance = np.random.Generator

WIDTH, HEIGHT = 320, 180
FINE = 2  # texels of the picture in one pixel
MARGIN = 40  # pixels around the frame that a camera may move into

# how the camera moves, in the share that each has
CAMERAS = ("static", "slow", "pan", "zoom", "handheld")
# what the light does
LIGHTS = ("steady", "ramp", "flash", "flicker")


@dataclass(frozen=True)
class Thing:
    """Something that moves over the picture: where, how fast (pixels a frame), and what it shows."""

    place: tuple[float, float]
    speed: tuple[float, float]
    radius: float
    soft: float
    colour: tuple[float, float, float]
    waves: tuple[float, float, float]
    glint: float


@dataclass(frozen=True)
class Scene:
    """One scene; `frame` is what a perfect camera would see of it.

    picture   (height, width, 3), FINE times as fine as the frames
    camera, light   words of CAMERAS and LIGHTS
    """

    picture: Floats
    things: tuple[Thing, ...]
    camera: str
    light: str
    paths: Floats  # a frame a row: down, right, zoom, exposure as a factor

    def frame(self, index: int) -> Floats:
        """(HEIGHT, WIDTH, 3) of the frame so many after the first."""
        down, right, zoom, light = self.paths[index]
        rows = (np.arange(HEIGHT) - HEIGHT / 2) * zoom + HEIGHT / 2 + down + MARGIN
        columns = (np.arange(WIDTH) - WIDTH / 2) * zoom + WIDTH / 2 + right + MARGIN
        seen = resampled(self.picture, rows * FINE, columns * FINE, float(FINE))
        for thing in self.things:
            _lay(seen, thing, index, (-down, -right))
        return np.asarray(np.maximum(seen * light, 0))

    @property
    def moves(self) -> bool:
        """Whether two frames differ by more than their grain."""
        return self.camera != "static" or any(any(thing.speed) for thing in self.things)


def scene(chance: Chance, frames: int) -> Scene:
    """A scene out of chance alone."""
    camera = str(chance.choice(CAMERAS, p=[0.15, 0.25, 0.3, 0.1, 0.2]))
    light = str(chance.choice(LIGHTS, p=[0.7, 0.12, 0.1, 0.08]))
    still = camera == "static" and chance.random() < 0.5
    things = tuple(_thing(chance, still=still) for _ in range(int(chance.integers(2, 7))))
    return Scene(_picture(chance), things, camera, light, _paths(chance, camera, light, frames))


def resampled(picture: Floats, rows: Floats, columns: Floats, reach: float) -> Floats:
    """A picture at other places: triangles `reach` texels to either side; edges go on outwards."""
    down = _along(picture, rows, reach)
    return np.asarray(_along(down.swapaxes(0, 1), columns, reach).swapaxes(0, 1))


def _along(picture: Floats, places: Floats, reach: float) -> Floats:
    first = np.floor(places - reach).astype(np.int64) + 1
    taps = first[:, None] + np.arange(int(np.ceil(2 * reach)))
    weights = np.maximum(0, reach - np.abs(taps - places[:, None]))
    weights /= weights.sum(axis=1, keepdims=True)
    found = np.zeros((places.size, *picture.shape[1:]))
    taps = np.clip(taps, 0, picture.shape[0] - 1)
    for tap in range(taps.shape[1]):
        found += weights[:, tap, None, None] * picture[taps[:, tap]]
    return found


def clouds(chance: Chance, height: int, width: int, cell: float) -> Floats:
    """Smooth chance between 0 and 1; a lump is about `cell` pixels wide."""
    small = chance.random((int(height / cell) + 3, int(width / cell) + 3, 1))
    rows, columns = np.arange(height) / cell + 1, np.arange(width) / cell + 1
    return np.asarray(resampled(small, _eased(rows), _eased(columns), 1.0)[..., 0])


def _eased(places: Floats) -> Floats:
    whole = np.floor(places)
    part = places - whole
    eased: Floats = whole + part * part * (3 - 2 * part)
    return eased


def _picture(chance: Chance) -> Floats:
    height, width = (HEIGHT + 2 * MARGIN) * FINE, (WIDTH + 2 * MARGIN) * FINE
    down, right = np.mgrid[:height, :width] / np.float64(height)
    slope = chance.uniform(-0.4, 0.4, 2)
    light = 0.35 + slope[0] * (down - 0.5) + slope[1] * (right - 0.5)
    rough = chance.uniform(0.2, 0.8)
    for octave in range(7):
        light += rough**octave * 0.4 * (clouds(chance, height, width, 200 / 2**octave) - 0.5)
    tint = chance.uniform(0.55, 1.25, 3)
    picture: Floats = np.maximum(light, 0.004)[..., None] * tint
    for _ in range(int(chance.integers(2, 6))):
        _edge(picture, down, right, chance)
    for _ in range(int(chance.integers(0, 3))):
        _letters(picture, chance)
    if chance.random() < 0.5:
        _lines(picture, chance)
    return picture


def _edge(picture: Floats, down: Floats, right: Floats, chance: Chance) -> None:
    """Everything on one side of a line is another surface."""
    angle = chance.uniform(0, 2 * np.pi)
    far = np.cos(angle) * (right - chance.uniform(0.2, 1.4)) + np.sin(angle) * (
        down - chance.uniform(0.2, 0.8)
    )
    picture[far > 0] *= chance.uniform(0.25, 2.2) * chance.uniform(0.8, 1.2, 3)


def _letters(picture: Floats, chance: Chance) -> None:
    """Rows of strokes, as fine as writing."""
    height, width, _ = picture.shape
    size = int(chance.integers(6, 26))
    top, left = int(chance.integers(60, height - 140)), int(chance.integers(40, width // 2))
    ink = chance.uniform(0.02, 0.3) if chance.random() < 0.5 else chance.uniform(1, 4)
    for letter in range(int(chance.integers(8, 30))):
        at = left + letter * size
        for _ in range(4):
            if chance.random() < 0.5:
                row = top + int(chance.integers(0, size))
                picture[row : row + max(1, size // 6), at : at + size - 2] = ink
            else:
                column = at + int(chance.integers(0, size - 2))
                picture[top : top + size, column : column + max(1, size // 6)] = ink


def _lines(picture: Floats, chance: Chance) -> None:
    """A fence: lines of 3 to 10 texels."""
    pitch, height = int(chance.integers(6, 20)), int(chance.integers(60, 180))
    top, left = int(chance.integers(60, 260)), int(chance.integers(0, 400))
    patch = picture[top : top + height, left : left + 300]
    patch[:, np.arange(patch.shape[1]) % pitch < pitch // 2] *= chance.uniform(0.3, 1.8)


def _thing(chance: Chance, *, still: bool) -> Thing:
    near = chance.uniform(0.2, 1)
    speed = (0.0, 0.0) if still else tuple(float(one) for one in chance.normal(0, 2.5 * near, 2))
    return Thing(
        (float(chance.uniform(0, HEIGHT)), float(chance.uniform(0, WIDTH))),
        (speed[0], speed[1]),
        float(chance.uniform(6, 45) * near),
        float(chance.choice([0.8, 0.8, 2.0, 6.0])),
        _three(chance.uniform(0.02, 1.1, 3) * chance.uniform(0.4, 1.6)),
        _three([*chance.uniform(-1.2, 1.2, 2), chance.uniform(0, 0.6)]),
        float(chance.uniform(4, 40)) if chance.random() < 0.5 else 0.0,
    )


def _three(values: Any) -> tuple[float, float, float]:
    one, two, three = (float(value) for value in values)
    return one, two, three


def _lay(seen: Floats, thing: Thing, index: int, camera: tuple[float, float]) -> None:
    """Draw a thing where it is by now; the nearer it is, the more the camera's way moves it."""
    near = 1 + thing.radius / 45
    down = thing.place[0] + thing.speed[0] * index + camera[0] * near
    right = thing.place[1] + thing.speed[1] * index + camera[1] * near
    reach = thing.radius + thing.soft + 6
    rows = slice(max(0, int(down - reach)), max(0, min(HEIGHT, int(down + reach) + 1)))
    columns = slice(max(0, int(right - reach)), max(0, min(WIDTH, int(right + reach) + 1)))
    part = seen[rows, columns]
    if not part.size:
        return
    y, x = np.mgrid[rows, columns].astype(np.float64)
    y, x = y - down, x - right
    cover = np.clip(0.5 + (thing.radius - np.sqrt(x * x + y * y)) / thing.soft, 0, 1)[..., None]
    waves = 1 + thing.waves[2] * np.sin(thing.waves[0] * x + thing.waves[1] * y)
    shade = waves * (1 - 0.4 * y / (thing.radius + 1))
    part += cover * (shade[..., None] * np.array(thing.colour) - part)
    if thing.glint:
        off = thing.radius * 0.35
        spot = np.exp(-((x + off) ** 2 + (y + off) ** 2) / (2 * (1 + thing.radius / 30) ** 2))
        part += thing.glint * spot[..., None]


def _paths(chance: Chance, camera: str, light: str, frames: int) -> Floats:
    time = np.arange(frames, dtype=np.float64)
    paths = np.zeros((frames, 4))
    paths[:, 2:] = 1
    if camera in ("slow", "pan"):
        speed = chance.uniform(0.3, 1) if camera == "slow" else chance.uniform(1, 4)
        angle = chance.uniform(0, 2 * np.pi)
        paths[:, :2] = speed * time[:, None] * np.array([0.4 * np.sin(angle), np.cos(angle)])
    elif camera == "zoom":
        paths[:, 2] = 1 + time * chance.uniform(0.004, 0.015) * chance.choice([-1, 1])
    elif camera == "handheld":
        for axis in (0, 1):
            rate, phase = chance.uniform(0.4, 1.4), chance.uniform(0, 6)
            paths[:, axis] = chance.uniform(0.5, 3) * np.sin(rate * time + phase)
    if light == "ramp":
        paths[:, 3] = 2 ** (time * chance.uniform(-0.12, 0.12))
    elif light == "flash":
        paths[int(chance.integers(1, frames - 1)), 3] = 2 ** chance.uniform(0.5, 2)
    elif light == "flicker":
        paths[:, 3] = 1 + chance.uniform(-0.06, 0.06, frames)
    return paths
