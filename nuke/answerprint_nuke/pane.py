"""The pane: the panel, as Nuke asks for it. It may be built several times, and again at any time."""

from __future__ import annotations

from typing import Any, List, Optional

from answerprint_nuke import host as hosts, start
from answerprint_panel import session, standing
from answerprint_panel.host import Document
from answerprint_panel.panel import Panel
from answerprint_panel.qt import QtWidgets, alive

_PANELS: List[Panel] = []
_WAITING: List[Document] = []


class Pane(QtWidgets.QWidget):
    """Made with no arguments. What cannot be built says why, in its place; then `panel` is None."""

    def __init__(self) -> None:
        super().__init__()
        self.panel: Optional[Panel] = None
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        try:
            panel = Panel(session.of(hosts.this()), self)
            standing.of(session.of(hosts.this()), hosts.this())
        except Exception as error:  # noqa: BLE001 - an empty pane would say nothing
            label = QtWidgets.QLabel(start.failed(error))
            label.setWordWrap(True)
            column.addWidget(label)
            return
        column.addWidget(panel)
        self.panel = panel
        _PANELS[:] = [panel]
        panel.takes.counted.connect(lambda _count: _reveal_waiting(panel))
        panel.destroyed.connect(lambda: self._gone(panel))

    def _gone(self, panel: Panel) -> None:
        """A host may hold on to the pane itself; nothing of the panel is held with it."""
        self.panel = None
        if panel in _PANELS:
            _PANELS.remove(panel)


def is_open() -> bool:
    """Whether somebody can see a panel."""
    return any(alive(panel) and panel.isVisible() for panel in _PANELS)


def bring_to_sight() -> bool:
    """Bring the living panel to the front of its tabs and windows; False: there is none."""
    for panel in _PANELS:
        if not alive(panel):
            continue
        child: Any = panel
        while child.parentWidget() is not None:
            above = child.parentWidget()
            for tabs in (above, above.parentWidget()):  # a QTabWidget keeps its pages in a stack
                if isinstance(tabs, (QtWidgets.QStackedWidget, QtWidgets.QTabWidget)):
                    tabs.setCurrentWidget(child)
            child = above
        if panel.isVisible():
            child.raise_()
            child.activateWindow()
            return True
    return False


def reveal(take: Document) -> None:
    """Have the panel select a take: now, or once it has listed its takes."""
    if not (_PANELS and _PANELS[0].takes.choose(str(take["path"]))):
        _WAITING[:] = [take]


def _reveal_waiting(panel: Panel) -> None:
    if _WAITING and panel.takes.choose(str(_WAITING[0]["path"])):
        _WAITING.clear()
