"""A request that cannot be carried out is refused before a number is taken, with what to do."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import Answerprint
from samples import AtOnce, claims, plate, refused

from answerprint_server import embedded


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)


@pytest.fixture
def bg(tmp_path: Path) -> Path:
    """Three frames in tmp/show/plate."""
    return plate(tmp_path / "show" / "plate")


@pytest.fixture
def passed(answerprint: Answerprint, bg: Path) -> Callable[..., str]:
    """What is said when a passthrough of the plate is refused with this error."""
    words = ("--task", "passthrough", "--plate", bg)
    return lambda error, *more, **named: refused(answerprint, error, *words, *more, **named)


@pytest.fixture
def denoised(tmp_path: Path, bg: Path) -> Callable[..., str]:
    words = ("--task", "denoise", "--plate", bg)
    return lambda error, *more: refused(AtOnce(tmp_path), error, *words, *more)


def test_without_any_server_it_says_how_to_get_one(
    passed: Callable[..., str], tmp_path: Path
) -> None:
    env = {"ANSWERPRINT_SERVER": "", "ANSWERPRINT_HOME": str(tmp_path / "home")}

    said = passed("ServerAway", env=env)

    assert "none is configured" in said
    assert "'answerprint serve'" in said


def test_a_server_that_does_not_answer_is_named(passed: Callable[..., str]) -> None:
    address = f"127.0.0.1:{embedded.free_ports(1)[0]}"

    said = passed("ServerAway", "--server", address)

    assert f"No server answers at {address}." in said


def test_a_misspelled_task_is_met_with_a_guess(answerprint: Answerprint, bg: Path) -> None:
    said = refused(answerprint, "NoSuchTask", "--task", "denois", "--plate", bg)

    assert "no task 'denois'. Did you mean 'denoise'?" in said
    assert "It offers denoise, embed, heightfield_upres, matte, passthrough, " in said


def test_a_version_that_is_not_there_is_met_with_those_that_are(
    passed: Callable[..., str],
) -> None:
    said = passed("NoSuchTask", "--model-version", "7")

    assert "passthrough has no version 7" in said
    assert "It has 1." in said


PARAMETERS = {
    "max_memory=-1": "max_memory is '-1', which is not a whole number from 0 to 1048576 MB",
    "max_memory=lots": "max_memory is 'lots', which is not a whole number",
    "max_memory=1.5": "max_memory is '1.5', which is not a whole number",
    "max_memory=99999999999999999999": "max_memory is '99999999999999999999', which is not",
    "quality=best": "quality is 'best', which is not one of fast, balanced, high",
    "prefilter=maybe": "prefilter is 'maybe', which is not on or off",
    "qualty=fast": "no parameter 'qualty'. Did you mean 'quality'?",
    "quality": "--set quality has no '='",
}


@pytest.mark.parametrize("given", PARAMETERS)
def test_a_wrong_parameter_is_named_with_what_it_takes(
    given: str, denoised: Callable[..., str]
) -> None:
    assert PARAMETERS[given] in denoised("JobError", "--set", given)


def test_a_seed_that_is_no_number_is_refused(passed: Callable[..., str]) -> None:
    assert "seed: a seed is a whole number" in passed("JobError", "--seed", "lucky")


JOBS: dict[str, tuple[Any, str]] = {
    "unknown field": ({"plates": "x"}, "plates: unknown field"),
    "unknown field below": ({"out": {"folder": "x"}}, "out.folder: unknown field"),
    "missing below": ({"inputs": {"pixels": {}}}, "inputs.pixels.path: missing"),
    "wrong type": ({"parameters": []}, "parameters: "),
    "wrong word": ({"non_finite": "ignore"}, "non_finite: "),
    "take 0": ({"out": {"take": 0}}, "out.take: "),
    "another schema": ({"schema": "answerprint.job/v9"}, "schema: "),
    "no task": ({"task": None}, "task: "),
    "backwards": ({"frames": "9-1"}, "frame range '9-1' runs backwards, from 9 to 1"),
}


@pytest.mark.parametrize("fault", JOBS)
def test_a_wrong_field_of_a_job_file_is_named_by_its_path(
    fault: str, bg: Path, tmp_path: Path
) -> None:
    fields, words = JOBS[fault]
    job = {"task": "passthrough", "plate": str(bg), **fields}
    (tmp_path / "job.json").write_text(json.dumps(job), encoding="utf-8")

    assert words in refused(AtOnce(tmp_path), "JobError", "job.json")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"task": "passthrough"}', "\0", "[" * 100_000])
def test_a_job_file_that_is_none_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(text, encoding="utf-8")

    assert "job.json" in refused(AtOnce(tmp_path), "JobError", "job.json")


def test_a_missing_job_file_is_named(answerprint: Answerprint) -> None:
    assert "job.json" in refused(answerprint, "JobError", "job.json")


def test_a_number_that_is_taken_is_never_given_again(
    passed: Callable[..., str], answerprint: Answerprint, bg: Path
) -> None:
    first = answerprint("run", "--task", "passthrough", "--plate", bg, "--take", "3", "--json")

    said = passed("TakeExists", "--take", "3")

    assert first.last["state"] == "complete"
    assert "v003 of bg_passthrough exists already" in said
    assert "v004" in said


def test_an_output_folder_that_is_a_file_is_named(
    passed: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "results").write_text("not a folder", encoding="utf-8")

    assert f"{tmp_path}/results/bg_passthrough cannot be written" in passed(
        "TakeError", "--out", tmp_path / "results"
    )
    assert "results/demo/bg_passthrough cannot be written" in passed(
        "TakeError", "--out", tmp_path, "--show", "results", "--shot", "demo"
    ).replace(f"{tmp_path}/", "")


def test_an_output_folder_without_the_right_to_write_is_named(
    passed: Callable[..., str], tmp_path: Path
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    if os.geteuid() == 0:  # rights do not bind root; what the kernel keeps for itself does
        locked = Path("/sys")

    assert f"{locked}/bg_passthrough cannot be written" in passed("TakeError", "--out", locked)


CLIMBING = ["../x", "..", "a/b", "/etc", ".hidden", "a b", "", "x" * 101, "x\n", "con:", "a\\b"]


@pytest.mark.parametrize("name", CLIMBING)
def test_a_name_is_one_plain_folder_and_nothing_else(name: str, bg: Path, tmp_path: Path) -> None:
    job = {"task": "passthrough", "plate": str(bg)}
    out = {"show": name, "shot": name, "name": name}
    (tmp_path / "job.json").write_text(json.dumps({**job, "out": out}), encoding="utf-8")

    said = refused(AtOnce(tmp_path), "JobError", "job.json")

    assert all(f"out.{field}: " in said for field in out)


def test_a_name_on_the_command_line_is_held_to_the_same(passed: Callable[..., str]) -> None:
    assert "out.show: " in passed("JobError", "--show", "../x")


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


@pytest.fixture
def fenced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site that allows tmp/show alone; another plate lies outside, in tmp/elsewhere."""
    site = tmp_path / "site.toml"
    site.write_text(f'roots = ["{tmp_path.as_posix()}/show"]\n', encoding="utf-8")
    monkeypatch.setenv("ANSWERPRINT_SITE", str(site))
    plate(tmp_path / "elsewhere")
    (tmp_path / "show").mkdir(exist_ok=True)
    return tmp_path / "show"


def test_below_the_allowed_roots_all_is_well(
    fenced: Path, bg: Path, answerprint: Answerprint
) -> None:
    said = answerprint(
        "run", "--task", "passthrough", "--plate", bg, "--out", fenced / "takes", "--json"
    )

    assert said.last["state"] == "complete"


def test_a_plate_outside_the_allowed_roots_is_refused_however_it_is_spelled(
    fenced: Path, answerprint: Answerprint, tmp_path: Path
) -> None:
    (fenced / "link").symlink_to(tmp_path / "elsewhere")

    for folder in (tmp_path / "elsewhere", fenced / ".." / "elsewhere", fenced / "link"):
        said = refused(
            answerprint, "JobError", "--task", "passthrough", "--plate", folder / "bg.####.exr",
            "--out", fenced / "takes",
        )  # fmt: skip
        assert f"Plate {folder} lies outside the allowed folders." in said
        assert f"below {fenced}" in said


def test_a_single_frame_that_is_a_link_to_outside_is_refused(
    fenced: Path, bg: Path, answerprint: Answerprint, tmp_path: Path
) -> None:
    (bg.parent / "bg.1002.exr").unlink()
    (bg.parent / "bg.1002.exr").symlink_to(tmp_path / "elsewhere" / "bg.1002.exr")

    said = refused(
        answerprint, "JobError", "--task", "passthrough", "--plate", bg, "--out", fenced / "takes"
    )

    assert f"Frame {bg.parent}/bg.1002.exr lies outside" in said


def test_an_auxiliary_outside_the_allowed_roots_is_refused(
    fenced: Path, bg: Path, answerprint: Answerprint, tmp_path: Path
) -> None:
    said = refused(
        answerprint, "JobError", "--task", "denoise", "--plate", bg, "--out", fenced / "takes",
        "--input", f"albedo={tmp_path}/elsewhere/bg.####.exr",
    )  # fmt: skip

    assert f"Plate for albedo {tmp_path}/elsewhere lies outside" in said


def test_an_output_outside_the_allowed_roots_is_refused_however_it_is_spelled(
    fenced: Path, bg: Path, answerprint: Answerprint, tmp_path: Path
) -> None:
    (fenced / "link").symlink_to(tmp_path / "elsewhere")

    for folder in (tmp_path / "elsewhere", fenced / ".." / "elsewhere", fenced / "link" / "deep"):
        said = refused(
            answerprint, "JobError", "--task", "passthrough", "--plate", bg, "--out", folder
        )
        assert f"Output folder {folder} lies outside the allowed folders." in said


@pytest.mark.parametrize("link", ["demo", "demo/bg_passthrough"])
def test_a_link_below_the_output_folder_leads_nowhere_else(
    link: str, fenced: Path, bg: Path, answerprint: Answerprint, tmp_path: Path
) -> None:
    """The show, or the take's own folder, is a link that somebody made to outside."""
    (fenced / "takes" / link).parent.mkdir(parents=True)
    (fenced / "takes" / link).symlink_to(tmp_path / "elsewhere")

    said = refused(
        answerprint, "JobError", "--task", "passthrough", "--plate", bg, "--out",
        fenced / "takes", "--show", "demo",
    )  # fmt: skip

    assert "lies outside the allowed folders" in said


def test_resuming_holds_the_takes_own_paths_against_the_roots(
    fenced: Path, bg: Path, answerprint: Answerprint, tmp_path: Path
) -> None:
    """The job in a take is a file that anybody may have written."""
    made = answerprint(
        "run", "--task", "passthrough", "--plate", bg, "--out", fenced / "takes", "--json"
    )
    take = fenced / "takes" / "bg_passthrough" / "v001"
    (take / ".take" / "manifest.json").unlink()
    (take / "bg_passthrough_v001.1002.exr").unlink()
    job = (take / ".take" / "job.json").read_text(encoding="utf-8")
    elsewhere = job.replace(str(bg.parent), str(tmp_path / "elsewhere"))
    (take / ".take" / "job.json").write_text(elsewhere, encoding="utf-8")
    outside = tmp_path / "elsewhere" / "v001"
    shutil.copytree(take, outside)

    assert made.code == 0
    assert "elsewhere lies outside" in refused(answerprint, "JobError", "--resume", take)
    assert "lies outside" in refused(answerprint, "JobError", "--resume", outside)
    assert len(claims(tmp_path)) == 2
