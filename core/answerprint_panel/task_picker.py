"""Which task: its title, version and purpose; pressed, a list of all with what each is for."""

from __future__ import annotations

from typing import Any, List, Optional

from answerprint_panel import icons, look
from answerprint_panel.buttons import Pressed
from answerprint_panel.faults import guarded
from answerprint_panel.host import Document
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal, has

_HEIGHT = 46
_LEFT = 44  # where words begin, after the icon
_ROLE = int(Qt.ItemDataRole.UserRole)
_FLAGS = int(Qt.AlignmentFlag.AlignVCenter)
MOST_SEEN = 7  # rows of the list without scrolling


class TaskPicker(Pressed):
    """`picked` with the task's document, as `tasks` says it."""

    picked = Signal(dict)

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self._tasks: List[Document] = []
        self._task: Document = {}
        self._remark = ""
        self._list: Optional[TaskList] = None
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)
        self.clicked.connect(self.open_list)
        self._name()

    def offer(self, tasks: List[Document], task: str, remark: str = "") -> None:
        """All tasks, and which of them is chosen; `remark` says how new that is."""
        self._tasks = tasks
        self._task = next((one for one in tasks if one.get("task") == task), {})
        self._remark = remark
        self.grey("" if tasks else "No server has said yet what it offers.")
        self._name()
        self.update()

    @guarded
    def open_list(self) -> None:
        """Below the picker, or above it where there is no room."""
        self._list = TaskList(self._tasks, self._task, self)
        self._list.picked.connect(self.picked)
        self._list.open_below(self)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Down:
            self.click()
            return
        super().keyPressEvent(event)

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        return QtCore.QSize(240, max(_HEIGHT, 2 * QtGui.QFontMetrics(self.font()).height() + 14))

    def draw(self, painter: QtGui.QPainter, colours: look.Look) -> None:
        surface = self.surface(colours)
        edge = colours.edge if colours.needs_edge(surface) else None
        look.paint_box(painter, self.rect(), surface, edge)
        right = QtCore.QRectF(self.width() - 26, self.height() / 2 - 8, 16, 16)
        icons.paint(painter, "down", right, colours.control_text)
        title, version = self._words()
        room = self.rect().adjusted(0, 0, -24, 0)
        _paint_task(painter, room, self._task, (title, version), colours, self.font())

    def _words(self) -> tuple[str, str]:
        if not self._task:
            return "No task yet", self._remark
        version = f"version {self._task.get('version') or '?'}"
        return title(self._task), ", ".join(one for one in (version, self._remark) if one)

    def _name(self) -> None:
        words, version = self._words()
        self.setAccessibleName(f"Task: {words}, {version}")
        self.setAccessibleDescription(purpose(self._task))


class TaskList(QtWidgets.QFrame):
    """The list that opens; arrows and Enter choose, Escape closes."""

    picked = Signal(dict)

    def __init__(self, tasks: List[Document], task: Document, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAutoFillBackground(True)
        self.list = QtWidgets.QListWidget(self)
        self.list.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.list.setItemDelegate(_TaskDelegate(self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName("Tasks")
        for one in tasks:
            item = QtWidgets.QListWidgetItem(f"{title(one)}: {purpose(one)}")
            item.setData(_ROLE, one)
            item.setToolTip(str((one.get("contract") or {}).get("purpose", "")))
            self.list.addItem(item)
            if one.get("problem"):
                item.setFlags(Qt.ItemFlag.ItemIsSelectable)
                item.setToolTip(str(one["problem"]))
            if one == task:
                self.list.setCurrentItem(item)
        self.list.itemClicked.connect(self._picked)
        self.list.itemActivated.connect(self._picked)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.addWidget(self.list)

    def open_below(self, widget: QtWidgets.QWidget) -> None:
        rows = min(MOST_SEEN, max(1, self.list.count()))
        self.resize(widget.width(), rows * _HEIGHT + 4)
        place = widget.mapToGlobal(QtCore.QPoint(0, widget.height() + 2))
        screen = QtWidgets.QApplication.primaryScreen()
        if screen is not None and place.y() + self.height() > screen.virtualGeometry().bottom():
            place = widget.mapToGlobal(QtCore.QPoint(0, -self.height() - 2))
        self.move(place)
        self.show()
        self.list.setFocus()

    @guarded
    def _picked(self, item: QtWidgets.QListWidgetItem) -> None:
        task = item.data(_ROLE)
        if not task.get("problem"):
            self.picked.emit(task)
            self.close()


class _TaskDelegate(QtWidgets.QStyledItemDelegate):
    """Two lines for each task, as the picker has them."""

    def sizeHint(self, option: Any, index: Any) -> QtCore.QSize:  # noqa: ARG002, N802 - Qt's name
        return QtCore.QSize(200, _HEIGHT)

    def paint(self, painter: QtGui.QPainter, option: Any, index: Any) -> None:
        task = index.data(_ROLE)
        widget = self.parent()
        if not isinstance(widget, QtWidgets.QWidget):
            return
        colours = look.of(widget)
        state = QtWidgets.QStyle.StateFlag
        selected = has(option.state, state.State_Selected)
        pointed = selected or has(option.state, state.State_MouseOver)
        ground = colours.selected if pointed else colours.window
        painter.save()
        painter.fillRect(option.rect, ground)
        if selected:
            bar = QtCore.QRect(option.rect.left(), option.rect.top(), 3, option.rect.height())
            painter.fillRect(bar, colours.accent)
        words = (title(task), str(task.get("problem") or f"version {task.get('version') or '?'}"))
        _paint_task(painter, option.rect, task, words, colours, widget.font())
        painter.restore()


def title(task: Document) -> str:
    contract = task.get("contract") or {}
    return str(contract.get("title") or task.get("task") or "")


def purpose(task: Document) -> str:
    """Its first sentence: what it is for."""
    said = str((task.get("contract") or {}).get("purpose", ""))
    return said.partition(". ")[0].rstrip(".")


def _paint_task(
    painter: QtGui.QPainter,
    rect: QtCore.QRect,
    task: Document,
    words: tuple[str, str],
    colours: look.Look,
    font: QtGui.QFont,
) -> None:
    middle = rect.center().y() + 1
    icon = icons.task(str(task.get("task", "")))
    box = QtCore.QRectF(rect.left() + 13, middle - 10, 20, 20)
    icons.paint(painter, icon, box, colours.text)
    heading, body = look.heading(font), look.body(font)
    half = (rect.height() - 8) // 2
    upper = QtCore.QRect(rect.left() + _LEFT, rect.top() + 5, rect.width() - _LEFT - 8, half)
    painter.setFont(heading)
    painter.setPen(colours.text)
    painter.drawText(upper, _FLAGS, words[0])
    beside = QtGui.QFontMetrics(heading).horizontalAdvance(words[0]) + look.GAP
    painter.setFont(body)
    painter.setPen(colours.secondary)
    _elided(painter, upper.adjusted(beside, 0, 0, 0), words[1], body)
    painter.setPen(colours.text)
    _elided(painter, upper.translated(0, half - 1), purpose(task), body)


def _elided(painter: QtGui.QPainter, rect: QtCore.QRect, text: str, font: QtGui.QFont) -> None:
    metrics = QtGui.QFontMetrics(font)
    cut = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, rect.width()))
    painter.drawText(rect, _FLAGS, cut)
