"""What opens below the selected take: its actions, what came of them, and its details."""

from __future__ import annotations

from typing import Any, Dict, Optional

from answerprint_panel import judged, look, reviewing, take_words, words
from answerprint_panel.actions import Actions
from answerprint_panel.details import Details
from answerprint_panel.faults import guarded
from answerprint_panel.note_row import NoteRow
from answerprint_panel.qt import QtWidgets, Signal
from answerprint_panel.session import Session
from answerprint_panel.verdict import Verdict
from answerprint_panel.widgets import Button, Hint, IconButton, Note, down

Document = Dict[str, Any]
NO_FRAMES = "It has no frames yet."


class TakeDrawer(QtWidgets.QWidget):
    """`asked` with a verb: place, compare, approve, retake, resume, finding, noted, more.

    noted      the note that a retake needs was written
    insisted   a decision is wanted all the same, though somebody decided meanwhile: the error's fix
    """

    asked = Signal(str)
    noted = Signal(str)
    insisted = Signal(dict)

    def __init__(self, session: Session, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.resume = Button("Resume", "play", outline=True)
        self.place = Button("Place", "place", outline=True)
        self.compare = Button("Compare", "compare", outline=True)
        self.approve = Button("Approve", "approve", outline=True)
        self.retake = Button("Retake", "retake", outline=True)
        self.more = IconButton("more", "More", quiet=False)
        self._verbs = {
            "resume": self.resume,
            "place": self.place,
            "compare": self.compare,
            "approve": self.approve,
            "retake": self.retake,
            "more": self.more,
        }
        for verb, button in self._verbs.items():
            button.clicked.connect(lambda _=False, verb=verb: self.asked.emit(verb))
        actions = Actions(
            (self.resume, self.place, self.compare), (self.approve, self.retake, self.more)
        )
        self.verdict = Verdict(words.me())
        self.verdict.asked.connect(self.asked)
        self.note_row = NoteRow()
        self.note_row.written.connect(self.noted)
        self.note_row.left.connect(self.retake.setFocus)
        self.said = Hint()
        self.note = Note(diagnostics=session.diagnostics)
        self.note.fixed.connect(self._insisted)
        self.details = Details(session)
        self._path = ""
        self._notes: Dict[str, str] = {}
        whole = down(
            actions, self.note_row, self.verdict, self.said, self.note, self.details, gap=look.GAP
        )
        whole.setContentsMargins(look.MARGIN, 2, look.MARGIN, look.GAP + 1)
        self.setLayout(whole)

    def show_take(self, take: Document) -> None:
        """Another take: what was said of the last one goes; a note that was begun for it is kept."""
        self.clear()
        begun = self.note_row.field.text()
        if begun.strip():
            self._notes[self._path] = begun
        self._path = str(take.get("path") or "")
        self.note_row.done()
        self.details.dismiss()
        self.change_take(take)

    def change_take(self, take: Document) -> None:
        """The same take, about which there is news."""
        label = str(take.get("take") or "")
        unfinished = take_words.is_unfinished(take)
        going = take.get("state") in ("running", "starting", "waiting")
        self.resume.setVisible(unfinished and not going)
        self.approve.setVisible(not unfinished)
        self.retake.setVisible(not unfinished)
        none = take.get("first") is None
        for button in (self.place, self.compare):
            button.grey(NO_FRAMES if none else "")
        if not none and judged.warning(take):
            self.place.setToolTip(f"{judged.warning(take)} It can be placed all the same.")
        decided = judged.holds(take)
        self.approve.grey("It is approved already." if decided == "approved" else "")
        for verb, each in self._verbs.items():
            each.setAccessibleName(f"{verb.capitalize()} {label}".strip())
        self.verdict.show_take(take)

    def ask_note(self, take: Document) -> None:
        """What is to be done differently: a retake needs it."""
        label = str(take.get("take") or "it")
        self.note_row.ask(f"What shall be done differently than in {label}?", "Retake")
        begun = self._notes.pop(self._path, "")
        if begun:
            self.note_row.field.line.setText(begun)

    def kept(self, take: Document) -> None:
        """The engine has the note of a take, which need not be the one that is looked at by now."""
        path = str(take.get("path") or "")
        self._notes.pop(path, None)
        if path == self._path:
            self.note_row.done()

    def say(self, text: str, icon: str = "check") -> None:
        self.note.clear()
        self.said.say(text, icon)

    def fail(self, error: Document) -> None:
        self.note_row.again()
        self.said.say("")
        self.note.show_error(error, again=False)

    def clear(self) -> None:
        self.said.say("")
        self.note.clear()

    @guarded
    def _insisted(self, fix: Document) -> None:
        if reviewing.wants_all_the_same(fix):
            self.insisted.emit(fix)
