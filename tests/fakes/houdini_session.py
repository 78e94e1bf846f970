"""One run of the fake Houdini: what tests set before it, and what they ask of it afterwards.

`import hou` has only Houdini's own names; all that a test needs besides is here.

    houdini_session.reset(ui=False, version="20.5")    a Houdini that has just started
    with houdini_session.running(): ...                the same for one test, checked at its end
    houdini_session.cook(node, frame_to_geometry)      what a SOP cooks; it may raise a hou.Error
    houdini_session.turn()                             one turn of the event loop
    houdini_session.choose(parm, "v002")               a person's choice: its callback runs
    houdini_session.undo_steps()                       what Ctrl-Z would take back
    houdini_session.check()                            nothing was done that a real one does not bear
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import houdini_interface as interface
import houdini_kinds as kinds
import houdini_nodes as nodes
from houdini_geometry import geometry_of
from houdini_guard import Misuse, violations
from houdini_sops import SopNode
from houdini_state import State, state
from houdini_table import VERSIONS

from answerprint.geometry import Geometry as Held

__all__ = [
    "Misuse",
    "check",
    "choose",
    "cook",
    "forgive",
    "geometry",
    "install",
    "lock",
    "module_of_asset",
    "network",
    "panes",
    "press",
    "reset",
    "running",
    "select",
    "state",
    "turn",
    "undo_steps",
    "until",
    "violations",
]

_RELEASES = {"20.5": "20.5.487", "21.0": "21.0.512"}
# How long `until` turns the loop before it says that nothing comes
PATIENCE = 60.0


@contextmanager
def running(**options: Any) -> Iterator[State]:
    """A fresh Houdini for one test, held against `check` at its end: an autouse fixture in a line."""
    reset(**options)
    try:
        yield state
        check()
    finally:
        reset()


def reset(*, ui: bool = True, version: str = "both", category: str = "Commercial") -> None:
    """Start Houdini anew: an empty scene that was never saved.

    version: "20.5" or "21.0" has the names of that one; "both" (and says 21.0) only what both have.
    """
    violations.clear()
    state.__init__()  # type: ignore[misc]  # everybody holds the one state
    state.ui, state.category = ui, category
    state.version = _RELEASES.get(version, _RELEASES["21.0"])
    state.versions = VERSIONS if version == "both" else (version,)
    nodes.start()
    state.changes.clear()
    state.unsaved = False


def check() -> None:
    """Raises AssertionError: something was done that a real Houdini would not have borne."""
    if violations:
        raise AssertionError("\n".join(violations))
    if state.running:
        raise AssertionError("an InterruptableOperation was never left")


def forgive() -> list[str]:
    """Take out what was done wrong, where a test means it."""
    found = list(violations)
    violations.clear()
    return found


def network(name: str = "geo1") -> Any:
    """A geometry object below /obj, with nothing in it."""
    return state.root._find("/obj").createNode("geo", name)


def cook(node: Any, function: Callable[[float], Any], *, moves: bool = False) -> list[float]:
    """Have a SOP cook what a function gives of a frame; returns the frames it was asked for.

    moves: Houdini is told that it depends on time.
    """
    asked: list[float] = []

    def cooked(frame: float) -> Any:
        asked.append(frame)
        return function(frame)

    assert isinstance(node, SopNode)
    node._cook, node._dependent = cooked, moves
    return asked


def geometry(held: Held, edges: Sequence[str] = (), **others: int) -> Any:
    """A hou.Geometry of arrays, with primitives that are only counted: PackedGeometry=2."""
    made = geometry_of(held)
    made._others, made._edges = dict(others), list(edges)
    return made


def select(*chosen: Any) -> None:
    """What a person has selected, the latest last."""
    state.selected[:] = chosen
    for callback in list(state.selection_callbacks):
        callback(tuple(chosen))


def choose(parm: Any, given: Any) -> None:
    """A person's choice in a menu or a field: the value, then the callback."""
    parm.set(given)
    parm.pressButton()


def press(parm: Any) -> None:
    """A person's click. Raises AssertionError: there is no callback, the button does nothing."""
    assert parm.parmTemplate().scriptCallback(), f"{parm.path()} does nothing"
    parm.pressButton()


def turn(times: int = 1) -> None:
    """Turns of the event loop: what was posted, deferred, and every callback of it."""
    for _ in range(times):
        for queue in (state.posted, state.deferred):
            for _each in range(len(queue)):
                queue.popleft()()
        for callback in list(state.loop):
            if callback in state.loop:
                callback()


def until(reached: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Turn the loop until something is so. Raises AssertionError: it does not come."""
    end = time.monotonic() + patience
    while not reached():
        assert time.monotonic() < end, "nothing came of it"
        turn()
        time.sleep(0.001)  # others work meanwhile: not a wait for them, the loop's own pace


def undo_steps() -> list[str]:
    """Labels of what Ctrl-Z would take back, oldest first."""
    return interface.steps()


def lock(node: Any, path: str = "/studio/otls/locked.hda") -> None:
    """Make a node a locked asset, whose contents nobody may change."""
    assert isinstance(node, nodes.OpNode)
    kind = node._kind
    node._kind = kinds.Kind(
        kind.category, kind.name, kind.inputs, kind.children, kind.templates, path
    )
    node._unlocked = False


def install(
    category: str,
    name: str,
    templates: Callable[[], list[Any]] = list,
    *,
    inputs: int = 1,
    path: str = "/studio/otls/some.hda",
    children: str = "",
) -> None:
    """A node type that an asset's file brings: answerprint::task::1.0 of Sop."""
    state.assets[category, name] = kinds.Kind(category, name, inputs, children, templates, path)


def module_of_asset() -> Any:
    """hou.phm(): the module of the asset whose callback runs; a test puts it in `_asset_module`."""
    return state.asset_module


def panes(*wanted: str) -> list[Any]:
    """Panes of the desktop, by hou.paneTabType: NetworkEditor, SceneViewer, ..."""
    return [interface.tab(kind, f"panetab{index}") for index, kind in enumerate(wanted, 1)]


reset()
