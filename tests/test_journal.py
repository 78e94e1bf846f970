"""The journal: what happened, whole events only, whatever broke off while it was written."""

from __future__ import annotations

import json
import threading
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given, settings, strategies as st
from strategies import documents, scratch, texts

from answerprint.documents import MOST_BYTES
from answerprint.errors import TakeError
from answerprint.journal import BLOCK, Journal, last, merged, read, stream


def names(path: Path) -> list[str]:
    return [event["event"] for event in read(path)]


def test_events_are_read_in_the_order_they_happened(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "events.jsonl")

    said = [journal.append("started", frames=3), journal.append("frame", frame=1001)]

    assert read(journal.path) == said
    assert [event["event"] for event in said] == ["started", "frame"]
    assert said[0]["frames"] == 3
    assert said[0]["time"] <= said[1]["time"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.dictionaries(texts.map("fact_".__add__), documents), max_size=3))
@example([{"fact_": "line\u2028separator"}, {"fact_": "next\x85line"}])
def test_any_event_is_read_back_whole(facts: list[dict[str, object]]) -> None:
    with scratch() as folder:
        journal = Journal(folder / "events.jsonl")
        said = [journal.append("frame", **one) for one in facts]

        assert read(journal.path) == said


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_line_cut_off_anywhere_takes_no_other_event_with_it(data: st.DataObject) -> None:
    with scratch() as folder:
        journal = Journal(folder / "events.jsonl")
        for number in range(3):
            journal.append(f"whole {number}", note="Müller 世界")
        kept = len(journal.path.read_bytes())
        journal.append("cut", note="Müller 世界")
        whole = journal.path.read_bytes()
        journal.path.write_bytes(whole[: data.draw(st.integers(kept, len(whole) - 2))])
        before = names(journal.path)
        journal.append("next")

        assert before == ["whole 0", "whole 1", "whole 2"]
        assert names(journal.path) == [*before, "next"]


def test_an_event_that_lacks_only_its_line_end_is_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "events.jsonl")
    journal.append("started")
    journal.path.write_bytes(journal.path.read_bytes().rstrip())

    journal.append("frame")

    assert names(journal.path) == ["started", "frame"]


def test_lines_that_are_no_events_are_left_out(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "events.jsonl")
    journal.path.write_bytes(b'\xff\xfe\n\n5\n[]\nnull\n"frame"\n' + b"[" * 99_999 + b"\n")

    journal.append("frame")

    assert names(journal.path) == ["frame"]


def test_threads_write_whole_lines(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "events.jsonl")

    def write(thread: int) -> None:
        for number in range(50):
            journal.append("frame", thread=thread, number=number, note="x" * 5000)

    threads = [threading.Thread(target=write, args=[thread]) for thread in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    found = {(event["thread"], event["number"]) for event in read(journal.path)}
    assert found == {(thread, number) for thread in range(8) for number in range(50)}


def test_a_take_without_a_journal_has_no_events(tmp_path: Path) -> None:
    assert read(tmp_path / "events.jsonl") == []
    assert last(tmp_path / "events.jsonl", "finished") is None


def test_a_journal_that_cannot_be_written_stops_nothing_and_says_so(tmp_path: Path) -> None:
    event = Journal(tmp_path / "gone" / "events.jsonl").append("frame", frame=1001)

    assert event["unwritten"] == "No such file or directory"
    assert event["frame"] == 1001


def test_a_journal_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(TakeError, match=f"{tmp_path.name} cannot be read: Is a directory"):
        read(tmp_path)


def test_a_line_that_is_too_long_is_refused_before_all_of_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a hole: no machine could hold it

    for reading in (lambda: read(path), lambda: last(path, "finished")):
        with pytest.raises(TakeError, match="has a line of more than 67,108,864 bytes"):
            reading()


def test_a_journal_may_be_longer_than_any_document_and_its_end_is_read_alone(
    tmp_path: Path,
) -> None:
    journal = Journal(tmp_path / "events.jsonl")
    line = b'{"event": "frame", "note": "' + b"x" * 1000 + b'"}\n'
    count = MOST_BYTES // len(line) + 100
    journal.path.write_bytes(line * count)
    finished = journal.append("finished", state="cancelled")
    journal.append("frame", frame=1001)

    assert sum(event["event"] == "frame" for event in stream(journal.path)) == count + 1
    tracemalloc.start()
    try:
        assert last(journal.path, "finished") == finished
        assert tracemalloc.get_traced_memory()[1] < 8 * BLOCK
    finally:
        tracemalloc.stop()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0, 9, BLOCK, 3 * BLOCK]))))
def test_the_last_event_of_a_name_is_that_which_reading_all_would_find(
    told: list[tuple[str, int]],
) -> None:
    with scratch() as folder:
        journal = Journal(folder / "events.jsonl")
        for name, size in told:
            journal.append(name, note="é" * size)

        for name in "abc":
            found = [event for event in read(journal.path) if event["event"] == name]
            assert last(journal.path, name) == (found[-1] if found else None)


def told(folder: Path, name: str, *times: str) -> Path:
    """A journal with an event at each of these times, named after the journal and counted."""
    path = folder / name
    lines = ({"time": time, "event": f"{name}{number}"} for number, time in enumerate(times))
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


def test_several_journals_are_one_by_time(tmp_path: Path) -> None:
    paths = [told(tmp_path, "a", "01", "04"), told(tmp_path, "b", "02", "03", "05")]

    assert [one["event"] for one in merged(paths)] == ["a0", "b0", "b1", "a1", "b2"]
    assert list(merged(paths[:1])) == read(paths[0])
    assert list(merged([])) == []


def test_a_clock_that_was_set_back_does_not_change_the_order_of_a_journal(tmp_path: Path) -> None:
    paths = [told(tmp_path, "a", "05", "01", "02", "06"), told(tmp_path, "b", "03", "05", "07")]

    said = [one["event"] for one in merged(paths)]

    assert said == ["b0", "a0", "a1", "a2", "b1", "a3", "b2"]


def test_events_without_a_time_stay_where_they_are(tmp_path: Path) -> None:
    path = told(tmp_path, "a", "01", "02")
    with path.open("a", encoding="utf-8") as file:
        file.write('{"event": "stray"}\n{"event": "odd", "time": [5]}\n')

    assert [one["event"] for one in merged([path])] == ["a0", "a1", "stray", "odd"]
