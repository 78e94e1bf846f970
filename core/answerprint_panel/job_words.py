"""What the queue says of a job: from its document to words, numbers and buttons. No Qt, no host."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Tuple

from answerprint_panel import job_checks, words
from answerprint_panel.judged import Mark

Document = Dict[str, Any]

ACTIVE = ("starting", "running", "waiting")
HEADINGS = (  # a state's word above the queue, in the order in which they are said
    ("held", ("incomplete",)),
    ("failed", ("failed",)),
    ("running", ("starting", "running")),
    ("waiting", ("waiting",)),
    ("stopped", ("cancelled", "lost")),
    ("done", ("complete",)),
)
ICONS = {
    "starting": "ring",
    "running": "ring",
    "waiting": "unplugged",
    "complete": "pass",
    "incomplete": "fail",
    "failed": "fail",
    "cancelled": "stopped",
    "lost": "stopped",
}
TONES = {"waiting": "warn", "complete": "passed", "incomplete": "fail", "failed": "fail"}


class Button(NamedTuple):
    """One thing that can be done about a job: its verb, its word, its icon."""

    verb: str
    label: str
    icon: str


class Trouble(NamedTuple):
    """What a note says of a job: what, where, what is safe, and what cures it.

    fix     the engine's own {"label", "change"} or {"label", "argv"}; None: `verb` is what is left
    """

    problem: str
    lines: Tuple[str, ...]
    fix: Optional[Document]
    verb: str
    label: str


class JobRow(NamedTuple):
    """A job as the queue shows it.

    progress    part of it that is done, 0 to 1; None: there is nothing to measure yet
    marks       where frames failed, as parts of the range
    aside       what stands at the right of the line; `safe`: at the right of what is warned of
    qc          what the gates have said so far, and `warned`: what the run itself warned of
    spoken      all of it for a screen reader
    """

    job: str
    state: str
    icon: str
    tone: str
    take: str
    subject: str
    progress: Optional[float]
    marks: Tuple[float, ...]
    line: str
    aside: str
    qc: Mark
    warned: str
    safe: str
    buttons: Tuple[Button, ...]
    trouble: Optional[Trouble]
    spoken: str

    @property
    def moving(self) -> bool:
        return self.state in ("starting", "running")


def row(job: Document, *, server: str = "the server", host: str = "", script: str = "") -> JobRow:
    """A job in words. Server and host by name, no host: nothing is said of it; `script`: the open one, others' are named."""
    state = str(job.get("state") or "starting")
    take = str(job.get("take") or "")
    subject = words.joined([task(job), source(job), _elsewhere(job, script)])
    line, aside = _line(job, state, server)
    qc, warned = job_checks.qc(job), job_checks.warned(job)
    trouble = _trouble(job, state)
    spoken = [
        words.joined([take or "New take", subject]),
        _said(state),
        line,
        aside,
        qc.word,
        warned,
    ]
    spoken += [trouble.problem, *trouble.lines] if trouble else []
    return JobRow(
        job=str(job.get("job", "")),
        state=state,
        icon=ICONS.get(state, "ring"),
        tone=TONES.get(state, ""),
        take=take,
        subject=subject,
        progress=_progress(job, state),
        marks=_marks(job),
        line=line,
        aside=aside,
        qc=qc,
        warned=warned,
        safe=f"Safe to close {host}" if host and state in ("running", "waiting") else "",
        buttons=_buttons(job, state, trouble),
        trouble=trouble,
        spoken=words.joined((one.rstrip(".") for one in spoken), ". "),
    )


def heading(jobs: Iterable[Document]) -> str:
    """What stands beside Queue: 1 running, 1 waiting, 1 stopped; empty without jobs."""
    states = [job.get("state") for job in jobs]
    counted = [(sum(state in those for state in states), word) for word, those in HEADINGS]
    return ", ".join(f"{number} {word}" for number, word in counted if number)


def task(job: Document) -> str:
    return str(job.get("title") or "") or words.title(str(job.get("task") or ""))


def source(job: Document) -> str:
    """The node a job's plate came from, else the plate by its name."""
    return str(job.get("node") or job.get("plate") or "")


def _elsewhere(job: Document, script: str) -> str:
    """The script, where a job is not of the one that is open: all of a user's jobs are shown."""
    theirs = str(job.get("script") or "")
    if not theirs or theirs == script:
        return ""
    return "in " + theirs.replace("\\", "/").rpartition("/")[2]


def _said(state: str) -> str:
    for word, states in HEADINGS:
        if state in states:
            return word
    return state


def done_and_total(job: Document) -> Tuple[int, int]:
    done, total = (job_checks.number(job.get(name)) for name in ("done", "total"))
    return min(done, total) if total else done, total


def _of(job: Document) -> str:
    """37 of 96 frames; in a wedge 37 of 480 frames, 5 variations."""
    done, total = done_and_total(job)
    said = f"{words.thousands(done)} of {words.count(total, 'frame')}"
    several = job_checks.number(job.get("variations"))
    return f"{said}, {words.count(several, 'variation')}" if several > 1 else said


def _progress(job: Document, state: str) -> Optional[float]:
    done, total = done_and_total(job)
    if state in ("complete", "failed", "cancelled", "lost") or not total:
        return None
    return (done + len(_failed(job))) / total if state == "incomplete" else done / total


def _failed(job: Document) -> List[Document]:
    return [one for one in job.get("failed") or [] if isinstance(one, dict)]


def _marks(job: Document) -> Tuple[float, ...]:
    """Middles of failed frames in a range like 1001-1096; none where it has gaps or is a wedge."""
    matched = re.match(r"(-?\d+)-(-?\d+)$", str(job.get("frames") or ""))
    if matched is None or job_checks.number(job.get("variations")) > 1:
        return ()
    first, last = int(matched.group(1)), int(matched.group(2))
    frames = [one.get("frame") for one in _failed(job)]
    return tuple(
        (frame - first + 0.5) / (last - first + 1)
        for frame in frames
        if isinstance(frame, int) and first <= frame <= last
    )


def _line(job: Document, state: str, server: str) -> Tuple[str, str]:
    """The line below the heading, and what stands at its right."""
    if state in ("starting", "running"):
        return _runs(job, state)
    if state == "waiting":
        return _waits(job, server)
    return _ended(job, state), words.clock(job.get("ended")) if state == "complete" else ""


def _runs(job: Document, state: str) -> Tuple[str, str]:
    done, total = done_and_total(job)
    if state == "starting" or not total:
        return "Starting", ""
    rate, left = job.get("rate"), job.get("left")
    said = words.joined([_of(job), words.rate(rate) if rate else ""], ",  ")
    return said, words.left(left) if left is not None and done else ""


def _ended(job: Document, state: str) -> str:
    done, total = done_and_total(job)
    if state == "complete":
        return f"{words.count(total, 'frame')} done"
    if state == "incomplete":
        return f"{_of(job)}, {_held(job)}"
    if state in ("cancelled", "lost"):
        return _stopped(job, state)
    return f"{_of(job)} kept" if done else ""


def _waits(job: Document, server: str) -> Tuple[str, str]:
    """What for, since when, and that what is done is safe."""
    waiting = job.get("waiting") or {}
    done, total = done_and_total(job)
    kept = f"{words.thousands(done)} of {words.count(total, 'frame')} kept" if done else ""
    said = words.joined([f"Waits for {server}", kept])
    return said, words.joined(["since", words.clock(waiting.get("since"))], " ") if waiting else ""


def _held(job: Document) -> str:
    failed = _failed(job)
    if not failed:
        done, total = done_and_total(job)
        return f"{words.thousands(total - done)} not done"
    return f"{words.frames(one['frame'] for one in failed if 'frame' in one)} held"


def _stopped(job: Document, state: str) -> str:
    done, total = done_and_total(job)
    how = "Stopped" if state == "cancelled" else "Interrupted"
    if not done:
        return f"{how} before its first frame"
    kept = "that 1 is kept" if done == 1 else f"those {words.thousands(done)} are kept"
    return f"{how} at {words.thousands(done)} of {words.thousands(total)}, {kept}"


def _trouble(job: Document, state: str) -> Optional[Trouble]:
    if state not in ("incomplete", "failed", "lost"):
        return None
    failed = _failed(job)
    first = failed[0] if failed else job
    problem = str(first.get("problem") or job.get("problem") or "")
    if not problem:
        return None
    remedy = str(first.get("remedy") or job.get("remedy") or "")
    lines = [line for line in (remedy, _others(failed), _safe(job, failed)) if line]
    verb, label = _cure(job, failed)
    fix = first.get("fix") or job.get("fix")
    return Trouble(problem, tuple(lines), fix if _usable(fix) else None, verb, label)


def _usable(fix: Any) -> bool:
    return (
        isinstance(fix, dict)
        and bool(fix.get("label"))
        and bool(fix.get("change") or fix.get("argv"))
    )


def _cure(job: Document, failed: List[Document]) -> Tuple[str, str]:
    """What is left where the engine names no fix: the frames that failed once more, else all of it."""
    if not job.get("resumable"):
        return "again", "Try again"
    if len(failed) == 1:
        return "resume", f"Retry frame {failed[0].get('frame', '')}"
    return "resume", f"Retry {words.count(len(failed), 'frame')}" if failed else "Resume"


def _others(failed: List[Document]) -> str:
    if len(failed) < 2:
        return ""
    numbers = [one["frame"] for one in failed[1:] if isinstance(one.get("frame"), int)]
    return f"Held as well: {words.frames(numbers)}."


def _safe(job: Document, failed: List[Document]) -> str:
    done, _ = done_and_total(job)
    if not done:
        return ""
    other = "other " if failed else ""
    frames = words.count(done, "frame")
    verb = "is" if done == 1 else "are"
    return f"The {other}{frames} {verb} finished and kept."


def _buttons(job: Document, state: str, trouble: Optional[Trouble]) -> Tuple[Button, ...]:
    if state in ACTIVE:
        return (Button("cancel", "Cancel", "close"),)
    dismiss = Button("dismiss", "Dismiss", "close")
    if trouble is None and job.get("resumable"):
        return (Button("resume", "Resume", "play"), dismiss)
    return (dismiss,)
