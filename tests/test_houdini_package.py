"""The Houdini package: what Houdini finds on its path, on each system, and every script in it run."""

from __future__ import annotations

import json
import posixpath
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import hou as typed
import houdini_session
import numpy as np
import pytest
from desk import engine, opened

from answerprint.geometry import Attribute, Geometry
from answerprint_houdini import host as hosts, pane, shelf
from answerprint_panel import panes
from answerprint_panel.qt import QtWidgets
from install import package

hou: Any = typed  # the stand-in
ROOT = Path(__file__).parents[1] / "houdini"
DOCUMENTS = {
    "panel": ROOT / "python_panels" / "answerprint.pypanel",
    "shelf": ROOT / "toolbar" / "answerprint.shelf",
    "menu": ROOT / "MainMenuCommon.xml",
}
TOOLS = {
    one.get("name", ""): one.findtext("script") or ""
    for one in ET.parse(DOCUMENTS["shelf"]).iter("tool")
}
ITEMS = {
    one.get("id", ""): one.findtext("scriptCode") or ""
    for one in ET.parse(DOCUMENTS["menu"]).iter("scriptItem")
}
SYSTEMS = {"linux": "/pipe/apps", "windows": "D:/Pipe Apps", "macos": "/Users/ana/pipe"}


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A Houdini with one SOP that is selected; its engine has no server to talk to."""
    engine(monkeypatch, tmp_path / "home", "127.0.0.1:9")
    with houdini_session.running(), opened(hosts.this()):
        houdini_session.state.interfaces = {"answerprint"}
        houdini_session.network()
        node = made("OUT")
        houdini_session.select(node)
        yield node


def made(name: str) -> Any:
    """A SOP that cooks three points."""
    node = hou.node("/obj/geo1").createNode("null", name)
    held = Geometry(3, [Attribute("P", "point", np.zeros((3, 3), np.float32), qualifier="point")])
    houdini_session.cook(node, lambda _: held)
    return node


def run(script: str) -> dict[str, Any]:
    space: dict[str, Any] = {"hou": hou, "kwargs": {}}
    exec(compile(script, "script", "exec"), space)
    return space


# What Houdini finds


def evaluated(
    text: str, folder: str, version: tuple[int, int], system: str
) -> tuple[list[str], dict[str, str]]:
    """A package file as Houdini reads one: its path and environment, or nothing where it is not enabled."""
    said = json.loads(text)
    variables = {"HOUDINI_PACKAGE_PATH": folder, "houdini_os": system}
    enable = re.fullmatch(r"houdini_version >= '(\d+)\.(\d+)'", said["enable"])
    assert enable
    if version < (int(enable[1]), int(enable[2])):
        return [], {}
    environ: dict[str, str] = {}
    for one in said["env"]:
        for name, value in one.items():
            environ[name] = expanded(value, variables | environ)
    paths = said["hpath"] if isinstance(said["hpath"], list) else [said["hpath"]]
    return [expanded(one, variables | environ) for one in paths], environ


def expanded(text: str, variables: dict[str, str]) -> str:
    found = re.sub(r"\$(\w+)", lambda one: variables[one[1]], text)
    assert "$" not in found
    return posixpath.normpath(found)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("version", [(19, 5), (20, 5), (21, 0)])
def test_the_package_lies_where_its_file_lies(system: str, version: tuple[int, int]) -> None:
    folder = f"{SYSTEMS[system]}/houdini"
    text = (ROOT / "answerprint.json").read_text()

    found = evaluated(text, folder, version, system)

    assert found == ([folder], {"ANSWERPRINT_HOUDINI": folder})


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_installed_file_names_its_place_wherever_it_lies(system: str) -> None:
    target = f"{SYSTEMS[system]}/app/houdini"

    found = evaluated(package.text(target), "/home/ana/houdini21.0/packages", (21, 0), system)

    assert found == ([target], {"ANSWERPRINT_HOUDINI": target})
    assert evaluated(package.text(target), "/x", (19, 0), system) == ([], {})


def test_the_package_holds_no_secret_and_moves_nobodys_python() -> None:
    for text in ((ROOT / "answerprint.json").read_text(), package.text("/pipe/houdini")):
        said = json.loads(text)
        assert set(said) == {"load_package_once", "enable", "env", "hpath"}
        assert [name for one in said["env"] for name in one] == ["ANSWERPRINT_HOUDINI"]
        assert "PYTHON" not in text


# Documents


@pytest.mark.parametrize("path", DOCUMENTS.values(), ids=DOCUMENTS)
def test_every_name_in_a_document_is_there_once(path: Path) -> None:
    tree = ET.parse(path)
    named = {"tool", "toolshelf", "interface", "subMenu", "scriptItem"}
    names = [one.get("id") or one.get("name") for one in tree.iter() if one.tag in named]

    assert None not in names
    assert len(names) == len(set(names))
    assert all(str(name).startswith("answerprint") for name in names)
    assert not list(tree.iter("hotkey"))


def test_the_shelf_lists_each_of_its_tools() -> None:
    tree = ET.parse(DOCUMENTS["shelf"])

    assert [one.get("name") for one in tree.iter("memberTool")] == list(TOOLS)
    assert all(one.findtext("helpText") for one in tree.iter("tool"))


def test_what_an_artist_can_click_is_in_the_readme() -> None:
    said = (ROOT / "README.md").read_text()

    for name in ("shelf", "menu"):
        for one in ET.parse(DOCUMENTS[name]).iter():
            label = one.get("label") if one.tag == "tool" else one.findtext("label")
            if label:
                assert label in said, label


# Scripts


def test_the_keyboard_goes_back_to_houdinis_window(scene: Any, qtbot: Any) -> None:
    window, field = QtWidgets.QWidget(), QtWidgets.QLineEdit()
    for one in (window, field):
        qtbot.addWidget(one)
        one.show()
    houdini_session.state.window = window
    field.setFocus()

    hosts.this().return_focus()

    qtbot.waitUntil(window.hasFocus)


def test_the_panel_opens_once(scene: Any, qtbot: Any) -> None:
    run(TOOLS["answerprint_open_panel"])
    (tab,) = hou.ui.paneTabs()
    assert tab.activeInterface().name() == "answerprint"

    run(ITEMS["answerprint_menu_open_panel"])
    assert hou.ui.paneTabs() == (tab,)


def test_the_panels_document_gives_the_panel(scene: Any, qtbot: Any) -> None:
    script = ET.parse(DOCUMENTS["panel"]).findtext(".//script") or ""

    shown = run(script)["onCreateInterface"]()
    qtbot.addWidget(shown)

    assert isinstance(shown, panes.Pane)
    assert shown.panel is not None
    source = shown.panel.new_take.draft.source
    assert source is not None
    assert source.node == "/obj/geo1/OUT"


def test_run_on_selection_has_an_open_panel_take_it_up(scene: Any, qtbot: Any) -> None:
    shown = pane.create()
    qtbot.addWidget(shown)
    other = made("OTHER")
    houdini_session.select(other)

    run(TOOLS["answerprint_run_selected"])

    assert shown.panel is not None
    source = shown.panel.new_take.draft.source
    assert source is not None
    assert source.node == "/obj/geo1/OTHER"


@pytest.mark.parametrize("name", [*TOOLS, *ITEMS])
def test_every_script_without_a_selection_says_so_or_does_what_it_can(
    scene: Any, qtbot: Any, name: str
) -> None:
    houdini_session.select()

    run(({**TOOLS, **ITEMS})[name])

    if "open_panel" not in name and "refresh" not in name:
        assert "No node is selected" in houdini_session.state.messages[-1][0]


@pytest.mark.parametrize("name", ["answerprint_place_latest", "answerprint_run_selected"])
def test_what_needs_no_window_says_what_is_wrong_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    engine(monkeypatch, tmp_path / "home", "127.0.0.1:9")
    with houdini_session.running(ui=False):
        run(TOOLS[name])

    assert "No node is selected" in capsys.readouterr().out


def test_the_latest_take_of_a_node_is_the_newest_that_its_stream_calls_so(scene: Any) -> None:
    source = hou_source()
    takes: list[dict[str, Any]] = [
        {"take": "v009", "node": "/obj/geo1/OTHER", "latest": True},
        {"take": "v004", "node": source.node, "latest": False},
        {"take": "v003", "node": source.node, "latest": True},
    ]

    assert shelf.latest(takes, source) == takes[2]
    assert shelf.latest(takes[:2], source) is None


def hou_source() -> Any:
    return hosts.this().selection()


@pytest.mark.parametrize("kind", ["panel", "shelf"])
def test_what_cannot_be_loaded_is_said_in_words(tmp_path: Path, kind: str) -> None:
    """The version that is current is gone: in a process of its own, with nothing but the door."""
    script = (
        ET.parse(DOCUMENTS["panel"]).findtext(".//script") or ""
        if kind == "panel"
        else TOOLS["answerprint_open_panel"]
    )
    code = (
        f"import sys; sys.path.append({str(tmp_path)!r})\n{script}\n"
        "if 'onCreateInterface' in globals():\n"
        "    from PySide6 import QtWidgets; app = QtWidgets.QApplication([])\n"
        "    print(onCreateInterface().text())\n"
    )
    door = ROOT / "scripts" / "python" / "answerprint_door.py"
    (tmp_path / "answerprint_door.py").write_text(door.read_text())
    (tmp_path / "answerprint_houdini").mkdir()
    (tmp_path / "answerprint_houdini" / "__init__.py").write_text("raise ImportError('no version')")

    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={"QT_QPA_PLATFORM": "offscreen"},
    )

    assert done.returncode == 0, done.stderr
    assert "Answerprint could not start: no version" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_panel_that_cannot_be_built_says_why(qtbot: Any) -> None:
    def none() -> Any:
        raise OSError("no disk")

    made = panes.Pane()
    qtbot.addWidget(made)
    panes.Panes(none, str).fill(made)

    assert made.panel is None
    label = made.findChild(QtWidgets.QLabel)
    assert label is not None
    assert label.text() == "no disk"


# In a Houdini

# What the stand-in does not pretend to know: a check that it answered would prove nothing
ONLY_A_REAL_ONE = {
    "a take's record is a detail attribute",
    "we read what this Houdini writes: polygons, groups, strings, a volume of many tiles",
    "in Manual update mode geometryAtFrame still cooks",
    "a saved scene keeps which take a node reads",
    "the asset gives its input, and reads a take; a missing frame is said",
    "a Python Processor makes work items with what we put on them",
}


def test_the_smoke_script_passes_on_the_stand_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine(monkeypatch, tmp_path / "home", "127.0.0.1:9")
    smoke = runpy.run_path(str(ROOT.parent / "tests" / "in_host" / "houdini_smoke.py"))
    ends = {}
    with houdini_session.running(ui=False):
        names = ("task", "run", "show", "file", "status")
        houdini_session.install(
            "Sop",
            "answerprint::task::1.0",
            lambda: [hou.StringParmTemplate(name, name, 1) for name in names],
        )
        bench = smoke["Bench"](str(tmp_path))
        for words, call in smoke["CHECKS"]:
            if words not in ONLY_A_REAL_ONE:
                ends[words] = smoke["carried_out"](words, call, bench)

    said = capsys.readouterr().out
    assert "FAIL" not in ends.values(), said
    skipped = sorted(words for words, end in ends.items() if end == "skip")
    assert len(skipped) == 3, skipped
    assert {words for words, _ in smoke["CHECKS"]} >= ONLY_A_REAL_ONE
