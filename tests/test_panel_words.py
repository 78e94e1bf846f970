"""What the panel says of times, jobs, takes and verdicts: whole sentences, as a person reads them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from answerprint_panel import asked, connection, job_words, record_words, take_words, words
from answerprint_panel.host import HostError

NOW = datetime(2026, 11, 28, 15, 30).astimezone()
Document = dict[str, Any]


def iso(at: datetime) -> str:
    return at.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(minutes=58), "14:32"),
        (timedelta(days=1), "yesterday"),
        (timedelta(days=3), "Wednesday"),
        (timedelta(days=25), "3 Nov"),
        (timedelta(days=390), "3 Nov 2025"),
        (timedelta(hours=-2), "17:30"),
    ],
)
def test_a_take_says_when_it_was_made_as_one_would(before: timedelta, said: str) -> None:
    assert words.when(iso(NOW - before), NOW) == said


@pytest.mark.parametrize("text", ["", None, "soon", "2026-02-30T10:00:00Z", "0000-01-01T00:00Z", 7])
def test_what_is_no_time_is_not_said(text: Any) -> None:
    assert words.when(text, NOW) == words.clock(text) == words.exactly(text) == ""


@pytest.mark.parametrize(
    "text", ["2026-11-28T12:00:00Z", "2026-11-28T12:00:00.1Z", "2026-11-28T13:00:00.123456+01:00"]
)
def test_times_are_read_however_exactly_they_are_written(text: str) -> None:
    assert words.moment(text) == datetime(2026, 11, 28, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "0 s"), (26, "26 s"), (89, "89 s"), (170, "3 min"), (3600, "1 h"), (4800, "1 h 20 min")],
)
def test_a_time_is_as_exact_as_it_can_be(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([], "no frame"),
        ([1029], "frame 1029"),
        ([1031, 1029], "frames 1029 and 1031"),
        ([1, 2, 3, 4], "frames 1, 2, 3 and 4"),
        (list(range(1, 13)), "frames 1, 2, 3 and 9 more"),
    ],
)
def test_frames_are_named_until_there_are_too_many(numbers: list[int], said: str) -> None:
    assert words.frames(numbers) == said


def test_a_plate_is_named_by_its_stem() -> None:
    assert words.stem("P:\\show\\sh0120_fg_v014.####.exr") == "sh0120_fg_v014"
    assert words.stem("/p/fg_v014.%04d.exr") == words.stem("/p/fg_v014.1001.exr") == "fg_v014"


def job(state: str, **fields: Any) -> Document:
    return {
        "job": "j",
        "state": state,
        "title": "Denoise",
        "node": "Read3",
        "take": "v005",
        "frames": "1001-1096",
        "total": 96,
        "done": 37,
        "failed": [],
        **fields,
    }


@pytest.mark.parametrize(
    ("document", "line", "aside"),
    [
        (job("starting"), "Starting", ""),
        (
            job("running", rate=0.44, left=26.2),
            "37 of 96 frames,  0.44 s a frame",
            "26 s left",
        ),
        (job("waiting"), "Waits for triton-01, 37 of 96 frames kept", ""),
        (job("cancelled"), "Stopped at 37 of 96, those 37 are kept", ""),
        (job("cancelled", done=1), "Stopped at 1 of 96, that 1 is kept", ""),
        (job("cancelled", done=0), "Stopped before its first frame", ""),
        (job("lost"), "Interrupted at 37 of 96, those 37 are kept", ""),
        (
            job("incomplete", done=95, failed=[{"frame": 1044}]),
            "95 of 96 frames, frame 1044 held",
            "",
        ),
        (job("complete", done=96), "96 frames done", ""),
        (job("running", variations=5, total=480), "37 of 480 frames, 5 variations", ""),
    ],
)
def test_a_job_says_how_far_it_is(document: Document, line: str, aside: str) -> None:
    row = job_words.row(document, server="triton-01", host="Nuke")

    assert (row.line, row.aside) == (line, aside)
    assert row.spoken.startswith("v005, Denoise, Read3")


def test_only_while_a_job_goes_on_it_is_said_that_the_host_may_be_closed() -> None:
    assert job_words.row(job("running"), host="Nuke").safe == "Safe to close Nuke"
    assert job_words.row(job("cancelled"), host="Nuke").safe == ""


def test_another_scripts_job_is_shown_with_its_script() -> None:
    document = job("running", script="/show/sh0130_comp.nk")

    assert job_words.row(document, script="/x.nk").subject == "Denoise, Read3, in sh0130_comp.nk"
    assert job_words.row(document, script="/show/sh0130_comp.nk").subject == "Denoise, Read3"


def test_a_failed_frame_says_where_what_is_safe_and_what_cures_it() -> None:
    fix = {"label": "Set to zero and run", "change": {"non_finite": "zero"}}
    failed = {"frame": 1044, "problem": "It has 3 NaN pixels.", "remedy": "At x 8.", "fix": fix}

    row = job_words.row(job("incomplete", done=95, failed=[failed, {"frame": 1046}]))

    assert row.trouble is not None
    assert row.trouble.problem == "It has 3 NaN pixels."
    assert row.trouble.lines == (
        "At x 8.",
        "Held as well: frame 1046.",
        "The other 95 frames are finished and kept.",
    )
    assert row.trouble.fix == fix
    assert row.marks == (43.5 / 96, 45.5 / 96)


def test_without_a_fix_the_frames_that_failed_are_tried_again() -> None:
    failed = [{"frame": 1044, "problem": "The file is damaged.", "remedy": "Render it."}]

    row = job_words.row(job("incomplete", done=95, failed=failed, resumable=True))

    assert row.trouble is not None
    assert (row.trouble.fix, row.trouble.verb, row.trouble.label) == (
        None,
        "resume",
        "Retry frame 1044",
    )


def test_warnings_are_counted_and_named() -> None:
    few = job("running", warnings=1, warned=[{"frame": 1029, "warning": "x"}])
    many = job("running", warnings=12, warned=[{"frame": n, "warning": "x"} for n in range(1, 13)])

    assert job_words.row(few).warned == "1 warn, frame 1029"
    assert job_words.row(many).warned == "12 warn, first at frame 1"


@pytest.mark.parametrize(
    ("state", "said", "icon", "words"),
    [
        ("running", {"qc": "not judged"}, "", ""),
        ("running", {}, "", ""),
        ("running", {"qc": "pass", "judged": {"pass": 36}}, "pass", "Pass so far"),
        ("complete", {"qc": "pass", "judged": {"pass": 96}}, "pass", "QC pass"),
        ("running", {"qc": "warn", "judged": {"pass": 35, "warn": 2}, "qc_frame": 1029}, "warn",
         "2 warn, first at frame 1029"),
        ("running", {"qc": "fail", "judged": {"fail": 1}, "qc_frame": 1006}, "fail",
         "1 fail, frame 1006"),
        ("complete", {"qc": "fail", "judged": {}}, "fail", "QC fail"),
        ("running", {"qc": "unknown", "judged": {"unknown": 3}}, "unknown", "3 not judged"),
        ("running", {"qc": "warn", "judged": None, "qc_frame": "1029"}, "warn", "QC warn"),
    ],
)  # fmt: skip
def test_a_job_says_what_the_gates_have_said_so_far(
    state: str, said: dict[str, Any], icon: str, words: str
) -> None:
    row = job_words.row(job(state, **said))

    assert (row.qc.icon, row.qc.word) == (icon, words)
    assert words in row.spoken
    assert (row.qc.tone == "passed") == (words == "QC pass")


def test_the_queue_is_counted_by_what_its_jobs_do() -> None:
    states = ["running", "starting", "waiting", "cancelled", "lost", "incomplete"]

    said = job_words.heading([job(state) for state in states])

    assert said == "1 held, 2 running, 1 waiting, 2 stopped"


SERVER = {"state": "connected", "name": "triton-01", "busy": 0}


@pytest.mark.parametrize(
    ("engine", "server", "jobs", "said"),
    [
        ({}, {}, [], "Starting the engine"),
        ({"problem": "There is none"}, {}, [], "No engine, There is none."),
        ({}, SERVER, [], "Connected to triton-01, queue empty"),
        ({}, {**SERVER, "busy": 3}, [], "Connected to triton-01, busy with other work"),
        ({}, SERVER, [job("running")], "Connected to triton-01, busy with your job"),
        ({}, SERVER, [job("running")] * 2, "Connected to triton-01, busy with 2 jobs of yours"),
        ({}, {"state": "none"}, [], "No server, runs need one"),
        ({}, {"state": "refused", "name": "triton-01"}, [], "Triton-01 refuses, not seen yet"),
        ({}, {"state": "away", "name": "x"}, [], "Server away, not seen yet"),
    ],
)
def test_the_connection_is_said_in_words(
    engine: Document, server: Document, jobs: list[Document], said: str
) -> None:
    assert connection.line(engine, server, jobs).spoken == said


def take(number: int, **fields: Any) -> Document:
    return {
        "path": f"/r/{number}",
        "take": f"v{number:03d}",
        "stream": "bg_denoise",
        "title": "Denoise",
        "task": "denoise",
        "node": "Read3",
        "qc": "not judged",
        "frames": "1001-1096",
        "version": "3",
        "user": "me",
        "created": f"2026-11-{number:02d}T10:00:00Z",
        **fields,
    }


def test_a_take_says_its_qc_its_range_and_whose_it_is() -> None:
    row = take_words.row(take(3, standing="latest", word="Latest"), "me")

    assert (row.qc.word, row.line, row.who) == (
        "not judged",
        "1001 to 1096, model version 3",
        "You",
    )
    assert row.spoken.startswith("v003, not judged, Latest, 1001 to 1096")


def test_a_take_that_failed_says_why_and_that_it_is_not_offered() -> None:
    row = take_words.row(take(4, qc="fail", standing="failed", reason="Frame 1006 is black"), "x")

    assert (row.qc.icon, row.qc.word) == ("fail", "QC fail")
    assert (row.line, row.loud, row.standing.word) == (
        "Frame 1006 is black",
        True,
        "Not offered as latest",
    )


def test_takes_stand_by_stream_the_newest_first() -> None:
    takes = [take(1), take(9, stream="bg_upscale", title="Upscale"), take(3), take(2)]

    found = take_words.grouped(takes)

    assert [(title, [one["take"] for one in those]) for _, title, those in found] == [
        ("Upscale, Read3", ["v009"]),
        ("Denoise, Read3", ["v003", "v002", "v001"]),
    ]


def judged(*verdicts: str) -> list[Document]:
    frames = [
        {"kind": "frame", "path": f"/r/a.{1001 + at}.exr", "verdict": word, "why": "Pixels differ."}
        for at, word in enumerate(verdicts)
    ]
    worst = next((word for word in verdicts if word != "OK"), "OK")
    return [*frames, {"kind": "take", "path": "/r", "verdict": worst, "why": "3 frames, signed."}]


def test_a_take_that_is_as_it_was_signed_says_so() -> None:
    said = record_words.verdict(judged("OK", "OK", "OK"), "v003")

    assert said.good
    assert said.headline == "v003 verified: 3 frames are signed and unchanged"


def test_a_take_that_is_not_names_its_frames() -> None:
    said = record_words.verdict(judged("OK", "PIXELS_CHANGED", "PIXELS_CHANGED"), "v003")

    assert (said.good, said.headline) == (False, "v003 is not as it was signed")
    assert said.lines[0] == (
        "2 of 3 frames have changed since they were signed: frames 1002 and 1003."
    )


def test_verifying_that_ends_early_is_no_verdict() -> None:
    said = record_words.verdict([{"error": "EngineGone", "problem": "The engine ended."}], "v003")

    assert (said.good, said.lines) == (False, ("The engine ended.",))


def test_a_fix_is_laid_over_what_was_asked_for() -> None:
    document = {"task": "denoise", "inputs": {"albedo": {"path": "a"}, "normal": {"path": "n"}}}

    made = asked.changed(document, {"inputs": {"albedo": {"layer": "diffuse"}}, "frames": "1-2"})

    assert made == {
        "task": "denoise",
        "frames": "1-2",
        "inputs": {"albedo": {"path": "a", "layer": "diffuse"}, "normal": {"path": "n"}},
    }
    assert "frames" not in document


@pytest.mark.parametrize("text", [None, "", "[]", "{", '"' + "x" * asked.MOST_BYTES + '"'])
def test_a_job_whose_document_cannot_be_read_says_what_to_do(
    tmp_path: Path, text: str | None
) -> None:
    if text is not None:
        (tmp_path / "j.job.json").write_text(text)

    with pytest.raises(HostError) as raised:
        asked.document({"events": (tmp_path / "j.jsonl").as_posix()})
    assert raised.value.remedy == "Set it up above and run it from there."


def test_a_jobs_document_lies_beside_its_events(tmp_path: Path) -> None:
    (tmp_path / "j.job.json").write_text(json.dumps({"task": "denoise"}))

    found = asked.document({"kind": "run", "events": (tmp_path / "j.jsonl").as_posix()})

    assert found == {"task": "denoise"}
