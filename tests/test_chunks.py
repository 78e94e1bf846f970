"""Chunks: several processes share one take out, none writes what another does, the last closes it."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from processes import Crowd, Throng
from samples import carried_out, change, claimed, plate

from answerprint import begin, documents, exr, record, signing, takes
from answerprint.chunk import Chunk
from answerprint.errors import JobError, SigningError, TakeBusy
from answerprint.frames import FrameRange
from answerprint.job import Resolved
from answerprint.takes import Item, Take
from answerprint.triton import Server
from answerprint.verify import verify
from answerprint.write import Place

# Does its part of a take as a run does, with frames that lie ready aside: holds them, waits for a
# word, gives each its name, closes the take if it can. A frame that is named twice is an error.
WORKER = """
import json, os, sys
from pathlib import Path
from answerprint import begin, exr, record, signing, takes
from answerprint.chunk import Chunk
from answerprint.errors import TakeBusy
from answerprint.frames import FrameRange
from answerprint.write import Place

def tell(**said):
    print(json.dumps(said), flush=True)

def listen(event, words):
    if event == "os.rename" and str(words[1]).endswith("manifest.json"):
        manifests.append(str(words[1]))

folder, aside, home = map(Path, sys.argv[1:])
manifests, written = [], []
sys.addaudithook(listen)
take = takes.find(folder)
resolved = takes.reopen(take)
facts = {"job_id": take.read("job")["job_id"], "server": "none", "triton": "none"}
place = Place(resolved, take, signing.own_signer(home), facts)
trusted = signing.trusted_keys([home / "trust"])
tell(pid=os.getpid())
asked = json.loads(input())[str(os.getpid())]
try:
    with Chunk.open(take, resolved, asked and FrameRange.parse(asked)) as chunk:
        tell(held=list(chunk.frames))
        input()
        done = begin.kept(place, trusted, chunk.frames).frames
        for item in begin.items(resolved, chunk.frames):
            if item not in done:
                chunk.check()
                final = take.file(item.frame)
                os.link(aside / final.name, final)
                chunk.journal.append("frame", frame=item.frame)
                written.append(item.frame)
                done[item] = begin.entry(take, record.extract(exr.read_structure(final)))
                if "NAP" in os.environ:
                    tell(frame=item.frame)
                    input()
        closed = chunk.commit(place, trusted, done)
        chunk.journal.append("finished", state="complete" if closed else "part")
    tell(written=written, closed=closed, manifests=len(manifests), left=len(chunk.left))
except TakeBusy as error:
    tell(busy=error.problem, written=written)
"""
COUNT = 12
EVERY = FrameRange.of(range(1001, 1001 + COUNT))


@pytest.fixture
def take(server: Server, home: Path, tmp_path: Path) -> Take:
    """A take whose frames all lie aside, made and signed, and none of which has its name."""
    take = claimed(server, tmp_path / "takes", plate(tmp_path / "plate", COUNT))
    carried_out(server, take, home)
    (take.private / "manifest.json").unlink()
    (take.private / "events.jsonl").unlink()
    aside(take).mkdir()
    for file in take.frames().values():
        file.rename(aside(take) / file.name)
    return take


def aside(take: Take) -> Path:
    return take.folder.parents[2] / "aside"


@pytest.fixture
def place(take: Take, home: Path) -> Place:
    facts = {"job_id": str(take.read("job")["job_id"]), "server": "none", "triton": "none"}
    return Place(takes.reopen(take), take, signing.own_signer(home), facts)


@pytest.fixture
def trusted(home: Path) -> Any:
    return signing.trusted_keys([home / "trust"])


@pytest.fixture
def resolved(take: Take) -> Resolved:
    return takes.reopen(take)


def laid(take: Take, *frames: int) -> None:
    """Give these frames their names."""
    for number in frames or EVERY:
        shutil.copy(aside(take) / take.file(number).name, take.file(number))


def crowd(take: Take, home: Path, count: int) -> Throng:
    return Throng(WORKER, count, take.folder, aside(take), home)


def alone(take: Take, home: Path) -> Crowd:
    """A process that a test may stop and kill."""
    return Crowd(WORKER, 1, take.folder, aside(take), home)


def ask(workers: Crowd | Throng, ranges: list[str | None]) -> list[dict[str, Any]]:
    """Have each worker hold its range; what each says: held or busy."""
    pids = [said["pid"] for said in workers.hear()]
    workers.go(json.dumps(dict(zip(pids, ranges, strict=True))))
    return workers.hear()


def assert_whole(take: Take, home: Path) -> None:
    """Complete and verified, with no lease left."""
    keys = signing.trusted_keys([home / "trust"])
    assert take.state() == "complete"
    assert {one.verdict.value for one in verify(take.folder, keys)} == {"OK"}
    assert list(take.frames()) == list(EVERY)
    assert take.leases() == {}
    assert not list(take.private.glob("*closing*"))


def test_of_several_processes_the_last_one_closes_the_take_and_no_event_is_lost(
    take: Take, home: Path
) -> None:
    parts: list[str | None] = ["1001-1003", "1004-1006", "1007-1009", "1010,1012", "1011"]
    with crowd(take, home, len(parts)) as workers:
        said = ask(workers, parts)
        assert all("held" in one for one in said)
        assert take.state() == "running"
        workers.go()
        ends = workers.hear()

    assert sorted(number for one in ends for number in one["written"]) == list(EVERY)
    assert sum(one["manifests"] for one in ends) == 1
    assert any(one["closed"] for one in ends)
    assert_whole(take, home)
    events = take.events()
    assert sorted(one["frame"] for one in events if one["event"] == "frame") == list(EVERY)
    assert [one["event"] for one in events].count("finished") == len(parts)
    assert [one["time"] for one in events] == sorted(one["time"] for one in events)
    assert {file.name for file in take.private.glob("events*")} == {
        f"events.{part}.jsonl" for part in parts
    }


CROWDS: list[list[str | None]] = [
    ["1001-1006", "1004-1009", "1007-1012", "1001-1006", None, "1003,1010"],
    ["1001-1012x2", "1002-1012x2", "1001-1002", "1011-1012"],
    [None, None, "1001", "1001-1012"],
]


@pytest.mark.parametrize("ranges", CROWDS, ids=["mixed", "steps", "whole"])
def test_of_those_that_overlap_one_holds_the_frames_and_the_others_are_told_who(
    ranges: list[str | None], take: Take, home: Path
) -> None:
    with crowd(take, home, len(ranges)) as workers:
        said = ask(workers, ranges)
        held = [set(one["held"]) for one in said if "held" in one]
        has = ["held" in one for one in said]
        pids = [
            str(one.pid) for one, held_some in zip(workers.members, has, strict=True) if held_some
        ]

        assert held
        assert sum(map(len, held)) == len(set().union(*held))
        for asked, one in zip(ranges, said, strict=True):
            if "busy" in one:
                assert any(
                    set(FrameRange.parse(asked) if asked else EVERY) & one_held for one_held in held
                )
                assert any(f"process {pid} on " in one["busy"] for pid in pids)
        winners = workers.some(has)
        winners.go()
        ends = winners.hear()

    assert sorted(number for one in ends for number in one["written"]) == sorted(set().union(*held))
    with alone(take, home) as rest:
        if take.state() != "complete":
            assert ask(rest, [None]) == [{"held": list(EVERY)}]
            rest.go()
            assert rest.hear()[0]["manifests"] == 1
    assert_whole(take, home)


def test_who_closes_is_one_alone_however_many_end_at_the_same_moment(
    take: Take, home: Path
) -> None:
    """Every frame is there already: all of them could close it."""
    laid(take)
    with crowd(take, home, COUNT // 2) as workers:
        ask(workers, [f"{number}-{number + 1}" for number in range(1001, 1001 + COUNT, 2)])
        workers.go()
        ends = workers.hear()

    assert sum(one["manifests"] for one in ends) == 1
    assert_whole(take, home)


def test_the_frames_of_a_killed_process_are_finished_by_another(
    take: Take, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAP", "1")
    with alone(take, home) as first:
        ask(first, ["1001-1006"])
        for number in (1001, 1002, 1003):
            first.go()
            assert first.hear() == [{"frame": number}]
        first.members[0].send_signal(signal.SIGKILL)
        first.members[0].wait()
    monkeypatch.delenv("NAP")
    assert take.state() == "stalled"

    with crowd(take, home, 2) as others:
        said = ask(others, ["1003-1008", "1009-1012"])
        assert all("held" in one for one in said)
        others.go()
        ends = others.hear()
    assert [one["written"] for one in ends] == [[*range(1004, 1009)], [*range(1009, 1013)]]
    assert_whole(take, home)


def test_a_frozen_process_loses_its_frames_and_sees_it_when_it_wakes(
    take: Take, home: Path, resolved: Resolved, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAP", "1")
    with alone(take, home) as first:
        ask(first, ["1001-1006"])
        first.go()
        assert first.hear() == [{"frame": 1001}]
        first.members[0].send_signal(signal.SIGSTOP)

        with Chunk.open(take, resolved, FrameRange.parse("1006-1012")) as chunk:
            first.members[0].send_signal(signal.SIGCONT)
            first.go()
            said = first.hear()
            chunk.check()
            assert [one.pid for one in take.leases().values()] == [os.getpid()] * 2

    assert "Another process took over" in said[0]["busy"]
    assert said[0]["written"] == [1001]
    assert take.leases() == {}


def test_a_part_is_refused_at_once_where_the_whole_is_written(
    take: Take, resolved: Resolved
) -> None:
    with Chunk.open(take, resolved, None) as whole:
        with pytest.raises(TakeBusy, match=f"Frames 1003-1004 of {take.folder} are being written"):
            Chunk.open(take, resolved, FrameRange.parse("1003-1004"))

        whole.check()
        assert list(take.leases()) == [take.lease_file]
        assert whole.whole
        assert whole.journal.path.name == "events.jsonl"


def test_all_frames_of_a_take_are_the_whole_take_however_they_are_said(
    take: Take, resolved: Resolved
) -> None:
    with Chunk.open(take, resolved, EVERY) as chunk:
        assert chunk.whole
        assert list(take.leases()) == [take.lease_file]


def test_a_long_range_has_files_of_its_own_with_short_names(take: Take) -> None:
    spelled = FrameRange.of(number * number for number in range(1, 200))
    other = FrameRange.of([*spelled, 3])

    names = {take.lease_of(one).name for one in (spelled, other)}

    assert len(names) == 2
    assert all(len(name) < 80 for name in names)
    assert take.lease_of(spelled) == take.lease_of(FrameRange.parse(str(spelled)))


@pytest.mark.parametrize("asked", ["1000-1001", "1013", "1001-1100x2"])
def test_frames_that_are_not_of_the_take_are_refused(
    asked: str, take: Take, resolved: Resolved
) -> None:
    with pytest.raises(JobError) as caught:
        Chunk.open(take, resolved, FrameRange.parse(asked))

    assert f"{take.name} v001 has no frame 10" in caught.value.problem
    assert "1001-1012" in caught.value.remedy
    assert take.leases() == {}


def test_a_take_with_frames_missing_is_not_closed_and_they_are_named(
    take: Take, place: Place, trusted: Any, resolved: Resolved
) -> None:
    laid(take, *range(1001, 1010))
    with Chunk.open(take, resolved, FrameRange.parse("1001-1003")) as chunk:
        done = begin.kept(place, trusted, chunk.frames).frames

        assert list(done) == [Item(number) for number in (1001, 1002, 1003)]
        assert not chunk.commit(place, trusted, done)
        assert chunk.left == (Item(1010), Item(1011), Item(1012))
    assert take.state() == "incomplete"


def unsign(take: Take, file: Path) -> None:
    change(file, lambda frame: frame.parts[0].header.pop(record.SIGNATURE))


def edited(frame: exr.Frame) -> None:
    text = frame.parts[0].header[record.STATEMENT]
    frame.parts[0].header[record.STATEMENT] = text.replace('"frame":10', '"frame":20')


def edit(take: Take, file: Path) -> None:
    change(file, edited)


def swap(take: Take, file: Path) -> None:
    shutil.copy(take.file(1001), file)


def halve(take: Take, file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


@pytest.mark.parametrize("harm", [unsign, edit, swap, halve])
def test_a_frame_of_others_counts_only_if_it_is_ours_and_the_right_one(
    harm: Callable[[Take, Path], None],
    take: Take,
    place: Place,
    trusted: Any,
    resolved: Resolved,
) -> None:
    laid(take)
    harm(take, take.file(1012))
    with Chunk.open(take, resolved, FrameRange.parse("1001-1011")) as chunk:
        done = begin.kept(place, trusted, chunk.frames).frames

        assert not chunk.commit(place, trusted, done)
        assert chunk.left == (Item(1012),)
        laid(take, 1012)
        assert chunk.commit(place, trusted, done)
        assert chunk.commit(place, trusted, done)


def test_frames_signed_with_keys_that_are_not_trusted_are_named_and_close_no_take(
    take: Take, place: Place, resolved: Resolved, trusted: Any
) -> None:
    laid(take)
    kid = place.signer.kid
    with Chunk.open(take, resolved, FrameRange.parse("1001")) as chunk:
        with pytest.raises(SigningError) as caught:
            chunk.commit(place, {}, {})

        assert f"12 frames of {take.name} v001 are signed with key {kid}" in caught.value.problem
        assert f"Copy {kid}.pub" in caught.value.remedy
        assert len(chunk.left) == COUNT
        assert chunk.commit(place, trusted, {})


def test_it_is_the_last_part_that_says_so(take: Take, place: Place, resolved: Resolved) -> None:
    """Before, frames are missing anyhow."""
    laid(take, 1001, 1002)
    with Chunk.open(take, resolved, FrameRange.parse("1001")) as chunk:
        assert not chunk.commit(place, {}, {})


def test_what_of_an_earlier_run_is_made_again_is_said_with_the_reason(
    take: Take, place: Place, trusted: Any
) -> None:
    laid(take, *range(1001, 1011))
    for number in (1001, 1002):
        halve(take, take.file(number))
    shutil.copy(take.file(1004), take.file(1003))
    change(take.file(1005), edited)

    some, none = begin.kept(place, trusted), begin.kept(place, {}, FrameRange.parse("1006-1012"))

    assert sorted(item.frame for item in some.frames) == [1004, *range(1006, 1011)]
    assert sorted(some.notes) == [
        "1 frame is made again: of another job, or another frame",
        "1 frame is made again: their record was edited after it was signed",
        "2 frames are made again: changed after they were signed, or not readable",
    ]
    assert none.frames == {}
    [note] = none.notes
    assert note.startswith(f"5 frames are made again: signed with key {place.signer.kid}, which ")
    assert note.endswith("is not in the trust store; with the key there they would be kept")


def test_a_first_run_has_nothing_to_make_again(place: Place, trusted: Any) -> None:
    assert begin.kept(place, trusted) == ({}, ())


def test_who_still_writes_closes_the_take_though_every_frame_is_there(
    take: Take, place: Place, trusted: Any, resolved: Resolved
) -> None:
    """It may be at work on one that did not verify."""
    laid(take)
    with Chunk.open(take, resolved, FrameRange.parse("1001-1006")) as first:
        with Chunk.open(take, resolved, FrameRange.parse("1007-1012")) as last:
            assert not first.commit(place, trusted, {})
            assert last.commit(place, trusted, {})
        assert first.commit(place, trusted, {})
        with pytest.raises(TakeBusy, match="closed"):
            first.check()


def test_what_is_left_unfinished_of_other_frames_is_not_touched(
    take: Take, place: Place, trusted: Any
) -> None:
    parts = {number: take.private / f"0123abcd.{take.file(number).name}.part" for number in EVERY}
    for part in parts.values():
        part.touch()
    take.part_file(1001).touch()

    assert begin.kept(place, trusted, FrameRange.parse("1001-1002")).frames == {}

    assert not take.part_file(1001).exists()
    assert [number for number, part in parts.items() if part.exists()] == list(EVERY)[2:]


def test_a_take_of_an_earlier_version_is_finished(
    take: Take, place: Place, trusted: Any, resolved: Resolved
) -> None:
    """Its lease says nothing of frames, births or states."""
    before = {"uuid": "1", "machine": os.uname().nodename, "pid": 2**22, "started": 1.0, "beat": 7}
    documents.write(take.lease_file, before)
    take.journal().append("frame", frame=1001)
    (take.private / f"{take.file(1002).name}.part").touch()
    laid(take)

    assert take.state() == "stalled"
    with Chunk.open(take, resolved, FrameRange.parse("1001-1006")) as chunk:
        assert chunk.commit(place, trusted, begin.kept(place, trusted, chunk.frames).frames)
    assert take.leases() == {}
    assert [one["event"] for one in take.events()] == ["frame"]


def test_an_event_of_before_is_not_lost_where_a_part_is_done_again(
    take: Take, resolved: Resolved
) -> None:
    for _ in range(2):
        with Chunk.open(take, resolved, FrameRange.parse("1001-1002")) as chunk:
            chunk.journal.append("started")

    assert [one["event"] for one in take.events()] == ["started", "started"]
