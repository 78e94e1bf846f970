"""Whether real windows can be drawn here; where not, their tests are skipped with the command that helps."""

from __future__ import annotations

import functools
import importlib
import os

COMMAND = "sudo apt-get install libegl1 libgl1 libxkbcommon0 libfontconfig1 libdbus-1-3"
FIXTURES = {"qtbot", "qapp"}


@functools.cache
def lacking() -> str:
    """Why no window can be drawn, and the command; empty where one can."""
    binding = os.environ.get("ANSWERPRINT_QT", "PySide6")  # two of them in a process do not agree
    try:
        importlib.import_module(f"{binding}.QtWidgets")
    except ImportError as error:
        return f"no window can be drawn here ({error}): {COMMAND}"
    return ""


def may_skip() -> bool:
    """Under CI nothing is skipped for want of a package."""
    return os.environ.get("CI") != "true"
