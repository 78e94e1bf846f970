"""The session: what every panel of a host process shares, and what outlives them all."""

from __future__ import annotations

import functools
import json
import os
import threading
import time
from collections import deque
from typing import Any, Callable, Deque, List, Optional, Tuple

from answerprint_panel import engine, faults
from answerprint_panel.faults import guarded
from answerprint_panel.host import Document, Host, HostError
from answerprint_panel.job_book import JobBook
from answerprint_panel.later import Later
from answerprint_panel.memory import Memory
from answerprint_panel.qt import Qt, QtCore, Signal
from answerprint_panel.request import Done, Event
from answerprint_panel.sidecar import Sidecar

TICK_MILLISECONDS = 100
LOOK_SECONDS = 1.0  # how often the host is asked which script is open
AGAIN_SECONDS = 2.0  # until a watch that has ended is asked for anew, or where takes go is, in vain
SAVE_SECONDS = 0.5
MOST_ERRORS = 20

Then = Callable[[Document], None]
Every = Callable[[List[Document], Optional[Document]], None]


class Session(QtCore.QObject):
    """Keeps the engine, and what it says of server, tasks and jobs; asks it for panels.

    All of it on the host's main thread, and nothing of it waits. There is one in a process: `of`.

    engine    {"state", "problem", "remedy", "fix", "version", "pid", "python"}, see `Sidecar`
    server    as `status` says it; its state is empty until it was heard
    tasks     as `tasks` says them, the last that were told; `tasks_problem` why there are none newer
    jobs      as `jobs` says them, newest first
    fault     the last one of our own, until somebody has seen it; else empty
    where     as `where` says it of the open script, or why not (an error document); empty at first
    """

    engineChanged = Signal(object)  # noqa: N815 - Qt's way of naming a signal, as those below
    serverChanged = Signal(object)  # noqa: N815
    tasksChanged = Signal(object)  # noqa: N815
    jobsChanged = Signal(object)  # noqa: N815
    takesChanged = Signal()  # noqa: N815
    whereChanged = Signal(object)  # noqa: N815
    faultChanged = Signal(object)  # noqa: N815
    _woken = Signal()

    def __init__(self, host: Host) -> None:
        super().__init__()
        self.host = host
        self.server: Document = dict(_UNHEARD)
        self.tasks: List[Document] = []
        self.tasks_problem: Optional[Document] = None
        self.where: Document = {}
        self.fault: Document = {}
        self._book, self._later = JobBook(), Later()
        self._errors: Deque[Tuple[str, str, Document]] = deque(maxlen=MOST_ERRORS)
        self._memory = Memory(os.path.join(engine.home(), "panel.json"))
        self._script: Optional[str] = None
        self._asking_tasks = False
        faults.listen(self._faulty)
        self._is_woken, self._is_over = threading.Event(), threading.Event()
        self._woken.connect(self._turn, Qt.ConnectionType.QueuedConnection)
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(TICK_MILLISECONDS)
        self._timer.timeout.connect(self._turn)
        self._timer.start()
        self.sidecar = Sidecar(wake=self._wake)
        self.engine = self._engine()
        app = QtCore.QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.shutdown)
        self._watch_server()
        self._watch_jobs()
        self._look(ask=True)

    @property
    def jobs(self) -> List[Document]:
        return self._book.jobs

    # Asking

    def ask(
        self, argv: List[str], event: Optional[Event] = None, done: Optional[Done] = None
    ) -> int:
        """Ask a verb; its documents go to `event`, errors among them, its exit code to `done`."""

        @guarded
        def heard(document: Document) -> None:
            if "error" in document:
                self.note(argv[0], document)
            if event is not None:
                event(document)

        return self.sidecar.ask(argv, heard, guarded(done) if done is not None else None)

    def first(self, argv: List[str], then: Optional[Then] = None) -> int:
        """Ask for one document: it, or the error. Empty where the verb ends without any."""
        told: List[Document] = []

        def event(document: Document) -> None:
            told.append(document)
            if len(told) == 1 and then is not None:
                then(document)

        def done(_code: int) -> None:
            if not told and then is not None:
                then({})

        return self.ask(argv, event, done)

    def every(self, argv: List[str], then: Every) -> int:
        """Ask for all documents of a verb, and the error that ended them, or None."""
        told: List[Document] = []

        def done(_code: int) -> None:
            errors = [one for one in told if "error" in one]
            then([one for one in told if "error" not in one], errors[-1] if errors else None)

        return self.ask(argv, told.append, done)

    def cancel(self, number: int) -> None:
        """None of a request's callbacks is called any more."""
        self.sidecar.cancel(number)

    def run(self, document: Document, then: Optional[Then] = None) -> int:
        """Begin a job: then({"job", "pid", ...}), or the error. It outlives us."""
        return self.first(["run", "--document", json.dumps(document)], then)

    def claim(self, document: Document, then: Optional[Then] = None) -> int:
        """Take a job's number and run nothing: then({"path", "take", "frames", "variations"})."""
        return self.first(["run", "--claim", "--document", json.dumps(document)], then)

    def resume(self, path: str, then: Optional[Then] = None) -> int:
        return self.first(["run", "--resume", path], then)

    def rerun(self, path: str, then: Optional[Then] = None) -> int:
        return self.first(["rerun", path], then)

    def cancel_job(self, job: str, then: Optional[Then] = None) -> int:
        """End a job as Ctrl-C does: what is finished stays, and can be resumed."""
        return self.first(["jobs", "--cancel", job], then)

    def forget_job(self, job: str, then: Optional[Then] = None) -> int:
        """Take an ended job from the list; its take stays."""
        return self.first(["jobs", "--forget", job], then)

    def retry_engine(self) -> None:
        self.sidecar.retry()
        self._tell_engine()

    def look(self) -> None:
        """Which script is open now: of another one it is not yet known where its takes go."""
        self._look()

    def refresh(self) -> None:
        """Look again: which script is open, and what the server offers."""
        self._look(ask="error" in self.where)
        self._ask_tasks()

    # Remembering

    def recall(self, key: str, default: Any = None) -> Any:
        return self._memory.recall(key, default)

    def remember(self, key: str, value: Any) -> None:
        """For the next session, and other hosts: anything JSON can hold."""
        self._memory.remember(key, value)
        self._later.put(SAVE_SECONDS, "save", self._save)

    def note(self, what: str, error: Document) -> None:
        """Keep an error for the diagnostics; one that comes again and again counts once, the last."""
        same = [one for one in self._errors if one[1:] == (what, error)]
        for one in same:
            self._errors.remove(one)
        self._errors.append((time.strftime("%H:%M:%S"), what, error))

    def _faulty(self, fault: Document) -> None:
        self.note("panel", fault)
        self.fault = fault
        self.faultChanged.emit(fault)

    def forgive(self) -> None:
        """Somebody has seen the fault."""
        faults.forget()
        self.fault = {}
        self.faultChanged.emit({})

    def diagnostics(self) -> str:
        """Text for the pipeline team."""
        from answerprint_panel import diagnostics  # noqa: PLC0415 - seldom needed, and slow to import

        return diagnostics.text(
            self.host, self.sidecar, self.server, self._errors, [self._memory.problem]
        )

    @guarded
    def shutdown(self) -> None:
        """End the engine; jobs go on. Takes a second at most."""
        self._is_over.set()
        faults.unlisten(self._faulty)
        self._timer.stop()
        self.sidecar.close()
        self._memory.save()
        if self in _SESSIONS:
            _SESSIONS.remove(self)

    # Turns: a little at a time, often

    def _wake(self) -> None:  # on a thread of the sidecar's
        if not self._is_woken.is_set() and not self._is_over.is_set():
            self._is_woken.set()
            self._woken.emit()

    @guarded
    def _turn(self) -> None:
        self._is_woken.clear()
        more = True  # also when a callback fails: the others' turn comes
        try:
            more = self.sidecar.deliver()
        finally:
            if more:
                self._wake()
            self._later.do()
            self._tell_engine()
            self._tell_changes()

    def _save(self) -> None:
        threading.Thread(target=self._memory.save, daemon=True).start()  # a home may be far away

    def _engine(self) -> Document:
        at = self.sidecar
        problem = at.problem or {}
        return {
            "state": at.state,
            "problem": problem.get("problem", ""),
            "remedy": problem.get("remedy", ""),
            "fix": problem.get("fix"),
            "version": at.version,
            "pid": at.pid,
            "python": at.python,
        }

    def _tell_engine(self) -> None:
        now = self._engine()
        if now != self.engine:
            began = now["state"] == "ready" and now["pid"] != self.engine["pid"]
            self.engine = now
            if began:
                self._begin_again()
            if now["problem"]:
                self.note("engine", now)
            self.engineChanged.emit(now)

    def _begin_again(self) -> None:
        """An engine is there, perhaps another one: what the last one could not say is asked now."""
        for what in ("server", "jobs"):
            self._later.hurry(what)
        if self._book.expects:
            self._later.put(AGAIN_SECONDS, "unseen", self._book.drop_unseen)
        if self.tasks_problem is not None:
            self._ask_tasks()
        if "error" in self.where:
            self._look(ask=True)

    def _tell_changes(self) -> None:
        """Once a turn, however much has come in it."""
        changed, self._book.changed = self._book.changed, set()
        if "jobs" in changed:
            self.jobsChanged.emit(self.jobs)
        if "takes" in changed:
            self.takesChanged.emit()

    # What is kept up to date

    def _watch_server(self) -> None:
        self.ask(["status", "--watch"], self._server, self._again("server", self._watch_server))

    def _watch_jobs(self) -> None:
        self._book.expect()
        self.ask(["jobs", "--watch"], self._book.write, self._again("jobs", self._watch_jobs))

    def _again(self, what: str, watch: Callable[[], None]) -> Done:
        def done(_code: int) -> None:
            # one that is being started again takes it at once, and answers when it can
            self._later.put(0 if self.sidecar.state == "restarting" else AGAIN_SECONDS, what, watch)

        return done

    def _server(self, document: Document) -> None:
        before = self.server
        self.server = document.get("server") or {**before, "state": "none", **document}
        if self.server["state"] == "connected" and _offer(before) != _offer(self.server):
            self._ask_tasks()
        if self.server != before:
            self.serverChanged.emit(self.server)

    def _ask_tasks(self) -> None:
        if not self._asking_tasks:
            self._asking_tasks = True
            self.every(["tasks"], self._tasks)

    def _tasks(self, tasks: List[Document], problem: Optional[Document]) -> None:
        self._asking_tasks = False
        self.tasks_problem = problem
        if problem is None or tasks:
            self.tasks = tasks
        self.tasksChanged.emit(self.tasks)

    def _look(self, *, ask: bool = False) -> None:
        """Whether another script is open; also the same one under a new name."""
        self._later.put(LOOK_SECONDS, "look", self._look)
        try:
            script = self.host.script()
        except HostError as error:
            self.note("script", error.as_json())
            return
        if script != self._script:
            self._script, ask = script, True
            self._go({})  # the last one's takes are not this one's
        if ask:
            named = ["--script", script] if script else []
            self.first(["where", *named], functools.partial(self._found, script))

    def _found(self, script: Optional[str], where: Document) -> None:
        if script != self._script:
            return
        if "error" in where:  # a site file that is mended tells nobody
            self._later.put(AGAIN_SECONDS, "where", lambda: self._look(ask="error" in self.where))
        self._go(where)

    def _go(self, where: Document) -> None:
        if where != self.where:
            self.where = where
            self.whereChanged.emit(where)


_UNHEARD = {
    "state": "",
    "name": "",
    "address": None,
    "embedded": False,
    "milliseconds": None,
    "since": None,
    "seen": None,
    "busy": 0,
    "problem": "",
    "remedy": "",
    "fix": None,
}

_SESSIONS: List[Session] = []


def of(host: Host) -> Session:
    """The session of this process; begun with the first host that asks."""
    if not _SESSIONS:
        _SESSIONS.append(Session(host))
    return _SESSIONS[0]


def _offer(server: Document) -> Tuple[Any, ...]:
    """What makes one server another: then its tasks are asked for."""
    return tuple(server.get(key) for key in ("state", "address", "since", "models"))
