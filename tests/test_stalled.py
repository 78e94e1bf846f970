"""Stalled: a take whose process died says so, and says how to go on; clocks have no say in it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from processes import Crowd
from samples import AtOnce, claimed, plate

from answerprint import documents, holder, takes
from answerprint.frames import FrameRange
from answerprint.holder import is_dead, myself
from answerprint.takes import Take
from answerprint.triton import Server

# Holds the lease until it ends
HOLDER = """
import json, sys
from pathlib import Path
from answerprint.lease import Lease

with Lease.take(Path(sys.argv[1])):
    print(json.dumps("held"), flush=True)
    input()
"""


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


@pytest.fixture
def take(server: Server, tmp_path: Path) -> Take:
    """A take of two frames with its job in it, below a folder that a shell would take apart."""
    return claimed(server, tmp_path / "my takes", plate(tmp_path / "plate", 2))


@pytest.fixture
def writer(take: Take) -> Iterator[Crowd]:
    """Another process that holds the take."""
    with Crowd(HOLDER, 1, take.lease_file) as crowd:
        assert crowd.hear() == ["held"]
        yield crowd


def killed(crowd: Crowd) -> None:
    crowd.members[0].send_signal(signal.SIGKILL)
    crowd.members[0].wait()


def test_a_take_whose_process_died_is_listed_with_the_command_that_finishes_it(
    take: Take, writer: Crowd, answerprint: AtOnce, address: str
) -> None:
    before = answerprint("takes", "my takes", "--json").last
    killed(writer)

    row = answerprint("takes", "my takes", "--json").last
    text = answerprint("takes", "my takes").out
    done = answerprint(*shlex.split(row["resume"])[1:], "--server", address, "--json")

    assert (before["state"], before["resume"]) == ("running", None)
    assert row["state"] == "stalled"
    assert f"finish it with: {row['resume']}" in text
    assert (done.code, done.last["state"]) == (0, "complete")
    assert answerprint("takes", "my takes", "--json").last["state"] == "complete"


def test_show_says_it_too(take: Take, writer: Crowd, answerprint: AtOnce, address: str) -> None:
    assert answerprint("show", take.folder).out.startswith("bg_passthrough v001: running, 0 frames")

    killed(writer)

    said = answerprint("show", take.folder)
    assert "stalled, 0 frames" in said.out
    assert f"resume      answerprint run --resume '{take.folder}'" in said.out
    assert answerprint("show", take.folder, "--json").documents[0]["state"] == "stalled"


def test_all_that_are_watched_are_watched_at_once_and_the_living_are_told_from_the_stuck(
    take: Take, writer: Crowd, answerprint: AtOnce
) -> None:
    """Of a process elsewhere the number says nothing here: only that its count does not move."""
    stream = take.folder.parent
    stuck, dead, elsewhere, namesake = (takes.claim(stream) for _ in range(4))
    for one in (stuck, dead, elsewhere, namesake):
        shutil.copy(take.private / "job.json", one.private)
    told = {"uuid": "1", "machine": "elsewhere", "pid": os.getpid(), "started": 1.0, "beat": 7}
    documents.write(elsewhere.lease_file, told)
    documents.write(namesake.lease_file, asdict(clone()))
    with Crowd(HOLDER, 1, stuck.lease_file) as second, Crowd(HOLDER, 1, dead.lease_file) as third:
        assert second.hear() + third.hear() == ["held"] * 2
        second.members[0].send_signal(signal.SIGSTOP)
        killed(third)

        plain = answerprint("takes", "my takes", "--json").documents
        watched = answerprint("takes", "my takes", "--watch", "--json").documents

    assert [one["take"] for one in plain] == ["v005", "v004", "v003", "v002", "v001"]
    assert [one["state"] for one in plain] == ["running"] * 2 + ["stalled"] + ["running"] * 2
    assert [one["state"] for one in watched] == ["stalled"] * 4 + ["running"]


def test_a_take_runs_as_long_as_one_of_its_parts_does(take: Take, writer: Crowd) -> None:
    with Crowd(HOLDER, 1, take.private / "lease.1001.json") as part:
        assert part.hear() == ["held"]
        killed(part)
        assert take.state() == "running"
        killed(writer)
        assert take.state() == "stalled"


def test_a_complete_take_is_complete_whatever_lease_is_left(take: Take, writer: Crowd) -> None:
    killed(writer)
    take.write("manifest", {})

    assert take.state() == "complete"


def test_a_number_that_was_only_claimed_is_not_stalled(take: Take, writer: Crowd) -> None:
    killed(writer)
    (take.private / "job.json").unlink()

    assert take.state() == "abandoned"


@pytest.mark.parametrize("jump", [-86400.0, -2.0, 2.0, 86400.0])
def test_a_clock_that_jumps_makes_nobody_dead(jump: float) -> None:
    """The start of a process in seconds since 1970 moves with the clock."""
    me = myself()

    assert not is_dead(replace(me, started=me.started + jump))


def test_who_ran_before_the_machine_was_started_again_is_dead() -> None:
    if not myself().hardware:
        pytest.skip("nothing tells this machine from others of its name: no id, or no card")
    _, space, tick = myself().born.split()

    assert is_dead(replace(myself(), born=f"another-boot {space} {tick}"))


@pytest.mark.parametrize("hardware", ["0123456789abcdef", ""])
def test_who_runs_on_another_machine_of_the_same_name_may_be_alive(hardware: str) -> None:
    """Copies of one image, or machines that are all called localhost."""
    _, space, tick = myself().born.split()

    assert not is_dead(
        replace(myself(), born=f"another-boot {space} {tick}", hardware=hardware, pid=2**22 + 1)
    )


def clone() -> holder.Holder:
    """As this very process would be on another machine of the same name."""
    _, space, tick = myself().born.split()
    return replace(myself(), born=f"another-boot {space} {tick}", hardware="0123456789abcdef")


def test_a_machine_of_the_same_name_keeps_its_take_as_long_as_its_count_moves(take: Take) -> None:
    """One whose count does not move is among those that are watched above."""
    before = clone()
    documents.write(take.lease_file, asdict(replace(before, beat=1)))

    assert take.state() == "running"
    assert holder.watch({take.lease_file: before}) == set()


def test_who_was_born_at_another_moment_or_is_not_there_is_dead() -> None:
    boot, space, tick = myself().born.split()

    assert is_dead(replace(myself(), born=f"{boot} {space} {int(tick) + 1}"))
    assert is_dead(replace(myself(), pid=2**22 + 1))
    assert not is_dead(replace(myself(), born=f"{boot} {space} {tick}"))


def test_who_runs_in_another_container_of_the_same_name_may_be_alive() -> None:
    """Its number means another process here."""
    boot, _, tick = myself().born.split()

    assert not is_dead(replace(myself(), born=f"{boot} pid:[1] {tick}", pid=2**22 + 1))


def test_a_lease_says_what_another_process_can_hold_against_it(take: Take) -> None:
    me = myself("1001-1002", holder.CLAIMING)
    documents.write(take.lease_file, asdict(me))

    assert take.leases() == {take.lease_file: me}
    assert (me.machine, me.pid) == (socket.gethostname(), os.getpid())


def test_a_take_can_be_claimed_now_and_run_later(
    answerprint: AtOnce, tmp_path: Path, address: str
) -> None:
    words = ("--task", "passthrough", "--plate", plate(tmp_path / "plate", 2), "--claim")

    text = answerprint("run", *words, "--server", address)
    said = answerprint("run", *words, "--server", address, "--json")

    first, second = (Take(tmp_path / "takes/bg_passthrough" / name) for name in ("v001", "v002"))
    assert (text.code, text.out) == (0, f"{first.folder}\n")
    assert said.code == 0
    assert [*said.documents[0].items()] == [
        ("path", str(second.folder)),
        ("name", "bg_passthrough"),
        ("take", "v002"),
        ("state", "incomplete"),
        ("frames", "1001-1002"),
        ("variations", 0),
    ]
    for take in (first, second):
        assert (take.state(), take.frames(), take.leases()) == ("incomplete", {}, {})
        done = answerprint("run", "--resume", take.folder, "--server", address, "--json")
        assert (done.code, take.state()) == (0, "complete")


def test_a_take_that_cannot_be_read_is_listed_with_what_is_wrong_beside_the_others(
    take: Take, answerprint: AtOnce
) -> None:
    other = takes.claim(take.folder.parent)
    shutil.copy(take.private / "job.json", other.private)
    with take.journal().path.open("wb") as file:
        file.truncate(1 << 40)
    other.journal().append("finished", state="cancelled")

    said, text = answerprint("takes", "my takes", "--json"), answerprint("takes", "my takes")

    rows = {row["take"]: row for row in said.documents}
    assert (said.code, text.code) == (1, 1)
    assert (rows["v001"]["state"], rows["v002"]["state"]) == ("unreadable", "cancelled")
    assert "has a line of more than" in rows["v001"]["problem"]
    assert f"{rows['v001']['problem']} {rows['v001']['remedy']}" in text.out
    assert "problem" not in rows["v002"]


def test_a_take_with_a_journal_longer_than_any_document_is_listed(
    take: Take, answerprint: AtOnce
) -> None:
    line = b'{"event": "frame", "note": "' + b"x" * 1000 + b'"}\n'
    take.journal().path.write_bytes(line * (documents.MOST_BYTES // len(line) + 100))
    take.journal().append("finished", state="cancelled")

    said = answerprint("takes", "my takes", "--json")

    assert (said.code, said.last["state"]) == (0, "cancelled")


@pytest.mark.parametrize(("times", "state"), [("12", "incomplete"), ("21", "cancelled")])
def test_the_latest_end_of_all_parts_says_whether_a_take_was_cancelled(
    times: str, state: str, take: Take
) -> None:
    for part, time, end in zip(("1001", "1002"), times, ("cancelled", "part"), strict=True):
        event = {"time": time, "event": "finished", "state": end}
        take.journal_of(FrameRange.parse(part)).path.write_text(json.dumps(event))

    assert take.state() == state
