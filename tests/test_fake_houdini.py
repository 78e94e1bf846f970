"""What the stand-in for Houdini promises: nothing goes there that the stubs of 20.5 or 21.0 refuse."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import hdefereval
import hou as typed
import houdini_session
import houdini_stubs
import numpy as np
import pdg
import pytest

from answerprint.geometry import Attribute, Faces, Geometry, Group
from answerprint.volume import Volume

# the stand-in is driven with what its stubs refuse, too: no type checker looks at these calls
hou: Any = typed


@pytest.fixture(autouse=True)
def houdini() -> Iterator[Any]:
    with houdini_session.running() as state:
        yield state


@pytest.fixture
def network() -> Any:
    return houdini_session.network()


def points(frame: float = 1.0, count: int = 3) -> Geometry:
    """Points in a row at height `frame`, with a colour, a number and a name."""
    places = np.zeros((count, 3), np.float32)
    places[:, 0], places[:, 1] = np.arange(count), frame
    names = np.arange(count, dtype=np.int32)[:, None] % 2
    return Geometry(
        count,
        [
            Attribute("P", "point", places, qualifier="point"),
            Attribute("Cd", "point", np.ones((count, 3), np.float16), qualifier="color"),
            Attribute("id", "point", np.arange(count, dtype=np.int64)[:, None]),
            Attribute("name", "point", names, ("a", "b")),
        ],
        groups=[Group("first", "point", np.arange(count) == 0)],
    )


def cooked(network: Any, frame: float = 1.0) -> Any:
    """A SOP that cooks points, and its geometry at a frame."""
    node = network.createNode("null", "OUT")
    houdini_session.cook(node, points)
    return node.geometryAtFrame(frame)


# what there is


@pytest.mark.parametrize("name", ["nodes_of_mine", "ui.openBrowser", "attribType.Points"])
def test_a_name_that_no_stub_has_is_refused_and_remembered(name: str) -> None:
    first, _, second = name.partition(".")

    with pytest.raises(AttributeError):
        getattr(getattr(hou, first), second)
    assert first in houdini_session.forgive()[0]


def test_a_method_that_no_stub_has_is_refused_and_remembered(network: Any) -> None:
    with pytest.raises(AttributeError):
        network.setNote("x")
    assert "setNote" in houdini_session.forgive()[0]


@pytest.mark.parametrize("name", ["ImageLayer", "refreshStartupPathCacheDirectory", "vdbType"])
def test_what_only_one_version_has_is_absent_and_may_be_asked_for(name: str) -> None:
    assert not hasattr(hou, name)
    assert getattr(hou, name, None) is None


def test_a_method_of_one_version_is_absent_where_both_are_meant(network: Any) -> None:
    geometry = cooked(network)

    with pytest.raises(AttributeError, match=r"only in Houdini 21\.0"):
        geometry.pointCount()
    assert geometry.intrinsicValue("pointcount") == 3


@pytest.mark.parametrize(("version", "there"), [("20.5", False), ("21.0", True)])
def test_a_test_may_ask_for_one_version_with_all_it_has(version: str, there: bool) -> None:
    houdini_session.reset(version=version)

    assert hasattr(hou, "refreshStartupPathCacheDirectory") is there
    assert hou.applicationVersionString().startswith(version)
    assert hasattr(houdini_session.network().createNode("null").geometry(), "pointCount") is True
    if there:
        assert houdini_session.network().createNode("null").geometry().pointCount() == 0


def test_a_real_name_that_is_not_built_says_so() -> None:
    with pytest.raises(NotImplementedError, match="createApexRootNode"):
        _ = hou.createApexRootNode
    assert "has none yet" in houdini_session.forgive()[0]


# how it is called


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("setComment", (3,), {}),
        ("setComment", (), {}),
        ("setComment", ("a", "b"), {}),
        ("setComment", (), {"text": "a"}),
        ("createNode", (b"null",), {}),
        ("setInput", ("0", None), {}),
        ("setInput", (0, "null1"), {}),
        ("setGenericFlag", ("DisplayComment", True), {}),
        ("setPosition", (1.0,), {}),
        ("setParmTemplateGroup", ([],), {}),
        ("setUserData", ("job", {"a": 1}), {}),
        ("setGenericFlag", (hou.attribType.Point, True), {}),
    ],
)
def test_arguments_that_the_stubs_refuse_are_refused_and_remembered(
    network: Any, name: str, args: Any, kwargs: Any
) -> None:
    with pytest.raises(TypeError):
        getattr(network, name)(*args, **kwargs)
    assert name in houdini_session.forgive()[0]


def test_arguments_may_be_given_by_the_stubs_own_names(network: Any) -> None:
    node = network.createNode(node_type_name="null", node_name="OUT")
    node.setUserData(name="job", value="{}")

    assert node.userData(name="job") == "{}"


def test_a_templates_arguments_are_checked_as_well() -> None:
    with pytest.raises(TypeError):
        hou.StringParmTemplate("take", "Take")
    with pytest.raises(TypeError):
        hou.IntParmTemplate("a", "A", 1, default_value=("x",))
    with pytest.raises(TypeError):
        hou.ButtonParmTemplate("a", "A", callback="x")
    assert len(houdini_session.forgive()) == 3


def test_a_call_off_the_main_thread_fails_even_where_it_is_swallowed(network: Any) -> None:
    def swallow() -> None:
        for call in (network.path, hou.frame, hou.hipFile.path, hou.ui.eventLoopCallbacks):
            with suppress(AssertionError):
                call()

    worker = threading.Thread(target=swallow, name="writer")
    worker.start()
    worker.join()

    with pytest.raises(AssertionError, match="on the thread writer"):
        houdini_session.check()
    assert len(houdini_session.forgive()) == 4


def test_a_vanished_node_cannot_be_asked_anything(network: Any) -> None:
    node = network.createNode("null")
    parm = network.createNode("file").parm("file")
    node.destroy()
    network.destroy()

    with pytest.raises(hou.ObjectWasDeleted):
        node.path()
    with pytest.raises(hou.ObjectWasDeleted):
        parm.eval()


def test_nobody_sets_the_update_mode_or_starts_a_renderer() -> None:
    with pytest.raises(houdini_session.Misuse):
        hou.setUpdateMode(hou.updateMode.Manual)
    with pytest.raises(houdini_session.Misuse):
        hou.node("/out").createNode("karma").render()
    assert len(houdini_session.forgive()) == 2


# nodes and parameters


def test_names_are_made_unique_and_types_are_checked(network: Any) -> None:
    first, second = network.createNode("file"), network.createNode("file")

    assert (first.path(), second.path()) == ("/obj/geo1/file1", "/obj/geo1/file2")
    assert isinstance(first, hou.SopNode)
    with pytest.raises(hou.OperationFailed, match="Invalid node type"):
        network.createNode("ifd")
    with pytest.raises(hou.OperationFailed):
        network.createNode("null", "bad name")


def test_wires_stay_in_one_network(network: Any) -> None:
    source, sink = network.createNode("box"), network.createNode("null")
    sink.setInput(0, source)

    assert sink.inputs() == (source,)
    assert source.outputs() == (sink,)
    with pytest.raises(hou.InvalidInput):
        sink.setInput(0, houdini_session.network("geo2").createNode("box"))


def test_one_display_flag_in_a_network(network: Any) -> None:
    one, other = network.createNode("box"), network.createNode("null")
    assert network.displayNode() == one

    other.setDisplayFlag(True)

    assert network.displayNode() == other
    assert not one.isDisplayFlagSet()


def test_nothing_in_a_locked_asset_can_be_changed(network: Any) -> None:
    inside = network.createNode("null")
    houdini_session.lock(network)

    for change in (
        lambda: network.createNode("null"),
        lambda: inside.setComment("x"),
        lambda: inside.setParmTemplateGroup(inside.parmTemplateGroup()),
        inside.destroy,
    ):
        with pytest.raises(hou.PermissionError):
            change()
    assert network.isLockedHDA()
    assert inside.isInsideLockedHDA()
    network.allowEditingOfContents()
    inside.setComment("x")


def test_spare_parameters_have_menus_tabs_and_callbacks(network: Any) -> None:
    node = network.createNode("file")
    callback = "kwargs['node'].setUserData('chosen', kwargs['script_value'])"
    take = hou.StringParmTemplate(
        "ap_take",
        "Take",
        1,
        ("v001",),
        menu_items=("v001", "v002"),
        menu_labels=("v001", "v002 Latest"),
        script_callback=callback,
        script_callback_language=hou.scriptLanguage.Python,
    )
    group = node.parmTemplateGroup()
    group.append(hou.FolderParmTemplate("ap", "Answerprint", (take,)))
    node.setParmTemplateGroup(group)
    houdini_session.choose(node.parm("ap_take"), "v002")

    assert [one.name() for one in node.spareParms()] == ["ap_take"]
    assert node.parm("ap_take").menuLabels() == ("v001", "v002 Latest")
    assert node.userData("chosen") == "v002"
    assert node.parmTemplateGroup().findFolder("Answerprint") is not None


def test_a_template_that_is_replaced_keeps_the_value(network: Any) -> None:
    node = network.createNode("file")
    group = node.parmTemplateGroup()
    group.append(hou.IntParmTemplate("seed", "Seed", 1, (7,)))
    node.setParmTemplateGroup(group)
    held = node.parm("seed")
    held.set(9)
    group.replace("seed", hou.IntParmTemplate("seed", "Another seed", 1, (1,)))
    node.setParmTemplateGroup(group)

    assert held.eval() == 9
    held.revertToDefaults()
    assert node.parm("seed").eval() == 1


def test_a_nodes_own_parameters_stay(network: Any) -> None:
    node = network.createNode("file")
    group = node.parmTemplateGroup()
    group.remove("file")

    with pytest.raises(hou.OperationFailed):
        node.setParmTemplateGroup(group)


def test_texts_expand_frames_folders_and_the_nodes_name(network: Any, houdini: Any) -> None:
    houdini.hip, houdini.frame = "/show/shot/fx.hip", 12.0
    houdini.environment["JOB"] = "/show"
    parm = network.createNode("file", "smoke").parm("file")
    parm.set("$HIP/$JOB/$OS.$F4.$HIPNAME.$UNKNOWN.bgeo")

    assert parm.eval() == "/show/shot//show/smoke.0012.fx.$UNKNOWN.bgeo"
    assert parm.evalAtFrame(7.0).endswith("smoke.0007.fx.$UNKNOWN.bgeo")
    assert parm.unexpandedString().startswith("$HIP/$JOB/$OS.$F4")
    assert hou.text.expandString("$F3") == "012"


def test_locked_and_animated_parameters_refuse_a_value(network: Any) -> None:
    node = network.createNode("switch")
    parm = node.parm("input")
    for frame, value in ((1, 0.0), (11, 10.0)):
        key = hou.Keyframe()
        key.setFrame(frame)
        key.setValue(value)
        parm.setKeyframe(key)

    assert parm.evalAsFloatAtFrame(6.0) == 5.0
    assert node.isTimeDependent()
    with pytest.raises(hou.PermissionError):
        parm.set(1)
    node = network.createNode("file")
    node.parm("file").lock(True)
    with pytest.raises(hou.PermissionError):
        node.parm("file").set("a.bgeo")


# geometry


def test_values_come_and_go_as_bytes(network: Any) -> None:
    geometry = cooked(network, 4.0)
    raw = geometry.pointFloatAttribValuesAsString("P")
    halves = geometry.pointFloatAttribValuesAsString("Cd", hou.numericData.Float16)

    assert np.frombuffer(raw, np.float32).reshape(-1, 3)[2].tolist() == [2.0, 4.0, 0.0]
    assert np.frombuffer(halves, np.float16).tolist() == [1.0] * 9
    assert geometry.pointStringAttribValues("name") == ("a", "b", "a")
    own = geometry.freeze()
    own.setPointFloatAttribValuesFromString("P", np.zeros((3, 3), np.float32))
    assert own.pointFloatAttribValuesAsString("P") == bytes(36)
    with pytest.raises(hou.InvalidSize):
        own.setPointFloatAttribValuesFromString("P", bytes(12))
    with pytest.raises(hou.OperationFailed):
        own.pointFloatAttribValuesAsString("id")


def test_attributes_say_what_they_are(network: Any) -> None:
    found = {one.name(): one for one in cooked(network).pointAttribs()}

    assert list(found) == ["P", "Cd", "id", "name"]
    assert found["Cd"].numericDataType() == hou.numericData.Float16
    assert found["id"].dataType() == hou.attribData.Int
    assert found["name"].dataType() == hou.attribData.String
    assert (found["P"].size(), found["P"].type()) == (3, hou.attribType.Point)


def test_a_sops_geometry_cannot_be_written_to_and_follows_the_next_cook(network: Any) -> None:
    geometry = cooked(network, 1.0)
    frozen = geometry.freeze()
    network.node("OUT").geometryAtFrame(9.0)

    def height(of: Any) -> float:
        return float(np.frombuffer(of.pointFloatAttribValuesAsString("P"), np.float32)[1])

    assert (height(geometry), height(frozen)) == (9.0, 1.0)
    with pytest.raises(hou.GeometryPermissionError):
        geometry.addAttrib(hou.attribType.Point, "N", (0.0, 0.0, 0.0))


def test_a_cook_that_fails_says_why(network: Any) -> None:
    def fail(frame: float) -> Geometry:
        if frame == 2:
            raise hou.OperationFailed("Error in wrangle: syntax error")
        return points(frame)

    node = network.createNode("attribwrangle")
    asked = houdini_session.cook(node, fail, moves=True)
    node.geometryAtFrame(1.0)

    with pytest.raises(hou.Error) as caught:
        node.geometryAtFrame(2.0)
    assert caught.value.instanceMessage() == node.errors()[0] == "Error in wrangle: syntax error"
    assert asked == [1.0, 2.0]


def test_slow_ways_to_values_are_counted(network: Any, houdini: Any) -> None:
    geometry = cooked(network)
    geometry.pointFloatAttribValuesAsString("P")
    assert houdini.slow == []

    geometry.pointFloatAttribValues("P")

    assert houdini.slow == ["pointFloatAttribValues"]


def test_primitives_are_counted_by_kind() -> None:
    faces = Faces(
        np.array([0, 1, 2, 0, 1], np.int32), np.array([3, 2], np.int32), np.array([True, False])
    )
    held = points()
    held.faces = faces
    geometry = houdini_session.geometry(held, PackedGeometry=2, NURBSCurve=1)

    assert geometry.countPrimType(hou.primType.Polygon) == 2
    assert geometry.countPrimType(hou.primType.PackedPrim) == 2
    assert geometry.countPrimType("NURBSCurve") == 1
    assert geometry.intrinsicValue("primitivecount") == 5
    assert [one.isClosed() for one in geometry.primsOfType(hou.primType.Polygon)] == [True, False]
    assert not geometry.containsPrimType(hou.primType.VDB)


def test_voxels_run_x_first_and_lie_where_their_transform_says() -> None:
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)  # z, y, x
    placed = np.diag([0.5, 0.5, 0.5, 1.0])
    grid = Volume("density", values, placed, kind="dense")
    geometry = houdini_session.geometry(Geometry(volumes=[grid]))
    volume = geometry.prim(0)

    assert isinstance(volume, hou.Volume)
    assert volume.resolution() == (4, 3, 2)
    assert np.frombuffer(volume.allVoxelsAsString(), np.float32)[1] == values[0, 0, 1]
    assert volume.attribValue("name") == "density"
    assert tuple(volume.indexToPos((1, 2, 0))) == (0.5, 1.0, 0.0)
    assert tuple(volume.vertex(0).point().position()) == (0.75, 0.5, 0.25)
    with pytest.raises(hou.OperationFailed):
        volume.setAllVoxelsFromString(bytes(4))


def test_a_grid_of_active_voxels_has_their_box() -> None:
    active = np.zeros((2, 2, 2), bool)
    active[1, 0, 0] = True
    grid = Volume("density", np.ones((2, 2, 2), np.float32), origin=(-5, 0, 3), active=active)
    vdb = houdini_session.geometry(Geometry(volumes=[grid])).prim(0)

    assert vdb.activeVoxelCount() == 1
    assert tuple(vdb.activeVoxelBoundingBox().minvec()) == (-5.0, 0.0, 4.0)
    assert vdb.dataType() == hou.vdbData.Float


def test_one_makes_points_attributes_and_volumes_of_ones_own() -> None:
    geometry = hou.Geometry()
    geometry.createPoints([(0, 1, 2), (3, 4, 5)])
    geometry.addAttrib(hou.attribType.Point, "v", (0.0, 0.0, 1.0))
    geometry.addAttrib(hou.attribType.Global, "record", "")
    geometry.setGlobalAttribValue("record", "{}")
    volume = geometry.createVolume(2, 2, 2, hou.BoundingBox(0, 0, 0, 1, 1, 1))

    assert geometry.stringAttribValue("record") == "{}"
    assert geometry.intrinsicValue("pointcount") == 3  # a volume is at a point
    assert tuple(volume.voxelSize()) == (0.5, 0.5, 0.5)


# the program around


def test_a_group_is_one_step_to_undo(network: Any) -> None:
    before = len(houdini_session.undo_steps())
    with hou.undos.group("Answerprint: place"):
        network.createNode("file").setComment("Latest")
    with hou.undos.disabler():
        network.setComment("x")

    assert houdini_session.undo_steps()[before:] == ["Answerprint: place"]


def test_the_event_loop_turns_when_a_test_says_so() -> None:
    said: list[str] = []

    def tick() -> None:
        said.append("tick")
        if len(said) == 3:
            hou.ui.removeEventLoopCallback(tick)

    hou.ui.addEventLoopCallback(tick)
    hou.ui.postEventCallback(lambda: said.append("posted"))
    hdefereval.executeDeferred(said.append, "deferred")
    houdini_session.turn(4)

    assert said == ["posted", "deferred", "tick"]


def test_a_worker_may_have_the_main_thread_do_it() -> None:
    found: list[float] = []

    def work() -> None:
        found.append(hdefereval.executeInMainThreadWithResult(hou.frame))

    worker = threading.Thread(target=work)
    worker.start()
    houdini_session.until(lambda: bool(found))
    worker.join()

    assert found == [1.0]


def test_without_an_interface_there_is_no_hou_ui() -> None:
    houdini_session.reset(ui=False)

    assert not hou.isUIAvailable()
    assert not hasattr(hou, "ui")
    assert hou.playbar.frameRange()[1] == 240.0


def test_esc_is_seen_where_progress_is_told_and_nowhere_else(houdini: Any) -> None:
    houdini.interrupt_at = 0.5
    with hou.InterruptableOperation("Render") as operation:
        operation.updateProgress(0.25)
        with pytest.raises(hou.OperationInterrupted):
            operation.updateProgress(0.5)

    assert [fraction for fraction, _ in houdini.progress] == [0.25, 0.5]


def test_a_scene_has_no_name_until_it_is_saved() -> None:
    events: list[str] = []
    hou.hipFile.addEventCallback(lambda event: events.append(event.name()))
    assert hou.hipFile.isNewFile()

    hou.hipFile.save("/show/fx.hip")

    assert hou.hipFile.path() == "/show/fx.hip"
    assert not hou.hipFile.hasUnsavedChanges()
    assert events == ["BeforeSave", "AfterSave"]


def test_what_a_processor_makes_and_cooks_is_kept() -> None:
    holder = pdg.WorkItemHolder()
    for number in range(3):
        holder.addWorkItem(index=number).setStringAttrib("variations", f"w{number:03}")

    def cook(item: pdg.WorkItem) -> None:
        if item.index == 1:
            raise RuntimeError(item.stringAttribValue("variations"))
        item.addResultData("/out/a.bgeo", "file/geo")

    states = [pdg.cook_item(item, cook).name for item in holder.items]

    assert states == ["CookedSuccess", "CookedFail", "CookedSuccess"]
    assert "w001" in holder.items[1].errors[0]
    assert holder.items[2].outputFiles[0].path == "/out/a.bgeo"


def test_the_module_is_the_stand_in_and_no_houdini() -> None:
    assert Path(sys.modules["hou"].__file__ or "").parent == houdini_stubs.TABLE.parent


# files


@pytest.mark.parametrize("ending", [".bgeo", ".geo", ".bgeo.gz", ".bgeo.sc", ".odd"])
def test_a_geometry_is_written_as_its_ending_says_and_read_by_a_file_sop(
    network: Any, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"points.0007{ending}"
    cooked(network, 7.0).saveToFile(str(path))
    node = network.createNode("file")
    node.parm("file").set(f"{tmp_path.as_posix()}/points.$F4{ending.replace('.odd', '.bgeo')}")
    if ending == ".odd":
        path.rename(path.with_suffix(".bgeo"))

    read = node.geometryAtFrame(7.0)

    assert read.pointStringAttribValues("name") == ("a", "b", "a")
    assert [one.name() for one in read.pointGroups()] == ["first"]
    with pytest.raises(hou.OperationFailed, match=r"points\.0008"):
        node.geometryAtFrame(8.0)


def test_grids_are_written_as_a_vdb(tmp_path: Path) -> None:
    active = np.zeros((3, 4, 5), bool)
    active[1:, 1:, 1:] = True
    grid = Volume("density", active.astype(np.float32), origin=(-2, 0, 1), active=active)
    path = tmp_path / "smoke.vdb"
    houdini_session.geometry(Geometry(volumes=[grid])).saveToFile(str(path))
    read = hou.Geometry()
    read.loadFromFile(str(path))
    vdb = read.primsOfType(hou.primType.VDB)[0]

    assert vdb.attribValue("name") == "density"
    assert vdb.activeVoxelCount() == int(active.sum())
    with pytest.raises(hou.OperationFailed, match="no VDB"):
        hou.Geometry().saveToFile(str(tmp_path / "none.vdb"))


def test_a_file_that_cannot_be_read_or_written_is_an_error_of_houdinis(tmp_path: Path) -> None:
    (tmp_path / "broken.bgeo").write_bytes(b"no geometry")

    with pytest.raises(hou.OperationFailed, match="Unable to read"):
        hou.Geometry().loadFromFile(str(tmp_path / "broken.bgeo"))
    with pytest.raises(hou.OperationFailed, match="Unable to write"):
        hou.Geometry().saveToFile(str(tmp_path / "nowhere" / "a.bgeo"))


# what a key is made of


def test_wires_say_what_they_join(network: Any) -> None:
    source, sink = network.createNode("box"), network.createNode("merge")
    sink.setInput(1, source)
    wire = sink.inputConnections()[0]

    assert (wire.inputNode(), wire.outputNode()) == (source, sink)
    assert (wire.inputIndex(), wire.outputIndex()) == (1, 0)
    assert source.outputConnections()[0].outputNode() == sink


def test_a_type_knows_its_nodes(network: Any) -> None:
    node = network.createNode("file")
    network.createNode("null")

    assert hou.sopNodeTypeCategory().nodeTypes()["file"].instances() == (node,)


def test_an_assets_type_has_a_file_and_a_name_in_parts(network: Any) -> None:
    houdini_session.install("Sop", "studio::task::1.0", path="/studio/otls/task.hda")
    node = network.createNode("studio::task")

    assert node.type().nameComponents() == ("", "studio", "task", "1.0")
    assert node.type().definition().libraryFilePath() == "/studio/otls/task.hda"
    assert node.name() == "task1"
