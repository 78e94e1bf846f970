"""Rendering a node to EXR: which frames, where to, and how a Write is set up for them."""

from __future__ import annotations

import os
from typing import Any, List, Sequence, Tuple

from answerprint_nuke import plain
from answerprint_panel.host import HostError
from answerprint_panel.stamps import numbered, of_view


def views_of(asked: Sequence[str], known: Sequence[str]) -> List[str]:
    """The views to render: those asked for, never all by accident; else the script's first.

    With %V in the path each has a file of its own; without, one file holds them all.
    """
    return [view for view in known if view in asked] or list(known[:1])


def missing(pattern: str, views: Sequence[str], frames: Sequence[int]) -> List[int]:
    """Frames that are not on disk in every view: what was rendered under this key is used again."""
    return [
        frame
        for frame in frames
        if not all(os.path.isfile(numbered(of_view(pattern, view), frame)) for view in views)
    ]


def folders(pattern: str, views: Sequence[str]) -> None:
    """Make the folders of a render.

    Raises:
        HostError: they cannot be written; names one.
    """
    for view in views:
        folder = os.path.dirname(of_view(pattern, view))
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            reason = error.strerror or str(error)
            raise HostError(
                f"The folder for the rendered plate cannot be made: {folder}: {reason}.",
                "Save the script where you may write, or ask for rights to this folder.",
            ) from error
        if not os.access(folder, os.W_OK):
            raise HostError(
                f"The folder for the rendered plate cannot be written: {folder}",
                "Save the script where you may write, or ask for rights to this folder.",
            )


# Set in this order: the knobs of a file type are there only once it is chosen.
# Lossless, all layers, the bounding box kept, as the script's own numbers.
WRITE: Tuple[Tuple[str, Any], ...] = (
    ("file_type", "exr"),
    ("channels", "all"),
    ("datatype", "32 bit float"),
    ("compression", "Zip (1 scanline)"),
    ("metadata", "default metadata and exr/*"),
    ("autocrop", False),
    ("raw", True),
)


def prepare(write: Any, node: Any, pattern: str) -> None:
    """Set a Write up below a node."""
    write.setInput(0, node)
    for name, value in WRITE:
        write[name].setValue(value)
    write["file"].setValue(pattern)


def failed(node: str, frame: int, error: BaseException) -> HostError:
    """What Nuke says of a frame that it cannot render, in a sentence."""
    said = plain.words(str(error).strip().splitlines()[0] if str(error).strip() else "no reason")
    if said.casefold().startswith("cancel"):
        return HostError(
            f"Rendering {node} was cancelled in Nuke at frame {frame}.",
            "Run it again: frames that are rendered already are used.",
        )
    return HostError(
        f"Nuke cannot render {node} at frame {frame}: {said}",
        "Look at that frame in the Viewer, correct the node, then run again.",
    )
