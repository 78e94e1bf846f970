"""Which points and faces of a geometry become which prim of a USD file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pxr import Sdf  # type: ignore[import-untyped]

from answerprint.geometry import Geometry, Owner
from answerprint.usdabout import NAME, Kind, PrimAbout, told


@dataclass
class Share:
    """What of the geometry becomes one prim: from where to where in its points, faces, vertices."""

    prim: PrimAbout
    points: slice
    faces: slice
    vertices: slice

    def of(self, owner: Owner) -> slice:
        whole = {"point": self.points, "primitive": self.faces, "vertex": self.vertices}
        return whole.get(owner, slice(None))


def shares_of(geometry: Geometry) -> list[Share] | str:
    """The prims that are written; or, in words, what none can be made of."""
    about = told(geometry.said.get(NAME))
    for prims in (about.prims, [_whole(geometry)]):
        shares = _split(geometry, prims)
        if shares:
            return shares
    faces = geometry.faces
    if faces is not None and faces.closed.any() and not faces.closed.all():
        return "polygons and curves that share one prim"
    return "curves whose points are not each curve's own, in its order"


def _whole(geometry: Geometry) -> PrimAbout:
    kind: Kind = "points"
    if geometry.faces is not None:
        faces = geometry.faces
        kind = "curves" if len(faces.closed) and not faces.closed.any() else "mesh"
    count = 0 if geometry.faces is None else len(geometry.faces.counts)
    return PrimAbout(path="/geometry", kind=kind, points=geometry.count, faces=count, named=False)


def _split(geometry: Geometry, prims: list[PrimAbout]) -> list[Share]:
    """Nothing where the prims are not those of this geometry."""
    faces = geometry.faces
    counts = np.empty(0, np.int32) if faces is None else faces.counts
    ends = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    point = face = 0
    shares = []
    for prim in prims:
        last = face + prim.faces
        if last > len(counts) or not _path(prim.path):
            return []
        vertices = slice(int(ends[face]), int(ends[last]))
        share = Share(prim, slice(point, point + prim.points), slice(face, last), vertices)
        if faces is not None and not _own(share, faces.points[vertices], faces.closed[share.faces]):
            return []
        shares.append(share)
        point, face = point + prim.points, last
    if (point, face) != (geometry.count, len(counts)) or len({one.path for one in prims}) < len(
        prims
    ):
        return []
    # Faces that are none are no faces at all where there is no prim to have them.
    surface = any(one.kind != "points" for one in prims)
    return shares if surface == (faces is not None) else []


def _path(path: str) -> bool:
    return bool(Sdf.Path.IsValidPathString(path)) and Sdf.Path(path).IsAbsoluteRootOrPrimPath()


def _own(share: Share, points: NDArray[np.int32], closed: NDArray[np.bool_]) -> bool:
    """Whether a prim's faces are of its kind and have its own points."""
    first, last = share.points.start, share.points.stop
    if share.prim.kind == "curves":
        wanted = np.arange(first, last)
        return not closed.any() and np.array_equal(points, wanted)
    if share.prim.kind == "points":
        return not len(closed)
    inside = not len(points) or (points.min() >= first and points.max() < last)
    return bool(closed.all() and inside)
