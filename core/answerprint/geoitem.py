"""A geometry work item: one frame of one variation, from its file through the model into a geometry."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint import geobuild, geocheck, geolayers, record, report
from answerprint.answer import NOBODY, Served
from answerprint.ask import Asker
from answerprint.contract import Output, Value
from answerprint.documents import count
from answerprint.errors import InferenceError
from answerprint.geolayers import UNNAMED
from answerprint.geometry import Attribute, Geometry
from answerprint.job import Resolved
from answerprint.report import Levels
from answerprint.shelf import Held, Shelf
from answerprint.takes import Item
from answerprint.timing import Sources
from answerprint.triton import INFER_SECONDS, Expected
from answerprint.volume import Volume

Array = NDArray[Any]
Shape = tuple[int, ...]


@dataclass
class Found:
    """What was read for a work item.

    geometry  what the result is put into: its lists are its own, the arrays in them are shared with
              others and are never written into
    arrays    input -> float32, finite, C-contiguous: (points, n), (z, y, x, n) or (y, x, n)
    seen      the frame of the plate that was read
    held, shows   as for images; nothing is between frames here
    """

    item: Item
    seen: Sources
    geometry: Geometry
    arrays: dict[str, Array] = field(default_factory=dict)
    held: bool = False
    shows: int | None = None
    levels: dict[str, Levels] = field(default_factory=dict)
    inputs: list[record.RecordedInput] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Points or voxels of the largest input: what the model's time is counted by."""
        return max((array.size // array.shape[-1] for array in self.arrays.values()), default=0)


@dataclass
class Answers:
    """What the model made of a work item: output -> array; the rest as for images."""

    arrays: dict[str, Array] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    cut: str = "whole"
    asked: bool = False
    served: Served = NOBODY


def files(resolved: Resolved, number: int) -> list[Path]:
    """Every file that frame `number` of the result needs, each once."""
    paths = (source.plate.file(number) for source in resolved.inputs.values())
    return list(dict.fromkeys(paths))


def read(resolved: Resolved, item: Item, shelf: Shelf) -> Found:
    """Read a work item's inputs; a file that others need as well is read once for all of them.

    Raises:
        SourceError: the file cannot be read, lacks an attribute or a grid, is empty, or holds what
            the job does not leave out.
    """
    start = time.perf_counter()
    with shelf.hold(files(resolved, item.frame)) as held:
        main = held[resolved.inputs[resolved.main].plate.file(item.frame)]
        found = Found(item, resolved.sources(item.frame), geobuild.copy(main.geometry))
        for name in resolved.inputs:
            _take(found, resolved, name, held)
    _leave_out(found, resolved)
    found.seconds["read"] = round(time.perf_counter() - start, 4)
    return found


def _take(found: Found, resolved: Resolved, name: str, held: Mapping[Path, Held]) -> None:
    """One input's numbers; NaN and inf stand aside for zero."""
    source, kind = resolved.inputs[name], resolved.contract.kind
    path = source.plate.file(found.item.frame)
    where, geometry = f"{path.name} (frame {found.item.frame})", held[path].geometry
    one = _single(resolved, geometry, name, where)
    numbers = _numbers(one, len(source.channels))
    if numbers.size == 0 or (isinstance(one, Volume) and _is_empty(one)):
        raise geocheck.empty(where, geometry, kind, source.layer)
    levels = report.measure(numbers)
    if levels.non_finite:
        found.warnings.append(
            f"{name}: {levels.nan} NaN and {levels.inf} inf in {source.layer or UNNAMED}, zero for "
            f"the model{_fate(resolved, name)}"
        )
        numbers = np.nan_to_num(numbers, nan=0.0, posinf=0.0, neginf=0.0)
    found.arrays[name] = numbers
    found.levels[name] = levels
    before = record.extract(geometry)
    found.inputs.append(
        record.RecordedInput(
            role=name,
            uri=path.as_posix(),
            plate=source.path,
            layer=source.layer,
            frame=found.item.frame,
            pixels=held[path].pixels,
            statement_id=before.statement_id if before else None,
        )
    )


def _single(resolved: Resolved, geometry: Geometry, name: str, where: str) -> Attribute | Volume:
    """The attribute or grid of an input; files may have changed since preflight."""
    source, contract = resolved.inputs[name], resolved.contract
    have = geolayers.held(geometry, contract.kind)
    wanted = contract.input(name)
    geolayers.check(have, source.layer, wanted, contract.kind, where, source.path)
    one = geolayers.find(geometry, contract.kind, source.layer)
    assert one is not None  # noqa: S101 - it was just found
    if isinstance(one, Volume):
        geolayers.check_voxels(one, contract.kind, where)
    return one


def _numbers(one: Attribute | Volume, size: int) -> Array:
    """As the model takes them: float32, C-contiguous; the file's own array where it is that."""
    if isinstance(one, Attribute):
        values = one.values[:, :size]
    elif one.kind == "heightfield":
        values = one.values[0].reshape(*one.values.shape[1:3], size)
    else:
        values = one.values.reshape(*one.values.shape[:3], size)
    with np.errstate(over="ignore"):  # counted in the report, as inf
        return np.ascontiguousarray(values, np.float32)


def _is_empty(volume: Volume) -> bool:
    return volume.active is not None and not volume.active.any()


def _fate(resolved: Resolved, name: str) -> str:
    """What becomes of them in the take's file."""
    contract = resolved.contract
    made = [one for one in contract.outputs if one.replaces == name]
    replaced = made and resolved.result.layers == "replace"
    if resolved.job.non_finite == "keep" and not replaced:
        return ", kept in the file" if resolved.result.layers != "only" else ""
    if resolved.job.non_finite == "keep" and all(one.scale == 1 for one in made):
        return ", kept where they are"
    return ""


def _leave_out(found: Found, resolved: Resolved) -> None:
    """Raises SourceError: there is what would be lost, and the job does not say to leave it out."""
    name = resolved.inputs[resolved.main].plate.name(found.item.frame)
    geocheck.check_supported(resolved.job, f"{name} (frame {found.item.frame})", found.geometry)
    if found.geometry.unsupported:
        found.warnings.append(f"left out of the take: {geocheck.lost(found.geometry.unsupported)}")
        found.geometry.unsupported = {}


def encode(found: Found, asker: Asker) -> None:
    """Nothing: numbers go to the model as they are."""


def ask(
    found: Found,
    asker: Asker,
    settings: Mapping[str, Value],
    *,
    seed: str | None,
    request_id: str,
    deadline: float = INFER_SECONDS,
    stop: threading.Event | None = None,
) -> Answers:
    """The model's arrays for a work item, all in one request.

    deadline   seconds that the model may take
    stop       once it is set, an unanswered request is given up soon

    Raises:
        ServerError: any of its kinds.
    """
    resolved, asked = asker.resolved, dict(settings)
    if resolved.contract.seed:
        asked["seed"] = seed or "0"
    answer = asker.server.infer(
        asker.offer,
        found.arrays,
        asked,
        request_id=request_id,
        outputs={
            one.name: Expected(_shape(found.arrays, resolved, one, settings))
            for one in resolved.outputs(settings)
        },
        deadline=deadline,
        stop=stop,
    )
    return Answers(answer.images, answer.report, asked=True, served=answer.served)


def _shape(
    arrays: Mapping[str, Array], resolved: Resolved, output: Output, settings: Mapping[str, Value]
) -> Shape:
    """What an output has to be like: as its input, so many times larger in each direction."""
    before = output.replaces or resolved.main
    scale = resolved.contract.scale(output, settings)
    size = len(resolved.inputs[before].channels) if output.replaces else len(output.channels)
    return (*(edge * scale for edge in arrays[before].shape[:-1]), size)


def build(
    found: Found, resolved: Resolved, answers: Answers, settings: Mapping[str, Value]
) -> tuple[str, ...]:
    """Put the model's numbers into the work item's geometry; returns the names that they have there.

    What it then holds is as `resolved.result` says: everything else as it was, or only this.

    Raises:
        InferenceError: an array has another shape than its contract says.
    """
    plate, made = geobuild.copy(found.geometry), []
    for output in resolved.outputs(settings):
        array = answers.arrays.pop(output.name)  # it is not needed beside what is stored
        shape = _shape(found.arrays, resolved, output, settings)
        if array.shape != shape:
            raise InferenceError(
                f"{resolved.contract.task} returned {output.name} of shape {list(array.shape)} for "
                f"frame {found.item.frame}; it has to be {list(shape)}.",
                remedy="Tell the pipeline team: the model breaks its contract.",
            )
        scale = resolved.contract.scale(output, settings)
        made.append(geobuild.put(found.geometry, plate, resolved, output, array, scale=scale))
        _measure(found, output, array)
    if resolved.result.layers == "only":
        alone = geobuild.only_attributes if _is_points(resolved) else geobuild.only_volumes
        found.geometry = alone(found.geometry, made)
    return tuple(made)


def _is_points(resolved: Resolved) -> bool:
    return resolved.contract.kind == "points"


def _measure(found: Found, output: Output, array: Array) -> None:
    """What a model made, and what an artist should know of it."""
    after = report.measure(array)
    found.levels[f"{output.name} out"] = after
    before = found.levels.get(output.replaces or "")
    if after.non_finite:
        found.warnings.append(
            f"{output.name}: the model made {after.nan} NaN and {after.inf} inf values"
        )
    if before is not None and after.negative and not before.negative:
        found.warnings.append(
            f"{output.name}: {count(after.negative, 'value')} below 0 out, none in, to "
            f"{after.least:.4g}"
        )
