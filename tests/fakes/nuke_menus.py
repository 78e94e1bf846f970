"""Menus and panes of the fake's user interface."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nuke_session as session
from nuke_guard import Guarded, misuse

Command = str | Callable[[], Any] | None


class MenuItem(Guarded):
    """One line of a menu; `invoke` is the artist's click."""

    def __init__(self, *args: Any) -> None:
        self._name: str = args[0]
        self._command: Command = args[1] if len(args) > 1 else None
        self._shortcut, self._icon, self._tooltip = "", "", ""
        self._enabled = self._visible = True

    def name(self) -> str:
        return self._name

    def script(self) -> str:
        return self._command if isinstance(self._command, str) else ""

    def setScript(self, script: Command) -> None:
        self._command = script

    def shortcut(self) -> str:
        return self._shortcut

    def setShortcut(self, keySequence: str) -> None:
        self._shortcut = keySequence

    def icon(self) -> str:
        return self._icon

    def setIcon(self, icon: str) -> None:
        self._icon = icon

    def setEnabled(self, enabled: bool, recursive: bool) -> None:
        del recursive
        self._enabled = bool(enabled)

    def setVisible(self, visible: bool) -> None:
        self._visible = bool(visible)

    def invoke(self) -> None:
        if callable(self._command):
            self._command()
        elif self._command:
            exec(self._command, {"__name__": "__main__", "nuke": __import__("nuke")})


class Menu(MenuItem):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args[:1])
        self._items: list[MenuItem] = []

    def addCommand(
        self,
        name: str,
        command: Command = None,
        shortcut: str | None = None,
        icon: str | None = None,
        tooltip: str | None = None,
        index: float | None = None,
        readonly: bool | None = None,
        shortcutContext: int | None = None,
        tag: int | None = None,
        tagTarget: int | None = None,
        nodeClass: str | None = "",
    ) -> MenuItem:
        """Add a line, `Sub/Line` in a menu below; one of the same name is replaced."""
        del readonly, shortcutContext, tag, tagTarget, nodeClass
        if not isinstance(command, str | None) and not callable(command):
            raise TypeError(f"a command is a string or a callable, not {command!r}")
        *above, last = name.split("/")
        if above:
            return self.addMenu("/".join(above)).addCommand(
                last, command, shortcut, icon, tooltip, index
            )
        item = MenuItem(last, command)
        item._shortcut, item._icon, item._tooltip = shortcut or "", icon or "", tooltip or ""
        self._place(item, index)
        return item

    def addMenu(
        self,
        name: str,
        icon: str | None = None,
        tooltip: str | None = None,
        index: float | None = None,
    ) -> Menu:
        """The menu of this name: made, unless it is there."""
        at = self
        for each in name.split("/"):
            below = at._item(each)
            if not isinstance(below, Menu):
                below = Menu(each)
                below._icon, below._tooltip = icon or "", tooltip or ""
                at._place(below, index)
            at = below
        return at

    def _item(self, name: str) -> MenuItem | None:
        return next((item for item in self._items if item._name == name), None)

    def _place(self, item: MenuItem, index: float | None) -> None:
        self._items = [each for each in self._items if each._name != item._name or not item._name]
        self._items.insert(len(self._items) if index is None or index < 0 else int(index), item)

    def addSeparator(self, index: float | None = None) -> MenuItem:
        item = MenuItem("")
        self._place(item, index)
        return item

    def findItem(self, name: str) -> Any:
        at: Any = self
        for each in name.split("/"):
            at = at._item(each) if isinstance(at, Menu) else None
        return at

    def menu(self, name: str) -> Any:
        return self.findItem(name)

    def items(self) -> list[MenuItem]:
        return list(self._items)

    def removeItem(self, name: str) -> bool:
        kept = [item for item in self._items if item._name != name]
        gone, self._items = len(kept) < len(self._items), kept
        return gone

    def clearMenu(self) -> bool:
        self._items.clear()
        return True


class ProgressTask(Guarded):
    """A bar in Nuke's progress window; it closes when the last reference goes."""

    def __init__(self, *args: Any) -> None:
        self._name = str(args[0]) if args else ""
        self._percent, self._message, self._cancelled = 0, "", False
        session.state.progress[self._name] = self

    def setProgress(self, i: int) -> None:
        if not isinstance(i, int):
            raise TypeError(f"setProgress wants a whole number, not {i!r}")
        self._percent = i

    def setMessage(self, s: str) -> None:
        self._message = s

    def isCancelled(self) -> bool:
        return self._cancelled


def menu(name: str) -> Menu:
    """One of Nuke's menus; there are none in a terminal."""
    if not session.state.gui:
        misuse(f"nuke.menu({name!r}) in a terminal: menu.py is not run there")
    known = ("Nuke", "Pane", "Nodes", "Properties", "Animation", "Viewer", "Node Graph", "Axis")
    if name not in known:
        raise RuntimeError(f"{name}: no such menu")
    found: Menu = session.state.menus.setdefault(name, Menu(name))
    return found
