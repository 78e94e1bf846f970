"""Tensors: arrays in one file (.safetensors), as a host hands geometry over. Standard library alone.

A file is the length of its header (8 bytes, little-endian), the header as JSON, and the bytes of all
tensors, one after the other. What a host hands over has these tensors; n: points, or what else there
is one value each of; `<owner>`: point, vertex, primitive or detail

    <owner>/<attribute>           its values, (n, size); of a detail (1, size). point/P is always there
                                  with its strings in the metadata: I32 (n, 1), each a place in
                                  that list, -1 for none
    lengths/<owner>/<attribute>   I32 (n,): of an array attribute, how many values each element has
    group/<owner>/<group>         BOOL or U8 (n,): its members
    order/<owner>/<group>         I32: their numbers, where the group is ordered
    faces/points                  I32: which point each vertex is
    faces/counts                  I32: vertices of each polygon or curve
    faces/closed                  BOOL or U8: 1 a polygon, 0 a curve
    volume/<index>                F32 (z, y, x), or (z, y, x, 3); x varies fastest, as Houdini has it
    active/<index>                BOOL or U8 (z, y, x): its active voxels; where it is not there: all
    volume/anchors                I32: the point of each volume, where volumes are primitives

and in its metadata

    geometry                      JSON: count, qualifiers {"point/v": "vector"}, defaults, volumes
                                  [{name, transform: 16 numbers, a row after the other, origin: x, y, z,
                                  kind: vdb, dense or heightfield, background, about}], unsupported
                                  {"NURBS curve": 3}, said {name: text}
    strings <owner>/<attribute>   JSON: a list of texts
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import sys
import uuid
from typing import Any, BinaryIO, Dict, List, Mapping, Sequence, Tuple

# Names of types, and bytes of one number
SIZES = {
    "F64": 8,
    "I64": 8,
    "F32": 4,
    "I32": 4,
    "F16": 2,
    "I16": 2,
    "I8": 1,
    "U8": 1,
    "BOOL": 1,
}
ALIGNED = 8

# type, shape, and whatever gives its bytes without a copy: bytes, array.array, memoryview
Tensor = Tuple[str, Sequence[int], Any]


def write(path: str, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write all of it or nothing: beside the file first, which is then put in its place.

    The bytes are little-endian and go to the disk from where they are. Nothing is synced: the file
    is read at once and not kept.

    Raises:
        ValueError: a tensor's type is not known, or its bytes are not as many as its shape says.
        OSError: it cannot be written.
    """
    if sys.byteorder != "little":
        raise ValueError("this machine writes numbers in another order than the file has them")
    parts = _parts(tensors)
    header = _header(tensors, parts, metadata)
    folder, name = os.path.split(path)
    aside = os.path.join(folder, f".{name}.{uuid.uuid4().hex}.part")
    try:
        with open(aside, "xb", buffering=0) as stream:
            for one in [struct.pack("<Q", len(header)), header] + [held for _, held in parts]:
                _put(stream, one)
        os.replace(aside, path)
    finally:
        with contextlib.suppress(FileNotFoundError):  # it was put in its place
            os.unlink(aside)


def _parts(tensors: Mapping[str, Tensor]) -> List[Tuple[str, memoryview]]:
    """The tensors' bytes in the file's order: the widest numbers first, so that all are aligned."""
    order = sorted(tensors, key=lambda name: (-SIZES.get(tensors[name][0], 0), name))
    return [(name, _held(name, *tensors[name])) for name in order]


def _held(name: str, kind: str, shape: Sequence[int], data: Any) -> memoryview:
    if kind not in SIZES:
        raise ValueError(f"{name}: there is no type {kind}; one of {', '.join(SIZES)}")
    wanted = SIZES[kind]
    for one in shape:
        wanted *= one
    view = memoryview(data)
    if view.nbytes != wanted or not view.c_contiguous:
        found = f"{view.nbytes:,} bytes" if view.c_contiguous else "bytes with gaps between them"
        raise ValueError(
            f"{name}: {found}; {kind} of shape {list(shape)} is {wanted:,} in one piece"
        )
    return view.cast("B") if view.nbytes else memoryview(b"")  # no cast of what has a side of 0


def _header(
    tensors: Mapping[str, Tensor],
    parts: List[Tuple[str, memoryview]],
    metadata: Mapping[str, str],
) -> bytes:
    """The header, filled up with spaces so that the bytes after it are aligned."""
    told: Dict[str, Any] = {"__metadata__": dict(metadata)}
    at = 0
    for name, held in parts:
        kind, shape, _ = tensors[name]
        told[name] = {
            "dtype": kind,
            "shape": list(shape),
            "data_offsets": [at, at + held.nbytes],
        }
        at += held.nbytes
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    return text + b" " * (-len(text) % ALIGNED)


def _put(stream: BinaryIO, data: Any) -> None:
    """All of it: an unbuffered file may take only a part at once, and no system more than 2 GB."""
    left = memoryview(data)
    while left.nbytes:
        left = left[stream.write(left[: 1 << 30]) :]
