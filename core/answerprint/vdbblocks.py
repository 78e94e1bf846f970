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
Place = tuple[int, ...]


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


def _region(
    values: Array, active: Mask, low: Place, background: Array
) -> tuple[Array, Mask] | None:
    """128^3 voxels as (4096, 512, size) and (4096, 512), x slowest; None: nothing but background."""
    inside = tuple(
        slice(max(0, first), min(count, first + LOWER))
        for first, count in zip(low[::-1], active.shape, strict=True)
    )
    found, on = values[inside], active[inside]
    if not on.any() and _same(found, background).all():
        return None
    side = LOWER // LEAF
    if on.shape != (LOWER,) * 3:
        within = tuple(
            slice(one.start - first, one.stop - first)
            for one, first in zip(inside, low[::-1], strict=True)
        )
        padded = np.empty((LOWER,) * 3 + background.shape, values.dtype)
        padded[:] = background
        padded[within] = found
        marks = np.zeros((LOWER,) * 3, np.bool_)
        marks[within] = on
        found, on = padded, marks
    cubes = found.reshape(side, LEAF, side, LEAF, side, LEAF, -1).transpose(4, 2, 0, 5, 3, 1, 6)
    masks = on.reshape(side, LEAF, side, LEAF, side, LEAF).transpose(4, 2, 0, 5, 3, 1)
    return cubes.reshape(side**3, LEAF**3, -1), masks.reshape(side**3, LEAF**3)


def _hang(
    upper: _Upper, slot: int, region: tuple[Array, Mask], background: Array, place: Place
) -> None:
    values, active = region
    uniform = _same(values, values[:, :1]).all(1) & (active == active[:, :1]).all(1)
    firsts, on = values[:, 0], active[:, 0]
    if uniform.all() and _same(firsts, firsts[0]).all() and (on == on[0]).all():
        upper.tiles[slot] = (bool(on[0]), firsts[0])
        return
    child = ~uniform
    masks = packed_bits(active[child])
    if values.dtype == np.bool_:
        slots = np.flatnonzero(child)
        places = np.stack((slots // 256, slots // 16 % 16, slots % 16), 1) * LEAF + place
        leaves = _bools(values[child, :, 0], masks, places)
    else:
        packed = packed_nodes(values[child], active[child], background)
        leaves = [masks[64 * index : 64 * index + 64] + one for index, one in enumerate(packed)]
    tiles = np.where(child[:, None], background, firsts)
    upper.lowers[slot] = _Lower(child, on & ~child, tiles, masks, leaves)


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
    minus = ~background if values.dtype == np.bool_ else np.negative(background)
    negative = _same(values, minus) & ~active
    same = _same(values, background)
    plain = active | same
    how = np.full(len(values), _WHOLE)
    how[(plain | negative).all(1)] = _CHOSEN
    how[(active | negative).all(1)] = 1
    how[plain.all(1)] = 0
    stored = active | (how == _WHOLE)[:, None]
    flat = np.ascontiguousarray(values[stored]).reshape(-1).view(np.uint8).data
    width = values.shape[2] * values.dtype.itemsize
    ends = (np.cumsum(stored.sum(1)) * width).tolist()
    parts = []
    start = 0
    for index, end in enumerate(ends):
        way = int(how[index])
        chosen = packed_bits(same[index] & ~active[index]) if way == _CHOSEN else b""
        # OpenVDB expects no run of no half floats, and an empty one of others.
        none = end == start and values.dtype == np.float16
        packed = b"" if none else run(flat[start:end], width)
        parts.append(b"".join((bytes((way,)), chosen, packed)))
        start = end
    return parts


def _same(values: Array, other: Array) -> Mask:
    """By their bytes, so that a negative zero and NaN stay what they are; over the last axis."""
    kind = f"u{values.dtype.itemsize}"
    equal = np.ascontiguousarray(values).view(kind) == np.ascontiguousarray(other).view(kind)
    return np.asarray(equal[..., 0] if equal.shape[-1] == 1 else equal.all(-1))
