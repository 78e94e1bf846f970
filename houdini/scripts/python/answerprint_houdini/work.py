"""Work: one SOP on its way to disk. Houdini cooks on its own thread; a thread of ours writes.

A frame is cooked, frozen and taken as blocks of bytes in one turn of the host; while these are
written the host is at ease, and the next frame is not cooked before they are, so that never more than
one frame is held. `houdini` is the module, handed over by the host.
"""

from __future__ import annotations

import contextlib
import os
import threading
import uuid
from typing import Any, Callable, List, Optional, Sequence, cast

from answerprint_houdini import arrays, contents, nodes, plain, source as sources
from answerprint_panel import frame_by_frame, keying, stamps, tensors
from answerprint_panel.host import HostError, Source
from answerprint_panel.keying import Keying, Look

Then = Callable[[Optional[HostError]], None]


class Writing:
    """One file that a thread writes; what it is given knows no Houdini."""

    def __init__(self, path: str, frame: arrays.Frame) -> None:
        self._path, self._frame = path, frame
        self._error: Optional[OSError] = None
        self._thread = threading.Thread(target=self._write, name="answerprint writer", daemon=True)
        self._thread.start()

    def _write(self) -> None:
        try:
            tensors.write(self._path, self._frame.tensors, self._frame.metadata)
        except OSError as error:
            self._error = error

    def finished(self, *, wait: bool) -> bool:
        """Raises HostError: it cannot be written."""
        if wait:
            self._thread.join()
        if self._thread.is_alive():
            return False
        if self._error is not None:
            raise unwritten(self._path, self._error.strerror or str(self._error))
        return True


class Work(frame_by_frame.Work):
    """Frames of a SOP.

    scene   says which scene is open
    look    begins to look at what decides the node's geometry
    later   runs a callable when the host is at ease; None: at once
    """

    def __init__(
        self,
        houdini: Any,
        source: Source,
        key: str,
        pattern: str,
        scene: Callable[[], Optional[str]],
        look: Look,
        later: Optional[keying.Later],
    ) -> None:
        self._houdini, self._source, self._key, self._pattern = houdini, source, key, pattern
        self._scene, self._opened = scene, scene()
        self._look, self._later = look, later
        self._writing: Optional[Writing] = None
        self._made: List[str] = []

    def frame(self, frame: int) -> None:
        if self._scene() != self._opened:
            raise HostError(
                f"Another scene was opened while {self._source.node} was being written.",
                "Open the scene again and run again: frames that are written already are used.",
            )
        node = cast("Any", nodes.named(self._houdini, self._source.node))
        geometry = sources.at_frame(self._houdini, node, frame)
        path = stamps.numbered(self._pattern, frame)
        try:
            self._take(geometry, f"{self._source.node} at frame {frame}", path)
        except self._houdini.Error as error:
            raise sources.failed(self._source.node, frame, sources.said(error)) from error
        self._made.append(path)

    def _take(self, geometry: Any, name: str, path: str) -> None:
        self._check(contents.of(self._houdini, geometry, name), name)
        if self._source.suffix == contents.ARRAYS:
            self._writing = Writing(path, arrays.of(self._houdini, geometry, name))
        else:
            self._save(geometry, path)

    def _check(self, held: contents.Contents, name: str) -> None:
        """One plate is of one kind on all of its frames."""
        suffix = self._source.suffix
        if suffix in (held.suffix, contents.BGEO):
            return
        raise HostError(
            f"{name} holds {held.title}, and other frames do not: {self._source.title}.",
            "Put a node after it that leaves the same kind of geometry on every frame, and select that.",
        )

    def _save(self, geometry: Any, path: str) -> None:
        """Houdini writes it itself: beside the file first, which is then put in its place."""
        aside = os.path.join(
            os.path.dirname(path), f".{uuid.uuid4().hex}.part{self._source.suffix}"
        )
        try:
            geometry.saveToFile(aside)
            os.replace(aside, path)
        except self._houdini.Error as error:
            raise unwritten(path, sources.said(error)) from error
        except OSError as error:
            raise unwritten(path, error.strerror or str(error)) from error
        finally:
            with contextlib.suppress(OSError):  # it was put in its place
                os.remove(aside)

    def finished(self) -> bool:
        writing = self._writing
        if writing is not None and not writing.finished(wait=self._later is None):
            return False
        self._writing = None
        return True

    def end(self) -> None:
        if self._writing is not None:  # cancelled: what is begun is written to its end
            with contextlib.suppress(HostError):
                self._writing.finished(wait=True)

    def settle(self, then: Then) -> None:
        """Whether all of it was cooked from the same network and files; else it is taken away again."""
        if not self._made:
            then(None)
        elif self._later is None:
            self._settled(keying.now(self._look), None, then)
        else:

            def keyed(key: str, error: Optional[HostError]) -> None:
                self._settled(key, error, then)

            gone = (*keying.GONE, self._houdini.Error)
            Keying(self._source.node, self._look, self._later, keyed, gone).start()

    def _settled(self, key: str, error: Optional[HostError], then: Then) -> None:
        same = keying.script_part(key) == keying.script_part(self._key)
        if keying.comes_again(self._key):
            same = key == self._key
        if error is None and same:
            then(None)
            return
        _remove(self._made)
        then(
            error
            or HostError(
                f"{self._source.node} or a file that it reads was changed while it was being written, "
                "so its frames would not fit together.",
                "Run it again when it is as it should be; its frames of this run were taken away.",
            )
        )


def missing(pattern: str, frames: Sequence[int]) -> List[int]:
    """Frames that are not on disk: what was written under this key is used again."""
    return [one for one in frames if not os.path.isfile(stamps.numbered(pattern, one))]


def folder(pattern: str) -> None:
    """Make the folder of a plate. Raises HostError: it cannot be written."""
    path = os.path.dirname(pattern)
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise unwritten(path, error.strerror or str(error)) from error
    if not os.access(path, os.W_OK):
        raise unwritten(path, "Permission denied")


def unwritten(path: str, why: str) -> HostError:
    return HostError(
        f"{plain.words(path, plain.MOST_PATH)} cannot be written: {plain.words(why)}.",
        "Make room there, or save the scene where you may write, then run again: frames that are "
        "written already are used.",
    )


def _remove(files: Sequence[str]) -> None:
    for file in files:
        with contextlib.suppress(OSError):  # not there: it was never finished
            os.remove(file)
