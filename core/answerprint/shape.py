"""Shapes: what a gate sees of one frame of geometry: what was made, and the plate it was made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint.geometry import Attribute, Geometry
from answerprint.ports import Kind
from answerprint.volume import Volume

MOST_KEPT = 50_000  # normals that are kept of a frame for the next one

Numbers = NDArray[Any]


@dataclass
class Shape:
    """A frame of geometry in its take and in its plate.

    kind     of its task: points, volume or heightfield
    made     what the file of the take holds
    plate    None where there is none to hold it against
    names    the attributes or grids that the model made
    pixels, plate_pixels   digests of their values
    provenance, asked      as of a `Sight`
    """

    number: int
    kind: Kind
    made: Geometry
    plate: Geometry | None
    names: tuple[str, ...]
    pixels: str = ""
    plate_pixels: str = ""
    provenance: str = ""
    asked: tuple[str, ...] = ()
    layer: str = ""
    view: str = ""

    def attributes(self) -> Iterator[tuple[Attribute, Attribute | None]]:
        """Attributes of points that were made, each with the one that the plate has of its name."""
        for name in self.names:
            made = self.made.find(name)
            if made is not None:
                yield made, self.plate.find(name) if self.plate else None

    def volumes(self) -> Iterator[tuple[Volume, Volume | None]]:
        """Grids that were made, each with the plate's of its name."""
        before = {one.name: one for one in self.plate.volumes} if self.plate else {}
        for one in self.made.volumes:
            if one.name in self.names:
                yield one, before.get(one.name)


@dataclass(frozen=True)
class Outline:
    """What is kept of a Shape for its neighbours.

    normals  (n, 3) float32: those of every so manieth point; None where no normal was made
    count    of points, to tell whether the next frame has the same ones
    masses   of each grid that was made, over that of its plate's
    """

    number: int
    layer: str
    view: str
    count: int
    normals: NDArray[np.float32] | None
    masses: dict[str, float]
    pixels: str = ""
    plate_pixels: str = ""


def outline(shape: Shape) -> Outline:
    return Outline(
        number=shape.number,
        layer=shape.layer,
        view=shape.view,
        count=shape.made.count,
        normals=_normals(shape),
        masses={
            made.name: mass(made) / mass(plate)
            for made, plate in shape.volumes()
            if plate is not None and mass(plate)
        },
        pixels=shape.pixels,
        plate_pixels=shape.plate_pixels,
    )


def mass(volume: Volume) -> float:
    """The sum of a grid's values times what a voxel takes of space, or of ground; NaN and inf aside.

    Of a vector grid that of the lengths' squares, which is what moves.
    """
    values = volume.values.astype(np.float64, copy=False)
    if values.ndim == 4:
        values = np.square(values).sum(axis=-1)
    edges = np.linalg.svd(volume.transform[:3, :3], compute_uv=False)
    space = float(np.prod(edges[:2] if volume.kind == "heightfield" else edges))
    return float(np.sum(values, where=np.isfinite(values))) * abs(space)


def lengths(normals: Numbers) -> NDArray[np.float64]:
    """(n,) lengths of vectors (n, 3)."""
    found: NDArray[np.float64] = np.sqrt(np.square(normals.astype(np.float64)).sum(axis=1))
    return found


def is_normal(attribute: Attribute) -> bool:
    return attribute.qualifier == "normal" and attribute.size == 3 and attribute.strings is None


def _normals(shape: Shape) -> NDArray[np.float32] | None:
    for made, _ in shape.attributes():
        if is_normal(made):
            step = max(1, -(-made.count // MOST_KEPT))
            return made.values[::step].astype(np.float32)
    return None
