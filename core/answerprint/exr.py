"""EXR files: read into frames and written back, with nothing lost. The only importer of OpenEXR."""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR

from answerprint import documents, steady
from answerprint.errors import DiskFull, JobError, SourceError, TakeError
from answerprint.header import RENDER_AGAIN, Header, channel_types, check_whole, read_header
from answerprint.picture import (
    Frame,
    Part,
    Pixels,
    Window,
    channel_pixels,
    copy,
    digest,
    set_window,
    split_view,
    union,
)

# a frame and its file are one thing to whoever reads or writes it
__all__ = [
    "COMPRESSIONS",
    "LIBRARY_ZIP_LEVEL",
    "STRUCTURE",
    "Frame",
    "Part",
    "Pixels",
    "Window",
    "changed_attributes",
    "channel_pixels",
    "compress",
    "copy",
    "digest",
    "lossy",
    "make_lossless",
    "new",
    "read",
    "read_structure",
    "set_threads",
    "set_window",
    "set_zip_level",
    "split_view",
    "union",
    "write",
]

# Codecs that give back every sample. Of the others B44, DWA and LJ2K change pixels when they are
# written, and PXR24 does so for 32-bit floats; one that is not known here may.
_LOSSLESS = ("NO", "RLE", "ZIPS", "ZIP", "PIZ", "ZSTD", "HTJ2K32", "HTJ2K256")
# Codecs that a take may be stored in, by the names that artists know
COMPRESSIONS = ("none", "rle", "zips", "zip", "piz")
LIBRARY_ZIP_LEVEL = 4
# What OpenEXR decides anew for each file; everything else in a header is the artist's.
STRUCTURE = {"channels", "chunkCount", "compression", "lineOrder", "tiles", "type", "version"}


# What OpenEXR raises for a file that it cannot read
_BROKEN = (RuntimeError, ValueError, OSError, TypeError, ArithmeticError, MemoryError)

_TYPES = {"uint32": "uint", "float16": "half", "float32": "float"}


def read(path: Path) -> Frame:
    """Read a whole frame. One that has just been written is left alone for 10 ms first: see `steady`.

    Raises:
        SourceError: the file is missing, empty, no EXR, cut off, broken inside, deep, holds
            chroma-subsampled channels, or goes on changing while it is read.
    """
    return steady.read(path, lambda: _read(path))


def read_structure(path: Path) -> Frame:
    """Read windows, attributes and channel types, and check that the file is whole.

    No pixel is decoded: a fraction of a millisecond. Raises as `read` does, but for damage inside
    a chunk.
    """
    return steady.read(path, lambda: _read_structure(path))


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


def _read(path: Path) -> Frame:
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


def _read_structure(path: Path) -> Frame:
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


def set_zip_level(level: int) -> int:
    """How hard ZIP and ZIPS try, 1 to 9; returns what it was. The pixels are the same with any.

    OpenEXR's own 4 takes half as long again as 1 to write, for files that are 1 to 7 % smaller.
    The module for Python does not say it, its library does (exr_set_default_zip_compression_level
    in openexr_base.h); where a build hides that, everything stays as it is.
    """
    library = ctypes.CDLL(OpenEXR.__file__)
    before = ctypes.c_int(LIBRARY_ZIP_LEVEL)
    try:
        library.exr_get_default_zip_compression_level(ctypes.byref(before))
        library.exr_set_default_zip_compression_level(ctypes.c_int(level))
    except AttributeError:
        return LIBRARY_ZIP_LEVEL
    return before.value
