"""A USD file as one geometry: its prims one after the other, and what it says beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pxr import Sdf, Tf, Usd, UsdGeom  # type: ignore[import-untyped]

from answerprint.errors import SourceError
from answerprint.geometry import Geometry
from answerprint.usdabout import NAME, About, PrimAbout
from answerprint.usdcrate import unbelievable
from answerprint.usdmerge import lose, merge
from answerprint.usdprims import Part, part
from answerprint.volume import Volume

LIMIT = 8 << 30  # bytes of a file
# of what a layer says of itself, what is written back
STAGE = (
    "upAxis",
    "metersPerUnit",
    "timeCodesPerSecond",
    "framesPerSecond",
    "startTimeCode",
    "endTimeCode",
    "defaultPrim",
    "documentation",
    "comment",
)
_PLAIN = ("", "Xform", "Scope", "GeomSubset", "OpenVDBAsset")


def read(path: Path, grids: Callable[[Path], Geometry]) -> Geometry:
    """Everything in a file; `grids` reads the .vdb files that its volumes name."""
    try:
        return _read(path, grids)
    # whatever pxr, or numpy of what pxr gave, finds wrong in a damaged file
    except (Tf.ErrorException, RuntimeError, TypeError, ValueError) as error:
        raise _damaged(path.as_posix()) from error


def _read(path: Path, grids: Callable[[Path], Geometry]) -> Geometry:
    stage = _opened(path)
    time = _time(stage, path)
    code = Usd.TimeCode.Default() if time is None else Usd.TimeCode(time)
    geometry = Geometry()
    parts: list[Part] = []
    spaces: dict[str, NDArray[np.float64]] = {}
    cache = UsdGeom.XformCache(code)
    for prim in stage.Traverse(Usd.TraverseInstanceProxies(Usd.PrimDefaultPredicate)):
        if prim.HasVariantSets():
            lose(geometry, "variant set", len(prim.GetVariantSets().GetNames()))
        if prim.GetTypeName() in _PLAIN:
            continue
        space = np.array(cache.GetLocalToWorldTransform(prim))
        if prim.GetTypeName() == "Volume":
            for volume in _volumes(geometry, prim, code, path, grids):
                geometry.volumes.append(replace(volume, transform=volume.transform @ space))
            continue
        one = part(prim, code, path.as_posix())
        if isinstance(one, str):
            lose(geometry, one, 1)
            continue
        parts.append(one)
        spaces[one.path] = space
    about = _about(stage, time, parts, _space(spaces, path))
    merge(geometry, parts, path)
    _say(geometry, stage)
    geometry.said[NAME] = about.model_dump_json()
    return geometry


def _opened(path: Path) -> Usd.Stage:
    """The stage of this file alone. Nothing else is opened, whatever the file names."""
    name = path.as_posix()
    try:
        size = path.stat().st_size
        wrong = unbelievable(path)
    except OSError as error:
        raise SourceError(
            f"{name} cannot be read: {error.strerror}.",
            remedy="Check the path and its permissions.",
        ) from error
    if size > LIMIT:
        raise SourceError(
            f"{name} is {size / (1 << 30):,.1f} GiB; {LIMIT >> 30} GiB is the most that is read.",
            remedy="Write fewer prims into one file.",
        )
    if wrong:
        raise SourceError(
            f"{name} is damaged: {wrong}.", remedy="Write it again where it came from."
        )
    # Anonymous: pxr keeps layers by their name, and a file may have been written again since.
    layer = Sdf.Layer.OpenAsAnonymous(name)
    if layer is None:
        raise _damaged(name)
    _alone(layer, name)
    return Usd.Stage.Open(layer)


def _damaged(name: str) -> SourceError:
    return SourceError(
        f"{name} is no USD file, or damaged.", remedy="Write it again where it came from."
    )


def _alone(layer: Sdf.Layer, name: str) -> None:
    """Raises SourceError: the file is composed of others, which would be opened with it."""
    clips = [str(spec.path) for spec in _specs(layer, name) if spec.HasInfo("clips")]
    others = sorted(layer.GetCompositionAssetDependencies())
    if others or clips:
        named = ", ".join(others[:3]) or f"value clips of {clips[0]}"
        raise SourceError(
            f"{name} is composed of other files ({named}), which are not followed.",
            remedy="Flatten it to one file (usdcat --flatten, or 'Flatten Stage' in a USD ROP).",
        )


def _specs(layer: Sdf.Layer, name: str) -> Iterator[Sdf.PrimSpec]:
    """All prims of a layer, in variants as well.

    Raises SourceError: one is named and is not there; pxr's own ways through a layer, and through a
    stage of it, end the whole process then.
    """
    left = [layer.pseudoRoot]
    while left:
        spec = left.pop()
        if not spec:
            raise _damaged(name)
        yield spec
        left += spec.nameChildren.values()
        for choices in spec.variantSets.values():
            if not choices:
                raise _damaged(name)
            left += [choice and choice.primSpec for choice in choices.variants.values()]


def _time(stage: Usd.Stage, path: Path) -> float | None:
    """The one time that has samples."""
    times: set[float] = set()
    for prim in stage.Traverse(Usd.TraverseInstanceProxies(Usd.PrimDefaultPredicate)):
        for attribute in prim.GetAuthoredAttributes():
            if attribute.GetNumTimeSamples():
                times.update(attribute.GetTimeSamples())
    if len(times) > 1:
        raise SourceError(
            f"{path.as_posix()} holds {len(times)} frames, {min(times):g} to {max(times):g}.",
            remedy="Write one file per frame ($F4 in its name).",
        )
    return next(iter(times), None)


def _space(spaces: dict[str, NDArray[np.float64]], path: Path) -> list[list[float]] | None:
    """The one space of all prims."""
    if not spaces:
        return None
    (first, space), *others = spaces.items()
    for name, other in others:
        if not np.array_equal(space, other):
            raise SourceError(
                f"{path.as_posix()}: {first} and {name} are transformed differently, "
                "and would not stay where they are in one geometry.",
                remedy="Write their points in world space, or one file for each.",
            )
    found: list[list[float]] = space.tolist()
    return None if np.array_equal(space, np.eye(4)) else found


def _about(
    stage: Usd.Stage, time: float | None, parts: list[Part], space: list[list[float]] | None
) -> About:
    root = stage.GetRootLayer().pseudoRoot
    about = About(time=time, space=space)
    given = {name: root.GetInfo(name) for name in STAGE if root.HasInfo(name)}
    about.stage = {name: one for name, one in given.items() if isinstance(one, str | float | int)}
    for one in parts:
        about.prims.append(
            PrimAbout(
                path=one.path,
                kind=one.kind,
                points=len(one.points),
                faces=len(one.counts),
                named=one.named,
                options=one.options,
            )
        )
        about.types.update(one.types)
        about.varying += [name for name in one.varying if name not in about.varying]
        about.families.update(one.families)
    return about


def _say(geometry: Geometry, stage: Usd.Stage) -> None:
    for name, value in stage.GetRootLayer().customLayerData.items():
        if isinstance(value, str):
            geometry.said[name] = value
        else:
            lose(geometry, f"{type(value).__name__} of customLayerData", 1)


def _volumes(
    geometry: Geometry,
    prim: Usd.Prim,
    code: Usd.TimeCode,
    path: Path,
    grids: Callable[[Path], Geometry],
) -> Iterator[Volume]:
    """The grids that a Volume names, out of .vdb files below the folder of this one."""
    for relation in prim.GetRelationships():
        if not relation.GetName().startswith("field:"):
            continue
        for target in relation.GetForwardedTargets():
            field = prim.GetStage().GetPrimAtPath(target)
            if not field or field.GetTypeName() != "OpenVDBAsset":
                lose(geometry, "field that is no OpenVDB file", 1)
                continue
            asset = field.GetAttribute("filePath").Get(code)
            name = str(field.GetAttribute("fieldName").Get(code) or relation.GetBaseName())
            file = _below(path, getattr(asset, "path", ""))
            yield _grid(grids(file), name, file)


def _below(path: Path, asset: str) -> Path:
    folder = path.resolve().parent
    file = (folder / asset).resolve()
    if not asset or Path(asset).is_absolute() or not file.is_relative_to(folder):
        raise SourceError(
            f"{path.as_posix()} names a volume outside its folder: {asset or 'none'}.",
            remedy="Put the .vdb file beside it, and name it relatively.",
        )
    return file


def _grid(found: Geometry, name: str, file: Path) -> Volume:
    for volume in found.volumes:
        if volume.name == name:
            return volume
    names = ", ".join(volume.name for volume in found.volumes)
    raise SourceError(
        f"{file.as_posix()} has no grid '{name}', but {names or 'none'}.",
        remedy="Write the grid, or name one that is there.",
    )
