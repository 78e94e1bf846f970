"""Following a job: what its files say of it, read as far as it has come."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from answerprint import course, documents, note as notes, traces
from answerprint.course import Course
from answerprint.documents import count
from answerprint.errors import AnswerprintError, TakeError
from answerprint.folder import unreadable
from answerprint.note import Files, Note
from answerprint.standing import NOT_JUDGED
from answerprint.tail import Tail
from answerprint.take import Take

Document = dict[str, Any]
Lives = Callable[[int, float], bool]

RESUMABLE_SECONDS = 5.0  # so often it is looked whether a take that had ended was gone on with
WORTH_KEEPING = 256 << 10  # bytes of events that are not read again
STARTING_SECONDS = 60.0  # until a process has to have said which one it is
QUIET_HOURS = 24  # a job elsewhere that writes nothing for so long is taken for lost

ENDED = ("complete", "incomplete", "cancelled", "failed", "lost")


class Followed:
    """One job, read as far as it has come.

    document      as programs read it; empty until it is read to its end
    is_cancelled  somebody asked it to end
    """

    def __init__(self, files: Files) -> None:
        self.files = files
        self.document: Document = {}
        self.is_cancelled = self.is_behind = False
        self._note: Note | None = None
        self._course, self._tail = Course(), Tail(files.events)
        self._kept = 0
        self._of_take: tuple[str, Document] = ("", {})
        self._is_over = False
        self._asked_at = 0.0
        self._read: Document = {}
        self._unread = False

    @property
    def has_ended(self) -> bool:
        """Whether that is known; of one that cannot be read just now it is not."""
        return self.document.get("state") in ENDED and not self._unread

    def look(self, lives: Lives) -> bool:
        """Whether its document may be another one now. `lives(pid, born)`: does that process run.

        Whatever its files do, it is told in its document, and nothing is raised: others' are told.
        """
        before = self.document
        try:
            if self._is_over:
                self._look_whether_resumable()
            else:
                self._look(lives)
            if self.document is not before:
                _check(self.document)
            self._read, self._unread = self.document, False
        except FileNotFoundError:  # it is being forgotten
            self.is_behind = False
        except TakeError as error:  # a note that is none: that does not pass
            self._is_over, self.is_behind = True, False
            self.document = _lost(self.files, error)
        except Exception as error:  # noqa: BLE001 - a share that hiccups, or content nobody foresaw
            self._unread, self.is_behind = True, False
            self.document = self._as_it_was(error)
        return self.document is not before

    def _as_it_was(self, error: Exception) -> Document:
        """What was last read of it, with why it is that; it is looked at again."""
        said = unreadable(self.files.events, error)
        if not self._read:
            return _lost(self.files, said)
        note = f"{said.problem} What stands here was read before."
        return {**self._read, "notes": [*self._read["notes"], note]}

    def _look(self, lives: Lives) -> None:
        if self._note is None:
            self._note = self.files.noted()
            self._go_on_from_what_was_read()
        # before its events: then none is missed
        is_alive = self._note.is_here and self._is_alive(self._note, lives)
        lines, is_all = self._tail.lines()
        for line in lines:
            self._course.take_in(line)
        if not self._note.is_here:
            is_alive = not self._has_said_its_end and self._quiet_hours() < QUIET_HOURS
        self.is_behind = not is_all
        if is_all:
            path = self._path(self._note)
            state = self._state(self._note, is_alive=is_alive)
            self._is_over = not is_alive and (self._note.is_here or self._has_said_its_end)
            self.document = self._documented(self._note, state, path)
            self._keep_what_was_read()

    @property
    def _has_said_its_end(self) -> bool:
        return bool(self._course.end or self._course.error)

    def _is_alive(self, note: Note, lives: Lives) -> bool:
        process = self.files.process()
        if process is None and self._is_just_starting():
            return True
        # it may have said so since: its starter, who may be gone, would speak for it else
        process = process or self.files.process()
        return lives(*(process or note.starter))

    def _is_just_starting(self) -> bool:
        """Whoever starts a job may be gone before the job has said which process it is."""
        age = time.time() - self.files.note.stat().st_mtime
        return abs(age) < STARTING_SECONDS and not self.files.pid.exists()

    def _quiet_hours(self) -> int:
        """Since it last wrote something; clocks of two machines do not differ by hours."""
        return int((time.time() - self.files.last_written()) / 3600)

    def _state(self, note: Note, *, is_alive: bool) -> str:
        course = self._course
        if course.end in ("complete", "part"):
            compares = note.kind == "rerun" and is_alive and not (course.answer or course.error)
            return "running" if compares else "complete"
        if is_alive:
            going = "waiting" if course.waiting else "running"
            return going if course.is_begun else "starting"
        if course.end:
            return "cancelled" if course.end == "cancelled" else "incomplete"
        if course.error:
            interrupted = course.error["problem"] == "Interrupted."
            return "cancelled" if interrupted else "incomplete" if course.is_begun else "failed"
        return "cancelled" if self.is_cancelled else "lost"

    def _path(self, note: Note) -> str:
        """Of its take; empty as long as none is known."""
        path = self._course.path or (note.of if note.kind == "resume" else "")
        return (Path(note.cwd) / path).as_posix() if path else ""

    def _documented(self, note: Note, state: str, path: str) -> Document:
        course, is_over = self._course, state in ENDED
        known = self._of(path or note.of)
        root, stream = traces.place(path, known.get("stream", ""))
        name, _, label = course.take.rpartition("/")
        if path and not label:
            name, label = Path(path).parent.name, Path(path).name
        return {
            "job": self.files.job,
            "kind": note.kind,
            "state": state,
            "cancelling": self.is_cancelled and not is_over,
            "task": known.get("task", note.task),
            "title": known.get("title") or known.get("task", note.task),
            "plate": traces.stem(known.get("plate", note.plate)),
            "node": note.node or known.get("node"),
            "script": note.script or known.get("script"),
            "host": note.host or known.get("host", ""),
            "take": label or None,
            "name": name,
            "path": path or None,
            "stream": stream,
            "root": root,
            "frames": course.part or known.get("frames", note.frames),
            "variations": course.variations,
            "total": course.total,
            "done": course.done,
            "failures": course.failures,
            "failed": list(course.failed),
            "warnings": course.warnings,
            "warned": list(course.warned),
            "qc": course.qc or NOT_JUDGED,
            "qc_so_far": state != "complete",
            "qc_count": course.findings,
            "qc_frame": course.qc_frame,
            "judged": dict(course.judged),
            "reason": course.reason,
            "notes": self._notes(note),
            "rate": _rounded(course.rate),
            "left": _rounded(course.left) if state == "running" else None,
            "waiting": course.waiting if state == "waiting" else None,
            "answer": course.answer or None,
            **self._trouble(state, path),
            "started": note.started,
            "ended": self._ended() if is_over else None,
            "resumable": is_over and traces.is_resumable(state, path),
            "followed": None,
            "events": self.files.events.as_posix(),
            "log": self.files.log.as_posix(),
        }

    def _notes(self, note: Note) -> list[str]:
        said = list(self._course.notes)
        if self._course.damaged:
            said.append(f"{count(self._course.damaged, 'line')} of its events cannot be read.")
        if not note.is_here:
            hours = self._quiet_hours()
            quiet = f" It has written nothing for {count(hours, 'hour')}." if hours else ""
            said.append(
                f"It was started on {note.machine}; whether it lives shows only there.{quiet}"
            )
        return said

    def _trouble(self, state: str, path: str) -> Document:
        course = self._course
        said: Document = {"problem": "", "remedy": "", "fix": None}
        if state == "lost":
            remedy = "Resume it: finished frames are kept." if path else "Run it again."
            if path and Take(Path(path)).is_complete:  # events that could not be written, or others
                remedy = "Its take is complete all the same."
            problem = "Its process is gone without an end: it was killed, or the machine went down."
            if self._note is not None and not self._note.is_here:
                problem = f"It has written nothing on {self._note.machine} for a day or longer."
                remedy = f"Look there whether it still runs. {remedy}"
            return {**said, "problem": problem, "remedy": remedy}
        if course.error and state in ("failed", "incomplete", "complete"):
            return {**said, **{name: course.error.get(name) for name in said}}
        if course.failures and state in ENDED:
            first = course.failed[0]
            where = " ".join(filter(None, (first["variation"], str(first["frame"]))))
            problem = f"{count(course.failures, 'frame')} failed, first {where}: {first['problem']}"
            return {**said, "problem": problem, "remedy": first["remedy"]}
        return said

    def _ended(self) -> str | None:
        if self._course.last and not self._course.error:
            return self._course.last
        written = self.files.last_written()
        if not written:
            return None
        at = datetime.fromtimestamp(written, timezone.utc)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _of(self, path: str) -> Document:
        """What a take's own document says of it; read once, or until it can be read."""
        if path and not (self._of_take[0] == path and self._of_take[1]):
            self._of_take = path, traces.of_take(Path(path))
        return self._of_take[1]

    def _look_whether_resumable(self) -> None:
        """Whoever goes on with a take leaves no word in the job that began it."""
        now = time.monotonic()
        if self.document.get("resumable") and now - self._asked_at > RESUMABLE_SECONDS:
            self._asked_at = now
            so = self.document["state"], self.document["path"]
            if self._note is not None and not traces.is_resumable(*so):
                self.document = self._documented(self._note, *so)

    def _go_on_from_what_was_read(self) -> None:
        try:
            kept = documents.read(self.files.read)
            found = course.held(kept["course"])
            offset = int(kept["offset"])
        except (TakeError, KeyError, TypeError, ValueError):  # none, or of another version
            return
        if found is not None:
            self._course, self._tail = found, Tail(self.files.events, offset)
            self._kept = offset

    def _keep_what_was_read(self) -> None:
        if self._tail.offset - self._kept > WORTH_KEEPING:
            self._kept = self._tail.offset
            kept = {"offset": self._kept, "course": self._course.as_json()}
            try:
                documents.write(self.files.read, kept)
            except (OSError, ValueError):  # a full disk: then they are read again next time
                return


def has_ended(files: Files, lives: Lives) -> bool:
    """Whether a job has ended, as its events say, or its process.

    Raises:
        TakeError: it cannot be read just now.
    """
    job = Followed(files)
    job.look(lives)
    while job.is_behind:
        job.look(lives)
    if job.document.get("state") in ENDED and not job.has_ended:
        said = job.document
        raise TakeError(said["problem"], remedy=said["remedy"])
    is_damaged = "error" in job.document  # a note that is none tells nothing of a process
    process = files.process() if is_damaged else None
    return job.has_ended and (process is None or not lives(*process))


def _check(document: Document) -> None:
    """Raises ValueError: a program could not be told it."""
    json.dumps(document, ensure_ascii=False, allow_nan=False).encode()


def _lost(files: Files, error: AnswerprintError) -> Document:
    """A job of which nothing but its name can be told."""
    machine, hardware = notes.here()
    blank = Followed(files)
    note = Note(
        kind="run",
        argv=(),
        cwd="",
        machine=machine,
        hardware=hardware,
        starter=(0, 0.0),
        started="",
    )
    return {**blank._documented(note, "lost", ""), **error.as_json()}  # noqa: SLF001 - our own


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
