"""What is said when the engine is not well: error documents as the engine's own."""

from __future__ import annotations

from typing import List

from answerprint_panel import engine
from answerprint_panel.host import Document


def _error(name: str, problem: str, remedy: str) -> Document:
    return {"error": name, "problem": problem, "remedy": remedy, "fix": None}


GONE = _error(
    "EngineGone",
    "The engine ended before it answered.",
    "It is being started again: ask once more then. Jobs go on by themselves; the queue shows "
    "whether one was begun.",
)


def too_long(argv: List[str], count: int, most: int) -> Document:
    return _error(
        "JobError",
        f"What '{argv[0] if argv else 'nothing'}' is asked has {count:,} bytes; "
        f"the most are {most:,}.",
        "Choose a shorter range, or fewer values.",
    )


def ended(python: str, how: Document) -> Document:
    said = f", having said {how['why']}" if how["why"] else ""
    last = f" Its last words: {how['last']}" if how["last"] else ""
    return _error(
        "EngineGone",
        f"The engine {_slashes(python)} ended by itself (exit {how['exit']}){said}.{last}",
        "It is being started again. If that goes on, copy the diagnostics for the pipeline team.",
    )


def no_engine(python: str, said: str) -> Document:
    return _error(
        "EngineWrong",
        f"{_slashes(python)} is started as Answerprint's engine, and said {said}.",
        f"Have ANSWERPRINT_ENGINE name another Python, or run '{engine.install()}' again.",
    )


def other_protocol(python: str, hello: Document, ours: int) -> Document:
    version = str(hello.get("version", "of no number"))[:40]
    return _error(
        "EngineWrong",
        f"The engine {_slashes(python)} is Answerprint {version}, which this panel cannot talk "
        f"with: it speaks protocol {str(hello.get('sidecar'))[:20]}, the panel {ours}.",
        "Another version was installed meanwhile: save your script and start the host again.",
    )


def _slashes(path: str) -> str:
    return path.replace("\\", "/")
