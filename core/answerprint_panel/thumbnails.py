"""Thumbnails: asked for when a row is painted, kept as long as there is room."""

from __future__ import annotations

import functools
import os
from collections import OrderedDict
from typing import Any, Dict, List, NamedTuple, Optional

from answerprint_panel.life import Life
from answerprint_panel.qt import QtCore, QtGui, Signal
from answerprint_panel.session import Session

Document = Dict[str, Any]

WIDTH = 224  # twice as wide as it is shown: screens are that fine
MOST_BYTES = 10 << 20  # of pictures, in the host's memory
MOST_FILE_BYTES = 2 << 20
MOST_PIXELS = 512
MOST_ASKED = 2  # at once: the engine has other things to do as well
MOST_WAITING = 40  # rows that were scrolled past are not worth it any more


class Pictures(NamedTuple):
    """A take and its plate at the same frame; either may be missing, `problem` says why."""

    take: Optional[QtGui.QPixmap]
    plate: Optional[QtGui.QPixmap]
    frame: Optional[int] = None
    problem: str = ""


class Thumbnails(QtCore.QObject):
    """Pictures of takes by their folder. `arrived` with the folder when there is a new one."""

    arrived = Signal(str)

    def __init__(self, session: Session, parent: Optional[QtCore.QObject] = None) -> None:
        super().__init__(parent)
        self._session, self._life = session, Life(self)
        self._kept: OrderedDict[str, Pictures] = OrderedDict()
        self._waiting: List[str] = []
        self._asked: Dict[str, int] = {}
        self._stale: set[str] = set()
        self._frames: Dict[str, Optional[int]] = {}

    def of(self, path: str, frame: Optional[int] = None) -> Optional[Pictures]:
        """Pictures of a take; None: they are asked for now, and `arrived` tells.

        frame   which one, where it matters; another one than before is asked for anew
        """
        if self._frames.get(path) != frame:
            self._frames[path] = frame
            self.outdate(path)
        found = self._kept.get(path)
        if found is not None:
            self._kept.move_to_end(path)
        if found is None or path in self._stale:
            self._want(path)
        return found

    def outdate(self, path: str) -> None:
        """A take has changed: its picture is asked for again; the old one stays until then."""
        if path in self._kept:
            self._stale.add(path)

    def _want(self, path: str) -> None:
        if path in self._asked:
            return
        if path in self._waiting:
            self._waiting.remove(path)
        self._waiting.append(path)  # what was painted last is on the screen
        del self._waiting[:-MOST_WAITING]
        self._ask()

    def _ask(self) -> None:
        while self._waiting and len(self._asked) < MOST_ASKED:
            path = self._waiting.pop()
            self._asked[path] = 0
            self._request(path, self._frames.get(path))

    def _request(self, path: str, frame: Optional[int]) -> None:
        argv = ["thumbnail", path, "--width", str(WIDTH)]
        argv += [] if frame is None else ["--frame", str(frame)]
        self._asked[path] = self._session.first(
            argv, self._life(functools.partial(self._take, path, frame))
        )

    def _take(self, path: str, frame: Optional[int], document: Document) -> None:
        if "error" in document and frame is not None:
            self._request(path, None)  # that very frame may be what is missing
            return
        self._asked.pop(path, None)
        self._stale.discard(path)
        if self._frames.get(path) != frame:  # another frame matters by now
            self._stale.add(path)
        self._keep(path, _pictures(document))
        self.arrived.emit(path)
        self._ask()

    def _keep(self, path: str, pictures: Pictures) -> None:
        self._kept[path] = pictures
        self._kept.move_to_end(path)
        size = sum(_bytes(one) for one in self._kept.values())
        while size > MOST_BYTES and len(self._kept) > 1:
            path, gone = self._kept.popitem(last=False)
            self._frames.pop(path, None)
            size -= _bytes(gone)


def _pictures(document: Document) -> Pictures:
    if "error" in document or not document:
        return Pictures(None, None, problem=str(document.get("problem") or ""))
    take, plate = _read(document.get("path")), _read(document.get("plate"))
    problem = "" if take is not None else "Its thumbnail cannot be read."
    frame = document.get("frame")
    return Pictures(take, plate, frame if isinstance(frame, int) else None, problem)


def _read(path: Any) -> Optional[QtGui.QPixmap]:
    """A small PNG; nothing else is taken, however it came there."""
    try:
        if not isinstance(path, str) or os.path.getsize(path) > MOST_FILE_BYTES:
            return None
    except OSError:
        return None
    reader = QtGui.QImageReader(path, QtCore.QByteArray(b"png"))
    size = reader.size()
    if not size.isValid() or max(size.width(), size.height()) > MOST_PIXELS:
        return None
    image = reader.read()
    return None if image.isNull() else QtGui.QPixmap.fromImage(image)


def _bytes(pictures: Pictures) -> int:
    found = [one for one in (pictures.take, pictures.plate) if one is not None]
    return sum(4 * one.width() * one.height() for one in found) + 200
