"""The shelf: frames of plates in memory, each file read once and kept while work waits for it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from answerprint import exr


@dataclass(frozen=True)
class Held:
    """A frame as its file has it, never changed, and the digest of its pixels."""

    frame: exr.Frame
    pixels: str


class Shelf:
    """Safe from several threads. Memory holds the files of the work that is being done, no more.

    `uses`: how many pieces of work will ask for each file.
    """

    def __init__(self, uses: Iterable[Path]) -> None:
        self._uses = Counter(uses)
        self._held: dict[Path, Future[Held]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, paths: Iterable[Path]) -> Iterator[dict[Path, Held]]:
        """The frames at these paths. When the last piece of work lets a file go, it is forgotten.

        Raises:
            SourceError: a file cannot be read; every piece of work that needs it is told.
        """
        wanted = list(dict.fromkeys(paths))
        try:
            yield {path: self._get(path) for path in wanted}
        finally:
            for path in wanted:
                self._let_go(path)

    def _get(self, path: Path) -> Held:
        with self._lock:
            mine = path not in self._held
            future = self._held.setdefault(path, Future())
        if mine:
            try:
                frame = exr.read(path)
                future.set_result(Held(frame, exr.digest(frame)))
            except BaseException as error:  # whoever waits for the file must hear of it
                future.set_exception(error)
                raise
        return future.result()

    def _let_go(self, path: Path) -> None:
        with self._lock:
            self._uses[path] -= 1
            if self._uses[path] <= 0:
                self._held.pop(path, None)
                del self._uses[path]
