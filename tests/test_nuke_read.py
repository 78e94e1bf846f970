"""A selected node is a plate: a Read by its files, anything else by what it shows; or why it is none."""

from __future__ import annotations

import os
import re
from pathlib import Path

import nuke
import nuke_groups
import nuke_session
import pytest
from comp import Comp, comp, opened

from answerprint_panel.host import HostError

__all__ = ["comp"]  # a fixture, used by its name


def refusal(comp: Comp) -> HostError:
    with pytest.raises(HostError) as refused:
        comp.host.selection()
    assert refused.value.problem.endswith((".", "exr")), refused.value.problem
    assert refused.value.remedy
    return refused.value


def test_a_read_is_used_by_its_files(comp: Comp) -> None:
    comp.read().setSelected(True)

    source = comp.host.selection()

    assert (source.node, source.kind, source.path) == ("Read1", "files", comp.plate)
    assert (source.first, source.last, source.title) == (1001, 1002, "noisy")
    assert (source.space, source.data, source.views, source.remarks) == (None, False, (), ())
    assert source.missing == "error"


def test_a_read_below_dots_is_that_read(comp: Comp) -> None:
    dot = nuke.nodes.Dot(name="Dot1")
    dot.setInput(0, comp.read())
    dot.setSelected(True)

    assert comp.host.selection().node == "Read1"


def test_a_raw_read_is_no_colour(comp: Comp) -> None:
    read = comp.read()
    read["raw"].setValue(True)
    read.setSelected(True)

    assert comp.host.selection().data
    assert comp.host.selection().space is None


def test_a_colour_space_is_said_as_nuke_names_it(comp: Comp) -> None:
    read = comp.read()
    read["colorspace"].setValue("Cineon")
    read.setSelected(True)

    assert comp.host.selection().space == "Cineon"


def test_roles_and_defaults_are_said_by_the_space_itself(tmp_path: Path) -> None:
    with opened(tmp_path, ocio=True) as found:
        found.read().setSelected(True)

        assert found.host.selection().space == "scene_linear"


def test_frame_mode_is_said_and_shifts_the_current_frame(comp: Comp) -> None:
    read = comp.read()
    read["frame_mode"].setValue("start at")
    read["frame"].setValue("101")
    read.setSelected(True)

    source = comp.host.selection()

    assert (source.first, source.last, source.offset) == (1001, 1002, -900)
    assert source.remarks == (
        "Read1 shows file 1001 at frame 101. Frames here are the files' own numbers.",
    )


def test_a_retime_in_the_read_is_said(comp: Comp) -> None:
    read = comp.read()
    read["frame"].setValue("frame*2")
    read["before"].setValue("loop")
    read.setSelected(True)

    time, outside = comp.host.selection().remarks

    assert time == (
        "Read1 shows its files by expression frame*2. They are used by their own numbers instead."
    )
    assert outside.startswith("Outside its range Read1 shows: loop before.")


def test_proxy_is_said_and_full_size_is_used(comp: Comp) -> None:
    read = comp.read()
    read["proxy"].setValue("/nowhere/small.####.exr")
    read.setSelected(True)
    nuke.root().setProxy(True)

    source = comp.host.selection()

    assert source.path == comp.plate
    assert source.remarks == (
        "Proxy mode is on; Read1's full-size files are used rather than its proxy.",
    )


def test_both_eyes_are_kept_in_the_path(comp: Comp) -> None:
    for view in ("left", "right"):
        nuke.root().addView(view)
    for view in ("left", "right"):
        os.link(comp.folder / "plate/noisy.1001.exr", comp.folder / f"plate/eye_{view}.1001.exr")
    comp.read(f"{comp.folder}/plate/eye_%V.####.exr", "1001-1001").setSelected(True)

    source = comp.host.selection()

    assert source.path.endswith("/eye_%V.####.exr")
    assert {"left", "right"} <= set(source.views)
    assert source.title == "eye"


def test_an_expression_in_a_path_is_followed(comp: Comp) -> None:
    read = comp.read()
    nuke.root()["project_directory"].setValue(comp.folder.as_posix())
    read["file"].setValue("[value root.project_directory]/plate/noisy.####.exr")
    read.setSelected(True)

    path = comp.host.selection().path

    assert re.sub("%04d", "####", path) == comp.plate


def test_a_relative_path_begins_at_the_projects_folder(comp: Comp) -> None:
    read = comp.read()
    nuke.root()["project_directory"].setValue(comp.folder.as_posix())
    read["file"].setValue("plate/noisy.####.exr")
    read.setSelected(True)

    assert comp.host.selection().path == comp.plate


def test_an_expression_that_is_no_plate_is_named(comp: Comp) -> None:
    read = comp.read()
    read["file"].setValue("/p/[expr {[frame] % 2}]/a.####.exr")
    read.setSelected(True)

    assert "[expr {[frame] % 2}]" in refusal(comp).problem


def test_no_selection(comp: Comp) -> None:
    comp.read()

    assert refusal(comp).problem == "No node is selected."


def test_several_selected_are_named(comp: Comp) -> None:
    comp.read().setSelected(True)
    comp.read(name="Read2").setSelected(True)
    nuke.nodes.BackdropNode().setSelected(True)

    assert refusal(comp).problem == "2 nodes are selected: Read1, Read2."


@pytest.mark.parametrize(
    ("kind", "said"), [("Camera2", "is no image"), ("DeepRead", "is a deep image")]
)
def test_what_is_no_flat_image_is_refused(comp: Comp, kind: str, said: str) -> None:
    getattr(nuke.nodes, kind)().setSelected(True)

    assert said in refusal(comp).problem


def test_a_read_without_a_file(comp: Comp) -> None:
    nuke.nodes.Read(name="Read1").setSelected(True)

    assert refusal(comp).problem == "Read1 has no file."


def test_missing_files_are_named(comp: Comp) -> None:
    read = comp.read()
    read["file"].setValue("/nowhere/bg.####.exr")
    read.setSelected(True)

    assert refusal(comp).problem == "Read1's files are not there: /nowhere/bg.####.exr"


def test_a_hole_at_the_current_frame_is_no_missing_plate(comp: Comp) -> None:
    read = comp.read(frames="1001-1004")
    read["last"].setValue(1004)
    read.setSelected(True)
    nuke.frame(1004)

    assert comp.host.selection().last == 1004


def test_an_error_above_is_traced_to_its_node(comp: Comp) -> None:
    read, grade = comp.read(), nuke.nodes.Grade(name="Grade1")
    read["file"].setValue("/nowhere/bg.####.exr")
    grade.setInput(0, read)
    grade.setSelected(True)

    error = refusal(comp)

    assert error.problem == (
        "Grade1 cannot be rendered: Read1 has an error, its file is /nowhere/bg.####.exr."
    )
    assert error.remedy == "Correct Read1, then select the node again."


def test_any_other_node_is_rendered(comp: Comp) -> None:
    grade = nuke.nodes.Grade(name="Grade1")
    grade.setInput(0, comp.read())
    grade.setSelected(True)

    source = comp.host.selection()

    assert (source.kind, source.node, source.first, source.last) == ("render", "Grade1", 1001, 1002)


def test_a_read_of_other_files_is_rendered(comp: Comp) -> None:
    read = comp.read()
    read["file"].setValue(str(comp.folder / "plate/noisy.####.png"))
    read["on_error"].setValue("black")
    read.setSelected(True)

    assert comp.host.selection().kind == "render"


def test_a_node_inside_a_group_that_is_open(comp: Comp) -> None:
    group = nuke.nodes.Group(name="Group1")
    with group:
        comp.read(name="Read7").setSelected(True)

        assert comp.host.selection().node == "Group1.Read7"


def test_what_was_saved_as_selected_inside_a_gizmo_is_no_selection(comp: Comp) -> None:
    with nuke_groups.gizmo("Denoiser1"):
        comp.read(name="Inner").setSelected(True)

    assert refusal(comp).problem == "No node is selected."


def test_a_node_is_found_from_inside_its_group(comp: Comp) -> None:
    group = nuke.nodes.Group(name="Group1")
    with group:
        comp.read(name="Read7")

        assert comp.host.source("Group1.Read7").node == "Group1.Read7"


def test_linear_is_linear_whatever_the_script_does_with_float_files(comp: Comp) -> None:
    nuke.root()["floatLut"].setValue("sRGB")
    nuke_session.state.colorspaces.append("default")
    read = comp.read()

    read["colorspace"].setValue("linear")
    assert comp.host.source("Read1").space is None
    read["colorspace"].setValue("default")
    assert comp.host.source("Read1").space == "sRGB"


def test_a_disabled_read_is_said(comp: Comp) -> None:
    comp.read()["disable"].setValue(True)

    assert comp.host.source("Read1").remarks == (
        "Read1 is disabled in the script; its files are used all the same.",
    )


@pytest.mark.parametrize("licence", ["nc", "ple"])
def test_licences_that_cannot_script_are_refused_in_words(tmp_path: Path, licence: str) -> None:
    with opened(tmp_path, **{licence: True}) as found:
        assert "commercial" in refusal(found).remedy


def test_what_the_script_says_of_itself(comp: Comp) -> None:
    assert comp.host.script() is None
    assert comp.host.version() == "15.1v2"
    nuke.frame(7)

    assert (comp.host.frame(), comp.host.project_range()) == (7, (1, 100))


def test_an_animated_control_is_offered_and_read(comp: Comp) -> None:
    grade = nuke.nodes.Grade(name="Grade1")
    grade.setInput(0, comp.read())
    grade["mix"].setAnimated(0)
    grade["mix"].setValueAt(0.0, 1001, 0)
    grade["mix"].setValueAt(1.0, 1003, 0)
    grade.setSelected(True)

    assert comp.host.curves() == ["Grade1.mix"]
    assert comp.host.curve("Grade1.mix", 1001, 1003) == [(1001, 0.0), (1002, 0.5), (1003, 1.0)]


def test_a_control_that_is_gone_is_said(comp: Comp) -> None:
    with pytest.raises(HostError, match=r"no animated control Grade1\.mix any more"):
        comp.host.curve("Grade1.mix", 1, 2)


def test_looking_changes_nothing(comp: Comp) -> None:
    nuke.nodes.Grade(name="Grade1").setInput(0, comp.read())
    nuke.root().setModified(False)
    steps = len(nuke_session.undo_steps())
    nuke.toNode("Grade1").setSelected(True)

    comp.host.keyed(comp.host.selection(), lambda *_: None, wait=True)
    comp.host.curves()
    comp.host.placed()

    assert len(nuke_session.undo_steps()) == steps
    assert not nuke.root().modified()
