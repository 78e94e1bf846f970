"""Geometry files: which of the formats a file is in, by its ending.

bgeo      .geo, .bgeo, and either with .gz: Houdini's own, as JSON
vdb       .vdb: OpenVDB
usd       .usd, .usdc, .usda
handover  .safetensors: what a host hands over, read here and never a take's
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from answerprint.errors import SourceError

if TYPE_CHECKING:  # a list of takes knows endings, and starts without numpy
    from answerprint.geometry import Geometry

# the longest ending first: it is the one that is meant
SUFFIXES = {
    ".bgeo.gz": "bgeo",
    ".geo.gz": "bgeo",
    ".bgeo": "bgeo",
    ".geo": "bgeo",
    ".vdb": "vdb",
    ".usdc": "usd",
    ".usda": "usd",
    ".usd": "usd",
    ".safetensors": "handover",
}
TAKES = (".bgeo", ".geo", ".vdb", ".usdc", ".usda")  # endings that a take's files may have


class Codec(Protocol):
    """What each format's module has."""

    def read(self, path: Path) -> Geometry:
        """Everything in a file. Raises SourceError: it cannot be read, is damaged, or too large."""

    def structure(self, path: Path) -> Geometry:
        """The same as far as it can be told without its values, which may all be zeros or empty.

        Counts, names, types, sizes and `said` are right; volumes have their resolution.
        """

    def lacks(self, geometry: Geometry) -> list[str]:
        """What the format cannot hold of a geometry, in words; nothing where it holds all of it."""

    def write(self, path: Path, geometry: Geometry) -> None:
        """Write it so that `read` gives the same digest.

        Raises:
            SourceError: the format cannot hold it; says what.
            OSError: the file cannot be written.
        """


def suffix(name: str) -> str:
    """The ending of a geometry file's name; '' where it is none that is known."""
    lower = name.lower()
    return next((one for one in SUFFIXES if lower.endswith(one)), "")


def codec(path: Path) -> Codec:
    """Raises SourceError: the file is in no format that is known here."""
    found = suffix(path.name)
    if not found:
        raise SourceError(
            f"{path.as_posix()} is no geometry that can be read.", remedy=_other(path)
        )
    return cast("Codec", import_module(f"answerprint.{SUFFIXES[found]}"))  # each has its library


def read(path: Path) -> Geometry:
    return codec(path).read(path)


def structure(path: Path) -> Geometry:
    return codec(path).structure(path)


def write(path: Path, geometry: Geometry) -> None:
    codec(path).write(path, geometry)


def _other(path: Path) -> str:
    name = path.name.lower()
    if name.endswith((".sc", ".lzma", ".bz2")):
        return (
            "Only Houdini reads it: write .bgeo or .bgeo.gz with a File SOP, or use the SOP itself."
        )
    if name.endswith(".abc"):
        return "Write it as .bgeo or .usd in Houdini."
    return "Give .bgeo, .geo, .vdb or .usd files."
