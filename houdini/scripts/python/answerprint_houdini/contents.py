"""Contents: what a SOP's geometry holds, how that is handed over, and what has to be said of it.

Points alone and Houdini's own volumes go over as arrays (`arrays`): no bytes are turned into Python
numbers on the way. What has faces, groups or attributes that HOM gives no bytes of, Houdini writes
itself as .bgeo, and what is all VDB as .vdb: HOM has no bulk access to topology, to groups, or to a
VDB's voxels, and one call for each of a million faces would take minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Tuple

from answerprint_panel.host import HostError

if TYPE_CHECKING:
    from answerprint_houdini.host import hou

ARRAYS, BGEO, VDB = ".safetensors", ".bgeo", ".vdb"
MOST_BYTES = 8 << 30  # of one frame in memory; the engine reads no more either
_ROUGH_BYTES = 4  # of one number, as far as a guess goes
MOST_NAMED = 3
MOST_LEFT = 8

# Primitives that no engine reads, as an artist calls one of them
_FOREIGN = (
    ("PackedGeometry", "packed primitive"),
    ("PackedFragment", "packed fragment"),
    ("PackedPrim", "packed primitive"),
    ("AlembicRef", "packed Alembic"),
    ("Agent", "agent"),
    ("NURBSCurve", "NURBS curve"),
    ("NURBSSurface", "NURBS surface"),
    ("BezierCurve", "Bezier curve"),
    ("BezierSurface", "Bezier surface"),
    ("Mesh", "mesh surface"),
    ("Sphere", "sphere"),
    ("Tube", "tube"),
    ("Circle", "circle"),
    ("Metaball", "metaball"),
    ("ParticleSystem", "particle system"),
    ("PolySoup", "polygon soup"),
    ("Tetrahedron", "tetrahedron"),
    ("Hexahedron", "hexahedron"),
    ("TriangleFan", "triangle fan"),
    ("TriangleStrip", "triangle strip"),
    ("TriangleBezier", "Bezier triangle"),
    ("PastedSurface", "pasted surface"),
    ("ChannelPrim", "channel primitive"),
    ("Custom", "primitive of another kind"),
    ("Unknown", "primitive of another kind"),
)


class Contents(NamedTuple):
    """What one frame's geometry holds.

    suffix      of what it is handed over as
    kinds       what it can be to a task, best first
    title       in a few words: 2,000,000 points
    remarks     what has to be said
    bytes       about how many it takes in memory
    foreign     primitives that the engine cannot read, in words, with how many
    """

    suffix: str
    kinds: Tuple[str, ...]
    title: str
    remarks: Tuple[str, ...]
    bytes: int
    foreign: Dict[str, int]


def of(houdini: Any, geometry: hou.Geometry, name: str, most: int = MOST_BYTES) -> Contents:
    """`houdini`: the module, handed over by the host.

    Raises:
        HostError: it is empty, or larger than is taken.
    """
    points, prims = count(geometry, "pointcount"), count(geometry, "primitivecount")
    if points == 0 and prims == 0:
        raise HostError(
            f"{name} is empty: no point, no volume.",
            "Look at the frame in the viewport; select a node that has geometry there.",
        )
    foreign = _foreign(houdini, geometry)
    vdbs = int(geometry.countPrimType(houdini.primType.VDB))
    dense = int(geometry.countPrimType(houdini.primType.Volume))
    faces = prims - vdbs - dense - sum(foreign.values())
    loose = points - vdbs - dense  # each volume is a primitive at a point of its own
    mixed = bool(vdbs or dense) and (faces > 0 or bool(foreign) or loose > 0)
    held = _held(houdini, geometry)
    _check_size(held, name, most)
    said: List[str] = []
    if vdbs and not mixed and not dense:
        return Contents(VDB, ("volume",), _vdbs(geometry, vdbs), (), held, {})
    if dense and not mixed and not vdbs:
        found = _dense(houdini, geometry, name)
        return found._replace(bytes=held)
    if mixed or (vdbs and dense):
        said.append(_mixture(name, faces, loose, vdbs, dense))
    said += _said_of(name, foreign)
    in_words = _points(points, faces, foreign)
    left = _unarrayed(geometry)
    if prims == 0 and not left:
        return Contents(ARRAYS, ("points",), in_words, tuple(said), held, {})
    return Contents(BGEO, _kinds(loose, vdbs, dense), in_words, tuple(said), held, foreign)


def _kinds(loose: int, vdbs: int, dense: int) -> Tuple[str, ...]:
    return (("points",) if loose > 0 else ()) + (("volume",) if vdbs or dense else ())


def count(geometry: hou.Geometry, what: str) -> int:
    return int(geometry.intrinsicValue(what))  # type: ignore[arg-type]  # a count is a whole number


def _foreign(houdini: Any, geometry: hou.Geometry) -> Dict[str, int]:
    """Each counted once, though a kind may be one of another kind as well."""
    found: Dict[str, int] = {}
    for kind, words in _FOREIGN:
        known = getattr(houdini.primType, kind, None)
        count = int(geometry.countPrimType(known)) if known is not None else 0
        if count and words not in found:
            found[words] = count
    return found


def _said_of(name: str, foreign: Dict[str, int]) -> List[str]:
    if not foreign:
        return []
    listed = ", ".join(plural(count, words) for words, count in foreign.items())
    packed = any("packed" in words for words in foreign)
    remedy = "an Unpack SOP" if packed else "a Convert SOP to polygons"
    said = f"{name} holds {listed} that no task reads: they would be left out of the take."
    return [f"{said} Put {remedy} after it to keep what they show."]


def _mixture(name: str, faces: int, loose: int, vdbs: int, dense: int) -> str:
    volumes = " and ".join(
        filter(
            None, [plural(vdbs, "VDB") if vdbs else "", plural(dense, "volume") if dense else ""]
        )
    )
    beside = plural(faces, "face") if faces > 0 else plural(max(loose, 0), "point")
    return (
        f"{name} holds {volumes} beside {beside}. A task takes one of them: put a Blast or a Split SOP "
        "after it, and select what you mean, so that nothing is left out."
    )


def _points(points: int, faces: int, foreign: Dict[str, int]) -> str:
    said = [plural(points, "point")]
    if faces > 0:
        said.append(plural(faces, "face"))
    said += [plural(count, words) for words, count in foreign.items()]
    return ", ".join(said)


def plural(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {noun[:-1]}ies" if noun.endswith("y") else f"{count:,} {noun}s"


def _vdbs(geometry: hou.Geometry, count: int) -> str:
    """Like density 128x96x64 VDB, vel 64x48x32 VDB, and 2 more."""
    prims = geometry.prims()[:MOST_NAMED]
    said = [f"{grid_name(geometry, prim)} {size(prim)} VDB".strip() for prim in prims]
    more = count - len(said)
    return ", ".join(said) + (f", and {more} more" if more > 0 else "")


def _dense(houdini: Any, geometry: hou.Geometry, name: str) -> Contents:
    """Houdini's own volumes: heightfields where all of them are."""
    prims = volumes(houdini, geometry)
    flat = [is_heightfield(prim) for prim in prims]
    said = [f"{grid_name(geometry, one)} {size(one)}".strip() for one in prims[:MOST_NAMED]]
    more = f", and {len(prims) - MOST_NAMED} more" if len(prims) > MOST_NAMED else ""
    remarks = []
    if any(flat) and not all(flat):
        remarks.append(f"{name} holds heightfields and volumes; a task takes one of them.")
    left = [one for one in _unarrayed(geometry) if not one.startswith("group ")]
    if left:
        remarks.append(
            f"{name} holds attributes that cannot go over beside volumes, and are left out: "
            f"{', '.join(sorted(left)[:MOST_LEFT])}."
        )
    kinds = (
        ("heightfield",) if all(flat) else ("volume", "heightfield") if any(flat) else ("volume",)
    )
    what = "heightfield" if all(flat) else "volume"
    return Contents(ARRAYS, kinds, f"{what} {', '.join(said)}{more}", tuple(remarks), 0, {})


def volumes(houdini: Any, geometry: hou.Geometry) -> List[hou.Volume]:
    """All of Houdini's own volumes, in order."""
    found: Any = geometry.primsOfType(houdini.primType.Volume)
    return list(found)


def is_heightfield(volume: hou.Volume) -> bool:
    """A heightfield is a volume of one layer; Houdini's own flag is a matter of its display."""
    return bool(volume.isHeightField()) or 1 in tuple(volume.resolution())[2:]


def grid_name(geometry: hou.Geometry, prim: hou.Prim) -> str:
    """As its `name` attribute says."""
    return str(prim.stringAttribValue("name")) if geometry.findPrimAttrib("name") else ""


def size(prim: Any) -> str:
    return "x".join(str(int(edge)) for edge in prim.resolution())


def _unarrayed(geometry: hou.Geometry) -> List[str]:
    """What HOM gives no bytes of: groups, arrays, dictionaries. Then Houdini writes the file itself."""
    left = [f"group {one.name()}" for one in geometry.pointGroups()]
    owners = (geometry.pointAttribs(), geometry.primAttribs(), geometry.globalAttribs())
    attribs = (one for owner in owners for one in owner)
    return left + [str(one.name()) for one in attribs if not is_plain(one)]


def is_plain(attrib: hou.Attrib) -> bool:
    """Whether it has one value for each element, of numbers or a text."""
    kind = str(attrib.dataType().name())
    several = kind == "String" and int(attrib.size()) != 1
    return not (attrib.isArrayType() or several or kind == "Dict")


def _held(houdini: Any, geometry: hou.Geometry) -> int:
    """About how many bytes its values are; a VDB's are not counted, for it is written by Houdini."""
    total = 0
    owners = (
        ("pointcount", geometry.pointAttribs()),
        ("vertexcount", geometry.vertexAttribs()),
        ("primitivecount", geometry.primAttribs()),
    )
    for what, attribs in owners:
        numbers = sum(int(one.size()) for one in attribs)
        total += count(geometry, what) * numbers * _ROUGH_BYTES
    if geometry.countPrimType(houdini.primType.Volume):
        for prim in volumes(houdini, geometry):
            x, y, z = prim.resolution()
            total += int(x) * int(y) * int(z) * _ROUGH_BYTES
    return total


def _check_size(held: int, name: str, most: int) -> None:
    if held > most:
        raise HostError(
            f"{name} takes about {held / 1e9:.1f} GB for one frame, and no more than "
            f"{most / 1e9:.1f} GB are handed over at once.",
            "Split it, or delete attributes that are not needed, and select that node.",
        )
