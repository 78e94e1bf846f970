"""Another script is opened, or the same one saved under another name: the panel follows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nuke
import pytest
from comp import Comp, comp
from desk import MILLISECONDS, opened
from engines import scripted

from answerprint_panel.panel import Panel
from answerprint_panel.session import Session

__all__ = ["comp"]  # a fixture, used by its name

Until = Callable[[Callable[[], object]], None]


class Engine:
    """A scripted engine, what it was asked, and the job that it tells of."""

    def __init__(self, folder: Path) -> None:
        self.python = scripted(folder)

    def answer(self, **answers: Any) -> None:
        whole = self.python.with_name("whole")
        whole.write_text(json.dumps(answers))
        whole.replace(self.python.with_name("answers.json"))

    def asked(self, verb: str) -> list[list[str]]:
        lines = self.python.with_name("asked").read_text().splitlines()
        return [words for words in map(json.loads, lines) if words[0] == verb]


@pytest.fixture
def until(qtbot: Any) -> Until:
    return lambda is_so: qtbot.waitUntil(lambda: bool(is_so()), timeout=MILLISECONDS)


@pytest.fixture
def engine(tmp_path: Path, comp: Comp, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "home"))
    made = Engine(tmp_path / "bin")
    monkeypatch.setenv("ANSWERPRINT_ENGINE", str(made.python))
    return made


@pytest.fixture
def session(comp: Comp, engine: Engine) -> Iterator[Session]:
    """With sh0120 open, whose Read1 is selected, and a job that was begun from it."""
    comp.read().setSelected(True)
    nuke.scriptSaveAs(f"{comp.folder.as_posix()}/sh0120.nk", 1)
    job = {"job": "1", "state": "running", "task": "denoise", "done": 1, "total": 2, "stream": "s"}
    engine.answer(
        where=[{"root": "/one/takes", "title": "sh0120"}],
        jobs=[{**job, "take": "v001", "script": f"{comp.folder.as_posix()}/sh0120.nk"}],
    )
    with opened(comp.host) as made:
        yield made


@pytest.fixture
def panel(session: Session, qtbot: Any, until: Until) -> Panel:
    made = Panel(session)
    qtbot.addWidget(made)
    made.resize(420, 900)
    made.show()
    until(lambda: made.queue.rows and session.where.get("root") == "/one/takes")
    return made


def test_takes_go_to_the_new_scripts_folder_and_its_job_stays_in_the_queue(
    comp: Comp, engine: Engine, session: Session, panel: Panel, until: Until
) -> None:
    before = panel.queue.rows[0].accessibleName()
    engine.answer(where=[{"root": "/two/takes", "title": "sh0130"}])

    nuke.scriptSaveAs(f"{comp.folder.as_posix()}/sh0130.nk", 1)

    until(lambda: session.where.get("root") == "/two/takes")
    asked = ["where", "--script", f"{comp.folder.as_posix()}/sh0130.nk"]
    assert engine.asked("where")[-1] == asked
    until(lambda: [words[1] for words in engine.asked("takes")][-1] == "/two/takes")
    assert panel.header.title.text() == "sh0130"
    assert len(panel.queue.rows) == 1
    assert "sh0120" not in before
    assert "sh0120" in panel.queue.rows[0].accessibleName()
    assert panel.new_take.draft.source is not None
    assert panel.new_take.draft.source.node == "Read1"


def test_a_plate_that_the_new_script_does_not_have_is_said(
    comp: Comp, engine: Engine, session: Session, panel: Panel, until: Until
) -> None:
    engine.answer(where=[{"root": "/two/takes"}])

    nuke.scriptClear()

    until(lambda: session.where.get("root") == "/two/takes")
    assert engine.asked("where")[-1] == ["where"]
    assert "Read1" in panel.new_take.parts.plate.note.title.text()
    assert len(panel.queue.rows) == 1


def test_a_node_of_the_same_name_is_the_new_scripts_own(
    comp: Comp, engine: Engine, session: Session, panel: Panel, until: Until
) -> None:
    other = comp.folder / "other"
    (comp.folder / "plate").rename(other)
    engine.answer(where=[{"root": "/two/takes"}])

    nuke.scriptClear()
    comp.read(f"{other.as_posix()}/noisy.####.exr")
    nuke.scriptSaveAs(f"{comp.folder.as_posix()}/sh0130.nk", 1)

    until(lambda: session.where.get("root") == "/two/takes")
    until(lambda: "/other/" in panel.new_take.draft.path)
    until(lambda: any("/other/" in " ".join(words) for words in engine.asked("inspect")))
