"""A geometry as a USD file: a prim each for what was one, else one for all of it."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from pxr import Gf, Sdf, Tf, Usd, UsdGeom, Vt  # type: ignore[import-untyped]

from answerprint import usdtypes
from answerprint.geometry import Attribute, Geometry, Group, Owner
from answerprint.usdabout import NAME, About, told
from answerprint.usdprims import BUILT_IN, HINT, NAMES, OPTIONS, owner_of
from answerprint.usdread import STAGE
from answerprint.usdshares import Share, shares_of

_THEIRS = {ours: theirs for theirs, ours in NAMES.items()}
_SCHEMAS = {"mesh": UsdGeom.Mesh, "curves": UsdGeom.BasisCurves, "points": UsdGeom.Points}
# the types that the schemas give them, which they cannot have otherwise
_TYPES = {
    "normals": "normal3f",
    "velocities": "vector3f",
    "accelerations": "vector3f",
    "ids": "int64",
    "widths": "float",
    "displayColor": "color3f",
    "displayOpacity": "float",
}
_HOUDINI = {"upAxis": "Y", "metersPerUnit": 1.0}  # of what never was in a USD file
_INTERPOLATION = {"point": "vertex", "primitive": "uniform", "detail": "constant"}


def lacks(geometry: Geometry) -> list[str]:
    """What a USD file cannot hold of it, in words."""
    found: list[str] = []
    if geometry.volumes:
        found.append(f"{len(geometry.volumes)} volumes")
    place = geometry.find("P")
    something = geometry.count or geometry.attributes or geometry.faces is not None
    if something and (place is None or place.values.dtype != np.float32 or place.size != 3):
        found.append("points whose P is not 3 x float32")
    found += [why for one in geometry.attributes if (why := _lack(one))]
    if geometry.faces is None:
        found += [
            f"{one.owner} attribute {one.name}, of no faces"
            for one in geometry.attributes
            if one.owner in ("vertex", "primitive")
        ]
    found += [why for one in geometry.groups if (why := _lack_group(one, geometry))]
    if isinstance(shares_of(geometry), str):
        found.append(str(shares_of(geometry)))
    return found


def _lack(one: Attribute) -> str:
    who = f"{one.owner} attribute {one.name}"
    if one.lengths is not None and one.owner != "detail":
        return f"{who}, whose values are arrays"
    if not Sdf.Path.IsValidNamespacedIdentifier(one.name):
        return f"{who}, by its name"
    if one.strings is None and not usdtypes.name_of(one, "")[0]:
        return f"{who} of {one.size} x {one.values.dtype}"
    if one.strings is not None and any("\0" in text for text in one.strings):
        return f"{who}, whose text has a zero byte"
    return f"{who}, whose texts are {one.size} each" if one.strings and one.size != 1 else ""


def _lack_group(one: Group, geometry: Geometry) -> str:
    who = f"{one.owner} group {one.name}"
    if one.owner not in ("point", "primitive"):
        return who
    if not Sdf.Path.IsValidIdentifier(one.name):
        return f"{who}, by its name"
    faces = geometry.faces
    if one.owner == "primitive" and faces is None:
        return f"{who}, of no faces"
    if one.owner == "primitive" and faces is not None:
        members = one.members[: len(faces.closed)]  # volumes, which are named already, come after
        if members[~faces.closed].any():
            return f"{who}, of curves"
    return ""


def write(path: Path, geometry: Geometry) -> None:
    shares = shares_of(geometry)
    if isinstance(shares, str):
        raise TypeError(shares)  # lacks() said it
    about = told(geometry.said.get(NAME))
    stage = Usd.Stage.CreateInMemory()
    layer = stage.GetRootLayer()
    for share in shares if geometry.count or geometry.attributes or geometry.faces else []:
        _prim(stage, geometry, share, about, alone=len(shares) == 1)
    told_of = about.stage if NAME in geometry.said else _HOUDINI
    for name in STAGE:
        if name in told_of:
            layer.pseudoRoot.SetInfo(name, told_of[name])
    if not layer.HasDefaultPrim() and layer.rootPrims:
        layer.defaultPrim = layer.rootPrims[0].name
    layer.customLayerData = {name: text for name, text in geometry.said.items() if name != NAME}
    _save(layer, path, sum(one.values.nbytes for one in geometry.attributes))


def _save(layer: Sdf.Layer, path: Path, size: int) -> None:
    """`size`: bytes of the values. Raises OSError."""
    with path.open("wb"):  # pxr says only that it failed; this says why
        pass
    try:
        done, why = layer.Export(str(path)), None
    except (Tf.ErrorException, RuntimeError) as error:
        done, why = False, error
    if not done:
        # what it wrote of the file is gone again; as text a number takes three times its bytes
        full = shutil.disk_usage(path.parent).free < size * (3 if path.suffix == ".usda" else 1)
        number = errno.ENOSPC if full else errno.EIO
        raise OSError(number, os.strerror(number), str(path)) from why


def _prim(stage: Usd.Stage, geometry: Geometry, share: Share, about: About, *, alone: bool) -> None:
    time = Usd.TimeCode.Default() if about.time is None else Usd.TimeCode(about.time)
    path = Sdf.Path(share.prim.path)
    for above in path.GetAncestorsRange():
        if above != path and not stage.GetPrimAtPath(above):
            stage.DefinePrim(above, "Xform")
    schema = _SCHEMAS[share.prim.kind].Define(stage, path)
    prim = schema.GetPrim()
    if not any(_derived(one, share) for one in geometry.attributes):
        prim.SetCustomDataByKey(f"{HINT}:named", False)
    place = geometry.find("P")
    points = np.empty((0, 3), np.float32) if place is None else place.values[share.points]
    given = usdtypes.written(points, "point3f")
    schema.GetPointsAttr().Set(given, time)
    if len(points):
        schema.CreateExtentAttr().Set(UsdGeom.PointBased.ComputeExtent(given), time)
    _topology(schema, geometry, share, time)
    for name, option in share.prim.options.items():
        if name in OPTIONS and prim.GetAttribute(name):
            prim.GetAttribute(name).Set(option)
    _space(prim, about, time)
    taken: set[str] = set()
    for one in geometry.attributes:
        if _stands(one, share):
            _attribute(prim, one, share, about, time, taken)
    for group in geometry.groups:
        _subset(prim, group, share, about, time, alone=alone)


def _space(prim: Usd.Prim, about: About, time: Usd.TimeCode) -> None:
    if about.space is not None:
        UsdGeom.Xformable(prim).MakeMatrixXform().Set(Gf.Matrix4d(about.space), time)


def _stands(one: Attribute, share: Share) -> bool:
    """Whether a prim has an attribute: points have no faces; P and `path` are no primvars."""
    if (one.owner, one.name) == ("point", "P") or _derived(one, share):
        return False
    return one.owner in ("point", "detail") or share.prim.kind != "points"


def _derived(one: Attribute, share: Share) -> bool:
    """Whether it is the `path` that reading gives it of itself."""
    owner = "point" if share.prim.kind == "points" else "primitive"
    if not share.prim.named or (one.owner, one.name) != (owner, "path") or one.strings is None:
        return False
    texts = np.array([*one.strings, ""], object)
    return bool((texts[one.values[share.of(one.owner), 0]] == share.prim.path).all())


def _topology(schema: Any, geometry: Geometry, share: Share, time: Usd.TimeCode) -> None:
    if geometry.faces is None or share.prim.kind == "points":
        return
    counts = Vt.IntArray.FromNumpy(np.ascontiguousarray(geometry.faces.counts[share.faces], "i4"))
    if share.prim.kind == "curves":
        schema.GetTypeAttr().Set("linear")
        schema.GetCurveVertexCountsAttr().Set(counts, time)
        return
    points = geometry.faces.points[share.vertices] - share.points.start
    schema.GetFaceVertexCountsAttr().Set(counts, time)
    schema.GetFaceVertexIndicesAttr().Set(
        Vt.IntArray.FromNumpy(np.ascontiguousarray(points, "i4")), time
    )
    if "subdivisionScheme" not in share.prim.options:
        schema.GetSubdivisionSchemeAttr().Set("none")  # polygons, unless they were said to be more


def _attribute(
    prim: Usd.Prim,
    one: Attribute,
    share: Share,
    about: About,
    time: Usd.TimeCode,
    taken: set[str],
) -> None:
    values = one.values if one.owner == "detail" else one.values[share.of(one.owner)]
    key = f"{one.owner} {one.name}"
    kind, width = usdtypes.name_of(one, about.types.get(key, ""))
    name = _name(one, prim, taken)
    built_in = name in BUILT_IN and _theirs(name, one, prim)
    kind = _TYPES.get(name, kind)
    taken.add(name)
    interpolation = _interpolation(one, share, varying=key in about.varying)
    if built_in:
        attribute = prim.GetAttribute(name)
        attribute.Set(usdtypes.written(values, kind), time)
        if name in ("normals", "widths"):
            attribute.SetMetadata("interpolation", interpolation)
    else:
        sort = Sdf.ValueTypeNames.Find(f"{kind}[]")
        primvar = UsdGeom.PrimvarsAPI(prim).CreatePrimvar(name, sort, interpolation)
        if width != 1:
            primvar.SetElementSize(width)
        attribute = primvar.GetAttr()
        if one.strings is None:
            primvar.Set(usdtypes.written(values, kind), time)
        else:
            # an empty text stands for none: a primvar has an index for every element
            texts = one.strings if (values >= 0).all() else (*one.strings, "")
            primvar.Set(usdtypes.written_texts(texts, kind), time)
            places = np.where(values < 0, len(texts) - 1, values).reshape(-1)
            primvar.SetIndices(Vt.IntArray.FromNumpy(np.ascontiguousarray(places, "i4")), time)
    _hint(attribute, one, name, kind, owner_of(interpolation, share.prim.kind))


def _name(one: Attribute, prim: Usd.Prim, taken: set[str]) -> str:
    """USD's own name of an attribute where it can have it, else its own; never one of another."""
    for name in (_THEIRS.get(one.name, one.name), one.name):
        if name not in taken and (name not in NAMES or _theirs(name, one, prim)):
            return name
    return f"{one.name}_{one.owner}"


def _theirs(name: str, one: Attribute, prim: Usd.Prim) -> bool:
    """Whether an attribute is of the type that USD's own one of that name has on this prim."""
    has = prim.HasAttribute(name if name in BUILT_IN else f"primvars:{name}")
    if not has or one.lengths is not None or one.strings is not None:
        return False
    kind = usdtypes.NUMBERS[_TYPES[name]]
    if (one.values.dtype, one.size) != (kind.dtype, kind.size):
        return False
    return name not in ("velocities", "accelerations", "ids") or one.owner == "point"


def _interpolation(one: Attribute, share: Share, *, varying: bool) -> str:
    if one.owner == "vertex":
        return "faceVarying" if share.prim.kind == "mesh" else "vertex"
    return "varying" if varying and one.owner == "point" else _INTERPOLATION[one.owner]


def _hint(attribute: Usd.Attribute, one: Attribute, name: str, kind: str, owner: Owner) -> None:
    """Say beside it what USD's own types do not tell a reader."""
    hints: dict[str, Any] = {}
    if NAMES.get(name, name) != one.name:
        hints["name"] = one.name
    if owner != one.owner:
        hints["owner"] = one.owner
    known = usdtypes.NUMBERS.get(kind)
    if one.qualifier != (known.qualifier if known else ""):
        hints["qualifier"] = one.qualifier
    if known and known.memory != one.values.dtype:
        hints["dtype"] = str(one.values.dtype)
    if one.lengths is not None and len(one.values) == 1:
        hints["array"] = True
    for key, hint in hints.items():
        attribute.SetCustomDataByKey(f"{HINT}:{key}", hint)


def _subset(
    prim: Usd.Prim, group: Group, share: Share, about: About, time: Usd.TimeCode, *, alone: bool
) -> None:
    if group.owner == "primitive" and share.prim.kind == "points":
        return
    part = share.of(group.owner)
    members = np.flatnonzero(group.members[part])
    if group.order is not None:
        inside = (group.order >= part.start) & (group.order < part.stop)
        members = group.order[inside] - part.start
    if not len(members) and not alone and group.members.any():
        return
    path = prim.GetPath().AppendChild(group.name)
    subset = UsdGeom.Subset.Define(prim.GetStage(), path)
    subset.CreateElementTypeAttr("face" if group.owner == "primitive" else "point")
    indices = Vt.IntArray.FromNumpy(np.ascontiguousarray(members, "i4"))
    subset.CreateIndicesAttr().Set(indices, time)
    if group.name in about.families:
        subset.CreateFamilyNameAttr(about.families[group.name])
    if group.order is not None:
        subset.GetPrim().SetCustomDataByKey(f"{HINT}:ordered", True)
