"""A new take: everything from the task to the Run button."""

from __future__ import annotations

import functools
import json
from typing import List, Optional, Tuple

from answerprint_panel import (
    farm,
    frames_section,
    kinds,
    launch as launches,
    more_section,
    plate_section,
    task_picker,
)
from answerprint_panel.at_host import AtHost
from answerprint_panel.click import Click
from answerprint_panel.draft import Draft
from answerprint_panel.faults import guarded
from answerprint_panel.host import Document, HostError, Source
from answerprint_panel.note import Note
from answerprint_panel.qt import QtCore, QtGui, QtWidgets, Signal, alive
from answerprint_panel.rows import down
from answerprint_panel.session import Session
from answerprint_panel.set_up import ASKED, LAUNCH, NODE, PLAN, SetUp
from answerprint_panel.spans import count, in_words
from answerprint_panel.study import Study
from answerprint_panel.subject import Subject
from answerprint_panel.waiting import why_not

MOST_KEPT = 100_000  # characters of the tasks that are remembered
FOLLOW_MILLISECONDS = 1000  # how often the host's current frame and range are looked at


class NewTake(QtWidgets.QWidget):
    """Holds the draft; its sections show it and change it, the engine says what would come of it.

    sourced    another plate, or none (None)
    started    a job has begun
    """

    sourced = Signal(object)
    started = Signal(dict)

    def __init__(self, session: Session, parent: Optional[QtWidgets.QWidget] = None) -> None:
        super().__init__(parent)
        self._session, self._host = session, session.host
        self.draft = Draft()
        self._at = AtHost(session.host, self.draft)
        self.study = Study(session, self)
        self.launch = launches.of(session)
        self._click = Click()
        self._asked_all = True
        self._unmade: Document = {}  # why no job can be made of the draft
        self.parts = SetUp(session)
        self.subject = Subject(session, self.draft, self.study, self.parts, self)
        self.setLayout(down(self.parts))
        self._connect()
        self._follow = QtCore.QTimer(self)
        self._follow.setInterval(FOLLOW_MILLISECONDS)
        self._follow.timeout.connect(self._look_at_host)
        self._follow.start()
        self._seen: Tuple[object, ...] = ()
        self._good: Tuple[object, Document] = (None, {})
        self._tasks()
        self.use_selected(quietly=True)
        if self.launch.problem:  # no panel was there to say it
            self.parts.place(self.launch.problem, LAUNCH)

    def _connect(self) -> None:
        session = self._session
        session.tasksChanged.connect(self._tasks)
        session.serverChanged.connect(self._server_changed)
        session.whereChanged.connect(self.subject.move)
        session.takesChanged.connect(self._taken)
        self.parts.task.picked.connect(self.pick)
        self.parts.plate.wanted.connect(self.use_selected)
        self.parts.plate.opened.connect(lambda path: self.use(plate_section.from_file(path)))
        self.parts.layers.chosen.connect(self._layer)
        self.parts.frames.moded.connect(self._mode)
        self.parts.frames.ranged.connect(self._range)
        self.parts.frames.sped.connect(self._speed)
        self.parts.colour.said.connect(self._space)
        self.parts.presets.applied.connect(self.refresh)
        self.parts.form.changed.connect(self.refresh)
        self.parts.form.failed.connect(self.parts.place)
        self.parts.more.changed.connect(self.refresh)
        self.parts.more_fold.toggled.connect(lambda open_: session.remember("more", open_))
        self.parts.run.asked.connect(self.run)
        self.parts.run.farmed.connect(lambda: self.run(True, for_farm=True))
        self.parts.run.cancelled.connect(self.launch.cancel)
        self.parts.folded.run.clicked.connect(lambda: self.run(True))
        self.study.planChanged.connect(self._planned)
        self.subject.begun.connect(self._start_over)
        self.subject.sourced.connect(self.sourced)
        self.subject.changed.connect(self._suit)
        self.subject.settled.connect(self._go_on)
        self.subject.lost.connect(self._click.take)
        self.launch.stepped.connect(self._stepped)
        self.launch.started.connect(self.started)
        self.launch.claimed.connect(self._claimed)
        self.launch.failed.connect(self._failed)
        self.launch.changed.connect(self._launched)
        for note in self.parts.notes:
            note.fixed.connect(functools.partial(self._mend_at, note))

    # The task

    @guarded
    def _tasks(self, _tasks: object = None) -> None:
        """The first time, the task that was used last, else the first that can be used."""
        tasks = self._known_tasks()
        names = {str(one.get("task")): one for one in tasks if one.get("contract")}
        if not self.draft.task and names:
            last = self._session.recall("task")
            good = [name for name, one in names.items() if not one.get("problem")]
            chosen = last if last in names else (good or list(names))[0]
            self._set_task(names[chosen])
        elif self.draft.task in names:
            self._set_task(names[self.draft.task])
        self._suit()

    def _known_tasks(self) -> List[Document]:
        """What the server offers; while none has said so, what was offered last."""
        tasks = self._session.tasks
        if not tasks:
            kept = self._session.recall("tasks", [])
            return [one for one in kept if isinstance(one, dict)] if isinstance(kept, list) else []
        if tasks != self._session.recall("tasks") and len(json.dumps(tasks)) < MOST_KEPT:
            self._session.remember("tasks", tasks)
        return tasks

    @guarded
    def pick(self, task: Document) -> None:
        self._session.remember("task", task.get("task"))
        self._session.remember(f"task for {kinds.of_task(task)}", task.get("task"))
        self._set_task(task)
        self.refresh()

    def _set_task(self, task: Document) -> None:
        if task.get("task") != self.draft.task:
            self._start_over()
        self.draft.contract = dict(task.get("contract") or {})
        self.draft.version = task.get("version")

    @guarded
    def _suit(self) -> None:
        """For a plate that the task cannot take: the one that was used last for its kind, or the first."""
        there = kinds.of_plate(self.draft.source, self.study.facts)
        tasks = self._known_tasks()
        if self.draft.task and kinds.misfit({"contract": self.draft.contract}, there):
            fit = [one for one in tasks if not one.get("problem") and not kinds.misfit(one, there)]
            last = [self._session.recall(f"task for {kind}") for kind in there]
            fit.sort(key=lambda one: one.get("task") not in last)
            if fit:
                self._set_task(fit[0])
        self.refresh()

    # The plate

    @guarded
    def use_selected(self, quietly: bool = False) -> None:
        """The selected node as the plate; `quietly`: no selection is no error, as at the start."""
        self.subject.use_selected(quietly)

    @guarded
    def use(self, source: Source) -> None:
        self.subject.use(source)

    def look_again(self) -> bool:
        """Whether the node is there, and as it was; where it has changed its facts are renewed."""
        return self.subject.look_again()

    @guarded
    def _start_over(self) -> None:
        """What the engine said of another task or plate is not true of this one."""
        self.study.forget_plan()
        self.parts.clear(PLAN, LAUNCH, ASKED)

    # Changes by a person

    @guarded
    def _layer(self, name: str, layer: str) -> None:
        if layer:
            self.draft.settings.layers[name] = layer
        else:
            self.draft.settings.layers.pop(name, None)
        self.refresh()

    @guarded
    def _mode(self, mode: str) -> None:
        self.draft.custom = self.draft.custom or self._at.frames()
        self.draft.mode = mode
        self.refresh()

    @guarded
    def _range(self, frames: str) -> None:
        self.draft.lay({"frames": frames})
        self.refresh()

    @guarded
    def _speed(self, speed: float) -> None:
        self.draft.settings.speed = speed
        self.refresh()

    @guarded
    def _space(self, space: str) -> None:
        self.draft.space = space or None
        self.subject.ask_facts()
        self.refresh()

    @guarded
    def _mend_at(self, note: Note, fix: Document) -> None:
        self.mend(fix, self.parts.origin(note))

    @guarded
    def mend(self, fix: Document, origin: str = PLAN) -> None:
        """Do what a note's button says: change the draft, ask the engine for something, try again.

        A launch that failed is tried again as it was asked for: one frame, or all.
        """
        if "copy" in fix:  # the note stays: there are more ways to use it
            QtWidgets.QApplication.clipboard().setText(str(fix["copy"]))
            return
        self.parts.clear()
        if fix.get("argv"):
            self._session.first([str(word) for word in fix["argv"]], self._mended)
        change = fix.get("change") or {}
        self.draft.lay(change)
        self.study.forget_plan()
        if "error" in self.study.facts or "colour" in change or not self.draft.path:
            self.subject.ask_facts()
        self.refresh()
        tries = bool(fix.get("again")) and origin == LAUNCH
        if fix.get("run") or tries:
            self.run("frames" in change or origin != LAUNCH or self._asked_all)

    @guarded
    def _mended(self, answer: Document) -> None:
        if alive(self) and "error" in answer:
            self.parts.place(answer, ASKED)

    # What the host says

    @guarded
    def _look_at_host(self) -> None:
        """The current frame and the project's range move without telling."""
        if self.isVisible():
            seen = (self._at.frames(), self._at.script())
            if seen != self._seen:
                self._seen = seen
                self.refresh()

    # Showing

    @guarded
    def refresh(self) -> None:
        """Show the draft as it is, and ask what would come of it."""
        self._show()
        self._weigh()

    def _show(self) -> None:
        draft, study = self.draft, self.study
        facts, plan, frames = study.facts, study.plan, self._at.frames()
        away = self._session.server.get("state") != "connected"
        tasks = kinds.offered(self._known_tasks(), kinds.of_plate(draft.source, facts))
        self.parts.task.offer(tasks, draft.task, "as last seen" if away else "")
        self.parts.plate.show_source(draft.source)
        self.parts.plate.show_facts(*self._facts_words())
        self.parts.layers.show_state(draft, self._last_plan(), facts)
        source = draft.source
        span = (source.first, source.last) if source is not None else None
        self.parts.frames.show_state(draft, frames, frames_section.beyond(frames, span))
        self.parts.colour.show_state(draft, self._last_plan(), facts)
        self.parts.presets.show_state(draft)
        self.parts.form.show_state(draft)
        self.parts.more.show_state(draft)
        self.parts.more_fold.say(more_section.summary(draft, plan))
        self._show_run(frames)

    def _last_plan(self) -> Document:
        """The plan; where it is none, what the last one of this task and plate said of layers."""
        plan, key = self.study.plan, (self.draft.task, self.draft.path)
        if "estimate" in plan:
            self._good = (key, plan)
            return plan
        if self._good[0] != key:
            return plan
        said = ("inputs", "choices", "absent", "kept", "left_out", "colour")
        return {**{name: self._good[1].get(name) for name in said}, **plan}

    def _facts_words(self) -> Tuple[str, str, str]:
        source, facts = self.draft.source, self.study.facts
        if source is None:
            return "", "", "secondary"
        if "count" in facts:
            return plate_section.facts(facts, source, self.draft.space or "")
        if source.kind == "render":
            return plate_section.rendered(source, self._host.title)
        if "error" in facts:
            return "", "", "secondary"  # the note says it
        return "Looking at the plate", "clock", "secondary"

    def _show_run(self, frames: str) -> None:
        plan = self.study.plan
        reason = self._why_not(plan)
        if self.study.is_planning():  # what was planned is of another range
            wide = 2 * self.draft.handles
            many = 0 if self.draft.retimes else (count(frames) and count(frames) + wide)
            plan = {}
        else:
            many = int(plan.get("count") or count(frames))
        words = f"Run {many} frame{'' if many == 1 else 's'}" if many else "Run"
        self.parts.run.show_plan(plan if "error" not in plan else {}, reason)
        self.parts.run.name(words, reason)
        title = task_picker.title({"contract": self.draft.contract})
        node = self.draft.source.node or self.draft.source.title if self.draft.source else ""
        said = [title, node, in_words(frames)]
        self.parts.folded.say(", ".join(one for one in said if one), words, reason)

    # Planning

    @guarded
    def _taken(self) -> None:
        """A number is taken: the next one is another; and how long frames took is known."""
        self.study.ask_again()
        self._weigh()

    @guarded
    def _server_changed(self, _server: object = None) -> None:
        """Away and back again: the plan is asked for anew, as another server may answer."""
        if self._session.server.get("state") != "connected":
            self.study.forget_plan()
            self.parts.clear(PLAN)  # that no server answers is said above, once
        self.refresh()

    def _why_not(self, plan: Document) -> str:
        facts = self.study.facts if self.subject.is_on_disk() else {}
        busy = self.launch.is_busy()
        return why_not(self._session, self.draft, facts, self._unmade or plan, busy=busy)

    def _weigh(self) -> None:
        self._unmade = {}
        if self._why_not({}) or not self.subject.is_there():
            self.study.forget_plan()
            self._show_run(self._at.frames())
            return
        try:
            self.study.weigh(self._at.job(self._at.frames(), self._session.where))
        except HostError as error:
            self.study.forget_plan()
            self._unmade = error.as_json()
            self.parts.clear(PLAN)
            self.parts.place(self._unmade, PLAN)
        self._show_run(self._at.frames())

    @guarded
    def _planned(self) -> None:
        self.parts.clear(PLAN)
        if "error" in self.study.plan:
            self.parts.place(self._with_way_back(self.study.plan), PLAN)
        self._show()

    def _with_way_back(self, error: Document) -> Document:
        """An error about the colour space that a person named: back to the one that was found."""
        space = self.draft.space
        if space is None or error.get("fix") or f"'{space}'" not in str(error.get("problem")):
            return error
        return {**error, "fix": {"label": "As found", "change": {"colour": {"space": None}}}}

    # Running

    @guarded
    def run(self, all_frames: bool, *, for_farm: bool = False) -> None:
        """Run what is set up: all its frames, or the host's current one alone.

        `for_farm`: its number is taken here, and others make it.

        A node that has changed since it was looked at is shown first, and runs when asked again.
        """
        self._session.look()  # another script may be open since: its takes go elsewhere
        if not self.look_again():
            if not self.parts.plate.note.error:
                self._say_changed()
            return
        self._click.put(all_frames, for_farm=for_farm)
        if self.subject.is_on_disk():
            self._go_on()
        else:  # what it shows may have changed, which no host tells
            self.subject.find_renders()

    def _say_changed(self) -> None:
        node = self.draft.source.node if self.draft.source is not None else "The node"
        said: Document = {
            "problem": f"{node} has changed: look again.",
            "remedy": "Nothing runs yet. This is what it is now; press Run again to run it.",
        }
        note = self.parts.plate.note
        self.parts.show_error(note, said, NODE, again=False, status="warn")

    @guarded
    def _go_on(self) -> None:
        """Once it is known what there is to run: do what was clicked."""
        all_frames = self._click.take()
        if all_frames is None or self._why_not(self.study.plan):
            return
        self.parts.clear()
        self._asked_all = all_frames
        try:
            self._begin(self._at.frames() if all_frames else self._at.this_frame())
        except HostError as error:
            self.parts.place(error.as_json(), LAUNCH)

    def _begin(self, frames: str) -> None:
        job, source = self._at.job(frames, self._session.where), self.draft.source
        if source is not None and source.kind == "render":
            wanted = self._at.to_render(frames)
            self.launch.render_and_run(job, source, wanted, farm=self._click.for_farm)
        else:
            self.launch.run(job, farm=self._click.for_farm)

    @guarded
    def _claimed(self, claimed: Document) -> None:
        lines = farm.commands(str(self._session.engine.get("python") or "python"), claimed)
        fix = {"label": "Copy commands", "copy": "\n".join(lines)}
        document = {**farm.said(claimed, len(lines)), "fix": fix}
        self.parts.show_error(self.parts.run.note, document, LAUNCH, status="text")

    @guarded
    def _failed(self, error: Document) -> None:
        self.parts.place(error, LAUNCH)

    @guarded
    def _stepped(self, done: int, count: int) -> None:
        title = self._host.title
        words = f"{title} renders {self.launch.node}: {done} of {count} frames"
        self.parts.run.rendering.say(words, done / max(1, count))

    @guarded
    def _launched(self) -> None:
        if (
            not self.launch.is_busy()
            and self.draft.source is not None
            and not self.subject.is_on_disk()
        ):
            self.subject.ask_facts()  # what was rendered is there now
        if not self.launch.is_rendering():
            self.parts.run.rendering.hide()
        self.study.ask_again()
        self.refresh()

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in (QtCore.Qt.Key.Key_Return, QtCore.Qt.Key.Key_Enter):
            if not event.isAutoRepeat():  # a key that is held is one press
                self.run(True)
            return
        super().keyPressEvent(event)
