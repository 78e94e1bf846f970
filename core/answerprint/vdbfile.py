"""What an OpenVDB file holds, grid after grid; `vdb` says what of it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint import vdbmap, vdbtree
from answerprint.errors import SourceError
from answerprint.geometry import Attribute, Geometry
from answerprint.vdbstream import ACTIVE, BLOSC, MAGIC, NEWEST, ZIP, Cursor, Raw
from answerprint.volume import Volume

LIMIT = 8 << 30  # bytes in memory, of all grids of a file together; and of the file itself
_OLDEST = 222
HALF = "_HalfFloat"  # behind the type of a grid that was saved as half floats
_COUNTS = (
    "file_bbox_min",
    "file_bbox_max",
    "file_compression",
    "file_delayed_load",
    "file_mem_bytes",
    "file_voxel_count",
)
# OpenVDB's names: of a number and how many of them a value is
VALUES: dict[str, tuple[type, int]] = {
    "float": (np.float32, 1),
    "double": (np.float64, 1),
    "int32": (np.int32, 1),
    "int64": (np.int64, 1),
    "bool": (np.bool_, 1),
    "vec3s": (np.float32, 3),
    "vec3d": (np.float64, 3),
    "vec3i": (np.int32, 3),
}
_UNSUPPORTED = {
    "ptdataidx32": "grid of points",
    "ptidx32": "grid of points",
    "mask": "mask grid",
    "string": "grid of texts",
}


@dataclass
class Grid:
    """One grid as it is read: where its parts stand, and what is known before its voxels."""

    volume: Volume
    values: vdbtree.Values
    tree: vdbtree.Tree
    leaves: int  # where the leaves' values begin


class File:
    """One file's bytes, and what it says before its grids."""

    def __init__(self, path: Path) -> None:
        self.path = path.as_posix()
        self.cursor = Cursor(_bytes(path), self.path)
        self.geometry = Geometry()
        self.left = LIMIT

    def read(self, filled: Callable[[File, Grid], Volume]) -> Geometry:
        offsets = self._head()
        found: dict[str, Grid] = {}
        for _ in range(self.cursor.number("I")):
            named, kind, parent = (self.cursor.text() for _ in range(3))
            _, _, end = (self.cursor.number("q") for _ in range(3))
            grid = self._grid(named, kind, found.get(parent), parent)
            if grid is not None:
                found[named] = grid
                self.geometry.volumes.append(filled(self, grid))
            elif not offsets:
                raise SourceError(
                    f"{self.path}: what follows grid '{_plain(named)}' cannot be found.",
                    remedy="Save the file again, without that grid.",
                )
            if offsets:
                if end < self.cursor.at:
                    raise self.cursor.damaged(f"grid '{_plain(named)}' ends before its voxels do")
                self.cursor.at = end
        return self.geometry

    def _head(self) -> bool:
        """Whether the file says where each grid ends."""
        cursor = self.cursor
        if len(cursor.data) < 8 or cursor.number("q") != MAGIC:
            raise SourceError(
                f"{self.path} is no OpenVDB file.", remedy="Write it again where it came from."
            )
        version = cursor.number("I")
        if not _OLDEST <= version <= NEWEST:
            raise SourceError(
                f"{self.path} is an OpenVDB file of version {version}; "
                f"{_OLDEST} to {NEWEST} are read.",
                remedy="Read it in Houdini and save it again.",
            )
        cursor.take(8)  # which OpenVDB wrote it
        offsets = bool(cursor.number("B"))
        cursor.take(36)  # an identity that is new with every save
        for name, value in cursor.metadata().items():
            self._say(name, value)
        return offsets

    def _say(self, name: str, value: Any) -> None:
        if isinstance(value, str):
            self.geometry.said[name] = value
        elif isinstance(value, Raw):
            what = f"metadata of type {value.type}"
            self.geometry.unsupported[what] = self.geometry.unsupported.get(what, 0) + 1
        else:
            self.geometry.attributes.append(_detail(name, value))

    def _grid(self, named: str, kind: str, parent: Grid | None, of: str) -> Grid | None:
        """None: of a sort that is not known, and noted so."""
        cursor = self.cursor
        name = kind.removesuffix(HALF).removeprefix("Tree_").removesuffix("_5_4_3")
        flags = cursor.number("I")
        if flags & ~(ZIP | ACTIVE | BLOSC):
            raise cursor.damaged(f"grid '{_plain(named)}' is packed in a way that there is not")
        about = {key: one for key, one in cursor.metadata().items() if key not in _COUNTS}
        about.pop("is_saved_as_half_float", None)
        matrix = vdbmap.read(cursor)
        if matrix is None or name not in VALUES:
            what = "grid in a frustum" if matrix is None else _UNSUPPORTED.get(name, f"{name} grid")
            self.geometry.unsupported[what] = self.geometry.unsupported.get(what, 0) + 1
            return None
        called = about.pop("name", None)
        volume = Volume(
            called if isinstance(called, str) else _plain(named),
            np.empty((0, 0, 0)),
            transform=matrix,
            about=about,
        )
        if of:  # its voxels are another grid's
            if parent is None:
                raise cursor.damaged(f"grid '{_plain(named)}' shares voxels with no grid")
            return replace(parent, volume=volume)
        values = _values(name, flags, half=kind.endswith(HALF))
        tree = vdbtree.topology(cursor, values)
        return Grid(volume, values, tree, cursor.at)

    def room(self, name: str, values: vdbtree.Values, space: vdbtree.Box) -> None:
        """Raises SourceError: so many voxels have no room."""
        size = [int(one) for one in space[1] - space[0]]
        claimed = size[0] * size[1] * size[2] * (values.dtype.itemsize * values.size + 1)
        self.left -= claimed
        if self.left < 0:
            raise SourceError(
                f"{self.path}: grid '{name}' is {size[0]} x {size[1]} x {size[2]} voxels, "
                f"{_gib(claimed)} in memory; {_gib(LIMIT)} is the most that a file may take.",
                remedy="Crop it, or make its voxels larger (VDB Resample).",
            )


def _bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LIMIT:
            raise SourceError(
                f"{path.as_posix()} is {_gib(size)}; {_gib(LIMIT)} is the most that is read.",
                remedy="Crop the grids, or write fewer of them into one file.",
            )
        return path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"{path.as_posix()} cannot be read: {error.strerror}.",
            remedy="Check the path and its permissions.",
        ) from error


def _gib(size: int) -> str:
    return f"{size / (1 << 30):,.1f} GiB"


def _plain(named: str) -> str:
    """A grid's name without what OpenVDB tells grids of one name apart by."""
    return named.split("\x1e", maxsplit=1)[0]


def _values(name: str, flags: int, *, half: bool) -> vdbtree.Values:
    kind: np.dtype[Any] = np.dtype(VALUES[name][0])
    size = VALUES[name][1]
    if not half or kind.kind != "f":
        return vdbtree.Values(kind, size, kind, kind, flags)
    memory = np.dtype(np.float16) if kind == np.float32 else kind
    return vdbtree.Values(memory, size, kind, np.dtype(np.float16), flags)


def voxels(file: File, grid: Grid) -> Volume:
    """The volume with its voxels."""
    space = vdbtree.whole(grid.tree)
    file.cursor.at, after = grid.leaves, file.cursor.at
    if space is None:
        space = (np.zeros(3, np.int64), np.zeros(3, np.int64))
    file.room(grid.volume.name, grid.values, space)
    made, active = vdbtree.dense(file.cursor, grid.values, grid.tree, space)
    file.cursor.at = max(file.cursor.at, after)
    z, y, x = vdbtree.tight(made, active, grid.tree.background)
    low = space[0].tolist()
    volume = _shaped(grid, made[z, y, x], active[z, y, x])
    return replace(volume, origin=(low[0] + x.start, low[1] + y.start, low[2] + z.start))


def shape(file: File, grid: Grid) -> Volume:
    """The volume with voxels that are all zero, and stand in memory once."""
    space = vdbtree.box(grid.tree)
    if space is None:
        space = (np.zeros(3, np.int64), np.zeros(3, np.int64))
    file.room(grid.volume.name, grid.values, space)
    x, y, z = (int(one) for one in space[1] - space[0])
    made = np.broadcast_to(np.zeros((), grid.values.dtype), (z, y, x, grid.values.size))
    volume = _shaped(grid, made, np.broadcast_to(np.zeros((), np.bool_), (z, y, x)))
    low = space[0].tolist()
    return replace(volume, origin=(low[0], low[1], low[2]))


def _shaped(grid: Grid, made: NDArray[Any], active: NDArray[np.bool_]) -> Volume:
    background = grid.tree.background.tolist()
    if grid.values.size == 1:
        return replace(grid.volume, values=made[..., 0], active=active, background=background[0])
    x, y, z = background
    return replace(grid.volume, values=made, active=active, background=(x, y, z))


def _detail(name: str, value: Any) -> Attribute:
    if isinstance(value, bool):
        return Attribute(name, "detail", np.array([[value]], np.int8), qualifier="bool")
    array = np.asarray(value)
    matrix = "matrix" if array.ndim == 2 else ""
    return Attribute(name, "detail", array.reshape(1, -1), qualifier=matrix)
