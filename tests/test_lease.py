"""A lease: one process writes a take at a time, and one that is dead or stuck is replaced."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from effort import called
from processes import Crowd, Throng

from answerprint import documents
from answerprint.errors import TakeBusy
from answerprint.holder import BEAT_SECONDS, MISSED_BEATS, is_dead, read
from answerprint.lease import Lease

# Holds the lease until it is told to go on, then says whether it was lost
HOLDER = """
import json, os, sys
from pathlib import Path
from answerprint.lease import Lease

held = Lease.take(Path(sys.argv[1]))
print(json.dumps(os.getpid()), flush=True)
input()
print(json.dumps(held.lost.wait(float(sys.argv[2]))), flush=True)
held.release()
print(json.dumps("released"), flush=True)
"""

# Goes for one lease after the other at the same moments as its fellows, and holds what it got
TAKER = """
import json, sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from answerprint.errors import TakeBusy
from answerprint.holder import BEAT_SECONDS
from answerprint.lease import Lease

def take(number):
    time.sleep(max(0, start + 0.02 * number - time.time()))
    try:
        return Lease.take(paths[number])
    except TakeBusy:
        return None

paths = [Path(name) for name in sys.argv[1:]]
print(json.dumps("ready"), flush=True)
start = float(input())
with ThreadPoolExecutor(len(paths)) as pool:
    held = list(pool.map(take, range(len(paths))))
print(json.dumps([one is not None for one in held]), flush=True)
input()
time.sleep(1.2 * BEAT_SECONDS)
print(json.dumps([one is not None and one.lost.is_set() for one in held]), flush=True)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    private = tmp_path / "bg_denoise" / "v001" / ".take"
    private.mkdir(parents=True)
    return private / "lease.json"


@pytest.fixture(scope="module", autouse=True)
def takers(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, tuple[Path, subprocess.Popen[bytes]]]]:
    """A process that goes for each forgotten lease; they watch for 8 s while other tests run."""
    begun = {}
    for name, content in FORGOTTEN.items():
        path = tmp_path_factory.mktemp("forgotten") / "lease.json"
        path.write_bytes(content)
        begun[name] = path, subprocess.Popen([sys.executable, "-c", ONCE, path])
    yield begun
    for _, process in begun.values():
        process.kill()
        process.wait()


@pytest.fixture
def holder(file: Path) -> Iterator[Crowd]:
    """Another process that holds the lease; told to go on, it waits 5 s to lose it."""
    with Crowd(HOLDER, 1, file, "5") as crowd:
        assert crowd.hear() == [crowd.members[0].pid]
        yield crowd


def killed(crowd: Crowd) -> None:
    crowd.members[0].send_signal(signal.SIGKILL)
    crowd.members[0].wait()


def is_live(file: Path) -> bool:
    found = read(file)
    return found is not None and not is_dead(found)


def left(file: Path) -> list[str]:
    return [path.name for path in file.parent.iterdir()]


def test_a_lease_is_held_by_one(file: Path, holder: Crowd) -> None:
    with pytest.raises(TakeBusy) as caught:
        Lease.take(file)

    assert is_live(file)
    assert str(holder.members[0].pid) in caught.value.problem
    assert socket.gethostname() in caught.value.problem
    assert "bg_denoise/v001" in caught.value.problem
    assert caught.value.remedy


def test_a_released_lease_leaves_nothing_and_is_free(file: Path) -> None:
    for _ in range(2):
        with Lease.take(file) as held:
            assert is_live(file)
            assert json.loads(file.read_text())["pid"] == os.getpid()
        assert left(file) == []
        assert not held.lost.is_set()
    assert not is_live(file)


def test_the_lease_of_a_killed_process_is_taken_over_at_once(file: Path, holder: Crowd) -> None:
    killed(holder)
    assert not is_live(file)

    with called() as calls, Lease.take(file):
        assert calls["sleep"] == 0
        assert left(file) == ["lease.json"]


def test_a_killed_process_is_dead_also_before_its_parent_looks(file: Path, holder: Crowd) -> None:
    os.kill(holder.members[0].pid, signal.SIGKILL)
    time.sleep(0.2)  # a zombie from here on

    with called() as calls, Lease.take(file):
        assert calls["sleep"] == 0


def test_a_process_number_that_was_given_to_another_is_not_the_holder(file: Path) -> None:
    me = {"uuid": "1", "machine": socket.gethostname(), "pid": os.getpid(), "beat": 3}
    documents.write(file, {**me, "started": 1.0})

    with called() as calls, Lease.take(file):
        assert calls["sleep"] == 0


def test_of_many_that_take_over_a_stale_lease_exactly_one_wins(tmp_path: Path) -> None:
    """Many leases at once, so that the moments that matter are met."""
    files = [tmp_path / f"v{number:03d}" / "lease.json" for number in range(30)]
    for file in files:
        file.parent.mkdir()
        documents.write(file, {"uuid": "1", **dead_process(), "beat": 7})
    with Throng(TAKER, 4, *files) as crowd:
        crowd.hear()
        crowd.go(str(time.time() + 0.2))
        won = crowd.hear()
        crowd.go()
        lost = crowd.hear()

        assert [sum(several) for several in zip(*won, strict=True)] == [1] * len(files)
        assert not any(any(several) for several in lost)
        # but for what the beat of a winner may just be writing
        held = [{name for name in left(file) if not name.endswith(".part")} for file in files]
        assert held == [{"lease.json"}] * len(files)


def dead_process() -> dict[str, Any]:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return {"machine": socket.gethostname(), "pid": process.pid, "started": time.time()}


def test_a_stuck_holder_is_replaced_after_missed_beats_and_sees_it_when_it_wakes(
    file: Path, holder: Crowd
) -> None:
    os.kill(holder.members[0].pid, signal.SIGSTOP)
    begun = time.monotonic()

    held = Lease.take(file)
    waited = time.monotonic() - begun
    os.kill(holder.members[0].pid, signal.SIGCONT)
    holder.go()
    woken, said = holder.hear(), holder.hear()
    still_mine = json.loads(file.read_text())["pid"]
    held.release()

    assert waited >= BEAT_SECONDS * MISSED_BEATS
    assert woken == [True]
    assert said == ["released"]
    assert still_mine == os.getpid()
    assert not held.lost.is_set()
    assert left(file) == []


def test_who_lost_the_lease_and_releases_it_at_once_leaves_the_others_alone(file: Path) -> None:
    held = Lease.take(file)
    others = {"uuid": "other", "machine": "elsewhere", "pid": 1, "started": 1.0, "beat": 0}
    documents.write(file, others)

    held.release()

    assert json.loads(file.read_text()) == others


def test_a_lease_on_another_machine_may_be_alive(file: Path) -> None:
    """Its process number says nothing here."""
    documents.write(file, {"uuid": "1", **dead_process(), "machine": "elsewhere", "beat": 7})

    assert is_live(file)


# Nobody writes these, or nobody is left to: each is watched for the missed beats, then replaced
FORGOTTEN = {
    "empty": b"",
    "cut off": b'{"uuid": "1", "mach',
    "no object": b"[]",
    "null": b"null",
    "climbs": b'{"uuid": "../x", "machine": "elsewhere", "pid": 7, "started": 1.0, "beat": 3}',
    "without fields": b"{}",
    "wrong fields": json.dumps({"uuid": 1, "machine": socket.gethostname(), "pid": "x"}).encode(),
    "elsewhere": b'{"uuid": "1", "machine": "elsewhere", "pid": 7, "started": 1.0, "beat": 3}',
}


def test_a_lease_file_that_nobody_keeps_up_is_replaced_whatever_it_holds(
    takers: dict[str, tuple[Path, subprocess.Popen[bytes]]],
) -> None:
    codes = {name: ended(process) for name, (_, process) in takers.items()}

    assert codes == dict.fromkeys(FORGOTTEN, 0)
    assert [left(file) for file, _ in takers.values()] == [[]] * len(takers)


ONCE = """
import sys
from pathlib import Path
from answerprint.lease import Lease

with Lease.take(Path(sys.argv[1])):
    pass
"""


def ended(process: subprocess.Popen[bytes]) -> int | str:
    """Its exit code, or that it did not end."""
    try:
        return process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        return "hangs"
