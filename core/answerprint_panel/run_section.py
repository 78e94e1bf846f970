"""What it will take, which take it makes, and the two buttons; or how far a render has come."""

from __future__ import annotations

from typing import Optional

from answerprint_panel import look
from answerprint_panel.buttons import Button, IconButton
from answerprint_panel.faults import guarded
from answerprint_panel.host import Document
from answerprint_panel.labels import ElidedLabel, Icon, Words
from answerprint_panel.note import Note
from answerprint_panel.qt import QtCore, QtGui, QtWidgets, Signal
from answerprint_panel.rows import Hint, across, down

LEAST = 80


class RenderBar(QtWidgets.QWidget):
    """A node on its way to disk."""

    cancelled = Signal()

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self._part = 0.0
        self.words = ElidedLabel()
        self.cancel = Button("Cancel", "close")
        self.cancel.clicked.connect(self.cancelled)
        line = across(self.words, self.cancel)
        line.setStretch(0, 1)
        whole = down(line)
        whole.setContentsMargins(0, 0, 0, look.GAP)
        self.setLayout(whole)
        self.hide()

    def say(self, words: str, part: float) -> None:
        self._part = part
        self.words.say(words)
        self.show()
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        colours = look.of(self)
        groove = QtCore.QRectF(0.5, self.height() - 5.5, self.width() - 1, 5)
        painter.setPen(QtGui.QPen(colours.edge, 1))
        painter.setBrush(colours.field)
        painter.drawRoundedRect(groove, 2.5, 2.5)
        groove.setWidth(max(5.0, groove.width() * self._part))
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(colours.accent)
        painter.drawRoundedRect(groove, 2.5, 2.5)
        painter.end()


class RunSection(QtWidgets.QWidget):
    """`asked` with whether all frames are meant; `cancelled`: the render that comes first.

    farmed   all frames are meant, and somebody else is to make them
    """

    asked = Signal(bool)
    farmed = Signal()
    cancelled = Signal()

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.icon = Icon("clock", role="secondary")
        self.estimate = ElidedLabel()
        self.take = Words(role="secondary", right=True)
        self.warnings = Hint()
        self.note = Note()
        self.rendering = RenderBar()
        self.rendering.cancelled.connect(self.cancelled)
        self.one = Button("Run this frame", strong=True, height=look.RUN)
        self.all = Button("Run", filled=True, strong=True, height=look.RUN)
        self.more = IconButton("down", "More ways to run", size=look.RUN)
        self.more.clicked.connect(self.open_menu)
        for button in (self.one, self.all):
            button.setMinimumWidth(LEAST)  # its words are cut before the panel grows
        self.one.clicked.connect(lambda: self.asked.emit(False))
        self.all.clicked.connect(lambda: self.asked.emit(True))
        said = across(self.icon, self.estimate, self.take, gap=look.SMALL)
        said.setStretch(1, 1)
        buttons = self._buttons = across(self.one, self.all)
        buttons.addWidget(self.more)
        parts = (self.note, self.warnings, said, self.rendering, buttons)
        self.setLayout(down(*parts, gap=10))

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._share()

    def _share(self) -> None:
        """One frame has three tenths, and more where its words need it and there is room."""
        room = self.width() - 2 * look.GAP - self.more.width()
        needed = min(self.one.sizeHint().width(), room - self.all.sizeHint().width())
        least = max(1, 3 * room // 10, needed)
        self._buttons.setStretch(0, least)
        self._buttons.setStretch(1, max(1, room - least))

    @guarded
    def open_menu(self) -> None:
        menu = QtWidgets.QMenu(self)
        menu.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        words = f"{self.all.text()} on the farm: take the number, give me the commands"
        menu.addAction(words, self.farmed.emit)
        menu.popup(self.more.mapToGlobal(QtCore.QPoint(0, self.more.height() + 2)))

    def show_plan(self, plan: Document, waiting: str) -> None:
        """The plan's own words, or why there is none yet."""
        estimate = (plan.get("estimate") or {}).get("words", "")
        if waiting:
            self.icon.draw("unplugged" if "server" in waiting else "info", "secondary")
            self.estimate.say(waiting, "secondary")
        else:
            self.icon.draw("clock", "secondary")
            self.estimate.say(str(estimate), "text")
        self.take.say(f"Makes take {plan['take']}" if plan.get("take") and not waiting else "")
        warnings = [str(one) for one in plan.get("warnings") or []]
        self.warnings.say("\n".join(warnings), "warn", "warn")

    def name(self, words: str, why_not: str) -> None:
        """What the button runs, like 'Run 96 frames'; greyed where there is a reason."""
        self.all.say(words)
        self._share()
        self.all.grey(why_not)
        self.one.grey(why_not)
        self.more.grey(why_not)
