"""Comparing in Houdini: a Switch SOP beside two others, that shows the one or the other."""

from __future__ import annotations

from typing import Any, Sequence

from answerprint_houdini import place, plain


def switch(houdini: Any, shown: Sequence[Any]) -> str:
    """Make one, wired to both and shown by nobody; or say what is left to do without.

    Returns a sentence.
    """
    one, other = shown
    home = other.parent()
    names = f"{one.path()} and {other.path()}"
    if one.parent() != home or str(home.childTypeCategory().name()) != "Sop":
        return f"{names} lie in different networks: show the one, then the other."
    for found in home.children():
        inputs = [each for each in found.inputs() if each is not None]
        if str(found.type().name()) == "switch" and inputs == [other, one]:
            return _left(found)
    made = home.createNode("switch", plain.node_name(f"answerprint_compare_{one.name()}"))
    made.setInput(0, other)
    made.setInput(1, one)
    place.spot(houdini, made, one)
    return _left(made)


def _left(node: Any) -> str:
    return (
        f"Put the display flag on {node.path()}: its Select Input is 0 for the one it came from, 1 for "
        "the take."
    )
