"""A plate that cannot be used is refused before a number is taken, in a sentence that names it."""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from command import Answerprint
from samples import AtOnce, change, noise, plate, refused, save, window

from answerprint.header import read_header

Refused = Callable[..., str]


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)


@pytest.fixture
def passed(tmp_path: Path) -> Refused:
    """What is said when a passthrough run is refused, with an error of this name."""
    return functools.partial(run, AtOnce(tmp_path))


def run(answerprint: Answerprint, error: str, path: Path, *words: str | Path) -> str:
    return refused(answerprint, error, "--task", "passthrough", "--plate", path, *words)


def test_missing_frames_are_counted_and_the_first_is_named(passed: Refused, tmp_path: Path) -> None:
    path = plate(tmp_path, 6)
    for number in (1002, 1004, 1005):
        (tmp_path / f"bg.{number}.exr").unlink()

    said = passed("SourceError", path, "--frames", "1001-1006")

    assert f"{path} lacks 3 of the 6 frames asked for, first 1002." in said


def test_a_range_beside_the_plate_names_what_there_is(passed: Refused, tmp_path: Path) -> None:
    path = plate(tmp_path)

    said = passed("JobError", path, "--frames", "1003-1005")

    assert "Frames 1004-1005 lie outside" in said
    assert "1001-1003" in said


def test_a_backwards_range_is_offered_the_right_way_round(passed: Refused, tmp_path: Path) -> None:
    said = passed("JobError", plate(tmp_path), "--frames", "1003-1001")

    assert "'1003-1001' runs backwards" in said
    assert "1001-1003" in said


@pytest.mark.parametrize("frames", ["1001-1003x0", "first-last", "1001-2001001", "", "1001,,1003"])
def test_a_range_that_is_none_is_quoted(frames: str, passed: Refused, tmp_path: Path) -> None:
    said = passed("JobError", plate(tmp_path), f"--frames={frames}")

    assert f"'{frames}'" in said


def test_a_missing_folder_and_a_missing_file_are_named(passed: Refused, tmp_path: Path) -> None:
    path = plate(tmp_path)

    assert str(tmp_path / "nowhere") in passed("SourceError", tmp_path / "nowhere" / path.name)
    assert f"no file {tmp_path}/fg.####.exr" in passed("SourceError", tmp_path / "fg.####.exr")
    assert f"no file {tmp_path}/bg.exr" in passed("SourceError", tmp_path / "bg.exr")


def test_two_places_for_a_frame_number_are_one_too_many(passed: Refused, tmp_path: Path) -> None:
    said = passed("JobError", tmp_path / "bg.####.%04d.exr")

    assert "'bg.####.%04d.exr' holds two places" in said


def deep(path: Path) -> None:
    """Every pixel holds two samples."""
    samples = np.empty((4, 4), dtype=object)
    for at in np.ndindex(4, 4):
        samples[at] = np.ones(2, np.float16)
    facts = {"type": OpenEXR.deepscanline, "compression": OpenEXR.ZIPS_COMPRESSION}
    OpenEXR.File(facts, {"A": samples, "Z": samples}).write(str(path))


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def junk(path: Path) -> None:
    path.write_bytes(b"this is no picture" * 100)


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def lacking_one_byte(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def cut_in_the_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:150])


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_dead_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("gone.exr")


def never_finished(path: Path) -> None:
    """A renderer that died leaves zeros in the table that says where each chunk is."""
    blob, table = bytearray(path.read_bytes()), read_header(path).table
    blob[table : table + 8] = bytes(8)
    path.write_bytes(blob)


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "deep": (deep, "is a deep EXR"),
    "empty": (emptied, "is empty (0 bytes)"),
    "junk": (junk, "is not an OpenEXR file"),
    "halved": (halved, "is cut off"),
    "one byte short": (lacking_one_byte, "is cut off"),
    "cut in the header": (cut_in_the_header, "broken or cut off"),
    "never finished": (never_finished, "1 of its 2 chunks are not written"),
    "a folder": (a_folder, "cannot be read"),
    "a dead link": (a_dead_link, "cannot be read"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_frame_that_cannot_be_read_is_found_in_mid_sequence(
    damage: str, answerprint: Answerprint, tmp_path: Path
) -> None:
    tamper, words = DAMAGES[damage]
    path = plate(tmp_path)
    tamper(tmp_path / "bg.1002.exr")

    said = run(answerprint, "SourceError", path)

    assert f"{tmp_path}/bg.1002.exr" in said
    assert words in said


def test_a_subsampled_frame_is_found_in_mid_sequence(passed: Refused, tmp_path: Path) -> None:
    """The Python module writes none, so the header is told that B has every second pixel."""
    path, file = plate(tmp_path), tmp_path / "bg.1002.exr"
    blob = bytearray(file.read_bytes())
    at = blob.index(b"B\0\1\0\0\0") + 10  # behind the name, the type, pLinear and its padding
    blob[at : at + 8] = struct.pack("<2i", 2, 2)
    file.write_bytes(blob)

    said = passed("SourceError", path)

    assert "B is chroma-subsampled (2x2)" in said
    assert str(file) in said


def test_a_layer_that_is_not_there_is_met_with_those_that_are(
    passed: Refused, tmp_path: Path
) -> None:
    path = plate(tmp_path, 1, ["R", "G", "B", "albedo.R", "albedo.G", "albedo.B"])

    said = passed("SourceError", path, "--layer", "pixels=beauty")

    assert "bg.1001.exr has no layer 'beauty'." in said
    assert "It holds rgba, albedo." in said


def test_a_plate_without_any_fitting_layer_says_what_was_looked_for(
    passed: Refused, tmp_path: Path
) -> None:
    said = passed("SourceError", plate(tmp_path, 1, ["fog.density"]))

    assert "looked for rgba, rgb, beauty" in said
    assert "It holds fog." in said


def test_a_layer_without_the_right_channels_says_which_it_has(
    passed: Refused, tmp_path: Path
) -> None:
    path = plate(tmp_path, 1, [*"RGB", "motion.u", "motion.v"])

    said = passed("SourceError", path, "--layer", "pixels=motion")

    assert "has not the channels RGBA or RGB or YA or Y or R that pixels needs" in said
    assert "It holds motion.u, motion.v." in said


def test_an_input_that_the_task_has_not_is_met_with_a_guess(
    passed: Refused, tmp_path: Path
) -> None:
    said = passed("JobError", plate(tmp_path), "--layer", "pixel=rgba")

    assert "no input 'pixel'. Did you mean 'pixels'?" in said


def test_whole_numbers_are_no_picture(passed: Refused, tmp_path: Path) -> None:
    ids = {f"id.{name}": np.ones((24, 32), np.uint32) for name in "RGB"}
    save(tmp_path / "bg.1001.exr", {**noise(0), **ids})

    said = passed("SourceError", tmp_path / "bg.####.exr", "--layer", "pixels=id")

    assert "Channel id.R of bg.1001.exr (frame 1001) holds whole numbers (uint)" in said


@pytest.mark.parametrize("lost", ["B", "A"])
def test_a_channel_that_is_lost_in_mid_sequence_is_found(
    lost: str, passed: Refused, tmp_path: Path
) -> None:
    """A without B fits no channel set of the task; RGB without A would fit another one."""
    path = plate(tmp_path, 3, "RGBA")
    change(tmp_path / "bg.1002.exr", lambda one: one.parts[0].channels.pop(lost))

    said = passed("SourceError", path)

    assert "bg.1002.exr (frame 1002)" in said


@pytest.fixture
def guided(answerprint: Answerprint, tmp_path: Path) -> Callable[[], str]:
    """What is said when denoising with albedo from files of its own, tmp/guide, is refused."""
    path, guide = plate(tmp_path / "plate"), plate(tmp_path / "guide")
    words = ("--plate", path, "--input", f"albedo={guide}", "--layer", "albedo=rgba")
    return lambda: refused(answerprint, "SourceError", "--task", "denoise", *words)


@pytest.mark.parametrize("frame", [1001, 1003])
def test_an_auxiliary_of_another_size_gives_both_sizes(
    frame: int, guided: Callable[[], str], tmp_path: Path
) -> None:
    save(tmp_path / "guide" / f"bg.{frame}.exr", noise(0, width=16, height=12))

    said = guided()

    assert f"albedo in bg.{frame}.exr (frame {frame}) is 16x12; the plate is 32x24." in said


def test_an_auxiliary_of_another_region_gives_both_places(
    guided: Callable[[], str], tmp_path: Path
) -> None:
    """The same size at another place: pixels would not lie over each other."""
    save(tmp_path / "guide" / "bg.1002.exr", noise(0), dataWindow=window(8, 0, 39, 23))

    said = guided()

    assert "albedo in bg.1002.exr (frame 1002) is 32x24 at 8,0; the plate is 32x24." in said


def test_an_auxiliary_that_lacks_a_frame_is_refused(
    guided: Callable[[], str], tmp_path: Path
) -> None:
    (tmp_path / "guide" / "bg.1002.exr").unlink()

    said = guided()

    assert f"{tmp_path}/guide/bg.####.exr lacks 1 of the 3 frames asked for, first 1002." in said


def test_an_auxiliary_that_was_asked_for_is_never_left_out_in_silence(
    answerprint: Answerprint, tmp_path: Path
) -> None:
    """Given a file for albedo, and no layer in it that looks like albedo: that is no accident."""
    path, guide = plate(tmp_path / "plate"), plate(tmp_path / "guide", names=["fog.density"])

    said = refused(
        answerprint, "SourceError", "--task", "denoise", "--plate", path, "--input",
        f"albedo={guide}",
    )  # fmt: skip

    assert "has no layer for albedo" in said
    assert "It holds fog." in said


def test_under_stop_every_frame_with_nan_or_inf_is_listed(passed: Refused, tmp_path: Path) -> None:
    path = plate(tmp_path, 4)
    for number, value in ((1002, np.nan), (1004, np.inf)):
        channels = noise(number)
        channels["G"][3, 4:6] = value
        save(tmp_path / f"bg.{number}.exr", channels)

    said = passed("SourceError", path, "--non-finite", "stop")

    assert "holds NaN or inf in frame 1002 (2 samples), 1004 (2 samples)." in said
