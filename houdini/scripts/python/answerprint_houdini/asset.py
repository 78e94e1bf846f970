"""The task node: what its buttons do, for the asset and for the node that is built without it.

`hou` is Houdini's module, handed over by the button. A node reads its take itself (the asset), or by
the File node `take` inside of it.
"""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Dict, List

from answerprint_houdini import commands, host as hosts, place, plain, start, tab, undo
from answerprint_houdini.order import Order, Told, Wish
from answerprint_panel import session as sessions
from answerprint_panel.faults import guarded
from answerprint_panel.host import Document, HostError

INNER = "take"
OF_TAKE = ("older", "newer", "latest", "approved", "verify", "show")
_OF_WISH = ("task", "parameters", "wedge", "frames", "mode")
_ORDERS: Dict[int, Order] = {}  # by the session's number of the node: a name may change


@guarded
def pressed(hou: Any, verb: str, node: Any) -> None:
    """A button of a task node. What cannot be done stands in its status."""
    start.listen()
    try:
        if verb in OF_TAKE:
            _of_take(verb, node)
        else:
            VERBS[verb](hou, node)
    except HostError as error:
        say(hou, node, f"{error.problem} {error.remedy}".strip())


def is_over(node: Any) -> bool:
    """Whether its last run has ended, however."""
    order = _ORDERS.get(node.sessionId())
    return order is None or order.is_over


def reader(node: Any) -> Any:
    """The node that reads the take."""
    return node.node(INNER) or node


def say(hou: Any, node: Any, text: str) -> None:
    """In the node's status, which is nothing that an artist did.

    A node or a parameter that is gone, or locked, is no error.
    """
    with contextlib.suppress(hou.Error), undo.none(hou):
        parm = node.parm("status")
        if parm is not None:
            parm.set(plain.words(text))


def read(hou: Any, node: Any, take: Document) -> None:
    """Have a task node read a take: one step to undo.

    Raises:
        HostError: the take has no frames, or the node is gone.
    """
    try:
        with undo.step(hou, f"{plain.words(take.get('name'))} {plain.words(take.get('take'))}"):
            inner = reader(node)
            place.refill(inner, take)
            if tab.is_there(inner):
                tab.say(hou, inner, take)
            else:
                tab.build(hou, inner, take)
            node.parm("show").set("take")
    except hou.ObjectWasDeleted:
        raise HostError(
            "The node that asked for this take is gone.",
            f"The take lies in {take.get('path')}: place it from the panel.",
        ) from None


def _of_take(verb: str, node: Any) -> None:
    inner = reader(node)
    if not tab.is_there(inner):
        raise HostError("No take was made yet.", "Press Run on the Task tab.")
    commands.pressed(verb, inner)


def _run(hou: Any, node: Any) -> None:
    said = {name: str(node.parm(name).evalAsString()) for name in _OF_WISH}
    wish = Wish(**said)
    plate = _wired(node)
    if not is_over(node):
        raise HostError("This node's last run has not ended.", "Wait for it, or press Cancel.")
    host = hosts.this()
    source = host.source(plate)
    order = Order(sessions.of(host), host, _told(hou, node), _taken(hou, node))
    _ORDERS[node.sessionId()] = order
    order.begin(wish, source)


def _wired(node: Any) -> str:
    """The path of what is wired in. Raises HostError: nothing is, or what no path names."""
    for wire in node.inputConnections():
        plate = wire.inputNode()
        if wire.inputIndex() or plate is None:
            continue
        if wire.outputIndex():
            raise HostError(
                f"{plate.path()} is wired in by its output {wire.outputIndex() + 1}, and a node gives "
                "only its first one.",
                "Put a Null SOP behind that output, and wire in the Null.",
            )
        return str(plate.path())
    raise HostError("Nothing is wired into this node.", "Wire in the geometry to send.")


def _told(hou: Any, node: Any) -> Told:
    """Words go to the node's status, commands for a farm to where they can be pasted from."""

    def told(text: str, copied: str) -> None:
        say(hou, node, text)
        if copied:
            hou.ui.copyTextToClipboard(copied)

    return told


def _taken(hou: Any, node: Any) -> Callable[[Document], None]:
    @guarded
    def taken(take: Document) -> None:
        try:
            read(hou, node, take)
        except HostError as error:
            say(hou, node, f"{error.problem} {error.remedy}")
            hosts.this().say(f"{error.problem} {error.remedy}")

    return taken


def _cancel(hou: Any, node: Any) -> None:
    order = _ORDERS.get(node.sessionId())
    if order is None or order.is_over:
        raise HostError("Nothing of this node's is running.", "Jobs stand in the panel's queue.")
    say(hou, node, "Ends as soon as it can; finished frames stay")
    order.cancel()


def _choose(hou: Any, node: Any) -> None:
    """Of the tasks that the server has told of; nothing is waited for."""
    tasks = [one for one in sessions.of(hosts.this()).tasks if not one.get("problem")]
    if not tasks:
        raise HostError(
            "No server has said which tasks it offers.", "Wait a moment, or write a name."
        )
    names = [str(one.get("task")) for one in tasks]
    chosen: List[int] = list(
        hou.ui.selectFromList(
            names, exclusive=True, title="Answerprint", message="Which task?", column_header="Task"
        )
    )
    if chosen:
        node.parm("task").set(names[chosen[0]])


VERBS: Dict[str, Callable[[Any, Any], None]] = {
    "run": _run,
    "cancel": _cancel,
    "choose": _choose,
}
