"""What opens below the selected take: its actions, what came of them, and its details."""

from __future__ import annotations

from typing import Any, Dict, Optional

from answerprint_panel import look, take_words
from answerprint_panel.details import Details
from answerprint_panel.qt import QtWidgets, Signal
from answerprint_panel.session import Session
from answerprint_panel.widgets import Button, Hint, IconButton, Note, across, down

Document = Dict[str, Any]


class TakeDrawer(QtWidgets.QWidget):
    """`asked` with a verb: place, compare, verify, resume, more."""

    asked = Signal(str)

    def __init__(self, session: Session, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.resume = Button("Resume", "play", outline=True)
        self.place = Button("Place", "place", outline=True)
        self.compare = Button("Compare", "compare", outline=True)
        self.verify = Button("Verify", "shield", outline=True)
        self.more = IconButton("more", "More", quiet=False)
        self._verbs = {
            "resume": self.resume,
            "place": self.place,
            "compare": self.compare,
            "verify": self.verify,
            "more": self.more,
        }
        line = across(*self._verbs.values())
        policy = QtWidgets.QSizePolicy.Policy
        for verb, button in self._verbs.items():
            button.clicked.connect(lambda _=False, verb=verb: self.asked.emit(verb))
            if verb != "more":
                button.setSizePolicy(policy.Expanding, policy.Fixed)
        self.said = Hint()
        self.note = Note(diagnostics=session.diagnostics)
        self.details = Details(session)
        whole = down(line, self.said, self.note, self.details, gap=look.GAP)
        whole.setContentsMargins(look.MARGIN, 2, look.MARGIN, look.GAP + 1)
        self.setLayout(whole)

    def show_take(self, take: Document) -> None:
        """Another take: what was said of the last one goes."""
        self.clear()
        self.details.dismiss()
        self.change_take(take)

    def change_take(self, take: Document) -> None:
        """The same take, about which there is news."""
        label = str(take.get("take") or "")
        unfinished = take_words.is_unfinished(take)
        going = take.get("state") in ("running", "starting", "waiting")
        self.resume.setVisible(unfinished and not going)
        self.verify.setVisible(not unfinished)
        none = take.get("first") is None
        for button in (self.place, self.compare):
            button.grey("It has no frames yet." if none else "")
        for verb, each in self._verbs.items():
            each.setAccessibleName(f"{verb.capitalize()} {label}".strip())

    def say(self, text: str, icon: str = "check") -> None:
        self.note.clear()
        self.said.say(text, icon)

    def fail(self, error: Document) -> None:
        self.said.say("")
        self.note.show_error(error, again=False)

    def clear(self) -> None:
        self.said.say("")
        self.note.clear()
