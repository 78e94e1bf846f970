"""pdg: as much of it as a Python Processor's two snippets use.

All of it is [unverified]: there is no stub, and nothing here was compared with a running Houdini. Names
are SideFX's documentation's, from what public scripts call.

    holder = WorkItemHolder();  on_generate(holder)       item_holder of the first snippet
    cook_item(item, on_cook)                              work_item of the second
"""

from __future__ import annotations

import enum
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


class workItemState(enum.Enum):
    Undefined = 0
    Uncooked = 1
    Waiting = 2
    Scheduled = 3
    Cooking = 4
    CookedSuccess = 5
    CookedCache = 6
    CookedFail = 7
    CookedCancel = 8


class workItemExecutionType(enum.Enum):
    Regular = 0
    Batch = 1


class scheduleResult(enum.Enum):
    Succeeded = 0
    Failed = 1


@dataclass(frozen=True)
class File:
    """A result: its path, its tag, and the hash it was given under."""

    path: str
    tag: str
    hash: int = 0
    own: bool = True


@dataclass
class Attribute:
    """An attribute of a work item: numbers, texts, or any one Python object."""

    values: list[Any]
    kind: str

    def setValue(self, value: Any, index: int = 0) -> None:
        while len(self.values) <= index:
            self.values.append(value)
        self.values[index] = value


@dataclass
class WorkItem:
    index: int
    name: str = ""
    parent: WorkItem | None = None
    inProcess: bool = True
    frame: float = 0.0
    priority: int = 0
    attribs: dict[str, Attribute] = field(default_factory=dict)
    results: list[File] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    state: workItemState = workItemState.Uncooked

    @property
    def id(self) -> int:
        return self.index

    def setIntAttrib(self, name: str, value: Any, index: int = 0) -> None:
        self._put(name, "int", int(value), index)

    def setFloatAttrib(self, name: str, value: Any, index: int = 0) -> None:
        self._put(name, "float", float(value), index)

    def setStringAttrib(self, name: str, value: Any, index: int = 0) -> None:
        if not isinstance(value, str | list | tuple):
            raise TypeError(f"{name} takes a string, not {value!r}")
        self._put(name, "string", value, index)

    def intAttribValue(self, name: str, index: int = 0) -> int:
        return int(self._get(name, "int", index))

    def floatAttribValue(self, name: str, index: int = 0) -> float:
        return float(self._get(name, "float", index))

    def stringAttribValue(self, name: str, index: int = 0) -> str:
        return str(self._get(name, "string", index))

    def attribValue(self, name: str, index: int = 0) -> Any:
        return self._get(name, "", index)

    def hasAttrib(self, name: str) -> bool:
        return name in self.attribs

    def addResultData(
        self, files: str | Sequence[str], tag: str = "", hash_code: int = 0, own_file: bool = True
    ) -> None:
        for path in [files] if isinstance(files, str) else files:
            self.results.append(File(path, tag, hash_code, own_file))

    def addOutputFile(
        self, path: str, tag: str = "", hash_code: int = 0, own_file: bool = True
    ) -> None:
        self.addResultData(path, tag, hash_code, own_file)

    def addOutputFiles(
        self, paths: Sequence[str], tag: str = "", hash_code: int = 0, own_file: bool = True
    ) -> None:
        self.addResultData(paths, tag, hash_code, own_file)

    @property
    def outputFiles(self) -> tuple[File, ...]:
        return tuple(self.results)

    @property
    def inputFiles(self) -> tuple[File, ...]:
        return () if self.parent is None else self.parent.outputFiles

    def addError(self, text: str) -> None:
        self.errors.append(text)

    def addWarning(self, text: str) -> None:
        self.messages.append(text)

    def addMessage(self, text: str) -> None:
        self.messages.append(text)

    def _put(self, name: str, kind: str, value: Any, index: int) -> None:
        if isinstance(value, list | tuple):
            self.attribs[name] = Attribute(list(value), kind)
            return
        self.attribs.setdefault(name, Attribute([], kind)).setValue(value, index)

    def _get(self, name: str, kind: str, index: int) -> Any:
        held = self.attribs.get(name)
        if held is None or (kind and held.kind != kind) or index >= len(held.values):
            raise KeyError(f"{self.name or self.index} has no {kind} attribute {name}[{index}]")
        return held.values[index]


@dataclass
class WorkItemHolder:
    """item_holder: what a processor's generation fills."""

    items: list[WorkItem] = field(default_factory=list)

    def addWorkItem(
        self,
        name: str = "",
        index: int = -1,
        parent: WorkItem | None = None,
        inProcess: bool = True,
        priority: int = 0,
        **more: Any,
    ) -> WorkItem:
        if more:
            raise TypeError(f"addWorkItem knows no {', '.join(more)}")
        at = len(self.items) if index < 0 else index
        made = WorkItem(at, name, parent, inProcess, priority=priority)
        self.items.append(made)
        return made


def cook_item(item: WorkItem, snippet: Callable[[WorkItem], None]) -> workItemState:
    """The test's own: cook one item, as the scheduler would; an exception fails it, and says so."""
    item.state = workItemState.Cooking
    try:
        snippet(item)
    except Exception:  # noqa: BLE001 - what any snippet may raise ends in the item's log
        item.errors.append(traceback.format_exc())
        item.state = workItemState.CookedFail
    else:
        item.state = workItemState.CookedFail if item.errors else workItemState.CookedSuccess
    return item.state
