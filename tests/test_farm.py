"""A farm: one take, many processes that each run a part of it from the command line."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from command import Answerprint
from samples import (
    AtOnce,
    ended,
    finish,
    identities,
    judge,
    plate,
    refused,
    until,
)

from answerprint.takes import Take


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


def shared(answerprint: Answerprint, slow: str, count: int) -> Take:
    """A take of so many frames that waits for those who do its parts."""
    path = plate(answerprint.folder / "plate", count)
    said = answerprint("run", "--task", "slow", "--plate", path, "--server", slow, "--claim")
    assert said.code == 0, said
    return Take(Path(said.out.strip()))


@pytest.fixture
def take(answerprint: Answerprint, slow: str) -> Take:
    return shared(answerprint, slow, 12)


def part(answerprint: Answerprint, take: Take, slow: str, frames: str) -> subprocess.Popen[str]:
    words = ("run", "--resume", take.folder, "--frames", frames, "--server", slow, "--json")
    return answerprint.start(*words)


def events(take: Take, name: str) -> list[dict[str, Any]]:
    return [event for event in take.events() if event["event"] == name]


def test_chunks_run_at_once_and_the_last_one_closes_the_take(
    answerprint: Answerprint, take: Take, slow: str, home: Path
) -> None:
    ranges = ("1001-1004", "1005-1008", "1009-1012")
    crowd = [part(answerprint, take, slow, frames) for frames in ranges]

    ends = [ended(process) for process in crowd]

    assert [code for code, _ in ends] == [0, 0, 0]
    assert {said[-1]["state"] for _, said in ends} <= {"complete", "part"}
    assert "complete" in [said[-1]["state"] for _, said in ends]
    assert take.state() == "complete"
    assert judge(answerprint, take.folder, home).take == "OK"
    assert sorted(one["frame"] for one in events(take, "frame")) == [*range(1001, 1013)]
    assert {one["part"] for one in events(take, "started")} == set(ranges)


def test_a_part_that_is_done_says_how_much_of_the_take_is_left(
    answerprint: Answerprint, take: Take, slow: str
) -> None:
    words = ("run", "--resume", take.folder, "--server", slow, "--lines", "--frames")

    several, single = answerprint(*words, "1001-1010"), answerprint(*words, "1012")
    last = answerprint(*words, "1011")

    assert (several.code, single.code, last.code) == (0, 0, 0)
    assert "frames 1001-1010 are done; 2 of the take are left." in several.out
    assert "frame 1012 is done; 1 of the take is left." in single.out
    assert "slow v001 is complete" in last.out


def test_frames_that_are_in_work_are_not_run_by_another(
    answerprint: Answerprint, slow: str
) -> None:
    take = shared(answerprint, slow, 80)
    running = part(answerprint, take, slow, "1001-1079")
    until(running, "frame")

    said = refused(
        answerprint, "TakeBusy", "--resume", take.folder, "--frames", "1079-1080", "--server", slow
    )

    assert f"Frame 1079 of {take.folder} is being written by process {running.pid} on " in said
    running.send_signal(signal.SIGINT)
    assert ended(running)[0] == 130
    assert take.state() == "cancelled"


def test_a_killed_part_is_stalled_and_finished_by_another(
    answerprint: Answerprint, take: Take, slow: str, home: Path
) -> None:
    first = part(answerprint, take, slow, "1001-1006")
    until(first, "frame", 2)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert take.state() == "stalled"

    code, said = ended(part(answerprint, take, slow, "1005-1012"))
    assert (code, said[-1]["state"]) == (0, "part")
    assert take.state() == "incomplete"
    finish(answerprint, take, home, slow)


def test_frames_that_are_not_of_the_take_are_refused(
    answerprint: Answerprint, take: Take, slow: str
) -> None:
    said = refused(
        answerprint, "JobError", "--resume", take.folder, "--frames", "1012-1013", "--server", slow
    )

    assert "slow v001 has no frame 1013." in said


def test_parts_whose_key_is_not_trusted_are_said_by_the_last_one_and_close_with_the_key(
    answerprint: Answerprint, take: Take, slow: str, tmp_path: Path
) -> None:
    first, last = ({"ANSWERPRINT_HOME": str(tmp_path / one)} for one in ("first", "last"))
    words = ("run", "--resume", take.folder, "--server", slow, "--frames")
    assert answerprint(*words, "1001-1006", env=first).code == 0

    said = answerprint(*words, "1007-1012", "--lines", env=last)

    [public] = (tmp_path / "first" / "trust").glob("*.pub")
    assert said.code == 6
    assert f"6 frames of {take.name} v001 are signed with key {public.stem}, which is" in said.err
    assert "are left" not in said.out
    assert take.state() == "incomplete"
    before = identities(take)
    shutil.copy(public, tmp_path / "last" / "trust")
    closed = answerprint(*words, "1007-1012", "--lines", env=last)
    assert (closed.code, take.state()) == (0, "complete")
    assert identities(take) == before


def test_who_makes_the_frames_of_others_again_is_told_that_and_why(
    answerprint: Answerprint, take: Take, slow: str, tmp_path: Path
) -> None:
    first, last = ({"ANSWERPRINT_HOME": str(tmp_path / one)} for one in ("first", "last"))
    words = ("run", "--resume", take.folder, "--server", slow, "--lines")
    assert answerprint(*words, "--frames", "1001-1006", env=first).code == 0

    said = answerprint(*words, env=last)

    [public] = (tmp_path / "first" / "trust").glob("*.pub")
    assert (said.code, take.state()) == (0, "complete")
    assert f"6 frames are made again: signed with key {public.stem}, which is not" in said.out
