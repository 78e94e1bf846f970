"""A host's window under observation: how long its thread is kept, what is held, when it can be used.

    python tests/heartbeat.py opening               open the panel once
    python tests/heartbeat.py job SCRIPT PLATE      run a job, then open and close the panel

A process of its own, for what is measured is the process. Prints one JSON document.
"""

# ruff: noqa: E402 - the stand-in for Nuke has to be found before it is imported
from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
PROJECT = Path(__file__).parents[1]
sys.path[:0] = [str(PROJECT / name) for name in ("core", "nuke", "tests/fakes")]

import nuke_session
from seat import Seat

from answerprint_panel.qt import Qt, QtCore, QtWidgets

BEAT_MILLISECONDS = 5
CYCLES = 20
SCHEDULED = Path("/proc/thread-self/schedstat")


def now() -> float:
    """Seconds on the window's thread, without what it waited for a processor.

    That time the machine gave to others, and no call of ours took it.
    """
    waited = int(SCHEDULED.read_text().split()[1]) if SCHEDULED.exists() else 0
    return time.perf_counter() - waited / 1e9


class Pulse(QtCore.QObject):
    """Beats on the window's thread. Between two beats nobody else's event was looked at.

    gaps   seconds from beat to beat
    """

    def __init__(self) -> None:
        super().__init__()
        self.gaps: list[float] = []
        self._last = now()
        self._timer = QtCore.QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start(BEAT_MILLISECONDS)

    def _beat(self) -> None:
        at = now()
        self.gaps.append(at - self._last)
        self._last = at

    def stop(self) -> None:
        self._timer.stop()


class FirstPaint(QtCore.QObject):
    """When a widget of this accessible name was painted first, and could be pressed."""

    def __init__(self, app: QtCore.QObject, name: str) -> None:
        super().__init__()
        self._name, self.at = name, 0.0
        app.installEventFilter(self)

    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802 - Qt's name
        if not self.at and event.type() == QtCore.QEvent.Type.Paint:
            named = getattr(watched, "accessibleName", str)() == self._name
            if named and watched.isEnabled():
                self.at = now()
        return False


def opening(seat: Seat, app: QtCore.QObject) -> dict[str, Any]:
    """Seconds from the click on Open Panel until it can be used, and says what Run waits for."""
    painted = FirstPaint(app, "Use selected")
    began = now()
    seat.open_pane()
    seat.until(lambda: painted.at)
    waits = str(seat.pane.panel.new_take.parts.run.estimate.text())
    return {"seconds": painted.at - began, "waits": waits}


def job(seat: Seat, plate: str) -> dict[str, Any]:
    host = QtWidgets.QLabel("A host has a window, and has drawn words in it")
    host.show()
    seat.turn(300)
    before = held()
    seat.read(plate, "1001-1006").selectOnly()
    seat.open_pane()
    seat.task("Passthrough")
    seat.until_said("Makes take v001")
    pulse = Pulse()
    seat.press("Run 6 frames")
    seat.until(lambda: [one["state"] for one in seat.session.jobs] == ["complete"])
    seat.take("v001")
    thumbnails = seat.pane.panel.takes.thumbnails
    seat.until(lambda: thumbnails.of(seat.session.jobs[0]["path"]))
    pulse.stop()
    grown = [held() - before]
    for _ in range(CYCLES):
        seat.close_pane()
        seat.open_pane()
        seat.turn(50)
    grown.append(held() - before)
    return {"gaps": pulse.gaps, "grown": grown}


def held() -> int:
    """Bytes of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main(what: str, *words: str) -> None:
    app = QtWidgets.QApplication([])
    seat = Seat()
    seat.start(Path(words[0]) if words else None)
    loop = nuke_session.serve_by(QtCore)
    said = opening(seat, app) if what == "opening" else job(seat, words[1])
    print(json.dumps(said))
    loop.stop()
    seat.session.shutdown()
    app.quit()


if __name__ == "__main__":
    main(*sys.argv[1:])
