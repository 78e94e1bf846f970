"""Our own faults: logged, said in a note that can be copied, and the end of nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from desk import MILLISECONDS, opened
from engines import scripted
from panel_host import DiskHost

from answerprint_panel import faults
from answerprint_panel.host import HostError, Source
from answerprint_panel.panel import Panel
from answerprint_panel.qt import Qt, QtWidgets
from answerprint_panel.session import Session

PANEL = Path(__file__).parents[1] / "core" / "answerprint_panel"
NOT_OURS = "This is a fault in Answerprint, not in your work"


class Fragile(DiskHost):
    """Whose selection fails as a host's own calls do."""

    wrong: Exception | None = None

    def selection(self) -> Source:
        if self.wrong is not None:
            raise self.wrong
        return super().selection()


@pytest.fixture
def host() -> Fragile:
    return Fragile()


@pytest.fixture
def session(tmp_path: Path, host: Fragile, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ANSWERPRINT_ENGINE", str(scripted(tmp_path / "bin")))
    with opened(host) as made:
        yield made


@pytest.fixture
def panel(qtbot: Any, session: Session) -> Panel:
    made = Panel(session)
    qtbot.addWidget(made)
    made.resize(420, 900)
    made.show()
    qtbot.waitUntil(lambda: session.engine["state"] == "ready", timeout=MILLISECONDS)
    return made


def test_a_click_that_fails_is_said_with_all_that_helps(
    qtbot: Any, panel: Panel, host: Fragile, faults_told: list[dict[str, Any]]
) -> None:
    host.wrong = RuntimeError("a PythonObject is not attached to a node")

    panel.new_take.parts.plate.wanted.emit()

    assert len(faults_told) == 1
    assert panel.fault.title.text() == NOT_OURS
    qtbot.mouseClick(panel.fault.copy, Qt.MouseButton.LeftButton)
    copied = QtWidgets.QApplication.clipboard().text()
    assert "RuntimeError: a PythonObject is not attached to a node, at test_panel_faults" in copied
    assert "Traceback" not in panel.fault.accessibleName()
    assert "Traceback" in Path(faults.log_path()).read_text()

    qtbot.mouseClick(panel.fault.button, Qt.MouseButton.LeftButton)
    assert panel.fault.isHidden()
    host.wrong = None
    host.read("/p/a.####.exr")
    panel.new_take.use_selected()
    assert panel.new_take.draft.source is not None
    faults_told.clear()


def test_a_panel_that_opens_later_says_it_as_well(
    qtbot: Any, session: Session, faults_told: list[dict[str, Any]]
) -> None:
    faults.caught(KeyError("first"))

    panel = Panel(session)
    qtbot.addWidget(panel)

    assert not panel.fault.isHidden()
    faults_told.clear()


def test_one_that_comes_with_every_turn_is_told_once(
    session: Session, faults_told: list[dict[str, Any]]
) -> None:
    for _ in range(5):
        faults.caught(KeyError("again"))

    assert len(faults_told) == 1
    session.forgive()
    faults.caught(KeyError("again"))
    assert len(faults_told) == 2
    faults_told.clear()


def test_what_a_host_says_it_cannot_do_keeps_its_words(
    panel: Panel, faults_told: list[dict[str, Any]]
) -> None:
    faults.caught(HostError("Read1 is gone.", "Select another node."))

    assert panel.fault.title.text() == "Read1 is gone"
    assert panel.fault.lines.text() == "Select another node."
    faults_told.clear()


def test_what_qt_calls_is_guarded() -> None:
    """Of each class: its own methods that signals and timers are connected to."""
    open_ones = []
    for path in sorted(PANEL.glob("*.py")):
        for made in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(made, ast.ClassDef):
                open_ones += [f"{path.name}: {name}" for name in _slots(made) - _guarded(made)]

    assert open_ones == ["life.py: _end"]


def _slots(made: ast.ClassDef) -> set[str]:
    calls = [node for node in ast.walk(made) if isinstance(node, ast.Call) and node.args]
    given = [
        call.args[-1] if call.func.attr == "singleShot" else call.args[0]
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("connect", "singleShot")
    ]
    methods = {node.name for node in made.body if isinstance(node, ast.FunctionDef)}
    return methods & {
        one.attr
        for one in given
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name)
    }


def _guarded(made: ast.ClassDef) -> set[str]:
    return {
        node.name
        for node in made.body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(one, ast.Name) and one.id == "guarded" for one in node.decorator_list)
    }
