"""Looks of geometry: points, smoke and terrain as a small picture for the eye; nothing is measured."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from answerprint import geolayers
from answerprint.geometry import Geometry
from answerprint.volume import Volume

GROUND = 24  # behind it all, of 255
MOST_DRAWN = 500_000  # points; of more every so many is drawn
ASPECT = 0.75
MARGIN = 0.92  # of the picture is filled

_LIGHT = np.array([0.35, 0.75, 0.55])
_THICK = 3.0  # optical depth of the thickest smoke

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.float64]


def picture(geometry: Geometry, width: int) -> Pixels:
    """(height, width, 3): points seen from above one corner, grids along z, terrain from above."""
    size = (width, max(round(width * ASPECT), 1))
    volumes, heights = (geolayers.volumes(geometry, kind) for kind in ("volume", "heightfield"))
    if "points" in geolayers.kinds(geometry):
        return _points(geometry, size)
    if heights:
        return _grid(_terrain(heights[0]), size)
    drawn = [one for one in volumes if one.values.size]
    return (
        _grid(_smoke(_best(drawn)), size) if drawn else np.full((*size[::-1], 3), GROUND, np.uint8)
    )


def _points(geometry: Geometry, size: tuple[int, int]) -> Pixels:
    made = np.full((*size[::-1], 3), GROUND, np.uint8)
    held = geometry.find("P")
    if held is None:
        return made
    step = -(-geometry.count // MOST_DRAWN)
    places = held.values[::step, : geolayers.PLACES].astype(np.float64)
    there = np.isfinite(places).all(axis=1)
    if not there.any():
        return made
    places = _turned(places[there])
    least, most = places.min(axis=0), places.max(axis=0)
    edge = max(*((most - least)[:2] / (size[0], size[1])), 1e-12) / MARGIN
    middle = (least + most) / 2
    x = (size[0] / 2 + (places[:, 0] - middle[0]) / edge).astype(int)
    y = (size[1] / 2 - (places[:, 1] - middle[1]) / edge).astype(int)
    near = (places[:, 2] - least[2]) / max(most[2] - least[2], 1e-12)
    colours = (_shade(geometry, step, there, near) * 255).astype(np.uint8)
    order = np.argsort(near, kind="stable")  # what is nearer is drawn over what is behind it
    dot = 1 if len(order) > 4 * size[0] * size[1] else 2
    for down in range(dot):
        for right in range(dot):
            rows = np.clip(y[order] + down, 0, size[1] - 1)
            made[rows, np.clip(x[order] + right, 0, size[0] - 1)] = colours[order]
    return made


def _turned(places: Numbers) -> Numbers:
    """Seen from above one corner: x to the right, y up, z towards the eye."""
    around, above = np.radians(35), np.radians(25)
    turn = np.array(
        [[np.cos(around), 0, -np.sin(around)], [0, 1, 0], [np.sin(around), 0, np.cos(around)]]
    )
    tilt = np.array(
        [[1, 0, 0], [0, np.cos(above), np.sin(above)], [0, -np.sin(above), np.cos(above)]]
    )
    turned: Numbers = places @ turn @ tilt
    return turned


def _shade(geometry: Geometry, step: int, there: NDArray[np.bool_], near: Numbers) -> Numbers:
    """(points, 3), 0 to 1: colours of their own, lit where there are normals, darker behind."""
    shade = 0.35 + 0.65 * near
    normals = _vectors(geometry, "N", step, there)
    if normals is not None:
        lit = np.abs(_unit(normals) @ (_LIGHT / np.linalg.norm(_LIGHT)))
        shade = (0.3 + 0.7 * lit) * (0.7 + 0.3 * near)
    colours = _vectors(geometry, "Cd", step, there)
    own = np.ones(3) if colours is None else np.sqrt(np.clip(colours, 0, 1))
    return np.clip(shade[:, None] * own, 0, 1)


def _vectors(geometry: Geometry, name: str, step: int, there: NDArray[np.bool_]) -> Numbers | None:
    one = geometry.find(name)
    if (
        one is None
        or one.size < geolayers.PLACES
        or one.strings is not None
        or one.lengths is not None
    ):
        return None
    found: Numbers = one.values[::step, : geolayers.PLACES].astype(np.float64)[there]
    return np.nan_to_num(found)


def _unit(vectors: Numbers) -> Numbers:
    lengths: Numbers = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Numbers = vectors / np.maximum(lengths, 1e-12)
    return unit


def _best(volumes: list[Volume]) -> Volume:
    """The grid that looks most like what it is of: density, else the first."""
    return next((one for one in volumes if one.name == "density"), volumes[0])


def _smoke(volume: Volume) -> Numbers:
    """What light along z would leave of it, 0 to 1, y upwards."""
    values = np.nan_to_num(volume.values.astype(np.float32), posinf=0, neginf=0)
    values = np.linalg.norm(values, axis=3) if values.ndim == 4 else values
    if geolayers.is_level_set(volume):  # inside is below zero
        values = (values < 0).astype(np.float32)
    thick = np.abs(values).sum(axis=0, dtype=np.float64)
    most = float(np.percentile(thick, 99.5)) or float(thick.max())
    if most <= 0:
        return np.zeros(thick.shape)
    seen: Numbers = 1 - np.exp(-_THICK * thick / most)
    return seen[::-1]


def _terrain(volume: Volume) -> Numbers:
    """Hills lit from one side, 0 to 1."""
    heights = np.nan_to_num(volume.values[0].astype(np.float64))
    if heights.ndim != 2 or min(heights.shape) < 2:
        return np.full(heights.shape[:2], 0.5)
    down, right = np.gradient(heights, *volume.voxel_size[1::-1])
    normals = np.stack([-right, -down, np.ones_like(heights)], axis=-1).reshape(-1, 3)
    lit = _unit(normals) @ (np.array([-0.5, 0.5, 0.7]) / np.sqrt(0.99))
    seen: Numbers = np.clip(0.1 + 0.9 * lit, 0, 1).reshape(heights.shape)
    return seen[::-1]


def _grid(seen: Numbers, size: tuple[int, int]) -> Pixels:
    """In the middle of a picture, as large as it fits, pixels staying square."""
    made: Any = Image.new("L", size, GROUND)
    image = Image.fromarray((GROUND + seen * (255 - GROUND)).astype(np.uint8))
    fit = min(size[0] / image.width, size[1] / image.height) * MARGIN
    wide, high = (max(round(edge * fit), 1) for edge in image.size)
    image = image.resize((wide, high), Image.Resampling.BILINEAR)
    made.paste(image, ((size[0] - wide) // 2, (size[1] - high) // 2))
    return np.array(made.convert("RGB"))
