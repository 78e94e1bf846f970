"""hou.Geometry, over `answerprint.geometry.Geometry`: attributes, primitives, groups, files.

What a SOP gives follows its next cook and cannot be written to; `freeze` and hou.Geometry() give
one's own. Files are read and written by the engine's own codecs. A .bgeo.sc is a .bgeo.gz behind
eight bytes of its own: only this fake reads it.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable, Iterator, Sequence
from copy import copy, deepcopy
from pathlib import Path
from typing import Any

import houdini_attribs as attribs
import houdini_prims as kinds
import numpy as np
from houdini_attribs import Attrib, EdgeGroup, PointGroup, PrimGroup, VertexGroup
from houdini_enums import EnumValue, GeometryPermissionError, OperationFailed, value
from houdini_guard import Guarded
from houdini_numbers import BoundingBox, Vector3
from houdini_state import state
from numpy.typing import NDArray

from answerprint import geometries, geometry as plain
from answerprint.errors import AnswerprintError
from answerprint.volume import Volume as Grid

SC = b"fake.sc\n"
F32, I32 = value("numericData", "Float32"), value("numericData", "Int32")


class Geometry(Guarded):
    def __init__(self, geo: Geometry | None = None, clone_data_ids: bool = False) -> None:
        del clone_data_ids
        self._held = plain.Geometry()
        self._others: dict[str, int] = {}  # kinds that are only counted: {"PackedGeometry": 2}
        self._edges: list[str] = []
        self._node: Any = None
        self._read_only = False
        if geo is not None:
            self._take(geo)
        elif self._held.find("P") is None:
            places = np.zeros((0, 3), np.float32)
            self._held.put(plain.Attribute("P", "point", places, qualifier="point"))

    # what it is

    def isReadOnly(self) -> bool:
        return self._read_only

    def sopNode(self) -> Any:
        return self._node

    def freeze(self, read_only: bool = False, clone_data_ids: bool = False) -> Geometry:
        del clone_data_ids
        twin = Geometry(self)
        twin._read_only = read_only
        return twin

    def pointCount(self) -> int:
        return self._held.count

    def primCount(self) -> int:
        return self._prim_count()

    def vertexCount(self) -> int:
        return self._vertex_count()

    def intrinsicNames(self) -> tuple[str, ...]:
        return tuple(self._intrinsics())

    def intrinsicValue(self, intrinsic_name: str) -> Any:
        known = self._intrinsics()
        if intrinsic_name not in known:
            raise OperationFailed(f"No intrinsic {intrinsic_name}")
        return known[intrinsic_name]()

    def boundingBox(self, transform: Any = None) -> BoundingBox:
        del transform
        places = self._held.find("P")
        if places is None or not self._held.count:
            return BoundingBox(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        return BoundingBox(
            *places.values[:, :3].min(0).tolist(), *places.values[:, :3].max(0).tolist()
        )

    # points and primitives

    def point(self, index: int) -> kinds.Point | None:
        return kinds.Point(self, index) if 0 <= index < self._held.count else None

    def points(self) -> tuple[kinds.Point, ...]:
        state.slow.append("points")
        return tuple(kinds.Point(self, number) for number in range(self._held.count))

    def iterPoints(self) -> Iterator[kinds.Point]:
        state.slow.append("iterPoints")
        return (kinds.Point(self, number) for number in range(self._held.count))

    def prim(self, index: int) -> kinds.Prim | None:
        return self._prim(index) if 0 <= index < self._prim_count() else None

    def prims(self) -> tuple[kinds.Prim, ...]:
        state.slow.append("prims")
        return tuple(self._prim(number) for number in range(self._prim_count()))

    def iterPrims(self) -> Iterator[kinds.Prim]:
        state.slow.append("iterPrims")
        return (self._prim(number) for number in range(self._prim_count()))

    def primsOfType(self, prim_type: EnumValue) -> tuple[kinds.Prim, ...]:
        return tuple(self._of(prim_type))

    def iterPrimsOfType(self, prim_type: EnumValue) -> Iterator[kinds.Prim]:
        return self._of(prim_type)

    def countPrimType(self, type_or_name: EnumValue | str) -> int:
        return sum(count for one, count in self._kinds() if kinds.is_kind(one, type_or_name))

    def containsPrimType(self, type_or_name: EnumValue | str) -> bool:
        return any(count and kinds.is_kind(one, type_or_name) for one, count in self._kinds())

    def primTypeNames(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one._called for one, count in self._kinds() if count))

    def createPoints(self, point_positions: Sequence[Sequence[float]]) -> tuple[kinds.Point, ...]:
        self._writable()
        first = self._held.count
        self._grow(np.array([list(each) for each in point_positions], float).reshape(-1, 3))
        return tuple(kinds.Point(self, number) for number in range(first, self._held.count))

    def createPoint(self) -> kinds.Point:
        return self.createPoints([(0.0, 0.0, 0.0)])[0]

    def createVolume(
        self, xres: int, yres: int, zres: int, bounding_box: BoundingBox | None = None
    ) -> kinds.Volume:
        self._writable()
        box = bounding_box or BoundingBox(-1.0, -1.0, -1.0, 1.0, 1.0, 1.0)
        size = np.array(list(box.sizevec())) / (xres, yres, zres)
        matrix = np.diag([*size, 1.0])
        matrix[3, :3] = np.array(list(box.minvec())) + size / 2
        grid = Grid("", np.zeros((zres, yres, xres), np.float32), matrix, kind="dense")
        self._add_grid(grid)
        return kinds.Volume(self, self._faces() + len(self._held.volumes) - 1, grid)

    def merge(self, geometry: Geometry, clone_data_ids: bool = False, prims: Any = None) -> None:
        del clone_data_ids, prims
        self._writable()
        if self._held.count or self._held.volumes:
            raise NotImplementedError("the fake merges into an empty geometry alone")
        self._take(geometry)

    def clear(self) -> None:
        self._writable()
        self._take(Geometry())

    # attributes

    def pointAttribs(self, scope: EnumValue | None = None) -> tuple[Attrib, ...]:
        return self._attribs("point", scope)

    def primAttribs(self, scope: EnumValue | None = None) -> tuple[Attrib, ...]:
        return self._attribs("primitive", scope)

    def vertexAttribs(self, scope: EnumValue | None = None) -> tuple[Attrib, ...]:
        return self._attribs("vertex", scope)

    def globalAttribs(self, scope: EnumValue | None = None) -> tuple[Attrib, ...]:
        return self._attribs("detail", scope)

    def findPointAttrib(self, name: str, scope: EnumValue | None = None) -> Attrib | None:
        return self._attrib(name, "point", scope)

    def findPrimAttrib(self, name: str, scope: EnumValue | None = None) -> Attrib | None:
        return self._attrib(name, "primitive", scope)

    def findVertexAttrib(self, name: str, scope: EnumValue | None = None) -> Attrib | None:
        return self._attrib(name, "vertex", scope)

    def findGlobalAttrib(self, name: str, scope: EnumValue | None = None) -> Attrib | None:
        return self._attrib(name, "detail", scope)

    def addAttrib(
        self,
        type: EnumValue,
        name: str,
        default_value: Any,
        transform_as_normal: bool = False,
        create_local_variable: bool = True,
    ) -> Attrib:
        del create_local_variable
        self._writable()
        owner = attribs.OWNERS[type.name()]
        if self._held.find(name, owner) is not None:
            raise OperationFailed(f"There is an attribute {name} already")
        count = self._count(owner)
        made = attribs.made(name, owner, count, default_value, normal=transform_as_normal)
        self._held.attributes.append(made)
        return Attrib(self, made)

    def setGlobalAttribValue(self, name_or_attrib: str | Attrib, attrib_value: Any) -> None:
        self._writable()
        name = name_or_attrib if isinstance(name_or_attrib, str) else name_or_attrib._held.name
        held = self._held.find(name, "detail")
        if isinstance(attrib_value, str):
            attribs.put_strings(held, name, [attrib_value])
            return
        if held is None:
            raise OperationFailed(f"Invalid attribute {name}")
        attribs.put(held, name, attribs.data_of(held), np.atleast_1d(np.array(attrib_value)))

    def attribValue(self, name_or_attrib: str | Attrib) -> Any:
        return kinds.element(self, "detail", 0, name_or_attrib)

    def stringAttribValue(self, attrib: str | Attrib) -> str:
        found = kinds.element(self, "detail", 0, attrib)
        if not isinstance(found, str):
            raise OperationFailed("The attribute has no strings")
        return found

    def pointFloatAttribValuesAsString(self, name: str, float_type: EnumValue = F32) -> bytes:
        return attribs.bytes_of(self._held.find(name), name, "Float", float_type)

    def primFloatAttribValuesAsString(self, name: str, float_type: EnumValue = F32) -> bytes:
        return attribs.bytes_of(self._held.find(name, "primitive"), name, "Float", float_type)

    def vertexFloatAttribValuesAsString(self, name: str, float_type: EnumValue = F32) -> bytes:
        return attribs.bytes_of(self._held.find(name, "vertex"), name, "Float", float_type)

    def pointIntAttribValuesAsString(self, name: str, int_type: EnumValue = I32) -> bytes:
        return attribs.bytes_of(self._held.find(name), name, "Int", int_type)

    def primIntAttribValuesAsString(self, name: str, int_type: EnumValue = I32) -> bytes:
        return attribs.bytes_of(self._held.find(name, "primitive"), name, "Int", int_type)

    def vertexIntAttribValuesAsString(self, name: str, int_type: EnumValue = I32) -> bytes:
        return attribs.bytes_of(self._held.find(name, "vertex"), name, "Int", int_type)

    def pointStringAttribValues(self, name: str) -> tuple[str, ...]:
        return attribs.values_of(self._held.find(name), name, "String")

    def primStringAttribValues(self, name: str) -> tuple[str, ...]:
        return attribs.values_of(self._held.find(name, "primitive"), name, "String")

    def vertexStringAttribValues(self, name: str) -> tuple[str, ...]:
        return attribs.values_of(self._held.find(name, "vertex"), name, "String")

    def pointFloatAttribValues(self, name: str) -> tuple[float, ...]:
        state.slow.append("pointFloatAttribValues")
        return attribs.values_of(self._held.find(name), name, "Float")

    def pointIntAttribValues(self, name: str) -> tuple[int, ...]:
        state.slow.append("pointIntAttribValues")
        return attribs.values_of(self._held.find(name), name, "Int")

    def setPointFloatAttribValuesFromString(self, name: str, values: Any, float_type: EnumValue = F32) -> None:  # fmt: skip
        self._writable()
        attribs.put_bytes(self._held.find(name), name, "Float", values, float_type)

    def setPointIntAttribValuesFromString(self, name: str, values: Any, int_type: EnumValue = I32) -> None:  # fmt: skip
        self._writable()
        attribs.put_bytes(self._held.find(name), name, "Int", values, int_type)

    def setPointFloatAttribValues(self, name: str, values: Sequence[float]) -> None:
        self._writable()
        attribs.put(self._held.find(name), name, "Float", np.array(values))

    def setPointIntAttribValues(self, name: str, values: Sequence[int]) -> None:
        self._writable()
        attribs.put(self._held.find(name), name, "Int", np.array(values))

    def setPointStringAttribValues(self, name: str, values: Sequence[str]) -> None:
        self._writable()
        attribs.put_strings(self._held.find(name), name, values)

    # groups

    def pointGroups(self, scope: EnumValue | None = None) -> tuple[PointGroup, ...]:
        del scope
        return tuple(PointGroup(self, one) for one in self._held.groups if one.owner == "point")

    def primGroups(self, scope: EnumValue | None = None) -> tuple[PrimGroup, ...]:
        del scope
        return tuple(PrimGroup(self, one) for one in self._held.groups if one.owner == "primitive")

    def vertexGroups(self, scope: EnumValue | None = None) -> tuple[VertexGroup, ...]:
        del scope
        return tuple(VertexGroup(self, one) for one in self._held.groups if one.owner == "vertex")

    def edgeGroups(self, scope: EnumValue | None = None) -> tuple[EdgeGroup, ...]:
        del scope
        return tuple(EdgeGroup(self, name) for name in self._edges)

    # files

    def saveToFile(self, file_name: str) -> None:
        """The extension decides; one that is unknown gives a .bgeo, as Houdini's own text says."""
        path = Path(file_name)
        try:
            if path.name.lower().endswith(".bgeo.sc"):
                path.write_bytes(SC + gzip.compress(self.data(), 1))
            elif geometries.suffix(path.name) in {"", ".safetensors"}:
                path.write_bytes(self.data())
            else:
                geometries.write(path, self._written(path.suffix.lower()))
        except (OSError, AnswerprintError) as error:
            raise OperationFailed(f"Unable to write {file_name}: {error}") from error

    def loadFromFile(self, file_name: str) -> None:
        self._writable()
        path = Path(file_name)
        try:
            if path.name.lower().endswith(".bgeo.sc"):
                self.load(gzip.decompress(path.read_bytes()[len(SC) :]))
                return
            self._adopt(geometries.read(path))
        except (OSError, AnswerprintError) as error:
            raise OperationFailed(f"Unable to read {file_name}: {error}") from error

    def data(self) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "data.bgeo"
            geometries.write(path, self._written(".bgeo"))
            return path.read_bytes()

    def load(self, data: bytes) -> None:
        self._writable()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "data.bgeo"
            path.write_bytes(bytes(data))
            self._adopt(geometries.read(path))

    # the fake's own

    def _writable(self) -> None:
        if self._read_only:
            raise GeometryPermissionError("The geometry is read-only: a SOP's own, or frozen so")

    def _take(self, other: Geometry) -> None:
        self._held = deepcopy(other._held)
        self._others, self._edges = dict(other._others), list(other._edges)

    def _adopt(self, held: plain.Geometry) -> None:
        """Have what a file or a test holds: every volume is at a point, and named by an attribute."""
        self._held = copy(held)
        self._held.attributes = list(held.attributes)
        self._others = {}
        if self._held.find("P") is None:
            places = np.zeros((self._held.count, 3), np.float32)
            self._held.put(plain.Attribute("P", "point", places, qualifier="point"))
        if self._held.volumes and self._held.anchors is None:
            grids, self._held.volumes = self._held.volumes, []
            for grid in grids:
                self._add_grid(grid)

    def _add_grid(self, grid: Grid) -> None:
        anchors = self._held.anchors if self._held.anchors is not None else np.zeros(0, np.int32)
        self._held.anchors = np.append(anchors, np.int32(self._held.count))
        middle = (np.array(grid.resolution) - 1) / 2 + np.array(grid.origin)
        self._grow((np.array([*middle, 1.0]) @ grid.transform)[None, :3])
        for one in self._held.attributes:
            if one.owner == "primitive" and one.name != "name":
                one.values = np.append(
                    one.values, np.zeros_like(one.values, shape=(1, one.size)), 0
                )
        self._held.volumes.append(grid)
        names = self._held.find("name", "primitive")
        texts = [] if names is None else list(attribs.values_of(names, "name", "String"))
        texts += [""] * (self._faces() + len(self._held.volumes) - 1 - len(texts))
        named = attribs.made("name", "primitive", len(texts) + 1, "", normal=False)
        attribs.put_strings(named, "name", [*texts, grid.name])
        self._held.put(named)

    def _grow(self, places: NDArray[Any]) -> None:
        """More points; every other attribute has its default in them."""
        for one in self._held.attributes:
            if one.owner != "point":
                continue
            new = places if one.name == "P" else np.zeros((len(places), one.size))
            if one.name != "P" and one.defaults:
                new = np.tile(np.array(one.defaults), (len(places), 1))
            one.values = np.append(one.values, new.astype(one.values.dtype), 0)
        for group in self._held.groups:
            if group.owner == "point":
                group.members = np.append(group.members, np.zeros(len(places), bool))
        self._held.count += len(places)

    def _written(self, ending: str) -> plain.Geometry:
        """What a file of that ending gets: of a .vdb the grids alone."""
        if ending != ".vdb":
            return self._held
        grids = [one for one in self._held.volumes if one.kind == "vdb"]
        if not grids:
            raise OperationFailed("There are no VDB primitives to write")
        return plain.Geometry(volumes=grids)

    def _prim_count(self) -> int:
        return self._faces() + len(self._held.volumes) + sum(self._others.values())

    def _vertex_count(self) -> int:
        return self._held.vertices + sum(self._others.values())

    def _faces(self) -> int:
        return 0 if self._held.faces is None else len(self._held.faces.counts)

    def _prim(self, number: int) -> kinds.Prim:
        faces, grids = self._faces(), self._held.volumes
        if number < faces:
            return kinds.Polygon(self, number)
        if number < faces + len(grids):
            grid = grids[number - faces]
            kind = kinds.VDB if grid.kind == "vdb" else kinds.Volume
            return kind(self, number, grid)
        left = number - faces - len(grids)
        for name, count in self._others.items():
            if left < count:
                return kinds.counted(self, number, name)
            left -= count
        raise IndexError(number)

    def _kinds(self) -> Iterator[tuple[kinds.Prim, int]]:
        """One primitive of each kind, with how many there are: nobody walks a million polygons."""
        faces = self._faces()
        if faces:
            yield self._prim(0), faces
        for number in range(len(self._held.volumes)):
            yield self._prim(faces + number), 1
        number = faces + len(self._held.volumes)
        for count in self._others.values():
            yield self._prim(number), count
            number += count

    def _of(self, kind: EnumValue) -> Iterator[kinds.Prim]:
        every = (self._prim(number) for number in range(self._prim_count()))
        return (one for one in every if kinds.is_kind(one, kind))

    def _attribs(self, owner: plain.Owner, scope: EnumValue | None) -> tuple[Attrib, ...]:
        """[unverified] Houdini names P first, then the others by name."""
        private = scope is not None and scope.name() == "Private"
        found = [o for o in self._held.attributes if o.owner == owner and _private(o) == private]
        found.sort(key=lambda one: (one.name != "P", one.name))
        return tuple(Attrib(self, one) for one in found)

    def _attrib(self, name: str, owner: plain.Owner, scope: EnumValue | None) -> Attrib | None:
        del scope
        found = self._held.find(name, owner)
        return None if found is None else Attrib(self, found)

    def _count(self, owner: plain.Owner) -> int:
        return {
            "point": self._held.count,
            "primitive": self._prim_count(),
            "vertex": self._vertex_count(),
            "detail": 1,
        }[owner]

    def _intrinsics(self) -> dict[str, Callable[[], Any]]:
        """Each by what finds it: a count is had without a look at any value, as in Houdini."""
        return {
            "pointcount": lambda: self._held.count,
            "primitivecount": self._prim_count,
            "vertexcount": self._vertex_count,
            "bounds": self._bounds,
            "pointattributes": lambda: tuple(one.name() for one in self.pointAttribs()),
            "primitiveattributes": lambda: tuple(one.name() for one in self.primAttribs()),
            "vertexattributes": lambda: tuple(one.name() for one in self.vertexAttribs()),
            "detailattributes": lambda: tuple(one.name() for one in self.globalAttribs()),
            "memoryusage": lambda: sum(
                [one.values.nbytes for one in self._held.attributes]
                + [one.values.nbytes for one in self._held.volumes]
            ),
        }

    def _bounds(self) -> tuple[float, ...]:
        box = self.boundingBox()
        pairs = zip(list(box.minvec()), list(box.maxvec()), strict=True)
        return tuple(float(each) for pair in pairs for each in pair)


def _private(one: plain.Attribute) -> bool:
    return one.name.startswith("__")


def geometry_of(given: Any) -> Geometry:
    """What a test or a file gives, as Houdini's."""
    if isinstance(given, Geometry):
        return given
    made = Geometry()
    made._adopt(given)
    return made


__all__ = ["Geometry", "Vector3", "geometry_of"]
