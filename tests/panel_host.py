"""A host in memory for panels: plates on disk, nodes that are rendered by copying them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from answerprint_panel.host import Document, Host, HostError, Placed, Rendering, Source
from answerprint_panel.qt import QtCore

NO_SELECTION = HostError("No node is selected.", "Select one, then press 'Use selected'.")


class Copying(Rendering):
    """Frames that are copied one by one, in turns of the event loop."""

    def __init__(
        self,
        files: list[tuple[Path, Path]],
        step: Callable[[int, int], None],
        done: Callable[[HostError | None], None],
    ) -> None:
        self._files, self._step, self._done = files, step, done
        self._at = 0
        self._timer = QtCore.QTimer()
        self._timer.timeout.connect(self._turn)
        self._timer.start(0)

    def cancel(self) -> None:
        self._end(HostError("The render was cancelled.", "Run again: what is rendered is used."))

    def _turn(self) -> None:
        if self._at == len(self._files):
            self._end(None)
            return
        source, target = self._files[self._at]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        self._at += 1
        self._step(self._at, len(self._files))

    def _end(self, error: HostError | None) -> None:
        self._timer.stop()
        self._done(error)


class DiskHost(Host):
    """`selected` is what a person has selected; `nodes` what the script holds."""

    name, title = "nuke", "Nuke"

    def __init__(self, script: Path | None = None) -> None:
        self.path = script
        self.nodes: dict[str, Source] = {}
        self.frames_of: dict[str, str] = {}  # of rendered nodes: where their frames are copied from
        self.selected: str | None = None
        self.now = 1002
        self.project = (1001, 1008)
        self.animated: dict[str, Callable[[int], float]] = {}
        self.placed_takes: list[tuple[Document, str | None]] = []
        self.compared: list[tuple[Document, Document]] = []
        self.focus_returned = 0
        self.went: list[tuple[int, str | None]] = []
        self.rendered: list[int] = []

    def add(self, source: Source, *, select: bool = True) -> Source:
        self.nodes[source.node] = source
        if select:
            self.selected = source.node
        return source

    def read(
        self, plate: str | Path, node: str = "Read3", first: int = 1001, last: int = 1008
    ) -> Source:
        """Add a Read node and select it."""
        path = Path(plate).as_posix()
        title = re.sub(r"[._]*#+", "", Path(path).stem)
        return self.add(
            Source(
                node=node, kind="files", path=path, first=first, last=last, title=title, key=path
            )
        )

    def version(self) -> str:
        return "15.1v2"

    def script(self) -> str | None:
        return self.path.as_posix() if self.path is not None else None

    def selection(self) -> Source:
        if self.selected is None:
            raise NO_SELECTION
        return self.source(self.selected)

    def source(self, node: str) -> Source:
        if node not in self.nodes:
            raise HostError(f"{node} is not in the script any more.", "Select another node.")
        return self.nodes[node]

    def frame(self) -> int:
        return self.now

    def project_range(self) -> tuple[int, int]:
        return self.project

    def curves(self) -> list[str]:
        return sorted(self.animated)

    def curve(self, name: str, first: int, last: int) -> list[tuple[int, float]]:
        return [(frame, self.animated[name](frame)) for frame in range(first, last + 1)]

    def render(
        self,
        source: Source,
        frames: list[int],
        pattern: str,
        step: Callable[[int, int], None],
        done: Callable[[HostError | None], None],
    ) -> Rendering:
        self.rendered += frames
        original = self.frames_of[source.node]
        files = [(_frame(original, frame), _frame(pattern, frame)) for frame in frames]
        return Copying(files, step, done)

    def place(self, take: Document, beside: str | None = None) -> str:
        self.placed_takes.append((take, beside))
        return f"Read{len(self.placed_takes)}"

    def placed(self) -> list[Placed]:
        return []

    def switch(self, node: str, take: Document) -> None:
        raise HostError(f"{node} reads no take.", "Select one that does.")

    def mark(self, node: str, take: Document) -> None:
        pass

    def compare(self, one: Document, other: Document) -> str | None:
        self.compared.append((one, other))
        return None

    def show(self, node: str) -> None:
        self.selected = node

    def go_to(self, frame: int, node: str | None = None) -> None:
        self.now = frame
        self.went.append((frame, node))

    def return_focus(self) -> None:
        self.focus_returned += 1


def _frame(pattern: str, frame: int) -> Path:
    return Path(re.sub("#+", lambda match: f"{frame:0{len(match[0])}d}", pattern))
