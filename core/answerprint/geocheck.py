"""Checks of geometry before a number is taken: every frame, as far as it tells without its values."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from answerprint import geolayers, geometries
from answerprint.contract import Contract, Kind, Value
from answerprint.documents import count
from answerprint.errors import Fix, JobError, SourceError
from answerprint.frames import FrameRange
from answerprint.geolayers import UNNAMED, Held
from answerprint.geometry import Attribute, Geometry
from answerprint.interrupt import Interrupt
from answerprint.job import Job, ResolvedInput
from answerprint.memory import COPIES, FLOAT
from answerprint.plate import Plate
from answerprint.ports import NOUNS
from answerprint.site import Site
from answerprint.triton import MOST_REQUEST_BYTES
from answerprint.volume import Volume

Inputs = Mapping[str, ResolvedInput]
Settings = Mapping[str, Value]

MOST_COUNTED = 1 << 12  # frames whose NaN and inf are remembered by a process
MOST_NAMED = 5


@dataclass
class Survey:
    """What looking at every frame has told so far, and what the first one holds.

    possible  settings that differ in what comes back
    peak      bytes of the largest work item; grown: how many times larger than its file it becomes
    points    frame -> number of points
    empties   frames of which an input holds nothing
    """

    contract: Contract
    inputs: Inputs
    possible: list[dict[str, Value]]
    head: Geometry
    peak: int = 0
    grown: float = 1.0
    points: dict[int, int] = field(default_factory=dict)
    empties: list[int] = field(default_factory=list)

    def see(self, number: int, geometry: Geometry, name: str) -> None:
        """Hold a frame against the first one.

        Raises:
            SourceError: it lacks something, or holds it in another type or shape.
        """
        where, kind = f"{name} (frame {number})", self.contract.kind
        have, first = geolayers.held(geometry, kind), geolayers.held(self.head, kind)
        for role, source in self.inputs.items():
            wanted = self.contract.input(role)
            one = geolayers.check(have, source.layer, wanted, kind, where, source.path)
            _check_same(one, next(held for held in first if held.name == source.layer), kind, where)
            found = geolayers.find(geometry, kind, source.layer)
            if isinstance(found, Volume):
                geolayers.check_voxels(found, kind, where)
        each = [_values(geometry, kind, one) for one in self.inputs.values()]
        if not all(each):
            self.empties.append(number)
        sent = sum(each) * FLOAT
        if sent > MOST_REQUEST_BYTES:
            raise SourceError(
                f"{where} makes {sent / 1e9:.1f} GB in one request, {MOST_REQUEST_BYTES / 1e9:.1f} "
                "GB fit.",
                remedy="Work on a part of it, or with fewer points or voxels.",
            )
        back = max(self._back(geometry, one) for one in self.possible) * FLOAT
        own = size(geometry)
        self.peak = max(self.peak, own + (sent + back) * COPIES)
        self.grown = max(self.grown, (own + back) / max(own, 1))
        self.points[number] = geometry.count

    def _back(self, geometry: Geometry, settings: Settings) -> int:
        """Numbers that come back."""
        axes = {"volume": 3, "heightfield": 2}.get(self.contract.kind, 0)
        main = next(iter(self.inputs))
        total = 0
        for one in self.contract.given(settings):
            source = self.inputs.get(one.replaces or main)
            if source is None:
                continue
            values = _values(geometry, self.contract.kind, source)
            if one.replaces is None:
                values = values // len(source.channels) * len(one.channels)
            total += values * self.contract.scale(one, settings) ** axes
        return total

    @property
    def notes(self) -> list[str]:
        """That the number of points changes: once for all frames."""
        if self.contract.kind != "points" or len(set(self.points.values())) < 2:
            return []
        least = min(self.points, key=self.points.__getitem__)
        most = max(self.points, key=self.points.__getitem__)
        said = f"{self.points[least]:,} at {least} to {self.points[most]:,} at {most}"
        return [f"points: their number changes, {said}"]


def _check_same(own: Held, first: Held, kind: Kind, where: str) -> None:
    if (own.size, own.dtype) != (first.size, first.dtype):
        noun = NOUNS[kind]
        raise SourceError(
            f"The {noun} '{own.name or UNNAMED}' of {where} is {own.words}; in the first frame it is "
            f"{first.words}.",
            remedy="Write the sequence with one set of types, or run its parts as jobs of their own.",
        )


def opened(plate: Plate, number: int, site: Site) -> Geometry:
    """A frame's structure.

    Raises:
        JobError: it is a link that leads outside the allowed folders.
        SourceError: it cannot be read.
    """
    path = plate.file(number)
    site.check_allowed(path, "Frame")
    return geometries.structure(path)


def is_empty(geometry: Geometry) -> bool:
    """Whether there is neither a point nor a voxel, as far as its structure tells."""
    return not geometry.count and not any(math.prod(one.resolution) for one in geometry.volumes)


def check_not_empty(
    plate: Plate, frames: FrameRange, empties: list[int], inputs: Inputs | None = None
) -> None:
    """Raises SourceError: some frames are empty; names them, and runs the others.

    `inputs`: what they hold nothing of; None: there is nothing at all in them.
    """
    if not empties:
        return
    rest = FrameRange.of(set(frames) - set(empties))
    said, named = FrameRange.of(empties), "no points and no voxels"
    if inputs:
        layers = dict.fromkeys(f"'{one.layer or UNNAMED}'" for one in inputs.values())
        named = f"nothing in {' or '.join(layers)}"
    raise SourceError(
        f"{plate} holds {named} in {count(len(empties), 'frame')}: {said}.",
        remedy="Cook these frames again, or ask for a range without them.",
        fix=Fix(f"Run {rest}", {"frames": str(rest), "handles": 0}, run=True)
        if len(rest)
        else None,
    )


def empty(where: str, geometry: Geometry, kind: Kind, layer: str) -> SourceError:
    """Our error for a frame that has nothing to work on."""
    said = "no points" if kind == "points" else f"no voxel in '{layer or UNNAMED}' that is active"
    has = "" if kind == "points" else f" It holds {geolayers.contents(geometry)}."
    return SourceError(
        f"{where} holds {said}.", remedy=f"Leave the frame out, or cook it again.{has}"
    )


def lost(unsupported: Mapping[str, int]) -> str:
    """'3 NURBS curves, 1 packed disk'."""
    return ", ".join(count(number, words) for words, number in unsupported.items())


def check_supported(job: Job, where: str, geometry: Geometry) -> None:
    """Raises SourceError: a take could not hold something, and the job does not leave it out."""
    if geometry.unsupported and job.unsupported == "stop":
        raise SourceError(
            f"{where} holds {lost(geometry.unsupported)}, which Answerprint does not know: the take "
            "would lose them.",
            remedy="Convert or unpack them first, or leave them out with --unsupported leave_out.",
            fix=Fix("Leave them out and run", {"unsupported": "leave_out"}, run=True),
        )


def size(geometry: Geometry) -> int:
    """Bytes of all its values, as its structure tells."""
    counts = {
        "point": geometry.count,
        "vertex": geometry.vertices,
        "primitive": geometry.primitives,
        "detail": 1,
    }
    attributes = sum(
        counts[one.owner] * one.size * one.values.dtype.itemsize for one in geometry.attributes
    )
    grids = sum(
        math.prod(one.resolution) * (one.channels * one.values.dtype.itemsize + 1)
        for one in geometry.volumes
    )
    return attributes + grids + 4 * geometry.vertices


def _values(geometry: Geometry, kind: Kind, source: ResolvedInput) -> int:
    """Numbers of an input."""
    found = geolayers.find(geometry, kind, source.layer)
    if isinstance(found, Volume):
        return math.prod(found.resolution) * len(source.channels)
    return geometry.count * len(source.channels)


def check_finite(inputs: Inputs, kind: Kind, frames: FrameRange, *, interrupted: Interrupt) -> None:
    """Read the values of every frame: only under `stop`, which is asked for.

    Raises:
        SourceError: there is NaN or inf where points are, or in an input; names frames and numbers.
    """
    names = tuple(dict.fromkeys(source.layer for source in inputs.values()))
    names = tuple(dict.fromkeys(("P", *names))) if kind == "points" else names
    faults = []
    for number in frames:
        interrupted.heed()
        file = next(iter(inputs.values())).plate.file(number)
        found = _non_finite(file, _stamp(file), kind, names)
        if found:
            said = ", ".join(f"{values} in {name}" for name, values in found)
            faults.append(f"{number} ({said})")
    if faults:
        more = f" and {len(faults) - MOST_NAMED} more frames" if len(faults) > MOST_NAMED else ""
        raise SourceError(
            f"The geometry holds NaN or inf in frame {', '.join(faults[:MOST_NAMED])}{more}.",
            remedy="Cook these frames again, or choose --non-finite keep or zero.",
            fix=Fix("Set to zero and run", {"non_finite": "zero"}, run=True),
        )


def _stamp(file: Path) -> tuple[int, ...]:
    """What tells a file from the one that lay there before; nothing of one that is not there."""
    try:
        facts = file.stat()
    except OSError:
        return ()
    return facts.st_ino, facts.st_mtime_ns, facts.st_size


@functools.lru_cache(maxsize=MOST_COUNTED)
def _non_finite(
    file: Path, _stamp: tuple[int, ...], kind: Kind, names: tuple[str, ...]
) -> tuple[tuple[str, int], ...]:
    """How many values are NaN or inf, by name. A panel asks again and again for the same frames."""
    geometry, found = geometries.read(file), []
    for name in names:
        one = geolayers.find(geometry, kind, name)
        if isinstance(one, (Attribute, Volume)) and one.values.dtype.kind == "f":
            number = int(np.count_nonzero(~np.isfinite(one.values)))
            found += [(name or UNNAMED, number)] if number else []
    return tuple(found)


def check_fields(job: Job, task: str) -> None:
    """Raises JobError: the job asks for what only pictures have; names the field."""
    of_pictures: dict[str, tuple[bool, dict[str, Any]]] = {
        "views": (job.views is not None, {"views": None}),
        "colour.space": (job.colour.space is not None, {"colour": {"space": None}}),
        "colour.config": (job.colour.config is not None, {"colour": {"config": None}}),
        "timing": (job.timing is not None, {"timing": None}),
        "result.type": (job.result.type != "inherit", {"result": {"type": "inherit"}}),
        "result.compression": (
            job.result.compression != "inherit",
            {"result": {"compression": "inherit"}},
        ),
        "result.format": (job.result.format == "exr", {"result": {"format": "inherit"}}),
    }
    for name, (is_asked, change) in of_pictures.items():
        if is_asked:
            raise JobError(
                f"{name} is for pictures, and {task} works on geometry.",
                remedy="Leave it out.",
                fix=Fix(f"Leave {name} out", change),
            )
