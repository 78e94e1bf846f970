"""Tensors: arrays in one file (.safetensors): its header, held against its size, and its bytes.

Source of the format: the README of safetensors, "Format".
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from answerprint.errors import SourceError
from answerprint.sound import MOST_BYTES, damaged, too_large

MOST_HEADER_BYTES = 100 << 20

TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "<i1",
    "U8": "<u1",
    "BOOL": "<u1",
}


@dataclass(frozen=True)
class Tensor:
    """Where one tensor's bytes are, counted from the first one's."""

    type: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True)
class Header:
    """What a file says before its bytes, and the bytes that follow it."""

    tensors: dict[str, Tensor]
    metadata: dict[str, str]
    begin: int
    bytes: int


def read(path: Path) -> tuple[Header, NDArray[np.uint8]]:
    """The header, and all bytes after it.

    Raises:
        SourceError: the file cannot be read, is damaged, or too large.
    """
    with _opened(path) as stream:
        found = _read_header(path, stream)
        if found.bytes > MOST_BYTES:
            raise too_large(path, "it has", found.bytes)
        data = np.empty(found.bytes, np.uint8)
        got = _fill(path, stream, data)
    if got < found.bytes:
        raise damaged(path, f"it is cut off after {found.begin + got:,} bytes")
    return found, data


def header(path: Path) -> Header:
    with _opened(path) as stream:
        return _read_header(path, stream)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb", buffering=0)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> SourceError:
    return SourceError(
        f"{path.as_posix()} cannot be read: {error.strerror}.",
        remedy="Check that the file is there and that you may read it.",
    )


def _fill(path: Path, stream: BinaryIO, data: NDArray[np.uint8]) -> int:
    """As much as there is; no system reads more than 2 GB at once."""
    at = 0
    view = memoryview(cast("Any", data))
    while at < len(view):
        try:
            got = cast("Any", stream).readinto(view[at : at + (1 << 30)])
        except OSError as error:
            raise _unreadable(path, error) from error
        if not got:
            break
        at += got
    return at


def _read_header(path: Path, stream: BinaryIO) -> Header:
    size = os.fstat(stream.fileno()).st_size
    lead = np.zeros(8, np.uint8)
    if _fill(path, stream, lead) < 8:
        raise damaged(path, f"it has {size} bytes")
    length = struct.unpack("<Q", lead.tobytes())[0]
    if length > min(size - 8, MOST_HEADER_BYTES):
        raise damaged(path, f"it has {size:,} bytes and says that its header has {length:,}")
    text = np.zeros(length, np.uint8)
    _fill(path, stream, text)
    try:
        told = json.loads(text.tobytes().decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"its header is no JSON ({error})") from error
    if not isinstance(told, dict):
        raise damaged(path, "its header is no object")
    metadata = told.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(one, str) for one in metadata.values()):
        raise damaged(path, "its metadata are no texts")
    tensors = {name: _tensor(path, name, one) for name, one in told.items()}
    _hold_places(path, tensors, size - 8 - length)
    return Header(tensors, metadata, 8 + length, size - 8 - length)


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise ValueError(f"{name} is there twice")
        made[name] = value
    return made


def _tensor(path: Path, name: str, told: Any) -> Tensor:
    if "/" not in name:
        raise damaged(path, f"it has an array {name!r} that belongs to nothing")
    try:
        kind, shape, (begin, end) = told["dtype"], tuple(told["shape"]), told["data_offsets"]
        known = kind in TYPES
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(path, f"what it says of {name} is wrong") from error
    if not known:
        raise damaged(path, f"{name} is of type {kind}, which is none that is known")
    if not all(type(one) is int and 0 <= one < 2**62 for one in (*shape, begin, end)):
        raise damaged(path, f"what it says of {name} is wrong")
    if len(shape) > 4 or prod(shape) * np.dtype(TYPES[kind]).itemsize != end - begin:
        raise damaged(path, f"{name}: {kind} of shape {list(shape)} is not {end - begin:,} bytes")
    return Tensor(kind, shape, begin, end)


def _hold_places(path: Path, tensors: dict[str, Tensor], size: int) -> None:
    """One after the other, without overlaps and holes, up to the end: as the format has it."""
    at = 0
    for name, one in sorted(tensors.items(), key=lambda item: (item[1].begin, item[1].end)):
        if one.end > size:
            raise damaged(path, f"{name} ends {one.end - size:,} bytes beyond the file")
        if one.begin != at:
            raise damaged(path, f"{name} begins at byte {one.begin:,}, and {at:,} comes next")
        at = one.end
    if at != size:
        raise damaged(path, f"{size - at:,} bytes at its end belong to nothing")
