"""Frame ranges: read in the field's spelling, written as briefly, refused in words."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest
from effort import held_at_most
from hypothesis import given, settings, strategies as st
from strategies import attempt

from answerprint.errors import JobError
from answerprint.frames import MOST_FRAMES, FrameRange

numbers = st.integers(-999_999_999, 999_999_999)
runs = st.builds(
    lambda first, count, step: range(first, first + count * step, step),
    st.integers(-2000, 2000),
    st.integers(1, 30),
    st.integers(1, 12),
)
frames: st.SearchStrategy[set[int]] = st.one_of(
    st.sets(numbers, min_size=1, max_size=20),
    st.lists(runs, min_size=1, max_size=4).map(lambda several: set().union(*several)),
)


def spelled(run: Iterable[int]) -> list[str]:
    return [str(frame) for frame in run]


def refused(text: str) -> JobError:
    with pytest.raises(JobError) as caught:
        FrameRange.parse(text)
    assert caught.value.remedy
    return caught.value


@settings(deadline=None)
@given(frames)
def test_a_range_that_is_spelled_is_read_back_the_same(wanted: set[int]) -> None:
    held = FrameRange.of(wanted)

    assert FrameRange.parse(str(held)) == held
    assert set(held) == wanted


@settings(deadline=None)
@given(frames, st.randoms())
def test_order_and_duplicates_do_not_matter(wanted: set[int], random: Random) -> None:
    terms = spelled(wanted) * 2
    random.shuffle(terms)

    assert FrameRange.parse(",".join(terms)) == FrameRange.of(wanted)


@given(st.integers(-5000, 5000), st.integers(0, 500), st.integers(1, 50))
def test_a_term_means_first_to_last_in_steps(first: int, length: int, step: int) -> None:
    last = first + length

    assert list(FrameRange.parse(f"{first}-{last}x{step}")) == [*range(first, last + 1, step)]
    assert list(FrameRange.parse(f"{first}-{last}")) == [*range(first, last + 1)]


@pytest.mark.parametrize(
    ("text", "brief"),
    [
        ("1001", "1001"),
        ("1001,1002,1003", "1001-1003"),
        ("1003,1001,1002,1002", "1001-1003"),
        ("1001,1003,1005", "1001-1005x2"),
        ("1001,1005", "1001,1005"),
        ("1001-1004,1010", "1001-1004,1010"),
        ("-3--1", "-3--1"),
        ("-4-4x4", "-4-4x4"),
        (" 1001-1002 , 1007\n", "1001-1002,1007"),
        ("0001-0003", "1-3"),
    ],
)
def test_a_range_is_spelled_as_briefly_as_a_person_would(text: str, brief: str) -> None:
    assert str(FrameRange.parse(text)) == brief


def test_frames_come_ascending_and_each_once() -> None:
    held = FrameRange.parse("1010,1001-1003,1002")

    assert list(held) == [1001, 1002, 1003, 1010]
    assert (held.first, held.last, len(held)) == (1001, 1010, 4)
    assert 1010 in held
    assert 1004 not in held


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("", "''"),
        (" ", "''"),
        (",", "''"),
        ("1001,,1003", "''"),
        ("1001,", "''"),
        ("plate", "'plate'"),
        ("1001-", "'1001-'"),
        ("-", "'-'"),
        ("1001--", "'1001--'"),
        ("1001-1005-1009", "'1001-1005-1009'"),
        ("1001x2", "'1001x2'"),
        ("1001-1010x", "'1001-1010x'"),
        ("1001-1010x0", "'1001-1010x0'"),
        ("1001-1010x-2", "'1001-1010x-2'"),
        ("1001-1010x2x2", "'1001-1010x2x2'"),
        ("1010-1001", "'1010-1001'"),
        ("-1--5", "'-1--5'"),
        ("1001,1010-1005", "'1010-1005'"),
        ("1001.5", "'1001.5'"),
        ("1e3", "'1e3'"),
        ("0x3e9", "'0x3e9'"),
        ("1001;1005", "'1001;1005'"),
        ("1001 1005", "'1001 1005'"),
        ("1001:1005", "'1001:1005'"),
        ("+1001", "'+1001'"),
        ("1_001", "'1_001'"),
        ("12345678901", "'12345678901'"),
    ],
)
def test_a_bad_term_is_named(text: str, term: str) -> None:
    assert term in refused(text).problem


def test_a_range_that_runs_backwards_is_offered_forwards() -> None:
    assert "1001-1010" in refused("1010-1001").remedy


@pytest.mark.parametrize(
    "text",
    [
        "0-999999999",
        "-999999999-999999999",
        "-999999999-999999999x3",
        f"0-{MOST_FRAMES}",
        f"0-{MOST_FRAMES - 1},{2 * MOST_FRAMES}",
        ",".join(f"{n * MOST_FRAMES}-{n * MOST_FRAMES + MOST_FRAMES - 1}" for n in range(900)),
    ],
)
def test_too_many_frames_are_refused_at_once(text: str) -> None:
    """Once there are too many, the rest is not read any more."""
    with held_at_most(600 << 20):
        assert "more than 1,000,000 frames" in refused(text).problem


def test_as_many_frames_as_are_allowed_are_taken() -> None:
    assert len(FrameRange.parse(f"1-{MOST_FRAMES}")) == MOST_FRAMES


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.text("0123456789-,x ", max_size=14)))
def test_any_text_is_a_range_or_a_job_error(text: str) -> None:
    held = attempt(FrameRange.parse, text)

    if isinstance(held, JobError):
        assert held.problem
        assert held.remedy
    else:
        assert FrameRange.parse(str(held)) == held


@given(st.sets(st.integers(-60, 60), min_size=2))
def test_gaps_in_words_are_what_lacks_between_first_and_last(held: set[int]) -> None:
    found = FrameRange.of(held)
    lacking = FrameRange.of(set(range(found.first, found.last + 1)) - held)

    said = found.gaps_in_words(200)

    assert (FrameRange.parse(said) if said else FrameRange(())) == lacking


def test_a_plate_on_twos_has_one_gap_to_speak_of() -> None:
    on_twos = FrameRange.parse("1001-1101x2,1104,1107")

    assert on_twos.gaps_in_words(2) == "1002-1100x2,1102-1103 and 1 more gap"
