"""Comparing geometry: how far two lie apart, attribute by attribute and grid by grid."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint.errors import SourceError
from answerprint.geometry import Attribute, Geometry
from answerprint.volume import Volume

MOST_VOXELS = 1 << 29  # around two grids, with what lies between them

Numbers = NDArray[np.float64]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Apart:
    """How far one attribute or grid lies from the other's.

    name       point N, density
    greatest   absolute difference of two numbers; infinite where texts differ, or NaN meets a number
    mean       of all its numbers
    place      the element, or the voxel x,y,z, where it is greatest
    """

    name: str
    greatest: float
    mean: float
    place: str

    def __str__(self) -> str:
        return f"up to {self.greatest:.6g} in {self.name} at {self.place}, mean {self.mean:.6g}"


def apart(one: Geometry, other: Geometry, where: str) -> list[Apart]:
    """Every attribute, group and grid, with 0 for those that are the same.

    Raises:
        SourceError: they differ in points, polygons, attributes, groups or grids, so that no values
            pair up, says in which; or grids lie too far apart.
    """
    _check(one, other, where)
    found = [_of_attributes(mine, theirs) for mine, theirs in _attributes(one, other, where)]
    found += _groups(one, other, where)
    return [*found, *(_of_volumes(*pair, where) for pair in _volumes(one, other, where))]


def numbers(one: NDArray[Any], other: NDArray[Any]) -> Numbers:
    """Absolute differences; equal non-finite numbers count as 0, others as infinitely far."""
    mine, theirs = one.astype(np.float64), other.astype(np.float64)
    with np.errstate(invalid="ignore"):
        far = np.abs(mine - theirs)
    same = (one == other) | (np.isnan(mine) & np.isnan(theirs))
    return np.where(same, 0.0, np.where(np.isnan(far), np.inf, far))


def _check(one: Geometry, other: Geometry, where: str) -> None:
    for word in ("count", "vertices", "primitives"):
        mine, theirs = getattr(one, word), getattr(other, word)
        if mine != theirs:
            raise _unlike(where, f"{mine:,} and {theirs:,} {'points' if word == 'count' else word}")
    mine, theirs = one.faces, other.faces
    if mine is not None and theirs is not None:
        pairs = ((mine.points, theirs.points), (mine.counts, theirs.counts))
        if not all(np.array_equal(*pair) for pair in pairs):
            raise _unlike(where, "the same number of polygons, joined to other points")
        if not np.array_equal(mine.closed, theirs.closed):
            raise _unlike(where, "polygons where the other has curves")


def _attributes(
    one: Geometry, other: Geometry, where: str
) -> Iterator[tuple[Attribute, Attribute]]:
    theirs = {_named(each): each for each in other.attributes}
    _check_names([_named(each) for each in one.attributes], list(theirs), where)
    for mine in one.attributes:
        found = theirs[_named(mine)]
        if mine.values.shape != found.values.shape or (mine.strings is None) != (
            found.strings is None
        ):
            raise _unlike(where, f"{_named(mine)} in other sizes or types")
        if _lengths(mine) != _lengths(found):
            raise _unlike(where, f"{_named(mine)} in arrays of other lengths")
        yield mine, found


def _lengths(one: Attribute) -> list[int]:
    return [] if one.lengths is None else list(one.lengths)


def _groups(one: Geometry, other: Geometry, where: str) -> Iterator[Apart]:
    """Of members: 1 where only one of the two has an element in a group."""
    mine, theirs = (
        {f"{each.owner} group {each.name}": each for each in held.groups} for held in (one, other)
    )
    _check_names(list(mine), list(theirs), where)
    for name, group in mine.items():
        far = numbers(group.members[:, None], theirs[name].members[:, None])
        yield _worst(name, far, lambda at: str(at[0]))


def _volumes(one: Geometry, other: Geometry, where: str) -> Iterator[tuple[Volume, Volume]]:
    mine, theirs = (sorted(each.volumes, key=lambda volume: volume.name) for each in (one, other))
    _check_names([each.name for each in mine], [each.name for each in theirs], where)
    for ours, found in zip(mine, theirs, strict=True):
        if ours.channels != found.channels or not np.allclose(ours.transform, found.transform):
            raise _unlike(where, f"{ours.name} with other voxels")
        yield ours, found


def _check_names(mine: list[str], theirs: list[str], where: str) -> None:
    alone = sorted(set(mine) ^ set(theirs))
    if alone:
        raise _unlike(where, f"{alone[0]} only in one of them")


def _unlike(where: str, why: str) -> SourceError:
    return SourceError(
        f"{where}: the two hold {why}.", remedy="Compare geometry of the same structure."
    )


def _named(one: Attribute) -> str:
    return f"{one.owner} {one.name}"


def _of_attributes(one: Attribute, other: Attribute) -> Apart:
    if one.strings is not None and other.strings is not None:
        mine, theirs = _texts(one), _texts(other)
        far = np.where(mine == theirs, 0.0, np.inf)[:, None]
    else:
        far = numbers(one.values, other.values)
    return _worst(_named(one), far, lambda at: str(at[0]))


def _texts(one: Attribute) -> NDArray[Any]:
    held = np.array([*(one.strings or ()), ""], object)  # -1 is the last: none
    texts: NDArray[Any] = held[one.values[:, 0]]
    return texts


def _of_volumes(one: Volume, other: Volume, where: str) -> Apart:
    """In the voxels that either has; what one lacks is its background there."""
    least = np.minimum(one.origin, other.origin)
    most = np.maximum(_end(one), _end(other))
    shape = tuple(int(edge) for edge in (most - least)[::-1])
    if math.prod(shape) > MOST_VOXELS:
        around = " x ".join(f"{edge:,}" for edge in shape[::-1])
        raise SourceError(
            f"{where}: {around} voxels lie around the two grids {one.name}, too many to compare.",
            remedy="Compare grids that lie in the same place, or crop them.",
        )
    mine, theirs = (_laid(each, least, shape) for each in (one, other))
    return _worst(
        one.name,
        numbers(mine, theirs),
        lambda at: ",".join(str(int(one)) for one in (at[2::-1] + least)),
    )


def _end(one: Volume) -> NDArray[Any]:
    end: NDArray[Any] = np.array(one.origin) + np.array(one.resolution)
    return end


def _laid(one: Volume, least: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if one.values.shape[:3] == shape and one.active is None:
        return one.values
    laid = np.empty((*shape, *one.values.shape[3:]), one.values.dtype)
    laid[...] = np.asarray(one.background, one.values.dtype)
    inside = laid[_box(one, least)]
    if one.active is None:
        inside[...] = one.values
    else:
        inside[one.active] = one.values[one.active]
    return laid


def _box(one: Volume, least: NDArray[Any]) -> Box:
    x, y, z = (int(edge) for edge in np.array(one.origin) - least)
    wide, high, deep = one.resolution
    return slice(z, z + deep), slice(y, y + high), slice(x, x + wide)


def _worst(name: str, far: Numbers, place: Any) -> Apart:
    if not far.size:
        return Apart(name, 0.0, 0.0, "")
    at = np.array(np.unravel_index(int(far.argmax()), far.shape))
    return Apart(name, float(far.max()), float(far.mean()), place(at))
