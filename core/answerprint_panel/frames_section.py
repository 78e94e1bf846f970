"""Which frames: the input's range, the project's, this frame, or others; and at what speed."""

from __future__ import annotations

from typing import Optional, Tuple

from answerprint_panel import draft as drafts, look
from answerprint_panel.choices import Choice
from answerprint_panel.draft import Draft
from answerprint_panel.faults import guarded
from answerprint_panel.fields import Field, Number
from answerprint_panel.grid import Grid
from answerprint_panel.labels import Words
from answerprint_panel.note import Note
from answerprint_panel.qt import Qt, QtWidgets, Signal
from answerprint_panel.rows import Hint, Row, across, down
from answerprint_panel.spans import count, ends, numbers, spelled
from answerprint_panel.values import refused

_LIST = "list"  # custom frames as a text, not as first and last
_MODES = [
    ("Input range", drafts.INPUT),
    ("Project range", drafts.PROJECT),
    ("This frame", drafts.FRAME),
    ("Custom", drafts.CUSTOM),
    ("Custom list", _LIST),
]
_CHOICE = 126
_BESIDE = 16  # what a field has around its text


class FramesSection(QtWidgets.QWidget):
    """`moded` with what the range is, `ranged` with a range as text, `sped` with a speed."""

    moded = Signal(str)
    ranged = Signal(str)
    sped = Signal(float)

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self._as_list = False
        self._kept = ("", "")  # what was refused, and the frames that stayed
        self._frames = ""
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
        self.speed = Number(50, unit="%", grid=Grid(step=5))
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
        found = ends(frames)
        self._as_list = self._as_list and draft.mode == drafts.CUSTOM
        plain = (found is not None or not frames) and not self._as_list
        listed = draft.mode == drafts.CUSTOM and not plain
        self.mode.offer(list(_MODES), _LIST if listed else draft.mode)
        for widget in (self.first, self._to, self.last):
            widget.setVisible(plain)
        self.listed.setVisible(not plain)
        self.listed.say(frames)
        if found is not None:
            self.first.show_value(found[0])
            self.last.show_value(found[1])
            for one in (self.first, self.last):  # a number that is cut is another one
                wide = one.line.fontMetrics().horizontalAdvance(one.text()) + _BESIDE
                one.setMinimumWidth(min(wide, _CHOICE))
        self._frames = frames
        if self._kept[0] and self._kept[1] == frames:
            self.hint.say(self._kept[0], "warn", "warn")
        else:
            self._kept = ("", "")
            self.hint.say(beyond, "info")
        self._speed_row.setVisible(draft.retimes)
        self.speed.show_value(round(draft.settings.speed * 100, 6))

    def _connect(self) -> None:
        self.mode.chosen.connect(self._moded)
        self.first.changed.connect(lambda _: self._ranged())
        self.last.changed.connect(lambda _: self._ranged())
        self.listed.edited.connect(self._listed)
        for one in (self.first, self.last):
            one.refused.connect(self._refused)
        self.speed.refused.connect(lambda text: self._keep(refused(text, whole=False)))
        self.speed.changed.connect(lambda value: self.sped.emit(float(value) / 100))

    @guarded
    def _moded(self, mode: str) -> None:
        self._as_list = mode == _LIST
        self.moded.emit(drafts.CUSTOM if self._as_list else mode)
        if self._as_list:
            self.listed.setFocus()

    @guarded
    def _listed(self, text: str) -> None:
        self._as_list = True
        self.ranged.emit(text.replace(" ", ""))

    @guarded
    def _ranged(self) -> None:
        self.ranged.emit(spelled(int(self.first.value), int(self.last.value)))

    @guarded
    def _refused(self, text: str) -> None:
        """A list is taken where a first or last frame is expected."""
        if numbers(text):
            self._listed(text)
        else:
            self._keep(refused(text, whole=True))

    def _keep(self, said: str) -> None:
        self._kept = (said, self._frames)
        self.hint.say(said, "warn", "warn")


def beyond(frames: str, source: Optional[Tuple[int, int]]) -> str:
    """What to say of a range that asks for more than the node has; empty where it does not."""
    if source is None:
        return ""
    asked, found = count(frames), ends(frames)
    if found is not None:
        inside = max(0, min(found[1], source[1]) - max(found[0], source[0]) + 1)
    else:
        inside = sum(source[0] <= frame <= source[1] for frame in numbers(frames))
    outside = asked - inside
    if outside <= 0:
        return ""
    said = "All" if not inside else f"{outside:,}"
    return f"{said} of them beyond the plate, which has {source[0]} to {source[1]}."
