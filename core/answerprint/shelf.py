"""The shelf: files of plates in memory, each read once and kept while work waits for it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from answerprint import medium
from answerprint.exr import Frame
from answerprint.geometry import Geometry
from answerprint.medium import Content


@dataclass(frozen=True)
class Held:
    """What a file holds, never changed, and the digest of its pixels or values.

    `frame` and `geometry` raise SourceError where it holds the other.
    """

    path: Path
    content: Content
    pixels: str

    @property
    def frame(self) -> Frame:
        return medium.frame_of(self.content, self.path)

    @property
    def geometry(self) -> Geometry:
        return medium.geometry_of(self.content, self.path)


class Shelf:
    """Safe from several threads. Memory holds the files of the work that is being done, and few more.

    uses   a file for each piece of work that will ask for it
    most   so many files are kept for work that has not begun; one that goes is read again then
    """

    def __init__(self, uses: Iterable[Path], *, most: int = 8) -> None:
        self._uses = Counter(uses)
        self._busy: Counter[Path] = Counter()
        self._most = most
        self._held: dict[Path, Future[Held]] = {}  # in the order of their last use
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, paths: Iterable[Path]) -> Iterator[dict[Path, Held]]:
        """What is at these paths. When the last piece of work lets a file go, it is forgotten.

        Raises:
            SourceError: a file cannot be read; every piece of work that needs it is told.
        """
        wanted = list(dict.fromkeys(paths))
        found: dict[Path, Held] = {}
        tried: set[Path] = set()
        try:
            for path in wanted:
                tried.add(path)
                found[path] = self._get(path)
        except BaseException:
            found.clear()  # the error is kept for others, and with it all that this sees
            self._let_all_go(wanted, tried)
            raise
        try:
            yield found
        finally:
            self._let_all_go(wanted, tried)

    def _get(self, path: Path) -> Held:
        with self._lock:
            self._busy[path] += 1
            mine = path not in self._held
            future = self._held.setdefault(path, Future())
        if mine:
            try:
                content = medium.read(path)
                future.set_result(Held(path, content, medium.digest(content)))
            except BaseException as error:  # whoever waits for the file must hear of it
                future.set_exception(error)
                raise
        return future.result()

    def _let_all_go(self, wanted: Iterable[Path], tried: set[Path]) -> None:
        with self._lock:
            for path in wanted:
                self._busy[path] -= path in tried
                self._uses[path] -= 1
                if self._uses[path] <= 0:
                    self._held.pop(path, None)
                    del self._uses[path], self._busy[path]
                elif path in self._held:
                    self._held[path] = self._held.pop(path)
            idle = [path for path in self._held if not self._busy[path]]
            for path in idle[: max(0, len(idle) - self._most)]:
                del self._held[path]
