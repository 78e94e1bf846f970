"""A task node's Run, Cancel and modes, with the real engine and server; Houdini alone stands in."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hou as typed
import houdini_session
import pytest
from chair import Chair, taken
from geometry_plates import scan

from answerprint.takes import Take
from answerprint_houdini import asset, builder

hou: Any = typed  # what the stubs call Optional is there in these scenes


@pytest.fixture(scope="module")
def seated(tmp_path_factory: pytest.TempPathFactory, address: str, qapp: Any) -> Iterator[Chair]:
    with taken(tmp_path_factory.mktemp("artist") / "home", address) as made:
        yield made


@pytest.fixture
def chair(seated: Chair, tmp_path: Path) -> Chair:
    """Houdini with a scene of the test's own, saved."""
    seated.start(tmp_path / "sh0120_fx_v007.hip")
    hou.playbar.setFrameRange(1, 2)
    seated.until(lambda: seated.session.tasks and seated.session.server["state"] == "connected")
    return seated


def task_node(chair: Chair, name: str = "OUT", wedge: str = "") -> Any:
    """A built task node behind a SOP that cooks a few points, another for each frame."""
    chair.sop(lambda frame: scan(1000 + int(frame)), name, moves=True)
    node = builder.beside_selected(hou)
    node.parm("task").set("point_normals")
    node.parm("frames").set("1-2")
    node.parm("wedge").set(wedge)
    return node


def press(node: Any, name: str) -> str:
    houdini_session.press(node.parm(name))
    return status(node)


def status(node: Any) -> str:
    return str(node.parm("status").eval())


def until_over(chair: Chair, node: Any) -> str:
    chair.until(lambda: asset.is_over(node))
    return status(node)


def test_a_run_ends_with_the_node_reading_its_take(chair: Chair, tmp_path: Path) -> None:
    node = task_node(chair)
    before = node.geometry().intrinsicValue("pointcount")

    press(node, "run")
    assert until_over(chair, node) == "OUT_point_normals v001 is complete"

    chair.until(lambda: node.parm("show").evalAsString() == "take")
    inner = asset.reader(node)
    assert inner.parm("file").unexpandedString() == (
        f"{tmp_path.as_posix()}/takes/OUT_point_normals/v001/OUT_point_normals_v001.$F4.bgeo"
    )
    assert node.geometry().findPointAttrib("N") is not None
    assert node.geometry().intrinsicValue("pointcount") == before
    assert houdini_session.undo_steps()[-1] == "OUT_point_normals v001"

    # what was written before is used: nothing cooks but what the node shows now
    cooked = set(houdini_session.state.cooked)
    node.parm("mode").set("existing")
    press(node, "run")
    assert until_over(chair, node) == "OUT_point_normals v002 is complete"
    assert set(houdini_session.state.cooked) - cooked <= {("/obj/geo1/OUT", hou.frame())}


def test_for_a_farm_the_number_is_taken_and_commands_are_copied(
    chair: Chair, tmp_path: Path
) -> None:
    node = task_node(chair, wedge="neighbours=8,9")
    node.parm("mode").set("farm")

    press(node, "run")
    said = until_over(chair, node)

    assert said.startswith("v001 waits for the farm: 2 variations. Its number is taken.")
    assert said.endswith("They are copied.")
    take = Take(tmp_path / "takes" / "OUT_point_normals" / "v001")
    assert (take.state(), take.items()) == ("incomplete", {})
    (line,) = hou.ui.getTextFromClipboard().splitlines()
    subprocess.run(shlex.split(line), check=True, capture_output=True)
    assert take.is_complete


def test_two_nodes_that_run_at_once_do_not_read_each_others_takes(chair: Chair) -> None:
    one, other = task_node(chair, "ONE"), task_node(chair, "OTHER")

    press(one, "run")
    press(other, "run")
    said = {node: until_over(chair, node) for node in (one, other)}

    done, refused = sorted(said, key=lambda node: "complete" not in said[node])
    plate = done.inputs()[0].name()
    assert said[done] == f"{plate}_point_normals v001 is complete"
    assert f"/{plate}_point_normals/" in asset.reader(done).parm("file").unexpandedString()
    assert "is being written at the moment. Wait until that has ended" in said[refused]
    assert refused.parm("show").evalAsString() == "input"


def test_a_run_is_cancelled_wherever_it_is(chair: Chair, tmp_path: Path) -> None:
    node = task_node(chair)

    press(node, "run")
    assert press(node, "cancel") == "Cancelled; no number was taken."
    assert not (tmp_path / "takes" / "OUT_point_normals").exists()

    node.parm("frames").set("1-2000")
    press(node, "run")
    chair.until(lambda: "Written" in status(node))
    press(node, "cancel")
    assert "was cancelled with" in until_over(chair, node)


def test_without_answerprint_a_scene_opens_and_its_buttons_say_so(
    chair: Chair, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    node = task_node(chair)
    monkeypatch.setitem(__import__("sys").modules, "answerprint_door", None)

    press(node, "run")
    module: dict[str, Any] = {"hou": hou}
    folder = Path(builder.__file__).parents[3] / "otls" / "answerprint.hda"
    (path,) = folder.glob("*/PythonModule")
    exec(compile(path.read_text(), "PythonModule", "exec"), module)
    module["pressed"]("run", {"node": node})

    assert status(node) == ""
    assert capsys.readouterr().out.count("Answerprint is not installed here.") == 2
