"""Answerprint's door: what panel, shelf, menu and asset call. What does not start is said in words.

Python's own library alone: it has to speak where nothing else of ours can be loaded.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

MOST = 500  # characters; a message is no page


def call(name: str, *words: Any) -> Any:
    """Call a function of `answerprint_houdini.shelf`; None where it cannot be loaded."""
    return _call("shelf", name, words)


def asset(name: str, *words: Any) -> Any:
    """Call a function of `answerprint_houdini.asset`; None where it cannot be loaded."""
    return _call("asset", name, words)


def panel() -> Any:
    """A widget for a Python panel: the panel, or why there is none."""
    try:
        return importlib.import_module("answerprint_houdini.pane").create()
    except Exception as error:  # noqa: BLE001 - whatever it is: here is the last place to say it
        return _label(_sentence(error))


def _call(module: str, name: str, words: Any) -> Any:
    try:
        found = getattr(importlib.import_module("answerprint_houdini." + module), name)
    except Exception as error:  # noqa: BLE001 - whatever it is: here is the last place to say it
        _say(_sentence(error))
        return None
    return found(*words)


def _sentence(error: BaseException) -> str:
    said = str(error).strip().splitlines() or [type(error).__name__]
    return ("Answerprint could not start: " + said[0])[:MOST]


def _label(text: str) -> Any:
    try:
        widgets = importlib.import_module("PySide6.QtWidgets")
    except ImportError:
        widgets = importlib.import_module("PySide2.QtWidgets")
    label = widgets.QLabel(text)
    label.setWordWrap(True)
    return label


def _say(text: str) -> None:
    hou: Any = sys.modules.get("hou")
    if hou is not None and hou.isUIAvailable():
        hou.ui.displayMessage(text, title="Answerprint")
    else:
        print(text, file=sys.stderr)
