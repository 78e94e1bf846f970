"""Curves: a parameter over time; a frame without a value, or with a wrong one, is named."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, strategies as st
from strategies import attempt

from answerprint import contract, curve, job
from answerprint.curve import Curve
from answerprint.errors import JobError
from answerprint.frames import FrameRange
from answerprint.job import Resolved, ResolvedResult
from answerprint.parameter import MOST_INT, Parameter, Value

PASSTHROUGH = Path(__file__).parents[1] / "server/models/passthrough/contract.json"

AMOUNT = Parameter(name="amount", type="float", default=1, min=-5, max=5, animatable=True)
STEPS = Parameter(name="steps", type="int", default=1, min=0, max=8, animatable=True)
METHOD = Parameter(
    name="method", type="choice", default="soft", choices=("soft", "hard"), animatable=True
)
ON = Parameter(name="on", type="bool", default=True, animatable=True)

numbers = st.floats(-1e6, 1e6)
frames = st.integers(-999_999_999, 999_999_999)


def linear(keys: dict[int, Any]) -> Curve:
    return Curve(curve=keys, interpolate="linear")


def refused(parameter: Parameter, one: Curve, asked: str = "1001-1010") -> JobError:
    with pytest.raises(JobError) as caught:
        curve.checked(parameter, one, FrameRange.parse(asked))
    return caught.value


def resolved(one: Curve, parameter: Parameter, asked: str) -> Resolved:
    """A job with this curve, as far as its settings are concerned."""
    described = json.loads(PASSTHROUGH.read_text(encoding="utf-8"))
    described["parameters"] = [parameter.model_dump(mode="json")]
    range_ = FrameRange.parse(asked)
    return Resolved(
        job=job.make({"task": "passthrough", "plate": "bg.####.exr"}),
        contract=contract.parse(json.dumps(described), where="passthrough"),
        version="1",
        model_sha256="",
        frames=asked,
        first=range_.first,
        last=range_.last,
        inputs={},
        parameters={parameter.name: curve.checked(parameter, one, range_)},
        result=ResolvedResult(layers="replace", type="inherit", compression="inherit"),
        root=Path("takes"),
        stream="bg_passthrough",
        name="bg_passthrough",
    )


def test_an_exact_curve_gives_each_frame_the_value_of_its_own() -> None:
    asked = Curve(curve={1001: 0.25, 1002: 3, 1003: "-1"})

    held = curve.checked(AMOUNT, asked, FrameRange.parse("1001-1003"))

    assert [held.at(frame) for frame in (1001, 1002, 1003)] == [0.25, 3.0, -1.0]


@pytest.mark.parametrize(
    ("frame", "value"),
    [(900, 0.0), (1001, 0.0), (1006, 1.0), (1011, 2.0), (1016, -1.0), (1021, -4.0), (5000, -4.0)],
)
def test_a_linear_curve_runs_straight_between_keys_and_holds_at_its_ends(
    frame: int, value: float
) -> None:
    held = curve.checked(AMOUNT, linear({1021: -4, 1001: 0, 1011: 2}), FrameRange.parse("1001"))

    assert held.at(frame) == pytest.approx(value)


@given(st.dictionaries(frames, numbers, min_size=1, max_size=6), frames)
@example({0: 0.9, 3: 0.9}, 1)
@example({0: 0.1, 10: 0.1}, 3)
def test_a_linear_curve_never_leaves_the_values_around_a_frame(
    keys: dict[int, float], frame: int
) -> None:
    """A knob held at its greatest value would be refused for the last digit above it."""
    before = [keys[max(one for one in keys if one <= frame)]] if min(keys) <= frame else []
    after = [keys[min(one for one in keys if one >= frame)]] if max(keys) >= frame else []

    value = curve.between(keys, frame)

    assert min(before + after) <= value <= max(before + after)


@given(st.dictionaries(frames, st.integers(-MOST_INT, MOST_INT), min_size=1, max_size=6), frames)
def test_a_linear_curve_of_whole_numbers_stays_whole(keys: dict[int, int], frame: int) -> None:
    parameter = Parameter(name="steps", type="int", default=0, animatable=True)
    held = curve.checked(parameter, linear(keys), FrameRange.of([frame]))

    value = held.at(frame)

    assert type(parameter.checked(value)) is int
    assert type(value) is int
    assert keys.get(frame, value) == value


def test_a_whole_parameter_has_whole_settings_at_every_frame() -> None:
    held = resolved(linear({1001: 0, 1009: 3}), STEPS, "1000-1010")

    settings = [held.settings(frame)["steps"] for frame in held.frame_range]

    assert settings == [0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 3]
    assert {type(one) for one in settings} == {int}


def test_a_parameter_of_numbers_keeps_its_fractions_also_between_whole_keys() -> None:
    held = resolved(linear({1001: 0, 1005: 1}), AMOUNT, "1001-1005")

    reopened = Resolved.model_validate_json(held.model_dump_json(by_alias=True))

    assert [reopened.settings(frame)["amount"] for frame in held.frame_range] == [
        0.0, 0.25, 0.5, 0.75, 1.0,
    ]  # fmt: skip


def test_a_choice_may_change_from_frame_to_frame() -> None:
    held = resolved(Curve(curve={1: "soft", 2: "hard", 3: "soft"}), METHOD, "1-3")

    assert [held.settings(frame)["method"] for frame in (1, 2, 3)] == ["soft", "hard", "soft"]


def test_a_gap_is_named_with_its_size_and_first_frame() -> None:
    keys = {frame: 1.0 for frame in range(1001, 3001) if frame not in (1500, 1501, 2999)}

    error = refused(AMOUNT, Curve(curve=keys), "1001-3000")

    assert error.problem == "The curve of amount has no value at 3 of 2,000 frames, first 1500."
    assert '"interpolate": "linear"' in error.remedy


def test_only_the_frames_of_the_job_need_a_value() -> None:
    asked = Curve(curve={1001: 1, 1003: 2, 9999: 3})

    assert curve.checked(AMOUNT, asked, FrameRange.parse("1001-1003x2")).at(1003) == 2.0


def test_a_parameter_that_cannot_be_animated_says_so() -> None:
    still = Parameter(name="quality", type="int", default=1, min=0, max=3)

    error = refused(still, linear({1001: 1}))

    assert error.problem == "Parameter quality cannot be animated."
    assert error.remedy == "Give it one value: a whole number from 0 to 3."


@pytest.mark.parametrize(
    ("parameter", "value", "words"),
    [
        (AMOUNT, 5.5, "Parameter amount is 5.5, which is not a number from -5 to 5."),
        (AMOUNT, "fast", "Parameter amount is 'fast', which is not a number from -5 to 5."),
        (AMOUNT, math.nan, "Parameter amount is nan, which is not a number from -5 to 5."),
        (STEPS, 1.5, "Parameter steps is 1.5, which is not a whole number from 0 to 8."),
    ],
)
def test_a_wrong_value_is_named_with_its_frame(
    parameter: Parameter, value: Value, words: str
) -> None:
    error = refused(parameter, linear({1001: 1, 1007: value, 1010: 2}))

    assert error.problem == f"At frame 1007: {words}"
    assert error.remedy


@pytest.mark.parametrize(("parameter", "value"), [(METHOD, "soft"), (ON, True)])
def test_what_has_nothing_between_its_values_is_not_interpolated(
    parameter: Parameter, value: Value
) -> None:
    error = refused(parameter, linear({1001: value, 1010: value}))

    assert error.problem.endswith(f"is {parameter.said()}: there is nothing between two keys.")
    assert '"interpolate": "exact"' in error.remedy


def test_keys_of_a_command_line_make_straight_lines() -> None:
    read = curve.checked(AMOUNT, curve.parse("1001:0.5, 1011: 1.5", "amount"), FrameRange.of([1]))

    assert [read.at(frame) for frame in (1001, 1006, 1011)] == [0.5, 1.0, 1.5]


def test_keys_may_have_frames_and_values_below_zero() -> None:
    assert curve.keys("-10:-0.5,0:0,10:1e-3", "amount") == {-10: "-0.5", 0: "0", 10: "1e-3"}


@given(st.dictionaries(frames, numbers, min_size=1, max_size=8))
def test_keys_that_are_spelled_are_read_back_the_same(keys: dict[int, float]) -> None:
    spelled = ",".join(f"{frame}:{value!r}" for frame, value in keys.items())
    parameter = Parameter(name="amount", type="float", default=0, animatable=True)

    read = curve.checked(parameter, curve.parse(spelled, "amount"), FrameRange.of(keys))

    assert {frame: read.at(frame) for frame in keys} == keys


@given(st.dictionaries(frames, st.integers(0, 8), min_size=1, max_size=4))
def test_a_short_curve_is_said_as_the_command_line_reads_it(keys: dict[int, int]) -> None:
    held = curve.checked(STEPS, linear(keys), FrameRange.of(keys))

    assert curve.checked(STEPS, curve.parse(str(held), "steps"), FrameRange.of(keys)) == held


def test_a_long_curve_is_said_in_short() -> None:
    held = Curve(curve={frame: frame / 4 for frame in range(1001, 1101)})

    assert str(held) == "1001:250.25, 1002:250.5, ..., 1100:275"


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("", "''"),
        ("1001", "'1001'"),
        ("1001:", "'1001:'"),
        ("1001: ", "'1001:'"),
        (":0.5", "':0.5'"),
        ("-:1", "'-:1'"),
        ("--5:1", "'--5:1'"),
        ("1-5:1", "'1-5:1'"),
        ("1001.5:1", "'1001.5:1'"),
        ("²:1", "'²:1'"),
        ("1001:1:2", "'1001:1:2'"),
        ("1001:1,,1003:2", "''"),
        ("1001:1,1001:2", "'1001:2'"),
        ("1001:1,01001:2", "'01001:2'"),
        ("9" * 5000 + ":1", "'9999"),
    ],
)
def test_a_key_that_is_none_is_named(text: str, term: str) -> None:
    with pytest.raises(JobError, match="in the curve of amount is not a new FRAME:VALUE") as caught:
        curve.parse(text, "amount")

    assert caught.value.problem.startswith(term)
    assert caught.value.remedy == "Write keys like 1001:0.2,1100:0.8."


@given(st.one_of(st.text(), st.text("0123456789-:,. ²", max_size=14)))
def test_any_text_is_a_curve_or_a_job_error(text: str) -> None:
    read = attempt(curve.parse, text, "amount")

    if isinstance(read, Curve):
        assert curve.keys(",".join(f"{at}:{one}" for at, one in read.curve.items()), "amount")
    else:
        assert read.remedy


@given(
    st.dictionaries(
        frames, st.one_of(st.booleans(), st.integers(), numbers, st.text()), min_size=1, max_size=5
    ),
    st.sampled_from(["exact", "linear"]),
)
def test_a_curve_written_as_json_is_read_back_the_same(keys: dict[int, Value], how: str) -> None:
    asked = {"curve": keys, "interpolate": how}
    made = job.make({"task": "x", "plate": "x", "parameters": {"amount": asked}})

    read = job.Job.model_validate_json(made.model_dump_json(by_alias=True))

    assert read == made
    held = read.parameters["amount"]
    assert isinstance(held, Curve)
    assert {at: (type(one), one) for at, one in held.curve.items()} == {
        at: (type(one), one) for at, one in keys.items()
    }


@pytest.mark.parametrize("curve_", [{}, {"x": 1}, {1.5: 1}, {1001: None}, {1001: [1]}])
def test_a_document_that_is_no_curve_is_refused(curve_: dict[Any, Any]) -> None:
    asked = {"amount": {"curve": curve_}}

    with pytest.raises(JobError, match=r"parameters\.amount"):
        job.make({"task": "x", "plate": "x", "parameters": asked})


class Unsorted(dict[int, Value]):
    """Keys of which one is looked up, and never all of them."""

    def __iter__(self) -> Iterator[int]:
        pytest.fail("all keys were looked at for one frame")


def test_a_frame_that_has_a_key_needs_no_look_at_the_others() -> None:
    """So that a curve sampled at a hundred thousand frames is read in no time."""
    keys = Unsorted({frame: frame / 7 for frame in range(1000)})

    total = sum(curve.between(keys, frame) for frame in range(1000))

    assert total == pytest.approx(sum(range(1000)) / 7)
