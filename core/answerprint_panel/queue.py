"""The queue: a row for each of the user's jobs, of this script or another, until it is done with."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Dict, List, Optional

from answerprint_panel import asked, connection, job_words, look, scripts, words
from answerprint_panel.faults import guarded
from answerprint_panel.host import HostError
from answerprint_panel.insets import inset
from answerprint_panel.life import Life
from answerprint_panel.qt import QtCore, QtGui, QtWidgets, Signal
from answerprint_panel.queue_row import QueueRow
from answerprint_panel.session import Session
from answerprint_panel.widgets import Fold, down

Document = Dict[str, Any]

SHOWN_SECONDS = 20.0  # a complete job stays so long: its take stands below by then
TURN_MILLISECONDS, TURN_DEGREES = 80, 24.0
ROWS_A_TURN = 4  # made in one go; the others follow, so that the host never waits for fifty
FOLD = "queue"


class Queue(QtWidgets.QWidget):
    """Jobs as the session knows them. Rows are changed in place, and hidden where there are none.

    counted     how many jobs are at work or waiting, whenever that has changed
    """

    counted = Signal(int)

    def __init__(self, session: Session, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self._session, self._life = session, Life(self)
        self._rows: Dict[str, QueueRow] = {}
        self._jobs: List[Document] = []
        self._active, self._degrees = 0, 0.0
        self._list = QtWidgets.QWidget()
        self._column = down(gap=0)
        self._list.setLayout(self._column)
        self._fold = Fold("Queue", self._list, open=bool(session.recall(FOLD, True)))
        inset(self._fold)
        self._fold.toggled.connect(lambda is_open: session.remember(FOLD, is_open))
        self.setLayout(down(self._fold))
        self._again = self._timer(0, self._show_rows, single=True)
        self._leave = self._timer(0, self._show, single=True)
        self._turning = self._timer(TURN_MILLISECONDS, self._turn)
        session.jobsChanged.connect(self._show)
        session.serverChanged.connect(self._show)
        session.whereChanged.connect(self._show)
        self._show()

    def _timer(self, milliseconds: int, then: Any, *, single: bool = False) -> QtCore.QTimer:
        made = QtCore.QTimer(self)
        made.setSingleShot(single)
        made.setInterval(milliseconds)
        made.timeout.connect(then)
        return made

    @property
    def rows(self) -> List[QueueRow]:
        """From top to bottom."""
        return [self._rows[str(job["job"])] for job in self._jobs if str(job["job"]) in self._rows]

    @guarded
    def _show(self, _changed: object = None) -> None:
        now = datetime.now(timezone.utc)
        self._jobs = [job for job in self._session.jobs if _is_shown(job, now)]
        self._fold.say(job_words.heading(self._jobs))
        self.setVisible(bool(self._jobs))
        names = {str(job["job"]) for job in self._jobs}
        for name in [name for name in self._rows if name not in names]:
            self._drop(name)
        self._show_rows()
        self._wait_for_the_next_to_leave(now)
        active = sum(job.get("state") in job_words.ACTIVE for job in self._jobs)
        if active != self._active:
            self._active = active
            self.counted.emit(active)
        self._move(any(row.row is not None and row.row.moving for row in self._rows.values()))

    @guarded
    def _show_rows(self) -> None:
        made, first = 0, _first_active(self._jobs)
        for place, job in enumerate(self._jobs):
            name = str(job["job"])
            if name not in self._rows:
                if made == ROWS_A_TURN:
                    self._again.start()
                    return
                made += 1
                self._add(name, place)
            row = self._worded(job, calms=name == first)
            self._rows[name].show_row(row, cancelling=bool(job.get("cancelling")))

    def _worded(self, job: Document, *, calms: bool) -> job_words.JobRow:
        """`calms`: one row says that the host may be closed, that is enough for all."""
        return job_words.row(
            job,
            server=connection.name(self._session.server),
            host=self._session.host.title if calms else "",
            script=scripts.path(self._session.host),
        )

    def _add(self, name: str, place: int) -> None:
        row = QueueRow(self._session.diagnostics)
        row.did.connect(lambda verb, fix: self._did(name, verb, fix))
        self._rows[name] = row
        before = [str(job["job"]) for job in self._jobs[:place]]
        self._column.insertWidget(sum(one in self._rows for one in before), row)

    def _drop(self, name: str) -> None:
        row = self._rows.pop(name)
        had = row.isAncestorOf(QtWidgets.QApplication.focusWidget() or row.parentWidget() or row)
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()
        if had and self.rows:
            self.rows[0].setFocus()

    def _wait_for_the_next_to_leave(self, now: datetime) -> None:
        ages = [_age(job, now) for job in self._jobs if job.get("state") == "complete"]
        if ages:
            self._leave.start(max(0, round(1000 * (SHOWN_SECONDS - max(ages)))) + 50)

    # What was pressed

    @guarded
    def _did(self, name: str, verb: str, fix: Optional[Document]) -> None:
        job = next((job for job in self._jobs if job["job"] == name), None)
        if job is None:
            return

        def then(answer: Document) -> None:
            self._answered(name, answer, forget=verb in ("fix", "again"))

        try:
            self._do(job, verb, fix, self._life(then))
        except HostError as error:
            then(error.as_json())

    def _do(self, job: Document, verb: str, fix: Optional[Document], then: Any) -> None:
        """Raises HostError: what the job was asked to do cannot be read."""
        session, name = self._session, str(job["job"])
        if verb == "cancel":
            session.cancel_job(name, then)
        elif verb == "dismiss":
            session.forget_job(name, then)
        elif verb == "resume":
            session.resume(job["path"], then)
        elif fix is not None and fix.get("argv"):
            session.first([str(word) for word in fix["argv"]], then)
        else:
            change = (fix or {}).get("change") or {}
            session.run(asked.changed(asked.document(job), change), then)

    def _answered(self, name: str, answer: Document, *, forget: bool) -> None:
        if "error" in answer:
            if name in self._rows:
                self._rows[name].show_error(answer)
        elif forget and "job" in answer:  # another job does now what this one could not
            self._session.forget_job(name)

    # The ring of what runs

    def _move(self, moving: bool) -> None:
        animated = self.style().styleHint(
            QtWidgets.QStyle.StyleHint.SH_Widget_Animation_Duration, None, self
        )
        if moving and animated > 0 and self.isVisible():
            if not self._turning.isActive():
                self._turning.start()
        else:
            self._turning.stop()

    @guarded
    def _turn(self) -> None:
        self._degrees = (self._degrees + TURN_DEGREES) % 360
        for row in self._rows.values():
            row.turn(self._degrees)

    def showEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self._move(any(row.row is not None and row.row.moving for row in self._rows.values()))

    def hideEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self._turning.stop()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QtGui.QPainter(self)
        painter.fillRect(0, 0, self.width(), 1, look.of(self).line)
        painter.end()


def _first_active(jobs: List[Document]) -> str:
    return next((str(job["job"]) for job in jobs if job.get("state") in job_words.ACTIVE), "")


def _age(job: Document, now: datetime) -> float:
    ended = words.moment(job.get("ended"))
    return (now - ended).total_seconds() if ended is not None else 0.0


def _is_shown(job: Document, now: datetime) -> bool:
    """Not one that a newer job of the same take speaks for, nor one that is done and seen."""
    if job.get("followed"):
        return False
    return job.get("state") != "complete" or _age(job, now) < SHOWN_SECONDS
