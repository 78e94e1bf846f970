"""The bytes of an OpenVDB file: numbers, texts, packed runs of values, metadata.

Blosc's LZ4 is what Houdini packs voxels with. It comes with the package `blosc`, which has wheels for
Linux, macOS and Windows; only this file imports it.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any, NamedTuple

import blosc  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from answerprint.errors import SourceError

MAGIC = 0x56444220
NEWEST = 224  # version of the format
ZIP, ACTIVE, BLOSC = 1, 2, 4  # a grid's flags
_SHORTEST = 48  # bytes that are still packed
_BLOSC_HEAD = struct.Struct("<III")  # bytes unpacked, of a block, and packed
_NUMBERS = {kind: struct.Struct("<" + kind) for kind in "BIiq"}
_TEXT = 1 << 26  # bytes of one text or of one value of metadata; a record has some thousands


class Raw(NamedTuple):
    """A value of metadata of a type that is not known here, kept as it stood."""

    type: str
    value: bytes


# what metadata is to numpy: dtype and shape
TYPES: dict[str, tuple[str, tuple[int, ...]]] = {
    "int32": ("<i4", ()),
    "int64": ("<i8", ()),
    "float": ("<f4", ()),
    "double": ("<f8", ()),
    **{
        f"vec{size}{letter}": (dtype, (size,))
        for size in (2, 3, 4)
        for letter, dtype in (("i", "<i4"), ("s", "<f4"), ("d", "<f8"))
    },
    "mat4s": ("<f4", (4, 4)),
    "mat4d": ("<f8", (4, 4)),
}
_NAMES = {kind: name for name, kind in TYPES.items()}


class Cursor:
    """A place in a file's bytes. Everything it reads raises SourceError where the file is damaged."""

    def __init__(self, data: bytes, path: str) -> None:
        self.data = data
        self.path = path
        self.at = 0

    def damaged(self, what: str) -> SourceError:
        return SourceError(
            f"{self.path} is damaged at byte {self.at}: {what}.",
            remedy="Write it again where it came from.",
        )

    def take(self, size: int) -> bytes:
        start = self.at
        if size < 0 or start + size > len(self.data):
            raise self.damaged(f"{size} bytes should follow, {len(self.data) - start} do")
        self.at = start + size
        return self.data[start : self.at]

    def number(self, kind: str) -> Any:
        packed = _NUMBERS[kind]
        return packed.unpack(self.take(packed.size))[0]

    def text(self) -> str:
        size = self.number("I")
        if size > _TEXT:
            raise self.damaged(f"a text claims {size} bytes")
        try:
            return self.take(size).decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.damaged("a text is no UTF-8") from error

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        return np.frombuffer(self.take(np.dtype(dtype).itemsize * count), dtype)

    def bits(self, count: int) -> NDArray[np.bool_]:
        return bits(self.take(count // 8))

    def run(self, size: int, flags: int) -> bytes:
        """`size` bytes of values, unpacked."""
        if not flags & (ZIP | BLOSC):
            return self.take(size)
        packed = self.number("q")
        if packed <= 0:
            if -packed != size:
                raise self.damaged(f"a run of values has {-packed} bytes in place of {size}")
            return self.take(size)
        read = self.take(packed)
        try:
            plain = _from_blosc(read, size) if flags & BLOSC else _from_zip(read, size)
        except (blosc.blosc_extension.error, zlib.error, ValueError, struct.error) as error:
            raise self.damaged("packed values cannot be unpacked") from error
        if len(plain) != size:
            raise self.damaged(f"a run of values has {len(plain)} bytes in place of {size}")
        return plain

    def metadata(self) -> dict[str, Any]:
        """By name: a text, a bool, an array (0-d of one number, 4 x 4 of a matrix), or Raw."""
        found: dict[str, Any] = {}
        for _ in range(self.number("I")):
            name, kind = self.text(), self.text()
            size = self.number("I")
            if size > _TEXT:
                raise self.damaged(f"metadata '{name}' claims {size} bytes")
            found[name] = self._value(name, kind, self.take(size))
        return found

    def _value(self, name: str, kind: str, value: bytes) -> Any:
        if kind == "string":
            try:
                return value.decode("utf-8")
            except UnicodeDecodeError:
                return Raw(kind, value)
        if kind == "bool" and len(value) == 1:
            return value != b"\0"
        if kind not in TYPES:
            return Raw(kind, value)
        dtype, shape = TYPES[kind]
        array = np.frombuffer(value, dtype) if len(value) % np.dtype(dtype).itemsize == 0 else None
        if array is None or array.size != int(np.prod(shape)):
            raise self.damaged(f"metadata '{name}' of type {kind} has {len(value)} bytes")
        return array.reshape(shape)


def bits(packed: bytes) -> NDArray[np.bool_]:
    """A mask, lowest bit first."""
    return np.unpackbits(np.frombuffer(packed, np.uint8), bitorder="little").view(np.bool_)


def packed_bits(mask: NDArray[np.bool_]) -> bytes:
    return np.packbits(mask, bitorder="little").tobytes()


def _from_blosc(packed: bytes, size: int) -> bytes:
    # Blosc's own head says how much comes out: it is believed only where it is what is due.
    plain, _, whole = _BLOSC_HEAD.unpack_from(packed, 4)
    if plain != size or whole != len(packed):
        return b""
    unpacked: bytes = blosc.decompress(packed)
    return unpacked


def _from_zip(packed: bytes, size: int) -> bytes:
    return zlib.decompressobj().decompress(packed, size)


def run(values: memoryview, width: int) -> bytes:
    """A run of values, each `width` bytes wide, as Houdini packs it: Blosc's LZ4."""
    size = values.nbytes
    if size > _SHORTEST:
        packed = blosc.compress(values, typesize=width, clevel=5, cname="lz4")
        if len(packed) < size:
            return b"".join((_NUMBERS["q"].pack(len(packed)), packed))
    return b"".join((_NUMBERS["q"].pack(-size), values))


def text(value: str) -> bytes:
    written = value.encode("utf-8")
    return struct.pack("<I", len(written)) + written


def metadata(values: dict[str, Any]) -> bytes:
    """As Cursor.metadata gives it; plain numbers and lists of them as well."""
    parts = [struct.pack("<I", len(values))]
    for name in sorted(values):
        kind, value = _typed(values[name])
        parts += [text(name), text(kind), struct.pack("<I", len(value)), value]
    return b"".join(parts)


def type_of(value: NDArray[Any]) -> str:
    """What OpenVDB calls a number or vector of metadata; '' where it has no such type."""
    return _NAMES.get((value.dtype.newbyteorder("<").str, value.shape), "")


def _typed(value: Any) -> tuple[str, bytes]:
    if isinstance(value, Raw):
        return value
    if isinstance(value, str):
        return "string", value.encode("utf-8")
    if isinstance(value, bool | np.bool_):
        return "bool", b"\1" if value else b"\0"
    array = np.asarray(value)
    if not isinstance(value, np.ndarray | np.generic) and array.dtype == np.int64:
        small = array.astype(np.int32)
        array = small if array.ndim or small == array else array
    kind = type_of(array)
    if not kind:
        return "string", str(value).encode("utf-8")
    return kind, array.tobytes()
