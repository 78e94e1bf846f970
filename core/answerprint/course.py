"""The course of a job: what its events add up to, taken in one after the other as they come."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from answerprint import documents
from answerprint.documents import count
from answerprint.verdict import ORDER

MOST_TOLD = 20  # frames with warnings
MOST_FAILED = 100
MOST_NOTES = 50
MOST_SPOKEN = 500  # frames that a gate spoke of
STRETCH = 48  # frames that tell how fast it goes now; some finish together, so not the last few

Event = dict[str, Any]


@dataclass
class Course:
    """Kept as a document between two looks, so that no event is read twice.

    take, path   like bg_denoise/v003, and its folder; empty until it started
    total        of work items; `done` of them are finished, those kept from before among them
    part         the frames that are asked for, where they are not all of the take
    failed       the first MOST_FAILED of `failures`
    warned       the first MOST_TOLD frames with warnings; `warnings` counts the sentences
    qc           worst word of the gates so far, '' before any was said; `findings` counts them
    judged       frames for each word; those in `spoken` are not counted twice
    reason       words of the worst finding, and `qc_frame` that has it
    waiting      problem and since, while the server is away
    end          how it ended as it says itself: complete, part, incomplete, cancelled
    error        of the verb, where one ended it
    answer       of a rerun: identical, within tolerance, different
    last         time of the last event
    rate         seconds from one finished frame to the next, in the last stretch: since `zero`,
                 at these `times`
    damaged      lines that are no events
    """

    take: str = ""
    path: str = ""
    total: int = 0
    variations: int = 0
    done: int = 0
    part: str = ""
    failures: int = 0
    failed: list[dict[str, Any]] = field(default_factory=list)
    warnings: int = 0
    warned: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    qc: str = ""
    findings: int = 0
    judged: dict[str, int] = field(default_factory=dict)
    spoken: list[str] = field(default_factory=list)
    reason: str = ""
    qc_frame: int | None = None
    waiting: dict[str, str] | None = None
    end: str = ""
    error: dict[str, Any] | None = None
    answer: str = ""
    last: str = ""
    rate: float | None = None
    damaged: int = 0
    zero: float | None = None
    times: list[float] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def is_begun(self) -> bool:
        return bool(self.take)

    @property
    def left(self) -> float | None:
        """Seconds until its end, if it goes on as in the last stretch."""
        todo = max(self.total - self.done - self.failures, 0)
        return None if self.rate is None else self.rate * todo

    def take_in(self, line: bytes) -> None:
        """Add one line of a job's output; one that is no event is counted as damaged."""
        try:
            self._take_in(documents.loads(line.decode("utf-8")))
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
            self.damaged += 1

    def _take_in(self, event: Event) -> None:
        if "error" in event and "event" not in event:
            self.error = {**event, "error": str(event["error"]), **_said(event)}
        elif "answer" in event:
            self.answer = str(event["answer"])
        else:
            self._happened(event, _seconds(event))
            self.last = event["time"]

    def _happened(self, event: Event, at: float) -> None:
        match event["event"]:
            case "started":
                self._started(event, at)
            case "frame":
                self._frame(event, at)
            case "judged":
                self._judged(event)
            case "qc":
                self._verdict(event)
            case "failed":
                self._failed(event, at)
            case "waiting":
                self._waiting(event)
            case "back" | "moved" | "reloaded":
                self._back(event, at)
            case "transport":
                self._transport(event)
            case "finished":
                self._finished(event)

    def _started(self, event: Event, at: float) -> None:
        self.total, self.done = int(event["frames"]), int(event["kept"])
        self.variations = int(event["variations"])
        self.take, self.path = str(event["take"]), str(event.get("path", ""))
        self.part = str(event.get("part", ""))
        self._transport(event)
        for note in event.get("notes", []):
            self._note(str(note))
        self.zero, self.times = at, []

    def _frame(self, event: Event, at: float) -> None:
        item = _item(event)
        self.done += 1
        self._timed(at)
        said = [str(one) for one in event.get("warnings", [])]
        self.warnings += len(said)
        for warning in said[: max(MOST_TOLD - len(self.warned), 0)]:
            self.warned.append({**item, "warning": warning})
        self._judged(event)
        if self.waiting and self.waiting.get("error") == "ServerRefused":
            self.waiting = None  # nobody says that a model was loaded again by somebody else

    def _judged(self, event: Event) -> None:
        """What the gates found in one frame, or add to it."""
        said = event.get("qc")
        if not isinstance(said, dict) or said.get("verdict") not in ORDER:
            return
        word, item, found = str(said["verdict"]), _item(event), said.get("findings", [])
        self.findings += len(found)
        named = f"{word} {item['variation']}/{item['frame']}"
        if event["event"] == "frame" or (word != "pass" and named not in self.spoken):
            self.judged[word] = self.judged.get(word, 0) + 1
        if word != "pass" and len(self.spoken) < MOST_SPOKEN:
            self.spoken.append(named)
        if not self.qc or _rank(word) > _rank(self.qc):
            self.qc, self.qc_frame = word, item["frame"] if found else None
            self.reason = str(found[0]["words"]) if found else ""
        elif word == self.qc and self.qc_frame is not None and item["frame"] < self.qc_frame:
            self.qc_frame, self.reason = item["frame"], str(found[0]["words"])

    def _verdict(self, event: Event) -> None:
        """Of the whole take."""
        self.qc, self.reason = str(event["verdict"]), str(event["reason"])
        self.findings = int(event["findings"])
        self.qc_frame = None if event["frame"] is None else int(event["frame"])

    def _failed(self, event: Event, at: float) -> None:
        failure = {**_item(event), **_said(event)}
        self.failures += 1
        self._timed(at)
        if len(self.failed) < MOST_FAILED:
            self.failed.append(failure)

    def _waiting(self, event: Event) -> None:
        self.waiting = {
            "error": str(event.get("error", "")),
            "problem": str(event["problem"]),
            "since": event["time"],
        }

    def _back(self, event: Event, at: float) -> None:
        self.waiting = None
        if event["event"] == "moved":
            self._note(f"It went on at {event['to']}: {event['why']}")
        self.zero, self.times = at, []  # the time without a server says nothing of the rate

    def _transport(self, event: Event) -> None:
        way = str(event.get("transport", ""))
        if way.startswith("gRPC: "):
            self._note(f"Images go over {way}.")

    def _finished(self, event: Event) -> None:
        self.end, self.done = str(event["state"]), int(event["done"])
        self.waiting = None
        if self.end == "part":
            self._note(f"{count(int(event.get('left', 0)), 'frame')} of the take left to others.")

    def _timed(self, at: float) -> None:
        self.times.append(at)
        if len(self.times) > STRETCH:
            self.zero = self.times.pop(0)
        if self.zero is not None:
            self.rate = max(at - self.zero, 0.0) / len(self.times)

    def _note(self, note: str) -> None:
        if note not in self.notes and len(self.notes) < MOST_NOTES:
            self.notes.append(note)


_COURSE = TypeAdapter(Course)


def held(document: Any) -> Course | None:
    """A course that was kept; None where the document is none."""
    try:
        return _COURSE.validate_python(document)
    except ValidationError:
        return None


def _rank(word: str) -> int:
    """0 for pass."""
    return [str(one) for one in ORDER].index(word)


def _item(event: Event) -> dict[str, Any]:
    return {"frame": int(event["frame"]), "variation": str(event.get("variation", ""))}


def _said(event: Event) -> dict[str, str]:
    return {"problem": str(event["problem"]), "remedy": str(event["remedy"])}


def _seconds(event: Event) -> float:
    return datetime.fromisoformat(event["time"].replace("Z", "+00:00")).timestamp()
