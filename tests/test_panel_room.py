"""The panel in narrow and wide docks, small and large type: nothing overlaps, nothing is cut."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from desk import MILLISECONDS, opened
from engines import scripted
from palettes import DARK
from panel_host import DiskHost

from answerprint_panel.buttons import Button, LinkButton
from answerprint_panel.labels import Words
from answerprint_panel.panel import Panel
from answerprint_panel.qt import QtGui, QtWidgets

MODELS = Path(__file__).parents[1] / "server" / "models"
PLATE = "/mnt/shows/nightfall/sh0120/plates/sh0120_bg01_v003_acescg_linear.####.exr"
PLAN = {
    "take": "v004",
    "name": "bg_denoise",
    "stream": "bg_denoise",
    "frames": "1001-1096",
    "count": 96,
    "variations": 1,
    "inputs": {
        "main": {"layer": "rgba", "path": PLATE, "found": "found"},
        "albedo": {"layer": "diffuse_albedo", "path": PLATE, "found": "asked for"},
    },
    "absent": ["normal"],
    "choices": {"main": ["rgba", "diffuse_albedo"], "albedo": ["rgba", "diffuse_albedo"]},
    "kept": ["depth", "motion"],
    "left_out": [],
    "colour": {"space": "ACEScg", "source": "file", "words": "ACEScg to linear and back"},
    "notes": [],
    "estimate": {"seconds": 41, "per_frame": 0.4, "basis": "guess", "words": "About 41 s"},
    "bytes": 1_000_000,
    "warnings": ["Frame 1044 holds 3 pixels that are no numbers."],
}
FACTS = {
    "path": PLATE,
    "title": "sh0120_bg01_v003_acescg_linear",
    "frames": "1001-1096",
    "first": 1001,
    "last": 1096,
    "count": 96,
    "missing": "",
    "width": 4096,
    "height": 2160,
    "aspect": 1.0,
    "window": None,
    "views": [],
    "layers": {"rgba": ["R", "G", "B", "A"], "diffuse_albedo": ["R", "G", "B"]},
    "type": "half",
    "compression": "zip",
    "colour": {"space": "ACEScg", "source": "file"},
    "levels": {"least": 0.0, "greatest": 14.2},
    "problems": [],
}
JOB = {"task": "denoise", "title": "Denoise", "node": "Read3", "total": 96, "done": 37}
FAILED = {
    "frame": 1043,
    "variation": None,
    "problem": "Frame 1043 is no EXR.",
    "remedy": "Mend it.",
}
JOBS = [
    {**JOB, "job": "1", "state": "running", "take": "v005", "frames": "1001-1096", "rate": 0.4,
     "left": 26.0, "script": "/mnt/shows/nightfall/sh0130/comp/sh0130_comp_v012.nk"},
    {**JOB, "job": "2", "state": "incomplete", "take": "v004", "frames": "1001-1096",
     "failed": [FAILED], "path": "/r/bg/v004", "resumable": True,
     "problem": "1 of 96 frames failed.", "remedy": "Mend frame 1043, then resume.",
     "fix": {"label": "Set to zero and run", "change": {"non_finite": "zero"}}},
    {**JOB, "job": "3", "state": "cancelled", "take": "v003", "frames": "1001-1096",
     "path": "/r/bg/v003", "resumable": True},
]  # fmt: skip
TAKE = {"stream": "bg_denoise", "task": "denoise", "title": "Denoise", "node": "Read3",
        "frames": "1001-1096", "first": 1001, "last": 1096, "created": "2026-11-01T10:00:00Z",
        "state": "complete", "user": "ana", "version": "3"}  # fmt: skip
TAKES = [
    {**TAKE, "path": "/r/bg/v002", "take": "v002", "qc": "fail", "reason": "Frame 1006 is black",
     "standing": "failed", "word": "QC fail"},
    {**TAKE, "path": "/r/bg/v001", "take": "v001", "qc": "pass", "standing": "latest",
     "word": "Latest"},
]  # fmt: skip
SERVER = {"state": "away", "name": "triton-01", "address": "triton-01.studio.example:8001",
          "problem": "Server triton-01 does not answer.", "remedy": "It is tried again.",
          "fix": {"label": "Start a server here", "argv": ["serve"]}}  # fmt: skip

SEVERAL = 10
Open = Callable[..., Panel]


@pytest.fixture
def open_panel(qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """All there is at once: a plate, a plan, jobs of several states, takes, a server that is away."""
    monkeypatch.setenv("ANSWERPRINT_HOME", str(tmp_path / "home"))
    python = scripted(tmp_path / "bin")
    monkeypatch.setenv("ANSWERPRINT_ENGINE", str(python))
    contract = json.loads((MODELS / "denoise" / "contract.json").read_text())
    answers = {
        "tasks": [{"task": "denoise", "version": "3", "problem": "", "contract": contract}],
        "where": [{"root": "/r", "title": "nightfall / sh0120", "show": "", "shot": ""}],
        "inspect": [FACTS],
        "plan": [PLAN],
        "jobs": JOBS,
        "takes": TAKES,
        "status": [{"server": {"state": "connected", "name": "triton-01", "address": "a:1"}}],
    }
    (python.parent / "answers.json").write_text(json.dumps(answers))
    host = DiskHost(tmp_path / "sh0120.nk")
    host.read(PLATE, last=1096)

    def opens(width: int, points: float) -> Panel:
        panel = Panel(session)
        qtbot.addWidget(panel)
        panel.setPalette(DARK)
        font = QtGui.QFont(panel.font())
        font.setPointSizeF(points)
        panel.setFont(font)
        panel.resize(width, 1400)
        panel.show()
        qtbot.waitUntil(lambda: len(panel.queue.rows) == 3, timeout=MILLISECONDS)
        qtbot.waitUntil(lambda: len(panel.takes.list.rows.entries) >= 2, timeout=MILLISECONDS)
        qtbot.waitUntil(lambda: bool(session.tasks), timeout=MILLISECONDS)
        panel.new_take.parts.fold(False)
        panel.takes.choose("/r/bg/v001")
        session.server = SERVER
        session.serverChanged.emit(SERVER)
        looks: list[list[object]] = []
        qtbot.waitUntil(lambda: at_rest(panel, looks), timeout=MILLISECONDS)
        return panel

    with opened(host) as session:
        yield opens


def widgets(panel: Panel) -> list[QtWidgets.QWidget]:
    """Those that can be seen, but not what Qt's own controls are made of."""
    own = (
        QtWidgets.QComboBox,
        QtWidgets.QAbstractSpinBox,
        QtWidgets.QLineEdit,
        QtWidgets.QScrollBar,
    )
    found = [one for one in panel.findChildren(QtWidgets.QWidget) if one.isVisible()]
    inner = {
        id(child)
        for one in found
        if isinstance(one, own)
        for child in one.findChildren(QtWidgets.QWidget)
    }
    return [one for one in found if id(one) not in inner and not one.isWindow()]


def at_rest(panel: Panel, looks: list[list[object]]) -> bool:
    """Whether several looks in a row have found everything in its place."""
    looks.append([one.geometry().getRect() for one in widgets(panel)])
    return len(looks) > SEVERAL and looks[-SEVERAL:] == [looks[-1]] * SEVERAL


def name(widget: QtWidgets.QWidget) -> str:
    said = widget.accessibleName() or getattr(widget, "text", lambda: "")()
    return f"{type(widget).__name__} {said!r} {widget.geometry().getRect()}"


def outside(panel: Panel) -> list[str]:
    """Children that reach beyond their parents; a scrolled column may do so downwards."""
    found = []
    for one in widgets(panel):
        parent = one.parentWidget()
        assert parent is not None
        room, rect = parent.rect(), one.geometry()
        if parent is panel.column.viewport():
            room.setBottom(max(room.bottom(), rect.bottom()))
            room.setTop(min(room.top(), rect.top()))
        if not room.contains(rect) and not rect.isEmpty():
            found.append(f"{name(one)} in {name(parent)}")
    return found


def overlapping(panel: Panel) -> list[str]:
    found = []
    shown = [one for one in widgets(panel) if not one.geometry().isEmpty()]
    parents: dict[int, list[QtWidgets.QWidget]] = {}
    for one in shown:
        if not isinstance(one, (QtWidgets.QScrollBar, QtWidgets.QSizeGrip)):
            parents.setdefault(id(one.parentWidget()), []).append(one)
    for siblings in parents.values():
        for one, other in itertools.combinations(siblings, 2):
            if one.geometry().intersects(other.geometry()):
                found.append(f"{name(one)} and {name(other)}")
    return found


def too_low(panel: Panel) -> list[str]:
    """Words in less height than they need."""
    found = []
    for one in widgets(panel):
        if isinstance(one, Words) and one.text():
            needed = one.heightForWidth(one.width())
        elif isinstance(one, (Button, LinkButton)):
            needed = QtGui.QFontMetrics(one.font()).height()
        else:
            continue
        if one.height() < needed:
            found.append(f"{name(one)} needs {needed}")
    return found


def cut(panel: Panel) -> list[str]:
    """Buttons whose words do not fit."""
    return [
        name(one)
        for one in widgets(panel)
        if isinstance(one, (Button, LinkButton))
        and one.width() < one.minimumSizeHint().width() - 2
        and one.width() < one.sizeHint().width() - 14
    ]


@pytest.mark.parametrize("points", [7.0, 9.0, 16.0])
@pytest.mark.parametrize("width", [340, 420, 900])
def test_nothing_overlaps_or_is_cut(open_panel: Open, width: int, points: float) -> None:
    panel = open_panel(width, points)

    inside = panel.column.widget()
    assert width <= panel.width() <= max(width, 400)  # as narrow as its numbers allow
    assert inside is not None
    assert inside.width() <= panel.column.viewport().width()
    assert not outside(panel)
    assert not overlapping(panel)
    assert not too_low(panel)
    if width >= 420 and points < 16:
        assert not cut(panel)
