"""Batch: a task from beginning to end for scripts, which wait for it. The same verbs as the panel's."""

from __future__ import annotations

import contextlib
import json
import re
import time
from typing import Any, Callable, List, Optional, Set, Tuple

from answerprint_nuke import host as hosts
from answerprint_nuke.host import NukeHost
from answerprint_panel.at_host import seen
from answerprint_panel.host import Document, HostError, Source
from answerprint_panel.sidecar import Sidecar

Report = Callable[[str], None]

ANSWER_SECONDS = 120.0
SILENT_SECONDS = 60.0
TURN_SECONDS = 0.2
ENDED = ("complete", "incomplete", "cancelled", "failed", "lost")
MOST_FRAMES = 1_000_000


class Engine:
    """The engine, asked one thing after the other."""

    def __init__(self, patience: float = SILENT_SECONDS) -> None:
        """patience: seconds without a word, after which a job cannot be followed any more."""
        self._sidecar, self._patience = Sidecar(), patience

    def close(self) -> None:
        self._sidecar.close()

    def every(self, argv: List[str]) -> List[Document]:
        """All documents of a verb.

        Raises:
            HostError: the first error among them, or no answer.
        """
        told: List[Document] = []
        if self._sidecar.wait(self._sidecar.ask(argv, told.append), ANSWER_SECONDS) is None:
            raise HostError(
                f"The engine did not answer '{argv[0]}' within {ANSWER_SECONDS:.0f} s.",
                "Run 'answerprint doctor' in a shell on this machine.",
            )
        for one in told:
            if "error" in one:
                raise error(one)
        return told

    def first(self, argv: List[str]) -> Document:
        told = self.every(argv)
        if not told:
            raise HostError(
                f"The engine said nothing to '{argv[0]}'.", "Run 'answerprint doctor' in a shell."
            )
        return told[0]

    def follow(self, job: str, heard: Callable[[Document], None]) -> Document:
        """Tell what a job does, until it has ended; returns the last that was said of it."""
        last: Document = {}
        silent_since = time.monotonic()  # while nothing was heard, or nobody is there to be heard
        away = True

        def event(document: Document) -> None:
            nonlocal away
            away = away and "error" in document
            if document.get("job") == job:
                last.update(document)
                heard(document)

        number = self._sidecar.ask(["jobs", "--watch"], event)
        try:
            while last.get("state") not in ENDED:
                if self._sidecar.wait(number, TURN_SECONDS) is not None:
                    if not away:
                        silent_since, away = time.monotonic(), True
                    time.sleep(TURN_SECONDS)  # where there is no engine a refusal comes at once
                    number = self._sidecar.ask(["jobs", "--watch"], event)
                if (away or not last) and time.monotonic() - silent_since > self._patience:
                    raise self._lost(job)
        finally:
            self._sidecar.cancel(number)
        return last

    def _lost(self, job: str) -> HostError:
        problem = self._sidecar.problem
        why = str(problem["problem"]) if problem else f"The job {job} is not to be found."
        return HostError(
            f"The job {job} began, and cannot be followed any more. {why}",
            "It goes on by itself: look for it with 'answerprint jobs', or in the panel.",
        )


def error(document: Document) -> HostError:
    return HostError(
        str(document.get("problem") or "Something is wrong, and nothing says what."),
        str(document.get("remedy") or "Run 'answerprint doctor' in a shell."),
        document.get("fix"),
    )


def run(
    node_or_path: Any, asked: Document, *, server: Optional[str], place: bool, report: Report
) -> Document:
    """See `answerprint_nuke.run`."""
    host = hosts.this()
    source = _keyed(host, _source(host, node_or_path))
    with contextlib.closing(Engine()) as engine:
        document = {**asked, **_said(host, source)}
        where = _where(engine, host, source) if source.kind == "render" or not _root(asked) else {}
        document["plate"] = _plate(engine, host, source, asked, where, report)
        document["out"] = {"root": where["root"], **_out(asked)} if where else _out(asked)
        ended = _carried_out(engine, document, server, report)
        if ended.get("state") != "complete":
            raise _unfinished(ended)
        take = _take(engine, ended)
    placed = host.place(take, source.node or None) if place else None
    report(f"{take.get('name')} {take.get('take')}: {take.get('pattern')}")
    return {**take, "placed": placed}


def _source(host: NukeHost, node_or_path: Any) -> Source:
    if not isinstance(node_or_path, str):
        return host.source(str(node_or_path.fullName()))
    if re.search(r"[/\\]|\.exr$", node_or_path):
        host.check_licence()
        return Source(node="", kind="files", path=node_or_path.replace("\\", "/"))
    return host.source(node_or_path)


def _keyed(host: NukeHost, source: Source) -> Source:
    """With the key of its pixels, so that frames that are rendered already are used."""
    told: List[Tuple[Source, Optional[HostError]]] = []
    host.keyed(source, lambda *said: told.append(said), wait=True)
    found, wrong = told[0]
    if wrong is not None:
        raise wrong
    return found


def _said(host: NukeHost, source: Source) -> Document:
    """What the job says about where it comes from."""
    said: Document = {"host": f"nuke {host.version()}"}
    script = host.script()
    if script:
        said["script"] = script
    if source.node:
        said["node"] = source.node
    if source.views:
        said["views"] = list(source.views)
    if source.space or source.config:
        colour = {"space": source.space, "said_by": "nuke", "config": source.config or None}
        said["colour"] = colour
    return said


def _where(engine: Engine, host: NukeHost, source: Source) -> Document:
    argv, script = ["where"], host.script()
    if script:
        argv += ["--script", script]
    if source.kind == "render":
        argv += ["--node", source.node, "--key", source.key]
    return engine.first(argv)


def _out(asked: Document) -> Document:
    return {key: value for key, value in (asked.get("out") or {}).items() if value is not None}


def _root(asked: Document) -> bool:
    return bool(_out(asked).get("root"))


def _plate(
    engine: Engine, host: NukeHost, source: Source, asked: Document, where: Document, report: Report
) -> str:
    """The plate's path: of its files, or of what is rendered now."""
    for remark in source.remarks:
        report(remark)
    if source.kind == "files":
        return source.path
    pattern = f"{where['renders']}/{source.title}.####.exr"
    frames = _frames(engine, source, asked)
    ends: List[Optional[HostError]] = []

    def step(done: int, count: int) -> None:
        report(f"{source.node}: rendered {done} of {count} frames")

    host.render(source, frames, pattern, step, ends.append, wait=True)
    if ends and ends[0] is not None:
        raise ends[0]
    return pattern


def _frames(engine: Engine, source: Source, asked: Document) -> List[int]:
    """Which frames have to be rendered: those asked for, and what the model sees around them."""
    whole = list(range(source.first, source.last + 1))
    if not asked.get("frames"):
        return whole
    tasks = {one.get("task"): one for one in engine.every(["tasks"])}
    cut = ((tasks.get(asked["task"]) or {}).get("contract") or {}).get("cut")
    return seen(numbers(str(asked["frames"])), cut, source.first, source.last)


def numbers(text: str) -> List[int]:
    """Frames of a range: 1001-1010x2,1020.

    Raises:
        HostError: it is none.
    """
    found: Set[int] = set()
    for term in text.split(","):
        matched = re.match(r"(-?\d{1,9})(?:-(-?\d{1,9})(?:x(\d{1,9}))?)?$", term.strip())
        first, last, step = (
            (int(group) if group else None)
            for group in (matched.groups() if matched else [None] * 3)
        )
        end = first if last is None else last
        if first is None or end is None or end < first or step == 0 or end - first >= MOST_FRAMES:
            raise HostError(
                f"'{text}' is no frame range.", "Write it like 1001-1010, 1001-1010x2 or 1001,1005."
            )
        found.update(range(first, end + 1, step or 1))
    return sorted(found)


def _carried_out(
    engine: Engine, document: Document, server: Optional[str], report: Report
) -> Document:
    argv = ["run", "--document", json.dumps(document), *(["--server", server] if server else [])]
    job = str(engine.first(argv)["job"])
    said: List[str] = []

    def heard(state: Document) -> None:
        line = _line(state)
        if line and said[-1:] != [line]:
            said.append(line)
            report(line)

    try:
        return engine.follow(job, heard)
    except KeyboardInterrupt:
        engine.every(["jobs", "--cancel", job])
        raise


def _line(state: Document) -> str:
    """One line of progress; nothing as long as there is nothing to say."""
    waiting = state.get("waiting")
    if waiting:
        return f"waiting: {waiting.get('problem')}"
    if not state.get("total"):
        return ""
    return f"{state.get('take') or 'take'}: {state.get('done', 0)} of {state['total']} frames"


def _unfinished(ended: Document) -> HostError:
    take = f"{ended.get('name') or 'The take'} {ended.get('take') or ''}".strip()
    done = f"{ended.get('done', 0)} of {ended.get('total', 0)} frames are finished"
    failed = [f"{one.get('frame')}: {one.get('problem')}" for one in ended.get("failed") or []]
    why = str(ended.get("problem") or "; ".join(failed[:3]) or "")
    again = f"Finish it with: answerprint run --resume {ended.get('path')}"
    return HostError(
        " ".join(filter(None, [f"{take} is {ended.get('state')}: {done}.", why])),
        " ".join(
            filter(None, [str(ended.get("remedy") or ""), again if ended.get("resumable") else ""])
        )
        or "Run it again.",
        ended.get("fix"),
    )


def _take(engine: Engine, ended: Document) -> Document:
    answer = engine.first(["versions", str(ended["path"])])
    takes: List[Document] = answer.get("takes", [])
    found = [one for one in takes if one.get("take") == ended.get("take")]
    if not found:
        raise HostError(
            f"The take {ended.get('path')} is complete, and is not to be found in its folder.",
            "Look there; the share may be slow to show it.",
        )
    return found[0]
