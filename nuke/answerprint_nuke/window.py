"""Nuke's own window: the pane in it, the menu, and the keyboard. Qt only once it is needed."""

from __future__ import annotations

from typing import Any

PANE = "com.answerprint.panel"
TITLE = "Answerprint"
# Nuke evaluates this wherever it restores a workspace, so it names its module itself
WIDGET = "__import__('answerprint_nuke.pane', fromlist=['Pane']).Pane"
_COMMAND = "__import__('answerprint_nuke.commands', fromlist=['commands']).{call}"
_OF_SELECTED = (
    ("Older Take", "older"),
    ("Newer Take", "newer"),
    ("Latest Take", "latest"),
    ("Latest Approved Take", "approved"),
    ("Go to Finding", "finding"),
    ("Approve", "approve"),
    ("Compare with its Plate", "compare"),
    ("Verify", "verify"),
    ("Run Again", "again"),
    ("Find Again", "find"),
)


def register(panels: Any) -> None:
    """Make the pane known: it stands in the Pane menu and comes back with a workspace."""
    panels.registerWidgetAsPanel(WIDGET, TITLE, PANE)


def open_pane(nuke: Any) -> None:
    """Beside the properties, or floating where there are none."""
    from nukescripts import panels  # noqa: PLC0415 - part of Nuke, there with a UI alone

    made: Any = panels.registerWidgetAsPanel(WIDGET, TITLE, PANE, True)
    pane = nuke.getPaneFor("Properties.1")
    if pane is not None:
        made.addToPane(pane)
    else:
        made.show()


def menu(bar: Any) -> None:
    """Our menu; no key of Nuke's is taken."""
    ours = bar.addMenu(TITLE)
    ours.addCommand("Open Panel", _COMMAND.format(call="open_panel()"))
    ours.addCommand("Look for Newer Takes", _COMMAND.format(call="refresh()"))
    ours.addSeparator()
    for title, verb in _OF_SELECTED:
        ours.addCommand(title, _COMMAND.format(call=f"selected('{verb}')"))


def excuse(bar: Any, why: str) -> None:
    """A menu that says why there is nothing else in it."""
    said = why.replace("/", "\u2215")[:200]  # a slash would begin a submenu
    ours = bar.addMenu(TITLE)
    ours.addCommand(f"{TITLE} could not start: {said}", "pass")


def focus() -> None:
    """Give the keyboard back to Nuke."""
    from answerprint_panel import focus as keyboard  # noqa: PLC0415 - takes Qt; not before it is needed

    keyboard.give_back()
