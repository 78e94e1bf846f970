"""Answers that come too late: a panel may be closed while the engine still thinks."""

from __future__ import annotations

from typing import Any, Callable

from answerprint_panel.qt import QtCore, alive


def soon(owner: QtCore.QObject, deed: Callable[[], None]) -> None:
    """Do it when the event loop comes round, if its owner is still there by then."""
    QtCore.QTimer.singleShot(0, lambda: deed() if alive(owner) else None)


class Life:
    """Whether a widget is still there: Qt destroys it, while Python and the engine still hold on.

    Called with a callback, gives one that is silent from the widget's end on.
    """

    def __init__(self, owner: QtCore.QObject) -> None:
        self.over = False
        owner.destroyed.connect(self._end)

    def __call__(self, then: Callable[..., None]) -> Callable[..., None]:
        def heard(*told: Any) -> None:
            if not self.over:
                then(*told)

        return heard

    def _end(self, *_owner: object) -> None:
        self.over = True
