"""Nodes of the script, found by name, by selection, by what they read. `nuke` is the module."""

from __future__ import annotations

from typing import Any, Iterator, List, Mapping, Tuple

from answerprint_nuke import place, plain, read as reads, tab
from answerprint_panel import streams
from answerprint_panel.host import HostError

_NO_PLATES = ("BackdropNode", "StickyNote", "Viewer")


def find(nuke: Any, name: str) -> Any:
    """A node by its full name, whatever group Nuke is in just now; None: there is none."""
    with nuke.root():
        return nuke.toNode(name)


def named(nuke: Any, name: str) -> Any:
    """Raises HostError: it is not there any more."""
    node = find(nuke, name)
    if node is None:
        raise HostError(
            f"There is no node {plain.words(name)} in this script any more.",
            "Select the plate again.",
        )
    return node


def placed(nuke: Any, name: str) -> Any:
    """Raises HostError: it is gone, is none of ours, or lies where nothing is saved."""
    node = named(nuke, name)
    if not reads.is_read(node) or not tab.is_there(node):
        raise HostError(
            f"{plain.words(name)} is no Read that Answerprint placed.", "Place the take anew."
        )
    if any(is_locked(nuke, group) for group in _around(node)):
        raise HostError(
            f"{plain.words(name)} lies inside a gizmo or a locked group, where nothing is saved.",
            "Make that group editable, or place the take outside of it.",
        )
    return node


def all_placed(nuke: Any) -> List[Any]:
    """Those that may be changed: what lies inside a gizmo is left alone."""
    found = inside(nuke, nuke.root(), locked=False)
    return [node for node in found if reads.is_read(node) and tab.is_there(node)]


def all_reads(nuke: Any) -> Iterator[Any]:
    return (node for node in inside(nuke, nuke.root()) if reads.is_read(node))


def inside(nuke: Any, group: Any, *, locked: bool = True) -> Iterator[Any]:
    """All nodes below a group, whatever groups they are in; `locked`: gizmos among them."""
    for node in group.nodes():
        yield node
        if isinstance(node, nuke.Group) and (locked or not is_locked(nuke, node)):
            yield from inside(nuke, node, locked=locked)


def is_locked(nuke: Any, group: Any) -> bool:
    """Whether a group's inside comes from a file, so that what is put there is not saved."""
    if isinstance(group, nuke.LiveGroup):
        return bool(group.published())
    return isinstance(group, (nuke.Gizmo, nuke.Precomp))


def selected(nuke: Any) -> Any:
    """The one that is selected in the group that is open; scripts hold selections inside others.

    Raises:
        HostError: none is, or several are.
    """
    found = [one for one in nuke.selectedNodes() if one.Class() not in _NO_PLATES]
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
    parent = node.parent()
    return nuke.root() if parent is None else parent


def editable(nuke: Any, node: Any) -> Tuple[Any, Any]:
    """The innermost group around a node whose inside is saved with the script, and what lies in it.

    That is the node itself, or the gizmo that it is somewhere inside of.
    """
    home, lies = nuke.root(), node
    for group in reversed(list(_around(node))):
        if is_locked(nuke, group):
            return home, group
        home = group
    return home, lies


def beside(node: Any) -> List[Any]:
    """All nodes of the group that a node lies in."""
    parent = node.parent()
    return [] if parent is None else list(parent.nodes())


def _around(node: Any) -> Iterator[Any]:
    """The groups that a node is in, the innermost first; not the script itself."""
    group = node.parent() if node is not None else None
    while group is not None and str(group.Class()) != "Root":
        yield group
        group = group.parent()


def plate_of(nuke: Any, take: Mapping[str, Any]) -> Any:
    """The Read of its plate's files, by name rather than another; or the node that was rendered.

    None where neither is here: a node of the same name that shows something else is no plate.
    """
    path, name = str(take.get("plate") or ""), str(take.get("node") or "")
    by_name = find(nuke, name) if name else None
    shown = [one for one in all_reads(nuke) if path and _shows(one, path)]
    same = [one for one in shown if str(one.fullName()) == name]
    if shown:
        return (same or shown)[0]
    is_node = by_name is not None and not reads.is_read(by_name)
    return by_name if is_node and place.was_rendered(take) else None


def _shows(read: Any, path: str) -> bool:
    if tab.is_there(read):
        return False  # a take is no plate of itself
    return streams.same(str(read["file"].value() or ""), path)


def showing(nuke: Any, take: Mapping[str, Any]) -> Any:
    """A Read of the open level that shows a take, or a plate's files; None: there is none."""
    pattern = str(take.get("pattern") or "")
    for read in all_reads(nuke):
        said = str(read["file"].value() or "")
        if pattern and streams.same(said, pattern) and "." not in str(read.fullName()):
            return read
    return None


def viewer(nuke: Any) -> Any:
    """A Viewer of the open level, else a new one."""
    found = [one for one in nuke.root().nodes() if one.Class() == "Viewer"]
    if found:
        return found[0]
    with nuke.root():
        return nuke.nodes.Viewer()
