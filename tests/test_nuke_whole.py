"""The whole of it in Nuke, with clicks and keys alone: real windows, real engine, real Triton.

One Nuke for all tests, as an artist keeps it open; each opens a script of its own.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nuke
import nuke_session
import pytest
from disks import disk, mount
from proxy import Proxy
from samples import corner, own_models, plate, server_here, stand_in
from seat import Seat, taken

from answerprint_panel.qt import BINDING
from answerprint_panel.session import Session

PLATES = Path(__file__).parents[1] / "install" / "plates" / "denoise"
SLOW = 30  # frames, over each of which it naps a tenth of a second, or a whole one
NAP = {
    "name": "nap",
    "type": "float",
    "default": 0.0,
    "min": 0,
    "max": 1,
    "step": 0.05,
    "unit": "s",
}


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """The way to a server with three tasks; 'nap' naps over each frame as long as it is told."""
    folder = tmp_path_factory.mktemp("whole")
    models = own_models(folder / "models")
    nap = "import time\ntime.sleep(settings['nap'])\nmade = image"
    stand_in(models, "nap", nap, title="Nap", parameters=[NAP])
    with server_here(folder / "server", models) as state, Proxy(state.address) as way:
        yield way


@pytest.fixture(scope="module")
def chair(tmp_path_factory: pytest.TempPathFactory, network: Proxy, qapp: Any) -> Iterator[Seat]:
    with taken(tmp_path_factory.mktemp("artist") / "home", network.address) as made:
        yield made


@pytest.fixture
def seat(chair: Seat, tmp_path: Path) -> Iterator[Seat]:
    """Nuke with a script of the test's own, saved; the last test's jobs are gone."""
    chair.start(tmp_path / "sh0120_comp_v012.nk")
    chair.until(lambda: chair.session.server["state"] == "connected")
    chair.session.look()
    chair.until(lambda: chair.session.where.get("root") == (tmp_path / "takes").as_posix())
    yield chair
    nuke_session.check()
    while chair.panes:
        chair.close_pane()
    forget_all(chair)


def forget_all(seat: Seat) -> None:
    """End and forget all jobs, as often as it takes: one may be on its last steps."""

    def empty() -> bool:
        for job in seat.session.jobs:
            active = job["state"] in ("starting", "running", "waiting")
            (seat.session.cancel_job if active else seat.session.forget_job)(job["job"])
        return not seat.session.jobs

    seat.until(empty)


def denoised(seat: Seat, tmp_path: Path) -> None:
    """A corner of two real frames in a selected Read, the pane open with the task Denoise."""
    corner(tmp_path / "plate", PLATES, 1001, 1002)
    opened(seat, f"{tmp_path.as_posix()}/plate/noisy.####.exr", "1001-1002", "Denoise")


def small(seat: Seat, tmp_path: Path, count: int, task: str = "Passthrough") -> None:
    """A few small frames in a selected Read, the pane open with a task."""
    path = plate(tmp_path / "plate", count).as_posix()
    opened(seat, path, f"1001-{1000 + count}", task)


def begun(seat: Seat, tmp_path: Path, nap: str = "0.1") -> None:
    """A job that takes its time has finished a frame.

    nap   seconds over each frame: 1 where the job has to be running still, on any machine
    """
    small(seat, tmp_path, SLOW, "Nap")
    seat.type("Nap", nap)
    seat.press(f"Run {SLOW} frames")
    seat.until_said(f"[1-9] of {SLOW} frames")


def opened(seat: Seat, path: str, frames: str, task: str) -> Any:
    read = seat.read(path, frames)
    read.selectOnly()
    seat.open_pane()
    seat.press("Use selected")
    seat.until_said("Plate: Read1")
    seat.task(task)
    seat.until_said("Makes take v")
    return read


def done(seat: Seat, take: str, state: str = "complete") -> dict[str, Any]:
    """Wait until the job of a take has ended so; the job."""
    seat.until(lambda: [j for j in seat.session.jobs if (j["take"], j["state"]) == (take, state)])
    return next(j for j in seat.session.jobs if j["take"] == take)


def reads() -> list[str]:
    return sorted(str(node.name()) for node in nuke.allNodes("Read"))


def test_a_selected_node_becomes_a_versioned_read(seat: Seat, tmp_path: Path) -> None:
    denoised(seat, tmp_path)
    seat.until_said("2 of 2 frames, 96 . 72")
    seat.until_said("About .* for 2 frames")

    seat.type("Strength", "0.5")
    seat.press("Run 2 frames")
    job = done(seat, "v001")
    assert (job["node"], job["title"], job["done"]) == ("Read1", "Denoise", 2)

    seat.take("v001")
    seat.press("Place v001")
    seat.until_said("Read placed: answerprint_noisy_denoise")
    placed = nuke.toNode("answerprint_noisy_denoise")
    assert re.search(r"noisy_denoise_v001\.####\.exr$", placed["file"].value())
    assert placed.width() == 96
    assert not placed.hasError()
    nuke.undo()
    assert reads() == ["Read1"]


def test_progress_cancel_and_resume(seat: Seat, tmp_path: Path) -> None:
    begun(seat, tmp_path)
    assert seat.says("Safe to close Nuke")
    assert seat.says("busy with your job")

    seat.press("Cancel v001")
    seat.until_said(r"Stopped at \d+ of 30, those \d+ are kept")
    seat.press("Resume v001")
    assert done(seat, "v001")["done"] == SLOW
    seat.until_said(f"{SLOW} frames done")


def test_takes_are_compared_switched_verified_and_run_again(seat: Seat, tmp_path: Path) -> None:
    small(seat, tmp_path, 2, "Nap")
    seat.press("Run 2 frames")
    done(seat, "v001")
    seat.until_said("Makes take v002")
    seat.type("Nap", "0.05")
    seat.press("Run 2 frames")
    done(seat, "v002")
    seat.take("v002")
    seat.press("Place v002")
    seat.until_said("Read placed: answerprint_bg_nap")
    placed = nuke.toNode("answerprint_bg_nap")

    # down and up from the panel
    seat.press("More v002")
    seat.menu("answerprint_bg_nap, v002", "Older")
    seat.until_said("answerprint_bg_nap reads v001 now")
    seat.press("More v002")
    seat.menu("answerprint_bg_nap, v001", "Newer")
    seat.until_said("answerprint_bg_nap reads v002 now")

    # and from the Read's own tab
    placed["answerprint_do_older"].execute()
    seat.until(lambda: "_v001." in placed["file"].value())
    assert "Outdated, see v002" in placed["label"].value()
    placed["answerprint_do_latest"].execute()
    seat.until(lambda: "_v002." in placed["file"].value())

    seat.press("Compare v002")
    seat.until_said("v002 against Read1, in the Viewer")
    assert seat.says("choose 'wipe' between A and B")  # this Nuke offers scripts none
    seat.press("More v002")
    seat.menu("Compare with another take", "v001, .*")
    seat.until_said("v002 against v001, in the Viewer")
    viewer = nuke.allNodes("Viewer")[0]
    assert {str(viewer.input(at).name()) for at in range(2)} == {
        "answerprint_bg_nap",
        "Read1",
    }

    seat.press("More v002")
    seat.menu("Verify")
    seat.until_said("v002 verified")
    seat.press("More v002")
    seat.menu("Provenance")
    seat.until_said("Provenance of v002")
    seat.press("More v002")
    seat.menu("Run again")
    again = done(seat, "v003")
    assert again["state"] == "complete"
    seat.until(lambda: "Outdated, see v003" in placed["label"].value())


def test_a_job_outlives_panel_and_script(seat: Seat, tmp_path: Path) -> None:
    begun(seat, tmp_path, nap="1")

    seat.close_pane()
    nuke.scriptClear()
    seat.open_pane()

    seat.until_said(r"\d+ of 30 frames")
    assert seat.says("Unsaved script|Unsaved")
    seat.press("Cancel v001")
    seat.until_said("Stopped at")


def test_two_nukes_see_each_others_jobs(seat: Seat, tmp_path: Path) -> None:
    begun(seat, tmp_path, nap="1")
    other = Session(seat.session.host)
    try:
        seat.until(lambda: [job["state"] for job in other.jobs] == ["running"])
        other.cancel_job(other.jobs[0]["job"])
        seat.until_said("Stopped ")
    finally:
        other.shutdown()


def test_an_engine_that_is_killed_comes_back_by_itself(seat: Seat, tmp_path: Path) -> None:
    begun(seat, tmp_path)
    before = seat.session.engine["pid"]

    os.kill(before, signal.SIGKILL)

    seat.until(lambda: seat.session.engine["pid"] not in (before, None))
    done(seat, "v001")
    seat.until_said(f"{SLOW} frames done")
    seat.until(lambda: not seat.found(".*engine ended.*"))


def test_a_server_that_goes_away_is_waited_for(seat: Seat, tmp_path: Path, network: Proxy) -> None:
    begun(seat, tmp_path)

    network.shut()
    try:
        seat.until_said("Server away")
        seat.until_said("finished and safe")
        seat.press("New take, .*, folded")
        assert not seat.control(f"Run {SLOW} frames").isEnabled()
        assert seat.says("Run waits for the server. Your settings are kept.")
    finally:
        network.open()
    seat.until_said("Connected to")
    assert done(seat, "v001")["done"] == SLOW


def test_a_node_is_rendered_and_its_render_can_be_stopped(seat: Seat, tmp_path: Path) -> None:
    read = seat.read(plate(tmp_path / "plate", 12).as_posix(), "1001-1012")
    grade = nuke.nodes.Grade(name="Grade1")
    grade.setInput(0, read)
    grade.selectOnly()
    nodes = sorted(node.name() for node in nuke.allNodes())
    seat.open_pane()
    seat.press("Use selected")
    seat.task("Passthrough")
    seat.until_said("Run 12 frames")

    seat.press("Run 12 frames")
    seat.until_said("Nuke renders Grade1: [1-9]")
    seat.press("Cancel")
    seat.until_said("Rendering Grade1 was cancelled with .* frames to go")
    assert sorted(node.name() for node in nuke.allNodes()) == nodes
    assert not seat.session.jobs

    seat.press("Try again")
    seat.press("Run 12 frames")
    job = done(seat, "v001")
    assert (job["node"], job["done"]) == ("Grade1", 12)
    assert len(nuke_session.state.executed) == 12  # none was rendered twice
    assert not nuke_session.undo_steps() or "Write" not in str(nuke_session.undo_steps())


def test_a_missing_frame_is_named_with_one_press_to_go_on(seat: Seat, tmp_path: Path) -> None:
    path = plate(tmp_path / "plate", 4)
    (tmp_path / "plate" / "bg.1003.exr").unlink()
    seat.read(path.as_posix(), "1001-1004").selectOnly()
    seat.open_pane()
    seat.task("Passthrough")
    seat.until_said("3 of 4 frames.*1003 missing")

    seat.until_said("lacks .*1003")
    seat.press("Run the 3 frames that are there")
    seat.press("Run 3 frames")
    assert done(seat, "v001")["done"] == 3


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (None, "No node is selected"),
        ("Camera3", "Camera1 is no image"),
        ("tcl", "is an expression that stands for no single plate"),
    ],
)
def test_what_is_no_plate_is_said(seat: Seat, tmp_path: Path, node: str | None, said: str) -> None:
    path = plate(tmp_path / "plate", 1).as_posix()
    seat.open_pane()
    if node == "tcl":
        seat.read("/plates/[python os.getcwd]/bg.####.exr", "1001-1002").selectOnly()
    elif node:
        getattr(nuke.nodes, node)(name="Camera1").selectOnly()

    seat.press("Use selected")
    seat.until_said(said)
    assert not seat.session.jobs

    seat.read(path, "1001-1001", "Read2").selectOnly()
    seat.press("Use selected")
    seat.until_said("Plate: Read2")
    seat.until(lambda: not seat.says(said))


def test_an_unsaved_script_waits_until_it_is_saved(chair: Seat, tmp_path: Path) -> None:
    chair.start()
    chair.read(plate(tmp_path / "plate", 1).as_posix(), "1001-1001").selectOnly()
    chair.open_pane()
    chair.task("Passthrough")
    chair.until_said("[Ss]ave the script")
    assert not chair.control("Run 1 frame").isEnabled()

    nuke.scriptSaveAs((tmp_path / "comp.nk").as_posix(), 1)
    chair.press("Run 1 frame")
    done(chair, "v001")
    chair.close_pane()
    forget_all(chair)


def test_a_read_only_destination_is_said_before_anything_runs(chair: Seat, tmp_path: Path) -> None:
    path = plate(tmp_path / "plate", 1).as_posix()
    with disk(tmp_path / "shot", "2m") as shot:
        chair.start(shot / "comp.nk")
        assert mount("-o", "remount,ro", shot) == ""
        chair.read(path, "1001-1001").selectOnly()
        chair.open_pane()
        chair.task("Passthrough")
        chair.until_said("cannot be (written|made)|[Rr]ead-only")
        assert not chair.control("Run 1 frame").isEnabled()
        chair.close_pane()
    assert not chair.session.jobs


def test_a_broken_site_file_is_named_and_healed(seat: Seat, tmp_path: Path) -> None:
    small(seat, tmp_path, 4)
    own = Path(os.environ["ANSWERPRINT_HOME"]) / "site.toml"
    own.write_text("root = [")
    try:
        seat.choose("Frames", "Custom")
        seat.type("Last frame", "1003")
        seat.until_said("site.toml cannot be read")
    finally:
        own.unlink()

    if seat.found("Try again"):
        seat.press("Try again")
    seat.press("Run 3 frames")
    assert done(seat, "v001")["done"] == 3


def test_a_parameter_of_an_unknown_kind_is_typed_as_text(seat: Seat, tmp_path: Path) -> None:
    """As when the server is newer than the panel."""
    small(seat, tmp_path, 1)
    known = next(one for one in seat.session.tasks if one["task"] == "passthrough")
    tint = {"name": "tint", "type": "colour", "default": "#fff"}
    contract = {**known["contract"], "task": "tinted", "title": "Tinted", "parameters": [tint]}
    seat.session.tasks.append({**known, "task": "tinted", "contract": contract})
    seat.session.tasksChanged.emit(seat.session.tasks)

    seat.task("Tinted")

    assert seat.control("Tint").text() == "#fff"
    assert seat.says("does not know the type 'colour'")
    seat.session.tasks.pop()


# what an artist does every day; the rest is about the engine and the network, which know no Qt
DAILY = (
    test_a_selected_node_becomes_a_versioned_read,
    test_progress_cancel_and_resume,
    test_takes_are_compared_switched_verified_and_run_again,
    test_a_job_outlives_panel_and_script,
    test_a_node_is_rendered_and_its_render_can_be_stopped,
    test_a_parameter_of_an_unknown_kind_is_typed_as_text,
)


@pytest.mark.skipif(BINDING != "PySide6", reason="it is this one that runs the other")
def test_the_daily_work_is_the_same_in_the_other_qt() -> None:
    """In Qt 5, as Nuke 13 to 15 have it; in a process of its own, for one has one Qt."""
    if find_spec("PySide2") is None:
        needed = "the panel in Qt 5 needs PySide2, which is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(needed)
        pytest.skip(needed)
    tests = [f"{__file__}::{test.__name__}" for test in DAILY]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        env={**os.environ, "PYTEST_QT_API": "pyside2", "ANSWERPRINT_QT": "PySide2"},
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
    )

    assert re.search(rf"^{len(DAILY)} passed in ", ran.stdout, re.MULTILINE), ran.stdout[-9000:]
