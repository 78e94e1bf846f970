"""Presets: settings with a name, a person's own and the show's; and saving another one."""

from __future__ import annotations

import functools
import json
from typing import Any, List, Optional, Tuple

from answerprint_panel.buttons import Button, IconButton
from answerprint_panel.choices import Choice
from answerprint_panel.draft import Draft, label
from answerprint_panel.faults import guarded
from answerprint_panel.fields import Field
from answerprint_panel.host import Document
from answerprint_panel.qt import Qt, QtCore, QtWidgets, Signal, alive
from answerprint_panel.rows import Hint, Row, across, down
from answerprint_panel.session import Session

_FLAGS_ROLE = int(Qt.ItemDataRole.UserRole) - 1  # where a standard item keeps its flags
_GREYED, _CHOSEN = 0, 33  # selectable and enabled
_WHOSE = {"user": "yours", "show": "of the show", "site": "of the site"}


class PresetRow(QtWidgets.QWidget):
    """`applied` when a preset was laid over the draft."""

    applied = Signal()

    def __init__(self, session: Session, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self._session = session
        self._draft = Draft()
        self._task: Tuple[str, Any] = ("", None)  # and the show
        self._presets: List[Document] = []
        self.choice = Choice()
        self.choice.setAccessibleName("Preset")
        self.choice.chosen.connect(self._chosen)
        self.save = IconButton("bookmark", "Save these settings as a preset")
        self.save.clicked.connect(self._open)
        self.remove = IconButton("close", "Remove this preset")
        self.remove.clicked.connect(self._ask_removal)
        self.hint = Hint()
        self._make_form()
        line = across(self.choice, self.remove, self.save)
        line.setStretch(0, 1)
        self.setLayout(down(Row("Preset", line, self.form, self.hint)))

    def show_state(self, draft: Draft) -> None:
        self._draft = draft
        self.setVisible(bool(draft.task))
        task = (draft.task, self._session.where.get("show"))
        if task != self._task:
            if draft.task != self._task[0]:
                self._presets = []
                self.form.hide()
                self.hint.say("")
            self._task = task
            if draft.task:
                self.ask()
        self._offer()
        self.choice.remark = "edited" if draft.is_edited() else ""
        self.choice.setAccessibleName("Preset, edited" if self.choice.remark else "Preset")
        at_default = "" if draft.settings.parameters else "All settings are at their defaults."
        self.save.grey(draft.wrong() or at_default)
        chosen = draft.settings.preset or {}
        own = chosen.get("where") == "user" and self._place() >= 0
        self.remove.setVisible(own)
        self.remove.say("close", f"Remove your preset '{chosen.get('preset')}'" if own else "")

    def _offer(self) -> None:
        """One that cannot be applied is there, greyed, and says why."""
        problems = [self._draft.unusable(one) for one in self._presets]
        items = [("Defaults", -1)]
        items += [(_words(one), place) for place, one in enumerate(self._presets)]
        self.choice.offer(items, self._place())
        for place, problem in enumerate(problems):
            self.choice.setItemData(place + 1, _GREYED if problem else _CHOSEN, _FLAGS_ROLE)
            self.choice.setItemData(place + 1, problem, int(Qt.ItemDataRole.ToolTipRole))

    def ask(self) -> None:
        """Which presets there are."""
        name, show = self._task
        argv = ["presets", name, *(["--show", show] if show else [])]
        self._session.every(argv, functools.partial(self._heard, self._task))

    def _heard(
        self, task: Tuple[str, Any], told: List[Document], problem: Optional[Document]
    ) -> None:
        if not alive(self) or task != self._task:
            return
        self._presets = [one for one in told if "preset" in one]
        unusable = [self._draft.unusable(one) for one in self._presets]
        broken = [said for said in unusable if said]
        if problem is not None:
            broken.append(str(problem.get("problem", "")))
        self.hint.say("\n".join(broken), "warn", "warn")
        self.show_state(self._draft)

    def _place(self) -> int:
        chosen = self._draft.settings.preset
        key = (chosen.get("preset"), chosen.get("where")) if chosen else None
        keys = [(one.get("preset"), one.get("where")) for one in self._presets]
        return keys.index(key) if key in keys else -1

    @guarded
    def _chosen(self, place: int) -> None:
        preset = self._presets[place] if 0 <= place < len(self._presets) else None
        if preset is not None and self._draft.unusable(preset):
            self.show_state(self._draft)
            return
        strange = self._draft.apply(preset)
        names = ", ".join(label(name) for name in strange)
        text = f"{names}: not in this version of the task, left out." if strange else ""
        self.hint.say(text, "warn", "warn")
        self.applied.emit()

    # Saving

    def _make_form(self) -> None:
        self.form = QtWidgets.QWidget()
        self.name = Field()
        self.name.name("Name of the preset")
        self.name.line.setPlaceholderText("Name")
        self.whose = Choice()
        self.whose.setAccessibleName("Whose preset")
        self.keep = Button("Save", strong=True)
        self.keep.clicked.connect(self._save)
        self.name.line.returnPressed.connect(self._save)
        line = across(self.name, self.whose, self.keep)
        line.setStretch(0, 2)
        line.setStretch(1, 1)
        self.form.setLayout(line)
        self.form.hide()

    @guarded
    def _open(self) -> None:
        show = self._session.where.get("show")
        whose = [("for me", "user"), *([(f"for {show}", "show")] if show else [])]
        self.whose.offer(list(whose), "user")
        self.form.setVisible(self.form.isHidden())
        self.name.setFocus()

    @guarded
    def _save(self) -> None:
        name, to = self.name.text().strip(), str(self.whose.currentData() or "user")
        if not name:
            self.hint.say("A preset needs a name.", "warn", "warn")
            return
        show = self._session.where.get("show")
        task, fixed = self._draft.task, self._fixed()
        curves = [label(one) for one in self._draft.settings.parameters if one not in fixed]
        parameters = json.dumps(fixed)
        argv = ["presets", task, "--save", name, "--parameters", parameters, "--to", to]
        argv += ["--show", show] if show else []
        preset = {"preset": name, "where": to, "parameters": fixed}
        self._session.first(argv, functools.partial(self._saved, task, preset, curves))

    def _fixed(self) -> Document:
        """What a preset can hold: a curve belongs to the script that it is in."""
        settings = self._draft.settings.parameters
        return {name: value for name, value in settings.items() if not isinstance(value, dict)}

    def _saved(self, task: str, preset: Document, curves: List[str], answer: Document) -> None:
        """It is of the task that it was saved for, whichever is shown by now."""
        if not alive(self):
            return
        if "error" not in answer:
            self._draft.settings_for(task).preset = preset
        if task != self._draft.task:
            return
        if "error" in answer:
            said = f"{answer.get('problem', '')} {answer.get('remedy', '')}"
            self.hint.say(said.strip(), "fail", "fail")
            return
        self.form.hide()
        self.hint.say(f"Without the curve of {', '.join(curves)}." if curves else "")
        self.ask()

    # Removing

    @guarded
    def _ask_removal(self) -> None:
        """Pressed once more, on the words that say what goes."""
        chosen = self._draft.settings.preset or {}
        menu = QtWidgets.QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        said = f"Remove your preset '{chosen.get('preset')}'"
        menu.addAction(said, functools.partial(self.take_away, self._draft.task, chosen))
        menu.popup(self.remove.mapToGlobal(QtCore.QPoint(0, self.remove.height() + 2)))

    @guarded
    def take_away(self, task: str, preset: Document) -> None:
        """Remove one of a person's own; its settings stay as they are."""
        argv = ["presets", task, "--remove", str(preset.get("preset")), "--to", "user"]
        self._session.first(argv, functools.partial(self._taken_away, task, preset))

    def _taken_away(self, task: str, preset: Document, answer: Document) -> None:
        if not alive(self):
            return
        if "error" in answer:
            said = f"{answer.get('problem', '')} {answer.get('remedy', '')}"
            self.hint.say(said.strip(), "fail", "fail")
            return
        settings = self._draft.settings_for(task)
        if (settings.preset or {}).get("preset") == preset.get("preset"):
            settings.preset = None
        if task == self._draft.task:
            self.ask()


def _words(preset: Document) -> str:
    whose = _WHOSE.get(str(preset.get("where")), "")
    return f"{preset.get('preset')}, {whose}" if whose else str(preset.get("preset"))
