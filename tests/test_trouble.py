"""Trouble in mid-run: a full disk, a broken frame, a server that dies. What is finished stays."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command import Answerprint
from disks import disk, mount
from midway import count, met, of
from processes import rings
from samples import (
    AtOnce,
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
from answerprint.signing import Signer
from answerprint.takes import Take
from answerprint.triton import Server
from answerprint_server import embedded

SMALL, LARGE = "3m", "64m"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB that a run can fill without harm."""
    with disk(tmp_path / "disk", SMALL) as folder:
        yield folder


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


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

    assert mount("-o", f"remount,size={LARGE}", small_disk) == ""
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


def killed_for_good(state: embedded.Running) -> None:
    for pid in (state.pid, state.triton):
        os.kill(pid, signal.SIGKILL)


def begun(answerprint: Answerprint, path: Path, address: str) -> subprocess.Popen[str]:
    """A run of frames that take a tenth of a second each; it waits two seconds for its server."""
    process = answerprint.start(
        "run", "--task", "slow", "--plate", path, "--name", "test", "--server", address,
        "--patience", "2", "--json",
    )  # fmt: skip
    until(process, "frame", 2)
    return process


@pytest.fixture
def first(tmp_path: Path) -> Iterator[embedded.Running]:
    """A server that a test may kill for good, with its task 'slow'."""
    models = own_models(tmp_path / "models", ["passthrough"])
    add_model(models, "slow", drowsy)
    with own_server(tmp_path / "first", models) as state:
        yield state
    embedded.clear_orphans(tmp_path / "first")


def test_a_server_that_is_gone_for_good_ends_the_run_once_and_another_one_finishes_it(
    first: embedded.Running, tmp_path: Path, answerprint: Answerprint, home: Path
) -> None:
    process = begun(answerprint, plate(tmp_path / "plate", 12), first.address)

    killed_for_good(first)
    code, said = ended(process)

    take = Take(tmp_path / "takes" / "test" / "v001")
    (error,) = (one for one in said if "event" not in one)
    assert (code, error["error"]) == (4, "ServerAway")
    assert f"No server answers at {first.address}." in error["problem"]
    assert said[-1] == error
    assert count(take.events(), "waiting", "back") == [1, 0]
    assert {one["error"] for one in said if one.get("event") == "failed"} <= {"ServerAway"}
    assert take.state() == "incomplete"
    assert 2 <= len(cut_off(take, home)) < 12
    with own_server(tmp_path / "second", Path(first.models)) as state:
        finish(answerprint, take, home, state.address)


def test_a_run_that_waits_for_a_dead_server_is_cancelled_at_once_and_leaves_no_memory(
    first: embedded.Running, tmp_path: Path, answerprint: Answerprint, home: Path
) -> None:
    process = begun(answerprint, plate(tmp_path / "plate", 12), first.address)
    slots = rings(process)
    killed_for_good(first)
    until(process, "waiting")

    process.send_signal(signal.SIGINT)
    code, said = ended(process)

    take = Take(tmp_path / "takes" / "test" / "v001")
    assert (code, said[-1]["problem"]) == (130, "Interrupted.")
    assert take.events()[-1]["state"] == "cancelled"
    assert not of(take.events(), "failed")
    assert len(cut_off(take, home)) >= 2
    assert slots
    assert not [slot for slot in slots if slot.exists()]


class Failing(Signer):
    """A key that is lost after two frames, in a way that nobody thought of."""

    left = itertools.count(2, -1)

    def sign(self, message: bytes) -> str:
        if b"answerprint.record/" in message and next(self.left) <= 0:
            raise ZeroDivisionError("what nobody thought of")
        return super().sign(message)


def test_a_fault_of_ours_ends_the_run_at_once_and_keeps_what_was_finished(
    server: Server, tmp_path: Path, home: Path, answerprint: Answerprint
) -> None:
    take = claimed(server, tmp_path / "takes", plate(tmp_path, 40))
    own = signing.own_signer(home)

    with pytest.raises(ZeroDivisionError):
        met(server, take, home, signer=Failing(own.key, own.kid))

    failed, last = of(take.events(), "failed"), take.events()[-1]
    assert failed[0]["error"] == "ZeroDivisionError"
    assert "what nobody thought of" in failed[0]["problem"]
    assert (last["event"], last["state"], last["done"]) == ("finished", "incomplete", 2)
    assert len(failed) < 10
    assert take.state() == "incomplete"
    assert len(cut_off(take, home)) == 2
    finish(answerprint, take, home, server.address)
