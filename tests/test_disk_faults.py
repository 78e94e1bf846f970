"""Disks that fill, close or vanish in mid-run: it ends with words, and what is finished stays."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import disks
import numpy as np
import pytest
from command import Answerprint
from midway import at_frame, count, met, of
from samples import (
    AtOnce,
    claimed,
    cut_off,
    ended,
    finish,
    noise,
    plate,
    save,
    until,
)

from answerprint import exr, takes
from answerprint.chunk import Chunk
from answerprint.errors import DiskFull, TakeError
from answerprint.takes import Take
from answerprint.triton import Server

COUNT = 10
# Changes frames as long as it lives: another file under the name, or the same one written over
WRITER = """
import itertools, os, sys
from pathlib import Path

way, *words = sys.argv[1:]
files = [Path(word) for word in words]
versions = [[file.read_bytes(), file.with_suffix(".other").read_bytes()] for file in files]
for turn in itertools.count(1):
    for file, contents in zip(files, versions):
        if way == "replaced":
            aside = file.with_suffix(".new")
            aside.write_bytes(contents[turn % 2])
            os.replace(aside, file)
        else:
            file.write_bytes(contents[turn % 2])
    if turn == 1:
        print("writing", flush=True)
"""


@pytest.fixture(scope="module")
def slow(slow: str) -> Iterator[Server]:
    """Connected to the server whose task 'slow' naps a tenth of a second over each frame."""
    with Server(slow) as server:
        yield server


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


@pytest.fixture
def take(slow: Server, tmp_path: Path) -> Take:
    """A take of ten frames that is to be run."""
    return claimed(slow, tmp_path / "show" / "takes", plate(tmp_path / "plate", COUNT), task="slow")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 4 MiB."""
    with disks.disk(tmp_path / "disk", "4m") as folder:
        yield folder


def close(disk: Path) -> None:
    """Make it read-only, at a moment when no file on it is open for writing."""
    while "busy" in (said := disks.mount("-o", "remount,ro", disk)):
        pass
    assert not said


def fill(disk: Path) -> None:
    """Leave no byte free, whatever the run writes meanwhile."""
    with (disk / "filler").open("wb", buffering=0) as stream, contextlib.suppress(OSError):
        while shutil.disk_usage(disk).free:
            stream.write(bytes(4096))


def remove(folder: Path) -> None:
    """As rm -rf does it, while somebody goes on writing there."""
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)


def resumed(
    answerprint: Answerprint, take: Take, server: Server, act: Callable[[], object]
) -> tuple[int, dict[str, Any]]:
    """A process does the take, and something happens at the third frame; its code and last words."""
    words = ("run", "--resume", take.folder, "--server", server.address, "--json")
    process = answerprint.start(*words)
    until(process, "frame", 3)
    act()
    code, said = ended(process)
    return code, said[-1]


def test_a_disk_that_another_program_fills_ends_the_run_and_nothing_finished_is_lost(
    disk: Path, slow: Server, home: Path, tmp_path: Path, answerprint: Answerprint
) -> None:
    take = claimed(slow, disk, plate(tmp_path / "plate", COUNT), task="slow")

    with pytest.raises(DiskFull, match="No space is left in"):
        met(slow, take, home, at_frame(3, lambda: fill(disk)))

    assert 3 <= len(cut_off(take, home)) < COUNT
    assert take.leases() == {}
    assert not list(take.private.glob("*.exr.part"))
    (disk / "filler").unlink()
    finish(answerprint, take, home, slow.address)
    assert take.unfinished() == set()


def test_a_disk_that_becomes_read_only_ends_the_run_with_its_reason(
    disk: Path, slow: Server, home: Path, tmp_path: Path, answerprint: Answerprint
) -> None:
    take = claimed(slow, disk, plate(tmp_path / "plate", COUNT), task="slow")

    code, last = resumed(answerprint, take, slow, lambda: close(disk))

    assert (code, last["error"]) == (5, "TakeError")
    assert last["problem"].endswith("cannot be written: Read-only file system.")
    said = answerprint("run", "--resume", take.folder, "--server", slow.address, "--json")
    assert (said.code, said.last["error"]) == (5, "TakeError")
    assert "Read-only file system" in said.last["problem"]
    assert 3 <= len(cut_off(take, home)) < COUNT
    assert disks.mount("-o", "remount,rw", disk) == ""
    finish(answerprint, take, home, slow.address)
    assert (take.leases(), take.unfinished()) == ({}, set())


@pytest.mark.parametrize("levels", [0, 1, 3], ids=["take", "name", "show"])
def test_a_take_that_is_removed_in_mid_run_ends_it_and_is_not_made_again(
    levels: int, take: Take, slow: Server, home: Path, tmp_path: Path, answerprint: Answerprint
) -> None:
    folder = [take.folder, *take.folder.parents][levels]

    with pytest.raises(TakeError) as caught:
        met(slow, take, home, at_frame(3, lambda: remove(folder)))

    assert "was removed" in caught.value.problem or "No such file" in caught.value.problem
    assert str(take.folder) in caught.value.problem
    assert not folder.exists()
    said = answerprint("run", "--resume", take.folder, "--server", slow.address, "--json")
    assert (said.code, said.last["error"]) == (5, "TakeError")
    new = claimed(slow, tmp_path / "show" / "takes", tmp_path / "plate" / "bg.####.exr")
    finish(answerprint, new, home, slow.address)


def test_a_frame_does_not_make_its_take_again_after_it_was_removed(take: Take) -> None:
    shutil.rmtree(take.folder)

    with pytest.raises(TakeError, match="No such file"):
        takes.commit_frame(take, 1001)

    assert not take.folder.exists()


def test_a_take_that_is_gone_is_said_to_be_gone_and_not_to_be_another_process(take: Take) -> None:
    with Chunk.open(take, takes.reopen(take), None) as chunk:
        shutil.rmtree(take.folder)

        with pytest.raises(TakeError, match=f"{take.folder} was removed, or its disk is away"):
            chunk.check()


def test_a_take_that_is_moved_in_mid_run_can_be_resumed_where_it_is_now(
    take: Take, slow: Server, home: Path, tmp_path: Path, answerprint: Answerprint
) -> None:
    there = tmp_path / "elsewhere" / take.name / take.label
    there.parent.mkdir(parents=True)

    code, last = resumed(answerprint, take, slow, lambda: take.folder.rename(there))

    assert (code, last["error"]) == (5, "TakeError")
    assert not take.folder.exists()
    assert len(cut_off(Take(there), home)) >= 3
    finish(answerprint, Take(there), home, slow.address)
    assert (Take(there).leases(), Take(there).unfinished()) == ({}, set())


def test_a_plate_that_goes_away_in_mid_run_fails_frame_by_frame_and_goes_on_when_it_is_back(
    take: Take, slow: Server, home: Path, tmp_path: Path, answerprint: Answerprint
) -> None:
    away = tmp_path / "away"

    events = met(slow, take, home, at_frame(3, lambda: (tmp_path / "plate").rename(away)))

    kept = cut_off(take, home)
    failed = of(events, "failed")
    assert len(kept) + len(failed) == COUNT
    assert failed
    assert {one["error"] for one in failed} == {"SourceError"}
    assert all("cannot be read: No such file" in one["problem"] for one in failed)
    assert (events[-1]["state"], take.state()) == ("incomplete", "incomplete")
    away.rename(tmp_path / "plate")
    finish(answerprint, take, home, slow.address)


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def resize(file: Path) -> None:
    save(file, noise(7, width=48, height=48))


@pytest.mark.parametrize("harm", [cut, resize, Path.unlink])
def test_a_frame_that_is_harmed_in_mid_run_fails_alone(
    harm: Callable[[Path], object], take: Take, slow: Server, home: Path, tmp_path: Path,
    answerprint: Answerprint,
) -> None:  # fmt: skip
    file = tmp_path / "plate" / f"bg.{1000 + COUNT}.exr"
    whole = file.read_bytes()

    events = met(slow, take, home, at_frame(1, lambda: harm(file)))

    assert count(events, "frame", "failed") == ([COUNT, 0] if harm is resize else [COUNT - 1, 1])
    file.write_bytes(whole)
    if harm is not resize:
        assert file.name in of(events, "failed")[0]["problem"]
        finish(answerprint, take, home, slow.address)


@pytest.mark.parametrize("way", ["replaced", "written over"])
def test_frames_that_change_while_they_are_read_are_one_version_or_an_error(
    way: str, slow: Server, home: Path, tmp_path: Path, answerprint: Answerprint
) -> None:
    """A program renders over the plate, again and again, as long as the run goes on."""
    path = plate(tmp_path / "plate", COUNT)
    files = sorted((tmp_path / "plate").glob("*.exr"))
    for file in files:
        save(file.with_suffix(".other.exr"), noise(int(file.name[3:7]) + 500))
        file.with_suffix(".other.exr").rename(file.with_suffix(".other"))
    take = claimed(slow, tmp_path / "takes", path)
    versions = {file.name: {digest(file), digest(file.with_suffix(".other"))} for file in files}
    argv = [sys.executable, "-c", WRITER, way, *map(str, files)]
    writer = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        assert writer.stdout
        assert writer.stdout.readline() == "writing\n"
        events = met(slow, take, home)
    finally:
        writer.kill()
        writer.communicate()

    for number, made in take.frames().items():
        assert digest(made) in versions[f"bg.{number}.exr"]
    assert {one["error"] for one in of(events, "failed")} <= {"SourceError"}
    cut_off(take, home)
    for file in files:
        file.write_bytes(file.with_suffix(".other").read_bytes())
    if take.state() != "complete":
        finish(answerprint, take, home, slow.address)


def digest(file: Path) -> tuple[bytes, ...]:
    """The pixels of R, G and B."""
    channels = exr.read(file).parts[0].channels
    return tuple(np.ascontiguousarray(channels[name]).tobytes() for name in "RGB")
