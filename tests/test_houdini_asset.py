"""The task node: the asset as text, the node that is built without it, and what its buttons do."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hou as typed
import houdini_session
import numpy as np
import pytest
from desk import engine, opened

from answerprint.geometry import Attribute, Geometry
from answerprint_houdini import asset, builder, host as hosts, tab
from answerprint_houdini.asset_parms import PARMS
from answerprint_houdini.order import Wish
from answerprint_panel.host import HostError

hou: Any = typed  # the stand-in
ROOT = Path(__file__).parents[1] / "houdini"
HDA = ROOT / "otls" / "answerprint.hda"
DEFINITION = HDA / "answerprint_8_8Sop_1task_8_81.0"
BUILD = runpy.run_path(str(ROOT / "build_asset.py"))
TYPE = "answerprint::task::1.0"


def points(height: float = 0.0) -> Geometry:
    places = np.full((3, 3), height, np.float32)
    return Geometry(3, [Attribute("P", "point", places, qualifier="point")])


@pytest.fixture
def plate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A SOP that cooks three points, selected; its engine has no server to talk to."""
    engine(monkeypatch, tmp_path / "home", "127.0.0.1:9")
    with houdini_session.running(), opened(hosts.this()):
        houdini_session.install("Sop", TYPE, templates, path=HDA.as_posix())
        node = houdini_session.network().createNode("null", "OUT")
        houdini_session.cook(node, lambda _: points())
        houdini_session.select(node)
        yield node


def templates() -> list[Any]:
    """The asset's parameters, as Houdini makes them of its DialogScript."""
    made = [builder.template(hou, one) for one in PARMS if one.kind not in ("folder", "file")]
    return [*made, hou.StringParmTemplate("file", "File", 1)]


def take(folder: Path, number: int = 1) -> dict[str, Any]:
    """A take with a file on disk, as the engine lists it."""
    at = folder / "takes" / "OUT_shade" / f"v{number:03d}"
    at.mkdir(parents=True)
    houdini_session.geometry(points(number)).saveToFile(f"{at}/OUT_shade_v{number:03d}.0001.bgeo")
    return {
        "path": at.as_posix(),
        "pattern": f"{at.as_posix()}/OUT_shade_v{number:03d}.####.bgeo",
        "first": 1,
        "last": 1,
        "name": "OUT_shade",
        "take": f"v{number:03d}",
        "uuid": f"{number:032x}",
        "root": (folder / "takes").as_posix(),
        "stream": "OUT_shade",
        "task": "shade",
        "node": "/obj/geo1/OUT",
        "word": "Latest",
    }


# The asset as text


def test_the_asset_is_what_its_script_writes(tmp_path: Path) -> None:
    BUILD["write"](str(tmp_path))
    written = {x.relative_to(tmp_path): x.read_bytes() for x in tmp_path.rglob("*") if x.is_file()}

    assert written == {x.relative_to(HDA): x.read_bytes() for x in HDA.rglob("*") if x.is_file()}


def test_its_script_needs_nothing_but_python(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(ROOT / "build_asset.py")], capture_output=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("folder", [HDA, DEFINITION])
def test_a_list_of_sections_names_every_file_by_its_mangled_name(folder: Path) -> None:
    first, *lines = (folder / "Sections.list").read_text().splitlines()
    pairs = [line.split("\t") for line in lines]

    assert first == '""'
    assert {name for name, _ in pairs} == {x.name for x in folder.iterdir()} - {"Sections.list"}
    for name, section in pairs:
        said = "INDEX__SECTION" if section == "INDEX_SECTION" else name
        assert said == section.replace("_", "__").replace("/", "_1").replace(":", "_8")


def test_the_index_says_what_the_asset_is() -> None:
    lines = (HDA / "INDEX__SECTION").read_text().splitlines()
    said = dict(line.split(":", 1) for line in lines if line)
    index = {key: value.strip() for key, value in said.items()}
    section = "answerprint::Sop/task::1.0"

    assert index["Operator"] == TYPE
    assert index["Path"] == f"oplib:/{section}?{section}"
    assert (index["Table"], index["Inputs"]) == ("Sop", "0 to 1")
    assert (index["Subnet"], index["Python"], index["Empty"]) == ("false", "true", "false")
    assert (HDA / "houdini.hdalibrary").read_bytes() == b""
    assert (DEFINITION / "FunctionName").read_text() == TYPE


def words(text: str) -> list[str]:
    """A DialogScript's words; a quoted one keeps its quotes."""
    found, at = [], 0
    lines = "\n".join(one for one in text.splitlines() if not one.startswith("#"))
    while at < len(lines):
        end = at + 1
        if lines[at] == '"':
            while lines[end] != '"':
                end += 2 if lines[end] == "\\" else 1
            end += 1
        elif not lines[at].isspace() and lines[at] not in "{}":
            while end < len(lines) and not lines[end].isspace() and lines[end] not in '{}"':
                end += 1
        if not lines[at].isspace():
            found.append(lines[at:end])
        at = end
    return found


def test_the_dialog_is_balanced_and_names_each_parameter_once() -> None:
    said = words((DEFINITION / "DialogScript").read_text())
    depth = 0
    for word in said:
        depth += (word == "{") - (word == "}")
        assert depth >= 0
    names = [said[at + 2] for at, word in enumerate(said) if word in ("parm", "group")]
    names = [
        said[at + 1] for at, word in enumerate(said) if word == "name" and said[at + 1][:1] == '"'
    ]

    assert depth == 0
    assert names == [f'"{parm.name}"' for parm in PARMS]
    assert len(names) == len(set(names))
    assert said.count("parm") == len([one for one in PARMS if one.kind != "folder"])


def test_its_scripts_are_python_of_every_host() -> None:
    for name in ("PythonModule", "PythonCook"):
        compile((DEFINITION / name).read_text(), name, "exec", dont_inherit=True)
    options = json.loads((DEFINITION / "ExtraFileOptions").read_text())
    assert options["PythonModule/IsPython"] == {"type": "bool", "value": True}
    module = (DEFINITION / "PythonModule").read_text()
    assert "import answerprint_door" in module
    for parm in PARMS:
        if parm.verb:
            assert parm.verb in (*asset.OF_TAKE, *asset.VERBS)


def test_every_parameter_is_in_its_help() -> None:
    said = (DEFINITION / "Help").read_text()

    for parm in PARMS:
        assert parm.kind == "folder" or f"#id: {parm.name}\n    {parm.tip}." in said


class Cooking:
    """What Houdini gives a Python SOP: itself, and a geometry that it may change."""

    NodeError, OperationFailed = hou.NodeError, hou.OperationFailed

    def __init__(self, node: Any, frame: int = 1) -> None:
        self.node, self.frame = node, frame
        self.geometry_ = houdini_session.geometry(points(7))  # of its input

    def pwd(self) -> Cooking:
        return self

    def geometry(self) -> Any:
        return self.geometry_

    def evalParm(self, name: str) -> Any:  # noqa: N802 - Houdini's name
        return self.node.parm(name).eval()

    def intFrame(self) -> int:  # noqa: N802 - Houdini's name
        return self.frame

    def height(self) -> float:
        held = self.geometry_.pointFloatAttribValuesAsString("P")
        return float(np.frombuffer(held, np.float32)[1]) if held else -1.0


def test_its_cook_reads_a_file_and_does_nothing_else(plate: Any, tmp_path: Path) -> None:
    node = plate.parent().createNode(TYPE, "shade")
    cook = compile((DEFINITION / "PythonCook").read_text(), "cook", "exec")

    def cooked() -> float:
        at = Cooking(node)
        exec(cook, {"hou": at})
        return at.height()

    assert cooked() == 7
    node.parm("show").set("take")
    with pytest.raises(hou.NodeError, match="No take is chosen yet"):
        cooked()
    asset.read(hou, node, take(tmp_path, 2))
    assert cooked() == 2
    Path(node.parm("file").eval()).write_bytes(b"\x7fNSJb, and then nothing")
    with pytest.raises(hou.NodeError, match=r"0001\.bgeo cannot be read\. Press Verify"):
        cooked()
    Path(node.parm("file").eval()).unlink()
    with pytest.raises(hou.NodeError, match=r"0001\.bgeo is not there, at frame 1"):
        cooked()
    node.parm("missing").set("input")
    assert cooked() == 7
    node.parm("missing").set("empty")
    assert cooked() == -1


# The node that is built without it


def test_the_built_node_passes_its_input_on_until_there_is_a_take(
    plate: Any, tmp_path: Path
) -> None:
    node = builder.beside_selected(hou)

    assert node.inputs() == (plate,)
    assert houdini_session.undo_steps()[-1] == "Answerprint node"
    assert heights(node) == {0.0}
    asset.read(hou, node, take(tmp_path))
    assert heights(node) == {1.0}
    assert [str(one.name()) for one in node.children()] == ["take", "show"]
    assert tab.identity(node.node("take"))["take"] == "v001"


def test_a_version_switch_changes_the_file_alone(plate: Any, tmp_path: Path) -> None:
    node = builder.beside_selected(hou)
    asset.read(hou, node, take(tmp_path, 1))
    node.parm("show").set("input")
    node.node("take").parm("missingframe").set(1)

    asset.read(hou, node, take(tmp_path, 2))

    assert heights(node) == {2.0}
    assert node.node("take").parm("missingframe").eval() == 1
    assert [one.node for one in hosts.this().placed()] == [f"{node.path()}/take"]


def heights(node: Any) -> set[float]:
    held = node.geometry().pointFloatAttribValuesAsString("P")
    return {float(x) for x in np.frombuffer(held, np.float32)}


def test_both_have_the_same_parameters(plate: Any) -> None:
    built = builder.beside_selected(hou)
    made = plate.parent().createNode(TYPE, "shade")

    for parm in PARMS:
        if parm.kind == "folder":
            continue
        assert made.parm(parm.name) is not None
        assert (built.parm(parm.name) is None) == parm.alone


def test_where_nothing_is_saved_no_node_is_built(plate: Any) -> None:
    houdini_session.lock(plate.parent())

    with pytest.raises(HostError, match="is a locked asset"):
        builder.beside_selected(hou)


# Buttons


def press(node: Any, name: str) -> str:
    """A button of a built node; what its status says then."""
    houdini_session.press(node.parm(name))
    return str(node.parm("status").eval())


def test_what_is_asked_wrongly_stands_in_the_status(plate: Any) -> None:
    node = builder.beside_selected(hou)

    assert "No task is chosen" in press(node, "run")
    node.parm("task").set("shade")
    for wrong in ("[1]", "{", "[" * 70_000):
        node.parm("parameters").set(wrong)
        assert "no JSON object" in press(node, "run")
    node.parm("parameters").set("{}")
    node.parm("wedge").set("radius=1 radius=2")
    assert "radius=2, which is no axis" in press(node, "run")
    node.parm("wedge").set("")
    node.setInput(0, None)
    assert "Nothing is wired" in press(node, "run")
    node.setInput(0, plate, 1)
    assert "OUT is wired in by its output 2" in press(node, "run")
    assert "Nothing of this node's is running" in press(node, "cancel")
    assert "No take was made yet" in press(node, "latest")


def test_without_a_server_the_run_ends_in_words(plate: Any, qtbot: Any, tmp_path: Path) -> None:
    houdini_session.state.hip = f"{tmp_path.as_posix()}/shot.hip"
    node = builder.beside_selected(hou)
    node.parm("task").set("shade")

    assert "Looking at /obj/geo1/OUT" in press(node, "run")
    assert "has not ended" in press(node, "run")

    def over() -> None:
        houdini_session.turn()
        assert asset.is_over(node)

    qtbot.waitUntil(over, timeout=60_000)
    said = node.parm("status").eval()
    assert "server" in said.lower() or "127.0.0.1" in said, said


def test_a_node_that_is_deleted_meanwhile_is_no_error(plate: Any, tmp_path: Path) -> None:
    node = builder.beside_selected(hou)
    made = take(tmp_path)
    node.destroy()

    asset.say(hou, node, "gone")
    with pytest.raises(HostError, match="The node that asked for this take is gone"):
        asset.read(hou, node, made)


def test_what_is_typed_becomes_a_job() -> None:
    wish = Wish("shade", '{"radius": 0.5}', "seed=1,2 strength=0.1", "1-3", "here")

    assert wish.parameters == {"radius": 0.5}
    assert wish.axes == {"seed": "1,2", "strength": "0.1"}
    assert wish.frames == "1-3"
