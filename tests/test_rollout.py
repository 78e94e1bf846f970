"""Roll-outs: who gets the candidate, who never does, and what a wrong file says."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from answerprint import chosen, job, rollout
from answerprint.errors import JobError, SetupError
from answerprint.rollout import Choice, Rollout, Task

JOBS = 2_000
Z_999 = 3.2905  # of the normal distribution: 99.9 % lie between -z and z
KEYS = [
    chosen.key(job.make({"task": "denoise", "plate": f"/shows/night/{number:04d}/bg.####.exr"}))
    for number in range(JOBS)
]
TASK = Task(stable="3", candidate="4", canary=10, mirror=5, aliases={"crisp": "2"})


def task(**fields: Any) -> Task:
    return Task.model_validate({**TASK.model_dump(), **fields})


def choose(key: bytes = KEYS[0], of: Task = TASK, **fields: Any) -> Choice:
    return rollout.choose(of, **{"asked": None, "show": None, "key": key, **fields})


def canaries(of: Task) -> set[int]:
    return {number for number, key in enumerate(KEYS) if choose(key, of).version == "4"}


@pytest.mark.parametrize("percent", [1, 10, 50, 99.5])
def test_so_many_jobs_get_the_candidate_as_its_share_says(percent: float) -> None:
    got = len(canaries(task(canary=percent)))

    share = percent / 100
    spread = Z_999 * math.sqrt(JOBS * share * (1 - share))
    assert abs(got - JOBS * share) <= spread


@pytest.mark.parametrize(("percent", "expected"), [(0, 0), (100, JOBS)])
def test_none_is_none_and_all_is_all(percent: float, expected: int) -> None:
    assert len(canaries(task(canary=percent))) == expected


def test_a_share_that_grows_takes_nobody_the_candidate_away() -> None:
    assert canaries(task(canary=5)) < canaries(task(canary=10)) < canaries(task(canary=60))


def test_another_candidate_is_tried_on_other_jobs() -> None:
    other = {
        number for number, key in enumerate(KEYS) if choose(key, task(candidate="5")).version == "5"
    }

    assert len(other & canaries(TASK)) < len(other) / 2


def test_mirrored_are_so_many_of_those_that_got_stable() -> None:
    found = [choose(key, task(mirror=20)) for key in KEYS]
    stable = [one for one in found if one.version == "3"]
    mirrored = [one for one in found if one.mirror]

    spread = Z_999 * math.sqrt(len(stable) * 0.2 * 0.8)
    assert {(one.version, one.mirror) for one in mirrored} == {("3", "4")}
    assert abs(len(mirrored) - 0.2 * len(stable)) <= spread


@pytest.mark.parametrize(
    ("asked", "version", "why"),
    [
        ("2", "2", "asked for"),
        ("9", "9", "asked for"),
        ("crisp", "2", "asked for as crisp"),
        ("stable", "3", "asked for as stable"),
        ("candidate", "4", "asked for as candidate"),
    ],
)
def test_who_asks_for_a_version_gets_it(asked: str, version: str, why: str) -> None:
    found = choose(of=task(canary=100, mirror=100, pins={"night": "3"}), asked=asked, show="night")

    assert (found.asked, found.version, found.why, found.mirror) == (asked, version, why, None)


@pytest.mark.parametrize(("pin", "version"), [("2", "2"), ("crisp", "2"), ("stable", "3")])
def test_a_show_that_is_pinned_never_gets_the_candidate(pin: str, version: str) -> None:
    pinned = task(canary=100, pins={"night": pin})

    found = choose(of=pinned, show="night")

    assert (found.version, found.why) == (version, "pinned for night")
    assert choose(of=pinned, show="day").version == "4"
    assert choose(of=pinned).version == "4"


def test_a_canary_that_is_halted_gives_stable_and_says_why_and_mirrors_nothing() -> None:
    found = choose(of=task(canary=100, mirror=100), halted="3 % darker")

    assert (found.version, found.mirror) == ("3", None)
    assert found.why == "stable; the canary is halted: 3 % darker"


def test_a_choice_says_what_model_it_means_where_the_roll_out_knows() -> None:
    known = task(versions={"3": "a" * 64}, canary=0)

    assert choose(of=known).sha256 == "a" * 64
    assert choose(of=known, asked="4").sha256 is None


def test_an_alias_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(JobError, match=r"no version 'crips'. Did you mean 'crisp'\?") as caught:
        choose(asked="crips")

    assert "stable, candidate, crisp" in caught.value.remedy


HEAD = 'schema = "answerprint.rollout/v1"\n\n[tasks.denoise]\nstable = "3"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + "canary = 10\n", r"line 3, tasks\.denoise: a share is given out, and there is no"),
        (HEAD + 'candidate = "3"\n', r"line 3, tasks\.denoise: candidate and stable are one"),
        (HEAD + 'candidate = "4"\ncanary = 110\n', r"line 6, tasks\.denoise\.canary: .* 100"),
        (HEAD + 'candidate = "4"\ncanary = nan\n', r"line 6, tasks\.denoise\.canary: .* finite"),
        (HEAD + 'candidate = "4"\ncanari = 10\n', r"line 6, tasks\.denoise\.canari: unknown field"),
        (HEAD + 'pins = { night = "crisp" }\n', r"line 3, .* pin of night names 'crisp', no"),
        (HEAD + 'aliases = { stable = "2" }\n', r"line 3, .* 'stable' is no alias"),
        (HEAD + 'aliases = { crisp = "two" }\n', r"line 5, tasks\.denoise\.aliases\.crisp: "),
        (HEAD + 'versions = { 3 = "5f" }\n', r"line 5, tasks\.denoise\.versions\.3: "),
        (HEAD + "stable = 3\n", r"overwrite a value \(at line 5"),
        (HEAD.replace('"3"', "3"), r"line 4, tasks\.denoise\.stable: .* string"),
        (HEAD + "[tasks.denoise.guard]\ntime = 0\n", r"line 6, tasks\.denoise\.guard\.time: "),
        (HEAD + "[[freeze]]\nfirst = 2026-12-19\n", r"freeze\[0\]\.last: missing"),
        (HEAD + "[[freeze]]\nfirst = 2026-12-19\nlast = 2026-12-01\n", r"freeze ends on 2026-12-01, b"),
        (HEAD + 'pins = { night = "\u00b2" }\n', r"line 3, .* pin of night names '\u00b2', no"),
        (HEAD + "[tasks.upscale\n", r"at line 5"),
        ("a = " + "[" * 100_000, "nested too deeply"),
        ("a = " + "9" * 5000, "digits"),
        (HEAD.replace("/v1", "/v2"), r"line 1, schema: "),
    ],
    ids=range(19),
)  # fmt: skip
def test_what_is_wrong_is_told_by_line_and_key(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "rollout.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(SetupError, match=words) as caught:
        rollout.read(path)

    assert path.as_posix() in caught.value.problem


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "rollout.toml"
    path.write_bytes(b"#" * (rollout.MOST_BYTES + 1))

    with pytest.raises(SetupError, match="larger than 1,048,576 bytes"):
        rollout.read(path)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda one: (HEAD + one).encode()))
def test_whatever_the_file_holds_it_is_a_roll_out_or_it_is_told(content: bytes) -> None:
    with contextlib.suppress(SetupError):
        assert isinstance(rollout.parse(content, Path("rollout.toml")), Rollout)
