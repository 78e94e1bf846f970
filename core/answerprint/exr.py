"""One frame: an EXR file as arrays and attributes, and back, with nothing lost.

The only importer of OpenEXR. Arrays keep the file's own type (float16, float32, uint32), shape
(height, width), one a channel; values are scene-linear or data exactly as the file holds them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from answerprint import documents
from answerprint.errors import DiskFull, JobError, SourceError, TakeError
from answerprint.header import RENDER_AGAIN, Header, channel_types, check_whole, read_header

Pixels = NDArray[Any]

# Codecs that give back every sample. Of the others B44, DWA and LJ2K change pixels when they are
# written, and PXR24 does so for 32-bit floats; one that is not known here may.
_LOSSLESS = ("NO", "RLE", "ZIPS", "ZIP", "PIZ", "ZSTD", "HTJ2K32", "HTJ2K256")
# Codecs that a take may be stored in, by the names that artists know
COMPRESSIONS = ("none", "rle", "zips", "zip", "piz")
# What OpenEXR decides anew for each file; everything else in a header is the artist's.
STRUCTURE = {"channels", "chunkCount", "compression", "lineOrder", "tiles", "type", "version"}


# What OpenEXR raises for a file that it cannot read
_BROKEN = (RuntimeError, ValueError, OSError, TypeError, ArithmeticError, MemoryError)

_TYPES = {"uint32": "uint", "float16": "half", "float32": "float"}


@dataclass(frozen=True)
class Window:
    """A pixel rectangle, corners included, as EXR counts: x to the right, y down."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left + 1

    @property
    def height(self) -> int:
        return self.bottom - self.top + 1

    def __str__(self) -> str:
        origin = "" if (self.left, self.top) == (0, 0) else f" at {self.left},{self.top}"
        return f"{self.width}x{self.height}{origin}"

    def as_list(self) -> list[int]:
        return [self.left, self.top, self.right, self.bottom]

    def corners(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """As an EXR header holds it."""
        return (
            np.array([self.left, self.top], np.int32),
            np.array([self.right, self.bottom], np.int32),
        )


@dataclass
class Part:
    """One part of a file.

    header    attributes by name, as OpenEXR gives them
    types     channel -> 'uint', 'half' or 'float'
    channels  channel -> pixels; empty if only the structure was read
    """

    header: dict[str, Any]
    types: dict[str, str] = field(default_factory=dict)
    channels: dict[str, Pixels] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.header.get("name", ""))

    @property
    def data_window(self) -> Window:
        return _window(self.header["dataWindow"])

    @property
    def display_window(self) -> Window:
        return _window(self.header["displayWindow"])

    @property
    def is_mip_mapped(self) -> bool:
        tiles = self.header.get("tiles")
        return tiles is not None and tiles.mode != OpenEXR.ONE_LEVEL

    @property
    def compression(self) -> str:
        """The codec's name without its suffix: ZIP, PIZ, DWAA, NO."""
        return str(self.header["compression"].name).removesuffix("_COMPRESSION")


@dataclass
class Frame:
    """One image at one time: all parts of one file. `source`: the raw header it was read with."""

    parts: list[Part]
    source: Header | None = None

    def views(self) -> tuple[str, ...]:
        """Names of the views, the default one first; empty where none is named.

        A frame with one name is mono: the name says which eye it is, and no layer carries it.
        """
        return tuple(dict.fromkeys(view for part in self.parts for view in self._views(part)))

    def layers(self, view: str | None = None) -> dict[str, list[tuple[int, str]]]:
        """Layer name -> [(part number, channel name)]: 'rgba' for channels without a prefix.

        view    one of `views()`; None means the default view. One that is not there has no layers.

        In a multi-part file a part's name, without its view, stands in for the prefix that its
        channels lack; the name of a view's first part does not. A part that names no view belongs
        to all of them.
        """
        views = self.views()
        if view is None and views:
            view = views[0]
        if view is not None and view not in views:
            return {}
        found: dict[str, list[tuple[int, str]]] = {}
        owned = [self._views(part) for part in self.parts]
        first = next((number for number, own in enumerate(owned) if view in own), 0)
        for number, (part, own) in enumerate(zip(self.parts, owned, strict=True)):
            plain = "" if number == first else _without_word(part.name, view if own else None)
            for channel in part.channels or part.types:
                layer, of = split_view(channel, own if len(views) > 1 else ())
                if not own or (of or own[0]) == view:
                    found.setdefault(layer or plain or "rgba", []).append((number, channel))
        return found

    def _views(self, part: Part) -> tuple[str, ...]:
        """The views that share a part: `view` names the one of a part, `multiView` those of a file.

        Source: "Storing Multi-View Images in OpenEXR Files", openexr.com.
        """
        one, many = part.header.get("view"), part.header.get("multiView")
        alone = (one,) if isinstance(one, str) and one else ()
        shared = tuple(name for name in many if name) if isinstance(many, list) else ()
        return (alone or shared) if len(self.parts) > 1 else (shared or alone)

    def attribute(self, name: str) -> Any:
        return self.parts[0].header.get(name)


def split_view(channel: str, views: tuple[str, ...]) -> tuple[str, str]:
    """(layer, view) of a channel's full name; each is empty where the name has none.

    The view stands last but one, 'diffuse.right.G'; some programs put it first, 'right.diffuse.G'.
    """
    path = channel.split(".")[:-1]
    if path and path[-1] in views:
        return ".".join(path[:-1]), path[-1]
    if path and path[0] in views:
        return ".".join(path[1:]), path[0]
    return ".".join(path), ""


def read(path: Path) -> Frame:
    """Read a whole frame.

    Raises:
        SourceError: the file is missing, empty, no EXR, cut off, broken inside, deep, or holds
            chroma-subsampled channels.
    """
    header = _checked_header(path)
    try:
        # separate_channels: the default packs R, G, B, A into one array and loses their own types
        with OpenEXR.File(str(path), separate_channels=True) as file:
            frame = Frame([_part(part, path) for part in file.parts], header)
    except _BROKEN as error:
        raise _unreadable(path, header) from error
    # OpenEXR 3.5 does not raise when decoding fails: it returns fewer parts
    if len(frame.parts) != len(header.parts):
        raise _unreadable(path, header)
    return frame


def read_structure(path: Path) -> Frame:
    """Read windows, attributes and channel types, and check that the file is whole.

    No pixel is decoded: a fraction of a millisecond. Raises as `read` does, but for damage inside
    a chunk.
    """
    header = _checked_header(path)
    try:
        with OpenEXR.File(str(path), separate_channels=True, header_only=True) as file:
            frame = Frame([_structure(part, path) for part in file.parts])
    except _BROKEN as error:
        raise _unreadable(path, header) from error
    if len(frame.parts) != len(header.parts):
        raise _unreadable(path, header)
    for part, raw in zip(frame.parts, header.parts, strict=True):
        part.types.update(channel_types(raw))
    return frame


def write(path: Path, frame: Frame) -> None:
    """Write a frame and force it to disk.

    Raises:
        DiskFull: there is no space left.
        TakeError: the file cannot be written.
    """
    parts = [OpenEXR.Part(_written(part), _channels(part)) for part in frame.parts]
    try:
        path.touch()  # a missing folder or right shows here with its reason; OpenEXR gives none
        OpenEXR.File(parts).write(str(path))
        with path.open("rb+") as stream:
            os.fsync(stream.fileno())
    except (RuntimeError, OSError) as error:
        raise _unwritable(path, frame, error) from error


def new(channels: dict[str, Pixels]) -> Frame:
    """A single-part frame of these channels, ZIP, origin 0,0."""
    height, width = next(iter(channels.values())).shape
    window = Window(0, 0, width - 1, height - 1).corners()
    facts = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        "dataWindow": window,
        "displayWindow": window,
    }
    return Frame([Part(facts, {}, dict(channels))])


def copy(frame: Frame) -> Frame:
    """The same frame to be changed on its own: parts and headers anew, arrays shared."""
    parts = [Part(dict(one.header), dict(one.types), dict(one.channels)) for one in frame.parts]
    return Frame(parts, frame.source)


def set_window(part: Part, data: Window, display: Window) -> None:
    """Give a part other windows; its channels must have the data window's size.

    All parts of a file share one display window: set it in each.
    """
    part.header["dataWindow"] = data.corners()
    part.header["displayWindow"] = display.corners()


def union(windows: Iterable[Window]) -> Window:
    """The least window that holds all of these; at least one."""
    lefts, tops, rights, bottoms = zip(*(one.as_list() for one in windows), strict=True)
    return Window(min(lefts), min(tops), max(rights), max(bottoms))


def placed(part: Part, window: Window) -> dict[str, Pixels]:
    """A part's channels in a window that holds its own, in their own types; 0 around them.

    0 is what EXR's readers show outside the data window.
    """
    own = part.data_window
    left, top = own.left - window.left, own.top - window.top
    found = {}
    for name, pixels in part.channels.items():
        found[name] = np.zeros((window.height, window.width), pixels.dtype)
        found[name][top : top + own.height, left : left + own.width] = pixels
    return found


def compress(frame: Frame, name: str) -> None:
    """Have all parts stored in one of COMPRESSIONS.

    Raises:
        JobError: there is none of this name; one that loses pixels is not among them.
    """
    if name not in COMPRESSIONS:
        raise JobError(
            f"A take cannot be compressed with '{name}'.",
            remedy=f"Choose one of {', '.join(COMPRESSIONS)}: they keep every pixel.",
        )
    codec = "NO" if name == "none" else name.upper()
    for part in frame.parts:
        part.header["compression"] = getattr(OpenEXR, f"{codec}_COMPRESSION")


def lossy(frame: Frame) -> str | None:
    """The first codec in the frame that would change pixels on writing, or None."""
    codecs = (part.compression for part in frame.parts)
    return next((codec for codec in codecs if codec not in _LOSSLESS), None)


def make_lossless(frame: Frame) -> None:
    """Replace lossy codecs by ZIP: a take's pixels must be those that were signed."""
    for part in frame.parts:
        if part.compression not in _LOSSLESS:
            part.header["compression"] = OpenEXR.ZIP_COMPRESSION


def digest(frame: Frame) -> str:
    """SHA-256 over the decoded pixels: windows, then every channel's name, type and samples.

    Parts in their order, channels by name, samples little-endian, row by row. Names of parts,
    compression and other attributes stay outside, so that a lossless re-save keeps the digest.
    """
    total = hashlib.sha256(b"answerprint.pixels/v1")
    for number, part in enumerate(frame.parts):
        for name in sorted(part.channels):
            pixels = part.channels[name]
            facts = [
                number,
                name,
                pixels.dtype.name,
                part.data_window.as_list(),
                part.display_window.as_list(),
            ]
            total.update(json.dumps(facts, ensure_ascii=True).encode())
            total.update(np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<")).data)
    return total.hexdigest()


def changed_attributes(frame: Frame, path: Path) -> list[str]:
    """Attributes that the file at `path` lacks, or holds otherwise than the frame's own file did.

    Compared byte for byte, part by part; what belongs to the encoding itself is left out.
    """
    if frame.source is None:
        return []
    source, written = frame.source, read_header(path)
    return sorted(
        {
            name
            for before, after in zip(source.parts, written.parts, strict=True)
            for name, attribute in before.items()
            if name not in STRUCTURE and after.get(name) != attribute
        }
    )


def _checked_header(path: Path) -> Header:
    header = read_header(path)
    if header.deep:
        raise SourceError(
            f"{path.as_posix()} is a deep EXR.",
            remedy="Flatten it first, in Nuke with DeepToImage, and give the flat sequence.",
        )
    check_whole(path, header)
    return header


def _part(part: OpenEXR.Part, path: Path) -> Part:
    structure = _structure(part, path)
    for name, channel in part.channels.items():
        structure.channels[name] = channel.pixels
        structure.types[name] = _TYPES[channel.pixels.dtype.name]
    return structure


def _structure(part: OpenEXR.Part, path: Path) -> Part:
    header = dict(part.header)
    channels = header.pop("channels", [])
    for channel in channels:
        if (channel.xSampling, channel.ySampling) != (1, 1):
            raise SourceError(
                f"In {path.as_posix()}, channel {channel.name} is chroma-subsampled "
                f"({channel.xSampling}x{channel.ySampling}).",
                remedy="Convert the plate to full-resolution RGB first.",
            )
    return Part(header)


def _written(part: Part) -> dict[str, Any]:
    header = dict(part.header)
    tiles = header.get("tiles")
    if tiles is not None:  # only the full-resolution level is carried
        header["tiles"] = plain = OpenEXR.TileDescription()
        plain.xSize, plain.ySize, plain.mode = tiles.xSize, tiles.ySize, OpenEXR.ONE_LEVEL
        plain.roundingMode = tiles.roundingMode
    header.pop("chunkCount", None)
    # OpenEXR cannot write an empty list; `changed_attributes` names it
    return {name: value for name, value in header.items() if not _is_empty_list(value)}


def _is_empty_list(value: Any) -> bool:
    return isinstance(value, list) and not value


def _channels(part: Part) -> dict[str, Pixels]:
    return {name: np.ascontiguousarray(pixels) for name, pixels in part.channels.items()}


def _window(corners: Any) -> Window:
    (left, top), (right, bottom) = corners
    return Window(int(left), int(top), int(right), int(bottom))


def _without_word(name: str, view: str | None) -> str:
    """A part's name without its view at the end or the beginning: 'depth' for 'depth.left'."""
    if not view:
        return name
    word = re.escape(view)
    return re.sub(rf"(^|[._ ]){word}$|^{word}[._ ]", "", name, count=1, flags=re.IGNORECASE)


def _unreadable(path: Path, header: Header) -> SourceError:
    tiles = [part["tiles"].value for part in header.parts if "tiles" in part]
    if any(value[8:] and value[8] & 0x0F for value in tiles):  # the level mode; 0 is one level
        return SourceError(
            f"{path.as_posix()} is mip-mapped or rip-mapped, and its levels cannot be decoded.",
            remedy="Write its full resolution as a plain EXR, or render the frame again.",
        )
    return SourceError(
        f"{path.as_posix()} is damaged: its pixels cannot be decoded.", remedy=RENDER_AGAIN
    )


def _unwritable(path: Path, frame: Frame, error: Exception) -> TakeError:
    folder = path.parent.as_posix()
    if documents.no_space(error) or _too_large(frame, path.parent):
        return DiskFull(
            f"No space is left in {folder}: {path.name} could not be written.",
            remedy="Free some space, then finish the take with 'answerprint run --resume TAKE'. "
            "Finished frames are kept.",
        )
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return TakeError(
        f"{path.as_posix()} cannot be written: {reason}.",
        remedy="Check that the folder is there and that you may write in it.",
    )


def _too_large(frame: Frame, folder: Path) -> bool:
    """Whether the disk is why a write failed: OpenEXR keeps errno to itself, so the disk is asked."""
    size = sum(pixels.nbytes for part in frame.parts for pixels in part.channels.values())
    return folder.is_dir() and shutil.disk_usage(folder).free < size


def set_threads(count: int) -> None:
    """How many threads OpenEXR itself may use for one frame; 0 means the calling thread alone."""
    OpenEXR.set_global_thread_count(count)


def channel_pixels(frame: Frame, where: list[tuple[int, str]]) -> Iterator[Pixels]:
    for number, name in where:
        yield frame.parts[number].channels[name]
