"""Colour that cannot be right is refused before a number is taken; what was gone by is recorded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import Said
from numpy.typing import NDArray
from samples import AtOnce, plate, refused, save

from answerprint import exr, ocio

Floats = NDArray[np.float64]
Refused = Callable[..., str]

LANCZOS = "lanczos-2x"
UPSCALE = ("--task", "upscale", "--set", f"method={LANCZOS}")

# A studio's own names, ACES underneath
STUDIO = """ocio_profile_version: 2.1
roles: {default: house, scene_linear: house, aces_interchange: exchange}
colorspaces:
  - !<ColorSpace> {name: exchange, encoding: scene-linear}
  - !<ColorSpace> {name: house, encoding: scene-linear,
      to_scene_reference: !<BuiltinTransform> {style: ACEScg_to_ACES2065-1}}
  - !<ColorSpace> {name: lost, to_scene_reference: !<FileTransform> {src: lost.cube}}
"""


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)
    monkeypatch.delenv("OCIO", raising=False)


@pytest.fixture
def at_once(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


@pytest.fixture
def bg(tmp_path: Path) -> Path:
    """One frame that says nothing of its colour."""
    return plate(tmp_path / "plate", 1)


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    path = tmp_path / "studio.ocio"
    path.write_text(STUDIO, encoding="utf-8")
    return path


@pytest.fixture
def no(at_once: AtOnce, bg: Path) -> Refused:
    """What is said when upscaling the frame is refused with an error of this name."""
    return lambda error, *words: refused(at_once, error, *UPSCALE, "--plate", bg, *words)


def dry(at_once: AtOnce, *words: str | Path) -> dict[str, Any]:
    """The job as it would run."""
    said = at_once("run", *words, "--dry-run", "--json")
    assert said.code == 0, said
    found: dict[str, Any] = said.last
    return found


# Spaces


@pytest.mark.parametrize(
    ("asked", "guess"),
    [
        ("ACESgc", "Did you mean 'acescg'? It has, among others, ACEScg, "),
        ("logc3", "It has, among others, ARRI LogC3 (EI800)"),
        ("Rec709", "Linear Rec.709 (sRGB)"),
    ],
)
def test_an_unknown_space_is_met_with_near_names(asked: str, guess: str, no: Refused) -> None:
    said = no("JobError", "--colour", asked)

    assert f"ACES studio config v2.2.0 (built in) has no colour space '{asked}'." in said
    assert guess in said


def test_a_name_that_is_no_text_is_refused_as_such(no: Refused) -> None:
    """A byte of another encoding than UTF-8, as an old script may hold it."""
    assert "'\\udce9' is no UTF-8 text." in no("JobError", "--colour", "\udce9")


def job_file(folder: Path, bg: Path, **colour_fields: Any) -> str:
    job = {"task": "upscale", "plate": str(bg), "colour": colour_fields}
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    return "job.json"


def test_what_a_host_says_is_told_as_its_word(at_once: AtOnce, bg: Path, tmp_path: Path) -> None:
    found = dry(at_once, job_file(tmp_path, bg, space="ACEScct", said_by="nuke"))

    assert found["colour"]["source"] == "said by nuke"
    assert "colour: the plate is ACEScct, said by nuke" in found["notes"]


def test_a_host_with_another_configuration_is_offered_to_name_it(
    at_once: AtOnce, bg: Path, tmp_path: Path
) -> None:
    job = job_file(tmp_path, bg, space="house", said_by="nuke")

    said = refused(at_once, "JobError", job)

    assert "has no colour space 'house'." in said
    assert "nuke may use another configuration: give that one." in said


def test_wrong_fields_are_named(at_once: AtOnce, bg: Path, tmp_path: Path) -> None:
    said = refused(at_once, "JobError", job_file(tmp_path, bg, space=5, said_by=None, spce="x"))

    assert "colour.space: input should be a valid string" in said
    assert "colour.said_by: input should be a valid string" in said
    assert "colour.spce: unknown field" in said


def test_an_attribute_that_names_an_unknown_space_is_passed_over_and_said(
    at_once: AtOnce, tmp_path: Path
) -> None:
    path = plate(tmp_path / "tagged", 1, colorInteropID="studio_log", acesImageContainerFlag=1)

    found = dry(at_once, *UPSCALE, "--plate", path)

    assert (
        "colour: the plate is ACES2065-1, attribute acesImageContainerFlag; attribute "
        "colorInteropID names 'studio_log', which the configuration has not"
    ) in found["notes"]


@pytest.mark.parametrize("words", [("--colour", "nonsense"), ("--ocio", "nowhere.ocio")])
def test_colour_that_is_not_there_is_a_mistake_for_numbers_as_well(
    words: tuple[str, str], at_once: AtOnce, bg: Path
) -> None:
    """Passthrough takes numbers as they are; a name that nobody knows is misspelled all the same."""
    said = refused(at_once, "JobError", "--task", "passthrough", "--plate", bg, *words)

    assert words[1] in said


def test_colour_that_a_task_does_not_use_is_said(at_once: AtOnce, bg: Path) -> None:
    passthrough = ("--task", "passthrough", "--plate", bg)
    unused = "colour: not used, passthrough takes numbers as they are"

    assert unused in dry(at_once, *passthrough, "--colour", "ACEScg")["notes"]
    assert unused not in dry(at_once, *passthrough)["notes"]


def test_numbers_need_no_configuration_that_works(
    at_once: AtOnce, bg: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCIO", "/nowhere/config.ocio")

    assert dry(at_once, "--task", "passthrough", "--plate", bg)["colour"] is None


# Configurations


def missing(path: Path) -> None:
    """Nothing there."""


def too_large(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(ocio.MOST_CONFIG_BYTES + 1)


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (missing, "No such file or directory."),
    "a folder": (Path.mkdir, "Is a directory."),
    "empty": (Path.touch, "does not appear to have a valid version"),
    "broken": (lambda path: path.write_text("ocio_profile_version: ["), "yaml-cpp: error at line"),
    "binary": (lambda path: path.write_bytes(b"\xff\xfe\0"), "cannot be used"),
    "of tomorrow": (lambda path: path.write_text("ocio_profile_version: 9"), "version 9"),
    "too large": (too_large, "it has 67,108,865 bytes, at most 67,108,864 are read."),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_configuration_that_cannot_be_used_is_named_with_the_reason(
    fault: str, no: Refused, tmp_path: Path
) -> None:
    make, reason = FAULTS[fault]
    path = tmp_path / "show.ocio"
    make(path)

    said = no("JobError", "--ocio", path)

    assert f"The colour configuration {path} cannot be used: " in said
    assert reason in said
    assert "Correct it in the job, or leave it out." in said


def test_a_built_in_configuration_that_there_is_not_is_named(no: Refused) -> None:
    assert "configuration ocio://nothing cannot be used" in no(
        "JobError", "--ocio", "ocio://nothing"
    )


def test_an_environment_that_points_nowhere_is_to_be_set_right(
    no: Refused, at_once: AtOnce, bg: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCIO", "/nowhere/config.ocio")

    said = no("SetupError")

    assert "The colour configuration /nowhere/config.ocio cannot be used: No such file" in said
    assert "Set the variable OCIO" in said
    assert dry(at_once, *UPSCALE, "--plate", bg, "--ocio", ocio.BUILT_IN)["colour"]


def test_a_site_that_names_a_configuration_is_believed_and_its_fault_is_the_sites(
    no: Refused,
    at_once: AtOnce,
    bg: Path,
    studio: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "site.toml").write_text(f'colour = "{studio.as_posix()}"\n', encoding="utf-8")
    monkeypatch.setenv("ANSWERPRINT_SITE", str(tmp_path / "site.toml"))

    found = dry(at_once, *UPSCALE, "--plate", bg)["colour"]
    studio.unlink()
    said = no("SetupError")

    assert (found["space"], found["config_source"]) == ("house", "the site")
    assert f"{studio.as_posix()} cannot be used: No such file" in said
    assert "Tell the pipeline team: the site file names it." in said


def test_a_lost_lut_is_said_before_a_number_is_taken(no: Refused, studio: Path) -> None:
    said = no("SetupError", "--ocio", studio, "--colour", "lost")

    assert "studio.ocio has no way from 'lost' to linear Rec.709" in said
    assert "lost.cube" in said
    assert "LUT files" in said


# What is recorded


def upscaled(at_once: AtOnce, path: Path, *words: str | Path, method: str = LANCZOS) -> Said:
    task = ("--task", "upscale", "--set", f"method={method}")
    said = at_once("run", *task, "--plate", path, *words, "--json")
    assert (said.code, said.last.get("state")) == (0, "complete"), said
    return said


def test_a_take_records_the_space_and_the_configuration_it_was_gone_by(
    at_once: AtOnce, bg: Path, studio: Path, tmp_path: Path
) -> None:
    upscaled(at_once, bg, "--ocio", studio, "--colour", "HOUSE")

    said = at_once("show", tmp_path / "takes" / "bg_upscale" / "v001", "--json")

    assert said.last["record"]["colour"] == {
        "space": "house",
        "said_by": "asked for",
        "config": studio.as_posix(),
        "fingerprint": ocio.load(str(studio), None, {}).fingerprint,
        "color": "house -> sRGB picture, -0.5 to 1000 kept -> house",
    }


def test_a_take_is_not_finished_in_other_colours_than_it_was_begun_in(
    at_once: AtOnce, studio: Path, tmp_path: Path
) -> None:
    """Half of its frames would be another picture."""
    upscaled(at_once, plate(tmp_path / "plate", 2), "--ocio", studio)
    take = tmp_path / "takes" / "bg_upscale" / "v001"
    (take / ".take" / "manifest.json").unlink()
    (take / "bg_upscale_v001.1002.exr").unlink()
    kept = shutil.copy(studio, tmp_path / "kept")
    studio.write_text(STUDIO.replace("ACEScg_to", "ACEScct_to"), encoding="utf-8")

    said = refused(at_once, "SetupError", "--resume", take)
    shutil.copy(kept, studio)
    again = at_once("run", "--resume", take, "--json")

    assert f"{studio.as_posix()} is another one than when the take was begun." in said
    assert "Bring the old configuration back, or run the job again as a new take." in said
    assert (again.code, again.last["state"]) == (0, "complete")


# Through the server for real


def acescct(linear: Floats) -> Floats:
    """Academy S-2016-001, from linear AP1."""
    straight = 10.5402377416545 * linear + 0.0729055341958355
    return np.where(linear <= 0.0078125, straight, (np.log2(linear) + 9.72) / 17.52)


def linear(code: Floats) -> Floats:
    straight = (code - 0.0729055341958355) / 10.5402377416545
    return np.where(code <= 0.155251141552511, straight, 2 ** (code * 17.52 - 9.72))


@pytest.mark.parametrize("method", ["faithful-2x", "sharp-2x", "lanczos-2x"])
def test_the_same_picture_in_two_encodings_gives_the_same_picture(
    method: str, at_once: AtOnce, plates: Path, tmp_path: Path
) -> None:
    """One plate in ACEScg, one in ACEScct: each result, in its plate's encoding, is one picture."""
    clean = exr.read(plates / "clean.1003.exr").parts[0].channels
    picture = {name: clean[name][40:72, 100:140].astype(np.float64) for name in "RGB"}
    encoded = {"ACEScg": picture, "ACEScct": {name: acescct(one) for name, one in picture.items()}}
    for space, channels in encoded.items():
        floats = {name: np.ascontiguousarray(one, np.float32) for name, one in channels.items()}
        save(tmp_path / "plate" / f"{space}.exr", floats)
        words = ("--colour", space, "--name", space)
        upscaled(at_once, tmp_path / "plate" / f"{space}.exr", *words, method=method)

    made = {space: result(tmp_path, space) for space in encoded}

    assert made["ACEScg"].shape == (3, 64, 80)
    assert np.abs(made["ACEScct"] - made["ACEScg"]).max() > 0.05  # they are two encodings
    decoded = linear(made["ACEScct"])
    assert (np.abs(decoded - made["ACEScg"]) <= 1e-3 * np.maximum(decoded, 0.05)).all()


def result(folder: Path, name: str) -> Floats:
    (file,) = (folder / "takes" / name / "v001").glob("*.exr")
    channels = exr.read(file).parts[0].channels
    return np.stack([channels[letter].astype(np.float64) for letter in "RGB"])
