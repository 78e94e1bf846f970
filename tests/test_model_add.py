"""A task is made of an ONNX file or a function: what the file tells is written, the rest is said to be unknown."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from command import Said
from onnx import NodeProto, TensorProto, helper, numpy_helper
from samples import AtOnce

from answerprint import contract
from answerprint_server import lint

FRAME = [1, 3, "h", "w"]
TWICE = numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "twice")


def save(
    path: Path,
    nodes: Sequence[NodeProto],
    given: Sequence[Any] = FRAME,
    made: Sequence[Any] = FRAME,
    *,
    kind: int = TensorProto.FLOAT,
    constants: Sequence[TensorProto] = (),
) -> Path:
    """A graph from tensor `a` to tensor `b`."""
    tensors = [
        helper.make_tensor_value_info(name, kind, shape)
        for name, shape in (("a", given), ("b", made))
    ]
    graph = helper.make_graph(nodes, "test", tensors[:1], tensors[1:], list(constants))
    opset = [helper.make_opsetid("", 16)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


def double() -> list[NodeProto]:
    return [helper.make_node("Add", ["a", "a"], ["b"])]


def even() -> list[NodeProto]:
    """Two by two pixels become channels and pixels again: frames of odd sizes fail."""
    return [
        helper.make_node("SpaceToDepth", ["a"], ["deep"], blocksize=2),
        helper.make_node("DepthToSpace", ["deep"], ["b"], blocksize=2),
    ]


def add(folder: Path, *words: str | Path, task: str = "mine") -> Said:
    return AtOnce(folder)("models", "add", task, *words, "--json")


def written(folder: Path, task: str = "mine") -> dict[str, Any]:
    text = (folder / "tasks" / task / "contract.json").read_text(encoding="utf-8")
    assert contract.parse(text, where=task)
    found: dict[str, Any] = json.loads(text)
    return found


def test_what_a_graph_tells_is_written_and_what_it_does_not_is_unknown(tmp_path: Path) -> None:
    said = add(tmp_path, "--onnx", save(tmp_path / "net.onnx", double()))

    assert said.code == 0, said
    facts = written(tmp_path)
    assert facts["inputs"][0]["channels"] == [["R", "G", "B"]]
    assert facts["outputs"] == [{"name": "color", "replaces": "color", "encoding": "scene_linear"}]
    assert facts["onnx"]["layout"] == "NCHW"
    assert facts["determinism"] == {"kind": "bit_exact"}
    assert facts["licence"] == {"code": "unknown", "weights": "unknown"}
    assert "a pixel was seen 0 px away" in " ".join(said.last["known"])
    assert any("encoding" in one for one in said.last["unknown"])


def test_what_is_made_has_no_error_but_the_answer_that_nobody_has_looked_at(
    tmp_path: Path,
) -> None:
    add(tmp_path, "--onnx", save(tmp_path / "net.onnx", double()))

    found = lint.check(tmp_path / "tasks")

    (error,) = [one for one in found if one.severity == "error"]
    assert "no expected.exr yet" in error.problem
    assert {one.field for one in found if one.severity == "warn"} == {
        "purpose",
        "licence.code",
        "licence.weights",
        "model.origin",
    }


def test_the_factor_of_a_graph_is_found_by_running_it(tmp_path: Path) -> None:
    node = helper.make_node("Resize", ["a", "", "twice"], ["b"], mode="nearest")
    add(tmp_path, "--onnx", save(tmp_path / "net.onnx", [node], constants=[TWICE]))

    assert written(tmp_path)["outputs"][0]["scale"] == 2


def test_the_multiple_of_a_graph_is_found_by_running_it(tmp_path: Path) -> None:
    said = add(tmp_path, "--onnx", save(tmp_path / "net.onnx", even()))

    assert written(tmp_path)["cut"] == {"mode": "whole", "multiple": 2}
    assert "padded to a multiple of 2" in " ".join(said.last["known"])


def test_a_graph_of_one_size_gets_tiles_of_it(tmp_path: Path) -> None:
    shape = [1, 3, 64, 64]
    add(tmp_path, "--onnx", save(tmp_path / "net.onnx", double(), shape, shape))

    cut = written(tmp_path)["cut"]
    assert (cut["mode"], cut["tile"], cut["multiple"], cut["context"]) == ("tiles", 64, 64, 0)


def test_an_output_of_other_channels_is_a_new_layer(tmp_path: Path) -> None:
    node = helper.make_node("ReduceMean", ["a"], ["b"], axes=[1], keepdims=1)
    made = [1, 1, "h", "w"]
    add(tmp_path, "--onnx", save(tmp_path / "net.onnx", [node], made=made))

    assert written(tmp_path)["outputs"] == [{"name": "b", "channels": ["b.A"], "encoding": "data"}]


KINDS: dict[str, tuple[list[Any], str, str]] = {
    "nhwc": ([1, "h", "w", 3], "image", "NHWC"),
    "points": ([1, "n", 3], "points", "NPC"),
    "volume": ([1, 1, "z", "y", "x"], "volume", "NCDHW"),
    "grey": (["h", "w"], "image", "HW"),
}


@pytest.mark.parametrize("name", KINDS)
def test_kind_and_layout_are_told_by_the_tensors(tmp_path: Path, name: str) -> None:
    shape, kind, layout = KINDS[name]
    said = add(tmp_path, "--onnx", save(tmp_path / "net.onnx", double(), shape, shape))

    assert said.code == 0, said
    facts = written(tmp_path)
    assert (facts["kind"], facts["onnx"]["layout"]) == (kind, layout)
    assert (tmp_path / "tasks" / "mine" / "golden" / "first" / "case.json").is_file()


REFUSED: dict[str, tuple[dict[str, Any], str, int]] = {
    "axes that cannot be told": ({"given": [1, "c", "h", "w"]}, "cannot be told from (1, any,", 2),
    "whole numbers": ({"kind": TensorProto.INT32}, "Tensor a of the graph is tensor(int32)", 3),
    "channels that no plate has": ({"given": [1, 3, "h", "w"], "six": True}, "takes 6 channels", 3),
    "no square": ({"given": [1, 3, 32, 64]}, "frames of one size alone, (1, 3, 32, 64)", 2),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_graph_that_can_be_no_task_is_refused_and_leaves_nothing(
    tmp_path: Path, name: str
) -> None:
    facts, words, code = REFUSED[name]
    given = [1, 6, "h", "w"] if facts.get("six") else facts.get("given", FRAME)
    layout = ["--layout", "NCHW"] if facts.get("six") else []
    kind = facts.get("kind", TensorProto.FLOAT)
    file = save(tmp_path / "net.onnx", double(), given, given, kind=kind)

    said = add(tmp_path, "--onnx", file, *layout)

    assert (said.code, words in said.last["problem"]) == (code, True), said
    assert not list((tmp_path / "tasks").glob("*") if (tmp_path / "tasks").exists() else [])


def test_a_graph_that_gives_no_picture_is_refused(tmp_path: Path) -> None:
    node = helper.make_node("ReduceMean", ["a"], ["b"], axes=[2, 3], keepdims=0)

    said = add(tmp_path, "--onnx", save(tmp_path / "net.onnx", [node], made=[1, 3]))

    assert said.code == 3
    assert "it gives (1, 3), which is not of the layout NCHW" in said.last["problem"]


def test_a_file_that_is_no_graph_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"no graph")

    said = add(tmp_path, "--onnx", "net.onnx")

    assert said.code == 3
    assert "is no graph that ONNX Runtime" in said.last["problem"]


def test_weights_that_lie_in_another_file_do_not_come_along_unseen(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    weights = numpy_helper.from_array(np.ones((1, 3, 1, 1), np.float32), "weights")
    node = helper.make_node("Mul", ["a", "weights"], ["b"])
    path = save(tmp_path / "far" / "net.onnx", [node], constants=[weights])
    onnx.save(onnx.load(path), path, save_as_external_data=True, size_threshold=0)

    said = add(tmp_path, "--onnx", path)

    assert said.code == 3
    assert "keeps its weights in another file" in said.last["problem"]
    assert not list((tmp_path / "tasks").iterdir())


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    file = save(tmp_path / "net.onnx", double())
    (tmp_path / "tasks" / "mine").mkdir(parents=True)

    said = add(tmp_path, "--onnx", file)

    assert (said.code, "is there already" in said.last["problem"]) == (5, True)
    assert not list((tmp_path / "tasks" / "mine").iterdir())
    assert add(tmp_path, "--onnx", file, task="../mine").code == 2


LOOKS = '''"""Looks."""
from pathlib import Path

Path(__file__).with_name("ran").touch()


def grade(picture, gain=1.5, *, invert=False, steps=3, look="warm"):
    return picture * gain


def needs(picture, amount):
    return picture


def odd(picture, table=()):
    return picture


def endless(picture, gain=1e999):
    return picture


def huge(picture, count=1000000000000000000000):
    return picture
'''


def test_a_functions_arguments_become_controls_and_it_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "looks.py").write_text(LOOKS, encoding="utf-8")

    said = add(tmp_path, "--python", "looks.py:grade")

    assert said.code == 0, said
    held = {one["name"]: (one["type"], one["default"]) for one in written(tmp_path)["parameters"]}
    assert held == {
        "gain": ("float", 1.5),
        "invert": ("bool", False),
        "steps": ("int", 3),
        "look": ("text", "warm"),
    }
    folder = tmp_path / "tasks" / "mine" / "1"
    assert (folder / "looks.py").read_text(encoding="utf-8") == LOOKS
    assert "looks.grade(" in (folder / "model.py").read_text(encoding="utf-8")
    assert not (tmp_path / "ran").exists()
    assert not (folder / "ran").exists()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("looks.py:grad", "has no function 'grad'. Did you mean 'grade'"),
        ("looks.py:needs", "line 11: needs cannot be called with a picture alone"),
        ("looks.py:odd", "has an argument table that can be no control"),
        ("looks.py:endless", "has an argument gain that can be no control"),
        ("looks.py:huge", "has an argument count that can be no control"),
        ("pipe.py:grade", "pipe.py is no file"),
        ("looks.py", "--python is 'looks.py'"),
        ("other.py:grade", "other.py cannot be read"),
    ],
)
def test_a_function_that_can_be_no_task_is_refused(tmp_path: Path, asked: str, words: str) -> None:
    (tmp_path / "looks.py").write_text(LOOKS, encoding="utf-8")
    os.mkfifo(tmp_path / "pipe.py")

    said = add(tmp_path, "--python", asked)

    assert said.code in (2, 3)
    assert words in said.last["problem"]
    assert not (tmp_path / "tasks").exists()
