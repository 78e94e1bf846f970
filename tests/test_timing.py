"""Timing: which moment of the plate a frame shows, to the last digit, and never outside it."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
from effort import held_at_most
from hypothesis import example, given, settings, strategies as st

from answerprint import timing
from answerprint.contract import Cut
from answerprint.errors import JobError
from answerprint.frames import FrameRange
from answerprint.job import Job, make
from answerprint.timing import Sources, Timing, check_inside, sources

BETWEEN = Cut(between=True)

speeds = st.one_of(
    st.floats(0.05, 100, allow_nan=False),
    st.integers(1, 20).map(lambda number: 1 / number),
    st.sampled_from([0.1, 1 / 3, 2.0, 1.0, 100.0, 2 / 3, 24 / 25]),
)
firsts = st.integers(-2000, 200_000)
spans = st.integers(0, 400)


def plate(text: str) -> FrameRange:
    return FrameRange.parse(text)


def range_of(first: int, span: int) -> FrameRange:
    return FrameRange.of(range(first, first + span + 1))


def document(**fields: Any) -> Job:
    return make({"task": "retime", "plate": "bg.####.exr", "timing": fields})


@pytest.mark.parametrize(
    ("speed", "result"),
    [
        (1, "1001-1010"),
        (2, "1001-1005"),
        (0.5, "1001-1019"),
        (0.1, "1001-1091"),
        (1 / 3, "1001-1028"),
        (0.333333, "1001-1028"),
        (0.3, "1001-1031"),
        (0.9, "1001-1011"),
        (100, "1001"),
        (9, "1001-1002"),
    ],
)
def test_a_speed_begins_with_the_plate_and_ends_with_it_or_before(
    speed: float, result: str
) -> None:
    held = Timing(speed=speed).frames(plate("1001-1010"))

    assert str(held) == result


@pytest.mark.parametrize(
    ("speed", "moments"),
    [
        (1, [1001, 1002, 1003, 1004, 1005]),
        (2, [1001, 1003, 1005, 1007, 1009]),
        (100, [1001, 1101, 1201, 1301, 1401]),
        (0.1, [1001, 1001.1, 1001.2, 1001.3, 1001.4]),
        (1 / 3, [1001, 1001.333333, 1001.666667, 1002, 1002.333333]),
    ],
)
def test_a_speed_says_the_moment_of_every_frame(speed: float, moments: list[float]) -> None:
    held = Timing(speed=speed)

    assert [held.moment(number, 1001) for number in range(1001, 1006)] == moments


@pytest.mark.parametrize("speed", [Fraction(1, 10), Fraction(1, 3), Fraction(2), Fraction(1, 7)])
def test_a_speed_does_not_drift_over_a_hundred_thousand_frames(speed: Fraction) -> None:
    held = Timing(speed=float(speed))

    for number in range(1001, 101_001):
        exact = 1001 + (number - 1001) * speed
        moment = held.moment(number, 1001)
        if exact.denominator == 1:
            assert moment == exact
        else:
            assert abs(Fraction(moment) - exact) < Fraction(1, 1_000_000)
            assert sources(BETWEEN, number, first=1001, last=300_000, timing=held).time > 0


@settings(max_examples=300)
@given(speeds, firsts, spans)
@example(66.6678, 1001, 200)
@example(99.9967, 0, 300)
def test_a_speed_stays_inside_the_plate_and_reaches_as_far_as_it_can(
    speed: float, first: int, span: int
) -> None:
    held, whole = Timing(speed=speed), range_of(first, span)

    result = held.frames(whole)

    needed = check_inside(held, result, whole)
    assert result.first == needed.first == first
    assert needed.last <= whole.last
    assert held.moment(result.last + 1, first) > whole.last


@settings(max_examples=300)
@given(speeds, firsts, spans, st.randoms())
def test_frames_that_are_read_are_the_plates_own(
    speed: float, first: int, span: int, random: Any
) -> None:
    held = Timing(speed=speed)
    result = held.frames(range_of(first, span))
    number = random.choice(result.numbers)

    seen = sources(BETWEEN, number, first=first, last=first + span, timing=held)

    assert len(seen.frames) == 2
    assert all(first <= frame <= first + span for frame in seen.frames)
    assert seen.base == 0
    assert 0 <= seen.time < 1
    assert seen.frames[0] + seen.time == pytest.approx(held.moment(number, first))


@settings(max_examples=300)
@given(
    st.dictionaries(st.integers(1, 60), st.floats(1001, 1050), min_size=1, max_size=6),
    st.integers(1001, 1050),
)
def test_a_curve_between_two_frames_of_the_plate_stays_between_them(
    keys: dict[int, float], last: int
) -> None:
    held = Timing(curve={frame: min(moment, last) for frame, moment in keys.items()})
    result = held.frames(plate("1001-1050"))

    needed = check_inside(held, result, plate(f"1001-{last}"))

    assert (result.first, result.last) == (min(keys), max(keys))
    assert len(result) == result.last - result.first + 1
    assert 1001 <= needed.first <= needed.last <= last
    for number in result:
        seen = sources(BETWEEN, number, first=1001, last=last, timing=held)
        assert {*seen.frames} <= {*range(1001, last + 1)}


def test_a_curve_may_hold_and_run_backwards() -> None:
    held = Timing(curve={1: 1010, 4: 1010, 8: 1006, 9: 1010})

    assert [held.moment(number, 1001) for number in held.frames(plate("1001-1010"))] == [
        1010, 1010, 1010, 1010, 1009, 1008, 1007, 1006, 1010,
    ]  # fmt: skip


def test_the_frames_that_a_result_needs_are_those_around_its_moments() -> None:
    held = Timing(curve={1: 1002, 3: 1003, 4: 1007.25})

    needed = check_inside(held, held.frames(plate("1001-1010")), plate("1001-1010"))

    assert list(needed) == [1002, 1003, 1007, 1008]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({1: 1001, 10: 1010.5}, "Frame 10 of the result would show 1010.5"),
        ({1: 1000, 10: 1010}, "Frame 1 of the result would show 1000"),
        ({1: 1001, 5: 1009, 9: 1013}, "Frame 7 of the result would show 1011"),
        ({1: 1010.001}, "Frame 1 of the result would show 1010.001"),
        ({1: -1e300}, "Frame 1 of the result would show -1e+300"),
    ],
)
def test_a_moment_outside_the_plate_is_named_with_its_frame(
    keys: dict[int, float], words: str
) -> None:
    held = Timing(curve=keys)

    with pytest.raises(JobError) as caught:
        check_inside(held, held.frames(plate("1001-1010")), plate("1001-1010"))

    assert caught.value.problem == f"{words}, outside the plate's 1001-1010."
    assert caught.value.remedy == "Keep the time curve between 1001 and 1010."


@pytest.mark.parametrize(
    "held",
    [
        Timing(speed=1e-6),
        Timing(speed=5e-324),
        Timing(speed=0.9999),
        Timing(curve={-999_999_999: 1001, 999_999_999: 1002}),
    ],
)
def test_more_frames_than_anybody_wants_are_refused_at_once(held: Timing) -> None:
    few = held_at_most(100_000)

    with few, pytest.raises(JobError, match="more than 1,000,000 frames") as caught:
        held.frames(FrameRange((0, 1_000_000)))

    assert caught.value.remedy == "Retime a shorter range, or raise the speed."


def test_the_slowest_speed_of_a_single_frame_is_that_frame() -> None:
    assert list(Timing(speed=5e-324).frames(plate("7"))) == [7]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "timing: give either a speed or a curve"),
        ({"cuts": [1005]}, "timing: give either a speed or a curve"),
        ({"speed": 1, "curve": {1: 1}}, "timing: give either a speed or a curve"),
        ({"speed": 0}, "timing.speed: input should be greater than 0"),
        ({"speed": -1}, "timing.speed: input should be greater than 0"),
        ({"speed": 100.1}, "timing.speed: input should be less than or equal to 100"),
        ({"speed": math.nan}, "timing.speed: input should be a finite number"),
        ({"speed": "fast"}, "timing.speed: input should be a valid number"),
        ({"curve": {}}, "timing.curve: dictionary should have at least 1 item"),
        ({"curve": {1: math.inf}}, "timing.curve[1]: input should be a finite number"),
        ({"curve": {1.5: 1}}, "timing.curve.1.5.[key]: input should be a valid integer"),
        ({"curve": {10**9: 1}}, "[1000000000].[key]: input should be less than or equal to 99999"),
        ({"speed": 1, "cuts": "all"}, "timing.cuts"),
        ({"speed": 1, "shutter": 180}, "timing.shutter: unknown field"),
    ],
)
def test_a_timing_is_exactly_one_of_speed_and_curve(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(JobError) as caught:
        document(**fields)

    assert words in caught.value.problem


@pytest.mark.parametrize(
    "fields",
    [
        {"speed": 1 / 3},
        {"speed": "0.5", "cuts": "auto"},
        {"curve": {"1001": "1001", "1050": 1020.5}, "cuts": [1010, 1020]},
        {"curve": {-5: 1}, "cuts": []},
    ],
)
def test_a_timing_written_as_json_is_read_back_the_same(fields: dict[str, Any]) -> None:
    made = document(**fields)

    assert Job.model_validate_json(made.model_dump_json(by_alias=True)) == made


def test_a_cut_that_is_named_lies_before_its_frame() -> None:
    held = Timing(speed=0.5, cuts=(1005, 1010))

    crossed = [frame for frame in range(1001, 1012) if held.crosses_a_cut(frame)]

    assert crossed == [1004, 1009]


@pytest.mark.parametrize("named", ["auto", ()])
def test_without_a_name_no_cut_is_crossed(named: Any) -> None:
    held = Timing(speed=0.5, cuts=named)

    assert not any(held.crosses_a_cut(frame) for frame in range(990, 1020))


@pytest.mark.parametrize(
    ("number", "clamp", "mirror"),
    [
        (1001, (1001, 1001, 1001, 1002), (1003, 1002, 1001, 1002)),
        (1002, (1001, 1001, 1002, 1003), (1002, 1001, 1002, 1003)),
        (1003, (1001, 1002, 1003, 1004), (1001, 1002, 1003, 1004)),
        (1004, (1002, 1003, 1004, 1004), (1002, 1003, 1004, 1003)),
    ],
)
def test_a_window_at_the_ends_is_filled_as_the_contract_says(
    number: int, clamp: tuple[int, ...], mirror: tuple[int, ...]
) -> None:
    for ends, frames in (("clamp", clamp), ("mirror", mirror)):
        cut = Cut.model_validate({"before": 2, "after": 1, "ends": ends})

        seen = sources(cut, number, first=1001, last=1004)

        assert seen == Sources(frames, 2, float(number))
        assert (seen.frames[seen.base], seen.time) == (number, 0)


@settings(max_examples=300)
@given(
    st.integers(0, 16),
    st.integers(0, 16),
    st.sampled_from(["clamp", "mirror"]),
    firsts,
    st.integers(0, 40),
    st.integers(0, 40),
)
def test_a_window_never_asks_for_a_frame_that_the_plate_lacks(
    before: int, after: int, ends: str, first: int, span: int, at: int
) -> None:
    cut = Cut.model_validate({"before": before, "after": after, "ends": ends})
    number = first + at % (span + 1)

    seen = sources(cut, number, first=first, last=first + span)

    assert len(seen.frames) == cut.frames
    assert seen.frames[seen.base] == number
    assert all(first <= frame <= first + span for frame in seen.frames)
    steps = {abs(b - a) for a, b in zip(seen.frames, seen.frames[1:], strict=False)}
    assert steps <= ({1} if ends == "mirror" and span else {0, 1})


def test_a_frame_between_two_is_made_of_both() -> None:
    held = Timing(speed=0.25)

    seen = [sources(BETWEEN, number, first=1, last=2, timing=held) for number in range(1, 6)]

    assert [one.frames for one in seen] == [(1, 2), (1, 2), (1, 2), (1, 2), (2, 2)]
    assert [one.time for one in seen] == [0, 0.25, 0.5, 0.75, 0]
    assert {one.base for one in seen} == {0}


@given(st.integers(-1000, 1000), st.floats(-0.99, 0.99).map(lambda part: part * timing.SNAP))
def test_a_moment_as_good_as_on_a_frame_is_that_frame(frame: int, off: float) -> None:
    assert Timing(curve={1: frame + off}).moment(1, 0) == frame
