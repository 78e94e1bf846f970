"""The panel: one column, read downwards. Connection, a new take, what runs, and the takes.

All that matters lives in the session, so a panel can be closed and opened as often as one likes.
"""

from __future__ import annotations

from typing import Any, Optional

from answerprint_panel import look, note as notes, tab_order, trouble
from answerprint_panel.faults import guarded
from answerprint_panel.header import Header
from answerprint_panel.host import Document, HostError
from answerprint_panel.life import Life, soon
from answerprint_panel.new_take import NewTake
from answerprint_panel.note import Note
from answerprint_panel.qt import Qt, QtCore, QtGui, QtWidgets
from answerprint_panel.queue import Queue
from answerprint_panel.rows import down
from answerprint_panel.session import Session
from answerprint_panel.slim import SlimBar
from answerprint_panel.takes import Takes

FOLD = "new take folds"
NARROWEST = 340
DISMISS: Document = {"label": "Dismiss"}
SINCE_MILLISECONDS = 5000
TROUBLED = ("away", "none", "refused", "not ready")


class Column(QtWidgets.QScrollArea):
    """All parts below each other, never narrower than the widest: a number that is cut is another one."""

    def minimumSizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        inside = self.widget()
        wide = inside.minimumSizeHint().width() if inside else 0
        bar = self.verticalScrollBar().sizeHint().width()
        return QtCore.QSize(max(NARROWEST, wide + bar), 120)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QtCore.QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))


class Panel(QtWidgets.QWidget):
    """Made of a session's state at once; usable before any engine or server has answered."""

    def __init__(self, session: Session, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self._session, self._life = session, Life(self)
        self._help: Optional[QtWidgets.QWidget] = None
        self._active = 0
        self.setObjectName("answerprint.panel")
        self.setWindowTitle("Answerprint")
        self.setAccessibleName("Answerprint")
        self.header = Header(session)
        self.note = Note(diagnostics=session.diagnostics)
        self.fault = Note(diagnostics=session.diagnostics)
        self.new_take = NewTake(session)
        self.queue = Queue(session)
        self.takes = Takes(session)
        self._lay_out()
        self._connect()
        self._since = QtCore.QTimer(self)  # for how long, it says as well
        self._since.timeout.connect(self._show_trouble)
        self._since.start(SINCE_MILLISECONDS)
        self._show_trouble()
        self._show_fault(session.fault)
        self._count(sum(job.get("state") in ("starting", "running") for job in session.jobs))
        self.settle_filled()
        self._order_soon()

    def sizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        return QtCore.QSize(look.WIDTH, 900)

    def _lay_out(self) -> None:
        top = QtWidgets.QWidget()
        inner = down(self.fault, self.note, gap=look.GAP)
        inner.setContentsMargins(look.MARGIN, look.WIDE, look.MARGIN, 0)
        top.setLayout(inner)
        self._top = top
        column = down(top, self.new_take, self.queue, self.takes, gap=0)
        column.addStretch(1)
        inside = self._inside = QtWidgets.QWidget()
        inside.setLayout(column)
        self.column = Column()
        self.column.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.column.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.column.setVerticalScrollBar(SlimBar())
        self.column.setWidgetResizable(True)
        self.column.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.column.setWidget(inside)
        self.setLayout(down(self.header, self.column, gap=0))

    def _connect(self) -> None:
        session = self._session
        session.engineChanged.connect(self._show_trouble)
        session.serverChanged.connect(self._show_trouble)
        session.jobsChanged.connect(self._show_trouble)  # which of them wait, it says as well
        session.faultChanged.connect(self._show_fault)
        self.fault.fixed.connect(self._forgive)
        self.header.helped.connect(self.open_help)
        self.note.fixed.connect(self._mend)
        self.new_take.sourced.connect(self._sourced)
        self.new_take.started.connect(self._started)
        self.new_take.parts.form.redrawn.connect(self._order_soon)
        self.new_take.parts.folded.opened.connect(lambda: self._fold(folded=False))
        self.new_take.parts.heading.clicked.connect(lambda: self._fold(folded=True))
        self.queue.counted.connect(self._count)
        self._sourced(self.new_take.draft.source)

    # What is wrong as a whole

    @guarded
    def _show_trouble(self, _changed: Any = None) -> None:
        """The engine before the server: without it nothing can be said of a server."""
        engine, server = self._session.engine, self._session.server
        if engine.get("problem"):
            self.note.show_error(engine, icon="fail", status="fail")
        elif server.get("state") in TROUBLED and server.get("problem"):
            self.note.show_error(
                server,
                icon="unplugged",
                status="warn",
                lines=trouble.lines(server, self._session.jobs),
            )
        else:
            self.note.clear()
        self._show_top()

    @guarded
    def _show_fault(self, fault: Document) -> None:
        """A fault of our own; what a host says it cannot do comes the same way, in its words."""
        if fault:
            self.fault.show_error({**fault, "fix": fault.get("fix") or DISMISS})
        else:
            self.fault.clear()
        self._show_top()

    @guarded
    def _forgive(self, fix: Document) -> None:
        self._session.forgive()
        if fix.get("argv"):
            self._mend(fix)

    def _show_top(self) -> None:
        self._top.setVisible(not (self.note.isHidden() and self.fault.isHidden()))

    @guarded
    def _mend(self, fix: Document) -> None:
        if fix.get("argv"):
            self._session.first([str(word) for word in fix["argv"]], self._life(self._mended))
        elif self._session.engine.get("problem"):
            self._session.retry_engine()
        self._session.refresh()

    def _mended(self, answer: Document) -> None:
        if "error" in answer:
            self.note.show_error(answer, icon="unplugged", status="warn")
            self._show_top()

    # The parts among themselves

    @guarded
    def settle_filled(self) -> None:
        """One filled button in the whole panel."""
        for run in (self.new_take.parts.run.all, self.new_take.parts.folded.run):
            notes.settle(self, run)

    @guarded
    def _sourced(self, source: Any) -> None:
        if source is not None:
            self.takes.look_at(self.new_take.draft.path or source.path, source.node)

    @guarded
    def _started(self, _job: Document) -> None:
        if self._session.recall(FOLD, True):
            self.new_take.parts.fold(True)

    @guarded
    def _count(self, active: int) -> None:
        """While jobs run a new take is one line; when none does any more it opens again."""
        if active and not self._active and self._session.recall(FOLD, True):
            self.new_take.parts.fold(True)
        elif not active:
            self.new_take.parts.fold(False)
        self._active = active
        self.new_take.parts.can_fold(bool(active))

    @guarded
    def _fold(self, *, folded: bool) -> None:
        self._session.remember(FOLD, folded)
        self.new_take.parts.fold(folded)
        (self.new_take.parts.folded.words if folded else self.new_take.parts.task).setFocus()

    @guarded
    def _order_soon(self) -> None:
        soon(self, self.order)

    @guarded
    def order(self) -> None:
        """Settings and help, which stand above all, come last."""
        tab_order.follow(self._inside, self.header)

    # Keys

    @guarded
    def open_help(self) -> None:
        from answerprint_panel.help import Help  # noqa: PLC0415 - not before somebody asks

        self._help = Help(self._session.host.title, self)
        self._help.show()

    @guarded
    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape:
            self._return_focus()
        elif event.key() in (Qt.Key.Key_F1, Qt.Key.Key_Question):
            self.open_help()
        else:
            super().keyPressEvent(event)

    def _return_focus(self) -> None:
        try:
            self._session.host.return_focus()
        except HostError as error:
            self._session.note("focus", error.as_json())

    @guarded
    def enterEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Whoever comes back from the host may have changed the node."""
        self.new_take.look_again()
        super().enterEvent(event)
