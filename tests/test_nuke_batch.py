"""`answerprint_nuke.run`, without a UI: from a node to a placed take; and the smoke script."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nuke
import pytest
from comp import Comp, terminal
from effort import called
from engines import scripted, starts

import answerprint_nuke
from answerprint_nuke import HostError
from answerprint_panel import waited

__all__ = ["terminal"]  # a fixture, used by its name

PROJECT = Path(__file__).parents[1]


@pytest.fixture
def served(address: str) -> Iterator[str]:
    os.environ["ANSWERPRINT_SERVER"] = address
    yield address
    del os.environ["ANSWERPRINT_SERVER"]


def test_a_node_is_rendered_run_and_placed(terminal: Comp, served: str) -> None:
    grade = nuke.nodes.Grade(name="Grade1")
    grade.setInput(0, terminal.read())
    grade["multiply"].setValue(0.5)
    nuke.scriptSaveAs(str(terminal.folder / "comp.nk"), 1)
    said: list[str] = []

    take = answerprint_nuke.run(grade, "passthrough", frames="1001", report=said.append)

    assert take["take"] == "v001"
    assert (take["first"], take["last"]) == (1001, 1001)
    assert Path(take["path"]).is_relative_to(terminal.folder / "takes")
    assert "Grade1: rendered 1 of 1 frames" in said
    assert any(line.startswith("v001: ") for line in said)
    assert nuke.toNode(take["placed"])["raw"].value() is True
    assert [node.Class() for node in nuke.allNodes() if node.Class() == "Write"] == []


def test_a_plate_without_a_node(terminal: Comp, served: str) -> None:
    root = {"root": str(terminal.folder / "takes")}

    take = answerprint_nuke.run(
        terminal.plate, "passthrough", out=root, place=False, report=lambda _: None
    )

    assert (take["take"], take["frames"], take["placed"]) == ("v001", "1001-1002", None)


def test_what_is_wrong_is_said_with_a_remedy(terminal: Comp, served: str) -> None:
    root = {"root": str(terminal.folder / "takes")}

    with pytest.raises(HostError, match="denoize") as wrong:
        answerprint_nuke.run(terminal.plate, "denoize", out=root, report=lambda _: None)

    assert wrong.value.remedy


@pytest.mark.parametrize(
    ("text", "frames"),
    [("1001-1003", [1001, 1002, 1003]), ("1-5x2,9", [1, 3, 5, 9]), ("-2--1", [-2, -1])],
)
def test_frame_ranges_are_read_as_the_engine_does(text: str, frames: list[int]) -> None:
    assert waited.numbers(text) == frames


@pytest.mark.parametrize("text", ["", "5-1", "1-9x0", "a", "1-99999999"])
def test_what_is_no_frame_range_is_refused(text: str) -> None:
    with pytest.raises(HostError, match="is no frame range"):
        waited.numbers(text)


def test_an_engine_that_is_gone_is_waited_for_in_peace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job goes on, and so does Nuke: refusals come at once, and are not asked for in a circle."""
    python = scripted(tmp_path / "bin")
    jobs = [{"job": "j1", "state": "running"}]
    (python.parent / "answers.json").write_text(json.dumps({"jobs": jobs}))
    monkeypatch.setenv("ANSWERPRINT_ENGINE", str(python))
    engine = waited.Engine(patience=2.0)

    def heard(_job: dict[str, Any]) -> None:
        python.unlink()
        os.kill(starts(python)[-1], signal.SIGKILL)

    with contextlib.closing(engine):
        lost_it = pytest.raises(HostError, match="The job j1 began, and cannot be followed")
        with called() as calls, lost_it as lost:
            engine.follow("j1", heard)

    assert "names" in lost.value.problem
    assert "goes on by itself" in lost.value.remedy
    assert calls["ask"] <= 2 + 2.0 / waited.TURN_SECONDS


def test_the_smoke_script_passes_on_the_stand_in(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(PROJECT / "tests" / "fakes")}
    done = subprocess.run(
        [sys.executable, str(PROJECT / "tests/in_host/nuke_smoke.py")],
        capture_output=True,
        text=True,
        check=False,
        env=environ,
        cwd=tmp_path,
    )

    assert "FAIL" not in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "20 of 22 passed, 2 skipped, 0 failed"
