"""From the selected node to a running job: real panel, real engine, real server."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from desk import MILLISECONDS, engine, opened
from panel_host import DiskHost

from answerprint_panel.host import HostError, Source
from answerprint_panel.panel import Panel
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets, has
from answerprint_panel.session import Session

Wait = Callable[[Callable[[], Any]], None]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, address: str) -> Iterator[Session]:
    """One session for all of them, as panels come and go in a host."""
    with pytest.MonkeyPatch.context() as environment:
        engine(environment, tmp_path_factory.mktemp("desk") / "home", address)
        with opened(DiskHost()) as made:
            yield made


@pytest.fixture
def wait(qtbot: Any) -> Wait:
    return lambda is_so: qtbot.waitUntil(lambda: bool(is_so()), timeout=MILLISECONDS)


@pytest.fixture
def session(desk: Session, wait: Wait, tmp_path: Path, plate: Path) -> Session:
    """With a script of the test's own; Read3 is selected."""
    host = desk.host
    assert isinstance(host, DiskHost)
    (tmp_path / "shot").mkdir()
    host.__init__(tmp_path / "shot" / "sh0120.nk")  # type: ignore[misc]  # as good as new
    host.read(plate / "noisy.####.exr", last=1002)
    desk.refresh()
    wait(lambda: desk.where.get("root") == (tmp_path / "shot" / "takes").as_posix())
    wait(lambda: desk.tasks)
    return desk


@pytest.fixture
def host(session: Session) -> DiskHost:
    assert isinstance(session.host, DiskHost)
    return session.host


@pytest.fixture
def panel(qtbot: Any, session: Session, wait: Wait) -> Panel:
    """Opened, with the passthrough task and its plan."""
    made = Panel(session)
    qtbot.addWidget(made)
    made.resize(420, 900)
    made.show()
    pick(made, session, "passthrough")
    wait(lambda: planned(made))
    return made


def pick(panel: Panel, session: Session, task: str) -> None:
    panel.new_take.pick(next(one for one in session.tasks if one["task"] == task))


def jobs(session: Session) -> list[dict[str, Any]]:
    """Those of the open script."""
    return [job for job in session.jobs if job["script"] == session.host.script()]


def told(session: Session, server: dict[str, Any]) -> None:
    """What the engine says of the server."""
    session.server = server
    session.serverChanged.emit(server)


def chain(first: QtWidgets.QWidget) -> Iterator[QtWidgets.QWidget]:
    """The way of the Tab key, once round."""
    at: QtWidgets.QWidget | None = first
    while at is not None:
        yield at
        at = at.nextInFocusChain()
        if at is first:
            return


def planned(panel: Panel) -> bool:
    study = panel.new_take.study
    return bool(study.plan) and not study.is_planning()


def test_a_selected_node_becomes_a_running_job_with_one_press(
    session: Session, panel: Panel, wait: Wait, host: DiskHost, tmp_path: Path
) -> None:
    parts = panel.new_take.parts
    wait(lambda: parts.plate.facts.words.text().startswith("2 of 2 frames"))
    assert parts.run.all.text() == "Run 2 frames"
    assert parts.run.all.filled
    assert parts.run.take.text() == "Makes take v001"
    assert parts.run.estimate.text().startswith("About")

    parts.run.all.click()
    wait(lambda: [job["state"] for job in jobs(session)] == ["complete"])

    job = jobs(session)[0]
    assert (job["take"], job["node"], job["task"]) == ("v001", "Read3", "passthrough")
    assert len(list((tmp_path / "shot" / "takes").rglob("*_v001.*.exr"))) == 2
    wait(lambda: parts.run.take.text() == "Makes take v002")


def test_a_take_for_the_farm_is_claimed_and_its_commands_are_copied(
    panel: Panel, session: Session, host: DiskHost, wait: Wait, tmp_path: Path
) -> None:
    wait(lambda: planned(panel))
    take = panel.new_take.study.plan["take"]

    panel.new_take.parts.run.farmed.emit()

    note = panel.new_take.parts.run.note
    wait(lambda: "Copy commands" in note.button.text())
    assert note.title.text() == f"{take} waits for the farm: frames 1001-1002"
    assert not jobs(session)
    note.button.click()
    copied = QtWidgets.QApplication.clipboard().text()
    assert copied.startswith(str(session.engine["python"]))
    assert copied.endswith("--frames=1001-1002")
    assert not note.isHidden()


def test_one_press_runs_the_hosts_current_frame_alone(
    session: Session, panel: Panel, wait: Wait, host: DiskHost
) -> None:
    host.now = 1002

    panel.new_take.parts.run.one.click()
    wait(lambda: [job["state"] for job in jobs(session)] == ["complete"])

    assert jobs(session)[0]["frames"] == "1002"


def test_frames_that_are_not_there_are_said_at_the_range_and_one_button_runs_the_others(
    session: Session, panel: Panel, wait: Wait, host: DiskHost, plate: Path
) -> None:
    parts = panel.new_take.parts
    host.read(plate / "noisy.####.exr", node="Read4", last=1009)

    parts.plate.use.click()
    wait(lambda: parts.frames.note.error)
    panel.settle_filled()
    assert not parts.run.all.isEnabled()
    assert parts.frames.note.button.filled
    assert not parts.run.all.filled

    assert parts.frames.note.button.text().startswith("Run ")
    parts.frames.note.button.click()
    wait(lambda: [job["state"] for job in jobs(session)] == ["complete"])

    assert jobs(session)[0]["frames"] == panel.new_take.draft.custom == "1001-1002"
    assert not parts.frames.note.error


def test_layers_are_found_by_name_and_can_be_chosen(
    session: Session, panel: Panel, wait: Wait
) -> None:
    parts = panel.new_take.parts
    pick(panel, session, "denoise")
    wait(lambda: planned(panel) and panel.new_take.study.plan.get("task") == "denoise")
    rows = parts.layers.rows
    assert [row.word.words.text() for row in rows.values()] == ["found"] * 3

    rows["normal"].choice.chosen.emit("none")
    wait(lambda: "normal" in (panel.new_take.study.plan.get("absent") or []))

    assert rows["normal"].word.words.text() == "not used"
    assert rows["normal"].choice.currentText() == "not used"
    assert "kept" in parts.layers.kept.text()


def test_nothing_selected_is_said_beside_the_plate_and_the_last_plate_stays(
    panel: Panel, host: DiskHost
) -> None:
    parts = panel.new_take.parts
    host.selected = None

    parts.plate.use.click()

    assert parts.plate.note.title.text() == "No node is selected"
    assert panel.new_take.draft.source is not None


def test_a_node_that_was_deleted_is_missed_before_anything_runs(
    session: Session, panel: Panel, host: DiskHost
) -> None:
    del host.nodes["Read3"]

    panel.new_take.parts.run.all.click()

    assert not panel.new_take.launch.is_busy()
    assert "not in the script any more" in panel.new_take.parts.plate.note.title.text()
    assert not jobs(session)


def test_a_script_without_a_name_greys_run_and_says_why(
    session: Session, panel: Panel, wait: Wait, host: DiskHost
) -> None:
    host.path = None
    wait(lambda: "error" in session.where)

    run = panel.new_take.parts.run
    assert not run.all.isEnabled()
    assert "Save the script" in run.all.toolTip()
    assert "Save the script" in run.estimate.text()


def test_a_node_is_rendered_first_and_its_frames_are_used_again(
    session: Session, panel: Panel, wait: Wait, host: DiskHost, plate: Path
) -> None:
    parts = panel.new_take.parts
    host.frames_of["Merge7"] = (plate / "noisy.####.exr").as_posix()
    host.add(Source("Merge7", "render", "", 1001, 1002, "Merge2", key="a1"))
    parts.plate.use.click()
    wait(parts.run.all.isEnabled)
    assert parts.plate.facts.words.text() == "2 frames, rendered by Nuke when it runs"

    parts.run.all.click()
    wait(lambda: [job["state"] for job in jobs(session)] == ["complete"])

    assert host.rendered == [1001, 1002]
    assert jobs(session)[0]["node"] == "Merge7"
    assert parts.plate.facts.words.text().startswith("2 of 2 frames")


def test_a_render_that_is_cancelled_runs_nothing_and_says_so(
    session: Session, panel: Panel, wait: Wait, host: DiskHost, plate: Path
) -> None:
    parts = panel.new_take.parts
    host.frames_of["Merge7"] = (plate / "noisy.####.exr").as_posix()
    host.add(Source("Merge7", "render", "", 1001, 1002, "Merge2", key="a1"))
    parts.plate.use.click()
    wait(parts.run.all.isEnabled)

    parts.run.all.click()
    panel.new_take.launch.cancel()

    assert parts.run.note.title.text() == "The render was cancelled"
    assert not jobs(session)


def test_settings_live_through_a_server_that_goes(
    session: Session, panel: Panel, wait: Wait
) -> None:
    parts = panel.new_take.parts
    pick(panel, session, "denoise")
    parts.form.rows["strength"].changed.emit(0.35)
    there = session.server
    told(session, {**there, "state": "away", "problem": "triton-01 does not answer."})
    panel.settle_filled()

    try:
        assert panel.note.title.text() == "triton-01 does not answer"
        assert panel.note.button.filled
        assert not parts.run.all.isEnabled()
        assert parts.run.estimate.text() == "Run waits for the server. Your settings are kept."
        assert panel.new_take.draft.settings.parameters == {"strength": 0.35}
    finally:
        told(session, there)
    wait(parts.run.all.isEnabled)


def test_a_preset_is_saved_for_the_task_and_offered_again(
    qtbot: Any, session: Session, panel: Panel, wait: Wait
) -> None:
    parts = panel.new_take.parts
    pick(panel, session, "denoise")
    assert not parts.presets.save.isEnabled()
    parts.form.rows["strength"].changed.emit(0.35)
    parts.presets.save.click()
    parts.presets.name.line.setText("soft")

    qtbot.keyClick(parts.presets.name.line, Qt.Key.Key_Return)
    wait(lambda: parts.presets.choice.count() == 2)

    assert parts.presets.choice.currentText() == "soft, yours"
    assert parts.presets.choice.remark == ""
    parts.form.rows["strength"].changed.emit(0.4)
    assert parts.presets.choice.remark == "edited"


def test_keys_enter_runs_escape_returns_and_tab_goes_down(
    qtbot: Any, session: Session, panel: Panel, wait: Wait, host: DiskHost
) -> None:
    panel.order()
    parts = panel.new_take.parts
    way = [parts.task, parts.plate.box, parts.plate.use, parts.frames.mode, parts.colour.choice]
    assert [one for one in chain(parts.task) if one in way] == way

    qtbot.keyClick(panel, Qt.Key.Key_Escape)
    assert host.focus_returned == 1
    qtbot.keyClick(panel.new_take, Qt.Key.Key_Return)
    wait(lambda: [job["state"] for job in jobs(session)] == ["complete"])
    for _ in range(3):
        held = QtGui.QKeyEvent(
            QtCore.QEvent.Type.KeyPress,
            Qt.Key.Key_Return,
            Qt.KeyboardModifier.NoModifier,
            "\r",
            True,
            1,
        )
        QtWidgets.QApplication.sendEvent(panel.new_take, held)
        assert not panel.new_take.launch.is_busy()


def test_a_panel_that_is_closed_in_mid_question_leaves_no_trace(
    qtbot: Any, session: Session, wait: Wait, host: DiskHost
) -> None:
    first = Panel(session)
    first.new_take.refresh()
    first.deleteLater()
    del first

    second = Panel(session)
    qtbot.addWidget(second)
    wait(lambda: second.new_take.study.facts and planned(second))


def test_what_is_told_of_another_plate_is_not_taken_for_this_ones(
    session: Session, panel: Panel, wait: Wait, host: DiskHost
) -> None:
    new_take, read = panel.new_take, host.nodes["Read3"]
    new_take.use(Source("Merge7", "render", "", 1001, 1002, "Merge2", key="late"))
    QtWidgets.QApplication.processEvents()  # it is asked where Merge7 is rendered to

    new_take.use(read)
    answers: list[dict[str, Any]] = []
    session.first(["where"], answers.append)  # answered after the one before
    wait(lambda: answers and planned(panel))

    assert new_take.draft.path == read.path
    assert "estimate" in new_take.study.plan


def test_a_read_that_has_changed_keeps_what_was_set_and_runs_when_asked_again(
    session: Session, panel: Panel, wait: Wait, host: DiskHost, plate: Path, tmp_path: Path
) -> None:
    new_take, parts = panel.new_take, panel.new_take.parts
    parts.frames.ranged.emit("1002")
    parts.colour.said.emit("ACEScct")
    shutil.copytree(plate, tmp_path / "plate_v002")
    host.read(tmp_path / "plate_v002" / "noisy.####.exr", last=1002)

    wait(parts.run.all.isEnabled)
    parts.run.all.click()

    assert parts.plate.note.title.text() == "Read3 has changed: look again"
    assert not new_take.launch.is_busy()
    wait(lambda: planned(panel))
    assert not jobs(session)
    parts.run.all.click()
    wait(lambda: [job["state"] for job in jobs(session)] == ["complete"])
    assert jobs(session)[0]["frames"] == "1002"
    assert new_take.draft.space == "ACEScct"
    assert "plate_v002" in new_take.draft.path
    assert not parts.plate.note.error


def test_a_launch_that_failed_is_said_until_it_is_tried_again_as_it_was_asked_for(
    session: Session, panel: Panel, wait: Wait, host: DiskHost
) -> None:
    new_take, parts = panel.new_take, panel.new_take.parts
    host.now = 1002
    parts.run.one.click()
    wait(lambda: [job["state"] for job in jobs(session)] == ["complete"])
    new_take.launch.failed.emit({"error": "SetupError", "problem": "No process could begin."})

    parts.more.handles.changed.emit(1)
    parts.more.handles.changed.emit(0)
    wait(lambda: planned(panel))
    assert parts.run.note.title.text() == "No process could begin"

    parts.run.note.button.click()
    wait(lambda: [job["state"] for job in jobs(session)] == ["complete"] * 2)
    assert [job["frames"] for job in jobs(session)] == ["1002"] * 2
    assert not parts.run.note.error


def test_a_file_that_was_just_chosen_is_looked_at_before_it_can_run(
    panel: Panel, wait: Wait, plate: Path
) -> None:
    run = panel.new_take.parts.run

    panel.new_take.parts.plate.opened.emit((plate / "noisy.1001.exr").as_posix())

    assert not run.all.isEnabled()
    assert run.all.toolTip() == "Looking at the plate."
    wait(run.all.isEnabled)
    assert run.all.text() == "Run 2 frames"


def test_a_count_and_an_estimate_are_never_those_of_another_range(panel: Panel, wait: Wait) -> None:
    run = panel.new_take.parts.run
    assert run.estimate.text()

    panel.new_take.parts.frames.ranged.emit("1002")

    assert run.all.text() == "Run 1 frame"
    assert not run.estimate.text()
    wait(run.estimate.text)


def test_a_curve_that_is_gone_is_said_and_run_waits(
    session: Session, panel: Panel, host: DiskHost
) -> None:
    def gone(_frame: int) -> float:
        raise HostError("Grade1.mix is gone.", "Choose another curve.")

    new_take = panel.new_take
    pick(panel, session, "denoise")
    host.animated["Grade1.mix"] = gone
    strength = next(one for one in new_take.draft.parameters if one["name"] == "strength")

    new_take.parts.form.drive(strength, "Grade1.mix")

    assert new_take.parts.run.note.title.text() == "Grade1.mix is gone"
    assert not new_take.parts.run.all.isEnabled()
    new_take.parts.form.rows["strength"].curve.click()
    assert new_take.parts.run.all.isEnabled()


def test_a_space_that_is_none_is_said_once_beside_the_colour_with_the_way_back(
    panel: Panel, wait: Wait
) -> None:
    parts = panel.new_take.parts
    parts.colour.said.emit("Nonsense")
    wait(lambda: parts.colour.note.error and panel.new_take.study.facts)

    assert "'Nonsense'" in parts.colour.note.title.text()
    assert "Nonsense" not in parts.plate.facts.words.text()
    assert [note for note in parts.notes if note.error] == [parts.colour.note]
    assert parts.colour.note.button.text() == "As found"
    parts.colour.note.button.click()
    wait(lambda: planned(panel) and parts.run.all.isEnabled())

    assert panel.new_take.draft.space is None
    assert not parts.colour.note.error


def test_what_a_button_asked_for_in_vain_is_said(panel: Panel, wait: Wait) -> None:
    parts = panel.new_take.parts

    panel.new_take.mend({"label": "Start a server here", "argv": ["serve", "--nonsense"]})

    wait(lambda: "--nonsense" in parts.run.note.title.text())


def test_a_preset_that_the_task_does_not_take_is_greyed_and_ones_own_is_removed(
    session: Session, panel: Panel, wait: Wait
) -> None:
    presets = panel.new_take.parts.presets
    pick(panel, session, "denoise")
    for name, values in (("odd", '{"strength": "abc"}'), ("good", '{"strength": 0.4}')):
        argv = ["presets", "denoise", "--save", name, "--parameters", values, "--replace"]
        session.first(argv, lambda _: presets.ask())
    wait(lambda: presets.choice.findText("odd, yours") > 0)
    wait(lambda: presets.choice.findText("good, yours") > 0)
    odd, good = (presets.choice.findText(f"{name}, yours") for name in ("odd", "good"))

    presets.choice.chosen.emit(odd - 1)
    assert not panel.new_take.draft.settings.parameters
    assert "odd: Strength is wrong" in presets.hint.words.text()
    model = presets.choice.model()
    assert not has(model.flags(model.index(odd, 0)), Qt.ItemFlag.ItemIsEnabled)

    presets.choice.chosen.emit(good - 1)
    assert panel.new_take.draft.settings.parameters == {"strength": 0.4}
    assert not presets.remove.isHidden()
    for name in ("good", "odd"):
        presets.take_away("denoise", {"preset": name})
    wait(lambda: presets.choice.findText("good, yours") < 0 > presets.choice.findText("odd, yours"))
    assert presets.remove.isHidden()
