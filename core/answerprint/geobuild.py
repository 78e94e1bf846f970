"""Placing: a model's attributes and grids in a geometry, everything else as it was."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint import geolayers
from answerprint.contract import Kind, Output
from answerprint.geometry import Attribute, Geometry, Group, Owner
from answerprint.job import Resolved
from answerprint.volume import Volume

Array = NDArray[Any]


def copy(geometry: Geometry) -> Geometry:
    """One to be changed: its lists are its own, the arrays in them are shared and stay as they are."""
    return replace(
        geometry,
        attributes=list(geometry.attributes),
        volumes=list(geometry.volumes),
        groups=list(geometry.groups),
        unsupported=dict(geometry.unsupported),
        said=dict(geometry.said),
    )


def name_of(resolved: Resolved, output: Output) -> str:
    """The attribute or grid that an output becomes: N, density, or N_point_normals beside N."""
    own = resolved.inputs[output.replaces].layer if output.replaces else output.made
    if resolved.result.layers != "beside":
        return own
    return f"{own}_{resolved.contract.task}" if own else resolved.contract.task


def put(
    geometry: Geometry,
    plate: Geometry,
    resolved: Resolved,
    output: Output,
    array: Array,
    *,
    scale: int,
) -> str:
    """One output into a geometry, in the type of what it replaces; returns its name there.

    `plate`: the geometry before anything was put into it.
    """
    before = geolayers.find(
        plate, resolved.contract.kind, resolved.inputs[output.replaces or resolved.main].layer
    )
    assert before is not None  # noqa: S101 - it was read from there
    name = name_of(resolved, output)
    keep = output.replaces is not None and resolved.job.non_finite == "keep"
    if isinstance(before, Attribute):
        geometry.put(_attribute(before, output, array, name, keep=keep))
        return name
    values = array[None] if before.kind == "heightfield" else array
    values = values.reshape(values.shape[:3]) if values.shape[-1] == 1 else values
    if output.replaces is None:
        zero = 0.0 if values.ndim == 3 else (0.0, 0.0, 0.0)
        new = _blank(before, zero)
        _put_volume(geometry, _finer(new, values, scale, name=name), before)
        return name
    values = _stored(values, before.values, keep=keep and scale == 1)
    _put_volume(geometry, _finer(before, values, scale, name=name), before)
    return name


def prospect(head: Geometry, resolved: Resolved, outputs: Iterable[Output]) -> Geometry:
    """What a take's file will hold, without its values: for asking a format whether it can."""
    geometry, names = copy(head), []
    geometry.unsupported = {}
    for output in outputs:
        source = resolved.inputs[output.replaces or resolved.main]
        before = geolayers.find(head, resolved.contract.kind, source.layer)
        name = name_of(resolved, output)
        names.append(name)
        if isinstance(before, Attribute) and output.replaces is None:
            shape = (head.count, len(output.channels))
            values = np.broadcast_to(np.float32(0), shape)
            geometry.put(Attribute(name, "point", values, qualifier=output.qualifier))
        elif isinstance(before, Attribute):
            geometry.put(replace(before, name=name))
        elif before is not None:
            _put_volume(geometry, replace(before, name=name), before)
    if resolved.result.layers != "only":
        return geometry
    alone = only_attributes if resolved.contract.kind == "points" else only_volumes
    return alone(geometry, names)


def rest(head: Geometry, names: Collection[str], keep: str, kind: Kind) -> list[str]:
    """Attributes and grids of a plate that are not made anew; of `only`: that the take lacks."""
    kept = set(names)
    if keep == "only":  # grids stay at their points, and are called by that attribute
        kept |= {"primitive name"} if kind != "points" else set()
        kept |= {"P"} if kind == "points" or "points" not in geolayers.kinds(head) else set()
    points = [one.name for one in head.attributes if one.owner == "point"]
    others = [f"{one.owner} {one.name}" for one in head.attributes if one.owner != "point"]
    grids = [one.name for one in head.volumes]
    return [name for name in (*points, *others, *grids) if name not in kept]


def _attribute(
    before: Attribute, output: Output, array: Array, name: str, *, keep: bool
) -> Attribute:
    if output.replaces is None:
        zero = (0.0,) * array.shape[1]
        return Attribute(name, "point", array, qualifier=output.qualifier, defaults=zero)
    values = _stored(array, before.values[:, : array.shape[1]], keep=keep)
    if before.size > array.shape[1]:  # the weight of a place stays
        values = np.concatenate([values, before.values[:, array.shape[1] :]], axis=1)
    return Attribute(name, "point", values, qualifier=before.qualifier, defaults=before.defaults)


def _stored(after: Array, before: Array, *, keep: bool) -> Array:
    """In the plate's type; where it was NaN or inf it stays so, if these are kept."""
    with np.errstate(over="ignore"):  # counted in the report, as inf
        after = after.astype(before.dtype, copy=False)
    if keep and not np.isfinite(before).all():
        after = np.where(np.isfinite(before), after, before)
    return np.ascontiguousarray(after)


def _finer(volume: Volume, values: Array, scale: int, *, name: str) -> Volume:
    """A grid over the same space: `values` (z, y, x) or (z, y, x, 3), `scale` times as many a side.

    Each voxel becomes `scale` to each side, of which the first lies at (1 / scale - 1) / 2 of the old
    one's edge from its middle. A heightfield stays one voxel high.
    """
    flat = volume.kind == "heightfield"
    each = np.array((scale, scale, 1 if flat else scale), np.float64)
    step = np.eye(4)
    step[:3, :3] = np.diag(1 / each)
    step[3, :3] = (1 / each - 1) / 2
    x, y, z = (int(start * times) for start, times in zip(volume.origin, each, strict=True))
    return replace(
        volume,
        name=name,
        values=values,
        transform=step @ volume.transform,
        origin=(x, y, z),
        active=_active(volume, values, each),
        about=dict(volume.about),
    )


def _blank(volume: Volume, background: float | tuple[float, float, float]) -> Volume:
    """Where a new grid goes that lies like another one: nothing of what the file says of that."""
    return replace(volume, background=background, about={})


def _active(volume: Volume, values: Array, each: Array) -> NDArray[np.bool_] | None:
    """Where the old voxels were active, and wherever a value is no background: none gets lost."""
    if volume.active is None:
        return None
    told = np.not_equal(values, np.asarray(volume.background, values.dtype))
    told = told if told.ndim == volume.active.ndim else told.any(axis=-1)
    z, y, x = volume.active.shape
    along, across, up = (int(number) for number in each)
    # a row at a time: the finer mask is never there by itself
    rows = told.reshape(z, up, y, across, x * along)
    np.logical_or(rows, np.repeat(volume.active, along, 2)[:, None, :, None, :], out=rows)
    return told


def _put_volume(geometry: Geometry, made: Volume, beside: Volume) -> None:
    """A grid in place of one of its name and kind; else a new one, at the point of `beside`."""
    for index, one in enumerate(geometry.volumes):
        if (one.name, one.kind) == (made.name, made.kind):
            geometry.volumes[index] = made
            return
    placed = [(one.name, one.kind) for one in geometry.volumes]
    where = placed.index((beside.name, beside.kind))
    geometry.volumes.append(made)
    if geometry.anchors is None:
        return
    geometry.anchors = np.append(geometry.anchors, geometry.anchors[where]).astype(np.int32)
    owners: tuple[Owner, ...] = ("primitive", "vertex")
    geometry.attributes = [
        _longer(one, made.name) if one.owner in owners else one for one in geometry.attributes
    ]
    geometry.groups = [
        Group(one.name, one.owner, np.append(one.members, False), one.order)
        if one.owner in owners
        else one
        for one in geometry.groups
    ]


def _longer(one: Attribute, name: str) -> Attribute:
    """An attribute with one more element, as an element that is made anew has it."""
    values, strings, lengths = one.values, one.strings, one.lengths
    if lengths is not None:
        return replace(one, lengths=np.append(lengths, 0).astype(np.int32))
    if strings is not None:
        named = one.name == "name" and one.owner == "primitive"
        texts = strings if not named or name in strings else (*strings, name)
        index = texts.index(name) if named else -1
        more = np.full((1, one.size), index, values.dtype)
        return replace(one, values=np.concatenate([values, more]), strings=texts)
    more = np.zeros((1, one.size), values.dtype)
    if len(one.defaults) == one.size:
        more[0] = one.defaults
    return replace(one, values=np.concatenate([values, more]))


def only_attributes(geometry: Geometry, names: Collection[str]) -> Geometry:
    """The points, where they are, and these attributes of theirs; no primitives, no groups."""
    kept = [
        one for one in geometry.attributes if one.owner == "point" and one.name in {"P", *names}
    ]
    return Geometry(geometry.count, kept, said=dict(geometry.said))


def only_volumes(geometry: Geometry, names: Collection[str]) -> Geometry:
    """These grids alone, each at a point of its own where it had one; those of OpenVDB need none."""
    where = [index for index, one in enumerate(geometry.volumes) if one.name in names]
    alone = Geometry(volumes=[geometry.volumes[index] for index in where], said=dict(geometry.said))
    if geometry.anchors is None or all(one.kind == "vdb" for one in alone.volumes):
        return alone
    points = geometry.anchors[where]
    alone.count, alone.anchors = len(where), np.arange(len(where), dtype=np.int32)
    faces = 0 if geometry.faces is None else len(geometry.faces.counts)
    places, named = geometry.find("P"), geometry.find("name", "primitive")
    if places is not None:
        alone.attributes.append(replace(places, values=places.values[points]))
    if named is not None:
        rows = np.array(where) + faces
        alone.attributes.append(replace(named, values=named.values[rows]))
    return alone
