"""The course of a job: what its events add up to, each read once, and how fast it goes."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from answerprint import course
from answerprint.course import MOST_FAILED, MOST_TOLD, STRETCH, Course
from answerprint.tail import MOST_AT_ONCE, MOST_LINE_BYTES, Tail


def line(event: str, second: float = 0.0, **facts: Any) -> bytes:
    at = datetime(2026, 11, 28, 10, tzinfo=timezone.utc) + timedelta(seconds=second)
    time = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": time, "event": event, **facts}).encode()


def started(second: float = 0.0, **facts: Any) -> bytes:
    known = {"take": "t/v001", "path": "/p/t/v001", "frames": 96, "kept": 0, "variations": 0}
    return line("started", second, **known | facts)


def frame(second: float, number: int = 1001, **facts: Any) -> bytes:
    return line("frame", second, frame=number, **facts)


def taken(*lines: bytes) -> Course:
    found = Course()
    for one in lines:
        found.take_in(one)
    assert found.damaged == 0
    return found


def test_frames_that_finish_together_do_not_make_it_look_fast() -> None:
    four_at_once = [frame(4.0 * turn) for turn in range(1, 13) for _ in range(4)]

    found = taken(started(frames=96), *four_at_once)

    assert (found.done, found.rate) == (48, 1.0)
    assert found.left == 48.0


def test_only_the_last_stretch_tells_how_fast_it_goes() -> None:
    slow = [frame(10.0 * turn) for turn in range(1, 11)]
    fast = [frame(100.0 + 0.5 * turn) for turn in range(1, STRETCH + 1)]

    assert taken(started(), *slow).rate == 10.0
    assert taken(started(), *slow, *fast).rate == 0.5


def test_a_failed_frame_took_its_time_as_well_and_is_not_left_to_do() -> None:
    failed = line("failed", 4.0, frame=1002, problem="It is black.", remedy="Render it.")

    found = taken(started(frames=4), frame(2.0), failed)

    assert (found.rate, found.left) == (2.0, 4.0)
    assert found.failed == [
        {"frame": 1002, "variation": "", "problem": "It is black.", "remedy": "Render it."}
    ]


def test_the_time_without_a_server_says_nothing_of_the_rate() -> None:
    away = line(
        "waiting", 2.0, error="ServerAway", problem="No server answers.", remedy="Start it."
    )
    before = taken(started(), frame(1.0), frame(2.0), away)
    assert before.waiting
    assert before.waiting["problem"] == "No server answers."

    before.take_in(line("back", 302.0, seconds=300.0))
    before.take_in(frame(303.0))

    assert before.waiting is None
    assert before.rate == 1.0


def test_what_was_kept_from_before_is_done_and_takes_no_time() -> None:
    found = taken(started(frames=96, kept=90), frame(2.0))

    assert (found.done, found.left) == (91, 10.0)


def test_a_clock_that_is_set_back_gives_no_rate_below_nothing() -> None:
    assert taken(started(60.0), frame(1.0)).rate == 0.0


def test_many_failures_and_warnings_are_all_counted_and_the_first_are_told() -> None:
    failed = [
        line("failed", frame=number, variation="w001", problem="P.", remedy="R.")
        for number in range(MOST_FAILED + 1)
    ]
    warned = [frame(0.0, number, warnings=["a", "b"]) for number in range(MOST_TOLD)]

    found = taken(started(), *failed, *warned)

    assert (found.failures, len(found.failed)) == (MOST_FAILED + 1, MOST_FAILED)
    assert (found.warnings, len(found.warned)) == (2 * MOST_TOLD, MOST_TOLD)
    assert found.warned[:3] == [
        {"frame": 0, "variation": "", "warning": "a"},
        {"frame": 0, "variation": "", "warning": "b"},
        {"frame": 1, "variation": "", "warning": "a"},
    ]


def test_how_it_ended_is_as_the_last_event_says() -> None:
    end = line("finished", 9.0, state="part", done=10, failed=[], left=86)

    found = taken(started(part="1001-1010", frames=10), end)

    assert (found.end, found.part, found.done) == ("part", "1001-1010", 10)
    assert found.notes == ["86 frames of the take left to others."]


@pytest.mark.parametrize(
    "damaged",
    [
        b"", b"{", b"\xff\x00", b"[]", b"7", b'"event"', b"null", b"[" * 100_000, b"{}",
        b'{"event": "frame"}', b'{"event": "frame", "time": 7, "frame": 1}',
        b'{"event": "frame", "time": "yesterday", "frame": 1}',
        b'{"event": "started", "time": "2026-11-28T10:00:00Z", "take": "t/v001"}',
        b'{"event": "failed", "time": "2026-11-28T10:00:00Z", "frame": 1}',
        b'{"event": "frame", "time": "2026-11-28T10:00:00Z", "frame": "many"}',
        b'{"error": "JobError"}',
    ],
    ids=lambda one: one[:50].decode(errors="replace"),
)  # fmt: skip
def test_a_line_that_is_no_event_is_counted_and_the_next_one_is_read(damaged: bytes) -> None:
    found = taken(started(), frame(1.0))

    found.take_in(damaged)
    found.take_in(frame(2.0))

    assert (found.damaged, found.done, found.total) == (1, 2, 96)


def test_a_course_that_was_kept_goes_on_as_if_it_had_never_been_put_away() -> None:
    whole, first = taken(started(), frame(1.0), frame(2.0)), taken(started(), frame(1.0))

    again = course.held(json.loads(json.dumps(first.as_json())))
    assert again is not None
    again.take_in(frame(2.0))

    assert again == whole
    assert course.held({"take": 7}) is None


def test_a_tail_reads_each_line_once_and_an_unfinished_one_when_it_is_whole(
    tmp_path: Path,
) -> None:
    file, tail = tmp_path / "events", Tail(tmp_path / "events")
    assert tail.lines() == ([], True)

    with file.open("ab", buffering=0) as out:
        out.write(b"one\ntw")
        assert tail.lines() == ([b"one"], True)
        assert tail.lines() == ([], True)
        out.write(b"o\n")
        assert tail.lines() == ([b"two"], True)

    assert Tail(file, tail.offset).lines() == ([], True)


def test_a_long_file_is_read_in_pieces_and_no_line_is_lost_or_cut(tmp_path: Path) -> None:
    lines = [bytes([65 + number % 26]) * (number % 997) for number in range(20_000)]
    (tmp_path / "events").write_bytes(b"\n".join(lines) + b"\n")
    tail, found, is_all, looks = Tail(tmp_path / "events"), list[bytes](), False, 0

    while not is_all:
        some, is_all = tail.lines()
        found, looks = found + some, looks + 1

    assert found == lines
    assert looks > 1


@pytest.mark.parametrize("size", [MOST_LINE_BYTES + 1, 3 * MOST_AT_ONCE])
def test_a_line_without_an_end_is_passed_over_as_one_that_is_damaged(
    size: int, tmp_path: Path
) -> None:
    (tmp_path / "events").write_bytes(b"one\n" + b"x" * size + b"\ntwo\n")
    tail, found, is_all = Tail(tmp_path / "events"), list[bytes](), False

    while not is_all:
        some, is_all = tail.lines()
        found += some

    assert found == [b"one", b"", b"two"]


def test_a_file_that_became_shorter_is_one_damaged_line(tmp_path: Path) -> None:
    file = tmp_path / "events"
    file.write_bytes(b"one\ntwo\n")
    tail = Tail(file)
    tail.lines()

    file.write_bytes(b"one\n")

    assert tail.lines() == ([b""], True)
    assert tail.lines() == ([], True)
