"""The sample points and smoke of install/plates/geometry, made anew:

    python tests/geometry_plates.py

Seeds are fixed: the values come out the same (a VDB file has a mark of its own in it). No data of anybody else's goes in.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from answerprint import geometries
from answerprint.geometry import Attribute, Geometry
from answerprint.volume import Volume

FOLDER = Path(__file__).parents[1] / "install" / "plates" / "geometry"
POINTS = 3000
EDGE = 40
VOXEL = 0.05
Floats = NDArray[np.float32]


def scan(frame: int) -> Geometry:
    """A boulder as a scanner sees it, which turns by 10 degrees a frame: points, no faces.

    P in metres, Cd linear, id from 0 on, confidence 0 to 1.
    """
    rng = np.random.default_rng(7)
    way = rng.normal(size=(POINTS, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    height = (
        1
        + 0.18 * np.sin(3 * way[:, 0] + 1) * np.cos(4 * way[:, 1])
        + 0.08 * np.sin(9 * way[:, 2] + 5 * way[:, 0])
    )
    places = way * height[:, None] * [1.0, 0.7, 0.9] + rng.normal(scale=0.002, size=way.shape)
    angle = np.radians(10 * (frame - 1001))
    turn = np.array(
        [[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0], [np.sin(angle), 0, np.cos(angle)]]
    )
    shade = (0.25 + 0.2 * (height - 0.8))[:, None] * [1.0, 0.9, 0.75]
    made = Geometry(count=POINTS)
    made.put(Attribute("P", "point", _single(places @ turn), qualifier="point"))
    made.put(Attribute("Cd", "point", _single(shade), qualifier="color"))
    made.put(Attribute("id", "point", np.arange(POINTS, dtype=np.int32)[:, None]))
    made.put(Attribute("confidence", "point", _single(rng.uniform(0.5, 1, (POINTS, 1)))))
    return made


def smoke(frame: int) -> Geometry:
    """A puff of smoke on its way up: density from 0 to about 1, voxels of 5 cm."""
    rng = np.random.default_rng(11)
    z, y, x = np.mgrid[:EDGE, :EDGE, :EDGE].astype(np.float64)
    density = np.zeros((EDGE, EDGE, EDGE))
    rise = 0.8 * (frame - 1001)
    for _ in range(60):
        place = rng.normal(EDGE / 2, EDGE / 9, 3) + np.array([0, rise - 2, 0])
        size = rng.uniform(1.2, 4.5)
        apart = (x - place[0]) ** 2 + (y - place[1]) ** 2 + (z - place[2]) ** 2
        density += rng.uniform(0.1, 0.5) * np.exp(-apart / (2 * size * size))
    density = np.maximum(density - 0.02, 0) / density.max()
    transform = np.diag([VOXEL, VOXEL, VOXEL, 1.0])
    transform[3, :3] = [-EDGE * VOXEL / 2, 0, -EDGE * VOXEL / 2]
    values = density.astype(np.float32)
    return Geometry(
        volumes=[
            Volume("density", values, transform, active=values > 0, about={"class": "fog volume"})
        ]
    )


def _single(values: NDArray[np.float64]) -> Floats:
    return np.ascontiguousarray(values, np.float32)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for number in (1001, 1002, 1003):
        geometries.write(FOLDER / f"scan.{number}.bgeo", scan(number))
    for number in (1001, 1002):
        geometries.write(FOLDER / f"smoke.{number}.vdb", smoke(number))
