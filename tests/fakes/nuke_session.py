"""One run of the fake Nuke: what tests set before it, and what they ask of it afterwards.

`import nuke` has only Nuke's own names; all that a test needs besides is here.

    nuke_session.reset(gui=True, version=(15, 1, 2))     a Nuke that has just started
    with nuke_session.running(): ...                     the same for one test, checked at its end
    nuke_session.serve()                                 one turn of its event loop
    nuke_session.undo_steps()                            what Ctrl-Z would take back
    nuke_session.check()                                 nothing was done that a real one does not bear
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

import nuke_undo
from nuke_guard import Misuse, misuse, violations

__all__ = [
    "Misuse",
    "check",
    "forgive",
    "reset",
    "running",
    "serve",
    "serve_by",
    "state",
    "undo_steps",
    "violations",
]

# How long a worker waits for a main thread that does not serve it: a hang in the real one
PATIENCE = 60.0


@dataclass
class Request:
    """A call that another thread wants done on the main one."""

    call: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    done: threading.Event = field(default_factory=threading.Event)
    result: Any = None


@dataclass
class State:
    """All that one Nuke holds. Tests may set what is marked so.

    gui, version, nc, ple     as `reset` was told
    colorspaces     [set] entries of every colorspace knob, as nuke.getColorspaceList gives them
    default_space   [set] what a new one says
    percent         [set] a File_Knob's value() has %04d where #### was given, as some say it does
    strict_enums    [set] a value that is not in an enumeration raises instead of being ignored
    answers         [set] what nuke.ask, askWithCancel, getInput and getFilename give, first first
    ignored         values that enumerations were given and did not take
    messages        what nuke.message, warning, error and tprint said
    panels          id -> (name, widget string) of registered panes
    shown           id -> the widgets that were made of a pane, the latest last
    opened          control panels that were opened
    progress        the open nuke.ProgressTasks, by name
    """

    gui: bool = True
    version: tuple[int, int, int] = (15, 1, 2)
    nc: bool = False
    ple: bool = False
    colorspaces: list[str] = field(default_factory=list)
    default_space: str = ""
    percent: bool = False
    strict_enums: bool = False
    answers: deque[Any] = field(default_factory=deque)
    ignored: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    panels: dict[str, tuple[str, str]] = field(default_factory=dict)
    shown: dict[str, list[Any]] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)
    progress: WeakValueDictionary[str, Any] = field(default_factory=WeakValueDictionary)
    requests: deque[Request] = field(default_factory=deque)
    callbacks: dict[str, list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], Any]]] = (
        field(default_factory=dict)
    )
    views: list[str] = field(default_factory=lambda: ["main"])
    frame: int = 1
    modified: bool = False
    executing: bool = False
    cancelled: bool = False
    executed: list[tuple[str, int, str, str]] = field(default_factory=list)
    root: Any = None
    context: list[Any] = field(default_factory=list)  # groups that were entered, outermost first
    this: list[tuple[Any, Any]] = field(default_factory=list)  # (node, knob) of running callbacks
    selected: list[Any] = field(default_factory=list)
    clipboard: str = ""
    menus: dict[str, Any] = field(default_factory=dict)
    plugin_path: list[str] = field(default_factory=list)
    viewer: Any = None


state = State()
_restart: list[Callable[[], None]] = []  # `nuke` itself, once it is imported

NUKE_SPACES = ["linear", "sRGB", "rec709", "Cineon", "Gamma1.8", "Gamma2.2", "AlexaV3LogC"]
OCIO_SPACES = [
    "scene_linear\tscene_linear (ACEScg)",
    "compositing_log\tcompositing_log (ACEScct)",
    "color_picking\tcolor_picking (sRGB - Texture)",
    "ACES2065-1",
    "ACEScc",
    "ACEScct",
    "ACEScg",
    "Linear Rec.709 (sRGB)",
    "Raw",
    "sRGB - Texture",
]


@contextmanager
def running(**options: Any) -> Iterator[State]:
    """A fresh Nuke for one test, held against `check` at its end: an autouse fixture in a line."""
    reset(**options)
    try:
        yield state
        check()
    finally:
        reset()


def reset(
    *,
    gui: bool = True,
    version: tuple[int, int, int] = (15, 1, 2),
    nc: bool = False,
    ple: bool = False,
    ocio: bool = False,
) -> None:
    """Start Nuke anew: an empty, unsaved script, no callbacks, no menus, nothing to undo."""
    violations.clear()
    nuke_undo.log.__init__()  # type: ignore[misc]  # everybody holds the one log
    state.__init__()  # type: ignore[misc]  # everybody holds the one state
    state.gui, state.version, state.nc, state.ple = gui, version, nc, ple
    state.colorspaces = list(OCIO_SPACES if ocio else NUKE_SPACES)
    state.default_space = "scene_linear" if ocio else "linear"
    for start in _restart:
        start()
    if ocio:
        with unrecorded():
            state.root["colorManagement"].setValue("OCIO")
    state.modified = False


class unrecorded:
    """What happens within is no step to undo."""

    def __enter__(self) -> None:
        nuke_undo.log.disabled += 1

    def __exit__(self, *args: object) -> None:
        nuke_undo.log.disabled -= 1


def changed(what: str, undo: Callable[[], None], redo: Callable[[], None]) -> None:
    """Something of the script is different now: it can be undone, and the script is unsaved."""
    nuke_undo.log.record(what, undo, redo)
    state.modified = True


def undo_steps() -> list[tuple[str, list[str]]]:
    """(name, what changed) of each step that can be undone, the latest last."""
    return [(step.name, [change.what for change in step.changes]) for step in nuke_undo.log.done]


def check() -> None:
    """Raise unless all that was done would have gone well, and everything begun was ended."""
    if state.context:
        violations.append(f"a group was left entered: {state.context[-1].name()}")
    if nuke_undo.log.open:
        violations.append(f"an undo block was left open: {nuke_undo.log.open[-1].name!r}")
    if nuke_undo.log.disabled:
        violations.append("undo was left disabled")
    if violations:
        raise Misuse("\n".join(violations))


def forgive(part: str) -> None:
    """Take back the violations that name `part`: the test meant them. Raises if there are none."""
    kept = [each for each in violations if part not in each]
    if len(kept) == len(violations):
        raise LookupError(f"no violation names {part!r}: {violations}")
    violations[:] = kept


def request(call: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Request:
    """Queue a call for the main thread. Arguments that are no tuple become one argument."""
    made = Request(call, args if isinstance(args, tuple) else (args,), kwargs)
    state.requests.append(made)
    return made


def answer(made: Request) -> Any:
    """Wait on a worker thread for its request."""
    if threading.current_thread() is threading.main_thread():
        state.requests.remove(made)
        misuse("executeInMainThreadWithResult on the main thread waits for itself for ever")
    if not state.gui:
        misuse("executeInMainThreadWithResult in a terminal: no loop serves it")
    if not made.done.wait(PATIENCE):
        misuse(f"the main thread did not serve {made.call} within {PATIENCE:.0f} s")
    return made.result


def serve() -> int:
    """Do what threads have asked for up to now; how many that were. Exceptions are only printed."""
    if threading.current_thread() is not threading.main_thread():
        misuse("only the main thread serves requests")
    served = 0
    for _ in range(len(state.requests)):
        made = state.requests.popleft()
        try:
            made.result = made.call(*made.args, **made.kwargs)
        except Exception:  # noqa: BLE001 - as the real one: printed, and None is the result
            traceback.print_exc(file=sys.stderr)
        made.done.set()
        served += 1
    return served


def serve_by(qt_core: Any, parent: Any = None) -> Any:
    """A Qt timer that serves requests, as Nuke's own event loop does; stop it at the end."""
    timer = qt_core.QTimer(parent)
    timer.timeout.connect(serve)
    timer.start(5)
    return timer


def call_back(kind: str, node: Any, knob: Any = None) -> None:
    """Run the callbacks of a kind that were asked for, with `node` as nuke.thisNode()."""
    with of(node, knob):
        for call, args, kwargs, wanted in list(state.callbacks.get(kind, ())):
            if wanted is node or wanted in ("*", node.Class()):
                call(*args, **kwargs)


@contextmanager
def of(node: Any, knob: Any) -> Iterator[None]:
    """As callbacks and buttons run: the node is this one, and its group the one that names count in."""
    entered = len(state.context)
    state.this.append((node, knob))
    if node._parent is not None and node._parent is not state.root:
        state.context.append(node._parent)
    try:
        yield
    finally:
        state.this.pop()
        del state.context[entered:]


def filtered(path: str) -> str:
    """A file name after the filters that were added: the last word is each filter's own."""
    for call, args, kwargs, _ in state.callbacks.get("filenameFilter", ()):
        path = call(path, *args, **kwargs) or path
    return path


def open_script(path: str) -> None:
    """File > Open, by the artist."""
    from nuke_script import open_script as opened

    opened(path)


def open_panel(id: str) -> Any:
    """The Pane menu, by the artist: the widget that its string makes."""
    from nukescripts.panels import restorePanel

    if id not in state.panels:
        misuse(f"no pane is registered as {id}")
    return restorePanel(id)


def press(button: Any) -> None:
    """A click on a button of a node."""
    button.execute()
