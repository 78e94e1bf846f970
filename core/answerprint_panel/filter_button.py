"""A choice without a surface, at the end of a heading: words and a small arrow."""

from __future__ import annotations

from typing import Optional, Sequence, Tuple

from answerprint_panel import icons, look
from answerprint_panel.buttons import Pressed
from answerprint_panel.faults import guarded
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal


class FilterButton(Pressed):
    """One of a few. `chosen` with its value when a person chose another."""

    chosen = Signal(str)

    def __init__(
        self,
        offers: Sequence[Tuple[str, str]],
        value: str,
        parent: Optional[QtWidgets.QWidget] = None,
    ) -> None:
        super().__init__(parent)
        self._offers = tuple(offers)
        self.value = value if value in dict(offers) else self._offers[0][0]
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Fixed, policy.Fixed)
        self.clicked.connect(self.open)
        self._say()

    def _say(self) -> None:
        self.setText(dict(self._offers)[self.value])
        self.setAccessibleName(f"Shown: {self.text()}")
        self.updateGeometry()
        self.update()

    @guarded
    def choose(self, value: str) -> None:
        if value != self.value:
            self.value = value
            self._say()
            self.chosen.emit(value)

    @guarded
    def open(self) -> None:
        menu = QtWidgets.QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for value, text in self._offers:
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(value == self.value)
            action.triggered.connect(lambda _=False, value=value: self.choose(value))
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        metrics = QtGui.QFontMetrics(look.body(self.font()))
        wide = metrics.horizontalAdvance(self.text()) + look.ICON + 2 * look.GAP
        return QtCore.QSize(wide, look.control_height(self))

    def draw(self, painter: QtGui.QPainter, colours: look.Look) -> None:
        written = colours.text if self.is_hovered() else colours.secondary
        painter.setFont(look.body(self.font()))
        painter.setPen(written)
        room = self.rect().adjusted(look.SMALL, 0, -look.ICON - look.SMALL, 0)
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), self.text())
        left = self.width() - look.ICON + look.CHEVRON
        box = QtCore.QRectF(left, (self.height() - look.ICON) / 2, 16, 16)
        icons.paint(painter, "down", box, written)
