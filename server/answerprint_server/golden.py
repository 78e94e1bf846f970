"""Golden cases: what a model is asked, what it answered when a person last looked, and how close.

A case is a folder `<models>/<task>/golden/<case>/`:

    case.json      see `Case`; written by hand
    input.exr      the tensors as the model gets them; one file for each frame that it sees
    expected.exr   the tensors that it gave back; written by 'answerprint models test --expect'

Tensors are stored as they travel, so no colour is converted: a channel is called by its input and
its own name, `color.R`. The channels of one input are one of the contract's sets, in that order.
`expected.exr` has a part for each output, called by its name: `alpha.A` where it replaces an input,
else the contract's own names after the output's, `matte.matte.A`. Inputs may be half or float.

A model that sees one frame has `"frames": ["input.exr"]`. One that sees several gets a stack,
(frames, height, width, channels): name a file for each in their order, say
`"frames": ["first.exr", "second.exr"]`, and what the engine adds, like `"time": 0.5`, among the
parameters.

Points and grids are no pictures: they lie in one input.npz and expected.npz, each tensor by the name
of its input or output, and `"frames": ["input.npz"]` says so.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from answerprint import documents, exr
from answerprint.contract import Contract, Value
from answerprint.errors import AnswerprintError, SourceError
from answerprint.triton import Answer, Expected, Offer, Server

__all__ = [
    "CASE",
    "EXPECTED",
    "EXPECTED_ARRAYS",
    "SCHEMA",
    "Case",
    "Images",
    "answer",
    "ask",
    "cases",
    "difference",
    "expected",
    "folders",
    "inputs",
    "read",
    "write_expected",
    "write_frame",
]

SCHEMA = "answerprint.golden/v1"
CASE, EXPECTED, EXPECTED_ARRAYS = "case.json", "expected.exr", "expected.npz"
MOST_CASE_BYTES = 1 << 20
MOST_ARRAY_BYTES = 256 << 20  # of one input.npz, unpacked

Images = dict[str, NDArray[np.float32]]

_File = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*\.(exr|npz)$")]


class _Written(documents.Document):
    """case.json, as people write it."""

    schema_: Literal["answerprint.golden/v1"] = Field(alias="schema")
    task: str
    about: str
    parameters: dict[str, Value] = {}
    encoded: Literal[True]
    frames: tuple[_File, ...] = Field(min_length=1, max_length=33)
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Case:
    """One case.

    about       what it holds, in a sentence
    parameters  everything in the request's settings
    encoded     the inputs are in the encoding that the contract names; always so today
    frames      files with the inputs, in the order that the model sees them
    tolerance   greatest difference, in the output's encoding; beyond 1 in parts of the value.
                Processors have kernels of their own, so it is never 0 for a network
    """

    def __init__(self, folder: Path, written: _Written) -> None:
        self.folder, self.task = folder, written.task
        self.about, self.parameters = written.about, dict(written.parameters)
        self.encoded, self.frames = written.encoded, written.frames
        self.tolerance = written.tolerance

    @property
    def name(self) -> str:
        return f"{self.task}/{self.folder.name}"

    @property
    def is_geometry(self) -> bool:
        return self.frames[0].endswith(".npz")

    @property
    def truth(self) -> Path:
        """The file with what is expected; it may not be there yet."""
        return self.folder / (EXPECTED_ARRAYS if self.is_geometry else EXPECTED)


def folders(model: Path) -> list[Path]:
    """The cases of one model, by name."""
    return sorted(path.parent for path in model.glob(f"golden/*/{CASE}"))


def cases(models: Path) -> Iterator[Case]:
    """Every case of every model, by name. Raises SourceError: one cannot be used."""
    for model in sorted(path for path in models.glob("*") if path.is_dir()):
        for folder in folders(model):
            yield read(folder)


def read(folder: Path) -> Case:
    """Raises SourceError: case.json is missing, wrong, or of another task; says which field."""
    path = folder / CASE
    try:
        if path.stat().st_size > MOST_CASE_BYTES:
            raise _broken(path, f"it is larger than {MOST_CASE_BYTES:,} bytes")
        written = _Written.model_validate(documents.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise _broken(path, documents.explain(error)) from error
    except OSError as error:
        raise _broken(path, str(error.strerror)) from error
    except ValueError as error:
        raise _broken(path, f"it is no JSON, {error}") from error
    task = folder.parents[1].name
    if written.task != task:
        raise _broken(path, f"task: it is '{written.task}', and lies in the folder of {task}")
    if len({name.endswith(".npz") for name in written.frames}) > 1:
        raise _broken(path, "frames: they are of two kinds, .exr and .npz")
    return Case(folder, written)


def inputs(case: Case, contract: Contract) -> Images:
    """The tensors to ask with: (height, width, channels), or a stack where there are frames.

    Raises:
        SourceError: a file cannot be read, or holds other channels than the contract takes.
    """
    if case.is_geometry:
        return _arrays(case.folder / case.frames[0])
    frames = [_channels(_read(case.folder / name).parts[0]) for name in case.frames]
    if len({next(iter(frame.values())).shape for frame in frames}) > 1:
        raise _broken(case.folder / case.frames[1], "its frames differ in size")
    images = {}
    for one in contract.inputs:
        held = {name for frame in frames for name in frame if name.startswith(f"{one.name}.")}
        if not held:
            continue
        names = _set_of(case, one.name, one.channels, held)
        stack = np.stack([np.stack([frame[name] for name in names], -1) for frame in frames])
        images[one.name] = stack if contract.cut.frames > 1 else stack[0]
    if not images:
        known = ", ".join(f"{one.name}.{one.channels[0][0]}" for one in contract.inputs)
        raise _broken(
            case.folder / case.frames[0], f"none of its channels is an input's, like {known}"
        )
    return images


def expected(case: Case, contract: Contract) -> Images:
    """What the model gave back when expected.exr was written.

    Raises:
        SourceError: it cannot be read, or holds something else than the case asks for.
    """
    if case.is_geometry:
        return _arrays(case.truth)
    frame = _read(case.truth)
    held = {name: pixels for part in frame.parts for name, pixels in _channels(part).items()}
    images = {}
    for name, letters in _answers(case, contract).items():
        missing = [letter for letter in letters if f"{name}.{letter}" not in held]
        if missing:
            raise _broken(case.truth, f"it has no channel {name}.{missing[0]}")
        images[name] = np.stack([held.pop(f"{name}.{letter}") for letter in letters], -1)
    if held:
        raise _broken(case.truth, f"it has {', '.join(held)} that nobody asked for")
    return images


def ask(case: Case, server: Server, offer: Offer) -> Answer:
    """What the model answers now, with its report.

    Raises:
        SourceError: the case cannot be read.
        ServerError: any of its kinds.
    """
    contract = offer.usable()
    return server.infer(
        offer,
        inputs(case, contract),
        case.parameters,
        request_id=case.name,
        outputs=dict.fromkeys(_answers(case, contract), Expected()),
    )


def answer(case: Case, server: Server) -> Images:
    """What the newest version of the model gives back now. Raises as `ask`."""
    return ask(case, server, server.offer(case.task)).images


def difference(found: NDArray[np.float32], wanted: NDArray[np.float32]) -> float:
    """The greatest one, in parts of the value where that is beyond 1; infinite for another shape."""
    if found.shape != wanted.shape or not np.isfinite(found).all():
        return float("inf")
    return float((np.abs(found - wanted) / np.maximum(1, np.abs(wanted))).max(initial=0))


def write_frame(path: Path, images: Mapping[str, Mapping[str, NDArray[np.float32]]]) -> None:
    """{input: {channel: pixels}} as a file of inputs."""
    channels = {
        f"{name}.{letter}": pixels
        for name, letters in images.items()
        for letter, pixels in letters.items()
    }
    exr.write(path, exr.new(channels))


def write_expected(case: Case, contract: Contract, images: Images) -> None:
    """A part for each output. Halves where they are finer than a tenth of the tolerance."""
    if case.is_geometry:
        part_file = case.truth.with_name(f".{case.truth.name}")  # numpy adds .npz to other ends
        np.savez_compressed(part_file, **images)
        os.replace(part_file, case.truth)  # noqa: PTH105 - said as the atomic call that it is
        return
    fine = case.tolerance < 0.002
    parts = []
    for name, letters in _answers(case, contract).items():
        planes = np.moveaxis(images[name], -1, 0).astype(np.float32 if fine else np.float16)
        channels = {f"{name}.{one}": plane for one, plane in zip(letters, planes, strict=True)}
        (part,) = exr.new(channels).parts
        part.header["name"] = name
        parts.append(part)
        part.header["displayWindow"] = parts[0].header["displayWindow"]  # a file has one
    whole = exr.Frame(parts)
    exr.compress(whole, "piz")
    exr.write(case.truth, whole)


def _answers(case: Case, contract: Contract) -> dict[str, tuple[str, ...]]:
    """The outputs of this request, each with its channels."""
    if case.is_geometry:
        given = contract.settings(_own(case, contract))
        return {one.name: one.channels for one in contract.given(given)}
    path = case.folder / case.frames[0]
    held = set(_structure(path).parts[0].types)
    known = {one.name: one for one in contract.inputs}
    found = {}
    for one in contract.outputs:
        if one.when and not case.parameters.get(one.when):
            continue
        if one.replaces is None:
            found[one.name] = one.channels
        elif any(name.startswith(f"{one.replaces}.") for name in held):
            names = _set_of(case, one.replaces, known[one.replaces].channels, held)
            found[one.name] = tuple(name.partition(".")[2] for name in names)
    return found


def _own(case: Case, contract: Contract) -> dict[str, Value]:
    """The case's parameters without what the engine adds."""
    known = {one.name for one in contract.parameters}
    return {name: value for name, value in case.parameters.items() if name in known}


def _set_of(
    case: Case, name: str, sets: tuple[tuple[str, ...], ...], held: set[str]
) -> tuple[str, ...]:
    """The set of channels that an input has in a case, as they are called there."""
    mine = {one for one in held if one.startswith(f"{name}.")}
    for letters in sets:
        if {f"{name}.{letter}" for letter in letters} == mine:
            return tuple(f"{name}.{letter}" for letter in letters)
    known = " or ".join("".join(letters) for letters in sets)
    raise _broken(
        case.folder / case.frames[0],
        f"input {name} has {', '.join(sorted(mine))}, and the contract takes {known}",
    )


def _arrays(path: Path) -> Images:
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(one.file_size for one in packed.infolist()) > MOST_ARRAY_BYTES:
                raise _broken(path, f"it unpacks to more than {MOST_ARRAY_BYTES:,} bytes")
        with np.load(path, allow_pickle=False) as held:
            return dict(held)
    except OSError as error:
        raise _broken(path, str(error.strerror or error)) from error
    except (ValueError, zipfile.BadZipFile) as error:
        raise _broken(path, str(error)) from error


def _read(path: Path) -> exr.Frame:
    try:
        return exr.read(path)
    except AnswerprintError as error:
        raise _broken(path, error.problem.rstrip(".")) from error


def _structure(path: Path) -> exr.Frame:
    try:
        return exr.read_structure(path)
    except AnswerprintError as error:
        raise _broken(path, error.problem.rstrip(".")) from error


def _channels(part: exr.Part) -> dict[str, NDArray[np.float32]]:
    return {name: pixels.astype(np.float32) for name, pixels in part.channels.items()}


def _broken(path: Path, why: str) -> SourceError:
    where = "/".join(path.parts[-4:])  # denoise/golden/color/case.json
    return SourceError(
        f"The golden case {where} cannot be used: {why}.",
        remedy="Correct it, or take the case's folder away; a model needs one good case at least.",
    )
