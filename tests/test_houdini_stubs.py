"""Houdini's stubs, its newest and its oldest: what the adapter and the stand-in are both held to."""

from __future__ import annotations

import json
import shutil
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import houdini_stubs
import pytest

from install import stubs

STAND_IN = houdini_stubs.TABLE.parent


def table() -> Any:
    found = json.loads(houdini_stubs.TABLE.read_text("utf-8"))
    del found["packages"]
    return found


def test_the_table_is_what_the_installed_stubs_say() -> None:
    package = distribution("types-houdini")

    assert houdini_stubs.PACKAGES["21.0"] == f"types-houdini {package.version}"
    assert houdini_stubs.view(table(), "21.0") == houdini_stubs.read(
        Path(str(package.locate_file("hou-stubs/__init__.pyi")))
    )


def test_the_table_is_what_the_older_stubs_say_where_they_were_fetched() -> None:
    older = Path(stubs.PLACE) / "hou" / "__init__.pyi"
    if not older.exists():
        pytest.skip("python3 -m install test fetches the stubs of 20.5")

    assert houdini_stubs.view(table(), "20.5") == houdini_stubs.read(older)


def test_the_table_is_facts_and_small() -> None:
    text = houdini_stubs.TABLE.read_text("utf-8")

    assert len(text) < 300_000
    assert '"""' not in text


def test_the_older_stubs_are_locked_with_their_digest() -> None:
    lock = Path(stubs.LOCK).read_text("utf-8")
    name, version = houdini_stubs.PACKAGES["20.5"].split()

    assert f"{name}=={version}" in lock
    assert lock.count("--hash=sha256:") == 1


def test_without_a_network_the_command_is_said_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    place = tmp_path / "hou-20.5"

    assert stubs.fetch(sys.executable, str(place)) != 0
    said = capfd.readouterr().out
    assert f"--target {place}" in said
    assert Path(stubs.LOCK).name in said
    assert not place.exists()


def test_stubs_that_lie_there_as_locked_are_not_fetched_again(tmp_path: Path) -> None:
    shutil.copy(stubs.LOCK, tmp_path)

    assert stubs.fetch("no-python-is-needed", str(tmp_path)) == 0


def test_to_a_type_checker_hou_is_the_stubs_and_never_the_stand_in() -> None:
    project = (STAND_IN.parents[2] / "pyproject.toml").read_text("utf-8")
    line = next(one for one in project.splitlines() if one.startswith("mypy_path"))

    assert '"tests/fakes"' in line
    assert "tests/fakes/houdini" not in line
    assert not list(STAND_IN.parent.glob("hou.py"))
