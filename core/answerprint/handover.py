"""Handover: geometry as a host gives it to the engine, arrays in one file (.safetensors).

What is in it is written down where hosts have their writer: `answerprint_panel/tensors.py`. The file
is read in one piece and the arrays are views of that; it is not mapped into memory, because a host may
cut or delete it while the engine still works.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NoReturn

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from answerprint import sound, tensors
from answerprint.documents import OpenDocument, explain
from answerprint.errors import SourceError
from answerprint.geometry import OWNERS, Attribute, Faces, Geometry, Group, Owner
from answerprint.sound import MOST_COUNT, damaged
from answerprint.tensors import TYPES, Header, Tensor
from answerprint.volume import Volume

_NUMBERS = ("F64", "F32", "F16", "I64", "I32", "I16", "I8")
_VOXELS = ("F64", "F32", "F16", "I64", "I32", "BOOL")
_INDICES = ("I64", "I32", "I16", "I8")
_FLAGS = ("BOOL", "U8")

Array = NDArray[Any]


class Grid(OpenDocument):
    """What the metadata say of one volume."""

    name: str
    transform: tuple[float, ...] = Field(min_length=16, max_length=16)
    origin: tuple[int, int, int] = (0, 0, 0)
    kind: Literal["vdb", "dense", "heightfield"] = "vdb"
    background: float | tuple[float, float, float] = 0.0
    about: dict[str, Any] = Field(default_factory=dict)


class Told(OpenDocument):
    """What the metadata say of the whole."""

    count: int = Field(ge=0, le=MOST_COUNT)
    qualifiers: dict[str, str] = Field(default_factory=dict)
    defaults: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    volumes: tuple[Grid, ...] = ()
    unsupported: dict[str, int] = Field(default_factory=dict)
    said: dict[str, str] = Field(default_factory=dict)


def read(path: Path) -> Geometry:
    header, data = tensors.read(path)

    def values(tensor: Tensor) -> Array:
        return data[tensor.begin : tensor.end].view(TYPES[tensor.type]).reshape(tensor.shape)

    found = _geometry(path, header, values)
    sound.hold(path, found)
    return found


def structure(path: Path) -> Geometry:
    """From the header alone; values are zeros that take no memory."""
    header = tensors.header(path)

    def values(tensor: Tensor) -> Array:
        return np.broadcast_to(np.zeros((), TYPES[tensor.type]), tensor.shape)

    return _geometry(path, header, values)


def lacks(geometry: Geometry) -> list[str]:
    """All of it: only hosts write it."""
    del geometry
    return ["any geometry of a take"]


def write(path: Path, geometry: Geometry) -> NoReturn:
    raise SourceError(
        f"{path.as_posix()} is what a host hands over; it cannot hold {lacks(geometry)[0]}.",
        remedy="Write .bgeo, .vdb or .usd.",
    )


def _geometry(path: Path, header: Header, values: Callable[[Tensor], Array]) -> Geometry:
    told = _told(path, header)
    source = _Source(path, header, told, values)
    made = Geometry(
        count=told.count,
        faces=source.faces(),
        volumes=[source.volume(index, grid) for index, grid in enumerate(told.volumes)],
        anchors=source.one("volume/anchors", _INDICES, 1, np.int32),
        unsupported=dict(told.unsupported),
        said=dict(told.said),
    )
    for name in header.tensors:
        kind, _, rest = name.partition("/")
        if kind in OWNERS:
            made.attributes.append(source.attribute(rest, kind))
        elif kind == "group":
            made.groups.append(source.group(rest))
    unknown = sorted(set(header.tensors) - source.used)
    if unknown:
        raise damaged(path, f"it has an array {unknown[0]} that belongs to nothing")
    sound.texts(path, made)
    return made


def _told(path: Path, header: Header) -> Told:
    try:
        return Told.model_validate_json(header.metadata["geometry"])
    except KeyError as error:
        raise damaged(path, "it does not say what geometry it is") from error
    except ValidationError as error:
        raise damaged(path, f"what it says of its geometry is wrong: {explain(error)}") from error


class _Source:
    """One file's arrays, each taken once."""

    def __init__(
        self, path: Path, header: Header, told: Told, values: Callable[[Tensor], Array]
    ) -> None:
        self._path, self._header, self._told, self._values = path, header, told, values
        self.used: set[str] = set()

    def one(self, name: str, kinds: tuple[str, ...], dimensions: int, dtype: Any) -> Array | None:
        """An array as `dtype`, without a copy where it is that; None: it is not there."""
        if name not in self._header.tensors:
            return None
        tensor = self._header.tensors[name]
        self.used.add(name)
        if tensor.type not in kinds or len(tensor.shape) != dimensions:
            raise damaged(
                self._path,
                f"{name} is {tensor.type} of shape {list(tensor.shape)}; it needs {dimensions} "
                f"dimension{'s' if dimensions > 1 else ''} of {' or '.join(kinds)}",
            )
        found = self._values(tensor)
        if dtype == np.bool_:  # a byte of 2 would be neither to numpy
            return np.not_equal(found, 0)
        if dtype == np.int32 and found.size and np.abs(found).max() > MOST_COUNT:
            raise damaged(self._path, f"{name} has numbers beyond {MOST_COUNT:,}")
        return found if dtype is None else found.astype(dtype, copy=False)

    def needed(self, name: str, kinds: tuple[str, ...], dimensions: int, dtype: Any) -> Array:
        found = self.one(name, kinds, dimensions, dtype)
        if found is None:
            raise damaged(self._path, f"it has no {name}")
        return found

    def faces(self) -> Faces | None:
        parts = ("faces/points", "faces/counts", "faces/closed")
        if not any(name in self._header.tensors for name in parts):
            return None
        return Faces(
            self.needed(parts[0], _INDICES, 1, np.int32),
            self.needed(parts[1], _INDICES, 1, np.int32),
            self.needed(parts[2], _FLAGS, 1, np.bool_),
        )

    def attribute(self, name: str, owner: Owner) -> Attribute:
        whole = f"{owner}/{name}"
        strings = self._strings(whole)
        kinds = _NUMBERS if strings is None else _INDICES
        return Attribute(
            name,
            owner,
            self.needed(whole, kinds, 2, None if strings is None else np.int32),
            strings=strings,
            lengths=self.one(f"lengths/{whole}", _INDICES, 1, np.int32),
            qualifier=self._told.qualifiers.get(whole, ""),
            defaults=self._told.defaults.get(whole, ()),
        )

    def _strings(self, whole: str) -> tuple[str, ...] | None:
        text = self._header.metadata.get(f"strings {whole}")
        if text is None:
            return None
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise damaged(self._path, f"the texts of {whole} are no JSON") from error
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise damaged(self._path, f"the texts of {whole} are no list of texts")
        return tuple(found)

    def group(self, rest: str) -> Group:
        owner, _, name = rest.partition("/")
        if owner not in OWNERS or not name:
            raise damaged(self._path, f"it has a group {rest!r} that belongs to nothing")
        members = self.needed(f"group/{rest}", _FLAGS, 1, np.bool_)
        order = self.one(f"order/{rest}", _INDICES, 1, np.int32)
        return Group(name, owner, members, order)

    def volume(self, index: int, grid: Grid) -> Volume:
        tensor = self._header.tensors.get(f"volume/{index}")
        dimensions = 4 if tensor is not None and len(tensor.shape) == 4 else 3
        boolean = np.bool_ if tensor is not None and tensor.type == "BOOL" else None
        values = self.needed(f"volume/{index}", _VOXELS, dimensions, boolean)
        if dimensions == 4 and values.shape[3] != 3:
            raise damaged(self._path, f"volume {grid.name} has {values.shape[3]} numbers a voxel")
        active = self.one(f"active/{index}", _FLAGS, 3, np.bool_)
        if active is not None and active.shape != values.shape[:3]:
            raise damaged(self._path, f"volume {grid.name} and its active voxels differ in size")
        return Volume(
            grid.name,
            values,
            np.array(grid.transform, np.float64).reshape(4, 4),
            grid.origin,
            active,
            grid.background,
            grid.kind,
            dict(grid.about),
        )
