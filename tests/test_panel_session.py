"""The session that panels share: what it knows of engine, server, tasks and jobs, and when."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from engines import script, scripted, starts
from samples import plate as noisy

from answerprint_panel import engine, session
from answerprint_panel.host import Host, HostError
from answerprint_panel.memory import MOST_BYTES, Memory
from answerprint_panel.qt import Qt, QtCore
from answerprint_panel.session import Session

MILLISECONDS = 60_000
BURST = 10_000
CONNECTED = {"server": {"state": "connected", "address": "a:1", "since": "10:00", "problem": ""}}


class Plain(Host):
    """A host with a script that a person opens, saves and renames."""

    name, title = "nuke", "Nuke"

    def __init__(self) -> None:
        self.open: str | None = None
        self.broken = False

    def version(self) -> str:
        return "15.1v2"

    def script(self) -> str | None:
        if self.broken:
            raise HostError("The script cannot be told.", remedy="Open it again.")
        return self.open


class Engine:
    """A scripted engine: what it answers, and what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.python = scripted(folder)
        self._answers: dict[str, list[Any]] = {}
        self.answer(status=[CONNECTED], tasks=[{"task": "denoise"}], where=[{"root": "/r"}])

    def answer(self, **answers: list[Any]) -> None:
        self._answers.update(answers)
        whole = self.python.parent / "whole"
        whole.write_text(json.dumps(self._answers))
        whole.replace(self.python.parent / "answers.json")

    @property
    def asked(self) -> list[list[str]]:
        noted = self.python.parent / "asked"
        return [json.loads(line) for line in noted.read_text().splitlines()]


@pytest.fixture
def scripted_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "home"))
    found = Engine(tmp_path / "bin")
    monkeypatch.setenv("ANSWERPRINT_ENGINE", str(found.python))
    return found


@pytest.fixture
def opened(qtbot: Any) -> Iterator[Callable[[], Session]]:
    """Opens the session of this process; the test's end shuts it down."""
    made: list[Session] = []

    def open_one() -> Session:
        made.append(session.of(Plain()))
        return made[-1]

    yield open_one
    for one in made:
        one.shutdown()


@pytest.fixture
def shared(opened: Callable[[], Session], scripted_engine: Engine, qtbot: Any) -> Session:
    """The session with the scripted engine, which has told what it has to tell."""
    one = opened()
    qtbot.waitUntil(lambda: bool(one.tasks and one.where), timeout=MILLISECONDS)
    return one


def say(at: Session, verb: str, **document: Any) -> None:
    """Have the scripted engine tell one document more to who watches."""
    at.ask(["say", verb, json.dumps(document)])


def test_a_process_has_one_session(shared: Session) -> None:
    assert session.of(Plain()) is shared


def test_it_is_there_at_once_and_says_soon_that_there_is_no_engine(
    qtbot: Any, opened: Callable[[], Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSWERPRINT_ENGINE", "/nowhere/python")

    at = opened()
    at.first(["tasks"])
    assert at.engine["state"] == "starting"  # nothing was waited for
    qtbot.waitUntil(lambda: at.engine["state"] == "absent", timeout=MILLISECONDS)

    assert at.engine["problem"].startswith("ANSWERPRINT_ENGINE names /nowhere/python")
    told: list[dict[str, Any]] = []
    at.first(["tasks"], told.append)
    qtbot.waitUntil(lambda: bool(told), timeout=MILLISECONDS)
    assert told[0]["error"] == "EngineAbsent"
    assert "EngineAbsent" not in at.diagnostics()
    assert "/nowhere/python" in at.diagnostics()


def test_an_engine_that_is_put_right_takes_up_all_that_was_asked(
    qtbot: Any, opened: Callable[[], Session], scripted_engine: Engine
) -> None:
    away = scripted_engine.python.with_name("away")
    scripted_engine.python.rename(away)
    at = opened()
    qtbot.waitUntil(lambda: at.where.get("error") == "EngineAbsent", timeout=MILLISECONDS)
    away.rename(scripted_engine.python)

    at.retry_engine()

    qtbot.waitUntil(lambda: at.server["state"] == "connected", timeout=MILLISECONDS)
    qtbot.waitUntil(lambda: at.where == {"root": "/r"}, timeout=MILLISECONDS)
    qtbot.waitUntil(lambda: at.tasks == [{"task": "denoise"}], timeout=MILLISECONDS)


def test_a_killed_engine_comes_back_and_is_watched_again(
    qtbot: Any, shared: Session, scripted_engine: Engine
) -> None:
    scripted_engine.answer(jobs=[{"job": "2", "state": "running"}])
    told: list[dict[str, Any]] = []
    shared.engineChanged.connect(told.append)
    say(shared, "jobs", job="1", state="running")
    qtbot.waitUntil(lambda: len(shared.jobs) == 1, timeout=MILLISECONDS)

    os.kill(shared.engine["pid"], signal.SIGKILL)

    # the job that the new engine does not know was forgotten meanwhile
    qtbot.waitUntil(lambda: [one["job"] for one in shared.jobs] == ["2"], timeout=MILLISECONDS)
    assert [one["state"] for one in told] == ["restarting", "ready"]
    assert "exit -9" in told[0]["problem"]
    assert len(starts(scripted_engine.python)) == 2
    say(shared, "status", server={"state": "away", "problem": "Nothing answers."})
    qtbot.waitUntil(lambda: shared.server["state"] == "away", timeout=MILLISECONDS)


def test_jobs_are_listed_newest_first_and_told_once_a_turn(qtbot: Any, shared: Session) -> None:
    told: list[list[dict[str, Any]]] = []
    shared.jobsChanged.connect(told.append)

    for name in ("b", "c", "a"):
        say(shared, "jobs", job=name, state="running", started=f"2026-11-28T10:00:0{ord(name) % 7}")
    qtbot.waitUntil(lambda: len(shared.jobs) == 3, timeout=MILLISECONDS)
    assert [one["job"] for one in shared.jobs] == ["a", "c", "b"]

    say(shared, "jobs", job="c", state="forgotten")
    qtbot.waitUntil(lambda: len(shared.jobs) == 2, timeout=MILLISECONDS)
    assert [one["job"] for one in told[-1]] == ["a", "b"]


def test_takes_change_when_a_job_has_one_or_ends_and_not_with_every_frame(
    qtbot: Any, shared: Session
) -> None:
    told: list[int] = []
    shared.takesChanged.connect(lambda: told.append(1))

    for state, done in (("running", 1), ("running", 2), ("running", 3), ("complete", 3)):
        say(shared, "jobs", job="a", state=state, done=done, take="v001")
        qtbot.waitUntil(
            lambda now=(state, done): [(one["state"], one["done"]) for one in shared.jobs] == [now],
            timeout=MILLISECONDS,
        )

    assert len(told) == 2


def test_tasks_are_asked_again_when_the_server_comes_back(
    qtbot: Any, shared: Session, scripted_engine: Engine
) -> None:
    assert scripted_engine.asked.count(["tasks"]) == 1
    say(shared, "status", server={"state": "away", "address": "a:1", "problem": "Gone."})
    qtbot.waitUntil(lambda: shared.server["state"] == "away", timeout=MILLISECONDS)
    scripted_engine.answer(tasks=[{"task": "matte"}])

    say(shared, "status", **CONNECTED)

    qtbot.waitUntil(lambda: shared.tasks == [{"task": "matte"}], timeout=MILLISECONDS)


def test_what_cannot_be_asked_leaves_the_tasks_that_are_known(
    qtbot: Any, shared: Session, scripted_engine: Engine
) -> None:
    scripted_engine.answer(tasks=[{"error": "ServerAway", "problem": "Gone.", "remedy": "Wait."}])

    shared.refresh()

    qtbot.waitUntil(lambda: shared.tasks_problem is not None, timeout=MILLISECONDS)
    assert shared.tasks == [{"task": "denoise"}]


def test_another_script_is_another_place(
    qtbot: Any, shared: Session, scripted_engine: Engine
) -> None:
    scripted_engine.answer(where=[{"root": "/show"}])
    shared.host.open = "/show/sh0120.nk"  # type: ignore[attr-defined]

    shared.look()

    assert shared.where == {}  # the last one's takes are not this one's
    qtbot.waitUntil(lambda: shared.where == {"root": "/show"}, timeout=MILLISECONDS)
    assert ["where", "--script", "/show/sh0120.nk"] in scripted_engine.asked


def test_where_takes_go_is_asked_again_until_it_is_known(
    qtbot: Any, shared: Session, scripted_engine: Engine
) -> None:
    """A site file that is mended tells nobody."""
    scripted_engine.answer(where=[{"error": "SetupError", "problem": "Broken.", "remedy": "Mend."}])
    shared.host.open = "/show/sh0120.nk"  # type: ignore[attr-defined]
    shared.look()
    qtbot.waitUntil(lambda: "error" in shared.where, timeout=MILLISECONDS)

    scripted_engine.answer(where=[{"root": "/show"}])

    qtbot.waitUntil(lambda: shared.where == {"root": "/show"}, timeout=MILLISECONDS)


def test_a_host_that_cannot_tell_its_script_ends_nothing(qtbot: Any, shared: Session) -> None:
    shared.host.broken = True  # type: ignore[attr-defined]

    shared.refresh()

    assert "The script cannot be told." in shared.diagnostics()
    assert shared.where == {"root": "/r"}


def test_first_gives_one_document_and_every_gives_all(
    qtbot: Any, shared: Session, scripted_engine: Engine
) -> None:
    problem = {"error": "TakeError", "problem": "There is no folder.", "remedy": "Give one."}
    scripted_engine.answer(takes=[{"take": "v002"}, {"take": "v001"}], verify=[], plan=[problem])
    told: list[Any] = []

    shared.first(["takes", "x"], told.append)
    shared.every(["takes", "x"], lambda *said: told.append(said))
    shared.first(["verify", "x"], told.append)
    shared.every(["plan"], lambda *said: told.append(said))
    shared.run({"task": "denoise"}, told.append)
    qtbot.waitUntil(lambda: len(told) == 5, timeout=MILLISECONDS)

    both = [{"take": "v002"}, {"take": "v001"}]
    assert told == [{"take": "v002"}, (both, None), {}, ([], problem), {}]
    assert ["run", "--document", '{"task": "denoise"}'] in scripted_engine.asked


def test_a_burst_of_events_leaves_the_window_alive(
    qtbot: Any, opened: Callable[[], Session], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = f"""
say(HELLO)
for line in sys.stdin:
    request = json.loads(line)
    if request.get("argv") == ["burst"]:
        for n in range({BURST}):
            say({{"id": request["id"], "event": {{"n": n, "said": "x" * 300}}}})
        say({{"id": request["id"], "exit": 0}})
"""
    monkeypatch.setenv("ANSWERPRINT_ENGINE", str(script(tmp_path / "bin", body)))
    at = opened()
    heard: list[dict[str, Any]] = []
    beats: set[int] = set()
    qtbot.waitUntil(lambda: at.engine["state"] == "ready", timeout=MILLISECONDS)
    pulse = QtCore.QTimer()
    pulse.setTimerType(Qt.TimerType.PreciseTimer)
    pulse.timeout.connect(lambda: beats.add(len(heard)))
    pulse.start(1)
    at.ask(["burst"], heard.append)
    qtbot.waitUntil(lambda: len(heard) == BURST, timeout=MILLISECONDS)
    pulse.stop()

    assert beats - {0, BURST}  # the window had turns of its own in the midst of it


def test_a_callback_that_fails_keeps_no_other_from_its_turn(
    qtbot: Any, shared: Session, scripted_engine: Engine, faults_told: list[dict[str, Any]]
) -> None:
    scripted_engine.answer(show=[{"a": 1}])
    told: list[Any] = []

    def fails(_document: dict[str, Any]) -> None:
        raise ValueError("broken")

    shared.first(["show", "x"], fails)
    shared.first(["show", "x"], told.append)
    qtbot.waitUntil(lambda: bool(told), timeout=MILLISECONDS)

    assert shared.fault == faults_told.pop()
    assert shared.fault["problem"] == "This is a fault in Answerprint, not in your work."
    assert "ValueError: broken, at test_panel_session.py" in shared.diagnostics()
    assert "raise ValueError" in shared.diagnostics()


def test_what_is_remembered_is_there_the_next_time(
    qtbot: Any, opened: Callable[[], Session], scripted_engine: Engine
) -> None:
    at = opened()
    at.remember("folds", {"More": True})
    file = Path(engine.home()) / "panel.json"
    qtbot.waitUntil(file.exists, timeout=MILLISECONDS)
    at.remember("task", "denoise")
    at.shutdown()

    again = opened()

    assert again is not at
    assert again.recall("folds") == {"More": True}
    assert again.recall("task") == "denoise"
    assert again.recall("nothing", 3) == 3


def test_two_hosts_keep_what_the_other_remembers(tmp_path: Path) -> None:
    path = str(tmp_path / "home" / "panel.json")
    one, other = Memory(path), Memory(path)
    one.remember("a", 1)
    other.remember("b", 2)
    one.remember("both", "one")
    other.remember("both", "other")

    one.save()
    other.save()

    assert json.loads(Path(path).read_text()) == {"a": 1, "b": 2, "both": "other"}
    assert [file.name for file in Path(path).parent.iterdir()] == ["panel.json"]


@pytest.mark.parametrize(
    "held", [b"", b"{", b"[1]", b"\xff", b"[" * 100_000, b'"' + b"x" * MOST_BYTES + b'"']
)
def test_a_broken_memory_counts_as_empty_and_is_replaced(tmp_path: Path, held: bytes) -> None:
    path = tmp_path / "panel.json"
    path.write_bytes(held)
    memory = Memory(str(path))
    assert memory.recall("a") is None
    assert memory.problem

    memory.remember("a", 1)
    memory.save()

    assert Memory(str(path)).recall("a") == 1


def test_a_memory_that_cannot_be_written_is_told_in_the_diagnostics(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    memory = Memory(str(tmp_path / "file" / "panel.json"))

    memory.remember("a", 1)
    memory.save()

    assert "cannot be written" in memory.problem
    with pytest.raises(TypeError):
        memory.remember("a", object())


def test_diagnostics_say_what_is_needed_and_nothing_that_is_secret(
    qtbot: Any, shared: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_TOKEN", "abcdef")
    shared.note("run", {"error": "E", "problem": "Frame 1044 failed.", "remedy": "token=abcdef"})
    (Path(engine.home()) / "sidecar.log").write_text("Authorization: Bearer abcdef\nlast line\n")

    text = shared.diagnostics()

    for said in ("Nuke 15.1v2", "Engine 0.0.1: ready", "connected, a:1", "Frame 1044", "last line"):
        assert said in text
    assert "abcdef" not in text


def test_a_job_of_the_real_engine_is_followed_to_its_end(
    qtbot: Any,
    opened: Callable[[], Session],
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANSWERPRINT_ENGINE", sys.executable)
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "home"))
    at = opened()
    qtbot.waitUntil(lambda: bool(at.tasks), timeout=MILLISECONDS)
    assert at.server["state"] == "connected"
    told: list[dict[str, Any]] = []

    at.run(
        {
            "task": "passthrough",
            "plate": noisy(tmp_path, 2).as_posix(),
            "out": {"root": (tmp_path / "takes").as_posix()},
        },
        told.append,
    )

    qtbot.waitUntil(lambda: bool(told), timeout=MILLISECONDS)
    assert "error" not in told[0]
    qtbot.waitUntil(lambda: [one["state"] for one in at.jobs] == ["complete"], timeout=MILLISECONDS)
    assert at.jobs[0]["job"] == told[0]["job"]

    def forget(said: dict[str, Any]) -> None:
        if "error" in said:  # its process is on its last steps yet
            at.forget_job(told[0]["job"], forget)

    forget({"error": "not yet asked"})
    qtbot.waitUntil(lambda: at.jobs == [], timeout=MILLISECONDS)
