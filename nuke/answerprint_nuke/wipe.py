"""A wipe: two nodes side by side in the Viewer, which keeps all other inputs that it has."""

from __future__ import annotations

from typing import Any, List, Optional

from answerprint_panel.host import HostError

INPUTS = 10  # the keys 1 to 0 over a Viewer


def inputs(viewer: Any, nodes: List[Any]) -> List[int]:
    """An input of the Viewer for each: where it is already, else a free one, else from the end."""
    names = [_name(viewer.input(index)) for index in range(INPUTS)]
    wanted = [_name(node) for node in nodes]
    free = [index for index in range(INPUTS) if not names[index]]
    free += [index for index in reversed(range(INPUTS)) if names[index] not in (*wanted, "")]
    return [names.index(name) if name in names else free.pop(0) for name in wanted]


def _name(node: Optional[Any]) -> str:
    return "" if node is None else str(node.fullName())


def check(nodes: List[Any]) -> None:
    """Raises HostError: one lies where the Viewer cannot reach it."""
    inside = [_name(node) for node in nodes if "." in _name(node)]
    if inside:
        raise HostError(
            f"{inside[0]} lies inside a group, where this Viewer cannot look.",
            "Open the group and compare there, or place the take outside of it.",
        )


def put(viewer: Any, window: Optional[Any], nodes: List[Any]) -> Optional[str]:
    """Connect and show them, and set the wipe. Returns what to press where Nuke offers scripts none."""
    chosen = inputs(viewer, nodes)
    for index, node in zip(chosen, nodes):
        if _name(viewer.input(index)) != _name(node):
            viewer.setInput(index, node)
    if window is not None:
        window.activateInput(chosen[0], False)
        window.activateInput(chosen[1], True)
    knob = _choice(viewer)
    if knob is None:
        one, other = (f"{_name(node)} is input {at + 1}" for node, at in zip(nodes, chosen))
        return f"{one} of the Viewer, {other}: choose 'wipe' between A and B above it."
    knob.setValue("wipe")
    return None


def show(viewer: Any, window: Any, node: Any) -> None:
    """Connect one, where it is not yet, and look at it."""
    chosen = inputs(viewer, [node])[0]
    if _name(viewer.input(chosen)) != _name(node):
        viewer.setInput(chosen, node)
    window.activateInput(chosen, False)


def _choice(viewer: Any) -> Optional[Any]:
    """The knob between A and B: its name is not documented, what it offers is."""
    for knob in viewer.allKnobs():
        if "Enumeration" in str(knob.Class()) and "wipe" in [str(one) for one in knob.values()]:
            return knob
    return None
