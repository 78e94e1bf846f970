"""Upstream: all that decides a SOP's geometry, as a text of fixed length and the files that it reads.

Houdini counts how often a node cooked, and that moves with the playhead; so the key is made of what
the network says: every node above it and inside of those, its type, its wires, its parameters as they
are written and as they are evaluated, on every frame where they change over time. What runs code of
its own, keeps data that no parameter shows, or simulates, cannot be told that way: then the key is
one of a kind, and the geometry is written anew. Never is something used again that may have changed.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Set, Tuple

from answerprint_panel.keying import Found, Looking
from answerprint_panel.stamps import File

if TYPE_CHECKING:
    from answerprint_houdini.host import hou

MOST_NODES = 20_000
MOST_FRAMES = 2_000
_FOLLOWED = ("Sop", "Object", "Driver", "Vop", "Director", "Manager", "Cop", "Cop2", "Chop", "Shop")
_CODE = ("python", "script", "invoke", "stash", "edit", "dop", "rbd", "vellum", "solver", "sim")
OURS = "answerprint_"
# a path in a parameter that is said to be any text; a node's path has no ending
_LIKE_A_FILE = re.compile(r"(/|[A-Za-z]:/).+\.\w+$")


class Terms(NamedTuple):
    """How to look.

    span        frames that are asked for
    settings    what else decides the geometry: the frame rate, Houdini's version
    """

    span: Tuple[int, int]
    settings: Tuple[str, ...]


def looking(houdini: Any, node: hou.SopNode, terms: Terms, unfollowed: Set[str]) -> Looking:
    """Look at one node a step; the same in every session for the same scene.

    `unfollowed` gets the names of nodes that cannot be told.
    """
    above: List[Any] = [node, *node.inputAncestors(include_ref_inputs=True, follow_subnets=True)]
    texts: Dict[str, str] = {}
    files: Set[File] = set()
    whole = len(above) <= MOST_NODES and terms.span[1] - terms.span[0] < MOST_FRAMES
    for one in above[:MOST_NODES]:
        path = str(one.path())
        if path in texts:
            continue
        if not _is_told(one):
            unfollowed.add(path)
        texts[path] = _said(houdini, one, terms, files)
        yield
    digest = hashlib.sha256()
    for path in sorted(texts):
        digest.update(f"{path}\n{texts[path]}".encode("utf-8", "replace"))
    for setting in terms.settings:
        digest.update(f"{setting}\n".encode("utf-8", "replace"))
    whole = whole and not unfollowed
    return Found(digest.hexdigest()[:16], tuple(sorted(files)), whole)


def _is_told(node: Any) -> bool:
    """Whether what a node does is in what it says."""
    kind = node.type()
    name = str(kind.nameComponents()[2]).lower()
    if str(kind.category().name()) not in _FOLLOWED or any(word in name for word in _CODE):
        return False
    return not (node.dataBlockKeys() or (hasattr(node, "isHardLocked") and node.isHardLocked()))


def _said(houdini: Any, node: Any, terms: Terms, files: Set[File]) -> str:
    kind = node.type()
    lines = [str(kind.nameWithCategory())]
    definition = kind.definition()
    if definition is not None:
        files.add(File(str(definition.libraryFilePath()), 0, 0))
    for wire in node.inputConnections():
        above = wire.inputNode()
        at = f"{wire.inputIndex()} {wire.outputIndex()}"
        lines.append(f"{'-' if above is None else above.path()} {at}")
    if hasattr(node, "isBypassed"):
        lines.append(f"bypassed {node.isBypassed()}")
    for parm in node.parms():
        if not str(parm.name()).startswith(OURS):
            lines += _parm(houdini, parm, terms, files)
    return "\n".join(lines) + "\n"


def _parm(houdini: Any, parm: hou.Parm, terms: Terms, files: Set[File]) -> List[str]:
    """What a parameter says, where that is not its default; and what it is on every frame."""
    moves = bool(parm.isTimeDependent())
    if not moves and parm.isAtDefault():
        return []
    name = str(parm.name())
    values = _values(houdini, parm, terms.span if moves else (terms.span[0], terms.span[0]))
    slashed = [value.replace("\\", "/") for value in values]
    named = _names_a_file(houdini, parm)
    files.update(File(one, 0, 0) for one in slashed if one and (named or _LIKE_A_FILE.match(one)))
    return [f"{name} = {parm.rawValue()}", *values]


def _values(houdini: Any, parm: hou.Parm, span: Tuple[int, int]) -> List[str]:
    try:
        last = min(span[1], span[0] + MOST_FRAMES)
        return [str(parm.evalAsStringAtFrame(frame)) for frame in range(span[0], last + 1)]
    except (houdini.Error, TypeError):  # a button, a ramp, data: what it says has to do
        return []


def _names_a_file(houdini: Any, parm: hou.Parm) -> bool:
    template: Any = parm.parmTemplate()
    if template.type() != houdini.parmTemplateType.String:
        return False
    return bool(template.stringType() == houdini.stringParmType.FileReference)


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
