"""Estimates: how long a job may take, by what its like took here, else by the contract's guess."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from answerprint import exr, geolayers, geometries, rates, wedge
from answerprint.contract import Value
from answerprint.curve import Curve
from answerprint.documents import count
from answerprint.errors import SourceError
from answerprint.job import Resolved
from answerprint.journal import Event

MOST_KINDS = 1000  # of a wedge; the first of them stand for all
MINUTE, HOUR = 60, 3600


@dataclass(frozen=True)
class Estimate:
    """`seconds` for all of it; `basis`: "measured" here, or only a first "guess"."""

    seconds: float
    per_frame: float
    basis: str
    words: str

    def as_json(self) -> dict[str, Any]:
        return {
            "seconds": round(self.seconds, 2),
            "per_frame": round(self.per_frame, 4),
            "basis": self.basis,
            "words": self.words,
        }


def of(resolved: Resolved, address: str, home: Path) -> Estimate:
    """How long a job may take on the server at `address`.

    Raises:
        SourceError: the first frame cannot be read.
    """
    frames, each = len(resolved.frame_range), max(len(resolved.variations), 1)
    items, size = frames * each, megapixels(resolved)
    kinds = list(itertools.islice(_kinds(resolved, address.rpartition(":")[0]), MOST_KINDS))
    known = [rates.per_megapixel(home, kind, items) for kind in kinds]
    guess = resolved.contract.cost.seconds_per_megapixel
    rate = sum(guess if one is None else one for one in known) / len(known)
    basis = "guess" if None in known else "measured"
    said = f"{_length(rate * size * items)} for {count(frames, 'frame')}"
    said += f" in {count(each, 'variation')}" if resolved.variations else ""
    said += ", a first guess" if basis == "guess" else ""
    return Estimate(rate * size * items, rate * size, basis, f"About {said}")


def megapixels(resolved: Resolved) -> float:
    """Of one frame of the plate, all views that are made; of geometry, million points or voxels.

    Raises:
        SourceError: its first frame cannot be read.
    """
    number = resolved.sources(resolved.frame_range.first).frames[0]
    source = resolved.inputs[resolved.main]
    if resolved.contract.kind != "image":
        return _millions(resolved, source.plate.file(number))
    frame = exr.read_structure(source.plate.file(number))
    held = frame.layers(resolved.views[0] if resolved.views else None).get(source.layer, [])
    part = frame.parts[held[0][0] if held else 0]
    window = part.data_window
    return window.width * window.height * max(len(resolved.views), 1) / 1e6


def _millions(resolved: Resolved, file: Path) -> float:
    geometry, kind = geometries.structure(file), resolved.contract.kind
    if kind == "points":
        return max(geometry.count, 1) / 1e6
    names = {source.layer for source in resolved.inputs.values()}
    grids = [one for one in geolayers.volumes(geometry, kind) if one.name in names]
    return max([1, *(math.prod(one.resolution) for one in grids)]) / 1e6


class Measure:
    """Watches a run's events, and remembers at its end what the frames took."""

    def __init__(self, resolved: Resolved, home: Path) -> None:
        self._resolved, self._home = resolved, home
        self._host, self._frames, self._waited = "", 0, False

    def see(self, event: Event) -> None:
        """Frames that were copied, or are the plate's own, cost nothing and say nothing."""
        match event["event"]:
            case "started":  # a take that was begun elsewhere goes to the server with its model
                self._host = str(event["server"])
            case "frame":
                self._frames += "copied_from" not in event and "shows" not in event
            case "waiting" | "moved" | "retry":
                self._waited = True  # what the server's absence took is nothing to go by
            case "finished" if event["state"] in ("complete", "part", "incomplete"):
                self._remember(float(event["seconds"]))

    def _remember(self, seconds: float) -> None:
        kinds = set(itertools.islice(_kinds(self._resolved, self._host), 2))
        if self._waited or not self._frames or seconds <= 0 or len(kinds) > 1:
            return  # of a wedge over choices it cannot be told which of them took how long
        try:
            size = megapixels(self._resolved)
        except SourceError:  # the plate went away; the take is made all the same
            return
        run = rates.Run(frames=self._frames, megapixels=size * self._frames, seconds=seconds)
        rates.remember(self._home, kinds.pop(), run)


def _kinds(resolved: Resolved, host: str) -> Iterator[str]:
    """What must be the same for two runs to take as long: one for each combination of a wedge."""
    chosen = {one.name for one in resolved.contract.parameters if one.type in ("choice", "bool")}
    axes = {name: values for name, values in resolved.axes.items() if name in chosen}
    fixed: dict[str, Value] = {
        name: value
        for name, value in resolved.parameters.items()
        if name in chosen and not isinstance(value, Curve)
    }
    head = f"{resolved.contract.task} {resolved.model_sha256} {host} {'+'.join(resolved.inputs)}"
    varied: Iterator[Mapping[str, Value]] = (one.values for one in wedge.variations(axes))
    for values in varied if axes else iter([{}]):
        said = (
            f"{name}={wedge.said(value)}" for name, value in sorted({**fixed, **values}.items())
        )
        yield " ".join([head, *said])


def _length(seconds: float) -> str:
    """'41 s', '3 min', '2.5 h': as exact as an estimate is."""
    if seconds < 1.5 * MINUTE:
        return f"{max(round(seconds), 1)} s"
    if seconds < 1.5 * HOUR:
        return f"{round(seconds / MINUTE)} min"
    return f"{seconds / HOUR:.1f}".removesuffix(".0") + " h"
