"""A candidate that does worse than stable is halted, with a reason, whoever may write what."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from rolled import Studio, studio
from test_outcomes import FACTS

from answerprint import guard, ledger, outcome
from answerprint.outcome import Outcome
from answerprint.rollout import Task

TASK = Task.model_validate({"stable": "1", "candidate": "2", "canary": 10})


def some(count: int = 5, **facts: Any) -> list[Outcome]:
    """Jobs of four frames each, of one megapixel."""
    base = {"frames": 4, "made": 4, "megapixels": 4.0, "seconds": {"model": 4.0, "infer": 5.0}}
    return [
        Outcome.model_validate({**FACTS, **base, **facts, "job_id": f"job{n}"})
        for n in range(count)
    ]


FAILING: dict[str, Any] = {"frames": 3, "made": 3, "failures": {"InferenceError": 1}}
WELL: dict[str, tuple[list[Outcome], list[Outcome], list[float]]] = {
    "no job yet": ([], some(), []),
    "as stable": (some(), some(), [0.001, -0.002] * 3),
    "too few jobs to tell": (some(4, **FAILING), some(), []),
    "stable fails as often": (some(**FAILING), some(**FAILING), []),
    "the plate's fault": (some(failures={"SourceError": 9}), some(), []),
    "the server was away": (some(3, made=0, failures={"ServerAway": 3}), some(), []),
    "two failures are all there is": (some(2, made=0, failures={"InferenceError": 1}), some(), []),
    "stable is warned of as often": (some(warned=3), some(failed_qc=3), []),
    "somewhat slower": (some(seconds={"model": 5.9}), some(), []),
    "slower by what nobody feels": (
        some(seconds={"model": 0.1}, megapixels=0.01), some(seconds={"model": 0.01}), [],
    ),
    "a mirrored run waits behind others": (
        some(seconds={"infer": 99.0}, mirrored=True), some(), [],
    ),
    "seconds that nobody can have measured": (
        some(), some(seconds={"model": 1e-310, "infer": 1e-310}, megapixels=1e15), [],
    ),
    "a gateway without a place": (some(3, made=0, failures={"ServerLimited": 3}), some(), []),
    "too few mirrored to tell": (some(), some(), [0.5] * 4),
}  # fmt: skip
HALTED = {
    "failures": (
        some(**FAILING), some(),
        "5 of 20 frames failed (25 %), stable 0 %; the limit is 2 % more",
    ),
    "all failed, before there are jobs enough": (
        some(3, made=0, failures={"InferenceError": 1}), some(),
        "3 of 3 frames failed (100 %), stable 0 %; the limit is 2 % more",
    ),
    "a frame of the model's own fault beside the plate's": (
        some(failures={"SourceError": 2, "ModelDied": 1}), some(),
        "5 of 25 frames failed (20 %), stable 0 %; the limit is 2 % more",
    ),
    "warnings": (
        some(warned=1, failed_qc=1), some(warned=1),
        f"10 of 20 frames {guard.WARNED} (50 %), stable 25 %; the limit is 10 % more",
    ),
    "time": (
        some(seconds={"model": 8.0}), some(),
        "a megapixel takes 2 s, stable 1 s, 2 times as long; the limit is 1.5 times",
    ),
    "time where models do not say theirs": (
        some(seconds={"infer": 20.0}), some(),
        "a megapixel takes 5 s, stable 1.25 s, 4 times as long; the limit is 1.5 times",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WELL.values(), ids=list(WELL))
def test_a_candidate_is_well(case: tuple[list[Outcome], list[Outcome], list[float]]) -> None:
    assert guard.judge(TASK, *case) == ""


@pytest.mark.parametrize("case", HALTED.values(), ids=list(HALTED))
def test_a_candidate_does_worse(case: tuple[list[Outcome], list[Outcome], str]) -> None:
    candidate, stable, why = case

    assert guard.judge(TASK, candidate, stable) == why


@pytest.mark.parametrize(
    ("drifts", "why"),
    [
        ([-0.044] * 5, "5 mirrored jobs are 0.044 stops darker than stable in the mean"),
        ([0.03] * 6, "6 mirrored jobs are 0.03 stops brighter than stable in the mean"),
        ([0.03, -0.03] * 3, "6 mirrored jobs are 0.03 stops darker or brighter than stable"),
    ],
    ids=["darker", "brighter", "neither makes up for the other"],
)
def test_mirrored_jobs_drift(drifts: list[float], why: str) -> None:
    assert guard.judge(TASK, some(), some(), drifts).startswith(why)


def test_parts_of_one_job_are_not_several(tmp_path: Path) -> None:
    parts = [one.model_copy(update={"job_id": "a"}) for one in some(9, **FAILING)]

    assert guard.judge(TASK, parts, some()) == ""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rollout.toml").write_text('schema = "answerprint.rollout/v1"\n', encoding="utf-8")
    return tmp_path


def test_nothing_is_halted_that_nobody_halted(folder: Path) -> None:
    assert guard.halted(folder, "denoise", "4") == ""


def test_the_marker_says_why_and_stays_the_first(folder: Path) -> None:
    first = guard.halt(folder, "denoise", "4", "3 of 12 frames failed")
    second = guard.halt(folder, "denoise", "4", "another reason")

    assert guard.halted(folder, "denoise", "4") == "3 of 12 frames failed"
    assert first.startswith("Version 4 of denoise is halted: 3 of 12 frames failed.")
    assert second == "Version 4 of denoise is halted already: 3 of 12 frames failed."
    assert guard.halted(folder, "denoise", "5") == ""


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"why": ""}', b" " * (outcome.MOST_BYTES + 1)],
    ids=["empty", "cut off", "a list", "without why", "no why", "too large"],
)  # fmt: skip
def test_a_marker_that_cannot_be_read_halts(folder: Path, content: bytes) -> None:
    path = outcome.place(folder, "denoise", "4") / guard.HALTED
    path.parent.mkdir(parents=True)
    path.write_bytes(content)

    assert guard.halted(folder, "denoise", "4")


def test_a_share_that_is_away_halts(folder: Path) -> None:
    shutil.rmtree(folder)

    assert "cannot be told" in guard.halted(folder, "denoise", "4")


def test_what_is_taken_up_again_says_why_it_was_halted(folder: Path) -> None:
    guard.halt(folder, "denoise", "4", "3 of 12 frames failed")

    assert guard.resume(folder, "denoise", "4") == "3 of 12 frames failed"
    assert guard.halted(folder, "denoise", "4") == ""


def place(tmp_path: Path, address: str, task: str, **fields: Any) -> Studio:
    made = studio(tmp_path, address)
    made.rolls(task, canary=100, **fields)
    return made


def test_a_candidate_that_fails_is_halted_by_its_first_job(tmp_path: Path, versions: str) -> None:
    there = place(tmp_path, versions, "failing")

    first = there.runs("failing", "1001-1003", "--json")
    second = there.runs("failing", "1001-1003", "--json")

    why = "3 of 3 frames failed (100 %), stable 0 %; the limit is 2 % more"
    assert (first.code, first.last["state"], len(first.last["failed"])) == (1, "incomplete", 3)
    assert f"Version 2 of failing is halted: {why}." in first.err
    assert guard.halted(there.rollout, "failing", "2") == why
    assert (second.code, second.last["state"]) == (0, "complete")
    assert any(note.startswith("version 1: stable") for note in second.documents[0]["notes"])


def test_a_halt_is_entered_in_the_log_where_one_may(tmp_path: Path, versions: str) -> None:
    there = place(tmp_path, versions, "failing")

    there.runs("failing", "1001-1003")

    (entry,) = ledger.entries(there.rollout)
    assert (entry.action, entry.task, entry.after) == ("halt", "failing", {"canary": 0})
    assert entry.why.startswith("the guard: version 2: 3 of 3 frames failed")


def test_a_candidate_that_makes_nan_is_halted(tmp_path: Path, versions: str) -> None:
    there = place(tmp_path, versions, "nan", guard={"jobs": 2})

    for frames in ("1001", "1002-1003"):
        assert there.runs("nan", frames).code == 0

    assert guard.halted(there.rollout, "nan", "2").startswith(
        "3 of 3 frames were warned of or failed by the quality checks (100 %)"
    )


def test_the_marker_alone_gives_jobs_stable(tmp_path: Path, versions: str) -> None:
    there = place(tmp_path, versions, "passthrough")
    before = there.rollout.joinpath("rollout.toml").read_bytes()
    guard.halt(there.rollout, "passthrough", "2", "too dark")

    said = there.runs("passthrough", "1001", "--json")

    assert "version 1: stable; the canary is halted: too dark" in said.documents[0]["notes"]
    assert there.rollout.joinpath("rollout.toml").read_bytes() == before


def test_what_was_before_a_share_was_given_again_does_not_count(
    tmp_path: Path, versions: str
) -> None:
    there = place(tmp_path, versions, "failing")
    there.runs("failing", "1001-1003")

    why = "the graph was exported anew"
    taken_up = there("models", "canary", "failing", "100%", "--why", why)
    there.runs("failing", "1001")

    assert taken_up.code == 0, taken_up
    assert guard.halted(there.rollout, "failing", "2") == ""


def test_a_candidate_that_is_well_gets_its_share_on(tmp_path: Path, versions: str) -> None:
    there = place(tmp_path, versions, "passthrough", guard={"jobs": 1, "time": 1e6})

    said = [there.runs("passthrough", frames, "--json") for frames in ("1001", "1002-1003")]

    assert ["canary" in str(one.documents[0]["notes"]) for one in said] == [True, True]
    assert guard.halted(there.rollout, "passthrough", "2") == ""
