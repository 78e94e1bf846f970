"""From the button to the job: a node is rendered first, then the engine takes over."""

from __future__ import annotations

from typing import Callable, List, Optional

from answerprint_panel.faults import guarded
from answerprint_panel.host import Document, HostError, Rendering, Source
from answerprint_panel.qt import QtCore, Signal, alive
from answerprint_panel.session import Session


class Launch(QtCore.QObject):
    """One at a time. It belongs to the session: panels may be closed while a node is rendered.

    stepped   frames rendered, and in all
    started   the job, as `run` answers
    claimed   a take whose number is taken for a farm, as `run --claim` answers
    failed    an error document; nothing runs
    node      what is being rendered, or was last
    problem   why the last one came to nothing, for a panel that is opened afterwards; else empty
    """

    stepped = Signal(int, int)
    started = Signal(dict)
    claimed = Signal(dict)
    failed = Signal(dict)
    changed = Signal()

    def __init__(self, session: Session, parent: Optional[QtCore.QObject] = None) -> None:
        super().__init__(parent)
        self._session = session
        self._rendering: Optional[Rendering] = None
        self._asking = False
        self._finished = True
        self.node = ""
        self.problem: Document = {}

    def is_rendering(self) -> bool:
        return self._rendering is not None

    def is_busy(self) -> bool:
        return self._asking or self.is_rendering()

    def run(self, job: Document, *, farm: bool = False) -> None:
        """`farm`: take the number alone, and run nothing here."""
        if not self.is_busy():
            self._ask(job, farm=farm)

    def render_and_run(
        self, job: Document, source: Source, frames: List[int], *, farm: bool = False
    ) -> None:
        """Render a node's frames to where the job reads its plate, then run the job."""
        if self.is_busy():
            return
        self._asking = True  # a host may be done before it returns
        self.node, self.problem = source.node, {}
        done = self._done_with(job, farm=farm)
        try:
            rendering = self._session.host.render(
                source, frames, str(job["plate"]), self._stepped, done
            )
        except HostError as error:
            self._asking = False
            self._fail(error.as_json())
            return
        if self._asking and not self._finished:
            self._rendering, self._asking = rendering, False
        self.changed.emit()

    @guarded
    def cancel(self) -> None:
        if self._rendering is not None:
            self._rendering.cancel()

    def _done_with(self, job: Document, *, farm: bool) -> Callable[[Optional[HostError]], None]:
        self._finished = False

        def done(error: Optional[HostError]) -> None:
            if not alive(self):
                return
            self._finished = True
            self._rendering, self._asking = None, False
            if error is not None:
                self._fail(error.as_json())
            else:
                self._ask(job, farm=farm)

        return done

    def _stepped(self, done: int, count: int) -> None:
        if alive(self):
            self.stepped.emit(done, count)

    def _ask(self, job: Document, *, farm: bool) -> None:
        self._asking, self.problem = True, {}
        (self._session.claim if farm else self._session.run)(job, self._answered)
        self.changed.emit()

    def _answered(self, answer: Document) -> None:
        if not alive(self):  # the session is over; the job runs, and stands in the next one's queue
            return
        self._asking = False
        if answer.get("job"):
            self.started.emit(answer)
            self.changed.emit()
        elif answer.get("path"):
            self.claimed.emit(answer)
            self.changed.emit()
        else:
            self._fail(answer or _SILENT)

    def _fail(self, error: Document) -> None:
        self.problem = error
        self._session.note("launch", error)
        self.failed.emit(error)
        self.changed.emit()


def of(session: Session) -> Launch:
    """The one of a session; made with the first panel that asks."""
    found = [child for child in session.children() if isinstance(child, Launch)]
    return found[0] if found else Launch(session, session)


_SILENT: Document = {
    "error": "EngineError",
    "problem": "The engine ended without starting the job.",
    "remedy": "Try again; if it happens again, copy the diagnostics for the pipeline team.",
    "fix": None,
}
