"""Attributes and grids as layers: which of a geometry's a task can take. Found, never guessed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from answerprint.contract import Input, Kind
from answerprint.documents import count, did_you_mean
from answerprint.errors import Fix, SourceError
from answerprint.geometry import Attribute, Geometry
from answerprint.layers import NONE, left_out, use
from answerprint.ports import NOUNS
from answerprint.volume import Volume

UNNAMED = "(unnamed)"
PLACES = 3  # numbers that say where a point is; a fourth is a weight
ROUND = 1e-4  # of a voxel's edge: closer than this, lengths and directions are the same

_LETTERS = ("x", "y", "z", "w")
_VOLUMES: dict[Kind, tuple[str, ...]] = {
    "volume": ("vdb", "dense"),
    "heightfield": ("heightfield",),
}


@dataclass(frozen=True)
class Held:
    """One attribute of points, or one grid.

    size      numbers in one value, as a model sees it
    dtype     of the numbers
    strange   why it holds no numbers that a model could take: 'texts', 'arrays'; '' where it does
    surface   whether it is a level set: distances to a surface, which nothing but its class tells
    """

    name: str
    size: int
    dtype: np.dtype[Any]
    strange: str = ""
    surface: bool = False

    @property
    def components(self) -> tuple[str, ...]:
        """What its numbers are called: x, y, z of a vector, value of a single one."""
        return components(self.size)

    @property
    def words(self) -> str:
        """'int32', '3 float16', 'float32, a level set', 'texts'."""
        if self.strange:
            return self.strange
        said = str(self.dtype) if self.size == 1 else f"{self.size} {self.dtype}"
        return f"{said}, a level set" if self.surface else said

    def fits(self, wanted: Input) -> bool:
        return not self.strange and self.dtype.kind == "f" and self.size in wanted.sizes


def components(size: int) -> tuple[str, ...]:
    if size == 1:
        return ("value",)
    return _LETTERS[:size] if size <= len(_LETTERS) else tuple(map(str, range(size)))


def held(geometry: Geometry, kind: Kind) -> list[Held]:
    """All that could be an input of a task of this kind: in the file's order, P before others."""
    if kind == "points":
        found = [_attribute(one) for one in geometry.attributes if one.owner == "point"]
        return sorted(found, key=lambda one: one.name != "P")
    return [
        Held(one.name, one.channels, one.values.dtype, surface=is_level_set(one))
        for one in volumes(geometry, kind)
    ]


def _attribute(one: Attribute) -> Held:
    strange = "texts" if one.strings is not None else "arrays" if one.lengths is not None else ""
    size = min(one.size, PLACES) if one.name == "P" else one.size
    return Held(one.name, size, one.values.dtype, strange)


def is_level_set(volume: Volume) -> bool:
    return "level set" in str(volume.about.get("class", ""))


def volumes(geometry: Geometry, kind: Kind) -> list[Volume]:
    return [one for one in geometry.volumes if one.kind in _VOLUMES.get(kind, ())]


def kinds(geometry: Geometry) -> list[Kind]:
    """Of which kinds tasks can be that work on a geometry."""
    anchored = 0 if geometry.anchors is None else len(np.unique(geometry.anchors))
    found: list[Kind] = ["points"] if geometry.count > anchored else []
    return found + [kind for kind in _VOLUMES if volumes(geometry, kind)]


def contents(geometry: Geometry) -> str:
    """What a geometry holds, in words: '2,000,000 points', '2 volumes and 1 heightfield'."""
    said = []
    if "points" in kinds(geometry) or not geometry.volumes:
        said.append(count(geometry.count, "point") if geometry.count else "no points")
    for kind in _VOLUMES:
        number = len(volumes(geometry, kind))
        said += [count(number, kind)] if number else []
    return " and ".join(said)


def listed(found: Iterable[Held]) -> str:
    """'P (3 float32), id (int32)', for an error's remedy."""
    return ", ".join(f"{one.name or UNNAMED} ({one.words})" for one in found) or "none"


def choose(
    geometry: Geometry,
    kind: Kind,
    wanted: Input,
    asked: str | None,
    where: str,
    *,
    path: str,
    required: bool,
    first: Sequence[str] = (),
) -> str | None:
    """The attribute or grid for an input: the one asked for, else the first name that fits.

    asked   a name, or `none`
    where   the file, for the error; `path`: the plate, for what cures it
    first   the site's own names for the input
    Of grids the first that fits does where none has one of the names; a level set has to be asked for.

    None means that an input which is not required is absent.

    Raises:
        SourceError: what was asked for, or is needed, is not there or does not fit; lists what is.
    """
    if asked == NONE and not wanted.required:
        return None
    have = held(geometry, kind)
    if asked is not None:
        check(have, asked, wanted, kind, where, path)
        return asked
    good = [one.name for one in have if one.fits(wanted)]
    for name in (*first, *wanted.layers):
        if name in good:
            return _single(have, name, kind, where)
    if not required:
        return None
    plain = [one.name for one in have if one.fits(wanted) and not one.surface]
    if kind != "points" and plain:
        return _single(have, plain[0], kind, where)
    raise _missing(have, wanted, kind, where, path)


def serving(
    geometry: Geometry, kind: Kind, wanted: Input, first: Sequence[str] = ()
) -> tuple[list[str], list[str]]:
    """Attributes or grids that could be an input: those that fit by name, best first; all others."""
    good = list(dict.fromkeys(one.name for one in held(geometry, kind) if one.fits(wanted)))
    named = [name for name in dict.fromkeys((*first, *wanted.layers)) if name in good]
    return named, [name for name in good if name not in named]


def check(
    have: Sequence[Held], name: str, wanted: Input, kind: Kind, where: str, path: str
) -> Held:
    """The one of a name, which an input can be made of.

    Raises:
        SourceError: it is not there, there are several, or its type or size is not what is needed.
    """
    noun = NOUNS[kind]
    one = next((one for one in have if one.name == name), None)
    if one is None:
        close = did_you_mean(name, [one.name for one in have])
        raise SourceError(
            f"{where} has no {noun} '{name}'.{close}",
            remedy=f"It has {listed(have)}.{_or_without(wanted)}",
            fix=_cure(have, wanted, path),
        )
    if not one.fits(wanted):
        raise SourceError(
            f"The {noun} '{name or UNNAMED}' of {where} is {one.words}; {wanted.name} needs "
            f"{needs(wanted)}.",
            remedy=f"It has {listed(have)}. Convert it, or choose another.{_or_without(wanted)}",
            fix=_cure(have, wanted, path),
        )
    _single(have, name, kind, where)
    return one


def needs(wanted: Input) -> str:
    """'3 floats', '1 or 3 floats'."""
    sizes = " or ".join(map(str, wanted.sizes))
    return f"{sizes} float{'' if sizes == '1' else 's'}"


def _single(have: Sequence[Held], name: str, kind: Kind, where: str) -> str:
    number = sum(one.name == name for one in have)
    if number > 1:
        raise SourceError(
            f"{where} has {number} {NOUNS[kind]}s named '{name or UNNAMED}'.",
            remedy="Give each a name of its own.",
        )
    return name


def _missing(have: Sequence[Held], wanted: Input, kind: Kind, where: str, path: str) -> SourceError:
    noun = NOUNS[kind]
    lacking = next((one for name in wanted.layers for one in have if one.name == name), None)
    said = "" if lacking is None else f" Its {noun} '{lacking.name}' is {lacking.words}."
    able = any(one.fits(wanted) for one in have)
    remedy = (
        f"Choose one with --layer {wanted.name}=NAME." if able else "Convert one of them first."
    )
    return SourceError(
        f"{where} has no {noun} for {wanted.name}, which needs {needs(wanted)}; looked for "
        f"{', '.join(wanted.layers)}.{said}",
        remedy=f"It has {listed(have)}. {remedy}" if have else "It holds none at all.",
        fix=_cure(have, wanted, path),
    )


def _cure(have: Sequence[Held], wanted: Input, path: str) -> Fix | None:
    """The first that fits, by the contract's names before others; else leaving it out."""
    good = [one.name for one in have if one.fits(wanted) and not one.surface]
    best = next(iter([*(name for name in wanted.layers if name in good), *good]), None)
    return left_out(wanted, path) if best is None else use(wanted, path, best)


def _or_without(wanted: Input) -> str:
    return "" if wanted.required else f" Leave it out with --layer {wanted.name}={NONE}."


def check_voxels(volume: Volume, kind: Kind, where: str) -> None:
    """Hold a grid's shape against what models of a kind can see: squares, or cubes.

    Raises:
        SourceError: voxels are longer in one direction than in another, or are sheared; or a
            heightfield is more than one voxel high.
    """
    axes = 2 if kind == "heightfield" else 3
    name = f"The grid '{volume.name or UNNAMED}' of {where}"
    if kind == "heightfield" and volume.resolution[2] != 1:
        raise SourceError(
            f"{name} is {volume.resolution[2]} voxels high; a heightfield is one.",
            remedy="Convert it to a heightfield, or use a task for volumes.",
        )
    linear = volume.transform[:axes, :3]
    lengths = np.linalg.norm(linear, axis=1)
    if not np.isfinite(lengths).all() or lengths.min() <= 0:
        raise SourceError(f"{name} has voxels of no size.", remedy="Write it again.")
    if lengths.max() - lengths.min() > ROUND * lengths.max():
        said = " x ".join(f"{length:.6g}" for length in lengths)
        raise SourceError(
            f"{name} has voxels of {said}, and models see them as equal.",
            remedy="Resample it to uniform voxels first.",
        )
    directions = linear / lengths[:, None]
    slant = float(np.abs(directions @ directions.T - np.eye(axes)).max())
    if slant > ROUND:
        raise SourceError(
            f"{name} has sheared voxels: {np.degrees(np.arcsin(min(slant, 1.0))):.3g} degrees off "
            "the right angle.",
            remedy="Resample it to uniform voxels first.",
        )


def find(geometry: Geometry, kind: Kind, name: str) -> Attribute | Volume | None:
    """An attribute of points, or a grid, by its name."""
    if kind == "points":
        return geometry.find(name)
    return next((one for one in volumes(geometry, kind) if one.name == name), None)
