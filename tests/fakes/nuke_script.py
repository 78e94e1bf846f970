"""Scripts as text: .nk files, copy and paste, in Nuke's own syntax."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import nuke_groups as groups
import nuke_lines as lines
import nuke_session as session
import nuke_table as table
import nuke_texts as texts
import nuke_undo
from nuke_guard import misuse
from nuke_knobs import Knob
from nuke_tcl import words

MOST_BYTES = 64 << 20
# writing


def script_text() -> str:
    """The whole script."""
    version = session.state.version
    text = ["#! /opt/Nuke/Nuke -nx", f"version {version[0]}.{version[1]} v{version[2]}"]
    text += _node(session.state.root, "Root", 0)
    text += _nodes(session.state.root.nodes(), "")
    return "\n".join(text) + "\n"


def copied_text(nodes: list[Any]) -> str:
    """Some nodes, as the clipboard holds them."""
    version = session.state.version
    head = f"set cut_paste_input [stack 0]\nversion {version[0]}.{version[1]} v{version[2]}\n"
    return head + "\n".join(_nodes(nodes, "", "$cut_paste_input")) + "\n"


def _nodes(
    nodes: Iterable[Any],
    indent: str,
    outside: str = "0",
    names: dict[int, str] | None = None,
) -> list[str]:
    """Each node after those that feed it: inputs are pushed, the last first."""
    text: list[str] = []
    names = {} if names is None else names
    for node in _in_order(list(nodes)):
        for above in reversed(node._inputs):
            name = names.get(id(above))
            text.append(f"{indent}push {f'${name}' if name else '0' if above is None else outside}")
        text += [indent + line for line in _node(node, node.Class(), len(node._inputs))]
        if node.Class() == "Group":
            text += _nodes(node.nodes(), indent + " ", "0", names)
            text.append(f"{indent}end_group")
        names[id(node)] = f"N{len(names) + 1:08x}"
        text.append(f"{indent}set {names[id(node)]} [stack 0]")
    return text


def _in_order(nodes: list[Any]) -> Iterator[Any]:
    done: set[int] = set()

    def visit(node: Any) -> Iterator[Any]:
        if node in nodes and id(node) not in done:
            done.add(id(node))
            for above in node._inputs:
                if above is not None:
                    yield from visit(above)
            yield node

    for each in nodes:
        yield from visit(each)


def _node(node: Any, kind: str, inputs: int) -> list[str]:
    head = [f" inputs {inputs}"] if inputs != 1 else []
    return [f"{kind} {{", *head, *(f" {line}" for line in lines.of_node(node)), "}"]


# reading


def read_text(text: str, pasted_below: Any = None) -> list[Any]:
    """Make the nodes of a script in the current group; those of the topmost level.

    Raises:
        RuntimeError: it is no script, or names a class that there is none of.
    """
    kept = (line for line in text.splitlines() if not line.startswith("#"))
    stack: list[Any] = []
    named: dict[str, Any] = {"cut_paste_input": pasted_below}
    return _read(list(words("\n".join(kept))), stack, named)


def _read(tokens: list[str], stack: list[Any], named: dict[str, Any]) -> list[Any]:
    made: list[Any] = []
    outer: list[list[Any]] = []
    at = 0
    while at < len(tokens):
        word = tokens[at]
        if word == "version":
            at += 3
        elif word == "set":
            if tokens[at + 1] != "cut_paste_input":
                named[tokens[at + 1]] = stack[-1] if stack else None
            at += 3
        elif word == "push":
            name = tokens[at + 1]
            stack.append(named.get(name[1:]) if name.startswith("$") else None)
            at += 2
        elif word == "end_group":
            session.state.context.pop()
            stack[:] = outer.pop()
            at += 1
        else:
            node = _made(word, tokens[at + 1], stack)
            if not outer and node is not session.state.root:
                made.append(node)
            if word == "Group":
                outer.append(list(stack))
                stack.clear()
                session.state.context.append(node)
            at += 2
    return made


def _made(kind: str, body: str, stack: list[Any]) -> Any:
    given = list(words(body))
    pairs = list(zip(given[::2], given[1::2], strict=True))
    if kind == "Root":
        _fill(session.state.root, pairs)
        return session.state.root
    node = groups.create(kind, told=False)
    # Nuke takes as many from the stack as 'inputs' says, one if it says nothing
    count = sum(int(one) for one in dict(pairs).get("inputs", "1").split("+"))
    above = [stack.pop() if stack else None for _ in range(count)]
    node._inputs = tuple(above)
    while node._inputs and node._inputs[-1] is None:
        node._inputs = node._inputs[:-1]
    _fill(node, pairs)
    stack.append(node)
    session.call_back("onCreate", node)
    return node


def _fill(node: Any, pairs: list[tuple[str, str]]) -> None:
    for name, value in pairs:
        if name == "addUserKnob":
            _add_user_knob(node, list(words(value)), value)
        elif name not in ("inputs", "mapsize"):
            knob = node._knobs.get(name)
            if knob is None:
                session.state.messages.append(f"{node.name()}: no such knob: {name}")
            else:
                knob._from_script(value)


def _add_user_knob(node: Any, parts: list[str], text: str) -> None:
    number, name, *rest = parts
    kind = lines.NUMBERS.get(int(number))
    if kind is None:
        raise NotImplementedError(f"the fake cannot load a user knob of kind {number}: {text}")
    knob = kind(name)
    at = 0
    while at < len(rest):
        word = rest[at]
        if word[0] in "+-":
            if word[0] == "+" and word[1:] in lines.FLAGS:
                knob._flags |= table.API["constants"][lines.FLAGS[word[1:]]]
            at += 1
            continue
        _define(knob, word, rest[at + 1])
        at += 3 if word == "R" else 2
    node.addKnob(knob)


def _define(knob: Knob, word: str, value: str) -> None:
    if word == "l":
        knob._label = value
    elif word == "t":
        knob._tooltip = value
    elif word == "T":
        vars(knob)["_link" if isinstance(knob, texts.Link_Knob) else "_text"] = value
    elif word == "M" and isinstance(knob, texts.Enumeration_Knob):
        knob._items = list(words(value))


# files


def save(filename: str | None) -> str:
    """Save the script, under its own name unless another is given.

    Raises:
        RuntimeError: it has no name, or cannot be written there.
    """
    root = session.state.root
    name = filename or root["name"].value()
    if not name:
        if session.state.gui:
            misuse("nuke.scriptSave() of an unsaved script opens a dialog and waits for the artist")
        raise RuntimeError("no script name")
    session.call_back("onScriptSave", root)
    with session.unrecorded():
        root["name"].setValue(name)
    try:
        Path(name).write_text(script_text(), "utf-8")
    except OSError as error:
        raise RuntimeError(f"{name}: {error.strerror}") from error
    session.state.modified = False
    return str(name)


def clear() -> None:
    """Close the script; an empty one is there then."""
    session.call_back("onScriptClose", session.state.root)
    for node in _all(session.state.root):
        node._gone = True
    session.state.selected.clear()
    session.state.viewer = None
    session.state.frame = 1
    session.state.views[:] = ["main"]
    nuke_undo.log.__init__()  # type: ignore[misc]  # everybody holds the one log
    groups.new_root()
    session.state.modified = False


def _all(group: Any) -> Iterator[Any]:
    for node in group._children:
        yield node
        yield from _all(node) if isinstance(node, groups.Group) else ()


def open_script(path: str) -> None:
    """File > Open: close what is open, read the file, tell the callbacks."""
    if Path(path).stat().st_size > MOST_BYTES:
        raise RuntimeError(f"{path}: too large")
    clear()
    with session.unrecorded():
        read_text(Path(path).read_text("utf-8"))
        session.state.root["name"].setValue(Path(path).as_posix())
    session.state.modified = False
    session.call_back("onScriptLoad", session.state.root)
