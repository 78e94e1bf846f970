"""Buttons of a placed File SOP and items of the menu, with the real engine and takes that it made."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hou as typed
import houdini_session
import pytest
from samples import AtOnce
from scene import Scene, points, scene

from answerprint import geometries
from answerprint_houdini import commands, host as hosts, tab
from answerprint_panel import session
from answerprint_panel.session import Session
from answerprint_panel.takes import Takes

__all__ = ["scene"]  # a fixture, used by its name
hou: Any = typed  # what the stubs call Optional is there in these scenes

MILLISECONDS = 60_000
Until = Callable[[Callable[[], object]], None]


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory, address: str) -> Path:
    """Two complete takes of two frames, v001 and v002."""
    folder = tmp_path_factory.mktemp("project")
    for frame in (1, 2):
        geometries.write(folder / f"dust.{frame:04d}.bgeo", points(frame, 40))
    run = AtOnce(folder)
    words = ("run", "--task", "point_normals", "--plate", "dust.####.bgeo", "--server", address)
    for _ in range(2):
        assert run(*words).code == 0
    return folder / "takes" / "dust_point_normals"


@pytest.fixture(scope="module")
def running(address: str, qapp: Any) -> Iterator[Session]:
    """The session of this Houdini: its engine is started once for all the tests here."""
    os.environ["ANSWERPRINT_SERVER"] = address
    made = session.of(hosts.this())
    yield made
    made.shutdown()
    del os.environ["ANSWERPRINT_SERVER"]


@pytest.fixture
def until(running: Session, qtbot: Any) -> Until:
    return lambda condition: qtbot.waitUntil(condition, timeout=MILLISECONDS)


def rows(running: Session, until: Until, stream: Path) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    running.first(["versions", str(stream)], told.append)
    until(lambda: bool(told))
    assert "takes" in told[0], told
    found: list[dict[str, Any]] = told[0]["takes"]
    return found


@pytest.fixture
def node(scene: Scene, stream: Path, running: Session, until: Until) -> Any:
    """The newest take, placed beside the File SOP that reads its plate."""
    plate = scene.network.createNode("file", "dust")
    plate.parm("file").set(f"{stream.parent.parent.as_posix()}/dust.$F4.bgeo")
    return hou.node(scene.host.place(rows(running, until, stream)[0], plate.path()))


def test_a_take_that_was_listed_with_one_frame_is_placed_as_a_sequence(
    scene: Scene, stream: Path, running: Session, until: Until, qtbot: Any
) -> None:
    """Its row may be of when it still ran; what is placed is asked for anew."""
    now = rows(running, until, stream)[0]
    one = {"state": "running", "standing": "unfinished", "last": now["first"]}
    listed = {**now, **one, "pattern": str(now["pattern"]).replace("####", "0001")}
    takes = Takes(running)
    qtbot.addWidget(takes)

    takes.acts.place(listed)
    until(lambda: bool(scene.host.placed()))

    (placed,) = scene.host.placed()
    assert "_v002.$F4.bgeo" in hou.node(placed.node).parm("file").rawValue()


def said(node: Any, key: str) -> str:
    return str(node.parm(f"answerprint_{key}").rawValue())


def press(node: Any, verb: str) -> None:
    houdini_session.press(node.parm(f"answerprint_do_{verb}"))


def test_older_newer_latest_and_the_menu(node: Any, until: Until) -> None:
    assert tab.identity(node)["take"] == "v002"
    cooked = list(houdini_session.state.cooked)

    press(node, "older")
    until(lambda: tab.identity(node)["take"] == "v001")
    assert "v001.$F4.bgeo" in node.parm("file").rawValue()
    assert "Outdated, see v002" in node.comment()
    assert node.parm(tab.MENU).menuItems() == ("v002", "v001", "Latest")

    press(node, "older")
    until(lambda: said(node, "note") == "This is the oldest take.")

    houdini_session.choose(node.parm(tab.MENU), "v002")
    until(lambda: tab.identity(node)["take"] == "v002")
    assert said(node, "note") == ""

    press(node, "approved")
    until(lambda: said(node, "note") == "No take has been approved yet.")
    assert houdini_session.state.cooked == cooked


def test_a_node_is_approved_a_retake_is_asked_for_and_taken_back(
    node: Any, stream: Path, until: Until
) -> None:
    node.parm("answerprint_remark").set("more neighbours")
    press(node, "retake")
    until(lambda: "Retake asked" in node.comment())
    assert "more neighbours" in said(node, "review")
    assert node.color().rgb() == tab.COLOURS["retake"]

    press(node, "approve")
    until(lambda: "Approved" in node.comment())
    assert node.color().rgb() == tab.COLOURS["approved"]
    houdini_session.choose(node.parm(tab.MENU), "Latest approved")
    until(lambda: said(node, "note") == "v002 is what this node reads.")

    run = AtOnce(stream.parent.parent)
    assert run("review", str(stream / "v002"), "--withdraw").code == 0
    until(lambda: said(node, "review") == "Waiting for review")


def test_verify_says_what_the_engine_found(node: Any, until: Until) -> None:
    press(node, "verify")

    until(lambda: said(node, "signed").startswith("checked, every frame is as signed."))


def test_compare_puts_it_beside_its_plate(node: Any, until: Until) -> None:
    press(node, "compare")

    until(lambda: "Put the display flag on" in said(node, "note"))
    made = next(one for one in node.parent().children() if one.type().name() == "switch")
    assert [one.name() for one in made.inputs()] == ["dust", node.name()]


def test_a_scene_that_is_opened_says_what_became_of_its_takes(
    scene: Scene, node: Any, stream: Path, running: Session, until: Until
) -> None:
    scene.host.switch(node.path(), {**rows(running, until, stream)[1], "word": "Latest"})
    steps = houdini_session.undo_steps()

    commands.script_loaded()
    houdini_session.turn(2)

    until(lambda: "Outdated, see v002" in node.comment())
    assert houdini_session.undo_steps() == steps
