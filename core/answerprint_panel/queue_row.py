"""A job's row in the queue: what it is, how far, and what can be done about it."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Tuple

from answerprint_panel import look
from answerprint_panel.faults import guarded
from answerprint_panel.job_words import ACTIVE, Button as Offer, JobRow, Trouble
from answerprint_panel.progress import Progress
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal
from answerprint_panel.widgets import (
    Button,
    ElidedLabel,
    Icon,
    IconButton,
    Note,
    Words,
    across,
    down,
)

ASKED = {  # what is asked before something is let go of: the question, yes, no
    "cancel": ("Stop %s? Finished frames are kept.", "Stop", "Go on"),
    "dismiss": ("Take %s from the list? Its frames stay.", "Dismiss", "Keep"),
}


class QueueRow(QtWidgets.QWidget):
    """One job. Everything in it is changed in place; `did` says what was pressed.

    did    (verb, fix): cancel, resume, again, dismiss, or fix with the engine's own fix
    """

    did = Signal(str, object)

    def __init__(
        self,
        diagnostics: Optional[Callable[[], str]] = None,
        parent: Optional[QtWidgets.QWidget] = None,
    ) -> None:
        super().__init__(parent)
        self.row: Optional[JobRow] = None
        self._trouble: Optional[Trouble] = None
        self._buttons: Dict[str, QtWidgets.QAbstractButton] = {}
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.icon = Icon()
        self.take = Words(weight="heading")
        self.subject = ElidedLabel(elide=Qt.TextElideMode.ElideMiddle)
        self.progress = Progress()
        self.line, self.aside = ElidedLabel(), Words(right=True)
        self.qc_icon, self.qc = Icon(size=14), Words()
        self.warn, self.warned = Icon("warn", role="warn", size=14), ElidedLabel()
        self.safe = Words(role="secondary", right=True)
        self.question = Question()
        self.question.answered.connect(self._answered)
        self.note = Note(diagnostics=diagnostics)
        self.note.fixed.connect(self._fixed)
        self._lay_out()

    def _lay_out(self) -> None:
        self._corner = across(gap=look.SMALL)
        top = across(self.icon, self.take, self.subject, gap=look.SMALL)
        top.setSpacing(look.SMALL)
        top.insertSpacing(2, look.SMALL)
        top.addLayout(self._corner)
        top.setStretch(3, 1)
        self._lines = across(self.line, self.aside)
        self._lines.setStretch(0, 1)
        self._below = QtWidgets.QWidget()
        below = across(self.qc_icon, self.qc, self.warn, self.warned, self.safe, gap=6)
        below.setStretch(3, 1)
        self._below.setLayout(below)
        body = down(self.progress, self._lines, self._below, self.question, self.note, gap=6)
        body.setContentsMargins(look.AFTER_ICON - look.MARGIN, 0, 0, 0)
        whole = down(top, body, gap=look.SMALL)
        whole.setContentsMargins(look.MARGIN, look.SMALL, look.MARGIN, look.GAP)
        self.setLayout(whole)
        self.setMinimumHeight(look.ROW)

    def show_row(self, row: JobRow, *, cancelling: bool = False) -> None:
        """Say what has changed; the same again costs nothing."""
        if row != self.row:
            self.row = row
            self._say(row)
        cancel = self._buttons.get("cancel")
        if isinstance(cancel, Button):
            cancel.setEnabled(not cancelling)
            cancel.say("Stopping" if cancelling else "Cancel")
            cancel.setAccessibleName(f"{cancel.text()} {row.take}".strip())

    def turn(self, degrees: float) -> None:
        if self.row is not None and self.row.moving:
            self.icon.turn(degrees)

    def show_error(self, error: Dict[str, object]) -> None:
        """What came of a press, where it went wrong."""
        self._trouble = None
        self.note.show_error(error, again=False)

    def _say(self, row: JobRow) -> None:
        role = row.tone or "text"
        self.icon.draw(row.icon, role)
        if not row.moving:
            self.icon.turn(0)
        self.take.say(row.take or "New take")
        self.subject.say(row.subject)
        self.progress.setVisible(row.progress is not None)
        if row.progress is not None:
            self.progress.show_part(row.progress, moving=row.moving, marks=row.marks)
        quiet = row.state not in ("starting", "running", "incomplete")
        self.line.say(row.line, "secondary" if quiet else "text")
        self.aside.say(row.aside, "secondary" if quiet else "text")
        self.line.setVisible(bool(row.line))
        self.aside.setVisible(bool(row.aside))
        self._say_below(row)
        self._offer(row.buttons, row)
        self._say_trouble(row.trouble)
        self.setAccessibleName(row.spoken)

    def _say_below(self, row: JobRow) -> None:
        self.qc_icon.draw(row.qc.icon, row.qc.tone or "secondary")
        self.qc.say(row.qc.word, row.qc.tone or "secondary")
        for part in (self.qc_icon, self.qc):
            part.setVisible(bool(row.qc.word))
        self.warn.setVisible(bool(row.warned))
        self.warned.say(row.warned)
        self.safe.say(row.safe)
        self._below.setVisible(bool(row.qc.word or row.warned or row.safe))

    def _say_trouble(self, trouble: Optional[Trouble]) -> None:
        if trouble is None:
            if self._trouble is not None:
                self.note.clear()
        else:
            fix = trouble.fix or {"label": trouble.label, "verb": trouble.verb}
            error = {"problem": trouble.problem, "remedy": "", "fix": fix}
            self.note.show_error(error, lines="\n".join(trouble.lines))
        self._trouble = trouble

    def _offer(self, offers: Tuple[Offer, ...], row: JobRow) -> None:
        """Buttons stay as they are where the same is offered: no focus is lost, nothing flickers."""
        verbs = [offer.verb for offer in offers]
        for verb in [verb for verb in self._buttons if verb not in verbs]:
            gone = self._buttons.pop(verb)
            gone.hide()
            gone.deleteLater()
        for offer in offers:
            if offer.verb not in self._buttons:
                button = _button(offer)
                button.clicked.connect(lambda _=False, verb=offer.verb: self._pressed(verb))
                self._corner.addWidget(button)
                self._buttons[offer.verb] = button
            named = f"{offer.label} {row.take}".strip()
            self._buttons[offer.verb].setAccessibleName(named)

    def buttons(self) -> List[QtWidgets.QAbstractButton]:
        return list(self._buttons.values())

    @guarded
    def _pressed(self, verb: str) -> None:
        if verb == "dismiss" and self.row is not None and self.row.state != "complete":
            self._ask(verb)
        else:
            self.did.emit(verb, None)

    def _ask(self, verb: str) -> None:
        words, yes, no = ASKED[verb]
        named = self.row.take if self.row is not None and self.row.take else "it"
        self.question.ask(verb, words.replace("%s", named), yes, no)

    @guarded
    def _answered(self, verb: str) -> None:
        self.setFocus()
        if verb:
            self.did.emit(verb, None)

    @guarded
    def _fixed(self, fix: Dict[str, object]) -> None:
        verb = fix.get("verb")
        if verb:
            self.did.emit(str(verb), None)
        else:
            self.did.emit("fix", fix)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.row is not None:
            verb = "cancel" if self.row.state in ACTIVE else "dismiss"
            if verb in self._buttons and self._buttons[verb].isEnabled():
                self._ask(verb)
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QtGui.QPainter(self)
        colours = look.of(self)
        left, wide = look.AFTER_ICON, self.width() - look.AFTER_ICON - look.MARGIN
        if self.y() > 0:  # a line between two rows
            painter.fillRect(QtCore.QRect(left, 0, wide, 1), colours.line)
        if self.hasFocus():
            look.paint_focus(painter, self.rect().adjusted(4, 1, -4, -1), colours)
        painter.end()

    def focusInEvent(self, event: QtGui.QFocusEvent) -> None:  # noqa: N802 - Qt's name
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QtGui.QFocusEvent) -> None:  # noqa: N802 - Qt's name
        super().focusOutEvent(event)
        self.update()


class Question(QtWidgets.QWidget):
    """A question in place, with two answers; Esc is no. `answered` with its verb, or empty."""

    answered = Signal(str)

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self._verb = ""
        self.words = Words(wrap=True)
        self.yes, self.no = Button("Yes"), Button("No")
        self.yes.clicked.connect(lambda: self._answer(self._verb))
        self.no.clicked.connect(lambda: self._answer(""))
        buttons = across(self.yes, self.no)
        buttons.addStretch(1)
        self.setLayout(down(self.words, buttons, gap=6))
        self.hide()

    def ask(self, verb: str, words: str, yes: str, no: str) -> None:
        self._verb = verb
        self.words.say(words)
        self.yes.say(yes)
        self.no.say(no)
        self.show()
        self.no.setFocus()

    @guarded
    def _answer(self, verb: str) -> None:
        self.hide()
        self.answered.emit(verb)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape:
            self._answer("")
        else:
            super().keyPressEvent(event)


def _button(offer: Offer) -> QtWidgets.QAbstractButton:
    if offer.verb == "dismiss":
        return IconButton(offer.icon, offer.label, quiet=True)
    return Button(offer.label, offer.icon)
