"""Half: what is stored as half travels as half, and the file is the same bit for bit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from samples import Channels, claimed, corner, made, noise, own_models, save, server_here, stand_in
from tritonclient import grpc
from tritonclient.utils import InferenceServerException

from answerprint import ask, begin, exr, takes, workitem
from answerprint.ask import Asker
from answerprint.contract import parse
from answerprint.errors import ContractError
from answerprint.shelf import Shelf
from answerprint.takes import Item
from answerprint.triton import Expected, Server
from answerprint_server import repository

EVERY = np.arange(1 << 16).astype(np.uint16).view(np.float16).reshape(256, 256)

# Each number a bit beside a half, so that it is rounded; ties, subnormals and too large ones as well.
ROUNDS = """
wide = image.astype(np.float32)
made = np.concatenate([wide[:64] * np.float32(1 + 2**-11), wide[64:128] * np.float32(1 + 2**-12),
                       wide[128:192] * np.float32(0.3), wide[192:] * np.float32(3e-5)])
made[-1] = [np.nan, np.inf, -np.inf]
"""
SEES = "made = np.full_like(image, image.dtype == np.float16)"
TAKES_HALVES = ("ImageModel):\n", "ImageModel):\n    halves = True\n\n")
WITHOUT_OPENCV = ("import numpy", "import sys\n\nsys.modules['cv2'] = None\n\nimport numpy")


@dataclass(frozen=True)
class Studio:
    """A server whose tasks are there twice: NAME, and NAME_float that knows no half."""

    server: Server
    home: Path
    folder: Path

    def pixels(self, task: str, plate: Path, **fields: Any) -> Channels:
        """The channels of the first frame of a take."""
        out = self.folder / task
        take = made(self.server, self.home, out, plate, task=task, **fields)
        return exr.read(next(iter(take.frames().values()))).parts[0].channels

    def wire(self, task: str, plate: Path, **fields: Any) -> dict[str, tuple[Any, Any]]:
        """Type of an image on its way to the model, and of what came back."""
        take = claimed(self.server, self.folder / f"wire {task}", plate, task=task, **fields)
        resolved = takes.reopen(take)
        asker = Asker(
            self.server, begin.pinned(resolved, self.server), resolved, begin.colour_paths(resolved)
        )
        item = Item(1001, "")
        found = workitem.read(resolved, item, Shelf(workitem.files(resolved, 1001)))
        ask.encode(found, asker)
        answers = ask.ask(found, asker, resolved.settings(1001), seed=None, request_id="test")
        sent, came = found.eyes[0].images, answers.images[0]
        return {name: (sent[name].dtype, came[name].dtype) for name in came}


@pytest.fixture(scope="module")
def studio(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("studio")
    models = own_models(folder / "models")
    for name, edits in {
        "rounds": (),
        "rounds_bare": (WITHOUT_OPENCV,),
        "sees": (TAKES_HALVES,),
    }.items():
        program = stand_in(models, name, SEES if name == "sees" else ROUNDS) / "model.py"
        text = program.read_text(encoding="utf-8")
        for before, after in edits:
            assert before in text
            text = text.replace(before, after, 1)
        program.write_text(text, encoding="utf-8")
        repository.update(models / name)
    # neighbours differ, so that it shows where they were rounded before they were blended
    moody = "made = image * np.float32(0.3) + np.float32(image[0, 0, 0] / 100)"
    stand_in(models, "cuts", moody, cut={"mode": "tiles", "tile": 64, "overlap": 16})
    for name in ("passthrough", "denoise", "rounds", "cuts"):
        without_half(models, name)
    with server_here(folder / "home", models) as state, Server(state.address) as server:
        yield Studio(server, home, folder)


def without_half(models: Path, task: str) -> None:
    """The same model by another name, whose contract does not say half."""
    folder = models / f"{task}_float"
    shutil.copytree(models / task, folder)
    described = folder / "contract.json"
    facts = json.loads(described.read_text(encoding="utf-8"))
    for one in (*facts["inputs"], *facts["outputs"]):
        one.pop("half", None)
    described.write_text(json.dumps({**facts, "task": folder.name}), encoding="utf-8")
    repository.update(folder)


@pytest.fixture
def every(tmp_path: Path) -> Path:
    """A frame with each of the 65,536 halves in each of three channels, at three places."""
    channels = {
        name: np.ascontiguousarray(np.roll(EVERY, 97 * index)) for index, name in enumerate("RGB")
    }
    save(tmp_path / "every.1001.exr", channels)
    return tmp_path / "every.####.exr"


def same(one: Channels, other: Channels) -> bool:
    return one.keys() == other.keys() and all(
        pixels.dtype == other[name].dtype and pixels.tobytes() == other[name].tobytes()
        for name, pixels in one.items()
    )


@pytest.mark.parametrize("policy", ["keep", "zero"])
def test_every_half_comes_back_as_it_would_as_float(
    studio: Studio, every: Path, policy: str
) -> None:
    found = studio.pixels("passthrough", every, non_finite=policy)

    assert same(found, studio.pixels("passthrough_float", every, non_finite=policy))
    if policy == "keep":
        assert same(found, exr.read(every.with_name("every.1001.exr")).parts[0].channels)


@pytest.mark.parametrize("task", ["rounds", "rounds_bare"])
def test_a_model_rounds_as_the_client_would(studio: Studio, every: Path, task: str) -> None:
    """With OpenCV, and without it, as in NVIDIA's container."""
    found = studio.pixels(task, every, non_finite="zero")

    assert same(found, studio.pixels("rounds_float", every, non_finite="zero"))
    assert all(np.isnan(found[name]).sum() == 0 for name in "GB")
    assert np.isnan(found["R"]).sum() == 256


def test_a_denoised_frame_is_the_same_file_by_either_way(
    studio: Studio, plates: Path, tmp_path: Path
) -> None:
    plate = corner(tmp_path, plates, 1001, 1003)

    found = studio.pixels("denoise", plate, frames="1003")

    assert studio.wire("denoise", plate, frames="1001")["color"] == (np.float16, np.float16)
    assert studio.wire("denoise_float", plate, frames="1001")["color"] == (np.float32, np.float32)
    assert same(found, studio.pixels("denoise_float", plate, frames="1003"))


def plate_of(folder: Path, *types: type[np.generic]) -> Path:
    channels = {
        name: pixels.astype(kind)
        for (name, pixels), kind in zip(noise(1).items(), types, strict=True)
    }
    save(folder / "bg.1001.exr", channels)
    return folder / "bg.####.exr"


HALF, FLOAT = np.float16, np.float32


@pytest.mark.parametrize(
    ("types", "asked", "wire"),
    [
        ((HALF, HALF, HALF), "inherit", (HALF, HALF)),
        ((HALF, HALF, HALF), "half", (HALF, HALF)),
        ((HALF, HALF, HALF), "float", (HALF, FLOAT)),
        ((FLOAT, FLOAT, FLOAT), "inherit", (FLOAT, FLOAT)),
        ((HALF, FLOAT, HALF), "inherit", (FLOAT, FLOAT)),
    ],
)
def test_only_what_loses_nothing_travels_as_half(
    studio: Studio, tmp_path: Path, types: Any, asked: str, wire: Any
) -> None:
    plate = plate_of(tmp_path, *types)

    assert studio.wire("sees", plate, result={"type": asked})["pixels"] == wire
    found = studio.pixels("sees", plate, result={"type": asked})
    assert {float(one) for pixels in found.values() for one in pixels.flat} == {
        float(wire[0] == HALF)
    }


def test_tiles_come_as_float_because_they_are_blended(studio: Studio, tmp_path: Path) -> None:
    save(tmp_path / "bg.1001.exr", noise(1, width=300, height=200))
    plate = tmp_path / "bg.####.exr"

    assert studio.wire("cuts", plate)["pixels"] == (HALF, FLOAT)
    assert same(studio.pixels("cuts", plate), studio.pixels("cuts_float", plate))


def test_a_plate_that_is_converted_travels_as_float(studio: Studio, tmp_path: Path) -> None:
    plate = plate_of(tmp_path, HALF, HALF, HALF)

    found = studio.wire("denoise", plate, colour={"space": "sRGB - Texture"})

    assert found["color"] == (FLOAT, FLOAT)


def test_the_server_gives_what_is_asked_for_whatever_came(studio: Studio) -> None:
    image = noise(1)["R"][..., None].astype(np.float32)
    offer = studio.server.offer("passthrough")
    for sent in (HALF, FLOAT):
        for half in (True, False):
            answer = studio.server.infer(
                offer,
                {"pixels": image.astype(sent)},
                {},
                request_id="test",
                outputs={"pixels": Expected((24, 32, 1), half=half)},
            )
            assert answer.images["pixels"].dtype == (HALF if half else FLOAT)
            assert np.array_equal(answer.images["pixels"], image)


def tensor(name: str, array: NDArray[Any], kind: str) -> grpc.InferInput:
    found = grpc.InferInput(name, list(array.shape), kind)
    found.set_data_from_numpy(array)
    return found


def test_a_plain_client_that_names_no_output_gets_each_image_once(studio: Studio) -> None:
    image = np.ones((4, 4, 3), np.float32)

    with grpc.InferenceServerClient(studio.server.address) as client:
        found = client.infer("passthrough", [tensor("pixels", image, "FP32")]).get_response()

    assert [one.name for one in found.outputs] == ["pixels", "report"]


def test_one_image_as_float_and_as_half_is_refused(studio: Studio) -> None:
    image = np.ones((4, 4, 3), np.float32)
    both = [
        tensor("pixels", image, "FP32"),
        tensor("pixels_half", image.astype(np.float16), "FP16"),
    ]

    with (
        grpc.InferenceServerClient(studio.server.address) as client,
        pytest.raises(InferenceServerException, match="pixels came twice, as float and as half"),
    ):
        client.infer("passthrough", both)


@pytest.mark.parametrize("side", ["input", "output"])
def test_a_model_that_says_half_and_has_no_place_for_it_is_not_accepted(
    tmp_path: Path, side: str
) -> None:
    model = own_models(tmp_path, ["passthrough"]) / "passthrough"
    config = model / "config.pbtxt"
    text = config.read_text(encoding="utf-8")
    first, second = text.split("output [")
    line = next(one for one in first.splitlines() if "pixels_half" in one)
    other = next(one for one in second.splitlines() if "pixels_half" in one)
    text = text.replace(line if side == "input" else other, "", 1)
    config.write_text(text, encoding="utf-8")

    with pytest.raises(ContractError, match="has no pixels_half") as caught:
        repository.update(model)

    assert "optional: true" in caught.value.remedy


def test_no_other_image_may_have_the_name_of_a_half() -> None:
    text = (repository.models_folder() / "denoise" / "contract.json").read_text(encoding="utf-8")

    with pytest.raises(ContractError, match="two inputs are named 'color_half'"):
        parse(text.replace('"name": "normal"', '"name": "color_half"'), where="it")
