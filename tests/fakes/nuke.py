"""A Nuke for tests: strict, typed, and with no name that `nuke_api.json` does not vouch for.

What a test sets or asks is in `nuke_session`; see `test_fake_nuke.py` for what it promises.
"""

from __future__ import annotations

import sys as _sys
import typing as _typing
from collections.abc import Callable as _Callable, Iterable as _Iterable
from typing import Any as _Any

import nuke_groups as _groups
import nuke_images as _images
import nuke_script as _script
import nuke_session as _session
import nuke_table as _table
import nuke_write as _write
from nuke_arrays import (
    AColor_Knob as AColor_Knob,
    Array_Knob as Array_Knob,
    BBox_Knob as BBox_Knob,
    Boolean_Knob as Boolean_Knob,
    Color_Knob as Color_Knob,
    ColorChip_Knob as ColorChip_Knob,
    Disable_Knob as Disable_Knob,
    Double_Knob as Double_Knob,
    Int_Knob as Int_Knob,
    Unsigned_Knob as Unsigned_Knob,
    WH_Knob as WH_Knob,
    XY_Knob as XY_Knob,
    XYZ_Knob as XYZ_Knob,
)
from nuke_callbacks import (
    addAfterFrameRender as addAfterFrameRender,
    addAfterRender as addAfterRender,
    addBeforeFrameRender as addBeforeFrameRender,
    addBeforeRender as addBeforeRender,
    addFilenameFilter as addFilenameFilter,
    addKnobChanged as addKnobChanged,
    addOnCreate as addOnCreate,
    addOnDestroy as addOnDestroy,
    addOnScriptClose as addOnScriptClose,
    addOnScriptLoad as addOnScriptLoad,
    addOnScriptSave as addOnScriptSave,
    addOnUserCreate as addOnUserCreate,
    removeAfterFrameRender as removeAfterFrameRender,
    removeAfterRender as removeAfterRender,
    removeBeforeFrameRender as removeBeforeFrameRender,
    removeBeforeRender as removeBeforeRender,
    removeFilenameFilter as removeFilenameFilter,
    removeKnobChanged as removeKnobChanged,
    removeOnCreate as removeOnCreate,
    removeOnDestroy as removeOnDestroy,
    removeOnScriptClose as removeOnScriptClose,
    removeOnScriptLoad as removeOnScriptLoad,
    removeOnScriptSave as removeOnScriptSave,
    removeOnUserCreate as removeOnUserCreate,
)
from nuke_curves import (
    AnimationCurve as AnimationCurve,
    AnimationKey as AnimationKey,
    calculate as _calculate,
)
from nuke_env import GlobalsEnvironment as GlobalsEnvironment
from nuke_formats import (
    Format as Format,
    Format_Knob as Format_Knob,
    FrameRange as FrameRange,
    FrameRanges as FrameRanges,
    Info as Info,
    parse as _parse_format,
)
from nuke_groups import (
    BackdropNode as BackdropNode,
    Gizmo as Gizmo,
    Group as Group,
    LiveGroup as LiveGroup,
    NodeConstructor as NodeConstructor,
    Nodes as Nodes,
    Precomp as Precomp,
    Root as Root,
    Viewer as Viewer,
    ViewerWindow as ViewerWindow,
)
from nuke_guard import guarded as _guarded, missing as _missing, misuse as _misuse
from nuke_interface import (
    activeViewer as activeViewer,
    alert as alert,
    ask as ask,
    askWithCancel as askWithCancel,
    choice as choice,
    connectViewer as connectViewer,
    debug as debug,
    error as error,
    getInput as getInput,
    getPaneFor as getPaneFor,
    menu as menu,
    message as message,
    toolbar as toolbar,
    tprint as tprint,
    updateUI as updateUI,
    warning as warning,
)
from nuke_knobs import Knob as Knob
from nuke_menus import Menu as Menu, MenuItem as MenuItem, ProgressTask as ProgressTask
from nuke_nodes import Node as Node
from nuke_tcl import evaluate as _evaluate
from nuke_texts import (
    Channel_Knob as Channel_Knob,
    ChannelMask_Knob as ChannelMask_Knob,
    Enumeration_Knob as Enumeration_Knob,
    EvalString_Knob as EvalString_Knob,
    File_Knob as File_Knob,
    Link_Knob as Link_Knob,
    Multiline_Eval_String_Knob as Multiline_Eval_String_Knob,
    PyScript_Knob as PyScript_Knob,
    Script_Knob as Script_Knob,
    String_Knob as String_Knob,
    Tab_Knob as Tab_Knob,
    Text_Knob as Text_Knob,
)
from nuke_undo import Undo as Undo, log as _log

# constants

_CONSTANTS = _table.API["constants"]
ALWAYS_SAVE: int = _CONSTANTS["nuke.ALWAYS_SAVE"]
DISABLED: int = _CONSTANTS["nuke.DISABLED"]
DO_NOT_WRITE: int = _CONSTANTS["nuke.DO_NOT_WRITE"]
ENDLINE: int = _CONSTANTS["nuke.ENDLINE"]
EXPRESSIONS: int = _CONSTANTS["nuke.EXPRESSIONS"]
HIDDEN_INPUTS: int = _CONSTANTS["nuke.HIDDEN_INPUTS"]
INPUTS: int = _CONSTANTS["nuke.INPUTS"]
INVISIBLE: int = _CONSTANTS["nuke.INVISIBLE"]
KNOB_CHANGED_ALWAYS: int = _CONSTANTS["nuke.KNOB_CHANGED_ALWAYS"]
LINKINPUTS: int = _CONSTANTS["nuke.LINKINPUTS"]
NO_ANIMATION: int = _CONSTANTS["nuke.NO_ANIMATION"]
NO_UNDO: int = _CONSTANTS["nuke.NO_UNDO"]
READ_ONLY: int = _CONSTANTS["nuke.READ_ONLY"]
REPLACE: int = _CONSTANTS["nuke.REPLACE"]
STARTLINE: int = _CONSTANTS["nuke.STARTLINE"]
TO_SCRIPT: int = _CONSTANTS["nuke.TO_SCRIPT"]
TO_VALUE: int = _CONSTANTS["nuke.TO_VALUE"]
WRITE_ALL: int = _CONSTANTS["nuke.WRITE_ALL"]
WRITE_NON_DEFAULT_ONLY: int = _CONSTANTS["nuke.WRITE_NON_DEFAULT_ONLY"]
WRITE_USER_KNOB_DEFS: int = _CONSTANTS["nuke.WRITE_USER_KNOB_DEFS"]
EXE_PATH = "/opt/Nuke/Nuke"
GUI = INTERACTIVE = True
NUKE_VERSION_MAJOR, NUKE_VERSION_MINOR, NUKE_VERSION_RELEASE = 15, 1, 2
NUKE_VERSION_STRING = "15.1v2"

env = GlobalsEnvironment()
nodes = Nodes()


def _start() -> None:
    """What depends on how Nuke was started."""
    global GUI, INTERACTIVE, NUKE_VERSION_STRING  # noqa: PLW0603 - constants of one run of Nuke
    global NUKE_VERSION_MAJOR, NUKE_VERSION_MINOR, NUKE_VERSION_RELEASE
    GUI = INTERACTIVE = _session.state.gui
    major, minor, release = _session.state.version
    NUKE_VERSION_MAJOR, NUKE_VERSION_MINOR, NUKE_VERSION_RELEASE = major, minor, release
    NUKE_VERSION_STRING = f"{major}.{minor}v{release}"
    _groups.new_root()


if not _typing.TYPE_CHECKING:  # a type checker must not think that every name is there

    def __getattr__(name: str) -> _Any:
        if name.startswith("__"):
            raise AttributeError(name)
        known = _table.function(f"nuke.{name}")
        known = " (a class)" if known is None and f"nuke.{name}" in _table.API["classes"] else known
        known = " (a constant)" if known is None and f"nuke.{name}" in _CONSTANTS else known
        _missing(f"nuke.{name}", known)


# threads: the only two that may be called from any


def executeInMainThread(call: _Callable[..., _Any], args: _Any = (), kwargs: _Any = {}) -> None:  # noqa: B006 - Nuke's own signature
    _session.request(call, args, kwargs)


def executeInMainThreadWithResult(
    call: _Callable[..., _Any],
    args: _Any = (),
    kwargs: _Any = {},  # noqa: B006 - Nuke's own signature
) -> _Any:
    return _session.answer(_session.request(call, args, kwargs))


# nodes


@_guarded
def root() -> Root:
    found: Root = _session.state.root
    return found


@_guarded
def toNode(s: str) -> _Any:
    return _groups.find(s, _groups.group())


@_guarded
def exists(s: str) -> bool:
    return _groups.find(s, _groups.group()) is not None


@_guarded
def allNodes(filter: str | None = None, group: _Any = None) -> list[_Any]:
    found = (group or _groups.group())._children
    return [node for node in reversed(found) if filter is None or node._class == filter]


@_guarded
def createNode(node: str, args: str | None = None, inpanel: bool | None = None) -> _Any:
    made = _groups.create(node)
    _groups.connect_to_selection(made)
    if args:
        _groups.set_knobs(made, args)
    if inpanel is not False and _session.state.gui:
        made.showControlPanel()
    _session.call_back("onUserCreate", made)
    return made


@_guarded
def canCreateNode(name: str) -> bool:
    return name in _table.node_classes()


@_guarded
def delete(n: Node) -> None:
    if not isinstance(n, Node):
        raise TypeError(f"delete wants a node, not {n!r}")
    n.name()  # one that is gone raises
    _groups.delete(n)


@_guarded
def selectedNode() -> _Any:
    """The node that was selected last."""
    found = selectedNodes()
    if not found:
        raise ValueError("no node selected")
    return found[0]


@_guarded
def selectedNodes(filter: str | None = None) -> list[_Any]:
    here = _groups.group()
    chosen = [node for node in reversed(_session.state.selected) if node._parent is here]
    return [node for node in chosen if filter is None or node._class == filter]


@_guarded
def selectAll() -> None:
    for node in _groups.group()._children:
        node.setSelected(True)


@_guarded
def thisNode() -> _Any:
    return _this("thisNode")[0]


@_guarded
def thisKnob() -> _Any:
    return _this("thisKnob")[1]


@_guarded
def thisClass() -> str:
    return str(_this("thisClass")[0].Class())


def _this(name: str) -> tuple[_Any, _Any]:
    if not _session.state.this:
        _misuse(f"nuke.{name}() outside of a callback or a button")
    return _session.state.this[-1]


@_guarded
def thisGroup() -> _Any:
    return _groups.group()


@_guarded
def endGroup() -> None:
    if _session.state.context:
        _session.state.context.pop()


@_guarded
def autoplace(n: Node) -> None:
    n.autoplace()


@_guarded
def show(n: Node | None = None, forceFloat: bool | None = None) -> None:
    if n is not None:
        n.showControlPanel(bool(forceFloat))


@_guarded
def zoom(scale: float, center: _Any = None, group: _Any = None) -> None:
    del scale, center, group
    if not _session.state.gui:
        _misuse("nuke.zoom in a terminal: there is no node graph")


@_guarded
def zoomToFitSelected() -> None:
    if not _session.state.gui:
        _misuse("nuke.zoomToFitSelected in a terminal: there is no node graph")


@_guarded
def center() -> list[float]:
    """The middle of what the node graph shows."""
    if not _session.state.gui:
        _misuse("nuke.center in a terminal: there is no node graph")
    return [0.0, 0.0]


@_guarded
def showDag(n: _Any = None) -> None:
    del n


@_guarded
def inputs(n: Node, i: float | None = None) -> int:
    del i
    return n.inputs()


@_guarded
def channels(n: Node | None = None) -> list[str]:
    return (n or root()).channels()


@_guarded
def layers(node: Node | None = None) -> list[str]:
    return list(dict.fromkeys(each.split(".")[0] for each in (node or root()).channels()))


@_guarded
def sample(
    n: Node, c: str, x: float, y: float, dx: float | None = None, dy: float | None = None
) -> float:
    return n.sample(c, x, y, dx, dy)


@_guarded
def dependencies(
    nodes: _Any, what: int = INPUTS | HIDDEN_INPUTS | EXPRESSIONS | LINKINPUTS
) -> list[_Any]:
    del what
    given = nodes if isinstance(nodes, list | tuple) else [nodes]
    return [above for node in given for above in node.dependencies()]


# values, files, colour


@_guarded
def frame(f: int | None = None) -> int:
    if f is not None:
        root().setFrame(f)
    return _session.state.frame


@_guarded
def views() -> list[str]:
    return list(_session.state.views)


@_guarded
def addView(s: str) -> None:
    root().addView(s)


@_guarded
def deleteView(s: str) -> None:
    root().deleteView(s)


@_guarded
def thisView() -> str:
    return _session.state.views[0]


@_guarded
def addFormat(s: str) -> Format:
    return _parse_format(s)


@_guarded
def filename(node: Node | None = None, i: int | None = None) -> str | None:
    """A node's file as it is written; with REPLACE, the current frame's after proxy and filters."""
    at = _this("filename")[0] if node is None else node
    if "file" not in at.knobs():
        return None
    if i != REPLACE:
        return str(at["file"].value())
    when = _images.At(_session.state.frame, _session.state.views[0], at.proxy())
    return _images.named_path(at, when, when.frame)


@_guarded
def getColorspaceList(colorspaceKnob: Enumeration_Knob) -> list[str]:
    return colorspaceKnob.values()


@_guarded
def usingOCIO() -> bool:
    return bool(root()["colorManagement"].value() == "OCIO")


@_guarded
def expression(s: str) -> float:
    return _calculate(s, _session.state.frame, root()._look_up)


@_guarded
def value(knob: str, default: _Any) -> str:
    found = root()._knob_named(knob)
    return str(default if found is None else found.value())


@_guarded
def tcl(s: str, *args: _Any) -> str:
    """One command: node_for_sequence, or what file names may hold."""
    if s == "node_for_sequence" and args:
        return "DeepRead" if "deep" in str(args[0]).rsplit("/", 1)[-1].lower() else "Read"
    text = " ".join([s, *(str(one) for one in args)])
    return _evaluate(f"[{text}]", lambda name: str(root()._look_up(name)))


# rendering


@_guarded
def execute(
    nameOrNode: Node | str,
    start: _Any = None,
    end: int | None = None,
    incr: int | None = None,
    views: list[str] | None = None,
    continueOnError: bool = False,
) -> None:
    node = toNode(nameOrNode) if isinstance(nameOrNode, str) else nameOrNode
    if node is None:
        raise RuntimeError(f"{nameOrNode}: no such node")
    if isinstance(start, FrameRanges):
        frames: _Iterable[int] = start.toFrameList()
    else:
        first = root().firstFrame() if start is None else int(start)
        last = first if start is not None and end is None else end
        frames = range(first, (root().lastFrame() if last is None else int(last)) + 1, incr or 1)
    _write.execute(node, frames, views, continue_on_error=continueOnError)


@_guarded
def executing() -> bool:
    return _session.state.executing


@_guarded
def cancel() -> None:
    """Cancel what is being rendered."""
    _session.state.cancelled = True


# scripts


@_guarded
def scriptName() -> str:
    name = str(root()["name"].value())
    if not name:
        raise RuntimeError("no script name")
    return name


@_guarded
def script_directory() -> str:
    return str(root()["name"].value()).rpartition("/")[0]


@_guarded
def modified(status: bool | None = None) -> bool:
    if status is not None:
        _session.state.modified = bool(status)
    return _session.state.modified


@_guarded
def scriptSave(filename: str | None = None) -> str:
    return _script.save(filename)


@_guarded
def scriptSaveAs(filename: str | None = None, overwrite: int = -1) -> None:
    del overwrite
    _script.save(filename)


@_guarded
def scriptClear(*args: _Any, **kwargs: _Any) -> None:
    del args, kwargs
    _script.clear()


@_guarded
def scriptReadFile(*args: _Any, **kwargs: _Any) -> None:
    del kwargs
    with open(args[0], encoding="utf-8") as stream:  # noqa: PTH123 - Nuke takes a string
        _script.read_text(stream.read())


@_guarded
def scriptReadText(*args: _Any, **kwargs: _Any) -> None:
    del kwargs
    _script.read_text(str(args[0]))


@_guarded
def nodeCopy(s: str) -> bool:
    """The selected nodes to a file, or to '%clipboard%'."""
    chosen = [node for node in _groups.group()._children if node in _session.state.selected]
    text = _script.copied_text(chosen)
    if s == "%clipboard%":
        _session.state.clipboard = text
    else:
        with open(s, "w", encoding="utf-8") as stream:  # noqa: PTH123 - Nuke takes a string
            stream.write(text)
    return bool(chosen)


@_guarded
def nodePaste(s: str) -> _Any:
    """Nodes from a file or '%clipboard%'; they are the selection then. The last one of them."""
    if s == "%clipboard%":
        text = _session.state.clipboard
    else:
        with open(s, encoding="utf-8") as stream:  # noqa: PTH123 - Nuke takes a string
            text = stream.read()
    chosen = selectedNodes()
    for node in list(_session.state.selected):
        node.setSelected(False)
    _log.begin("paste")
    try:
        made = _script.read_text(text, chosen[0] if chosen else None)
    finally:
        _log.end()
    for node in made:
        node.setSelected(True)
    return made[-1] if made else None


@_guarded
def undo() -> None:
    _log.back()


@_guarded
def redo() -> None:
    _log.again()


# plug-ins


@_guarded
def pluginAddPath(args: _Any, addToSysPath: bool = True) -> None:
    for each in [args] if isinstance(args, str) else args:
        _session.state.plugin_path.insert(0, each)
        if addToSysPath and each not in _sys.path:
            _sys.path.insert(0, each)


@_guarded
def pluginAppendPath(args: _Any, addToSysPath: bool = True) -> None:
    for each in [args] if isinstance(args, str) else args:
        _session.state.plugin_path.append(each)
        if addToSysPath and each not in _sys.path:
            _sys.path.append(each)


@_guarded
def pluginPath() -> list[str]:
    return list(_session.state.plugin_path)


_session._restart.append(_start)
_session.reset()
