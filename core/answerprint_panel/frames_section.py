"""Which frames: the input's range, the project's, this frame, or others; and at what speed."""

from __future__ import annotations

from typing import Optional, Tuple

from answerprint_panel import draft as drafts, look
from answerprint_panel.choices import Choice
from answerprint_panel.draft import Draft
from answerprint_panel.faults import guarded
from answerprint_panel.fields import Field, Number
from answerprint_panel.labels import Words
from answerprint_panel.note import Note
from answerprint_panel.qt import Qt, QtWidgets, Signal
from answerprint_panel.rows import Hint, Row, across, down
from answerprint_panel.spans import ends, spelled

_MODES = [
    ("Input range", drafts.INPUT),
    ("Project range", drafts.PROJECT),
    ("This frame", drafts.FRAME),
    ("Custom", drafts.CUSTOM),
]
_CHOICE = 126


class FramesSection(QtWidgets.QWidget):
    """`moded` with what the range is, `ranged` with a range as text, `sped` with a speed."""

    moded = Signal(str)
    ranged = Signal(str)
    sped = Signal(float)

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.mode = Choice()
        self.mode.setMaximumWidth(_CHOICE)
        self.mode.setAccessibleName("Frames")
        middle = Qt.AlignmentFlag.AlignHCenter
        self.first = Number(1, whole=True, align=middle)
        self.last = Number(1, whole=True, align=middle)
        self.first.name("First frame")
        self.last.name("Last frame")
        self.listed = Field()
        self.listed.name("Frames", "Like 1001-1043,1045-1096")
        self.hint = Hint()
        self.note = Note()
        self.speed = Number(50, unit="%", step=5)
        self.speed.setFixedWidth(72)
        self.speed.name("Speed", "100 % is as it was shot; 50 % is half as fast.")
        self._connect()
        self._to = Words("to", role="secondary")
        line = across(self.mode, self.first, self._to, self.last, self.listed)
        for place, stretch in ((0, 2), (1, 1), (3, 1), (4, 2)):
            line.setStretch(place, stretch)
        beside = across(self.speed, Words("of the plate's own", role="secondary"))
        self._speed_row = Row("Speed", beside)
        self._speed_row.hide()
        frames = Row("Frames", line, self.hint)
        self.setLayout(down(frames, self.note, self._speed_row, gap=look.GAP))

    def show_state(self, draft: Draft, frames: str, beyond: str) -> None:
        """`frames`: as the draft says them now; `beyond`: what has to be said of them."""
        self.mode.offer(list(_MODES), draft.mode)
        found = ends(frames)
        plain = found is not None or not frames
        for widget in (self.first, self._to, self.last):
            widget.setVisible(plain)
        self.listed.setVisible(not plain)
        self.listed.say(frames)
        if found is not None:
            self.first.show_value(found[0])
            self.last.show_value(found[1])
        self.hint.say(beyond, "info")
        self._speed_row.setVisible(draft.retimes)
        self.speed.show_value(round(draft.settings.speed * 100, 6))

    def _connect(self) -> None:
        self.mode.chosen.connect(self._moded)
        self.first.changed.connect(lambda _: self._ranged())
        self.last.changed.connect(lambda _: self._ranged())
        self.listed.edited.connect(self.ranged)
        for one in (self.first, self.last, self.speed):
            one.refused.connect(self._refused)
        self.speed.changed.connect(lambda value: self.sped.emit(float(value) / 100))

    @guarded
    def _moded(self, mode: str) -> None:
        self.moded.emit(mode)

    @guarded
    def _ranged(self) -> None:
        self.ranged.emit(spelled(int(self.first.value), int(self.last.value)))

    @guarded
    def _refused(self, text: str) -> None:
        self.hint.say(f"'{text}' is no number; the one from before stays.", "warn", "warn")


def beyond(frames: str, source: Optional[Tuple[int, int]]) -> str:
    """What to say of a range that asks for more than the node has; empty where it does not."""
    found = ends(frames)
    if found is None or source is None:
        return ""
    outside = max(0, source[0] - found[0]) + max(0, found[1] - source[1])
    if not outside:
        return ""
    return f"{outside} of them beyond the plate, which has {source[0]} to {source[1]}."
