"""Details of a take, below its row: what made it, and whether it is still what was signed."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from answerprint_panel import look, record_words, words
from answerprint_panel.faults import guarded
from answerprint_panel.life import Life
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal
from answerprint_panel.session import Session
from answerprint_panel.widgets import Icon, IconButton, Words, across, down

Document = Dict[str, Any]
LABELS = 88
ZERO_WIDTH = "\u200b"
_TOP = Qt.AlignmentFlag.AlignTop


class Details(QtWidgets.QWidget):
    """Asks the engine and shows what it says; closing asks no more.

    changed   it has another height
    """

    changed = Signal()

    def __init__(self, session: Session, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self._session, self._life = session, Life(self)
        self._request: Optional[int] = None
        self.icon, self.title = Icon("info"), Words(weight="strong", wrap=True)
        self.close_button = IconButton("close", "Close", quiet=True, size=look.ICON + 2)
        self.close_button.clicked.connect(self.dismiss)
        self._grid = QtWidgets.QGridLayout()
        self._grid.setHorizontalSpacing(look.GAP)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnMinimumWidth(0, LABELS - look.MARGIN)
        self._grid.setColumnStretch(1, 1)
        head = across(self.icon, self.title, self.close_button)
        head.setStretch(1, 1)
        for part in (self.icon, self.close_button):
            head.setAlignment(part, Qt.AlignmentFlag.AlignTop)
        self.setLayout(down(head, self._grid, gap=2))
        self.hide()

    def text(self) -> str:
        """All that is shown, as it would be read aloud."""
        said = [self.title.text()]
        for place in range(self._grid.count()):
            item = self._grid.itemAt(place)
            widget = item.widget() if item is not None else None
            if isinstance(widget, QtWidgets.QLabel):
                said.append(widget.text().replace(ZERO_WIDTH, ""))
        return "\n".join(part for part in said if part)

    @guarded
    def dismiss(self) -> None:
        """Close; what is still being asked is called off."""
        if self._request is not None:
            self._session.cancel(self._request)
            self._request = None
        if not self.isHidden():
            self.hide()
            self.changed.emit()

    def show_provenance(self, take: Document) -> None:
        self._begin("info", f"Provenance of {take.get('take', '')}")
        told: List[Document] = []

        def done(_code: int) -> None:
            self._request = None
            self._fill(record_words.facts(told, take))

        self._request = self._session.ask(
            ["show", str(take.get("path"))], told.append, self._life(done)
        )

    def verify(self, take: Document) -> None:
        """Read every frame again: that takes a while, so the frames are counted."""
        label = str(take.get("take") or "")
        told: List[Document] = []
        self._begin("ring", f"Verifying {label}")

        def event(document: Document) -> None:
            told.append(document)
            self.title.say(f"Verifying {label}, {words.count(len(told), 'frame')} read")

        def done(_code: int) -> None:
            self._request = None
            said = record_words.verdict(told, label)
            self.icon.draw(said.icon, said.tone)
            self.title.say(said.headline)
            self._fill([("", line) for line in said.lines])

        self._request = self._session.ask(
            ["verify", str(take.get("path"))], self._life(event), self._life(done)
        )

    def _begin(self, icon: str, title: str) -> None:
        self.dismiss()
        self._empty()
        self.icon.draw(icon, "secondary")
        self.title.say(title)
        self.show()
        self.changed.emit()

    def _empty(self) -> None:
        while self._grid.count():
            item = self._grid.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def _fill(self, facts: List[record_words.Fact]) -> None:
        self._empty()
        labelled = any(label for label, _ in facts)
        self._grid.setColumnMinimumWidth(0, LABELS - look.MARGIN if labelled else 0)
        indent = 0 if labelled else look.ICON + look.GAP  # below the words of the headline
        self._grid.setContentsMargins(indent, 0, 0, 0)
        for place, (label, text) in enumerate(facts):
            if labelled:
                self._grid.addWidget(Words(label, role="secondary"), place, 0, _TOP)
            value = _Value(text)
            value.setAccessibleName(words.joined([label, text]))
            self._grid.addWidget(value, place, 1)
        self.changed.emit()


# By mouse and by keyboard, as a number: the PySide2 of the tests cannot join two flags
_SELECTABLE = getattr(Qt, "TextInteractionFlags", Qt.TextInteractionFlag)(3)


class _Value(QtWidgets.QLabel):
    """A text that can be selected and copied, broken where it is too long."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(_SELECTABLE)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setMinimumWidth(24)
        self.setText(_breakable(text))

    def copied(self) -> str:
        return self.selectedText().replace(ZERO_WIDTH, "")

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.matches(QtGui.QKeySequence.StandardKey.Copy):
            QtWidgets.QApplication.clipboard().setText(self.copied())
            return
        super().keyPressEvent(event)

    def contextMenuEvent(self, event: QtGui.QContextMenuEvent) -> None:  # noqa: N802 - Qt's name
        """Copying must not bring along the places where a path may break."""
        menu = QtWidgets.QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        copy = menu.addAction("Copy")
        copy.triggered.connect(
            lambda: QtWidgets.QApplication.clipboard().setText(
                self.copied() or self.text().replace(ZERO_WIDTH, "")
            )
        )
        menu.popup(QtCore.QPoint(event.globalPos()))


def _breakable(text: str) -> str:
    """Paths may break behind a slash; a label breaks at spaces alone."""
    return text.replace("/", "/" + ZERO_WIDTH)
