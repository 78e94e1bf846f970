"""A seat at Nuke: its event loop, its panes, and an artist with a mouse and a keyboard."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nuke
import nuke_session
import pytest
from desk import engine
from hands import Hands

from answerprint_panel import session as sessions
from answerprint_panel.qt import QtCore, QtWidgets
from answerprint_panel.session import Session

FOLDER = Path(__file__).parents[1] / "nuke"
PANE = "com.answerprint.panel"


class Seat(Hands):
    """One Nuke with its UI, and whoever sits at it."""

    def start(self, script: Path | None = None) -> None:
        """Start Nuke: it reads our init.py and menu.py, and opens or names a script."""
        nuke_session.reset()
        for name in ("init.py", "menu.py"):
            runpy.run_path(str(FOLDER / name))
        if script is not None:
            nuke.scriptSaveAs(script.as_posix(), 1)

    def open_pane(self) -> Any:
        """Answerprint, Open Panel: in a pane as wide as an artist leaves it."""
        nuke.menu("Nuke").findItem("Answerprint/Open Panel").invoke()
        pane = nuke_session.state.shown[PANE][-1]
        self.panes.append(pane)
        pane.resize(420, 900)
        pane.show()
        return pane

    def close_pane(self) -> None:
        """Close the tab: Nuke destroys the widget."""
        pane = self.panes.pop()
        nuke_session.state.shown[PANE] = [
            one for one in nuke_session.state.shown.get(PANE, []) if one is not pane
        ]
        pane.close()
        pane.deleteLater()
        QtWidgets.QApplication.sendPostedEvents(None, int(QtCore.QEvent.Type.DeferredDelete))

    @property
    def session(self) -> Session:
        """Of this process, as the panes have it."""
        from answerprint_nuke import host

        return sessions.of(host.this())

    def read(self, plate: str, frames: str, name: str = "Read1") -> Any:
        node = nuke.nodes.Read(name=name)
        node["file"].fromUserText(f"{plate} {frames}")
        return node


@contextmanager
def taken(home: Path, server: str) -> Iterator[Seat]:
    """A seat in this process, its engine's home and its server; its session ends with it.

    What was done there has to be what a real Nuke bears.
    """
    with pytest.MonkeyPatch.context() as environment:
        engine(environment, home, server)
        seat = Seat()
        loop = nuke_session.serve_by(QtCore)
        try:
            yield seat
            nuke_session.check()
        finally:
            loop.stop()
            while seat.panes:
                seat.close_pane()
            seat.session.shutdown()
            nuke_session.reset()
