"""The tree that an OpenVDB file holds voxels in, out of a dense array and its mask."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint.vdbstream import packed_bits, run
from answerprint.vdbtree import LEAF, LOWER, UPPER

Array = NDArray[Any]
Mask = NDArray[np.bool_]
_WHOLE = 6  # of a node's values: all of them follow
_CHOSEN = 3  # the active ones follow; of the others a mask tells which are background and which its negative
_SIDE = LOWER // LEAF  # leaves along a node
Place = tuple[int, ...]


@dataclass
class _Region:
    """The leaves that may be in one node: their slots, values (n, 512, size) and masks (n, 512)."""

    slots: NDArray[np.int64]
    values: Array
    active: Mask


@dataclass
class _Lower:
    """16^3 slots, 8 voxels wide: leaves (`child`), else tiles."""

    child: Mask
    active: Mask
    values: Array
    masks: bytes
    leaves: list[bytes]


@dataclass
class _Upper:
    """32^3 slots, 128 voxels wide."""

    lowers: dict[int, _Lower] = field(default_factory=dict)
    tiles: dict[int, tuple[bool, Array]] = field(default_factory=dict)


def tree(
    values: Array, active: Mask, origin: Place, background: Array, *, half: bool
) -> tuple[list[bytes], list[bytes]]:
    """The parts of a tree's topology, and those of its leaves' values.

    values      (z, y, x, size); the first is at `origin` (x, y, z)
    background  (size,)
    """
    stored = np.dtype(np.float32) if half else values.dtype
    uppers: dict[Place, _Upper] = {}
    for place in _places(values.shape[2::-1], origin):
        region = _region(values, active, tuple(np.subtract(place, origin)), background)
        if region is None:
            continue
        root = tuple(one // UPPER * UPPER for one in place)
        x, y, z = ((one - base) // LOWER for one, base in zip(place, root, strict=True))
        _hang(uppers.setdefault(root, _Upper()), (x * 32 + y) * 32 + z, region, background, place)
    top = [struct.pack("<i", 1), background.astype(stored).tobytes()]
    top.append(struct.pack("<II", 0, len(uppers)))
    leaves: list[bytes] = []
    for root in sorted(uppers):
        top.append(struct.pack("<3i", *root))
        top += _upper(uppers[root], background)
        for slot in sorted(uppers[root].lowers):
            leaves += uppers[root].lowers[slot].leaves
    return top, leaves


def _places(size: tuple[int, ...], origin: Place) -> list[Place]:
    """Where the 128-wide nodes begin that the voxels lie in."""
    return list(
        product(
            *(
                range(first // LOWER * LOWER, first + count, LOWER)
                for first, count in zip(origin, size, strict=True)
            )
        )
    )


def _region(values: Array, active: Mask, low: Place, background: Array) -> _Region | None:
    """What of the voxels lies in the 128^3 from `low` on; None: nothing but background."""
    starts = [max(0, first) for first in low[::-1]]
    stops = [min(n, first + LOWER) for first, n in zip(low[::-1], active.shape, strict=True)]
    inside = tuple(map(slice, starts, stops))
    found, on = values[inside], active[inside]
    if not on.any() and _same(found, background).all():
        return None
    # in whole leaves, of which the outermost may lie partly beyond the voxels there are
    first = [(start - one) // LEAF for start, one in zip(starts, low[::-1], strict=True)]
    last = [-((one - stop) // LEAF) for stop, one in zip(stops, low[::-1], strict=True)]
    blocks = [stop - start for start, stop in zip(first, last, strict=True)]
    if on.shape != tuple(LEAF * one for one in blocks):
        edge = [
            slice(start - one - LEAF * block, stop - one - LEAF * block)
            for start, stop, one, block in zip(starts, stops, low[::-1], first, strict=True)
        ]
        padded = np.empty((*(LEAF * one for one in blocks), len(background)), values.dtype)
        padded[:] = background
        padded[tuple(edge)] = found
        marks = np.zeros(padded.shape[:3], np.bool_)
        marks[tuple(edge)] = on
        found, on = padded, marks
    z, y, x = (np.arange(start, stop) for start, stop in zip(first, last, strict=True))
    slots = (x[:, None, None] * _SIDE + y[:, None]) * _SIDE + z
    return _Region(slots.reshape(-1), _cubes(found), _cubes(on[..., None])[..., 0])


def _cubes(found: Array) -> Array:
    """(leaves, 512, size), x slowest, of (z, y, x, size)."""
    z, y, x = (one // LEAF for one in found.shape[:3])
    split = found.reshape(z, LEAF, y, LEAF, x, LEAF, -1)
    return split.transpose(4, 2, 0, 5, 3, 1, 6).reshape(x * y * z, LEAF**3, -1)


def _hang(upper: _Upper, slot: int, region: _Region, background: Array, place: Place) -> None:
    values, active = region.values, region.active
    uniform = _uniform(values, active)
    firsts, on = values[:, 0], active[:, 0]
    alike = uniform.all() and _same(firsts, firsts[0]).all() and (on == on[0]).all()
    if alike and len(uniform) == _SIDE**3:
        upper.tiles[slot] = (bool(on[0]), firsts[0])
        return
    masks = packed_bits(active[~uniform])
    if values.dtype == np.bool_:
        slots = region.slots[~uniform]
        at = np.stack((slots // _SIDE**2, slots // _SIDE % _SIDE, slots % _SIDE), 1)
        leaves = _bools(values[~uniform, :, 0], masks, at * LEAF + place)
    else:
        packed = packed_nodes(values[~uniform], active[~uniform], background)
        leaves = [masks[64 * index : 64 * index + 64] + one for index, one in enumerate(packed)]
    child, tile = np.zeros((2, _SIDE**3), np.bool_)
    child[region.slots[~uniform]] = True
    tile[region.slots[uniform]] = on[uniform]
    tiles = np.empty((_SIDE**3, len(background)), background.dtype)
    tiles[:] = background
    tiles[region.slots[uniform]] = firsts[uniform]
    upper.lowers[slot] = _Lower(child, tile, tiles, masks, leaves)


def _bools(values: Mask, masks: bytes, places: NDArray[np.int64]) -> list[bytes]:
    packed, at = packed_bits(values), places.astype("<i4")
    return [
        masks[64 * index : 64 * index + 64]
        + at[index].tobytes()
        + packed[64 * index : 64 * index + 64]
        for index in range(len(values))
    ]


def _upper(upper: _Upper, background: Array) -> list[bytes]:
    count = (UPPER // LOWER) ** 3
    child, active = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    values = np.empty((count, len(background)), background.dtype)
    values[:] = background
    child[list(upper.lowers)] = True
    for slot, (on, value) in upper.tiles.items():
        active[slot], values[slot] = on, value
    parts = [_inner(child, active, values, background)]
    for slot in sorted(upper.lowers):
        lower = upper.lowers[slot]
        parts += [_inner(lower.child, lower.active, lower.values, background), lower.masks]
    return parts


def _inner(child: Mask, active: Mask, values: Array, background: Array) -> bytes:
    packed = packed_nodes(values[None], active[None], background)[0]
    return packed_bits(child) + packed_bits(active) + packed


def packed_nodes(values: Array, active: Mask, background: Array) -> list[bytes]:
    """Of each node (nodes, count, size): how its inactive values are told, and those that follow."""
    how, chosen = _told(values, active, background)
    stored = active | (how == _WHOLE)[:, None]
    kept = values if stored.all() else values[stored]
    flat = np.ascontiguousarray(kept).reshape(-1).view(np.uint8).data
    width = values.shape[2] * values.dtype.itemsize
    parts = []
    start = 0
    for index, count in enumerate(stored.sum(1).tolist()):
        way, end = int(how[index]), start + count * width
        mask = packed_bits(chosen[index]) if way == _CHOSEN else b""
        # OpenVDB expects no run of no half floats, and an empty one of others.
        none = end == start and values.dtype == np.float16
        packed = b"" if none else run(flat[start:end], width)
        parts.append(b"".join((bytes((way,)), mask, packed)))
        start = end
    return parts


def _told(values: Array, active: Mask, background: Array) -> tuple[NDArray[np.int64], Mask]:
    """In what way each node's inactive values are told, and which of them are background."""
    how = np.zeros(len(values), np.int64)
    if active.all():
        return how, active
    minus = ~background if values.dtype == np.bool_ else np.negative(background)
    plain = _same(values, background) & ~active
    negative = _same(values, minus) & ~active
    how[:] = _WHOLE
    how[(active | plain | negative).all(1)] = _CHOSEN
    how[(active | negative).all(1)] = 1
    how[(active | plain).all(1)] = 0
    return how, plain


def _uniform(values: Array, active: Mask) -> Mask:
    """Which nodes have one value, in voxels that are all active or all not."""
    found = _same(values[:, 0], values[:, -1]) & (active[:, 0] == active[:, -1])
    some = values[found], active[found]
    found[found] = _same(some[0], some[0][:, :1]).all(1) & (some[1] == some[1][:, :1]).all(1)
    return np.asarray(found)


def _same(values: Array, other: Array) -> Mask:
    """By their bytes, so that a negative zero and NaN stay what they are; over the last axis."""
    kind = f"u{values.dtype.itemsize}"
    equal = np.ascontiguousarray(values).view(kind) == np.ascontiguousarray(other).view(kind)
    return np.asarray(equal[..., 0] if equal.shape[-1] == 1 else equal.all(-1))
