"""The form is drawn from the contract: a control for each kind, and words where one is needed."""

from __future__ import annotations

from typing import Any

import pytest
from panel_host import DiskHost

from answerprint_panel.draft import Draft
from answerprint_panel.form import Form
from answerprint_panel.frames_section import FramesSection, beyond
from answerprint_panel.grid import Grid
from answerprint_panel.host import HostError, Source
from answerprint_panel.layers_section import kept
from answerprint_panel.more_section import MoreSection, summary
from answerprint_panel.parameter_row import ParameterRow
from answerprint_panel.plate_section import facts, from_file
from answerprint_panel.preset_row import PresetRow
from answerprint_panel.qt import Qt, QtWidgets
from answerprint_panel.sampling import sampled

PARAMETERS: list[dict[str, Any]] = [
    {
        "name": "strength",
        "type": "float",
        "default": 1.0,
        "min": 0.0,
        "max": 1.0,
        "step": 0.05,
        "animatable": True,
        "group": "Denoise",
        "help": "How much of the clean picture.",
    },
    {
        "name": "max_memory",
        "type": "int",
        "default": 0,
        "min": 0,
        "max": 1048576,
        "unit": "MB",
        "group": "Server",
    },
    {
        "name": "method",
        "type": "choice",
        "default": "faithful-2x",
        "choices": ["faithful-2x", "sharp-2x", "blend"],
        "warn": {"sharp-2x": "Invents detail."},
        "group": "Denoise",
    },
    {
        "name": "flow",
        "type": "bool",
        "default": False,
        "unless": {"method": ["blend"]},
        "group": "Denoise",
        "help": "Give the motion as well. Not with blend.",
    },
    {"name": "prompt", "type": "text", "default": "", "group": "Denoise"},
    {"name": "tint", "type": "colour", "default": "#ffffff", "group": "Denoise"},
]
CONTRACT = {"task": "denoise", "title": "Denoise", "parameters": PARAMETERS, "seed": True}


@pytest.fixture
def draft() -> Draft:
    made = Draft(contract=CONTRACT)
    made.take_up(Source("Read3", "files", "/p/bg.####.exr", 1, 4, offset=1000))
    return made


@pytest.fixture
def form(qtbot: Any, draft: Draft) -> Form:
    host = DiskHost()
    host.animated = {"Grade1.gain": lambda frame: frame / 1000}
    made = Form(host)
    qtbot.addWidget(made)
    made.changed.connect(lambda: made.show_state(draft))
    made.resize(396, 400)
    made.show()
    made.show_state(draft)
    return made


def typed(qtbot: Any, row: ParameterRow, text: str) -> None:
    assert row.number is not None
    row.number.line.setText(text)
    qtbot.keyClick(row.number.line, Qt.Key.Key_Return)


def test_each_kind_of_parameter_has_its_control(form: Form) -> None:
    rows = form.rows
    assert rows["strength"].slider
    assert rows["strength"].number
    assert rows["max_memory"].number
    assert not rows["max_memory"].slider  # a million steps are no slider
    assert rows["method"].choice
    assert rows["flow"].check
    assert rows["prompt"].field
    assert [name for name, row in rows.items() if not row.curve.isHidden()] == ["strength"]


def test_a_kind_that_nobody_knows_is_a_text_field_and_says_so(form: Form) -> None:
    row = form.rows["tint"]

    assert row.field is not None
    assert row.field.text() == "#ffffff"
    assert "does not know the type 'colour'" in row.hint.words.text()


def test_groups_after_the_first_have_headings(form: Form) -> None:
    labels = {row.row.label for row in form.rows.values()}
    headings = [
        one.text()
        for one in form.findChildren(QtWidgets.QLabel)
        if one.parent() is form and one not in labels
    ]

    assert headings == ["Server"]
    assert list(form.rows) == ["strength", "method", "flow", "prompt", "tint", "max_memory"]


def test_a_changed_value_stands_in_the_draft_and_its_label_is_bold(
    qtbot: Any, form: Form, draft: Draft
) -> None:
    typed(qtbot, form.rows["strength"], "0.35")

    assert draft.settings.parameters == {"strength": 0.35}
    assert form.rows["strength"].row.label.role == "text"
    assert form.rows["method"].row.label.role == "secondary"


def test_slider_and_number_say_the_same(qtbot: Any, form: Form, draft: Draft) -> None:
    row = form.rows["strength"]
    assert row.slider is not None
    assert row.number is not None

    qtbot.keyClick(row.slider, Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: draft.settings.parameters == {"strength": 0.95})

    assert row.number.text() == "0.95"
    qtbot.mousePress(row.slider, Qt.MouseButton.LeftButton, pos=row.slider.rect().center())
    assert row.number.text() == "0.5"
    assert draft.settings.parameters == {"strength": 0.5}


def test_a_value_out_of_range_is_said_and_never_clamped(
    qtbot: Any, form: Form, draft: Draft
) -> None:
    typed(qtbot, form.rows["strength"], "1.5")

    assert draft.settings.parameters == {"strength": 1.5}
    assert form.rows["strength"].hint.words.text() == "1.5 is too much: it ends at 1."


def test_a_choice_warns_before_it_runs(form: Form, draft: Draft) -> None:
    form.rows["method"].changed.emit("sharp-2x")

    assert form.rows["method"].hint.words.text() == "Invents detail."
    assert form.rows["method"].hint.icon.name == "warn"


def test_a_parameter_without_effect_is_greyed_with_the_reason(form: Form) -> None:
    row = form.rows["flow"]
    assert row.check is not None
    assert row.check.isEnabled()

    form.rows["method"].changed.emit("blend")

    assert not row.check.isEnabled()
    assert row.hint.words.text() == "Not with method blend."


def test_help_is_there_for_eyes_and_for_screen_readers(form: Form) -> None:
    number = form.rows["strength"].number
    assert number is not None

    assert number.line.accessibleName() == "Strength"
    assert number.line.accessibleDescription() == "How much of the clean picture. Usually 1.0."
    assert number.toolTip() == number.line.accessibleDescription()


def test_a_curve_of_the_host_drives_a_parameter_frame_by_frame(form: Form, draft: Draft) -> None:
    host = DiskHost()
    host.animated = {"Grade1.gain": lambda frame: frame / 1000}

    form.drive(PARAMETERS[0], "Grade1.gain")

    assert form.rows["strength"].from_curve.text() == "from Grade1.gain"
    job = {"frames": "1-3", "parameters": dict(draft.settings.parameters)}
    assert sampled(host, draft, job)["parameters"]["strength"] == {
        "curve": {"1": 1.001, "2": 1.002, "3": 1.003},
        "interpolate": "exact",
    }
    form.rows["strength"].curve.click()
    assert not draft.settings.parameters


def test_a_curve_over_frames_with_holes_is_refused_with_a_way_out(draft: Draft) -> None:
    job = {"frames": "1,3", "parameters": {"strength": {"from": "Grade1.gain"}}}

    with pytest.raises(HostError, match="plain range") as error:
        sampled(DiskHost(), draft, job)

    assert error.value.fix == {"label": "Use the input range", "change": {"frames": None}}


def test_variations_are_typed_as_values_and_counted_beside_more(qtbot: Any, draft: Draft) -> None:
    more = MoreSection()
    qtbot.addWidget(more)
    more.show_state(draft)

    more.add.click()
    row = more.findChildren(QtWidgets.QLineEdit)
    field = next(one for one in row if one.accessibleName() == "Values to try")
    field.setText("0.25, 0.5, 1")
    qtbot.keyClick(field, Qt.Key.Key_Return)

    assert draft.settings.axes == {"strength": "0.25, 0.5, 1"}
    draft.settings.seed = "7"
    plan = {"variations": 3, "estimate": {"words": "About 1 s"}}
    assert summary(draft, plan) == "3 variations, seed 7, whole frames"


def test_facts_say_what_is_there_and_warn_of_what_is_not() -> None:
    source = Source("Read3", "files", "/p/bg.####.exr", 1001, 1096)
    found = {"count": 96, "width": 1920, "height": 1080, "levels": {"greatest": 28.71}}

    assert facts(found, source) == (
        "96 of 96 frames, 1920 \N{MULTIPLICATION SIGN} 1080, peak 28.7",
        "pass",
        "passed",
    )
    words, icon, _ = facts({**found, "count": 95, "missing": "1044"}, source)
    assert words.endswith("; 1044 missing")
    assert icon == "warn"


@pytest.mark.parametrize(
    ("chosen", "plate"),
    [
        ("/p/bg.1001.exr", "/p/bg.####.exr"),
        ("/p/bg_00010.exr", "/p/bg_#####.exr"),
        ("/p/bg_v003.exr", "/p/bg_v003.exr"),
        ("/p/v2.1/still.exr", "/p/v2.1/still.exr"),
    ],
)
def test_a_file_that_is_chosen_stands_for_its_plate(chosen: str, plate: str) -> None:
    assert from_file(chosen).path == plate


def test_layers_that_are_kept_are_named_in_words() -> None:
    assert kept(["depth", "crypto00", "crypto01", "crypto02"], []) == (
        "depth, crypto00 to crypto02: kept as they are"
    )
    assert kept(["depth"], ["N"]) == "depth: kept as it is; N: not in the take"
    assert kept([], []) == ""


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("strength", "abc", "'abc' is no number."),
        ("max_memory", 1.5, "1.5 is no whole number."),
        ("method", "nope", "'nope' is none of its choices."),
        ("flow", "yes", "'yes' is neither on nor off."),
        ("prompt", {"from": "Grade1.gain"}, "It takes no curve."),
    ],
)
def test_a_value_that_cannot_be_used_stands_there_marked_and_run_waits(
    form: Form, draft: Draft, name: str, value: object, said: str
) -> None:
    draft.settings.parameters[name] = value

    form.show_state(draft)

    assert form.rows[name].hint.words.text() == said
    assert draft.wrong() == f"{form.rows[name].row.label.text()}: {said}"
    row = form.rows[name]
    if row.number is not None:
        assert row.number.text() == str(value)
    if row.choice is not None:
        assert row.choice.currentText() == value


def test_what_was_refused_is_said_until_the_value_is_another(
    qtbot: Any, form: Form, draft: Draft
) -> None:
    row = form.rows["strength"]

    typed(qtbot, row, "1,000")
    form.show_state(draft)

    assert not draft.settings.parameters
    assert row.hint.words.text().startswith("'1,000' can be read in two ways: write 1000")
    typed(qtbot, row, "0,5")
    assert draft.settings.parameters == {"strength": 0.5}
    assert row.number is not None
    assert row.number.text() == "0.5"
    assert not row.hint.words.text()


@pytest.mark.parametrize(
    ("grid", "start", "up", "middle"),
    [
        (Grid(0, 0.01, around=0.001), 0.001, 0.0011, 0.005),
        (Grid(1000, 1010), 1005.0, 1005.1, 1005.0),
        (Grid(1, 10, 4, whole=True), 1, 5, 5),
        (Grid(0.0, 8.0, 1.0, whole=True), 4, 5, 4),
        (Grid(1, 1), 1.0, 1, 1),
        (Grid(0, 1, 0.05), 1.0, 1, 0.5),
        (Grid(-(2**53), 2**53, whole=True), 5, 6, 0),
    ],
)
def test_steps_fit_the_range_and_stop_at_its_ends(
    grid: Grid, start: float, up: float, middle: float
) -> None:
    assert grid.counted(start, 1) == up
    assert grid.at(0.5) == middle


def test_what_one_row_varies_no_other_one_offers(qtbot: Any, draft: Draft) -> None:
    more = MoreSection()
    qtbot.addWidget(more)
    more.show_state(draft)

    more.add.click()
    more.add.click()
    names = [row.choice for row in more.axes]
    offered = [{one.itemData(at) for at in range(one.count())} for one in names]

    assert names[0].currentData() not in offered[1]
    assert names[1].currentData() not in offered[0]


def test_handles_that_no_job_takes_are_refused_and_said(qtbot: Any, draft: Draft) -> None:
    more = MoreSection()
    qtbot.addWidget(more)
    more.show_state(draft)
    hint = more.handles_hint

    for text in ("20000", "-3"):
        more.handles.line.setText(text)
        qtbot.keyClick(more.handles.line, Qt.Key.Key_Return)
        more.show_state(draft)
        assert draft.handles == 0
        assert "0 to 10,000 frames; 0 stays" in hint.words.text()
        assert more.handles.text() == "0"


def test_frames_can_be_typed_as_a_list(qtbot: Any, draft: Draft) -> None:
    frames = FramesSection()
    qtbot.addWidget(frames)
    frames.ranged.connect(lambda text: draft.lay({"frames": text}))
    frames.moded.connect(lambda mode: setattr(draft, "mode", mode))
    draft.custom = "1-4"

    frames.mode.chosen.emit("list")
    frames.show_state(draft, draft.frames(None, None), "")
    assert not frames.listed.isHidden()
    assert frames.mode.currentText() == "Custom list"
    frames.listed.line.setText("1-2, 4")
    qtbot.keyClick(frames.listed.line, Qt.Key.Key_Return)

    assert draft.frames(None, None) == "1-2,4"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("1001-1010", ""),
        ("995-1010", "6 of them beyond the plate, which has 1001 to 1096."),
        ("2000-2100", "All of them beyond the plate, which has 1001 to 1096."),
        ("1001,1200", "1 of them beyond the plate, which has 1001 to 1096."),
    ],
)
def test_frames_beyond_the_plate_are_counted_among_those_asked_for(asked: str, said: str) -> None:
    assert beyond(asked, (1001, 1096)) == said


class Asked:
    """As much of a session as presets are asked of; answers are given by hand."""

    def __init__(self) -> None:
        self.where: dict[str, Any] = {}
        self.listed: list[list[str]] = []
        self.saved: list[Any] = []

    def every(self, argv: list[str], _then: object) -> None:
        self.listed.append(argv)

    def first(self, _argv: list[str], then: object) -> None:
        self.saved.append(then)


def test_presets_are_asked_for_again_when_the_show_is_known(qtbot: Any, draft: Draft) -> None:
    session: Any = Asked()
    presets = PresetRow(session)
    qtbot.addWidget(presets)
    presets.show_state(draft)

    session.where = {"show": "nightfall"}
    presets.show_state(draft)
    presets.show_state(draft)

    assert session.listed == [["presets", "denoise"], ["presets", "denoise", "--show", "nightfall"]]


def test_a_preset_that_is_saved_belongs_to_its_task_whichever_is_shown_by_then(
    qtbot: Any, draft: Draft
) -> None:
    session: Any = Asked()
    presets = PresetRow(session)
    qtbot.addWidget(presets)
    draft.choose(PARAMETERS[0], 0.4)
    presets.show_state(draft)
    presets.save.click()
    presets.name.line.setText("soft")
    presets.keep.click()

    draft.contract = {"task": "matte", "parameters": []}
    presets.show_state(draft)
    session.saved[0]({})

    assert draft.settings.preset is None
    kept = draft.settings_for("denoise").preset
    assert kept == {"preset": "soft", "where": "user", "parameters": {"strength": 0.4}}
