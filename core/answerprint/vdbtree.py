"""Voxels of an OpenVDB grid, out of the tree that a file holds them in (root, 32^3, 16^3, 8^3).

A leaf is 8 voxels wide; a tile is a cube of one value, 8, 128 or 4096 voxels wide.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint.vdbstream import ACTIVE, Cursor, bits

LEAF, LOWER, UPPER = 8, 128, 4096  # voxels along the edge of a leaf and of the nodes above it
_BATCH = 4096  # leaves unpacked at a time: 8 MiB of numbers
Ints = NDArray[np.int64]
Box = tuple[Ints, Ints]  # first voxel, and the one behind the last; x, y, z


@dataclass(frozen=True)
class Values:
    """What one voxel's value is.

    dtype   in memory, of each of its `size` numbers
    single  where the file has one by itself; stored: in packed runs. They differ where a grid was
            saved as half floats
    flags   how runs are packed
    """

    dtype: np.dtype[Any]
    size: int
    single: np.dtype[Any]
    stored: np.dtype[Any]
    flags: int


@dataclass
class Tiles:
    places: Ints  # (n, 3) x, y, z of each one's first voxel
    span: int
    values: NDArray[Any]  # (n, size)
    active: NDArray[np.bool_]


@dataclass
class Tree:
    background: NDArray[Any]  # (size,)
    places: list[Ints] = field(default_factory=list)  # leaves, as Tiles.places, node by node
    masks: list[bytes] = field(default_factory=list)  # 64 bytes a leaf, node by node
    tiles: list[Tiles] = field(default_factory=list)

    def leaves(self) -> Ints:
        return np.concatenate([np.empty((0, 3), np.int64), *self.places])


@dataclass
class _Node:
    """One node's values as they are packed: which of its inactive ones are which, and the run."""

    dense: bool
    inactive: tuple[NDArray[Any], NDArray[Any]]
    chosen: bytes | None
    run: bytes


def topology(cursor: Cursor, values: Values) -> Tree:
    """All but the leaves' values. `cursor` stands at the tree, and then at the leaves' values."""
    if cursor.number("i") != 1:
        raise cursor.damaged("a tree has more than one set of values")
    tree = Tree(_one(cursor, values))
    tiles, children = cursor.number("I"), cursor.number("I")
    for _ in range(tiles):
        place, value = _place(cursor), _one(cursor, values)
        active = np.array([cursor.number("B") != 0])
        if active.any() or _differs(value, tree.background):
            tree.tiles.append(Tiles(place[None], UPPER, value[None], active))
    before = None
    for _ in range(children):
        place = _place(cursor)
        # Values follow in this order whatever the nodes' own is, so that another one is a lie.
        if before is not None and place.tolist() <= before:
            raise cursor.damaged("its nodes are not in order")
        before = place.tolist()
        _inner(cursor, values, tree, place, (32, 16))
    return tree


def _place(cursor: Cursor) -> Ints:
    place = cursor.array("<i4", 3).astype(np.int64)
    if (place % UPPER).any():
        raise cursor.damaged(f"a node begins at voxel {tuple(place.tolist())}")
    return place


def _one(cursor: Cursor, values: Values) -> NDArray[Any]:
    width = values.single.itemsize * values.size
    one: NDArray[Any] = _decoded(cursor.take(width), values.single, values)[0]
    return one


def _decoded(data: bytes, kind: np.dtype[Any], values: Values) -> NDArray[Any]:
    if kind == np.bool_:
        return np.asarray(np.frombuffer(data, np.uint8).reshape(-1, values.size) != 0)
    found: NDArray[Any] = np.frombuffer(data, kind).reshape(-1, values.size)
    with np.errstate(over="ignore"):  # of half floats a background beyond them is infinite
        return found.astype(values.dtype, copy=False)


def _inner(cursor: Cursor, values: Values, tree: Tree, place: Ints, sides: tuple[int, ...]) -> None:
    side, *below = sides
    span = LOWER if below else LEAF
    child, active = cursor.bits(side**3), cursor.bits(side**3)
    if (child & active).any():
        raise cursor.damaged("a node is both a branch and a tile")
    node = _node(cursor, values, side**3, int(active.sum()), tree.background)
    made = _assembled([node], active[None], values)[0]
    told = ~child & (active | _differs(made, tree.background))  # tiles, more than background
    if told.any():
        tree.tiles.append(Tiles(_at(place, told, side, span), span, made[told], active[told]))
    places = _at(place, child, side, span)
    if below:
        for one in places:
            _inner(cursor, values, tree, one, tuple(below))
    elif len(places):
        tree.places.append(places)
        tree.masks.append(cursor.take(64 * len(places)))


def _at(place: Ints, which: NDArray[np.bool_], side: int, span: int) -> Ints:
    """(n, 3): where the slots of a node begin."""
    slots = np.flatnonzero(which)
    steps = np.stack((slots // side**2, slots // side % side, slots % side), 1)
    return np.asarray(place + span * steps, np.int64)


def _differs(values: NDArray[Any], background: NDArray[Any]) -> NDArray[np.bool_]:
    both_nan = (values != values) & (background != background)  # noqa: PLR0124 - what NaN is
    return np.asarray(((values != background) & ~both_nan).any(-1))


def _node(
    cursor: Cursor, values: Values, count: int, active: int, background: NDArray[Any]
) -> _Node:
    how = cursor.number("B")
    if how > 6:
        raise cursor.damaged(f"values are packed in way {how}, which there is not")
    minus = ~background if values.dtype == np.bool_ else np.negative(background)
    first, second = (background if how == 0 else minus), background
    if how in (2, 4, 5):
        first = _one(cursor, values)
    if how == 5:
        second = _one(cursor, values)
    chosen = cursor.take(count // 8) if how in (3, 4, 5) else None
    dense = how == 6 or not values.flags & ACTIVE
    number = count if dense else active
    # Of half floats no run is written where there are none; of others an empty one.
    none = number == 0 and values.stored == np.float16
    run = b"" if none else cursor.run(number * values.size * values.stored.itemsize, values.flags)
    return _Node(dense, (first, second), chosen, run)


def _assembled(nodes: list[_Node], active: NDArray[np.bool_], values: Values) -> NDArray[Any]:
    """(nodes, count, size): every value of nodes of one sort."""
    flat = _decoded(b"".join(node.run for node in nodes), values.stored, values)
    stored = active | np.array([node.dense for node in nodes])[:, None]
    if stored.all():
        return flat.reshape(*active.shape, values.size)
    made = np.empty((*active.shape, values.size), values.dtype)
    made[:] = np.stack([node.inactive[0] for node in nodes])[:, None]
    for index, node in enumerate(nodes):
        if node.chosen is not None:
            made[index][bits(node.chosen)] = node.inactive[1]
    made[stored] = flat
    return made


def box(tree: Tree) -> Box | None:
    """The voxels that are active, and the tiles that are; None where there are none."""
    lows: list[Ints] = []
    highs: list[Ints] = []
    for tiles in tree.tiles:
        lows.append(tiles.places.min(0))
        highs.append(tiles.places.max(0) + tiles.span)
    for places, packed in zip(tree.places, tree.masks, strict=True):
        masks = bits(packed).reshape(-1, LEAF, LEAF, LEAF)
        some = masks.any((1, 2, 3))
        if not some.any():
            continue
        low = np.empty((int(some.sum()), 3), np.int64)
        high = np.empty_like(low)
        for axis, others in enumerate(((2, 3), (1, 3), (1, 2))):
            line = masks[some].any(others)
            low[:, axis] = line.argmax(1)
            high[:, axis] = LEAF - line[:, ::-1].argmax(1)
        lows.append((places[some] + low).min(0))
        highs.append((places[some] + high).max(0))
    if not lows:
        return None
    return np.min(lows, 0), np.max(highs, 0)


def whole(tree: Tree) -> Box | None:
    """The voxels of all leaves and tiles, in whole leaves."""
    leaves = Tiles(tree.leaves(), LEAF, np.empty(0), np.empty(0, np.bool_))
    lows = [one.places.min(0) for one in (leaves, *tree.tiles) if len(one.places)]
    highs = [one.places.max(0) + one.span for one in (leaves, *tree.tiles) if len(one.places)]
    return (np.min(lows, 0), np.max(highs, 0)) if lows else None


def dense(
    cursor: Cursor, values: Values, tree: Tree, space: Box
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """(z, y, x, size) and (z, y, x): `space`, of whole leaves; the leaves' values are read."""
    low, high = space
    z, y, x = (int(one) for one in (high - low)[::-1])
    made = np.empty((z, y, x, values.size), values.dtype)
    made[:] = tree.background
    active = np.zeros((z, y, x), np.bool_)
    for tiles in tree.tiles:
        _lay(tiles, made, active, low)
    blocks = made.reshape(z // LEAF, LEAF, y // LEAF, LEAF, x // LEAF, LEAF, values.size)
    marks = active.reshape(blocks.shape[:-1])
    places = (tree.leaves() - low) // LEAF
    packed = b"".join(tree.masks)
    for start in range(0, len(places), _BATCH):
        part = places[start : start + _BATCH]
        masks = packed[64 * start : 64 * (start + len(part))]
        on = bits(masks).reshape(len(part), LEAF**3)
        read = _leaves(cursor, values, tree.background, masks, on)
        at = (part[:, 2], slice(None), part[:, 1], slice(None), part[:, 0], slice(None))
        cubes = read.reshape(-1, LEAF, LEAF, LEAF, values.size)
        blocks[at] = cubes.transpose(0, 3, 2, 1, 4)
        marks[at] = on.reshape(-1, LEAF, LEAF, LEAF).transpose(0, 3, 2, 1)
    return made, active


def _lay(tiles: Tiles, made: NDArray[Any], active: NDArray[np.bool_], low: Ints) -> None:
    for place, value, on in zip(tiles.places - low, tiles.values, tiles.active, strict=True):
        x, y, z = (slice(int(one), int(one) + tiles.span) for one in place)
        made[z, y, x] = value
        active[z, y, x] = on


def _leaves(
    cursor: Cursor,
    values: Values,
    background: NDArray[Any],
    masks: bytes,
    on: NDArray[np.bool_],
) -> NDArray[Any]:
    """(leaves, 512, size), x slowest."""
    if values.dtype == np.bool_:
        return np.stack([_bools(cursor, masks[at : at + 64]) for at in range(0, len(masks), 64)])
    nodes = []
    for index, active in enumerate(on.sum(1).tolist()):
        if cursor.take(64) != masks[64 * index : 64 * (index + 1)]:
            raise cursor.damaged("a leaf's mask is not the one that the tree has")
        nodes.append(_node(cursor, values, LEAF**3, active, background))
    return _assembled(nodes, on, values)


def _bools(cursor: Cursor, mask: bytes) -> NDArray[np.bool_]:
    if cursor.take(64) != mask:
        raise cursor.damaged("a leaf's mask is not the one that the tree has")
    cursor.take(12)  # where it lies, once more
    return cursor.bits(LEAF**3)[:, None]


def tight(made: NDArray[Any], active: NDArray[np.bool_], background: NDArray[Any]) -> list[slice]:
    """Along z, y, x: what holds every voxel that is active or not as the background."""
    told = active | _differs(made, background)
    return [_extent(told.any(others)) for others in ((1, 2), (0, 2), (0, 1))]


def _extent(line: NDArray[np.bool_]) -> slice:
    found: Iterable[int] = np.flatnonzero(line)
    places = list(found)
    return slice(places[0], places[-1] + 1) if places else slice(0, 0)
