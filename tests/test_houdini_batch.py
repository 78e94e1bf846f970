"""`answerprint_houdini.run` and hython's command line, without a UI: from a node to a placed take."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hou as typed
import houdini_session
import pytest
from scene import Scene, hython, points

import answerprint_houdini
from answerprint import geometries
from answerprint_houdini import __main__ as command
from answerprint_panel.host import HostError

__all__ = ["hython"]  # a fixture, used by its name
hou: Any = typed  # what the stubs call Optional is there in these scenes


@pytest.fixture
def served(address: str) -> Iterator[str]:
    os.environ["ANSWERPRINT_SERVER"] = address
    yield address
    del os.environ["ANSWERPRINT_SERVER"]


def test_a_sop_is_written_run_and_placed(hython: Scene, served: str) -> None:
    node = hython.sop(lambda frame: points(frame, 40), moves=True)
    hython.save()
    said: list[str] = []

    take = answerprint_houdini.run(node, "point_normals", frames="1-2", report=said.append)

    assert (take["take"], take["first"], take["last"]) == ("v001", 1, 2)
    assert "/obj/geo1/OUT: written 2 of 2 frames" in said
    placed = hou.node(take["placed"])
    assert placed.parent() == hython.network
    made = geometries.read(Path(take["pattern"].replace("####", "0002")))
    assert made.find("N") is not None
    kept = made.find("P")
    assert kept is not None
    assert (kept.values == points(2, 40).attributes[0].values).all()


def test_what_is_written_already_is_used_or_said(hython: Scene, served: str) -> None:
    node = hython.sop(lambda frame: points(frame, 40), moves=True)
    hython.save()
    asked = houdini_session.cook(node, lambda frame: points(frame, 40), moves=True)

    def run(mode: str) -> dict[str, Any]:
        return answerprint_houdini.run(
            node, "point_normals", frames="3", mode=mode, place=False, report=lambda _: None
        )

    with pytest.raises(HostError, match="1 of 1 frames of /obj/geo1/OUT are not written yet"):
        run("existing")
    run("here")
    asked.clear()

    assert run("existing")["take"] == "v002"
    assert 3.0 not in asked


def test_a_wedge_is_claimed_and_made_in_parts(
    hython: Scene, served: str, capsys: pytest.CaptureFixture[str]
) -> None:
    node = hython.sop(lambda frame: points(frame, 40))
    hython.save()
    parameter = "neighbours"

    words = ["run", "--node", node.path(), "--task", "point_normals", "--frames", "1"]
    code = command.main([*words, "--wedge", f"{parameter}=8,12,16", "--claim", "--json"])
    claimed = json.loads(capsys.readouterr().out)
    for part in ("w001-w002", "w003"):
        assert command.main(["resume", claimed["path"], "--variations", part]) == 0

    assert code == 0
    assert claimed["variations"] == 3
    assert sorted(one.name for one in Path(claimed["path"]).glob("w*")) == ["w001", "w002", "w003"]


def test_files_need_no_node(hython: Scene, served: str) -> None:
    for frame in (1, 2):
        geometries.write(hython.folder / f"dust.{frame:04d}.bgeo", points(frame, 40))
    root = {"root": str(hython.folder / "takes")}

    take = answerprint_houdini.run(
        f"{hython.folder}/dust.$F4.bgeo",
        "point_normals",
        out=root,
        place=False,
        report=lambda _: None,
    )

    assert (take["frames"], take["placed"]) == ("1-2", None)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--node", "/obj/gone", "--task", "point_normals"], "There is no node /obj/gone"),
        (
            ["--node", "/obj/geo1/OUT", "--task", "point_normals", "--set", "x"],
            "--set x is no name",
        ),
        (
            ["--hip", "/nowhere.hip", "--node", "/obj/a", "--task", "x"],
            "/nowhere.hip cannot be opened",
        ),
    ],
)
def test_what_is_wrong_is_said_with_a_remedy_and_a_code(
    hython: Scene, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hython.sop()

    assert command.main(["run", *words]) == command.FAILED
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
    assert len(told.splitlines()) == 2


def test_a_mode_that_is_none_is_refused(hython: Scene) -> None:
    with pytest.raises(HostError, match="There is no mode 'cloud'"):
        answerprint_houdini.run(hython.sop(), "point_normals", mode="cloud", report=lambda _: None)


@pytest.mark.parametrize(
    ("text", "value"), [("0.5", 0.5), ("3", 3), ("true", True), ("fast", "fast"), ("[1]", "[1]")]
)
def test_values_of_the_command_line_read_as_what_they_are(text: str, value: object) -> None:
    assert command.value(text) == value
