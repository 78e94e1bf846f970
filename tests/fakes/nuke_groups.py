"""Nodes that hold others, the script itself, the Viewer, and how nodes come and go."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import nuke_session as session
import nuke_table as table
from nuke_formats import Format
from nuke_guard import Guarded
from nuke_nodes import Node, free_name

if TYPE_CHECKING:
    from typing_extensions import Self


class Group(Node):
    """A node with nodes in it; `with group:` makes it the place where things happen."""

    def __init__(self, *args: Any) -> None:
        self._children: tuple[Any, ...] = ()
        super().__init__(*args)

    def nodes(self) -> list[Any]:
        return list(self._children)

    def numNodes(self) -> int:
        return len(self._children)

    def node(self, s: str) -> Any:
        return find(s, self)

    def output(self) -> Any:
        return next((node for node in self._children if node._class == "Output"), None)

    def begin(self) -> Group:
        session.state.context.append(self)
        return self

    def end(self) -> None:
        if session.state.context:
            session.state.context.pop()

    def run(self, callable: Callable[[], Any]) -> Any:
        with self:
            return callable()

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(self, *args: object) -> None:
        self.end()

    def selectedNodes(self) -> list[Any]:
        return [node for node in reversed(session.state.selected) if node._parent is self]

    def selectedNode(self) -> Any:
        return next(iter(self.selectedNodes()), None)

    def _most_inputs(self) -> int:
        return sum(node._class == "Input" for node in self._children)


class Gizmo(Group):
    """A group whose inside comes from a file: what is put there is not saved with the script."""

    def command(self) -> str:
        return f"{self._class}.gizmo"


class Precomp(Group):
    """A script within the script: its inside comes from a file."""


class LiveGroup(Precomp):
    """A Precomp that can be made editable; as long as it is published it is locked."""

    _locked = True

    def published(self) -> bool:
        return self._locked

    def makeEditable(self) -> None:
        self._locked = False


class Root(Group):
    """The script. Its name is the file's path, or 'Root' while it has none."""

    def name(self) -> str:
        return str(self._knobs["name"].value()) or "Root"

    def _full_name(self) -> str:
        return "root"

    def setName(self, name: str, uncollide: bool = True, updateExpressions: bool = False) -> None:
        del uncollide, updateExpressions
        self._knobs["name"].setValue(name)  # type: ignore[call-arg]  # a string knob

    def modified(self) -> bool:
        return session.state.modified

    def setModified(self, b: bool) -> None:
        session.state.modified = bool(b)

    def firstFrame(self) -> int:
        return int(self["first_frame"].value())

    def lastFrame(self) -> int:
        return int(self["last_frame"].value())

    def fps(self) -> int:
        return int(self["fps"].value())

    def realFps(self) -> float:
        return float(self["fps"].value())

    def setProxy(self, b: bool) -> None:
        self["proxy"].setValue(bool(b))

    def setFrame(self, n: int) -> None:
        session.state.frame = int(n)
        self._knobs["frame"]._values = (float(n),)  # type: ignore[attr-defined]

    def addView(self, name: str, color: Any = None) -> None:
        del color
        if name not in session.state.views:
            session.state.views.append(name)

    def deleteView(self, s: str) -> None:
        session.state.views.remove(s)

    def format(self) -> Format:
        found: Format = self["format"].value()
        return found

    def layers(self) -> list[str]:
        return ["rgb", "rgba", "alpha", "depth"]

    def channels(self) -> list[str]:
        return ["rgba.red", "rgba.green", "rgba.blue", "rgba.alpha", "depth.Z"]


class Viewer(Node):
    """Where images are looked at; ViewerWindow says which inputs it shows."""


class BackdropNode(Node):
    def getNodes(self) -> list[Any]:
        return [node for node in self._parent._children if node is not self and self._holds(node)]

    def _holds(self, node: Any) -> bool:
        if "xpos" not in node._knobs:
            return False
        left, top = self.xpos(), self.ypos()
        right, bottom = left + self["bdwidth"].value(), top + self["bdheight"].value()
        return bool(left <= node.xpos() < right and top <= node.ypos() < bottom)


class ViewerWindow(Guarded):
    """What nuke.activeViewer() gives. `_shown`: the inputs on both sides of the wipe, or None."""

    def __init__(self, *args: Any) -> None:
        self._node = args[0]
        self._shown: list[int | None] = [None, None]

    def _attached(self) -> None:
        self._node._attached()

    def node(self) -> Any:
        return self._node

    def activeInput(self, secondary: bool = False) -> int | None:
        return self._shown[int(secondary)]

    def activateInput(self, input: int, secondary: bool = False) -> None:
        self._shown[int(secondary)] = int(input)

    def view(self) -> str:
        return session.state.views[0]

    def setView(self, s: str) -> None:
        if s not in session.state.views:
            raise ValueError(f"{s}: no such view")


_KINDS: dict[str, type[Node]] = {
    "Group": Group,
    "Precomp": Precomp,
    "LiveGroup": LiveGroup,
    "Root": Root,
    "Viewer": Viewer,
    "BackdropNode": BackdropNode,
}


def group() -> Any:
    """The group that things happen in now."""
    return session.state.context[-1] if session.state.context else session.state.root


def new_root() -> None:
    """An empty script."""
    session.state.context.clear()
    session.state.root = Root("Root", None)


def create(node_class: str, name: str | None = None, *, told: bool = True) -> Any:
    """Make a node in the current group.

    Raises:
        RuntimeError: there is no such class.
    """
    if node_class not in table.node_classes():
        raise RuntimeError(f"{node_class}: Unknown command")
    home = group()
    made = _KINDS.get(node_class, Node)(node_class, home)
    taken = {node._own_name() for node in home._children}
    stem = node_class.rstrip("0123456789")
    chosen = free_name(name, taken) if name else free_name(f"{stem}1", taken)
    vars(made._knobs["name"])["_text"] = chosen
    adopt(home, made, f"create {chosen}")
    if node_class == "Viewer" and session.state.viewer is None:
        session.state.viewer = ViewerWindow(made)
    if told:
        session.call_back("onCreate", made)
    return made


def gizmo(name: str, kind: type[Group] = Gizmo) -> Any:
    """A group that is loaded from a file, as a plug-in's is; a test's, Nuke has no call for it."""
    home = group()
    made = kind("Group", home)
    vars(made._knobs["name"])["_text"] = free_name(
        name, {one._own_name() for one in home._children}
    )
    adopt(home, made, f"create {name}")
    return made


def adopt(home: Any, node: Any, what: str) -> None:
    """Put a node among a group's own; undo takes it out."""

    def put() -> None:
        node._gone = False
        home._children = (*home._children, node)

    def take() -> None:
        _drop(home, node)

    put()
    session.changed(what, take, put)


def delete(node: Any) -> None:
    """Take a node away; what it fed gets its first input instead."""
    for below in node.dependent():
        for number in range(below.inputs()):
            if below.input(number) is node:
                below.setInput(number, node.input(0))
    session.call_back("onDestroy", node)
    home = node._parent

    def take() -> None:
        _drop(home, node)

    def put() -> None:
        node._gone = False
        home._children = (*home._children, node)

    name = node._full_name()
    take()
    session.changed(f"delete {name}", put, take)


def _drop(home: Any, node: Any) -> None:
    """A group's own go with it."""
    home._children = tuple(each for each in home._children if each is not node)
    if node in session.state.selected:
        session.state.selected.remove(node)
    if session.state.viewer is not None and session.state.viewer._node is node:
        session.state.viewer = None
    node._gone = True


def find(path: str, start: Any) -> Any:
    """`Read1`, `Group1.Read1` from a group; `root` and `root.Read1` from anywhere; else None."""
    if not isinstance(path, str):
        raise TypeError(f"a node's name is wanted, not {path!r}")
    at = start
    for number, name in enumerate(path.split(".")):
        if name == "root" and number == 0:
            at = session.state.root
            continue
        children = getattr(at, "_children", ()) if at is not None else ()
        at = next((node for node in children if node._own_name() == name), None)
    return at if at is not start or path == "root" else None


def set_knobs(node: Any, text: str) -> None:
    """`file /a.exr first 1`: knobs as the arguments of createNode give them, in TCL."""
    node.readKnobs(text)


def connect_to_selection(node: Any) -> None:
    """As createNode does: below what is selected, which it then replaces as the selection."""
    chosen = [each for each in session.state.selected if each._parent is node._parent]
    for number, above in enumerate(chosen[: max(node._most_inputs(), 0)]):
        node.setInput(number, above)
    if chosen:
        node.setXYpos(chosen[-1].xpos(), chosen[-1].ypos() + 40)
    node.selectOnly()


class NodeConstructor(Guarded):
    """`nuke.nodes.Read`: makes a node, sets its knobs, touches neither selection nor panels."""

    def __init__(self, *args: Any) -> None:
        self._class = str(args[0])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if args:
            raise TypeError(f"nuke.nodes.{self._class} takes knobs by name")
        from nuke_guard import on_main_thread

        on_main_thread(f"nuke.nodes.{self._class}")
        above: Iterable[Any] = kwargs.pop("inputs", ())
        made = create(self._class, kwargs.pop("name", None))
        for name, value in kwargs.items():
            made[name].setValue(value)
        for number, each in enumerate(above):
            made.setInput(number, each)
        return made


class Nodes(Guarded):
    """`nuke.nodes`: a constructor for each class."""

    def __init__(self, *args: Any) -> None:
        del args

    def __getattr__(self, name: str) -> NodeConstructor:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in table.node_classes():
            raise RuntimeError(f"{name}: Unknown command")
        return NodeConstructor(name)
