"""The panel's end of the engine: requests go out, answers come back, and nobody waits for either.

The protocol is the engine's: see the engine's own sidecar.py. Standard library only, so that a
script in a terminal uses it as the panel does.
"""

from __future__ import annotations

import atexit
import itertools
import json
import queue
import time
from collections import OrderedDict, deque
from typing import Any, Callable, Deque, Dict, List, Optional

from answerprint_panel import engine, engine_words
from answerprint_panel.child import Child
from answerprint_panel.host import Document
from answerprint_panel.request import CANCELLED, GONE, Done, Event, Request, exit_code

PROTOCOL = 1
MOST_REQUEST_BYTES = 1 << 20  # the sidecar's own limit
MOST_SENT = 24  # below what a sidecar carries out at once
MOST_ARRIVED = 1000  # then its pipe fills, and it waits for us
MOST_CODES = 1000
TURN_SECONDS = 0.01
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
PATIENCE_SECONDS = 60.0  # a first start, from a slow share
CLOSE_SECONDS = 1.0
HOPELESS = 3  # starts in vain, after which nobody is kept waiting


class Sidecar:
    """Keeps a sidecar running and asks it. All of it is called on one thread, the host's.

    find    which engine; raises EngineAbsent
    wake    called, on another thread, when there is something for `deliver`
    patience  seconds that an engine has to say its first word, and to take note of a cancel; then
            it hangs, and is ended

    state   starting    not heard yet; requests wait
            ready       it answers
            restarting  it ended by itself; it is started again, after a pause that grows
            absent      there is none to start; looked for again every few seconds
            wrong       what is there is another version, or no engine; not tried again by itself
            closed
    problem error document in restarting, absent and wrong; else None
    strays  answers to nothing that was asked, the last few: for diagnostics
    """

    def __init__(
        self,
        find: Callable[[], engine.Engine] = engine.find,
        wake: Callable[[], None] = lambda: None,
        *,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self.state = "starting"
        self.problem: Optional[Document] = None
        self.version, self.python = "", ""
        self.pid: Optional[int] = None  # of an engine that answers; none while none does
        self.strays: Deque[Document] = deque(maxlen=10)
        self._find, self._wake, self._patience = find, wake, patience
        self._numbers = itertools.count(1)
        self._waiting: Deque[Request] = deque()
        self._sent: Dict[int, Optional[Request]] = {}  # None: nobody waits for it any more
        self._cancels: Dict[int, float] = {}
        self._codes: OrderedDict[int, int] = OrderedDict()
        self._arrivals: queue.Queue[Any] = queue.Queue(MOST_ARRIVED)
        self._refused: Deque[Any] = deque()
        self._pause, self._in_vain = FIRST_PAUSE, 0
        self._due: Optional[float] = None
        self._start()
        atexit.register(self.close)

    def ask(
        self, argv: List[str], event: Optional[Event] = None, done: Optional[Done] = None
    ) -> int:
        """Ask a verb. Its documents go to `event`, errors among them; its exit code to `done`.

        Both are called by `deliver`. A request that is open when the engine ends is told an
        EngineGone and GONE; one that is not yet sent waits for the next engine.
        """
        number = next(self._numbers)
        line = json.dumps({"id": number, "argv": argv}).encode("ascii") + b"\n"
        request = Request(number, line, event, done)
        if len(line) > MOST_REQUEST_BYTES:
            self._refuse(request, engine_words.too_long(argv, len(line), MOST_REQUEST_BYTES))
        elif self.state in ("absent", "wrong", "closed"):
            self._refuse(request, self.problem or engine_words.GONE)
        else:
            self._waiting.append(request)
            self._send_waiting()
        return number

    def cancel(self, number: int) -> None:
        """Call a request off: neither of its callbacks is called any more, whatever it does."""
        for request in [*self._waiting, *(refused for refused, _ in self._refused)]:
            if request.number == number:
                request.silence()
        self._waiting = deque(one for one in self._waiting if one.number != number)
        if self._sent.get(number) is not None:
            self._sent[number] = None
            cancelling = next(self._numbers)
            self._cancels[cancelling] = time.monotonic() + self._patience
            self._send({"id": cancelling, "cancel": number})
        if number not in self._codes:
            self._note(number, CANCELLED)

    def deliver(self, seconds: float = TURN_SECONDS) -> bool:
        """Run the callbacks of what has come, for so long at most. True: there is more."""
        self._keep_up()
        until = time.monotonic() + seconds
        while self.state != "closed":
            if self._refused:
                self._end(*self._refused.popleft())
            else:
                try:
                    self._take(*self._arrivals.get_nowait())
                except queue.Empty:
                    return False
            if time.monotonic() >= until:
                return bool(self._refused) or not self._arrivals.empty()
        return False

    def wait(self, number: int, seconds: float) -> Optional[int]:
        """Deliver until a request is done; its exit code, or None: it is not. For scripts."""
        until = time.monotonic() + seconds
        while number not in self._codes and self.state != "closed":
            self.deliver()
            left = until - time.monotonic()
            if number in self._codes or left <= 0:
                break
            try:
                arrival = self._arrivals.get(timeout=min(left, FIRST_PAUSE))
            except queue.Empty:
                continue
            self._take(*arrival)
        return self._codes.get(number)

    def retry(self) -> None:
        """Start an engine now, where there is none."""
        if self.state in ("restarting", "absent", "wrong") and not self._is_starting():
            self._pause, self._in_vain = FIRST_PAUSE, 0
            self.state, self.problem = "starting", None
            self._start()

    def close(self) -> None:
        """End the engine. Callbacks are not called any more. Takes a second at most."""
        if self.state == "closed":
            return
        self.state = "closed"
        atexit.unregister(self.close)
        self._child.end()
        if not self._child.gone_within(CLOSE_SECONDS):
            self._child.kill()
            self._child.gone_within(CLOSE_SECONDS / 5)

    # What follows is told by a child's threads, and done on the host's.

    def _start(self) -> None:
        self._due = None
        self._greeted_at: Optional[float] = None
        self.pid = None
        self._hello_by = time.monotonic() + self._patience
        self._child = Child(self._find, self._arrive)
        self._child.start()

    def _is_starting(self) -> bool:
        return self._due is None and self.state != "wrong"

    def _arrive(self, child: Child, kind: str, document: Document) -> None:
        while self.state != "closed":
            try:
                self._arrivals.put((child, kind, document), timeout=FIRST_PAUSE)
            except queue.Full:  # the host is busy: the engine waits
                continue
            self._wake()
            return

    def _take(self, child: Child, kind: str, document: Document) -> None:
        if child is not self._child or self.state == "wrong":
            return
        if kind == "absent":
            self._absent(document)
        elif kind == "ended":
            self._ended(document)
        elif self._greeted_at is None:
            self._greet(document)
        else:
            self._answer(document)

    def _greet(self, hello: Document) -> None:
        if hello.get("sidecar") != PROTOCOL:
            self._child.kill()
            self._give_up(engine_words.other_protocol(self._child.python, hello, PROTOCOL))
            return
        self._greeted_at = time.monotonic()
        self.state, self.problem = "ready", None
        self.version, self.pid = str(hello.get("version", "")), hello.get("pid")
        self.python = self._child.python
        self._send_waiting()

    def _answer(self, answer: Document) -> None:
        number, ended = answer.get("id"), "exit" in answer
        if not isinstance(number, int) or number not in {**self._sent, **self._cancels}:
            self.strays.append(answer)
        elif ended:
            self._done(number, exit_code(answer["exit"]))
        else:
            request = self._sent.get(number)
            if request is not None:
                request.hear(answer.get("event"))

    def _done(self, number: int, code: int) -> None:
        self._cancels.pop(number, None)
        request = self._sent.pop(number, None)
        self._send_waiting()
        if request is not None:
            self._note(number, code)
            request.end(code)

    def _absent(self, problem: Document) -> None:
        self.state, self.problem = "absent", problem
        self._due = time.monotonic() + LONGEST_PAUSE
        self._refuse_all(problem)

    def _ended(self, how: Document) -> None:
        if how["why"] and self._greeted_at is None:
            self._give_up(engine_words.no_engine(self._child.python, how["why"]))
            return
        self.pid = None
        lived = 0.0 if self._greeted_at is None else time.monotonic() - self._greeted_at
        if lived >= LONGEST_PAUSE:
            self._pause = FIRST_PAUSE
        self._in_vain = self._in_vain + 1 if self._greeted_at is None else 0
        self.state, self.problem = "restarting", engine_words.ended(self._child.python, how)
        self._due = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self._refuse_sent(engine_words.GONE)
        if self._in_vain >= HOPELESS:
            self._refuse_all(self.problem)

    def _give_up(self, problem: Document) -> None:
        self.state, self.problem = "wrong", problem
        self._due = None
        self._refuse_all(problem)

    def _keep_up(self) -> None:
        """Start what is to be started again, and end what hangs."""
        now = time.monotonic()
        if self._due is not None and now >= self._due:
            self._start()
        if self._greeted_at is None and self._due is None and now > self._hello_by:
            self._child.kill()
        if any(now > until for until in self._cancels.values()):
            self._cancels.clear()
            self._child.kill()

    def _send_waiting(self) -> None:
        while self.state == "ready" and self._waiting and len(self._sent) < MOST_SENT:
            request = self._waiting.popleft()
            self._sent[request.number] = request
            self._child.send(request.line)

    def _send(self, document: Document) -> None:
        self._child.send(json.dumps(document).encode("ascii") + b"\n")

    def _refuse_sent(self, problem: Document) -> None:
        sent, self._sent = self._sent, {}
        self._cancels.clear()
        for request in sent.values():
            if request is not None:
                self._refuse(request, problem)

    def _refuse_all(self, problem: Document) -> None:
        self._refuse_sent(problem)
        while self._waiting:
            self._refuse(self._waiting.popleft(), problem)

    def _refuse(self, request: Request, problem: Document) -> None:
        self._refused.append((request, problem))
        self._wake()

    def _end(self, request: Request, problem: Document) -> None:
        if request.number not in self._codes:
            self._note(request.number, GONE)
        request.hear(problem)
        request.end(GONE)

    def _note(self, number: int, code: int) -> None:
        self._codes[number] = code
        if len(self._codes) > MOST_CODES:
            self._codes.popitem(last=False)
