"""Commands: what the buttons on a Read and the items of the menu call. None of them waits."""

from __future__ import annotations

import sys
from typing import Any, Optional

from answerprint_nuke import host as hosts, tab
from answerprint_panel.faults import guarded
from answerprint_panel.host import Document
from answerprint_panel.verbs import Verbs


@guarded
def open_panel(take: Optional[Document] = None) -> None:
    """The pane, and in it this take."""
    from answerprint_nuke import pane  # noqa: PLC0415 - takes Qt; not before it is needed

    if not pane.bring_to_sight():
        hosts.this().open_pane()
    if take is not None:
        pane.reveal(take)


def _is_open() -> bool:
    pane = sys.modules.get("answerprint_nuke.pane")
    return pane is not None and bool(pane.is_open())


_VERBS = Verbs(hosts.this, _is_open, open_panel)

selected = _VERBS.selected
refresh = _VERBS.refresh
script_loaded = _VERBS.script_loaded
fault = _VERBS.fault


@guarded
def pressed(verb: str, node: Any) -> None:
    """A button on a Read's tab."""
    _VERBS.pressed(verb, str(node.fullName()))


@guarded
def knob_changed() -> None:
    """A knob of a Read: the menu of takes chooses one; opening the node looks for newer ones."""
    name, knob = hosts.this().changed()
    if knob == tab.MENU:
        _VERBS.chosen(name)
    elif knob == "showPanel":
        _VERBS.opened(name)
