"""Faults: errors of our own that nobody expected. They are logged, told, and stop nothing else."""

from __future__ import annotations

import functools
import os
import time
from typing import Any, Callable, Dict, List, Tuple, TypeVar, cast

from answerprint_panel import engine
from answerprint_panel.host import Document, HostError

MOST_LOG_BYTES = 1 << 18
QUIET_SECONDS = 60.0  # one that comes again and again is told no more often
VARARGS = 0x04  # of a code object: it takes any number of arguments

Told = Callable[[Document], None]
Guarded = TypeVar("Guarded", bound=Callable[..., Any])

_LISTENERS: List[Told] = []
_TOLD: Dict[str, float] = {}


def guarded(deed: Guarded) -> Guarded:
    """For what Qt or the host calls: an exception would end there, unseen by whoever works.

    Qt's arguments that the deed does not take are left out, as Qt itself does.
    """
    code: Any = getattr(deed, "__code__", None)
    most = None if code is None or code.co_flags & VARARGS else code.co_argcount

    @functools.wraps(deed)
    def held(*args: Any, **more: Any) -> Any:
        try:
            return deed(*args[:most], **more)
        except Exception as error:  # noqa: BLE001 - whatever it is: here is the last place to say it
            caught(error)

    return cast("Guarded", held)


def listen(told: Told) -> None:
    """Have faults told as error documents. While nobody listens they are raised as ever."""
    if told not in _LISTENERS:
        _LISTENERS.append(told)


def unlisten(told: Told) -> None:
    if told in _LISTENERS:
        _LISTENERS.remove(told)


def caught(error: Exception) -> None:
    """Log a fault and tell of it. What is a host's own trouble has its words already."""
    write(error, log_path())
    if not _LISTENERS:
        raise error
    told = error.as_json() if isinstance(error, HostError) else document(error)
    now, what = time.monotonic(), str(told["problem"]) + str(told.get("where", ""))
    if now - _TOLD.get(what, -QUIET_SECONDS) >= QUIET_SECONDS:
        _TOLD[what] = now
        for listener in _LISTENERS[:]:
            listener(told)


def tell(error: Document) -> None:
    """Tell whoever listens of trouble that has its words already; it is none of ours."""
    for listener in _LISTENERS[:]:
        listener(error)


def forget() -> None:
    """Somebody has seen them: the next one is told at once."""
    _TOLD.clear()


def document(error: BaseException) -> Document:
    """A fault as an error document; `where`: for the diagnostics, an artist has no use for it."""
    return {
        "error": "Fault",
        "problem": "This is a fault in Answerprint, not in your work.",
        "remedy": "Nothing of yours is lost, and jobs go on. Copy the diagnostics and send them to "
        "whoever looks after Answerprint here.",
        "where": f"{sentence(error)}, at {_place(error)}",
        "fix": None,
    }


def sentence(error: BaseException) -> str:
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0] if said else 'no reason'}"


def log_path() -> str:
    return os.path.join(engine.home(), "faults.log")


def write(error: BaseException, path: str) -> str:
    """Add an exception to a log, which starts anew when it has grown; why not, where it cannot."""
    import traceback  # noqa: PLC0415 - seldom needed

    trace = traceback.format_exception(type(error), error, error.__traceback__)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        full = os.path.isfile(path) and os.path.getsize(path) > MOST_LOG_BYTES
        with open(path, "w" if full else "a", encoding="utf-8") as file:
            file.write(time.strftime("%Y-%m-%d %H:%M:%S ") + sentence(error) + "\n")
            file.write("".join(trace))
    except OSError as unwritten:
        return str(unwritten)
    return ""


def _place(error: BaseException) -> str:
    """File, line and function that it came from."""
    import traceback  # noqa: PLC0415 - seldom needed

    frames: List[Tuple[str, int, str]] = [
        (os.path.basename(frame.filename), frame.lineno or 0, frame.name)
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    return "{}, line {}, {}".format(*frames[-1]) if frames else "a place that is not known"
