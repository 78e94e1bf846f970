"""Nuke reads this when it has a UI: Answerprint's pane and menu. Whatever fails, Nuke starts."""

import sys

_NUKE = sys.modules["nuke"]

try:
    from answerprint_nuke import start as _start

    try:
        _start.with_ui(_NUKE)
    except Exception as _error:  # noqa: BLE001 - Nuke must start whatever we do
        from answerprint_nuke import window as _window

        _window.excuse(_NUKE.menu("Nuke"), _start.failed(_error))
except Exception as _error:  # noqa: BLE001 - not even our own folder can be read
    _NUKE.menu("Nuke").addMenu("Answerprint").addCommand(
        "Answerprint could not start: " + str(_error).replace("/", " ")[:200], "pass"
    )
