"""What Nuke shows and asks: menus, panes, the Viewer, messages."""

from __future__ import annotations

import sys
from typing import Any

import nuke_groups as groups
import nuke_menus as menus
import nuke_session as session
from nuke_groups import ViewerWindow
from nuke_guard import guarded, misuse
from nuke_menus import Menu
from nuke_nodes import Node


@guarded
def menu(name: str) -> Menu:
    return menus.menu(name)


@guarded
def toolbar(name: str, create: bool = True) -> Menu:
    del create
    return menus.menu(name)


@guarded
def getPaneFor(panelName: str) -> Any:
    return f"pane of {panelName}" if session.state.gui else None


@guarded
def activeViewer() -> ViewerWindow | None:
    found: ViewerWindow | None = session.state.viewer
    return found if session.state.gui else None


@guarded
def connectViewer(inputNum: float, node: Node) -> None:
    if session.state.viewer is None:
        groups.create("Viewer")
    window = session.state.viewer
    window.node().setInput(int(inputNum), node)
    window.activateInput(int(inputNum))


@guarded
def message(prompt: str) -> None:
    session.state.messages.append(prompt)


@guarded
def alert(prompt: str) -> None:
    session.state.messages.append(prompt)


@guarded
def ask(prompt: str) -> bool:
    return bool(_answer("ask", prompt))


@guarded
def askWithCancel(prompt: str) -> bool:
    return bool(_answer("askWithCancel", prompt))


@guarded
def getInput(prompt: str, default: str) -> Any:
    del default
    return _answer("getInput", prompt)


@guarded
def choice(title: str, prompt: str, options: list[str], default: int = 0) -> int:
    del title, options, default
    return int(_answer("choice", prompt))


def _answer(name: str, prompt: str) -> Any:
    if not session.state.answers:
        misuse(f"nuke.{name}({prompt!r}) waits for an artist, and the test has no answer")
    return session.state.answers.popleft()


@guarded
def warning(message: str) -> None:
    session.state.messages.append(message)


@guarded
def error(message: str) -> None:
    session.state.messages.append(message)


@guarded
def debug(message: str) -> None:
    session.state.messages.append(message)


@guarded
def tprint(value: Any, sep: str = " ", end: str = "\n", file: Any = sys.stdout) -> None:
    del sep, end, file
    session.state.messages.append(str(value))


@guarded
def updateUI() -> None:
    pass
