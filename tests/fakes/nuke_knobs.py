"""Knobs of the fake: what all have in common."""

from __future__ import annotations

from typing import Any

import nuke_session as session
import nuke_table as table
from nuke_guard import Guarded
from nuke_tcl import quote


class Knob(Guarded):
    """A knob: free until it is added to a node."""

    def __init__(self, *args: Any) -> None:
        self._name = str(args[0]) if args else ""
        self._label = args[1] if len(args) > 1 and args[1] is not None else ""
        self._tooltip = ""
        self._flags = 0
        self._enabled = True
        self._node: Any = None
        self._user = False

    def _attached(self) -> None:
        if self._node is not None:
            self._node._attached()

    def _path(self) -> str:
        return f"{self._node._full_name()}.{self._name}" if self._node else self._name

    def _assign(self, attribute: str, value: Any, *, told: bool = True) -> None:
        """Give an attribute another value: undoable, and callbacks hear of it."""
        old = getattr(self, attribute)
        if old == value:
            return
        setattr(self, attribute, value)
        if self._node is None:
            return
        undo, redo = (
            (lambda: setattr(self, attribute, old)),
            (lambda: setattr(self, attribute, value)),
        )
        if self._flags & table.API["constants"]["nuke.NO_UNDO"]:
            session.state.modified = True
        else:
            session.changed(self._path(), undo, redo)
        if told:
            self._node._knob_changed(self)

    def _look_up(self, name: str) -> Any:
        """Another knob's value, as an expression on this one names it."""
        if self._node is None:
            raise RuntimeError(f"{name}: the knob is on no node")
        return self._node._look_up(name)

    def Class(self) -> str:
        return type(self).__name__

    def node(self) -> Any:
        return self._node

    def name(self) -> str:
        return self._name

    def setName(self, s: str) -> None:
        self._assign("_name", s, told=False)

    def label(self) -> str:
        return str(self._label)

    def setLabel(self, s: str) -> None:
        self._assign("_label", s, told=False)

    def tooltip(self) -> str:
        return self._tooltip

    def setTooltip(self, s: str) -> None:
        self._tooltip = s

    def setFlag(self, f: int) -> None:
        self._flags |= f

    def clearFlag(self, f: int) -> None:
        self._flags &= ~f

    def getFlag(self, f: int) -> bool:
        return bool(self._flags & f)

    def setEnabled(self, enabled: bool) -> None:
        self._enabled = bool(enabled)

    def enabled(self) -> bool:
        return self._enabled

    def setVisible(self, visible: bool) -> None:
        invisible = int(table.API["constants"]["nuke.INVISIBLE"])
        self._flags = self._flags & ~invisible if visible else self._flags | invisible

    def visible(self) -> bool:
        return not self._flags & int(table.API["constants"]["nuke.INVISIBLE"])

    def setValue(self, val: Any, chan: int) -> bool:
        del val, chan
        return False

    def value(self, *args: Any) -> Any:
        del args

    def getValue(self, *args: Any) -> Any:
        return self.value(*args)

    def hasExpression(self, index: int = -1) -> bool:
        del index
        return False

    def isAnimated(self, *args: Any) -> bool:
        del args
        return False

    def fullyQualifiedName(self, channel: int = -1) -> str:
        del channel
        return self._path()

    def toScript(self, quote: Any = None, context: str | None = None) -> str:
        del context
        return self._script() if quote is None or quote else self._plain()

    def fromScript(self, *args: Any) -> bool:
        self._from_script(str(args[0]))
        return True

    def _plain(self) -> str:
        """The value as text, not quoted; empty where there is none to write."""
        return ""

    def _script(self) -> str:
        return quote(self._plain())

    def _from_script(self, text: str) -> None:
        """Take a value as a script holds it, its quotes already gone."""

    def _is_default(self) -> bool:
        return True
