"""What is rarely changed: handles, variations, seed, and how the take's files are made."""

from __future__ import annotations

import functools
from typing import Any, Dict, List, Optional

from answerprint_panel import look
from answerprint_panel.buttons import Button, IconButton
from answerprint_panel.choices import Choice
from answerprint_panel.draft import Draft, label
from answerprint_panel.faults import guarded
from answerprint_panel.fields import Field, Number
from answerprint_panel.grid import Grid
from answerprint_panel.host import Document
from answerprint_panel.labels import Words
from answerprint_panel.note import Note
from answerprint_panel.qt import QtWidgets, Signal
from answerprint_panel.rows import Hint, Row, across, down
from answerprint_panel.values import refused

SEED = "seed"
MOST_HANDLES = 10_000  # as many as a job takes
_RESULT = [
    ("As usual", None),
    ("In place of the layer", "replace"),
    ("Beside, as new layers", "beside"),
    ("Only the result", "only"),
]
_NON_FINITE = [
    ("Keep where they are", None),
    ("Set to zero", "zero"),
    ("Stop before anything is written", "stop"),
]


class AxisRow(QtWidgets.QWidget):
    """What varies, and through which values."""

    changed = Signal()
    removed = Signal()

    def __init__(self, name: str, values: str) -> None:
        super().__init__()
        self.choice = Choice()
        self.choice.setAccessibleName("What varies")
        self.offer([name], name)
        self.values = Field(values)
        self.values.name("Values to try", "Like 0.25, 0.5, 1 or 1-5")
        self.values.line.setPlaceholderText("0.25, 0.5, 1")
        self.remove = IconButton("close", "Vary this no more")
        self.choice.chosen.connect(lambda _: self.changed.emit())
        self.values.edited.connect(lambda _: self.changed.emit())
        self.remove.clicked.connect(self.removed)
        line = across(self.choice, self.values, self.remove)
        line.setStretch(0, 2)
        line.setStretch(1, 3)
        self.setLayout(line)

    @property
    def name(self) -> str:
        return str(self.choice.currentData())

    def offer(self, names: List[str], name: str) -> None:
        """What can vary here: not what another row varies."""
        self.choice.offer([(label(one), one) for one in names], name)


class MoreSection(QtWidgets.QWidget):
    """Changes go into the draft, and are told."""

    changed = Signal()

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self._draft = Draft()
        self.axes: List[AxisRow] = []
        self._shown: Any = None
        self._make_fields()
        self.note = Note()
        self._axis_lines = down()
        self.add = Button("Vary a parameter", "plus")
        self.add.clicked.connect(self._add_axis)
        self.handles_hint, self._stayed = Hint(), -1
        self._wedge = Row("Variations", self._axis_lines, across(self.add, QtWidgets.QWidget()))
        self._seed = Row("Seed", self.seed)
        rows = [
            self.note,
            Row(
                "Handles",
                across(self.handles, Words("frames more at both ends", role="secondary")),
                self.handles_hint,
            ),
            self._wedge,
            self._seed,
            Row("Result", self.result),
            Row("NaN and inf", self.non_finite),
            Row("Take's name", self.name),
            Row("Cut", self.cut),
        ]
        self.setLayout(down(*rows, gap=look.GAP))

    def show_state(self, draft: Draft) -> None:
        self._draft = draft
        settings = draft.settings
        self.handles.show_value(draft.handles)
        if self._stayed != draft.handles:
            self.handles_hint.say("")
        self._wedge.setVisible(bool(self._names()))
        self._seed.setVisible(bool(draft.contract.get("seed")))
        self.seed.say(settings.seed or "")
        self.result.offer(list(_RESULT), settings.result)
        self.non_finite.offer(list(_NON_FINITE), settings.non_finite)
        self.name.say(settings.name or "")
        self.cut.say(cut_words(draft.contract))
        if (draft.task, settings.axes) != self._shown:
            self._draw_axes(settings.axes)

    def _make_fields(self) -> None:
        self.handles = Number(0, whole=True, grid=Grid(0, MOST_HANDLES, whole=True))
        self.handles.refused.connect(lambda text: self._refuse(refused(text, whole=True)))
        self.handles.setFixedWidth(72)
        self.handles.name("Handles", "Frames more before and after the range.")
        self.handles.changed.connect(self._handled)
        self.seed = Field()
        self.seed.line.setPlaceholderText("0")
        self.seed.name("Seed", "The same seed gives the same result; any whole number.")
        self.seed.edited.connect(functools.partial(self._set, "seed"))
        self.result = Choice()
        self.result.setAccessibleName("Result")
        self.result.chosen.connect(functools.partial(self._set, "result"))
        self.non_finite = Choice()
        self.non_finite.setAccessibleName("NaN and inf in the plate")
        self.non_finite.chosen.connect(functools.partial(self._set, "non_finite"))
        self.name = Field()
        self.name.line.setPlaceholderText("after plate and task")
        self.name.name("Name of the take", "Letters, digits, dots and dashes.")
        self.name.edited.connect(functools.partial(self._set, "name"))
        self.cut = Words(role="secondary")
        self.cut.setFixedHeight(look.CONTROL)

    @guarded
    def _set(self, name: str, value: Optional[str]) -> None:
        setattr(self._draft.settings, name, (value or "").strip() or None)
        self.changed.emit()

    @guarded
    def _handled(self, value: float) -> None:
        if not 0 <= value <= MOST_HANDLES:
            said = f"{value:.12g} cannot be: handles are 0 to {MOST_HANDLES:,} frames; "
            self._refuse(f"{said}{self._draft.handles} stays.")
            self.handles.show_value(self._draft.handles)
            return
        self._draft.handles = int(value)
        self._refuse("")
        self.changed.emit()

    def _refuse(self, said: str) -> None:
        """Said until the handles are others."""
        self._stayed = self._draft.handles
        self.handles_hint.say(said, "warn", "warn")

    # Variations

    def _names(self) -> List[str]:
        names = [str(one["name"]) for one in self._draft.parameters]
        return [*names, *([SEED] if self._draft.contract.get("seed") else [])]

    def _draw_axes(self, axes: Dict[str, Any]) -> None:
        self._shown = (self._draft.task, dict(axes))
        for row in self.axes:
            row.hide()
            row.deleteLater()
        self.axes = []
        for name, values in axes.items():
            self._add_row(name, _as_text(values))
        self._offer_free()

    def _offer_free(self) -> None:
        """Each row offers what no other one varies: two of one parameter would be one."""
        used = [row.name for row in self.axes]
        names = self._names()
        for row in self.axes:
            free = [one for one in names if one == row.name or one not in used]
            row.offer(free if row.name in free else [row.name, *free], row.name)
        self.add.grey("" if len(used) < len(names) else "All of them vary already.")

    def _add_row(self, name: str, values: str) -> AxisRow:
        row = AxisRow(name, values)
        row.changed.connect(self._axes_changed)
        row.removed.connect(functools.partial(self._remove, row))
        self.axes.append(row)
        self._axis_lines.addWidget(row)
        return row

    @guarded
    def _add_axis(self) -> None:
        used = {row.name for row in self.axes}
        free = [name for name in self._names() if name not in used]
        if free:
            self._add_row(free[0], "").values.setFocus()
            self._offer_free()

    @guarded
    def _remove(self, row: AxisRow) -> None:
        self.axes.remove(row)
        row.hide()
        row.deleteLater()
        self._axes_changed()

    @guarded
    def _axes_changed(self) -> None:
        """An axis without values is one that is still being written."""
        axes = {
            row.name: row.values.text().strip() for row in self.axes if row.values.text().strip()
        }
        self._offer_free()
        self._draft.settings.axes = axes
        self._shown = (self._draft.task, dict(axes))
        self.changed.emit()


def summary(draft: Draft, plan: Document) -> str:
    """The line beside More: what is set there."""
    settings = draft.settings
    count = max(1, int(plan.get("variations") or 1)) if plan.get("estimate") else None
    if count is None:
        count_words = "variations" if settings.axes else "1 variation"
    else:
        count_words = f"{count} variation{'' if count == 1 else 's'}"
    said = [count_words]
    if draft.contract.get("seed"):
        said.append(f"seed {settings.seed or 0}")
    if draft.handles:
        said.append(f"handles {draft.handles}")
    said.append(cut_words(draft.contract).lower())
    said += [words.lower() for words, key in _RESULT if key and key == settings.result]
    said += ["NaN to zero"] if settings.non_finite == "zero" else []
    said += [settings.name] if settings.name else []
    return ", ".join(said)


def cut_words(contract: Document) -> str:
    cut = contract.get("cut") or {}
    if cut.get("mode") == "tiles":
        return f"Tiles of {cut.get('tile')} pixels"
    return "Whole frames"


def _as_text(values: Any) -> str:
    return values if isinstance(values, str) else ", ".join(str(one) for one in values)
