"""Geometry on its way out of Houdini: exact, in blocks of bytes, one state on all frames, and interrupted well."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import hou as typed
import houdini_session
import numpy as np
import pytest
from scene import Scene, grid, hython, points, scene, triangle

import answerprint_houdini
from answerprint import geometry
from answerprint.geometry import Attribute, Geometry, Group
from answerprint_houdini import arrays
from answerprint_houdini.work import Writing
from answerprint_panel.host import HostError

__all__ = ["hython", "scene"]  # fixtures, used by their names
hou: Any = typed  # what the stubs call Optional is there in these scenes

ADAPTER = Path(str(answerprint_houdini.__file__)).parent


def test_points_come_out_exactly_as_they_were(scene: Scene) -> None:
    end, *said = scene.write(scene.sop(moves=True), [1, 2, 3])

    assert end is None
    assert set(houdini_session.state.slow) <= {"pointStringAttribValues"}
    assert said == [(1, 3), (2, 3), (3, 3)]
    for frame in (1, 2, 3):
        assert geometry.digest(scene.written(frame)) == geometry.digest(points(frame))


@pytest.mark.parametrize(("kind", "size"), [("dense", (4, 3, 2)), ("heightfield", (4, 3, 1))])
def test_volumes_come_out_with_their_place_and_their_points(
    scene: Scene, kind: str, size: tuple[int, int, int]
) -> None:
    node = scene.sop(lambda frame: grid(frame, kind, size), moves=True)

    end, *_ = scene.write(node, [2])

    made, meant = scene.written(2).volumes[0], grid(2, kind, size).volumes[0]
    assert end is None
    assert (made.name, made.kind) == (meant.name, kind)
    assert np.array_equal(made.values, meant.values)
    assert np.allclose(made.transform[:2], meant.transform[:2], atol=1e-6)
    assert np.allclose(made.transform[3], meant.transform[3], atol=1e-6)
    assert scene.written(2).anchors is not None


def test_polygons_and_groups_are_written_by_houdini_itself(scene: Scene) -> None:
    def held(frame: float) -> Geometry:
        made = triangle(frame)
        made.groups.append(Group("rim", "point", np.array([True, False, True])))
        return made

    end, *_ = scene.write(scene.sop(held, moves=True), [1])

    assert end is None
    assert geometry.digest(scene.written(1, ".bgeo")) == geometry.digest(held(1))
    assert scene.files() == ["OUT.0001.bgeo"]


def test_grids_are_written_as_vdb(scene: Scene) -> None:
    end, *_ = scene.write(scene.sop(lambda _: grid(kind="vdb")), [1])

    assert end is None
    assert [one.name for one in scene.written(1, ".vdb").volumes] == ["density"]


def test_no_value_becomes_a_python_number() -> None:
    """HOM's ways that give tuples are never called, but for texts: of those there are no bytes."""
    code = (ADAPTER / "arrays.py").read_text()

    assert set(re.findall(r"\w+AttribValues\b", code)) == {
        "pointStringAttribValues",
        "vertexStringAttribValues",
        "primStringAttribValues",
    }
    assert not re.search(r"\.allVoxels\(|\.points\(\)\)|\.iterPoints|attribValue\(\w+\) for", code)


def test_the_bytes_in_hand_are_houdinis_own(scene: Scene) -> None:
    node = scene.sop(lambda frame: points(frame, 1000))
    held = node.geometryAtFrame(1.0)

    taken = arrays.of(hou, held.freeze(), "OUT").tensors["point/P"]

    assert taken[:2] == ("F32", [1000, 3])
    assert taken[2] == points(1, 1000).attributes[0].values.tobytes()
    assert isinstance(taken[2], bytes)


def test_the_thread_that_writes_knows_no_houdini(scene: Scene) -> None:
    """The stand-in refuses every call off the main thread; `scene` checks it at its end."""
    seen: list[str] = []
    held = arrays.of(hou, scene.sop().geometryAtFrame(1.0).freeze(), "OUT")
    writing = Writing(f"{scene.folder}/a.safetensors", held)
    seen += [one.name for one in threading.enumerate() if one.name == "answerprint writer"]

    assert writing.finished(wait=True)
    assert len(seen) <= 1


def test_a_frame_that_does_not_cook_is_named_and_the_others_stay(scene: Scene) -> None:
    def some(frame: float) -> Geometry:
        if frame == 3:
            raise hou.OperationFailed("Not enough memory.")
        return points(frame)

    end, *said = scene.write(scene.sop(some, moves=True), [1, 2, 3, 4])

    assert isinstance(end, HostError)
    assert end.problem == "/obj/geo1/OUT does not cook at frame 3: Not enough memory."
    assert len(said) == 2
    assert scene.files() == [
        "OUT.0001.safetensors",
        "OUT.0002.safetensors",
    ]


def test_an_empty_frame_is_named(scene: Scene) -> None:
    node = scene.sop(lambda frame: points(frame) if frame < 2 else Geometry(), moves=True)

    end, *_ = scene.write(node, [1, 2])

    assert isinstance(end, HostError)
    assert end.problem == "/obj/geo1/OUT at frame 2 is empty: no point, no volume."


def test_one_plate_is_of_one_kind(scene: Scene) -> None:
    node = scene.sop(lambda frame: points(frame) if frame < 2 else triangle(frame), moves=True)

    end, *_ = scene.write(node, [1, 2])

    assert isinstance(end, HostError)
    assert "OUT at frame 2 holds 3 points, 1 face, and other frames do not: 4 points" in end.problem


def test_frames_that_are_written_already_are_used(scene: Scene) -> None:
    node = scene.sop()
    asked = houdini_session.cook(node, points, moves=True)
    source = scene.keyed(node)
    scene.write(node, [1, 2], source)
    asked.clear()

    end, *said = scene.write(node, [1, 2, 3], source)

    assert end is None
    assert asked == [3]
    assert said == [(3, 3)]


def test_a_node_that_changes_meanwhile_leaves_no_mixed_frames(scene: Scene) -> None:
    above = scene.network.createNode("attribwrangle", "above")
    node = scene.sop(moves=True)
    node.setInput(0, above)
    source = scene.keyed(node)
    ends: list[HostError | None] = []

    def step(done: int, _count: int) -> None:
        above.parm("snippet").set(f"@P.y += {done};")

    scene.host.render(source, [1, 2], scene.pattern(source), step, ends.append)
    houdini_session.until(lambda: bool(ends))

    assert ends[0] is not None
    assert "was changed while it was being written" in ends[0].problem
    assert scene.files() == ["OUT.0001.safetensors"]  # cooked before, and held against the key


def test_a_cancel_leaves_no_frame_of_another_state(scene: Scene) -> None:
    """Else the change is taken back, and the frame is used again under a key that is not its own."""
    above = scene.network.createNode("attribwrangle", "above")
    node = scene.sop()
    node.setInput(0, above)
    source = scene.keyed(node)
    ends: list[HostError | None] = []
    held: list[Any] = []

    def step(done: int, _count: int) -> None:
        above.parm("snippet").set(f"@P.y += {done};")

    def cooks(frame: float) -> Geometry:
        if frame == 2:
            held[0].cancel()
        return points(frame)

    houdini_session.cook(node, cooks, moves=True)
    held.append(scene.host.render(source, [1, 2, 3], scene.pattern(source), step, ends.append))
    houdini_session.until(lambda: bool(ends))

    assert ends[0] is not None
    assert scene.files() == ["OUT.0001.safetensors"]


def test_frames_that_were_cooked_from_other_files_go_when_it_ends_early(scene: Scene) -> None:
    file = scene.folder / "dust.bgeo"
    file.write_bytes(b"one")
    above = scene.network.createNode("file", "above")
    above.parm("file").set(str(file))
    node = scene.sop()
    node.setInput(0, above)

    def some(frame: float) -> Geometry:
        if frame == 3:
            raise hou.OperationFailed("Not enough memory.")
        if frame == 2:
            file.write_bytes(b"another")
        return points(frame)

    houdini_session.cook(node, some, moves=True)
    end, *_ = scene.write(node, [1, 2, 3])

    assert "does not cook at frame 3" in end.problem
    assert scene.files() == []


def test_a_scene_that_is_saved_under_a_name_goes_on(scene: Scene) -> None:
    node = scene.sop(moves=True)
    source = scene.keyed(node)
    ends: list[HostError | None] = []

    def step(_done: int, _count: int) -> None:
        hou.hipFile.save(f"{scene.folder.as_posix()}/named.hip")

    scene.host.render(source, [1, 2], scene.pattern(source), step, ends.append)
    houdini_session.until(lambda: bool(ends))

    assert ends == [None]


def test_the_bytes_are_taken_one_attribute_a_step(scene: Scene) -> None:
    """So that no turn is longer than the largest of them."""
    held = scene.sop().geometryAtFrame(1.0).freeze()

    assert len(list(arrays.taking(hou, held, "OUT"))) == len(held.pointAttribs())


def test_a_file_that_the_thread_cannot_make_is_said(scene: Scene) -> None:
    """Whatever is wrong with it: a frame that is not there is never counted as written."""
    wrong = arrays.Frame({"point/P": ("F32", [2, 3], b"too short")}, {})

    with pytest.raises(HostError, match=r"a\.safetensors cannot be written"):
        Writing(f"{scene.folder}/a.safetensors", wrong).finished(wait=True)


def test_a_node_that_cooks_with_an_error_is_no_geometry(scene: Scene) -> None:
    def wrong(frame: float) -> Geometry:
        if frame == 2:
            node._errors.append("Invalid attribute.")  # noqa: SLF001 - no call makes one
        return points(frame)

    node = scene.sop(wrong, moves=True)

    end, *_ = scene.write(node, [1, 2])

    assert "does not cook at frame 2: Invalid attribute." in end.problem


def test_another_scene_ends_it(scene: Scene) -> None:
    node = scene.sop(moves=True)
    scene.save()
    source = scene.keyed(node)
    ends: list[HostError | None] = []

    def step(_done: int, _count: int) -> None:
        hou.hipFile.clear()

    scene.host.render(source, [1, 2], scene.pattern(source), step, ends.append)
    houdini_session.until(lambda: bool(ends))

    assert ends[0] is not None
    assert "Another scene was opened" in ends[0].problem


def test_it_is_cancelled_between_frames_and_what_is_written_stays(scene: Scene) -> None:
    node = scene.sop(moves=True)
    source = scene.keyed(node)
    ends: list[HostError | None] = []
    held: list[Any] = []

    def step(_done: int, _count: int) -> None:
        held[0].cancel()

    held.append(scene.host.render(source, [1, 2, 3], scene.pattern(source), step, ends.append))
    houdini_session.until(lambda: bool(ends))

    assert ends[0] is not None
    assert "cancelled with 2 of 3 frames to go" in ends[0].problem
    assert scene.files() == ["OUT.0001.safetensors"]


def test_no_callback_of_ours_stays_in_the_event_loop(scene: Scene) -> None:
    before = list(houdini_session.state.loop)
    scene.write(scene.sop(), [1])
    houdini_session.turn(3)

    assert houdini_session.state.loop == before


def test_the_playbar_the_update_mode_and_the_scene_stay_as_they_were(scene: Scene) -> None:
    node = scene.sop(moves=True)
    hou.setFrame(7)
    houdini_session.state.update_mode = "Manual"
    houdini_session.state.unsaved = False
    steps = houdini_session.undo_steps()

    scene.write(node, [1, 2])

    assert hou.frame() == 7
    assert hou.updateModeSetting() == hou.updateMode.Manual
    assert houdini_session.undo_steps() == steps
    assert not hou.hipFile.hasUnsavedChanges()


def test_a_folder_that_cannot_be_made_is_said(scene: Scene) -> None:
    (scene.folder / "renders").write_text("a file")
    source = scene.keyed(scene.sop())

    with pytest.raises(HostError, match="renders cannot be written"):
        scene.host.render(source, [1], scene.pattern(source), lambda *_: None, lambda _: None)


def test_hython_waits_and_esc_ends_it(hython: Scene) -> None:
    node = hython.sop(moves=True)
    houdini_session.state.interrupt_at = 0.5
    source = hython.keyed(node)
    ends: list[HostError | None] = []

    hython.host.render(source, [1, 2, 3, 4], hython.pattern(source), lambda *_: None, ends.append)

    assert ends[0] is not None
    assert "cancelled with 2 of 4 frames to go" in ends[0].problem
    assert len(hython.files()) == 2


def test_a_tapered_volume_is_no_straight_grid_and_a_record_is_no_attribute(scene: Scene) -> None:
    def signed(frame: float) -> Geometry:
        made = points(frame)
        made.attributes.append(
            Attribute("answerprintRecord", "detail", np.zeros((1, 1), np.int32), ("{}",))
        )
        return made

    scene.write(scene.sop(signed), [1])

    assert scene.written(1).said == {"answerprintRecord": "{}"}
    assert scene.written(1).find("answerprintRecord", "detail") is None
