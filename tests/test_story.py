"""A candidate is added, tried, mirrored, compared, given a share, found bad, halted and rolled back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from documentation import README, equal
from story import JOBS, Story, in_readme, stage, tell

from answerprint import guard, rollout


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with stage(tmp_path_factory.mktemp("story")) as story:
        tell(story)
        yield story


def test_what_cannot_be_seen_in_the_dark_passes_its_golden_case(told: Story) -> None:
    assert told.said("answerprint models check").code == 0
    assert told.said("answerprint models test").code == 0
    assert "pass    grade/dark" in told.said("answerprint models test").out


def test_a_new_version_is_served_without_a_restart(told: Story) -> None:
    assert "grade 2: ready" in told.said("answerprint server load").out


def test_artists_get_stable_and_of_the_canary_some_the_candidate(told: Story) -> None:
    assert told.versions[:3] == ["1", "1", "1"]
    assert told.versions[3:] == ["1", "2", *["1"] * (JOBS - 1)]


def test_mirrored_frames_tell_how_the_candidate_differs(told: Story) -> None:
    said = told.said("answerprint models compare")

    assert "3 mirrored jobs: 3 compared" in said.out
    assert "-0.04" in said.out
    assert (told.studio.folder / "sheets" / "grade_2_worst.png").is_file()


def test_the_guard_halts_it_and_says_why(told: Story) -> None:
    said = told.said("answerprint models status")

    assert "stops darker than stable" in guard.halted(told.studio.rollout, "grade", "2")
    assert said.code == 1
    assert "HALTED" in said.out


def test_it_is_rolled_back_and_nobody_gets_it_any_more(told: Story) -> None:
    held = rollout.read(told.studio.rollout / rollout.FILE).tasks["grade"]

    assert told.said("answerprint models rollback").code == 0
    assert (held.stable, held.candidate, held.canary, held.mirror) == ("1", None, 0, 0)


def test_the_log_says_who_did_what_and_verifies(told: Story) -> None:
    said = told.said("answerprint models log --check")
    actions = [one["action"] for one in told.quietly("models", "log", "--json").documents]

    assert said.code == 0, said.out
    assert actions == ["promote", "mirror", "canary", "halt", "rollback"]


def test_the_readme_tells_it_as_it_was(told: Story) -> None:
    assert equal(in_readme(README.read_text(encoding="utf-8"))) == equal(told.as_text())
