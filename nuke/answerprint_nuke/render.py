"""Rendering a node to EXR, frame by frame, with the host at ease between them."""

from __future__ import annotations

import os
from typing import Any, Callable, List, Optional, Sequence, Tuple

from answerprint_nuke import plain
from answerprint_nuke.stamps import numbered, of_view
from answerprint_panel import faults
from answerprint_panel.host import HostError, Rendering

Step = Callable[[int, int], None]
Done = Callable[[Optional[HostError]], None]
Later = Callable[[Callable[[], None], int], None]

WAIT = 200  # milliseconds until we look again whether the host's own render is over


class NodeRendering(Rendering):
    """The frames of one node that are not on disk yet.

    work    renders one of them after the other; see `Work`
    later   runs a callable when the host is at ease, after so many milliseconds
    """

    def __init__(
        self,
        node: str,
        frames: List[int],
        missing: List[int],
        work: Any,
        later: Later,
        step: Step,
        done: Done,
    ) -> None:
        self._node = node
        self._missing = missing
        self._count = len(frames)
        self._work = work
        self._later = later
        self._step: Optional[Step] = step
        self._done: Optional[Done] = done
        self._cancelled = False
        self._begun = False

    def start(self) -> None:
        self._later(self._turn, 0)

    def cancel(self) -> None:
        self._cancelled = True

    def _turn(self) -> None:
        if self._done is None:
            return
        try:
            self._do()
        except HostError as error:
            self._end(error)
        except Exception as error:  # noqa: BLE001 - whoever waits for it has to be told
            self._end(_fault(self._node, error))

    def _do(self) -> None:
        if self._cancelled:
            left = len(self._missing)
            raise HostError(
                f"Rendering {self._node} was cancelled with {left} of {self._count} frames to go.",
                "Run it again: frames that are rendered already are used.",
            )
        if not self._missing:
            self._work.settle(self._end)
        elif self._work.busy():
            self._later(self._turn, WAIT)
        else:
            if not self._begun:
                self._begun = True
                self._work.begin()
            self._work.frame(self._missing[0])
            del self._missing[0]
            self._tell()
            self._later(self._turn, 0)

    def _tell(self) -> None:
        """Whoever looks on may be gone, or fail; the frames are what counts."""
        try:
            if self._step is not None:
                self._step(self._count - len(self._missing), self._count)
        except Exception as error:  # noqa: BLE001 - theirs, whatever it is
            self._step = None
            faults.write(error, faults.log_path())

    def _end(self, error: Optional[HostError]) -> None:
        done, self._done = self._done, None
        if done is None:
            return
        if self._begun:
            self._work.end()
        done(error)


def _fault(node: str, error: Exception) -> HostError:
    faults.write(error, faults.log_path())
    return HostError(
        f"Rendering {node} stopped: {plain.words(faults.sentence(error))}",
        "This is a fault in Answerprint: copy the diagnostics for the pipeline team. Run it again: "
        "frames that are rendered already are used.",
    )


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
