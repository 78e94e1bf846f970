"""Starting with Nuke's UI: pane, menu, callbacks. A failure is logged and shown, and stops nothing."""

from __future__ import annotations

import os
from typing import Any

from answerprint_panel import engine, faults


def log() -> str:
    """The file that failures to start are written to, in the user's Answerprint folder."""
    return os.path.join(engine.home(), "nuke.log")


def failed(error: BaseException) -> str:
    """Log an exception; returns it as a sentence for the menu."""
    unwritten = faults.write(error, log())
    return faults.sentence(error) + (f" (not logged: {unwritten})" if unwritten else "")


def with_ui(nuke: Any) -> None:
    """All that a session with a UI needs; nothing of the panel is loaded yet."""
    from nukescripts import panels  # noqa: PLC0415 - part of Nuke, there with a UI alone

    from answerprint_nuke import commands, window  # noqa: PLC0415 - imports nuke; failures are ours

    faults.listen(commands.fault)
    window.register(panels)
    window.menu(nuke.menu("Nuke"))
    nuke.addOnScriptLoad(commands.script_loaded)
    nuke.addKnobChanged(commands.knob_changed, nodeClass="Read")
