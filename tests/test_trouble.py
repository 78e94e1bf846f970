"""Trouble in mid-run: a full disk, a broken frame, a server that dies. What is finished stays."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from command import Answerprint
from samples import (
    add_model,
    change,
    claimed,
    cut_off,
    drowsy,
    ended,
    finish,
    noise,
    own_models,
    own_server,
    plate,
    save,
    until,
)

from answerprint import signing
from answerprint.takes import Take
from answerprint.triton import Server

SMALL, LARGE = "size=3m", "size=64m"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB that a run can fill without harm."""
    folder = tmp_path / "disk"
    folder.mkdir()
    problem = mounted("-t", "tmpfs", "-o", SMALL, "tmpfs", folder)
    if problem:
        needed = f"a full disk needs the right to mount a tmpfs (root on Linux): {problem}"
        if os.environ.get("CI") == "true":
            pytest.fail(needed)
        pytest.skip(needed)
    yield folder
    subprocess.run(["umount", folder], check=True)


def mounted(*words: str | Path) -> str:
    """Mount; returns why it did not work, or nothing."""
    program = shutil.which("mount")
    if program is None:
        return "there is no program mount"
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    return done.stderr.strip()


def large_plate(folder: Path, count: int = 10) -> Path:
    """Frames of noise, about half a megabyte each in any lossless codec."""
    for number in range(1001, 1001 + count):
        save(folder / f"bg.{number}.exr", noise(number, "RGBA", width=256, height=256))
    return folder / "bg.####.exr"


def test_a_full_disk_ends_the_run_and_loses_no_finished_frame(
    small_disk: Path, tmp_path: Path, answerprint: Answerprint, address: str, home: Path
) -> None:
    path = large_plate(tmp_path / "plate")

    said = answerprint(
        "run", "--task", "passthrough", "--plate", path, "--out", small_disk, "--server", address,
        "--json",
    )  # fmt: skip

    take = Take(small_disk / "bg_passthrough" / "v001")
    assert (said.code, said.last.get("error")) == (5, "DiskFull")
    assert "No space is left in" in said.last["problem"]
    assert "--resume" in said.last["remedy"]
    assert take.state() == "incomplete"
    assert 0 < len(cut_off(take, home)) < 10
    assert not list(take.private.glob("*.part"))
    assert any(note.startswith("space: ") for note in said.documents[0]["notes"])

    assert mounted("-o", f"remount,{LARGE}", small_disk) == ""
    finish(answerprint, take, home, address)


def test_a_disk_that_is_full_from_the_start_is_said(
    small_disk: Path, tmp_path: Path, answerprint: Answerprint, address: str
) -> None:
    (small_disk / "filler").write_bytes(bytes(shutil.disk_usage(small_disk).free))

    said = answerprint(
        "run", "--task", "passthrough", "--plate", plate(tmp_path / "plate"), "--out", small_disk,
        "--server", address, "--json",
    )  # fmt: skip

    assert (said.code, said.last.get("error")) == (5, "DiskFull")
    assert len(said.documents) == 1
    assert not list(small_disk.rglob("*.exr"))


def cut_off_file(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def lose_a_channel(file: Path) -> None:
    change(file, lambda one: one.parts[0].channels.pop("G"))


def remove(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize("damage", [cut_off_file, lose_a_channel, remove])
def test_a_frame_that_breaks_after_the_check_fails_alone(
    damage: Callable[[Path], None], server: Server, tmp_path: Path, answerprint: Answerprint,
    home: Path,
) -> None:  # fmt: skip
    signing.own_signer(home)
    take = claimed(server, tmp_path / "takes", plate(tmp_path, 6))
    file = tmp_path / "bg.1003.exr"
    whole = file.read_bytes()
    damage(file)

    said = answerprint("run", "--resume", take.folder, "--server", server.address, "--json")

    assert said.code == 1
    assert said.last["state"] == "incomplete"
    assert (said.last["done"], said.last["failed"]) == (5, [1003])
    (failed,) = (one for one in said.documents if one["event"] == "failed")
    assert (failed["frame"], failed["error"]) == (1003, "SourceError")
    assert "bg.1003.exr" in failed["problem"]
    assert len(cut_off(take, home)) == 5
    file.write_bytes(whole)
    finish(answerprint, take, home, server.address)


def names(process: psutil.Process, prefix: str) -> bool:
    return any(word.startswith(prefix) for word in process.info["cmdline"] or [])


def test_a_server_that_dies_ends_the_run_and_another_one_finishes_it(
    tmp_path: Path, answerprint: Answerprint, home: Path
) -> None:
    models = own_models(tmp_path / "models")
    add_model(models, "slow", drowsy)
    with own_server(tmp_path / "first", models) as state:
        process = answerprint.start(
            "run", "--task", "slow", "--plate", plate(tmp_path / "plate", 12), "--name", "test",
            "--server", state.address, "--json",
        )  # fmt: skip
        until(process, "frame", 2)

        os.kill(state.triton, signal.SIGKILL)
        code, said = ended(process)
    assert not [one for one in psutil.process_iter(["cmdline"]) if names(one, state.prefix)]

    take = Take(tmp_path / "takes" / "test" / "v001")
    (error,) = (one for one in said if "event" not in one)
    assert (code, error["error"]) == (4, "ServerAway")
    assert f"No server answers at {state.address}." in error["problem"]
    assert said[-1] == error
    assert {one["error"] for one in said if one.get("event") == "failed"} <= {"ServerAway"}
    assert take.state() == "incomplete"
    assert 2 <= len(cut_off(take, home)) < 12
    with own_server(tmp_path / "second", models) as state:
        finish(answerprint, take, home, state.address)
