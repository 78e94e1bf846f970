"""Work: one SOP on its way to disk. Houdini cooks on its own thread; a thread of ours writes.

A frame is cooked and frozen in one turn of the host, and taken as blocks of bytes in the next ones;
while these are written the network is looked at again. The next frame is not cooked before all of
that is done, so that never more than one frame is held, and none of another state of the network lies
under its key. `houdini` is the module, handed over by the host.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
import time
import uuid
from typing import Any, Callable, Iterator, List, Optional, Sequence, Tuple, cast

from answerprint_houdini import arrays, contents, nodes, plain, source as sources
from answerprint_panel import faults, frame_by_frame, keying, stamps, tensors
from answerprint_panel.host import HostError, Source
from answerprint_panel.keying import Keying, Look

Then = Callable[[Optional[HostError]], None]


class Writing:
    """One file that a thread writes; what it is given knows no Houdini."""

    def __init__(self, path: str, frame: arrays.Frame) -> None:
        self._path, self._frame = path, frame
        self._error = ""
        self._thread = threading.Thread(target=self._write, name="answerprint writer", daemon=True)
        self._thread.start()

    def _write(self) -> None:
        try:
            tensors.write(self._path, self._frame.tensors, self._frame.metadata)
        except OSError as error:
            self._error = error.strerror or str(error)
        except Exception as error:  # noqa: BLE001 - nobody else would hear that it is not written
            faults.write(error, faults.log_path())
            self._error = faults.sentence(error)

    def finished(self, *, wait: bool) -> bool:
        """Raises HostError: it cannot be written."""
        if wait:
            self._thread.join()
        if self._thread.is_alive():
            return False
        if self._error:
            raise unwritten(self._path, self._error)
        return True


class Work(frame_by_frame.Work):
    """Frames of a SOP.

    scene   counts the scenes that were opened
    look    begins to look at what decides the node's geometry
    later   runs a callable when the host is at ease; None: at once
    """

    def __init__(
        self,
        houdini: Any,
        source: Source,
        key: str,
        pattern: str,
        scene: Callable[[], int],
        look: Look,
        later: Optional[keying.Later],
    ) -> None:
        self._houdini, self._source, self._key, self._pattern = houdini, source, key, pattern
        self._scene, self._opened = scene, scene()
        self._look, self._later = look, later
        self._steps: Optional[Iterator[bool]] = None
        self._path, self._writing = "", cast("Optional[Writing]", None)
        self._made: List[str] = []
        self._found: Optional[keying.Found] = None

    def frame(self, frame: int) -> None:
        if self._scene() != self._opened:
            raise self._another_scene()
        node = cast("Any", nodes.named(self._houdini, self._source.node))
        began = time.perf_counter()
        geometry = sources.at_frame(self._houdini, node, frame)
        self._path = stamps.numbered(self._pattern, frame)
        enough = time.perf_counter() - began > keying.SLICE_SECONDS  # cooking, for one turn
        self._steps = self._taken(geometry, frame, waits=enough)

    def _another_scene(self) -> HostError:
        return HostError(
            f"Another scene was opened while {self._source.node} was being written.",
            "Open the scene again and run again: frames that are written already are used.",
        )

    def finished(self) -> bool:
        """A slice of what is left of a frame."""
        until = time.perf_counter() + keying.SLICE_SECONDS
        for waits in self._steps or ():
            if self._later is not None and (waits or time.perf_counter() >= until):
                return False
        self._steps = None
        return True

    def _taken(self, geometry: Any, frame: int, *, waits: bool) -> Iterator[bool]:
        """Step by step; True: the rest is for another turn."""
        if waits:
            yield True
        name, path = f"{self._source.node} at frame {frame}", self._path
        try:
            self._check(contents.of(self._houdini, geometry, name), name)
            if self._source.suffix == contents.ARRAYS:
                held: List[arrays.Frame] = []
                for _ in _to(held, arrays.taking(self._houdini, geometry, name)):
                    yield False
                self._writing = Writing(path, held[0])
            else:
                self._save(geometry, path)
        except self._houdini.Error as error:
            raise sources.failed(self._source.node, frame, sources.said(error)) from error
        yield from self._still()
        while self._writing is not None:
            if self._writing.finished(wait=self._later is None):
                self._writing = None
            else:
                yield True
        self._made.append(path)
        self._path = ""

    def _still(self) -> Iterator[bool]:
        """Look whether the network is what the key says: nobody could touch it while it cooked."""
        found: List[keying.Found] = []
        try:
            for _ in _to(found, self._look()[0]):
                yield False
        except (*keying.GONE, HostError, self._houdini.Error) as error:
            if self._scene() != self._opened:
                raise self._another_scene() from error
            raise self._changed() from error
        if found[0].digest != keying.script_part(self._key):
            raise self._changed()
        self._found = found[0]

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

    def broken_off(self, error: HostError, then: Then) -> None:
        """The frames before it stay, where they were cooked from the same files."""
        self.settle(lambda _: then(error))

    def end(self) -> None:
        """A frame that was begun and not held against the network yet is taken away again."""
        if self._writing is not None:
            with contextlib.suppress(HostError):
                self._writing.finished(wait=True)
        if self._path:
            _remove([self._path])

    def settle(self, then: Then) -> None:
        """Whether all of it was cooked from the same files; else it is taken away again."""
        found = self._found
        if found is None or not self._made or not keying.comes_again(self._key):
            then(None)
            return

        def look() -> Tuple[keying.Looking, Sequence[str]]:
            return _known(found), ()

        if self._later is None:
            self._settled(keying.now(look), None, then)
        else:
            settled = functools.partial(self._settled, then=then)
            Keying(self._source.node, look, self._later, settled).start()

    def _settled(self, key: str, error: Optional[HostError], then: Then) -> None:
        if error is None and key == self._key:
            then(None)
            return
        _remove(self._made)
        then(
            error
            or HostError(
                f"A file that {self._source.node} reads was written anew while it was being written "
                "itself, so its frames would not fit together.",
                "Run it again once that is finished; its frames of this run were taken away.",
            )
        )

    def _changed(self) -> HostError:
        return HostError(
            f"{self._source.node} was changed while it was being written, so its frames would not fit "
            "together.",
            "Run it again when it is as it should be; frames of another state are never mixed in.",
        )


def _to(held: List[Any], steps: Any) -> Iterator[None]:
    """All steps of a look; what comes of it is put in a list."""
    held.append((yield from steps))


def _known(found: keying.Found) -> keying.Looking:
    """A network that was looked at: only its files are looked at again."""
    yield
    return found


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
