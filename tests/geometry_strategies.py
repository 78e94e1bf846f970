"""Geometry that property tests draw: every class, every type, groups, faces and volumes."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from answerprint import bgeovoxels
from answerprint.geometry import Attribute, Faces, Geometry, Group, Owner
from answerprint.volume import Volume

KINDS = ("f2", "f4", "f8", "i1", "i2", "i4", "i8")
QUALIFIERS = ("", "vector", "normal", "color", "quaternion", "nonarithmetic_integer")
NAMES = ("Cd", "v", "id", "uv", "rest", "größe", "a b")
# as a file of text can say them: without a payload in what is no number
SPECIAL = (-0.0, np.inf, -np.inf, np.nan)


def values(seed: int, kind: str, *shape: int) -> NDArray[Any]:
    random = np.random.default_rng(seed)
    if kind.startswith("i"):
        limits = np.iinfo(kind)
        wide = random.integers(limits.min, limits.max, shape, np.int64, endpoint=True)
        return np.asarray(wide.astype(kind))
    made = random.normal(0, 10.0 ** random.integers(-3, 4), shape).astype(kind)
    flat = made.reshape(-1)
    flat[: len(SPECIAL)] = SPECIAL[: len(flat)]
    return np.asarray(made)


@st.composite
def attributes(draw: st.DrawFn, owner: Owner, count: int) -> Attribute:
    name, seed = draw(st.sampled_from(NAMES)), draw(st.integers(0, 2**32))
    if draw(st.booleans()):
        kind, size = draw(st.sampled_from(KINDS)), draw(st.integers(1, 4))
        defaults = tuple(draw(st.sampled_from([(), (0.5,) * size])))
        qualifier = draw(st.sampled_from(QUALIFIERS))
        made = values(seed, kind, count, size)
        return Attribute(name, owner, made, qualifier=qualifier, defaults=defaults)
    strings = tuple(draw(st.lists(st.text(max_size=5), max_size=3)))
    size = draw(st.sampled_from([1, 1, 3]))
    indices = np.random.default_rng(seed).integers(-1, len(strings), (count * size, 1), np.int32)
    if size == 1 or not count:
        return Attribute(name, owner, indices[:count], strings)
    return Attribute(name, owner, indices, strings, np.full(count, size, np.int32), "tuple")


@st.composite
def faces(draw: st.DrawFn, count: int) -> Faces | None:
    counts = draw(st.lists(st.integers(0, 5), max_size=6 if count else 0))
    if not counts:
        return None
    seed = draw(st.integers(0, 2**32))
    random = np.random.default_rng(seed)
    return Faces(
        random.integers(0, count, sum(counts), np.int32),
        np.array(counts, np.int32),
        random.integers(0, 2, len(counts)) > 0,
    )


@st.composite
def groups(draw: st.DrawFn, owner: Owner, count: int) -> Group:
    name = draw(st.sampled_from(["top", "seam"]))
    members = np.array(draw(st.lists(st.booleans(), min_size=count, max_size=count)), np.bool_)
    if draw(st.booleans()):
        return Group(name, owner, members)
    order = draw(st.permutations(np.flatnonzero(members).tolist()))
    return Group(name, owner, members, np.array(order, np.int32))


@st.composite
def volumes(draw: st.DrawFn, point: NDArray[Any]) -> Volume:
    """About its point; some have more tiles than one, or the same all over."""
    shape = draw(st.sampled_from([(1, 2, 3), (2, 3, 17), (17, 1, 2), (1, 18, 17)]))
    seed = draw(st.integers(0, 2**32))
    grid = values(seed, "f4", *shape)
    if draw(st.booleans()):
        grid[...] = grid.reshape(-1)[draw(st.integers(0, 5))]
    box = np.random.default_rng(seed).normal(0, 3, (3, 3))
    heights = shape[0] == 1 and draw(st.booleans())
    return Volume(
        draw(st.sampled_from(["density", "height", ""])),
        grid,
        bgeovoxels.placed(box, point, (shape[2], shape[1], shape[0])),
        background=draw(st.sampled_from([0.0, -0.01])),
        kind="heightfield" if heights else "dense",
    )


@st.composite
def geometries(draw: st.DrawFn) -> Geometry:
    count = draw(st.integers(0, 6))
    position = np.random.default_rng(count).normal(0, 5, (count, 3)).astype(np.float32)
    made = Geometry(count, [Attribute("P", "point", position, qualifier="point")])
    made.faces = draw(faces(count))
    anchors = draw(st.lists(st.integers(0, count - 1), max_size=2)) if count else []
    if anchors:
        made.anchors = np.array(anchors, np.int32)
        made.volumes = [draw(volumes(position[at].astype(np.float64))) for at in anchors]
    counts: list[tuple[Owner, int]] = [
        ("point", count),
        ("vertex", made.vertices),
        ("primitive", made.primitives),
        ("detail", 1),
    ]
    for owner, many in counts:
        for one in draw(st.lists(attributes(owner, many), max_size=2)):
            made.put(one)
        if owner != "detail" and draw(st.booleans()):
            made.groups.append(draw(groups(owner, many)))
    made.said = draw(st.sampled_from([{}, {"answerprintRecord": '{"naïve": 1}'}]))
    return made
