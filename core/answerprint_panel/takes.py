"""Takes: what came of this plate, or of all plates of the shot, and what can be done with it."""

from __future__ import annotations

import functools
from datetime import date
from typing import Any, Callable, Dict, List, Optional, Set

from answerprint_panel import judged, look, take_words, words
from answerprint_panel.faults import guarded
from answerprint_panel.filter_button import FilterButton
from answerprint_panel.insets import inset
from answerprint_panel.job_words import ACTIVE
from answerprint_panel.life import Life
from answerprint_panel.qt import QtCore, QtGui, QtWidgets, Signal
from answerprint_panel.session import Session
from answerprint_panel.take_acts import TakeActs
from answerprint_panel.take_drawer import TakeDrawer
from answerprint_panel.take_list import TakeList
from answerprint_panel.take_model import entries
from answerprint_panel.take_news import News
from answerprint_panel.thumbnails import Thumbnails
from answerprint_panel.widgets import Fold, Note, Words, down

Document = Dict[str, Any]
FOLD, FILTER = "takes", "takes shown"
PLATE, ALL = "plate", "all"
FILTERS = ((PLATE, "This plate"), (ALL, "All plates"))
BEAT_SECONDS = 30.0  # what others make is seen as soon as that, and at once by who comes back
NO_FOLDER = "There is no folder"  # so the engine's sentence begins where nothing was made yet


class Takes(QtWidgets.QWidget):
    """Asks for takes when something may have come, and keeps what is selected.

    counted   how many are shown, whenever they were asked for
    """

    counted = Signal(int)

    def __init__(
        self,
        session: Session,
        parent: Optional[QtWidgets.QWidget] = None,
        *,
        beat: float = BEAT_SECONDS,
    ) -> None:
        super().__init__(parent)
        self._session, self._myself = session, words.me()
        self._life = Life(self)
        self._plate, self._node = "", ""
        self._takes: List[Document] = []
        self._asking, self._again = False, False
        self._is_away, self._missed = False, False
        self._beat = QtCore.QTimer(self)
        self._beat.setInterval(round(1000 * beat))
        self._beat.timeout.connect(self.refresh)
        self._above: Set[str] = set()
        self._today: Optional[date] = None
        self.thumbnails = Thumbnails(session, self)
        self.drawer = TakeDrawer(session)
        self.list = TakeList(self.thumbnails, self.drawer)
        self.acts = TakeActs(
            session, self.drawer.say, self.drawer.fail, self._life, decided=self.refresh
        )
        self._news = News(session, self)
        self.empty = Words(role="secondary", wrap=True)
        self.empty.setContentsMargins(0, 0, 0, 0)
        self.note = Note(diagnostics=session.diagnostics)
        self.filter = FilterButton(FILTERS, str(session.recall(FILTER, PLATE)))
        self._lay_out()
        self.filter.chosen.connect(self._filtered)
        self.note.fixed.connect(lambda _fix: self.refresh())
        self.list.chosen.connect(self._chosen)
        self.list.asked.connect(self._asked_of)
        self.drawer.asked.connect(self._asked)
        self.drawer.noted.connect(self._noted)
        self.drawer.insisted.connect(self._insisted)
        self.drawer.details.changed.connect(self.list.fit)
        session.takesChanged.connect(self.refresh)
        session.whereChanged.connect(self.refresh)
        session.jobsChanged.connect(self._queue_changed)
        self._news.come.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        rest = down(self.empty, self.note)
        rest.setContentsMargins(look.MARGIN, 0, look.MARGIN, 0)
        content = QtWidgets.QWidget()
        content.setLayout(down(rest, self.list, gap=0))
        self._fold = Fold(
            "Takes", content, corner=self.filter, open=bool(self._session.recall(FOLD, True))
        )
        inset(self._fold)
        self._fold.toggled.connect(lambda is_open: self._session.remember(FOLD, is_open))
        whole = down(self._fold)
        whole.setContentsMargins(0, 0, 0, look.GAP)
        self.setLayout(whole)

    @property
    def fold(self) -> Fold:
        return self._fold

    def look_at(self, plate: str, node: str = "") -> None:
        """Which plate is meant by this plate: its path, and the node it is read by."""
        if (plate, node) != (self._plate, self._node):
            self._plate, self._node = plate, node
            self.acts.beside = node or None
            self.refresh()

    def diagnostics(self) -> str:
        return str(self._session.diagnostics())

    def choose(self, path: str) -> bool:
        """Select a take by its folder; False: it is not among those that are shown."""
        return self.list.choose(path)

    @guarded
    def refresh(self) -> None:
        """Ask again; once more afterwards where that is wanted while the answer is on its way.

        Nothing is asked while nobody can see it, but as soon as somebody does.
        """
        if self._is_away:
            self._missed = True
            return
        if self._asking:
            self._again = True
            return
        folder = _folder(self._session.where)
        if not folder:
            self._heard([], None)
            return
        argv = ["takes", folder]
        if self._only_this_plate():
            argv += ["--plate", self._plate]
        self._asking, self._again = True, False
        self._session.every(argv, self._life(self._answered))

    def _only_this_plate(self) -> bool:
        return bool(self.filter.value == PLATE and self._plate)

    @guarded
    def _answered(self, takes: List[Document], problem: Optional[Document]) -> None:
        self._asking = False
        if self._again:
            self.refresh()
        self._heard(takes, problem)

    def _heard(self, takes: List[Document], problem: Optional[Document]) -> None:
        if problem is not None and str(problem.get("problem") or "").startswith(NO_FOLDER):
            problem = None
        if problem is None:
            self.note.clear()
        else:
            self.note.show_error(problem)
        if problem is None or takes:
            self._outdate(takes)
            self._takes = takes
        self._show()
        self._news.follow([] if self._is_away else self._takes)

    def _outdate(self, takes: List[Document]) -> None:
        """Pictures of takes that have got more frames since."""
        before = {take.get("path"): take.get("frames") for take in self._takes}
        for take in takes:
            path = take.get("path")
            if path in before and before[path] != take.get("frames"):
                self.thumbnails.outdate(str(path))

    @guarded
    def _queue_changed(self, _jobs: object) -> None:
        """Jobs change several times a second; which takes stand above seldom does."""
        if _standing_above(self._session.jobs) != self._above:
            self._show()

    def _show(self) -> None:
        self._above = _standing_above(self._session.jobs)
        shown = [take for take in self._takes if not _is_in(take, self._above)]
        today = date.today()  # noqa: DTZ011 - the day here: it is what 'yesterday' is said by
        known = self.list.rows.entries if today == self._today else []
        self._today = today
        headed = not self._only_this_plate()
        self.list.show_rows(entries(shown, self._myself, headed=headed, known=known))
        self.empty.setVisible(not shown)
        self.empty.say(self._nothing())
        self._fold.say(take_words.heading(len(shown), self._where()) if shown else "")
        if self.list.take is not None:
            self.drawer.change_take(self.list.take)
        self.counted.emit(len(shown))

    def _where(self) -> str:
        if self._only_this_plate():
            return f"from {self._node or words.stem(self._plate)}"
        shot = str(self._session.where.get("shot") or "")
        return f"in {shot}" if shot else ""

    def _nothing(self) -> str:
        where = self._session.where
        if "error" in where:
            return words.joined([str(where.get("problem")), str(where.get("remedy"))], " ")
        if self._only_this_plate():
            return f"No takes from {self._node or words.stem(self._plate)} yet."
        return "No takes yet." if where else ""

    @guarded
    def _filtered(self, value: str) -> None:
        self._session.remember(FILTER, value)
        self.refresh()

    # Acts

    @guarded
    def _chosen(self, take: Optional[Document]) -> None:
        if take is not None:
            self.drawer.show_take(take)

    @guarded
    def _asked(self, verb: str) -> None:
        if self.list.take is not None:
            self._asked_of(verb, self.list.take)

    @guarded
    def _asked_of(self, verb: str, take: Document) -> None:
        self.drawer.clear()
        if verb == "more":
            self._menu(take)
        else:
            acts: Dict[str, Callable[[Document], None]] = {
                "place": self.acts.place,
                "compare": self.acts.compare_with_input,
                "resume": self.acts.resume,
                "approve": lambda one: self.acts.decide(one, "approve"),
                "retake": self._retake,
                "finding": lambda one: self.acts.go_to(one, judged.frame(one)),
                "noted": lambda one: self.acts.go_to(one, judged.decision(one).get("frame")),
            }
            acts[verb](take)

    def _retake(self, take: Document) -> None:
        if take_words.is_unfinished(take):
            self.acts.decide(take, "retake")  # which says why not
        else:
            self.drawer.ask_note(take)

    @guarded
    def _noted(self, note: str) -> None:
        """The note is kept in its row until the engine has it: nothing that was typed is lost."""
        if self.list.take is not None:
            self.drawer.clear()
            self._decide(self.list.take, "retake", note)

    @guarded
    def _insisted(self, fix: Document) -> None:
        """About the take that the fix names, whichever is selected by now."""
        take = next((one for one in self._takes if one.get("path") == fix.get("path")), None)
        if take is not None:
            self.drawer.clear()
            self._decide(take, str(fix["verb"]), str(fix.get("note") or ""), blindly=True)

    def _decide(self, take: Document, verb: str, note: str, *, blindly: bool = False) -> None:
        kept = functools.partial(self.drawer.kept, take)
        self.acts.decide(take, verb, note, blindly=blindly, kept=kept)

    def _menu(self, take: Document) -> None:
        from answerprint_panel import take_menu  # noqa: PLC0415 - not before somebody asks

        others = [
            other
            for other in self._takes
            if other.get("stream") == take.get("stream") and other.get("path") != take.get("path")
        ]
        menu = take_menu.menu(self, take, others)
        button = self.drawer.more
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    # Others' takes, and what others say of them

    def showEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        came_back, self._is_away = self._is_away, False
        self._beat.start()
        self._news.follow(self._takes)
        if came_back or self._missed:
            self._missed = False
            self.refresh()

    def hideEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self._is_away = True
        self._beat.stop()
        self._news.follow([])

    def changeEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        super().changeEvent(event)
        came = event.type() == QtCore.QEvent.Type.ActivationChange and self.isActiveWindow()
        if came and self.isVisible():
            self.refresh()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QtGui.QPainter(self)
        painter.fillRect(0, 0, self.width(), 1, look.of(self).line)
        painter.end()


def _folder(where: Document) -> str:
    """Where takes of the open script's shot lie; empty: that is not known."""
    parts = [str(where.get(key) or "") for key in ("root", "show", "shot")]
    return "/".join(part for part in parts if part) if parts[0] else ""


def _standing_above(jobs: List[Document]) -> Set[str]:
    """Folders of takes that the queue shows: as long as they are not complete, they are not here."""
    return {
        str(job["path"])
        for job in jobs
        if job.get("path") and (job.get("state") in ACTIVE or _stands_above(job))
    }


def _stands_above(job: Document) -> bool:
    """A job that has ended and waits in the queue for a decision."""
    return job.get("state") in ("incomplete", "cancelled", "lost") and not job.get("followed")


def _is_in(take: Document, queued: Set[str]) -> bool:
    return take.get("path") in queued and take_words.is_unfinished(take)
