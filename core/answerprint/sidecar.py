"""The sidecar: verbs kept warm for a panel; requests and answers are JSON, one document a line.

asked     {"id": 7, "argv": ["tasks"]}      a verb, as typed in a shell; always as if with --json
          {"id": 8, "cancel": 7}            interrupts a request that is not yet done
answered  {"sidecar": 1, "version": "0.1.0", "pid": 4711}    before all: protocol, engine, process
          {"id": 7, "event": {...}}         each document that the verb prints, errors among them
          {"id": 7, "exit": 0}              the last of a request: the verb's exit code

Requests are carried out side by side, so answers to several come interleaved. A line that is no
request is answered with an error, under its id, or under null where that cannot be told.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any, BinaryIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from answerprint import __version__
from answerprint.documents import explain
from answerprint.errors import JobError
from answerprint.interrupt import Interrupt

PROTOCOL = 1
MOST_LINE_BYTES = 1 << 20
MOST_AT_ONCE = 32
MOST_UNREAD = 1000  # answers that wait for a panel that does not read
END_SECONDS = 15.0
FAULT = 70

Id = Annotated[int, Field(ge=0, lt=1 << 53)] | Annotated[str, Field(max_length=64)]
Document = dict[str, Any]
Tell = Callable[[Document], None]
CarryOut = Callable[[list[str], Tell, Interrupt], int]


class _Named(BaseModel):
    model_config = ConfigDict(strict=True)

    id: Id


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: Id
    argv: list[str] | None = None
    cancel: Id | None = None


class _Running(threading.Thread):
    """A request that is being carried out."""

    def __init__(self, number: int | str, carry_out: Callable[[_Running], None]) -> None:
        super().__init__(target=carry_out, args=(self,), name=f"request {number}", daemon=True)
        self.number = number
        self.interrupted = Interrupt()


class Sidecar:
    """Carries out requests, each in a thread of its own.

    carry_out   runs a verb and returns its exit code: `carry_out(words, tell, interrupted)`. It
                tells documents, and looks at `interrupted`; where that is set, telling anything but
                an error raises KeyboardInterrupt
    write       is given answers, one at a time, each a line of ASCII without its end. Where that
                fails nobody hears us: all requests are cancelled, and `serve` ends
    wake        brings `serve` back from waiting for a line, then; it ends with the next one anyway
    patience    seconds that the end waits for what is cancelled, and for a panel that does not read
    """

    def __init__(
        self,
        carry_out: CarryOut,
        write: Callable[[str], None],
        *,
        wake: Callable[[], None] = lambda: None,
        patience: float = END_SECONDS,
    ) -> None:
        self._carry_out = carry_out
        self._answers = _Answers(write, self._unheard)
        self._wake = wake
        self._ending = False
        self._running: dict[int | str, _Running] = {}
        self._threads: set[_Running] = set()  # also those that are just saying their last
        self._lock = threading.Lock()
        self._patience = patience

    def serve(self, asked: BinaryIO) -> None:
        """Answer the requests of a stream; at its end cancel what runs, and wait for it."""
        try:
            self._answers.put({"sidecar": PROTOCOL, "version": __version__, "pid": os.getpid()})
            for line in _lines(asked):
                if self.failure:
                    break
                self._take_in(line)
        finally:
            self._ending = True
            self._end()

    @property
    def failure(self) -> Exception | None:
        """Why answers cannot be written any more; None as long as they can."""
        return self._answers.failure

    def _unheard(self) -> None:
        self._cancel_all()
        if not self._ending:
            self._wake()

    def _take_in(self, line: bytes) -> None:
        number = _id(line)
        with self._lock:
            in_use = number in self._running
        try:
            self._begin(_request(line), in_use=in_use)
        except JobError as error:
            unanswered = None if in_use else number  # under that id another answer is to come
            self._tell(unanswered, error.as_json())
            self._answers.put({"id": unanswered, "exit": error.exit_code})

    def _begin(self, request: _Request, *, in_use: bool) -> None:
        if in_use:
            raise JobError(
                f"Request {request.id} is still being carried out.",
                remedy="Give each request an id of its own.",
            )
        if request.argv is None:
            self._cancel(request)
        else:
            self._start(request.id, request.argv)

    def _start(self, number: int | str, words: list[str]) -> None:
        running = _Running(number, lambda running: self._run(running, words))
        with self._lock:
            if len(self._running) >= MOST_AT_ONCE:
                raise JobError(
                    f"{MOST_AT_ONCE} requests are being carried out already.",
                    remedy="Wait until one is done, or cancel one.",
                )
            self._running[number] = running
            self._threads.add(running)
        running.start()

    def _run(self, running: _Running, words: list[str]) -> None:
        def tell(document: Document) -> None:
            if running.interrupted.is_set() and "error" not in document:
                raise KeyboardInterrupt
            self._tell(running.number, document)

        code = FAULT
        try:
            code = self._carry_out(words, tell, running.interrupted)
        finally:
            with self._lock:
                del self._running[running.number]
            self._answers.put({"id": running.number, "exit": code})
            with self._lock:
                self._threads.discard(running)

    def _cancel(self, request: _Request) -> None:
        with self._lock:
            running = None if request.cancel is None else self._running.get(request.cancel)
        if running is None:
            raise JobError(
                f"There is no request {request.cancel} to cancel.",
                remedy="It is done already, or was never made.",
            )
        running.interrupted.set()
        self._tell(request.id, {"cancelled": request.cancel})
        self._answers.put({"id": request.id, "exit": 0})

    def _tell(self, number: int | str | None, document: Document) -> None:
        self._answers.put({"id": number, "event": document})

    def _cancel_all(self) -> list[_Running]:
        with self._lock:
            left = list(self._threads)
        for running in left:
            running.interrupted.set()
        return left

    def _end(self) -> None:
        left = self._cancel_all()
        deadline = time.monotonic() + self._patience
        for running in left:
            if running.is_alive():
                running.join(max(0.0, deadline - time.monotonic()))
        self._answers.close(deadline)


class _Answers:
    """Answers on their way out, written by one thread: lines stay whole, whoever is interrupted.

    failure   why one could not be written; from then on they are taken and thrown away, so that
              no request waits for a place. `failed` is told at once, in the writer's thread
    """

    def __init__(self, write: Callable[[str], None], failed: Callable[[], None]) -> None:
        self._write, self._failed = write, failed
        self.failure: Exception | None = None
        self._lines: queue.Queue[str | None] = queue.Queue(MOST_UNREAD)
        self._thread = threading.Thread(target=self._write_all, daemon=True)
        self._thread.start()

    def put(self, document: Document) -> None:
        """Waits where the panel does not read. Raises ValueError: it holds NaN or inf."""
        self._lines.put(json.dumps(document, allow_nan=False))

    def close(self, deadline: float) -> None:
        """Wait until then for what is not yet written: who hangs shall not make us hang."""
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=max(0.0, deadline - time.monotonic()))
            self._thread.join(max(0.0, deadline - time.monotonic()))

    def _write_all(self) -> None:
        for line in iter(self._lines.get, None):
            if self.failure is None:
                self._try(line)

    def _try(self, line: str) -> None:
        try:
            self._write(line)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and nobody waits
            self.failure = error
            self._failed()


def _lines(asked: BinaryIO) -> Iterator[bytes]:
    """Lines of a stream; of one that is too long as much as tells that it is."""
    while line := asked.readline(MOST_LINE_BYTES + 1):
        rest = line
        while len(rest) > MOST_LINE_BYTES and not rest.endswith(b"\n"):
            rest = asked.readline(MOST_LINE_BYTES + 1)
        yield line


def _request(line: bytes) -> _Request:
    """Raises JobError: the line is no request; says why."""
    if len(line) > MOST_LINE_BYTES:
        raise _wrong(f"it has more than {MOST_LINE_BYTES:,} bytes")
    try:
        request = _Request.model_validate_json(line)
    except ValidationError as error:
        raise _wrong(explain(error)) from error
    if (request.argv is None) == (request.cancel is None):
        raise _wrong("it has to have argv or cancel, and not both")
    return request


def _wrong(why: str) -> JobError:
    return JobError(
        f"A line is no request: {why}.",
        remedy='Write one a line, like {"id": 7, "argv": ["tasks"]} or {"id": 8, "cancel": 7}.',
    )


def _id(line: bytes) -> int | str | None:
    """The id of a line that is no request, where it can be told."""
    try:
        return _Named.model_validate_json(line).id
    except ValidationError:
        return None
