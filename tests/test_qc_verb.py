"""The verb qc: takes and sequences that lie on disk, in words that name frame and number."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from samples import AtOnce, claimed, made, plate, save, window
from test_qc_run import carried_out, rules

from answerprint import exr
from answerprint.triton import Server


@pytest.fixture
def at_once(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


def copied(path: Path, folder: Path) -> Path:
    """The same frames in another folder, to be spoiled."""
    shutil.copytree(path.parent, folder)
    return folder / path.name


def spoil(file: Path, value: float) -> None:
    frame = exr.read(file)
    frame.parts[0].channels["R"][2:5, 2:6] = value
    exr.write(file, frame)


def test_a_take_is_judged_anew_from_its_files(
    server: Server, home: Path, tmp_path: Path, at_once: AtOnce
) -> None:
    take = made(server, home, tmp_path / "out", plate(tmp_path / "in", 3))

    said = at_once("qc", take.folder, "--json")

    assert said.code == 0
    *frames, verdict = said.documents
    assert [one["frame"] for one in frames] == [1001, 1002, 1003]
    assert verdict["verdict"] == "pass"
    assert verdict["profile"]["name"] == "identity"
    assert verdict["gates"]["repeat"]["worst"] == 0


def test_what_was_changed_since_is_found(
    server: Server, home: Path, tmp_path: Path, at_once: AtOnce
) -> None:
    take = made(server, home, tmp_path / "out", plate(tmp_path / "in", 3))
    spoil(take.file(1002), np.nan)

    said = at_once("qc", take.folder)

    assert said.code == 1
    assert "fail     1002: " in said.out
    assert "12 " in said.out  # so many samples of the box are NaN
    assert "record does not hold" in said.out


def test_a_take_keeps_its_tasks_limits_with_a_plate_from_elsewhere(
    server: Server, home: Path, tmp_path: Path, at_once: AtOnce
) -> None:
    """As where the plate was moved, and the job does not find it any more."""
    path = plate(tmp_path / "in", 2)
    take = made(server, home, tmp_path / "out", path)
    (tmp_path / "in").rename(tmp_path / "moved")

    said = at_once("qc", take.folder, "--plate", tmp_path / "moved" / path.name, "--json")

    assert said.code == 0
    assert said.documents[-1]["profile"]["name"] == "identity"


def test_a_take_without_a_verdict_is_judged_by_its_jobs_plate(
    server: Server, home: Path, tmp_path: Path, at_once: AtOnce
) -> None:
    take = made(server, home, tmp_path / "out", plate(tmp_path / "in", 2))
    (take.private / "qc.json").unlink()
    shutil.rmtree(tmp_path / "in")

    said = at_once("qc", take.folder, "--frames", "1001")

    assert said.code == 1
    assert "could not judge against the plate" in said.out
    assert "bg.1001.exr" in said.out
    assert "not held" in said.out


def test_a_failed_take_says_so_wherever_it_is_looked_at(
    server: Server, home: Path, tmp_path: Path, at_once: AtOnce
) -> None:
    take = claimed(server, tmp_path / "out", plate(tmp_path / "in", 2))
    carried_out(server, take, home, rules(tmp_path / "site", layout="{ block = -1 }"))

    listed, shown = at_once("takes", tmp_path / "out"), at_once("show", take.folder)

    assert "fail" in listed.out
    assert "1001: not as asked; limit -1 (and 1 more)" in listed.out
    assert "checks      fail" in shown.out
    assert "1002: not as asked" in shown.out


def test_a_run_says_what_failed_and_that_it_is_done(
    address: str, tmp_path: Path, at_once: AtOnce
) -> None:
    path = plate(tmp_path / "in", 7)
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    (profiles / "identity.toml").write_text("[gates]\nlayout = { block = -1 }\n", encoding="utf-8")
    site = tmp_path / "site.toml"
    site.write_text(f"profiles = '{profiles.as_posix()}'\n", encoding="utf-8")

    said = at_once(
        "run",
        "--task",
        "passthrough",
        "--plate",
        path,
        "--server",
        address,
        "--lines",
        env={"ANSWERPRINT_SITE": str(site)},
    )

    assert said.code == 0
    assert "is complete" in said.out
    assert "checks: fail, 7 findings (identity)" in said.out
    assert "never the latest" in said.out
    assert "and 2 more: answerprint qc " in said.out


def test_a_sequence_is_held_against_another(tmp_path: Path, at_once: AtOnce) -> None:
    path = plate(tmp_path / "in", 3)
    other = copied(path, tmp_path / "comp")

    assert at_once("qc", other, "--plate", path).code == 0
    spoil(tmp_path / "comp" / "bg.1003.exr", np.inf)

    said = at_once("qc", other, "--plate", path)

    assert said.code == 1
    assert "1003" in said.out
    assert "profile denoise" in said.out


def test_frames_in_common_are_judged_and_the_difference_is_said(
    tmp_path: Path, at_once: AtOnce
) -> None:
    path = plate(tmp_path / "in", 4)
    other = copied(path, tmp_path / "comp")
    (tmp_path / "comp" / "bg.1002.exr").unlink()
    shutil.copy(tmp_path / "in" / "bg.1001.exr", tmp_path / "comp" / "bg.1009.exr")

    said = at_once("qc", other, "--plate", path, "--json")

    assert [one["frame"] for one in said.documents[:-1]] == [1001, 1003, 1004]
    (found,) = said.last["findings"]
    assert found["gate"] == "complete"
    assert "missing: 1002" in found["words"]
    assert "not asked for: 1009" in found["words"]


def test_a_gap_shows_without_a_plate(tmp_path: Path, at_once: AtOnce) -> None:
    path = plate(tmp_path / "in", 4)
    (tmp_path / "in" / "bg.1003.exr").unlink()

    said = at_once("qc", path)

    assert said.code == 1
    assert "missing: 1003" in said.out
    assert "not held" in said.out


def test_another_window_is_not_as_asked(tmp_path: Path, at_once: AtOnce) -> None:
    path = plate(tmp_path / "in", 1)
    frame = exr.read(tmp_path / "in" / "bg.1001.exr")
    pixels = {name: one[:, :16].copy() for name, one in frame.parts[0].channels.items()}
    save(tmp_path / "comp" / "bg.1001.exr", pixels, dataWindow=window(0, 0, 15, 23),
         displayWindow=window(0, 0, 31, 23))  # fmt: skip

    said = at_once("qc", tmp_path / "comp" / "bg.####.exr", "--plate", path)

    assert said.code == 1
    assert "data window 16x24 instead of 32x24" in said.out


def test_a_frame_that_cannot_be_read_is_a_finding_and_the_others_are_judged(
    tmp_path: Path, at_once: AtOnce
) -> None:
    path = plate(tmp_path / "in", 3)
    other = copied(path, tmp_path / "comp")
    (tmp_path / "comp" / "bg.1002.exr").write_bytes(b"no picture")

    said = at_once("qc", other, "--plate", path, "--json")

    opens = next(one for one in said.last["findings"] if one["gate"] == "opens")
    assert (opens["verdict"], opens["frame"]) == ("fail", 1002)
    assert "is not an OpenEXR file" in opens["words"]
    assert said.last["frames"].keys() == {"1001", "1002", "1003"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("qc", "gone/bg.####.exr"), 3, "The folder of gone/bg.####.exr cannot be read"),
        (("qc", "in/other.####.exr"), 3, "There is no file"),
        (("qc", "in/bg.####.exr", "--frames", "5-9"), 2, "There is no frame to judge"),
        (("qc", "in/bg.####.exr", "--plate", "late/bg.####.exr"), 2, "There is no frame to judge"),
        (("qc", "in/bg.####.exr", "--profile", "denoisse"), 7, "Did you mean 'denoise'"),
        (("qc", "in"), 5, "There is no take at"),
    ],
)
def test_what_cannot_be_judged_is_said(
    tmp_path: Path, at_once: AtOnce, words: tuple[str, ...], code: int, said: str
) -> None:
    plate(tmp_path / "in", 2)
    save(
        tmp_path / "late" / "bg.2001.exr",
        exr.read(tmp_path / "in" / "bg.1001.exr").parts[0].channels,
    )

    found = at_once(*words)

    assert found.code == code
    assert said in found.err
