"""All controls of a new take, top to bottom, and the notes beside them."""

from __future__ import annotations

from typing import Dict, List, Optional

from answerprint_panel import look
from answerprint_panel.colour_section import ColourSection
from answerprint_panel.faults import guarded
from answerprint_panel.folded import FoldedTake
from answerprint_panel.form import Form
from answerprint_panel.frames_section import FramesSection
from answerprint_panel.host import Document
from answerprint_panel.labels import Line
from answerprint_panel.layers_section import LayersSection
from answerprint_panel.more_section import MoreSection
from answerprint_panel.note import Note
from answerprint_panel.plate_section import PlateSection
from answerprint_panel.preset_row import PresetRow
from answerprint_panel.qt import QtWidgets
from answerprint_panel.rows import Fold, FoldHeading, down
from answerprint_panel.run_section import RunSection
from answerprint_panel.session import Session
from answerprint_panel.task_picker import TaskPicker

# who an error is from: an answer of one clears its own notes, and no other's
#   NODE     the host, of the plate's node: it is gone, it has changed
#   FACTS    what was found when the plate was looked at
#   ASKED    what somebody asked for just now, and cannot have
NODE, FACTS, PLAN, LAUNCH, ASKED = "node", "facts", "plan", "launch", "asked"


class SetUp(QtWidgets.QWidget):
    """What a draft is shown in, and changed by; it decides nothing.

    heading   folds it all to `folded`, one line with the Run button; there only while jobs run
    """

    def __init__(self, session: Session, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.task = TaskPicker()
        self.plate = PlateSection(session.host.files)
        self.layers = LayersSection()
        self.frames = FramesSection()
        self.colour = ColourSection()
        self.presets = PresetRow(session)
        self.form = Form(session.host)
        self.more = MoreSection()
        self.run = RunSection()
        is_open = bool(session.recall("more", False))
        self.more_fold = Fold("More", self.more, large=False, open=is_open)
        self.heading = FoldHeading("New take", large=True)
        self.folded = FoldedTake()
        self._origins: Dict[Note, str] = {}
        for note in self.notes:
            note.diagnose(session.diagnostics)
        self._lay_out()

    @property
    def notes(self) -> List[Note]:
        """Each beside what it is about; the plate's, which the host says, is the first."""
        parts = (self.plate, self.layers, self.frames, self.colour, self.more, self.run)
        return [part.note for part in parts]

    @guarded
    def place(self, error: Document, origin: str = ASKED) -> None:
        """An error stands beside what it is about, which its fix tells; else above the buttons.

        One that is said already is not said again.
        """
        places: Dict[str, Note] = {
            "inputs": self.layers.note,
            "frames": self.frames.note,
            "colour": self.colour.note,
            "plate": self.plate.note,
        }
        change = (error.get("fix") or {}).get("change") or {}
        note = next((places[key] for key in change if key in places), self.run.note)
        said = (error.get("problem"), error.get("remedy"))
        others = [one.error for one in self.notes if one is not note]
        if said not in [(one.get("problem"), one.get("remedy")) for one in others]:
            self.show_error(note, error, origin)

    def show_error(
        self, note: Note, error: Document, origin: str, *, again: bool = True, status: str = "fail"
    ) -> None:
        """`status`: fail, warn, passed; or text, for what is said and no error."""
        self._origins[note] = origin
        icon = "info" if status == "text" else status
        note.show_error(error, icon=icon, status=status, again=again)

    def origin(self, note: Note) -> str:
        return self._origins.get(note, "")

    def clear(self, *origins: str) -> None:
        """Take away what these have said; of all where none is named."""
        for note in self.notes:
            if not origins or self._origins.get(note) in origins:
                note.clear()

    def fold(self, folded: bool) -> None:
        """To one line, or back; the keyboard stays in what took the place of where it was."""
        focused = QtWidgets.QApplication.focusWidget()
        before, after = (self.body, self.folded) if folded else (self.folded, self.body)
        moves = focused is not None and before.isAncestorOf(focused)
        after.show()
        if moves:
            (self.folded.words if folded else self.task).setFocus()
        self.folded.setVisible(folded)
        self.body.setVisible(not folded)

    def can_fold(self, can: bool) -> None:
        self.heading.setVisible(can)

    def _lay_out(self) -> None:
        settings = down(
            self.heading,
            self.task,
            self.plate,
            self.layers,
            self.frames,
            self.colour,
            _spaced(Line()),
            self.presets,
            self.form,
            self.more_fold,
            gap=look.GAP,
        )
        settings.setContentsMargins(look.MARGIN, look.WIDE, look.MARGIN, look.SMALL)
        run = down(self.run)
        run.setContentsMargins(look.MARGIN, 10, look.MARGIN, look.WIDE)
        self.body = QtWidgets.QWidget()
        self.body.setLayout(down(settings, Line(), run, gap=0))
        self.setLayout(down(self.folded, self.body, gap=0))
        self.folded.hide()
        self.heading.hide()


def _spaced(line: Line) -> QtWidgets.QLayout:
    made = down(line)
    made.setContentsMargins(0, look.SMALL, 0, look.SMALL)
    return made
