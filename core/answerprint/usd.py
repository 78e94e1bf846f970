"""USD's files (.usd, .usdc, .usda): points, meshes and linear curves with their primvars.

pxr, of the package `usd-core`, reads and writes them. One file is one geometry: its prims follow each
other, and an attribute `path` (of faces, or of loose points) says which is whose, as Houdini's import
has it. normals, velocities, accelerations, ids, widths, displayColor and displayOpacity are N, v,
accel, id, width, Cd and Alpha. A primvar that is constant is a detail attribute, or of several prims
one of faces; uniform: of faces; faceVarying: of vertices; vertex and varying: of points. Indexed ones
are expanded. Subsets of faces and points are groups.

Points stay in their own space. What the file says beside them (units, up axis, that space, the time of
its sample, winding, subdivision, types) is one text of `said`, `usdabout.NAME`, which is written back.

One file is one frame: one with samples at several times is refused, as is one whose prims lie in
different spaces, or that is composed of other files, which are never opened. The .vdb files of volumes
are read where they lie below the file's own folder; they are not written: take them as .vdb.
"""

from __future__ import annotations

from pathlib import Path

from answerprint import usdread, usdwrite, vdb
from answerprint.errors import SourceError
from answerprint.geometry import Geometry


def read(path: Path) -> Geometry:
    return usdread.read(path, vdb.read)


def structure(path: Path) -> Geometry:
    """The same as `read`, but for the voxels of volumes: pxr reads all or nothing of an array."""
    return usdread.read(path, vdb.structure)


def lacks(geometry: Geometry) -> list[str]:
    return usdwrite.lacks(geometry)


def write(path: Path, geometry: Geometry) -> None:
    cannot = lacks(geometry)
    if cannot:
        raise SourceError(
            f"A USD file cannot hold {', '.join(cannot[:8])}"
            f"{f' and {len(cannot) - 8} more' if len(cannot) > 8 else ''}.",
            remedy="Take it as .vdb." if geometry.volumes else "Take it as .bgeo.",
        )
    usdwrite.write(path, geometry)
