"""A row that asks for a note, in place: nothing waits for it, and the host stays as usable as it was."""

from __future__ import annotations

from typing import Optional

from answerprint_panel.buttons import Button
from answerprint_panel.faults import guarded
from answerprint_panel.fields import Field
from answerprint_panel.labels import Words
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal
from answerprint_panel.rows import across, down

MOST_LETTERS = (64 << 10) + 1  # more than the engine keeps, so that it says so: nothing is cut here


class NoteRow(QtWidgets.QWidget):
    """Hidden until it asks. `written` with the note, never an empty one; `left` by Cancel or Esc."""

    written = Signal(str)
    left = Signal()

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.words = Words(wrap=True)
        self.field = Field()
        self.field.line.setMaxLength(MOST_LETTERS)
        self.field.line.installEventFilter(self)
        self.field.line.textChanged.connect(lambda _text: self.field.mark(False))
        self.send, self.cancel = Button("Retake", "retake"), Button("Cancel")
        self.send.clicked.connect(self._send)
        self.cancel.clicked.connect(self._leave)
        line = across(self.send, self.cancel)
        line.addStretch(1)
        self.setLayout(down(self.words, self.field, line, gap=6))
        self.hide()

    def ask(self, words: str, send: str) -> None:
        """`words`: what the note is for; `send`: what the button does with it."""
        self.words.say(words)
        self.field.name(words)
        self.field.mark(False)
        self.send.say(send)
        self.again()
        self.show()
        self.field.setFocus()

    def again(self) -> None:
        """It was not kept: what was written stays, and may be sent once more."""
        self.send.setEnabled(True)

    def done(self) -> None:
        """The note is kept: the next one begins empty."""
        self.again()
        self.field.line.clear()
        self.hide()

    @guarded
    def _send(self) -> None:
        note = self.field.text().strip()
        if not self.send.isEnabled():
            return  # it is on its way
        if not note:
            self.field.mark(True)
            self.words.say("Without a note nobody knows what to do differently. Write it here:")
            self.field.setFocus()
            return
        self.send.setEnabled(False)
        self.written.emit(note)

    @guarded
    def _leave(self) -> None:
        self.hide()
        self.left.emit()

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:  # noqa: N802 - Qt's name
        """Enter sends, and nothing else; Esc leaves."""
        if isinstance(event, QtGui.QKeyEvent) and event.type() == QtCore.QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                if not event.isAutoRepeat():
                    self._send()
                return True
            if event.key() == Qt.Key.Key_Escape:
                self._leave()
                return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape:
            self._leave()
        else:
            super().keyPressEvent(event)
