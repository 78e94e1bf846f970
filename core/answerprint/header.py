"""What an EXR file's header says, byte for byte, and whether its chunks are all there.

The OpenEXR library decides what pixels mean. This file answers two questions it leaves open, both
without decoding a pixel: is the file whole (OpenEXR 3.5 prints a warning and returns no parts for
a cut file), and which attributes does it hold (the Python module drops types it does not know).

Source of the format: "OpenEXR File Layout", openexr.com, section by section as in the functions.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from answerprint.errors import SourceError

MAGIC = b"\x76\x2f\x31\x01"
FIRST_HEADER_BYTES = 64 << 10
MOST_HEADER_BYTES = 64 << 20
MOST_FRAME_BYTES = 8 << 30
MOST_TILE = 1024

_TILED, _LONG_NAMES, _DEEP, _MULTIPART = 0x200, 0x400, 0x800, 0x1000
# compression byte -> scanlines in one chunk; later codecs are read without this check
_LINES = {0: 1, 1: 1, 2: 1, 3: 16, 4: 32, 5: 16, 6: 32, 7: 32, 8: 32, 9: 256}

_TYPES = {0: "uint", 1: "half", 2: "float"}

RENDER_AGAIN = "Render or copy the frame again."


@dataclass(frozen=True)
class Attribute:
    type: str
    value: bytes


@dataclass(frozen=True)
class Header:
    """The raw attributes of each part, by name, and where the chunk table begins."""

    parts: tuple[dict[str, Attribute], ...]
    multipart: bool
    deep: bool
    tiled: bool
    table: int


def read_header(path: Path) -> Header:
    """Parse the header of one EXR file.

    Raises:
        SourceError: the file cannot be read, is empty, is no EXR, or its header is broken.
    """
    with _opened(path) as stream:
        return _parse(path, stream)


def check_whole(path: Path, header: Header) -> None:
    """Hold the chunk table against the size of the file.

    Raises:
        SourceError: the file ends before its pixels do, some were never written, or it cannot be
            read any more.
    """
    count = _chunks(header)
    if count is None:  # mip-mapped, or a codec with no fixed chunk height: found out when decoding
        return
    with _opened(path) as stream:
        _check_chunks(path, stream, header, count)


def channel_types(part: dict[str, Attribute]) -> dict[str, str]:
    """Channel -> 'uint', 'half' or 'float', from a part's channel list (chlist)."""
    found: dict[str, str] = {}
    raw, at = part["channels"].value, 0
    while at < len(raw) and raw[at] != 0:
        name, at = _string(raw, at)
        found[name] = _TYPES[struct.unpack_from("<i", raw, at)[0]]
        at += 16  # type, pLinear and three reserved bytes, x and y sampling
    return found


def _check_chunks(path: Path, stream: BinaryIO, header: Header, count: int) -> None:
    size = os.fstat(stream.fileno()).st_size
    stream.seek(header.table)
    table = stream.read(8 * count) if header.table + 8 * count <= size else b""
    if len(table) < 8 * count:  # also where the file was cut since its size was asked
        raise _cut_off(path, size, header.table + 8 * count)
    offsets = struct.unpack(f"<{count}Q", table)
    if 0 in offsets:
        raise SourceError(
            f"{path.as_posix()} was never finished: {offsets.count(0)} of its {count} chunks "
            "are not written.",
            remedy="Wait for the render to finish, or render the frame again.",
        )
    last = max(offsets)
    if last > size:
        raise _cut_off(path, size, last)
    lead = (4 if header.multipart else 0) + (16 if header.tiled else 4)
    stream.seek(last + lead)
    length = stream.read(4)
    end = last + lead + 4 + (struct.unpack("<i", length)[0] if len(length) == 4 else 0)
    if len(length) < 4 or end > size:
        raise _cut_off(path, size, end)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as stream:
            yield stream
    except OSError as error:
        raise SourceError(
            f"{path.as_posix()} cannot be read: {error.strerror}.",
            remedy="Check that the file is there and that you may read it.",
        ) from error


def _parse(path: Path, stream: BinaryIO) -> Header:
    size = os.fstat(stream.fileno()).st_size
    if size == 0:
        raise SourceError(f"{path.as_posix()} is empty (0 bytes).", remedy=RENDER_AGAIN)
    if stream.read(4) != MAGIC:
        raise SourceError(
            f"{path.as_posix()} is not an OpenEXR file.",
            remedy="Give an .exr sequence; convert other formats first.",
        )
    lead = stream.read(4)
    if len(lead) < 4:
        raise _cut_off(path, size, 8)
    flags = struct.unpack("<I", lead)[0]
    multipart = bool(flags & _MULTIPART)
    try:
        parts, at = _read_parts(stream, multipart=multipart)
    except (IndexError, ValueError, struct.error) as error:
        raise SourceError(
            f"The header of {path.as_posix()} is broken or cut off after {size:,} bytes.",
            remedy=RENDER_AGAIN,
        ) from error
    kinds = {part["type"].value for part in parts if "type" in part}
    tiled = bool(flags & _TILED) or b"tiledimage" in kinds
    _check_parts(path, parts)
    deep = bool(flags & _DEEP) or any(kind.startswith(b"deep") for kind in kinds)
    return Header(tuple(parts), multipart, deep, tiled, 8 + at)


def _read_parts(stream: BinaryIO, *, multipart: bool) -> tuple[list[dict[str, Attribute]], int]:
    """All parts' attributes, and where they end.

    Reads little at first: most headers are small, and preflight looks through a whole plate.
    """
    raw, wanted = b"", FIRST_HEADER_BYTES
    while True:
        raw += stream.read(wanted - len(raw))
        try:
            return _parts(raw, multipart=multipart)
        except (IndexError, ValueError, struct.error):
            if len(raw) < wanted or wanted >= MOST_HEADER_BYTES:
                raise
            wanted = min(wanted * 16, MOST_HEADER_BYTES)


def _parts(raw: bytes, *, multipart: bool) -> tuple[list[dict[str, Attribute]], int]:
    parts: list[dict[str, Attribute]] = []
    at = 0
    while True:
        part, at = _attributes(raw, at)
        if not part and multipart:
            return parts, at
        parts.append(part)
        if not multipart:
            return parts, at


def _check_parts(path: Path, parts: list[dict[str, Attribute]]) -> None:
    """Hold what this file and its callers rely on: structure in its right size, sane dimensions."""
    try:
        total = sum(_part_bytes(part) for part in parts)
    except (KeyError, IndexError, ValueError, struct.error) as error:
        raise SourceError(
            f"The header of {path.as_posix()} is broken.", remedy=RENDER_AGAIN
        ) from error
    for part in parts:
        _check_values(path, part)
    if not total:
        raise SourceError(f"{path.as_posix()} holds no pixels.", remedy=RENDER_AGAIN)
    if total > MOST_FRAME_BYTES:
        raise SourceError(
            f"{path.as_posix()} says that it holds {total / 1e9:,.0f} GB of pixels; at most "
            f"{MOST_FRAME_BYTES / 1e9:.0f} GB are read.",
            remedy="Check the frame's size; if it is right, split its layers into several files.",
        )


def _part_bytes(part: dict[str, Attribute]) -> int:
    """Bytes of a part's pixels once decoded."""
    left, top, right, bottom = struct.unpack("<4i", part["dataWindow"].value)
    struct.unpack("<4i", part["displayWindow"].value)
    struct.unpack("<B", part["compression"].value)
    if "chunkCount" in part and struct.unpack("<i", part["chunkCount"].value)[0] < 1:
        raise ValueError("chunkCount")
    width, height = right - left + 1, bottom - top + 1
    if width < 1 or height < 1:
        raise ValueError("dataWindow")
    if "tiles" in part:
        wide, high, _ = struct.unpack("<2IB", part["tiles"].value)
        # tiles beyond the picture are legal, and OpenEXR takes memory for the whole of one
        if not (1 <= wide <= max(width, MOST_TILE) and 1 <= high <= max(height, MOST_TILE)):
            raise ValueError("tiles")
    sizes = {"half": 2, "float": 4, "uint": 4}
    sample = sum(sizes[kind] for kind in channel_types(part).values())
    return int(width) * int(height) * sample


def _check_values(path: Path, part: dict[str, Attribute]) -> None:
    """Name the values that OpenEXR's Python cannot read: its own error names no attribute."""
    for name, attribute in part.items():
        if attribute.type == "string":
            good = _is_text(attribute.value)
        elif attribute.type == "rational":
            good = len(attribute.value) == 8 and attribute.value[4:] != bytes(4)
        else:
            continue
        if not good:
            raise SourceError(
                f"{path.as_posix()}: attribute {name} cannot be read: "
                f"{'its text is not UTF-8' if attribute.type == 'string' else 'divided by 0'}.",
                remedy="Write the frame again without this attribute, or with a correct one.",
            )


def _is_text(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _attributes(raw: bytes, at: int) -> tuple[dict[str, Attribute], int]:
    """One part's attributes: name, type, size, value, again and again, up to an empty name."""
    found: dict[str, Attribute] = {}
    while raw[at] != 0:
        name, at = _string(raw, at)
        kind, at = _string(raw, at)
        length = struct.unpack_from("<i", raw, at)[0]
        at += 4
        if length < 0 or at + length > len(raw):
            raise ValueError
        found[name] = Attribute(kind, raw[at : at + length])
        at += length
    return found, at + 1


def _string(raw: bytes, at: int) -> tuple[str, int]:
    end = raw.index(b"\0", at, at + 257)
    return raw[at:end].decode("utf-8"), end + 1


def _chunks(header: Header) -> int | None:
    """How many chunks the parts have together, or None where a header does not tell."""
    counts = [_part_chunks(part, tiled=header.tiled) for part in header.parts]
    if header.tiled and header.multipart:  # parts may differ in how they are stored
        return None
    return None if None in counts else sum(count for count in counts if count is not None)


def _part_chunks(part: dict[str, Attribute], *, tiled: bool) -> int | None:
    if "chunkCount" in part:
        return int(struct.unpack("<i", part["chunkCount"].value)[0])
    if tiled or "dataWindow" not in part or "compression" not in part:
        return None
    _, top, _, bottom = struct.unpack("<4i", part["dataWindow"].value)
    lines = _LINES.get(part["compression"].value[0])
    return None if lines is None else -(-(bottom - top + 1) // lines)


def _cut_off(path: Path, size: int, needed: int) -> SourceError:
    return SourceError(
        f"{path.as_posix()} is cut off: it has {size:,} bytes and needs at least {needed:,}.",
        remedy=RENDER_AGAIN,
    )
