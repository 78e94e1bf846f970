"""A draft becomes a job: what was chosen stands in it, and nothing that was not."""

from __future__ import annotations

from typing import Any

import pytest

from answerprint.job import Job
from answerprint_panel.at_host import AtHost
from answerprint_panel.click import Click
from answerprint_panel.draft import CUSTOM, FRAME, PROJECT, Draft, label
from answerprint_panel.host import Host, HostError, Source
from answerprint_panel.spans import ends, in_words, numbers
from answerprint_panel.waiting import why_not

STRENGTH = {"name": "strength", "type": "float", "default": 1.0, "animatable": True}
METHOD = {"name": "method", "type": "choice", "choices": ["rife", "blend"], "default": "rife"}
FLOW = {"name": "flow", "type": "bool", "default": False, "unless": {"method": ["blend"]}}
CONTRACT = {"task": "denoise", "parameters": [STRENGTH, METHOD, FLOW]}
READ = Source("Read3", "files", "/p/bg.####.exr", 1001, 1096, "bg", offset=0)
WHERE = {"root": "/takes", "show": "nightfall", "shot": None}


def draft(source: Source = READ, contract: dict[str, Any] = CONTRACT) -> Draft:
    made = Draft(contract=contract)
    made.take_up(source)
    return made


def job(made: Draft, frames: str = "1001-1096", script: str | None = "/s/sh.nk") -> dict[str, Any]:
    return made.job(frames=frames, host="nuke 15.1v2", title="Nuke", script=script, where=WHERE)


def test_a_draft_that_nobody_touched_is_a_job_without_settings() -> None:
    assert job(draft()) == {
        "schema": "answerprint.job/v1",
        "task": "denoise",
        "plate": "/p/bg.####.exr",
        "frames": "1001-1096",
        "host": "nuke 15.1v2",
        "node": "Read3",
        "script": "/s/sh.nk",
        "out": {"root": "/takes", "show": "nightfall"},
    }


def test_whatever_was_chosen_is_a_job_that_the_engine_takes() -> None:
    made = draft()
    made.choose(STRENGTH, 0.35)
    made.handles, made.space = 4, "ACEScct"
    made.settings.layers["albedo"] = "none"
    made.settings.axes = {"strength": "0.25, 0.5"}
    made.settings.seed, made.settings.result, made.settings.name = "7", "beside", "bg_clean"
    made.settings.non_finite = "zero"

    found = Job.model_validate(job(made))

    assert found.parameters == {"strength": 0.35}
    assert found.handles == 4
    assert found.colour.space == "ACEScct"
    assert found.colour.said_by == "the job"
    assert found.inputs["albedo"].layer == "none"
    assert found.wedge == {"strength": "0.25, 0.5"}
    assert (found.seed, found.result.layers, found.out.name) == ("7", "beside", "bg_clean")
    assert found.non_finite == "zero"


def test_the_hosts_colour_space_is_said_by_the_host() -> None:
    source = Source("Read3", "files", "/p/bg.####.exr", space="ACES - ACEScg", config="/c/c.ocio")

    assert job(draft(source))["colour"] == {
        "space": "ACES - ACEScg",
        "said_by": "Nuke",
        "config": "/c/c.ocio",
    }


def test_data_has_no_colour_space_whatever_the_host_shows() -> None:
    source = Source("Read3", "files", "/p/bg.####.exr", space="sRGB", data=True)

    assert "colour" not in job(draft(source))


def test_frames_are_the_plates_own_where_the_script_shows_it_elsewhere() -> None:
    made = draft(Source("Read3", "files", "/p/bg.####.exr", 1, 96, offset=1000))

    assert made.frames((1010, 1020), 1042) == "1-96"
    made.mode = PROJECT
    assert made.frames((1010, 1020), 1042) == "10-20"
    made.mode = FRAME
    assert made.frames((1010, 1020), 1042) == "42"


def test_a_value_put_back_to_its_default_is_no_change() -> None:
    made = draft()
    made.choose(STRENGTH, 0.5)
    assert made.is_changed(STRENGTH)

    made.choose(STRENGTH, 1.0)

    assert not made.is_changed(STRENGTH)
    assert "parameters" not in job(made)


def test_a_parameter_that_is_ruled_out_says_by_what() -> None:
    made = draft()
    assert not made.ruled_out(FLOW)

    made.choose(METHOD, "blend")

    assert made.ruled_out(FLOW) == "Not with method blend."


def test_a_preset_says_what_the_task_does_not_know_and_sets_the_rest() -> None:
    made = draft()
    made.choose(METHOD, "blend")

    strange = made.apply({"preset": "soft", "parameters": {"strength": 0.4, "sharpness": 2}})

    assert strange == ["sharpness"]
    assert made.settings.parameters == {"strength": 0.4}
    assert not made.is_edited()
    made.choose(STRENGTH, 0.5)
    assert made.is_edited()


def test_settings_stay_with_their_task_and_the_frames_with_the_plate() -> None:
    made = draft()
    made.choose(STRENGTH, 0.5)
    made.lay({"frames": "1001-1010"})
    made.contract = {"task": "matte", "parameters": []}
    assert "parameters" not in job(made)

    made.contract = CONTRACT

    assert job(made)["parameters"] == {"strength": 0.5}
    assert made.frames(None, None) == "1001-1010"


def test_the_same_node_keeps_what_was_set_whatever_it_reads_by_now() -> None:
    made = draft()
    made.lay({"frames": "1001-1010", "inputs": {"albedo": {"layer": "diffuse"}}})
    made.space = "ACEScct"

    made.take_up(Source("Read3", "files", "/p/bg_v002.####.exr", 1001, 1096, "bg"))

    assert made.frames(None, None) == "1001-1010"
    assert made.settings.layers == {"albedo": "diffuse"}
    assert job(made)["colour"] == {"space": "ACEScct"}
    assert made.path == "/p/bg_v002.####.exr"


def test_a_preset_that_the_contract_does_not_take_says_what_is_wrong() -> None:
    made = draft()

    assert made.unusable({"preset": "odd", "parameters": {"strength": "abc"}}) == (
        "odd: Strength is wrong. 'abc' is no number."
    )
    assert not made.unusable({"preset": "soft", "parameters": {"strength": 0.4, "other": "x"}})
    assert made.unusable({"preset": "torn", "problem": "It is no JSON."}) == "It is no JSON."


def test_another_plate_begins_with_its_own_range_and_layers() -> None:
    made = draft()
    made.lay({"frames": "1001-1010", "inputs": {"albedo": {"layer": "diffuse"}}})

    made.take_up(Source("Read4", "files", "/p/fg.####.exr", 5, 9))

    assert made.frames(None, None) == "5-9"
    assert "inputs" not in job(made)


@pytest.mark.parametrize(
    ("change", "key", "value"),
    [
        ({"non_finite": "zero"}, "non_finite", "zero"),
        ({"handles": 3}, "handles", 3),
        ({"items": 20_000}, "items", 20_000),
        ({"out": {"take": None}}, "out", {"root": "/takes", "show": "nightfall", "take": None}),
        ({"parameters": {"strength": 0.5}}, "parameters", {"strength": 0.5}),
        ({"colour": {"space": "ACEScg"}}, "colour", {"space": "ACEScg"}),
        (
            {"inputs": {"albedo": {"path": "/p/bg.####.exr", "layer": "diffuse"}}},
            "inputs",
            {"albedo": {"path": "/p/bg.####.exr", "layer": "diffuse"}},
        ),
        (
            {"inputs": {"albedo": {"path": "/p/other.####.exr", "layer": None}}},
            "inputs",
            {"albedo": {"path": "/p/other.####.exr", "layer": None}},
        ),
    ],
)
def test_a_fix_is_laid_over_the_job(change: dict[str, Any], key: str, value: object) -> None:
    made = draft()

    made.lay(change)

    assert job(made)[key] == value
    Job.model_validate(job(made))


def test_frames_of_a_fix_are_the_draft_own_from_then_on() -> None:
    made = draft()

    made.lay({"frames": "1001-1043,1045-1096"})

    assert made.mode == CUSTOM
    assert made.frames(None, None) == "1001-1043,1045-1096"


@pytest.mark.parametrize(
    ("text", "two", "count", "words"),
    [
        ("1001-1096", (1001, 1096), 96, "1001 to 1096"),
        ("7", (7, 7), 1, "7"),
        ("-5-3", (-5, 3), 9, "-5 to 3"),
        ("1-9x2", None, 5, "1-9x2"),
        ("1-3,7", None, 4, "1-3,7"),
        ("what", None, 0, "what"),
    ],
)
def test_ranges_are_read_as_the_engine_spells_them(
    text: str, two: tuple[int, int] | None, count: int, words: str
) -> None:
    assert ends(text) == two
    assert len(numbers(text)) == count
    assert in_words(text) == words


def test_names_of_contracts_are_read_as_words() -> None:
    assert label("max_memory") == "Max memory"
    assert label("color") == "Colour"
    assert label("sharp-2x") == "Sharp 2x"


class Blind(Host):
    """A host that cannot tell its current frame."""

    name, title = "nuke", "Nuke"

    def frame(self) -> int:
        raise HostError("There is no current frame.", remedy="Open a script.")


def test_a_frame_that_the_host_cannot_tell_is_never_taken_for_all_of_them() -> None:
    with pytest.raises(HostError, match="no current frame"):
        AtHost(Blind(), draft()).this_frame()


def test_a_node_is_rendered_with_its_handles_and_refuses_what_is_no_range() -> None:
    made = draft()
    made.handles = 2
    at = AtHost(Blind(), made)

    assert at.to_render("1001-1002") == [999, 1000, 1001, 1002, 1003, 1004]
    with pytest.raises(HostError, match="'what'"):
        at.to_render("what")


class Known:
    """As much of a session as a reason looks at."""

    engine: dict[str, Any] = {"problem": ""}
    server: dict[str, Any] = {"state": "connected"}
    where: dict[str, Any] = WHERE


def test_run_says_what_it_waits_for() -> None:
    session = Known()
    assert not why_not(session, draft(), {}, {}, busy=False)
    assert "job" in why_not(session, draft(), {}, {}, busy=True)
    assert "node" in why_not(session, Draft(contract=CONTRACT), {}, {}, busy=False)

    session.where = {"error": "JobError", "problem": "It has no name.", "remedy": "Save it."}
    assert why_not(session, draft(), {}, {}, busy=False) == "It has no name. Save it."

    session.server = {"state": "away"}
    assert "server" in why_not(session, draft(), {}, {}, busy=False)


@pytest.mark.parametrize(
    ("cut", "rendered"),
    [
        ({}, [1003, 1004]),
        ({"before": 2, "after": 1}, [1001, 1002, 1003, 1004, 1005]),
        ({"before": 9}, [1001, 1002, 1003, 1004]),
        ({"between": True}, [1001, 1002, 1003, 1004, 1005]),
    ],
)
def test_a_node_is_rendered_for_all_frames_that_the_model_sees(
    cut: dict[str, Any], rendered: list[int]
) -> None:
    draft = Draft()
    draft.contract = {"task": "denoise", "cut": cut}
    draft.take_up(Source("Merge7", "render", "", 1001, 1005))

    assert AtHost(Blind(), draft).to_render("1003-1004") == rendered


def test_a_click_is_done_once_and_not_long_afterwards() -> None:
    click = Click()
    click.put(all_frames=False)
    assert (click.take(), click.take()) == (False, None)

    tired = Click(patience=0.0)
    tired.put(all_frames=True)
    assert tired.take() is None


def test_run_waits_for_values_that_can_be_used_and_for_a_node_that_ends() -> None:
    made = draft()
    made.settings.parameters["strength"] = "abc"
    assert why_not(Known(), made, {}, {}, busy=False) == "Strength: 'abc' is no number."

    endless = draft(Source("Noise1", "render", "/r/n.####.exr", 1, 1_000_000_000))
    assert "FrameRange" in why_not(Known(), endless, {}, {}, busy=False)
    endless.lay({"frames": "1001-1010"})
    assert not why_not(Known(), endless, {}, {}, busy=False)
