"""What a take or a record names is held against the roots and the plate before it is gone by."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from samples import AtOnce, noise, plate, reads, refused, save, window

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


def resize(path: Path) -> None:
    save(path, noise(1, width=16), dataWindow=window(0, 0, 15, 23))


CHANGES: dict[Callable[[Path], None], str] = {
    lose: "bg.1004.exr",
    cut: "bg.1004.exr",
    drop: "bg.1004.exr",
    resize: "Frame 1004",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_frame_that_is_left_and_changed_is_told_before_anything_is_done(
    change: Callable[[Path], None], no: Callable[[str], str], tmp_path: Path
) -> None:
    change(frame(tmp_path, 1004))

    assert CHANGES[change] in no("SourceError")


@pytest.mark.parametrize("change", CHANGES)
def test_a_frame_that_is_done_may_be_gone(
    change: Callable[[Path], None], begun: Take, tmp_path: Path
) -> None:
    change(frame(tmp_path, 1001))

    said = AtOnce(tmp_path)("run", "--resume", begun.folder, "--json")

    assert (said.code, said.last["state"]) == (0, "complete")
