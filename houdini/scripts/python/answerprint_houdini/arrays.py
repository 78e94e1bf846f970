"""Arrays: a frame's geometry as bytes that are Houdini's own, ready to be written by a thread.

Values go from Houdini to the file as one block of bytes each; none of them becomes a Python number.
What HOM gives no bytes of (strings, members of a few groups) is looked at one by one and said so.
What comes out knows no `hou`.
"""

from __future__ import annotations

import array
import json
import struct
from typing import TYPE_CHECKING, Any, Callable, Dict, Generator, List, NamedTuple, Sequence, Tuple

from answerprint_houdini import contents
from answerprint_panel import keying
from answerprint_panel.host import HostError
from answerprint_panel.tensors import Tensor

if TYPE_CHECKING:
    from answerprint_houdini.host import hou

RECORD = ("answerprintRecord", "answerprintSignature")  # of an earlier take: said, and no attribute
_FLOATS = {"Float16": "F16", "Float32": "F32", "Float64": "F64"}
_INTS = {"Int8": "I8", "Int16": "I16", "Int32": "I32", "Int64": "I64"}
# Houdini's names for what numbers mean, as its files have them; others are left as plain numbers
_QUALIFIERS = {
    "point": "point",
    "position": "point",
    "hpoint": "hpoint",
    "homogeneousposition": "hpoint",
    "vector": "vector",
    "normal": "normal",
    "color": "color",
    "quaternion": "quaternion",
    "matrix": "matrix",
    "matrix3": "matrix",
    "matrix4": "matrix",
    "transform": "matrix",
    "texturecoord": "texturecoord",
    "texturecoordinate": "texturecoord",
}


class Frame(NamedTuple):
    """One frame, as `tensors.write` takes it."""

    tensors: Dict[str, Tensor]
    metadata: Dict[str, str]


Taking = Generator[None, None, Frame]


class _Owner(NamedTuple):
    """How HOM gives what belongs to points, vertices or primitives."""

    name: str
    elements: int
    attribs: Sequence[hou.Attrib]
    floats: Callable[..., bytes]
    ints: Callable[..., bytes]
    strings: Callable[[str], Tuple[str, ...]]


class _Taken:
    """What was taken of a geometry so far."""

    def __init__(self, houdini: Any) -> None:
        self.houdini = houdini
        self.tensors: Dict[str, Tensor] = {}
        self.texts: Dict[str, str] = {}
        self.qualifiers: Dict[str, str] = {}
        self.defaults: Dict[str, List[float]] = {}
        self.said: Dict[str, str] = {}


def of(houdini: Any, geometry: hou.Geometry, name: str) -> Frame:
    """All of a frozen geometry at once; see `taking`."""
    return keying.at_once(taking(houdini, geometry, name))


def taking(houdini: Any, geometry: hou.Geometry, name: str) -> Taking:
    """A frozen geometry, one attribute or volume a step, for each may be some hundred megabytes.

    `houdini`: the module, handed over by the host.

    Raises:
        HostError: a volume is in no straight grid, or holds what no task takes.
    """
    taken = _Taken(houdini)
    for owner in _owners(geometry):
        for attrib in owner.attribs:
            _attribute(taken, owner, attrib)
            yield
    for attrib in geometry.globalAttribs():
        _detail(taken, geometry, attrib)
    grids = []
    found = contents.volumes(houdini, geometry)
    if found:
        for index, prim in enumerate(found):
            grids.append(_volume(taken, geometry, prim, index, name))
            yield
        anchors = array.array("i", [_point(prim) for prim in found])
        taken.tensors["volume/anchors"] = ("I32", [len(found)], anchors)
        _groups(taken, geometry)
    told = {
        "count": contents.count(geometry, "pointcount"),
        "qualifiers": taken.qualifiers,
        "defaults": taken.defaults,
        "volumes": grids,
        "unsupported": {},
        "said": taken.said,
    }
    return Frame(taken.tensors, {"geometry": json.dumps(told), **taken.texts})


def _owners(geometry: hou.Geometry) -> Tuple[_Owner, ...]:
    return (
        _Owner(
            "point",
            contents.count(geometry, "pointcount"),
            geometry.pointAttribs(),
            geometry.pointFloatAttribValuesAsString,
            geometry.pointIntAttribValuesAsString,
            geometry.pointStringAttribValues,
        ),
        _Owner(
            "vertex",
            contents.count(geometry, "vertexcount"),
            geometry.vertexAttribs(),
            geometry.vertexFloatAttribValuesAsString,
            geometry.vertexIntAttribValuesAsString,
            geometry.vertexStringAttribValues,
        ),
        _Owner(
            "primitive",
            contents.count(geometry, "primitivecount"),
            geometry.primAttribs(),
            geometry.primFloatAttribValuesAsString,
            geometry.primIntAttribValuesAsString,
            geometry.primStringAttribValues,
        ),
    )


def _attribute(taken: _Taken, owner: _Owner, attrib: hou.Attrib) -> None:
    """In the type that it has: a double stays a double, and the engine says what it makes of it."""
    name, key = str(attrib.name()), f"{owner.name}/{attrib.name()}"
    if not contents.is_plain(attrib):
        return  # never here: `contents` has Houdini write those
    kind = attrib.dataType().name()
    if kind == "String":
        _strings(taken, key, owner.strings(name))
        return
    number = attrib.numericDataType()
    types, values = (_FLOATS, owner.floats) if kind == "Float" else (_INTS, owner.ints)
    if number.name() not in types:  # UInt8, and whatever comes later: in a type that holds it
        number = getattr(taken.houdini.numericData, "Int32")  # noqa: B009 - a name of Houdini's own
    shape = [owner.elements, int(attrib.size())]
    taken.tensors[key] = (types[number.name()], shape, values(name, number))
    _meaning(taken, key, attrib)


def _meaning(taken: _Taken, key: str, attrib: hou.Attrib) -> None:
    said = "".join(str(attrib.qualifier()).split()).lower()
    if said in _QUALIFIERS:
        taken.qualifiers[key] = _QUALIFIERS[said]
    default: Any = attrib.defaultValue()
    values = list(default) if isinstance(default, (tuple, list)) else [default]
    if any(values):
        taken.defaults[key] = values


def _strings(taken: _Taken, key: str, values: Sequence[str]) -> None:
    """Each text once, and which of them each element has. HOM gives strings only one by one."""
    places: Dict[str, int] = {}
    indices = array.array(
        "i", [places.setdefault(text, len(places)) if text else -1 for text in values]
    )
    taken.tensors[key] = ("I32", [len(values), 1], indices)
    taken.texts[f"strings {key}"] = json.dumps(list(places))


def _detail(taken: _Taken, geometry: hou.Geometry, attrib: hou.Attrib) -> None:
    if not contents.is_plain(attrib):
        return
    name, kind = str(attrib.name()), attrib.dataType().name()
    value: Any = geometry.attribValue(name)
    if kind == "String" and name in RECORD:
        taken.said[name] = str(value)
        return
    key = f"detail/{name}"
    values = list(value) if isinstance(value, (tuple, list)) else [value]
    if kind == "String":
        _strings(taken, key, [str(one) for one in values[:1]])
        return
    number = attrib.numericDataType().name()
    types, codes = (_FLOATS, "efd") if kind == "Float" else (_INTS, "bhiq")
    held = types.get(number, "I32")
    code = codes[list(types.values()).index(held)]
    data = struct.pack(f"<{len(values)}{code}", *values)
    taken.tensors[key] = (held, [1, len(values)], data)
    _meaning(taken, key, attrib)


# Volumes


def _volume(
    taken: _Taken, geometry: hou.Geometry, prim: hou.Volume, index: int, name: str
) -> Dict[str, Any]:
    grid = contents.grid_name(geometry, prim) or f"volume {index}"
    x, y, z = (int(edge) for edge in prim.resolution())
    data = prim.allVoxelsAsString()
    if len(data) != x * y * z * 4:
        raise HostError(
            f"{grid} of {name} holds {len(data):,} bytes in {x}x{y}x{z} voxels, and tasks take one "
            "32-bit float in each.",
            "Convert it with a Volume VOP or Convert VDB to a float volume, then select that node.",
        )
    if abs(prim.taperX() - 1) > 1e-6 or abs(prim.taperY() - 1) > 1e-6:
        raise HostError(
            f"{grid} of {name} is tapered ({prim.taperX():g}, {prim.taperY():g}): its voxels are no "
            "straight grid.",
            "Resample it into a straight one, with a Volume Resample SOP, and select that node.",
        )
    taken.tensors[f"volume/{index}"] = ("F32", [z, y, x], data)
    return {
        "name": grid,
        "transform": transform(prim, (x, y, z)),
        "origin": [0, 0, 0],
        "kind": "heightfield" if contents.is_heightfield(prim) else "dense",
        "background": 0.0,
        "about": {},
    }


def transform(prim: hou.Volume, resolution: Sequence[int]) -> List[float]:
    """Sixteen numbers, a row after the other: [x, y, z, 1] of a voxel @ them is its middle.

    Told by the far ends, so that the difference between two places is as exact as can be.
    """
    zero = [float(prim.indexToPos((0, 0, 0))[axis]) for axis in range(3)]
    rows: List[float] = []
    for axis, count in enumerate(resolution):
        far = max(count - 1, 1)
        place = prim.indexToPos([far if other == axis else 0 for other in range(3)])
        rows += [(float(place[each]) - zero[each]) / far for each in range(3)] + [0.0]
    return [*rows, *zero, 1.0]


def _point(prim: hou.Prim) -> int:
    """The point that a volume stands at."""
    for vertex in prim.vertices():
        return int(vertex.point().number())
    return -1


def _groups(taken: _Taken, geometry: hou.Geometry) -> None:
    """Beside volumes there are few points and primitives, so that their groups can be looked at."""
    for group in geometry.pointGroups():
        count, held = (
            contents.count(geometry, "pointcount"),
            [one.number() for one in group.points()],
        )
        _group(taken, f"point/{group.name()}", count, held, ordered=group.isOrdered())
    for each in geometry.primGroups():
        count, held = (
            contents.count(geometry, "primitivecount"),
            [one.number() for one in each.prims()],
        )
        _group(taken, f"primitive/{each.name()}", count, held, ordered=each.isOrdered())


def _group(taken: _Taken, key: str, count: int, held: Sequence[int], *, ordered: bool) -> None:
    members = bytearray(count)
    for number in held:
        members[number] = 1
    taken.tensors[f"group/{key}"] = ("BOOL", [count], bytes(members))
    if ordered:
        taken.tensors[f"order/{key}"] = ("I32", [len(held)], array.array("i", held))
