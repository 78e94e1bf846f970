"""The key of a node changes whenever its pixels may have: what is rendered under it is used again."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nuke
import nuke_session
import pytest
from comp import PLATES, Comp, comp

from answerprint_panel import keying, stamps
from answerprint_panel.host import HostError, Source

__all__ = ["comp"]  # a fixture, used by its name


def key(comp: Comp, node: str = "Grade1") -> str:
    told: list[tuple[Source, HostError | None]] = []
    comp.host.keyed(comp.host.source(node), lambda *said: told.append(said), wait=True)
    assert told[0][1] is None
    return told[0][0].key


@pytest.fixture
def graded(comp: Comp) -> Comp:
    """A Grade below a Read of three frames, and a Grade that an expression names."""
    shutil.copy(PLATES / "noisy.1002.exr", comp.folder / "plate/noisy.1003.exr")
    grade = nuke.nodes.Grade(name="Grade1")
    grade.setInput(0, comp.read(frames="1001-1003"))
    nuke.nodes.Grade(name="Control")
    grade["multiply"].setExpression("Control.multiply")
    return comp


def test_it_is_the_same_for_the_same_script(graded: Comp) -> None:
    assert re.fullmatch("[0-9a-f]{16}-[0-9a-f]{16}", key(graded))
    assert key(graded) == key(graded)


def test_it_stays_while_the_pixels_do(graded: Comp) -> None:
    before = key(graded)

    nuke.frame(1002)
    nuke.toNode("Grade1").setXYpos(300, 300)
    nuke.toNode("Read1")["label"].setValue("the plate")
    nuke.nodes.Grade(name="Other")["multiply"].setValue(3.0)

    assert key(graded) == before


def test_it_stays_when_a_placed_read_above_says_something_else(comp: Comp) -> None:
    take = comp.take()
    read = comp.host.place(take)
    nuke.nodes.Grade(name="Grade1").setInput(0, nuke.toNode(read))
    before = key(comp)

    comp.host.mark(read, {**take, "word": "Outdated, see v002", "standing": "outdated"})

    assert key(comp) == before


def knob(name: str, value: Any, node: str = "Grade1") -> Callable[[Comp], object]:
    return lambda _: nuke.toNode(node)[name].setValue(value)


def root(name: str, value: Any) -> Callable[[Comp], object]:
    return lambda _: nuke.root()[name].setValue(value)


def touched(file: str) -> Callable[[Comp], object]:
    return lambda comp: os.utime(comp.folder / file, (1, 1))


@pytest.mark.parametrize(
    "change",
    [
        knob("add", 2.0),
        knob("raw", True, "Read1"),
        knob("multiply", 3.0, "Control"),
        lambda comp: nuke.toNode("Grade1").setInput(0, comp.read(name="Read2")),
        *(touched(f"plate/noisy.{frame}.exr") for frame in (1001, 1002, 1003)),
        lambda comp: (comp.folder / "plate/noisy.1002.exr").unlink(),
        root("floatLut", "sRGB"),
        root("int8Lut", "linear"),
        root("logLut", "linear"),
        root("fps", 25.0),
        root("workingSpaceLUT", "scene_linear"),
        lambda _: nuke.root().addView("left"),
    ],
    ids=[
        "a knob",
        "a knob above",
        "a knob that an expression names",
        "an input",
        "the first file",
        "a file in the middle",
        "the last file",
        "a file that is gone",
        "float files",
        "8 bit files",
        "log files",
        "the frame rate",
        "the working space",
        "another view",
    ],
)
def test_it_changes_when_the_pixels_may_have(
    graded: Comp, change: Callable[[Comp], object]
) -> None:
    before = key(graded)

    change(graded)

    assert key(graded) != before


def test_what_feeds_the_group_counts_inside_of_it(comp: Comp) -> None:
    outer = nuke.nodes.Grade(name="Outer")
    outer.setInput(0, comp.read())
    group = nuke.nodes.Group(name="Group1")
    with group:
        inner = nuke.nodes.Grade(name="Grade1")
        inner.setInput(0, nuke.nodes.Input())
        nuke.nodes.Output().setInput(0, inner)
    group.setInput(0, outer)
    before = key(comp, "Group1.Grade1")

    outer["multiply"].setValue(3.0)
    between = key(comp, "Group1.Grade1")
    os.utime(comp.folder / "plate/noisy.1001.exr", (1, 1))

    assert len({before, between, key(comp, "Group1.Grade1")}) == 3


def test_a_path_is_followed_wherever_its_expression_leads(
    graded: Comp, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(graded.folder / "plate", graded.folder / "other")
    nuke.root()["project_directory"].setValue(graded.folder.as_posix())
    for path in ("[getenv PLATE]/noisy.####.exr", "plate/noisy.%04d.exr"):
        nuke.toNode("Read1")["file"].setValue(path)
        monkeypatch.setenv("PLATE", f"{graded.folder.as_posix()}/plate")
        before = key(graded)
        os.utime(graded.folder / "plate/noisy.1002.exr", (2, len(path)))
        assert key(graded) != before, path
    nuke.toNode("Read1")["file"].setValue("[getenv PLATE]/noisy.####.exr")
    before = key(graded)

    monkeypatch.setenv("PLATE", f"{graded.folder.as_posix()}/other")

    assert key(graded) != before


def test_both_eyes_are_looked_at(comp: Comp) -> None:
    for view in ("main", "left", "right"):
        nuke.root().addView(view)
        shutil.copy(PLATES / "noisy.1001.exr", comp.folder / f"plate/{view}.1001.exr")
    read = comp.read(f"{comp.folder.as_posix()}/plate/%V.####.exr", "1001-1001")
    nuke.nodes.Grade(name="Grade1").setInput(0, read)
    before = key(comp)

    os.utime(comp.folder / "plate/right.1001.exr", (1, 1))

    assert key(comp) != before


@pytest.mark.parametrize("kind", ["OCIOFileTransform", "ReadGeo2"])
def test_any_file_that_a_node_names_counts(graded: Comp, kind: str) -> None:
    other = getattr(nuke.nodes, kind)(name="Other")
    other["file"].setValue(f"{graded.folder.as_posix()}/look.cube")
    (graded.folder / "look.cube").write_text("a look")
    nuke.toNode("Grade1").setInput(1, other)
    before = key(graded)

    os.utime(graded.folder / "look.cube", (1, 1))

    assert key(graded) != before


def full(count: int, make: Callable[[int], object]) -> Any:
    """A group of many nodes that shows one of them."""
    group = nuke.nodes.Group(name="Group1")
    with group:
        for number in range(count):
            make(number)
        nuke.nodes.Output().setInput(0, nuke.nodes.Constant())
    return group


def test_a_hundred_reads_are_all_looked_at(comp: Comp) -> None:
    def read(number: int) -> None:
        made = nuke.nodes.Read(name=f"P{number}")
        made["file"].setValue(f"{comp.folder.as_posix()}/plate/p{number}.exr")

    full(100, read)
    keys = [key(comp, "Group1")]
    for number in (99, 40):
        (comp.folder / f"plate/p{number}.exr").write_bytes(b"")
        keys.append(key(comp, "Group1"))

    assert len(set(keys)) == 3


def test_too_many_files_to_look_at_make_a_key_that_never_comes_again(graded: Comp) -> None:
    nuke.toNode("Read1")["last"].setValue(1001 + stamps.MOST_FILES)

    assert key(graded) != key(graded)
    told: list[Source] = []
    graded.host.keyed(graded.host.source("Grade1"), lambda found, _: told.append(found), wait=True)
    assert told[0].remarks[-1] == "Grade1 reads too many files to look at: it is rendered anew."
    assert not keying.comes_again(told[0].key)


def test_a_large_comp_keeps_nobody_waiting(comp: Comp, qtbot: Any) -> None:
    full(600, lambda number: nuke.nodes.Grade(name=f"G{number}"))
    told: list[str] = []
    look = comp.host.looking("Group1")
    steps, _views = look()
    assert sum(1 for _ in steps) >= 600  # a turn can end at every node

    keying.Keying("Group1", look, comp.host.later, lambda found, _: told.append(found)).start()

    assert told == []
    qtbot.waitUntil(lambda: bool(told), timeout=60_000)
    assert told == [keying.now(look)]


def test_a_turn_ends_at_the_first_node_that_took_its_time() -> None:
    def slow() -> keying.Looking:
        for _ in range(5):
            time.sleep(keying.SLICE_SECONDS)
            yield
        return keying.Found("", (), whole=True)

    told: list[str] = []
    turns: list[Callable[[], None]] = []

    def later(call: Callable[[], None], _milliseconds: int) -> None:
        turns.append(call)

    keying.Keying(
        "Group1", lambda: (slow(), ()), later, lambda found, _: told.append(found)
    ).start()
    for turn in turns:  # grows meanwhile
        turn()

    assert len(turns) >= 6
    assert len(told) == 1


def test_a_node_that_is_deleted_meanwhile_is_said(comp: Comp, qtbot: Any) -> None:
    grade = nuke.nodes.Grade(name="Grade1")
    grade.setInput(0, comp.read())
    told: list[HostError | None] = []

    comp.host.keyed(comp.host.source("Grade1"), lambda _, error: told.append(error))
    nuke.delete(grade)

    qtbot.waitUntil(lambda: bool(told))
    assert told[0] is not None
    assert told[0].problem == "There is no node Grade1 in this script any more."


def test_another_session_finds_the_same(graded: Comp, tmp_path: Path) -> None:
    file = str(tmp_path / "comp.nk")
    before = key(graded)
    nuke.scriptSaveAs(file, 1)
    nuke.scriptClear()

    nuke_session.open_script(file)

    assert key(graded) == before
