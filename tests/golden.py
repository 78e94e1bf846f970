"""Golden cases: what a model is asked, what it answered when a person last looked, and how close.

A case is a folder `server/models/<task>/golden/<case>/`:

    case.json      see `Case`; written by hand
    input.exr      the tensors as the model gets them; one file for each frame that it sees
    expected.exr   the tensors that it gave back; written by `python tests/golden.py`

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

A new case needs case.json and its frames (`write_frame` makes them, or numpy.savez_compressed); then

    python tests/golden.py            every case
    python tests/golden.py upscale    those of a task

starts the server and writes expected.exr. Look at what it made before it becomes the truth.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import OpenEXR
from numpy.typing import NDArray

from answerprint import exr
from answerprint.contract import Contract, Value
from answerprint.triton import Expected, Server
from answerprint_server import embedded, repository

SCHEMA = "answerprint.golden/v1"
EXPECTED, EXPECTED_ARRAYS = "expected.exr", "expected.npz"

Images = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Case:
    """One case.

    about       what it holds, in a sentence
    parameters  everything in the request's settings
    encoded     the inputs are in the encoding that the contract names; always so today
    frames      files with the inputs, in the order that the model sees them
    tolerance   greatest difference, in the output's encoding; beyond 1 in parts of the value.
                Processors have kernels of their own, so it is never 0 for a network
    """

    folder: Path
    task: str
    about: str
    parameters: dict[str, Value]
    encoded: bool
    frames: tuple[str, ...]
    tolerance: float

    @property
    def name(self) -> str:
        return f"{self.task}/{self.folder.name}"

    @property
    def is_geometry(self) -> bool:
        return self.frames[0].endswith(".npz")


def cases(models: Path) -> Iterator[Case]:
    """Every case of every model, by name."""
    for path in sorted(models.glob("*/golden/*/case.json")):
        fields = json.loads(path.read_text(encoding="utf-8"))
        assert fields.pop("schema") == SCHEMA, path
        case = Case(path.parent, **{**fields, "frames": tuple(fields["frames"])})
        assert case.task == path.parents[2].name, path
        assert case.encoded, path
        yield case


def inputs(case: Case, contract: Contract) -> Images:
    """The tensors to ask with: (height, width, channels), or a stack where there are frames."""
    if case.is_geometry:
        return _arrays(case.folder / case.frames[0])
    frames = [_channels(exr.read(case.folder / name).parts[0]) for name in case.frames]
    images = {}
    for one in contract.inputs:
        held = {name for frame in frames for name in frame if name.startswith(f"{one.name}.")}
        if not held:
            continue
        names = next(
            [f"{one.name}.{letter}" for letter in letters]
            for letters in one.channels
            if {f"{one.name}.{letter}" for letter in letters} == held
        )
        stack = np.stack([np.stack([frame[name] for name in names], -1) for frame in frames])
        images[one.name] = stack if contract.cut.frames > 1 else stack[0]
    return images


def expected(case: Case, contract: Contract) -> Images:
    """What the model gave back when expected.exr was written."""
    if case.is_geometry:
        return _arrays(case.folder / EXPECTED_ARRAYS)
    frame = exr.read(case.folder / EXPECTED)
    held = {name: pixels for part in frame.parts for name, pixels in _channels(part).items()}
    images = {}
    for name, letters in _answers(case, contract).items():
        images[name] = np.stack([held.pop(f"{name}.{letter}") for letter in letters], -1)
    assert not held, f"{case.name}: expected.exr has {', '.join(held)} that nobody asked for"
    return images


def answer(case: Case, server: Server) -> Images:
    """What the model gives back now."""
    offer = server.offer(case.task)
    contract = offer.usable()
    return server.infer(
        offer,
        inputs(case, contract),
        case.parameters,
        request_id=case.name,
        outputs=dict.fromkeys(_answers(case, contract), Expected()),
    ).images


def difference(found: NDArray[np.float32], wanted: NDArray[np.float32]) -> float:
    """The greatest one, in parts of the value where that is beyond 1; infinite for another shape."""
    if found.shape != wanted.shape or not np.isfinite(found).all():
        return float("inf")
    return float((np.abs(found - wanted) / np.maximum(1, np.abs(wanted))).max())


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
        np.savez_compressed(case.folder / EXPECTED_ARRAYS, **images)
        return
    fine = case.tolerance < 0.002
    parts = []
    for name, letters in _answers(case, contract).items():
        planes = np.moveaxis(images[name], -1, 0).astype(np.float32 if fine else np.float16)
        channels = {f"{name}.{one}": plane for one, plane in zip(letters, planes, strict=True)}
        (part,) = exr.new(channels).parts
        part.header["name"] = name
        part.header["compression"] = OpenEXR.PIZ_COMPRESSION
        parts.append(part)
        part.header["displayWindow"] = parts[0].header["displayWindow"]  # a file has one
    exr.write(case.folder / EXPECTED, exr.Frame(parts))


def _answers(case: Case, contract: Contract) -> dict[str, tuple[str, ...]]:
    """The outputs of this request, each with its channels."""
    if case.is_geometry:
        return {one.name: one.channels for one in contract.given(case.parameters)}
    frame = exr.read_structure(case.folder / case.frames[0])
    held = {name.partition(".")[0] for name in frame.parts[0].types}
    known = {one.name: one for one in contract.inputs}
    found = {}
    for one in contract.outputs:
        if one.when and not case.parameters.get(one.when):
            continue
        if one.replaces is None:
            found[one.name] = one.channels
        elif one.replaces in held:
            sets = known[one.replaces].channels
            found[one.name] = next(
                letters
                for letters in sets
                if all(f"{one.replaces}.{letter}" in frame.parts[0].types for letter in letters)
            )
    return found


def _arrays(path: Path) -> Images:
    with np.load(path, allow_pickle=False) as held:
        return dict(held)


def _channels(part: exr.Part) -> dict[str, NDArray[np.float32]]:
    return {name: pixels.astype(np.float32) for name, pixels in part.channels.items()}


def main(tasks: list[str]) -> None:
    models = repository.models_folder()
    with (
        tempfile.TemporaryDirectory() as home,
        embedded.serve(Path(home), models) as state,
        Server(state.address) as server,
    ):
        for case in cases(models):
            if tasks and case.task not in tasks:
                continue
            write_expected(case, server.offer(case.task).usable(), answer(case, server))
            written = EXPECTED_ARRAYS if case.is_geometry else EXPECTED
            print(f"{case.name}: {(case.folder / written).stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
