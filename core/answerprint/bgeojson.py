"""Geometry's JSON: the document in a .geo or .bgeo file, whether text, binary or packed with gzip.

What binary files hold as uniform arrays are numpy arrays; everything else is what `json` makes of it.
Objects are often written as flat lists of names and values: `pairs` reads either.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import uuid
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from answerprint import bgeobytes
from answerprint.bgeobytes import MAGIC, SWAPPED, WrongError
from answerprint.errors import SourceError
from answerprint.sound import MOST_BYTES, too_large

MOST_TEXT_BYTES = 1 << 30  # as objects, text takes ten times its size in memory
GZIP = b"\x1f\x8b"
PACKED = 1  # of 9: geometry hardly gets smaller beyond, and takes many times as long


def load(path: Path, skip: frozenset[str] = frozenset()) -> Any:
    """The document in a file. Binary arrays after a name in `skip` are zeros and never read.

    Raises:
        SourceError: the file cannot be read, is in another format, or too large.
        WrongError: it is damaged.
    """
    try:
        with path.open("rb") as stream:
            return _load(path, stream, skip)
    except OSError as error:
        raise SourceError(
            f"{path.as_posix()} cannot be read: {error.strerror or error}.",
            remedy="Check that the file is there and that you may read it.",
        ) from error


def _load(path: Path, stream: BinaryIO, skip: frozenset[str]) -> Any:
    if stream.read(2) == GZIP:
        stream.seek(0)
        stream = _unpacked(path, stream)
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    head = stream.read(len(MAGIC))
    if head in (MAGIC, SWAPPED):
        return bgeobytes.read(stream, size, skip)
    if head.lstrip()[:1] != b"[":
        raise _foreign(path, head, size)
    if size > MOST_TEXT_BYTES:
        raise SourceError(
            f"{path.as_posix()} has {size / 1e9:,.1f} GB of text; at most "
            f"{MOST_TEXT_BYTES / 1e9:.1f} GB are read.",
            remedy="Write it as .bgeo: that is smaller, exact and many times faster.",
        )
    try:
        return json.loads((head + stream.read()).decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError) as error:
        raise WrongError(f"it is no JSON ({error})") from error


def _unpacked(path: Path, stream: BinaryIO) -> BinaryIO:
    """All of a .gz; its own sum is checked at its end."""
    made = io.BytesIO()
    try:
        with gzip.GzipFile(fileobj=stream) as packed:
            while block := packed.read(1 << 24):
                made.write(block)
                if made.tell() > MOST_BYTES:
                    raise too_large(path, "it unpacks to more than", MOST_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise WrongError(f"its compression breaks off after {made.tell():,} bytes") from error
    return made


def _foreign(path: Path, head: bytes, size: int) -> SourceError:
    if not size:
        what, remedy = "is empty (0 bytes)", "Write the file again."
    elif head.startswith((b"PGEO", b"Bgeo", b"BgeoV")):
        what = "is in the format of Houdini 11 and before"
        remedy = "Write it again with Houdini 12 or later."
    elif head.startswith(b"scf"):
        what = "is compressed as .bgeo.sc is"
        remedy = "Only Houdini reads that: write .bgeo or .bgeo.gz with a File SOP."
    else:
        what, remedy = "is no geometry of Houdini's", "Give .bgeo or .geo files."
    return SourceError(f"{path.as_posix()} {what}.", remedy=remedy)


def save(path: Path, document: Any) -> None:
    """Write a document in the form that the file's name says, all of it or nothing.

    Raises:
        OSError: it cannot be written.
    """
    name = path.name.lower()
    pieces = bgeobytes.write(document) if is_binary(path) else text(document)
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with aside.open("xb") as stream:
            into: Any = stream
            if name.endswith(".gz"):  # no name and no time in it: equal geometry, equal bytes
                into = gzip.GzipFile("", "wb", PACKED, stream, mtime=0)
            for piece in pieces:
                into.write(piece)
            if into is not stream:
                into.close()
        os.replace(aside, path)  # noqa: PTH105 - said as the atomic call that it is
    finally:
        aside.unlink(missing_ok=True)


def is_binary(path: Path) -> bool:
    return path.name.lower().endswith((".bgeo", ".bgeo.gz"))


def pairs(told: Any) -> dict[str, Any]:
    """Names and their values, from a flat list of both or from an object."""
    if isinstance(told, dict):
        return told
    if not isinstance(told, list) or len(told) % 2:
        raise WrongError("a list of names and values is none")
    names = told[::2]
    if not all(isinstance(name, str) for name in names):
        raise WrongError("a list of names and values is none")
    return dict(zip(names, told[1::2], strict=True))


def text(value: Any) -> Iterator[bytes]:
    """A document as text, piece by piece. Of what is no number only one is left: NaN."""
    if isinstance(value, list):
        yield b"["
        for index, one in enumerate(value):
            yield b"," if index else b""
            yield from text(one)
        yield b"]"
    elif isinstance(value, dict):
        yield b"{"
        for index, (name, one) in enumerate(value.items()):
            yield (b"," if index else b"") + _said(name) + b":"
            yield from text(one)
        yield b"}"
    elif isinstance(value, np.ndarray):
        yield _said(value.tolist())
    else:
        yield _said(float(value) if isinstance(value, np.floating) else value)


def _said(plain: Any) -> bytes:
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
