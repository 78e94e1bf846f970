"""Tiles: a frame in pieces that fit the model's memory, and whole again without seams.

Each piece is seen with what lies around it. At the frame's borders a piece is moved inwards rather
than filled up: the model sees the true border there, as it does in a whole frame, and every piece
has one size. Pieces begin at multiples of `cut.multiple`, so strides fall where they would fall in
the whole frame. Neighbours are blended over 2 * `cut.overlap` pixels.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from answerprint.contract import Cut
from answerprint.errors import InferenceError

Floats = NDArray[np.float32]
Images = dict[str, Floats]

LEAST_TILE = 64


@dataclass(frozen=True)
class Span:
    """A tile along one direction, in pixels of the frame; ends are not included.

    start, end    what the model sees; beyond the frame it is reflected
    first, last   what is kept of it
    blend         so many pixels from `first` on are blended with the tile before
    """

    start: int
    end: int
    first: int
    last: int
    blend: int


@dataclass(frozen=True)
class Tile:
    rows: Span
    columns: Span


def run(
    images: Images,
    infer: Callable[[Images], Images],
    *,
    cut: Cut,
    scale: Mapping[str, int],
    tile: int | None = None,
) -> Images:
    """What `infer` makes of a frame, cut as the model needs it.

    images   input -> float32 (height, width, channels) or (frames, height, width, channels), all
             of one height and width, in whatever encoding the model takes; at least one
    infer    the model on one piece; pieces are C-contiguous
    scale    output -> how many times larger than its input it is; one that is not named here has
             a size of its own, and comes back as it is from a frame that need not be cut
    tile     edge of a piece instead of the contract's own

    Returns output -> float32 of the frame's size times its scale. Memory: the outputs, one piece
    and, where overlap is blended, a strip of its height.

    Raises:
        InferenceError: an output has another size than its piece times its scale, has a size of
            its own where the frame is cut, or pieces differ in the outputs that they have.
    """
    height, width = next(iter(images.values())).shape[-3:-1]
    tiles = plan(height, width, cut=cut, tile=tile)
    if len(tiles) == 1:
        found = _answer(images, infer, tiles[0], (height, width), scale)
        return {name: _crop(one, height, width, scale.get(name)) for name, one in found.items()}
    canvases: dict[str, _Canvas] = {}
    for one in tiles:
        found = _answer(images, infer, one, (height, width), scale)
        if not canvases:
            canvases = {
                name: _Canvas(image, (height, width), scale[name], 2 * cut.overlap)
                for name, image in found.items()
            }
        if found.keys() != canvases.keys():
            raise _broken(f"outputs {', '.join(found)} for one tile, {', '.join(canvases)} before")
        for name, image in found.items():
            canvases[name].lay(one, image, name)
    return {name: canvas.image for name, canvas in canvases.items()}


def plan(height: int, width: int, *, cut: Cut, tile: int | None = None) -> list[Tile]:
    """The tiles of a frame, row by row from the top left; one if it need not be cut."""
    edge = cut.tile if tile is None else tile
    return [
        Tile(rows, columns)
        for rows in _spans(height, cut, edge)
        for columns in _spans(width, cut, edge)
    ]


def smaller(cut: Cut, tile: int | None) -> int | None:
    """The next smaller tile to try when memory did not do; None if there is none."""
    edge = cut.tile if tile is None else tile
    half = max(edge // 2, LEAST_TILE, cut.multiple)
    return half if cut.mode == "tiles" and half < edge else None


def _spans(length: int, cut: Cut, edge: int) -> list[Span]:
    """One direction in spans of one size, evenly spread; neighbours meet amid what both see."""
    padded = _up(length, cut.multiple)
    step = max(edge // cut.multiple, 1) * cut.multiple
    size = step + 2 * _up(cut.context + cut.overlap, cut.multiple)
    if cut.mode == "whole" or padded <= size:
        return [Span(0, padded, 0, length, 0)]
    gaps = -(-(padded - size) // step)
    starts = [(padded - size) * index // gaps for index in range(gaps + 1)]
    starts = [start // cut.multiple * cut.multiple for start in starts]
    meets = [(one + size + other) // 2 for one, other in itertools.pairwise(starts)]
    firsts = [0, *(meet - cut.overlap for meet in meets)]
    lasts = [*(meet + cut.overlap for meet in meets), length]
    return [
        Span(start, start + size, first, last, 2 * cut.overlap if first else 0)
        for start, first, last in zip(starts, firsts, lasts, strict=True)
    ]


def _up(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple


def _crop(image: Floats, height: int, width: int, scale: int | None) -> Floats:
    """An output without what the multiple added to it."""
    return image if scale is None else image[..., : height * scale, : width * scale, :]


def _answer(
    images: Images,
    infer: Callable[[Images], Images],
    tile: Tile,
    frame: tuple[int, int],
    scale: Mapping[str, int],
) -> Images:
    """The model's outputs for one tile, of the size that they must have."""
    found = infer({name: _piece(image, tile, frame) for name, image in images.items()})
    high, wide = tile.rows.end - tile.rows.start, tile.columns.end - tile.columns.start
    for name, image in found.items():
        if name not in scale:
            if high < frame[0] or wide < frame[1]:
                raise _broken(f"{name} of a size of its own, which cannot be put together of tiles")
            continue
        wanted = high * scale[name], wide * scale[name]
        if image.ndim not in (3, 4) or image.shape[-3:-1] != wanted:
            raise _broken(
                f"{name} of shape {image.shape} for a piece of {wide}x{high}; "
                f"{wanted[1]}x{wanted[0]} was due"
            )
    return found


def _piece(image: Floats, tile: Tile, frame: tuple[int, int]) -> Floats:
    """What the model sees of one image; reflected beyond the frame, as often as it takes."""
    (top, down), (left, right) = (
        _reach(span, length) for span, length in zip((tile.rows, tile.columns), frame, strict=True)
    )
    held = image[..., top : tile.rows.end, left : tile.columns.end, :]
    if down or right:  # pad copies in any case
        beyond = [(0, 0)] * (image.ndim - 3) + [(0, down), (0, right), (0, 0)]
        held = np.pad(held, beyond, "symmetric")
        held = held[..., tile.rows.start - top :, tile.columns.start - left :, :]
    return np.ascontiguousarray(held)


def _reach(span: Span, length: int) -> tuple[int, int]:
    """Where to begin reading, and how much to reflect: as much must be read as is reflected."""
    beyond = max(span.end - length, 0)
    return min(span.start, max(length - beyond, 0)), beyond


class _Canvas:
    """One output of the whole frame, growing tile by tile.

    A row of tiles is blended with the row above only when it is complete from left to right: until
    then its upper edge waits in `strip`.
    """

    def __init__(self, like: Floats, frame: tuple[int, int], scale: int, blend: int) -> None:
        *frames, _, _, channels = like.shape
        height, width = frame[0] * scale, frame[1] * scale
        self.image: Floats = np.empty((*frames, height, width, channels), np.float32)
        self.strip: Floats = np.empty((*frames, blend * scale, width, channels), np.float32)
        self.scale, self.width = scale, frame[1]

    def lay(self, tile: Tile, image: Floats, name: str) -> None:
        """Put the part of a tile's answer that is kept in its place."""
        rows, columns, scale = tile.rows, tile.columns, self.scale
        if (*image.shape[:-3], image.shape[-1]) != (*self.image.shape[:-3], self.image.shape[-1]):
            raise _broken(f"{name} of shape {image.shape} after tiles of other frames or channels")
        kept = image[
            ...,
            (rows.first - rows.start) * scale : (rows.last - rows.start) * scale,
            (columns.first - columns.start) * scale : (columns.last - columns.start) * scale,
            :,
        ]
        waits, top, bottom = rows.blend * scale, rows.first * scale, rows.last * scale
        left, blend = columns.first * scale, columns.blend * scale
        _join(self.image[..., top + waits : bottom, :, :], kept[..., waits:, :, :], left, blend)
        if not waits:
            return
        _join(self.strip, kept[..., :waits, :, :], left, blend)
        if columns.last == self.width:
            above = self.image[..., top : top + waits, :, :]
            _blend(above, self.strip, _ramp(waits)[:, None, None])


def _join(row: Floats, piece: Floats, left: int, blend: int) -> None:
    """Put a piece into a row from `left` on, blended with what is there for so many samples."""
    middle, right = left + blend, left + piece.shape[-2]
    _blend(row[..., left:middle, :], piece[..., :blend, :], _ramp(blend)[:, None])
    row[..., middle:right, :] = piece[..., blend:, :]


def _blend(before: Floats, after: Floats, weight: Floats) -> None:
    """Go from one image to the other, in place; where both are equal nothing changes.

    An inf on one side would make NaN: there the nearer one stands.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        mixed = before + weight * (after - before)
    nearer = np.where(weight < 0.5, before, after)
    before[...] = np.where(np.isfinite(mixed), mixed, nearer)


def _ramp(count: int) -> Floats:
    """Weights of the later tile: evenly from just above 0 to just below 1."""
    return (np.arange(count, dtype=np.float32) + np.float32(0.5)) / np.float32(max(count, 1))


def _broken(what: str) -> InferenceError:
    return InferenceError(
        f"The model returned {what}.",
        remedy="Tell the pipeline team: the model breaks its contract.",
    )
