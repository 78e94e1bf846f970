"""Function: one function of a Python file, read without running it, as the controls of a task."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from answerprint.documents import MOST_INT, did_you_mean
from answerprint.errors import JobError, SourceError

MOST_BYTES = 1 << 20
_TYPES = {bool: "bool", int: "int", float: "float", str: "text"}
_TAKEN = ("time", "seed")  # what the engine adds to settings


def read(file: Path, name: str) -> tuple[str, list[dict[str, Any]]]:
    """The file's text, and a parameter for each argument after the picture.

    Raises:
        SourceError: the file cannot be read, or is no Python.
        JobError: it has no such function, or that cannot be called with a picture and defaults.
    """
    try:
        size = file.stat().st_size
        if not file.is_file():
            raise SourceError(f"{file.as_posix()} is no file.", remedy="Check the path.")
        if size > MOST_BYTES:
            raise SourceError(
                f"{file.as_posix()} is larger than {MOST_BYTES:,} bytes.",
                remedy="Keep weights in a file of arrays beside it.",
            )
        text = file.read_text(encoding="utf-8")
        tree = ast.parse(text)
    except OSError as error:
        raise SourceError(
            f"{file.as_posix()} cannot be read: {error.strerror}.", remedy="Check the path."
        ) from error
    except (SyntaxError, ValueError, RecursionError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        raise SourceError(
            f"{file.as_posix()}{line} is no Python: {said}.", remedy="Correct it."
        ) from error
    functions = {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef)}
    if name not in functions:
        raise JobError(
            f"{file.as_posix()} has no function '{name}'.{did_you_mean(name, functions)}",
            remedy=f"It has {', '.join(functions) or 'none'}. Write --python FILE:FUNCTION.",
        )
    return text, _parameters(functions[name], file)


def _parameters(found: ast.FunctionDef, file: Path) -> list[dict[str, Any]]:
    arguments = found.args
    where = f"{file.as_posix()}, line {found.lineno}: {found.name}"
    names = [*arguments.posonlyargs, *arguments.args]
    if not names or len(names) - 1 > len(arguments.defaults) or len(arguments.posonlyargs) > 1:
        raise JobError(
            f"{where} cannot be called with a picture alone.",
            remedy="Its first argument is the picture, float32 (height, width, channels); give "
            "each other one a default.",
        )
    given = list(zip(names[1:], arguments.defaults[-len(names) + 1 :], strict=True))[: len(names)]
    given = given if len(names) > 1 else []
    given += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)  # type: ignore[arg-type]
    return [_parameter(one.arg, default, where) for one, default in given]


def _parameter(name: str, default: ast.expr | None, where: str) -> dict[str, Any]:
    try:
        value = None if default is None else ast.literal_eval(default)
    except ValueError:
        value = None
    kind = _TYPES.get(type(value))
    is_beyond = isinstance(value, (int, float)) and not abs(value) <= MOST_INT
    if kind is None or is_beyond or name in _TAKEN:
        raise JobError(
            f"{where} has an argument {name} that can be no control.",
            remedy="Give it a number, a text, True or False as default, numbers not beyond 2**53; time "
            "and seed are taken.",
        )
    return {"name": name, "type": kind, "default": value, "help": "unknown"}
