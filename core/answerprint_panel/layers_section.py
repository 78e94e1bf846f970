"""Which layer of the plate is what for the model, and what becomes of the others."""

from __future__ import annotations

from typing import Dict, List, Optional

from answerprint_panel import look
from answerprint_panel.choices import Choice
from answerprint_panel.draft import LEFT_OUT, Draft, label
from answerprint_panel.host import Document
from answerprint_panel.kinds import LAYERS, of_task
from answerprint_panel.labels import Words
from answerprint_panel.note import Note
from answerprint_panel.qt import QtWidgets, Signal
from answerprint_panel.rows import Hint, Row, across, down

_LABEL, _CHOICE, _WORD = 60, 128, 66
MOST_NAMED = 6  # layers that are named one by one


class LayerRow(QtWidgets.QWidget):
    """One input: its name, the layer that serves, and how that was found."""

    chosen = Signal(str, str)

    def __init__(self, wanted: Document) -> None:
        super().__init__()
        self._name = str(wanted["name"])
        self._required = bool(wanted.get("required", True))
        self.choice = Choice()
        self.choice.setMaximumWidth(_CHOICE)
        self.choice.setAccessibleName(f"Layer for {label(self._name)}")
        self.choice.setAccessibleDescription(str(wanted.get("help", "")))
        self.choice.setToolTip(str(wanted.get("help", "")))
        self.choice.chosen.connect(lambda layer: self.chosen.emit(self._name, layer or ""))
        self.word = Hint(wrap=False)
        policy = self.word.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.word.setSizePolicy(policy)
        self.word.setMinimumWidth(_WORD)
        words = Words(label(self._name))
        words.setFixedWidth(_LABEL)
        line = across(words, self.choice, self.word)
        line.setStretch(1, 2)
        line.setStretch(2, 1)
        self.setLayout(line)
        self.setMinimumHeight(look.LAYER - look.SMALL)

    def show_state(self, draft: Draft, plan: Document, facts: Document) -> None:
        """As the plan found it; without one, what the plate has and what was chosen."""
        asked = draft.settings.layers.get(self._name)
        found = (plan.get("inputs") or {}).get(self._name) or {}
        known = list((plan.get("choices") or {}).get(self._name) or facts.get("layers") or {})
        layer = found.get("layer") or asked
        if layer is None and self._name in (plan.get("absent") or []):
            layer = LEFT_OUT
        items = [(name, name) for name in dict.fromkeys([*known, *([layer] if layer else [])])]
        items = [one for one in items if one[0] != LEFT_OUT]
        if not self._required:
            items.append(("not used", LEFT_OUT))
        if layer is None:
            items.insert(0, ("by its name", ""))
        self.choice.offer(list(items), layer or "")
        self.choice.setEnabled(len(items) > 1)
        self.word.say(*_word(self._name, layer, found, plan))


def _word(name: str, layer: Optional[str], found: Document, plan: Document) -> tuple[str, str, str]:
    if layer == LEFT_OUT:
        return "not used", "none", "secondary"
    if found:
        asked = found.get("found") == "asked for"
        return ("chosen" if asked else "found"), "pass", "passed"
    wrong = ((plan.get("fix") or {}).get("change") or {}).get("inputs") or {}
    return ("choose one", "warn", "warn") if name in wrong else ("", "", "secondary")


class LayersSection(QtWidgets.QWidget):
    """`chosen` with input and layer; an empty layer: it is found by its name again."""

    chosen = Signal(str, str)

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self.rows: Dict[str, LayerRow] = {}
        self._task = ""
        self._lines = down()
        self.kept = Words(role="secondary", wrap=True)
        self.note = Note()
        self._row = Row("Layers", self._lines, self.kept)
        self.setLayout(down(self._row, self.note))

    def show_state(self, draft: Draft, plan: Document, facts: Document) -> None:
        self.setVisible(bool(draft.task))
        if draft.task != self._task:
            self._draw(draft)
            self._row.label.say(LAYERS.get(of_task({"contract": draft.contract}), "Layers"))
        for row in self.rows.values():
            row.show_state(draft, plan, facts)
        said = kept(list(plan.get("kept") or []), list(plan.get("left_out") or []))
        self.kept.say(said)
        self.kept.setVisible(bool(said))

    def _draw(self, draft: Draft) -> None:
        self._task = draft.task
        for row in self.rows.values():
            row.hide()
            row.deleteLater()
        self.rows = {}
        for wanted in draft.contract.get("inputs") or []:
            if not wanted.get("follows"):  # those have another's layer
                row = LayerRow(wanted)
                row.chosen.connect(self.chosen)
                self.rows[wanted["name"]] = row
                self._lines.addWidget(row)


def kept(names: List[str], left_out: List[str]) -> str:
    """What becomes of the layers that the model does not make."""
    said = []
    if names:
        said.append(f"{_listed(names)}: kept as {'it is' if len(names) == 1 else 'they are'}")
    if left_out:
        said.append(f"{_listed(left_out)}: not in the take")
    return "; ".join(said)


def _listed(names: List[str]) -> str:
    """depth, crypto00 to crypto02: names in a row that are numbered through are one."""
    runs: List[List[str]] = []
    for name in names:
        if runs and _follows(runs[-1][-1], name):
            runs[-1].append(name)
        else:
            runs.append([name])
    said = [run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
    more = len(said) - MOST_NAMED
    return ", ".join(said if more <= 0 else [*said[:MOST_NAMED], f"{more} more"])


def _follows(one: str, other: str) -> bool:
    stem, digits = _numbered(one)
    after, following = _numbered(other)
    both = bool(digits) and bool(following) and stem == after
    return both and int(following) == int(digits) + 1


def _numbered(name: str) -> tuple[str, str]:
    stem = name.rstrip("0123456789")
    return stem, name[len(stem) :]
