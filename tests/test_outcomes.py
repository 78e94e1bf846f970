"""What becomes of a run is left beside the roll-out; what cannot be read there harms nobody."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from disks import disk
from hypothesis import given, settings, strategies as st
from rolled import Studio, studio
from samples import claims

from answerprint import guard, outcome
from answerprint.errors import JobError, TakeError
from answerprint.outcome import Outcome

SHA = "0" * 64
FACTS = {
    "job_id": "a1",
    "task": "passthrough",
    "version": "2",
    "sha256": SHA,
    "started": "2026-11-29T08:00:00.000Z",
    "ended": "2026-11-29T08:01:00.000Z",
    "state": "complete",
    "frames": 3,
}


@pytest.fixture
def place(tmp_path: Path, versions: str) -> Studio:
    made = studio(tmp_path, versions)
    made.rolls("passthrough")
    return made


def test_a_run_leaves_one(place: Studio) -> None:
    said = place.runs("passthrough", "1001-1002", "--show", "night", "--json")

    (found,) = place.outcomes("passthrough", "1")
    assert said.code == 0
    assert (found.job_id, found.state) == (said.documents[0]["job_id"], "complete")
    assert (found.frames, found.made, found.failed, found.failed_qc) == (2, 2, 0, 0)
    assert (found.show, found.why, found.server) == ("night", "stable", "127.0.0.1")
    assert found.megapixels == pytest.approx(2 * 32 * 24 / 1e6)
    assert found.seconds["model"] <= found.seconds["infer"]


def test_a_copied_frame_is_none_that_the_model_made(place: Studio) -> None:
    place.runs("passthrough")
    place.runs("passthrough", "1001-1003")

    assert sorted(one.made for one in place.outcomes("passthrough", "1")) == [1, 2]


def test_parts_of_a_take_are_one_job(place: Studio) -> None:
    take = place.runs("passthrough", "1001-1002", "--claim").out.strip()
    for frame in ("1001", "1002"):
        assert place("run", "--resume", take, "--frames", frame, "--json").code == 0

    found = place.outcomes("passthrough", "1")
    assert sorted(one.state for one in found) == ["complete", "part"]
    assert outcome.jobs(found) == 1


def test_without_a_roll_out_there_is_none(place: Studio) -> None:
    (place.folder / "site.toml").write_text("", encoding="utf-8")

    assert place.runs("passthrough").code == 0
    assert not list(place.rollout.glob("outcomes/*"))


def test_one_that_cannot_be_written_is_said_and_the_run_is_good(place: Studio) -> None:
    (place.rollout / "outcomes").rmdir()
    (place.rollout / "outcomes").write_text("in the way", encoding="utf-8")

    said = place.runs("passthrough", "1001-1002", "--json")

    assert (said.code, said.last["state"]) == (0, "complete")
    assert "The outcome of this run is not written down" in said.err
    assert len(claims(place.folder / "takes")) == 1


def test_a_share_that_is_full_is_said_and_the_run_is_good(place: Studio) -> None:
    (place.rollout / "outcomes").rmdir()
    with disk(place.rollout / "outcomes", "4k") as full:
        (full / "rest").write_bytes(bytes(4096))

        said = place.runs("passthrough", "1001", "--json")

        assert (said.code, said.last["state"]) == (0, "complete")
        assert "The outcome of this run is not written down" in said.err
        assert not list(full.rglob("*.json"))


def test_the_folders_it_makes_have_the_rights_of_the_one_they_lie_in(tmp_path: Path) -> None:
    (tmp_path / "outcomes").mkdir()
    (tmp_path / "outcomes").chmod(0o1777)

    path = outcome.write(tmp_path, Outcome.model_validate(FACTS))

    for folder in path.parents[:2]:
        assert folder.stat().st_mode & 0o7777 == 0o1777


BAD = {
    "not-json": b"{",
    "a-list": b"[]",
    "too-large": b" " * (outcome.MOST_BYTES + 1),
    "a-negative-count": json.dumps(
        FACTS | {"schema": "answerprint.outcome/v1", "frames": -1}
    ).encode(),
    "nan": b'{"frames": NaN}',
    "another-task": json.dumps(FACTS | {"task": "denoise"}).encode(),
}


@pytest.mark.parametrize("content", BAD.values(), ids=list(BAD))
def test_what_is_none_is_counted_and_passed_over(tmp_path: Path, content: bytes) -> None:
    good = outcome.write(tmp_path, Outcome.model_validate(FACTS))
    (good.parent / "bad_00000000.json").write_bytes(content)

    found = outcome.survey(tmp_path, "passthrough", "2")

    assert ([one.job_id for one in found.found], found.unreadable) == (["a1"], 1)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such pipes on this system")
def test_nobody_waits_for_a_pipe_that_lies_there(tmp_path: Path) -> None:
    folder = outcome.place(tmp_path, "passthrough", "2")
    folder.mkdir(parents=True)
    for name in ("a_00000000.json", outcome.HALTED):
        os.mkfifo(folder / name)

    assert outcome.survey(tmp_path, "passthrough", "2") == ((), 1)
    assert "it is no file" in guard.halted(tmp_path, "passthrough", "2")


@settings(max_examples=50, deadline=None)
@given(content=st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_no_bytes_are_more_than_an_error_of_ours(content: bytes) -> None:
    with pytest.raises(TakeError):
        outcome.parse(content, Path("some.json"))


_COUNTS = st.integers(0, 2**53 - 1)
_WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@settings(max_examples=50, deadline=None)
@given(
    frames=_COUNTS,
    failures=st.dictionaries(_WORDS, _COUNTS, max_size=5),
    seconds=st.dictionaries(_WORDS, st.floats(0, 1e15), max_size=5),
    show=st.none() | _WORDS,
)
def test_what_is_written_is_read_again(
    frames: int, failures: dict[str, int], seconds: dict[str, float], show: str | None
) -> None:
    facts = {"frames": frames, "failures": failures, "seconds": seconds, "show": show}
    one = Outcome.model_validate(FACTS | facts)
    text = json.dumps(one.model_dump(mode="json", by_alias=True))

    assert outcome.parse(text.encode(), Path("some.json")) == one


@pytest.mark.parametrize(
    ("task", "version"), [("../x", "1"), ("denoise", "../1"), ("denoise", "0"), ("denoise\n", "1")]
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, task: str, version: str) -> None:
    with pytest.raises(JobError, match="There can be no version"):
        outcome.place(tmp_path, task, version)


def test_the_old_go_and_so_do_those_that_are_too_many(tmp_path: Path) -> None:
    paths = [outcome.write(tmp_path, Outcome.model_validate(FACTS)) for _ in range(5)]
    for age, path in enumerate(paths):
        os.utime(path, (time.time() - age * 86400,) * 2)
    marker = paths[0].with_name(outcome.HALTED)
    marker.write_text("{}", encoding="utf-8")

    assert outcome.tidy(paths[0].parent, days=3.5, most=3) == 2
    assert {path for path in paths if path.exists()} == set(paths[:3])
    assert marker.exists()
