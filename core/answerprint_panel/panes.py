"""Panes: the panel inside a host's own window. A host may build it several times, and again at any time."""

from __future__ import annotations

from typing import Any, Callable, List, Optional

from answerprint_panel import session, standing
from answerprint_panel.host import Document
from answerprint_panel.panel import Panel
from answerprint_panel.placing import PlacingHost
from answerprint_panel.qt import QtWidgets, alive


class Pane(QtWidgets.QWidget):
    """What cannot be built says why, in its place; then `panel` is None."""

    def __init__(self) -> None:
        super().__init__()
        self.panel: Optional[Panel] = None
        self.column = QtWidgets.QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)


class Panes:
    """The panes of one host.

    host     gives it, or raises
    failed   logs an exception, and says it in a sentence
    """

    def __init__(
        self, host: Callable[[], PlacingHost], failed: Callable[[BaseException], str]
    ) -> None:
        self._host, self._failed = host, failed
        self._panels: List[Panel] = []
        self._waiting: List[Document] = []

    def fill(self, pane: Pane) -> None:
        """Build the panel in a pane."""
        try:
            panel = Panel(session.of(self._host()), pane)
            standing.of(session.of(self._host()), self._host())
        except Exception as error:  # noqa: BLE001 - an empty pane would say nothing
            label = QtWidgets.QLabel(self._failed(error))
            label.setWordWrap(True)
            pane.column.addWidget(label)
            return
        pane.column.addWidget(panel)
        pane.panel = panel
        self._panels[:] = [panel]
        panel.takes.counted.connect(lambda _count: self._reveal_waiting(panel))
        panel.destroyed.connect(lambda: self._gone(pane, panel))

    @property
    def panel(self) -> Optional[Panel]:
        """The living one; None: there is none."""
        living = [panel for panel in self._panels if alive(panel)]
        return living[0] if living else None

    def is_open(self) -> bool:
        """Whether somebody can see a panel."""
        return self.panel is not None and self.panel.isVisible()

    def bring_to_sight(self) -> bool:
        """Bring the living panel to the front of its tabs and windows; False: there is none."""
        panel = self.panel
        if panel is None:
            return False
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

    def reveal(self, take: Document) -> None:
        """Have the panel select a take: now, or once it has listed its takes."""
        if not (self._panels and self._panels[0].takes.choose(str(take["path"]))):
            self._waiting[:] = [take]

    def _reveal_waiting(self, panel: Panel) -> None:
        if self._waiting and panel.takes.choose(str(self._waiting[0]["path"])):
            self._waiting.clear()

    def _gone(self, pane: Pane, panel: Panel) -> None:
        """A host may hold on to the pane itself; nothing of the panel is held with it."""
        pane.panel = None
        if panel in self._panels:
            self._panels.remove(panel)
