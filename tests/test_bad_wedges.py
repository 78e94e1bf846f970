"""Wedges that nobody means are asked about or refused; a variation is only what its wedge names."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import Said
from samples import AtOnce, claims, plate, refused

Refused = Callable[..., str]

DENOISE = ("--task", "denoise")


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)


@pytest.fixture
def at_once(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


@pytest.fixture
def bg(tmp_path: Path) -> Path:
    """Two frames, 1001 and 1002."""
    return plate(tmp_path / "plate", 2)


@pytest.fixture
def no(at_once: AtOnce, bg: Path) -> Refused:
    """What is said when a wedge of denoising is refused."""
    return lambda *words: refused(at_once, "JobError", *DENOISE, "--plate", bg, *words)


@pytest.fixture
def dry(at_once: AtOnce, bg: Path) -> Callable[..., dict[str, Any]]:
    """The job as it would run."""

    def resolved(*words: str) -> dict[str, Any]:
        said = at_once("run", *DENOISE, "--plate", bg, *words, "--dry-run", "--json")
        assert said.code == 0, said
        found: dict[str, Any] = said.last
        return found

    return resolved


# Asking for one


def test_a_million_work_items_are_asked_about_with_their_number(
    no: Refused, dry: Callable[..., dict[str, Any]]
) -> None:
    """500,000 values of one parameter over two frames; who confirms the number gets them."""
    wedge = ("--wedge", "max_memory=0-499999")

    said = no(*wedge)
    near = no(*wedge, "--items", "999999", "--dry-run")  # a test that fails must not make them
    confirmed = dry(*wedge, "--items", "1000000")

    assert "The wedge has 1,000,000 work items: 500,000 variations of 2 frames." in said
    assert "If you mean it, say so with --items 1000000; else leave values out." in said
    assert near == said
    assert len(confirmed["axes"]["max_memory"]) == 500_000


def test_ten_thousand_are_not_asked_about(no: Refused, dry: Callable[..., dict[str, Any]]) -> None:
    assert dry("--wedge", "max_memory=1-5000")["axes"]
    assert "10,002 work items" in no("--wedge", "max_memory=1-5001", "--dry-run")


def test_all_combinations_of_all_axes_count(no: Refused) -> None:
    said = no("--wedge", "max_memory=1-5000", "--wedge", "prefilter=on,off")

    assert "20,000 work items: 10,000 variations of 2 frames" in said


AXES = {
    "strenght=0.5": "no parameter 'strenght' to vary. Did you mean 'strength'? It can vary strength",
    "seed=1-4": "Task denoise has no parameter 'seed' to vary. It can vary strength, quality",
    "strength=": "Parameter strength is '', which is not a number from 0 to 1.",
    "strength=0.5,": "Parameter strength is '', which is not a number from 0 to 1.",
    "strength=0.5,2": "Parameter strength is '2', which is not a number from 0 to 1.",
    "strength=nan": "Parameter strength is 'nan', which is not a number from 0 to 1.",
    "quality=fast,best": "quality is 'best', which is not one of fast, balanced, high.",
    "prefilter=maybe": "Parameter prefilter is 'maybe', which is not on or off.",
    "max_memory=": "The wedge over max_memory has '', which is neither a number nor a range",
    "max_memory=1.5": "The wedge over max_memory has '1.5', which is neither a number nor a range",
    "max_memory=9-1": "The wedge over max_memory has '9-1', which is neither a number nor a range",
    "max_memory=-1": "Parameter max_memory is -1, which is not a whole number from 0 to 1048576 MB",
    "max_memory=0-1048577": "has '0-1048577', which is neither a number nor a range of up to",
    "strength": "--wedge strength has no '='. Write it as --wedge NAME=VALUE.",
}


@pytest.mark.parametrize("axis", AXES)
def test_an_axis_that_cannot_be_varied_so_is_named(axis: str, no: Refused) -> None:
    assert AXES[axis] in no("--wedge", axis)


def test_a_task_without_parameters_varies_nothing(at_once: AtOnce, bg: Path) -> None:
    words = ("--task", "passthrough", "--plate", bg, "--wedge", "strength=1")

    assert "It can vary nothing." in refused(at_once, "JobError", *words)


def test_a_parameter_is_varied_or_animated(no: Refused) -> None:
    said = no("--wedge", "strength=0.5,1", "--curve", "strength=1001:0,1002:1")

    assert "Parameter strength has both a curve and a wedge. Keep one of them." in said


WEDGES: dict[str, tuple[Any, str]] = {
    "no values": ({"strength": []}, "The wedge over strength has no values. Give at least one: a"),
    "a number": (
        {"strength": 5},
        "wedge.strength: input should be a valid string or a valid array",
    ),
    "nothing": ({"strength": [1, None]}, "wedge.strength[1]: input should be a valid boolean, a"),
    "a list": (["strength"], "wedge: input should be an object"),
    "on for a number": ({"max_memory": [True]}, "max_memory is True, which is not a whole number"),
}


@pytest.mark.parametrize("fault", WEDGES)
def test_a_wrong_wedge_in_a_job_is_told_by_its_path(
    fault: str, at_once: AtOnce, bg: Path, tmp_path: Path
) -> None:
    wedge, words = WEDGES[fault]
    job = {"task": "denoise", "plate": str(bg), "wedge": wedge}
    (tmp_path / "job.json").write_text(json.dumps(job), encoding="utf-8")

    assert words in refused(at_once, "JobError", "job.json")


@pytest.mark.parametrize(
    ("axis", "values"),
    [
        ("strength=0.5,1,0.5,1.0,.5", [0.5, 1]),
        ("prefilter=on,true,off,yes", [True, False]),
        ("max_memory=3,1-3,3", [1, 2, 3]),
        ("quality=fast, fast", ["fast"]),
    ],
)
def test_a_value_that_is_named_twice_is_made_once(
    axis: str, values: list[Any], dry: Callable[..., dict[str, Any]]
) -> None:
    name = axis.partition("=")[0]

    found = dry("--wedge", axis)["axes"][name]

    assert sorted(found, key=str) == sorted(values, key=str)


def test_what_a_choice_warns_of_is_said_of_a_wedge_as_well(at_once: AtOnce, bg: Path) -> None:
    words = ("--task", "upscale", "--plate", bg, "--dry-run", "--json")

    calm = at_once("run", *words, "--wedge", "method=faithful-2x,lanczos-2x").last["notes"]
    warned = at_once("run", *words, "--wedge", "method=lanczos-2x,sharp-2x,sharp-3x").last["notes"]

    (method,) = at_once("tasks", "upscale", "--json").last["contract"]["parameters"]
    assert {one for one in warned if one not in calm} == {
        method["warn"][choice] for choice in ("sharp-2x", "sharp-3x")
    }
    assert len(set(warned)) == len(warned)


# Promoting a variation, and looking at all


@pytest.fixture(scope="module")
def shared(address: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wedge of two variations and a take that is none: takes/{wedge,plain}."""
    folder = tmp_path_factory.mktemp("made")
    path, at_once = plate(folder / "plate", 2), AtOnce(folder)
    fast = ("--set", "quality=fast")
    run = ("run", *DENOISE, *fast, "--plate", path, "--server", address, "--json")
    for words in (("--name=wedge", "--wedge=strength=0.5,1"), ("--name=plain",)):
        said = at_once(*run, *words)
        assert said.last["state"] == "complete", said
    return folder / "takes"


@pytest.fixture
def wedge(shared: Path, tmp_path: Path) -> Path:
    """The wedge, to be broken: variations w001 and w002 of frames 1001 and 1002."""
    shutil.copytree(shared / "wedge", tmp_path / "takes" / "wedge")
    return tmp_path / "takes" / "wedge" / "v001"


def refused_take(at_once: AtOnce, *words: str | Path, error: str = "TakeError") -> str:
    """What is said by another verb than run; no number is taken and nothing is left."""
    before = claims(at_once.folder)
    said: Said = at_once(*words, "--json")
    assert said.last.get("error") == error, said
    assert len(said.documents) == 1
    assert claims(at_once.folder) == before
    return f"{said.last['problem']} {said.last['remedy']}"


LABELS = ["w003", "w1", "W001", "", "1", "../w001", "w001/../w001", ".take", "w001/", "/"]


@pytest.mark.parametrize("label", LABELS)
def test_only_a_variation_by_its_own_name_is_promoted(
    label: str, at_once: AtOnce, wedge: Path
) -> None:
    said = refused_take(at_once, "promote", wedge, label)

    assert said == f"wedge v001 has no variation '{label}'. It has w001 to w002."


def test_a_folder_that_the_wedge_does_not_name_is_no_variation(
    at_once: AtOnce, wedge: Path
) -> None:
    """Somebody copied a variation inside the take: nothing says what made it."""
    shutil.copytree(wedge / "w002", wedge / "w003")
    for file in (wedge / "w003").iterdir():
        file.rename(file.with_name(file.name.replace("w002", "w003")))

    said = refused_take(at_once, "promote", wedge, "w003")

    assert said == "wedge v001 has no variation 'w003'. It has w001 to w002."


def test_a_take_that_is_no_wedge_has_nothing_to_promote(
    at_once: AtOnce, shared: Path, tmp_path: Path
) -> None:
    shutil.copytree(shared / "plain", tmp_path / "takes" / "plain")
    take = tmp_path / "takes" / "plain" / "v001"

    said = refused_take(at_once, "promote", take, "w001")

    assert said == "plain v001 has no variation 'w001'. It is no wedge."


def test_an_unfinished_variation_is_not_promoted_and_a_finished_one_is(
    at_once: AtOnce, wedge: Path
) -> None:
    (wedge / ".take" / "manifest.json").unlink()
    (wedge / "w002" / "wedge_v001_w002.1002.exr").unlink()

    said = refused_take(at_once, "promote", wedge, "w002")
    new = at_once("promote", wedge, "w001", "--json")

    assert "w002 of wedge v001 lacks 1 frame, first 1002." in said
    assert f"Finish it with 'answerprint run --resume {wedge}'." in said
    assert (new.code, new.last["take"]) == (0, str(wedge.parent / "v002"))


def test_a_variation_that_was_never_begun_lacks_all_its_frames(
    at_once: AtOnce, wedge: Path
) -> None:
    for label in ("w001", "w002"):
        shutil.rmtree(wedge / label)

    said = refused_take(at_once, "promote", wedge, "w001")

    assert "w001 of wedge v001 lacks 2 frames, first 1001." in said


def test_a_sheet_of_an_empty_take_says_how_to_fill_it(at_once: AtOnce, wedge: Path) -> None:
    for label in ("w001", "w002"):
        shutil.rmtree(wedge / label)

    said = refused_take(at_once, "sheet", wedge)

    assert said == (
        "wedge v001 has no frames yet. "
        f"Finish it with 'answerprint run --resume {wedge.as_posix()}'."
    )


def test_a_sheet_of_a_frame_that_is_not_there_says_so(at_once: AtOnce, wedge: Path) -> None:
    said = refused_take(at_once, "sheet", wedge, "--frame", "1009")

    assert "wedge v001 has 0 pictures to show." in said
    assert "choose a frame that is there with --frame" in said


@pytest.mark.parametrize("width", ["0", "-1", "15", "4097", "1000000"])
def test_a_sheet_has_pictures_that_can_be_seen_and_held_in_memory(
    width: str, at_once: AtOnce, wedge: Path
) -> None:
    said = refused_take(at_once, "sheet", wedge, "--width", width, error="JobError")

    assert said == f"2 pictures cannot be {width} pixels wide. Choose a --width from 16 to 4096."


@pytest.mark.parametrize(
    ("out", "reason"),
    [("folder.png", "Is a directory"), ("plate/bg.1001.exr/x.png", "File exists")],
)
def test_a_sheet_that_cannot_be_written_is_named(
    out: str, reason: str, at_once: AtOnce, wedge: Path, bg: Path, tmp_path: Path
) -> None:
    (tmp_path / "folder.png").mkdir()

    said = refused_take(at_once, "sheet", wedge, "--out", tmp_path / out)

    assert f"The sheet {(tmp_path / out).as_posix()} cannot be written: {reason}." in said
    assert "Name another file with --out." in said
