"""Plates: a sequence on disk, in every spelling the field uses, and never another's frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import assume, given, settings, strategies as st
from strategies import attempt, scratch

from answerprint.errors import JobError, SourceError
from answerprint.frames import FrameRange
from answerprint.plate import Plate, check_frames, frame_in_name

SPELLINGS: dict[str, Callable[[int], str]] = {
    "hashes": lambda padding: "#" * padding,
    "ats": lambda padding: "@" * padding,
    "printf": lambda padding: f"%0{padding}d",
    "houdini": lambda padding: f"$F{padding}",
}

# Pieces of file names without a token in them, digits and umlauts included
pieces = st.text("abcXYZ0159._- +()[]äø世", max_size=12)
spellings = st.sampled_from(sorted(SPELLINGS))


def made(folder: Path, names: Iterable[str]) -> Path:
    for name in names:
        (folder / name).touch()
    return folder


def refused(text: str) -> JobError:
    with pytest.raises(JobError) as caught:
        Plate.parse(text)
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    ("name", "padding"),
    [
        ("bg.####.exr", 4),
        ("bg.@@@@.exr", 4),
        ("bg.%04d.exr", 4),
        ("bg.$F4.exr", 4),
        ("bg.#.exr", 1),
        ("bg.@.exr", 1),
        ("bg.%d.exr", 1),
        ("bg.$F.exr", 1),
        ("bg.%4d.exr", 4),
        ("bg.%010d.exr", 10),
        ("bg.######.exr", 6),
        ("bg.exr", None),
        ("bg.1001.exr", None),
    ],
)
def test_a_plate_is_read_in_every_spelling(name: str, padding: int | None) -> None:
    plate = Plate.parse(f"/show/shot/{name}")

    assert plate.folder == Path("/show/shot")
    assert plate.padding == padding
    if padding is not None:
        assert (plate.head, plate.tail) == ("bg.", ".exr")
        assert plate.name(1001) == f"bg.{1001:0{padding}d}.exr"


@settings(max_examples=200, deadline=None)
@given(pieces, pieces, spellings, st.integers(1, 9), st.integers(-9999, 999_999_999))
def test_the_file_that_a_frame_names_is_found_as_that_frame(
    head: str, tail: str, spelling: str, padding: int, frame: int
) -> None:
    assume(spelling != "houdini" or not tail[:1].isdigit())  # $F4 and 2 is $F42
    with scratch() as folder:
        plate = Plate.parse(f"{folder}/{head}{SPELLINGS[spelling](padding)}{tail}.exr")
        made(folder, [plate.name(frame)])

        assert list(plate.on_disk()) == [frame]
        assert plate.file(frame).exists()


@pytest.mark.parametrize("padding", [10, 12, 20])
def test_a_padding_of_more_than_nine_digits_finds_its_frames(tmp_path: Path, padding: int) -> None:
    plate = Plate.parse(f"{tmp_path}/bg.{'#' * padding}.exr")
    made(tmp_path, [plate.name(1001), plate.name(-5)])

    assert list(plate.on_disk()) == [-5, 1001]


@settings(max_examples=100, deadline=None)
@given(pieces, pieces, spellings, st.integers(1, 12))
def test_a_plate_that_is_spelled_is_read_back_the_same(
    head: str, tail: str, spelling: str, padding: int
) -> None:
    assume(spelling != "houdini" or not tail[:1].isdigit())
    plate = Plate.parse(f"shot/{head}{SPELLINGS[spelling](padding)}{tail}.exr")

    assert Plate.parse(str(plate)) == plate


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 99_999))
def test_another_padding_is_another_plate(one: int, other: int, frame: int) -> None:
    mine = Plate.parse(f"bg.{'#' * one}.exr")
    others = Plate.parse(f"bg.{'#' * other}.exr").name(frame)
    assume(mine.name(frame) != others)
    with scratch() as folder:
        made(folder, [others])

        with pytest.raises(SourceError):
            Plate.parse(f"{folder}/{mine}").on_disk()


def test_files_that_only_look_alike_are_left_out(tmp_path: Path) -> None:
    made(tmp_path, ["bg.1001.exr", "bg.01001.exr", "bg.001.exr", "bg.12345.exr", "bg.-0002.exr"])
    made(tmp_path, ["bg.1002.exr.part", "bg.1003.jpg", "xbg.1004.exr", "bg.10a5.exr", "bg..exr"])
    made(tmp_path, ["bg.1006.1.exr", "BG.1007.exr", "bg.-0000.exr", "bg.+008.exr", "bg.١٠٠٩.exr"])

    assert list(Plate.parse(f"{tmp_path}/bg.####.exr").on_disk()) == [-2, 1001, 12345]


@pytest.mark.parametrize(
    "name",
    ["bg.####.####.exr", "bg_%04d.####.exr", "v#.####.exr", "$F.$F4.exr", "##@@", "%d%d.exr"],
)
def test_two_frame_numbers_in_one_name_are_refused(name: str) -> None:
    error = refused(f"plates/{name}")

    assert name in error.problem
    assert "two places" in error.problem


@pytest.mark.parametrize("text", ["", "/", ".", "./"])
def test_a_path_without_a_file_is_refused(text: str) -> None:
    error = refused(text)

    assert "names no file" in error.problem
    assert "####" in error.remedy


def test_a_token_in_a_folder_is_a_part_of_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "take#1"
    folder.mkdir()
    made(folder, ["bg.1001.exr"])

    assert list(Plate.parse(f"{folder}/bg.####.exr").on_disk()) == [1001]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone/bg\.####\.exr.*No such file") as caught:
        Plate.parse(f"{tmp_path}/gone/bg.%04d.exr").on_disk()

    assert "mounted" in caught.value.remedy


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    made(tmp_path, ["plates"])

    with pytest.raises(SourceError, match="Not a directory"):
        Plate.parse(f"{tmp_path}/plates/bg.####.exr").on_disk()


@pytest.mark.parametrize("name", ["bg.####.exr", "bg.exr"])
def test_a_folder_without_a_frame_of_the_plate_is_named(tmp_path: Path, name: str) -> None:
    made(tmp_path, ["fg.1001.exr"])

    with pytest.raises(SourceError, match=f"There is no file .*{name}"):
        Plate.parse(f"{tmp_path}/{name}").on_disk()


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("bg.1001.exr", 1001),
        ("bg_0042.exr", 42),
        ("bg-7.exr", 7),
        ("bg.-5.exr", -5),
        ("1001.exr", 1001),
        ("bg.exr", 1),
        ("bg_v003.exr", 1),
        ("bg.1001.beauty.exr", 1),
    ],
)
def test_a_still_has_the_number_in_its_name_or_one(tmp_path: Path, name: str, frame: int) -> None:
    still = Plate.parse(f"{made(tmp_path, [name])}/{name}")

    assert still.is_still
    assert list(still.on_disk()) == [frame]
    assert still.name(999) == name
    assert frame_in_name(name, otherwise=1) == frame


def test_missing_frames_are_counted_and_the_first_is_named() -> None:
    plate, wanted = Plate.parse("plates/bg.####.exr"), FrameRange.parse("1001-1100")
    found = FrameRange.parse("1001-1041,1044-1059,1061-1100")

    with pytest.raises(SourceError) as caught:
        check_frames(plate, wanted, found)

    assert caught.value.problem == (
        "plates/bg.####.exr lacks 3 of the 100 frames asked for, first 1042."
    )


def test_frames_outside_the_plate_are_a_fault_of_the_job() -> None:
    plate, found = Plate.parse("plates/bg.####.exr"), FrameRange.parse("1001-1010")

    with pytest.raises(JobError, match="2001-2010 lie outside plates/bg") as caught:
        check_frames(plate, FrameRange.parse("2001-2010"), found)

    assert "1001-1010" in caught.value.remedy


def test_frames_that_are_all_there_pass() -> None:
    found = FrameRange.parse("1001-1010")

    check_frames(Plate.parse("bg.####.exr"), FrameRange.parse("1002-1008x3"), found)
    check_frames(Plate.parse("bg.exr"), FrameRange.parse("1-99"), FrameRange.of([1]))


@given(st.sets(st.integers(1, 30), min_size=1), st.sets(st.integers(1, 30), min_size=1))
def test_frames_pass_only_if_none_is_missing(wanted: set[int], found: set[int]) -> None:
    plate = Plate.parse("bg.####.exr")
    asked, there = FrameRange.of(wanted), FrameRange.of(found)

    if wanted <= found:
        check_frames(plate, asked, there)
        return
    with pytest.raises((JobError, SourceError)) as caught:
        check_frames(plate, asked, there)
    assert str(min(wanted - found)) in caught.value.problem


def test_a_path_is_spelled_with_forward_slashes_and_hashes() -> None:
    assert str(Plate.parse("shot/plates/bg.$F4.exr")) == "shot/plates/bg.####.exr"
    assert str(Plate.parse("shot/plates/bg.%d.exr")) == "shot/plates/bg.#.exr"
    assert str(Plate.parse("shot/bg.exr")) == "shot/bg.exr"


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.text("ab#@%$F0d4./", max_size=12)))
def test_any_text_is_a_plate_or_a_job_error(text: str) -> None:
    plate = attempt(Plate.parse, text)

    if isinstance(plate, JobError):
        assert plate.remedy
    else:
        assert Plate.parse(str(plate)) == plate


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(), st.just("a\0b/bg.####.exr"), st.just("x" * 5000 + "/bg.exr")))
def test_looking_for_any_plate_on_disk_finds_frames_or_says_why_not(text: str) -> None:
    plate = attempt(Plate.parse, text)
    found = attempt(plate.on_disk) if isinstance(plate, Plate) else plate

    assert isinstance(found, (FrameRange, SourceError, JobError))
