"""Contracts of geometry tasks: what their kind rules out is named by path, and so is an answer."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from answerprint import answer, contract
from answerprint.contract import Contract
from answerprint.errors import ContractError, InferenceError
from answerprint.offer import Offer
from answerprint.wire import Expected, lay


def document(kind: str = "points") -> dict[str, Any]:
    given = {
        "points": {"name": "points", "layers": ["P"], "channels": [["x", "y", "z"]]},
        "volume": {"name": "density", "layers": ["density"], "channels": [["value"]]},
        "heightfield": {"name": "height", "layers": ["height"], "channels": [["value"]]},
    }[kind]
    made: dict[str, Any] = {"name": "made", "encoding": "data", "replaces": given["name"]}
    if kind == "points":
        channels = ["N.x", "N.y", "N.z"]
        made |= {"replaces": None, "channels": channels, "qualifier": "normal"}
    return {
        "schema": "answerprint.contract/v1",
        "task": "try_it",
        "title": "Try it",
        "purpose": "A test",
        "kind": kind,
        "inputs": [given | {"encoding": "data"}],
        "outputs": [made],
        "digital_source_type": "algorithmicMedia",
        "licence": {"code": "MIT", "weights": "none"},
        "model": {
            "name": "none",
            "version": "1",
            "artifacts": [{"name": "model.py", "sha256": "0" * 64}],
        },
    }


def parse(said: dict[str, Any]) -> Contract:
    return contract.parse(json.dumps(said), where="try_it")


@pytest.mark.parametrize(("kind", "rank"), [("points", 2), ("volume", 4), ("heightfield", 3)])
def test_a_contract_says_what_it_works_on(kind: str, rank: int) -> None:
    assert parse(document(kind)).rank == rank


@pytest.mark.parametrize(
    ("kind", "path", "value", "words"),
    [
        ("points", "inputs[0].encoding", "scene_linear", "inputs[0].encoding is scene_linear"),
        ("volume", "outputs[0].encoding", "acescct", "outputs[0].encoding is acescct"),
        ("points", "inputs[0].half", True, "inputs[0].half is for images"),
        ("volume", "outputs[0].half", True, "outputs[0].half is for images"),
        ("volume", "cut", {"mode": "tiles"}, "cut.mode is tiles; volume is always whole"),
        ("points", "cut", {"before": 1}, "cut.before is for images"),
        ("volume", "cut", {"after": 2}, "cut.after is for images"),
        ("volume", "cut", {"between": True}, "cut.between is for images"),
        ("heightfield", "cut", {"multiple": 8}, "cut.multiple is 8"),
        ("points", "outputs[0].scale", 2, "outputs[0].scale is for images and volumes"),
        ("volume", "outputs[0].size", "own", "outputs[0].size is own"),
        ("volume", "outputs[0].qualifier", "vector", "outputs[0].qualifier is for points"),
        ("points", "outputs[0].channels", ["N.x", "M.y"], "outputs[0].channels are of 2 names"),
        ("points", "outputs[0].channels", ["x", "y"], "outputs[0].channels have no name in common"),
        ("volume", "inputs[0].channels", [["x", "y"]], "inputs[0].channels are 2"),
        ("heightfield", "inputs[0].channels", [["x", "y", "z"]], "inputs[0].channels are 3"),
        ("image", "outputs[0].qualifier", "normal", "outputs[0].qualifier is for points"),
    ],
)
def test_what_a_kind_rules_out_is_named_by_its_path(
    kind: str, path: str, value: Any, words: str
) -> None:
    said = document("points" if kind == "image" else kind) | {"kind": kind}
    *way, last = [int(step) if step.isdigit() else step for step in re.findall(r"\w+", path)]
    here: Any = said
    for step in way:
        here = here[step]
    here[last] = value

    with pytest.raises(ContractError, match=re.escape(words)):
        parse(said)


def test_a_first_input_that_may_be_absent_is_no_main_input() -> None:
    said = document()
    said["inputs"].insert(0, said["inputs"][0] | {"name": "guide", "required": False})

    with pytest.raises(ContractError, match=r"inputs\[0\]\.required is false"):
        parse(said)


@pytest.mark.parametrize(
    ("kind", "shape", "word"), [("points", (4, 3), "attribute"), ("volume", (2, 3, 4, 1), "grid")]
)
def test_an_answer_has_the_rank_of_its_kind(kind: str, shape: tuple[int, ...], word: str) -> None:
    offer = Offer("try_it", "1", parse(document(kind)))
    expected = {"made": Expected(shape)}
    right = np.zeros(shape, np.float32)

    assert answer.held(offer, expected, {"made": right}).images["made"] is right
    for wrong in (right[0], right[None], right.astype(np.float64), right[:0], None):
        with pytest.raises(InferenceError, match=f"try_it returned no {word} 'made'"):
            answer.held(offer, expected, {"made": wrong})


def test_arrays_of_any_rank_lie_in_a_row() -> None:
    sent = {"points": np.zeros((5, 3), np.float32), "grid": np.zeros((2, 3, 4, 1), np.float32)}

    layout = lay(sent, {"made": Expected((4, 6, 8, 1))})

    assert layout.inputs["grid"].shape == (2, 3, 4, 1)
    assert layout.outputs["made"].size == 4 * 6 * 8 * 4
    assert layout.outputs["made"].offset == 64 + 128
