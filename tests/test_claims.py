"""Takes: a number belongs to one process, is never given out again, and its state can be seen."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import Throng

from answerprint import documents, signing, takes
from answerprint.errors import TakeError, TakeExists
from answerprint.lease import Lease
from answerprint.takes import Take

CLAIM = """
import json, sys
from pathlib import Path
from answerprint import takes
from answerprint.errors import TakeExists

print(json.dumps("ready"), flush=True)
input()
claimed = []
for number in eval(sys.argv[2]):
    try:
        claimed.append(takes.claim(Path(sys.argv[1]), number=number).number)
    except TakeExists:
        pass
print(json.dumps(claimed), flush=True)
"""


def claimed_together(stream: Path, count: int, numbers: list[int | None]) -> list[int]:
    """What that many processes claimed, all asking at the same moment for each of the numbers."""
    with Throng(CLAIM, count, stream, repr(numbers)) as crowd:
        crowd.hear()
        crowd.go()
        return [number for claimed in crowd.hear() for number in claimed]


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    return tmp_path / "show" / "010" / "bg_denoise"


def test_sixteen_processes_at_once_get_a_number_each_without_a_gap(stream: Path) -> None:
    claimed = claimed_together(stream, 16, [None] * 8)

    assert sorted(claimed) == [*range(1, 129)]
    marks = {Take(stream / f"v{number:03d}").read("claim")["uuid"] for number in claimed}
    assert len(marks) == 128


def test_of_many_that_ask_for_the_same_numbers_one_gets_each(stream: Path) -> None:
    numbers = [7, 3, 12, *range(20, 60)]

    claimed = claimed_together(stream, 8, [*numbers])

    assert sorted(claimed) == sorted(numbers)


def test_a_claim_says_who_took_the_number(stream: Path) -> None:
    take = takes.claim(stream)

    said = take.read("claim")
    assert take.folder == stream / "v001"
    assert said.keys() == {"uuid", "user", "machine", "pid", "created"}
    assert said["created"] <= documents.now()


def test_a_number_once_taken_is_never_used_again(stream: Path) -> None:
    first, second = takes.claim(stream), takes.claim(stream)

    assert (first.number, second.number, takes.claim(stream).number) == (1, 2, 3)


def test_a_number_whose_process_died_before_its_claim_was_written_stays_taken(
    stream: Path,
) -> None:
    (stream / "v001").mkdir(parents=True)
    (stream / "v002" / ".take").mkdir(parents=True)

    assert takes.claim(stream).number == 3
    with pytest.raises(TakeExists):
        takes.claim(stream, number=1)


def test_a_number_whose_process_was_killed_stays_taken(stream: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from answerprint import takes;"
        "takes.claim(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    died = subprocess.run([sys.executable, "-c", script, stream], check=False)

    assert died.returncode == -signal.SIGKILL
    assert takes.claim(stream).number == 2
    assert Take(stream / "v001").state() == "abandoned"


def test_the_next_number_is_above_every_other_whatever_lies_between(stream: Path) -> None:
    takes.claim(stream, number=41)
    (stream / "v999").touch()
    for name in ("v01", "v1000x", "take_v2000", "V3000", "v"):
        (stream / name).mkdir()

    assert takes.claim(stream).label == "v1000"
    assert takes.claim(stream, number=7).label == "v007"


def test_asking_for_a_taken_number_names_a_free_one(stream: Path) -> None:
    takes.claim(stream, number=4)

    with pytest.raises(TakeExists, match="v004 of bg_denoise exists already") as caught:
        takes.claim(stream, number=4)
    with pytest.raises(TakeExists):
        takes.check_free(stream, 4)

    assert "v005" in caught.value.remedy
    takes.check_free(stream, 5)


@pytest.mark.parametrize("file", ["show", "show/010", "show/010/bg_denoise"])
def test_a_file_where_a_folder_should_be_is_said(tmp_path: Path, stream: Path, file: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).touch()

    with pytest.raises(TakeError, match="bg_denoise cannot be written") as caught:
        takes.claim(stream)

    assert caught.value.remedy


@pytest.mark.parametrize(
    "place",
    [
        lambda take: take.folder,
        lambda take: take.file(1001),
        lambda take: take.folder / "notes.txt",
        lambda take: take.private,
        lambda take: take.private / "claim.json",
        lambda take: take.folder.parent,
    ],
    ids=["folder", "frame", "another file", ".take", "claim", "stream"],
)
def test_a_take_is_found_by_any_path_in_it(stream: Path, place: Callable[[Take], Path]) -> None:
    takes.claim(stream)
    take = takes.claim(stream)
    take.file(1001).touch()

    assert takes.find(place(take)) == take


def test_a_stream_means_its_highest_number(stream: Path) -> None:
    for number in (1000, 999, 2):
        takes.claim(stream, number=number)

    assert takes.find(stream).label == "v1000"


def test_a_number_that_nobody_lives_in_is_no_take(stream: Path) -> None:
    """Its process died between taking the number and saying so."""
    take = takes.claim(stream)
    (stream / "v002").mkdir()

    assert takes.find(stream) == take


def test_a_take_is_found_from_inside(stream: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take = takes.claim(stream)
    for folder, path in [(stream, "v001"), (take.folder, "."), (take.private, ".")]:
        monkeypatch.chdir(folder)

        assert takes.find(Path(path)) == take


@pytest.mark.parametrize("path", [".", "gone", "show", "notes.txt", "v001", "show/v002"])
def test_where_there_is_no_take_it_is_said(tmp_path: Path, path: str) -> None:
    (tmp_path / "show" / "v002").mkdir(parents=True)
    (tmp_path / "notes.txt").touch()

    with pytest.raises(TakeError, match="There is no take at"):
        takes.find(tmp_path / path)


def with_job(stream: Path) -> Take:
    take = takes.claim(stream)
    take.write("job", {"job_id": "1", "resolved": {}})
    return take


def test_a_number_without_a_job_is_abandoned(stream: Path) -> None:
    (stream / "v001").mkdir(parents=True)

    assert Take(stream / "v001").state() == "abandoned"
    assert takes.claim(stream).state() == "abandoned"


def test_a_take_is_running_as_long_as_its_lease_is_held(stream: Path) -> None:
    take = with_job(stream)

    with Lease.take(take.lease_file):
        assert take.state() == "running"
    assert take.state() == "incomplete"


def test_a_take_whose_process_was_killed_is_stalled(stream: Path) -> None:
    take = with_job(stream)
    script = (
        "import os, sys; from pathlib import Path; from answerprint.lease import Lease;"
        "Lease.take(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, take.lease_file], check=False)

    assert take.lease_file.exists()
    assert take.state() == "stalled"


def test_the_last_end_tells_whether_a_take_was_cancelled(stream: Path) -> None:
    take = with_job(stream)
    journal = take.journal()

    for state, said in [("incomplete",) * 2, ("cancelled",) * 2, ("incomplete",) * 2]:
        journal.append("started")
        journal.append("finished", state=state)
        assert take.state() == said
    journal.append("finished", state="cancelled")
    journal.append("started")
    assert take.state() == "cancelled"


def test_lines_in_the_journal_that_are_no_events_do_not_hide_the_state(stream: Path) -> None:
    take = with_job(stream)
    take.journal().append("finished", state="cancelled")
    with (take.private / "events.jsonl").open("a") as stray:
        stray.write('{}\n{"event": "finished"}\n{"state": "incomplete"}\n')

    assert take.state() in ("cancelled", "incomplete")


def test_a_take_is_complete_with_its_signed_manifest(stream: Path, home: Path) -> None:
    take, signer = with_job(stream), signing.own_signer(home)
    take.part_file(1001).write_bytes(b"frame")
    file = takes.commit_frame(take, 1001)

    takes.commit(
        take, {takes.Item(1001): {"file": file.name, "pixels": "", "statement_id": ""}}, signer
    )

    said = take.read("manifest")
    trusted = signing.trusted_keys([home / "trust"])
    assert take.state() == "complete"
    assert said["manifest"]["take"] == "bg_denoise/v001"
    assert said["manifest"]["claim"] == take.read("claim")["uuid"]
    assert signing.check(documents.canonical(said["manifest"]), said["signature"], trusted)


def test_a_frame_is_seen_only_under_its_final_name(stream: Path) -> None:
    take = takes.claim(stream)
    for frame in (1001, -5, 12345):
        take.part_file(frame).touch()
    before = take.frames()
    for frame in (12345, 1001, -5):
        takes.commit_frame(take, frame)
    (take.folder / "bg_denoise_v001.01002.exr").touch()
    (take.folder / "bg_denoise_v002.1003.exr").touch()
    (take.folder / "other.1004.exr").touch()

    assert before == {}
    assert [*take.frames()] == [-5, 1001, 12345]
    assert take.frames()[-5].name == "bg_denoise_v001.-0005.exr"


def test_a_frame_that_was_not_written_cannot_be_committed(stream: Path) -> None:
    with pytest.raises(TakeError, match="cannot be written: No such file"):
        takes.commit_frame(takes.claim(stream), 1001)


def test_all_takes_below_a_folder_are_listed_newest_first(tmp_path: Path) -> None:
    for name in ("one", "two", "one"):
        takes.claim(tmp_path / "show" / name)
    (tmp_path / "show" / "two" / "v007" / ".take").mkdir(parents=True)
    (tmp_path / "show" / "plates" / ".take").mkdir(parents=True)

    listed = [f"{take.name}/{take.label}" for take in takes.below(tmp_path)]

    assert listed[-1] == "two/v007"
    assert sorted(listed) == ["one/v001", "one/v002", "two/v001", "two/v007"]
    created = [str(take.read("claim")["created"]) for take in [*takes.below(tmp_path)][:-1]]
    assert created == sorted(created, reverse=True)


def test_a_clock_that_was_set_back_does_not_change_the_order_of_a_stream(tmp_path: Path) -> None:
    for name, created in [("one", "2026-11-02"), ("two", "2026-11-03"), ("one", "2020-01-01")]:
        take = takes.claim(tmp_path / name)
        take.write("claim", {**take.read("claim"), "created": f"{created}T00:00:00.000Z"})

    listed = [f"{take.name}/{take.label}" for take in takes.below(tmp_path)]

    assert listed == ["two/v001", "one/v002", "one/v001"]
