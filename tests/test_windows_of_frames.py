"""A model that sees the frames around: the right ones, also at the ends, each file read once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from samples import (
    AtOnce,
    carried_out,
    claimed,
    made,
    noise,
    own_models,
    own_server,
    plate,
    reads,
    refused,
    save,
    stand_in,
    window,
)

from answerprint import exr
from answerprint.picture import moved
from answerprint.record import extract
from answerprint.triton import Server

MEAN = "made = image.mean(0)"
CUT = {"mode": "whole", "before": 1, "after": 2}
COUNT = 6
LAST = 1000 + COUNT


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """host:port of a server whose models see one frame before and two after."""
    folder = tmp_path_factory.mktemp("around")
    models = own_models(folder / "models", ["passthrough"])
    stand_in(models, "clamped", MEAN, cut={**CUT, "ends": "clamp"})
    stand_in(models, "mirrored", MEAN, cut={**CUT, "ends": "mirror"})
    tiles = {"mode": "tiles", "tile": 64, "context": 8, "overlap": 4}
    stand_in(models, "tiled", MEAN, cut={**CUT, **tiles})
    # sees its own place alone: what is around must not matter
    stand_in(models, "middle", "made = image[1]", cut={**CUT, "ends": "clamp"})
    with own_server(folder / "home", models) as state:
        yield state.address


@pytest.fixture(autouse=True)
def _use_this_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)


def clamp(frame: int) -> int:
    return min(max(frame, 1001), LAST)


def mirror(frame: int) -> int:
    return 2002 - frame if frame < 1001 else 2 * LAST - frame if frame > LAST else frame


def mean(path: Path, frames: list[int]) -> dict[str, NDArray[Any]]:
    """numpy's mean over these frames, as the plate's half."""
    parts = [exr.read(path.with_name(f"bg.{frame}.exr")).parts[0].channels for frame in frames]
    return {
        name: np.stack([one[name].astype(np.float32) for one in parts]).mean(0).astype(np.float16)
        for name in parts[0]
    }


def is_picture(file: Path, wanted: dict[str, NDArray[Any]]) -> bool:
    found = exr.read(file).parts[0].channels
    return all(found[name].tobytes() == one.tobytes() for name, one in wanted.items())


@pytest.mark.parametrize(
    ("task", "end"), [("clamped", clamp), ("mirrored", mirror), ("tiled", clamp)]
)
def test_each_frame_is_made_of_those_around_it(
    task: str, end: Any, tmp_path: Path, server: Server, home: Path
) -> None:
    for number in range(1001, LAST + 1):
        save(tmp_path / f"bg.{number}.exr", noise(number, width=160, height=90))
    path = tmp_path / "bg.####.exr"

    take = made(server, home, tmp_path / "out", path, task=task)

    assert list(take.frames()) == list(range(1001, LAST + 1))
    for number, file in take.frames().items():
        around = [end(frame) for frame in range(number - 1, number + 3)]
        assert is_picture(file, mean(path, around)), (number, around)
        record = extract(exr.read_structure(file))
        assert record
        assert [one.frame for one in record.inputs] == around


def test_of_some_frames_asked_for_the_ends_are_still_those_of_the_plate(
    tmp_path: Path, server: Server, home: Path
) -> None:
    path = plate(tmp_path, COUNT)

    take = made(server, home, tmp_path / "out", path, task="clamped", frames="1003")

    assert list(take.frames()) == [1003]
    assert is_picture(take.file(1003), mean(path, [1002, 1003, 1004, 1005]))


def test_what_lies_around_is_seen_in_the_frames_own_window(
    tmp_path: Path, server: Server, home: Path
) -> None:
    """Windows differ: each frame's result has its own, and its neighbours are zero outside theirs."""
    corners = {n: (3 * (n % 3) - 5, -(n % 2), 30 + n % 4, 20 + n % 5) for n in range(1001, 1005)}
    for number, (left, top, right, bottom) in corners.items():
        channels = noise(number, width=right - left + 1, height=bottom - top + 1)
        data, display = window(left, top, right, bottom), window(0, 0, 31, 23)
        save(tmp_path / f"bg.{number}.exr", channels, dataWindow=data, displayWindow=display)

    take = made(server, home, tmp_path / "out", tmp_path / "bg.####.exr", task="clamped")

    parts = {n: exr.read(tmp_path / f"bg.{n}.exr").parts[0] for n in corners}
    for number, file in take.frames().items():
        part = exr.read(file).parts[0]
        own = parts[number].data_window
        assert part.data_window == own
        around = [min(max(n, 1001), 1004) for n in range(number - 1, number + 3)]
        for name in "RGB":
            seen = [moved(parts[n].channels[name], parts[n].data_window, own) for n in around]
            wanted = np.stack(seen).astype(np.float32).mean(0).astype(np.float16)
            assert part.channels[name].tobytes() == wanted.tobytes(), (number, name)


def test_all_but_the_picture_is_that_of_the_frame_itself(
    tmp_path: Path, server: Server, home: Path
) -> None:
    for number in range(1001, 1005):
        channels = noise(number, [*"RGB", "Z"])
        save(tmp_path / f"bg.{number}.exr", channels, owner=f"frame {number}")

    take = made(server, home, tmp_path / "out", tmp_path / "bg.####.exr", task="middle")

    for number, file in take.frames().items():
        source = exr.read(tmp_path / f"bg.{number}.exr")
        assert exr.digest(exr.read(file)) == exr.digest(source)
        assert exr.read(file).attribute("owner") == f"frame {number}"


def test_each_file_is_read_once(tmp_path: Path, server: Server, home: Path) -> None:
    path = plate(tmp_path, 10)
    take = claimed(server, tmp_path / "out", path, task="clamped")

    with reads() as count:
        carried_out(server, take, home)

        assert take.state() == "complete"
        assert [count(tmp_path / f"bg.{number}.exr") for number in range(1001, 1011)] == [1] * 10


@pytest.mark.parametrize("frames", [None, "1003", "1004", "1006"])
def test_a_hole_beside_a_frame_is_said_before_a_number_is_taken(
    frames: str | None, tmp_path: Path
) -> None:
    path = plate(tmp_path, 8)
    (tmp_path / "bg.1005.exr").unlink()
    words = ("--frames", frames) if frames else ()

    said = refused(AtOnce(tmp_path), "SourceError", "--task", "clamped", "--plate", path, *words)

    assert "bg.####.exr lacks frame 1005, which clamped looks at" in said


def test_away_from_the_hole_all_is_well(tmp_path: Path, server: Server, home: Path) -> None:
    path = plate(tmp_path, 8)
    (tmp_path / "bg.1005.exr").unlink()

    take = made(server, home, tmp_path / "out", path, task="clamped", frames="1001-1002,1007")

    assert is_picture(take.file(1002), mean(path, [1001, 1002, 1003, 1004]))
    assert is_picture(take.file(1007), mean(path, [1006, 1007, 1008, 1008]))


def test_one_frame_alone_is_a_plate_of_one(tmp_path: Path, server: Server, home: Path) -> None:
    path = plate(tmp_path, 1)

    for task in ("clamped", "mirrored"):
        take = made(server, home, tmp_path / "out", path, task=task)
        assert is_picture(take.file(1001), mean(path, [1001, 1001, 1001, 1001]))


def test_a_frame_that_left_its_take_is_made_again_of_those_around_it(tmp_path: Path) -> None:
    answerprint = AtOnce(tmp_path)
    words = ("--task", "clamped", "--plate", plate(tmp_path, 4), "--name", "t", "--json")
    assert answerprint("run", *words).code == 0
    lost = shutil.copy(tmp_path / "takes" / "t" / "v001" / "t_v001.1002.exr", tmp_path / "lost.exr")

    said = answerprint("rerun", lost, "--json")

    assert (said.code, said.last.get("answer")) == (0, "identical"), said
    assert said.last["frames"].keys() == {"1002"}


def test_a_neighbour_that_was_changed_is_no_equal_work(tmp_path: Path) -> None:
    answerprint = AtOnce(tmp_path)
    path = plate(tmp_path, 6)
    words = ("--task", "clamped", "--plate", path, "--name", "t", "--json")
    assert answerprint("run", *words).code == 0

    save(tmp_path / "bg.1006.exr", noise(7))
    said = answerprint("run", *words)

    assert said.code == 0, said
    frames = [one for one in said.documents if one["event"] == "frame"]
    copied = {one["frame"] for one in frames if "copied_from" in one}
    assert copied == {1001, 1002, 1003}
