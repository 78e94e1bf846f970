"""A node goes to disk frame by frame; the script is afterwards as it was before."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nuke
import nuke_session
import numpy as np
import pytest
from comp import Comp, comp, terminal

from answerprint import exr
from answerprint_panel import launch
from answerprint_panel.host import HostError, Rendering, Source
from answerprint_panel.qt import QtCore, QtWidgets

__all__ = ["comp", "terminal"]  # fixtures, used by their names


def graded(comp: Comp) -> Any:
    grade = nuke.nodes.Grade(name="Grade1")
    grade.setInput(0, comp.read())
    grade["multiply"].setValue(2.0)
    return grade


class Told:
    """A rendering, and what it told."""

    def __init__(
        self,
        comp: Comp,
        pattern: str = "",
        frames: tuple[int, ...] = (1001, 1002),
        meanwhile: Callable[[Rendering], object] = lambda _: None,
    ) -> None:
        self.meanwhile = meanwhile
        self.pattern = pattern or f"{comp.folder.as_posix()}/renders/abc/Grade1.####.exr"
        self.steps: list[tuple[int, int]] = []
        self.ends: list[HostError | None] = []
        self.rendering = Rendering()
        keyed: list[Source] = []
        comp.host.keyed(comp.host.source("Grade1"), lambda found, _: keyed.append(found), wait=True)
        self.rendering = comp.host.render(
            keyed[0],
            list(frames),
            self.pattern,
            self._step,
            self.ends.append,
        )

    def _step(self, done: int, count: int) -> None:
        self.steps.append((done, count))
        self.meanwhile(self.rendering)

    def file(self, frame: int) -> Path:
        return Path(self.pattern.replace("####", str(frame)))


def test_its_pixels_are_the_nodes(terminal: Comp) -> None:
    graded(terminal)
    told = Told(terminal)

    assert (told.steps, told.ends) == ([(1, 2), (2, 2)], [None])
    before = exr.read(terminal.folder / "plate/noisy.1001.exr").parts[0].channels
    after = exr.read(told.file(1001)).parts[0].channels
    np.testing.assert_allclose(after["R"], 2 * before["R"].astype(np.float32), rtol=1e-3)
    assert after["R"].dtype == np.float32
    assert {name.partition(".")[0] for name in after} == {name.partition(".")[0] for name in before}


def test_the_script_is_left_as_it_was(terminal: Comp) -> None:
    graded(terminal).setSelected(True)
    nuke.root().setModified(False)
    before, steps = terminal.names(), nuke_session.undo_steps()

    Told(terminal)

    assert terminal.names() == before
    assert nuke_session.undo_steps() == steps
    assert not nuke.root().modified()
    assert [node.name() for node in nuke.selectedNodes()] == ["Grade1"]


def test_frames_that_are_there_are_used_again(terminal: Comp) -> None:
    graded(terminal)
    first = Told(terminal, frames=(1001,))
    stamp = first.file(1001).stat().st_mtime_ns

    second = Told(terminal)

    assert (second.steps, second.ends) == ([(2, 2)], [None])
    assert second.file(1001).stat().st_mtime_ns == stamp


def test_proxy_mode_does_not_make_it_small(terminal: Comp) -> None:
    graded(terminal)
    nuke.root().setProxy(True)

    told = Told(terminal)

    assert told.ends == [None]
    assert all("proxy" not in Path(path).name for *_, path in nuke_session.state.executed)
    assert nuke.root().proxy()
    assert "full size" in " ".join(terminal.host.source("Grade1").remarks)


def test_a_node_inside_a_group_is_rendered_there(terminal: Comp) -> None:
    group = nuke.nodes.Group(name="Group1")
    with group:
        grade = nuke.nodes.Grade(name="Inner")
        grade.setInput(0, terminal.read())
    ends: list[HostError | None] = []

    terminal.host.render(
        terminal.host.source("Group1.Inner"),
        [1001],
        f"{terminal.folder.as_posix()}/renders/inner.####.exr",
        lambda *_: None,
        ends.append,
    )

    assert ends == [None]
    assert (terminal.folder / "renders/inner.1001.exr").is_file()
    assert sorted(node.name() for node in group.nodes()) == ["Inner", "Read1"]


def test_only_the_views_that_were_asked_for(terminal: Comp) -> None:
    for view in ("left", "right"):
        nuke.root().addView(view)
    graded(terminal)

    told = Told(terminal, f"{terminal.folder.as_posix()}/renders/Grade1.%V.####.exr", (1001,))

    assert told.ends == [None]
    made = {file.name for file in (terminal.folder / "renders").iterdir()}
    assert made == {f"Grade1.{view}.1001.exr" for view in nuke.views()}


def test_one_file_holds_all_views_where_the_path_names_none(terminal: Comp) -> None:
    for view in ("left", "right"):
        nuke.root().addView(view)
    graded(terminal)

    told = Told(terminal, frames=(1001,))

    assert told.ends == [None]
    assert set(exr.read(told.file(1001)).views()) == set(nuke.views())


def test_a_frame_that_cannot_be_rendered_is_named_and_leaves_no_write(terminal: Comp) -> None:
    graded(terminal)
    (terminal.folder / "plate/noisy.1002.exr").unlink()
    before = terminal.names()

    told = Told(terminal)

    assert told.steps == [(1, 2)]
    assert told.ends[0] is not None
    assert told.ends[0].problem.startswith("Nuke cannot render Grade1 at frame 1002: ")
    assert terminal.names() == before


def test_a_read_only_destination_is_named_before_anything_is_rendered(terminal: Comp) -> None:
    graded(terminal)
    (terminal.folder / "renders").write_text("a file where a folder should be")

    with pytest.raises(HostError, match=r"cannot be made: .*/renders/abc"):
        Told(terminal)

    (terminal.folder / "renders").chmod(stat.S_IRUSR)


def test_never_inside_another_render(terminal: Comp) -> None:
    graded(terminal)
    nuke_session.state.executing = True

    with pytest.raises(HostError, match="Nuke is rendering already"):
        Told(terminal)

    nuke_session.state.executing = False


def test_with_a_ui_it_breathes_between_frames_and_can_be_cancelled(comp: Comp, qtbot: Any) -> None:
    graded(comp)
    before = comp.names()

    told = Told(comp, meanwhile=lambda rendering: rendering.cancel())

    assert told.steps == []
    qtbot.waitUntil(lambda: bool(told.ends))
    assert told.steps == [(1, 2)]
    assert told.ends[0] is not None
    assert told.ends[0].problem == "Rendering Grade1 was cancelled with 1 of 2 frames to go."
    assert told.file(1001).is_file()
    assert comp.names() == before


def test_a_script_that_is_closed_meanwhile_ends_it_in_words(comp: Comp, qtbot: Any) -> None:
    graded(comp)

    told = Told(comp, meanwhile=lambda _: nuke.scriptClear())
    qtbot.waitUntil(lambda: bool(told.ends))

    assert told.ends[0] is not None
    assert told.ends[0].problem == "The script was closed while Grade1 was being rendered."


def multiplied(value: float) -> Callable[[Rendering], object]:
    return lambda _: nuke.toNode("Grade1")["multiply"].setValue(value)


def test_frames_of_a_node_that_was_changed_meanwhile_are_never_mixed(terminal: Comp) -> None:
    graded(terminal)

    told = Told(terminal, meanwhile=multiplied(10.0))

    assert told.steps == [(1, 2)]
    assert told.ends[0] is not None
    assert told.ends[0].problem.startswith("Grade1 was changed while it was being rendered")
    assert not told.file(1002).exists()
    multiplied(2.0)(told.rendering)
    again = Told(terminal)
    assert (again.steps, again.ends) == ([(2, 2)], [None])
    means = [exr.read(told.file(frame)).parts[0].channels["R"].mean() for frame in (1001, 1002)]
    assert means[0] == pytest.approx(means[1], rel=0.2)


def test_a_frame_during_which_the_node_was_changed_is_taken_away(terminal: Comp) -> None:
    graded(terminal)
    nuke.addAfterFrameRender(lambda: multiplied(10.0)(Rendering()))

    told = Told(terminal)

    assert told.steps == []
    assert told.ends[0] is not None
    assert not told.file(1001).exists()


def test_a_script_that_takes_the_others_place_is_not_rendered(terminal: Comp) -> None:
    graded(terminal)

    def other(_: Rendering) -> None:
        nuke.scriptClear()
        graded(terminal)

    told = Told(terminal, meanwhile=other)

    assert told.ends[0] is not None
    assert told.ends[0].problem == "The script was closed while Grade1 was being rendered."
    assert not told.file(1002).exists()


def test_a_script_that_is_closed_within_a_frame_takes_nothing_of_ours_along(
    terminal: Comp,
) -> None:
    graded(terminal)
    nuke.addAfterRender(nuke.scriptClear)

    told = Told(terminal)

    assert told.steps == []
    assert told.ends[0] is not None
    assert "fault" not in told.ends[0].remedy
    assert not told.file(1001).exists()


def test_files_that_are_rendered_anew_meanwhile_spoil_all_of_it(terminal: Comp) -> None:
    graded(terminal)

    told = Told(
        terminal, meanwhile=lambda _: os.utime(terminal.folder / "plate/noisy.1001.exr", (1, 1))
    )

    assert told.ends[0] is not None
    assert told.ends[0].problem.startswith("Files above Grade1 were rendered anew")
    assert not told.file(1001).exists()
    assert not told.file(1002).exists()


def test_who_looks_on_and_fails_loses_no_frame(terminal: Comp) -> None:
    def failing(_: Rendering) -> None:
        raise RuntimeError("Signal source has been deleted")

    graded(terminal)

    told = Told(terminal, meanwhile=failing)

    assert told.ends == [None]
    assert told.file(1002).is_file()


def test_what_nobody_expected_is_told_as_well(terminal: Comp) -> None:
    def breaking() -> None:
        raise OSError("no such disk")

    graded(terminal)
    nuke.addBeforeFrameRender(breaking)

    told = Told(terminal)

    assert told.ends[0] is not None
    assert "no such disk" in told.ends[0].problem
    assert terminal.names() == ["Grade1", "Read1"]


@pytest.mark.parametrize("fails", [False, True])
def test_proxy_mode_is_switched_once_and_comes_back(terminal: Comp, fails: bool) -> None:
    graded(terminal)
    nuke.root().setProxy(True)
    nuke.root().setModified(False)
    switched: list[bool] = []
    nuke.addKnobChanged(lambda: switched.append(nuke.root().proxy()), nodeClass="Root")
    if fails:
        (terminal.folder / "plate/noisy.1002.exr").unlink()

    told = Told(terminal)

    assert (told.ends == [None]) is not fails
    assert switched == [False, True]
    assert nuke.root().proxy()
    assert not nuke.root().modified()


def test_a_panel_that_is_closed_loses_no_job(comp: Comp, qtbot: Any) -> None:
    """The launch is the session's: whoever clicked may close the panel and go on."""
    graded(comp)

    class Session(QtCore.QObject):
        def __init__(self) -> None:
            super().__init__()
            self.host, self.begun = comp.host, list[Any]()

        def run(self, job: Any, _then: Any) -> None:
            self.begun.append(job)

        def note(self, what: str, error: Any) -> None:
            raise AssertionError(what, error)

    session, panel = Session(), QtWidgets.QLabel()
    begun: Any = launch.of(session)  # type: ignore[arg-type]  # all of a session that it needs
    begun.stepped.connect(panel.setNum)
    begun.render_and_run(
        {"plate": f"{comp.folder.as_posix()}/renders/a.####.exr"},
        comp.host.source("Grade1"),
        [1001, 1002],
    )

    panel.deleteLater()
    del panel

    qtbot.waitUntil(lambda: len(session.begun) == 1)
    assert launch.of(session) is begun  # type: ignore[arg-type]
    assert (comp.folder / "renders/a.1002.exr").is_file()
