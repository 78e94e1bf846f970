"""Nuke starts, whatever we do: init.py, menu.py, the pane, and what it costs."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nuke
import nuke_session
import pytest
from comp import Comp, comp

from answerprint_nuke import start, window
from answerprint_panel import faults

__all__ = ["comp"]  # a fixture, used by its name

FOLDER = Path(__file__).parents[1] / "nuke"
CORE = FOLDER.parent / "core"
MOST_OURS = 60  # of our files; the panel has a hundred


@pytest.fixture
def menu(comp: Comp) -> Iterator[Any]:
    """Nuke's menu bar, once our init.py and menu.py have been read."""
    runpy.run_path(str(FOLDER / "init.py"))
    runpy.run_path(str(FOLDER / "menu.py"))
    yield nuke.menu("Nuke").findItem("Answerprint")
    for kind in list(nuke_session.state.callbacks):
        nuke_session.state.callbacks.pop(kind)


def test_the_menu_and_the_pane_are_there_and_take_no_key(menu: Any) -> None:
    names = [item.name() for item in menu.items() if item.name()]

    assert names[:2] == ["Open Panel", "Look for Newer Takes"]
    assert not any(item.shortcut() for item in menu.items())
    assert nuke_session.state.panels == {window.PANE: ("Answerprint", window.WIDGET)}


def test_a_menu_item_without_a_selection_says_what_is_missing(menu: Any) -> None:
    menu.findItem("Older Take").invoke()

    assert "No node is selected" in nuke_session.state.messages[-1]


def test_init_adds_two_folders_once_and_imports_nothing() -> None:
    code = (
        "import runpy, sys; before = set(sys.modules)\n"
        f"for _ in range(2): runpy.run_path({str(FOLDER / 'init.py')!r})\n"
        "print([sys.path.count(one) for one in sys.argv[1:]])\n"
        "print([one for one in set(sys.modules) - before if 'answerprint' in one])"
    )
    words = [sys.executable, "-I", "-S", "-c", code, str(FOLDER), str(CORE)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ["[1, 1]", "[]"]


@pytest.mark.parametrize("broken", ["tab.py", "start.py"])
def test_a_failure_is_logged_and_shown_and_nuke_starts(
    comp: Comp, tmp_path: Path, broken: str
) -> None:
    """In a process of its own, with a copy of our folder that is damaged."""
    nukes = tmp_path / "nuke"
    nukes.mkdir()
    for file in FOLDER.glob("*.py"):
        (nukes / file.name).write_text(file.read_text())
    (nukes / "answerprint_nuke").mkdir()
    for file in (FOLDER / "answerprint_nuke").glob("*.py"):
        (nukes / "answerprint_nuke" / file.name).write_text(file.read_text())
    (nukes / "answerprint_nuke" / broken).write_text("raise OSError('no such disk')")
    code = (
        f"import sys, runpy; sys.path.insert(0, {str(Path(__file__).parent / 'fakes')!r})\n"
        f"import nuke; runpy.run_path({str(nukes / 'init.py')!r})\n"
        f"runpy.run_path({str(nukes / 'menu.py')!r})\n"
        "print([one.name() for one in nuke.menu('Nuke').findItem('Answerprint').items()])"
    )
    home = {"ANSWERPRINT_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **home, "PYTHONPATH": ""},
        cwd=tmp_path,
    )

    assert done.returncode == 0, done.stderr
    assert "Answerprint could not start: " in done.stdout
    assert "no such disk" in done.stdout
    if broken != "start.py":  # nothing is left that could log
        assert "no such disk" in (tmp_path / "home" / "nuke.log").read_text()


def test_the_log_does_not_grow_for_ever() -> None:
    for _ in range(3):
        start.failed(ValueError("x" * faults.MOST_LOG_BYTES))

    assert Path(start.log()).stat().st_size < 3 * faults.MOST_LOG_BYTES


def test_nothing_of_qt_or_the_panel_is_loaded_before_it_is_needed() -> None:
    """What Nuke's start pays for: the menu, the pane's name, the callbacks.

    How long that takes, `python tests/performance.py imports` says.
    """
    heavy = ("PySide", "shiboken", "answerprint.", "numpy", "asyncio", "urllib", "http")
    code = (
        "import sys, nuke, nukescripts.panels\n"
        "before = set(sys.modules)\n"
        "from answerprint_nuke import start; start.with_ui(nuke)\n"
        "new = set(sys.modules) - before\n"
        f"print([one for one in new if one.startswith({heavy!r})])\n"
        "print(sum(one.startswith('answerprint') for one in new))"
    )
    folders = [str(one) for one in (FOLDER, CORE, Path(__file__).parent / "fakes")]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ
    )

    loaded, ours = done.stdout.splitlines()
    assert loaded == "[]"
    assert 0 < int(ours) < MOST_OURS


def test_one_file_imports_nuke_and_none_the_engine() -> None:
    files = [*FOLDER.glob("*.py"), *(FOLDER / "answerprint_nuke").glob("*.py")]
    importing = {
        file.name
        for file in files
        if re.search(r"^(import|from) (nuke|hou)\b", file.read_text(), re.MULTILINE)
    }
    engine = [
        file.name
        for file in files
        if re.search(r"^\s*(import|from) answerprint\b", file.read_text(), re.MULTILINE)
    ]

    assert importing == {"host.py"}
    assert engine == []
