"""Too large for the server or for this machine: smaller pieces, or a refusal with both numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest
from command import Answerprint, Said
from numpy.typing import NDArray
from samples import (
    AtOnce,
    noise,
    own_models,
    own_server,
    peak_memory,
    refused,
    save,
    stand_in,
)

from answerprint import exr
from answerprint.record import extract
from answerprint.takes import Take

MOST = 12_000  # pixels that the small server takes at once: tiles of 64 with what is around them
BLUR = """
around = np.pad(image, ((3, 3), (3, 3), (0, 0)), mode="edge")
rows = sum(around[i : i + image.shape[0]] for i in range(7)) / np.float32(7)
made = sum(rows[:, i : i + image.shape[1]] for i in range(7)) / np.float32(7)
"""
SMALL = f"if image.shape[0] * image.shape[1] > {MOST}:\n    raise MemoryError\n{BLUR}"
TILES = {"mode": "tiles", "tile": 256, "context": 4, "overlap": 3, "tolerance": 1e-6}
WIDTH, HEIGHT = 256, 144


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """host:port of a server with too little memory."""
    folder = tmp_path_factory.mktemp("small")
    models = own_models(folder / "models", ["passthrough"])
    stand_in(models, "small", SMALL, cut=TILES)
    stand_in(models, "large", BLUR, cut={**TILES, "mode": "whole"})
    stand_in(models, "full", "raise MemoryError", cut=TILES)
    stand_in(models, "moody", "if image.max() > 9:\n    raise MemoryError\nmade = image", cut=TILES)
    with own_server(folder / "home", models) as state:
        yield state.address


@pytest.fixture(autouse=True)
def _use_this_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


def floats(folder: Path, count: int = 3) -> Path:
    """32-bit frames, so that nothing hides behind the rounding to half."""
    for number in range(1001, 1001 + count):
        images = noise(number, width=WIDTH, height=HEIGHT)
        image: dict[str, NDArray[Any]] = {k: v.astype(np.float32) for k, v in images.items()}
        save(folder / f"bg.{number}.exr", image)
    return folder / "bg.####.exr"


def run(answerprint: AtOnce, task: str, path: Path) -> tuple[Take, Said]:
    said = answerprint("run", "--task", task, "--plate", path, "--name", task, "--json")
    return Take(answerprint.folder / "takes" / task / "v001"), said


def frames(said: Said, event: str = "frame") -> list[dict[str, Any]]:
    return [one for one in said.documents if one.get("event") == event]


def test_a_frame_too_large_for_the_model_is_done_in_smaller_tiles_and_it_is_said(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    take, said = run(answerprint, "small", floats(tmp_path, 1))

    assert (said.code, said.last["state"]) == (0, "complete"), said
    warnings = [one["warnings"] for one in frames(said)]
    ran_out = "The server ran out of memory in small: out of memory; it is done in tiles of"
    assert warnings == [[f"{ran_out} 128 pixels", f"{ran_out} 64 pixels"]]
    record = extract(exr.read(take.file(1001)))
    assert record
    assert record.cut == "tiles of 64"


def test_what_one_frame_has_found_out_the_later_ones_know(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    take, said = run(answerprint, "small", floats(tmp_path, 8))

    assert said.code == 0, said
    assert {one["cut"] for one in frames(said)} == {"tiles of 64"}
    assert not any(one["warnings"] for one in frames(said)[-3:])
    assert len(take.frames()) == 8


def test_in_tiles_it_is_what_it_would_be_as_a_whole(answerprint: AtOnce, tmp_path: Path) -> None:
    path = floats(tmp_path)
    cut, _ = run(answerprint, "small", path)
    whole, said = run(answerprint, "large", path)

    assert {one["cut"] for one in frames(said)} == {"whole"}
    for number in range(1001, 1004):
        one, other = (exr.read(take.file(number)).parts[0].channels for take in (cut, whole))
        source = exr.read(tmp_path / f"bg.{number}.exr").parts[0].channels
        for name in "RGB":
            assert np.abs(one[name] - other[name]).max() <= TILES["tolerance"]
            assert np.abs(one[name] - source[name]).max() > 1


def test_where_not_even_the_smallest_tile_fits_the_frame_says_why(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    take, said = run(answerprint, "full", floats(tmp_path, 1))

    (failed,) = frames(said, "failed")
    assert (failed["frame"], failed["error"]) == (1001, "ServerOutOfMemory")
    assert failed["problem"].startswith("The server ran out of memory in full")
    assert (said.code, said.last["state"]) == (1, "incomplete")
    assert take.state() == "incomplete"
    assert not take.frames()


def test_a_frame_that_is_too_large_fails_alone_and_the_others_are_made(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    path = floats(tmp_path, 8)
    bright = noise(1, width=WIDTH, height=HEIGHT)
    bright["G"][5, 5] = 10
    save(tmp_path / "bg.1006.exr", bright)

    take, said = run(answerprint, "moody", path)

    assert [one["frame"] for one in frames(said, "failed")] == [1006]
    assert said.code == 1
    assert sorted(take.frames()) == [1001, 1002, 1003, 1004, 1005, 1007, 1008]
    save(tmp_path / "bg.1006.exr", noise(1, width=WIDTH, height=HEIGHT))
    again = answerprint("run", "--resume", take.folder, "--json")
    assert (again.code, again.last["state"]) == (0, "complete"), again
    assert len(take.frames()) == 8


@pytest.fixture(scope="module")
def eight_k(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two frames of 8192x4320, uncompressed so that no time goes into codecs."""
    folder = tmp_path_factory.mktemp("8k")
    row = np.arange(8192, dtype=np.uint16).view(np.float16)[None, :]
    for number in (1001, 1002):
        image = {name: np.ascontiguousarray(row.repeat(4320, 0)) for name in "RGB"}
        facts = {"compression": OpenEXR.NO_COMPRESSION, "owner": f"frame {number}"}
        save(folder / f"bg.{number}.exr", image, **facts)
    return folder / "bg.####.exr"


def test_a_frame_of_8k_stays_within_the_memory_that_is_allowed(
    tmp_path: Path, eight_k: Path
) -> None:
    words = ("--task", "passthrough", "--plate", eight_k, "--memory", "6", "--fresh", "--json")

    used = peak_memory(Answerprint(tmp_path).start("run", *words))

    take = Take(tmp_path / "takes" / "bg_passthrough" / "v001")
    assert take.state() == "complete"
    needs = take.read("job")["resolved"]["memory"]
    assert 1e9 < used < 6e9 < 2 * needs  # two frames at once would not fit
    assert used < needs + 0.3e9  # what was reckoned, and the program itself
    digests = [
        exr.digest(exr.read(one)) for one in (take.file(1001), eight_k.with_name("bg.1001.exr"))
    ]
    assert digests[0] == digests[1]


def test_a_frame_that_does_not_fit_is_refused_with_both_numbers(
    answerprint: AtOnce, tmp_path: Path, eight_k: Path
) -> None:
    words = ("--task", "passthrough", "--plate", eight_k, "--memory", "0.5")

    said = refused(answerprint, "JobError", *words)

    needs, allowed = (float(number) for number in re.findall(r"([\d.]+) GB", said)[:2])
    assert needs > 2
    assert allowed == 0.5
    assert not (tmp_path / "takes").exists()
