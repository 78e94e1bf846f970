"""Again: the request that made a take or a frame, with all that was open then decided as it was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from answerprint import job, localised, medium, ocio, record, takes
from answerprint.contract import Contract
from answerprint.errors import SourceError, TakeError
from answerprint.frames import FrameRange
from answerprint.job import Job, Resolved
from answerprint.layers import NONE
from answerprint.plate import frame_in_name
from answerprint.record import Record
from answerprint.site import Site
from answerprint.takes import Item, Take
from answerprint.triton import Server


@dataclass(frozen=True)
class Again:
    """A request to repeat, and the frames to compare its result with: item -> file.

    `fingerprint` is that of the colour configuration; empty where nothing met a transform.
    """

    job: Job
    before: dict[Item, Path]
    label: str
    model_sha256: str
    fingerprint: str


def again(path: Path, out: str | None, server: Server, site: Site) -> Again:
    """What to run again for a take, a frame of a take, or a frame that has left its take.

    A frame alone is enough: its record holds the whole request.

    Raises:
        TakeError: there is no take, or it has no frames.
        SourceError: a frame has no readable record, or a plate is not what it was.
        JobError: a plate lies outside the allowed roots.
        SetupError: the colour configuration is not there any more.
    """
    take = None if path.is_file() and not _is_in_take(path) else takes.find(path)
    found = _of_frame(path, out, server) if take is None else _of_take(take, path, out, site)
    _check_inputs(found.before.values(), site)
    found = replace(found, job=localised.job(found.job, site))
    if found.job.colour.config:
        ocio.load_again(found.job.colour.config)
    return found


def _is_in_take(path: Path) -> bool:
    return any((one / ".take" / "job.json").is_file() for one in path.absolute().parents[:2])


def _of_take(take: Take, path: Path, out: str | None, site: Site) -> Again:
    held = take.items()
    if path.is_file():
        held = {item: file for item, file in held.items() if file.samefile(path)}
    if not held:
        raise TakeError(
            f"{take.name} {take.label} has no such frames to compare with.",
            remedy="Finish it first with 'answerprint run --resume'.",
        )
    first = localised.resolved(takes.reopen(take), site)
    fields = first.job.model_dump(mode="json", by_alias=True)
    main = next(iter(first.inputs.values())).path
    fields |= {
        "version": first.version,
        "plate": main,
        "parameters": first.model_dump(mode="json")["parameters"],
        "inputs": _sources(first, main),
        "views": first.views or None,
        "reuse": False,  # the point is to do it again
    }
    if first.colour is not None:  # whatever this machine would choose today
        found = {"space": first.colour.space, "config": first.colour.config}
        fields["colour"] = {**found, "said_by": take.label}
    if path.is_file():
        fields |= _of_item(first, next(iter(held)))
    elif first.job.timing is None:
        fields["frames"] = str(FrameRange.of(item.frame for item in held))
        fields["handles"] = 0  # they are among these frames
    fields["out"] |= {"root": out or first.root.as_posix(), "name": first.name, "take": None}
    if path.is_file() and first.axes:
        held = {Item(item.frame): file for item, file in held.items()}
    fingerprint = first.colour.fingerprint if first.colour else ""
    return Again(job.make(fields), held, take.label, first.model_sha256, fingerprint)


def _of_item(first: Resolved, item: Item) -> dict[str, Any]:
    """The request for one frame of one variation alone."""
    variation = first.variations.get(item.variation)
    fields: dict[str, Any] = {
        "parameters": first.settings(item.frame, variation),
        "seed": first.seed(variation),
        "wedge": {},
        "items": None,
        "handles": 0,
    }
    if first.job.timing is None:
        return fields | {"frames": str(item.frame)}
    moment = first.sources(item.frame).moment
    timing = {"curve": {str(item.frame): moment}, "cuts": first.job.timing.cuts}
    return fields | {"timing": timing, "frames": f"{first.first}-{first.last}"}


def _sources(first: Resolved, main: str) -> dict[str, Any]:
    """Every input as it was found, and those that were left out left out again."""
    absent = {"path": main, "layer": NONE}
    return {
        one.name: (
            {"path": first.inputs[one.name].path, "layer": first.inputs[one.name].layer}
            if one.name in first.inputs
            else absent
        )
        for one in first.contract.inputs
    }


def _of_frame(path: Path, out: str | None, server: Server) -> Again:
    made = _record(path)
    plate = made.inputs[0].uri
    contract = server.offer(made.model["task"], made.model["served_as"]).usable()
    used = {one.role: {"path": one.uri, "layer": one.layer} for one in made.inputs}
    unused = {"path": plate, "layer": NONE}
    number = frame_in_name(Path(plate).name) or 1  # as a plate counts a single file
    fields: dict[str, Any] = {"frames": str(number)}
    if contract.cut.frames > 1:  # one file is not enough: the sequence it was a frame of
        number, plate = made.frame, made.inputs[0].plate
        used = {one.role: {"path": one.plate, "layer": one.layer} for one in made.inputs}
        fields = {"frames": str(number)}
        if made.moment is not None:
            fields = _between(made, contract)
    fields |= {
        "task": made.model["task"],
        "version": made.model["served_as"],
        "plate": plate,
        "views": made.views or None,
        "inputs": {one.name: used.get(one.name, unused) for one in contract.inputs},
        "parameters": made.parameters,
        "seed": made.seed,
        "non_finite": made.non_finite,
        "unsupported": made.result.get("unsupported", "stop"),
        "colour": {
            **{name: made.colour.get(name) for name in ("space", "config")},
            "said_by": f"v{made.take:03d}",
        },
        "result": {name: said for name, said in made.result.items() if name != "unsupported"},
        "reuse": False,
        "out": {"root": out, "show": made.show, "shot": made.shot, "name": made.name},
    }
    fingerprint = made.colour.get("fingerprint", "")
    request = job.make(fields)
    return Again(request, {Item(number): path}, path.name, made.model["sha256"], fingerprint)


def _between(made: Record, contract: Contract) -> dict[str, Any]:
    """The timing of one frame: held at a cut if it was, and no cut looked for if it was not."""
    role = made.inputs[0].role
    seen = [one.frame for one in made.inputs if one.role == role and one.frame is not None]
    held = len(seen) == 1 and any(one.when for one in contract.given(made.parameters))
    last = seen[0] + 1 if held else seen[-1]
    timing = {"curve": {str(made.frame): made.moment}, "cuts": [last] if held else []}
    return {"frames": f"{seen[0]}-{last}", "timing": timing}


def _record(path: Path) -> Record:
    made = record.extract(medium.structure(path))
    if made is None or not made.inputs:
        raise SourceError(
            f"{path.as_posix()} carries no record that can be read.",
            remedy="Only frames that Answerprint made can be run again.",
        )
    return made


def _check_inputs(frames: Iterable[Path], site: Site) -> None:
    """The comparison means something only if the plates are still those that went in.

    A file that went into many frames is read once.
    """
    found: dict[str, str] = {}
    for made in map(_record, frames):
        for one in made.inputs:
            if one.uri not in found:
                file = Path(site.spelled(one.uri))
                site.check_allowed(file, "Frame")  # anybody may have written a record
                found[one.uri] = medium.digest(medium.read(file))
            if found[one.uri] != one.pixels:
                values = medium.of(Path(one.uri)).values
                raise SourceError(
                    f"{Path(one.uri).name} is not the frame that went into {made.name} "
                    f"v{made.take:03d}: its {values} changed since.",
                    remedy="Bring the old plate back, or run the job on the new one as a new take.",
                )
