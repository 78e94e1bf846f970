"""Waited for: the engine, asked one thing after the other by scripts that wait for its answers.

The same verbs as the panel's, without a UI and without Qt.
"""

from __future__ import annotations

import re
import time
from typing import Callable, List, Set

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


def to_write(engine: Engine, source: Source, asked: Document) -> List[int]:
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


def carried_out(engine: Engine, argv: List[str], report: Report) -> Document:
    """Begin a job with a verb of the engine's, and follow it to its end."""
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


def unfinished(ended: Document) -> HostError:
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


def take_of(engine: Engine, ended: Document) -> Document:
    answer = engine.first(["versions", str(ended["path"])])
    takes: List[Document] = answer.get("takes", [])
    found = [one for one in takes if one.get("take") == ended.get("take")]
    if not found:
        raise HostError(
            f"The take {ended.get('path')} is complete, and is not to be found in its folder.",
            "Look there; the share may be slow to show it.",
        )
    return found[0]
