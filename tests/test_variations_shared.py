"""A wedge that several processes share: each does its variations, and the last one closes the take."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import Answerprint
from hypothesis import given, settings, strategies as st
from samples import AtOnce, ended, judge, points, until

from answerprint import holder, signing, takes
from answerprint.chunk import Chunk
from answerprint.errors import JobError, TakeBusy
from answerprint.frames import FrameRange
from answerprint.holder import WRITING
from answerprint.part import Part, labels, variations
from answerprint.takes import Item, Take
from answerprint.verify import verify

NUMBERS = st.frozensets(st.integers(1, 40), min_size=1, max_size=12).map(FrameRange.of)
FRAMES = st.frozensets(st.integers(-5, 40), min_size=1, max_size=12).map(FrameRange.of)
PARTS = st.builds(Part, st.none() | FRAMES, st.none() | NUMBERS)

PROCESSES, EACH = 8, 25


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


def claimed(answerprint: AtOnce, values: str, frames: int = 1) -> Take:
    """A wedge of point normals with no frame yet; `values`: the place that points face."""
    path = points(answerprint.folder / "cache", frames)
    wedge = ("--wedge", f"towards_x={values}", "--set", "facing=towards", "--claim", "--json")
    said = answerprint("run", "--task", "point_normals", "--plate", path, *wedge)
    assert said.code == 0, said
    return takes.find(Path(said.last["path"]))


@given(PARTS.filter(lambda part: not part.is_whole))
@settings(max_examples=60, deadline=None)
def test_a_part_is_read_as_it_is_spelled(part: Part) -> None:
    assert Part.parse(str(part)) == part
    assert len(Take(Path("t/v001")).lease_of(part).name) < 90


@given(PARTS, PARTS)
@settings(max_examples=60, deadline=None)
def test_parts_overlap_where_they_share_a_work_item(one: Part, other: Part) -> None:
    def items(part: Part) -> set[tuple[int, int]]:
        frames, chosen = part.frames or range(-5, 41), part.variations or range(1, 41)
        return {(frame, number) for frame in frames for number in chosen}

    shared = items(one) & items(other)
    assert one.overlaps(other) == bool(shared)
    if shared:
        assert items(one.common(other)) == shared


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("w007", "7"),
        ("w001-w025", "1-25"),
        ("w001,w009", "1,9"),
        ("w1-3", None),
        ("w0001-w0010x3", "1-10x3"),
        ("7", None),
        ("", None),
        ("w007-w001", None),
        ("w001;w002", None),
        ("../w001", None),
    ],
)
def test_variations_are_named_by_their_labels(text: str, numbers: str | None) -> None:
    if numbers is None:
        with pytest.raises(JobError):
            variations(text)
        return
    assert str(variations(text)) == numbers
    assert variations(labels(variations(text))) == variations(text)


def test_names_of_files_say_the_part_and_old_ones_are_the_same() -> None:
    take, some = Take(Path("s/v001")), FrameRange.parse("1001-1010")

    assert take.lease_of(None).name == "lease.json"
    assert take.lease_of(some).name == "lease.1001-1010.json"
    both = Part(some, variations("w001-w025"))
    assert take.lease_of(both).name == "lease.1001-1010.w001-w025.json"
    alone = take.journal_of(Part(None, variations("w007")))
    assert alone.path.name == "events.w007.jsonl"


def test_each_process_makes_its_variations_and_the_last_one_closes_the_take(
    answerprint: AtOnce, home: Path
) -> None:
    take = claimed(answerprint, ",".join(str(n) for n in range(PROCESSES * EACH)))
    command = Answerprint(answerprint.folder)
    parts = [f"w{1 + n * EACH:03d}-w{(n + 1) * EACH:03d}" for n in range(PROCESSES)]
    running = [
        command.start("run", "--resume", take.folder, "--variations", part, "--json")
        for part in parts
    ]
    ends = [ended(process) for process in running]

    assert [code for code, _ in ends] == [0] * PROCESSES
    assert "complete" in {said[-1]["state"] for _, said in ends}
    assert take.is_complete
    assert not take.leases()
    assert len(take.items()) == PROCESSES * EACH
    keys = signing.trusted_keys([home / "trust"])
    assert {one.verdict.value for one in verify(take.folder, keys)} == {"OK"}
    made = [event for event in take.events() if event["event"] == "frame"]
    assert len(made) == PROCESSES * EACH  # nobody did what another had done


def test_a_variation_alone_is_done_and_what_is_left_is_said(
    answerprint: AtOnce, home: Path
) -> None:
    take = claimed(answerprint, "1,2,3", frames=2)
    words = ("run", "--resume", take.folder, "--lines")

    said = answerprint(*words, "--variations", "w002")
    assert said.code == 0
    assert set(take.items()) == {Item(1001, "w002"), Item(1002, "w002")}
    assert answerprint(*words, "--variations", "w001,w003", "--frames", "1002").code == 0
    assert len(take.items()) == 4
    told = answerprint(*words, "--variations", "w001-w003", "--json").documents
    assert told[0]["kept"] == 4
    assert told[-1]["state"] == "complete"
    assert judge(answerprint, take.folder, home).take == "OK"


def test_who_wants_what_another_writes_is_told_which_variations(answerprint: AtOnce) -> None:
    take = claimed(answerprint, "1,2,3,4")
    resolved = takes.reopen(take)
    with (
        Chunk.open(take, resolved, Part(None, variations("w001-w002"))),
        Chunk.open(take, resolved, Part(None, variations("w003"))) as other,
    ):
        assert other.journal.path.name == "events.w003.jsonl"
        with pytest.raises(TakeBusy) as busy:
            Chunk.open(take, resolved, Part(None, variations("w002-w004")))
        assert str(busy.value).startswith("Variation w00")
        with pytest.raises(TakeBusy):
            Chunk.open(take, resolved, None)
        Chunk.open(take, resolved, Part(None, variations("w004"))).__exit__()


def test_a_part_of_a_dead_process_is_taken_over(answerprint: AtOnce, home: Path) -> None:
    take = claimed(answerprint, "1,2,3,4", frames=3)
    words = ("run", "--resume", take.folder, "--variations", "w001-w003", "--json")
    process = Answerprint(answerprint.folder).start(*words)
    until(process, "frame")
    process.kill()
    ended(process)
    (lease,) = take.leases().values()
    assert (lease.frames, lease.state, holder.is_dead(lease)) == ("w001-w003", WRITING, True)

    said = answerprint("run", "--resume", take.folder, "--json")

    assert said.last["state"] == "complete"
    assert judge(answerprint, take.folder, home).take == "OK"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("w005",), "has no variation w005."),
        (("w001-w009",), "has no variation w005-w009."),
        (("7",), "'7' names no variations."),
    ],
)
def test_variations_that_are_not_of_the_wedge_are_refused(
    words: tuple[str], problem: str, answerprint: AtOnce
) -> None:
    take = claimed(answerprint, "1,2,3,4")

    said = answerprint("run", "--resume", take.folder, "--variations", *words, "--json")

    assert said.code == 2
    assert problem in said.last["problem"]
    assert not take.items()


def test_variations_are_chosen_of_a_take_that_was_begun_alone(answerprint: AtOnce) -> None:
    path = points(answerprint.folder / "cache", 1)

    words = ("run", "--task", "point_normals", "--plate", path, "--variations", "w001", "--json")
    said = answerprint(*words)

    assert (said.code, said.last["error"]) == (2, "JobError")
    assert "--resume" in said.last["remedy"]
