"""A chair at Houdini: its scene, its event loop, a pane of ours, and an artist's hands.

What Nuke's artist sits at is `seat`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import hou
import houdini_session
import pytest
from desk import engine
from hands import Hands

from answerprint_panel import session as sessions
from answerprint_panel.qt import QtCore, QtWidgets
from answerprint_panel.session import Session

FOLDER = Path(__file__).parents[1] / "houdini"
TURN_MILLISECONDS = 10  # the real one calls back every 50 when it is idle


class Chair(Hands):
    """One Houdini with its UI, and whoever sits at it."""

    def start(self, scene: Path) -> None:
        """An empty scene that is saved."""
        houdini_session.reset()
        houdini_session.state.interfaces = {"answerprint"}
        hou.hipFile.save(scene.as_posix())

    def sop(self, cook: Callable[[float], Any], name: str = "OUT", *, moves: bool = False) -> Any:
        """A SOP that is selected, and what it cooks: arrays of a frame."""
        network = hou.node("/obj/geo1") or houdini_session.network()
        node = network.createNode("null", name)
        houdini_session.cook(node, cook, moves=moves)
        houdini_session.select(node)
        return node

    def open_pane(self) -> Any:
        """As Houdini opens a Python panel: it runs the interface's script and shows the widget."""
        tree = ET.parse(FOLDER / "python_panels" / "answerprint.pypanel")
        space: dict[str, Any] = {"hou": hou, "kwargs": {}}
        exec(compile(tree.findtext(".//script") or "", "pypanel", "exec"), space)
        pane = space["onCreateInterface"]()
        self.panes.append(pane)
        pane.resize(420, 900)
        pane.show()
        return pane

    def close_pane(self) -> None:
        pane = self.panes.pop()
        pane.close()
        pane.deleteLater()
        QtWidgets.QApplication.sendPostedEvents(None, int(QtCore.QEvent.Type.DeferredDelete))

    @property
    def session(self) -> Session:
        """Of this process, as the panes have it."""
        from answerprint_houdini import host

        return sessions.of(host.this())


@contextmanager
def taken(home: Path, server: str) -> Iterator[Chair]:
    """A chair in this process, its engine's home and its server; its session ends with it.

    Houdini's event loop is Qt's, as in the real one. What was done has to be what a real Houdini bears.
    """
    with pytest.MonkeyPatch.context() as environment:
        engine(environment, home, server)
        houdini_session.reset()
        chair, loop = Chair(), QtCore.QTimer()
        loop.timeout.connect(houdini_session.turn)
        loop.start(TURN_MILLISECONDS)
        try:
            yield chair
            houdini_session.check()
        finally:
            loop.stop()
            while chair.panes:
                chair.close_pane()
            chair.session.shutdown()
            houdini_session.reset()
