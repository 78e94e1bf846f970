"""What every node of a network has: a place, what it says, flags, user data."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import normpath
from typing import Any

import houdini_kinds as kinds
from houdini_enums import (
    EnumValue,
    ObjectWasDeleted,
    OperationFailed,
    PermissionError,  # noqa: A004 - Houdini's own name
)
from houdini_guard import Guarded
from houdini_numbers import Color, Vector2
from houdini_state import changed, state


class NetworkItem(Guarded):
    pass


class NetworkMovableItem(NetworkItem):
    pass


class Node(NetworkMovableItem):
    pass


class _Told(Node):
    """A node as far as it is no network and has no parameters."""

    def __init__(self, kind: kinds.Kind, name: str, parent: Any) -> None:
        state.session_ids += 1
        self._session = state.session_ids
        self._kind, self._name, self._parent = kind, name, parent
        self._children: list[Any] = []
        self._user: dict[str, str] = {}
        self._cached: dict[str, Any] = {}
        self._flags: dict[str, bool] = {"Display": False, "Render": False}
        self._comment, self._color = "", Color((0.8, 0.8, 0.8))
        self._position = Vector2((0.0, 0.0))
        self._gone = False
        self._unlocked = not kind.asset
        self._cooks = 0
        self._errors: list[str] = []
        self._warnings: list[str] = []

    def _attached(self) -> None:
        if self._gone:
            raise ObjectWasDeleted(f"the node {self._name}")

    # what it says

    def comment(self) -> str:
        return self._comment

    def setComment(self, comment: str) -> None:
        self._editable("comment", of=self._parent or self)
        self._comment = comment
        changed(f"comment {self._path()}")

    def color(self) -> Color:
        return self._color

    def setColor(self, color: Color) -> None:
        self._color = color
        changed(f"color {self._path()}")

    def isGenericFlagSet(self, flag: EnumValue) -> bool:
        return self._flags.get(flag.name(), False)

    def setGenericFlag(self, flag: EnumValue, value: bool) -> None:
        self._flags[flag.name()] = value
        changed(f"flag {flag.name()} of {self._path()}")

    def isSelected(self) -> bool:
        return self in state.selected

    def setSelected(
        self, on: bool, clear_all_selected: bool = False, show_asset_if_selected: bool = False
    ) -> None:
        del show_asset_if_selected
        if clear_all_selected:
            state.selected.clear()
        if on and self not in state.selected:
            state.selected.append(self)
        elif not on and self in state.selected:
            state.selected.remove(self)

    def setCurrent(self, on: bool, clear_all_selected: bool = False) -> None:
        self.setSelected(on, clear_all_selected)

    def isCurrent(self) -> bool:
        return bool(state.selected) and state.selected[-1] is self

    def errors(self) -> tuple[str, ...]:
        return tuple(self._errors)

    def warnings(self) -> tuple[str, ...]:
        return tuple(self._warnings)

    def addWarning(self, message: str | None = None) -> None:
        self._warnings.append(message or "")

    def userData(self, name: str) -> str | None:
        return self._user.get(name)

    def userDataDict(self) -> dict[str, str]:
        return dict(self._user)

    def setUserData(self, name: str, value: str) -> None:
        self._editable("user data", of=self._parent or self)
        self._user[name] = value
        changed(f"user data {name} of {self._path()}")

    def destroyUserData(self, name: str, must_exist: bool = True) -> None:
        if self._user.pop(name, None) is None and must_exist:
            raise OperationFailed(f"No user data {name}")
        changed(f"user data {name} of {self._path()}")

    def cachedUserData(self, name: str) -> Any:
        return self._cached.get(name)

    def cachedUserDataDict(self) -> dict[str, Any]:
        return dict(self._cached)

    def setCachedUserData(self, name: str, value: Any) -> None:
        self._cached[name] = value

    def destroyCachedUserData(self, name: str, must_exist: bool = True) -> None:
        if self._cached.pop(name, None) is None and must_exist:
            raise OperationFailed(f"No cached user data {name}")

    # the fake's own

    def _path(self) -> str:
        if self._parent is None:
            return "/"
        return f"{self._parent._path().rstrip('/')}/{self._name}"

    def _find(self, path: str) -> Any:
        if not path:
            return None
        full = normpath(path if path.startswith("/") else f"{self._path()}/{path}")
        found: Any = state.root
        for name in full.strip("/").split("/") if full.strip("/") else ():
            inside = found._children if found is not None else []
            found = next((each for each in inside if each._name == name), None)
        return found

    def _up(self) -> Iterator[Any]:
        one: Any = self
        while one is not None:
            yield one
            one = one._parent

    def _editable(self, what: str, *, inside: bool = False, of: Any = None) -> None:
        locked = (each for each in (of or self)._up() if not each._unlocked)
        first = next(locked, None)
        if first is not None and (inside or of is not None or first is not self):
            raise PermissionError(f"{what} of {self._path()}: {first._path()} is a locked asset")
