"""The pane: the panel, as a Python panel of Houdini's asks for it."""

from __future__ import annotations

from answerprint_houdini import host as hosts, start
from answerprint_panel import panes

PANES = panes.Panes(hosts.this, start.failed)


def create() -> panes.Pane:
    """A widget for `onCreateInterface`: the panel, or why there is none."""
    start.listen()
    pane = panes.Pane()
    PANES.fill(pane)
    return pane


is_open = PANES.is_open
bring_to_sight = PANES.bring_to_sight
reveal = PANES.reveal
