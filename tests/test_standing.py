"""Where a take stands: latest, outdated, failed, approved, not finished; in words that say which."""

from __future__ import annotations

import pytest

from answerprint import standing
from answerprint.standing import Facts

STREAM = (
    Facts(1, "complete", review="approved"),
    Facts(2, "complete", "warn", "retake"),
    Facts(3, "complete", "pass"),
    Facts(4, "complete", "fail"),
    Facts(5, "running"),
)


def test_the_latest_is_the_highest_that_is_complete_and_did_not_fail() -> None:
    assert standing.latest(STREAM) == 3
    assert standing.latest(STREAM[3:]) is None
    assert standing.latest([]) is None


def test_the_latest_approved_is_the_highest_that_a_person_approved() -> None:
    assert standing.latest_approved(STREAM) == 1
    assert standing.latest_approved(STREAM[1:]) is None
    assert standing.latest_approved([Facts(1, "incomplete", review="approved")]) is None


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, ("approved", "Approved")),
        (2, ("outdated", "Outdated, see v003")),
        (3, ("latest", "Latest")),
        (4, ("failed", "QC fail")),
        (5, ("unfinished", "Not finished")),
    ],
)
def test_each_says_where_it_stands(number: int, said: tuple[str, str]) -> None:
    assert standing.standing(STREAM[number - 1], standing.latest(STREAM)) == said


@pytest.mark.parametrize("state", ["running", "stalled", "incomplete", "cancelled", "abandoned"])
def test_what_is_not_complete_is_not_finished(state: str) -> None:
    assert standing.standing(Facts(9, state, "pass", "approved"), 9)[0] == "unfinished"


def test_a_persons_word_goes_before_a_gates() -> None:
    take = Facts(2, "complete", "fail", "approved")

    assert standing.standing(take, 1) == ("approved", "Approved")
    assert standing.latest([take]) is None
