"""Soundness: whether what a geometry says of itself agrees, so that nobody reads beyond an array."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint.errors import SourceError
from answerprint.geometry import Attribute, Faces, Geometry, Group, Owner

MOST_BYTES = 8 << 30  # of one file's values, once decoded
MOST_COUNT = 2**31 - 1  # of points, vertices, primitives: their numbers are int32

WRITE_AGAIN = "Write the file again."


def damaged(path: Path, what: str) -> SourceError:
    """Our error for a file that is not what it should be; `what` is the rest of its sentence."""
    return SourceError(f"{path.as_posix()} is damaged: {_plain(what)}.", remedy=WRITE_AGAIN)


def _plain(text: str) -> str:
    """A file's name or text as every screen and log can show it."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def too_large(path: Path, what: str, size: int) -> SourceError:
    return SourceError(
        f"{path.as_posix()} says that {what} {size / 1e9:,.1f} GB of values; at most "
        f"{MOST_BYTES / 1e9:.0f} GB are read.",
        remedy="Check the file; if it is right, split the geometry into several files.",
    )


def hold(path: Path, geometry: Geometry) -> None:
    """Hold counts against arrays, and numbers of points, strings and elements against what is there.

    Raises:
        SourceError: they do not agree; names the attribute, group or face.
    """
    if geometry.faces is not None:
        _hold_faces(path, geometry.faces, geometry.count)
    if geometry.anchors is not None:
        if len(geometry.anchors) != len(geometry.volumes):
            raise damaged(
                path,
                f"it has {len(geometry.volumes)} volumes and points for {len(geometry.anchors)}",
            )
        _within(path, geometry.anchors, geometry.count, "a volume is at point", "points")
    counts = totals(geometry)
    known: set[tuple[str, str]] = set()
    for one in geometry.attributes:
        if (one.owner, one.name) in known:
            raise damaged(path, f"{one.owner} attribute {one.name} is there twice")
        known.add((one.owner, one.name))
        _hold_attribute(path, one, counts[one.owner])
    for group in geometry.groups:
        _hold_group(path, group, counts[group.owner])


def texts(path: Path, geometry: Geometry) -> None:
    """Raises SourceError: a text is none that UTF-8 can say, as all that goes on from here does."""
    for one in geometry.attributes:
        held = (one.name, one.qualifier, *(one.strings or ()))
        _hold_texts(path, held, f"{one.owner} attribute {one.name}")
    for group in geometry.groups:
        _hold_texts(path, (group.name,), f"{group.owner} group {group.name}")
    for volume in geometry.volumes:
        about = json.dumps(volume.about, ensure_ascii=False, default=str)
        _hold_texts(path, (volume.name, about), f"volume {volume.name}")
    _hold_texts(path, (*geometry.unsupported, *geometry.said, *geometry.said.values()), "the file")


def _hold_texts(path: Path, held: tuple[str, ...], where: str) -> None:
    try:
        "".join(held).encode("utf-8")
    except UnicodeEncodeError as error:
        raise SourceError(
            f"{path.as_posix()}: {_plain(where)} holds a text that is not UTF-8.",
            remedy="Write names and texts in UTF-8, or take the attribute or group out.",
        ) from error


def totals(geometry: Geometry) -> dict[Owner, int]:
    """How many there are of each class."""
    return {
        "point": geometry.count,
        "vertex": geometry.vertices,
        "primitive": geometry.primitives,
        "detail": 1,
    }


def _hold_faces(path: Path, faces: Faces, count: int) -> None:
    if len(faces.counts) != len(faces.closed):
        raise damaged(
            path, f"it has {len(faces.counts):,} faces and says of {len(faces.closed):,} their kind"
        )
    negative = np.flatnonzero(faces.counts < 0)
    if negative.size:
        face = int(negative[0])
        raise damaged(path, f"face {face:,} has {int(faces.counts[face]):,} vertices")
    told = int(faces.counts.sum(dtype=np.int64))
    if told != len(faces.points):
        raise damaged(
            path, f"its faces have {told:,} vertices, and {len(faces.points):,} are there"
        )
    _within(path, faces.points, count, "a vertex is at point", "points")


def _hold_attribute(path: Path, one: Attribute, count: int) -> None:
    name = f"{one.owner} attribute {one.name}"
    if one.values.ndim != 2 or not one.size:
        raise damaged(path, f"{name} has values of shape {list(one.values.shape)}")
    if one.count != count:
        raise damaged(path, f"{name} has {one.count:,} values for {count:,} {plural(one.owner)}")
    if one.lengths is not None:
        told = int(one.lengths.sum(dtype=np.int64))
        if told != len(one.values) or (one.lengths < 0).any():
            raise damaged(
                path,
                f"the arrays of {name} have {told:,} values, and {len(one.values):,} are there",
            )
    if one.strings is not None:
        if one.size != 1:
            raise damaged(path, f"{name} has {one.size} texts a value; one is read")
        _within(path, one.values, len(one.strings), f"{name} has text", "texts", least=-1)
    if (one.owner, one.name) == ("point", "P") and (one.size < 3 or one.values.dtype.kind != "f"):
        raise damaged(path, f"P has {one.size} numbers of {one.values.dtype}; it needs 3 floats")


def _hold_group(path: Path, group: Group, count: int) -> None:
    name = f"{group.owner} group {group.name}"
    if len(group.members) != count:
        raise damaged(path, f"{name} tells of {len(group.members):,} of {count:,} elements")
    if group.order is not None:
        _within(path, group.order, count, f"{name} holds", "elements")


def _within(
    path: Path, numbers: NDArray[Any], count: int, what: str, of: str, *, least: int = 0
) -> None:
    if not numbers.size:
        return
    low, high = int(numbers.min()), int(numbers.max())
    if low < least or high >= count:
        raise damaged(path, f"{what} {low if low < least else high:,}, and it has {count:,} {of}")


def plural(owner: Owner) -> str:
    return {"vertex": "vertices", "detail": "geometry"}.get(owner, f"{owner}s")
