"""The panel can be read on any host's colours, and its icons are sharp on any screen."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from palettes import DARK, LIGHT, palette

from answerprint_panel import icons, look
from answerprint_panel.grid import Grid
from answerprint_panel.labels import breakable
from answerprint_panel.look import Look, contrast
from answerprint_panel.note import Note, settle
from answerprint_panel.qt import QtCore, QtGui, QtWidgets
from answerprint_panel.task_picker import TaskList
from answerprint_panel.widgets import Button, Choice, Field, Icon, Number, Words

PALETTES = {
    "dark": DARK,
    "light": LIGHT,
    "houdini": palette("#3a3a3a", "#121212", "#4c4c4c", "#cccccc", "#b98620", "#000000"),
    "grey": palette("#808080", "#707070", "#8a8a8a", "#202020", "#909090", "#ffffff"),
    "black": palette("#000000", "#000000", "#000000", "#ffffff", "#ffff00", "#000000"),
    "no contrast at all": palette("#777777", "#777777", "#777777", "#777777", "#777777", "#777777"),
}
# grounds between white and black leave no colour that is 4.5 from all of them
READABLE = ("dark", "light", "houdini", "black")


@pytest.mark.parametrize("name", READABLE)
def test_words_are_read_on_every_ground_that_they_stand_on(qapp: object, name: str) -> None:
    made = Look(PALETTES[name])
    grounds = [made.window, made.hover, made.selected]
    notes = [made.note(one) for one in (made.passed, made.warn, made.fail)]
    words = {
        "text": (made.text, grounds + notes),
        "secondary": (made.secondary, [*grounds, *notes, made.control, made.field]),
        "passed": (made.passed, [*grounds, made.note(made.passed)]),
        "warn": (made.warn, [*grounds, made.note(made.warn)]),
        "fail": (made.fail, [*grounds, made.note(made.fail)]),
        "field": (made.field_text, [made.field]),
        "control": (made.control_text, [made.control]),
        "primary": (made.on_accent, [made.accent]),
    }

    poor = {
        role: round(min(contrast(colour, ground) for ground in on), 2)
        for role, (colour, on) in words.items()
        if min(contrast(colour, ground) for ground in on) < 4.5
    }

    assert not poor


@pytest.mark.parametrize("name", PALETTES)
def test_a_palette_that_leaves_no_choice_still_gets_the_better_of_black_and_white(
    qapp: object, name: str
) -> None:
    made = Look(PALETTES[name])

    assert contrast(made.text, made.window) >= 4
    assert contrast(made.focus, made.window) >= 3
    assert contrast(made.on_accent, made.accent) >= 4.5


def test_verdicts_differ_from_each_other_and_keep_their_hue(qapp: object) -> None:
    for held in (DARK, LIGHT):
        made = Look(held)
        hues = [colour.hslHue() for colour in (made.passed, made.warn, made.fail)]

        assert 90 < hues[0] < 170
        assert 30 < hues[1] < 70
        assert hues[2] < 20 or hues[2] > 340


def test_a_control_that_would_not_be_seen_gets_an_edge(qapp: object) -> None:
    assert Look(LIGHT).needs_edge(Look(LIGHT).control)
    assert Look(PALETTES["black"]).needs_edge(Look(PALETTES["black"]).control)
    assert not Look(DARK).needs_edge(QtGui.QColor("#909090"))


def test_all_icons_draw_something_and_nothing_outside_their_box(qapp: object) -> None:
    for name, scale in itertools.product(icons.names(), (1.0, 2.0, 3.0)):
        image = icons.pixmap(name, QtGui.QColor("#ffffff"), 16, scale).toImage()

        assert image.width() == 16 * scale
        assert any(
            image.pixelColor(x, y).alpha()
            for x in range(image.width())
            for y in range(0, 48, 1)
            if y < image.height()
        ), name


def test_a_palette_that_changes_is_followed(qtbot: Any) -> None:
    holder = QtWidgets.QWidget()
    qtbot.addWidget(holder)
    words = Words("Take", parent=holder)
    holder.setPalette(DARK)
    dark = words.colour()

    holder.setPalette(LIGHT)

    assert words.colour() != dark
    assert contrast(words.colour(), look.of(words).window) >= 4.5


def test_only_one_button_is_filled_and_a_waiting_fix_comes_before_run(qtbot: Any) -> None:
    holder = QtWidgets.QWidget()
    qtbot.addWidget(holder)
    layout = QtWidgets.QVBoxLayout(holder)
    notes = [Note(), Note()]
    run = Button("Run", filled=True)
    for widget in (*notes, run):
        layout.addWidget(widget)
    for note in notes:
        note.show_error({"problem": "Wrong.", "remedy": "Mend it."})

    settle(holder, run)
    assert [notes[0].button.filled, notes[1].button.filled, run.filled] == [True, False, False]

    notes[0].clear()
    notes[1].clear()
    settle(holder, run)
    assert run.filled


def test_a_note_hands_over_its_fix_and_copies_what_helps(qtbot: Any) -> None:
    note = Note(diagnostics=lambda: "engine 0.1.0")
    qtbot.addWidget(note)
    fix = {"label": "Set to zero and run", "change": {"non_finite": "zero"}}
    note.show_error({"problem": "3 NaN pixels.", "remedy": "Set them to zero.", "fix": fix})
    said: list[dict[str, object]] = []
    note.fixed.connect(said.append)

    note.button.click()
    note.copy.click()

    assert said == [fix]
    assert note.button.text() == "Set to zero and run"
    assert QtWidgets.QApplication.clipboard().text() == (
        "3 NaN pixels.\nSet them to zero.\nengine 0.1.0"
    )
    assert note.copy.text() == "Copied"


def test_a_wheel_that_scrolls_the_panel_changes_no_choice(qtbot: Any) -> None:
    choice = Choice()
    qtbot.addWidget(choice)
    choice.offer([("a", 1), ("b", 2)], 1)
    wheel = QtGui.QWheelEvent(
        QtCore.QPointF(5, 5),
        QtCore.QPointF(5, 5),
        QtCore.QPoint(0, -120),
        QtCore.QPoint(0, -120),
        QtCore.Qt.MouseButton.NoButton,
        QtCore.Qt.KeyboardModifier.NoModifier,
        QtCore.Qt.ScrollPhase.NoScrollPhase,
        False,
    )

    QtWidgets.QApplication.sendEvent(choice, wheel)

    assert choice.currentData() == 1


def test_a_number_that_is_none_is_refused_and_the_last_one_stands(qtbot: Any) -> None:
    number = Number(0.35)
    qtbot.addWidget(number)
    refused: list[str] = []
    number.refused.connect(refused.append)
    number.line.setText("a lot")

    qtbot.keyClick(number.line, QtCore.Qt.Key.Key_Return)

    assert refused == ["a lot"]
    assert number.text() == "0.35"
    assert number.value == 0.35


def test_a_long_path_is_cut_at_its_joints_and_a_number_never(qapp: object) -> None:
    path = "/show/plates/sh0120/bg_v014.1001.exr"

    assert breakable(f"peak 28.1 of {path}").replace("\N{ZERO WIDTH SPACE}", "|") == (
        "peak 28.1 of /|show/|plates/|sh0120/|bg_|v014.|1001.|exr"
    )


def test_a_comma_is_a_point_and_arrows_count_in_steps(qtbot: Any) -> None:
    number = Number(0.5, grid=Grid(step=0.05))
    qtbot.addWidget(number)
    number.line.setText("0,35")
    qtbot.keyClick(number.line, QtCore.Qt.Key.Key_Return)

    qtbot.keyClick(number.line, QtCore.Qt.Key.Key_Up)

    assert number.value == 0.4
    assert number.text() == "0.4"


def test_what_is_painted_is_named(qtbot: Any) -> None:
    field = Field()
    button = Button("Place", "place")
    for widget in (field, button):
        qtbot.addWidget(widget)
    field.name("Take's name", "Letters and digits.")
    button.grey("There is no take yet.")

    assert field.line.accessibleName() == "Take's name"
    assert button.accessibleName() == "Place"
    assert button.accessibleDescription() == "There is no take yet."
    assert Icon("pass").accessibleName() == ""


def test_a_key_that_is_held_presses_once(qtbot: Any) -> None:
    button, pressed = Button("Run"), []
    qtbot.addWidget(button)
    button.clicked.connect(lambda: pressed.append(1))
    kind, key = QtCore.QEvent.Type.KeyPress, QtCore.Qt.Key.Key_Return

    for repeat in (False, True, True):
        event = QtGui.QKeyEvent(kind, key, QtCore.Qt.KeyboardModifier.NoModifier, "\r", repeat, 1)
        QtWidgets.QApplication.sendEvent(button, event)

    assert pressed == [1]


def test_every_task_of_the_list_is_painted(qtbot: Any) -> None:
    """With PySide2 a flag of a row's state is no flag of its enumeration."""
    tasks = [{"task": name, "contract": {"title": name.title()}} for name in ("denoise", "matte")]
    holder = QtWidgets.QWidget()
    qtbot.addWidget(holder)
    shown = TaskList(tasks, tasks[0], holder)
    shown.resize(300, 96)

    image = shown.grab().toImage()

    for row in range(2):
        at = shown.list.visualItemRect(shown.list.item(row)).translated(1, 1)
        colours = {
            image.pixelColor(x, y).name()
            for x in range(at.left() + 44, at.right() - 60, 2)
            for y in range(at.top() + 4, at.bottom() - 4, 2)
        }
        assert len(colours) > 2


def test_a_long_path_in_a_heading_keeps_its_ends_and_is_copied_whole(qtbot: Any) -> None:
    path = "/mnt/projects/" + "/".join(f"folder{at:02d}" for at in range(12)) + "/bg_v003.####.exr"
    note = Note()
    qtbot.addWidget(note)

    note.show_error({"problem": f"There is no plate {path}.", "remedy": "Choose another."})

    assert len(note.title.text()) < 80
    assert note.title.text().endswith("/bg_v003.####.exr")
    assert path in note.text()
    assert path in note.title.toolTip()
