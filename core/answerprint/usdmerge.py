"""Several prims of USD as one geometry: one after the other, each attribute of all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint.errors import SourceError
from answerprint.geometry import Attribute, Faces, Geometry, Group, Owner
from answerprint.usdprims import Part

PATH = "path"  # the attribute that says of which prim a face or a loose point is


def merge(geometry: Geometry, parts: list[Part], path: Path) -> None:
    """All prims in one geometry, in the file's order."""
    if not parts:
        return
    geometry.count = sum(len(one.points) for one in parts)
    points = np.concatenate([one.points for one in parts])
    geometry.attributes.append(Attribute("P", "point", points, qualifier="point"))
    surfaces = [one for one in parts if one.kind != "points"]
    if surfaces:
        starts = np.cumsum([0, *(len(one.points) for one in parts)])
        shifted = [one.indices + at for one, at in zip(parts, starts, strict=False)]
        geometry.faces = Faces(
            np.concatenate(shifted).astype(np.int32),
            np.concatenate([one.counts for one in parts]),
            np.concatenate([np.full(len(one.counts), one.kind == "mesh") for one in parts]),
        )
    _name(parts)
    if len(parts) > 1:
        for one in parts:
            _promote(one)
    keys = list(dict.fromkeys(key for one in parts for key in one.attributes))
    geometry.attributes += [_joined(geometry, parts, *key, path) for key in keys]
    geometry.groups = _groups(parts)
    for one in parts:
        for what, count in one.unsupported.items():
            lose(geometry, what, count)


def _name(parts: list[Part]) -> None:
    """The attribute `path`, as Houdini's own import has it: of faces, or of loose points."""
    for one in parts:
        owner: Owner = "point" if one.kind == "points" else "primitive"
        if one.named and (owner, PATH) not in one.attributes:
            index = np.zeros((one.count(owner), 1), np.int32)
            one.attributes[owner, PATH] = Attribute(PATH, owner, index, (one.path,))


def _promote(one: Part) -> None:
    """What is constant on one prim of several is so on its faces, or on its points."""
    owner: Owner = "point" if one.kind == "points" else "primitive"
    for key, value in list(one.attributes.items()):
        if key[0] != "detail":
            continue
        del one.attributes[key]
        if value.lengths is not None or (owner, key[1]) in one.attributes:
            one.lose("constant array of one prim among several")
            continue
        repeated = np.repeat(value.values, one.count(owner), axis=0)
        one.attributes[owner, key[1]] = Attribute(
            key[1], owner, repeated, value.strings, qualifier=value.qualifier
        )


def _joined(
    geometry: Geometry, parts: list[Part], owner: Owner, name: str, path: Path
) -> Attribute:
    key = (owner, name)
    holder = next(one for one in parts if key in one.attributes)
    first = holder.attributes[key]
    strings: dict[str, int] = {}
    rows: list[NDArray[Any]] = []
    for one in parts:
        found = one.attributes.get(key)
        if found is None:
            if one.count(owner) and name != PATH:  # which only says whose is what
                lose(geometry, f"prim without {name} (it is 0 or empty there)", 1)
            blank = np.zeros((one.count(owner), first.size), first.values.dtype)
            rows.append(blank if first.strings is None else blank - 1)
            continue
        if _sort(found) != _sort(first):
            raise SourceError(
                f"{path.as_posix()}: {name} is of another type on {holder.path} than on {one.path}.",
                remedy="Give it one type on all prims, or write one file for each.",
            )
        if found.strings is None:
            rows.append(found.values)
            continue
        places = [strings.setdefault(text, len(strings)) for text in found.strings]
        rows.append(np.array([*places, -1], np.int32)[found.values])
    values = np.concatenate(rows)
    texts = None if first.strings is None else tuple(strings)
    return Attribute(name, owner, values, texts, first.lengths, first.qualifier)


def _sort(one: Attribute) -> tuple[Any, ...]:
    return one.values.dtype, one.size, one.qualifier, one.strings is None


def _groups(parts: list[Part]) -> list[Group]:
    members: dict[tuple[Owner, str], list[NDArray[np.int64]]] = {}
    ordered: set[tuple[Owner, str]] = set()
    starts: dict[Owner, int] = {"point": 0, "primitive": 0}
    for one in parts:
        for name, owner, found, told in one.subsets:
            members.setdefault((owner, name), []).append(found.astype(np.int64) + starts[owner])
            if told:
                ordered.add((owner, name))
        for owner in starts:
            starts[owner] += one.count(owner)
    groups = []
    for (owner, name), lists in members.items():
        whole = np.concatenate(lists)
        mask = np.zeros(starts[owner], np.bool_)
        mask[whole] = True
        order = whole.astype(np.int32) if (owner, name) in ordered else None
        groups.append(Group(name, owner, mask, order))
    return groups


def lose(geometry: Geometry, what: str, count: int) -> None:
    geometry.unsupported[what] = geometry.unsupported.get(what, 0) + count
