"""A look is a configuration and its LUT files: when one of them changes, it is another look."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from samples import AtOnce, plate, refused

from answerprint import colour, exr, ocio
from answerprint.takes import Take

CONFIG = """ocio_profile_version: 2.1
search_path: luts
roles: {default: house, scene_linear: house, aces_interchange: exchange}
colorspaces:
  - !<ColorSpace> {name: exchange, encoding: scene-linear}
  - !<ColorSpace> {name: house, encoding: scene-linear,
      to_scene_reference: !<BuiltinTransform> {style: ACEScg_to_ACES2065-1}}
  - !<ColorSpace> {name: film, to_scene_reference: !<FileTransform> {src: film.spi1d}}
  - !<ColorSpace> {name: video, to_scene_reference: !<FileTransform> {src: video.spi1d}}
"""
LUT = "Version 1\nFrom 0 4\nLength 3\nComponents 1\n{\n0\n%s\n4\n}\n"
UPSCALE = ("--task", "upscale", "--set", "method=lanczos-2x")


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)
    monkeypatch.delenv("OCIO", raising=False)


@pytest.fixture
def look(tmp_path: Path) -> Path:
    """A configuration with two LUT files in a folder beside it."""
    (tmp_path / "look" / "luts").mkdir(parents=True)
    for name in ("film", "video"):
        bend(tmp_path / "look", name, 1.5)
    path = tmp_path / "look" / "config.ocio"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def bend(folder: Path, name: str, middle: float) -> None:
    (folder / "luts" / f"{name}.spi1d").write_text(LUT % middle, encoding="utf-8")


def fingerprint(path: Path, space: str) -> str:
    config = ocio.load(str(path), None, {})
    way = colour.conversion(config, colour.Space(space, "asked for"), "srgb_shaped")
    return ocio.fingerprint(config, way.files)


def test_the_fingerprint_holds_what_the_luts_that_are_used_contain(look: Path) -> None:
    film, house = fingerprint(look, "film"), fingerprint(look, "house")
    alone = ocio.load(str(look), None, {}).fingerprint

    bend(look.parent, "video", 2.5)
    assert (fingerprint(look, "film"), fingerprint(look, "house")) == (film, alone)
    bend(look.parent, "film", 2.5)
    assert fingerprint(look, "film") != film
    assert fingerprint(look, "film").startswith(f"{alone}+")
    assert house == alone


def test_luts_that_change_places_are_another_look(look: Path) -> None:
    text = CONFIG.replace("{src: film.spi1d}", "{children: [CHILDREN]}").replace(
        "!<FileTransform> {children", "!<GroupTransform> {children"
    )
    both = ", ".join(f"!<FileTransform> {{src: {name}.spi1d}}" for name in ("film", "video"))
    look.write_text(text.replace("CHILDREN", both), encoding="utf-8")
    bend(look.parent, "film", 2.5)
    before = fingerprint(look, "film")

    bend(look.parent, "film", 1.5)
    bend(look.parent, "video", 2.5)

    assert fingerprint(look, "film") != before


def test_a_look_may_move_as_a_whole(look: Path, tmp_path: Path) -> None:
    before = fingerprint(look, "film")

    shutil.move(look.parent, tmp_path / "elsewhere")

    assert fingerprint(tmp_path / "elsewhere" / "config.ocio", "film") == before


@pytest.fixture
def film(look: Path, tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    """Upscale two frames in `film`; the events of the frames."""
    path = plate(tmp_path / "plate", 2)

    def run() -> list[dict[str, Any]]:
        said = AtOnce(tmp_path)(
            "run", *UPSCALE, "--plate", path, "--ocio", look, "--colour", "film", "--json"
        )
        assert (said.code, said.last.get("state")) == (0, "complete"), said
        return [one for one in said.documents if one["event"] == "frame"]

    return run


def test_work_is_not_copied_from_a_take_with_another_look(
    film: Callable[[], list[dict[str, Any]]], look: Path, tmp_path: Path
) -> None:
    assert not any("copied_from" in one for one in film())
    bend(look.parent, "video", 2.5)  # not used
    assert all("copied_from" in one for one in film())

    bend(look.parent, "film", 2.5)

    assert not any("copied_from" in one for one in film())
    first, last = (
        exr.digest(exr.read(file))
        for number in (1, 3)
        for file in [take(tmp_path, number).file(1001)]
    )
    assert first != last


def take(folder: Path, number: int) -> Take:
    return Take(folder / "takes" / "bg_upscale" / f"v{number:03d}")


def half(folder: Path) -> Take:
    """The first take as a run leaves it that was stopped after its first frame."""
    found = take(folder, 1)
    (found.private / "manifest.json").unlink()
    found.file(1002).unlink()
    return found


def test_a_take_is_not_finished_with_another_look(
    film: Callable[[], list[dict[str, Any]]], look: Path, tmp_path: Path
) -> None:
    film()
    begun = half(tmp_path)
    bend(look.parent, "film", 2.5)

    said = refused(AtOnce(tmp_path), "SetupError", "--resume", begun.folder)
    bend(look.parent, "film", 1.5)
    again = AtOnce(tmp_path)("run", "--resume", begun.folder, "--json")

    assert f"LUT files of the colour configuration {look.as_posix()} are others than when" in said
    assert "Bring the old configuration back, or run the job again as a new take." in said
    assert (again.code, again.last["state"]) == (0, "complete")


def test_a_look_that_is_gone_is_said_to_be_the_takes_own(
    film: Callable[[], list[dict[str, Any]]], look: Path, tmp_path: Path
) -> None:
    """Nobody can correct the job of a take that was begun."""
    film()
    begun = half(tmp_path)
    look.unlink()

    said = refused(AtOnce(tmp_path), "SetupError", "--resume", begun.folder)

    assert f"The colour configuration {look.as_posix()} cannot be used: No such file" in said
    assert "The take was begun with it: bring it back, or run the job again as a new take." in said


@pytest.fixture
def fenced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site that allows tmp/show alone, with a plate in it."""
    site = tmp_path / "site.toml"
    site.write_text(f'roots = ["{tmp_path.as_posix()}/show"]\n', encoding="utf-8")
    monkeypatch.setenv("ANSWERPRINT_SITE", str(site))
    return plate(tmp_path / "show" / "plate", 2)


def words(path: Path, *more: str | Path) -> tuple[str | Path, ...]:
    return (*UPSCALE, "--plate", path, "--out", path.parents[1] / "takes", *more)


def test_a_configuration_that_a_job_names_lies_below_the_allowed_roots(
    fenced: Path, look: Path, tmp_path: Path
) -> None:
    said = refused(AtOnce(tmp_path), "JobError", *words(fenced, "--ocio", look))

    assert f"Colour configuration {look} lies outside the allowed folders." in said


def test_a_lut_of_a_configuration_that_a_job_names_lies_there_as_well(
    fenced: Path, look: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "show" / "mine.ocio"
    luts = (look.parent / "luts").as_posix()
    mine.write_text(CONFIG.replace("search_path: luts", f"search_path: {luts}"), encoding="utf-8")

    said = refused(AtOnce(tmp_path), "JobError", *words(fenced, "--ocio", mine, "--colour", "film"))

    assert f"LUT file {luts}/film.spi1d lies outside the allowed folders." in said


def test_the_studios_own_configuration_may_lie_anywhere(
    fenced: Path, look: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = words(fenced, "--colour", "film", "--dry-run")
    monkeypatch.setenv("OCIO", str(look))
    assert AtOnce(tmp_path)("run", *asked).code == 0
    monkeypatch.delenv("OCIO")
    with (tmp_path / "site.toml").open("a", encoding="utf-8") as site:
        site.write(f'colour = "{look.as_posix()}"\n')

    assert AtOnce(tmp_path)("run", *asked).code == 0
    assert AtOnce(tmp_path)("run", *words(fenced, "--ocio", ocio.BUILT_IN, "--dry-run")).code == 0


def test_resuming_holds_the_takes_own_configuration_against_the_roots(
    fenced: Path, look: Path, tmp_path: Path
) -> None:
    """The job in a take is a file that anybody may have written."""
    inside = tmp_path / "show" / "look"
    shutil.copytree(look.parent, inside)
    asked = words(fenced, "--ocio", inside / "config.ocio", "--colour", "film")
    assert AtOnce(tmp_path)("run", *asked).code == 0
    begun = Take(tmp_path / "show" / "takes" / "bg_upscale" / "v001")
    (begun.private / "manifest.json").unlink()
    job = begun.private / "job.json"
    text = job.read_text(encoding="utf-8")
    job.write_text(text.replace(str(inside), str(look.parent)), encoding="utf-8")

    said = refused(AtOnce(tmp_path), "JobError", "--resume", begun.folder)

    assert f"Colour configuration {look} lies outside the allowed folders." in said
