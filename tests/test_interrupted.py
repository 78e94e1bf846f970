"""Killed, cancelled or stopped at any moment: no half frame, no finished frame lost, and it goes on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from command import Answerprint
from midway import at_frame, met
from samples import (
    AtOnce,
    change,
    claimed,
    claims,
    cut_off,
    ended,
    finish,
    noise,
    plate,
    refused,
    save,
    until,
)

from answerprint import takes
from answerprint.cli import end_on_signals
from answerprint.interrupt import Interrupt
from answerprint.takes import Take
from answerprint.triton import Server


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty frames that take a while to write; all are one file under many names."""
    folder = tmp_path_factory.mktemp("heavy")
    first = save(folder / "bg.1001.exr", noise(1, "RGBA", width=320, height=320))
    for number in range(1002, 1021):
        os.link(first, folder / f"bg.{number}.exr")
    return folder / "bg.####.exr"


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """The take that a test's run will be."""
    return Take(tmp_path / "takes" / "test" / "v001")


def begun(answerprint: Answerprint, task: str, path: Path, address: str) -> subprocess.Popen[str]:
    words = ("--task", task, "--plate", path, "--name", "test", "--server", address, "--json")
    return answerprint.start("run", *words)


MOMENTS = [
    ("started", 1, 0.0),
    ("frame", 1, 0.004),
    ("frame", 2, 0.009),
    ("frame", 7, 0.017),
]


@pytest.mark.parametrize(("event", "times", "delay"), MOMENTS)
def test_killed_at_any_moment_a_take_holds_whole_frames_only_and_goes_on(
    event: str, times: int, delay: float, take: Take, heavy: Path,
    answerprint: Answerprint, address: str, home: Path,
) -> None:  # fmt: skip
    process = begun(answerprint, "passthrough", heavy, address)
    until(process, event, times)
    time.sleep(delay)

    process.kill()
    assert ended(process)[0] == -signal.SIGKILL

    assert take.state() == "stalled"
    assert len(cut_off(take, home)) >= times * (event == "frame")
    finish(answerprint, take, home, address)


def test_killed_while_it_starts_a_number_is_at_most_lost_and_never_used_again(
    tmp_path: Path, heavy: Path, answerprint: Answerprint, address: str, home: Path
) -> None:
    for delay in (0.1, 0.25, 0.35, 0.4, 0.45, 0.5):
        process = begun(answerprint, "passthrough", heavy, address)
        time.sleep(delay)
        before = len(claims(tmp_path))
        process.kill()
        process.communicate()
        assert len(claims(tmp_path)) - before in (0, 1)

    for folder in claims(tmp_path):
        assert Take(folder).state() in ("abandoned", "incomplete", "stalled")
        cut_off(Take(folder), home)
    said = AtOnce(tmp_path)(
        "run", "--task", "passthrough", "--plate", heavy, "--frames", "1001", "--name", "test",
        "--server", address, "--json",
    )  # fmt: skip
    assert said.documents[0]["take"] == f"test/v{len(claims(tmp_path)):03d}"


def test_a_number_whose_process_died_at_once_stays_taken(tmp_path: Path, address: str) -> None:
    first = takes.claim(tmp_path / "takes" / "test")
    path = plate(tmp_path, 1)

    said = AtOnce(tmp_path)(
        "run", "--task", "passthrough", "--plate", path, "--name", "test", "--server", address,
        "--json",
    )  # fmt: skip

    assert first.state() == "abandoned"
    assert said.documents[0]["take"] == "test/v002"
    assert "job.json" in refused(
        AtOnce(tmp_path), "TakeError", "--resume", first.folder, "--server", address
    )


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_cancelled_it_keeps_what_is_finished_and_goes_on(
    ending: signal.Signals, take: Take, tmp_path: Path, answerprint: Answerprint, slow: str,
    home: Path,
) -> None:  # fmt: skip
    process = begun(answerprint, "slow", plate(tmp_path, 12), slow)
    until(process, "frame", 2)

    process.send_signal(ending)
    code, said = ended(process)

    assert (code, said[-1]["problem"]) == (130, "Interrupted.")
    assert take.state() == "cancelled"
    kept = cut_off(take, home)
    assert 2 <= len(kept) < 12
    last = take.events()[-1]
    assert (last["event"], last["state"], last["done"]) == ("finished", "cancelled", len(kept))
    assert not take.lease_file.exists()
    finish(answerprint, take, home, slow)


def test_a_signal_never_strikes_while_a_run_waits_for_its_workers(
    tmp_path: Path, server: Server, home: Path
) -> None:
    """An exception out of a handler would leave a lock taken, and a worker would wait for ever."""
    take = claimed(server, tmp_path / "takes", plate(tmp_path, 12))
    interrupt, went_on = Interrupt(), []

    def strike() -> None:
        signal.raise_signal(signal.SIGINT)
        went_on.append("after the signal")

    before = end_on_signals(interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            met(server, take, home, at_frame(1, strike), interrupted=interrupt)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

    assert went_on
    assert take.events()[-1]["state"] == "cancelled"


@pytest.fixture
def cut(take: Take, tmp_path: Path, answerprint: Answerprint, slow: str) -> Take:
    """A take of eight frames that was killed when three were finished."""
    process = begun(answerprint, "slow", plate(tmp_path, 8), slow)
    until(process, "frame", 3)
    process.kill()
    process.communicate()
    assert 3 <= len(take.frames()) < 8
    return take


def halve(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def blacken(file: Path) -> None:
    change(file, lambda one: one.parts[0].channels["R"].fill(0))


@pytest.mark.parametrize("damage", [halve, blacken])
def test_a_finished_frame_that_was_damaged_since_is_done_again(
    damage: Any, cut: Take, answerprint: Answerprint, slow: str, home: Path
) -> None:
    file = list(cut.frames().values())[1]

    damage(file)

    finish(answerprint, cut, home, slow, redone=[file])


def test_a_finished_frame_under_another_number_is_not_taken_for_it(
    cut: Take, answerprint: Answerprint, slow: str, home: Path
) -> None:
    """It verifies, it is of this very job, and it is the picture of another frame."""
    held = cut.frames()
    lost = cut.file(next(number for number in range(1001, 1009) if number not in held))

    shutil.copy(next(iter(held.values())), lost)

    finish(answerprint, cut, home, slow, redone=[lost])


def test_a_complete_take_is_closed(
    take: Take, tmp_path: Path, answerprint: Answerprint, address: str, home: Path
) -> None:
    process = begun(answerprint, "passthrough", plate(tmp_path), address)
    assert ended(process)[0] == 0
    before = cut_off(take, home)

    said = refused(AtOnce(tmp_path), "JobError", "--resume", take.folder, "--server", address)

    assert "test v001 is complete already" in said
    assert cut_off(take, home) == before


def test_a_take_that_another_process_writes_is_left_to_it(
    take: Take, tmp_path: Path, answerprint: Answerprint, slow: str, home: Path
) -> None:
    process = begun(answerprint, "slow", plate(tmp_path, 40), slow)
    until(process, "frame", 1)

    said = refused(AtOnce(tmp_path), "TakeBusy", "--resume", take.folder, "--server", slow)

    assert f"is being written by process {process.pid} on " in said
    assert take.state() == "running"
    process.send_signal(signal.SIGINT)
    assert ended(process)[0] == 130
    assert take.events()[-1]["done"] == len(cut_off(take, home))


def test_a_process_that_was_frozen_does_not_write_into_what_another_took_over(
    take: Take, tmp_path: Path, answerprint: Answerprint, slow: str, home: Path
) -> None:
    """Stopped until its lease is stale, then woken when the take is complete."""
    process = begun(answerprint, "slow", plate(tmp_path, 12), slow)
    until(process, "frame", 2)
    process.send_signal(signal.SIGSTOP)
    try:
        finish(answerprint, take, home, slow)
        complete = cut_off(take, home)
        manifest = (take.private / "manifest.json").read_bytes()
    finally:
        process.send_signal(signal.SIGCONT)

    code, said = ended(process)

    assert (code, said[-1].get("error")) == (5, "TakeBusy")
    assert cut_off(take, home) == complete
    assert (take.private / "manifest.json").read_bytes() == manifest
