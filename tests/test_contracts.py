"""Contracts: a model describes itself; what is wrong is named by path, what is new is kept."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st
from strategies import attempt, documents, texts

from answerprint import contract
from answerprint.contract import Contract, Parameter
from answerprint.documents import canonical
from answerprint.errors import ContractError, JobError

MODELS = Path(__file__).parents[1] / "server" / "models"
SHIPPED = sorted(MODELS.glob("[!_]*/contract.json"))
GONE = object()


def shipped(task: str = "denoise") -> dict[str, Any]:
    document: dict[str, Any] = json.loads((MODELS / task / "contract.json").read_text("utf-8"))
    return document


def changed(path: str, value: Any) -> dict[str, Any]:
    """The denoise contract with the field at a path like 'inputs[0].name' set, or taken out."""
    document = shipped()
    *way, last = [int(step) if step.isdigit() else step for step in re.findall(r"\w+", path)]
    here: Any = document
    for step in way:
        here = here[step]
    if value is GONE:
        del here[last]
    else:
        here[last] = value
    return document


def parse(document: Any) -> Contract:
    return contract.parse(json.dumps(document), where="denoise")


def refused(document: Any) -> str:
    with pytest.raises(ContractError) as caught:
        parse(document)
    assert "denoise" in caught.value.problem
    assert "contract.json" in caught.value.remedy
    return caught.value.problem


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_a_shipped_contract_is_right(path: Path) -> None:
    held = contract.parse(path.read_text(encoding="utf-8"), where=path.parent.name)

    assert held.task == path.parent.name
    assert held.settings({}).keys() == {one.name for one in held.parameters}
    assert canonical(held.model_dump(mode="json", by_alias=True))


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("schema", GONE, "schema: missing"),
        ("schema", "answerprint.contract/v2", "schema: input should be"),
        ("task", GONE, "task: missing"),
        ("task", "De-noise", "task: string should match"),
        ("title", 5, "title: input should be a valid string"),
        ("kind", "smell", "kind: input should be 'image'"),
        ("inputs", [], "inputs: tuple should have at least 1 item"),
        ("inputs", "color", "inputs: input should be a valid array"),
        ("inputs[0].name", GONE, "inputs[0].name: missing"),
        ("inputs[1].encoding", "rec709", "inputs[1].encoding: input should be 'scene_linear'"),
        ("inputs[1].range", [0], "inputs[1].range[1]: missing"),
        ("inputs[2].channels[0]", "XYZ", "inputs[2].channels[0]: input should be a valid array"),
        ("outputs[0].replaces", GONE, "output color replaces no input and names no channels"),
        ("outputs[0].replaces", "colour", "output color replaces 'colour', no input"),
        ("cut.mode", "slices", "cut.mode: input should be 'whole'"),
        ("parameters[1].type", "enum", "parameters[1].type: input should be 'bool'"),
        ("parameters[1].default", "ultra", "parameters[1]: its own default is refused"),
        ("parameters[2].default", "perhaps", "parameters[2]: its own default is refused"),
        ("parameters[3].min", "low", "parameters[3].min: input should be a valid number"),
        ("parameters[3].min", 5, "parameters[3]: its own default is refused"),
        ("parameters[3].default", 0.5, "parameters[3]: its own default is refused"),
        ("determinism.kind", "always", "determinism.kind: input should be 'bit_exact'"),
        ("digital_source_type", GONE, "digital_source_type: missing"),
        ("licence.weights", GONE, "licence.weights: missing"),
        ("model.artifacts", [], "model.artifacts: tuple should have at least 1 item"),
        ("model.artifacts[0].sha256", "1FD3", "model.artifacts[0].sha256: string should match"),
        ("model.version", 2.5, "model.version: input should be a valid string"),
        ("cost.seconds_per_megapixel", "slow", "cost.seconds_per_megapixel: input should be"),
    ],
)
def test_a_wrong_field_is_named_by_its_path(path: str, value: Any, words: str) -> None:
    assert words in refused(changed(path, value))


@pytest.mark.parametrize(
    "path",
    ["cost.seconds_per_megapixel", "determinism.tolerance", "inputs[0].range[0]", "studio_weight"],
)
@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_number_that_json_does_not_know_is_refused(path: str, number: float) -> None:
    """It could not be written into a take's job, nor signed: the run would end in the middle."""
    refused(changed(path, number))


def test_all_faults_are_told_at_once() -> None:
    document = changed("title", 5)
    del document["licence"]

    assert re.search(r"title: .*; licence: missing", refused(document))


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "null", '"denoise"', "\0", "[" * 100_000])
def test_what_is_no_contract_is_refused(text: str) -> None:
    with pytest.raises(ContractError, match="The contract of denoise is wrong"):
        contract.parse(text, where="denoise")


def test_a_contract_that_is_too_large_is_refused() -> None:
    document = changed("purpose", "x" * contract.MOST_CONTRACT_BYTES)

    assert "larger than 1 MiB" in refused(document)


@settings(max_examples=60, deadline=None)
@given(texts.map(lambda text: f"x_{text}"), documents)
def test_an_unknown_field_is_kept(name: str, value: Any) -> None:
    document = shipped()
    document[name] = document["inputs"][0][name] = value

    held = parse(document).model_dump(mode="json", by_alias=True)

    assert held[name] == held["inputs"][0][name] == value


@pytest.mark.parametrize("term", contract.RETIRED_SOURCE_TYPES)
@pytest.mark.parametrize("before", ["http://cv.iptc.org/newscodes/digitalsourcetype/", ""])
def test_a_retired_digital_source_type_is_refused(before: str, term: str) -> None:
    assert "retired by IPTC" in refused(changed("digital_source_type", before + term))


def parameter(kind: str, default: Any, **facts: Any) -> Parameter:
    return Parameter(name="amount", type=kind, default=default, **facts)


ACCEPTED: list[tuple[Parameter, list[Any], type]] = [
    (parameter("bool", True), [True, False], bool),
    (parameter("int", 1, min=0, max=8), [0, 8, 3.0, "5", " 5 ", "+5"], int),
    (parameter("int", 0), [-(2**40), "-7"], int),
    (parameter("float", 1, min=-1, max=2.5), [-1, 2.5, 0.1, "1e-3", "2", -0.0], float),
    (parameter("choice", "b", choices=("a", "b")), ["a", "b"], str),
    (parameter("text", ""), ["", "two words", "ü"], str),
]
REFUSED: list[tuple[Parameter, list[Any]]] = [
    (parameter("bool", True), ["perhaps", "", 2, 0.5, None, [], "2"]),
    (parameter("int", 1, min=0, max=8), [-1, 9, 1.5, "1.5", "x", "", True, None, [], math.nan]),
    (parameter("int", 0), [math.inf, "1e3", "0x10", {}, "9" * 5000]),
    (parameter("float", 1, min=-1, max=2.5), [-1.01, 2.6, "x", True, None, math.nan, "inf"]),
    (parameter("float", 0), [math.nan, math.inf, "-inf", 10**400, "1,5", []]),
    (parameter("choice", "b", choices=("a", "b")), ["c", "A", "", None, 1, ["a"]]),
    (parameter("text", ""), [1, None, True, ["a"]]),
]


@pytest.mark.parametrize(
    ("one", "value", "kind"),
    [(one, value, kind) for one, several, kind in ACCEPTED for value in several],
    ids=lambda one: one.type if isinstance(one, Parameter) else ascii(one),
)
def test_a_value_is_taken_in_the_parameters_own_type(
    one: Parameter, value: Any, kind: type
) -> None:
    taken = one.checked(value)

    assert type(taken) is kind
    assert taken == (kind(value) if isinstance(value, str) else value)


@pytest.mark.parametrize(
    ("word", "value"),
    [("on", True), ("Yes", True), ("1", True), ("off", False), ("No", False), ("FALSE", False)],
)
def test_on_and_off_are_read_from_words(word: str, value: bool) -> None:
    assert parameter("bool", False).checked(word) is value


@pytest.mark.parametrize(
    ("one", "value"),
    [(one, value) for one, several in REFUSED for value in several],
    ids=lambda one: one.type if isinstance(one, Parameter) else ascii(one)[:12],
)
def test_a_value_that_does_not_fit_is_refused_in_a_sentence(one: Parameter, value: Any) -> None:
    with pytest.raises(JobError) as caught:
        one.checked(value)

    assert caught.value.problem.startswith("Parameter amount is ")
    assert caught.value.problem.endswith(f"which is not {one.said()}.")
    default = {"True": "on", "False": "off"}.get(str(one.default), one.default)
    assert caught.value.remedy == f"Give {one.said()}; the default is {default}."


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (parameter("int", 0, min=0, max=8, unit="MB"), "a whole number from 0 to 8 MB"),
        (parameter("int", 0, min=0), "a whole number of at least 0"),
        (parameter("float", 0, max=1), "a number of at most 1"),
        (parameter("float", 0.5, min=0.05, max=10.01), "a number from 0.05 to 10.01"),
        (parameter("float", -1, min=-1.5, max=-0.025), "a number from -1.5 to -0.025"),
        (parameter("float", 0), "a number"),
        (parameter("bool", True), "on or off"),
        (parameter("choice", "a", choices=("a", "b")), "one of a, b"),
        (parameter("text", ""), "text"),
    ],
)
def test_a_parameter_says_what_it_takes(one: Parameter, words: str) -> None:
    assert one.said() == words


@given(st.integers(-100, 100), st.integers(0, 100), st.integers(-300, 300))
def test_a_whole_number_is_taken_only_within_its_range(low: int, span: int, value: int) -> None:
    one = parameter("int", low, min=low, max=low + span)

    if low <= value <= low + span:
        assert one.checked(value) == one.checked(str(value)) == value
        return
    with pytest.raises(JobError, match=f"amount is {value}, which is not a whole number from"):
        one.checked(value)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([one for one, _ in REFUSED]),
    st.one_of(documents, st.integers(), st.floats()),
)
@example(parameter("int", 0), 2**60)
def test_any_value_is_taken_or_a_job_error_and_what_is_taken_can_be_signed(
    one: Parameter, value: Any
) -> None:
    taken = attempt(one.checked, value)

    if isinstance(taken, JobError):
        assert taken.remedy
    else:
        assert canonical({one.name: taken})


def test_settings_hold_every_parameter_those_given_and_defaults_for_the_rest() -> None:
    held = parse(shipped())

    assert held.settings({"quality": "fast", "max_memory": "512"}) == {
        "strength": 1.0,
        "quality": "fast",
        "prefilter": True,
        "max_memory": 512,
    }


def test_an_unknown_parameter_is_offered_the_right_name() -> None:
    with pytest.raises(JobError, match=r"no parameter 'qualty'.* Did you mean 'quality'\?") as one:
        parse(shipped()).settings({"qualty": "fast"})
    with pytest.raises(JobError) as other:
        parse(shipped("passthrough")).settings({"strength": 1})

    assert one.value.remedy == "Its parameters are strength, quality, prefilter, max_memory."
    assert other.value.remedy == "Its parameters are none."


def test_an_unknown_input_is_offered_the_right_name() -> None:
    held = parse(shipped())

    assert held.input("albedo").encoding == "data"
    with pytest.raises(JobError, match=r"no input 'albido'.* Did you mean 'albedo'\?") as caught:
        held.input("albido")
    assert "color, albedo, normal" in caught.value.remedy


@pytest.mark.parametrize(
    ("path", "value"),
    [("title", "Other"), ("model.version", "9"), ("model.artifacts[0].comment", "x"), ("x", 1)],
)
def test_the_models_digest_does_not_see_words_about_it(path: str, value: Any) -> None:
    assert parse(changed(path, value)).sha256 == parse(shipped()).sha256


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("model.artifacts[0].sha256", "0" * 64),
        ("model.artifacts[0].name", "2/model.py"),
        ("model.artifacts[2].package", "pyoidn==2.6"),
        ("model.artifacts[1]", GONE),
    ],
)
def test_the_models_digest_sees_each_of_its_files(path: str, value: Any) -> None:
    assert parse(changed(path, value)).sha256 != parse(shipped()).sha256
