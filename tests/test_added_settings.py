"""What the engine adds to a request beside the parameters: a time and a seed, each held by the model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import numpy as np
import pytest
from samples import server_here
from tritonclient import grpc
from tritonclient.utils import InferenceServerException

from answerprint_server import repository

ECHO = '''"""Echo: tells in its report with which settings it ran."""

import json

import answerprint_model


class TritonPythonModel(answerprint_model.ImageModel):
    def run(self, images, settings):
        return images, {"settings": json.dumps(settings, sort_keys=True)}
'''


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server whose one model has a seed and makes frames between two."""
    folder = tmp_path_factory.mktemp("added")
    model = folder / "models" / "echo"
    shutil.copytree(repository.models_folder() / "passthrough", model)
    (model / "1" / "model.py").write_text(ECHO, encoding="utf-8")
    contract = json.loads((model / "contract.json").read_text(encoding="utf-8"))
    contract |= {"task": "echo", "seed": True, "cut": {"mode": "whole", "between": True}}
    (model / "contract.json").write_text(json.dumps(contract, indent=2), encoding="utf-8")
    config = (model / "config.pbtxt").read_text(encoding="utf-8")
    two = config.replace("dims: [ -1, -1, -1 ] optional", "dims: [ 2, -1, -1, -1 ] optional")
    (model / "config.pbtxt").write_text(two, encoding="utf-8")
    repository.update(model)
    with server_here(folder / "home", model.parent) as state:
        yield state.address


def ran_with(address: str, settings: str) -> str:
    """With Triton's own client: ours sends what is right only."""
    pixels = grpc.InferInput("pixels", [2, 1, 1, 1], "FP32")
    pixels.set_data_from_numpy(np.zeros((2, 1, 1, 1), np.float32))
    text = grpc.InferInput("settings", [1], "BYTES")
    text.set_data_from_numpy(np.array([settings.encode()], dtype=np.object_))
    with grpc.InferenceServerClient(address) as client:
        answer = client.infer("echo", [pixels, text])
    blob = answer.as_numpy("report")
    assert blob is not None
    return str(json.loads(blob[0])["settings"])


RIGHT = [("0", "0"), ("0.0", "7"), ("0.999", "18446744073709551615"), ("1e-300", "00012")]


@pytest.mark.parametrize(("time", "seed"), RIGHT)
def test_a_time_and_a_seed_reach_the_model_as_they_are(echo: str, time: str, seed: str) -> None:
    came = json.loads(ran_with(echo, f'{{"time": {time}, "seed": "{seed}"}}'))

    assert came == {"time": json.loads(time), "seed": seed}


WRONG_TIMES = [
    "1",
    "-0.1",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "true",
    "null",
    '"0"',
    "[0]",
    "{}",
]
WRONG_SEEDS = ["1", "1.5", "null", '""', '"-1"', '"+1"', '" 1"', '"1.0"', '"0x1"', '"\\u0663"',
               '"18446744073709551616"', '"' + "9" * 5000 + '"', "[]"]  # fmt: skip


@pytest.mark.parametrize("time", WRONG_TIMES)
def test_a_time_that_is_none_is_refused(echo: str, time: str) -> None:
    assert "setting time is" in refused(echo, f'{{"time": {time}, "seed": "1"}}')


@pytest.mark.parametrize("seed", WRONG_SEEDS, ids=lambda seed: seed[:24])
def test_a_seed_that_is_none_is_refused(echo: str, seed: str) -> None:
    assert "setting seed is" in refused(echo, f'{{"time": 0.5, "seed": {seed}}}')


def test_either_missing_is_said_and_none_is_made_up(echo: str) -> None:
    assert "setting seed is missing" in refused(echo, '{"time": 0.5}')
    assert "setting time is missing" in refused(echo, '{"seed": "1"}')
    assert "is missing" in refused(echo, "{}")


def refused(address: str, settings: str) -> str:
    with pytest.raises(InferenceServerException) as caught:
        ran_with(address, settings)
    assert caught.value.status() == "StatusCode.INVALID_ARGUMENT"
    said = str(caught.value.message())
    assert "\n" not in said
    assert len(said) < 250
    return said
