"""The note: what went wrong, where, what is safe, and one button that mends it."""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, Optional

from answerprint_panel import look
from answerprint_panel.buttons import Button, LinkButton
from answerprint_panel.faults import guarded
from answerprint_panel.labels import Icon, Words
from answerprint_panel.life import soon
from answerprint_panel.qt import Qt, QtGui, QtWidgets, Signal
from answerprint_panel.rows import across, down

Document = Dict[str, Any]

LEAST = 80
_HEAD, _TAIL = 16, 36  # characters of a long path that a heading keeps
_LONG = re.compile(r"[^\s'\"]{60,}")
TRY_AGAIN: Document = {"label": "Try again", "again": True}


class Note(QtWidgets.QWidget):
    """An error in a box of its status colour. Hidden until there is one.

    fixed        the button was pressed: the error's own fix, or TRY_AGAIN where it has none
    diagnostics  what is copied besides the error; asked only when somebody copies
    """

    fixed = Signal(dict)
    changed = Signal()

    def __init__(
        self,
        parent: Optional[QtWidgets.QWidget] = None,
        *,
        diagnostics: Optional[Callable[[], str]] = None,
    ) -> None:
        super().__init__(parent)
        self._diagnostics, self._status = diagnostics, "fail"
        self._fix: Document = {}
        self._document: Document = {}
        self.icon = Icon("fail", role="fail")
        self.title = Words(weight="strong", wrap=True)
        self.lines = Words(wrap=True)
        self.button = Button("Try again", filled=True, strong=True, height=28)
        self.button.setMinimumWidth(LEAST)  # its words are cut before the panel grows
        self.setMinimumWidth(2 * LEAST)
        self.copy = LinkButton("Copy diagnostics")
        self.button.clicked.connect(lambda: self.fixed.emit(dict(self._fix)))
        self.copy.clicked.connect(self._copied)
        self._lay_out()
        self.hide()

    def diagnose(self, diagnostics: Callable[[], str]) -> None:
        """What is copied besides the error."""
        self._diagnostics = diagnostics

    @property
    def error(self) -> Document:
        """The error that is shown; empty where there is none."""
        return self._document

    @property
    def fix(self) -> Document:
        """What its button does; empty: it has none."""
        return self._fix

    def show_error(
        self,
        error: Document,
        *,
        icon: str = "fail",
        status: str = "fail",
        lines: str = "",
        again: bool = True,
    ) -> None:
        """Show an error document.

        lines   what stands below it instead of its remedy: where, and what is safe
        again   offer to try again where the error has no fix of its own
        """
        if (error, lines) == (self._document, self.lines.text()) and not self.isHidden():
            return
        self._document, self._status = dict(error), status
        self._fix = dict(error.get("fix") or (TRY_AGAIN if again else {}))
        self.icon.draw(icon, status)
        problem = _no_stop(str(error.get("problem", "")))
        self.title.say(_without_long_paths(problem))
        self.title.setToolTip(problem)
        self.lines.say(lines or str(error.get("remedy", "")))
        self.lines.setVisible(bool(self.lines.text()))
        self.button.say(str(self._fix.get("label", "Try again")))
        self.button.setVisible(bool(self._fix))
        self._arrange()
        self.copy.say("Copy diagnostics")
        self.setAccessibleName(f"{problem}. {self.lines.text()}")
        self.show()
        self.updateGeometry()
        self.changed.emit()

    def clear(self) -> None:
        if self._document:
            self._document, self._fix = {}, {}
            self.hide()
            self.changed.emit()

    def text(self) -> str:
        """The error and everything that helps to find its cause."""
        said = [str(self._document.get(key, "")) for key in ("error", "problem", "remedy")]
        more = self._diagnostics() if self._diagnostics is not None else ""
        return "\n".join(part for part in [*said, more] if part)

    @guarded
    def _copied(self) -> None:
        QtWidgets.QApplication.clipboard().setText(self.text())
        self.copy.say("Copied")

    def _lay_out(self) -> None:
        buttons = self._buttons = across(self.button)
        buttons.setAlignment(self.button, Qt.AlignmentFlag.AlignLeft)
        buttons.addStretch(1)
        buttons.addWidget(self.copy)
        buttons.setAlignment(self.copy, Qt.AlignmentFlag.AlignLeft)
        words = down(self.title, self.lines, gap=6)
        words.addSpacing(look.SMALL)
        words.addLayout(buttons)
        line = across(self.icon, words, gap=look.GAP)
        line.setStretch(1, 1)
        line.setAlignment(self.icon, Qt.AlignmentFlag.AlignTop)
        line.setContentsMargins(look.WIDE, look.WIDE, look.WIDE, look.WIDE)
        self.setLayout(line)

    def _arrange(self) -> None:
        """The link goes below the button where both do not fit beside each other."""
        room = self.width() - 2 * look.WIDE - look.ICON - look.GAP
        wide = self.button.sizeHint().width() + look.GAP + self.copy.sizeHint().width()
        ways = QtWidgets.QBoxLayout.Direction
        way = ways.TopToBottom if self._fix and wide > room else ways.LeftToRight
        if way != self._buttons.direction():
            self._buttons.setDirection(way)
            self.updateGeometry()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._arrange()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QtGui.QPainter(self)
        colours = look.of(self)
        status = colours.status(self._status)
        edge = look.over(status, colours.window, 0.45)
        look.paint_box(painter, self.rect(), colours.note(status), edge)
        painter.end()

    def showEvent(self, event: QtGui.QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        _settle(self)

    def hideEvent(self, event: QtGui.QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        _settle(self)


def settle(root: QtWidgets.QWidget, run: Button) -> None:
    """One filled button: the first visible note's fix, else Run."""
    filled = False
    for note in root.findChildren(Note):
        waits = bool(note.fix) and note.isVisibleTo(root)
        note.button.fill(waits and not filled)
        filled = filled or waits
    run.fill(not filled)


def _settle(note: Note) -> None:
    """Have whoever holds all notes decide again, when the event loop comes round."""
    holder = note.parentWidget()
    while holder is not None and not hasattr(holder, "settle_filled"):
        holder = holder.parentWidget()
    if holder is not None:
        soon(holder, holder.settle_filled)


def _without_long_paths(sentence: str) -> str:
    """A path in a heading keeps its ends; the whole of it is in the tooltip, and in what is copied."""
    return _LONG.sub(lambda path: f"{path[0][:_HEAD]}…{path[0][-_TAIL:]}", sentence)


def _no_stop(sentence: str) -> str:
    return sentence[:-1] if sentence.endswith(".") else sentence
