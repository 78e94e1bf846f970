"""A new take: everything from the task to the Run button."""

from __future__ import annotations

import dataclasses
import json
from typing import List, Optional, Tuple

from answerprint_panel import frames_section, more_section, plate_section, task_picker
from answerprint_panel.at_host import AtHost
from answerprint_panel.draft import Draft
from answerprint_panel.faults import guarded
from answerprint_panel.host import Document, HostError, Source
from answerprint_panel.launch import Launch
from answerprint_panel.qt import QtCore, QtGui, QtWidgets, Signal
from answerprint_panel.rows import down
from answerprint_panel.session import Session
from answerprint_panel.set_up import SetUp
from answerprint_panel.spans import in_words, numbers
from answerprint_panel.study import Study
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
        self.launch = Launch(session, self)
        self.parts = SetUp(session)
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

    def _connect(self) -> None:
        session = self._session
        session.tasksChanged.connect(self._tasks)
        session.serverChanged.connect(self._server_changed)
        session.whereChanged.connect(self._moved)
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
        self.parts.run.cancelled.connect(self.launch.cancel)
        self.parts.folded.run.clicked.connect(lambda: self.run(True))
        self.study.factsChanged.connect(self._facts)
        self.study.planChanged.connect(self._planned)
        self.study.rendersChanged.connect(self._renders)
        self.launch.stepped.connect(self._stepped)
        self.launch.started.connect(self.started)
        self.launch.failed.connect(self.parts.place)
        self.launch.changed.connect(self._launched)
        for note in self.parts.notes:
            note.fixed.connect(self.mend)

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
        self.refresh()

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
        self._set_task(task)
        self.refresh()

    def _set_task(self, task: Document) -> None:
        if task.get("task") != self.draft.task:
            self._start_over()
        self.draft.contract = dict(task.get("contract") or {})
        self.draft.version = task.get("version")

    # The plate

    @guarded
    def use_selected(self, quietly: bool = False) -> None:
        """The selected node as the plate; `quietly`: no selection is no error, as at the start."""
        try:
            source = self._host.selection()
        except HostError as error:
            if not quietly:
                self.parts.plate.note.show_error(error.as_json(), again=False)
            self.refresh()
            return
        self.use(source)

    @guarded
    def use(self, source: Source) -> None:
        self.parts.plate.note.clear()
        self._start_over()
        self.draft.take_up(source)
        self._ask_facts()
        self.sourced.emit(source)
        self.refresh()

    def _start_over(self) -> None:
        """What the engine said of another task or plate is not true of this one."""
        self.study.forget_plan()
        for note in self.parts.notes[1:]:
            note.clear()

    def _ask_facts(self) -> None:
        source = self.draft.source
        if source is None:
            return
        if source.kind == "render" and not self.draft.path:
            self.study.find_renders(source, self._at.script())
            return
        space, says = self.draft.space, "you"
        if space is None and not source.data and not source.config:
            space, says = source.space, self._host.name
        self.study.look_at(self.draft.path, space, says)

    @guarded
    def _renders(self) -> None:
        """Where the node is rendered to; perhaps some of it is there already."""
        renders, source = self.study.renders, self.draft.source
        if source is not None and renders.get("renders"):
            stem = source.node.rpartition(".")[2] or "plate"
            self.draft.path = f"{renders['renders']}/{stem}.####.exr"
            self._ask_facts()
        self.refresh()

    @guarded
    def _facts(self) -> None:
        facts, source = self.study.facts, self.draft.source
        if "error" in facts and self._is_on_disk():
            self.parts.plate.note.show_error(facts)
        if source is not None and not source.node and "first" in facts:
            found = dataclasses.replace(
                source, first=facts["first"], last=facts["last"], title=str(facts["title"])
            )
            self.draft.source, self.draft.path = found, str(facts["path"])
            self.sourced.emit(found)
        self.refresh()

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
        self._ask_facts()
        self.refresh()

    @guarded
    def mend(self, fix: Document) -> None:
        """Do what a note's button says: change the draft, ask the engine for something, try again."""
        for note in self.parts.notes:
            note.clear()
        if fix.get("argv"):
            self._session.ask([str(word) for word in fix["argv"]])
        change = fix.get("change")
        if change:
            self.draft.lay(change)
        self.study.ask_again()
        self._ask_facts()
        self.refresh()
        if change and " run" in str(fix.get("label", "")).lower():
            self.run(True)

    # What the host says

    @guarded
    def _look_at_host(self) -> None:
        """The current frame and the project's range move without telling."""
        if self.isVisible():
            seen = (self._at.frames(), self._at.script())
            if seen != self._seen:
                self._seen = seen
                self.refresh()

    def look_again(self) -> None:
        """The node may have changed since: another file, other pixels; or it is gone."""
        source = self.draft.source
        if source is None or not source.node:
            return
        try:
            now = self._host.source(source.node)
        except HostError as error:
            self.parts.plate.note.show_error(error.as_json(), again=False)
            return
        if now != source:
            self.use(now)

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
        self.parts.task.offer(self._known_tasks(), draft.task, "as last seen" if away else "")
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
        if "width" in facts:
            return plate_section.facts(facts, source)
        if source.kind == "render":
            return plate_section.rendered(source, self._host.title)
        if "error" in facts:
            return "", "", "secondary"  # the note says it
        return "Looking at the plate", "clock", "secondary"

    def _show_run(self, frames: str) -> None:
        plan = self.study.plan
        reason = self._why_not(plan)
        count = plan.get("count") or len(numbers(frames))
        words = f"Run {count} frame{'' if count == 1 else 's'}" if count else "Run"
        self.parts.run.show_plan(plan if "error" not in plan else {}, reason)
        self.parts.run.name(words, reason)
        title = task_picker.title({"contract": self.draft.contract})
        node = self.draft.source.node or self.draft.source.title if self.draft.source else ""
        said = [title, node, in_words(frames)]
        self.parts.folded.say(", ".join(one for one in said if one), words, reason)

    # Planning

    @guarded
    def _moved(self, _where: object = None) -> None:
        """Another script, or another name for it: takes and renders go elsewhere."""
        if self.draft.source is not None and self.draft.source.kind == "render":
            self.draft.path = ""
            self._ask_facts()
        self.refresh()

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
        self.refresh()

    def _why_not(self, plan: Document) -> str:
        facts = self.study.facts if self._is_on_disk() else {}
        busy = self.launch.is_busy()
        return why_not(self._session, self.draft, facts, plan, busy=busy)

    def _is_on_disk(self) -> bool:
        return self.draft.source is not None and self.draft.source.kind != "render"

    def _weigh(self) -> None:
        if self._why_not({}) or not self._is_there():
            self.study.forget_plan()
            self._show_run(self._at.frames())
            return
        try:
            self.study.weigh(self._at.job(self._at.frames(), self._session.where))
        except HostError as error:
            self.parts.place(error.as_json())

    def _is_there(self) -> bool:
        """Whether the engine can look at the frames: a node's exist once they are rendered."""
        source = self.draft.source
        if source is None or source.kind != "render":
            return True
        wanted = numbers(self._at.frames())
        found = set(numbers(str(self.study.facts.get("frames") or "")))
        return bool(wanted) and found.issuperset(wanted)

    @guarded
    def _planned(self) -> None:
        for note in self.parts.notes[1:]:
            note.clear()
        if "error" in self.study.plan:
            self.parts.place(self.study.plan)
        self._show()

    # Running

    @guarded
    def run(self, all_frames: bool) -> None:
        """Run what is set up: all its frames, or the host's current one alone."""
        self.look_again()
        if self._why_not(self.study.plan):
            return
        for note in self.parts.notes:
            note.clear()
        try:
            self._begin(self._at.frames() if all_frames else self._at.this_frame())
        except HostError as error:
            self.parts.place(error.as_json())

    def _begin(self, frames: str) -> None:
        job, source = self._at.job(frames, self._session.where), self.draft.source
        if source is not None and source.kind == "render":
            self.launch.render_and_run(job, source, self._at.to_render(frames))
        else:
            self.launch.run(job)

    @guarded
    def _stepped(self, done: int, count: int) -> None:
        title = self._host.title
        node = self.draft.source.node if self.draft.source is not None else ""
        words = f"{title} renders {node}: {done} of {count} frames"
        self.parts.run.rendering.say(words, done / max(1, count))

    @guarded
    def _launched(self) -> None:
        if not self.launch.is_busy() and self.draft.source is not None and not self._is_on_disk():
            self._ask_facts()  # what was rendered is there now
        if not self.launch.is_rendering():
            self.parts.run.rendering.hide()
        self.study.ask_again()
        self.refresh()

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() in (QtCore.Qt.Key.Key_Return, QtCore.Qt.Key.Key_Enter):
            self.run(True)
            return
        super().keyPressEvent(event)
