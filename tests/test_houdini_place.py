"""A take in a scene: one File SOP that reads it, one parameter that a version switch changes."""

from __future__ import annotations

from typing import Any

import hou as typed
import houdini_session
import pytest
from scene import Scene, scene

from answerprint_houdini import place, tab
from answerprint_panel.host import HostError

__all__ = ["scene"]  # a fixture, used by its name
hou: Any = typed  # what the stubs call Optional is there in these scenes


def placed(scene: Scene, number: int = 1, **more: Any) -> Any:
    scene.sop()
    return hou.node(scene.host.place(scene.take(number, **more), "/obj/geo1/OUT"))


def test_a_file_sop_reads_the_take_beside_its_node(scene: Scene) -> None:
    node = placed(scene)

    assert node.path() == "/obj/geo1/answerprint_OUT_point_normals"
    assert node.type().name() == "file"
    folder = f"{scene.folder}/takes/OUT_point_normals/v001"
    assert node.parm("file").rawValue() == f"{folder}/OUT_point_normals_v001.$F4.bgeo"
    assert node.parm("filemode").evalAsString() in ("read", "1")
    assert node.geometryAtFrame(2.0).intrinsicValue("pointcount") == 4


def test_placing_is_one_step_cooks_nothing_and_wires_nothing(scene: Scene) -> None:
    out = scene.sop()
    out.setDisplayFlag(True)
    before, cooked = len(houdini_session.undo_steps()), list(houdini_session.state.cooked)

    node = hou.node(scene.host.place(scene.take(), "/obj/geo1/OUT"))

    assert houdini_session.undo_steps()[before:] == ["Place OUT_point_normals v001"]
    assert houdini_session.state.cooked == cooked
    assert node.inputs() == ()
    assert node.outputs() == ()
    assert out.isDisplayFlagSet()


def test_the_node_says_what_it_is(scene: Scene) -> None:
    node = placed(scene, qc="fail", reason="NaN in N", word="QC fail")

    assert node.comment() == "Point normals v001\nQC fail"
    assert node.isGenericFlagSet(hou.nodeFlag.DisplayComment)
    assert node.parm("answerprint_qc").eval() == "QC fail: NaN in N"
    assert node.parm("answerprint_model").eval() == "point_normals 1"
    assert node.parm("answerprint_parameters").eval() == "radius 0.1"
    assert node.userData("nodeinfo_answerprint_take") == "OUT_point_normals v001"
    assert node.userData("nodeinfo_answerprint_model") == "point_normals 1"


def test_it_is_found_again_by_what_it_keeps(scene: Scene) -> None:
    node = placed(scene)

    found = scene.host.placed()

    assert [one.node for one in found] == [node.path()]
    assert found[0].identity["uuid"] == scene.take()["uuid"]
    assert found[0].path == scene.take()["pattern"]
    assert scene.host.plate(found[0].identity) == "/obj/geo1/OUT"


def test_a_switch_changes_one_parameter_of_houdinis(scene: Scene) -> None:
    node = placed(scene)
    node.parm("missingframe").set("empty")
    before = {one.name(): one.rawValue() for one in node.parms()}
    steps = len(houdini_session.undo_steps())

    scene.host.switch(node.path(), scene.take(2))

    changed = {one.name() for one in node.parms() if before.get(one.name()) != one.rawValue()}
    assert {name for name in changed if not name.startswith("answerprint_")} == {"file"}
    assert houdini_session.undo_steps()[steps:] == [f"{node.path()} to v002"]
    assert scene.host.placed()[0].identity["take"] == "v002"
    assert node.comment().startswith("Point normals v002")


def test_one_frame_is_read_at_every_frame(scene: Scene) -> None:
    node = placed(scene, last=1)

    assert node.parm("file").rawValue().endswith("OUT_point_normals_v001.0001.bgeo")
    assert scene.host.placed()[0].path == scene.take()["pattern"]


def test_marks_are_no_step_and_an_artists_words_stay(scene: Scene) -> None:
    node = placed(scene)
    node.setComment("for lighting\n" + node.comment())
    steps = houdini_session.undo_steps()

    scene.host.mark(node.path(), scene.take(word="Outdated, see v002", standing="outdated"))
    scene.host.note(node.path(), "It reads its take where it lies.")
    scene.host.signed(node.path(), "checked, every frame is as signed.")

    assert node.comment() == "for lighting\nPoint normals v001\nOutdated, see v002"
    assert node.parm("answerprint_note").eval() == "It reads its take where it lies."
    assert node.parm("answerprint_signed").eval() == "checked, every frame is as signed."
    assert houdini_session.undo_steps() == steps


def test_the_menu_lists_takes_and_keeps_its_own(scene: Scene) -> None:
    node = placed(scene)

    old = scene.take(1, word="Outdated, see v002", qc="not judged", approved=True)
    scene.host.offer(node.path(), [scene.take(2, latest=True), old])

    assert node.parm(tab.MENU).menuLabels() == (
        "v002, QC pass, Latest", "v001, Outdated, see v002",
        "Latest, v002", "Latest approved, v001",
    )  # fmt: skip
    assert scene.host.chosen(node.path()) == ("v001", "v001")
    node.parm(tab.MENU).set("Latest approved")
    assert scene.host.chosen(node.path()) == ("Latest approved", "v001")


def test_its_colour_says_the_same_as_its_words_and_an_artists_own_stays(scene: Scene) -> None:
    node = placed(scene)
    plain = node.color()

    scene.host.mark(node.path(), scene.take(qc="fail", standing="failed", word="QC fail"))
    assert node.color().rgb() == tab.COLOURS["failed"]
    retake = {"state": "retake", "by": "ana", "created": "", "note": "more `touch x`"}
    scene.host.mark(node.path(), scene.take(review=retake))
    assert node.color().rgb() == tab.COLOURS["retake"]
    assert node.comment() == "Point normals v001\nLatest, QC pass, Retake asked"
    assert tab.reviewed(node) == "Retake asked by ana: more touch x ."
    scene.host.mark(node.path(), scene.take())
    assert node.color() == plain

    node.setColor(hou.Color((1.0, 0.0, 0.0)))
    scene.host.mark(node.path(), scene.take(qc="fail", standing="failed", word="QC fail"))
    assert node.color().rgb() == (1.0, 0.0, 0.0)


def test_houdini_goes_to_a_frame_with_the_node_selected(scene: Scene) -> None:
    node = placed(scene)

    scene.host.go_to(2, node.path())

    assert scene.host.frame() == 2
    assert scene.host.selected_name() == node.path()


def test_a_copy_is_a_take_as_well_and_another_node_is_not(scene: Scene) -> None:
    node = placed(scene)
    other = scene.network.createNode("file", "mine")
    other.parm("file").set(node.parm("file").rawValue())

    assert len(scene.host.placed()) == 1
    with pytest.raises(HostError, match="is no node that Answerprint placed"):
        scene.host.placed_at(other.path())


def test_a_locked_asset_is_no_place(scene: Scene) -> None:
    node = scene.network.createNode("subnet", "asset")
    inside = node.createNode("null", "inside")
    houdini_session.lock(node)

    with pytest.raises(HostError, match="/obj/geo1/asset is a locked asset"):
        scene.host.place(scene.take(), inside.path())


@pytest.mark.parametrize(
    ("ending", "said"),
    [("exr", "is pictures, and no SOP reads those"), ("usdc", "USD Import SOP")],
)
def test_what_no_file_sop_reads_says_where_it_lies(scene: Scene, ending: str, said: str) -> None:
    pattern = f"/takes/beauty_v001.####.{ending}"
    scene.sop()

    with pytest.raises(HostError) as wrong:
        scene.host.place(scene.take(pattern=pattern), "/obj/geo1/OUT")

    assert said in f"{wrong.value.problem} {wrong.value.remedy}"
    assert "/takes/beauty_v001.$F4" in wrong.value.problem
    assert len(scene.network.children()) == 1


def test_pictures_are_placed_in_a_compositing_network(scene: Scene) -> None:
    network = hou.node("/obj").createNode("cop2net", "comp")
    near = network.createNode("file", "plate")

    node = hou.node(scene.host.place(scene.take(pattern="/t/b_v001.####.exr"), near.path()))

    assert node.parent() == network
    assert node.parm("filename1").rawValue() == "/t/b_v001.$F4.exr"


@pytest.mark.parametrize("bad", ["/t/$HOME/a.####.bgeo", "/t/`rm`/a.####.bgeo", ""])
def test_a_path_that_houdini_would_run_is_refused(scene: Scene, bad: str) -> None:
    with pytest.raises(HostError, match="Houdini"):
        scene.host.place(scene.take(pattern=bad))


def test_words_of_a_take_are_made_harmless(scene: Scene) -> None:
    node = placed(scene, word="`unix rm` $HIP")

    assert "`" not in node.parm("answerprint_word").rawValue()
    assert "$" not in node.parm("answerprint_word").rawValue()


def test_a_take_whose_node_is_gone_gets_an_object_of_its_own(scene: Scene) -> None:
    node = hou.node(scene.host.place(scene.take(node="/obj/gone/OUT")))

    assert node.path() == "/obj/answerprint_OUT_point_normals/answerprint_OUT_point_normals"


def test_comparing_makes_a_switch_that_nobody_shows(scene: Scene) -> None:
    out = scene.sop()
    out.setDisplayFlag(True)

    left = scene.host.compare({"take": scene.take()}, {"node": "/obj/geo1/OUT"})

    switch = next(one for one in scene.network.children() if one.type().name() == "switch")
    assert [one.name() for one in switch.inputs()] == ["OUT", "answerprint_OUT_point_normals"]
    assert left is not None
    assert left.startswith(f"Put the display flag on {switch.path()}")
    assert out.isDisplayFlagSet()


def test_two_nodes_never_lie_upon_each_other(scene: Scene) -> None:
    first, second = placed(scene), hou.node(scene.host.place(scene.take(2), "/obj/geo1/OUT"))

    assert tuple(first.position()) != tuple(second.position())


def test_a_node_is_shown(scene: Scene) -> None:
    houdini_session.panes("NetworkEditor")
    node = placed(scene)

    scene.host.show(node.path())

    assert hou.selectedNodes() == (node,)


def test_a_take_that_an_asset_reads_is_placed_as_well(scene: Scene) -> None:
    """It hears what becomes of its take, as a File node does."""
    houdini_session.install(
        "Sop",
        "answerprint::task::1.0",
        lambda: [hou.StringParmTemplate("file", "File", 1)],
        inputs=1,
    )
    node = scene.network.createNode("answerprint::task", "task1")
    place.refill(node, scene.take())
    tab.build(hou, node, scene.take())

    assert [one.node for one in scene.host.placed()] == ["/obj/geo1/task1"]
    assert scene.host.placed()[0].path == scene.take()["pattern"]


def test_a_scene_that_is_opened_is_told_once(scene: Scene) -> None:
    told: list[str] = []

    def opened() -> None:
        told.append("opened")

    for _ in range(2):
        scene.host.when_opened(opened)
    for event in (hou.hipFileEventType.BeforeLoad, hou.hipFileEventType.AfterLoad):
        for callback in list(houdini_session.state.scene_callbacks):
            callback(event)

    assert told == ["opened"]
