"""Starting in Houdini: there is little to do before somebody asks. A failure is logged, and said."""

from __future__ import annotations

import os

from answerprint_panel import engine, faults


def log() -> str:
    """The file that failures to start are written to, in the user's Answerprint folder."""
    return os.path.join(engine.home(), "houdini.log")


def failed(error: BaseException) -> str:
    """Log an exception; returns it as a sentence."""
    unwritten = faults.write(error, log())
    return faults.sentence(error) + (f" (not logged: {unwritten})" if unwritten else "")


def listen() -> None:
    """Have faults of our own said, also where no panel is open."""
    from answerprint_houdini import commands, host  # noqa: PLC0415 - imports hou; failures are ours

    faults.listen(commands.fault)
    host.this().when_opened(commands.script_loaded)
