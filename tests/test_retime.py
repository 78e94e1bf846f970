"""Retimed: frames that are the plate's stay so bit for bit; those between are made, held or said."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest
from command import Said
from numpy.typing import NDArray
from samples import (
    AtOnce,
    Channels,
    carried_out,
    claimed,
    identities,
    reads,
    refused,
    save,
    window,
)

from answerprint import exr, run as engine, signing, takes
from answerprint.header import Attribute, read_header
from answerprint.interrupt import Interrupt
from answerprint.picture import Window, moved, union
from answerprint.record import extract
from answerprint.takes import Take
from answerprint.triton import Server
from answerprint.verify import verify

DISPLAY = (0, 0, 63, 47)
FLOW = ("backward.u", "backward.v", "forward.u", "forward.v")


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


def data(number: int) -> tuple[int, int, int, int]:
    """A window that moves and grows with what is in it, beyond the picture as well."""
    step = number - 1001
    return (3 * step - 7, step - 4, 3 * step + 40, 40 + 2 * step)


def picture(number: int, seed: int) -> Channels:
    """Soft waves that move two pixels a frame, with values far above 1."""
    left, top, right, bottom = data(number)
    y, x = np.mgrid[top : bottom + 1, left : right + 1].astype(np.float32)
    along = (x - 2 * (number - 1001)) / 11
    image = 1 + np.sin(along) * np.cos(y / 9) if seed == 1 else 1 - np.cos(along * 2 + y / 5)
    gains = {"R": 1, "G": 0.5, "B": 30, "A": 0.25}
    return {name: (image * gain).astype(np.float16) for name, gain in gains.items()}


def time_code(number: int) -> Any:
    return OpenEXR.TimeCode(1, 2, 3, number - 1001, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def moving(folder: Path, last: int = 1004, cut: int = 9999) -> Path:
    """Frames from 1001 on; from `cut` on another picture."""
    for number in range(1001, last + 1):
        facts = {
            "dataWindow": window(*data(number)),
            "displayWindow": window(*DISPLAY),
            "timeCode": time_code(number),
            "owner": f"frame {number}",
        }
        save(folder / f"bg.{number}.exr", picture(number, 1 if number < cut else 2), **facts)
    return folder / "bg.####.exr"


def retimed(answerprint: AtOnce, path: Path, *words: str, name: str = "t") -> tuple[Take, Said]:
    if not any(word.startswith("method=") for word in words):
        words = ("--set", "method=blend", *words)
    words = ("--plate", str(path), "--name", name, *words)
    said = answerprint("run", "--task", "retime", *words, "--json")
    assert said.code == 0, said
    return Take(answerprint.folder / "takes" / name / "v001"), said


def is_frame(take: Take, number: int, path: Path, of_plate: int) -> bool:
    """Whether a frame of the take is the plate's: windows, types and every sample."""
    source = exr.read(path.with_name(f"bg.{of_plate}.exr"))
    return exr.digest(exr.read(take.file(number))) == exr.digest(source)


def halfway(path: Path, first: int) -> tuple[Window, dict[str, NDArray[Any]]]:
    """Union window, and the mean of two frames where each is zero beyond its own window."""
    parts = [exr.read(path.with_name(f"bg.{number}.exr")).parts[0] for number in (first, first + 1)]
    whole = union(part.data_window for part in parts)
    images = {}
    for name in "RGBA":
        one, other = (moved(part.channels[name], part.data_window, whole) for part in parts)
        half = np.float32(0.5)
        images[name] = (one.astype(np.float32) * half + other.astype(np.float32) * half).astype(
            np.float16
        )
    return whole, images


def events(said: Said) -> dict[int, dict[str, Any]]:
    return {one["frame"]: one for one in said.documents if one["event"] == "frame"}


def signed(take: Take, home: Path) -> bool:
    keys = signing.trusted_keys([home / "trust"])
    return {one.verdict.value for one in verify(take.folder, keys)} == {"OK"}


def test_half_speed_has_the_plates_frames_and_one_between_each_two(
    answerprint: AtOnce, tmp_path: Path, home: Path
) -> None:
    path = moving(tmp_path)

    take, said = retimed(answerprint, path, "--speed", "0.5")

    assert list(take.frames()) == list(range(1001, 1008))
    for step in range(4):
        assert is_frame(take, 1001 + 2 * step, path, 1001 + step)
        assert events(said)[1001 + 2 * step]["shows"] == 1001 + step
    assert signed(take, home)


def test_between_two_windows_is_the_union_with_zero_outside(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    path = moving(tmp_path)

    take, said = retimed(answerprint, path, "--speed", "0.5")

    for number, first in ((1002, 1001), (1004, 1002), (1006, 1003)):
        made = exr.read(take.file(number)).parts[0]
        whole, images = halfway(path, first)
        assert made.data_window == whole
        assert made.display_window == Window(*DISPLAY)
        assert {name: one.tobytes() for name, one in made.channels.items()} == {
            name: one.tobytes() for name, one in images.items()
        }
        assert "shows" not in events(said)[number]
    (note,) = (one for one in said.documents[0]["notes"] if one.startswith("timing:"))
    assert note.startswith("timing: frames 1001-1007 of the result show 1001-1004 of the plate; ")


@pytest.mark.parametrize("method", ["rife", "dis"])
def test_where_neither_frame_has_pixels_a_network_makes_none(
    method: str, answerprint: AtOnce, tmp_path: Path
) -> None:
    """Two windows far apart: their union is mostly empty, and what is around it never moves in."""
    for number, left in ((1001, 0), (1002, 40)):
        image = {name: np.ones((16, 16), np.float16) for name in "RGBA"}
        facts = {"dataWindow": window(left, 8, left + 15, 23), "displayWindow": window(*DISPLAY)}
        save(tmp_path / f"bg.{number}.exr", image, **facts)

    words = ("--speed", "0.5", "--set", f"method={method}", "--cuts", "none")
    take, _ = retimed(answerprint, tmp_path / "bg.####.exr", *words)

    made = exr.read(take.file(1002)).parts[0]
    assert made.data_window.as_list() == [0, 8, 55, 23]
    for one in made.channels.values():
        assert np.isfinite(one).all()
        assert 0 <= one.min() <= one.max() <= 1.001


@pytest.mark.parametrize(
    ("words", "shows"),
    [
        (("--speed", "1"), {1001: 1001, 1002: 1002, 1003: 1003, 1004: 1004}),
        (("--speed", "2"), {1001: 1001, 1002: 1003}),
        (("--speed", "3"), {1001: 1001, 1002: 1004}),
        (("--frames", "1002-1003", "--speed", "1"), {1002: 1002, 1003: 1003}),
        (("--time", "1:1004,4:1001"), {1: 1004, 2: 1003, 3: 1002, 4: 1001}),
        (("--time", "10:1002,12:1002"), {10: 1002, 11: 1002, 12: 1002}),
        (("--time=-1:1001,0:1002,1:1004",), {-1: 1001, 0: 1002, 1: 1004}),
    ],
)
def test_speeds_curves_backwards_and_freezes_number_the_frames_as_asked(
    words: tuple[str, ...], shows: dict[int, int], answerprint: AtOnce, tmp_path: Path
) -> None:
    path = moving(tmp_path)

    take, _ = retimed(answerprint, path, *words)

    assert list(take.frames()) == list(shows)
    assert all(is_frame(take, number, path, of_plate) for number, of_plate in shows.items())


def test_a_curve_may_end_between_two_frames(answerprint: AtOnce, tmp_path: Path) -> None:
    path = moving(tmp_path)

    take, _ = retimed(answerprint, path, "--time", "1:1001,3:1002.5")

    made = [extract(exr.read(file)) for file in take.frames().values()]
    assert [one.moment for one in made if one] == [1001, 1001.75, 1002.5]
    whole, images = halfway(path, 1002)
    last = exr.read(take.file(3)).parts[0]
    assert last.data_window == whole
    assert all(last.channels[name].tobytes() == images[name].tobytes() for name in "RGBA")


def test_a_moment_outside_the_plate_is_refused(answerprint: AtOnce, tmp_path: Path) -> None:
    words = ("--task", "retime", "--plate", moving(tmp_path), "--time", "1:1001,2:1004.5")

    said = refused(answerprint, "JobError", *words)

    assert "Frame 2 of the result would show 1004.5, outside the plate's 1001-1004." in said


CUT = "a cut lies between 1002 and 1003: 1002 is held"


@pytest.mark.parametrize(("cut", "words"), [(1003, ()), (9999, ("--cuts", "1003"))])
def test_across_a_cut_the_frame_before_is_held_and_it_is_said(
    cut: int, words: tuple[str, ...], answerprint: AtOnce, tmp_path: Path
) -> None:
    """Found in the pictures, or named where nothing in them tells."""
    path = moving(tmp_path, cut=cut)

    take, said = retimed(answerprint, path, "--speed", "0.5", *words)

    assert is_frame(take, 1004, path, 1002)
    assert {number: one["warnings"] for number, one in events(said).items() if one["warnings"]} == {
        1004: [CUT]
    }
    assert not is_frame(take, 1002, path, 1001)
    assert not is_frame(take, 1006, path, 1003)


def test_no_cut_is_seen_where_none_is_to_be_looked_for(answerprint: AtOnce, tmp_path: Path) -> None:
    path = moving(tmp_path, cut=1003)

    take, said = retimed(answerprint, path, "--speed", "0.5", "--cuts", "none")

    _, images = halfway(path, 1002)
    made = exr.read(take.file(1004)).parts[0].channels
    assert all(made[name].tobytes() == images[name].tobytes() for name in "RGBA")
    assert not any(one["warnings"] for one in events(said).values())


def test_motion_is_in_every_frame_and_rests_where_a_frame_is_held(
    answerprint: AtOnce, tmp_path: Path, home: Path
) -> None:
    path = moving(tmp_path, cut=1003)
    words = ("--speed", "0.5", "--set", "flow=on", "--set", "method=dis")

    take, _ = retimed(answerprint, path, *words)

    for number, file in take.frames().items():
        channels = exr.read(file).parts[0].channels
        assert channels.keys() == {*"RGBA", *FLOW}, number
        assert {channels[name].dtype for name in FLOW} == {np.dtype(np.float32)}
        moves = any(channels[name].any() for name in FLOW)
        # 1003 and 1004 stand before the cut, and nothing comes after 1007
        assert moves == (number not in (1003, 1004, 1007)), number
    for number, of_plate in ((1001, 1001), (1003, 1002), (1004, 1002), (1005, 1003), (1007, 1004)):
        shown, source = (
            exr.read(one).parts[0] for one in (take.file(number), tmp_path / f"bg.{of_plate}.exr")
        )
        for name, pixels in source.channels.items():
            same = moved(shown.channels[name], shown.data_window, source.data_window)
            assert same.tobytes() == pixels.tobytes()
    assert signed(take, home)


def test_each_frame_carries_what_is_said_of_the_one_before(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    path = moving(tmp_path)

    take, _ = retimed(answerprint, path, "--speed", "0.5")

    for number, file in take.frames().items():
        before = tmp_path / f"bg.{1001 + (number - 1001) // 2}.exr"
        for name in ("timeCode", "owner", "compression"):
            assert attribute(file, name) == attribute(before, name), number


def attribute(path: Path, name: str) -> Attribute:
    return read_header(path).parts[0][name]


def test_each_file_of_the_plate_is_read_once(tmp_path: Path, server: Server, home: Path) -> None:
    path = moving(tmp_path, 1006)
    fields = {"timing": {"speed": 0.25}, "parameters": {"method": "blend"}}
    take = claimed(server, tmp_path / "out", path, task="retime", **fields)

    with reads() as count:
        carried_out(server, take, home)

        assert take.state() == "complete"
        assert len(take.frames()) == 21
        assert [count(tmp_path / f"bg.{number}.exr") for number in range(1001, 1007)] == [1] * 6


def test_interrupted_it_goes_on_and_what_was_finished_stays(
    answerprint: AtOnce, tmp_path: Path, server: Server, home: Path
) -> None:
    path = moving(tmp_path)
    whole, _ = retimed(answerprint, path, "--speed", "0.25")
    fields = {"timing": {"speed": 0.25}, "parameters": {"method": "blend"}, "reuse": False}
    take = claimed(server, tmp_path / "out", path, task="retime", **fields)

    stopped_after(3, take, server, home)

    kept = identities(take)
    assert 3 <= len(kept) < 13
    said = answerprint("run", "--resume", take.folder, "--json")
    assert said.code == 0, said
    assert said.documents[0]["kept"] == len(kept)
    assert identities(take).items() >= kept.items()
    assert {number: exr.digest(exr.read(file)) for number, file in take.frames().items()} == {
        number: exr.digest(exr.read(file)) for number, file in whole.frames().items()
    }
    assert signed(take, home)


def stopped_after(frames: int, take: Take, server: Server, home: Path) -> None:
    """Run a claimed take, and interrupt it as Ctrl-C does."""
    interrupted = Interrupt()
    keys = signing.trusted_keys([home / "trust"])
    events = engine.run(
        takes.reopen(take), take, server=server, signer=signing.own_signer(home),
        trusted=keys, interrupted=interrupted,
    )  # fmt: skip
    while frames:
        frames -= next(events)["event"] == "frame"
    interrupted.set()
    with pytest.raises(KeyboardInterrupt):
        list(events)


def in_its_take(file: Path, folder: Path) -> Path:
    return file


def taken_out(file: Path, folder: Path) -> Path:
    folder.mkdir()
    return Path(shutil.copy(file, folder / file.name))


@pytest.mark.parametrize("where", [in_its_take, taken_out])
@pytest.mark.parametrize(
    ("frame", "cut", "words"),
    [
        (1002, 9999, ("--set", "method=dis")),
        (1004, 9999, ("--cuts", "1003")),
        (1004, 1003, ()),
        (1002, 9999, ("--cuts", "1003")),
        (1004, 1003, ("--cuts", "none")),
        (1003, 1003, ("--set", "flow=on", "--set", "method=dis")),
        (1004, 1003, ("--set", "flow=on", "--set", "method=dis")),
        (1007, 9999, ("--set", "flow=on", "--set", "method=dis")),
    ],
)
def test_one_frame_alone_is_made_again_the_same(
    frame: int, cut: int, words: tuple[str, ...], where: Callable[[Path, Path], Path],
    answerprint: AtOnce, tmp_path: Path,
) -> None:  # fmt: skip
    take, _ = retimed(answerprint, moving(tmp_path, cut=cut), "--speed", "0.5", *words)

    said = answerprint("rerun", where(take.file(frame), tmp_path / "loose"), "--json")

    assert (said.code, said.last.get("answer")) == (0, "identical"), said
    assert said.last["frames"].keys() == {str(frame)}


def test_a_whole_take_is_made_again_the_same(answerprint: AtOnce, tmp_path: Path) -> None:
    take, _ = retimed(answerprint, moving(tmp_path, cut=1003), "--time", "1:1004,9:1001")

    said = answerprint("rerun", take.folder, "--json")

    assert (said.code, said.last.get("answer")) == (0, "identical"), said
    assert len(said.last["frames"]) == 9
