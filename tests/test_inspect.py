"""What a plate is can be asked with no server, of a broken plate as well: what can be told is told."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest
from command import Answerprint
from samples import AtOnce, noise, plate, save, save_parts, window

from answerprint.errors import JobError, SourceError
from answerprint.inspection import MOST_GAPS

Document = dict[str, Any]
PLATES = Path(__file__).parents[1] / "install" / "plates" / "denoise"


@pytest.fixture(autouse=True)
def _no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", "127.0.0.1:1")
    monkeypatch.delenv("OCIO", raising=False)


def inspected(folder: Path, path: Path | str, *words: str) -> Document:
    said = AtOnce(folder)("inspect", path, *words, "--json")
    assert said.code == 0, said
    assert len(said.documents) == 1
    return said.last


def test_a_plate_is_told_whole(tmp_path: Path) -> None:
    found = inspected(tmp_path, PLATES / "noisy.%04d.exr")

    assert found["path"] == (PLATES / "noisy.####.exr").as_posix()
    assert (found["title"], found["still"], found["problems"]) == ("noisy", False, [])
    assert (found["frames"], found["first"], found["last"], found["count"]) == (
        "1001-1008", 1001, 1008, 8,
    )  # fmt: skip
    assert (found["width"], found["height"], found["aspect"], found["window"]) == (
        480, 270, 1.0, None,
    )  # fmt: skip
    assert found["layers"] == {
        "rgba": ["R", "G", "B"], "albedo": ["R", "G", "B"], "normal": ["X", "Y", "Z"],
    }  # fmt: skip
    assert (found["type"], found["compression"], found["views"]) == ("half", "zip", [])
    assert found["colour"] == {"space": "ACEScg", "source": "assumed"}
    assert (found["missing"], found["frame"]) == ("", 1001)


def test_levels_are_those_of_the_picture_without_its_alpha(tmp_path: Path) -> None:
    channels = noise(3, "RGBA")
    channels["A"][:] = 9
    channels["G"][5, 6], channels["B"][2, 2], channels["R"][0, 0] = np.nan, -0.5, 7.25
    save(tmp_path / "bg.1001.exr", {**channels, "N.X": channels["A"]})

    found = inspected(tmp_path, tmp_path / "bg.####.exr")

    assert found["levels"] == {
        "layer": "rgba", "least": -0.5, "greatest": 7.25, "nan": 1, "inf": 0,
    }  # fmt: skip
    assert found["layers"]["rgba"] == ["R", "G", "B", "A"]


def test_frames_that_lack_are_named(tmp_path: Path) -> None:
    path = plate(tmp_path, 9)
    for number in (1002, 1005, 1006):
        (tmp_path / f"bg.{number}.exr").unlink()

    found = inspected(tmp_path, path)

    assert (found["count"], found["missing"]) == (6, "1002,1005-1006")


def test_a_date_in_the_place_of_a_frame_is_no_plate_of_twenty_million(tmp_path: Path) -> None:
    save(tmp_path / "bg.1.exr", noise(1))
    save(tmp_path / "bg.20241128.exr", noise(2))

    tracemalloc.start()
    found = inspected(tmp_path, tmp_path / "bg.#.exr")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (found["count"], found["missing"]) == (2, "2-20241127")
    assert most < 64 << 20


def test_of_many_gaps_the_first_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    for number in range(1, 3 * (MOST_GAPS + 3), 3):
        (tmp_path / f"bg.{number:04d}.exr").touch()

    missing = inspected(tmp_path, tmp_path / "bg.####.exr")["missing"]

    assert missing.startswith("2-3,5-6,8-9,")
    assert missing.endswith("35-36 and 2 more gaps")


@pytest.mark.parametrize(
    ("corners", "words"),
    [
        ((4, 2, 35, 25), "32x24 at 4,2, covers a part of the frame"),
        ((-2, -2, 29, 21), "32x24 at -2,-2, reaches beyond the frame"),
    ],
)
def test_a_data_window_of_its_own_is_told_in_words(
    corners: tuple[int, int, int, int], words: str, tmp_path: Path
) -> None:
    windows = {"dataWindow": window(*corners), "displayWindow": window(0, 0, 39, 29)}
    save(tmp_path / "bg.exr", noise(1), **windows, pixelAspectRatio=2.0)

    found = inspected(tmp_path, tmp_path / "bg.exr")

    assert found["window"] == words
    assert (found["width"], found["height"], found["aspect"]) == (40, 30, 2.0)
    assert (found["still"], found["frames"]) == (True, "1")


def test_views_are_told_from_the_file_and_from_the_path(tmp_path: Path) -> None:
    both = [
        ({"name": f"rgba.{view}", "view": view, "compression": OpenEXR.ZIP_COMPRESSION}, noise(1))
        for view in ("left", "right")
    ]
    save_parts(tmp_path / "one" / "bg.1001.exr", *both)
    for view in ("left", "right"):
        save(tmp_path / view / f"bg_{view}.1001.exr", noise(1))

    together = inspected(tmp_path, tmp_path / "one" / "bg.####.exr")
    apart = inspected(tmp_path, tmp_path / "%V" / "bg_%V.####.exr")

    assert together["views"] == apart["views"] == ["left", "right"]
    assert list(together["layers"]) == ["rgba"]
    assert apart["path"] == (tmp_path / "%V" / "bg_%V.####.exr").as_posix()


def test_the_hosts_colour_space_is_taken_and_a_strange_one_is_a_problem(tmp_path: Path) -> None:
    path = plate(tmp_path, 1)

    one = inspected(tmp_path, path, "--colour", "acescct", "--said-by", "nuke")
    other = inspected(tmp_path, path, "--colour", "Kodak")

    assert one["colour"] == {"space": "ACEScct", "source": "said by nuke"}
    assert other["colour"] is None
    assert [problem["error"] for problem in other["problems"]] == ["JobError"]
    assert other["layers"], "all else is told"
    assert other["levels"]


def test_without_pixels_no_pixel_is_decoded(tmp_path: Path) -> None:
    """A chunk that is damaged inside is only found out by decoding it."""
    path = plate(tmp_path, 1)
    file = tmp_path / "bg.1001.exr"
    raw = bytearray(file.read_bytes())
    raw[-200:-100] = bytes(100)
    file.write_bytes(raw)

    quick = inspected(tmp_path, path, "--headers")
    whole = Answerprint(tmp_path)("inspect", path, "--json").last  # OpenEXR prints of its own

    assert (quick["levels"], quick["problems"]) == (None, [])
    assert whole["levels"] is None
    assert "is damaged" in whole["problems"][0]["problem"]
    assert whole["layers"] == quick["layers"]


BROKEN = {"empty": b"", "no EXR": b"GIF89a", "cut off": struct.pack("<II", 20000630, 2)}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_of_a_plate_with_a_broken_frame_the_rest_is_told(content: bytes, tmp_path: Path) -> None:
    path = plate(tmp_path, 3)
    (tmp_path / "bg.1001.exr").write_bytes(content)

    found = inspected(tmp_path, path)

    assert (found["frame"], found["width"], found["count"]) == (1002, 32, 3)
    assert [problem["error"] for problem in found["problems"]] == ["SourceError"]
    assert "bg.1001.exr" in found["problems"][0]["problem"]


def test_of_a_plate_that_is_broken_all_through_its_frames_are_told(tmp_path: Path) -> None:
    for number in range(1001, 1011):
        (tmp_path / f"bg.{number}.exr").touch()

    found = inspected(tmp_path, tmp_path / "bg.####.exr")
    said = AtOnce(tmp_path)("inspect", tmp_path / "bg.####.exr")

    assert (found["frames"], found["width"], found["layers"]) == ("1001-1010", None, {})
    assert len(found["problems"]) == 3, "a folder full of broken files is not read through"
    assert "1001-1010, 10 frames" in said.out
    assert len(said.err.splitlines()) == 6


def test_where_nothing_can_be_told_it_is_an_error(tmp_path: Path) -> None:
    said = AtOnce(tmp_path)("inspect", tmp_path / "bg.####.exr", "--json")

    assert (said.code, said.last["error"]) == (SourceError.exit_code, "SourceError")


def test_outside_of_the_allowed_folders_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site.toml").write_text('roots = ["/shows"]\n', encoding="utf-8")
    monkeypatch.setenv("ANSWERPRINT_SITE", str(tmp_path / "site.toml"))
    path = plate(tmp_path, 1)

    said = AtOnce(tmp_path)("inspect", path, "--json")

    assert (said.code, said.last["error"]) == (JobError.exit_code, "JobError")
    assert "lies outside the allowed folders" in said.last["problem"]


def test_numbers_alone_are_no_picture_and_have_no_levels(tmp_path: Path) -> None:
    channels = {f"N.{letter}": one for letter, one in noise(1, "XYZ").items()}
    save(tmp_path / "n.1001.exr", channels)

    found = inspected(tmp_path, tmp_path / "n.####.exr")

    assert (found["levels"], found["problems"]) == (None, [])
    assert found["layers"] == {"N": ["X", "Y", "Z"]}


def test_of_ten_thousand_frames_one_is_opened(tmp_path: Path) -> None:
    """The others are told by their names: here they are not even files that could be read."""
    save(tmp_path / "bg.1001.exr", noise(1))
    for number in range(1002, 11_001):
        (tmp_path / f"bg.{number}.exr").symlink_to("nowhere")

    found = inspected(tmp_path, tmp_path / "bg.####.exr")

    assert (found["frames"], found["count"], found["problems"]) == ("1001-11000", 10_000, [])
