"""What one Houdini holds; `houdini_session` starts it anew and shows it to tests."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class State:
    """Tests may set what is marked so.

    ui, version         as `houdini_session.reset` was told
    versions            whose names there are: both, or the one of `version`
    category            [set] Commercial, Indie, Apprentice, Education, ...: hou.licenseCategory
    frame, fps, first, last, playback   [set] the playbar
    hip                 [set] the scene's path; empty: it was never saved
    unsaved             [set] hou.hipFile.hasUnsavedChanges
    update_mode         name of a hou.updateMode: AutoUpdate, OnMouseUp, Manual
    manual_cooks        [set] whether geometry that is asked for cooks in Manual mode [unverified]
    answers             [set] what hou.ui.displayMessage and its kind give, first first
    messages            what hou.ui said: (text, severity's name)
    status              what hou.ui.setStatusMessage said, the latest last
    interrupt_at        [set] Esc is seen at this fraction of an InterruptableOperation; None: never
    changes             (label of the undo group or '', what was done), one for each change
    cooked              (node's path, frame), one for each time that a SOP's function was called
    slow                calls that give one Python object for each value, by name
    progress            what was said to InterruptableOperations: (fraction, words)
    window              [set] the widget that hou.qt.mainWindow gives
    start_folder        [set] the folder that an unsaved scene would be in
    scenes              [set] path -> what builds a scene, for hou.hipFile.load
    asset_module        [set] what hou.phm() gives
    interfaces          [set] names of installed Python Panels
    libraries           files that hou.hda and hou.pypanel were told to install
    environment         [set] variables of hou.getenv, $JOB and the like, before the process's own
    """

    ui: bool = True
    version: str = "21.0.512"
    versions: tuple[str, ...] = ("20.5", "21.0")
    category: str = "Commercial"
    frame: float = 1.0
    fps: float = 24.0
    first: float = 1.0
    last: float = 240.0
    playback: tuple[float, float] = (1.0, 240.0)
    hip: str = ""
    unsaved: bool = False
    update_mode: str = "AutoUpdate"
    manual_cooks: bool = True
    answers: deque[Any] = field(default_factory=deque)
    messages: list[tuple[str, str]] = field(default_factory=list)
    status: list[str] = field(default_factory=list)
    interrupt_at: float | None = None
    changes: list[tuple[str, str]] = field(default_factory=list)
    cooked: list[tuple[str, float]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    undo_off: int = 0
    loop: list[Callable[[], None]] = field(default_factory=list)
    posted: deque[Callable[[], None]] = field(default_factory=deque)
    deferred: deque[Callable[[], None]] = field(default_factory=deque)
    scene_callbacks: list[Callable[[Any], None]] = field(default_factory=list)
    selection_callbacks: list[Callable[[Any], None]] = field(default_factory=list)
    selected: list[Any] = field(default_factory=list)
    tabs: list[Any] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    clipboard: str = ""
    asset_module: Any = None
    window: Any = None
    start_folder: str = "/home/artist"
    scenes: dict[str, Callable[[], Any]] = field(default_factory=dict)
    progress: list[tuple[float, str]] = field(default_factory=list)
    libraries: list[str] = field(default_factory=list)
    interfaces: set[str] = field(default_factory=set)
    refreshed: list[str] = field(default_factory=list)
    sections: dict[str, tuple[str, ...]] = field(default_factory=dict)  # of a type's definition
    assets: dict[tuple[str, str], Any] = field(default_factory=dict)  # installed node types
    root: Any = None
    pwd: Any = None
    session_ids: int = 0
    running: list[Any] = field(default_factory=list)  # open InterruptableOperations


state = State()


def changed(what: str) -> None:
    """The scene is another now: unsaved, and one more thing to undo."""
    state.unsaved = True
    if not state.undo_off:
        state.changes.append((state.groups[0] if state.groups else "", what))
