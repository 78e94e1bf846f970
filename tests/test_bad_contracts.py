"""Contracts that do not hold together are refused when they are read, not when a frame is made."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st
from strategies import documents

from answerprint import contract
from answerprint.contract import Contract
from answerprint.documents import canonical
from answerprint.errors import ContractError

MODELS = Path(__file__).parents[1] / "server" / "models"
SHIPPED: dict[str, Any] = {
    path.parent.name: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(MODELS.glob("*/contract.json"))
}
Path_ = tuple[str | int, ...]


def changed(task: str, path: str, value: Any) -> Any:
    """A shipped contract with the field at a path like 'inputs.0.name' set."""
    steps = tuple(int(step) if step.isdigit() else step for step in path.split("."))
    return put(SHIPPED[task], steps, value)


def put(document: Any, steps: Path_, value: Any) -> Any:
    """A copy with another value at a place; the whole for no steps."""
    if not steps:
        return value
    made = copy.deepcopy(document)
    here = made
    for step in steps[:-1]:
        here = here[step]
    here[steps[-1]] = value
    return made


def refused(document: Any) -> str:
    with pytest.raises(ContractError) as caught:
        contract.parse(json.dumps(document), where="mine")
    assert caught.value.problem.startswith("The contract of mine is wrong: ")
    assert not caught.value.problem.endswith("..")
    assert "contract.json" in caught.value.remedy
    return caught.value.problem.removeprefix("The contract of mine is wrong: ")


WRONG: list[tuple[str, str, Any, str]] = [
    # inputs
    ("retime", "inputs.1.follows", "gide", "input plate follows 'gide', no input before it."),
    ("retime", "inputs.1.follows", "plate", "input plate follows 'plate', no input before it."),
    ("denoise", "inputs.2.needs", "albido", "input normal needs 'albido', no input before it."),
    ("denoise", "inputs.1.needs", "normal", "input albedo needs 'normal', no input before it."),
    ("denoise", "inputs.2.name", "albedo", "two inputs are named 'albedo'."),
    ("denoise", "inputs.0.required", False, "none of the inputs is required."),
    ("denoise", "inputs.1.channels", [], "inputs[1].channels: tuple should have at least 1 item"),
    ("denoise", "inputs.1.channels", [[]], "inputs[1].channels[0]: tuple should have at least 1"),
    ("denoise", "inputs.1.layers", [], "inputs[1].layers: tuple should have at least 1 item"),
    ("denoise", "inputs.1.encoding", "log", "inputs[1].encoding: input should be 'scene_linear', "),
    # outputs
    ("matte", "outputs.0.channels", [], "output matte replaces no input and names no channels."),
    ("matte", "outputs.0.replaces", "alpha", "output matte replaces 'alpha', no input."),
    ("denoise", "outputs.0.encoding", "rec709", "outputs[0].encoding: input should be 'scene_lin"),
    ("denoise", "outputs.0.encoding", "srgb_display", "output color: srgb_display has no way back."),
    ("embed", "outputs.0.size", "wide", "outputs[0].size: input should be 'same' or 'own'."),
    ("retime", "outputs.1.when", "motion", "output flow depends on 'motion', no parameter."),
    ("retime", "outputs.1.when", "method", "output flow depends on 'method', no fixed bool."),
    ("retime", "parameters.1.animatable", True, "output flow depends on 'flow', no fixed bool."),
    ("retime", "parameters.1.unless", {"method": ["melt"]}, "parameter flow is ruled out by 'meth"),
    ("retime", "parameters.1.unless", {"mode": ["rife"]}, "parameter flow is ruled out by 'mode'"),
    ("retime", "parameters.0.unless", {"method": ["dis"]}, "parameter method is ruled out by 'me"),
    # scale
    ("upscale", "outputs.0.scale", 0, "outputs[0].scale: input should be greater than or equal"),
    ("upscale", "outputs.0.scale", 17, "outputs[0].scale: input should be less than or equal to"),
    ("upscale", "outputs.0.scale", "big", "outputs[0].scale: input should be a valid integer"),
    ("upscale", "outputs.0.scale.values.sharp-2x", 0, "outputs[0].scale.values.sharp-2x: input"),
    ("upscale", "outputs.0.scale.values.sharp-5x", 5, "scale does not name every choice of its"),
    ("upscale", "outputs.0.scale.values", {"sharp-2x": 2}, "output color: scale does not name ev"),
    ("upscale", "outputs.0.scale.parameter", "methd", "output color: scale does not name every"),
    ("upscale", "parameters.0.animatable", True, "scale depends on what can be animated."),
    # cut
    ("upscale", "cut.tile", 15, "cut.tile: input should be greater than or equal to 16."),
    ("upscale", "cut.context", -1, "cut.context: input should be greater than or equal to 0."),
    ("upscale", "cut.overlap", -1, "cut.overlap: input should be greater than or equal to 0."),
    ("upscale", "cut.overlap", 4000, "cut.overlap is more than half of cut.tile."),
    ("upscale", "cut.multiple", 0, "cut.multiple: input should be greater than or equal to 1."),
    ("upscale", "cut.tolerance", "low", "cut.tolerance: input should be a valid number"),
    ("upscale", "cut.before", 17, "cut.before: input should be less than or equal to 16."),
    ("upscale", "cut.after", -1, "cut.after: input should be greater than or equal to 0."),
    ("upscale", "cut.ends", "loop", "cut.ends: input should be 'clamp' or 'mirror'."),
    ("upscale", "cut.between", True, "cut.between goes with neither before, after nor tiles."),
    ("retime", "cut.after", 1, "cut.between goes with neither before, after nor tiles."),
    ("retime", "cut", None, "cut: input should be an object."),
    # parameters
    ("upscale", "parameters.0.warn", ["x"], "parameters[0].warn: input should be an object."),
    ("upscale", "parameters.0.warn", {"sharp-2x": 5}, "parameters[0].warn.sharp-2x: input should"),
    ("upscale", "parameters.0.warn", {"soft": "x"}, "parameters[0]: it warns of 'soft', no choice."),
    ("upscale", "parameters.0.choices", [], "parameters[0]: it names no choices."),
    ("denoise", "parameters.0.min", 5, "parameters[0]: its own default is refused: Parameter"),
    ("denoise", "parameters.0.animatable", "often", "parameters[0].animatable: input should be a"),
    ("denoise", "parameters.1.name", "strength", "two parameters are named 'strength'."),
    ("denoise", "parameters.0.default", [1], "parameters[0].default: input should be a valid bool"),
    # files
    ("matte", "model.artifacts.0.name", "../../x", "model.artifacts[0].name: '../../x' leads out of"),
    ("matte", "model.artifacts.0.name", "/etc/hostname", "'/etc/hostname' leads out of the folder"),
    ("matte", "model.artifacts.0.name", "1/../../x", "'1/../../x' leads out of the folder"),
    ("matte", "model.artifacts.0.name", "C:\\x.bin", "leads out of the folder"),
    ("matte", "model.artifacts.0.name", "", "'' leads out of the folder"),
    ("matte", "model.artifacts.0.name", ".", "'.' leads out of the folder"),
]  # fmt: skip


@pytest.mark.parametrize(("task", "path", "value", "words"), WRONG)
def test_what_does_not_fit_is_named(task: str, path: str, value: Any, words: str) -> None:
    assert words in refused(changed(task, path, value))


def test_an_output_is_named_once() -> None:
    outputs = SHIPPED["denoise"]["outputs"]

    assert refused(changed("denoise", "outputs", outputs * 2)) == "two outputs are named 'color'."


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9007199254740992", "1" + "0" * 400])
@pytest.mark.parametrize("field", ["tolerance", "comment"])
def test_a_number_that_not_every_reader_holds_is_refused(field: str, number: str) -> None:
    """It could be read, and then neither be written into a take's job nor be signed."""
    text = json.dumps(changed("denoise", f"cut.{field}", "NUMBER")).replace('"NUMBER"', number)

    with pytest.raises(ContractError, match="too large a"):
        contract.parse(text, where="mine")


def places(value: Any, before: Path_ = ()) -> Iterator[Path_]:
    """Every place in a document, the whole first."""
    yield before
    if isinstance(value, dict):
        held: list[tuple[str | int, Any]] = list(value.items())
    else:
        held = list(enumerate(value)) if isinstance(value, list) else []
    for step, below in held:
        yield from places(below, (*before, step))


PLACES = [(task, place) for task, document in SHIPPED.items() for place in places(document)]

# What people write into contracts, and all else that JSON can say
values = st.one_of(
    documents,
    st.sampled_from([place[-1] for _, place in PLACES if place]),
    st.sampled_from([0, 1, -1, 16, 0.5, "", "color", [], {}, [[]], [{}], 1e300]),
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(PLACES), values)
@example(("denoise", ("parameters", 0, "min")), 1e300)
@example(("upscale", ("outputs", 0, "scale", "values")), {})
@example(("denoise", ("inputs", 0, "channels")), [])
def test_any_change_gives_a_contract_that_works_or_says_where_it_is_wrong(
    where: tuple[str, Path_], value: Any
) -> None:
    task, place = where
    text = json.dumps(put(SHIPPED[task], place, value))

    try:
        held = contract.parse(text, where="mine")
    except ContractError as error:
        said = error.problem.removeprefix("The contract of mine is wrong: ")
        assert not place or said.startswith((str(place[0]), *RULES)), said
    else:
        assert has_all_that_a_run_asks(held)


# Sentences about two fields that do not fit each other; all others begin with the field's path
RULES = (
    "input ",
    "output ",
    "two ",
    "none of the inputs",
    "parameter ",
    "cut.",
    "digital_source_type ",
)


def has_all_that_a_run_asks(held: Contract) -> bool:
    chosen = held.settings({})
    for output in held.given(chosen):
        assert 1 <= held.scale(output, chosen) <= 16
        assert output.replaces or output.channels
    assert all(one.said() for one in held.parameters)
    assert all(one.channels[0] and one.layers for one in held.inputs)
    assert held.cut.frames >= 1
    return bool(canonical(held.model_dump(mode="json", by_alias=True)))
