"""Binary JSON: the byte codes that Houdini's geometry is written in; the same document as its text.

Lengths below 0xf1 are one byte; 0xf2, 0xf4 and 0xf8 say that 2, 4 or 8 follow. Texts may be defined
once, with a number, and then be referred to. Uniform arrays are read from the disk straight into
place. Numbers are in the order of the machine that wrote them: the first five bytes tell.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

MOST_VALUES = 50_000_000  # that stand alone, outside uniform arrays
MOST_DEPTH = 64
SKIPPED_BYTES = 4096  # shorter arrays are read also where they might be passed over


MAGIC = b"\x7fNSJb"
SWAPPED = b"\x7fbJSN"  # of machines that keep the highest byte first

NULL, FALSE, TRUE, BOOL, STRING = 0x00, 0x30, 0x31, 0x10, 0x27
DEFINE, REFER, FORGET, UNIFORM = 0x2B, 0x26, 0x2D, 0x40
LIST, LIST_END, MAP, MAP_END = b"[]{}"
NUMBERS = {
    0x11: "i1",
    0x12: "i2",
    0x13: "i4",
    0x14: "i8",
    0x18: "f2",
    0x19: "f4",
    0x1A: "f8",
    0x21: "u1",
    0x22: "u2",
}
_TEXTS = "indices"
_LISTS = ("values", _TEXTS)  # what an attribute's numbers are, and what the numbers of its texts
_PAGES = ("rawpagedata", "arrays")
_PLAIN = {NULL: None, FALSE: False, TRUE: True}
CODES = {name: code for code, name in NUMBERS.items()}


class WrongError(ValueError):
    """What is wrong with a file, as the end of a sentence that begins with its name."""


def read(stream: BinaryIO, size: int, skip: frozenset[str]) -> Any:
    """The document of a stream of `size` bytes, after its first five were read.

    Arrays after a name in `skip` are zeros and never read, but for those that say which text an
    element has. Raises WrongError: it is damaged.
    """
    stream.seek(0)
    order = "<" if stream.read(len(MAGIC)) == MAGIC else ">"
    return _Reader(stream, size, order, skip).document()


def write(document: Any) -> Iterator[Any]:
    """The bytes of a document, piece by piece; arrays as they lie in memory."""
    yield MAGIC
    yield from _binary(document)


class _Reader:
    """Reads one binary document, without recursion: a file may be nested as deep as it likes."""

    def __init__(self, stream: BinaryIO, size: int, order: str, skip: frozenset[str]) -> None:
        self._stream, self._size, self._order, self._skip = stream, size, order, skip
        self._tokens: dict[int, str] = {}
        self._last = ""
        self._is_texts = False  # of the attribute at hand: they name volumes, and are read always
        self._values = 0

    def document(self) -> Any:
        open_: list[list[Any] | dict[str, Any]] = []
        keys: list[str | None] = []
        while True:
            code = self._take(1)[0]
            if code in (LIST, MAP):
                open_.append([] if code == LIST else {})
                keys.append(None)
                if len(open_) > MOST_DEPTH:
                    raise WrongError(f"it is nested more than {MOST_DEPTH} deep")
                continue
            if code in (DEFINE, FORGET):
                self._define(code)
                continue
            if code in (LIST_END, MAP_END):
                if not open_ or isinstance(open_[-1], list) != (code == LIST_END) or keys[-1]:
                    raise WrongError(f"a bracket does not fit at byte {self._stream.tell():,}")
                value: Any = open_.pop()
                keys.pop()
            else:
                value = self._value(code)
            if not open_:
                return value
            self._put(open_[-1], keys, value)

    def _put(self, into: list[Any] | dict[str, Any], keys: list[str | None], value: Any) -> None:
        self._values += 1
        if self._values > MOST_VALUES:
            raise WrongError(f"more than {MOST_VALUES:,} values stand alone in it")
        if isinstance(into, list):
            into.append(value)
            return
        key = keys[-1]
        if key is not None:
            into[key], keys[-1] = value, None
        elif isinstance(value, str):
            keys[-1] = value
        else:
            raise WrongError(f"a value has no name at byte {self._stream.tell():,}")

    def _define(self, code: int) -> None:
        token = self._length()
        if code == FORGET:
            self._tokens.pop(token, None)
        else:
            self._tokens[token] = self._text()

    def _value(self, code: int) -> Any:
        if code in NUMBERS:
            kind = np.dtype(self._order + NUMBERS[code])
            return np.frombuffer(self._take(kind.itemsize), kind)[0].item()
        if code in (STRING, REFER):
            self._last = self._text() if code == STRING else self._token()
            if self._last in _LISTS:
                self._is_texts = self._last == _TEXTS
            return self._last
        if code == UNIFORM:
            return self._uniform()
        if code == BOOL:
            return self._take(1) != b"\0"
        if code in _PLAIN:
            return _PLAIN[code]
        raise WrongError(f"byte {self._stream.tell() - 1:,} has no meaning ({code:#04x})")

    def _uniform(self) -> Any:
        code = self._take(1)[0]
        count = self._length()
        if code in NUMBERS:
            kind = np.dtype(self._order + NUMBERS[code])
            return self._array(kind, count).astype(kind.newbyteorder("="), copy=False)
        if code == BOOL:  # a bit each, in words of 32
            if count > self._left() * 8:
                raise self._cut(count // 8)
            words = self._array(np.dtype(self._order + "u4"), -(-count // 32))
            bits = words.astype("<u4", copy=False).view(np.uint8)
            return np.unpackbits(bits, count=count, bitorder="little").astype(np.bool_)
        if code not in (STRING, REFER):
            raise WrongError(f"an array at byte {self._stream.tell():,} is of no known type")
        if count > self._left():  # each takes a byte at least
            raise self._cut(count)
        return [self._text() if code == STRING else self._token() for _ in range(count)]

    def _array(self, kind: np.dtype[Any], count: int) -> NDArray[Any]:
        size = count * kind.itemsize
        if size > self._left():
            raise self._cut(size)
        if self._last in self._skip and size > SKIPPED_BYTES and not self._names():
            self._stream.seek(size, io.SEEK_CUR)
            return np.broadcast_to(np.zeros((), kind), (count,))
        made = np.empty(count, kind)
        if size:
            self._fill(memoryview(cast("Any", made)).cast("B"))
        return made

    def _names(self) -> bool:
        """Whether an array says which text each element has."""
        return self._is_texts and self._last in _PAGES

    def _fill(self, view: memoryview) -> None:
        while view.nbytes:
            got = cast("Any", self._stream).readinto(view[: 1 << 30])
            if not got:
                raise self._cut(view.nbytes)
            view = view[got:]

    def _text(self) -> str:
        # an artist's name or a path in what is not kept need not be UTF-8; `sound.texts` holds the rest
        return self._take(self._length()).decode("utf-8", "surrogateescape")

    def _token(self) -> str:
        token = self._length()
        if token not in self._tokens:
            raise WrongError(f"text {token} is used and was never defined")
        return self._tokens[token]

    def _length(self) -> int:
        first = self._take(1)[0]
        if first < 0xF1:
            return first
        kinds = {0xF2: "H", 0xF4: "I", 0xF8: "Q"}
        if first not in kinds:
            raise WrongError(f"byte {self._stream.tell() - 1:,} is no length")
        kind = self._order + kinds[first]
        return int(struct.unpack(kind, self._take(struct.calcsize(kind)))[0])

    def _take(self, count: int) -> bytes:
        if count > 1 and count > self._left():
            raise self._cut(count)
        got = self._stream.read(count)
        if len(got) < count:
            raise self._cut(count)
        return got

    def _left(self) -> int:
        return self._size - self._stream.tell()

    def _cut(self, needed: int) -> WrongError:
        return WrongError(
            f"it has {self._size:,} bytes, and {needed:,} more are needed at byte "
            f"{self._stream.tell():,}"
        )


def _binary(value: Any) -> Iterator[Any]:
    if isinstance(value, np.ndarray):
        yield from _array(value)
    elif isinstance(value, list):
        yield b"["
        for one in value:
            yield from _binary(one)
        yield b"]"
    elif isinstance(value, dict):
        yield b"{"
        for name, one in value.items():
            yield from _binary(name)
            yield from _binary(one)
        yield b"}"
    elif isinstance(value, str):
        text = value.encode("utf-8")
        yield bytes([STRING]) + _size(len(text)) + text
    else:
        yield _scalar(value)


def _scalar(value: Any) -> bytes:
    if isinstance(value, bool):
        return bytes([TRUE if value else FALSE])
    if isinstance(value, int):
        wide = -(2**31) <= value < 2**31
        return struct.pack("<Bi", 0x13, value) if wide else struct.pack("<Bq", 0x14, value)
    if isinstance(value, np.float32):
        return struct.pack("<Bf", 0x19, value)
    return struct.pack("<Bd", 0x1A, value)


def _array(values: NDArray[Any]) -> Iterator[Any]:
    flat = np.ascontiguousarray(values).reshape(-1)
    flat = flat.astype(flat.dtype.newbyteorder("<"), copy=False)
    yield bytes([UNIFORM, CODES[flat.dtype.str[1:]]]) + _size(len(flat))
    if flat.size:
        yield memoryview(cast("Any", flat)).cast("B")


def _size(length: int) -> bytes:
    if length < 0xF1:
        return bytes([length])
    if length < 1 << 16:
        return struct.pack("<BH", 0xF2, length)
    if length < 1 << 32:
        return struct.pack("<BI", 0xF4, length)
    return struct.pack("<BQ", 0xF8, length)
