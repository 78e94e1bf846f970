"""A client that is killed at a known moment, or runs for ever: no half frame, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from command import Answerprint
from processes import opened, rings
from samples import (
    carried_out,
    claimed,
    cut_off,
    finish,
    made,
    noise,
    own_models,
    own_server,
    plate,
    save,
    stand_in,
    until,
)

from answerprint import documents, holder, ring, takes
from answerprint.chunk import Chunk
from answerprint.cli import carry_out
from answerprint.cli.context import Output
from answerprint.errors import JobError
from answerprint.interrupt import Interrupt
from answerprint.takes import Take
from answerprint.triton import OVER_GRPC, SHARED, Server

COUNT, MANY = 4, 30
# says that it has been asked, and then sleeps until a test lets it go on
ASLEEP = """
import time
(HERE / "asked").touch()
while (HERE / "asleep").exists():
    time.sleep(0.01)
made = image
"""


class Sleeper:
    """A server whose task 'sleeper' says when it is asked, and sleeps as long as a test wants."""

    def __init__(self, address: str, model: Path) -> None:
        self.address, self._model = address, model

    @property
    def was_asked(self) -> bool:
        return (self._model / "asked").exists()

    def sleep(self) -> None:
        (self._model / "asked").unlink(missing_ok=True)
        (self._model / "asleep").touch()

    def wake(self) -> None:
        (self._model / "asleep").unlink(missing_ok=True)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sleeper]:
    folder = tmp_path_factory.mktemp("sleeper")
    models = own_models(folder / "models", ["passthrough"])
    model = stand_in(models, "sleeper", ASLEEP)
    with own_server(folder / "home", models) as state:
        yield Sleeper(state.address, model)


@pytest.fixture
def sleeper(served: Sleeper) -> Iterator[Sleeper]:
    yield served
    served.wake()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames that take a while to read and to write; all are one file under many names."""
    folder = tmp_path_factory.mktemp("large")
    first = save(folder / "bg.1001.exr", noise(1, "RGBA", width=1024, height=1024))
    for number in range(1002, 1001 + COUNT):
        os.link(first, folder / f"bg.{number}.exr")
    return folder / "bg.####.exr"


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """The take that a test's run will be."""
    return Take(tmp_path / "takes" / "test" / "v001")


def begun(
    answerprint: Answerprint, task: str, path: Path, address: str, way: str = "auto"
) -> subprocess.Popen[str]:
    words = ("--task", task, "--plate", path, "--name", "test", "--server", address)
    return answerprint.start("run", *words, "--transport", way, "--json")


def stopped_when(process: subprocess.Popen[str], is_so: Callable[[], bool]) -> None:
    """Freeze it at a moment when something is so, and stays so."""
    while True:
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        assert process.poll() is None, "it ended before it could be killed"
        if is_so():
            return
        process.send_signal(signal.SIGCONT)
        time.sleep(0.001)  # let it go on for a moment


def killed(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def assert_nothing_is_left(take: Take) -> None:
    assert (take.leases(), take.unfinished()) == ({}, set())
    assert {file.name for file in take.private.iterdir()} == {
        "claim.json", "events.jsonl", "job.json", "manifest.json", "qc.json",
    }  # fmt: skip


def test_killed_while_it_reads_it_goes_on(
    take: Take, large: Path, sleeper: Sleeper, answerprint: Answerprint, home: Path
) -> None:
    process = begun(answerprint, "sleeper", large, sleeper.address)
    until(process, "started")
    stopped_when(process, lambda: any(name.endswith(".exr") for name in opened(process)))

    killed(process)

    assert take.state() == "stalled"
    cut_off(take, home)
    finish(answerprint, take, home, sleeper.address)
    assert_nothing_is_left(take)


@pytest.mark.parametrize("way", ["shared-memory", "grpc"])
def test_killed_while_its_frames_are_at_the_model_it_goes_on_and_leaves_no_shared_memory(
    way: str, take: Take, sleeper: Sleeper, tmp_path: Path, answerprint: Answerprint, home: Path
) -> None:
    sleeper.sleep()
    process = begun(answerprint, "sleeper", plate(tmp_path / "p", COUNT), sleeper.address, way)
    until(process, "started")
    stopped_when(process, lambda: sleeper.was_asked)
    slots = rings(process)
    assert bool(slots) == (way == "shared-memory")

    killed(process)

    assert take.state() == "stalled"
    assert cut_off(take, home) == {}
    sleeper.wake()
    finish(answerprint, take, home, sleeper.address)
    assert_nothing_is_left(take)
    assert not [slot for slot in slots if slot.exists()]


def test_killed_while_it_writes_it_leaves_no_half_frame(
    take: Take, large: Path, sleeper: Sleeper, answerprint: Answerprint, home: Path
) -> None:
    process = begun(answerprint, "sleeper", large, sleeper.address)
    until(process, "started")
    stopped_when(process, lambda: any(name.endswith(".exr.part") for name in opened(process)))
    slots = rings(process)

    killed(process)

    assert take.part_files()
    assert take.state() == "stalled"
    cut_off(take, home)
    finish(answerprint, take, home, sleeper.address)
    assert_nothing_is_left(take)
    assert not [slot for slot in slots if slot.exists()]


def test_killed_between_its_last_frame_and_the_end_nothing_is_done_again(
    take: Take, tmp_path: Path, sleeper: Sleeper, answerprint: Answerprint, home: Path
) -> None:
    process = begun(answerprint, "sleeper", plate(tmp_path / "p", COUNT), sleeper.address)
    stopped_when(process, lambda: len(take.frames()) == COUNT)
    was_complete = take.is_complete

    killed(process)

    before = cut_off(take, home)
    if not was_complete:
        finish(answerprint, take, home, sleeper.address)
    assert cut_off(take, home) == before


def gone() -> holder.Holder:
    """A process of this machine that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    boot, space, _ = holder.myself().born.split()
    process.wait()
    return replace(holder.myself(), pid=process.pid, born=f"{boot} {space} 1")


LEFT = [
    ".lease.json.0123456789abcdef.part",
    ".lease.json.0123.taking",
    "..lease.json.0123.taking.4567.part",
    ".manifest.json.0123.part",
    "89abcdef.bg_passthrough_v001.1003.exr.part",
    "89abcdef.bg_passthrough_v001.trial.exr.part",
]


@pytest.fixture
def littered(server: Server, tmp_path: Path) -> Take:
    """A take that was begun, with all that processes may leave which are killed as they write."""
    take = claimed(server, tmp_path / "takes", plate(tmp_path / "p", COUNT))
    for name in LEFT:
        (take.private / name).write_bytes(b"half of it")
    for name in ("lease.1002.json", "closing.json"):
        documents.write(take.private / name, asdict(gone()))
    return take


def test_what_killed_processes_left_aside_goes_when_the_take_is_closed(
    littered: Take, server: Server, home: Path
) -> None:
    carried_out(server, littered, home)

    assert littered.state() == "complete"
    assert_nothing_is_left(littered)


def test_what_is_being_written_beside_a_part_of_a_take_is_left_alone(
    littered: Take, home: Path
) -> None:
    """Other processes may be at it; the take is not closed yet."""
    with Chunk.open(littered, takes.reopen(littered), takes.reopen(littered).frame_range):
        pass

    assert {file.name for file in littered.unfinished()} == set(LEFT)


def test_what_another_process_began_to_write_since_is_left_to_it(
    server: Server, home: Path, tmp_path: Path
) -> None:
    take = made(server, home, tmp_path / "takes", plate(tmp_path / "p"))
    fresh = take.private / ".lease.1001.json.0123.part"

    with Chunk.open(take, takes.reopen(take), None):
        fresh.touch()

    assert fresh.exists()


def test_leases_that_were_left_in_a_complete_take_go_with_the_next_look(
    server: Server, home: Path, tmp_path: Path
) -> None:
    """Killed after the manifest was written, and before the lease was given back."""
    take = made(server, home, tmp_path / "takes", plate(tmp_path / "p"))
    for name in ("lease.json", "lease.1001.json", "closing.json"):
        documents.write(take.private / name, asdict(gone()))

    with pytest.raises(JobError, match="is complete already"):
        carried_out(server, take, home)

    assert_nothing_is_left(take)


def half_loaded(*_: object) -> int:
    """As pybind11 has it: what came up while a library was set up becomes the cause of its error."""
    raise ImportError("initialization failed") from KeyboardInterrupt()


def not_there(*_: object) -> int:
    raise ImportError("no such library")


@pytest.mark.parametrize(("act", "code"), [(half_loaded, 130), (not_there, 70)])
def test_interrupted_while_a_library_is_loaded_it_is_an_interrupt_and_no_fault(
    act: Callable[..., int], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert carry_out(["tasks"], Output(json=True), Interrupt(), act) == code

    assert ("Interrupted." in capsys.readouterr().out) == (code == 130)


def held() -> tuple[dict[str, int], int]:
    """What this process has open; and sockets and the like, which gRPC closes when it likes."""
    maps = Path("/proc/self/maps").read_text(encoding="utf-8")
    links = [link(file) for file in list(Path("/proc/self/fd").iterdir())]
    files = [link for link in links if link.startswith("/")]
    counts = {
        "files": len(files),
        "threads": threading.active_count(),
        "shared memory": maps.count(ring.PREFIX),
        "mappings of files": maps.count("/"),
    }
    return counts, len(links) - len(files)


def link(file: Path) -> str:
    """What a descriptor is of; nothing if it was closed since it was listed."""
    try:
        return str(file.readlink())
    except FileNotFoundError:
        return ""


@pytest.mark.parametrize("way", [SHARED, OVER_GRPC])
def test_many_runs_in_one_process_leave_nothing_open(
    way: str, address: str, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "p", 2)

    def once() -> tuple[dict[str, int], int]:
        with Server(address, way) as server:
            carried_out(server, claimed(server, tmp_path / "takes", path), home)
        return held()

    first, sockets = [once() for _ in range(3)][-1]
    last, sockets_then = [once() for _ in range(MANY)][-1]

    assert last == first
    assert sockets_then < sockets + MANY / 2
