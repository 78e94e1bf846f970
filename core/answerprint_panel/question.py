"""A question to the engine of which only the newest answer counts."""

from __future__ import annotations

from typing import Callable, List, Optional

from answerprint_panel.faults import guarded
from answerprint_panel.host import Document
from answerprint_panel.qt import QtCore, alive
from answerprint_panel.session import Session


class Question(QtCore.QObject):
    """Asks a verb for its first document; an older question is cancelled, its answer never heard.

    delay   milliseconds that it waits for another one to follow, as while a slider is moved
    """

    def __init__(
        self,
        session: Session,
        then: Callable[[Document], None],
        *,
        delay: int = 0,
        parent: Optional[QtCore.QObject] = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._then = session, then
        self._argv: List[str] = []
        self._number: Optional[int] = None
        self._count = 0
        self._timer = QtCore.QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(delay)
        self._timer.timeout.connect(self._ask)

    def ask(self, argv: List[str]) -> None:
        self.drop()
        self._argv = argv
        self._timer.start()

    def drop(self) -> None:
        """Whatever was asked is not wanted any more."""
        self._timer.stop()
        self._count += 1
        if self._number is not None:
            number, self._number = self._number, None
            self._session.cancel(number)

    def is_open(self) -> bool:
        return self._timer.isActive() or self._number is not None

    @guarded
    def _ask(self) -> None:
        count = self._count

        def heard(answer: Document) -> None:
            if alive(self) and count == self._count:
                self._number = None
                self._then(answer)

        self._number = self._session.first(self._argv, heard)
