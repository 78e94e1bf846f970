"""What the engine says of a draft: the plate's facts, where takes go, and the plan."""

from __future__ import annotations

import json
from typing import Any, List, Optional

from answerprint_panel.host import Document, Source
from answerprint_panel.qt import QtCore, Signal
from answerprint_panel.question import Question
from answerprint_panel.session import Session

PLAN_MILLISECONDS = 250


class Study(QtCore.QObject):
    """Asks as the draft changes; only the newest answers count.

    facts      as `inspect` says them, or its error; empty while nothing is known
    plan       as `plan` says it, or its error; empty while there is none
    renders    where the host renders the node to: a folder's path; empty where it has none
    """

    factsChanged = Signal()  # noqa: N815 - Qt's way of naming a signal
    planChanged = Signal()  # noqa: N815
    rendersChanged = Signal()  # noqa: N815

    def __init__(self, session: Session, parent: Optional[QtCore.QObject] = None) -> None:
        super().__init__(parent)
        self.facts: Document = {}
        self.plan: Document = {}
        self.renders: Document = {}
        self._facts = Question(session, self._inspected, parent=self)
        self._plan = Question(session, self._planned, delay=PLAN_MILLISECONDS, parent=self)
        self._renders = Question(session, self._found, parent=self)
        self._asked: List[Any] = []

    def forget_plate(self) -> None:
        """Another plate: an answer about the one before, however late, is not heard."""
        self._facts.drop()
        self._renders.drop()
        self.facts, self.renders = {}, {}
        self.forget_plan()

    def look_at(self, path: str, space: Optional[str], says: str) -> None:
        """Ask what a plate is; `space` where it is known, and who says so."""
        self.facts = {}
        self._renders.drop()
        named = ["--colour", space, "--said-by", says] if space else []
        self._facts.ask(["inspect", path, *named])

    def find_renders(self, source: Source, script: Optional[str]) -> None:
        """Ask where a node's frames are rendered to: another folder for other pixels."""
        self.facts, self.renders = {}, {}
        self._facts.drop()
        named = ["--script", script] if script else []
        self._renders.ask(["where", *named, "--node", source.node, "--key", source.key])

    def weigh(self, job: Document) -> None:
        """Ask for the plan, unless it is the one that was asked for last."""
        if self._asked != [job]:
            self._asked = [job]
            self._plan.ask(["plan", "--document", json.dumps(job)])

    def forget_plan(self) -> None:
        """There is nothing to plan now; the next draft is asked about, whatever it is."""
        self._asked = []
        self._plan.drop()
        self.plan = {}

    def ask_again(self) -> None:
        self._asked = []

    def is_planning(self) -> bool:
        return self._plan.is_open()

    def _inspected(self, answer: Document) -> None:
        self.facts = answer
        self.factsChanged.emit()

    def _planned(self, answer: Document) -> None:
        self.plan = answer
        self.planChanged.emit()

    def _found(self, answer: Document) -> None:
        self.renders = answer
        self.rendersChanged.emit()
