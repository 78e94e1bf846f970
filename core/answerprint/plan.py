"""Plans: what a run would do and how long it may take, with nothing written and no number taken."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from answerprint import (
    estimate,
    exr,
    geobuild,
    geolayers,
    geometries,
    inputs,
    keep,
    preflight,
    takes,
)
from answerprint.contract import Input
from answerprint.errors import AnswerprintError
from answerprint.estimate import Estimate
from answerprint.interrupt import Interrupt
from answerprint.job import Job, Resolved
from answerprint.plate import Plate
from answerprint.site import SPELLED, Site
from answerprint.take import spelled
from answerprint.triton import Server

# what a note is about where an artist should look before the run
_WARNING = (
    *("space: ", "channels: ", "frames: ", "left out of the take: "),
    *("points: their number changes", "result: the plate", "level set: "),  # of geometry
)


@dataclass(frozen=True)
class Plan:
    """A job as it would run.

    number     the next of its stream; another run may take it before
    choices    input -> layers of its plate that could be it, best first
    kept       layers of the plate that stay as they are; and those the take would not hold
    Of geometry layers are attributes and grids.
    """

    resolved: Resolved
    number: int
    choices: dict[str, list[str]]
    kept: list[str]
    left_out: list[str]
    estimate: Estimate

    @property
    def label(self) -> str:
        """As the take's folder is going to be named: v003."""
        return spelled(self.number, self.resolved.job.out.numbers or SPELLED)

    def as_json(self) -> dict[str, Any]:
        """For panels; see 'answerprint plan --help'."""
        found, frames = self.resolved, self.resolved.frame_range
        variations = len(found.variations)
        warned = self.warnings
        return {
            "take": self.label,
            "name": found.name,
            "stream": found.stream,
            "root": found.root.as_posix(),
            "task": found.contract.task,
            "kind": found.contract.kind,
            "format": found.result.format,
            "version": found.version,
            "frames": found.frames,
            "count": len(frames),
            "variations": variations,
            "items": len(frames) * max(variations, 1),
            "views": list(found.views),
            "inputs": {
                name: {"layer": one.layer, "path": one.path, "found": _how(found.job, name)}
                for name, one in found.inputs.items()
            },
            "absent": [one.name for one in found.contract.inputs if one.name not in found.inputs],
            "choices": self.choices,
            "kept": self.kept,
            "left_out": self.left_out,
            "colour": self._colour(),
            "notes": [note for note in found.notes if note not in warned],
            "estimate": self.estimate.as_json(),
            "bytes": found.disk,
            "warnings": warned,
        }

    @property
    def warnings(self) -> list[str]:
        """Those of the notes that an artist should see before the run."""
        said = {words for one in self.resolved.contract.parameters for words in one.warn.values()}
        return [note for note in self.resolved.notes if note in said or note.startswith(_WARNING)]

    def of(self, topic: str) -> list[str]:
        """The notes on one topic, without its word."""
        head = f"{topic}: "
        return [note[len(head) :] for note in self.resolved.notes if note.startswith(head)]

    @property
    def way(self) -> str:
        """The main input's way through colour, in one line; empty where colour is not met."""
        if self.resolved.colour is None:
            return ""
        space, way = self.resolved.colour.space, self.resolved.colour.paths[self.resolved.main]
        if " -> " not in way:
            return f"{space}, as it is"
        there, model, *back = way.split(" -> ")
        if back:  # the other ways say of themselves that they are for the model's eyes only
            seen, comma, more = model.partition(",")
            model = f"{seen} for the model{comma}{more}"
        return " → ".join([there, model, *back])

    def _colour(self) -> dict[str, str] | None:
        found = self.resolved.colour
        if found is None:
            return None
        return {"space": found.space, "source": found.source, "words": self.way}


def plan(
    job: Job,
    server: Server,
    site: Site,
    *,
    home: Path,
    memory: float | None = None,
    interrupted: Interrupt | None = None,
) -> Plan:
    """Resolve a job as a run does, but for trying to write, and say what would come of it.

    `home`: where what earlier runs took is remembered; the rest as for `preflight.resolve`.

    Raises:
        AnswerprintError: whatever would end the run before it begins.
        KeyboardInterrupt: it was interrupted.
    """
    found = preflight.resolve(
        job, server, site, memory=memory, tries=False, interrupted=interrupted
    )
    contents = _pictures if found.contract.kind == "image" else _geometry
    choices, kept, left_out = contents(found, site)
    return Plan(
        resolved=found,
        number=found.job.out.take or takes.following(found.root / found.stream),
        choices=choices,
        kept=kept,
        left_out=left_out,
        estimate=estimate.of(found, server.address, home),
    )


Contents = tuple[dict[str, list[str]], list[str], list[str]]  # choices, kept, left out


def _pictures(found: Resolved, site: Site) -> Contents:
    view = found.views[0] if found.views else None
    first = found.sources(found.frame_range.first).frames[0]
    head = exr.read_structure(found.inputs[found.main].plate.file(first))
    rest = keep.rest(found.contract, head, found.inputs, view)
    kept = {"replace": rest, "beside": [*head.layers(view)], "only": []}
    choices = {one.name: _choices(found, one, view, first, site) for one in found.contract.inputs}
    layers = found.result.layers
    return choices, kept[layers], rest if layers == "only" else []


def _geometry(found: Resolved, site: Site) -> Contents:
    """Attributes and grids, by the first frame."""
    number, kind = found.frame_range.first, found.contract.kind
    head = geometries.structure(found.inputs[found.main].plate.file(number))
    choices = {}
    for one in found.contract.inputs:
        named, others = geolayers.serving(head, kind, one, site.layers.get(one.name, ()))
        choices[one.name] = [*named, *others]
    layers = found.result.layers
    made = [geobuild.name_of(found, one) for one in found.outputs(found.settings(number))]
    rest = geobuild.rest(head, made, layers, kind)
    return choices, [] if layers == "only" else rest, rest if layers == "only" else []


def _choices(found: Resolved, wanted: Input, view: str | None, first: int, site: Site) -> list[str]:
    """Of an input that is left out as well: what it could be made of."""
    plate = _plate(found, wanted, site)
    try:
        frame = exr.read_structure(plate.file(first))
    except AnswerprintError:  # a plate that is left out need not be readable
        return []
    named, others = inputs.could_be(frame, wanted, view, site)
    return [*named, *others]


def _plate(found: Resolved, wanted: Input, site: Site) -> Plate:
    if wanted.name in found.inputs:
        return found.inputs[wanted.name].plate
    source = found.job.inputs.get(wanted.name)
    return inputs.plate(
        found.job.plate if source is None else source.path, found.job, "Plate", site
    )


def _how(job: Job, name: str) -> str:
    asked = job.inputs.get(name)
    return "found" if asked is None or asked.layer is None else "asked for"
