"""A node of Houdini as a plate: what it holds, how it goes over, what is said of it, and why it is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hou as typed
import houdini_session
import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st
from scene import Scene, grid, hython, points, scene, triangle

from answerprint import geometries
from answerprint.geometry import Geometry, Group
from answerprint_houdini import contents, paths
from answerprint_panel import engine, keying
from answerprint_panel.host import HostError

__all__ = ["hython", "scene"]  # fixtures, used by their names
hou: Any = typed  # what the stubs call Optional is there in these scenes


def test_points_alone_go_over_as_arrays(scene: Scene) -> None:
    houdini_session.select(scene.sop(moves=True))
    scene.save()

    found = scene.host.selection()

    assert (found.node, found.kind, found.suffix) == ("/obj/geo1/OUT", "render", ".safetensors")
    assert (found.title, found.kinds) == ("4 points", ("points",))
    assert (found.first, found.last, found.data, found.remarks) == (1, 240, True, ())


def test_what_stands_still_is_one_frame(scene: Scene) -> None:
    found = scene.host.source(scene.sop().path())

    assert (found.first, found.last) == (1, 1)
    assert "does not change over time: one frame is enough" in found.remarks[0]


@pytest.mark.parametrize(
    ("held", "suffix", "kinds", "title"),
    [
        (triangle(), ".bgeo", ("points",), "3 points, 1 face"),
        (grid(kind="dense"), ".safetensors", ("volume",), "volume density 4x3x2"),
        (grid(kind="vdb"), ".vdb", ("volume",), "density 4x3x2 VDB"),
        (
            grid(kind="heightfield", size=(4, 3, 1)),
            ".safetensors",
            ("heightfield",),
            "heightfield height 4x3x1",
        ),
    ],
)
def test_each_kind_goes_over_as_it_can(
    scene: Scene, held: Geometry, suffix: str, kinds: tuple[str, ...], title: str
) -> None:
    found = scene.host.source(scene.sop(lambda _: held).path())

    assert (found.suffix, found.kinds, found.title) == (suffix, kinds, title)


def test_what_has_no_bytes_houdini_writes_itself(scene: Scene) -> None:
    """Groups and arrays have no bulk access: nothing is left out for that."""
    held = points()
    held.groups.append(Group("first", "point", np.arange(4) == 0))

    assert scene.host.source(scene.sop(lambda _: held).path()).suffix == ".bgeo"


def test_several_texts_in_one_attribute_houdini_writes_itself() -> None:
    class Names:
        """As much of a hou.Attrib as is asked for."""

        def isArrayType(self) -> bool:  # noqa: N802 - Houdini's name
            return False

        def dataType(self) -> Any:  # noqa: N802 - Houdini's name
            return hou.attribData.String

        def size(self) -> int:
            return 2

    named: Any = Names()
    assert not contents.is_plain(named)


def test_what_is_selected_in_another_network_is_not_meant(scene: Scene) -> None:
    node = scene.sop()
    houdini_session.select(scene.network, node)

    assert scene.host.selection().node == node.path()
    houdini_session.select(node, scene.network, houdini_session.network("geo2"))
    with pytest.raises(HostError, match="2 nodes are selected: /obj/geo1, /obj/geo2"):
        scene.host.selection()


def test_an_empty_geometry_is_said(scene: Scene) -> None:
    node = scene.sop(lambda _: Geometry())

    with pytest.raises(HostError, match=r"/obj/geo1/OUT is empty: no point, no volume"):
        scene.host.source(node.path())


@pytest.mark.parametrize(
    ("others", "said", "remedy"),
    [
        ({"PackedGeometry": 3}, "3 packed primitives", "Unpack SOP"),
        ({"NURBSCurve": 1}, "1 NURBS curve", "Convert SOP"),
        ({"Sphere": 2, "Metaball": 1}, "2 spheres, 1 metaball", "Convert SOP"),
    ],
)
def test_what_no_task_reads_is_counted_with_a_remedy(
    scene: Scene, others: Any, said: str, remedy: str
) -> None:
    node = scene.sop(lambda _: houdini_session.geometry(points(), **others))

    found = scene.host.source(node.path())

    assert f"holds {said} that no task reads" in found.remarks[0]
    assert remedy in found.remarks[0]
    assert found.suffix == ".bgeo"


def test_volumes_beside_points_are_a_mixture(scene: Scene) -> None:
    def both(_frame: float) -> Geometry:
        made = triangle()
        made.volumes = grid(kind="vdb").volumes
        return made

    found = scene.host.source(scene.sop(both).path())

    assert "holds 1 VDB beside 1 face. A task takes one of them" in found.remarks[0]


def test_more_than_is_handed_over_is_refused_before_its_bytes_are_asked_for(scene: Scene) -> None:
    held = houdini_session.geometry(points(count=1000))

    with pytest.raises(HostError, match=r"OUT takes about 0\.0 GB for one frame, and no more than"):
        contents.of(hou, held, "/obj/geo1/OUT", most=1000)


def test_whatever_houdini_raises_of_a_node_is_said_in_words(scene: Scene) -> None:
    def looks(_frame: float) -> Any:
        raise hou.PermissionError("Geometry is read-only.")

    node = scene.sop()
    node.isTimeDependent = lambda: looks(1.0)

    with pytest.raises(HostError, match="read-only"):
        scene.host.source(node.path())


def test_a_node_that_does_not_cook_says_houdinis_reason(scene: Scene) -> None:
    def fails(_frame: float) -> Geometry:
        raise hou.OperationFailed("Invalid source /obj/geo1/scatter1.")

    with pytest.raises(HostError, match=r"OUT does not cook at frame 1: Invalid source") as wrong:
        scene.host.source(scene.sop(fails).path())

    assert "correct the node" in wrong.value.remedy


def test_manual_update_mode_and_an_unsaved_scene_are_said_and_stay(scene: Scene) -> None:
    node = scene.sop(moves=True)
    houdini_session.state.update_mode = "Manual"

    said = " ".join(scene.host.source(node.path()).remarks)

    assert "The update mode is Manual; it stays so." in said
    assert "The scene has no name yet" in said
    assert hou.updateModeSetting() == hou.updateMode.Manual


def test_no_node_and_several_are_no_plate(scene: Scene) -> None:
    with pytest.raises(HostError, match="No node is selected"):
        scene.host.selection()
    houdini_session.select(scene.sop(), scene.sop(name="b"))
    with pytest.raises(HostError, match="2 nodes are selected: /obj/geo1/OUT, /obj/geo1/b"):
        scene.host.selection()


def test_a_node_that_is_gone_is_said(scene: Scene) -> None:
    node = scene.sop()
    path = node.path()
    node.destroy()

    with pytest.raises(HostError, match="There is no node /obj/geo1/OUT in this scene any more"):
        scene.host.source(path)


def test_an_object_is_what_it_displays(scene: Scene) -> None:
    node = scene.sop()
    node.setDisplayFlag(True)

    assert scene.host.source("/obj/geo1").node == "/obj/geo1/OUT"


def test_an_object_that_displays_nothing_is_no_plate(scene: Scene) -> None:
    with pytest.raises(HostError, match="/obj/geo1 displays no geometry"):
        scene.host.source("/obj/geo1")


# Files on disk


def file(scene: Scene, path: str) -> Any:
    node = scene.network.createNode("file", "read1")
    node.parm("file").set(path)
    return node


def write(folder: Path, name: str, *frames: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for frame in frames:
        geometries.write(folder / name.format(frame), points(frame))


def test_a_file_sop_is_the_files_that_it_reads(scene: Scene) -> None:
    write(scene.folder / "geo", "dust.{:04d}.bgeo", 3, 4, 5)
    scene.save()

    found = scene.host.source(file(scene, "$HIP/geo/dust.$F4.bgeo").path())

    assert (found.kind, found.path) == ("files", f"{scene.folder}/geo/dust.####.bgeo")
    assert (found.first, found.last, found.title, found.suffix) == (3, 5, "dust", ".bgeo")


def test_a_file_sop_whose_files_are_not_there_is_said(scene: Scene) -> None:
    with pytest.raises(HostError, match=r"read1's files are not there: /nowhere/dust\.####\.bgeo"):
        scene.host.source(file(scene, "/nowhere/dust.$F4.bgeo").path())


def rop(scene: Scene, picture: str, span: tuple[int, int] | None = None) -> Any:
    node = hou.node("/out").createNode("ifd", "beauty")
    node.parm("vm_picture").set(picture)
    if span is not None:
        node.parm("trange").set("normal")
        node.parm("f1").set(span[0])
        node.parm("f2").set(span[1])
    return node


def test_a_rop_is_the_pictures_that_it_has_rendered(scene: Scene) -> None:
    for frame in (1, 2, 3):
        (scene.folder / f"beauty.{frame:04d}.exr").touch()

    found = scene.host.source(rop(scene, f"{scene.folder}/beauty.$F4.exr", (1, 10)).path())

    assert (found.kind, found.kinds) == ("files", ("image",))
    assert found.path == f"{scene.folder}/beauty.####.exr"
    assert (found.first, found.last) == (1, 3)
    assert found.remarks[1] == "/out/beauty renders 1 to 10; 1 to 3 are on disk."


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        ("/nowhere/beauty.$F4.exr", "Nothing of /out/beauty is rendered yet"),
        ("/nowhere/beauty.$F4.png", "tasks take OpenEXR pictures"),
        ("ip", "tasks take OpenEXR pictures"),
    ],
)
def test_a_rop_without_pictures_for_tasks_says_what_to_do(
    scene: Scene, picture: str, said: str
) -> None:
    with pytest.raises(HostError, match=said):
        scene.host.source(rop(scene, picture).path())


def test_a_compositing_node_is_the_file_it_reads_or_none(scene: Scene) -> None:
    (scene.folder / "beauty.0001.exr").touch()
    network = hou.node("/obj").createNode("cop2net", "comp")
    node = network.createNode("file", "file1")
    node.parm("filename1").set(f"{scene.folder}/beauty.$F4.exr")

    assert scene.host.source(node.path()).path == f"{scene.folder}/beauty.####.exr"
    other = network.createNode("null", "out")
    with pytest.raises(HostError, match="makes its picture itself"):
        scene.host.source(other.path())


def test_what_is_neither_geometry_nor_picture_is_said(scene: Scene) -> None:
    node = hou.node("/obj").createNode("topnet", "tops")

    with pytest.raises(HostError, match="/obj/tops"):
        scene.host.source(node.path())


@settings(max_examples=60, deadline=None)
@example("0", 5, "_", False)
@given(
    st.from_regex(r"[a-z0-9_.]{0,8}", fullmatch=True),
    st.integers(1, 6),
    st.from_regex(r"[a-z_.][a-z0-9_.]{0,6}", fullmatch=True),
    st.booleans(),
)
def test_whatever_a_parameter_evaluates_to_is_found_by_its_frames(
    before: str, width: int, after: str, folder: bool
) -> None:
    def at(frame: int) -> str:
        number = str(frame).zfill(width)
        return f"/show{number if folder else ''}/{before}{number}{after}.bgeo"

    found = paths.pattern(at)

    assert found is not None
    for frame in (1, 99, 1001, 123456):
        assert paths.numbered(found, frame) == at(frame)


@pytest.mark.parametrize("at", [lambda f: f"/a.{f * 2}.bgeo", lambda f: f"/a.{f / 24:.4f}.bgeo"])
def test_what_counts_by_something_else_is_no_sequence(at: Any) -> None:
    assert paths.pattern(at) is None


@pytest.mark.parametrize("path", ["/a/b.####.bgeo", "/a/b.#.vdb", "C:/a/b.bgeo", "/a##/b_##.exr"])
def test_a_pattern_comes_back_from_houdinis_spelling(path: str) -> None:
    assert paths.from_houdini(paths.to_houdini(path)) == path
    assert paths.is_plain(paths.to_houdini(path))


@pytest.mark.parametrize("how", ["locked", "moved", "bounding box"])
def test_a_file_node_that_shows_something_else_than_its_file_is_cooked(
    scene: Scene, how: str
) -> None:
    write(scene.folder, "dust.bgeo", 1)
    node = file(scene, f"{scene.folder}/dust.bgeo")
    assert scene.host.source(node.path()).kind == "files"

    if how == "locked":
        node.setHardLocked(True)
    elif how == "moved":
        node.setSoftLocked(True)
    else:
        node.parm("loadtype").set("infobbox")

    assert scene.host.source(node.path()).kind == "render"


def test_what_is_missing_is_installed_again_for_houdini() -> None:
    assert engine.install() == "python3 -m install houdini"


# The key


def chain(scene: Scene) -> tuple[Any, Any]:
    above = scene.network.createNode("attribwrangle", "above")
    node = scene.sop()
    node.setInput(0, above)
    return above, node


def test_the_same_network_has_the_same_key(scene: Scene) -> None:
    _, node = chain(scene)

    assert scene.keyed(node).key == scene.keyed(node).key
    assert keying.comes_again(scene.keyed(node).key)


def test_a_parameter_above_changes_the_key_and_the_playhead_does_not(scene: Scene) -> None:
    above, node = chain(scene)
    before = scene.keyed(node).key
    hou.setFrame(12)

    assert scene.keyed(node).key == before
    above.parm("snippet").set("@P.y += 1;")
    assert scene.keyed(node).key != before


def test_a_file_that_is_written_anew_changes_the_key(scene: Scene) -> None:
    write(scene.folder, "dust.bgeo", 1)
    node = scene.network.createNode("null", "OUT")
    node.setInput(0, file(scene, f"{scene.folder}/dust.bgeo"))
    houdini_session.cook(node, points)
    before = scene.keyed(node).key
    geometries.write(scene.folder / "dust.bgeo", points(2, count=9))

    assert scene.keyed(node).key != before


def test_code_above_makes_a_key_that_never_comes_again_and_that_is_said(scene: Scene) -> None:
    node = scene.sop()
    node.setInput(0, scene.network.createNode("python", "python1"))

    found = scene.keyed(node)

    assert not keying.comes_again(found.key)
    assert "What /obj/geo1/python1 makes cannot be told" in found.remarks[-1]


def test_curves_are_parameters_that_change_over_time(scene: Scene) -> None:
    node = scene.network.createNode("xform", "move")
    node.parm("tx").setExpression("$F * 2")
    houdini_session.cook(node, points)
    houdini_session.select(node)

    assert scene.host.curves() == ["/obj/geo1/move/tx"]
    assert scene.host.curve("/obj/geo1/move/tx", 1, 3) == [(1, 2.0), (2, 4.0), (3, 6.0)]
    with pytest.raises(HostError, match="no animated parameter /obj/gone/tx"):
        scene.host.curve("/obj/gone/tx", 1, 3)
