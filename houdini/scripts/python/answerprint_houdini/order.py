"""Orders: what a task node asks for, from its button to the take that it then reads. None of it waits."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, Optional

from answerprint_houdini.host import HoudiniHost
from answerprint_panel import farm, launch as launches
from answerprint_panel.at_host import AtHost
from answerprint_panel.draft import CUSTOM, Draft
from answerprint_panel.faults import guarded
from answerprint_panel.host import Document, HostError, Source
from answerprint_panel.qt import QtCore
from answerprint_panel.session import Session

Told = Callable[[str, str], None]

_CANCELLED: Document = {"problem": "Cancelled; no number was taken."}
ENDED = ("complete", "incomplete", "cancelled", "failed", "lost")
MOST_JSON = 1 << 16


class Wish:
    """What stands in a task node's parameters. Raises HostError: it is none that could be run."""

    def __init__(self, task: str, parameters: str, wedge: str, frames: str, mode: str) -> None:
        self.task, self.frames, self.mode = task.strip(), frames.strip(), mode
        if not self.task:
            raise HostError("No task is chosen.", "Press Choose, or write its name.")
        self.parameters = _parameters(parameters)
        self.axes = _axes(wedge)

    def draft(self, source: Source, tasks: List[Document]) -> Draft:
        """`tasks`: as the session knows them."""
        contracts = {str(one.get("task")): one.get("contract") for one in tasks}
        draft = Draft(contract=dict(contracts.get(self.task) or {"task": self.task}))
        draft.take_up(source)
        draft.settings.parameters.update(self.parameters)
        draft.settings.axes.update(self.axes)
        if self.frames:
            draft.mode, draft.custom = CUSTOM, self.frames
        return draft


class Order(QtCore.QObject):
    """One take on its way.

    said   told in words how far it is, and what is to be copied for a farm
    take   told the take once it is complete, as the engine lists it
    """

    def __init__(
        self,
        session: Session,
        host: HoudiniHost,
        said: Told,
        take: Callable[[Document], None],
    ) -> None:
        super().__init__(session)
        self._session, self._host = session, host
        self._said, self._take = said, take
        self._launch = launches.of(session)
        self.job = ""
        self.is_over, self._listens, self._is_cancelled = False, False, False
        self._check_turn()

    def begin(self, wish: Wish, source: Source) -> None:
        """Raises HostError: the host cannot say what the node shows."""
        self._wish, self._draft = wish, wish.draft(source, self._session.tasks)
        self._say(f"Looking at {source.node or source.path}")
        self._host.keyed(source, self._keyed)

    def cancel(self) -> None:
        """Wherever it is: what another node has going at the same time is not touched."""
        self._is_cancelled = True
        if self.job:
            self._session.cancel_job(self.job)
        elif self._listens:
            self._launch.cancel()
        else:
            self._fail(_CANCELLED)  # what is still being looked at is nobody's from here on

    def _check_turn(self) -> None:
        """Raises HostError: another node, or the panel, has its turn."""
        if self._launch.is_busy():
            raise HostError(
                f"{self._launch.node or 'Another node'} is being written at the moment.",
                "Wait until that has ended, or cancel it.",
            )

    # Where its plate lies

    @guarded
    def _keyed(self, source: Source, error: Optional[HostError]) -> None:
        if self.is_over:
            return
        if error is not None:
            self._fail(error.as_json())
            return
        self._draft.source = source
        script, argv = self._host.script(), ["where"]
        argv += ["--script", script] if script else []
        if source.kind == "render":
            argv += ["--node", source.node, "--key", source.key]
        self._session.first(argv, self._found)

    def _found(self, where: Document) -> None:
        source = self._draft.source
        if self.is_over:
            return
        if "error" in where or source is None:
            self._fail(where)
            return
        if source.kind == "render":
            stem = source.node.rpartition("/")[2] or "plate"
            self._draft.path = f"{where.get('renders')}/{stem}.####{source.suffix}"
        try:
            self._launch_it(source, where)
        except HostError as error:
            self._fail(error.as_json())

    def _launch_it(self, source: Source, where: Document) -> None:
        at = AtHost(self._host, self._draft)
        frames, for_farm = at.frames(), self._wish.mode == "farm"
        job = at.job(frames, where)
        self._check_turn()  # another may have begun while this one was looked at
        self._listens = True
        self._launch.stepped.connect(self._stepped)
        self._launch.started.connect(self._started)
        self._launch.claimed.connect(self._claimed)
        self._launch.failed.connect(self._fail)
        if source.kind == "render" and self._wish.mode != "existing":
            self._launch.render_and_run(job, source, at.to_render(frames), farm=for_farm)
        else:
            self._launch.run(job, farm=for_farm)

    # How far it is

    @guarded
    def _stepped(self, done: int, count: int) -> None:
        self._say(f"Written {done} of {count} frames")

    @guarded
    def _started(self, answer: Document) -> None:
        self._unlisten()
        self.job = str(answer["job"])
        self._say("The job has begun")
        self._session.jobsChanged.connect(self._follow)
        if self._is_cancelled:  # while the engine was starting it
            self._session.cancel_job(self.job)

    @guarded
    def _claimed(self, claimed: Document) -> None:
        self._unlisten()
        lines = farm.commands(str(self._session.engine.get("python") or "python"), claimed)
        told = farm.said(claimed, len(lines))
        self._end(f"{told['problem']}. {told['remedy']} They are copied.", "\n".join(lines))

    @guarded
    def _follow(self, jobs: List[Document]) -> None:
        for job in jobs:
            if job.get("job") != self.job:
                continue
            label, state = job.get("take") or "The take", job.get("state")
            if state == "complete":
                self._session.jobsChanged.disconnect(self._follow)
                self._session.first(["versions", str(job.get("path"))], self._listed(job))
            elif state in ENDED:
                self._session.jobsChanged.disconnect(self._follow)
                why = f" {job['problem']} {job.get('remedy') or ''}" if job.get("problem") else ""
                self._end(f"{label} is {state}.{why}")
            elif job.get("waiting"):
                self._say(f"{label} waits: {job['waiting'].get('problem', '')}")
            elif job.get("total"):
                self._say(f"{label}: {job.get('done', 0)} of {job['total']} frames")

    def _listed(self, job: Document) -> Callable[[Document], None]:
        def listed(answer: Document) -> None:
            for take in answer.get("takes") or []:
                if take.get("take") == job.get("take"):
                    self._end(f"{take.get('name')} {take.get('take')} is complete")
                    self._take(take)
                    return
            self._fail(answer)

        return listed

    @guarded
    def _fail(self, error: Document) -> None:
        self._unlisten()
        said = f"{error.get('problem') or 'The engine did not answer.'} {error.get('remedy') or ''}"
        self._end(said.strip())

    def _unlisten(self) -> None:
        if self._listens:
            self._listens = False
            self._launch.stepped.disconnect(self._stepped)
            self._launch.started.disconnect(self._started)
            self._launch.claimed.disconnect(self._claimed)
            self._launch.failed.disconnect(self._fail)

    def _say(self, words: str) -> None:
        self._said(words, "")

    def _end(self, words: str, copied: str = "") -> None:
        self.is_over = True
        self._said(words, copied)
        self.deleteLater()


def _parameters(text: str) -> Dict[str, Any]:
    try:
        found = json.loads(text or "{}") if len(text) <= MOST_JSON else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise HostError(
            "The parameters are no JSON object.", 'Write them like {"radius": 0.1}; empty is {}.'
        )
    return found


def _axes(text: str) -> Dict[str, str]:
    axes: Dict[str, str] = {}
    for word in text.split():
        name, sign, values = word.partition("=")
        if not (name and sign and values) or name in axes:
            raise HostError(
                f"The wedge says {word}, which is no axis.",
                "Write each once, like strength=0.5,0.8 seed=1,2,3.",
            )
        axes[name] = values
    return axes
