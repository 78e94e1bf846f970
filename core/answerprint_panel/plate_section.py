"""Which plate: the selected node or a file, and what is there of it."""

from __future__ import annotations

import os
import re
from typing import List, Optional

from answerprint_panel import icons, look
from answerprint_panel.buttons import Button, Pressed
from answerprint_panel.faults import guarded
from answerprint_panel.host import Document, Source
from answerprint_panel.note import Note
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets, Signal
from answerprint_panel.rows import Hint, Row, across, down

_FLAGS = int(Qt.AlignmentFlag.AlignVCenter)
# not the 003 of bg_v003.exr
_FRAME = re.compile(r"(?<=[._])\d{2,}(?=\.(?:b?geo\.gz|[A-Za-z]+)$)")
MOST_REMARKS = 4
MOST_GRIDS = 3  # that are named one by one
TIMES = "\N{MULTIPLICATION SIGN}"


class PlateBox(Pressed):
    """The plate's node and title; pressed, it offers the other ways to choose one."""

    def __init__(self) -> None:
        super().__init__()
        self._node, self._title, self._icon = "", "", "node"
        policy = QtWidgets.QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)
        self.say(None)

    def say(self, source: Optional[Source]) -> None:
        self._node = source.node if source is not None else ""
        self._title = source.title if source is not None else "Select a node, or choose a file"
        self._icon = "file" if source is not None and not source.node else "node"
        chosen = f"{self._node} {self._title}".strip()
        self.setAccessibleName(f"Plate: {chosen}" if source is not None else "Plate: none yet")
        self.setToolTip(source.path if source is not None and source.path else "")
        self.update()

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        return QtCore.QSize(160, look.control_height(self))

    def draw(self, painter: QtGui.QPainter, colours: look.Look) -> None:
        edge = colours.secondary if self.is_hovered() else colours.edge
        look.paint_box(painter, self.rect(), colours.field, edge)
        box = QtCore.QRectF(7, self.height() / 2 - 8, 16, 16)
        icons.paint(painter, self._icon, box, colours.secondary)
        font = look.body(self.font())
        metrics = QtGui.QFontMetrics(font)
        painter.setFont(font)
        painter.setPen(colours.field_text)
        room = self.rect().adjusted(28, 0, -6, 0)
        node = metrics.elidedText(self._node, Qt.TextElideMode.ElideMiddle, room.width())
        painter.drawText(room, _FLAGS, node)
        if node:
            room = room.adjusted(metrics.horizontalAdvance(node) + look.GAP, 0, 0, 0)
        painter.setPen(colours.secondary)
        title = metrics.elidedText(self._title, Qt.TextElideMode.ElideMiddle, max(0, room.width()))
        painter.drawText(room, _FLAGS, title)


class PlateSection(QtWidgets.QWidget):
    """`wanted` when the selected node is to be used, `opened` with a file that was chosen."""

    wanted = Signal()
    opened = Signal(str)

    def __init__(self, files: str, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self._files = files
        self.box = PlateBox()
        self.use = Button("Use selected", strong=True)
        self.facts = Hint()
        self.remarks = Hint()
        self.note = Note()
        self._dialog: Optional[QtWidgets.QFileDialog] = None
        self.use.clicked.connect(self.wanted)
        self.box.clicked.connect(self.open_menu)
        line = across(self.box, self.use)
        line.setStretch(0, 1)
        self.setLayout(down(Row("Plate", line, self.facts, self.remarks), self.note))

    def show_source(self, source: Optional[Source]) -> None:
        self.box.say(source)
        remarks = source.remarks[:MOST_REMARKS] if source is not None else ()
        self.remarks.say("\n".join(remarks))

    def show_facts(self, text: str, icon: str, role: str) -> None:
        self.facts.say(text, icon, role)

    @guarded
    def open_menu(self) -> None:
        menu = QtWidgets.QMenu(self)
        colours = look.of(self)
        menu.addAction(icons.icon("node", colours.text), "Use selected node", self.wanted.emit)
        menu.addAction(icons.icon("file", colours.text), "Choose a file…", self.choose_file)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.box.mapToGlobal(QtCore.QPoint(0, self.box.height() + 2)))

    def choose_file(self) -> None:
        """A dialog beside the host's own work, not before it."""
        self._dialog = QtWidgets.QFileDialog(self, "Choose a frame of the plate")
        self._dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._dialog.setNameFilter(self._files)
        self._dialog.setFileMode(QtWidgets.QFileDialog.FileMode.ExistingFile)
        self._dialog.fileSelected.connect(self.opened)
        self._dialog.show()


def facts(found: Document, source: Source, space: str = "") -> tuple[str, str, str]:
    """What `inspect` found, against what the host says: words, icon, role.

    space   that a person named: what is wrong with it is said beside it
    """
    wanted = source.last - source.first + 1
    missing = str(found.get("missing") or "")
    there = int(found.get("count") or 0)
    said = [f"{there} of {max(wanted, there)} frames" if not found.get("still") else "one still"]
    said += _sizes(found)
    greatest = (found.get("levels") or {}).get("greatest")
    if greatest is not None:
        said.append(f"peak {peak(float(greatest))}")
    views = found.get("views") or []
    if len(views) > 1:
        said.append(", ".join(views))
    words = ", ".join(said)
    for one in (found.get("window"), f"{missing} missing" if missing else ""):
        words += f"; {one}" if one else ""
    problems = [str(one.get("problem", "")) for one in found.get("problems") or []]
    problems = [one for one in problems if not space or f"'{space}'" not in one]
    words = "\n".join([words, *problems])
    good = not missing and not problems and (there >= wanted or bool(found.get("still")))
    return (words, "pass", "passed") if good else (words, "warn", "warn")


def _sizes(found: Document) -> List[str]:
    """How large it is: a picture in pixels, geometry by what it holds."""
    if found.get("kind") != "geometry":
        return [f"{found.get('width')} {TIMES} {found.get('height')}"]
    said = [_counted(found, "points"), _counted(found, "primitives")]
    volumes = list(found.get("volumes") or [])
    for one in volumes[:MOST_GRIDS]:
        size = f" {TIMES} ".join(str(edge) for edge in one.get("resolution") or [])
        said.append(f"{one.get('name') or 'a grid'} {size}".strip())
    more = len(volumes) - MOST_GRIDS
    return [one for one in said if one] + ([f"{more} grids more"] if more > 0 else [])


def _counted(found: Document, what: str) -> str:
    number = int(found.get(what) or 0)
    if not number or (what == "primitives" and not found.get("points")):
        return ""
    return f"{number:,} {what if number != 1 else what[:-1]}"


def rendered(source: Source, title: str) -> tuple[str, str, str]:
    """What can be said of a node whose pixels do not exist yet."""
    count = source.last - source.first + 1
    frames = "1 frame" if count == 1 else f"{count} frames"
    how = "rendered" if source.suffix == ".exr" else "cooked and written"
    return f"{frames}, {how} by {title} when it runs", "info", "secondary"


def peak(value: float) -> str:
    """28.7, 0.98, 1240: as many digits as anybody looks at."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def from_file(path: str, first: int = 1, last: int = 1) -> Source:
    """A plate that was chosen as one of its files: bg.1001.exr is a frame of bg.####.exr."""
    path = _FRAME.sub(lambda found: "#" * len(found[0]), path.replace(os.sep, "/"))
    return Source(
        node="", kind="files", path=path, first=first, last=last, title=path.rpartition("/")[2]
    )
