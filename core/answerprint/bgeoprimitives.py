"""Primitives: the records of Houdini's files, as polygons, curves, volumes, and what is left out.

A record is [[type, ...], fields]; one may stand for a run of many. Vertices are numbered through the
whole file; which point each is the topology says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint import bgeovoxels
from answerprint.bgeobytes import WrongError
from answerprint.bgeojson import pairs
from answerprint.bgeopages import Budget, numbers, whole
from answerprint.bgeovoxels import UnreadableError
from answerprint.geometry import Faces, Geometry
from answerprint.sound import MOST_COUNT
from answerprint.volume import Volume

# Binary files shorten the names that come in every record
_SHORT = {
    "p_r": "Polygon_run",
    "c_r": "PolygonCurve_run",
    "s_v": "startvertex",
    "n_p": "nprimitives",
    "n_v": "nvertices",
    "r_v": "nvertices_rle",
}
_RUNS = {"Polygon_run": True, "PolygonCurve_run": False}
_SINGLE = {"Poly": True, "Polygon": True, "PolygonCurve": False}

# What artists call what is not read
_WORDS = {
    "AlembicRef": "packed Alembic",
    "BezierCurve": "Bezier curve",
    "BezierMesh": "Bezier surface",
    "ChannelPrim": "channel",
    "Circle": "circle",
    "Mesh": "mesh surface",
    "MetaBall": "metaball",
    "MetaSQuad": "metaball",
    "NURBCurve": "NURBS curve",
    "NURBMesh": "NURBS surface",
    "PackedAgent": "agent",
    "PackedDisk": "packed disk primitive",
    "PackedDiskSequence": "packed disk sequence",
    "PackedFragment": "packed fragment",
    "PackedGeometry": "packed geometry",
    "PackedUSD": "packed USD",
    "Part": "particle system",
    "PolySoup": "polygon soup",
    "Sphere": "sphere",
    "Tetra": "tetrahedron",
    "Tetrahedron": "tetrahedron",
    "TriFan": "triangle fan",
    "TriStrip": "triangle strip",
    "Tube": "tube",
    "VDB": "VDB grid",
}

Numbers = NDArray[np.int64]


@dataclass
class Primitives:
    """What the records hold.

    vertices  of all faces, one after the other, as the file numbers them
    counts    of vertices, of each face; closed: whether it is a polygon
    numbers   which primitive each face is, as the file counts
    volumes   primitive, vertex, and the grid
    unsupported  what was left out, in words, with how many
    """

    vertices: Numbers
    counts: Numbers
    closed: NDArray[np.bool_]
    numbers: Numbers
    volumes: list[tuple[int, int, Volume]]
    unsupported: dict[str, int]


@dataclass
class _Records:
    """What is known while records are gone through."""

    vertexcount: int
    shared: dict[str, Any]
    budget: Budget
    zeros: bool
    number: int = 0
    vertices: list[Numbers] = field(default_factory=list)
    counts: list[Numbers] = field(default_factory=list)
    closed: list[NDArray[np.bool_]] = field(default_factory=list)
    numbers: list[Numbers] = field(default_factory=list)
    volumes: list[tuple[int, int, Volume]] = field(default_factory=list)
    unsupported: dict[str, int] = field(default_factory=dict)

    def faces(self, vertices: Numbers, counts: Numbers, *, closed: bool) -> None:
        self.vertices.append(vertices)
        self.counts.append(counts)
        self.closed.append(np.full(len(counts), closed))
        self.numbers.append(np.arange(self.number, self.number + len(counts)))
        self.number += len(counts)

    def leave_out(self, word: str, count: int = 1) -> None:
        self.lose(word, count)
        self.number += count

    def lose(self, word: str, count: int = 1) -> None:
        """Count what is not read of a primitive that is."""
        self.unsupported[word] = self.unsupported.get(word, 0) + count


def read(
    document: dict[str, Any], vertexcount: int, budget: Budget, *, zeros: bool = False
) -> Primitives:
    """All primitives of a document. `zeros`: voxels do not matter.

    Raises:
        WrongError: the records do not fit the counts.
        OverflowError: they are more than the budget.
    """
    records = _Records(vertexcount, _shared(document), budget, zeros)
    for record in document.get("primitives") or []:
        head, told = pairs(record[0]), record[1]
        kind = _SHORT.get(head["type"], head["type"])
        if kind == "run":
            _run(records, head, told)
        elif kind in _RUNS:
            _faces(records, pairs(told), closed=_RUNS[kind])
        else:
            _one(records, kind, pairs(told))
    count = whole(document.get("primitivecount", records.number), MOST_COUNT)
    if records.number != count:
        raise WrongError(f"it has {records.number:,} primitives and says that it has {count:,}")
    return Primitives(
        _joined(records.vertices, np.int64),
        _joined(records.counts, np.int64),
        _joined(records.closed, np.bool_),
        _joined(records.numbers, np.int64),
        records.volumes,
        records.unsupported,
    )


def _joined(parts: list[Any], kind: Any) -> Any:
    return parts[0] if len(parts) == 1 else np.concatenate([np.zeros(0, kind), *parts])


def _shared(document: dict[str, Any]) -> dict[str, Any]:
    """Voxels that stand at the end of a file, by the name that volumes have for them."""
    told = document.get("sharedprimitivedata") or []
    found = {}
    for entry in told[1::2]:
        if entry[0] == "geo:voxels":
            found[entry[1]] = entry[2]
    return found


def _run(records: _Records, head: dict[str, Any], told: Any) -> None:
    """Primitives of one type: what they share stands in the head, the rest in a list for each."""
    shared = pairs(head.get("uniformfields", {}))
    varying = head.get("varyingfields") or (["vertex"] if head["runtype"] == "Poly" else [])
    for one in told:
        own = dict(zip(varying, one, strict=True)) if varying else {}
        _one(records, head["runtype"], {**shared, **own})


def _one(records: _Records, kind: str, fields: dict[str, Any]) -> None:
    if kind in _SINGLE:
        vertices = numbers(fields["vertex"], np.dtype(np.int64)).reshape(-1)
        _within(records, vertices)
        closed = bool(fields.get("closed", _SINGLE[kind]))
        records.faces(vertices, np.array([len(vertices)]), closed=closed)
    elif kind == "Volume":
        _volume(records, fields)
    else:
        named = {_SHORT.get(name, name): value for name, value in fields.items()}
        many = (
            kind.endswith("_run") or "nprimitives" in named
        )  # newer ones have short names as well
        count = whole(named["nprimitives"], MOST_COUNT) if many else 1
        plain = kind.removesuffix("_run")
        records.leave_out(_WORDS.get(plain, f"primitive of type {plain[:60]}"), count)


def _faces(records: _Records, told: dict[str, Any], *, closed: bool) -> None:
    fields = {_SHORT.get(name, name): value for name, value in told.items()}
    start = whole(fields.get("startvertex", 0), MOST_COUNT)
    count = whole(fields["nprimitives"], MOST_COUNT)
    records.budget.take(count * 17)  # its vertices' count, its number, its kind
    if "nvertices_rle" in fields:
        pairs_ = numbers(fields["nvertices_rle"], np.dtype(np.int64)).reshape(-1, 2)
        _sum(pairs_[:, 1], count)
        counts = np.repeat(pairs_[:, 0], pairs_[:, 1])
    else:
        counts = numbers(fields["nvertices"], np.dtype(np.int64)).reshape(-1)
    if len(counts) != count:
        raise WrongError(f"a run of {count:,} faces says the vertices of {len(counts):,}")
    total = _sum(counts, records.vertexcount - start)
    records.faces(np.arange(start, start + total), counts, closed=closed)


def _sum(counts: Numbers, most: int) -> int:
    """Their sum. Raises WrongError: one is negative, or they are more than `most`."""
    if counts.size and not 0 <= int(counts.min()) <= int(counts.max()) <= MOST_COUNT:
        raise WrongError(f"a face has {int(counts.min()):,} to {int(counts.max()):,} vertices")
    total = int(counts.sum())
    if total > most:
        raise WrongError(f"a run of faces needs {total:,}, and {most:,} are left")
    return total


def _within(records: _Records, vertices: Numbers) -> None:
    if vertices.size and not 0 <= int(vertices.min()) <= int(vertices.max()) < records.vertexcount:
        raise WrongError(
            f"a primitive has vertices {int(vertices.min()):,} to {int(vertices.max()):,}, and "
            f"there are {records.vertexcount:,}"
        )


def _volume(records: _Records, fields: dict[str, Any]) -> None:
    if "voxels" not in fields:
        name = fields.get("sharedvoxels")
        if name not in records.shared:
            raise WrongError("the voxels of a volume are not there")
        fields = {**fields, "voxels": records.shared[name]}
    vertex = whole(fields["vertex"], MOST_COUNT)
    _within(records, np.array([vertex]))
    for name in fields.keys() - bgeovoxels.FIELDS:
        records.lose(f"'{name:.60}' of a volume")
    try:
        made = bgeovoxels.decoded(fields, records.budget, zeros=records.zeros)
    except UnreadableError as error:
        records.leave_out(f"volume compressed as {error}")
        return
    records.volumes.append((records.number, vertex, made))
    records.number += 1


def written(geometry: Geometry) -> list[Any]:
    """All primitives of a geometry, as records: runs of polygons and of curves, then volumes."""
    made = [] if geometry.faces is None else _runs(geometry.faces)
    first = geometry.vertices - len(geometry.volumes)
    for index, volume in enumerate(geometry.volumes):
        made.append([["type", "Volume"], bgeovoxels.encoded(volume, first + index)])
    return made


def _runs(faces: Faces) -> list[Any]:
    changes = np.flatnonzero(np.diff(faces.closed)) + 1
    starts = np.concatenate([[0], np.cumsum(faces.counts, dtype=np.int64)])
    made: list[Any] = []
    for begin, end in zip([0, *changes], [*changes, len(faces.counts)], strict=True):
        if begin == end:  # there are none at all
            continue
        kind = "Polygon_run" if faces.closed[begin] else "PolygonCurve_run"
        lead = ["startvertex", int(starts[begin]), "nprimitives", int(end - begin)]
        made.append([["type", kind], [*lead, *_vertices(faces.counts[begin:end])]])
    return made


def _vertices(counts: NDArray[np.int32]) -> list[Any]:
    """How many vertices each face of a run has; where many have equally many, how many of each."""
    changes = np.flatnonzero(np.diff(counts)) + 1
    begins = np.concatenate([[0], changes])
    if 2 * len(begins) >= len(counts):
        return ["nvertices", counts]
    lengths = np.diff([*begins, len(counts)])
    return [
        "nvertices_rle",
        np.stack([counts[begins], lengths], axis=1).reshape(-1).astype(np.int32),
    ]
