"""hou.ui, hou.playbar, hou.hipFile, hou.undos, hou.text and what else is no node."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Any

from houdini_enums import ERRORS, EnumValue, OperationFailed, value
from houdini_guard import Guarded, misuse, on_main_thread
from houdini_numbers import Vector2
from houdini_parms import expanded
from houdini_state import changed, state
from typing_extensions import Self

NotAvailable = ERRORS["NotAvailable"]


class ui(Guarded):
    @staticmethod
    def addEventLoopCallback(callback: Callable[[], None]) -> None:
        state.loop.append(callback)

    @staticmethod
    def removeEventLoopCallback(callback: Callable[[], None]) -> None:
        if callback not in state.loop:
            raise OperationFailed("The callback is not there")
        state.loop.remove(callback)

    @staticmethod
    def eventLoopCallbacks() -> tuple[Callable[[], None], ...]:
        return tuple(state.loop)

    @staticmethod
    def postEventCallback(callback: Callable[[], None]) -> None:
        state.posted.append(callback)

    @staticmethod
    def displayMessage(text: str, buttons: Sequence[str] = ("OK",), severity: EnumValue | None = None, default_choice: int = 0, close_choice: int = -1, help: str | None = None, title: str | None = None, details: str | None = None, **more: Any) -> int:  # fmt: skip
        del buttons, default_choice, close_choice, help, title, details, more
        state.messages.append((text, "Message" if severity is None else severity.name()))
        return int(state.answers.popleft()) if state.answers else 0

    @staticmethod
    def displayConfirmation(text: str, severity: EnumValue | None = None, **more: Any) -> bool:
        del more
        state.messages.append((text, "Message" if severity is None else severity.name()))
        return bool(state.answers.popleft()) if state.answers else True

    @staticmethod
    def readInput(text: str, buttons: Sequence[str] = ("OK",), initial_contents: str | None = None, **more: Any) -> tuple[int, str]:  # fmt: skip
        del buttons, more
        state.messages.append((text, "Message"))
        found = state.answers.popleft() if state.answers else (0, initial_contents or "")
        return int(found[0]), str(found[1])

    @staticmethod
    def selectNode(**more: Any) -> Any:
        del more
        return state.answers.popleft() if state.answers else None

    @staticmethod
    def selectFromList(choices: Sequence[str], default_choices: Sequence[int] = (), exclusive: bool = False, message: str | None = None, title: str | None = None, **more: Any) -> tuple[int, ...]:  # fmt: skip
        del default_choices, exclusive, title, more
        state.messages.append((message or "", "Message"))
        return tuple(state.answers.popleft()) if state.answers else ()

    @staticmethod
    def setStatusMessage(message: str, severity: EnumValue | None = None) -> None:
        del severity
        state.status.append(message)

    @staticmethod
    def statusMessage() -> tuple[str, EnumValue]:
        return (state.status or [""])[-1], value("severityType", "Message")

    @staticmethod
    def copyTextToClipboard(text: str) -> None:
        state.clipboard = text

    @staticmethod
    def getTextFromClipboard() -> str:
        return state.clipboard

    @staticmethod
    def curDesktop() -> Desktop:
        return Desktop()

    @staticmethod
    def paneTabs() -> tuple[PaneTab, ...]:
        return tuple(state.tabs)

    @staticmethod
    def paneTabOfType(type: EnumValue, index: int = 0) -> PaneTab | None:
        found = [one for one in state.tabs if one._kind == type.name()]
        return found[index] if index < len(found) else None

    @staticmethod
    def findPaneTab(name: str) -> PaneTab | None:
        return next((one for one in state.tabs if one._name == name), None)

    @staticmethod
    def showInFileBrowser(file_path: str) -> None:
        state.status.append(f"shown: {file_path}")

    @staticmethod
    def addSelectionCallback(callback: Callable[[Any], None]) -> None:
        state.selection_callbacks.append(callback)

    @staticmethod
    def removeSelectionCallback(callback: Callable[[Any], None]) -> None:
        state.selection_callbacks.remove(callback)

    @staticmethod
    def globalScaleFactor() -> float:
        return 1.0


class PaneTab(Guarded):
    def __init__(self, kind: str, name: str, interface: str = "") -> None:
        self._kind, self._name, self._interface = kind, name, interface
        self._pwd: Any = state.root

    def name(self) -> str:
        return self._name

    def type(self) -> EnumValue:
        return value("paneTabType", self._kind)

    def setType(self, type: EnumValue) -> PaneTab:
        state.tabs.remove(self)
        return tab(type.name(), self._name)

    def setIsCurrentTab(self) -> None:
        state.tabs.sort(key=lambda one: one is not self)

    def isCurrentTab(self) -> bool:
        return bool(state.tabs) and state.tabs[0] is self

    def close(self) -> None:
        state.tabs.remove(self)

    def setName(self, name: str) -> None:
        self._name = name


class PathBasedPaneTab(PaneTab):
    def pwd(self) -> Any:
        return self._pwd

    def setPwd(self, node: Any) -> None:
        self._pwd = node

    def currentNode(self) -> Any:
        return state.selected[-1] if state.selected else self._pwd

    def setCurrentNode(self, node: Any, pick_node: bool = True) -> None:
        del pick_node
        self._pwd = node._parent or node


class NetworkEditor(PathBasedPaneTab):
    pass


class PythonPanel(PaneTab):
    def activeInterface(self) -> Any:
        return self._interface or None

    def setActiveInterface(self, interface: Any) -> None:
        self._interface = interface


class SceneViewer(PathBasedPaneTab):
    pass


def tab(kind: str, name: str) -> PaneTab:
    kinds: dict[str, type[PaneTab]] = {
        "NetworkEditor": NetworkEditor,
        "PythonPanel": PythonPanel,
        "SceneViewer": SceneViewer,
    }
    made = kinds.get(kind, PaneTab)(kind, name)
    state.tabs.append(made)
    return made


class FloatingPanel(Guarded):
    def __init__(self, made: PaneTab) -> None:
        self._tab = made

    def paneTabs(self) -> tuple[PaneTab, ...]:
        return (self._tab,)


class Desktop(Guarded):
    def name(self) -> str:
        return "Build"

    def paneTabs(self) -> tuple[PaneTab, ...]:
        return tuple(state.tabs)

    def paneTabOfType(self, type: EnumValue, index: int = 0) -> PaneTab | None:
        return ui.paneTabOfType(type, index)

    def createFloatingPaneTab(self, pane_tab_type: EnumValue, position: Any = (), size: Any = (), python_panel_interface: str | None = None, **more: Any) -> PaneTab:  # fmt: skip
        del position, size, more
        made = tab(pane_tab_type.name(), f"panetab{len(state.tabs) + 1}")
        made._interface = python_panel_interface or ""
        return made

    def createFloatingPanel(self, pane_tab_type: EnumValue, position: Any = (), size: Any = (), python_panel_interface: str | None = None, **more: Any) -> FloatingPanel:  # fmt: skip
        made = self.createFloatingPaneTab(pane_tab_type, position, size, python_panel_interface)
        del more
        return FloatingPanel(made)


class playbar(Guarded):
    @staticmethod
    def frameRange() -> Vector2:
        return Vector2((state.first, state.last))

    @staticmethod
    def setFrameRange(start: float, end: float) -> None:
        state.first, state.last = start, end

    @staticmethod
    def playbackRange() -> Vector2:
        return Vector2(state.playback)

    @staticmethod
    def setPlaybackRange(start: float, end: float) -> None:
        state.playback = (start, end)

    @staticmethod
    def isPlaying() -> bool:
        return False


class hipFile(Guarded):
    @staticmethod
    def path() -> str:
        return state.hip or posixpath.join(state.start_folder, "untitled.hip")

    @staticmethod
    def name() -> str:
        return state.hip or "untitled.hip"

    @staticmethod
    def basename() -> str:
        return PurePosixPath(state.hip or "untitled.hip").name

    @staticmethod
    def isNewFile() -> bool:
        return not state.hip

    @staticmethod
    def hasUnsavedChanges() -> bool:
        return state.unsaved

    @staticmethod
    def setName(file_name: str) -> None:
        state.hip = file_name

    @staticmethod
    def save(file_name: str | None = None, save_to_recent_files: bool = True) -> None:
        """Only the path is kept: no scene is written."""
        del save_to_recent_files
        state.hip = file_name or state.hip
        state.unsaved = False
        _tell("BeforeSave", "AfterSave")

    @staticmethod
    def load(file_name: str, suppress_save_prompt: bool = False, ignore_load_warnings: bool = False) -> None:  # fmt: skip
        """A scene that a test has put by under this path: `houdini_session.scene`."""
        del suppress_save_prompt, ignore_load_warnings
        if file_name not in state.scenes:
            raise OperationFailed(f"Unable to open file: {file_name}")
        _tell("BeforeLoad")
        state.hip = file_name
        state.scenes[file_name]()
        state.unsaved = False
        _tell("AfterLoad")

    @staticmethod
    def clear(suppress_save_prompt: bool = False) -> bool:
        del suppress_save_prompt
        for each in state.root.children():
            for one in each.children():
                one.destroy()
        state.hip, state.unsaved = "", False
        _tell("BeforeClear", "AfterClear")
        return True

    @staticmethod
    def addEventCallback(callback: Callable[[EnumValue], None]) -> None:
        state.scene_callbacks.append(callback)

    @staticmethod
    def removeEventCallback(callback: Callable[[EnumValue], None]) -> None:
        state.scene_callbacks.remove(callback)

    @staticmethod
    def eventCallbacks() -> tuple[Callable[[EnumValue], None], ...]:
        return tuple(state.scene_callbacks)

    @staticmethod
    def isLoadingHipFile() -> bool:
        return False


def _tell(*events: str) -> None:
    for name in events:
        for callback in list(state.scene_callbacks):
            callback(value("hipFileEventType", name))


class UndosGroup(Guarded):
    def __init__(self, label: str) -> None:
        self._label = label

    def label(self) -> str:
        return self._label

    def __enter__(self) -> Self:
        state.groups.append(self._label)
        return self

    def __exit__(self, type: object, value: object, traceback: object) -> None:
        state.groups.pop()


class UndosDisabler(Guarded):
    def __enter__(self) -> Self:
        state.undo_off += 1
        return self

    def __exit__(self, type: object, value: object, traceback: object) -> None:
        state.undo_off -= 1


class undos(Guarded):
    """Nothing is undone here: `houdini_session.undo_steps` says what would be."""

    @staticmethod
    def group(label: str, editor: Any = None) -> UndosGroup:
        del editor
        return UndosGroup(label)

    @staticmethod
    def disabler() -> UndosDisabler:
        return UndosDisabler()

    @staticmethod
    def areEnabled() -> bool:
        return not state.undo_off

    @staticmethod
    def undoLabels() -> tuple[str, ...]:
        return tuple(reversed(steps()))


def steps() -> list[str]:
    """Labels of what Ctrl-Z would take back, oldest first: a group is one, an unnamed change one."""
    found: list[str] = []
    last: object = None
    for label, what in state.changes:
        if not label or label != last:
            found.append(label or what)
        last = label
    return found


class InterruptableOperation(Guarded):
    """Esc is seen in updateProgress and updateLongProgress alone, where a test says so."""

    def __init__(
        self,
        operation_name: str,
        long_operation_name: str | None = None,
        open_interrupt_dialog: bool = False,
        timeout_ms: int = 0,
    ) -> None:
        self._names = (operation_name, long_operation_name or "")
        del open_interrupt_dialog, timeout_ms

    def __enter__(self) -> Self:
        state.running.append(self)
        return self

    def __exit__(self, type: object, value: object, traceback: object) -> None:
        state.running.remove(self)

    def updateProgress(self, percentage: float = -1.0) -> None:
        self._seen(percentage, "")

    def updateLongProgress(
        self, percentage: float = -1.0, long_op_status: str | None = None
    ) -> None:
        self._seen(percentage, long_op_status or "")

    def _seen(self, fraction: float, words: str) -> None:
        if self not in state.running:
            misuse(f"progress of {self._names[0]}, which was not entered")
        if fraction > 1.0:
            misuse(f"progress is a fraction, not {fraction}")
        state.progress.append((fraction, words))
        if state.interrupt_at is not None and fraction >= state.interrupt_at:
            raise ERRORS["OperationInterrupted"]("Esc was pressed")


class text(Guarded):
    @staticmethod
    def expandString(str: str, expand_tilde: bool = True) -> str:
        del expand_tilde
        return expanded(str, state.frame)

    @staticmethod
    def expandStringAtFrame(str: str, frame: float, expand_tilde: bool = True) -> str:
        del expand_tilde
        return expanded(str, frame)

    @staticmethod
    def abspath(path: str, anchor_path: str | None = None) -> str:
        return posixpath.normpath(posixpath.join(anchor_path or state.start_folder, path))

    @staticmethod
    def normpath(path: str) -> str:
        return posixpath.normpath(path)

    @staticmethod
    def variableName(str: str, safe_chars: str | None = None) -> str:
        allowed = set("_" + (safe_chars or ""))
        plain = "".join(each if each.isalnum() or each in allowed else "_" for each in str)
        return plain if not plain[:1].isdigit() else "_" + plain


class qt(Guarded):
    @staticmethod
    def mainWindow() -> Any:
        """A window that a test made: `houdini_session.state.window`."""
        return state.window


class hda(Guarded):
    @staticmethod
    def installFile(file_path: str, oplibraries_file: str | None = None, change_oplibraries_file: bool = True, force_use_assets: bool = False) -> None:  # fmt: skip
        del oplibraries_file, change_oplibraries_file, force_use_assets
        state.libraries.append(file_path)

    @staticmethod
    def loadedFiles() -> tuple[str, ...]:
        return tuple(state.libraries)


class PythonPanelInterface:
    """What hou.pypanel finds; `script` is what a test executes."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PythonPanelInterface) and other._name == self._name

    def __hash__(self) -> int:
        return hash(self._name)

    def name(self) -> str:
        return self._name


class pypanel(Guarded):
    @staticmethod
    def interfaceByName(name: str) -> PythonPanelInterface | None:
        return PythonPanelInterface(name) if name in state.interfaces else None

    @staticmethod
    def interfaces() -> dict[str, PythonPanelInterface]:
        return {name: PythonPanelInterface(name) for name in state.interfaces}

    @staticmethod
    def installFile(file_path: str) -> None:
        state.libraries.append(file_path)


__all__ = ["changed", "on_main_thread", "steps", "tab"]
