"""Buttons and menu items of a placed Read, with the real engine and takes that it made."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nuke
import nuke_session
import pytest
from comp import PLATES, Comp, comp
from samples import AtOnce

from answerprint_nuke import commands, host as hosts
from answerprint_panel import session, standing
from answerprint_panel.qt import QtWidgets
from answerprint_panel.session import Session
from answerprint_panel.takes import Takes

__all__ = ["comp"]  # a fixture, used by its name

MILLISECONDS = 60_000
Until = Callable[[Callable[[], object]], None]


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory, address: str) -> Path:
    """Two complete takes of two frames, v001 and v002."""
    folder = tmp_path_factory.mktemp("project")
    for frame in (1001, 1002):
        (folder / "plate").mkdir(exist_ok=True)
        shutil.copy(PLATES / f"noisy.{frame}.exr", folder / "plate")
    run = AtOnce(folder)
    words = ("run", "--task", "passthrough", "--plate", "plate/noisy.####.exr", "--server", address)
    for _ in range(2):
        assert run(*words).code == 0
    return folder / "takes" / "noisy_passthrough"


@pytest.fixture(scope="module")
def running(address: str, qapp: Any) -> Iterator[Session]:
    """The session of this Nuke: its engine is started once for all the tests here."""
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
def read(comp: Comp, stream: Path, running: Session, until: Until) -> Any:
    """The newest take, placed."""
    newest = rows(running, until, stream)[0]
    comp.read(f"{stream.parent.parent.as_posix()}/plate/noisy.####.exr")
    return nuke.toNode(comp.host.place(newest, "Read1"))


def test_a_take_that_was_listed_with_one_frame_is_placed_as_a_sequence(
    comp: Comp, stream: Path, running: Session, until: Until, qtbot: Any
) -> None:
    """Its row may be of when it still ran; what is placed is asked for anew."""
    now = rows(running, until, stream)[0]
    one = {"state": "running", "standing": "unfinished", "last": now["first"]}
    listed = {**now, **one, "pattern": str(now["pattern"]).replace("####", "1001")}
    takes = Takes(running)
    qtbot.addWidget(takes)

    takes.acts.place(listed)
    until(lambda: bool(comp.host.placed()))

    (placed,) = comp.host.placed()
    assert placed.path.endswith("noisy_passthrough_v002.####.exr")
    assert nuke.toNode(placed.node)["last"].value() == 1002


def said(read: Any, key: str) -> str:
    return str(read[f"answerprint_{key}"].value())


def choose(read: Any, label: str) -> None:
    """From the menu of takes, by what an entry begins with."""
    entries = [str(one) for one in read["answerprint_menu"].values()]
    read["answerprint_menu"].setValue(next(one for one in entries if one.startswith(f"{label}, ")))


def press(read: Any, verb: str) -> None:
    read[f"answerprint_do_{verb}"].execute()


def test_older_newer_latest_and_the_menu(read: Any, until: Until) -> None:
    assert said(read, "take") == "v002"

    press(read, "older")
    until(lambda: said(read, "take") == "v001")
    assert "v001" in read["file"].value()
    assert "Outdated, see v002" in read["label"].value()
    assert [one.partition(",")[0] for one in read["answerprint_menu"].values()] == [
        "v002", "v001", "Latest",
    ]  # fmt: skip

    press(read, "older")
    until(lambda: said(read, "note") == "This is the oldest take.")

    press(read, "newer")
    until(lambda: said(read, "take") == "v002")
    assert said(read, "note") == ""

    nuke.addKnobChanged(commands.knob_changed, nodeClass="Read")
    choose(read, "v001")
    until(lambda: said(read, "take") == "v001")

    choose(read, "Latest")
    until(lambda: said(read, "take") == "v002")
    assert str(read["answerprint_menu"].value()).startswith("v002, ")

    press(read, "latest")
    until(lambda: said(read, "note") == "v002 is what this node reads.")

    press(read, "approved")
    until(lambda: said(read, "note") == "No take has been approved yet.")
    nuke.removeKnobChanged(commands.knob_changed, nodeClass="Read")


def test_a_read_is_approved_a_retake_is_asked_for_and_taken_back(
    read: Any, stream: Path, until: Until
) -> None:
    press(read, "retake")
    until(lambda: said(read, "note").startswith("Write what shall be done differently"))

    read["answerprint_remark"].setValue("grain is gone")
    press(read, "retake")
    until(lambda: "Retake asked" in read["label"].value())
    assert "grain is gone" in said(read, "review")
    assert (said(read, "remark"), read["tile_color"].value()) == ("", 0xB0A571FF)

    press(read, "withdraw")
    until(lambda: said(read, "review") == "Waiting for review")
    assert read["tile_color"].value() == 0

    press(read, "approve")
    until(lambda: "Approved" in read["label"].value())
    assert said(read, "note") == "v002 is approved."
    assert read["tile_color"].value() == 0x93A893FF
    run = AtOnce(stream.parent.parent)
    assert run("review", str(stream / "v002"), "--withdraw").code == 0
    until(lambda: said(read, "review") == "Waiting for review")


def test_a_decision_that_the_tab_does_not_show_yet_is_said_before_ours_is_kept(
    comp: Comp, read: Any, stream: Path, running: Session, until: Until
) -> None:
    newest = rows(running, until, stream)[0]
    theirs = {"state": "retake", "by": "ana", "created": "", "note": "more grain", "void": ""}
    comp.host.mark(read.name(), {**newest, "review": theirs})

    press(read, "approve")

    until(lambda: "Press Approve again to decide all the same." in said(read, "note"))
    assert rows(running, until, stream)[0]["review"] is None


def test_a_finding_is_gone_to(comp: Comp, read: Any, until: Until) -> None:
    press(read, "finding")

    until(lambda: said(read, "note") == "Nothing was found in a frame of this take.")


def test_a_script_that_is_opened_says_what_became_of_its_takes(
    comp: Comp, read: Any, stream: Path, running: Session, until: Until
) -> None:
    comp.host.switch(read.name(), {**rows(running, until, stream)[1], "word": "Latest"})
    nuke.root().setModified(False)

    commands.script_loaded()

    until(lambda: "Outdated, see v002" in read["label"].value())
    assert read["tile_color"].value() == 0xB0A571FF
    assert not nuke.root().modified()


def test_a_project_that_moved_is_found_again(
    comp: Comp, stream: Path, running: Session, until: Until
) -> None:
    away = comp.folder / "away"
    shutil.copytree(stream.parent.parent, away)
    moved = rows(running, until, away / "takes" / "noisy_passthrough")[0]
    name = comp.host.place(moved)
    (comp.folder / "project").mkdir()
    away.rename(comp.folder / "project" / "here")
    nuke.scriptSaveAs(str(comp.folder / "project/here/comp.nk"), 1)

    commands.refresh()

    read = nuke.toNode(name)
    until(lambda: "/project/here/takes/" in read["file"].value())
    assert "was found again at" in said(read, "note")
    assert not read.hasError()


def test_verify_says_whether_every_frame_is_as_signed(
    comp: Comp, stream: Path, running: Session, until: Until
) -> None:
    copied = comp.folder / "takes" / "noisy_passthrough"
    shutil.copytree(stream, copied)
    read = nuke.toNode(comp.host.place(rows(running, until, copied)[0]))

    press(read, "verify")
    until(lambda: said(read, "signed").startswith("checked"))

    (copied / "v002" / "noisy_passthrough_v002.1002.exr").write_bytes(
        (copied / "v002" / "noisy_passthrough_v002.1001.exr").read_bytes()
    )
    press(read, "verify")
    until(lambda: said(read, "signed").startswith("NOT as signed: "))
    assert "1002" in said(read, "signed")


def test_compare_looks_for_the_plate(read: Any, until: Until) -> None:
    press(read, "compare")

    viewer = next(node for node in nuke.allNodes() if node.Class() == "Viewer")
    shown = [viewer.input(index) for index in range(2)]
    assert [node.name() for node in shown if node] == [read.name(), "Read1"]
    nuke.delete(nuke.toNode("Read1"))
    press(read, "compare")
    assert said(read, "note").startswith("The plate of this take is not in this script.")


def test_a_take_that_is_gone_is_said_on_its_node(comp: Comp, until: Until) -> None:
    read = nuke.toNode(comp.host.place(comp.take()))
    shutil.rmtree(comp.folder / "takes")

    press(read, "older")

    until(lambda: "are not there any more" in said(read, "note"))


def test_run_again_makes_a_new_take_and_the_node_says_so(read: Any, until: Until) -> None:
    press(read, "again")

    until(lambda: "Outdated, see v003" in read["label"].value())
    assert said(read, "take") == "v002"
    assert read["answerprint_menu"].values()[0].startswith("v003")


@pytest.fixture
def own(stream: Path, tmp_path: Path) -> Path:
    """A copy of the stream, for a test that adds to it."""
    shutil.copytree(stream.parent.parent, tmp_path / "own")
    return tmp_path / "own" / "takes" / stream.name


def more(own: Path, address: str) -> None:
    """Somebody else makes a take."""
    plate = "plate/noisy.####.exr"
    words = ("run", "--task", "passthrough", "--plate", plate, "--server", address)
    assert AtOnce(own.parent.parent)(*words).code == 0


def test_a_take_of_somebody_else_is_said_after_a_while_without_a_step_to_undo(
    comp: Comp, own: Path, running: Session, until: Until, address: str, qtbot: Any
) -> None:
    read = nuke.toNode(comp.host.place(rows(running, until, own)[0]))
    nuke.root().setModified(False)
    steps = nuke_session.undo_steps()
    window = QtWidgets.QWidget()  # somebody works in this Nuke
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    until(lambda: QtWidgets.QApplication.activeWindow() is not None)
    more(own, address)

    slow = standing.Standing(running, hosts.this(), seconds=0.1)

    until(lambda: "Outdated, see " in read["label"].value())
    slow.deleteLater()
    assert not nuke.root().modified()
    assert nuke_session.undo_steps() == steps


def test_an_answer_that_comes_after_a_switch_leaves_the_switch(
    comp: Comp, own: Path, running: Session, until: Until
) -> None:
    newest, older = rows(running, until, own)[:2]
    read = nuke.toNode(comp.host.place(newest))
    commands.refresh()

    comp.host.switch(read.name(), older)
    rows(running, until, own)  # asked later, so the other answer has come by then

    assert said(read, "take") == older["take"]
    assert f"/{older['take']}/" in read["file"].value()


def test_a_fault_in_a_button_is_said_in_nuke(
    read: Any, faults_told: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    read["answerprint_do_older"].setValue(
        "from answerprint_nuke import commands\ncommands.pressed('no such verb', nuke.thisNode())"
    )

    press(read, "older")

    assert faults_told.pop()["error"] == "Fault"


def answered(running: Session, until: Until, stream: Path) -> None:
    """What was asked before is answered by now: the engine is asked once more, twice in a row."""
    for _ in range(2):
        rows(running, until, stream)


def test_nukes_own_version_up_is_the_take_that_it_chose(
    comp: Comp, read: Any, stream: Path, running: Session, until: Until
) -> None:
    older = next(one for one in rows(running, until, stream) if one["take"] == "v001")
    read["file"].setValue(older["pattern"])

    commands.refresh()

    until(lambda: said(read, "take") == "v001")
    assert said(read, "uuid") == older["uuid"]
    assert "Denoise" not in read["label"].value()
    assert "v001\nOutdated, see " in read["label"].value()
    assert read["answerprint_menu"].value().startswith("v001")


def test_newer_is_newer_than_what_nukes_own_version_up_chose(
    comp: Comp, read: Any, stream: Path, running: Session, until: Until
) -> None:
    newest, *_, oldest = rows(running, until, stream)
    comp.host.switch(read.name(), newest)
    read["file"].setValue(oldest["pattern"])

    press(read, "newer")

    until(lambda: "/v002/" in read["file"].value())


def test_a_read_of_other_files_says_nothing_of_a_take(comp: Comp, read: Any, until: Until) -> None:
    read["file"].setValue(nuke.toNode("Read1")["file"].value())
    nuke.root().setModified(False)

    commands.refresh()

    until(lambda: said(read, "note") == "It reads noisy.####.exr, which is no take of its stream.")
    assert (read["label"].value(), said(read, "word")) == ("", "")
    assert read["tile_color"].value() == 0


def test_a_path_with_an_expression_is_left_to_the_artist(
    comp: Comp,
    read: Any,
    stream: Path,
    running: Session,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TK", stream.parent.as_posix())
    path = read["file"].value().replace(stream.parent.as_posix(), "[getenv TK]")
    read["file"].setValue(path)
    nuke.root().setModified(False)

    commands.refresh()

    answered(running, until, stream)
    assert read["file"].value() == path
    assert said(read, "note") == ""
    assert not nuke.root().modified()


def test_where_an_expression_leads_nowhere_find_again_writes_the_path(
    comp: Comp, read: Any, stream: Path, until: Until
) -> None:
    path = read["file"].value().replace(stream.parent.as_posix(), "[getenv NOWHERE]/gone")
    read["file"].setValue(path)
    commands.refresh()
    until(lambda: "Press 'Find again'" in said(read, "note"))
    assert read["file"].value() == path

    press(read, "find")

    until(lambda: read["file"].value().startswith(stream.as_posix()))


def test_what_is_found_again_is_one_step_to_undo(
    comp: Comp, own: Path, running: Session, until: Until
) -> None:
    read = nuke.toNode(comp.host.place(rows(running, until, own)[0]))
    path = read["file"].value()
    moved = own.parent.parent.rename(own.parents[2] / "moved")
    nuke.scriptSaveAs(str(moved / "comp.nk"), 1)
    steps = len(nuke_session.undo_steps())

    commands.script_loaded()

    until(lambda: "/moved/takes/" in read["file"].value())
    assert len(nuke_session.undo_steps()) == steps + 1
    nuke.undo()
    assert read["file"].value() == path


@pytest.mark.parametrize("verb", ["older", "latest", "verify", "again"])
def test_an_answer_that_comes_late_is_written_into_no_other_script(
    comp: Comp, read: Any, stream: Path, running: Session, until: Until, verb: str
) -> None:
    name = read.name()
    press(read, verb)
    commands.refresh()
    nuke.scriptClear()
    comp.read()
    other = comp.take(7, name="noisy_passthrough", stream="bg_depth", task="depth")
    assert comp.host.place(other, "Read1") == name

    answered(running, until, stream)

    now = nuke.toNode(name)
    assert (said(now, "take"), said(now, "stream")) == ("v007", "bg_depth")
    assert now["file"].value() == other["pattern"]
    assert said(now, "signed") == ""
    # The beat may have asked for this Read as well by now; of its own stream it may speak.
    assert said(now, "note") == "" or said(now, "note").startswith("The takes of bg_depth are not")


def test_buttons_work_inside_of_a_group(
    comp: Comp, stream: Path, running: Session, until: Until
) -> None:
    with nuke.nodes.Group(name="Group1"):
        comp.read(name="Read7")
    name = comp.host.place(rows(running, until, stream)[0], "Group1.Read7")
    read = nuke.toNode(name)
    before = said(read, "take")

    press(read, "older")

    until(lambda: said(read, "take") != before)
    assert name.startswith("Group1.")


def test_a_menu_item_says_on_a_read_whose_files_are_gone_what_is_wrong(
    comp: Comp, running: Session, until: Until
) -> None:
    read = nuke.toNode(comp.host.place(comp.take()))
    read.selectOnly()
    shutil.rmtree(comp.folder / "takes")

    commands.selected("older")

    until(lambda: "are not there any more" in said(read, "note"))
    assert "are not there any more" in nuke_session.state.messages[-1]


def test_opening_the_panel_twice_shows_the_one_that_is_there(
    read: Any, running: Session, qtbot: Any, faults_told: list[dict[str, Any]]
) -> None:
    from answerprint_nuke import window

    commands.open_panel()
    pane: Any = nuke_session.state.shown[window.PANE][0]
    tabs = QtWidgets.QTabWidget()
    qtbot.addWidget(tabs)
    tabs.addTab(pane, "Answerprint")
    tabs.addTab(QtWidgets.QWidget(), "Properties")
    tabs.setCurrentIndex(1)
    tabs.show()

    commands.open_panel()

    assert nuke_session.state.shown[window.PANE] == [pane]
    assert tabs.currentIndex() == 0
    commands.selected("older")  # nothing is selected: the panel says it
    assert faults_told.pop()["problem"] == "No node is selected."
    assert "No node is selected" in pane.panel.fault.title.text()
    assert not any("No node is selected" in one for one in nuke_session.state.messages)
    running.forgive()


def test_show_in_panel_opens_the_pane_and_selects_the_take(
    read: Any, stream: Path, until: Until, qtbot: Any
) -> None:
    from answerprint_nuke import window
    from answerprint_nuke.pane import Pane

    nuke.scriptSaveAs(str(stream.parent.parent / "comp.nk"), 1)

    press(read, "show")

    shown = nuke_session.state.shown
    until(lambda: bool(shown.get(window.PANE)))
    pane = shown[window.PANE][0]
    qtbot.addWidget(pane)
    assert isinstance(pane, Pane)
    assert pane.panel is not None
    takes = pane.panel.takes
    until(lambda: (takes.list.take or {}).get("path", "").endswith(said(read, "take")))
