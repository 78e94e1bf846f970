"""Nodes of the fake: knobs, inputs, names, places, and what they show."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import nuke_images as images
import nuke_kinds as kinds
import nuke_lines as lines
import nuke_session as session
import nuke_table as table
from nuke_formats import Format, FrameRange, Info, format_of
from nuke_guard import Guarded
from nuke_knobs import Knob
from nuke_tcl import TclError, words
from nuke_texts import Tab_Knob

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KNOB_NAME = re.compile(r"[A-Za-z0-9_]*")
_PATH = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+")
# How many inputs a class takes; others take an image and a mask
_INPUTS = dict.fromkeys(("Read", "DeepRead", "BackdropNode", "StickyNote", "Input"), 0)
_INPUTS |= {"Merge2": 100, "Switch": 100, "Viewer": 10, "ContactSheet": 100, "Scene": 100}
# What changes nothing of the pixels
_LOOKS = frozenset(
    {"bdheight", "bdwidth", "bookmark", "gl_color", "hide_input", "label", "name", "note_font"}
    | {
        "note_font_color",
        "note_font_size",
        "postage_stamp",
        "selected",
        "tile_color",
        "xpos",
        "ypos",
    }
)


class Node(Guarded):
    """A node of the script; after it was deleted or undone every call raises ValueError."""

    def __init__(self, *args: Any) -> None:
        self._class, self._parent = str(args[0]), args[1]
        self._gone = False
        self._inputs: tuple[Node | None, ...] = ()
        self._knobs: dict[str, Knob] = {}
        for name in table.knob_names(self._class):
            self._put(kinds.make(self._class, name))

    def _put(self, knob: Knob) -> None:
        knob._node = self
        self._knobs[knob._name] = knob

    def _attached(self) -> None:
        if self._gone:
            raise ValueError("A PythonObject is not attached to a node")

    def __repr__(self) -> str:
        return f"<{self._class} {'(gone)' if self._gone else self._full_name()}>"

    # knobs

    def __getitem__(self, key: str) -> Any:
        knob = self._knobs.get(key)
        if knob is None:
            raise NameError(f"knob {key} does not exist")
        return knob

    def __len__(self) -> int:
        return len(self._knobs)

    def knob(self, p: str | int, follow_link: Any = None) -> Any:
        del follow_link
        return list(self._knobs.values())[p] if isinstance(p, int) else self._knobs.get(p)

    def knobs(self) -> dict[str, Any]:
        return dict(self._knobs)

    def allKnobs(self) -> list[Any]:
        return list(self._knobs.values())

    def numKnobs(self) -> int:
        return len(self._knobs)

    def addKnob(self, k: Knob) -> None:
        if not isinstance(k, Knob):
            raise TypeError(f"addKnob wants a knob, not {k!r}")
        if not _KNOB_NAME.fullmatch(k._name):
            raise ValueError(f"{k._name!r}: a knob's name is letters, digits and _")
        if k._name in self._knobs:
            raise RuntimeError(f"{self._full_name()} has a knob {k._name} already")
        k._user = True
        new = dict(self._knobs)
        if not isinstance(k, Tab_Knob) and not any(each._user for each in new.values()):
            tab = Tab_Knob("User", "User")
            tab._user, tab._node = True, self
            new["User"] = tab
        k._node = self
        new[k._name] = k
        self._set("_knobs", new, f"add {self._full_name()}.{k._name}")

    def removeKnob(self, k: Knob) -> None:
        if self._knobs.get(k._name) is not k or not k._user:
            raise ValueError(f"{k._name} is no user knob of {self._full_name()}")
        kept = {name: each for name, each in self._knobs.items() if each is not k}
        self._set("_knobs", kept, f"remove {self._full_name()}.{k._name}")

    def writeKnobs(self, i: int) -> str:
        return lines.written(self, i)

    def readKnobs(self, s: str) -> None:
        given = list(words(s))
        for name, value in zip(given[::2], given[1::2], strict=True):
            self[name]._from_script(value)

    def _set(self, attribute: str, value: Any, what: str) -> None:
        old = getattr(self, attribute)
        setattr(self, attribute, value)
        session.changed(
            what,
            lambda: setattr(self, attribute, old),
            lambda: setattr(self, attribute, value),
        )

    def _knob_changed(self, knob: Knob) -> None:
        if knob._name == "file_type":
            self._swap_knobs()
        if knob._name == "name":
            return
        session.call_back("knobChanged", self, knob)

    def _swap_knobs(self) -> None:
        """The file type's own knobs come and go with it."""
        kind = self._knobs["file_type"].value()
        bound = table.knobs_of_type(self._class, "exr")
        new = {name: each for name, each in self._knobs.items() if name not in bound}
        if kind == "exr":
            for name in bound:
                new[name] = self._knobs.get(name) or kinds.make(self._class, name)
                new[name]._node = self
        self._set("_knobs", new, f"{self._full_name()} knobs of {kind}")

    # what it is called, and where it stands

    def Class(self) -> str:
        return self._class

    def name(self) -> str:
        return str(self._knobs["name"].value())

    def _full_name(self) -> str:
        above = self._parent
        inside = above is not None and above._parent is not None
        return f"{above._full_name()}.{self._own_name()}" if inside else self._own_name()

    def _own_name(self) -> str:
        return str(vars(self._knobs["name"])["_text"])

    def fullName(self) -> str:
        return self._full_name()

    def setName(self, name: str, uncollide: bool = True, updateExpressions: bool = False) -> None:
        del updateExpressions
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r}: a node's name is letters, digits and _")
        if self._parent is not None:
            taken = {each._own_name() for each in self._parent._children if each is not self}
            if name in taken and not uncollide:
                raise ValueError(f"{name}: name already in use")
            name = free_name(name, taken)
        self._knobs["name"]._assign("_text", name)

    def parent(self) -> Any:
        return self._parent

    def rootNode(self) -> Any:
        return session.state.root

    def xpos(self) -> int:
        return int(self["xpos"].value())

    def ypos(self) -> int:
        return int(self["ypos"].value())

    def setXpos(self, x: float) -> None:
        self["xpos"].setValue(int(x))

    def setYpos(self, y: float) -> None:
        self["ypos"].setValue(int(y))

    def setXYpos(self, x: float, y: float) -> None:
        self.setXpos(x)
        self.setYpos(y)

    def screenWidth(self) -> int:
        return 80 if session.state.gui else 0

    def screenHeight(self) -> int:
        return 18 if session.state.gui else 0

    def setSelected(self, selected: bool) -> None:
        """Selection is no change that can be undone."""
        chosen = session.state.selected
        if selected and self not in chosen:
            chosen.append(self)
        elif not selected and self in chosen:
            chosen.remove(self)
        if "selected" in self._knobs:
            self._knobs["selected"]._values = (float(bool(selected)),)  # type: ignore[attr-defined]

    def isSelected(self) -> bool:
        return self in session.state.selected

    def selectOnly(self) -> None:
        for node in list(session.state.selected):
            node.setSelected(False)
        self.setSelected(True)

    def autoplace(self) -> None:
        """Nothing here depends on where it would go."""

    def showControlPanel(self, forceFloat: bool = False) -> None:
        del forceFloat
        session.state.opened.append(self._full_name())

    def hideControlPanel(self) -> None:
        while self._full_name() in session.state.opened:
            session.state.opened.remove(self._full_name())

    def shown(self) -> bool:
        return self._full_name() in session.state.opened

    # inputs

    def _most_inputs(self) -> int:
        return _INPUTS.get(self._class, 1 if self._class in ("Dot", "NoOp", "Write") else 2)

    def maximumInputs(self) -> int:
        return self._most_inputs()

    def inputs(self) -> int:
        return len(self._inputs)

    def input(self, i: float) -> Any:
        return self._inputs[int(i)] if 0 <= int(i) < len(self._inputs) else None

    def canSetInput(self, i: float, node: Node | None) -> bool:
        same = node is None or node._parent is self._parent
        return 0 <= int(i) < self._most_inputs() and same and not self._feeds(node)

    def _feeds(self, node: Node | None) -> bool:
        if node is None:
            return False
        return node is self or any(self._feeds(each) for each in node._inputs)

    def setInput(self, i: float, node: Node | None) -> bool:
        if node is not None and not isinstance(node, Node):
            raise TypeError(f"setInput wants a node, not {node!r}")
        if not self.canSetInput(i, node):
            return False
        new = [*self._inputs, *[None] * (int(i) + 1 - len(self._inputs))]
        new[int(i)] = node
        while new and new[-1] is None:
            new.pop()
        self._set("_inputs", tuple(new), f"{self._full_name()} input {int(i)}")
        return True

    def connectInput(self, i: float, node: Node) -> bool:
        return self.setInput(i, node)

    def dependencies(self, what: Any = None) -> list[Any]:
        """Those wired to it, and those that its expressions name: as `what` asks, all by default."""
        constants = table.API["constants"]
        wanted = -1 if what is None else int(what)
        found = [each for each in self._inputs if each is not None]
        found = found if wanted & constants["nuke.INPUTS"] else []
        named = self._named() if wanted & constants["nuke.EXPRESSIONS"] else []
        return found + [each for each in named if each not in found]

    def _named(self) -> list[Any]:
        """Nodes that its knobs' expressions name, this, its group and the root not among them."""
        texts = [
            curve._expression
            for knob in self._knobs.values()
            for curve in getattr(knob, "_curves", {}).values()
        ]
        found: list[Any] = []
        for path in (path for text in texts for path in _PATH.findall(text)):
            at: Any = self
            for name in path.split(".")[:-1]:
                at = _relative(at, name) if at is not None else None
            if at not in (None, self, self._parent, session.state.root, *found):
                found.append(at)
        return found

    def dependent(self, what: Any = None, forceEvaluate: Any = None) -> list[Any]:
        del what, forceEvaluate
        beside = self._parent._children if self._parent is not None else []
        return [node for node in beside if self in node._inputs]

    # what it shows

    def _look(self, frame: float | None = None, view: str | None = None) -> images.Image:
        at = images.At(
            int(session.state.frame if frame is None else frame),
            view or session.state.views[0],
            proxy=bool(session.state.root["proxy"].value()),
        )
        return images.look(self, at)

    def _seen(self) -> images.Image | None:
        try:
            return self._look()
        except (images.ImageError, TclError):
            return None

    def channels(self) -> list[str]:
        image = self._seen()
        return list(image.channels) if image else []

    def format(self) -> Format:
        image = self._seen()
        if image is not None:
            return format_of(image.display, image.aspect)
        own = self._knobs.get("format") or session.state.root["format"]
        found: Format = own.value()
        return found

    def width(self) -> int:
        return self.format().width()

    def height(self) -> int:
        return self.format().height()

    def pixelAspect(self) -> float:
        return self.format().pixelAspect()

    def bbox(self) -> Info:
        image = self._seen()
        if image is None:
            return Info(0, 0, 1, 1)
        box, top = image.window, image.display.bottom
        return Info(box.left - image.display.left, top - box.bottom, box.width, box.height)

    def metadata(self, key: str | None = None, time: float | None = None, view: Any = None) -> Any:
        try:
            found = self._look(time, view).metadata
        except (images.ImageError, TclError):
            found = {}
        return dict(found) if key is None else found.get(key)

    def error(self) -> bool:
        """Whether this node itself fails at the current frame."""
        try:
            self._look()
        except (images.ImageError, TclError) as error:
            return str(error).startswith(f"{self._own_name()}:") or isinstance(error, TclError)
        return False

    def hasError(self) -> bool:
        return self._class not in images.NO_IMAGE and self._seen() is None

    def treeHasError(self) -> bool:
        return self.hasError()

    def firstFrame(self) -> int:
        return self._frames()[0]

    def lastFrame(self) -> int:
        return self._frames()[1]

    def frameRange(self) -> FrameRange:
        return FrameRange(*self._frames(), 1)

    def _frames(self) -> tuple[int, int]:
        if self._class in ("Read", "DeepRead"):
            return self._own_frames()
        if self._class == "Group" and self.output() is not None:  # type: ignore[attr-defined]
            found: tuple[int, int] = self.output()._frames()  # type: ignore[attr-defined]
            return found
        spans = [each._frames() for each in self._inputs if each is not None]
        if spans:
            return min(first for first, _ in spans), max(last for _, last in spans)
        root = session.state.root
        return int(root["first_frame"].value()), int(root["last_frame"].value())

    def _own_frames(self) -> tuple[int, int]:
        first, last = int(self["first"].value()), int(self["last"].value())
        mode = self._knobs.get("frame_mode")
        text = self._knobs["frame"].value() if "frame" in self._knobs else ""
        if mode is not None and mode.value() == "start at" and text:
            start = int(float(text))
            return start, start + last - first
        if mode is not None and mode.value() == "offset" and text:
            return first - int(float(text)), last - int(float(text))
        return first, last

    def opHashes(self) -> list[int]:
        """Changes with whatever this node and those above it would show differently."""
        text = repr(self._fingerprint()) + repr(
            (session.state.frame, session.state.root["proxy"].value())
        )
        return [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")]

    def _fingerprint(self) -> tuple[Any, ...]:
        own = [(name, each._plain()) for name, each in self._knobs.items() if name not in _LOOKS]
        inside = [each._fingerprint() for each in getattr(self, "_children", ())]
        above = [each._fingerprint() if each else None for each in self._inputs]
        return (self._class, tuple(own), tuple(inside), tuple(above))

    def proxy(self) -> bool:
        return bool(session.state.root["proxy"].value())

    def sample(
        self, c: str, x: float, y: float, dx: float | None = None, dy: float | None = None
    ) -> float:
        """One pixel, x and y from the bottom left; 0 outside."""
        del dx, dy
        at = images.At(session.state.frame, session.state.views[0], self.proxy(), pixels=True)
        image = images.look(self, at)
        row = image.display.bottom - int(y) - image.window.top
        column = int(x) + image.display.left - image.window.left
        pixels = image.channels.get(c if "." in c else f"rgba.{c}")
        inside = 0 <= row < image.window.height and 0 <= column < image.window.width
        return float(pixels[row, column]) if pixels is not None and inside else 0.0

    # other knobs, by name

    def _look_up(self, name: str) -> Any:
        found = self._knob_named(name)
        if found is None:
            raise TclError(f"{name}: no such knob")
        return found.value()

    def _knob_named(self, path: str) -> Any:
        """`knob`, `Node.knob`, `parent.knob`, `root.knob`, `this.knob`."""
        *nodes, knob = path.split(".")
        at: Any = self
        for name in nodes:
            at = _relative(at, name)
            if at is None:
                return None
        return at._knobs.get(knob)


def _relative(node: Any, name: str) -> Any:
    if name == "root":
        return session.state.root
    if name == "this":
        return node
    if name.startswith("parent"):
        return node._parent
    group = node if hasattr(type(node), "nodes") else node._parent
    return next((each for each in group._children if each._own_name() == name), None)


def free_name(name: str, taken: set[str]) -> str:
    """The name itself, or with the next number that is free."""
    if name not in taken:
        return name
    stem = name.rstrip("0123456789")
    number = int(name[len(stem) :] or 0)
    while f"{stem}{number}" in taken or number == 0:
        number += 1
    return f"{stem}{number}"
