"""One request to the engine, and who hears of it."""

from __future__ import annotations

from typing import Any, Callable, Optional

from answerprint_panel.host import Document

GONE, CANCELLED = -1, -2  # exit codes of requests that the engine did not end

Event = Callable[[Document], None]
Done = Callable[[int], None]


class Request:
    """Its line as it is sent; documents go to `event`, the exit code to `done`."""

    def __init__(
        self, number: int, line: bytes, event: Optional[Event], done: Optional[Done]
    ) -> None:
        self.number, self.line = number, line
        self._event, self._done = event, done

    def hear(self, document: Any) -> None:
        if self._event is not None and isinstance(document, dict):
            self._event(document)

    def end(self, code: int) -> None:
        if self._done is not None:
            self._done(code)

    def silence(self) -> None:
        """It was called off: nobody hears of it any more."""
        self._event = self._done = None


def exit_code(value: Any) -> int:
    """As the engine says it; what is no number is no end that it meant."""
    return value if isinstance(value, int) else GONE
