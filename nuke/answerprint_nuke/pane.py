"""The pane: the panel, as Nuke asks for it. It may be built several times, and again at any time."""

from __future__ import annotations

from answerprint_nuke import host as hosts, start
from answerprint_panel import panes

_PANES = panes.Panes(hosts.this, start.failed)


class Pane(panes.Pane):
    """Made with no arguments."""

    def __init__(self) -> None:
        super().__init__()
        _PANES.fill(self)


is_open = _PANES.is_open
bring_to_sight = _PANES.bring_to_sight
reveal = _PANES.reveal
