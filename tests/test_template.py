"""A graph with a contract is a task: the template's README, command by command, on a real server."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import documentation
import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, save
from samples import server_here
from tritonclient import grpc

from answerprint import exr
from answerprint.errors import ContractError
from answerprint.triton import Server
from answerprint_server import embedded, launch, repository

TEMPLATE = repository.models_folder() / "_template"
README = (TEMPLATE / "README.md").read_text(encoding="utf-8")


def run(command: str, folder: Path) -> str:
    """A command of the README; python and answerprint are this environment's."""
    words = shlex.split(command)
    ours = {"python": [], "answerprint": ["-m", "answerprint.cli"]}
    argv = [sys.executable, *ours[words[0]], *words[1:]] if words[0] in ours else words
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    said = done.stdout.replace(os.environ["ANSWERPRINT_HOME"], "~/.local/share/answerprint")
    return said.replace(str(folder), documentation.STAND_IN)


def equal(said: str) -> str:
    """Without what differs from machine to machine; so does the memory of a process."""
    return re.sub(r"\d+ MB\b", "MEMORY", documentation.equal(said))


def test_the_readmes_commands_make_a_task_and_print_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "home"))
    folder = tmp_path / "job"
    folder.mkdir()
    documentation.fill(folder)
    (folder / "server").mkdir()
    (folder / "server" / "models").symlink_to(TEMPLATE.parent)
    try:
        for block in documentation.blocks(README):
            for command, said in documentation.commands(block):
                now = run(command, folder)
                assert equal(now) == equal(said), command
    finally:
        embedded.stop(tmp_path / "home")

    (made,) = folder.glob("takes/noisy_sharpen/v001/*.exr")
    plate, sharper = (
        exr.read(path).parts[0].channels["R"].astype(np.float32)
        for path in (folder / "renders" / "noisy.1001.exr", made)
    )
    assert np.abs(sharper[1:-1, 1:-1] - unsharp(plate)).max() < 0.01 * plate.max()


def unsharp(plate: NDArray[np.float32]) -> NDArray[np.float32]:
    rows = plate[:-2] + 2 * plate[1:-1] + plate[2:]
    blurred = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 16
    inner: NDArray[np.float32] = plate[1:-1, 1:-1]
    sharper: NDArray[np.float32] = inner + np.float32(1.5) * (inner - blurred)
    return sharper


def test_the_steps_name_every_field_that_the_template_has() -> None:
    held = json.loads((TEMPLATE / "contract.json").read_text(encoding="utf-8"))
    named = set(re.findall(r"`([a-z_.]+)`", README))

    passed = {"schema", "qc_profile", "cost", "model"}
    assert held.keys() - passed <= named
    assert held["onnx"].keys() <= named


def double_of(path: Path, shape: list[Any], kind: int = TensorProto.FLOAT) -> None:
    """A graph that adds a tensor to itself."""
    names = ("a", "b")
    tensors = [helper.make_tensor_value_info(name, kind, shape) for name in names]
    node = helper.make_node("Add", [names[0], names[0]], [names[1]])
    graph = helper.make_graph([node], "double", tensors[:1], tensors[1:])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8), path)


def described(folder: Path, **changes: Any) -> None:
    file = folder / "contract.json"
    facts = json.loads(file.read_text(encoding="utf-8"))
    facts |= {"task": folder.name, "parameters": []} | changes
    file.write_text(json.dumps(facts, indent=2), encoding="utf-8")


def added(models: Path, task: str, kind: str, onnx: dict[str, Any], shape: list[Any]) -> None:
    folder = models / task
    shutil.copytree(TEMPLATE, folder)
    double_of(folder / "1" / "model.onnx", shape, onnx.pop("kind", TensorProto.FLOAT))
    onnx |= {"inputs": {"v": {"tensor": "a", **onnx.pop("more", {})}}}
    onnx |= {"outputs": {"v": {"tensor": "b", **onnx.pop("less", {})}}}
    channels = [["x", "y", "z"]] if kind == "points" else [["value"]]
    inputs = [{"name": "v", "layers": ["v"], "channels": channels, "encoding": "data"}]
    outputs = [{"name": "v", "replaces": "v", "encoding": "data"}]
    described(folder, kind=kind, inputs=inputs, outputs=outputs, onnx=onnx)


KINDS: dict[str, tuple[str, dict[str, Any], list[Any], tuple[int, ...]]] = {
    "cloud": ("points", {"layout": "NPC"}, [1, "n", 3], (7, 3)),
    "smoke": ("volume", {"layout": "NCDHW", "multiple": 4}, [1, 1, "z", "y", "x"], (3, 4, 5, 1)),
    "land": ("heightfield", {"layout": "HW"}, ["h", "w"], (5, 6, 1)),
    "bytes": (
        "volume",
        {"layout": "WDH", "more": {"scale": 255, "offset": 1}, "less": {"scale": 255, "offset": 2}},
        ["x", "z", "y"],
        (2, 3, 4, 1),
    ),
}


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "misnamed": (
        {"layout": "NPC", "more": {"tensor": "c"}},
        "model.onnx has no tensor c for v; it has a",
    ),
    "mislaid": ({"layout": "NCHW"}, "layout NCHW is not made of N and the letters PC of its kind"),
    "unlaid": ({}, "onnx.layout is missing"),
    "misspelt": ({"layout": "NPC", "mulitple": 8}, "onnx.mulitple is no field; there are layout,"),
    "endless": ({"layout": "NPC", "less": {"scale": 0}}, "onnx.outputs.v.scale is 0: no number"),
    "unsteered": (
        {"layout": "NPC", "parameters": {"amount": "a"}},
        "onnx.parameters.amount is no parameter of the contract",
    ),
    "whole": ({"layout": "NPC", "kind": TensorProto.INT64}, "tensor a is tensor(int64), and has"),
}


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a graph of each kind, and with some that have something wrong."""
    models = tmp_path_factory.mktemp("graphs") / "models"
    for task, (kind, onnx, shape, _) in KINDS.items():
        added(models, task, kind, dict(onnx), shape)
    for task, (onnx, _) in WRONG.items():
        added(models, task, "points", dict(onnx), [1, "n", 3])
    shutil.copytree(TEMPLATE, models / "_template")
    assert repository.main([str(models)]) == 0
    with server_here(models.parent / "home", models) as state:
        yield state.address


@pytest.mark.parametrize("task", KINDS)
def test_a_graph_of_every_kind_and_layout_gets_its_values_and_gives_them_back(
    graphs: str, task: str
) -> None:
    shape = KINDS[task][3]
    values = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    tensor = grpc.InferInput("v", list(shape), "FP32")
    tensor.set_data_from_numpy(values)

    with grpc.InferenceServerClient(graphs) as client:
        found = client.infer(task, [tensor]).as_numpy("v")

    assert np.allclose(found, 2 * values, atol=1e-5)


@pytest.mark.parametrize("task", WRONG)
def test_a_graph_that_does_not_fit_its_contract_is_said_where_tasks_are_listed(
    graphs: str, task: str
) -> None:
    with Server(graphs) as server:
        (offer,) = (one for one in server.offers() if one.name == task)

    assert WRONG[task][1] in offer.problem


def test_the_template_itself_is_no_task(graphs: str) -> None:
    with Server(graphs) as server:
        assert {one.name for one in server.offers()} == {*KINDS, *WRONG}


def test_each_model_is_named_to_triton_where_a_folder_is_none(tmp_path: Path) -> None:
    for name in ("_template", "denoise", "upscale"):
        (tmp_path / name).mkdir()
    here = tmp_path.as_posix()

    words = launch.command(here, tmp_path, tmp_path, (1, 2, 3), "prefix")
    (tmp_path / "_template").rmdir()

    assert [one for one in words if "load-model" in one] == [
        "--load-model=denoise",
        "--load-model=upscale",
    ]
    assert "--load-model=*" in launch.command(here, tmp_path, tmp_path, (1, 2, 3), "prefix")


def test_a_copy_that_was_not_renamed_or_has_no_graph_yet_is_told_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(TEMPLATE, tmp_path / "denoiser")

    assert repository.main([str(tmp_path)]) == ContractError.exit_code
    assert "The folder denoiser holds the contract of task sharpen." in capsys.readouterr().err

    described(tmp_path / "denoiser")
    assert repository.main([str(tmp_path)]) == ContractError.exit_code
    assert "model.onnx is not there" in capsys.readouterr().err
    assert not (tmp_path / "denoiser" / "config.pbtxt").exists()
    assert [one.name for one in tmp_path.iterdir()] == ["denoiser"]
