"""A take is placed as a Read that says what it is, switches versions, and is found again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nuke
import nuke_groups
import nuke_session
import pytest
from comp import Comp, comp, opened, terminal

from answerprint_nuke import tab
from answerprint_panel.host import HostError

__all__ = ["comp", "terminal"]  # fixtures, used by their names


def test_file_range_and_place(comp: Comp) -> None:
    plate = comp.read()
    plate.setXYpos(100, 200)

    read = nuke.toNode(comp.host.place(comp.take(), "Read1"))

    assert read.name() == "answerprint_noisy_denoise"
    assert read["file"].value().endswith("/noisy_denoise_v001.####.exr")
    knobs = ("first", "last", "origfirst", "origlast")
    assert [read[name].value() for name in knobs] == [1001, 1002, 1001, 1002]
    assert (read["on_error"].value(), read["localizationPolicy"].value()) == ("error", "off")
    assert (read.xpos(), read.ypos()) == (210, 200)
    assert read["label"].value() == "Denoise v001\nLatest, QC pass"


def test_one_step_takes_it_away_and_nothing_else_was_touched(comp: Comp) -> None:
    plate = comp.read()
    grade = nuke.nodes.Grade()
    grade.setInput(0, plate)
    grade.setSelected(True)
    before, steps = comp.names(), len(nuke_session.undo_steps())

    comp.host.place(comp.take(), "Read1")

    assert len(nuke_session.undo_steps()) == steps + 1
    assert nuke_session.undo_steps()[-1][0] == "Place noisy_denoise v001"
    assert [node.name() for node in nuke.selectedNodes()] == [grade.name()]
    assert grade.input(0).name() == "Read1"
    nuke.undo()
    assert comp.names() == before


def test_two_of_them_do_not_lie_on_each_other(comp: Comp) -> None:
    comp.read()
    first = nuke.toNode(comp.host.place(comp.take(1), "Read1"))
    second = nuke.toNode(comp.host.place(comp.take(2), "Read1"))

    assert first.name() != second.name()
    assert first.xpos() != second.xpos()


def test_data_is_read_raw(comp: Comp) -> None:
    comp.read()

    assert nuke.toNode(comp.host.place(comp.take(data=True), "Read1"))["raw"].value() is True


def test_what_was_rendered_raw_is_read_raw(comp: Comp) -> None:
    grade = nuke.nodes.Grade(name="Grade1")
    grade.setInput(0, comp.read())

    plate = "/takes/renders/Grade1_0a1b2c3d/Grade1.####.exr"
    name = comp.host.place(comp.take(node="Grade1", plate=plate, colour="ACEScg"), "Grade1")

    assert nuke.toNode(name)["raw"].value() is True


def test_the_colour_space_is_set_by_name(comp: Comp) -> None:
    comp.read()

    read = nuke.toNode(comp.host.place(comp.take(colour="Cineon"), "Read1"))

    assert read["colorspace"].value() == "Cineon"
    assert not nuke_session.state.ignored


def test_a_space_is_found_by_its_alias_or_role(tmp_path: Path) -> None:
    with opened(tmp_path, ocio=True) as found:
        found.read()
        read = nuke.toNode(found.host.place(found.take(colour="acescct"), "Read1"))

        assert "ACEScct" in read["colorspace"].value()


def test_the_take_alone_says_its_colour_whatever_lies_beside_it(comp: Comp) -> None:
    near = nuke.nodes.Grade(name="Grade7")
    near.setInput(0, comp.read(name="ReadX"))
    take = comp.take(node="Read9", plate="/elsewhere/a.####.exr", colour="sRGB")

    read = nuke.toNode(comp.host.place(take, "Grade7"))

    assert (read["raw"].value(), read["colorspace"].value()) == (False, "sRGB")


def test_a_node_that_has_the_plates_name_by_chance_is_no_plate(comp: Comp) -> None:
    nuke.nodes.Constant(name="Plate")
    comp.read(name="Read5")["colorspace"].setValue("rec709")
    take = comp.take(node="Plate", colour="sRGB")

    read = nuke.toNode(comp.host.place(take))

    assert (read["raw"].value(), read["colorspace"].value()) == (False, "sRGB")
    assert comp.host.plate(take) == "Read5"
    nuke.delete(nuke.toNode("Read5"))
    assert comp.host.plate(take) is None


def test_a_take_that_says_no_space_keeps_the_default_and_says_so(comp: Comp) -> None:
    comp.read()["colorspace"].setValue("rec709")

    read = nuke.toNode(comp.host.place(comp.take(colour=None), "Read1"))

    assert read["colorspace"].value() == "linear"
    assert read["answerprint_note"].value() == (
        "The take says no colour space; the Read keeps linear."
    )


def test_a_space_that_nothing_knows_is_said_on_the_node(comp: Comp) -> None:
    read = nuke.toNode(comp.host.place(comp.take(colour="Camera Log", node=None, plate="")))

    note = read["answerprint_note"].value()
    assert note.startswith("Colour space Camera Log is not in this script's list; the Read keeps ")


def test_it_stands_in_time_as_its_plate_does(comp: Comp) -> None:
    plate = comp.read()
    plate["frame_mode"].setValue("start at")
    plate["frame"].setValue("101")

    read = nuke.toNode(comp.host.place(comp.take(), "Read1"))

    assert (read["frame_mode"].value(), read["frame"].value()) == ("start at", "101")
    assert "In time as Read1: start at 101." in read["answerprint_note"].value()


def test_its_tab_says_what_it_is_and_hides_how_it_is_found(comp: Comp) -> None:
    comp.read()
    read = nuke.toNode(comp.host.place(comp.take(), "Read1"))

    said = {key: read[f"answerprint_{key}"].value() for key in ("qc", "review", "model", "made")}
    assert said["qc"] == "QC pass"
    assert said["review"] == "Waiting for review"
    assert said["model"] == "denoise 3"
    assert said["made"].endswith("by ana, from Read1, 1001 to 1002")
    assert read["answerprint_menu"].values() == ["v001, QC pass, Latest"]
    for hidden in ("root", "stream", "take", "uuid", "task"):
        assert read[f"answerprint_{hidden}"].getFlag(nuke.INVISIBLE)


@pytest.mark.parametrize(
    ("said", "words", "colour"),
    [
        ({"standing": "latest", "word": "Latest"}, "Latest, QC pass", 0),
        ({"standing": "latest", "word": "Latest", "qc": "not judged"}, "Latest", 0),
        ({"standing": "latest", "word": "Latest", "qc": "unknown"}, "Latest, QC could not judge", 0),
        ({"standing": "outdated", "word": "Outdated, see v003"}, "Outdated, see v003", 0xB0A571FF),
        ({"standing": "failed", "word": "QC fail", "qc": "fail"}, "QC fail", 0xBE9893FF),
        ({"standing": "approved", "word": "Approved", "review": {"state": "approved"}}, "Approved",
         0x93A893FF),
        ({"standing": "latest", "word": "Latest", "qc": "warn", "review": {"state": "retake"}},
         "Latest, QC warn, Retake asked", 0xB0A571FF),
        ({"standing": "latest", "word": "Latest",
          "review": {"state": "approved", "void": "frame 1002 was changed"}}, "Latest, QC pass", 0),
    ],
)  # fmt: skip
def test_tile_and_words_say_what_became_of_it(
    comp: Comp, said: dict[str, Any], words: str, colour: int
) -> None:
    comp.read()
    name = comp.host.place(comp.take(), "Read1")
    nuke.root().setModified(False)
    steps = len(nuke_session.undo_steps())

    comp.host.mark(name, comp.take(**said))

    assert nuke.toNode(name)["tile_color"].value() == colour
    assert nuke.toNode(name)["label"].value() == f"Denoise v001\n{words}"
    assert len(nuke_session.undo_steps()) == steps
    assert not nuke.root().modified()


def test_an_artists_own_label_and_colour_stay(comp: Comp) -> None:
    name = comp.host.place(comp.take())
    read = nuke.toNode(name)
    read["label"].setValue("hero\n" + read["label"].value())
    read["tile_color"].setValue(0x112233FF)

    comp.host.mark(name, comp.take(standing="failed", word="QC fail"))

    assert read["label"].value() == "hero\nDenoise v001\nQC fail"
    assert read["tile_color"].value() == 0x112233FF


def test_switching_changes_file_and_range_and_what_it_says(comp: Comp) -> None:
    comp.read()
    name = comp.host.place(comp.take(1), "Read1")
    read = nuke.toNode(name)
    read["on_error"].setValue("black")
    read["colorspace"].setValue("Cineon")
    read["before"].setValue("loop")
    said = ("file", "first", "last", "origfirst", "origlast", "label", "tile_color")
    before = {key: knob.toScript() for key, knob in read.knobs().items()}
    steps = len(nuke_session.undo_steps())

    comp.host.switch(name, comp.take(2, first=1002, word="QC fail", standing="failed"))

    changed = {key for key, knob in read.knobs().items() if knob.toScript() != before[key]}
    assert {key for key in changed if not key.startswith("answerprint_")} <= set(said)
    assert (read["first"].value(), read["last"].value()) == (1002, 1002)
    assert len(nuke_session.undo_steps()) == steps + 1
    nuke.undo()
    assert read["file"].value().endswith("v001.####.exr")
    assert comp.host.placed()[0].identity["take"] == "v001"


def test_copies_and_saved_scripts_know_their_take(comp: Comp) -> None:
    comp.read()
    name = comp.host.place(comp.take(), "Read1")
    nuke.toNode(name).selectOnly()
    nuke.nodeCopy("%clipboard%")
    nuke.nodePaste("%clipboard%")
    file = str(comp.folder / "comp.nk")
    nuke.scriptSaveAs(file, 1)
    nuke.scriptClear()
    nuke.scriptReadFile(file)

    found = comp.host.placed()

    assert [one.identity["uuid"] for one in found] == [comp.take()["uuid"]] * 2
    assert {one.identity["stream"] for one in found} == {"noisy_denoise"}


def test_a_placed_read_inside_a_group_is_found(comp: Comp) -> None:
    with nuke.nodes.Group(name="Group1"):
        comp.read(name="Read7")

    name = comp.host.place(comp.take(), "Group1.Read7")

    assert name == "Group1.answerprint_noisy_denoise"
    assert [one.node for one in comp.host.placed()] == [name]


def test_words_from_a_share_are_never_run(comp: Comp) -> None:
    comp.read()
    nasty = '[python {open("/tmp/x","w")}] $env(HOME) `x`'

    name = comp.host.place(comp.take(word=nasty, title=nasty, user=nasty, reason=nasty), "Read1")

    read = nuke.toNode(name)
    for key, knob in read.knobs().items():
        if key == "label" or (key.startswith("answerprint_") and "_do_" not in key):
            assert not set('[]$`{}"') & set(str(knob.value() or "")), key


@pytest.mark.parametrize("part", ["[exec touch x]", "$env(HOME)", "a{b}", "line\nbreak"])
def test_a_path_that_nuke_would_run_is_refused(comp: Comp, part: str) -> None:
    before = comp.names()

    with pytest.raises(HostError, match=r"run|no path"):
        comp.host.place(comp.take(pattern=f"/p/{part}/a.####.exr"))

    assert comp.names() == before


def test_a_take_without_frames_is_said(comp: Comp) -> None:
    with pytest.raises(HostError, match=r"noisy_denoise v001 has no frame yet\."):
        comp.host.place(comp.take(first=None))


def test_buttons_ask_for_the_plug_in_and_run_without_it(comp: Comp) -> None:
    comp.read()
    read = nuke.toNode(comp.host.place(comp.take(), "Read1"))
    buttons = [knob for name, knob in read.knobs().items() if "answerprint_do_" in name]

    assert [knob.label() for knob in buttons] == [
        "Older", "Newer", "Latest", "Latest approved",
        "Go to finding", "Approve", "Retake", "Take back",
        "Verify", "Compare", "Run again", "Show in panel", "Find again",
    ]  # fmt: skip
    assert all("except ImportError" in knob.value() for knob in buttons)


def test_compare_puts_two_into_the_viewer_and_keeps_what_is_there(comp: Comp) -> None:
    plate, other = comp.read(), nuke.nodes.Grade(name="Grade1")
    viewer = nuke.nodes.Viewer()
    viewer.setInput(0, other)
    name = comp.host.place(comp.take(), "Read1")

    said = comp.host.compare({"node": name}, {"node": "Read1"})  # it shows scripts no wipe

    assert said is not None
    assert said.endswith("choose 'wipe' between A and B above it.")

    shown = [viewer.input(index) for index in range(3)]
    assert [node.name() for node in shown if node] == ["Grade1", name, plate.name()]


def test_compare_makes_a_viewer_where_there_is_none(comp: Comp) -> None:
    comp.read()

    comp.host.compare({"take": comp.take()}, {"node": "Read1"})

    assert any(node.Class() == "Viewer" for node in nuke.allNodes())
    assert len(comp.host.placed()) == 1


def test_a_terminal_places_as_well(terminal: Comp) -> None:
    assert terminal.host.place(terminal.take()) == "answerprint_noisy_denoise"


def test_showing_selects_it_alone(comp: Comp) -> None:
    comp.read().setSelected(True)
    name = comp.host.place(comp.take(), "Read1")

    comp.host.show(name)

    assert [node.name() for node in nuke.selectedNodes()] == [name]


def test_a_node_that_is_gone_is_said(comp: Comp) -> None:
    for call in (
        comp.host.show,
        comp.host.source,
        lambda name: comp.host.switch(name, comp.take()),
    ):
        with pytest.raises(HostError, match="There is no node Read9"):
            _called(call, "Read9")


def _called(call: Any, name: str) -> None:
    call(name)


def test_a_plate_that_is_not_in_the_script_is_compared_by_its_files(comp: Comp) -> None:
    name = comp.host.place(comp.take())
    files = {"pattern": comp.plate, "first": 1001, "last": 1002, "name": "noisy", "take": "plate"}

    for _ in range(2):
        comp.host.compare({"node": name}, {"take": files})

    assert [one.node for one in comp.host.placed()] == [name]
    assert len([node for node in nuke.allNodes() if node.Class() == "Read"]) == 2


@pytest.mark.parametrize("kind", [nuke.Gizmo, nuke.Precomp, nuke.LiveGroup])
def test_nothing_is_placed_where_it_would_not_be_saved(comp: Comp, kind: Any) -> None:
    outer = nuke.nodes.Group(name="Outer")
    with outer:
        locked = nuke_groups.gizmo("Locked", kind)
        with locked, nuke.nodes.Group(name="Inner"):
            comp.read(name="Read7")
            lost = nuke.nodes.Read(name="Lost")
            tab.build(lost, nuke, comp.take())

    name = comp.host.place(comp.take(), "Outer.Locked.Inner.Read7")

    assert name == "Outer.answerprint_noisy_denoise"
    assert [one.node for one in comp.host.placed()] == [name]
    with pytest.raises(HostError, match="inside a gizmo or a locked group"):
        comp.host.mark("Outer.Locked.Inner.Lost", comp.take())


def test_inside_of_a_live_group_that_is_editable_it_is(comp: Comp) -> None:
    with nuke_groups.gizmo("Live1", nuke.LiveGroup) as live:
        comp.read(name="Read7")
    live.makeEditable()

    assert comp.host.place(comp.take(), "Live1.Read7") == "Live1.answerprint_noisy_denoise"


def test_what_reads_no_take_says_nothing_of_one(comp: Comp) -> None:
    name = comp.host.place(comp.take(standing="approved", word="Approved"))
    read = nuke.toNode(name)
    read["label"].setValue("hero\n" + read["label"].value())

    comp.host.unknown(name, "It reads a.####.exr, which is no take of its stream.")

    assert (read["label"].value().strip(), read["tile_color"].value()) == ("hero", 0)
    assert read["answerprint_word"].value() == ""
    assert read["answerprint_note"].value().startswith("It reads a.")


def test_its_menu_stays_at_its_take_when_others_are_offered(comp: Comp) -> None:
    read = nuke.toNode(comp.host.place(comp.take(1)))
    heard: list[str] = []
    nuke.addKnobChanged(lambda: heard.append(comp.host.changed()[1]), nodeClass="Read")

    comp.host.offer(read.name(), [comp.take(3), comp.take(2), comp.take(1)])

    assert comp.host.chosen(read.name()) == ("v001", "v001")
    assert set(heard) <= {""}  # our own writing is no choice of the artist's
    read["answerprint_menu"].setValue("v003, QC pass, Latest")
    assert heard[-1] == "answerprint_menu"


def test_its_menu_ends_with_the_two_that_move_by_themselves(comp: Comp) -> None:
    read = nuke.toNode(comp.host.place(comp.take(1)))
    three = comp.take(3, latest=True)
    approved = comp.take(2, approved=True, word="Approved", standing="approved")

    comp.host.offer(read.name(), [three, approved, comp.take(1, qc="fail", word="QC fail")])

    assert read["answerprint_menu"].values() == [
        "v003, QC pass, Latest", "v002, QC pass, Approved", "v001, QC fail",
        "Latest, v003", "Latest approved, v002",
    ]  # fmt: skip
    read["answerprint_menu"].setValue("Latest approved, v002")
    assert comp.host.chosen(read.name()) == ("Latest approved", "v001")


def test_what_nuke_would_run_in_a_review_is_only_shown(comp: Comp) -> None:
    review = {"state": "retake", "by": "ana", "note": "[exec touch x]", "created": ""}
    read = nuke.toNode(comp.host.place(comp.take()))

    comp.host.mark(read.name(), comp.take(review=review, reason="$env(HOME)", qc="warn"))

    assert read["answerprint_review"].value() == "Retake asked by ana: exec touch x ."
    assert read["answerprint_qc"].value() == "QC warn: env(HOME)"


def test_the_viewer_goes_to_a_frame_and_shows_the_read(comp: Comp) -> None:
    viewer = nuke.nodes.Viewer()
    name = comp.host.place(comp.take())

    comp.host.go_to(1002, name)

    assert comp.host.frame() == 1002
    assert viewer.input(0).name() == name
    window = nuke.activeViewer()
    assert window is not None
    assert window.activeInput() == 0
