"""An artist's eyes and hands: widgets are found by what a screen reader says, pressed as by hand.

What host they sit at makes no difference; see `seat` for Nuke's and `chair` for Houdini's.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import Any

from answerprint_panel.qt import BINDING, Qt, QtCore, QtWidgets

QTest: Any = importlib.import_module(f"{BINDING}.QtTest").QTest

PATIENCE = 60.0
LEFT = Qt.MouseButton.LeftButton


class Hands:
    """Somebody before a host with panes of ours.

    panes      Answerprint's, the one that was opened last at the end
    patience   seconds until something has to have come
    """

    def __init__(self) -> None:
        self.panes: list[Any] = []
        self.patience = PATIENCE

    @property
    def pane(self) -> Any:
        return self.panes[-1]

    # Eyes

    def seen(self) -> list[QtWidgets.QWidget]:
        """What is visible in the pane and in the windows over it, from top to bottom."""
        tops = [self.pane, *(w for w in QtWidgets.QApplication.topLevelWidgets() if _is_over(w))]
        found = [child for top in tops for child in top.findChildren(QtWidgets.QWidget)]
        return [one for one in found if one.isVisible()]

    def found(self, name: str) -> list[QtWidgets.QWidget]:
        """What takes a key or a click and is called so: a pattern that fits all of its name."""
        fits, none = re.compile(name, re.DOTALL), Qt.FocusPolicy.NoFocus
        live = [one for one in self.seen() if one.focusPolicy() != none]
        return [one for one in live if fits.fullmatch(one.accessibleName())]

    def control(self, name: str, kind: type = QtWidgets.QWidget) -> Any:
        found = [one for one in self.found(name) if isinstance(one, kind)]
        if not found:
            said = sorted({one.accessibleName() for one in self.seen()} - {""})
            raise AssertionError(f"nothing here is called {name!r}: {said}")
        return found[0]

    def says(self, text: str) -> bool:
        """Whether the pane says it, anywhere: a pattern."""
        return re.search(text, self.words()) is not None

    def words(self) -> str:
        """All that can be read, or heard."""
        said = [f"{one.accessibleName()} {_text(one)}".strip() for one in self.seen()]
        return "\n".join(one for one in said if one)

    # Patience

    def turn(self, milliseconds: int = 5) -> None:
        """Let Nuke's event loop turn; the PySide2 of the tests has no QTest.qWait."""
        loop: Any = QtCore.QEventLoop()
        QtCore.QTimer.singleShot(milliseconds, loop.quit)
        (getattr(loop, "exec", None) or loop.exec_)()

    def until(self, is_so: Callable[[], object]) -> None:
        """Let Nuke's event loop turn until it is so."""
        due = QtCore.QElapsedTimer()
        due.start()
        while not is_so():
            if due.elapsed() > 1000 * self.patience:
                late = f"not within {self.patience:.0f} s; the pane says:"
                raise AssertionError(f"{late}\n{self.words()}")
            self.turn()

    def until_said(self, text: str) -> None:
        self.until(lambda: self.says(text))

    # Hands

    def press(self, name: str) -> None:
        """Click on a control, as soon as it is there and can be pressed."""
        self.until(lambda: any(one.isEnabled() for one in self.found(name)))
        control = next(one for one in self.found(name) if one.isEnabled())
        QTest.mouseClick(control, LEFT)

    def type(self, name: str, text: str) -> None:
        """Into a field, in place of what is there; then Enter."""
        field = self.control(name, QtWidgets.QLineEdit)
        QTest.mouseDClick(field, LEFT)
        field.selectAll()
        QTest.keyClicks(field, text)
        QTest.keyClick(field, Qt.Key.Key_Return)

    def choose(self, name: str, item: str) -> None:
        """From a list that opens: by its words, with arrows and Enter."""
        box = self.control(name, QtWidgets.QComboBox)
        box.setFocus()
        place = box.findText(item)
        assert place >= 0, [box.itemText(at) for at in range(box.count())]
        key = Qt.Key.Key_Down if place > box.currentIndex() else Qt.Key.Key_Up
        for _ in range(abs(place - box.currentIndex())):
            QTest.keyClick(box, key)

    def task(self, title: str) -> None:
        """Choose it from the list of tasks."""
        self.press("Task: .*")
        tasks = self.control("Tasks")
        rows = [tasks.item(at) for at in range(tasks.count())]
        item = next(one for one in rows if one.text().startswith(title))
        middle = tasks.visualItemRect(item).center()
        QTest.mouseClick(tasks.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, middle)
        self.until_said(f"Task: {title}")

    def take(self, label: str) -> None:
        """Click on a take's row."""
        listed = self.control("Takes")
        self.until(lambda: label in _labels(listed))
        place = QtCore.QPoint(200, listed.row_top(_labels(listed).index(label)) + 20)
        QTest.mouseClick(listed.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, place)

    def menu(self, *path: str) -> None:
        """Click through the menu that is open: each a pattern that fits an item's words."""
        menus = [one for one in QtWidgets.QApplication.topLevelWidgets() if _is_menu(one)]
        menu: Any = menus[-1]
        for name in path[:-1]:
            menu = next(
                one for one in menu.findChildren(QtWidgets.QMenu) if re.fullmatch(name, one.title())
            )
        action = next(one for one in menu.actions() if re.fullmatch(path[-1], one.text()))
        assert action.isEnabled(), path
        action.trigger()
        menus[-1].close()


def _is_over(widget: QtWidgets.QWidget) -> bool:
    return widget.isVisible() and widget.windowType() == Qt.WindowType.Popup


def _is_menu(widget: QtWidgets.QWidget) -> bool:
    return isinstance(widget, QtWidgets.QMenu) and widget.isVisible()


def _labels(listed: Any) -> list[str]:
    return ["" if one.row is None else str(one.row.take) for one in listed.rows.entries]


def _text(widget: QtWidgets.QWidget) -> str:
    if isinstance(widget, QtWidgets.QAbstractItemView):
        rows = widget.model()
        return "\n".join(str(rows.index(at, 0).data()) for at in range(rows.rowCount()))
    written = isinstance(widget, (QtWidgets.QLabel, QtWidgets.QAbstractButton, QtWidgets.QLineEdit))
    return str(widget.text()) if written else ""  # type: ignore[attr-defined]
