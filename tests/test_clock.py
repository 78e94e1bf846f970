"""A clock that is set in mid-run, back or forward, changes no pixel, no order and nobody's lease."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from command import Answerprint
from samples import (
    AtOnce,
    cut_off,
    ended,
    finish,
    judge,
    own_models,
    own_server,
    plate,
    refused,
    until,
)

from answerprint import takes
from answerprint.takes import Take
from answerprint_server import embedded
from answerprint_server.embedded import SHARED_MEMORY

COUNT = 12
JUMPS = {"back": "-2h", "a year forward": "+365d"}
STEPS = list(JUMPS.values())


class Clock:
    """The clock of the processes that a test starts with `env`; everybody else's stays right."""

    def __init__(self, file: Path, library: str) -> None:
        self._file = file
        self.set("+0h")
        self.env = {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # nor does a clock that is set change it
        }

    def set(self, offset: str) -> None:
        """'-2h': two hours behind."""
        aside = self._file.with_suffix(".new")
        aside.write_text(offset, encoding="ascii")
        aside.replace(self._file)


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[Clock]:
    library = faketime()
    if library is None:
        said = "a clock of its own needs libfaketime: sudo apt-get install faketime"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    yield Clock(tmp_path / "clock", library)
    for file in SHARED_MEMORY.glob("*faketime_s*"):  # of the library, where a test killed it
        if not psutil.pid_exists(int(file.name.rpartition("_")[2])):
            file.unlink(missing_ok=True)


def faketime() -> str | None:
    """Where the library is that the program faketime would have its command use."""
    program = shutil.which("faketime")
    if program is None:
        return None
    words = [program, "-m", "-f", "+0", "printenv", "LD_PRELOAD"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


class Runner(Answerprint):
    """The command line with a clock that a test can set."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        super().__init__(folder)
        self.clock = clock
        self.begun: list[subprocess.Popen[str]] = []

    def begin(self, path: Path, address: str) -> subprocess.Popen[str]:
        words = ("--task", "slow", "--plate", path, "--name", "test", "--server", address)
        process = subprocess.Popen(
            self.argv("run", *words, "--json"),
            cwd=self.folder,
            env={**os.environ, **self.clock.env},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.begun.append(process)
        return process


@pytest.fixture
def runner(tmp_path: Path, clock: Clock) -> Iterator[Runner]:
    one = Runner(tmp_path, clock)
    yield one
    for process in one.begun:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """The take that a test's run will be."""
    return Take(tmp_path / "takes" / "test" / "v001")


def test_the_clock_of_a_test_is_another_one(clock: Clock, tmp_path: Path) -> None:
    """Without this the others would hold whatever happened."""
    words = ["python3", "-c", "import time; print(time.time(), time.monotonic())"]

    for step, hours in (("-2h", -2), ("+2h", 2)):
        clock.set(step)
        env = {**os.environ, **clock.env}
        said = subprocess.run(words, env=env, capture_output=True, text=True, check=True).stdout
        wall, steady = map(float, said.split())
        assert round((wall - time.time()) / 3600) == hours
        assert abs(steady - time.monotonic()) < 600


@pytest.mark.parametrize("jump", JUMPS.values(), ids=list(JUMPS))
def test_a_clock_that_is_set_in_mid_run_costs_nothing(
    jump: str, take: Take, runner: Runner, slow: str, home: Path, tmp_path: Path,
    answerprint: Answerprint,
) -> None:  # fmt: skip
    process = runner.begin(plate(tmp_path / "p", COUNT), slow)
    until(process, "frame", 3)

    runner.clock.set(jump)
    code, said = ended(process)

    assert (code, said[-1]["state"]) == (0, "complete")
    assert [one["frame"] for one in take.events() if one["event"] == "frame"]
    assert len(cut_off(take, home)) == COUNT
    assert judge(answerprint, take.folder, home).take == "OK"
    assert all(0 <= number < 600 for number in seconds(said))
    assert [one["event"] for one in take.events()][:: len(take.events()) - 1] == [
        "started", "finished",
    ]  # fmt: skip
    assert (take.leases(), take.unfinished()) == ({}, set())


def seconds(said: list[dict[str, object]]) -> Iterator[float]:
    """Every duration that a run tells."""
    for one in said:
        found = one.get("seconds", {})
        yield from found.values() if isinstance(found, dict) else [float(str(found))]


def test_who_writes_is_known_to_live_whatever_the_clocks_say(
    take: Take, runner: Runner, slow: str, home: Path, tmp_path: Path, answerprint: Answerprint
) -> None:
    """Seen from processes whose clock is right, and from one whose clock is wrong in its own way."""
    process = runner.begin(plate(tmp_path / "p", 60), slow)
    until(process, "frame", 2)

    for step in STEPS:
        runner.clock.set(step)
        until(process, "frame", 2)
        assert "is being written by process" in refused(
            AtOnce(tmp_path), "TakeBusy", "--resume", take.folder, "--server", slow
        )
        assert take.state() == "running"
        # no --watch: under libfaketime time.sleep fails, which shifts the end of a monotonic sleep
        said = answerprint("takes", "takes", "--json", env=runner.clock.env)
        assert said.last["state"] == "running"

    process.kill()
    process.communicate()
    assert take.state() == "stalled"
    finish(answerprint, take, home, slow)


def test_takes_stay_in_the_order_of_their_numbers(
    runner: Runner, slow: str, tmp_path: Path
) -> None:
    """Each take says that it is older than the one before."""
    path = plate(tmp_path / "p", 1)
    for step in ("+0h", "-2h", "-4h"):
        runner.clock.set(step)
        assert ended(runner.begin(path, slow))[0] == 0

    listed = AtOnce(tmp_path)("takes", "takes", "--json").documents

    assert [one["take"] for one in listed] == ["v003", "v002", "v001"]
    assert [one.number for one in takes.below(tmp_path / "takes")] == [3, 2, 1]
    created = [one.read("claim")["created"] for one in takes.below(tmp_path / "takes")]
    assert created == sorted(created)


def test_a_server_is_found_by_clients_whose_clock_is_wrong(
    clock: Clock, tmp_path: Path, answerprint: Answerprint
) -> None:
    models = own_models(tmp_path / "models", ["passthrough"])
    with own_server(tmp_path / "own", models) as state:
        for step in STEPS:
            clock.set(step)
            env = {**clock.env, "ANSWERPRINT_HOME": str(tmp_path / "own")}

            said = answerprint("tasks", "--json", env=env)

            assert said.code == 0, said
            assert embedded.running(tmp_path / "own") == state
