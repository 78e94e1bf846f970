"""A node as a plate, whatever it is: by its files, or to be cooked; or why it is none.

`houdini` is the module, handed over by the host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Tuple

from answerprint_houdini import contents, files, plain
from answerprint_panel.host import HostError, Source

if TYPE_CHECKING:
    from answerprint_houdini.host import hou


def of(houdini: Any, node: hou.OpNode, playbar: Tuple[int, int]) -> Source:
    """Raises HostError: it is no geometry and no picture, does not cook, or has no files."""
    name = str(node.path())
    if isinstance(node, houdini.SopNode):
        return _sop(houdini, node, playbar)
    if isinstance(node, houdini.ObjNode):
        return _object(houdini, node, name, playbar)
    category = str(node.type().category().name())
    if category in ("Cop", "Cop2"):
        found = files.written_by(node, name, playbar)
        return files.image(node, name) if found is None else found
    found = files.written_by(node, name, playbar)
    if found is None:
        raise HostError(
            f"{name} is no geometry and writes no picture ({node.type().description()}).",
            "Select a SOP, a geometry object, or the ROP whose pictures you mean.",
        )
    return found


def _object(houdini: Any, node: Any, name: str, playbar: Tuple[int, int]) -> Source:
    """What an object displays."""
    shown = node.displayNode()
    if shown is None or not isinstance(shown, houdini.SopNode):
        raise HostError(
            f"{name} displays no geometry ({node.type().description()}).",
            "Select a geometry object that is not empty, or a SOP in it.",
        )
    return _sop(houdini, shown, playbar)


def _sop(houdini: Any, node: hou.SopNode, playbar: Tuple[int, int]) -> Source:
    name = str(node.path())
    if str(node.type().nameComponents()[2]) == "file":
        found = files.read_by(node, name)
        if found is not None:
            return found
    held = contents.of(houdini, geometry(houdini, node), name)
    moves = bool(node.isTimeDependent())
    return Source(
        node=name,
        kind="render",
        first=playbar[0],
        last=playbar[1] if moves else playbar[0],
        title=held.title,
        data=True,
        remarks=(*held.remarks, *_remarks(houdini, name, moves=moves)),
        suffix=held.suffix,
        kinds=held.kinds,
    )


def geometry(houdini: Any, node: hou.SopNode) -> hou.Geometry:
    """A node's geometry now, cooked if need be. Raises HostError: it does not cook."""
    frame = int(houdini.frame())
    try:
        found = node.geometry()
    except houdini.Error as error:
        raise failed(str(node.path()), frame, said(error)) from error
    if found is None or node.errors():
        raise failed(str(node.path()), frame, "; ".join(node.errors()) or "it gives no geometry")
    return found


def at_frame(houdini: Any, node: hou.SopNode, frame: int) -> hou.Geometry:
    """Its geometry at a frame, frozen; the playbar stays where it is.

    Raises:
        HostError: it does not cook there; with Houdini's own message.
    """
    name = str(node.path())
    try:
        found = node.geometryAtFrame(float(frame))
    except houdini.OperationInterrupted as error:
        raise HostError(
            f"Cooking {name} was cancelled in Houdini at frame {frame}.",
            "Run it again: frames that are written already are used.",
        ) from error
    except houdini.Error as error:
        raise failed(name, frame, said(error)) from error
    if found is None or node.errors():
        raise failed(name, frame, "; ".join(node.errors()) or "it gives no geometry")
    return found.freeze()


def said(error: Any) -> str:
    """Houdini's message, in one line."""
    return plain.words(error.instanceMessage() or error.description() or "no reason")


def failed(name: str, frame: int, why: str) -> HostError:
    why = why.strip() or "no reason"
    return HostError(
        f"{name} does not cook at frame {frame}: {plain.words(why)}",
        "Look at that frame in the viewport, correct the node, then run again.",
    )


def _remarks(houdini: Any, name: str, *, moves: bool) -> List[str]:
    found = []
    if not moves:
        found.append(f"{name} does not change over time: one frame is enough.")
    if houdini.updateModeSetting() == houdini.updateMode.Manual:
        found.append(
            "The update mode is Manual; it stays so. The node is cooked all the same, and only for "
            "what is sent."
        )
    if houdini.hipFile.isNewFile():
        found.append("The scene has no name yet: save it, and takes go beside it.")
    return found
