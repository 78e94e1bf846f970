"""What gates and people said of the selected take: the worst finding, its place, the decision."""

from __future__ import annotations

from typing import Any, Dict, Optional

from answerprint_panel import judged, look
from answerprint_panel.buttons import LinkButton
from answerprint_panel.labels import Icon, Words
from answerprint_panel.qt import Qt, QtWidgets, Signal
from answerprint_panel.rows import across, down

Document = Dict[str, Any]
_TOP = Qt.AlignmentFlag.AlignTop


class Verdict(QtWidgets.QWidget):
    """Two lines, each with its icon; hidden where there is nothing to say.

    asked   finding: to the frame of the worst one; noted: to the frame of the reviewer's note
    """

    asked = Signal(str)

    def __init__(self, myself: str, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self._myself = myself
        self.finding, self.review = _Line(), _Line()
        self.finding.link.clicked.connect(lambda: self.asked.emit("finding"))
        self.review.link.clicked.connect(lambda: self.asked.emit("noted"))
        self.setLayout(down(self.finding, self.review, gap=6))
        self.hide()

    def show_take(self, take: Document) -> None:
        qc, said = judged.qc(take), judged.reason(take)
        self.finding.say(qc, said, judged.frame(take) if said else None)
        told, mark = judged.told(take, self._myself), judged.review(take, self._myself)
        at = judged.decision(take).get("frame")
        self.review.say(mark, told, at if isinstance(at, int) else None)
        self.setVisible(bool(said or told))


class _Line(QtWidgets.QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.icon, self.words, self.link = Icon(size=14), Words(wrap=True), LinkButton("")
        beside = down(self.words, self.link, gap=2)
        beside.setAlignment(self.link, Qt.AlignmentFlag.AlignLeft)
        line = across(self.icon, beside, gap=look.SMALL + 2)
        line.setStretch(1, 1)
        line.setAlignment(self.icon, _TOP)
        self.setLayout(line)

    def say(self, mark: judged.Mark, text: str, frame: Optional[int]) -> None:
        self.icon.draw(mark.icon, mark.tone or "secondary")
        self.words.say(text)
        self.words.setAccessibleName(f"{mark.word}: {text}" if text else "")
        self.link.say(f"Go to frame {frame}")
        self.link.setVisible(frame is not None)
        self.setVisible(bool(text))
