"""The keyboard goes back to the host's own window."""

from __future__ import annotations

from answerprint_panel.qt import QtWidgets


def give_back() -> None:
    for widget in QtWidgets.QApplication.topLevelWidgets():
        if isinstance(widget, QtWidgets.QMainWindow) and widget.isVisible():
            widget.activateWindow()
            widget.setFocus()
            return
