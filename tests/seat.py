"""A seat at Nuke: its event loop, its panes, and an artist with a mouse and a keyboard.

Widgets are found by what a screen reader says of them, and pressed as a hand presses them.
"""

from __future__ import annotations

import importlib
import re
import runpy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nuke
import nuke_session
import pytest
from desk import engine

from answerprint_panel import session as sessions
from answerprint_panel.qt import BINDING, Qt, QtCore, QtWidgets
from answerprint_panel.session import Session

QTest: Any = importlib.import_module(f"{BINDING}.QtTest").QTest

PATIENCE = 60.0
FOLDER = Path(__file__).parents[1] / "nuke"
PANE = "com.answerprint.panel"
LEFT = Qt.MouseButton.LeftButton


class Seat:
    """One Nuke with its UI, and whoever sits at it.

    panes      Answerprint's, the one that was opened last at the end
    patience   seconds until something has to have come
    """

    def __init__(self) -> None:
        self.panes: list[Any] = []
        self.patience = PATIENCE

    # Nuke

    def start(self, script: Path | None = None) -> None:
        """Start Nuke: it reads our init.py and menu.py, and opens or names a script."""
        nuke_session.reset()
        for name in ("init.py", "menu.py"):
            runpy.run_path(str(FOLDER / name))
        if script is not None:
            nuke.scriptSaveAs(script.as_posix(), 1)

    def open_pane(self) -> Any:
        """Answerprint, Open Panel: in a pane as wide as an artist leaves it."""
        nuke.menu("Nuke").findItem("Answerprint/Open Panel").invoke()
        pane = nuke_session.state.shown[PANE][-1]
        self.panes.append(pane)
        pane.resize(420, 900)
        pane.show()
        return pane

    def close_pane(self) -> None:
        """Close the tab: Nuke destroys the widget."""
        pane = self.panes.pop()
        nuke_session.state.shown[PANE] = [
            one for one in nuke_session.state.shown.get(PANE, []) if one is not pane
        ]
        pane.close()
        pane.deleteLater()
        QtWidgets.QApplication.sendPostedEvents(None, int(QtCore.QEvent.Type.DeferredDelete))

    @property
    def pane(self) -> Any:
        return self.panes[-1]

    @property
    def session(self) -> Session:
        """Of this process, as the panes have it."""
        from answerprint_nuke import host

        return sessions.of(host.this())

    def read(self, plate: str, frames: str, name: str = "Read1") -> Any:
        node = nuke.nodes.Read(name=name)
        node["file"].fromUserText(f"{plate} {frames}")
        return node

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


@contextmanager
def taken(home: Path, server: str) -> Iterator[Seat]:
    """A seat in this process, its engine's home and its server; its session ends with it.

    What was done there has to be what a real Nuke bears.
    """
    with pytest.MonkeyPatch.context() as environment:
        engine(environment, home, server)
        seat = Seat()
        loop = nuke_session.serve_by(QtCore)
        try:
            yield seat
            nuke_session.check()
        finally:
            loop.stop()
            while seat.panes:
                seat.close_pane()
            seat.session.shutdown()
            nuke_session.reset()
