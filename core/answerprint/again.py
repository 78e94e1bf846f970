"""Again: the request that made a take or a frame, with all that was open then decided as it was."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from answerprint import exr, job, record, run, takes
from answerprint.errors import SourceError, TakeError
from answerprint.frames import FrameRange
from answerprint.job import Job, Resolved
from answerprint.layers import NONE
from answerprint.plate import frame_in_name
from answerprint.record import Record
from answerprint.takes import Take
from answerprint.triton import Server


@dataclass(frozen=True)
class Again:
    """A request to repeat, and the frames to compare its result with: frame -> file."""

    job: Job
    before: dict[int, Path]
    label: str
    model_sha256: str


def again(path: Path, out: str | None, server: Server) -> Again:
    """What to run again for a take, a frame of a take, or a frame that has left its take.

    A frame alone is enough: its record holds the whole request.

    Raises:
        TakeError: there is no take, or it has no frames.
        SourceError: a frame has no readable record, or a plate is not what it was.
    """
    take = None if path.is_file() and not _is_in_take(path) else takes.find(path)
    found = _of_frame(path, out, server) if take is None else _of_take(take, path, out)
    for file in found.before.values():
        _check_inputs(_record(file))
    return found


def _is_in_take(path: Path) -> bool:
    return (path.absolute().parent / ".take" / "job.json").is_file()


def _of_take(take: Take, path: Path, out: str | None) -> Again:
    held = take.frames()
    if path.is_file():
        held = {number: file for number, file in held.items() if file.name == path.name}
    if not held:
        raise TakeError(
            f"{take.name} {take.label} has no such frames to compare with.",
            remedy="Finish it first with 'answerprint run --resume'.",
        )
    first = run.reopen(take)
    fields = first.job.model_dump(mode="json", by_alias=True)
    main = next(iter(first.inputs.values())).path
    fields |= {
        "version": first.version,
        "plate": main,
        "frames": str(FrameRange.of(held)),
        "parameters": first.parameters,
        "inputs": _sources(first, main),
    }
    fields["out"] |= {"root": out or first.root.as_posix(), "name": first.name, "take": None}
    return Again(job.make(fields), held, take.label, first.model_sha256)


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
    fields = {
        "task": made.model["task"],
        "version": made.model["served_as"],
        "plate": plate,
        "inputs": {one.name: used.get(one.name, unused) for one in contract.inputs},
        "frames": str(number),
        "parameters": made.parameters,
        "seed": made.seed,
        "non_finite": made.non_finite,
        "out": {"root": out, "show": made.show, "shot": made.shot, "name": made.name},
    }
    return Again(job.make(fields), {number: path}, path.name, made.model["sha256"])


def _record(path: Path) -> Record:
    made = record.extract(exr.read_structure(path))
    if made is None or not made.inputs:
        raise SourceError(
            f"{path.as_posix()} carries no record that can be read.",
            remedy="Only frames that Answerprint made can be run again.",
        )
    return made


def _check_inputs(made: Record) -> None:
    """The comparison means something only if the plate is still the one that went in."""
    for uri, pixels in {one.uri: one.pixels for one in made.inputs}.items():
        if exr.digest(exr.read(Path(uri))) != pixels:
            raise SourceError(
                f"{Path(uri).name} is not the frame that went into {made.name} v{made.take:03d}: "
                "its pixels changed since.",
                remedy="Bring the old plate back, or run the job on the new one as a new take.",
            )
