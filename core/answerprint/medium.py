"""Medium: what a take's files hold, pictures or geometry, behind one set of words.

Whoever signs, verifies, copies or compares files needs no more of them than stands here.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

from answerprint import documents, exr, geometries, geometry, steady
from answerprint.errors import SourceError
from answerprint.exr import Frame
from answerprint.geometry import Geometry

Content = Frame | Geometry
Windows = tuple[dict[str, list[int]], ...]

# formats that are known to hold geometry and cannot be read: the error says what can
_FOREIGN = (".sc", ".lzma", ".bz2", ".abc")


class Medium(Protocol):
    """One of the two. `values`: what is signed of a file, in the field's word.

    Each function is given content that `read` or `structure` of the same medium returned.
    """

    values: str
    codec: str

    def read(self, path: Path) -> Any:
        """All of a file. Raises SourceError: it cannot be read."""

    def structure(self, path: Path) -> Any:
        """The same but for the values, which may be missing; much faster. Raises as `read` does."""

    def digest(self, content: Any) -> str:
        """SHA-256 over decoded values: a file that was saved again with the same ones keeps it."""

    def beside(self, content: Any, aside: Collection[str]) -> str:
        """A digest of what else the file said when it was read, without the texts `aside`."""

    def said(self, content: Any) -> list[Mapping[str, Any]]:
        """The texts in it, by name, among others; of an EXR those of every part."""

    def say(self, content: Any, texts: Mapping[str, str]) -> None:
        """Put texts into it, into every part."""

    def unsay(self, content: Any, names: Collection[str]) -> None:
        """Take texts out of it."""

    def windows(self, content: Any) -> Windows:
        """Data and display window of each part, [left, top, right, bottom], corners included."""

    def write(self, path: Path, content: Any) -> None:
        """Write it and force it to disk.

        Raises:
            DiskFull: there is no space left.
            TakeError: the file cannot be written.
        """

    def lost(self, content: Any, path: Path) -> list[str]:
        """Names of what the file written from it does not carry unchanged, values aside."""


class _Pictures:
    values, codec = "pixels", "EXR"

    def read(self, path: Path) -> Frame:
        return exr.read(path)

    def structure(self, path: Path) -> Frame:
        return exr.read_structure(path)

    def digest(self, content: Frame) -> str:
        return exr.digest(content)

    def beside(self, content: Frame, aside: Collection[str]) -> str:
        total = hashlib.sha256()
        for part in content.source.parts if content.source else ():
            for name in sorted(part.keys() - set(aside)):
                total.update(f"{name}\0{part[name].type}\0".encode())
                total.update(part[name].value)
        return total.hexdigest()

    def said(self, content: Frame) -> list[Mapping[str, Any]]:
        return [part.header for part in content.parts]

    def say(self, content: Frame, texts: Mapping[str, str]) -> None:
        for part in content.parts:
            part.header.update(texts)

    def unsay(self, content: Frame, names: Collection[str]) -> None:
        for part in content.parts:
            for name in names:
                part.header.pop(name, None)

    def windows(self, content: Frame) -> Windows:
        return tuple(
            {"data": part.data_window.as_list(), "display": part.display_window.as_list()}
            for part in content.parts
        )

    def write(self, path: Path, content: Frame) -> None:
        exr.write(path, content)

    def lost(self, content: Frame, path: Path) -> list[str]:
        return exr.changed_attributes(content, path)


class _Geometries:
    values, codec = "values", "geometry"

    def read(self, path: Path) -> Geometry:
        return steady.read(path, lambda: geometries.read(path))

    def structure(self, path: Path) -> Geometry:
        return steady.read(path, lambda: geometries.structure(path))

    def digest(self, content: Geometry) -> str:
        return geometry.digest(content)

    def beside(self, content: Geometry, aside: Collection[str]) -> str:
        total = hashlib.sha256(geometry.besides(content).encode())
        for name in sorted(content.said.keys() - set(aside)):
            total.update(f"{name}\0{content.said[name]}\0".encode("utf-8", "surrogateescape"))
        return total.hexdigest()

    def said(self, content: Geometry) -> list[Mapping[str, Any]]:
        return [content.said]

    def say(self, content: Geometry, texts: Mapping[str, str]) -> None:
        content.said.update(texts)

    def unsay(self, content: Geometry, names: Collection[str]) -> None:
        for name in names:
            content.said.pop(name, None)

    def windows(self, content: Geometry) -> Windows:  # noqa: ARG002 - it has none
        return ()

    def write(self, path: Path, content: Geometry) -> None:
        try:
            geometries.write(path, content)
            with path.open("rb+") as stream:
                os.fsync(stream.fileno())
        except OSError as error:
            raise documents.unwritable(path.parent, error) from error

    def lost(self, content: Geometry, path: Path) -> list[str]:  # noqa: ARG002 - see Codec.write
        return []


PICTURES: Medium = _Pictures()
GEOMETRY: Medium = _Geometries()


def of(path: Path) -> Medium:
    """What a file is taken for, by its ending: what is not known to be geometry, for a picture."""
    return GEOMETRY if is_geometry(path.name) else PICTURES


def is_geometry(name: str) -> bool:
    """Whether a file's name is one of geometry, also of a kind that cannot be read."""
    return bool(geometries.suffix(name)) or name.lower().endswith(_FOREIGN)


def holding(content: Content) -> Medium:
    return GEOMETRY if isinstance(content, Geometry) else PICTURES


def read(path: Path) -> Any:
    """All of a file, whichever it is. Raises SourceError: it cannot be read."""
    return of(path).read(path)


def structure(path: Path) -> Any:
    return of(path).structure(path)


def digest(content: Content) -> str:
    return holding(content).digest(content)


def frame_of(content: Content, path: Path) -> Frame:
    """Raises SourceError: it is geometry where a picture is wanted."""
    if isinstance(content, Geometry):
        raise SourceError(f"{path.name} is no picture.", remedy="Give an .exr sequence.")
    return content


def geometry_of(content: Content, path: Path) -> Geometry:
    """Raises SourceError: it is a picture where geometry is wanted."""
    if isinstance(content, Geometry):
        return content
    raise SourceError(f"{path.name} is no geometry.", remedy="Give .bgeo, .vdb or .usd files.")
