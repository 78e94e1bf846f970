"""Primitives: polygons, volumes, VDBs, and those that are only counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from houdini_attribs import Attrib, values_of
from houdini_enums import ERRORS, EnumValue, OperationFailed, value
from houdini_guard import Guarded
from houdini_numbers import BoundingBox, Matrix3, Matrix4, Vector3
from houdini_state import state
from numpy.typing import NDArray

from answerprint.volume import Volume as Grid

if TYPE_CHECKING:
    from houdini_geometry import Geometry


class Point(Guarded):
    def __init__(self, geometry: Geometry, number: int) -> None:
        self._geometry, self._number = geometry, number

    def geometry(self) -> Geometry:
        return self._geometry

    def number(self) -> int:
        return self._number

    def position(self) -> Vector3:
        places = self._geometry._held.find("P")
        return Vector3([0.0] * 3 if places is None else places.values[self._number, :3].tolist())

    def attribValue(self, attrib: Attrib | str) -> Any:
        return element(self._geometry, "point", self._number, attrib)


class Vertex(Guarded):
    def __init__(self, prim: Prim, number: int) -> None:
        self._prim, self._number = prim, number

    def prim(self) -> Prim:
        return self._prim

    def point(self) -> Point:
        return Point(self._prim._geometry, self._prim._points()[self._number])


class Prim(Guarded):
    _type, _called = "Unknown", "Unknown"

    def __init__(self, geometry: Geometry, number: int) -> None:
        self._geometry, self._number = geometry, number

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prim) or self._geometry is not other._geometry:
            return False
        return self._number == other._number

    def __hash__(self) -> int:
        return hash((id(self._geometry), self._number))

    def geometry(self) -> Geometry:
        return self._geometry

    def number(self) -> int:
        return self._number

    def type(self) -> EnumValue:
        return value("primType", self._type)

    def numVertices(self) -> int:
        return len(self._points())

    def vertices(self) -> tuple[Vertex, ...]:
        return tuple(Vertex(self, number) for number in range(len(self._points())))

    def attribValue(self, attrib: Attrib | str) -> Any:
        return element(self._geometry, "primitive", self._number, attrib)

    def stringAttribValue(self, attrib: Attrib | str) -> str:
        found = element(self._geometry, "primitive", self._number, attrib)
        if not isinstance(found, str):
            raise OperationFailed("The attribute has no strings")
        return found

    def intrinsicNames(self) -> tuple[str, ...]:
        return tuple(self._intrinsics())

    def intrinsicValue(self, intrinsic_name: str) -> Any:
        known = self._intrinsics()
        if intrinsic_name not in known:
            raise OperationFailed(f"No intrinsic {intrinsic_name}")
        return known[intrinsic_name]

    def _points(self) -> list[int]:
        return []

    def _intrinsics(self) -> dict[str, Any]:
        return {"typename": self._called, "vertexcount": len(self._points())}


class Face(Prim):
    def isClosed(self) -> bool:
        faces = self._geometry._held.faces
        assert faces is not None
        return bool(faces.closed[self._number])

    def vertex(self, index: int) -> Vertex:
        return Vertex(self, index)

    def _points(self) -> list[int]:
        faces = self._geometry._held.faces
        assert faces is not None
        first = int(faces.counts[: self._number].sum())
        return [int(one) for one in faces.points[first : first + faces.counts[self._number]]]


class Polygon(Face):
    _type, _called = "Polygon", "Poly"


class _Voxels(Prim):
    """What Volume and VDB share. Index (0, 0, 0) of a Volume is its first voxel."""

    def __init__(self, geometry: Geometry, number: int, grid: Grid) -> None:
        super().__init__(geometry, number)
        self._grid = grid

    def isHeightField(self) -> bool:
        return self._grid.kind == "heightfield"

    def isSDF(self) -> bool:
        return "level" in str(self._grid.about.get("class", ""))

    def voxelSize(self) -> Vector3:
        return Vector3(list(self._grid.voxel_size))

    def indexToPos(self, index: Any) -> Vector3:
        return Vector3(self._world(list(index)).tolist())

    def transform(self) -> Matrix3:
        """From the cube that reaches from -1 to 1."""
        half = np.array(self._grid.resolution) / 2
        return Matrix3((half[:, None] * self._grid.transform[:3, :3]).tolist())

    def vertex(self, index: int) -> Vertex:
        return Vertex(self, index)

    def resolution(self) -> tuple[int, int, int]:
        return self._grid.resolution

    def _points(self) -> list[int]:
        anchors = self._geometry._held.anchors
        at = next(i for i, each in enumerate(self._geometry._held.volumes) if each is self._grid)
        return [] if anchors is None else [int(anchors[at])]

    def _world(self, index: list[float]) -> NDArray[np.float64]:
        first = self._grid.origin if isinstance(self, Volume) else (0, 0, 0)
        whole = np.array([*(a + b for a, b in zip(index, first, strict=True)), 1.0])
        return np.asarray((whole @ self._grid.transform)[:3])


class Volume(_Voxels):
    _type, _called = "Volume", "Volume"

    def taperX(self) -> float:
        return float(self._grid.about.get("taperx", 1.0))

    def taperY(self) -> float:
        return float(self._grid.about.get("tapery", 1.0))

    def channelCount(self) -> int:
        return self._grid.channels

    def allVoxels(self) -> tuple[Any, ...]:
        state.slow.append("allVoxels")
        return tuple(self._grid.values.ravel().tolist())

    def allVoxelsAsString(self) -> bytes:
        whole = self._grid.values.dtype.kind in "iu"
        return self._grid.values.astype(np.int64 if whole else np.float32).tobytes()

    def setAllVoxelsFromString(self, values: Any) -> None:
        self._geometry._writable()
        raw = memoryview(values).cast("B")
        if len(raw) != self._grid.values.size * 4:
            raise OperationFailed(f"{self._grid.values.size * 4} bytes are needed, not {len(raw)}")
        shape = self._grid.values.shape
        self._grid.values = np.frombuffer(raw, np.float32).reshape(shape).copy()

    def setTransform(self, transform: Matrix4) -> None:
        """From the cube that reaches from -1 to 1, its centre included."""
        self._geometry._writable()
        size = np.array(self._grid.resolution)
        unit = np.eye(4)
        unit[:3, :3] = np.diag(2.0 / size)
        unit[3, :3] = 1.0 / size - 1.0
        self._grid.transform = unit @ transform._values
        self._grid.origin = (0, 0, 0)
        places, anchors = self._geometry._held.find("P"), self._points()
        if places is not None and anchors:
            places.values[anchors[0]] = transform._values[3, :3]

    def _intrinsics(self) -> dict[str, Any]:
        border = self._grid.about.get("border", "streak")
        more = {"volumexform": tuple(self.transform().asTuple()), "volumeborder": border}
        return {**super()._intrinsics(), **more}


class VDB(_Voxels):
    _type, _called = "VDB", "VDB"

    def isEmpty(self) -> bool:
        return not self._active().any()

    def activeVoxelCount(self) -> int:
        return int(self._active().sum())

    def activeVoxelBoundingBox(self) -> BoundingBox:
        """Of indices, inclusive."""
        if self.isEmpty():
            return BoundingBox(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        places = np.argwhere(self._active())[:, ::-1] + np.array(self._grid.origin)
        return BoundingBox(*places.min(0).tolist(), *places.max(0).tolist())

    def dataType(self) -> EnumValue:
        if self._grid.channels == 3:
            return value("vdbData", "Vector3")
        kinds = {"b": "Boolean", "f": "Float", "i": "Int"}
        return value("vdbData", kinds[self._grid.values.dtype.kind])

    def voxel(self, index: Any) -> float:
        state.slow.append("voxel")
        x, y, z = (int(a - b) for a, b in zip(index, self._grid.origin, strict=True))
        return float(self._grid.values[z, y, x])

    def voxelRange(self, range: BoundingBox) -> tuple[Any, ...]:
        state.slow.append("voxelRange")
        low = [int(each) for each in range._values[:3]]
        high = [int(each) + 1 for each in range._values[3:]]
        spans = [slice(a - o, b - o) for a, b, o in zip(low, high, self._grid.origin, strict=True)]
        return tuple(self._grid.values[spans[2], spans[1], spans[0]].ravel().tolist())

    def _active(self) -> NDArray[np.bool_]:
        if self._grid.active is None:
            return np.ones(self._grid.values.shape[:3], bool)
        return self._grid.active

    def _intrinsics(self) -> dict[str, Any]:
        more = {"vdb_is_saved_as_half_float": self._grid.values.dtype == np.float16}
        return {**super()._intrinsics(), **more}


class PackedPrim(Prim):
    _type, _called = "PackedPrim", "PackedPrim"


class PackedGeometry(PackedPrim):
    _type, _called = "PackedGeometry", "PackedGeometry"


def element(geometry: Geometry, owner: Any, number: int, attrib: Attrib | str) -> Any:
    """The value of one element: a number, a text, or a tuple."""
    name = attrib._held.name if isinstance(attrib, Attrib) else attrib
    held = geometry._held.find(name, owner)
    if held is None:
        raise OperationFailed(f"Invalid attribute {name}")
    if held.strings is not None:
        return values_of(held, name, "String")[number]
    one = held.values[number].tolist()
    return one[0] if held.size == 1 else tuple(one)


def counted(geometry: Geometry, number: int, kind: str) -> Prim:
    """A primitive of a kind that no geometry of ours holds: it is there, and that is all."""
    if kind == "PackedGeometry":
        return PackedGeometry(geometry, number)
    prim = Prim(geometry, number)
    prim._type = prim._called = kind
    return prim


def is_kind(prim: Prim, asked: EnumValue | str) -> bool:
    if isinstance(asked, str):
        return prim._called == asked
    if repr(asked).partition(".")[0] != "primType":
        raise ERRORS["OperationFailed"](f"{asked!r} is no hou.primType")
    packed = asked.name() == "PackedPrim" and isinstance(prim, PackedPrim)
    return packed or prim._type == asked.name()
