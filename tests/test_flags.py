"""Flags: each one counts. What contradicts another, or cannot count, is refused and named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from samples import AtOnce, refused

from answerprint import cli
from answerprint.cli import flags
from answerprint.curve import Curve
from answerprint.errors import JobError
from answerprint.job import Job, Source

TASK = ("--task", "denoise", "--plate", "bg.####.exr")


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


def asked(*words: str) -> Job:
    """The job of a command line."""
    return flags.job_of(cli.parser().parse_args(["run", *words]))


TWICE = {
    "--set strength=1 --set strength=0.5": "--set strength is given twice.",
    "--set strength=1 --set strength=1": "--set strength is given twice.",
    "--layer albedo=a --layer albedo=b": "--layer albedo is given twice.",
    "--input albedo=a.exr --input albedo=b.exr": "--input albedo is given twice.",
    "--curve strength=1:0,2:1 --curve strength=1:1,2:0": "--curve strength is given twice.",
    "--wedge strength=0,1 --wedge strength=0.5": "--wedge strength is given twice.",
    "--set strength=1 --wedge strength=0,1": "--set and --wedge both say what strength is.",
    "--set strength=1 --curve strength=1:0,2:1": "--set and --curve both say what strength is.",
    "--seed 5 --wedge seed=1-4": "--seed and --wedge both say what seed is.",
}


@pytest.mark.parametrize("words", TWICE)
def test_what_is_said_twice_is_refused(words: str, answerprint: AtOnce) -> None:
    """With no server: it is the request that is wrong."""
    said = refused(answerprint, "JobError", *TASK, *words.split())

    assert said == f"{TWICE[words]} Keep one of them."


def test_what_is_said_of_different_things_is_taken() -> None:
    found = asked(
        *TASK, "--set", "quality=fast", "--set", "prefilter=off", "--layer", "albedo=a",
        "--layer", "normal=n", "--wedge", "strength=0,1", "--wedge", "seed=1-4",
    )  # fmt: skip

    assert found.parameters == {"quality": "fast", "prefilter": "off"}
    assert {name: one.layer for name, one in found.inputs.items()} == {"albedo": "a", "normal": "n"}
    assert found.wedge == {"strength": "0,1", "seed": "1-4"}


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A job file with a value, a curve, a wedge and a timing."""
    fields: dict[str, Any] = {
        "task": "denoise",
        "plate": "bg.####.exr",
        "parameters": {"still": 1, "moving": {"curve": {"1": 0, "2": 1}}},
        "wedge": {"varied": [1, 2], "seed": [1, 2], "other": [3]},
        "timing": {"speed": 0.5, "cuts": [5]},
        "inputs": {"albedo": {"path": "aov.####.exr", "layer": "a"}},
    }
    (tmp_path / "job.json").write_text(json.dumps(fields), encoding="utf-8")
    return str(tmp_path / "job.json")


MOVING = Curve(curve={1: 0, 2: 1})
ALL = {"varied": (1, 2), "seed": (1, 2), "other": (3,)}
OVER: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "": ({"still": 1, "moving": MOVING}, ALL),
    "--set still=2": ({"still": "2", "moving": MOVING}, ALL),
    "--set moving=2": ({"still": 1, "moving": "2"}, ALL),
    "--set varied=2": (
        {"still": 1, "moving": MOVING, "varied": "2"},
        {"seed": (1, 2), "other": (3,)},
    ),
    "--curve varied=1:0,2:1": (
        {
            "still": 1,
            "moving": MOVING,
            "varied": Curve(curve={1: "0", 2: "1"}, interpolate="linear"),
        },
        {"seed": (1, 2), "other": (3,)},
    ),
    "--wedge moving=1,2": ({"still": 1}, {**ALL, "moving": "1,2"}),
    "--wedge still=1,2": ({"moving": MOVING}, {**ALL, "still": "1,2"}),
    "--wedge varied=7": ({"still": 1, "moving": MOVING}, {**ALL, "varied": "7"}),
    "--seed 5": ({"still": 1, "moving": MOVING}, {"varied": (1, 2), "other": (3,)}),
}


@pytest.mark.parametrize("words", OVER)
def test_a_flag_goes_over_all_that_the_file_says_of_a_parameter(words: str, file: str) -> None:
    found = asked(file, *words.split())

    assert (found.parameters, found.wedge) == OVER[words]


def test_a_flag_goes_over_the_files_timing_and_its_inputs(file: str) -> None:
    by_time = asked(file, "--time", "1:1,2:1.5").timing
    by_speed = asked(file, "--speed", "2").timing

    assert by_time
    assert (by_time.speed, by_time.curve, by_time.cuts) == (None, {1: 1, 2: 1.5}, (5,))
    assert by_speed
    assert (by_speed.speed, by_speed.curve, by_speed.cuts) == (2, None, (5,))
    assert asked(file, "--layer", "albedo=b").inputs == {
        "albedo": Source(path="aov.####.exr", layer="b")
    }


RESUMED = {
    "--task denoise": "--task",
    "--plate bg.####.exr": "--plate",
    "--set strength=1": "--set",
    "--wedge strength=0,1 --items 2": "--wedge, --items",
    "--frames 1001 --fresh": "--fresh",
    "--claim": "--claim",
    "--take 0": "--take",
    "--color ACEScg": "--colour",
    "--non-finite zero --model-version 1": "--non-finite, --model-version",
    "--dry-run": "--dry-run",
    "job.json": "a job file",
    "job.json --lines --memory 4 --view left": "a job file, --view",
}


@pytest.mark.parametrize("words", RESUMED)
def test_a_take_is_finished_as_it_was_begun(words: str, answerprint: AtOnce) -> None:
    said = refused(answerprint, "JobError", "--resume", "takes/t/v001", *words.split())

    assert said == (
        f"--resume finishes a take as it was begun: {RESUMED[words]} cannot change it. "
        "Leave that out, or run the job as a new take, without --resume."
    )


def test_how_to_run_may_be_said_when_a_take_is_finished(answerprint: AtOnce) -> None:
    words = (
        "--lines --memory 4 --server 127.0.0.1:1 --frames 1001-1010 --patience 60 --readers 2 "
        "--in-flight 4 --writers 1 --transport shared-memory"
    )

    said = refused(answerprint, "TakeError", "--resume", "takes/t/v001", *words.split())

    assert said.startswith("There is no take at takes/t/v001.")


@pytest.mark.parametrize(
    "words",
    [
        "--readers 0", "--in-flight -1", "--writers 1.5", "--writers 1025", "--readers ²",
        "--patience -1", "--patience nan", "--patience soon", "--memory inf", "--memory 0",
        "--deadline 0", "--deadline -1", "--deadline inf", "--transport http",
    ],
)  # fmt: skip
def test_how_to_run_is_said_in_numbers_that_can_be_meant(words: str) -> None:
    with pytest.raises(JobError, match=words.split(maxsplit=1)[0]):
        cli.parser().parse_args(["run", *TASK, *words.split()])


def test_a_run_may_be_told_not_to_wait() -> None:
    assert cli.parser().parse_args(["run", *TASK, "--patience", "0"]).patience == 0


@pytest.mark.parametrize("words", ["--at-once 0", "--at-once 65", "--instances -1"])
def test_how_to_serve_is_said_in_numbers_that_can_be_meant(words: str) -> None:
    with pytest.raises(JobError, match=words.split(maxsplit=1)[0]):
        cli.parser().parse_args(["serve", *words.split()])


def test_to_take_a_number_and_to_take_none_is_refused(answerprint: AtOnce) -> None:
    said = refused(answerprint, "JobError", *TASK, "--claim", "--dry-run")

    assert said == "--claim takes a number and --dry-run takes none. Keep one of them."


def test_a_part_of_a_take_is_said_as_a_frame_range(answerprint: AtOnce) -> None:
    said = refused(answerprint, "JobError", "--resume", "takes/t/v001", "--frames", "10-1")

    assert said.startswith("Frame range '10-1' runs backwards")
