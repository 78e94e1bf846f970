"""Placing: a File node for a take, and where it lies. It only reads; nothing is wired and nothing cooks.

A SOP that reads geometry is placed beside its plate, in the plate's own network; a take of pictures in
a compositing network. Its display flag stays off: the artist decides what is seen.
`houdini` is the module, handed over by the host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Tuple

from answerprint_houdini import nodes, paths, plain, tab
from answerprint_panel.host import Document, HostError

if TYPE_CHECKING:
    from answerprint_houdini.host import hou

STEP_X, STEP_Y = 3.0, 0.0
NEAR = 1.0  # nodes that are closer lie upon each other
MOST_STEPS = 50
_SOPS = (".bgeo", ".geo", ".bgeo.gz", ".geo.gz", ".vdb")


def files(take: Document) -> Tuple[str, int, int]:
    """A take's path with ####, and its range, as a File node may have them.

    Raises:
        HostError: there is no frame yet, or Houdini would run a part of the path.
    """
    what = f"{plain.words(take.get('name'))} {plain.words(take.get('take'))}".strip() or "The take"
    path = plain.path(take.get("pattern"), what)
    try:
        first, last = int(take["first"]), int(take["last"])
    except (KeyError, TypeError, ValueError):
        raise HostError(
            f"{what} has no frame yet.", "Place it once its first frames are done."
        ) from None
    return path, first, last


def written(take: Document) -> str:
    """What a node's file parameter says: $F4, or the file itself where there is one frame."""
    path, first, last = files(take)
    return paths.to_houdini(path) if first != last else paths.numbered(path, first)


def network(houdini: Any, take: Document, near: Optional[hou.OpNode]) -> Any:
    """The network that a take's node belongs into.

    Raises:
        HostError: a locked asset is no place; or nothing there reads such files.
    """
    path, _, _ = files(take)
    home: Any = near.parent() if near is not None else None
    kind = "" if home is None else str(home.childTypeCategory().name())
    if paths.ends_in(path, paths.IMAGES):
        if home is None or kind not in ("Cop2", "Cop"):
            raise HostError(
                f"{plain.words(take.get('take'))} is pictures, and no SOP reads those. Its frames lie at "
                f"{paths.to_houdini(path)}",
                "Paste that path into a texture, a File COP or MPlay; or select a node of a compositing "
                "network, then place it.",
            )
        return _open(home)
    if not paths.ends_in(path, _SOPS):
        raise HostError(
            f"{plain.words(take.get('take'))} is USD, and a File SOP is no place for it. It lies at "
            f"{paths.to_houdini(path)}",
            "Read it with a USD Import SOP, or in LOPs with a Sublayer or a Reference.",
        )
    if home is not None and kind == "Sop":
        return _open(home)
    return _new_object(houdini, take)


def _open(home: Any) -> Any:
    if home.isLockedHDA() or nodes.is_locked(home):
        raise HostError(
            f"{home.path()} is a locked asset, where nothing is saved.",
            "Allow editing of its contents, or select a node outside of it, then place the take.",
        )
    return home


def _new_object(houdini: Any, take: Document) -> Any:
    """A geometry object for what has no network of its own here."""
    objects = houdini.node("/obj")
    if objects is None:
        raise HostError(
            "This scene has no /obj.", "Open a scene with objects, then place the take."
        )
    return objects.createNode("geo", plain.node_name(f"answerprint_{take.get('name')}"))


def fill(home: Any, take: Document) -> hou.OpNode:
    """A new node in a network, that reads a take."""
    node = home.createNode("file", plain.node_name(f"answerprint_{take.get('name')}"))
    way = node.parm("filemode")
    if way is not None and "read" in way.menuItems():
        way.set("read")  # it never writes, whatever is wired into it
    refill(node, take)
    return node  # type: ignore[no-any-return]  # what createNode gives is a node


def refill(node: Any, take: Document) -> None:
    """A version switch changes this one parameter; what an artist set besides stays."""
    path, _, _ = files(take)
    said = written(take)
    parm = nodes.file_parm(node)
    if parm is None:
        raise HostError(
            f"{node.path()} has no file to read any more.", "Place the take anew, as a new node."
        )
    parm.set(said)
    tab.remember(node, said, path)


def spot(houdini: Any, node: Any, near: Any) -> None:
    """A free place to the right of another node."""
    others = [one.position() for one in node.parent().children() if one != node]
    at = near.position()
    x, y = float(at[0]) + STEP_X, float(at[1]) + STEP_Y
    for _ in range(MOST_STEPS):
        if not any(abs(x - one[0]) < NEAR * 2 and abs(y - one[1]) < NEAR for one in others):
            break
        x += STEP_X
    node.setPosition(houdini.Vector2((x, y)))
