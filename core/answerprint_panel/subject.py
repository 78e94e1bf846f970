"""The plate of a new take: which node or file it is, what is known of it, and whether it changed."""

from __future__ import annotations

import dataclasses
from typing import Optional

from answerprint_panel import words
from answerprint_panel.at_host import AtHost
from answerprint_panel.draft import Draft
from answerprint_panel.faults import guarded
from answerprint_panel.host import HostError, Source
from answerprint_panel.qt import QtCore, Signal, alive
from answerprint_panel.session import Session
from answerprint_panel.set_up import ASKED, FACTS, NODE, SetUp
from answerprint_panel.spans import numbers
from answerprint_panel.study import Study


class Subject(QtCore.QObject):
    """Holds the draft to its node; what is wrong with the plate it says beside it.

    begun      another plate: what was said of the one before is over
    sourced    the plate
    changed    something else is known of it
    settled    it is known where it is rendered to
    lost       what was asked for before cannot be done now
    """

    begun = Signal()
    sourced = Signal(object)
    changed = Signal()
    settled = Signal()
    lost = Signal()

    def __init__(
        self, session: Session, draft: Draft, study: Study, parts: SetUp, parent: QtCore.QObject
    ) -> None:
        super().__init__(parent)
        self._host, self._draft, self._study, self._parts = session.host, draft, study, parts
        self._at = AtHost(session.host, draft)
        self._looked: Optional[Source] = None  # the source as the host said it, without its key
        self._keys = 0
        self._script = self._at.script()
        study.factsChanged.connect(self._facts)
        study.rendersChanged.connect(self._renders)

    @guarded
    def use_selected(self, quietly: bool = False) -> None:
        """The selected node as the plate; `quietly`: no selection is no error, as at the start."""
        self.lost.emit()
        try:
            source = self._host.selection()
        except HostError as error:
            if not quietly:
                self._say_of_plate(error, ASKED)
            self.changed.emit()
            return
        self.use(source)

    @guarded
    def use(self, source: Source) -> None:
        self.begun.emit()
        self._parts.clear(NODE, FACTS)
        self._study.forget_plate()
        self._keys += 1  # nor does a key count that is still being made
        if self._script != self._at.script():  # a node of the same name there is another
            self._draft.source = None
        self._script = self._at.script()
        self._looked = source
        self._draft.take_up(source)
        self.ask_facts()
        self.sourced.emit(source)
        self.changed.emit()

    def _say_of_plate(self, error: HostError, origin: str) -> None:
        self._parts.show_error(
            self._parts.plate.note, error.as_json(), origin, again=origin == FACTS
        )

    def ask_facts(self) -> None:
        source = self._draft.source
        if source is None:
            return
        if source.kind == "render" and not self._draft.path:
            self.find_renders()
            return
        space, says = self._draft.space, "you"
        if space is None and not source.data and not source.config:
            space, says = source.space, self._host.name
        self._study.look_at(self._draft.path, space, says)

    def find_renders(self) -> None:
        """Its folder is named after what it shows now; a large comp takes a while to tell."""
        self._keys += 1
        count = self._keys

        @guarded
        def keyed(found: Source, error: Optional[HostError]) -> None:
            if alive(self) and count == self._keys:
                self._keyed(found, error)

        if self._looked is not None:
            try:
                self._host.keyed(self._looked, keyed)
            except HostError as error:
                self._keyed(self._looked, error)

    def _keyed(self, found: Source, error: Optional[HostError]) -> None:
        before = self._draft.source
        if error is not None:
            self.lost.emit()
            self._say_of_plate(error, FACTS)
        elif before is not None and before.key == found.key and self._draft.path:
            self.settled.emit()
        else:
            self._draft.source, self._draft.path = found, ""
            self._study.find_renders(found, self._at.script())

    @guarded
    def _renders(self) -> None:
        """Where the node is rendered to; perhaps some of it is there already."""
        renders, source = self._study.renders, self._draft.source
        if source is not None and renders.get("renders"):
            stem = words.own_name(source.node) or "plate"
            self._draft.path = f"{renders['renders']}/{stem}.####{source.suffix}"
            self.ask_facts()
        self.changed.emit()
        self.settled.emit()

    @guarded
    def _facts(self) -> None:
        facts, source = self._study.facts, self._draft.source
        self._parts.clear(FACTS)
        if "error" in facts and self.is_on_disk():
            self._parts.show_error(self._parts.plate.note, facts, FACTS)
        if source is not None and not source.node and "first" in facts:
            found = dataclasses.replace(
                source, first=facts["first"], last=facts["last"], title=str(facts["title"])
            )
            self._draft.source, self._draft.path = found, str(facts["path"])
            self.sourced.emit(found)
        self.changed.emit()

    def look_again(self) -> bool:
        """Whether the node is there, and as it was; where it has changed its facts are renewed.

        Of a node that has to be rendered other pixels are no change: its key tells them.
        """
        source = self._draft.source
        if source is None or not source.node:
            return True
        try:
            now = self._host.source(source.node)
        except HostError as error:
            self._say_of_plate(error, NODE)
            return False
        self._parts.clear(NODE)
        before, self._looked = self._looked, now
        if before is None or _told(now) == _told(before):
            return True
        self.use(now)
        return False

    def is_on_disk(self) -> bool:
        return self._draft.source is not None and self._draft.source.kind != "render"

    def is_there(self) -> bool:
        """Whether the engine can look at the frames: a node's exist once they are rendered."""
        source = self._draft.source
        if source is None or source.kind != "render":
            return True
        wanted = numbers(self._at.frames())
        found = set(numbers(str(self._study.facts.get("frames") or "")))
        return bool(wanted) and found.issuperset(wanted)

    @guarded
    def move(self) -> None:
        """Another script, or another name for it: renders go elsewhere, nodes may be others or gone."""
        self.look_again()
        if self._draft.source is not None and self._draft.source.kind == "render":
            self._draft.path = ""
            self.ask_facts()
        self.changed.emit()


def _told(source: Source) -> Source:
    """What a host says of a node without making its key."""
    return dataclasses.replace(source, key="") if source.kind == "render" else source
