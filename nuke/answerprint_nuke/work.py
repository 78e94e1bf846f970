"""Work: one node of one script on its way to disk, held against the key it was begun under.

For each frame a Write is made, carried out and taken away again, all within one turn of the host:
between turns there is no node of ours in the script, whatever is saved, closed or cancelled then.
`nuke` is the module, handed over by the host.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Callable, List, Optional, Sequence

from answerprint_nuke import nodes, render, undo
from answerprint_panel import frame_by_frame, keying, stamps
from answerprint_panel.host import HostError
from answerprint_panel.keying import Keying, Look

FAILS = (RuntimeError, ValueError, NameError, TypeError)  # what Nuke's own calls raise


class Work(frame_by_frame.Work):
    """Frames of a node.

    look    begins to look at what decides the node's pixels
    later   runs a callable when the host is at ease; None: at once
    """

    def __init__(
        self,
        nuke: Any,
        node: str,
        key: str,
        pattern: str,
        views: Sequence[str],
        look: Look,
        later: Optional[keying.Later],
    ) -> None:
        self._nuke, self._node, self._key = nuke, node, key
        self._pattern, self._views = pattern, list(views)
        self._look, self._later = look, later
        self._closed = False
        self._was_proxy = False
        self._made: List[str] = []

    def busy(self) -> bool:
        return bool(self._nuke.executing())

    def begin(self) -> None:
        """Full size for as long as it takes."""
        self._nuke.addOnScriptClose(self._script_closes)
        root = self._nuke.root()
        self._was_proxy = bool(root.proxy())
        if self._was_proxy:
            with undo.untouched(self._nuke):
                root.setProxy(False)

    def end(self) -> None:
        """The script as it was; one that was closed meanwhile is not ours to touch."""
        self._nuke.removeOnScriptClose(self._script_closes)
        if self._was_proxy and not self._closed:
            with undo.untouched(self._nuke):
                self._nuke.root().setProxy(True)

    def _script_closes(self) -> None:
        self._closed = True

    def frame(self, frame: int) -> None:
        """Render one.

        Raises:
            HostError: Nuke cannot; or the node is not any more what the key says, then the frame is
                taken away again.
        """
        self._check()
        files = [stamps.numbered(stamps.of_view(self._pattern, v), frame) for v in self._views]
        done = False
        try:
            self._execute(frame)
            self._check()
            done = True
        finally:
            if not done:
                _remove(files)
        self._made += files

    def _execute(self, frame: int) -> None:
        nuke, node = self._nuke, nodes.named(self._nuke, self._node)
        with undo.untouched(nuke), undo.full_size(nuke), nodes.group_of(nuke, node):
            write = nuke.nodes.Write()
            try:
                render.prepare(write, node, self._pattern)
                nuke.execute(write, frame, frame, 1, self._views)
            except FAILS as error:
                raise render.failed(self._node, frame, error) from error
            finally:
                with contextlib.suppress(*FAILS):  # gone with a script that was closed meanwhile
                    nuke.delete(write)

    def _check(self) -> None:
        if self._closed:
            raise HostError(
                f"The script was closed while {self._node} was being rendered.",
                "Open it and run again: frames that are rendered already are used.",
            )
        try:
            steps, _ = self._look()
            found = keying.at_once(steps)
        except FAILS as error:
            raise self._changed() from error
        if found.digest != keying.script_part(self._key):
            raise self._changed()

    def _changed(self) -> HostError:
        return HostError(
            f"{self._node} was changed while it was being rendered, so its frames would not fit "
            "together.",
            "Run it again when it is as it should be; frames of another state are never mixed in.",
        )

    def settle(self, then: Callable[[Optional[HostError]], None]) -> None:
        """Whether all of it was rendered from the same files; else it is taken away again."""
        if not self._made or not keying.comes_again(self._key):
            then(None)
        elif self._later is None:
            self._settled(keying.now(self._look), None, then)
        else:

            def keyed(key: str, error: Optional[HostError]) -> None:
                self._settled(key, error, then)

            Keying(self._node, self._look, self._later, keyed).start()

    def _settled(
        self,
        key: str,
        error: Optional[HostError],
        then: Callable[[Optional[HostError]], None],
    ) -> None:
        script_changed = keying.script_part(key) != keying.script_part(self._key)
        if error is None and (key == self._key or script_changed):
            then(None)  # each frame was held against the script while it was rendered
            return
        _remove(self._made)
        then(
            error
            or HostError(
                f"Files above {self._node} were rendered anew while it was being rendered itself.",
                "Run it again once they are finished; its frames of this run were taken away.",
            )
        )


def _remove(files: Sequence[str]) -> None:
    for file in files:
        with contextlib.suppress(OSError):  # not there: it was never finished
            os.remove(file)
