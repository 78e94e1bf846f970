"""Presets: settings with a name, a person's own and the show's; and saving another one."""

from __future__ import annotations

import functools
import json
from typing import List, Optional

from answerprint_panel.buttons import Button, IconButton
from answerprint_panel.choices import Choice
from answerprint_panel.draft import Draft, label
from answerprint_panel.faults import guarded
from answerprint_panel.fields import Field
from answerprint_panel.host import Document
from answerprint_panel.qt import QtWidgets, Signal, alive
from answerprint_panel.rows import Hint, Row, across, down
from answerprint_panel.session import Session

_WHOSE = {"user": "yours", "show": "of the show", "site": "of the site"}


class PresetRow(QtWidgets.QWidget):
    """`applied` when a preset was laid over the draft."""

    applied = Signal()

    def __init__(self, session: Session, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self._session = session
        self._draft = Draft()
        self._task = ""
        self._presets: List[Document] = []
        self.choice = Choice()
        self.choice.setAccessibleName("Preset")
        self.choice.chosen.connect(self._chosen)
        self.save = IconButton("bookmark", "Save these settings as a preset")
        self.save.clicked.connect(self._open)
        self.hint = Hint()
        self._make_form()
        line = across(self.choice, self.save)
        line.setStretch(0, 1)
        self.setLayout(down(Row("Preset", line, self.form, self.hint)))

    def show_state(self, draft: Draft) -> None:
        self._draft = draft
        self.setVisible(bool(draft.task))
        if draft.task != self._task:
            self._task, self._presets = draft.task, []
            self.form.hide()
            self.hint.say("")
            if self._task:
                self.ask()
        items = [("Defaults", -1)]
        items += [(_words(one), place) for place, one in enumerate(self._presets)]
        self.choice.offer(items, self._place())
        self.choice.remark = "edited" if draft.is_edited() else ""
        self.choice.setAccessibleName("Preset, edited" if self.choice.remark else "Preset")
        self.save.grey("" if draft.settings.parameters else "All settings are at their defaults.")

    def ask(self) -> None:
        """Which presets there are."""
        show = self._session.where.get("show")
        argv = ["presets", self._task, *(["--show", show] if show else [])]
        self._session.every(argv, functools.partial(self._heard, self._task))

    def _heard(self, task: str, told: List[Document], problem: Optional[Document]) -> None:
        if not alive(self) or task != self._task:
            return
        self._presets = [one for one in told if "preset" in one]
        broken = [str(one["problem"]) for one in self._presets if one.get("problem")]
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
        preset = self._presets[place] if place >= 0 else None
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
        parameters = json.dumps(self._fixed())
        argv = ["presets", self._task, "--save", name, "--parameters", parameters, "--to", to]
        argv += ["--show", show] if show else []
        self._session.first(argv, functools.partial(self._saved, name, to))

    def _fixed(self) -> Document:
        """What a preset can hold: a curve belongs to the script that it is in."""
        settings = self._draft.settings.parameters
        return {name: value for name, value in settings.items() if not isinstance(value, dict)}

    def _saved(self, name: str, to: str, answer: Document) -> None:
        if not alive(self):
            return
        if "error" in answer:
            said = f"{answer.get('problem', '')} {answer.get('remedy', '')}"
            self.hint.say(said.strip(), "fail", "fail")
            return
        fixed = self._fixed()
        self._draft.settings.preset = {"preset": name, "where": to, "parameters": fixed}
        self.form.hide()
        curves = [label(one) for one in self._draft.settings.parameters if one not in fixed]
        self.hint.say(f"Without the curve of {', '.join(curves)}." if curves else "")
        self.ask()


def _words(preset: Document) -> str:
    whose = _WHOSE.get(str(preset.get("where")), "")
    return f"{preset.get('preset')}, {whose}" if whose else str(preset.get("preset"))
