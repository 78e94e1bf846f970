"""Voxels: how Houdini's files hold a volume, and what grid it is.

Its voxels fill a box from -1 to 1, which nine numbers turn and scale, about the volume's point. They
are in tiles of 16 x 16 x 16, x varying fastest, among the tiles as within one; tiles at the far ends
are smaller. A tile is raw, constant or half floats; other compressions are not read.

A file has no place for some of what a grid is. Where it would come back otherwise, a text beside the
geometry says it (NOTE), and holds as long as the volume is still where that says.
"""

from __future__ import annotations

import json
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint.bgeobytes import WrongError
from answerprint.bgeojson import pairs
from answerprint.bgeopages import Budget, numbers, whole
from answerprint.volume import Volume

TILE = 16
TYPES = ["raw", "rawfull", "constant", "fpreal16", "FP32Range"]
NOTE = "answerprintVolumes"
NEAR = 1e-6  # of a transform's largest number: points are 32-bit floats
MOST_SIDE = 1 << 20
# What of a volume is read
FIELDS = {
    *("vertex", "transform", "res", "border", "compression", "voxels", "sharedvoxels"),
    *("visualization", "taperx", "tapery"),
}

FLOAT = np.dtype(np.float32)
Array = NDArray[Any]


class UnreadableError(ValueError):
    """A compression that is not known here, by name."""


def decoded(fields: dict[str, Any], budget: Budget, *, zeros: bool) -> Volume:
    """The grid in a volume's fields, as it lies about a point at zero; named and placed later.

    Raises:
        UnreadableError: of its compression.
        WrongError: its voxels are not as many as it says.
        OverflowError: they are more than the budget.
    """
    x, y, z = (whole(one, MOST_SIDE) for one in _listed(fields["res"], 3))
    if zeros:
        values = np.broadcast_to(np.zeros((), FLOAT), (z, y, x))
    else:
        budget.take(prod((x, y, z)) * FLOAT.itemsize)
        values = _voxels(fields["voxels"], (z, y, x))
    border = pairs(fields.get("border", {}))
    box = numbers(_listed(fields["transform"], 9), np.dtype(float)).reshape(3, 3)
    with np.errstate(over="ignore", invalid="ignore"):
        place = placed(box, np.zeros(3), (x, y, z))
    if not np.isfinite(place).all():
        raise WrongError("a volume has NaN or inf in its transform")
    look = dict(pairs(fields.get("visualization", {})))
    if not is_plain(look):
        raise WrongError("how a volume is shown is not said in texts and numbers")
    about = {
        "border": str(border.get("type", "constant")),
        "tolerance": float(pairs(fields.get("compression", {})).get("tolerance", 0.0)),
        "visualization": look,
        "taper": [float(fields.get("taperx", 1.0)), float(fields.get("tapery", 1.0))],
        "transform": box.reshape(-1).tolist(),
    }
    return Volume(
        "",
        values,
        place,
        background=float(border.get("value", 0.0)),
        kind="dense",
        about=about,
    )


def placed(box: Array, point: Array, resolution: tuple[int, int, int]) -> NDArray[np.float64]:
    """The transform from voxels to the world of a box that was turned and scaled about a point."""
    made = np.eye(4)
    sides = np.maximum(np.array(resolution, np.float64), 1.0).reshape(3, 1)
    made[:3, :3] = box * 2.0 / sides
    made[3, :3] = point + ((1.0 / sides - 1.0) * box).sum(axis=0)
    return made


def box_of(volume: Volume) -> Array:
    """The nine numbers of a volume, (3, 3): those it was read with, where they still are its own."""
    sides = np.array(volume.resolution, np.float64).reshape(3, 1)
    made = volume.transform[:3, :3] * sides / 2.0
    kept = volume.about.get("transform")
    if isinstance(kept, list) and len(kept) == 9:
        before = np.array(kept, np.float64).reshape(3, 3)
        if np.allclose(before, made, rtol=1e-14, atol=0.0):
            return before
    return made


def is_near(one: Array, other: Array) -> bool:
    """Whether two transforms are the same as far as a file's point can say it."""
    return bool(np.abs(one - other).max() <= NEAR * max(np.abs(one).max(), np.abs(other).max()))


def look_of(volume: Volume) -> dict[str, Any]:
    """How a volume is shown in a viewport, as it is read or will be written."""
    mode = "heightfield" if volume.kind == "heightfield" else "smoke"
    return dict(volume.about.get("visualization") or {"mode": mode, "iso": 0.0, "density": 1.0})


def is_plain(look: Any) -> bool:
    """Whether a file can say how a volume is shown."""
    if not isinstance(look, dict):
        return False
    return all(
        type(one) in (str, float, bool) or (type(one) is int and abs(one) < 1 << 63)
        for pair in look.items()
        for one in pair
    )


def encoded(volume: Volume, vertex: int) -> list[Any]:
    """A volume's fields, as a flat list of names and values."""
    about = volume.about
    taper = about.get("taper") or [1.0, 1.0]
    return [
        *("vertex", vertex),
        *("transform", box_of(volume).reshape(-1)),
        *("res", np.array(volume.resolution, np.int32)),
        *("border", {"type": about.get("border", "constant"), "value": volume.background}),
        *("compression", {"tolerance": float(about.get("tolerance", 0.0))}),
        *("voxels", _tiled(volume.values)),
        *("visualization", look_of(volume)),
        *("taperx", float(taper[0])),
        *("tapery", float(taper[1])),
    ]


def note(volumes: list[Volume], found: list[Volume]) -> str:
    """What a file has to say of its volumes beside them, as they would be found; '' for nothing."""
    told = [_told(volume, read) for volume, read in zip(volumes, found, strict=True)]
    return json.dumps(told) if any(told) else ""


def heed(text: str, found: list[Volume], *, anywhere: bool = False) -> None:
    """Take what is said of volumes beside them, of those that are still where it says, or of all."""
    try:
        told = json.loads(text)
        for volume, one in zip(found, told, strict=True):
            exact = np.array(one["transform"], np.float64).reshape(4, 4) if one else None
            if exact is not None and (anywhere or is_near(exact, volume.transform)):
                volume.transform = exact
                volume.name = str(one.get("name", volume.name))
                if one["kind"] in ("dense", "heightfield"):
                    volume.kind = one["kind"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return  # somebody else's text: the volumes are what the file says itself


def _told(volume: Volume, read: Volume) -> dict[str, Any] | None:
    same = np.array_equal(volume.transform, read.transform)
    if same and (volume.name, volume.kind) == (read.name, read.kind):
        return None
    told = {"transform": volume.transform.reshape(-1).tolist(), "kind": volume.kind}
    return told if volume.name == read.name else {**told, "name": volume.name}


def _listed(told: Any, count: int) -> list[Any]:
    made = told.tolist() if isinstance(told, np.ndarray) else told
    if not isinstance(made, list) or len(made) != count:
        raise WrongError(f"a volume has something other than {count} numbers")
    return made


def _voxels(told: Any, shape: tuple[int, ...]) -> Array:
    if not isinstance(told, list) or len(told) != 2:
        raise WrongError("the voxels of a volume are not there")
    if told[0] == "constantarray":
        return np.broadcast_to(_number(told[1]), shape)  # it may stand for more than memory holds
    if told[0] != "tiledarray":
        raise UnreadableError(str(told[0])[:40])
    found = pairs(told[1])
    types = found.get("compressiontypes", found.get("compressiontype", TYPES))
    tiles, corners = found["tiles"], _corners(shape)
    if len(tiles) != len(corners):
        raise WrongError(f"a volume has {len(tiles):,} tiles, and {len(corners):,} are its size")
    made = np.empty(shape, FLOAT)
    for corner, tile in zip(corners, tiles, strict=True):
        into = made[tuple(slice(at, at + TILE) for at in corner)]
        into[...] = _tile(pairs(tile), types, into.shape)
    return made


def _corners(shape: tuple[int, ...]) -> list[tuple[int, int, int]]:
    z, y, x = (range(0, side, TILE) for side in shape)
    return [(k, j, i) for k in z for j in y for i in x]


def _tile(tile: dict[str, Any], types: list[str], shape: tuple[int, ...]) -> Array:
    name, data = types[whole(tile["compression"], len(types) - 1)], tile["data"]
    if name == "constant":
        return np.array(_number(data))
    if name not in ("raw", "rawfull", "fpreal16"):
        raise UnreadableError(str(name)[:40])
    flat = numbers(data, FLOAT).reshape(-1)
    if name == "rawfull" and len(flat) == TILE * TILE * shape[0]:
        return flat.reshape(shape[0], TILE, TILE)[:, : shape[1], : shape[2]]
    if len(flat) != prod(shape):
        raise WrongError(f"a tile has {len(flat):,} voxels, and {prod(shape):,} are its size")
    return flat.reshape(shape)


def _number(told: Any) -> np.float32:
    found = numbers(told, FLOAT).reshape(-1)
    if len(found) != 1:
        raise WrongError(f"a constant of a volume has {len(found):,} numbers")
    return np.float32(found[0])


def _tiled(values: Array) -> list[Any]:
    if values.size and _is_one(values):
        return ["constantarray", values.reshape(-1)[0]]
    tiles = []
    for corner in _corners(values.shape):
        tile = values[tuple(slice(at, at + TILE) for at in corner)]
        one = _is_one(tile)
        data = tile.reshape(-1)[0] if one else np.ascontiguousarray(tile).reshape(-1)
        tiles.append(["compression", 2 if one else 0, "data", data])
    return ["tiledarray", ["version", 1, "compressiontypes", TYPES, "tiles", tiles]]


def _is_one(tile: Array) -> bool:
    """Whether all its bits are those of its first voxel, also where it is no number."""
    bits = tile.view(np.int32)
    return bool((bits == bits.reshape(-1)[0]).all())
