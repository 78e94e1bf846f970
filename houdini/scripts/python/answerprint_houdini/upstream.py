"""Upstream: all that decides a SOP's geometry, as a text of fixed length and the files that it reads.

Houdini counts how often a node cooked, and that moves with the playhead; so the key is made of what
the network says: every node above it, inside of those, around them and referred to by them, its type,
its wires, its parameters as they are written and as they are evaluated, on every frame where they
change over time. What runs code of its own, keeps data that no parameter shows, simulates or looks at
other frames, cannot be told that way: then the key is one of a kind, and the geometry is written anew.
Never is something used again that may have changed.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, NamedTuple, Set, Tuple

from answerprint_houdini import values
from answerprint_panel.keying import Found, Looking
from answerprint_panel.stamps import File

if TYPE_CHECKING:
    from answerprint_houdini.host import hou

MOST_NODES = 20_000
MOST_FRAMES = 2_000
_FOLLOWED = ("Sop", "Object", "Driver", "Vop", "Director", "Manager", "Cop", "Cop2", "Chop", "Shop")
_BYPASSED = ("Sop", "Driver", "Vop", "Cop", "Cop2", "Chop")  # kinds of nodes that may be passed by
_CODE = ("python", "script", "invoke", "stash", "edit", "dop", "rbd", "vellum", "solver", "sim")
# what shows other frames than the one that is asked for, and what keeps them
_OTHER_FRAMES = ("timeshift", "timeblend", "timewarp", "retime", "trail")
_KEEPS = "cache"  # a Cache SOP; what is called file cache reads files
_OWN_ASSET = ("answerprint", "task")  # cooked by Python, and reads the file that it names
OURS = "answerprint_"


class Terms(NamedTuple):
    """How to look.

    span        frames that are asked for
    settings    what else decides the geometry: the frame rate, Houdini's version
    """

    span: Tuple[int, int]
    settings: Tuple[str, ...]


def looking(houdini: Any, node: hou.SopNode, terms: Terms, unfollowed: Set[str]) -> Looking:
    """Look at one parameter a step; the same in every session for the same scene.

    `unfollowed` gets the names of nodes that cannot be told.
    """
    look = _Look(houdini, terms, unfollowed)
    look.waiting += [(node, True)]
    look.waiting += [
        (one, True) for one in node.inputAncestors(include_ref_inputs=True, follow_subnets=True)
    ]
    yield from look.around()
    digest = hashlib.sha256()
    for path in sorted(look.texts):
        digest.update(f"{path}\n{look.texts[path]}".encode("utf-8", "replace"))
    for setting in terms.settings:
        digest.update(f"{setting}\n".encode("utf-8", "replace"))
    whole = not look.waiting and terms.span[1] - terms.span[0] < MOST_FRAMES and not unfollowed
    return Found(digest.hexdigest()[:16], tuple(sorted(look.files)), whole)


class _Look:
    """What was seen so far, and what is still to be looked at: nodes, each with what is inside or not."""

    def __init__(self, houdini: Any, terms: Terms, unfollowed: Set[str]) -> None:
        self.houdini, self.terms, self.unfollowed = houdini, terms, unfollowed
        self.waiting: List[Tuple[Any, bool]] = []
        self.texts: Dict[str, str] = {}
        self.files: Set[File] = set()
        self._seen: Dict[str, bool] = {}

    def around(self) -> Iterator[None]:
        while self.waiting and len(self.texts) < MOST_NODES:
            node, inside = self.waiting.pop()
            path = str(node.path())
            if path in self._seen and (self._seen[path] or not inside):
                continue
            self._seen[path] = inside
            if path not in self.texts:
                yield from self._node(node, path)
            if inside:
                self._judge(node, path)
                shown = _inside(node)
                self.texts[path] += f"shows {' '.join(str(one.path()) for one in shown)}\n"
                self.waiting += [(one, True) for one in shown]
            yield

    def _judge(self, node: Any, path: str) -> None:
        """Whether what a node does is in what it says."""
        kind = node.type()
        name = str(kind.nameComponents()[2]).lower()
        told = str(kind.category().name()) in _FOLLOWED and name != _KEEPS
        told = told and not any(word in name for word in (*_CODE, *_OTHER_FRAMES))
        if isinstance(node, self.houdini.SopNode):
            told = told and not node.isHardLocked() and not node.isSoftLocked()
        if not told or node.dataBlockKeys() or _is_python(kind):
            self.unfollowed.add(path)

    def _node(self, node: Any, path: str) -> Iterator[None]:
        kind = node.type()
        lines = [str(kind.nameWithCategory())]
        definition = kind.definition()
        if definition is not None:
            self.files.add(File(str(definition.libraryFilePath()), 0, 0))
        for wire in node.inputConnections():
            above = wire.inputNode()
            at = f"{wire.inputIndex()} {wire.outputIndex()}"
            lines.append(f"{'-' if above is None else above.path()} {at}")
            if above is not None:
                self._wait(node, above)
        if str(kind.category().name()) in _BYPASSED and hasattr(node, "isBypassed"):
            lines.append(f"bypassed {node.isBypassed()}")
        for parm in node.parms():
            if not str(parm.name()).startswith(OURS):
                lines += self._parm(node, parm, path)
                yield
        for one in node.references(include_children=False):
            self._wait(node, one)
        parent = node.parent()
        if parent is not None and parent.parent() is not None:  # not the root
            self.waiting.append((parent, False))  # what is wired into it, and where it stands
        self.texts[path] = "\n".join(lines) + "\n"

    def _wait(self, node: Any, other: Any) -> None:
        """What a node has of another: an object has of an object where that stands, and not its SOPs."""
        both = (str(each.type().category().name()) for each in (node, other))
        self.waiting.append((other, any(each != "Object" for each in both)))

    def _parm(self, node: Any, parm: hou.Parm, path: str) -> List[str]:
        """What a parameter says, where that is not its default; and what it is on every frame."""
        read = values.read(self.houdini, parm, self.terms.span, MOST_FRAMES)
        if read is None:
            return []
        said = values.meant(node, read)
        self.files.update(File(one, 0, 0) for one in said.files)
        self.waiting += [(one, True) for one in said.nodes]
        self.waiting += [(one, False) for one in said.channels]
        if not said.whole:
            self.unfollowed.add(path)
        return read.lines


def _inside(node: Any) -> List[Any]:
    """Nodes inside of another that decide what it gives: of SOPs its outputs, or what it displays."""
    if not node.isNetwork():
        return []
    category = str(node.childTypeCategory().name())
    if category == "Object":
        return []  # each one that matters is referred to by its own path
    if category != "Sop":
        return list(node.children())
    found: List[Any] = list(node.subnetOutputs())
    shown: Any = node.displayNode() if hasattr(node, "displayNode") else None
    return found if shown is None or shown in found else [*found, shown]


def _is_python(kind: Any) -> bool:
    """Whether an asset is cooked by code of its own."""
    definition = kind.definition()
    if definition is None or tuple(kind.nameComponents()[1:3]) == _OWN_ASSET:
        return False
    return "PythonCook" in definition.sections()


def anew(node: str, unfollowed: Set[str]) -> str:
    """What is said of a node whose key never comes again."""
    if not unfollowed:
        return f"{node} reads too many files or frames to look at: it is written anew each time."
    named = ", ".join(sorted(unfollowed)[:3])
    more = f" and {len(unfollowed) - 3} more" if len(unfollowed) > 3 else ""
    return (
        f"What {named}{more} makes cannot be told by its parameters: {node} is cooked and written anew "
        "each time."
    )
