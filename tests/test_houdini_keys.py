"""A SOP's key moves with all that may have changed its geometry; what cannot be told has none that comes again."""

from __future__ import annotations

import os
from typing import Any

import hou as typed
import houdini_session
import houdini_templates as templates
import pytest
from scene import Scene, points, scene

from answerprint_panel import keying

__all__ = ["scene"]  # fixtures, used by their names
hou: Any = typed  # what the stubs call Optional is there in these scenes


def below(scene: Scene, kind: str, name: str = "above") -> tuple[Any, Any]:
    """A node of a type, and the SOP that is sent below it."""
    above = scene.network.createNode(kind, name)
    node = scene.sop()
    node.setInput(0, above)
    return above, node


def told(scene: Scene, node: Any) -> str:
    """The key, which has to come again."""
    key = scene.keyed(node).key
    assert keying.comes_again(key), scene.keyed(node).remarks
    return key


def key_at(parm: Any, frame: float, value: float) -> None:
    made = hou.Keyframe(value)
    made.setFrame(frame)
    parm.setKeyframe(made)


def test_a_node_that_is_referred_to_by_a_path_counts(scene: Scene) -> None:
    other = houdini_session.network("geo2").createNode("attribwrangle", "there")
    merge, node = below(scene, "object_merge")
    merge.parm("objpath1").set("/obj/geo2/there")
    before = told(scene, node)

    other.parm("snippet").set("@P.y += 1;")

    assert told(scene, node) != before


def test_every_node_that_a_path_names_on_some_frame_counts(scene: Scene) -> None:
    houdini_session.state.first, houdini_session.state.last = 1, 3
    others = houdini_session.network("geo2")
    for frame in (1, 2, 3):
        others.createNode("attribwrangle", f"there{frame}")
    merge, node = below(scene, "object_merge")
    merge.parm("objpath1").set("/obj/geo2/there$F")
    houdini_session.cook(node, points, moves=True)
    before = told(scene, node)

    hou.node("/obj/geo2/there3").parm("snippet").set("@P.y += 1;")

    assert told(scene, node) != before


def test_which_node_an_object_displays_counts(scene: Scene) -> None:
    others = houdini_session.network("geo2")
    one, other = others.createNode("box", "one"), others.createNode("sphere", "other")
    other.setDisplayFlag(True)
    merge, node = below(scene, "object_merge")
    merge.parm("objpath1").set("/obj/geo2")
    before = told(scene, node)

    one.setDisplayFlag(True)

    assert told(scene, node) != before


def test_what_lies_inside_a_subnet_counts_and_its_output_too(scene: Scene) -> None:
    subnet, node = below(scene, "subnet")
    inner = subnet.createNode("attribwrangle", "inner")
    subnet.createNode("output", "output0").setInput(0, inner)
    subnet.createNode("box", "shown").setDisplayFlag(True)
    before = told(scene, node)

    inner.parm("snippet").set("@P.y += 1;")

    assert told(scene, node) != before


def test_the_place_of_its_own_object_counts(scene: Scene) -> None:
    """A merge into this object, a transform of this object: what they make depends on it."""
    _, node = below(scene, "object_merge")
    before = told(scene, node)

    scene.network.parm("tx").set(2.0)

    assert told(scene, node) != before


def test_of_an_object_that_it_hangs_on_the_place_counts_and_not_what_is_in_it(
    scene: Scene,
) -> None:
    above = houdini_session.network("rig")
    above.createNode("python", "code").setDisplayFlag(True)
    scene.network.setInput(0, above)
    _, node = below(scene, "object_merge")
    before = told(scene, node)

    above.parm("tx").set(2.0)

    assert told(scene, node) != before


def test_a_keyframe_outside_the_range_counts(scene: Scene) -> None:
    """What a node makes may depend on other frames than its own."""
    above, node = below(scene, "xform")
    for frame in (-50, -40, 1, 240):
        key_at(above.parm("tx"), frame, 0.0)
    houdini_session.cook(node, points, moves=True)
    before = told(scene, node)

    key_at(above.parm("tx"), -45, 3.0)

    assert told(scene, node) != before


def test_a_file_that_a_default_names_counts(scene: Scene) -> None:
    file = scene.folder / "dust.bgeo"
    file.write_bytes(b"one")
    houdini_session.install(
        "Sop",
        "studio::dust::1.0",
        lambda: [templates.StringParmTemplate("from", "From", 1, (str(file),))],
    )
    _, node = below(scene, "studio::dust")
    before = told(scene, node)

    file.write_bytes(b"another")

    assert told(scene, node) != before


@pytest.mark.parametrize("kind", ["timeshift", "trail", "retime", "cache", "python", "dopimport"])
def test_what_depends_on_more_than_it_says_is_never_used_again(scene: Scene, kind: str) -> None:
    houdini_session.install("Sop", kind)
    _, node = below(scene, kind)

    found = scene.keyed(node)

    assert not keying.comes_again(found.key)
    assert "What /obj/geo1/above makes cannot be told" in found.remarks[-1]


def test_an_asset_that_is_cooked_by_python_is_never_used_again(scene: Scene) -> None:
    houdini_session.install("Sop", "studio::scatter::1.0")
    houdini_session.state.sections["studio::scatter::1.0"] = ("PythonCook",)
    _, node = below(scene, "studio::scatter")

    assert not keying.comes_again(scene.keyed(node).key)


def test_points_that_were_moved_by_hand_are_never_used_again(scene: Scene) -> None:
    above, node = below(scene, "xform")
    above.setSoftLocked(True)

    assert not keying.comes_again(scene.keyed(node).key)


@pytest.mark.parametrize(
    "path", ["/show/skin.<UDIM>.exr", "/show/skin.%(UDIM)d.exr", "/show/set.usdc", "/show/a#1.bgeo"]
)
def test_files_that_cannot_be_looked_at_one_by_one_are_never_used_again(
    scene: Scene, path: str
) -> None:
    above, node = below(scene, "file")
    above.parm("file").set(path)

    assert not keying.comes_again(scene.keyed(node).key)


@pytest.mark.parametrize(
    "code",
    [
        'v@Cd = colormap("/show/map.exr", v@uv);',
        'f@d = point("op:/obj/gone/OUT", "density", @ptnum);',
        "#include <studio.h>\n@P = moved(@P);",
        'f@d = chf(concat("../", name, "/amount"));',
    ],
)
def test_code_that_reads_from_elsewhere_is_never_used_again(scene: Scene, code: str) -> None:
    above, node = below(scene, "attribwrangle")
    above.parm("snippet").set(code)

    assert not keying.comes_again(scene.keyed(node).key)


def test_a_channel_that_code_reads_counts(scene: Scene) -> None:
    control = scene.network.createNode("xform", "control")
    above, node = below(scene, "attribwrangle")
    above.parm("snippet").set('@P.y += chf("../control/tx");')
    before = told(scene, node)

    control.parm("tx").set(4.0)

    assert told(scene, node) != before


def test_what_does_not_matter_leaves_the_key_as_it_is(scene: Scene) -> None:
    _, node = below(scene, "attribwrangle")
    other = scene.network.createNode("box", "beside")
    before = told(scene, node)

    other.setDisplayFlag(True)
    node.setComment("mine")
    node.setPosition(hou.Vector2((3, 4)))
    os.utime(scene.folder)

    assert told(scene, node) == before


def test_a_fault_of_our_own_while_looking_keeps_nobody_waiting() -> None:
    def look() -> Any:
        raise AttributeError("no such thing")
        yield

    told: list[Any] = []
    waiting: list[Any] = []
    keying.Keying(
        "OUT",
        lambda: (look(), ()),
        lambda call, _: waiting.append(call),
        lambda *said: told.append(said),
    ).start()
    while waiting:
        waiting.pop()()

    assert "What OUT shows cannot be told: no such thing" in told[0][1].problem
