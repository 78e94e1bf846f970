"""The fake's undo: named steps that say what changed and can take it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nuke_guard import Guarded, misuse

if TYPE_CHECKING:
    from typing_extensions import Self

Act = Callable[[], None]


@dataclass(frozen=True)
class Change:
    """One thing that changed: `what` as a person would say it, `Read1.first` or `create Read1`."""

    what: str
    undo: Act
    redo: Act


@dataclass
class Step:
    """What one Ctrl-Z takes back."""

    name: str
    changes: list[Change] = field(default_factory=list)

    def take_back(self) -> None:
        for change in reversed(self.changes):
            change.undo()

    def do_again(self) -> None:
        for change in self.changes:
            change.redo()


class Log:
    """All steps since the script was opened."""

    def __init__(self) -> None:
        self.done: list[Step] = []
        self.undone: list[Step] = []
        self.open: list[Step] = []
        self.disabled = 0
        self._replaying = False

    def record(self, what: str, undo: Act, redo: Act) -> None:
        """Keep a change; without an open block it is a step of its own."""
        if self._replaying or self.disabled:
            return
        change = Change(what, undo, redo)
        if self.open:
            self.open[0].changes.append(change)
        else:
            self._add(Step(what, [change]))

    def begin(self, name: str) -> None:
        self.open.append(Step(name))

    def end(self, *, cancelled: bool = False) -> None:
        """Close a block. An inner one belongs to the outermost; an empty one leaves no step."""
        if not self.open:
            misuse("nuke.Undo was ended without having begun")
        step = self.open.pop()
        if cancelled:
            self.replay(step.take_back)
        elif step.changes and not self.open:
            self._add(step)

    def back(self) -> None:
        if self.done:
            self.undone.append(self.done.pop())
            self.replay(self.undone[-1].take_back)

    def again(self) -> None:
        if self.undone:
            self.done.append(self.undone.pop())
            self.replay(self.done[-1].do_again)

    def replay(self, act: Act) -> None:
        self._replaying = True
        try:
            act()
        finally:
            self._replaying = False

    def _add(self, step: Step) -> None:
        self.done.append(step)
        self.undone.clear()


log = Log()


class Undo(Guarded):
    """nuke.Undo: all static, as there; `with nuke.Undo("name"):` is begin and end."""

    def __init__(self, *args: Any) -> None:
        self._name = str(args[0]) if args else ""

    @staticmethod
    def begin(*args: Any) -> None:
        log.begin(str(args[0]) if args else "")

    @staticmethod
    def name(*args: Any) -> None:
        if not log.open:
            misuse("nuke.Undo.name outside of a block")
        log.open[-1].name = str(args[0])

    @staticmethod
    def end() -> None:
        log.end()

    @staticmethod
    def cancel() -> None:
        log.end(cancelled=True)

    @staticmethod
    def new(*args: Any) -> None:
        log.end()
        log.begin(str(args[0]) if args else "")

    @staticmethod
    def undoSize() -> int:
        return len(log.done)

    @staticmethod
    def redoSize() -> int:
        return len(log.undone)

    @staticmethod
    def undoDescribe(*args: Any) -> str:
        return log.done[-1 - (args[0] if args else 0)].name

    @staticmethod
    def undo() -> None:
        log.back()

    @staticmethod
    def redo() -> None:
        log.again()

    @staticmethod
    def disable() -> None:
        log.disabled += 1

    @staticmethod
    def enable() -> None:
        if not log.disabled:
            misuse("nuke.Undo was enabled without having been disabled")
        log.disabled -= 1

    @staticmethod
    def disabled() -> bool:
        return log.disabled > 0

    def __enter__(self) -> Self:
        log.begin(self._name)
        return self

    def __exit__(self, *args: object) -> None:
        log.end()
