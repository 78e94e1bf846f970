"""What a take or a record names is held against the roots and the plate before it is gone by."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from samples import AtOnce, noise, plate, reads, refused, save

from answerprint.takes import Take


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)


@pytest.fixture
def begun(tmp_path: Path) -> Take:
    """A take in tmp/show of four frames, of which two are there."""
    words = ("--task", "passthrough", "--plate", plate(tmp_path / "show" / "plate", 4))
    assert AtOnce(tmp_path)("run", *words, "--out", tmp_path / "show").code == 0
    take = Take(tmp_path / "show" / "bg_passthrough" / "v001")
    (take.private / "manifest.json").unlink()
    for number in (1003, 1004):
        take.file(number).unlink()
    return take


@pytest.fixture
def no(begun: Take, tmp_path: Path) -> Callable[[str], str]:
    """What is said when going on is refused with an error of this name; nothing is done."""

    def said(error: str) -> str:
        before = list(begun.items())
        words = refused(AtOnce(tmp_path), error, "--resume", begun.folder)
        assert list(begun.items()) == before
        return words

    return said


def frame(tmp_path: Path, number: int) -> Path:
    return tmp_path / "show" / "plate" / f"bg.{number}.exr"


@pytest.mark.parametrize("number", [1001, 1004])
def test_a_frame_that_became_a_link_to_outside_is_refused(
    number: int, no: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that is done: it would be read again if the take's own did not verify."""
    site = tmp_path / "site.toml"
    site.write_text(f'roots = ["{tmp_path.as_posix()}/show"]\n', encoding="utf-8")
    monkeypatch.setenv("ANSWERPRINT_SITE", str(site))
    path = frame(tmp_path, number)
    shutil.move(path, tmp_path / "outside.exr")
    path.symlink_to(tmp_path / "outside.exr")

    assert f"Frame {path} lies outside the allowed folders." in no("JobError")


@pytest.mark.parametrize("verb", ["rerun", "show"])
def test_what_a_record_names_is_read_below_the_allowed_roots_alone(
    verb: str, begun: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frame's record names the file that it was made from; that may lie anywhere."""
    site = tmp_path / "site.toml"
    site.write_text(f'roots = ["{begun.folder.parent.as_posix()}"]\n', encoding="utf-8")
    monkeypatch.setenv("ANSWERPRINT_SITE", str(site))

    with reads() as count:
        said = AtOnce(tmp_path)(verb, begun.file(1001), "--json")

        assert count(frame(tmp_path, 1001)) == 0
    assert "the allowed folders" in said.out
    assert (said.code == 0) == (verb == "show")


def lose(path: Path) -> None:
    path.unlink()


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def drop(path: Path) -> None:
    save(path, noise(1, "RG"))


@pytest.mark.parametrize("numbers", [(1004,), (1003, 1004)])
def test_a_plate_of_another_resolution_than_what_is_done_is_told_before_anything_is_done(
    numbers: tuple[int, ...], no: Callable[[str], str], tmp_path: Path
) -> None:
    """The take would hold two, and no host would say so."""
    for number in numbers:
        save(frame(tmp_path, number), noise(1, width=16))

    assert f"Frame {numbers[0]} has the resolution 16x24; the first frame has 32x24." in no(
        "SourceError"
    )


@pytest.mark.parametrize("change", [lose, cut, drop])
def test_a_frame_that_broke_since_fails_alone(
    change: Callable[[Path], None], begun: Take, tmp_path: Path
) -> None:
    change(frame(tmp_path, 1003))

    said = AtOnce(tmp_path)("run", "--resume", begun.folder, "--json")

    assert (said.code, said.last["state"], said.last["failed"]) == (1, "incomplete", [1003])
    assert begun.file(1004).exists()


@pytest.mark.parametrize("change", [lose, cut, drop])
def test_a_plate_frame_whose_result_is_done_may_be_gone(
    change: Callable[[Path], None], begun: Take, tmp_path: Path
) -> None:
    change(frame(tmp_path, 1001))

    said = AtOnce(tmp_path)("run", "--resume", begun.folder, "--json")

    assert (said.code, said.last["state"]) == (0, "complete")
