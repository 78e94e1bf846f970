"""News: gates or people have said something else of takes that are shown, here or anywhere."""

from __future__ import annotations

from typing import Callable, Dict, List

from answerprint_panel import judged, watch
from answerprint_panel.faults import guarded
from answerprint_panel.host import Document
from answerprint_panel.qt import QtCore, Signal
from answerprint_panel.session import Session

MOST_WATCHED = 60  # streams; the newest, where there are very many


class News(QtCore.QObject):
    """`come` when what is shown is not true any more."""

    come = Signal()

    def __init__(self, session: Session, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._watch, self._who = watch.of(session), f"list {id(self)}"
        self._shown: Dict[str, Dict[str, judged.Saying]] = {}
        self._watch.heard.connect(self._heard)
        parent.destroyed.connect(self._let_go(self._watch, self._who))

    @staticmethod
    def _let_go(of: watch.Watch, who: str) -> Callable[..., None]:
        return lambda *_gone: of.want(who, ())

    def follow(self, takes: List[Document]) -> None:
        """These are shown now; none: nobody can see them."""
        self._shown = {}
        for take in takes:
            told = self._shown.setdefault(watch.folder(take), {})
            told[str(take.get("take"))] = judged.saying(take)
        self._watch.want(self._who, list(self._shown)[:MOST_WATCHED])

    @guarded
    def _heard(self, folder: str, document: Document) -> None:
        shown = self._shown.get(folder, {})
        told = {str(one.get("take")): judged.saying(one) for one in document.get("takes") or []}
        if any(told[take] != said for take, said in shown.items() if take in told):
            self.come.emit()
