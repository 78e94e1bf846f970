"""Rendering a node to EXR, frame by frame, with the host at ease between them.

For each frame a Write is made, carried out and taken away again, all within one turn of the host:
between turns there is nothing of ours in the script, whatever is saved, closed or cancelled then.
"""

from __future__ import annotations

import os
from typing import Any, Callable, List, Optional, Sequence, Tuple

from answerprint_nuke import plain
from answerprint_nuke.upstream import numbered
from answerprint_panel.host import HostError, Rendering

Step = Callable[[int, int], None]
Done = Callable[[Optional[HostError]], None]
Later = Callable[[Callable[[], None], int], None]
Frame = Callable[[int], None]

WAIT = 200  # milliseconds until we look again whether the host's own render is over


class NodeRendering(Rendering):
    """The frames of one node that are not on disk yet.

    frame   renders one; raises HostError
    busy    whether the host renders something itself: one inside another is never begun
    later   runs a callable when the host is at ease, after so many milliseconds
    """

    def __init__(
        self,
        node: str,
        frames: List[int],
        missing: List[int],
        frame: Frame,
        busy: Callable[[], bool],
        later: Later,
        step: Step,
        done: Done,
    ) -> None:
        self._node = node
        self._missing = missing
        self._count = len(frames)
        self._frame = frame
        self._busy = busy
        self._later = later
        self._step = step
        self._done: Optional[Done] = done
        self._cancelled = False

    def start(self) -> None:
        self._later(self._turn, 0)

    def cancel(self) -> None:
        self._cancelled = True

    def _turn(self) -> None:
        if self._done is None:
            return
        if self._cancelled:
            left = len(self._missing)
            self._end(
                HostError(
                    f"Rendering {self._node} was cancelled with {left} of {self._count} frames to go.",
                    "Run it again: frames that are rendered already are used.",
                )
            )
        elif not self._missing:
            self._end(None)
        elif self._busy():
            self._later(self._turn, WAIT)
        else:
            self._one()

    def _one(self) -> None:
        try:
            self._frame(self._missing[0])
        except HostError as error:
            self._end(error)
            return
        del self._missing[0]
        self._step(self._count - len(self._missing), self._count)
        self._later(self._turn, 0)

    def _end(self, error: Optional[HostError]) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(error)


def at_once(turn: Callable[[], None], _after: int) -> None:
    """For a terminal, which has no turns; `Loop` keeps it from growing the stack."""
    _LOOP.append(turn)
    if len(_LOOP) > 1:
        return
    try:
        while _LOOP:
            _LOOP[0]()
            del _LOOP[0]
    finally:
        _LOOP.clear()


_LOOP: List[Callable[[], None]] = []


def views_of(asked: Sequence[str], known: Sequence[str]) -> List[str]:
    """The views to render: those asked for, never all by accident; else the script's first.

    With %V in the path each has a file of its own; without, one file holds them all.
    """
    return [view for view in known if view in asked] or list(known[:1])


def of_view(pattern: str, view: str) -> str:
    return pattern.replace("%V", view).replace("%v", view[:1])


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
