"""One prim of a USD stage as arrays: a mesh, linear curves or points, with primvars and subsets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pxr import Usd, UsdGeom  # type: ignore[import-untyped]

from answerprint import usdtypes
from answerprint.errors import SourceError
from answerprint.geometry import Attribute, Owner
from answerprint.usdabout import Kind

# USD's names of what Houdini knows by others
NAMES = {
    "normals": "N",
    "velocities": "v",
    "accelerations": "accel",
    "ids": "id",
    "widths": "width",
    "displayColor": "Cd",
    "displayOpacity": "Alpha",
}
BUILT_IN = ("normals", "velocities", "accelerations", "ids", "widths")
OPTIONS = ("orientation", "doubleSided", "subdivisionScheme", "interpolateBoundary", "purpose")
# what a mesh's surface has beside its faces, and no attribute holds
_LOST = ("cornerIndices", "creaseIndices", "holeIndices")
HINT = "answerprint"  # customData: what USD's own types do not tell


@dataclass
class Part:
    """One prim. `subsets`: name, owner, members in their order, whether the order counts."""

    path: str
    kind: Kind
    named: bool
    points: NDArray[np.float32]
    counts: NDArray[np.int32]
    indices: NDArray[np.int32]
    options: dict[str, Any] = field(default_factory=dict)
    attributes: dict[tuple[Owner, str], Attribute] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    varying: list[str] = field(default_factory=list)
    subsets: list[tuple[str, Owner, NDArray[np.int32], bool]] = field(default_factory=list)
    families: dict[str, str] = field(default_factory=dict)
    unsupported: dict[str, int] = field(default_factory=dict)

    def count(self, owner: Owner) -> int:
        return {
            "point": len(self.points),
            "vertex": len(self.indices),
            "primitive": len(self.counts),
            "detail": 1,
        }[owner]

    def lose(self, what: str, count: int = 1) -> None:
        self.unsupported[what] = self.unsupported.get(what, 0) + count


class Given(NamedTuple):
    """One attribute of a prim, before it is known whose it is."""

    name: str
    type: str
    many: bool
    width: int
    interpolation: str
    value: Any
    indices: Any
    hint: dict[str, Any]


def part(prim: Usd.Prim, time: Usd.TimeCode, file: str) -> Part | str:
    """A prim's arrays, or in words what it is that is not read."""
    kind = _kind(prim, time)
    if kind not in ("mesh", "curves", "points"):
        return kind
    points = _array(prim, "points", time, np.float32, (3,))
    counts, indices = np.empty(0, np.int32), np.empty(0, np.int32)
    if kind == "mesh":
        counts = _array(prim, "faceVertexCounts", time, np.int32)
        indices = _array(prim, "faceVertexIndices", time, np.int32)
    elif kind == "curves":
        counts = _array(prim, "curveVertexCounts", time, np.int32)
        indices = np.arange(len(points), dtype=np.int32)
    where = f"{file}: {prim.GetPath()}"
    if (counts < 0).any() or int(counts.sum(dtype=np.int64)) != len(indices):
        raise _wrong(
            f"{where} has faces of {int(counts.sum(dtype=np.int64))} vertices, and {len(indices)}"
        )
    if len(indices) and (indices.min() < 0 or indices.max() >= len(points)):
        raise _wrong(f"{where} has {len(points)} points, and a vertex at {int(indices.max())}")
    hint = prim.GetCustomDataByKey(HINT) or {}
    found = Part(
        str(prim.GetPath()),
        kind,  # type: ignore[arg-type] # one of the three, as just asked
        bool(hint.get("named", True)),
        points,
        counts,
        indices,
    )
    _options(found, prim, time)
    for given in _given(prim, time):
        _add(found, given, where)
    _subsets(found, prim, time, where)
    return found


def _options(found: Part, prim: Usd.Prim, time: Usd.TimeCode) -> None:
    for name in OPTIONS:
        option = prim.GetAttribute(name)
        value = option.Get(time) if option and option.HasAuthoredValue() else None
        if isinstance(value, str | bool):
            found.options[name] = value
    for name in _LOST:
        lost = prim.GetAttribute(name)
        if lost and lost.Get(time):
            found.lose(name, len(lost.Get(time)))


def _wrong(problem: str) -> SourceError:
    return SourceError(f"{problem}.", remedy="Write the file again where it came from.")


def _kind(prim: Usd.Prim, time: Usd.TimeCode) -> str:
    if prim.IsA(UsdGeom.Mesh):
        return "mesh"
    if prim.IsA(UsdGeom.Points):
        return "points"
    if not prim.IsA(UsdGeom.BasisCurves):
        return f"{prim.GetTypeName()} prim"
    curves = UsdGeom.BasisCurves(prim)
    if curves.GetTypeAttr().Get(time) != "linear":
        return "cubic curves prim"
    return "closed curves prim" if curves.GetWrapAttr().Get(time) == "periodic" else "curves"


def _array(
    prim: Usd.Prim, name: str, time: Usd.TimeCode, dtype: Any, shape: tuple[int, ...] = ()
) -> NDArray[Any]:
    value = prim.GetAttribute(name).Get(time)
    return np.array([] if value is None else value, dtype).reshape(-1, *shape)


def _given(prim: Usd.Prim, time: Usd.TimeCode) -> Iterator[Given]:
    interface = UsdGeom.PrimvarsAPI(prim)
    for primvar in interface.FindPrimvarsWithInheritance():
        attribute = primvar.GetAttr()
        value = attribute.Get(time)
        if value is None:
            continue
        indices = primvar.GetIndices(time) if primvar.IsIndexed() else None
        name, width = primvar.GetPrimvarName(), primvar.GetElementSize()
        yield _one(attribute, name, width, primvar.GetInterpolation(), value, indices)
    for name in BUILT_IN:
        attribute = prim.GetAttribute(name)
        value = attribute.Get(time) if attribute else None
        if value is None or interface.HasPrimvar(name):
            continue
        usual = "varying" if name == "widths" and prim.IsA(UsdGeom.BasisCurves) else "vertex"
        interpolation = attribute.GetMetadata("interpolation") or usual
        yield _one(attribute, name, 1, interpolation, value, None)


def _one(
    attribute: Usd.Attribute, name: str, width: int, interpolation: str, value: Any, indices: Any
) -> Given:
    kind = attribute.GetTypeName()
    hint = attribute.GetCustomDataByKey(HINT) or {}
    return Given(
        name, str(kind.scalarType), kind.isArray, width, interpolation, value, indices, dict(hint)
    )


def _add(found: Part, given: Given, where: str) -> None:
    if given.type not in (*usdtypes.NUMBERS, *usdtypes.TEXTS):
        found.lose(f"primvar of type {given.type}")
        return
    owner = given.hint.get("owner") or owner_of(given.interpolation, found.kind)
    strings = None
    qualifier = ""
    if given.type in usdtypes.TEXTS:
        values, strings = usdtypes.texts(given.value, many=given.many)
    else:
        kind = usdtypes.NUMBERS[given.type]
        values, qualifier = usdtypes.numbers(given.value, kind, given.width), kind.qualifier
    if given.indices is not None:
        chosen = np.asarray(given.indices, np.int64).reshape(-1)
        if len(chosen) and (chosen.min() < 0 or chosen.max() >= len(values)):
            raise _wrong(f"{where} has an index beyond the {len(values)} values of {given.name}")
        values = values[chosen]
    if "dtype" in given.hint:
        values = values.astype(_dtype(given.hint["dtype"]))
    name = given.hint.get("name") or NAMES.get(given.name, given.name)
    if (owner, name) in found.attributes:
        name = given.name
    lengths = None
    if owner == "detail" and (len(values) != 1 or given.hint.get("array")):
        lengths = np.array([len(values)], np.int32)
    elif len(values) != found.count(owner):
        raise _wrong(
            f"{where} has {found.count(owner)} {owner}s, and {len(values)} values of {given.name}"
        )
    qualifier = given.hint.get("qualifier", qualifier)
    found.attributes[owner, name] = Attribute(name, owner, values, strings, lengths, qualifier)
    found.types[f"{owner} {name}"] = given.type
    if given.interpolation == "varying":
        found.varying.append(f"{owner} {name}")


def _dtype(name: str) -> np.dtype[Any]:
    return np.dtype(name if name in ("int8", "int16") else np.int32)


def owner_of(interpolation: str, kind: Kind) -> Owner:
    if interpolation == "constant":
        return "detail"
    if interpolation == "uniform" and kind != "points":
        return "primitive"
    return "vertex" if interpolation == "faceVarying" and kind == "mesh" else "point"


def _subsets(found: Part, prim: Usd.Prim, time: Usd.TimeCode, where: str) -> None:
    owners: dict[str, Owner] = {"face": "primitive", "point": "point"}
    for child in prim.GetChildren():
        if not child.IsA(UsdGeom.Subset):
            continue
        subset = UsdGeom.Subset(child)
        owner = owners.get(subset.GetElementTypeAttr().Get(time))
        if owner is None:
            found.lose(f"subset of {subset.GetElementTypeAttr().Get(time)}s")
            continue
        members = _array(child, "indices", time, np.int32)
        count = found.count(owner)
        if len(members) and (members.min() < 0 or members.max() >= count):
            raise _wrong(
                f"{where} has {count} {owner}s, and one of its subsets {child.GetName()} beyond"
            )
        if len(np.unique(members)) != len(members):
            raise _wrong(f"{where}: subset {child.GetName()} names an element twice")
        hint = child.GetCustomDataByKey(HINT) or {}
        ordered = bool(hint.get("ordered")) or bool((np.diff(members) < 0).any())
        found.subsets.append((hint.get("name") or child.GetName(), owner, members, ordered))
        family = subset.GetFamilyNameAttr().Get(time)
        if family:
            found.families[child.GetName()] = str(family)
