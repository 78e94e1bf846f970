"""Attributes and groups of a geometry, over the arrays that `answerprint.geometry` has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from houdini_enums import ERRORS, EnumValue, OperationFailed, value
from houdini_guard import Guarded
from numpy.typing import NDArray

from answerprint.geometry import Attribute, Group, Owner

if TYPE_CHECKING:
    from houdini_geometry import Geometry

OWNERS: dict[str, Owner] = {
    "Point": "point",
    "Prim": "primitive",
    "Vertex": "vertex",
    "Global": "detail",
}
TYPES = {owner: name for name, owner in OWNERS.items()}
NUMERIC = {
    "Float16": np.float16,
    "Float32": np.float32,
    "Float64": np.float64,
    "Int8": np.int8,
    "UInt8": np.uint8,
    "Int16": np.int16,
    "Int32": np.int32,
    "Int64": np.int64,
}
_QUALIFIERS = {
    "": "",
    "point": "Position",
    "hpoint": "HPosition",
    "vector": "Vector",
    "normal": "Normal",
    "color": "Color",
    "quaternion": "Quaternion",
    "matrix": "Matrix",
    "matrix3": "Matrix",
    "texturecoord": "Texture Coord",
}


class Attrib(Guarded):
    """[unverified] what `qualifier` says of each kind: the words of Houdini's spreadsheet."""

    def __init__(self, geometry: Geometry, held: Attribute) -> None:
        self._geometry, self._held = geometry, held

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Attrib) and self._held is other._held

    def __hash__(self) -> int:
        return id(self._held)

    def geometry(self) -> Geometry:
        return self._geometry

    def name(self) -> str:
        return self._held.name

    def type(self) -> EnumValue:
        return value("attribType", TYPES[self._held.owner])

    def size(self) -> int:
        return self._held.size

    def isArrayType(self) -> bool:
        return self._held.lengths is not None

    def dataType(self) -> EnumValue:
        return value("attribData", data_of(self._held))

    def numericDataType(self) -> EnumValue:
        if self._held.strings is not None:
            raise OperationFailed(f"{self._held.name} is not numeric")
        kind = self._held.values.dtype
        return value("numericData", next(n for n, each in NUMERIC.items() if kind == each))

    def qualifier(self) -> str:
        return _QUALIFIERS.get(self._held.qualifier, self._held.qualifier.title())

    def isTransformedAsNormal(self) -> bool:
        return self._held.qualifier == "normal"

    def defaultValue(self) -> Any:
        if self._held.strings is not None:
            return ""
        given = self._held.defaults or (0.0,) * self._held.size
        plain = tuple(self._held.values.dtype.type(each).item() for each in given)
        return plain[0] if self._held.size == 1 else plain

    def strings(self) -> tuple[str, ...]:
        if self._held.strings is None:
            raise OperationFailed(f"{self._held.name} has no strings")
        return self._held.strings

    def destroy(self) -> None:
        self._geometry._writable()
        self._geometry._held.attributes.remove(self._held)


class _Group(Guarded):
    def __init__(self, geometry: Geometry, held: Group) -> None:
        self._geometry, self._held = geometry, held

    def name(self) -> str:
        return self._held.name

    def isOrdered(self) -> bool:
        return self._held.order is not None

    def destroy(self) -> None:
        self._geometry._writable()
        self._geometry._held.groups.remove(self._held)


class PointGroup(_Group):
    def pointCount(self) -> int:
        return int(self._held.members.sum())


class PrimGroup(_Group):
    def primCount(self) -> int:
        return int(self._held.members.sum())


class VertexGroup(_Group):
    def vertexCount(self) -> int:
        return int(self._held.members.sum())


class EdgeGroup(Guarded):
    """Houdini has them; no geometry of ours does. A test gives their names."""

    def __init__(self, geometry: Geometry, name: str) -> None:
        self._geometry, self._name = geometry, name

    def name(self) -> str:
        return self._name


def data_of(held: Attribute) -> str:
    if held.strings is not None:
        return "String"
    return "Float" if held.values.dtype.kind == "f" else "Int"


def bytes_of(held: Attribute | None, name: str, data: str, kind: EnumValue) -> bytes:
    """All values in one piece. Raises OperationFailed: there is none, or of another kind."""
    if held is None or data_of(held) != data or held.lengths is not None:
        raise OperationFailed(f"Invalid {data.lower()} attribute {name}")
    return held.values.astype(NUMERIC[kind.name()], copy=False).tobytes()


def values_of(held: Attribute | None, name: str, data: str) -> tuple[Any, ...]:
    if held is None or data_of(held) != data or held.lengths is not None:
        raise OperationFailed(f"Invalid {data.lower()} attribute {name}")
    if held.strings is None:
        return tuple(held.values.ravel().tolist())
    strings = (*held.strings, "")
    return tuple(strings[index] for index in held.values[:, 0].tolist())


def put_bytes(held: Attribute | None, name: str, data: str, given: Any, kind: EnumValue) -> None:
    array = np.frombuffer(memoryview(given).cast("B"), NUMERIC[kind.name()])
    put(held, name, data, array)


def put(held: Attribute | None, name: str, data: str, given: NDArray[Any]) -> None:
    """Set all numbers. Raises OperationFailed: wrong attribute; InvalidSize: wrong count."""
    if held is None or data_of(held) != data:
        raise OperationFailed(f"Invalid {data.lower()} attribute {name}")
    if given.size != held.values.size:
        raise ERRORS["InvalidSize"](f"{name} has {held.values.size} values, not {given.size}")
    held.values = given.reshape(held.values.shape).astype(held.values.dtype)


def put_strings(held: Attribute | None, name: str, given: Sequence[str]) -> None:
    if held is None or held.strings is None:
        raise OperationFailed(f"Invalid string attribute {name}")
    if len(given) != len(held.values):
        raise ERRORS["InvalidSize"](f"{name} has {len(held.values)} values, not {len(given)}")
    held.strings = tuple(dict.fromkeys(given))
    places = {text: index for index, text in enumerate(held.strings)}
    held.values = np.array([[places[text]] for text in given], np.int32)


def made(name: str, owner: Owner, count: int, default: Any, *, normal: bool) -> Attribute:
    """A new attribute, its default in every element, of the type that the default has."""
    if isinstance(default, str):
        return Attribute(name, owner, np.zeros((count, 1), np.int32), (default,))
    numbers = [default] if isinstance(default, int | float) else list(default)
    kind = np.float32 if any(isinstance(each, float) for each in numbers) else np.int32
    values = np.tile(np.array(numbers, kind), (count, 1))
    qualifier = "normal" if normal else ""
    return Attribute(name, owner, values, None, None, qualifier, tuple(map(float, numbers)))
