"""A frame in memory: its parts, windows, layers, views, and the digest of its pixels.

Arrays keep the file's own type (float16, float32, uint32), shape (height, width), one a channel;
values are scene-linear or data exactly as the file holds them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint.header import Header

Pixels = NDArray[Any]


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
        return tiles is not None and tiles.mode.name != "ONE_LEVEL"

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


def shared(windows: Iterable[Window]) -> Window | None:
    """The greatest window that lies in all of these; None where they have nothing in common."""
    lefts, tops, rights, bottoms = zip(*(one.as_list() for one in windows), strict=True)
    left, top, right, bottom = max(lefts), max(tops), min(rights), min(bottoms)
    return Window(left, top, right, bottom) if left <= right and top <= bottom else None


def moved(pixels: Pixels, own: Window, window: Window) -> Pixels:
    """What a channel shows in another window than its own: 0 where it has no pixels, as in EXR."""
    left, top = max(own.left, window.left), max(own.top, window.top)
    right, bottom = min(own.right, window.right), min(own.bottom, window.bottom)
    found = np.zeros((window.height, window.width), pixels.dtype)
    if left <= right and top <= bottom:
        rows = slice(top - window.top, bottom - window.top + 1)
        columns = slice(left - window.left, right - window.left + 1)
        found[rows, columns] = pixels[
            top - own.top : bottom - own.top + 1, left - own.left : right - own.left + 1
        ]
    return found


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


def channel_pixels(frame: Frame, where: list[tuple[int, str]]) -> Iterator[Pixels]:
    for number, name in where:
        yield frame.parts[number].channels[name]


def _window(corners: Any) -> Window:
    (left, top), (right, bottom) = corners
    return Window(int(left), int(top), int(right), int(bottom))


def _without_word(name: str, view: str | None) -> str:
    """A part's name without its view at the end or the beginning: 'depth' for 'depth.left'."""
    if not view:
        return name
    word = re.escape(view)
    return re.sub(rf"(^|[._ ]){word}$|^{word}[._ ]", "", name, count=1, flags=re.IGNORECASE)
