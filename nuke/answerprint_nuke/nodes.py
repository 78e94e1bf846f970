"""Nodes of the script, found by name, by selection, by what they read. `nuke` is the module."""

from __future__ import annotations

from typing import Any, Iterator, List, Mapping

from answerprint_nuke import plain, read as reads, tab
from answerprint_panel.host import HostError

_NO_PLATES = ("BackdropNode", "StickyNote", "Viewer")


def named(nuke: Any, name: str) -> Any:
    """Raises HostError: it is not there any more."""
    node = nuke.toNode(name)
    if node is None:
        raise HostError(
            f"There is no node {plain.words(name)} in this script any more.",
            "Select the plate again.",
        )
    return node


def placed(nuke: Any, name: str) -> Any:
    """Raises HostError: it is gone, or is none of ours."""
    node = named(nuke, name)
    if not reads.is_read(node) or not tab.is_there(node):
        raise HostError(
            f"{plain.words(name)} is no Read that Answerprint placed.", "Place the take anew."
        )
    return node


def all_placed(nuke: Any) -> List[Any]:
    return [read for read in all_reads(nuke) if tab.is_there(read)]


def all_reads(nuke: Any) -> Iterator[Any]:
    return (node for node in inside(nuke, nuke.root()) if reads.is_read(node))


def inside(nuke: Any, group: Any) -> Iterator[Any]:
    """All nodes below a group, whatever groups they are in."""
    for node in group.nodes():
        yield node
        if isinstance(node, nuke.Group):
            yield from inside(nuke, node)


def selected(nuke: Any) -> Any:
    """The one that is selected: on the open level, else inside the groups, which each have their own.

    Raises:
        HostError: none is, or several are.
    """
    root = nuke.root()
    found = [one for one in root.nodes() if one.isSelected()]
    found = found or [one for one in inside(nuke, root) if one.isSelected()]
    found = [one for one in found if one.Class() not in _NO_PLATES]
    if len(found) > 1:
        names = ", ".join(sorted(str(one.fullName()) for one in found)[:4])
        raise HostError(
            f"{len(found)} nodes are selected: {names}.", "Select the one that is the plate."
        )
    if not found:
        raise HostError("No node is selected.", "Select the plate's Read, or the node to send.")
    return found[0]


def group_of(nuke: Any, node: Any) -> Any:
    """The group that a node lies in, to be entered: new nodes come there."""
    parent = node.fullName().rpartition(".")[0] if node is not None else ""
    return nuke.toNode(parent) if parent else nuke.root()


def plate_of(nuke: Any, take: Mapping[str, Any]) -> Any:
    """By name, if it still reads what it read then; else another Read of the same files."""
    path, name = str(take.get("plate") or ""), take.get("node")
    by_name = nuke.toNode(str(name)) if name else None
    if by_name is not None and (not reads.is_read(by_name) or _shows(by_name, path)):
        return by_name
    found = (one for one in all_reads(nuke) if path and _shows(one, path))
    return next(found, by_name)


def _shows(read: Any, path: str) -> bool:
    if tab.is_there(read):
        return False  # a take is no plate of itself
    return reads.same(str(read["file"].value() or ""), path)


def showing(nuke: Any, take: Mapping[str, Any]) -> Any:
    """A Read of the open level that shows a take, or a plate's files; None: there is none."""
    pattern = str(take.get("pattern") or "")
    for read in all_reads(nuke):
        said = str(read["file"].value() or "")
        if pattern and reads.same(said, pattern) and "." not in str(read.fullName()):
            return read
    return None


def viewer(nuke: Any) -> Any:
    """A Viewer of the open level, else a new one."""
    found = [one for one in nuke.root().nodes() if one.Class() == "Viewer"]
    return found[0] if found else nuke.nodes.Viewer()
