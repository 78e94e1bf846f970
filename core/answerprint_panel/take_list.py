"""The list of takes: rows that are painted, and real buttons on the one that is selected."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from answerprint_panel import judged, look
from answerprint_panel.faults import guarded
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal, position
from answerprint_panel.take_model import Entry, TakeModel
from answerprint_panel.take_row import EDGE, TakeDelegate
from answerprint_panel.thumbnails import Thumbnails
from answerprint_panel.widgets import IconButton, across

Document = Dict[str, Any]
_Off = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
KEYS = {"g": "finding", "a": "approve", "r": "retake"}
HOVERED = (("place", "Place"), ("compare", "Compare"), ("more", "More"))


class TakeList(QtWidgets.QListView):
    """As high as all of its rows: the panel scrolls, never the list.

    chosen     another take is selected: its document, or None
    asked      (verb, take): Enter, a key, an icon of a row that is pointed at, or a click on the line
               that says what was found
    drawer     what opens below the selected row
    """

    chosen = Signal(object)
    asked = Signal(str, object)

    def __init__(
        self,
        thumbnails: Thumbnails,
        drawer: QtWidgets.QWidget,
        parent: Optional[QtWidgets.QWidget] = None,
    ) -> None:
        super().__init__(parent)
        self.rows = TakeModel(self)
        self.delegate = TakeDelegate(thumbnails.of, self)
        self.drawer, self._key = drawer, ""
        self.setModel(self.rows)
        self.setItemDelegate(self.delegate)
        self.setAccessibleName("Takes")
        self._be_plain()
        self._fitting = QtCore.QTimer(self)  # ends with the list, unlike a single shot
        self._fitting.setSingleShot(True)
        self._fitting.setInterval(0)
        self._fitting.timeout.connect(self.fit)
        drawer.setParent(self.viewport())
        drawer.hide()
        drawer.installEventFilter(self)
        self.pointed = _Pointed(self.viewport())
        self.pointed.pressed.connect(self._pressed)
        thumbnails.arrived.connect(self._repaint)
        self.selectionModel().currentChanged.connect(self._moved)

    def _be_plain(self) -> None:
        self.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(_Off)
        self.setHorizontalScrollBarPolicy(_Off)
        self.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QtWidgets.QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setResizeMode(QtWidgets.QListView.ResizeMode.Adjust)
        self.setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.setSizePolicy(
            QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed
        )

    def show_rows(self, wanted: List[Entry]) -> None:
        """Other takes; the selected one stays so, as long as it is there."""
        key = self._key
        self.rows.show(wanted)
        place = self.rows.place(key) if key else -1
        if place >= 0:
            self.setCurrentIndex(self.rows.index(place))
        elif key:
            self.setCurrentIndex(QtCore.QModelIndex())
            self._moved(QtCore.QModelIndex())
        self.fit()

    @property
    def take(self) -> Optional[Document]:
        """The selected one."""
        entry = self.rows.entry(self.currentIndex())
        return entry.take if entry is not None else None

    def choose(self, path: str) -> bool:
        """Select a take by its folder; False: it is not here."""
        place = self.rows.place(path)
        if place >= 0:
            self.setCurrentIndex(self.rows.index(place))
        return place >= 0

    @guarded
    def fit(self) -> None:
        """Take the height that rows and drawer need, and put the drawer where it belongs."""
        row = self.currentIndex().row()
        is_open = self.take is not None
        self.drawer.setVisible(is_open)
        self.drawer.setFixedWidth(max(0, self.viewport().width()))
        opened = self.drawer.sizeHint().height() if is_open else 0
        layout = self.drawer.layout()
        if is_open and layout is not None and layout.hasHeightForWidth():
            opened = layout.totalHeightForWidth(self.viewport().width())
        if opened != self.delegate.opened:
            self.delegate.opened = opened
            self.scheduleDelayedItemsLayout()
        heights = [self.delegate.height(self, entry) for entry in self.rows.entries]
        self.setFixedHeight(sum(heights) + opened)
        if is_open:
            top = sum(heights[: row + 1])
            self.drawer.setGeometry(0, top, self.viewport().width(), opened)

    def row_top(self, place: int) -> int:
        """Where a row begins."""
        before = self.rows.entries[:place]
        opened = self.delegate.opened if 0 <= self.currentIndex().row() < place else 0
        return sum(self.delegate.height(self, entry) for entry in before) + opened

    @guarded
    def _moved(self, current: QtCore.QModelIndex, _previous: object = None) -> None:
        entry = self.rows.entry(current)
        if entry is not None and entry.take is None:
            return  # a heading: keys go past it
        key = entry.key if entry is not None else ""
        if key == self._key:
            return
        self._key, self.delegate.whole = key, False
        self.pointed.hide()
        self.chosen.emit(entry.take if entry is not None else None)
        self.scheduleDelayedItemsLayout()
        self.fit()

    @guarded
    def _pressed(self, verb: str) -> None:
        entry = self.rows.entry(self.rows.index(self.delegate.hovered))
        if entry is not None and entry.take is not None:
            self.choose(entry.key)
            self.asked.emit(verb, entry.take)

    @guarded
    def _repaint(self, path: str) -> None:
        place = self.rows.place(path)
        if place >= 0:
            self.viewport().update(
                0, self.row_top(place), self.width(), look.THUMBNAIL[1] + 2 * EDGE
            )

    # Keys and mouse

    def moveCursor(self, action: Any, modifiers: Any) -> QtCore.QModelIndex:  # noqa: N802 - Qt's name
        """Arrows go past headings."""
        index = super().moveCursor(action, modifiers)
        back = action in (self.CursorAction.MoveUp, self.CursorAction.MovePrevious)
        place, step = index.row(), -1 if back else 1
        while 0 <= place < self.rows.rowCount():
            entry = self.rows.entries[place]
            if entry.take is not None:
                return self.rows.index(place)
            place += step
        return self.currentIndex()

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:  # noqa: N802 - Qt's name
        key, take = event.key(), self.take
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and take is not None:
            self.asked.emit("place", take)
        elif event.text() in KEYS and take is not None:
            if not event.isAutoRepeat():
                self.asked.emit(KEYS[event.text()], take)
        elif key == Qt.Key.Key_Space and take is not None:
            self.delegate.whole = not self.delegate.whole
            self.viewport().update()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End):
            super().keyPressEvent(event)
        else:
            event.ignore()  # Delete too: a take is never let go of from here

    def focusInEvent(self, event: QtGui.QFocusEvent) -> None:  # noqa: N802 - Qt's name
        """With the keyboard comes a selected take: then there is something for it to act on."""
        super().focusInEvent(event)
        by_key = event.reason() in (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
        )
        if by_key and self.take is None:
            first = next((e.key for e in self.rows.entries if e.take is not None), "")
            self.choose(first)
        self.viewport().update()

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: N802 - Qt's name
        super().mouseMoveEvent(event)
        self._point(self.indexAt(position(event)).row())

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """A click on the line that says what was found goes there."""
        super().mouseReleaseEvent(event)
        entry = self.rows.entry(self.indexAt(position(event)))
        if event.button() == Qt.MouseButton.LeftButton and entry and self._is_finding(event, entry):
            self.asked.emit("finding", entry.take)

    def _is_finding(self, event: QtGui.QMouseEvent, entry: Entry) -> bool:
        if entry.take is None or judged.frame(entry.take) is None or not judged.reason(entry.take):
            return False
        top, at = self.row_top(self.rows.place(entry.key)), position(event)
        high = (self.delegate.height(self, entry) - 2 * EDGE) / 3
        line = top + EDGE + high
        return at.x() > look.MARGIN + look.THUMBNAIL[0] and line <= at.y() < line + high

    def leaveEvent(self, event: QtCore.QEvent) -> None:  # noqa: N802 - Qt's name
        super().leaveEvent(event)
        self._point(-1)

    def _point(self, place: int) -> None:
        entry = self.rows.entry(self.rows.index(place)) if place >= 0 else None
        if entry is None or entry.take is None or place == self.currentIndex().row():
            place = -1
        if place == self.delegate.hovered and self.pointed.isVisible() == (place >= 0):
            return
        self.delegate.hovered = place
        self.viewport().update()
        if place < 0 or entry is None:
            self.pointed.hide()
            return
        bottom = self.row_top(place) + self.delegate.height(self, entry)
        self.pointed.name(str((entry.take or {}).get("take") or ""))
        self.pointed.adjustSize()
        left = self.viewport().width() - look.GAP - self.pointed.width()
        self.pointed.move(left, bottom - EDGE - self.pointed.height() + 2)
        self.pointed.show()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self.fit()

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:  # noqa: N802 - Qt's name
        event.ignore()  # the panel scrolls

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:  # noqa: N802 - Qt's name
        if watched is self.drawer and event.type() == QtCore.QEvent.Type.LayoutRequest:
            self._fitting.start()
        return super().eventFilter(watched, event)


class _Pointed(QtWidgets.QWidget):
    """Three icons on the row that is pointed at; with the keyboard its drawer has the same."""

    pressed = Signal(str)

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self._buttons = {}
        line = across(gap=2)
        for verb, label in HOVERED:
            button = IconButton(verb, label, quiet=True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _=False, verb=verb: self.pressed.emit(verb))
            line.addWidget(button)
            self._buttons[verb] = (button, label)
        self.setLayout(line)
        self.hide()

    def name(self, take: str) -> None:
        for button, label in self._buttons.values():
            button.setAccessibleName(f"{label} {take}".strip())
