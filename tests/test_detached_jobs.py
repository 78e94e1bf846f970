"""Jobs that go on by themselves: any panel finds, watches, cancels and forgets them."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from command import Answerprint, Said as Answered
from panels import Panel, panel
from samples import AtOnce, plate as noisy
from test_course import frame, line, started as begun

from answerprint import documents
from answerprint.followed import Followed
from answerprint.jobs import Jobs
from answerprint.note import MOST_NOTE_BYTES, Files, Note
from answerprint.takes import Take
from answerprint_server import alive

Said = dict[str, Any]
WATCH = 7


def job_named(number: int) -> str:
    return f"20261128T{number:012d}_abcdef"


ONE, TWO = job_named(1), job_named(2)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user's folder with no jobs yet."""
    (tmp_path / "home" / "jobs").mkdir(parents=True)
    return tmp_path / "home"


@dataclass
class Two:
    """Two panels of one user, each with a sidecar of its own, in two folders."""

    home: Path
    one: Panel
    other: Panel

    def job(self, job: Said) -> Said:
        return next(one for one in listed(self.home) if one["job"] == job["job"])


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    home = tmp_path_factory.mktemp("two") / "home"
    home.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANSWERPRINT_HOME", str(home))
        with panel(home.parent) as one, panel(home) as other:
            yield Two(home, one, other)


@contextmanager
def watching(of: Panel) -> Iterator[Callable[[Callable[[Said], bool]], list[Said]]]:
    """The panel watches jobs; what is called with a condition hears until that is so."""
    of.ask(WATCH, "jobs", "--watch")
    yield lambda is_it: of.until(WATCH, is_it)
    of.cancel(WATCH)
    while of.hear() != {"id": WATCH, "exit": 130}:
        pass


def asked(folder: Path, server: str, frames: int = 20, **fields: Any) -> list[str]:
    """The words of a run that takes a tenth of a second for each frame."""
    document = {
        "task": "slow", "plate": str(noisy(folder / "plate", frames)), "host": "nuke 15.1v2",
        "node": "Group1.Read3", "out": {"root": str(folder / "takes"), "name": "t"}, **fields,
    }  # fmt: skip
    return ["run", "--document", json.dumps(document), "--server", server, "--in-flight", "1"]


def started(one: Panel, words: list[str]) -> Said:
    (said,), code = one(*words)
    assert code == 0, said
    return said


def is_now(job: Said, state: str) -> Callable[[Said], bool]:
    return lambda one: (one["job"], one["state"]) == (job["job"], state)


def has_frames(job: Said) -> Callable[[Said], bool]:
    return lambda one: one["job"] == job["job"] and bool(one["done"])


def listed(home: Path) -> list[Said]:
    found = Jobs(home / "jobs", alive.is_same)
    rows = {one["job"]: one for one in found.look()}
    while found.is_behind:
        rows |= {one["job"]: one for one in found.look()}
    return sorted(rows.values(), key=lambda one: str(one["job"]), reverse=True)


def test_a_job_is_watched_by_another_panel_from_its_beginning_to_its_end(
    two: Two, tmp_path: Path, slow: str
) -> None:
    with watching(two.other) as hear:
        job = started(two.one, asked(tmp_path, slow, 12))
        seen = [one for one in hear(is_now(job, "complete")) if one["job"] == job["job"]]

    states = list(dict.fromkeys(said["state"] for said in seen))
    assert states in (["starting", "running", "complete"], ["running", "complete"])
    done = [said["done"] for said in seen]
    assert done == sorted(done)
    assert len(set(done)) > 2
    assert any(said["rate"] and said["left"] for said in seen)
    last = seen[-1]
    expected = {
        "kind": "run", "task": "slow", "plate": "bg", "node": "Group1.Read3",
        "host": "nuke 15.1v2", "take": "v001", "name": "t",
        "path": (tmp_path / "takes/t/v001").as_posix(), "stream": "t",
        "root": (tmp_path / "takes").as_posix(), "frames": "1001-1012", "variations": 0,
        "total": 12, "done": 12, "failed": [], "problem": "", "resumable": False, "left": None,
    }  # fmt: skip
    assert {name: last[name] for name in expected} == expected
    assert last["title"]
    assert last["started"] < last["ended"]


def test_a_job_whose_process_is_killed_is_lost_and_is_finished_by_a_resume(
    two: Two, tmp_path: Path, slow: str
) -> None:
    with watching(two.other) as hear:
        job = started(two.one, asked(tmp_path, slow))
        hear(has_frames(job))

        os.kill(job["pid"], signal.SIGKILL)

        lost = hear(is_now(job, "lost"))[-1]
        assert (lost["resumable"], lost["left"]) == (True, None)
        assert "gone without an end" in lost["problem"]
        assert lost["remedy"] == "Resume it: finished frames are kept."

        again = started(two.one, ["run", "--resume", lost["path"], "--server", slow])
        hear(is_now(again, "complete"))

    newer, older = two.job(again), two.job(job)
    assert (newer["kind"], newer["node"], newer["done"]) == ("resume", "Group1.Read3", 20)
    assert (older["state"], older["resumable"], older["followed"]) == ("lost", False, again["job"])
    assert older["remedy"] == "Its take is complete all the same."


def test_a_job_is_cancelled_from_another_panel_and_what_is_finished_stays(
    two: Two, tmp_path: Path, slow: str
) -> None:
    with watching(two.other) as hear:
        job = started(two.one, asked(tmp_path, slow, 200))
        hear(has_frames(job))

        (said,), code = two.one("jobs", "--cancel", job["job"])

        assert (code, said) == (0, {"job": job["job"], "cancelling": True})
        last = hear(is_now(job, "cancelled"))[-1]

    assert (last["cancelling"], last["resumable"]) == (False, True)
    assert len(Take(Path(last["path"])).items()) == last["done"] > 0
    (said,), code = two.one("jobs", "--cancel", job["job"])
    assert (code, said["problem"]) == (2, f"Job {job['job']} has ended already.")
    assert two.job(job)["state"] == "cancelled"


def test_an_ended_job_is_forgotten_and_a_running_one_is_not(
    two: Two, tmp_path: Path, slow: str
) -> None:
    with watching(two.other) as hear:
        job = started(two.one, asked(tmp_path, slow, 200))

        (said,), code = two.one("jobs", "--forget", job["job"])
        assert (code, said["problem"]) == (2, f"Job {job['job']} still runs.")

        hear(has_frames(job))
        os.kill(job["pid"], signal.SIGTERM)
        hear(is_now(job, "cancelled"))
        forgotten = {"job": job["job"], "state": "forgotten"}
        assert two.one("jobs", "--forget", job["job"]) == ([forgotten], 0)
        assert hear(is_now(job, "forgotten"))[-1] == forgotten

    assert list((two.home / "jobs").glob(f"{job['job']}*")) == []
    assert Take(tmp_path / "takes/t/v001").items()


def test_a_job_that_is_run_again_says_what_came_of_it(two: Two, tmp_path: Path, slow: str) -> None:
    with watching(two.other) as hear:
        hear(is_now(started(two.one, asked(tmp_path, slow, 1)), "complete"))

        again = started(two.one, ["rerun", str(tmp_path / "takes/t/v001"), "--server", slow])
        last = hear(is_now(again, "complete"))[-1]

    assert (last["kind"], last["take"], last["answer"]) == ("rerun", "v002", "identical")
    assert last["node"] == "Group1.Read3"


def test_a_job_that_fails_before_it_has_a_take_says_what_the_verb_said(
    two: Two, tmp_path: Path, answerprint: Answerprint
) -> None:
    words = ["run", "--task", "slow", "--plate", str(noisy(tmp_path / "plate", 1))]

    with watching(two.other) as hear:
        job = started(two.one, words)
        row = hear(is_now(job, "failed"))[-1]

    said = answerprint(*words, "--json", env={"ANSWERPRINT_HOME": str(two.home)}).last
    assert said["fix"] == {"label": "Start a server here", "argv": ["serve"]}
    assert {name: row[name] for name in ("problem", "remedy", "fix")} == {
        name: said[name] for name in ("problem", "remedy", "fix")
    }
    assert (row["task"], row["plate"], row["take"], row["resumable"]) == ("slow", "bg", None, False)
    assert row["ended"] >= row["started"]


def test_a_document_of_any_length_is_a_job_and_stands_beside_it(
    two: Two, tmp_path: Path, slow: str
) -> None:
    words = asked(tmp_path, slow, 1)
    words[2] += " " * (300 << 10)  # more than Linux lets one word have

    with watching(two.other) as hear:
        job = started(two.one, words)
        hear(is_now(job, "complete"))

    files = Files(two.home / "jobs", job["job"])
    assert json.loads(files.document.read_text(encoding="utf-8"))["node"] == "Group1.Read3"
    assert files.noted().argv[:2] == ("run", files.document.as_posix())
    assert stat.S_IMODE(files.folder.stat().st_mode) == 0o700


def test_a_take_that_is_not_there_is_said_at_once_and_leaves_no_job(
    two: Two, tmp_path: Path
) -> None:
    before = listed(two.home)

    for words in (["run", "--resume", tmp_path / "v001"], ["rerun", tmp_path]):
        (said,), code = two.one(*map(str, words))
        assert (code, said["error"]) == (5, "TakeError")
    assert listed(two.home) == before


@pytest.mark.parametrize("job", ["nothing", "../keys/ed25519", "", ".", "a.job", "x" * 65, "*"])
@pytest.mark.parametrize("what", ["--cancel", "--forget"])
def test_what_is_no_job_is_neither_cancelled_nor_forgotten(
    what: str, job: str, home: Path, tmp_path: Path
) -> None:
    before = sorted(home.rglob("*"))

    said = at_home(home, "jobs", what, job)

    assert (said.code, said.last["error"]) == (2, "JobError")
    assert sorted(home.rglob("*")) == before


def at_home(home: Path, *words: str) -> Answered:
    """The command line in this process, for the user of this folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANSWERPRINT_HOME", str(home))
        return AtOnce(home)(*words, "--json")


def left(home: Path, job: str, *events: bytes, **facts: Any) -> Files:
    """What a job leaves that has ended, as if this very process had started it."""
    files = Files(home / "jobs", job)
    files.folder.mkdir(exist_ok=True)
    note = Note(
        kind="run", argv=("run",), cwd=home.as_posix(), machine=socket.gethostname(),
        starter=(1, -1.0), started="2026-11-28T10:00:00.000Z", **facts,
    )  # fmt: skip
    documents.write(files.note, note.model_dump(by_alias=True))
    files.events.write_bytes(b"".join(one + b"\n" for one in events))
    files.pid.write_text("1 -1000.0", encoding="ascii")
    return files


@pytest.mark.parametrize(
    "note",
    [
        b"", b"{", b"\xff" * 40, b"[]", b"[" * 100_000, b"{}", b'{"schema": "another/v1"}',
        b'{"schema": "answerprint.note/v1", "kind": "run", "argv": 7}',
        b" " * (MOST_NOTE_BYTES + 1),
    ],
    ids=lambda one: one[:40].decode(errors="replace"),
)  # fmt: skip
def test_a_damaged_note_is_a_lost_job_that_says_so_and_hides_no_other(
    note: bytes, home: Path, tmp_path: Path
) -> None:
    left(home, ONE, begun(frames=1), line("finished", 1.0, state="complete", done=1))
    bad = left(home, TWO)
    bad.note.write_bytes(note)

    said = at_home(home, "jobs")

    assert [(one["job"], one["state"]) for one in said.documents] == [
        (TWO, "lost"),
        (ONE, "complete"),
    ]
    assert said.documents[0]["problem"].startswith(f"The note of job {TWO} cannot be read: ")
    assert said.documents[0].keys() >= said.documents[1].keys()
    assert at_home(home, "jobs", "--forget", TWO).code == 0
    assert [one["job"] for one in listed(home)] == [ONE]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        (".jsonl", b"\x00\xff\n{\n[]\n"),
        (".pid", b"none"),
        (".pid", b"9" * 10_000),
        (".read.json", b'{"offset": 3, "course": {"take": 7}}'),
        (".read.json", b"{"),
        (".job.json", b"{"),
    ],
)
def test_another_damaged_file_of_a_job_costs_what_stood_in_it(
    file: str, content: bytes, home: Path
) -> None:
    files = left(home, ONE, begun(), task="slow")
    (files.folder / f"{ONE}{file}").write_bytes(content)

    (row,) = listed(home)

    assert (row["state"], row["task"]) == ("lost", "slow")
    assert row["notes"] == (["3 lines of its events cannot be read."] if "jsonl" in file else [])


def test_what_lies_in_the_folder_and_is_no_job_is_none(home: Path) -> None:
    left(home, ONE, begun())
    (home / "jobs" / "bench.jsonl").touch()
    (home / "jobs" / "a.b.json").touch()
    (home / "jobs" / "folder").mkdir()

    assert [one["job"] for one in listed(home)] == [ONE]


def elsewhere(home: Path, *events: bytes) -> Files:
    """A job that was started on another machine; the user's folder is on a share."""
    files = left(home, ONE, *events)
    note = files.noted().model_dump(by_alias=True)
    documents.write(files.note, {**note, "machine": "another", "hardware": "its own"})
    return files


def test_a_job_of_another_machine_is_told_by_its_events_and_cancelled_by_a_file(home: Path) -> None:
    files = elsewhere(home, begun())

    (row,) = listed(home)
    forgotten = at_home(home, "jobs", "--forget", ONE)
    cancelled = at_home(home, "jobs", "--cancel", ONE)

    assert row["state"] == "running"
    assert row["notes"] == ["It was started on another; whether it lives shows only there."]
    assert forgotten.code == 2
    assert (
        "still runs on another, unless it writes nothing for 24 hours" in forgotten.last["problem"]
    )
    assert cancelled.last == {"job": ONE, "cancelling": True}
    assert files.cancel.exists()


def test_a_job_of_another_machine_is_forgotten_once_it_says_its_end_or_is_quiet_for_a_day(
    home: Path,
) -> None:
    elsewhere(home, begun(), line("finished", 1.0, state="cancelled", done=1))
    assert [one["state"] for one in listed(home)] == ["cancelled"]
    assert at_home(home, "jobs", "--forget", ONE).code == 0

    files = elsewhere(home, begun())
    long_ago = time.time() - 30 * 3600
    os.utime(files.events, (long_ago, long_ago))
    watched = Jobs(home / "jobs", alive.is_same)
    (row,) = watched.look()
    assert (row["state"], row["notes"][0][-36:]) == ("lost", "It has written nothing for 30 hours.")
    assert row["problem"] == "It has written nothing on another for a day or longer."

    with files.events.open("ab") as stream:  # it was only slow
        stream.write(frame(1.0, 1001) + b"\n")
    assert [(one["state"], one["done"]) for one in watched.look()] == [("running", 1)]
    os.utime(files.events, (long_ago, long_ago))
    assert at_home(home, "jobs", "--forget", ONE).code == 0


_opened: list[list[str]] = []


def _listen(event: str, words: tuple[Any, ...]) -> None:
    if event == "open" and _opened:
        _opened[-1].append(str(words[0]))


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """Every file that is opened from now on; Python tells of each."""
    if not hasattr(_listen, "added"):
        sys.addaudithook(_listen)
        _listen.added = True  # type: ignore[attr-defined]
    _opened.append([])
    yield _opened[-1]
    _opened.pop()


def test_hundreds_of_old_jobs_are_read_once_and_opened_never_again(
    home: Path, opened: list[str]
) -> None:
    end = line("finished", 1.0, state="complete", done=1)
    for number in range(300):
        left(home, job_named(number), begun(frames=1, path=f"/p/t/v{number:03d}"), end)
    jobs = Jobs(home / "jobs", alive.is_same)
    assert len(jobs.look()) == 300
    opened.clear()

    left(home, job_named(300), begun(frames=1, path="/p/t/v300"), end)
    mine = len(opened)
    assert [one["job"] for one in jobs.look()] == [job_named(300)]

    old = [name for name in opened[mine:] if "_abcdef." in name and job_named(300) not in name]
    assert old == []
    mine = len(opened)
    assert jobs.look() == []
    assert opened[mine:] == []


def test_a_long_stream_of_events_is_not_read_again_by_the_next_who_looks(home: Path) -> None:
    frames = [frame(0.1 * number, number) for number in range(1, 100_001)]
    files = left(home, ONE, begun(frames=100_001), *frames)
    assert listed(home)[0]["done"] == 100_000
    blob = files.events.read_bytes()
    files.events.write_bytes(b"x" * len(blob) + frame(10_001.0) + b"\n")

    (row,) = listed(home)

    assert row["done"] == 100_001
    assert row["notes"] == []


def test_a_job_that_cannot_be_read_for_a_moment_stays_as_it_was(home: Path) -> None:
    files = left(home, ONE, begun())
    files.pid.write_text(f"{os.getpid()} {alive.born(os.getpid())}", encoding="ascii")
    jobs = Jobs(home / "jobs", alive.is_same)
    assert [one["state"] for one in jobs.look()] == ["running"]
    events = files.events.read_bytes()

    files.events.unlink()
    files.events.mkdir()  # EISDIR, for root as well
    (row,) = jobs.look()

    assert row["state"] == "running"
    assert "cannot be read: Is a directory. What stands here was read before." in row["notes"][-1]
    assert jobs.look() == []
    files.events.rmdir()
    files.events.write_bytes(events + frame(1.0, 1001) + b"\n")
    assert [(one["state"], one["done"], one["notes"]) for one in jobs.look()] == [
        ("running", 1, [])
    ]


@pytest.mark.parametrize("file", [".json", ".jsonl"])
def test_a_job_that_cannot_be_read_is_not_taken_for_an_ended_one(file: str, home: Path) -> None:
    left(home, ONE, begun())
    place = home / "jobs" / f"{ONE}{file}"
    place.unlink()
    place.symlink_to(place)  # ELOOP

    jobs = Jobs(home / "jobs", alive.is_same)
    (row,) = jobs.look()
    assert "cannot be read: Too many levels of symbolic links" in row["problem"]
    place.unlink()
    left(home, ONE, begun(), line("finished", 1.0, state="complete", done=20))
    assert [one["state"] for one in jobs.look()] == ["complete"]

    place.unlink()
    place.symlink_to(place)
    assert at_home(home, "jobs", "--forget", ONE).code in (2, 5)
    assert place.is_symlink()


@pytest.mark.parametrize(
    "event",
    [
        line("started", take="t/v001", path="", kept=0, variations=0, frames=7).replace(
            b"7", b"1e999"
        ),
        b'{"error": "JobError", "problem": "p", "remedy": "r", "fix": {"change": NaN}}',
        b'{"error": "JobError", "problem": "\\ud83d", "remedy": "r"}',
        b"[" * 5000,
        b'{"event": "frame", "time": 7}',
    ],
    ids=range(5),
)
def test_what_stands_in_one_jobs_events_keeps_no_other_from_being_told(
    event: bytes, home: Path
) -> None:
    left(home, ONE, event)
    left(home, TWO, begun(frames=1), line("finished", 1.0, state="complete", done=1))

    said = at_home(home, "jobs")

    assert (said.code, said.documents[0]["job"], said.documents[0]["state"]) == (0, TWO, "complete")
    assert (said.documents[1]["job"], said.documents[1]["state"]) == (ONE, "lost")


@pytest.mark.parametrize("resolved", [b'{"job": null}', b"null", b'{"job": {}}', b"[1]"])
def test_a_take_with_a_damaged_job_costs_its_row_what_stood_in_it(
    resolved: bytes, home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "takes" / "t" / "v001"
    (folder / ".take").mkdir(parents=True)
    (folder / ".take" / "job.json").write_bytes(b'{"resolved": ' + resolved + b"}")
    left(home, ONE, begun(path=str(folder)), task="slow")

    (row,) = listed(home)

    assert (row["state"], row["task"], row["stream"], row["resumable"]) == (
        "lost",
        "slow",
        "",
        True,
    )


def test_a_take_that_was_moved_out_of_its_shot_stands_where_it_lies(home: Path) -> None:
    for number, place in enumerate(("out/t/v001", "v001"), 1):
        folder = home / place
        (folder / ".take").mkdir(parents=True)
        resolved = {"job": {"task": "slow"}, "contract": {"title": "Slow"}, "frames": "1-2"}
        said = {"resolved": {**resolved, "stream": "show/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/shot/t"}}
        documents.write(folder / ".take" / "job.json", said)
        left(home, job_named(number), begun(path=str(folder)))

    found = [(row["root"], row["stream"]) for row in listed(home)]

    assert found == [(home.parent.as_posix(), home.name), ((home / "out").as_posix(), "t")]


def test_what_is_left_of_a_removal_that_broke_off_is_still_a_job(home: Path) -> None:
    files = left(home, ONE, begun())
    for file in (files.events, files.pid):
        file.unlink()
    old = time.time() - 3600
    os.utime(files.note, (old, old))

    assert [one["state"] for one in listed(home)] == ["lost"]
    assert at_home(home, "jobs", "--forget", ONE).code == 0
    assert listed(home) == []


class _SaysItBetween(Files):
    """Files of a job that says which process it is just after somebody looked for that."""

    def process(self) -> tuple[int, float] | None:
        found = super().process()
        if found is None:
            self.note_process(os.getpid(), alive.born(os.getpid()))
        return found


def test_a_job_that_says_which_process_it_is_while_somebody_looks_is_not_lost(home: Path) -> None:
    files = _SaysItBetween(left(home, ONE).folder, ONE)
    files.pid.unlink()
    job = Followed(files)

    job.look(alive.is_same)

    assert job.document["state"] == "starting"
    assert not job.has_ended


def test_a_job_says_itself_which_process_it_is_if_its_starter_does_not_come_to_it(
    home: Path, tmp_path: Path, slow: str
) -> None:
    files = left(home, ONE)
    files.pid.unlink()
    assert [one["state"] for one in listed(home)] == ["starting"]
    words = ["run", "--task", "slow", "--plate", str(noisy(tmp_path / "plate", 200)),
             "--out", str(tmp_path / "takes"), "--server", slow, "--json"]  # fmt: skip
    argv = [sys.executable, "-m", "answerprint.cli.alone", str(files.folder / ONE), *words]

    with files.events.open("wb") as out, subprocess.Popen(argv, stdout=out) as job:
        watched = Jobs(home / "jobs", alive.is_same)
        row: Said = {"done": 0}
        while not row["done"]:
            assert job.poll() is None, row
            row = dict(next(iter(watched.look()), row))
        pid, born = files.process() or (0, 0.0)
        assert pid == job.pid
        assert abs(born - alive.born(job.pid)) < 1
        assert row["state"] == "running"

        assert at_home(home, "jobs", "--cancel", ONE).code == 0
        assert job.wait(60) == 130

    assert [one["state"] for one in listed(home)] == ["cancelled"]
