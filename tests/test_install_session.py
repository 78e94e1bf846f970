"""A Nuke session from the installed files alone: one line in init.py, and everything else follows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import PySide6
import pytest
import shiboken6
from machine import Machine

TESTS = Path(__file__).parent


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """One installation for all: with a site on it, whose server is not there."""
    made = Machine(tmp_path_factory.mktemp("session") / "home of Zoë")
    done = made.nuke("--yes", "--server", "127.0.0.1:9")
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="module")
def qt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PySide6 and nothing else of our packages, as a host brings it."""
    folder = tmp_path_factory.mktemp("qt")
    for package in (PySide6, shiboken6):
        path = Path(package.__path__[0])
        (folder / path.name).symlink_to(path)
    return folder


def nuke(machine: Machine, *words: str | Path, **environ: str) -> dict[str, Any]:
    """Start Nuke on the machine; what it says of itself."""
    command = [sys.executable, TESTS / "nuke_process.py", TESTS / "fakes", *words]
    done = subprocess.run(
        command,
        cwd=machine.home,
        env=machine.environ | {"QT_QPA_PLATFORM": "offscreen"} | environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_the_panel_opens_and_has_its_engine(machine: Machine, qt: Path) -> None:
    told = nuke(machine, "--qt", qt)

    assert told["said"] == ""
    assert "Open Panel" in told["menu"]
    assert told["panels"] == ["com.answerprint.panel"]
    assert told["site"] == str(machine.place / "site.toml")
    assert told["engine"]["problem"] == ""
    assert told["engine"]["state"] == "ready"
    assert told["engine"]["python"] == sys.executable
    files = {name: file for name, file in told["modules"].items() if file}
    assert {"answerprint_nuke.host", "answerprint_panel.panel"} <= files.keys()
    assert all(Path(file).is_relative_to(machine.version) for file in files.values())


def test_in_a_terminal_there_is_the_adapter_and_no_ui(machine: Machine) -> None:
    told = nuke(machine, "--terminal")

    assert (told["said"], told["menu"], told["panels"]) == ("", None, [])


def test_by_the_environment_instead_of_init_py(machine: Machine) -> None:
    told = nuke(machine, HOME="/nowhere", NUKE_PATH=str(machine.place / "nuke"))

    assert told["said"] == ""
    assert "Open Panel" in told["menu"]


def test_of_two_installations_the_first_is_used_and_the_other_is_said(
    machine: Machine, tmp_path: Path
) -> None:
    other = tmp_path / "other" / "nuke"
    other.mkdir(parents=True)
    for file in (machine.place / "nuke").glob("*.py"):
        (other / file.name).write_bytes(file.read_bytes())
    mine = machine.init.read_text()
    machine.init.write_text(mine + f'import nuke; nuke.pluginAddPath("{other}")  # Answerprint\n')
    try:
        told = nuke(machine)
    finally:
        machine.init.write_text(mine)

    assert told["said"].startswith(f"Answerprint is loaded from {machine.place}; ")
    assert told["said"].endswith(f"{other.parent} stays out.\n")
    assert told["menu"].count("Open Panel") == 1


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda place: (place / "current").unlink(), "current cannot be read"),
        (lambda place: (place / "current").write_bytes(b"\xff\xfe"), "current cannot be read"),
        (lambda place: (place / "current").write_text(""), "current names no version for linux"),
        (lambda place: next(place.glob("versions/*/complete")).unlink(), "not there, or not whole"),
    ],
    ids=["no current", "a damaged current", "an empty current", "half a version"],
)
def test_what_keeps_it_from_starting_stands_in_the_menu(
    machine: Machine, damage: Any, why: str
) -> None:
    current = (machine.place / "current").read_text()
    version = machine.version
    damage(machine.place)
    try:
        told = nuke(machine)
    finally:
        (machine.place / "current").write_text(current)
        (version / "complete").write_text(version.name)

    assert told["said"].startswith("Answerprint could not start: ")
    assert why in told["said"]
    (entry,) = told["menu"]
    assert entry.startswith("Answerprint could not start: ")
