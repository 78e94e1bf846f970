"""Geometry: points, polygons, curves and volumes with their attributes, as arrays.

What a file held comes back from it exactly: types, order, groups, winding, defaults. Nothing here
reads or writes files: `bgeo`, `vdb`, `usd` and `handover` do, and `geometries` knows which.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from answerprint import usdabout
from answerprint.volume import Volume

Owner = Literal["point", "vertex", "primitive", "detail"]
OWNERS: tuple[Owner, ...] = ("point", "vertex", "primitive", "detail")


@dataclass
class Attribute:
    """One attribute of one class.

    owner      of what there is one value each; detail: one value in all
    values     (count, size): float16, float32, float64, uint8, int8 to int64; of strings int32
               (count, 1), each an index into `strings`, -1 for none
    strings    the different strings, in the file's order; None where the values are numbers
    lengths    of an array attribute: how many values each element has; `values` then holds them all,
               one after the other; None: one value each
    qualifier  what the numbers are to Houdini: point, hpoint, vector, normal, color, quaternion,
               matrix, texturecoord, ...; '' for plain numbers
    defaults   of an element that is made anew, as long as a value is
    """

    name: str
    owner: Owner
    values: NDArray[Any]
    strings: tuple[str, ...] | None = None
    lengths: NDArray[np.int32] | None = None
    qualifier: str = ""
    defaults: tuple[float, ...] = ()

    @property
    def size(self) -> int:
        """Numbers in one value: 3 of a vector."""
        return int(self.values.shape[1])

    @property
    def count(self) -> int:
        return len(self.values) if self.lengths is None else len(self.lengths)


@dataclass
class Faces:
    """Polygons and curves, in the file's order and winding.

    points   (vertices,) int32: which point each vertex is
    counts   (faces,) int32: vertices of each
    closed   (faces,) bool: a polygon; False: a curve (an open polygon)
    """

    points: NDArray[np.int32]
    counts: NDArray[np.int32]
    closed: NDArray[np.bool_]


@dataclass
class Group:
    """Named elements. `members`: (count,) bool; `order`: their numbers, where the group is ordered."""

    name: str
    owner: Owner
    members: NDArray[np.bool_]
    order: NDArray[np.int32] | None = None


@dataclass
class Geometry:
    """What one file holds.

    count        of points; the attribute P has their places, (count, 3)
    faces        primitives that are polygons or curves; they come before `volumes` in the count of
                 primitives, and so in primitive attributes and groups
    volumes      of a VDB file: its grids. Of a geometry each is a primitive, at a point of its own
                 where the file gave it one: `anchors`
    anchors      (volumes,) int32: the point of each volume; None: they have none (a VDB file)
    unsupported  what the file holds and this does not, in words, with how many: {"NURBS curve": 3}
    said         texts that stand in the file beside the geometry, by name: the record among them
    """

    count: int = 0
    attributes: list[Attribute] = field(default_factory=list)
    faces: Faces | None = None
    volumes: list[Volume] = field(default_factory=list)
    anchors: NDArray[np.int32] | None = None
    groups: list[Group] = field(default_factory=list)
    unsupported: dict[str, int] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)

    def find(self, name: str, owner: Owner = "point") -> Attribute | None:
        for one in self.attributes:
            if (one.name, one.owner) == (name, owner):
                return one
        return None

    def put(self, made: Attribute) -> None:
        """An attribute, in place of one of its name and class."""
        for index, one in enumerate(self.attributes):
            if (one.name, one.owner) == (made.name, made.owner):
                self.attributes[index] = made
                return
        self.attributes.append(made)

    @property
    def primitives(self) -> int:
        return (0 if self.faces is None else len(self.faces.counts)) + (
            0 if self.anchors is None else len(self.volumes)
        )

    @property
    def vertices(self) -> int:
        return (0 if self.faces is None else len(self.faces.points)) + (
            0 if self.anchors is None else len(self.volumes)
        )


def digest(geometry: Geometry) -> str:
    """SHA-256 over decoded values, so that a file which another program saved again still verifies.

    Order of attributes and groups, the place of strings in their list, compression, and voxels of an
    OpenVDB grid that are not active do not count. Of `said` only a USD file's space, up axis and unit
    do.
    """
    total = hashlib.sha256()
    for text, array in _told(geometry):
        total.update(text.encode("utf-8") + b"\0")
        if array is not None:
            plain = np.ascontiguousarray(array)
            total.update(f"{plain.dtype.newbyteorder('<').str} {plain.shape}\0".encode())
            total.update(plain.astype(plain.dtype.newbyteorder("<"), copy=False).data)
    return total.hexdigest()


def besides(geometry: Geometry) -> str:
    """SHA-256 over what a file says, and a model or a take's file may show, and `digest` leaves out.

    Orders, places of strings, defaults; what is said of grids, and their voxels that are not active.
    """
    total = hashlib.sha256()
    for one in geometry.attributes:
        total.update(repr((one.owner, one.name, one.strings, one.defaults)).encode())
    total.update(repr([(one.owner, one.name) for one in geometry.groups]).encode())
    for volume in geometry.volumes:
        about = sorted(volume.about.items())
        total.update(repr((volume.name, volume.origin, volume.values.shape, about)).encode())
        if volume.active is not None:
            total.update(np.ascontiguousarray(volume.values[~volume.active]).data)
    return total.hexdigest()


def _told(geometry: Geometry) -> Iterator[tuple[str, NDArray[Any] | None]]:
    """Everything that counts, in one order."""
    yield f"geometry/v1 {geometry.count}", None
    placed = usdabout.placed(geometry.said.get(usdabout.NAME))
    if placed:
        yield f"placed {placed}", None
    if geometry.faces is not None:
        yield "points", geometry.faces.points.astype(np.int32, copy=False)
        yield "counts", geometry.faces.counts.astype(np.int32, copy=False)
        yield "closed", geometry.faces.closed
    if geometry.anchors is not None:
        yield "anchors", geometry.anchors
    for one in sorted(geometry.attributes, key=lambda one: (one.owner, one.name)):
        yield f"{one.owner} {one.name} {one.qualifier}", None
        if one.strings is None:
            yield "numbers", one.values
        else:
            strings = np.array([*one.strings, ""], object)  # -1 is the last: none
            yield "\0".join(strings[one.values[:, 0]].tolist()), None
        if one.lengths is not None:
            yield "lengths", one.lengths
    for group in sorted(geometry.groups, key=lambda one: (one.owner, one.name)):
        yield f"group {group.owner} {group.name}", np.packbits(group.members)
        if group.order is not None:
            yield "order", group.order
    for volume in sorted(geometry.volumes, key=lambda one: one.name):
        yield from _volume(volume)


def _volume(volume: Volume) -> Iterator[tuple[str, NDArray[Any] | None]]:
    """Of an OpenVDB grid its active voxels: what else its file keeps is the program's that saved it."""
    yield f"volume {volume.name} {volume.kind}", np.array(volume.background, volume.values.dtype)
    yield "transform", volume.transform
    if volume.kind != "vdb":
        yield f"origin {volume.origin}", volume.values
        return
    active = volume.active
    if active is None:
        active = np.ones(volume.values.shape[:3], np.bool_)
    inside = box(active)
    low = (0, 0, 0)  # of a grid with no active voxel, wherever it lies
    if active.any():
        x, y, z = volume.origin
        low = (x + inside[2].start, y + inside[1].start, z + inside[0].start)
    yield f"origin {low} {active[inside].shape}", np.packbits(active[inside])
    yield "values", volume.values[inside][active[inside]]


def box(active: NDArray[np.bool_]) -> tuple[slice, ...]:
    """The smallest box around what is active, of z, y, x; an empty one where nothing is."""
    found = []
    for axis in range(3):
        others = tuple(one for one in range(3) if one != axis)
        where = np.flatnonzero(active.any(axis=others))
        found.append(slice(int(where[0]), int(where[-1]) + 1) if len(where) else slice(0, 0))
    return tuple(found)
