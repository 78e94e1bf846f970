"""The way of colour in words, and another space where the one that was found is wrong."""

from __future__ import annotations

from typing import List, Optional

from answerprint_panel.choices import Choice
from answerprint_panel.draft import Draft
from answerprint_panel.faults import guarded
from answerprint_panel.fields import Field
from answerprint_panel.host import Document
from answerprint_panel.kinds import is_image
from answerprint_panel.note import Note
from answerprint_panel.qt import QtWidgets, Signal
from answerprint_panel.rows import Hint, Row, down

_FOUND, _ANOTHER = "", "\n"
# the ones that plates come in; any other name of the configuration can be typed
USUAL = ("ACEScg", "ACES2065-1", "ACEScct", "Linear Rec.709 (sRGB)", "sRGB Encoded Rec.709 (sRGB)")


class ColourSection(QtWidgets.QWidget):
    """`said` with the space that a person says the plate is in; empty: as it is found."""

    said = Signal(str)

    def __init__(self, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self._of = ("", "")  # the plate that is shown
        self.choice = Choice()
        self.choice.chosen.connect(self._chosen)
        self.name = Field()
        self.name.line.setPlaceholderText("Name of a colour space")
        self.name.name("Colour space of the plate", "As the OpenColorIO configuration names it.")
        self.name.edited.connect(lambda text: self.said.emit(text.strip()))
        self.name.hide()
        self.hint = Hint()
        self.note = Note()
        self.setLayout(down(Row("Colour", self.choice, self.name, self.hint), self.note))

    def show_state(self, draft: Draft, plan: Document, facts: Document) -> None:
        source = draft.source
        self.setVisible(is_image(source, facts))
        found = dict(plan.get("colour") or facts.get("colour") or {})
        of = (source.node if source is not None else "", draft.path)
        if of != self._of:  # what was typed was meant for another plate
            self._of = of
            self.name.line.clear()
            self.name.hide()
        spaces: List[str] = list(USUAL)
        if draft.space and draft.space not in spaces:
            spaces.insert(0, draft.space)
        named = source.space if source is not None and source.space else found.get("space", "")
        as_found = f"As found: {named}" if named and draft.space is None else "As found"
        items = [(as_found, _FOUND), *((space, space) for space in spaces)]
        self.choice.offer([*items, ("Another…", _ANOTHER)], draft.space or _FOUND)
        self.choice.shown = way(draft, plan, found)
        self.choice.setAccessibleName(f"Colour: {self.choice.shown}")
        self.choice.setToolTip(self.choice.shown)
        self.hint.say(*_how(draft, found))

    @guarded
    def _chosen(self, space: str) -> None:
        self.name.setVisible(space == _ANOTHER)
        if space == _ANOTHER:
            self.name.line.clear()
            self.name.setFocus()
        else:
            self.said.emit(space)


def way(draft: Draft, plan: Document, found: Document) -> str:
    """ACEScg → linear for the model → ACEScg; as much of it as is known."""
    if plan.get("colour"):
        return str(plan["colour"].get("words", ""))
    if plan.get("estimate"):  # a whole plan, and no colour in it
        return "Numbers, no colour: they stay as they are"
    source = draft.source
    if draft.space:
        return draft.space
    if source is not None and source.data:
        return "Data, no colour"
    space = source.space if source is not None and source.space else found.get("space")
    return str(space or "Not known yet")


def _how(draft: Draft, found: Document) -> tuple[str, str, str]:
    """What is worth saying of how the space was found: only where nobody said it."""
    if draft.space is None and found.get("source") == "assumed":
        space = found.get("space", "")
        return f"Nothing says what space the plate is in; {space} is assumed.", "info", "secondary"
    return "", "info", "secondary"
