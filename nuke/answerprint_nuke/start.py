"""Starting with Nuke's UI: pane, menu, callbacks. A failure is logged and shown, and stops nothing."""

from __future__ import annotations

import os
import time
import traceback
from typing import Any

from answerprint_panel import engine

MOST_LOG_BYTES = 1 << 18


def log() -> str:
    """The file that failures to start are written to, in the user's Answerprint folder."""
    return os.path.join(engine.home(), "nuke.log")


def failed(error: BaseException) -> str:
    """Log an exception; returns it as a sentence for the menu."""
    said = str(error).strip().splitlines()
    why = f"{type(error).__name__}: {said[0] if said else 'no reason'}"
    try:
        os.makedirs(os.path.dirname(log()), exist_ok=True)
        full = os.path.isfile(log()) and os.path.getsize(log()) > MOST_LOG_BYTES
        with open(log(), "w" if full else "a", encoding="utf-8") as file:
            file.write(time.strftime("%Y-%m-%d %H:%M:%S ") + why + "\n")
            file.write("".join(traceback.format_exception(type(error), error, error.__traceback__)))
    except OSError as unwritten:
        why += f" (not logged: {unwritten})"
    return why


def with_ui(nuke: Any) -> None:
    """All that a session with a UI needs; nothing of the panel is loaded yet."""
    from nukescripts import panels  # noqa: PLC0415 - part of Nuke, there with a UI alone

    from answerprint_nuke import commands, window  # noqa: PLC0415 - imports nuke; failures are ours

    window.register(panels)
    window.menu(nuke.menu("Nuke"))
    nuke.addOnScriptLoad(commands.script_loaded)
    nuke.addKnobChanged(commands.knob_changed, nodeClass="Read")
