"""Proxies: a frame made small for the review page, in half floats and scene-linear, kept once made.

A proxy's pixel is the mean of `step` x `step` pixels of its frame, no more and no less: what the
page shows at 1:1 are the file's own pixels. Light is in the space of the configuration's role
scene_linear; what holds numbers stays as it is.

A file of the cache is one line of JSON after its name, then the halves: rows from top to bottom,
R G B of each pixel, little-endian. It gets its name when it is whole, and one that is shorter or
longer than its line says is none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint import documents, halves, thumbnail
from answerprint.errors import TakeError
from answerprint.picture import Window

MAGIC = b"answerprint.proxy/v1 "
MOST_HEAD = 1 << 16
MOST_WIDTH = 16_384
MOST_FILES, MOST_BYTES = 20_000, 4 << 30
GREATEST = 65504.0  # what a half can hold

DATA, PICTURE, ASSUMED = "data", "picture", "assumed scene-linear"

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Head:
    """What is known of a proxy's pixels.

    width, height   of the proxy
    step            pixels of the frame along an edge of one of its own; the last row and column
                    may stand for fewer
    window          where the frame's pixels lie, as EXR counts them: left, top, right, bottom
    display         the frame's display window, likewise
    space           the colour space they are in; 'data' where they are numbers, 'picture' where
                    they are what a screen shows, 0 to 1
    layer           whose pixels they are; channels: which of them, one of them as grey
    least, greatest of the finite ones in the frame itself; 0 where there is none
    notes           what is to be said of them, in words
    """

    width: int
    height: int
    step: int
    window: tuple[int, int, int, int]
    display: tuple[int, int, int, int]
    space: str
    layer: str
    channels: tuple[str, ...]
    least: float = 0.0
    greatest: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def is_data(self) -> bool:
        return self.space == DATA

    @property
    def bytes(self) -> int:
        return self.width * self.height * 3 * 2


@dataclass(frozen=True)
class Proxy:
    """A proxy as it lies on disk. `tag`: another one whenever its pixels may be others."""

    path: Path
    head: Head
    start: int

    @property
    def tag(self) -> str:
        return self.path.stem

    def body(self) -> bytes:
        """The halves, as the page takes them.

        Raises:
            TakeError: they are gone, or cut off.
        """
        try:
            with self.path.open("rb") as stream:
                stream.seek(self.start)
                found = stream.read(self.head.bytes + 1)
        except OSError:  # the cache was cleared a moment ago
            found = b""
        if len(found) != self.head.bytes:
            raise TakeError(
                f"The proxy {self.path.as_posix()} is not there any more.",
                remedy="Ask once more: it is made anew.",
            )
        return found

    def pixels(self) -> NDArray[np.float16]:
        """(height, width, 3)."""
        return np.frombuffer(self.body(), "<f2").reshape(self.head.height, self.head.width, 3)


@dataclass(frozen=True)
class Cache:
    """Proxies that were made; those that were looked at last stay."""

    folder: Path
    most_files: int = MOST_FILES
    most_bytes: int = MOST_BYTES

    def place(self, *key: Any) -> Path:
        """Where the proxy of these facts lies, if it was made."""
        text = json.dumps(key).encode("utf-8", "replace")
        return self.folder / f"{hashlib.sha256(text).hexdigest()[:40]}.proxy"

    def find(self, place: Path) -> Proxy | None:
        """None where it is not there, was not finished, or is none of ours."""
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            with place.open("rb") as stream:
                line = stream.readline(MOST_HEAD)
                start, size = stream.tell(), os.fstat(stream.fileno()).st_size
            if not line.startswith(MAGIC) or not line.endswith(b"\n"):
                return None
            head = _head(json.loads(line[len(MAGIC) :]))
            if size == start + head.bytes:
                os.utime(place)
                return Proxy(place, head, start)
        return None

    def keep(self, place: Path, head: Head, pixels: NDArray[np.float16]) -> Proxy:
        """Raises TakeError: the folder cannot be written; DiskFull if there is no space."""
        line = MAGIC + json.dumps(asdict(head)).encode() + b"\n"
        aside = self.folder / f".{uuid.uuid4().hex}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                with aside.open("wb") as stream:
                    stream.write(line)
                    stream.write(np.ascontiguousarray(pixels, "<f2").data)
                aside.replace(place)
            finally:
                aside.unlink(missing_ok=True)
            thumbnail.trim(self.folder, place, self.most_files, self.most_bytes)
        except OSError as error:
            raise documents.unwritable(self.folder, error) from error
        return Proxy(place, head, len(line))


def step_for(window: Window, width: int) -> int:
    """The whole number of pixels that one of a proxy stands for: it is at least `width` wide."""
    return max(1, window.width // max(1, min(width, MOST_WIDTH)))


def shrunk(image: Floats, step: int) -> Floats:
    """(height, width, channels) as the means of squares; those at the right and below may be cut.

    NaN makes its own square NaN and no other: nothing is hidden by being made small.
    """
    if step == 1:
        return image
    high, wide, depth = image.shape
    rows, columns = -(-high // step), -(-wide // step)
    total = np.zeros((rows, columns, depth), np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        for y in range(min(step, high)):
            for x in range(min(step, wide)):
                piece = image[y::step, x::step]
                total[: piece.shape[0], : piece.shape[1]] += piece
        down = np.minimum(step, high - np.arange(rows) * step)
        across = np.minimum(step, wide - np.arange(columns) * step)
        total /= np.outer(down, across).astype(np.float32)[..., None]
    return total


def halved(image: Floats) -> NDArray[np.float16]:
    """As halves that a graphics card can interpolate: what is beyond them, inf too, is the greatest."""
    return halves.narrow(np.clip(image, -GREATEST, GREATEST))


def extremes(image: Floats) -> tuple[float, float]:
    """Least and greatest of the finite samples; 0 where there is none."""
    low, high = float(image.min(initial=0)), float(image.max(initial=0))
    if np.isfinite(low) and np.isfinite(high):
        return float(image.min()), float(image.max())
    finite = image[np.isfinite(image)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _head(said: dict[str, Any]) -> Head:
    """Raises KeyError, TypeError, ValueError: it is none."""
    left, top, right, bottom = map(int, said["window"])
    display = tuple(map(int, said["display"]))
    head = Head(
        **{
            **said,
            "window": (left, top, right, bottom),
            "display": (display[0], display[1], display[2], display[3]),
            "channels": _texts(said["channels"]),
            "notes": _texts(said["notes"]),
        }
    )
    if not (0 < head.width <= MOST_WIDTH * 2 and 0 < head.height <= MOST_WIDTH * 2):
        raise ValueError("no proxy has this size")
    return head


def _texts(said: Iterable[Any]) -> tuple[str, ...]:
    return tuple(map(str, said))
