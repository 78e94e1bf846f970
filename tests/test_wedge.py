"""Wedges: all combinations in a fixed order, each value once, and a very large one is asked about."""

from __future__ import annotations

import itertools
import json
import math
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from answerprint import contract, wedge
from answerprint.contract import Contract
from answerprint.errors import JobError
from answerprint.job import make
from answerprint.parameter import Value
from answerprint.wedge import Axes, Variation

PASSTHROUGH = Path(__file__).parents[1] / "server/models/passthrough/contract.json"

PARAMETERS: list[dict[str, Any]] = [
    {"name": "strength", "type": "float", "default": 1, "min": 0, "max": 4},
    {"name": "steps", "type": "int", "default": 1, "min": -10, "max": 50},
    {"name": "sharp", "type": "bool", "default": True},
    {"name": "method", "type": "choice", "default": "soft", "choices": ["soft", "hard"]},
    {"name": "words", "type": "text", "default": ""},
]

values = st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=3))
axes_of_any_size = st.dictionaries(
    st.text(min_size=1, max_size=4),
    st.lists(values, min_size=1, max_size=5, unique=True).map(tuple),
    min_size=1,
    max_size=4,
)


def task(*, seed: bool = False, parameters: list[dict[str, Any]] = PARAMETERS) -> Contract:
    described = json.loads(PASSTHROUGH.read_text(encoding="utf-8"))
    described |= {"parameters": parameters, "seed": seed}
    return contract.parse(json.dumps(described), where="passthrough")


def checked(**asked: str | tuple[Value, ...]) -> Axes:
    return wedge.checked(task(), asked)


def refused(**asked: str | tuple[Value, ...]) -> JobError:
    with pytest.raises(JobError) as caught:
        checked(**asked)
    assert caught.value.remedy.endswith(".")
    return caught.value


def test_the_last_axis_changes_fastest() -> None:
    axes: Axes = {"strength": (0.5, 1.0), "method": ("soft", "hard")}

    held = list(wedge.variations(axes))

    assert [(one.label, str(one)) for one in held] == [
        ("w001", "strength 0.5, method soft"),
        ("w002", "strength 0.5, method hard"),
        ("w003", "strength 1, method soft"),
        ("w004", "strength 1, method hard"),
    ]


@given(axes_of_any_size)
def test_every_combination_comes_once_in_the_order_of_its_label(axes: Axes) -> None:
    held = list(wedge.variations(axes))

    assert len(held) == wedge.count(axes)
    assert [tuple(one.values.values()) for one in held] == [*itertools.product(*axes.values())]
    assert all(list(one.values) == list(axes) for one in held)
    labels = [one.label for one in held]
    assert sorted(set(labels)) == labels


def test_a_job_without_axes_is_no_wedge() -> None:
    assert list(wedge.variations({})) == []
    assert checked() == {}


@pytest.mark.parametrize(
    ("number", "first", "last"),
    [(1, "w001", "w001"), (999, "w001", "w999"), (1000, "w0001", "w1000")],
)
def test_labels_are_as_wide_as_the_last_one_needs(number: int, first: str, last: str) -> None:
    held = [one.label for one in wedge.variations({"steps": tuple(range(number))})]

    assert (held[0], held[-1], len(held)) == (first, last, number)


def test_a_million_variations_are_there_one_at_a_time() -> None:
    axes: Axes = {name: tuple(range(100)) for name in ("a", "b", "c")}
    tracemalloc.start()

    held = wedge.variations(axes)
    first, last = next(held), next(itertools.islice(held, 50_000 - 1, None))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert first == Variation("w0000001", {"a": 0, "b": 0, "c": 0})
    assert last == Variation("w0050001", {"a": 5, "b": 0, "c": 0})
    assert peak < 100_000


@pytest.mark.parametrize(
    ("name", "asked", "found"),
    [
        ("steps", "1-5x2", (1, 3, 5)),
        ("steps", "-2-0", (-2, -1, 0)),
        ("steps", " 2, 1 ,10-12", (2, 1, 10, 11, 12)),
        ("steps", (5, "3", 1.0), (5, 3, 1)),
        ("strength", "0.5, 1,2", (0.5, 1.0, 2.0)),
        ("strength", "1e-3", (0.001,)),
        ("strength", (0.5, 1), (0.5, 1.0)),
        ("sharp", "on,off", (True, False)),
        ("sharp", (False, True), (False, True)),
        ("method", "hard, soft", ("hard", "soft")),
        ("words", "one, two words", ("one", "two words")),
    ],
)
def test_an_axis_holds_values_in_the_parameters_own_type(
    name: str, asked: str | tuple[Value, ...], found: tuple[Value, ...]
) -> None:
    held = checked(**{name: asked})[name]

    assert held == found
    assert [type(one) for one in held] == [type(one) for one in found]


@pytest.mark.parametrize(
    ("name", "asked", "found"),
    [
        ("steps", "1,1-3,2", (1, 2, 3)),
        ("steps", (2, 2.0, "2"), (2,)),
        ("strength", "1,1.0,0.5,1e0", (1.0, 0.5)),
        ("sharp", "on,yes,true,1", (True,)),
        ("method", "soft,hard,soft", ("soft", "hard")),
    ],
)
def test_a_value_that_is_said_twice_is_made_once(
    name: str, asked: str | tuple[Value, ...], found: tuple[Value, ...]
) -> None:
    assert checked(**{name: asked}) == {name: found}


def test_axes_keep_the_order_in_which_they_were_asked() -> None:
    assert list(checked(sharp="on", strength="1", method="soft")) == ["sharp", "strength", "method"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("1-3", ("1", "2", "3")),
        ("7,3,7", ("7", "3")),
        ("12345678901234567890,1", ("12345678901234567890", "1")),
        ((7, "7", "007", 8), ("7", "8")),
        ((2**64, "-3"), ("18446744073709551616", "-3")),
    ],
)
def test_seeds_are_an_axis_of_a_task_that_takes_one(
    asked: str | tuple[Value, ...], found: tuple[str, ...]
) -> None:
    assert wedge.checked(task(seed=True), {"seed": asked}) == {"seed": found}


def test_a_task_without_chance_has_no_seed_to_vary() -> None:
    with pytest.raises(JobError, match="has no parameter 'seed' to vary") as caught:
        wedge.checked(task(), {"seed": "1-3"})

    assert caught.value.remedy == "It can vary strength, steps, sharp, method, words."


@pytest.mark.parametrize("asked", [("high",), (1.5,), (True,), ("",), (10**20,), "high", "1.5"])
def test_a_seed_that_is_no_whole_number_is_refused(asked: str | tuple[Value, ...]) -> None:
    with pytest.raises(JobError, match="seed") as caught:
        wedge.checked(task(seed=True), {"seed": asked})

    assert caught.value.remedy


@pytest.mark.parametrize(
    ("name", "meant"), [("strenght", "strength"), ("Steps", "steps"), ("sead", "seed")]
)
def test_an_unknown_axis_is_offered_the_right_name(name: str, meant: str) -> None:
    with pytest.raises(JobError) as caught:
        wedge.checked(task(seed=True), {name: "1"})

    assert caught.value.problem == (
        f"Task passthrough has no parameter '{name}' to vary. Did you mean '{meant}'?"
    )
    assert caught.value.remedy == "It can vary strength, steps, sharp, method, words, seed."


def test_a_task_without_parameters_can_vary_nothing() -> None:
    with pytest.raises(JobError) as caught:
        wedge.checked(task(parameters=[]), {"strength": "1"})

    assert caught.value.remedy == "It can vary nothing."


@pytest.mark.parametrize("name", ["strength", "steps", "sharp", "method", "words", "seed"])
def test_an_axis_without_values_is_refused(name: str) -> None:
    """The wedge would have no variation at all."""
    with pytest.raises(JobError, match=f"The wedge over {name} has no values") as caught:
        wedge.checked(task(seed=True), {name: ()})

    assert caught.value.remedy.startswith("Give at least one: ")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"strength": "0.5,5"}, "Parameter strength is '5', which is not a number from 0 to 4."),
        ({"strength": "0.5,,1"}, "Parameter strength is '', which is not a number from 0 to 4."),
        ({"strength": (math.nan,)}, "Parameter strength is nan, which is not a number"),
        ({"steps": "45-60"}, "Parameter steps is 51, which is not a whole number from -10 to 50."),
        ({"steps": (1.5,)}, "Parameter steps is 1.5, which is not a whole number"),
        ({"steps": "1,high"}, "The wedge over steps has 'high', which is neither a number nor a "),
        ({"steps": ""}, "The wedge over steps has '', which is neither a number nor a "),
        ({"steps": "9-1"}, "The wedge over steps has '9-1', which is neither a number nor a "),
        (
            {"steps": "1-99999999"},
            "The wedge over steps has '1-99999999', which is neither a number nor a ",
        ),
        ({"steps": "99999999999"}, "Parameter steps is 99999999999, which is not a whole number"),
        ({"sharp": "perhaps"}, "Parameter sharp is 'perhaps', which is not on or off."),
        ({"method": "soft,firm"}, "Parameter method is 'firm', which is not one of soft, hard."),
    ],
)
def test_a_wrong_value_is_named_with_its_axis(asked: dict[str, Any], words: str) -> None:
    assert refused(**asked).problem.startswith(words)


def test_a_wedge_of_a_million_items_is_asked_about_with_its_number() -> None:
    axes: Axes = {"steps": tuple(range(100)), "strength": tuple(range(100))}

    with pytest.raises(JobError) as caught:
        wedge.check_count(axes, 100, None)

    assert caught.value.problem == (
        "The wedge has 1,000,000 work items: 10,000 variations of 100 frames."
    )
    assert "--items 1000000;" in caught.value.remedy


def test_a_very_large_wedge_is_made_when_its_number_is_confirmed_exactly() -> None:
    axes: Axes = {"steps": tuple(range(100)), "strength": tuple(range(100))}

    wedge.check_count(axes, 100, 1_000_000)
    for confirmed in (999_999, 1_000_001, 0, -1):
        with pytest.raises(JobError, match="1,000,000 work items"):
            wedge.check_count(axes, 100, confirmed)


def test_what_is_not_very_large_is_not_asked_about() -> None:
    axes: Axes = {"steps": tuple(range(100))}

    wedge.check_count(axes, wedge.ASK_ABOVE // 100, None)
    with pytest.raises(JobError, match="10,100 work items: 100 variations of 101 frames"):
        wedge.check_count(axes, wedge.ASK_ABOVE // 100 + 1, None)
    with pytest.raises(JobError, match="10,001 variations of 1 frame\\."):
        wedge.check_count({"steps": tuple(range(10_001))}, 1, None)


def test_a_plate_however_long_is_no_wedge() -> None:
    wedge.check_count({}, wedge.ASK_ABOVE + 1, None)


@pytest.mark.parametrize(
    ("value", "words"),
    [(True, "on"), (False, "off"), (0.1, "0.1"), (2.0, "2"), (7, "7"), ("soft", "soft")],
)
def test_a_value_is_said_as_an_artist_reads_it(value: Value, words: str) -> None:
    assert wedge.said(value) == words


def test_a_job_keeps_axes_as_they_were_written() -> None:
    asked = {"steps": "1-5x2", "strength": (0.5, 1, True, "2")}

    made = make({"task": "x", "plate": "x", "wedge": asked})

    read = type(made).model_validate_json(made.model_dump_json(by_alias=True))
    assert read == made
    assert read.wedge == asked
    assert [type(one) for one in read.wedge["strength"]] == [float, int, bool, str]
