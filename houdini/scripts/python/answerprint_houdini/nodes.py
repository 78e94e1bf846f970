"""Nodes of the scene, found by path, by selection, by what they read. `houdini` is the module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Mapping, Optional, cast

from answerprint_houdini import paths, plain, tab
from answerprint_panel import streams
from answerprint_panel.host import HostError

if TYPE_CHECKING:
    from answerprint_houdini.host import hou

MOST_NAMED = 4
ASSET = (
    "answerprint::task"  # the task node as an asset, of whatever version: it reads its take itself
)


def find(houdini: Any, path: str) -> Optional[hou.OpNode]:
    """A node by its path; None: there is none."""
    found = houdini.node(path) if path else None
    return cast("Optional[hou.OpNode]", found)


def named(houdini: Any, path: str) -> hou.OpNode:
    """Raises HostError: it is not there any more."""
    node = find(houdini, path)
    if node is None:
        raise HostError(
            f"There is no node {plain.words(path)} in this scene any more.",
            "Select the geometry again.",
        )
    return node


def selected(houdini: Any) -> hou.OpNode:
    """The one that is selected. Raises HostError: none is, or several are.

    Each network has a selection of its own; the one that counts was made last.
    """
    every = houdini.selectedNodes()
    found = [one for one in every if one.parent() == every[-1].parent()]
    if len(found) > 1:
        names = ", ".join(sorted(str(one.path()) for one in found)[:MOST_NAMED])
        raise HostError(
            f"{len(found)} nodes are selected: {names}.", "Select the one that is the plate."
        )
    if not found:
        raise HostError(
            "No node is selected.", "Select the SOP to send, or the ROP whose pictures you mean."
        )
    return cast("hou.OpNode", found[0])


def placed(houdini: Any, path: str) -> hou.OpNode:
    """Raises HostError: it is gone, is none of ours, or lies where nothing is saved."""
    node = named(houdini, path)
    if not tab.is_there(node):
        raise HostError(
            f"{plain.words(path)} is no node that Answerprint placed.", "Place the take anew."
        )
    if is_locked(node):
        raise HostError(
            f"{plain.words(path)} lies inside a locked asset, where nothing is saved.",
            "Allow editing of its contents, or place the take outside of it.",
        )
    return node


def is_locked(node: hou.OpNode) -> bool:
    """Whether what is changed in a node is not saved with the scene."""
    return bool(node.isInsideLockedHDA()) and not bool(node.isEditableInsideLockedHDA())


def all_placed(houdini: Any) -> List[hou.OpNode]:
    """Those that may be changed: what lies inside a locked asset is left alone."""
    return [one for one in _file_nodes(houdini) if tab.is_there(one) and not is_locked(one)]


def _file_nodes(houdini: Any) -> List[hou.OpNode]:
    """Every node of a type that reads takes; Houdini keeps a list of them, however large the scene."""
    found: List[hou.OpNode] = []
    for category in (
        houdini.sopNodeTypeCategory(),
        houdini.copNodeTypeCategory(),
        houdini.cop2NodeTypeCategory(),
    ):
        for name, kind in category.nodeTypes().items():
            if name == "file" or name.startswith(ASSET):
                found += kind.instances()
    return sorted(found, key=lambda one: str(one.path()))


def plate_of(houdini: Any, take: Mapping[str, Any]) -> Optional[hou.OpNode]:
    """The node that a take was made from, by its path; else a File node that reads its plate.

    None where neither is here.
    """
    by_name = find(houdini, str(take.get("node") or ""))
    if by_name is not None:
        return by_name
    plate = str(take.get("plate") or "")
    for one in _file_nodes(houdini):
        if plate and not tab.is_there(one) and streams.same(reads(one), plate):
            return one
    return None


def showing(houdini: Any, take: Mapping[str, Any]) -> Optional[hou.OpNode]:
    """A File node that reads a take; None: there is none."""
    pattern = str(take.get("pattern") or "")
    for one in _file_nodes(houdini):
        if pattern and streams.same(reads(one), pattern):
            return one
    return None


def is_plain(node: hou.OpNode) -> bool:
    """Whether its path stands for itself; variables and expressions are the artist's."""
    parm = file_parm(node)
    return parm is not None and paths.is_plain(str(parm.rawValue()))


def reads(node: hou.OpNode) -> str:
    """The path that a File node reads, its frame as ####; empty where it counts in other ways."""
    parm = file_parm(node)
    if parm is None:
        return ""
    said = str(parm.rawValue())
    ours = tab.remembered(node, said)
    if ours:
        return ours
    if paths.is_plain(said):
        return paths.from_houdini(said)
    return paths.pattern(parm.evalAsStringAtFrame) or ""


def file_parm(node: hou.OpNode) -> Optional[hou.Parm]:
    """`file` of a SOP, `filename1` of an old COP, `filename` of a new one."""
    for name in ("file", "filename1", "filename"):
        parm = node.parm(name)
        if parm is not None:
            return parm
    return None
