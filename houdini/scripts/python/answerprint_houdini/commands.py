"""Commands: what the parameters of a placed node and the items of a menu call. None of them waits."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Optional

from answerprint_houdini import host as hosts
from answerprint_panel.faults import guarded
from answerprint_panel.host import Document
from answerprint_panel.verbs import Verbs

if TYPE_CHECKING:
    from answerprint_houdini.host import hou


@guarded
def open_panel(take: Optional[Document] = None) -> None:
    """The panel, and in it this take."""
    from answerprint_houdini import pane  # noqa: PLC0415 - takes Qt; not before it is needed

    if not pane.bring_to_sight():
        hosts.this().open_pane()
    if take is not None:
        pane.reveal(take)


def _is_open() -> bool:
    pane = sys.modules.get("answerprint_houdini.pane")
    return pane is not None and bool(pane.is_open())


_VERBS = Verbs(hosts.this, _is_open, open_panel)

selected = _VERBS.selected
refresh = _VERBS.refresh
script_loaded = _VERBS.script_loaded
fault = _VERBS.fault


@guarded
def pressed(verb: str, node: hou.OpNode) -> None:
    """A parameter of a placed node: one of its buttons, or `menu`, where a take was chosen."""
    name = str(node.path())
    if verb == "menu":
        _VERBS.chosen(name)
    else:
        _VERBS.pressed(verb, name)
