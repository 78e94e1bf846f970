"""Shelf: what its tools and the items of the menu do. None of them waits, and none raises."""

from __future__ import annotations

import functools
from typing import Any, Callable, List, Optional

from answerprint_houdini import builder, commands, host as hosts, start
from answerprint_panel import session as sessions
from answerprint_panel.faults import guarded
from answerprint_panel.host import Document, HostError, Source


def _tool(deed: Callable[..., None]) -> Callable[..., None]:
    """What goes wrong is said to whoever has clicked: no tool ends in a traceback."""

    @functools.wraps(deed)
    def tool(*words: Any) -> None:
        start.listen()
        try:
            deed(*words)
        except HostError as error:
            say(error.as_json())

    return guarded(tool)


def say(error: Document) -> None:
    said = f"{error.get('problem') or 'The engine did not answer.'} {error.get('remedy') or ''}"
    hosts.this().say(said.strip(), answers=True)


@_tool
def open_panel() -> None:
    commands.open_panel()


@_tool
def run_selected() -> None:
    """The panel with the selected node as its plate; a new one takes it up by itself."""
    from answerprint_houdini import pane  # noqa: PLC0415 - takes Qt; not before it is needed

    hosts.this().selection()  # what is wrong with it is said before a window opens
    was_there = pane.PANES.panel
    commands.open_panel()
    if was_there is not None:
        was_there.new_take.use_selected()


@_tool
def place_latest() -> None:
    """The newest take of the selected node, as a File node; one that reads a take turns to its latest."""
    host = hosts.this()
    name = host.selected_name()
    if name in [one.node for one in host.placed()]:
        commands.selected("latest")
        return
    source, session, script = host.selection(), sessions.of(host), host.script()

    @guarded
    def told(where: Document) -> None:
        if "error" in where:
            say(where)
            return
        session.every(["takes", _folder(where)], listed)

    @guarded
    def listed(takes: List[Document], error: Optional[Document]) -> None:
        if host.script() != script:
            return  # another scene is open by now: what was asked for is not its own
        found = latest(takes, source)
        if found is None:
            say(error or _none_of(source))
            return
        try:
            host.place(found, source.node)
        except HostError as wrong:
            say(wrong.as_json())

    session.first(["where", *(["--script", script] if script else [])], told)


def latest(takes: List[Document], source: Source) -> Optional[Document]:
    """The one that its stream calls the latest, of the newest stream that was made of a node."""
    for take in takes:
        ours = take.get("node") == source.node or (source.path and take.get("plate") == source.path)
        if ours and take.get("latest"):
            return take
    return None


def _folder(where: Document) -> str:
    parts = [str(where.get(key) or "") for key in ("root", "show", "shot")]
    return "/".join(part for part in parts if part)


def _none_of(source: Source) -> Document:
    return {
        "problem": f"{source.node} has no complete take yet.",
        "remedy": "Run a task on it first: Answerprint > Run on Selection.",
    }


@_tool
def task_node(hou: Any) -> None:
    """A node that sends its input to a task and reads what comes of it, built without an asset."""
    builder.beside_selected(hou)


@_tool
def refresh() -> None:
    commands.refresh()


@_tool
def selected(verb: str) -> None:
    commands.selected(verb)
