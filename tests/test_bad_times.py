"""Curves and timings that cannot be meant are refused with the frame; a cut is held and said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from samples import AtOnce, noise, plate, refused

from answerprint import exr

Refused = Callable[..., str]

RETIME = ("--task", "retime", "--set", "method=blend")


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)


@pytest.fixture
def at_once(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


@pytest.fixture
def bg(tmp_path: Path) -> Path:
    """Three frames, 1001 to 1003."""
    return plate(tmp_path / "plate")


@pytest.fixture
def denoised(at_once: AtOnce, bg: Path) -> Refused:
    """What is said when denoising is refused."""
    return lambda *words: refused(at_once, "JobError", "--task", "denoise", "--plate", bg, *words)


@pytest.fixture
def retimed(at_once: AtOnce, bg: Path) -> Refused:
    """What is said when retiming is refused."""
    return lambda *words: refused(at_once, "JobError", *RETIME, "--plate", bg, *words)


@pytest.fixture
def job(at_once: AtOnce, bg: Path, tmp_path: Path) -> Callable[..., str]:
    """What is said when a job file with these fields is refused."""

    def say(**fields: Any) -> str:
        text = json.dumps({"task": "denoise", "plate": str(bg), **fields})
        (tmp_path / "job.json").write_text(text, encoding="utf-8")
        return refused(at_once, "JobError", "job.json")

    return say


# Parameters over time


def test_a_sampled_knob_with_a_gap_is_told_its_size_and_first_frame(
    job: Callable[..., str],
) -> None:
    said = job(parameters={"strength": {"curve": {"1001": 0.1, "1004": 0.2}}})

    assert "The curve of strength has no value at 2 of 3 frames, first 1002." in said
    assert '"interpolate": "linear"' in said


@pytest.mark.parametrize("name", ["max_memory", "quality"])
def test_a_parameter_that_cannot_be_animated_says_so(name: str, denoised: Refused) -> None:
    said = denoised("--curve", f"{name}=1001:1,1003:2")

    assert f"Parameter {name} cannot be animated. Give it one value: " in said


def test_a_parameter_that_is_misspelled_is_met_with_a_guess(denoised: Refused) -> None:
    assert "no parameter 'strenght'. Did you mean 'strength'?" in denoised(
        "--curve", "strenght=1001:0.5"
    )


@pytest.mark.parametrize("value", ["1.5", "-0.1", "nan", "inf", "much"])
def test_a_value_out_of_range_is_named_with_its_frame(value: str, denoised: Refused) -> None:
    said = denoised("--curve", f"strength=1001:0.1,1002:{value}")

    assert f"At frame 1002: Parameter strength is '{value}', which is not a number from 0" in said


KEYS = ["", "0.5", "1001", "1001:", ":0.5", "1001:0.5,", "1001:0.5,1001:0.6", "1001=0.5", "one:0.5"]


@pytest.mark.parametrize("keys", KEYS)
def test_a_key_that_is_none_is_quoted(keys: str, denoised: Refused) -> None:
    said = denoised("--curve", f"strength={keys}")

    assert f"'{keys.rpartition(',')[2]}' in the curve of strength is not a new FRAME:VALUE." in said
    assert "1001:0.2,1100:0.8" in said


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"curve": {}}, "parameters.strength.curve: dictionary should have at least 1 item"),
        ({"curve": {"first": 1}}, "parameters.strength.curve.first.[key]: input should be"),
        ({"curve": {"1001": 1}, "interp": "x"}, "parameters.strength.interp: unknown field"),
        (
            {"curve": {"1001": 1}, "interpolate": "cubic"},
            "parameters.strength.interpolate: input should be 'exact' or 'linear'",
        ),
        (None, "parameters.strength: input should be an object, a valid boolean, "),
        ([1, 2], "a valid integer, a valid number or a valid string."),
    ],
)
def test_a_wrong_curve_in_a_job_is_told_by_its_path_and_once(
    given: Any, words: str, job: Callable[..., str]
) -> None:
    said = job(parameters={"strength": given})

    assert words in said
    assert said.count("parameters.strength") == 1


# Frames between frames


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("1001:1001,1010:1010", "Frame 1004 of the result would show 1004, outside the plate's"),
        ("1:1000.5,3:1003", "Frame 1 of the result would show 1000.5, outside the plate's 1001-"),
        ("1:1001,9:1003.5", "Frame 8 of the result would show 1003.1875, outside the plate's"),
    ],
)
def test_a_moment_outside_the_plate_is_named_with_its_frame(
    keys: str, words: str, retimed: Refused
) -> None:
    said = retimed("--time", keys)

    assert words in said
    assert "Keep the time curve between 1001 and 1003." in said


def test_a_moment_outside_the_frames_asked_for_is_outside(retimed: Refused) -> None:
    said = retimed("--time", "1:1001,3:1003", "--frames", "1002-1003")

    assert "Frame 1 of the result would show 1001, outside the plate's 1002-1003." in said


@pytest.mark.parametrize("task", ["denoise", "upscale", "passthrough"])
@pytest.mark.parametrize("words", ["--speed=0.5", "--time=1001:1001"])
def test_a_task_that_makes_no_frames_between_says_so(
    task: str, words: str, at_once: AtOnce, bg: Path
) -> None:
    said = refused(at_once, "JobError", "--task", task, "--plate", bg, words)

    assert f"Task {task} makes no frames between frames." in said
    assert "Leave --speed and --time out, or use a task such as retime." in said


@pytest.mark.parametrize("words", [(), ("--time=",)])
def test_retiming_needs_a_timing(words: tuple[str, ...], retimed: Refused) -> None:
    said = retimed(*words)

    assert "Task retime needs to know the timing." in said
    assert "--speed 0.5 for half speed, or --time 1001:1001,1050:1020" in said


SPEEDS = {
    "0": "timing.speed: input should be greater than 0",
    "-1": "timing.speed: input should be greater than 0",
    "101": "timing.speed: input should be less than or equal to 100",
    "inf": "timing.speed: input should be a finite number",
    "-inf": "timing.speed: input should be a finite number",
    "nan": "timing.speed: input should be a finite number",
    "half": "argument --speed: invalid float value: 'half'",
    "1e-9": "The retimed result would have more than 1,000,000 frames.",
}


@pytest.mark.parametrize("speed", SPEEDS)
def test_a_speed_that_is_none_is_refused(speed: str, retimed: Refused) -> None:
    assert SPEEDS[speed] in retimed(f"--speed={speed}")


def test_cuts_alone_are_no_timing(retimed: Refused) -> None:
    assert "--cuts alone says nothing about the timing." in retimed("--cuts=1002")


def test_motion_that_a_method_does_not_know_is_refused(at_once: AtOnce, bg: Path) -> None:
    """With another method it runs; a wedge over methods is refused as a whole."""
    job = ("run", "--task", "retime", "--plate", bg, "--speed", "0.5", "--set", "flow=on")
    wedge = ("--wedge", "method=dis,blend")

    said = [at_once(*job, *more, "--json") for more in (("--set", "method=blend"), wedge)]

    assert [one.last["problem"] for one in said] == ["flow cannot be on while method is blend."] * 2
    assert at_once(*job, "--set", "method=dis", "--dry-run").code == 0


@pytest.mark.parametrize("words", [("--speed=1", "--time=1001:1001")])
def test_a_timing_is_either_a_speed_or_a_curve(words: tuple[str, ...], retimed: Refused) -> None:
    assert "timing: give either a speed or a curve" in retimed(*words)


TIMES = {
    "1001:x": "timing.curve[1001]: input should be a valid number",
    "1001:nan": "timing.curve[1001]: input should be a finite number",
    "1001": "'1001' in the curve of time is not a new FRAME:VALUE.",
    "1.5:1001": "'1.5:1001' in the curve of time is not a new FRAME:VALUE.",
    f"{10**20}:1001": "in the curve of time is not a new FRAME:VALUE.",
}


@pytest.mark.parametrize("keys", TIMES)
def test_a_time_that_is_none_is_quoted(keys: str, retimed: Refused) -> None:
    assert TIMES[keys] in retimed(f"--time={keys}")


@pytest.mark.parametrize(
    ("timing", "words"),
    [
        ({}, "timing: give either a speed or a curve"),
        ({"spede": 1}, "timing.spede: unknown field"),
        ({"curve": {}}, "timing.curve: dictionary should have at least 1 item"),
        (
            {"speed": 1, "cuts": "never"},
            "timing.cuts: input should be a valid array or 'auto'.",
        ),
    ],
)
def test_a_wrong_timing_in_a_job_is_told_by_its_path(
    timing: Any, words: str, job: Callable[..., str]
) -> None:
    assert words in job(task="retime", timing=timing)


def test_a_layer_cannot_stand_beside_frames_of_another_time(retimed: Refused) -> None:
    said = retimed("--speed", "0.5", "--result", "beside")

    assert "retime makes frames of another size or time" in said
    assert "Leave --result out" in said


# Cuts


@pytest.mark.parametrize("cuts", ["x", "", "1002.5", "1002-", "auto,1002", "1003-1001"])
def test_cuts_that_are_no_frames_are_quoted(cuts: str, retimed: Refused) -> None:
    assert f"'{cuts}'" in retimed("--speed=0.5", f"--cuts={cuts}")


def test_a_cut_that_the_plate_does_not_have_is_said(at_once: AtOnce, bg: Path) -> None:
    """A list of cuts may be longer than the plate, and it may be the wrong list."""
    words = (*RETIME, "--plate", bg, "--speed=0.5", "--cuts=1002,1009", "--dry-run", "--json")

    found = at_once("run", *words).last["notes"]

    assert "timing: a cut at 1009, which the plate does not have" in found


def test_over_a_named_cut_the_frame_before_is_held_and_it_is_said(
    at_once: AtOnce, bg: Path, tmp_path: Path
) -> None:
    said = at_once("run", *RETIME, "--plate", bg, "--speed=0.5", "--cuts=1002", "--json")

    frames = {event["frame"]: event for event in said.documents if event["event"] == "frame"}
    warned = {number: event["warnings"] for number, event in frames.items() if event["warnings"]}
    held = exr.read(tmp_path / "takes" / "bg_retime" / "v001" / "bg_retime_v001.1002.exr")
    assert said.last["state"] == "complete"
    assert warned == {1002: ["a cut lies between 1001 and 1002: 1001 is held"]}
    assert {number: event.get("shows") for number, event in frames.items()} == {
        1001: 1001,
        1002: 1001,
        1003: 1002,
        1004: None,
        1005: 1003,
    }
    for name, pixels in noise(1001).items():
        assert (held.parts[0].channels[name] == pixels).all()
