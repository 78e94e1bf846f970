"""As much TCL as file names and .nk scripts need: quoting, words, and [commands] in strings."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Iterator

Lookup = Callable[[str], str]

_PLAIN = re.compile(r"[A-Za-z0-9_./:+*%#@,~|<>=!?&'()-]+")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


class TclError(RuntimeError):
    """What TCL says of a string that it cannot evaluate."""


def quote(text: str) -> str:
    """A word as Nuke writes it: bare where it can be, else in quotes with escapes."""
    if _PLAIN.fullmatch(text) and not text.startswith("#"):
        return text
    escaped = re.sub(r'(["\\\[\]${}])', r"\\\1", text)
    return '"' + escaped.replace("\n", "\\n").replace("\t", "\\t") + '"'


def words(text: str) -> Iterator[str]:
    """Split text into words, without evaluating anything: bare, "quoted" and {braced}."""
    at = 0
    while True:
        while at < len(text) and text[at] in " \t\r\n;":
            at += 1
        if at >= len(text):
            return
        word, at = _word(text, at)
        yield word


def _word(text: str, at: int) -> tuple[str, int]:
    if text[at] == "{":
        end = _closing(text, at, "{", "}")
        return text[at + 1 : end], end + 1
    if text[at] == '"':
        return _quoted(text, at + 1)
    start, depth = at, 0
    out = ""
    while at < len(text) and (depth or text[at] not in " \t\r\n;"):
        if text[at] == "\\" and at + 1 < len(text):
            out += _ESCAPES.get(text[at + 1], text[at + 1])
            at += 2
            continue
        depth += {"[": 1, "]": -1}.get(text[at], 0)
        out += text[at]
        at += 1
    if depth:
        raise TclError(f"missing close-bracket: {text[start:]}")
    return out, at


def _quoted(text: str, at: int) -> tuple[str, int]:
    out = ""
    while at < len(text):
        if text[at] == '"':
            return out, at + 1
        if text[at] == "\\" and at + 1 < len(text):
            at += 1
            out += _ESCAPES.get(text[at], text[at])
        else:
            out += text[at]
        at += 1
    raise TclError('missing "')


def _closing(text: str, at: int, opening: str, closing: str) -> int:
    depth = 0
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        depth += (text[at] == opening) - (text[at] == closing)
        if not depth:
            return at
        at += 1
    raise TclError(f"missing close-{'brace' if opening == '{' else 'bracket'}")


def evaluate(text: str, lookup: Lookup) -> str:
    """Replace [commands] and $variables, and strip single backslashes, as Nuke does.

    lookup  the value of `root.name` and the like

    Raises:
        TclError: what stands there is no TCL, or calls what the fake does not know.
    """
    out, at = "", 0
    while at < len(text):
        if text[at] == "\\":
            out += text[at + 1 : at + 2]
            at += 2
        elif text[at] == "[":
            end = _closing(text, at, "[", "]")
            out += _command(text[at + 1 : end], lookup)
            at = end + 1
        elif text[at] == "$":
            value, at = _variable(text, at + 1)
            out += value
        else:
            out += text[at]
            at += 1
    return out


def _variable(text: str, at: int) -> tuple[str, int]:
    found = re.compile(r"env\((\w+)\)").match(text, at)
    if found is None:
        name = re.compile(r"\w*").match(text, at)
        raise TclError(f'can\'t read "{name.group() if name else ""}": no such variable')
    if found[1] not in os.environ:
        raise TclError(f'can\'t read "env({found[1]})": no such variable')
    return os.environ[found[1]], found.end()


def _command(text: str, lookup: Lookup) -> str:
    name, *rest = [evaluate(word, lookup) if "[" in word else word for word in words(text)] or [""]
    if name in ("value", "knob") and len(rest) == 1:
        return lookup(rest[0])
    if name == "frame" and not rest:
        return lookup("root.frame")
    if name == "getenv" and rest:
        return os.environ.get(rest[0], rest[1] if len(rest) > 1 else "")
    if name == "file" and len(rest) >= 2:
        return _file(rest)
    raise TclError(f'invalid command name "{name}"')


def _file(rest: list[str]) -> str:
    kind, first, *more = rest
    if kind == "join":
        return posixpath.join(first, *more)
    parts = {
        "dirname": posixpath.dirname(first),
        "tail": posixpath.basename(first),
        "rootname": posixpath.splitext(first)[0],
        "extension": posixpath.splitext(first)[1],
    }
    if kind not in parts:
        raise TclError(f'bad option "{kind}" to file')
    return parts[kind]
