"""The host's own Qt: PySide6, else PySide2. Everything else takes Qt from here.

Code is written for both: enumerations by their full names (Qt.AlignmentFlag.AlignLeft), and what
differs is a function below. Which one: what the host has loaded already, else ANSWERPRINT_QT, else
the first that is there.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, Optional

BINDINGS = ("PySide6", "PySide2")


def _binding() -> str:
    loaded = [name for name in BINDINGS if f"{name}.QtCore" in sys.modules]
    asked = os.environ.get("ANSWERPRINT_QT", "")
    for name in [*loaded, *([asked] if asked in BINDINGS else []), *BINDINGS]:
        try:
            importlib.import_module(f"{name}.QtWidgets")
        except ImportError:
            continue
        return name
    raise ImportError("The panel needs the host's Qt, PySide6 or PySide2; there is neither.")


if TYPE_CHECKING:
    from PySide6 import QtCore, QtGui, QtWidgets

    BINDING = "PySide6"
    Signal = QtCore.Signal
    Slot = QtCore.Slot
    QAction = QtGui.QAction
    QShortcut = QtGui.QShortcut
else:
    BINDING = _binding()
    QtCore = importlib.import_module(f"{BINDING}.QtCore")
    QtGui = importlib.import_module(f"{BINDING}.QtGui")
    QtWidgets = importlib.import_module(f"{BINDING}.QtWidgets")
    Signal = QtCore.Signal
    Slot = QtCore.Slot
    # Qt 6 moved them from QtWidgets to QtGui
    QAction = getattr(QtGui, "QAction", None) or QtWidgets.QAction
    QShortcut = getattr(QtGui, "QShortcut", None) or QtWidgets.QShortcut

Qt = QtCore.Qt

__all__ = [
    "BINDING",
    "QAction",
    "QShortcut",
    "Qt",
    "QtCore",
    "QtGui",
    "QtWidgets",
    "Signal",
    "Slot",
    "alive",
    "application",
    "has",
    "position",
    "ratio",
]


def _shiboken() -> Any:
    for name in (f"{BINDING}.shiboken", "shiboken6", "shiboken2", "PySide2.shiboken2"):
        if name.endswith(BINDING[-1]) or name.startswith(BINDING):
            try:
                return importlib.import_module(name)
            except ImportError:
                continue
    return None


_SHIBOKEN = None if TYPE_CHECKING else _shiboken()


def alive(made: QtCore.QObject) -> bool:
    """Whether Qt still has an object: an answer may come after a panel was closed."""
    return _SHIBOKEN is None or bool(_SHIBOKEN.isValid(made))


def application() -> Optional[Any]:
    """The process's QApplication; None where there is none, as in a terminal."""
    return QtWidgets.QApplication.instance()


def has(flags: Any, flag: Any) -> bool:
    """Whether a flag is set: PySide2 takes no flag of one kind for a set of another."""
    return bool(_bits(flags) & _bits(flag))


def _bits(flags: Any) -> int:
    return int(getattr(flags, "value", flags))


def position(event: Any) -> QtCore.QPoint:
    """Where a mouse event is, in its widget."""
    point = event.position().toPoint() if hasattr(event, "position") else event.pos()
    return QtCore.QPoint(point)


def ratio(widget: QtWidgets.QWidget) -> float:
    """Device pixels for a pixel of the widget."""
    return float(widget.devicePixelRatioF())
