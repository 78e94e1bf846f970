"""The fake nuke is no kinder than the real one: only real names, one thread, real files, real undo."""

from __future__ import annotations

import contextlib
import inspect
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nuke
import nuke_session
import nuke_table as table
import numpy as np
import pytest
from nukescripts import panels

from answerprint import exr

PLATES = Path(__file__).parents[1] / "install" / "plates" / "denoise"
PLATE = f"{PLATES.as_posix()}/noisy.####.exr"


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    with nuke_session.running():
        yield


def a_read(frames: str = "1001-1008", path: str = PLATE) -> Any:
    read = nuke.nodes.Read()
    read["file"].fromUserText(f"{path} {frames}")
    return read


def a_write(above: Any, folder: Path, **knobs: Any) -> Any:
    write = nuke.nodes.Write(
        inputs=[above], file_type="exr", file=f"{folder.as_posix()}/o.####.exr"
    )
    for name, value in {"channels": "all", "create_directories": True, **knobs}.items():
        write[name].setValue(value)
    return write


# Only what is real


def public(module: Any) -> dict[str, Any]:
    names = [name for name in vars(module) if not name.startswith("_") and name != "annotations"]
    return {f"{module.__name__}.{name}": getattr(module, name) for name in names}


def test_every_name_is_in_the_table_or_says_where_it_was_seen() -> None:
    unknown = [
        name
        for name in public(nuke) | public(panels)
        if name not in table.API["functions"]
        and name not in table.API["classes"]
        and name not in table.API["constants"]
        and name not in table.ALSO_REAL
    ]

    assert unknown == []


def test_every_method_and_every_base_is_in_the_table() -> None:
    for name, kind in public(nuke).items():
        if inspect.isclass(kind):
            own = table.API["classes"][name]["bases"]
            bases = [each.__name__.replace("Guarded", "object") for each in kind.__bases__]
            assert bases == own, name
            for method in (each for each in dir(kind) if not each.startswith("_")):
                assert said_of(kind, method) is not None, f"{name}.{method}"


def said_of(kind: type, method: str) -> str | None:
    return table.method([each.__name__ for each in kind.__mro__], method)


def arguments(signature: inspect.Signature) -> list[tuple[str, bool]]:
    given = signature.parameters.values()
    return [(each.name, each.default is not each.empty) for each in given if each.name != "self"]


def test_every_signature_is_the_tables() -> None:
    different = []
    for name, call in calls():
        said = table.function(name) or said_of(*method_of(name))
        wanted = table.signature(said) if said else None
        if wanted is None or excused(name):
            continue
        if arguments(inspect.signature(call)) != arguments(wanted):
            different.append(f"{name}{inspect.signature(call)} is {said}")

    assert different == []


def calls() -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, value in (public(nuke) | public(panels)).items():
        if inspect.isclass(value):
            for method in (each for each in dir(value) if not each.startswith("_")):
                yield f"{name}.{method}", getattr(value, method)
        elif inspect.isfunction(value):
            yield name, value


def method_of(name: str) -> tuple[type, str]:
    module, kind, method = name.rsplit(".", 2)
    return getattr({"nuke": nuke, "nukescripts.panels": panels}[module], kind), method


def excused(name: str) -> bool:
    """A deviation is of the class that it names and of those that inherit the method from it."""
    kind, method = (
        method_of(name) if name.count(".") == 2 and name.startswith("nuke.") else (None, "")
    )
    return kind is not None and any(
        f"{each.__name__}.{method}" in table.DEVIATIONS for each in kind.__mro__
    )


def test_constants_are_the_tables() -> None:
    fixed = {name: value for name, value in public(nuke).items() if type(value) is int}

    assert fixed
    for name, value in fixed.items():
        if "VERSION" not in name:
            assert value == table.API["constants"][name], name


def test_what_is_not_real_is_not_there() -> None:
    read = nuke.nodes.Read()

    with pytest.raises(AttributeError, match="rawArgs"):
        nuke.rawArgs  # type: ignore[attr-defined]  # noqa: B018 - the name is the point
    with pytest.raises(AttributeError, match="setMetaData"):
        read.setMetaData("a", "b")
    with pytest.raises(NotImplementedError, match="deepSample"):
        read.deepSample("red", 0, 0, 0)
    with pytest.raises(RuntimeError, match="Unknown command"):
        nuke.nodes.Denoiser()
    with pytest.raises(NameError, match="reload"):
        read["reload"]
    assert read.knob("reload") is None
    with pytest.raises(TypeError):
        nuke.allNodes(recurseGroups=True)  # type: ignore[call-arg]
    nuke_session.forgive("rawArgs")
    nuke_session.forgive("setMetaData")
    nuke_session.forgive("deepSample")


def test_a_swallowed_error_is_found_at_the_end() -> None:
    with contextlib.suppress(AttributeError):
        nuke.rawArgs  # type: ignore[attr-defined]  # noqa: B018 - the name is the point

    with pytest.raises(nuke_session.Misuse, match="rawArgs"):
        nuke_session.check()
    nuke_session.forgive("rawArgs")


# Threads


def on_a_thread(call: Callable[[], Any]) -> Any:
    """Run a call on a thread while the main one serves; its result, or its exception."""
    got: list[Any] = []

    def work() -> None:
        try:
            got.append(call())
        except BaseException as error:  # noqa: BLE001 - handed over as it is
            got.append(error)

    thread = threading.Thread(target=work, name="worker")
    thread.start()
    while thread.is_alive():
        nuke_session.serve()
        thread.join(0.001)
    return got[0]


def test_a_call_from_another_thread_is_caught() -> None:
    read = nuke.nodes.Read()

    for call in (nuke.root, read.name, lambda: read["file"], nuke.nodes.Dot):
        assert isinstance(on_a_thread(call), nuke_session.Misuse)
        nuke_session.forgive("worker")


def test_a_thread_may_ask_the_main_one(capsys: pytest.CaptureFixture[str]) -> None:
    ask = nuke.executeInMainThreadWithResult

    assert on_a_thread(lambda: ask(lambda: nuke.nodes.Dot().name())) == "Dot1"
    assert on_a_thread(lambda: ask(lambda names: names, ["a", "b"])) == ["a", "b"]
    assert on_a_thread(lambda: ask(lambda: 1 / 0)) is None
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_nukes_event_loop_serves_threads(qtbot: Any) -> None:
    from answerprint_panel.qt import QtCore

    got: list[str] = []
    ask = nuke.executeInMainThreadWithResult
    thread = threading.Thread(target=lambda: got.append(ask(lambda: nuke.nodes.Dot().name())))
    timer = nuke_session.serve_by(QtCore)
    thread.start()
    qtbot.waitUntil(lambda: got == ["Dot1"], timeout=10_000)
    timer.stop()
    thread.join()


def test_waiting_for_oneself_is_caught_instead_of_hanging() -> None:
    with pytest.raises(nuke_session.Misuse, match="for ever"):
        nuke.executeInMainThreadWithResult(nuke.root)
    nuke_session.forgive("for ever")

    nuke_session.reset(gui=False)
    refused = on_a_thread(lambda: nuke.executeInMainThreadWithResult(nuke.root))
    assert "no loop" in str(refused)
    nuke_session.forgive("no loop")


# Nodes and knobs


def test_values_are_as_stringly_as_in_nuke() -> None:
    read = a_read()

    assert [read[name].value() for name in ("first", "last", "origlast")] == [1001, 1008, 1008]
    assert read["on_error"].value() == "error"
    assert read["raw"].value() is False
    assert (read["file_type"].value(), read["file_type"].Class()) == ("exr", "Enumeration_Knob")
    for name, wrong in (("file", 1), ("first", "1"), ("first", 1.5), ("raw", "yes")):
        with pytest.raises(TypeError):
            read[name].setValue(wrong)
    read["file"].setValue("/other.####.exr 1-5")
    assert (read["file"].value(), read["first"].value()) == ("/other.####.exr 1-5", 1001)


def test_a_choice_that_is_not_offered_changes_nothing_and_is_kept_for_the_test() -> None:
    nuke_session.reset(ocio=True)
    space = nuke.nodes.Read()["colorspace"]

    space.setValue("ACES - ACEScg")
    assert space.value() == "scene_linear"
    assert "ACES - ACEScg" in nuke_session.state.ignored[0]
    space.setValue("ACEScg")
    assert space.value() == "ACEScg"
    assert nuke.getColorspaceList(space)[0] == "scene_linear\tscene_linear (ACEScg)"

    nuke_session.state.strict_enums = True
    with pytest.raises(TypeError):
        space.setValue("nonsense")


def test_exr_knobs_exist_only_once_the_file_type_is_exr() -> None:
    write = nuke.nodes.Write()

    assert write.knob("datatype") is None
    write["file_type"].setValue("exr")
    assert write["compression"].value() == "Zip (1 scanline)"
    assert "DWAB" in write["compression"].values()
    write["file_type"].setValue("png")
    assert write.knob("metadata") is None


def test_names_give_way_and_groups_are_places() -> None:
    outer = nuke.nodes.Group()
    with outer:
        inner = nuke.nodes.Read(name="Read1")
        assert nuke.thisGroup() is outer
    other = nuke.nodes.Read(name="Read1")
    third = nuke.nodes.Dot()
    third["name"].setValue("Read1")

    assert (inner.fullName(), other.fullName(), third.name()) == ("Group1.Read1", "Read1", "Read2")
    assert nuke.toNode("Group1.Read1") is inner
    assert nuke.toNode("root.Group1.Read1") is inner
    assert nuke.toNode("Read9") is None
    with outer:
        assert nuke.toNode("Read2") is None


def test_selection_is_as_awkward_as_there() -> None:
    with pytest.raises(ValueError, match="no node selected"):
        nuke.selectedNode()

    read = nuke.createNode("Read", inpanel=False)
    grade = nuke.createNode("Grade")
    assert (grade.input(0), nuke.selectedNodes()) == (read, [grade])
    assert nuke_session.state.opened == ["Grade1"]
    assert nuke.nodes.Blur().input(0) is None


def test_a_deleted_node_is_no_node() -> None:
    read = nuke.nodes.Read()
    knob = read["file"]
    nuke.delete(read)

    for call in (read.name, lambda: read["file"], knob.value, lambda: nuke.delete(read)):
        with pytest.raises(ValueError, match="not attached"):
            call()


def test_knobs_are_animated() -> None:
    gain = nuke.nodes.Grade()["multiply"]
    gain.setValueAt(1.0, 1001)
    gain.setValueAt(3.0, 1003)

    assert gain.isAnimated()
    assert gain.valueAt(1002, 0) == 2.0
    assert [key.x for key in gain.animation(0).keys()] == [1001, 1003]  # noqa: SIM118 - no dict
    gain.setExpression("frame / 2 + Blur1.mix", 3)
    nuke.nodes.Blur()["mix"].setValue(0.5)
    assert gain.valueAt(10, 3) == 5.5


def test_tcl_in_a_path_is_evaluated_or_fails() -> None:
    read = nuke.nodes.Read()
    read["file"].setValue("[file dirname [value root.name]]/a.%04d.exr")
    nuke.root()["name"].setValue("/show/sh010.nk")

    assert read["file"].getEvaluatedValue() == "/show/a.%04d.exr"
    read["file"].setValue("C:\\show\\a.exr")
    assert read["file"].evaluate() == "C:showa.exr"
    for broken in ("/a[b.exr", "/a[nothing].exr", "/$HOME/a.exr"):
        read["file"].setValue(broken)
        with pytest.raises(RuntimeError):
            read["file"].evaluate()
        assert read.error()


# Images


def test_a_read_shows_what_is_in_its_file() -> None:
    read = a_read()
    nuke.frame(1003)

    assert (read.width(), read.height()) == (480, 270)
    assert read.channels()[:4] == ["rgba.red", "rgba.green", "rgba.blue", "albedo.red"]
    assert (read.bbox().w(), read.bbox().x()) == (480, 0)
    assert read.metadata("exr/renderSeed") is not None
    assert read.metadata()["input/filename"].endswith("noisy.1003.exr")
    assert read.metadata("nothing") is None
    assert (read.firstFrame(), read.lastFrame()) == (1001, 1008)


def test_a_missing_frame_is_an_error_black_or_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "p.1001.exr").write_bytes((PLATES / "noisy.1001.exr").read_bytes())
    read = a_read("1001-1004", f"{tmp_path.as_posix()}/p.####.exr")
    nuke.frame(1004)

    assert read.error()
    assert read.hasError()
    read["on_error"].setValue("black")
    assert not read.error()
    assert read.sample("red", 10, 10) == 0
    read["on_error"].setValue("nearest frame")
    assert read.sample("red", 10, 10) != 0


def test_time_goes_through_frame_mode_and_beyond_the_ends() -> None:
    read = a_read("1001-1008")
    read["frame_mode"].setValue("start at")
    read["frame"].setValue("1")
    assert (read.firstFrame(), read.lastFrame()) == (1, 8)

    def shown(frame: int) -> str:
        return str(read.metadata("input/filename", frame))[-8:-4]

    assert (shown(1), shown(20)) == ("1001", "1008")
    read["after"].setValue("loop")
    assert shown(9) == "1001"
    read["after"].setValue("bounce")
    assert shown(9) == "1008"


def test_hashes_change_with_what_is_above() -> None:
    read = a_read()
    grade = nuke.nodes.Grade(inputs=[read])
    seen = [grade.opHashes()]

    for knob, value in ((grade["multiply"], 2.0), (read["first"], 1002), (read["raw"], True)):
        knob.setValue(value)
        seen.append(grade.opHashes())
    assert len({str(each) for each in seen}) == 4
    grade.setXYpos(5, 5)
    assert grade.opHashes() == seen[-1]


# Rendering


def test_execute_writes_what_the_node_shows(tmp_path: Path) -> None:
    read = a_read()
    grade = nuke.nodes.Grade(inputs=[read], multiply=2.0)
    write = a_write(grade, tmp_path / "new", datatype="32 bit float")

    nuke.execute(write, 1002, 1003, 1)

    before = exr.read(PLATES / "noisy.1002.exr").parts[0]
    after = exr.read(tmp_path / "new/o.1002.exr").parts[0]
    np.testing.assert_array_equal(after.channels["R"], 2 * before.channels["R"].astype(np.float32))
    assert "albedo.red" in after.channels
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "o.1002.exr",
        "o.1003.exr",
    ]


def test_groups_render_through_their_inputs_and_outputs(tmp_path: Path) -> None:
    group = nuke.nodes.Group()
    with group:
        inside = nuke.nodes.Grade(inputs=[nuke.nodes.Input()], multiply=3.0)
        nuke.nodes.Output(inputs=[inside])
        write = a_write(inside, tmp_path)
    group.setInput(0, a_read())

    nuke.execute(write, 1001, 1001)

    shown = nuke.toNode("Read1").sample("red", 20, 20, 1, 1)
    nuke.frame(1001)
    assert group.sample("red", 20, 20) == pytest.approx(3 * shown, rel=1e-2)
    assert group.channels() == nuke.toNode("Read1").channels()
    assert (tmp_path / "o.1001.exr").is_file()


def test_metadata_goes_by_the_five_modes(tmp_path: Path) -> None:
    read = a_read()

    def kept(mode: str) -> dict[str, Any]:
        write = a_write(read, tmp_path / "meta", metadata=mode)
        nuke.execute(write, 1001, 1001)
        nuke.delete(write)
        return exr.read(tmp_path / "meta/o.1001.exr").parts[0].header

    assert "renderSeed" not in kept("default metadata")
    assert "renderSeed" not in kept("no metadata")
    again = kept("default metadata and exr/*")
    assert again["renderSeed"] == exr.read(PLATES / "noisy.1001.exr").attribute("renderSeed")
    assert "nuke/exr/renderSeed" not in again
    assert "nuke/input/filename" in kept("all metadata")
    assert "nuke/input/filename" not in kept("all metadata except input/*")


def test_the_bounding_box_is_kept(tmp_path: Path) -> None:
    frame = exr.read(PLATES / "noisy.1001.exr")
    for part in frame.parts:
        exr.set_window(part, exr.Window(-20, -10, 459, 259), exr.Window(0, 0, 439, 239))
    exr.write(tmp_path / "over.1001.exr", frame)
    read = a_read("1001", f"{tmp_path.as_posix()}/over.####.exr")
    nuke.frame(1001)

    assert (read.width(), read.bbox().x(), read.bbox().y()) == (440, -20, -20)
    nuke.execute(a_write(read, tmp_path), 1001, 1001)
    again = exr.read(tmp_path / "o.1001.exr").parts[0]
    assert again.data_window == exr.Window(-20, -10, 459, 259)
    assert again.display_window == exr.Window(0, 0, 439, 239)


def test_without_views_all_views_are_written(tmp_path: Path) -> None:
    nuke.addView("right")
    write = a_write(a_read(), tmp_path)

    nuke.execute(write, 1001, 1001)
    both = exr.read(tmp_path / "o.1001.exr")
    assert both.views() == ("main", "right")
    assert both.layers("right").keys() == both.layers("main").keys()

    write["file"].setValue(f"{tmp_path.as_posix()}/%V/o.####.exr")
    nuke.execute(write, 1001, 1001, views=["right"])
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["right"]


def test_proxy_mode_writes_the_proxy_file(tmp_path: Path) -> None:
    write = a_write(a_read(), tmp_path)
    nuke.root()["proxy"].setValue(True)

    with pytest.raises(RuntimeError, match="no proxy file name"):
        nuke.execute(write, 1001, 1001)
    write["proxy"].setValue(f"{tmp_path.as_posix()}/small.####.exr")
    nuke.execute(write, 1001, 1001)
    assert exr.read(tmp_path / "small.1001.exr").parts[0].data_window.width == 240


def test_execute_fails_as_nukes_does(tmp_path: Path) -> None:
    read = a_read()
    write = a_write(read, tmp_path)

    with pytest.raises(RuntimeError, match="No such file"):
        nuke.execute(a_write(a_read("1-5", "/nowhere/a.####.exr"), tmp_path), 1, 1)
    with pytest.raises(RuntimeError, match="not executable"):
        nuke.execute(read, 1001, 1001)
    nuke.cancel()
    with pytest.raises(RuntimeError, match="cancelled"):
        nuke.execute(write, 1001, 1001)
    nuke.addAfterFrameRender(lambda: nuke.execute(write, 1001, 1001))
    with pytest.raises(RuntimeError, match="already executing"):
        nuke.execute(write, 1001, 1001)
    assert not nuke.executing()
    write["create_directories"].setValue(False)
    write["file"].setValue(f"{tmp_path.as_posix()}/none/o.####.exr")
    with pytest.raises(RuntimeError, match="No such file"):
        nuke.execute(write, 1001, 1001)


# Undo


def test_one_block_is_one_step_and_really_taken_back() -> None:
    plate = a_read()
    before = len(nuke_session.undo_steps())

    with nuke.Undo("Place"):
        read = nuke.nodes.Read(name="take")
        read.addKnob(nuke.Tab_Knob("Answerprint"))
        read.addKnob(nuke.String_Knob("uuid"))
        with nuke.Undo("inner"):
            plate["label"].setValue("seen")
    name, changes = nuke_session.undo_steps()[-1]

    assert (len(nuke_session.undo_steps()), name) == (before + 1, "Place")
    assert {"create take", "add take.uuid", "Read1.label"} <= set(changes)
    nuke.undo()
    assert nuke.toNode("take") is None
    assert plate["label"].value() == ""
    with pytest.raises(ValueError, match="not attached"):
        read.name()
    nuke.redo()
    assert nuke.toNode("take")["uuid"].value() == ""


def test_what_happens_while_undo_is_disabled_leaves_no_step() -> None:
    nuke.Undo.disable()
    nuke.delete(nuke.nodes.Write())
    nuke.Undo.enable()
    hidden = nuke.String_Knob("seen")
    hidden.setFlag(nuke.NO_UNDO)
    node = nuke.nodes.NoOp()
    node.addKnob(hidden)
    steps = len(nuke_session.undo_steps())
    hidden.setValue("x")

    assert len(nuke_session.undo_steps()) == steps
    assert nuke_session.undo_steps()[0] == ("create NoOp1", ["create NoOp1"])


def test_what_was_begun_has_to_be_ended() -> None:
    nuke.Undo.disable()
    with pytest.raises(nuke_session.Misuse, match="undo was left disabled"):
        nuke_session.check()
    nuke.Undo.enable()
    nuke_session.forgive("left disabled")
    nuke.nodes.Group().begin()
    with pytest.raises(nuke_session.Misuse, match="left entered"):
        nuke_session.check()
    nuke.endGroup()
    nuke_session.forgive("left entered")


# Scripts


NASTY = '{"a": "[value x] $b",\n"c": "\\\\"} ümlaut # "'


def furnish(read: Any) -> None:
    read.addKnob(nuke.Tab_Knob("Answerprint"))
    identity = nuke.String_Knob("identity", "Identity of it")
    identity.setFlag(nuke.INVISIBLE)
    read.addKnob(identity)
    identity.setValue(NASTY)
    read.addKnob(nuke.Enumeration_Knob("take", "Take", ["v001", "v 2", "{3}"]))
    read["take"].setValue("v 2")
    read.addKnob(
        nuke.PyScript_Knob("older", "Older", "try:\n    import none\nexcept ImportError:\n    pass")
    )
    read.addKnob(nuke.Text_Knob("word", "QC", "not judged"))


def test_a_script_is_the_same_after_saving_and_loading(tmp_path: Path) -> None:
    read = a_read()
    furnish(read)
    grade = nuke.nodes.Grade(inputs=[read])
    grade["multiply"].setValueAt(2.0, 1001)
    merge = nuke.nodes.Merge2(inputs=[grade, read], operation="plus")
    with nuke.nodes.Group(inputs=[merge]) as group:
        inner = nuke.nodes.Blur(inputs=[nuke.nodes.Input()], size=3.5)
        nuke.nodes.Output(inputs=[inner])
    nuke.nodes.Dot(inputs=[group], label="after [value x]")
    path = tmp_path / "shot.nk"
    nuke.scriptSaveAs(path.as_posix())
    saved = path.read_text("utf-8")

    nuke_session.open_script(path.as_posix())
    nuke.scriptSave()

    assert path.read_text("utf-8") == saved
    assert "addUserKnob {20 Answerprint}" in saved
    again = nuke.toNode("Read1")
    assert again["identity"].value() == NASTY
    assert not again["identity"].visible()
    assert (again["take"].value(), again["take"].values()) == ("v 2", ["v001", "v 2", "{3}"])
    assert nuke.toNode("Merge1").input(1) is again
    assert nuke.toNode("Dot1").input(0) is nuke.toNode("Group1")
    assert nuke.toNode("Group1.Blur1")["size"].value() == 3.5
    assert nuke.toNode("Grade1")["multiply"].isAnimated()


def test_copies_carry_their_knobs_and_find_another_name() -> None:
    read = a_read()
    furnish(read)
    read.selectOnly()

    nuke.nodeCopy("%clipboard%")
    pasted = nuke.nodePaste("%clipboard%")

    assert (pasted.name(), pasted["identity"].value()) == ("Read2", NASTY)
    assert nuke.selectedNodes() == [pasted]
    assert nuke_session.undo_steps()[-1][0] == "paste"


def test_a_copy_hangs_below_what_is_selected() -> None:
    below = nuke.nodes.Grade(inputs=[a_read()])
    below.selectOnly()
    nuke.nodeCopy("%clipboard%")
    blur = nuke.nodes.Blur()
    blur.selectOnly()

    assert nuke.nodePaste("%clipboard%").input(0) is blur


def test_an_unsaved_script_is_called_root() -> None:
    assert nuke.root().name() == "Root"
    with pytest.raises(RuntimeError):
        nuke.scriptName()
    with pytest.raises(nuke_session.Misuse, match="dialog"):
        nuke.scriptSave()
    nuke_session.forgive("dialog")
    assert not nuke.modified()
    nuke.nodes.Dot()
    assert nuke.root().modified()


def test_callbacks_are_told_which_node(tmp_path: Path) -> None:
    told: list[str] = []
    nuke.addOnCreate(lambda: told.append(f"made {nuke.thisNode().name()}"), nodeClass="Read")
    nuke.addKnobChanged(lambda: told.append(nuke.thisKnob().name()), nodeClass="Read")
    nuke.addOnScriptSave(lambda: told.append("save"))
    nuke.addOnScriptLoad(lambda: told.append("load"))
    nuke.addOnScriptClose(lambda: told.append("close"))
    nuke.addFilenameFilter(lambda name: name.replace("P:/", "/mnt/p/"))

    read = nuke.nodes.Read()
    read["file"].setValue("P:/a.exr")
    assert told == ["made Read1", "file"]
    assert nuke.filename(read, nuke.REPLACE) == "/mnt/p/a.exr"
    nuke.scriptSaveAs((tmp_path / "a.nk").as_posix())
    nuke_session.open_script((tmp_path / "a.nk").as_posix())
    assert [each for each in told if each in ("save", "load", "close")] == ["save", "close", "load"]
    with pytest.raises(nuke_session.Misuse):
        nuke.thisNode()
    nuke_session.forgive("thisNode")


def test_buttons_run_with_their_node() -> None:
    node = nuke.nodes.NoOp()
    node.addKnob(
        nuke.PyScript_Knob("go", "Go", "nuke.thisNode()['label'].setValue(nuke.thisKnob().name())")
    )

    nuke_session.press(node["go"])

    assert node["label"].value() == "go"


# The user interface


def test_a_pane_is_made_of_a_string_that_needs_nothing_imported() -> None:
    panels.registerWidgetAsPanel(
        "__import__('collections', fromlist=['deque']).deque", "Ours", "our.id"
    )
    panels.registerWidgetAsPanel("deque", "Not evaluable", "bad.id")

    nuke.menu("Pane").findItem("Ours").invoke()

    assert len(nuke_session.state.shown["our.id"]) == 1
    with pytest.raises(NameError):
        nuke_session.open_panel("bad.id")
    with pytest.raises(TypeError):
        panels.registerWidgetAsPanel(dict, "Class", "class.id")  # type: ignore[arg-type]


def test_menus_and_dialogs_belong_to_the_gui() -> None:
    ours = nuke.menu("Nuke").addMenu("Answerprint")
    ours.addCommand("Say/Hello", "nuke.message('hello')")
    nuke.menu("Nuke").findItem("Answerprint/Say/Hello").invoke()
    assert nuke_session.state.messages == ["hello"]
    with pytest.raises(nuke_session.Misuse, match="waits for an artist"):
        nuke.ask("Sure?")
    nuke_session.state.answers.append(True)
    assert nuke.ask("Sure?")
    nuke_session.forgive("waits for an artist")

    nuke_session.reset(gui=False, version=(13, 0, 1), nc=True)
    assert (nuke.GUI, nuke.NUKE_VERSION_STRING, nuke.env["nc"]) == (False, "13.0v1", True)
    with pytest.raises(nuke_session.Misuse, match="terminal"):
        nuke.menu("Nuke")
    nuke_session.forgive("terminal")
    with pytest.raises(KeyError):
        nuke.env["version"]


def test_the_viewer_has_only_knobs_that_were_seen() -> None:
    one, two = a_read(), a_read()
    nuke.connectViewer(0, one)
    viewer = nuke.activeViewer()
    assert viewer is not None
    viewer.node().setInput(1, two)
    viewer.activateInput(1, secondary=True)

    assert (viewer.activeInput(), viewer.activeInput(secondary=True)) == (0, 1)
    assert set(viewer.node().knobs()) == set(table.knob_names("Viewer"))
