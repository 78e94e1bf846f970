"""The queue and the header: real jobs on a real server, pressed and killed."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import desk
import numpy as np
import pytest
from desk import MILLISECONDS, Desk, engine, opened
from engines import scripted
from samples import plate, save

from answerprint_panel.header import Header
from answerprint_panel.qt import Qt, QtWidgets
from answerprint_panel.queue import ROWS_A_TURN, Queue
from answerprint_panel.queue_row import QueueRow
from answerprint_panel.session import Session

Document = dict[str, Any]
Said = Callable[[QueueRow], bool]


@pytest.fixture
def host(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "sh0120_comp_v012.nk")


@pytest.fixture
def at(
    qtbot: Any, host: Desk, tmp_path: Path, slow: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Session]:
    """A session at the slow server, with no jobs yet."""
    engine(monkeypatch, tmp_path / "home", slow)
    with opened(host) as session:
        qtbot.waitUntil(lambda: session.server["state"] == "connected", timeout=MILLISECONDS)
        yield session


def shown(qtbot: Any, session: Session) -> Queue:
    made = Queue(session)
    qtbot.addWidget(made)
    made.resize(420, 300)
    made.show()
    return made


def begun(session: Session, plate: Path, **fields: Any) -> None:
    root = (plate.parent.parent / "takes").as_posix()
    session.run(desk.job("slow", plate, root, node="Read3", **fields))


def until(qtbot: Any, queue: Queue, said: Said) -> QueueRow:
    """Wait until the first row says it."""
    qtbot.waitUntil(lambda: bool(queue.rows) and said(queue.rows[0]), timeout=MILLISECONDS)
    return queue.rows[0]


def is_at(state: str) -> Said:
    return lambda row: row.row is not None and row.row.state == state


def frames_done(row: QueueRow) -> bool:
    return row.row is not None and row.row.state == "running" and bool(row.row.progress)


def button(row: QtWidgets.QWidget, name: str) -> QtWidgets.QAbstractButton:
    for found in _buttons(row, name):
        return found
    raise AssertionError(f"no button is called {name}")


def _buttons(row: QtWidgets.QWidget, name: str) -> list[QtWidgets.QAbstractButton]:
    every = row.findChildren(QtWidgets.QAbstractButton)
    return [one for one in every if one.accessibleName() == name and not one.isHidden()]


def press(qtbot: Any, row: QtWidgets.QWidget, name: str) -> None:
    """As soon as it is there: how a job stands is told before what can be done with it."""
    qtbot.waitUntil(lambda: bool(_buttons(row, name)), timeout=MILLISECONDS)
    qtbot.mouseClick(button(row, name), Qt.MouseButton.LeftButton)


def test_a_job_is_stopped_and_goes_on_from_where_it_was(
    qtbot: Any, at: Session, tmp_path: Path
) -> None:
    queue, header = shown(qtbot, at), Header(at)
    qtbot.addWidget(header)

    begun(at, plate(tmp_path / "p", 30))
    row = until(qtbot, queue, frames_done)
    assert (row.take.text(), row.subject.text()) == ("v001", "Passthrough, Read3")
    assert row.line.text().endswith("a frame") or " of 30 frames" in row.line.text()
    assert row.safe.text() == "Safe to close Nuke"
    assert header.aside.text() == "busy with your job"

    press(qtbot, row, "Cancel v001")
    row = until(qtbot, queue, is_at("cancelled"))
    assert row.line.text().startswith("Stopped at ")
    assert row.line.text().endswith(" kept")

    press(qtbot, row, "Resume v001")
    row = until(qtbot, queue, is_at("complete"))
    assert row.line.text() == "30 frames done"
    assert len(queue.rows) == 1


def test_a_job_whose_process_was_killed_is_resumed(qtbot: Any, at: Session, tmp_path: Path) -> None:
    queue = shown(qtbot, at)
    started: list[Document] = []
    source = plate(tmp_path / "p", 20)

    document = desk.job("slow", source, (tmp_path / "takes").as_posix())
    at.run(document, started.append)
    until(qtbot, queue, frames_done)
    os.kill(started[0]["pid"], signal.SIGKILL)
    row = until(qtbot, queue, is_at("lost"))
    assert row.line.text().startswith("Interrupted at ")
    assert "kept" in row.note.lines.text()

    press(qtbot, row, "Resume")
    until(qtbot, queue, is_at("complete"))


def test_what_cures_an_error_is_one_press(qtbot: Any, at: Session, tmp_path: Path) -> None:
    source = plate(tmp_path / "p", 2)
    pixels = np.full((24, 32), np.nan, np.float32)
    save(tmp_path / "p" / "bg.1002.exr", dict.fromkeys("RGB", pixels))
    queue = shown(qtbot, at)

    begun(at, source, non_finite="stop")
    row = until(qtbot, queue, lambda row: bool(row.note.error))
    assert "1002" in row.note.title.text()
    assert row.accessibleName().count(row.note.title.text()) == 1

    qtbot.mouseClick(row.note.button, Qt.MouseButton.LeftButton)
    until(qtbot, queue, is_at("complete"))
    qtbot.waitUntil(lambda: len(queue.rows) == 1, timeout=MILLISECONDS)


def test_a_job_leaves_the_list_only_after_asking(qtbot: Any, at: Session, tmp_path: Path) -> None:
    queue = shown(qtbot, at)
    begun(at, plate(tmp_path / "p", 1).with_name("none.####.exr"))
    row = until(qtbot, queue, is_at("failed"))

    qtbot.keyClick(row, Qt.Key.Key_Delete)
    assert not row.question.isHidden()
    assert "frames stay" in row.question.words.text()
    qtbot.keyClick(row.question, Qt.Key.Key_Escape)
    assert row.question.isHidden()

    qtbot.keyClick(row, Qt.Key.Key_Delete)
    qtbot.mouseClick(row.question.yes, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not queue.rows, timeout=MILLISECONDS)
    assert queue.isHidden()


def test_a_new_panel_finds_the_jobs_of_the_one_that_was_closed(
    qtbot: Any, at: Session, tmp_path: Path
) -> None:
    first = shown(qtbot, at)
    begun(at, plate(tmp_path / "p", 20))
    until(qtbot, first, frames_done)
    first.close()
    first.deleteLater()

    second = shown(qtbot, at)

    row = until(qtbot, second, frames_done)
    press(qtbot, row, "Cancel v001")
    until(qtbot, second, is_at("cancelled"))


# Many jobs, and jobs that change: told by a scripted engine


@pytest.fixture
def told(
    qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Session]]:
    """A session whose engine tells these jobs."""
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "home"))
    python = scripted(tmp_path / "bin")
    monkeypatch.setenv("ANSWERPRINT_ENGINE", str(python))
    opens = []

    def open_with(*jobs: Document) -> Session:
        answers = {"jobs": jobs, "where": [{"root": "/r", "title": "nightfall / sh0120"}]}
        (python.parent / "answers.json").write_text(json.dumps(answers))
        opens.append(opened(Desk()))
        session = opens[-1].__enter__()
        qtbot.waitUntil(lambda: len(session.jobs) == len(jobs), timeout=MILLISECONDS)
        return session

    yield open_with
    for one in opens:
        one.__exit__(None, None, None)


def job(number: int, **fields: Any) -> Document:
    return {
        "job": f"20261128T1015{number:02d}_ab",
        "state": "running",
        "title": "Denoise",
        "node": "Read3",
        "take": f"v{number:03d}",
        "frames": "1001-1096",
        "total": 96,
        "done": 37,
        "started": f"2026-11-28T10:15:{number:02d}Z",
        **fields,
    }


def test_fifty_jobs_come_a_few_at_a_time_and_stay_where_they_are(
    qtbot: Any, told: Callable[..., Session]
) -> None:
    session = told(*(job(number) for number in range(50)))
    queue = Queue(session)
    qtbot.addWidget(queue)

    assert len(queue.rows) == ROWS_A_TURN
    qtbot.waitUntil(lambda: len(queue.rows) == 50, timeout=MILLISECONDS)
    before = queue.rows
    session.ask(["say", "jobs", json.dumps(job(7, done=38))])
    qtbot.waitUntil(lambda: before[42].line.text() == "38 of 96 frames", timeout=MILLISECONDS)
    assert queue.rows == before
    assert [row.take.text() for row in before[:2]] == ["v049", "v048"]


def test_a_button_keeps_the_keyboard_while_its_job_changes(
    qtbot: Any, told: Callable[..., Session]
) -> None:
    session = told(job(1))
    queue = shown(qtbot, session)
    cancel = button(queue.rows[0], "Cancel v001")
    queue.window().activateWindow()
    cancel.setFocus()

    session.ask(["say", "jobs", json.dumps(job(1, done=50))])
    qtbot.waitUntil(lambda: "50 of 96" in queue.rows[0].line.text(), timeout=MILLISECONDS)

    assert button(queue.rows[0], "Cancel v001") is cancel


def test_a_job_that_another_one_follows_is_not_shown_twice(
    qtbot: Any, told: Callable[..., Session]
) -> None:
    queue = shown(qtbot, told(job(1, state="cancelled", followed="x"), job(2)))

    assert [row.take.text() for row in queue.rows] == ["v002"]
    assert button(queue, "Queue, 1 running, open").isVisible()


def test_the_header_says_shot_and_connection(qtbot: Any, told: Callable[..., Session]) -> None:
    session = told(job(1))
    header = Header(session)
    qtbot.addWidget(header)

    qtbot.waitUntil(lambda: header.title.text() == "nightfall / sh0120", timeout=MILLISECONDS)
    session.ask(["say", "status", json.dumps({"server": {"state": "away", "name": "triton-01"}})])
    qtbot.waitUntil(lambda: header.state.text() == "Server away", timeout=MILLISECONDS)
    assert header.accessibleName() == "Server away, not seen yet"

    qtbot.mouseClick(header.settings_button, Qt.MouseButton.LeftButton)
    assert header.settings.isVisible()
    qtbot.mouseClick(header.settings.copy, Qt.MouseButton.LeftButton)
    assert "triton-01" in QtWidgets.QApplication.clipboard().text()
    header.settings.close()
