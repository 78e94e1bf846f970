"""A work item: one frame of a job, from the plate through the model to a signed file."""

from __future__ import annotations

import getpass
import platform
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from answerprint import __version__, exr, layers, record, report, takes
from answerprint.contract import Input
from answerprint.documents import now
from answerprint.errors import InferenceError, SourceError
from answerprint.job import Resolved
from answerprint.signing import Signer
from answerprint.takes import Take
from answerprint.triton import Answer, Floats

HALF_MAX = 65504.0


@dataclass
class Read:
    """A frame's inputs in memory.

    frame    the main input's file: the result is written into a copy of its structure
    images   input -> float32 (height, width, channels), finite, C-contiguous
    where    input -> (part, channel) of each image channel, in order
    inputs   what the record says of each input
    """

    frame: exr.Frame
    main: str
    images: dict[str, Floats] = field(default_factory=dict)
    where: dict[str, tuple[tuple[int, str], ...]] = field(default_factory=dict)
    levels: dict[str, report.Levels] = field(default_factory=dict)
    inputs: list[record.RecordedInput] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[stage] = round(time.perf_counter() - start, 4)


def read(resolved: Resolved, number: int) -> Read:
    """Read a frame's inputs; each file once.

    Raises:
        SourceError: a file cannot be read, or sizes differ.
    """
    start = time.perf_counter()
    opened: dict[Path, tuple[exr.Frame, str]] = {}
    paths = {name: source.plate.file(number) for name, source in resolved.inputs.items()}
    for path in paths.values():
        if path not in opened:
            frame = exr.read(path)
            opened[path] = (frame, exr.digest(frame))
    main = next(iter(paths))
    found = Read(opened[paths[main]][0], main)
    for name, source in resolved.inputs.items():
        frame, pixels = opened[paths[name]]
        wanted = resolved.contract.input(name)
        label = f"{paths[name].name} (frame {number})"
        where = layers.channels(frame, source.layer, wanted, label)
        layers.check_same(source.channels, where, label)
        _take_image(found, name, frame, where, resolved.job.non_finite)
        found.inputs.append(_recorded(wanted, source.layer, paths[name], number, frame, pixels))
    _check_sizes(found, number)
    found.seconds["read"] = round(time.perf_counter() - start, 4)
    return found


def put_back(item: Read, resolved: Resolved, answer: Answer, number: int) -> None:
    """Write the model's images into the frame, in the file's own types; all else stays.

    Raises:
        InferenceError: an image has another size than the one it replaces.
    """
    for output in resolved.contract.outputs:
        given, image = item.images[output.replaces], answer.images[output.name]
        if image.shape != given.shape:
            raise InferenceError(
                f"{resolved.contract.task} returned {output.name} of {_size(image)} for frame "
                f"{number} of {_size(given)}.",
                remedy="Tell the pipeline team: the model breaks its contract.",
            )
        after = _replace(item, resolved, output.replaces, image)
        item.levels[f"{output.name} out"] = after
        layer = resolved.inputs[output.replaces].layer
        item.warnings += report.warnings(item.levels[output.replaces], after, layer)


def write(item: Read, take: Take, number: int, signer: Signer, made: record.Record) -> list[str]:
    """Sign the frame, write it aside, and hold its header against the plate's.

    Returns the names of attributes that the file could not carry unchanged.

    Raises:
        TakeError: the file cannot be written; DiskFull if there is no space.
    """
    record.strip(item.frame)
    exr.make_lossless(item.frame)
    record.embed(item.frame, made, signer)
    part = take.part_file(number)
    try:
        exr.write(part, item.frame)
        lost = exr.changed_attributes(item.frame, part)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return [name for name in lost if name not in (record.STATEMENT, record.SIGNATURE)]


def make_record(
    item: Read, resolved: Resolved, take: Take, number: int, answer: Answer, facts: dict[str, str]
) -> record.Record:
    """The frame's statement. `facts`: server (its host), triton, job_id."""
    contract, job = resolved.contract, resolved.job
    said = {key: str(value) for key, value in answer.report.items()}
    return record.Record(
        statement_id=uuid.uuid4().hex,
        created=now(),
        job_id=facts["job_id"],
        request_id=f"{facts['job_id']}.{number}",
        show=job.out.show,
        shot=job.out.shot,
        name=take.name,
        take=take.number,
        frame=number,
        user=getpass.getuser(),
        machine=socket.gethostname(),
        host=job.host,
        tool=f"answerprint {__version__}, Python {platform.python_version()}",
        model={
            "task": contract.task,
            "name": contract.model.name,
            "version": contract.model.version,
            "served_as": resolved.version,
            "sha256": resolved.model_sha256,
            "licence": f"code {contract.licence.code}, weights {contract.licence.weights}",
        },
        server={"host": facts["server"], "triton": facts["triton"], **said},
        parameters=resolved.parameters,
        seed=job.seed,
        determinism=contract.determinism.model_dump(include={"kind", "tolerance"}),
        cut=contract.cut.mode,
        non_finite=job.non_finite,
        inputs=tuple(item.inputs),
        colour={one.name: one.encoding for one in contract.inputs if one.name in item.images},
        digital_source_type=contract.digital_source_type,
        training=contract.training.model_dump(include={"data_class", "consent"}),
        windows=record.windows(item.frame),
        processed=tuple(
            channel for one in contract.outputs for _, channel in item.where[one.replaces]
        ),
        seconds=dict(item.seconds),
        pixels=exr.digest(item.frame),
    )


def _take_image(
    item: Read, name: str, frame: exr.Frame, where: tuple[tuple[int, str], ...], policy: str
) -> None:
    """One input's channels as one float image; NaN and inf stand aside for numbers."""
    channels = list(exr.channel_pixels(frame, list(where)))
    image = np.stack(channels, axis=-1).astype(np.float32)
    levels = report.measure(image)
    if levels.non_finite:
        item.warnings.append(_non_finite_warning(name, levels, policy, main=name == item.main))
        top = 0.0 if policy == "zero" else HALF_MAX
        np.nan_to_num(image, copy=False, nan=0.0, posinf=top, neginf=-top or 0.0)
    item.images[name] = np.ascontiguousarray(image)
    item.where[name] = where
    item.levels[name] = levels


def _non_finite_warning(name: str, levels: report.Levels, policy: str, *, main: bool) -> str:
    kept = "kept where they are" if main and policy == "keep" else "given to the model as numbers"
    done = "made zero" if policy == "zero" else kept
    return f"{name}: {levels.nan} NaN and {levels.inf} inf samples, {done}"


def _replace(item: Read, resolved: Resolved, name: str, image: Floats) -> report.Levels:
    """Put the channels of an image in place; returns the levels as they are in the file."""
    keep = resolved.job.non_finite == "keep" and item.levels[name].non_finite > 0
    stored = []
    for index, (number, channel) in enumerate(item.where[name]):
        before = item.frame.parts[number].channels[channel]
        with np.errstate(over="ignore"):  # counted in the report, as inf
            after = image[..., index].astype(before.dtype)
        if keep:
            after = np.where(np.isfinite(before), after, before)
        item.frame.parts[number].channels[channel] = after
        stored.append(after)
    return report.measure(np.stack(stored, axis=-1))


def _recorded(
    wanted: Input, layer: str, path: Path, number: int, frame: exr.Frame, pixels: str
) -> record.RecordedInput:
    before = record.extract(frame)
    return record.RecordedInput(
        role=wanted.name,
        uri=path.as_posix(),
        layer=layer,
        frame=number,
        pixels=pixels,
        statement_id=before.statement_id if before else None,
    )


def _check_sizes(item: Read, number: int) -> None:
    """Files may have changed since preflight."""
    main = item.images[item.main]
    for name, image in item.images.items():
        if image.shape[:2] != main.shape[:2]:
            raise SourceError(
                f"{name} of frame {number} is {_size(image)}; the plate is {_size(main)}.",
                remedy="Render both with the same resolution and region.",
            )


def _size(image: Any) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"


def commit(
    item: Read, take: Take, number: int, made: record.Record, lost: list[str]
) -> dict[str, Any]:
    """Give the written file its name; returns what the journal says of it."""
    final = takes.commit_frame(take, number)
    warnings = item.warnings + [f"attribute {name} could not be carried unchanged" for name in lost]
    return {
        "frame": number,
        "file": final.name,
        "pixels": made.pixels,
        "statement_id": made.statement_id,
        "seconds": item.seconds,
        "levels": {name: levels.as_json() for name, levels in item.levels.items()},
        "warnings": warnings,
    }
