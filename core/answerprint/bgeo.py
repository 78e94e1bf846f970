"""Bgeo: Houdini's own geometry files, .geo (text) and .bgeo (binary), each also with .gz.

Both are the JSON format of Houdini 12 and later, as files of 13.0 to 16.5 have it. Read and kept: points,
polygons, curves, volumes of 32-bit floats; numbers and texts of all classes; groups of points,
vertices and primitives, ordered ones as well. A value of several texts (varmap) is an array of as
many, its qualifier is TUPLE. What is written is what 16.5 writes.

Not kept, and counted as unsupported with its name: array and dictionary attributes, private ones,
options of an attribute beside its type, values of a storage unknown here, edge groups, every other
primitive. The primitives that stay keep their order, polygons and curves before volumes, and lose
nothing; points all stay. The summary for people ("info") is not kept. In text NaNs are all one, and
lose their sign and payload. P of four numbers, as Houdini 13 wrote it, becomes P and Pw, as later
ones have it. Texts have to be UTF-8.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint import bgeoattributes, bgeogroups, bgeojson, bgeoprimitives, bgeovoxels, sound
from answerprint.bgeoattributes import OURS
from answerprint.bgeobytes import WrongError
from answerprint.bgeojson import pairs
from answerprint.bgeokept import Kept
from answerprint.bgeopages import Budget, numbers, whole
from answerprint.bgeoprimitives import Primitives
from answerprint.errors import SourceError
from answerprint.geometry import Faces, Geometry
from answerprint.sound import MOST_BYTES, MOST_COUNT, damaged, too_large
from answerprint.volume import Volume

FILE_VERSION = "16.5.268"  # whose layout is written
# What a file may say beside its geometry, and what is left out of it with a word
_BESIDE = {
    *("fileversion", "hasindex", "pointcount", "vertexcount", "primitivecount", "info"),
    *("topology", "attributes", "primitives", "sharedprimitivedata", "index", "indexposition"),
    *bgeogroups.LISTS.values(),
}
# Of a structure these are passed over: values of attributes and of voxels
_VALUES = frozenset({"rawpagedata", "arrays", "tuples", "data"})
_BROKEN = (
    *(ValueError, KeyError, IndexError, TypeError, AttributeError),
    *(RecursionError, ArithmeticError, struct.error),
)

Array = NDArray[Any]


def read(path: Path) -> Geometry:
    made = _read(path, zeros=False)
    sound.hold(path, made)
    return made


def structure(path: Path) -> Geometry:
    """Of a .bgeo without reading its values; a .geo, and what is packed, has to be read all."""
    return _read(path, zeros=True)


def lacks(geometry: Geometry) -> list[str]:
    found = [
        f"array attribute {one.name} of each {one.owner}"
        for one in geometry.attributes
        if one.lengths is not None and not bgeoattributes.is_tuple(one)
    ]
    found += [f"text '{name}'" for name in geometry.said if not _is_ours(name)]
    found += [f"group {one.name} of the detail" for one in geometry.groups if one.owner == "detail"]
    if geometry.count and geometry.find("P") is None:
        found.append("points without P")
    if geometry.volumes and geometry.anchors is None:
        return [*found, f"{len(geometry.volumes)} volumes that are at no point"]
    return found + [
        word for index in range(len(geometry.volumes)) for word in _odd(geometry, index)
    ]


def write(path: Path, geometry: Geometry) -> None:
    sound.hold(path, geometry)
    missing = lacks(geometry)
    if missing:
        raise SourceError(
            f"{path.as_posix()} cannot be written: its format does not hold {'; '.join(missing)}.",
            remedy="Take them out of the geometry, or write .vdb or .usd.",
        )
    bgeojson.save(path, _document(geometry, text=not bgeojson.is_binary(path)))


def _read(path: Path, *, zeros: bool) -> Geometry:
    budget = Budget(MOST_BYTES)
    try:
        document = bgeojson.load(path, _VALUES if zeros else frozenset())
        made = _geometry(pairs(document), budget, zeros=zeros)
    except WrongError as error:
        raise damaged(path, str(error)) from error
    except OverflowError as error:
        raise too_large(path, "it has", budget.asked) from error
    except MemoryError as error:
        raise SourceError(
            f"{path.as_posix()} needs more memory than this machine has left.",
            remedy="Close other programs, or split the geometry into several files.",
        ) from error
    except _BROKEN as error:
        raise damaged(path, f"its parts do not fit together ({error!r:.80})") from error
    sound.texts(path, made)
    return made


def _geometry(document: dict[str, Any], budget: Budget, *, zeros: bool) -> Geometry:
    count = whole(document.get("pointcount", 0), MOST_COUNT)
    vertexcount = whole(document.get("vertexcount", 0), MOST_COUNT)
    told = pairs(pairs(document.get("topology", [])).get("pointref", [])).get("indices", [])
    topology = numbers(told, np.dtype(np.int32)).reshape(-1)
    if len(topology) != vertexcount:
        raise WrongError(f"it has {len(topology):,} vertices and says that it has {vertexcount:,}")
    parts = bgeoprimitives.read(document, vertexcount, budget, zeros=zeros)
    made = Geometry(count=count, unsupported=dict(parts.unsupported))
    if len(parts.counts):
        made.faces = Faces(
            topology[parts.vertices].astype(np.int32, copy=False),
            parts.counts.astype(np.int32),
            parts.closed,
        )
    kept = Kept(document, vertexcount, parts)
    bgeoattributes.read(document, made, kept, budget, zeros=zeros)
    bgeogroups.read(document, made, kept)
    _volumes(made, parts, topology, anywhere=zeros)
    for name in document.keys() - _BESIDE:
        bgeoattributes.leave_out(
            made, "edge group" if name == "edgegroups" else f"'{name:.60}' of the file"
        )
    return made


def _volumes(made: Geometry, parts: Primitives, topology: Array, *, anywhere: bool) -> None:
    """Name and place the volumes, by what their primitives and points have.

    `anywhere`: where the points are was not read, so nothing is held against it.
    """
    made.volumes = [volume for _, _, volume in parts.volumes]
    text = made.said.pop(bgeovoxels.NOTE, "")
    if not made.volumes:
        return
    made.anchors = topology[[vertex for _, vertex, _ in parts.volumes]].astype(np.int32)
    made.volumes = _as_found(made)
    if text:
        bgeovoxels.heed(text, made.volumes, anywhere=anywhere)


def _as_found(geometry: Geometry) -> list[Volume]:
    """The volumes of a geometry as its points, its attributes and they themselves say they are."""
    flat = any(_mode(volume) == "heightfield" for volume in geometry.volumes)
    return [
        replace(
            one,
            name=_name(geometry, index),
            transform=bgeovoxels.placed(
                bgeovoxels.box_of(one), _place(geometry, index), one.resolution
            ),
            kind="heightfield" if flat and one.resolution[2] == 1 else "dense",
        )
        for index, one in enumerate(geometry.volumes)
    ]


def _place(geometry: Geometry, index: int) -> Array:
    """Where a volume's point is."""
    place = geometry.find("P")
    point = -1 if geometry.anchors is None else int(geometry.anchors[index])
    if place is None or not 0 <= point < place.count:
        return np.zeros(3)
    return place.values[point, :3].astype(np.float64)


def _mode(volume: Volume) -> str:
    return str(bgeovoxels.look_of(volume).get("mode", ""))


def _name(made: Geometry, index: int) -> str:
    found = made.find("name", "primitive")
    faces = 0 if made.faces is None else len(made.faces.counts)
    if found is None or found.strings is None or found.lengths is not None:
        return ""
    at = int(found.values[faces + index, 0])
    return found.strings[at] if 0 <= at < len(found.strings) else ""


def _odd(geometry: Geometry, index: int) -> Iterator[str]:
    """What of one volume the format does not hold."""
    one = geometry.volumes[index]
    if one.values.dtype != np.float32 or one.channels != 1:
        yield f"volume {one.name} of {one.channels} x {one.values.dtype} a voxel"
    if one.active is not None or one.kind == "vdb" or one.origin != (0, 0, 0):
        yield f"VDB grid {one.name}"
    if not bgeovoxels.is_plain(bgeovoxels.look_of(one)):
        yield f"how volume {one.name} is shown"
    if not isinstance(one.background, float):
        yield f"background {one.background} of volume {one.name}"
    found = bgeovoxels.placed(bgeovoxels.box_of(one), _place(geometry, index), one.resolution)
    if not bgeovoxels.is_near(found, one.transform):
        yield f"the place of volume {one.name}, which is not about its point"


def _is_ours(name: str) -> bool:
    return name.startswith(OURS) and name != bgeovoxels.NOTE


def _document(geometry: Geometry, *, text: bool) -> list[Any]:
    """All of a geometry, as Houdini 16.5 has it."""
    note = bgeovoxels.note(geometry.volumes, _as_found(geometry))
    if note:
        geometry = replace(geometry, said={**geometry.said, bgeovoxels.NOTE: note})
    points = [] if geometry.faces is None else [geometry.faces.points]
    points += [] if geometry.anchors is None else [geometry.anchors]
    topology = np.concatenate([np.zeros(0, np.int32), *points])
    return [
        *("fileversion", FILE_VERSION),
        *("hasindex", False),
        *("pointcount", geometry.count),
        *("vertexcount", geometry.vertices),
        *("primitivecount", geometry.primitives),
        *("info", {"software": "Answerprint"}),
        *("topology", ["pointref", ["indices", topology]]),
        *("attributes", bgeoattributes.written(geometry, text=text)),
        *("primitives", bgeoprimitives.written(geometry)),
        *bgeogroups.written(geometry),
    ]
