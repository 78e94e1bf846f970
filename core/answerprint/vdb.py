"""OpenVDB's files (.vdb): grids of numbers, read and written here, without OpenVDB.

Neither OpenVDB nor its Python binding is had as a package for all systems, so that the format is
read and written with numpy; the package `blosc` unpacks what Houdini packs (see `vdbstream`). Files
of versions 222 to 224 are read (OpenVDB 3 to 13, all that Houdini 16 and later write), packed with
Blosc, zip or not at all; written are files of version 224 with Blosc, as Houdini does.

Read are grids of float, double, int32, int64, bool and vectors of float, double and int32, with their
tiles, inactive values and metadata. Points, masks, texts and frustums are `unsupported`. A grid that
was saved as half floats is float16 here (a double one float64), and is saved so again.

A grid's own metadata is `Volume.about`, by OpenVDB's names (class, vector_type, creator): texts,
bools, numpy arrays (0-d of one number) or `vdbstream.Raw`. What is but a count of the file itself
(file_bbox_min, ...) is made anew. The file's texts are `said`; its numbers are detail attributes.
"""

from __future__ import annotations

import struct
import uuid
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint import vdbblocks, vdbmap
from answerprint.errors import SourceError
from answerprint.geometry import Attribute, Geometry, box
from answerprint.vdbfile import HALF, VALUES, File, shape, voxels
from answerprint.vdbstream import ACTIVE, BLOSC, MAGIC, NEWEST, metadata, text, type_of
from answerprint.volume import Volume

_LIBRARY = (10, 0)  # of OpenVDB, whose files these are like
_NAMES: dict[tuple[np.dtype[Any], int], str] = {
    (np.dtype(kind), size): name for name, (kind, size) in VALUES.items()
}
_NAMES |= {(np.dtype(np.float16), 1): "float", (np.dtype(np.float16), 3): "vec3s"}


def read(path: Path) -> Geometry:
    return File(path).read(voxels)


def structure(path: Path) -> Geometry:
    """Volumes have the resolution of their active voxels, and values that take no memory."""
    return File(path).read(shape)


def _noted(one: Attribute) -> Any:
    """A detail attribute as metadata; None: there is no such type."""
    if one.owner != "detail" or one.strings is not None or one.lengths is not None:
        return None
    if one.qualifier == "bool" and one.values.shape == (1, 1) and one.values.dtype == np.int8:
        return bool(one.values[0, 0])
    if one.qualifier not in ("", "matrix"):
        return None
    shape = (4, 4) if one.qualifier else (() if one.size == 1 else (one.size,))
    if one.values.size != int(np.prod(shape)) or not type_of(one.values.reshape(shape)):
        return None
    return one.values.reshape(shape)


def lacks(geometry: Geometry) -> list[str]:
    found = [_lack(volume) for volume in geometry.volumes]
    if geometry.count or geometry.faces is not None or geometry.anchors is not None:
        found.append(f"{geometry.count} points and {geometry.primitives} primitives")
    found += [f"{one.owner} attribute {one.name}" for one in geometry.attributes if _odd(one)]
    found += [f"{group.owner} group {group.name}" for group in geometry.groups]
    return [one for one in found if one]


def _odd(one: Attribute) -> bool:
    return _noted(one) is None


def _lack(volume: Volume) -> str:
    who = f"volume {volume.name}"
    if volume.kind != "vdb":
        return f"{who}, which is no VDB but a {volume.kind} volume"
    if (volume.values.dtype, volume.channels) not in _NAMES:
        return f"{who} of {volume.channels} x {volume.values.dtype}"
    if max(map(abs, volume.origin)) + max(volume.resolution) >= 1 << 31:
        return f"{who}, which lies beyond voxel {1 << 31}"
    why = vdbmap.unusable(volume.transform)
    return f"the transform of {who}: {why}" if why else ""


def write(path: Path, geometry: Geometry) -> None:
    cannot = lacks(geometry)
    if cannot:
        raise SourceError(
            f"An OpenVDB file cannot hold {', '.join(cannot[:8])}"
            f"{f' and {len(cannot) - 8} more' if len(cannot) > 8 else ''}.",
            remedy="Take it as .bgeo.",
        )
    with path.open("wb") as file:
        file.write(struct.pack("<qIIIB", MAGIC, NEWEST, *_LIBRARY, 1))
        file.write(str(uuid.uuid4()).encode("ascii"))
        noted = {one.name: _noted(one) for one in geometry.attributes}
        file.write(metadata({**noted, **geometry.said}))
        file.write(struct.pack("<I", len(geometry.volumes)))
        for named, volume in zip(_named(geometry.volumes), geometry.volumes, strict=True):
            top, leaves = _written(volume)
            head = text(named) + text(_kind(volume)) + text("")
            start = file.tell() + len(head) + 24
            middle = start + sum(map(len, top))
            end = middle + sum(map(len, leaves))
            file.write(head + struct.pack("<qqq", start, middle, end))
            file.writelines(top)
            file.writelines(leaves)


def _named(volumes: list[Volume]) -> list[str]:
    """Grids' names; those of one name are told apart as OpenVDB does."""
    names = [volume.name for volume in volumes]
    return [
        name if names.count(name) == 1 else f"{name}\x1e{names[:index].count(name)}"
        for index, name in enumerate(names)
    ]


def _kind(volume: Volume) -> str:
    half = HALF if volume.values.dtype == np.float16 else ""
    return f"Tree_{_NAMES[(volume.values.dtype, volume.channels)]}_5_4_3{half}"


def _written(volume: Volume) -> tuple[list[bytes], list[bytes]]:
    """The parts of a grid before its leaves' values, and those."""
    values = volume.values.reshape(*volume.values.shape[:3], volume.channels)
    active = np.ones(values.shape[:3], np.bool_) if volume.active is None else volume.active
    half = values.dtype == np.float16
    background = np.array(volume.background, values.dtype).reshape(-1)
    if len(background) != volume.channels:
        background = np.repeat(background[:1], volume.channels)
    top, leaves = vdbblocks.tree(values, active, volume.origin, background, half=half)
    about = {**volume.about, "name": volume.name, **_counts(volume, active)}
    if half:
        about["is_saved_as_half_float"] = True
    head = [struct.pack("<I", ACTIVE | BLOSC), metadata(about), vdbmap.written(volume.transform)]
    return [*head, *top], leaves


def _counts(volume: Volume, active: NDArray[np.bool_]) -> dict[str, Any]:
    """What OpenVDB's tools show of a grid without reading it."""
    counts: dict[str, Any] = {
        "file_compression": "blosc + active values",
        "file_voxel_count": np.int64(np.count_nonzero(active)),
    }
    if active.any():
        space = box(active)
        origin = np.array(volume.origin)
        first = [one.start for one in space[::-1]]
        last = [one.stop - 1 for one in space[::-1]]
        counts["file_bbox_min"] = (origin + first).astype(np.int32)
        counts["file_bbox_max"] = (origin + last).astype(np.int32)
    return counts
