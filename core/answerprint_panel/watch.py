"""A watch: one request of the engine for all streams whose takes somebody shows.

The engine looks about once a second whether gates or people have said something new of a take, and
says so; until then nothing happens here at all.
"""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, Iterable, List, Optional

from answerprint_panel.faults import guarded
from answerprint_panel.host import Document
from answerprint_panel.qt import QtCore, Signal
from answerprint_panel.session import Session

SETTLE_SECONDS = 0.2  # nodes come and go in bunches
AGAIN_SECONDS, LONGEST_SECONDS = 2.0, 60.0
MOST_STREAMS = 200  # beyond, streams are heard of as often as they are asked about


class Watch(QtCore.QObject):
    """Streams are named by their folder. All of them are one request, ended when nobody wants any.

    heard   (folder, what the engine says of its takes), when that has changed
    """

    heard = Signal(str, object)

    def __init__(
        self, session: Session, *, settle: float = SETTLE_SECONDS, again: float = AGAIN_SECONDS
    ) -> None:
        super().__init__(session)
        self._session, self._first_pause = session, again
        self._wanted: Dict[str, FrozenSet[str]] = {}
        self._asked: FrozenSet[str] = frozenset()
        self._number: Optional[int] = None
        self._told: Dict[str, Document] = {}
        self._pause = again
        self._settling = self._timer(settle, self._settle)
        self._again = self._timer(again, self._ask)
        session.engineChanged.connect(self._engine_changed)

    def _timer(self, seconds: float, deed: Any) -> QtCore.QTimer:
        made = QtCore.QTimer(self)
        made.setSingleShot(True)
        made.setInterval(round(1000 * seconds))
        made.timeout.connect(deed)
        return made

    def want(self, who: str, streams: Iterable[str]) -> None:
        """All that `who` wants to hear of from now on; none: nothing any more."""
        wanted = frozenset(one for one in streams if one)
        if wanted != self._wanted.get(who, frozenset()):
            self._wanted[who] = wanted
            self._settling.start()

    @property
    def streams(self) -> List[str]:
        """What the engine is asked for at this moment."""
        return sorted(self._asked) if self._number is not None else []

    @guarded
    def _settle(self) -> None:
        wanted = sorted(frozenset().union(*self._wanted.values()))[:MOST_STREAMS]
        if frozenset(wanted) == self._asked:
            return
        self._asked = frozenset(wanted)
        self._told = {folder: said for folder, said in self._told.items() if folder in self._asked}
        self._pause = self._first_pause
        self._ask()

    @guarded
    def _ask(self) -> None:
        self._again.stop()
        if self._number is not None:
            self._session.cancel(self._number)
            self._number = None
        if self._asked:
            argv = ["review", *sorted(self._asked), "--watch"]
            self._number = self._session.ask(argv, self._event, self._ended)

    def _event(self, document: Document) -> None:
        folder = str(document.get("stream") or "")
        if folder not in self._asked or "error" in document:
            return  # a stream that is gone is said by whoever asks for its takes
        self._pause = self._first_pause
        if self._told.get(folder) != document:
            self._told[folder] = document
            self.heard.emit(folder, document)

    def _ended(self, _code: int) -> None:
        """The engine has gone, or cannot: it is asked again, less and less often."""
        self._number = None
        if self._asked:
            self._again.start(round(1000 * self._pause))
            self._pause = min(2 * self._pause, LONGEST_SECONDS)

    @guarded
    def _engine_changed(self, engine: Document) -> None:
        """Another engine is there: it is asked at once."""
        if engine.get("state") == "ready" and self._again.isActive():
            self._pause = self._first_pause
            self._ask()


def folder(of: Document) -> str:
    """The folder of a stream, as `takes` and `versions` say where it lies; empty: they do not."""
    root, stream = str(of.get("root") or ""), str(of.get("stream") or "")
    return f"{root.rstrip('/')}/{stream}" if root and stream else ""


_WATCHES: List[Watch] = []


def of(session: Session) -> Watch:
    """The one of this session; begun with the first who asks."""
    if not (_WATCHES and _WATCHES[0].parent() is session):
        _WATCHES[:] = [Watch(session)]
    return _WATCHES[0]
