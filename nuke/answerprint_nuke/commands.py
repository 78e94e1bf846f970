"""Commands: what the buttons on a Read and the items of the menu do. None of them waits."""

from __future__ import annotations

import functools
import os
from typing import Any, Callable, Dict, List, Optional, Tuple

from answerprint_nuke import host as hosts, read as reads, tab
from answerprint_panel.host import Document, HostError, Placed

Then = Callable[[Document, Document], None]  # the stream's takes as `versions` says them, ours
Pick = Callable[[List[Document], Document], Optional[Document]]


def pressed(verb: str, node: Any) -> None:
    """A button on a Read's tab."""
    _carry_out(verb, str(node.fullName()))


def selected(verb: str) -> None:
    """An item of the menu, for the selected Read."""
    host = hosts.this()
    try:
        name = _placed(host.selection().node).node
    except HostError as error:
        host.say(f"{error.problem} {error.remedy}")
        return
    _carry_out(verb, name)


def knob_changed() -> None:
    """A knob of a Read: the menu of takes chooses one; opening the node looks for newer ones."""
    name, knob = hosts.this().changed()
    if knob == tab.MENU:
        chosen, now = hosts.this().chosen(name)
        if chosen and chosen != now:
            _switch(name, lambda takes, _: _labelled(takes, chosen), f"{chosen} is not there.")
    elif knob == "showPanel":
        _refresh([one for one in hosts.this().placed() if one.node == name])


def refresh() -> None:
    """Have all Reads that show takes say what has become of them."""
    _refresh(hosts.this().placed())


def script_loaded() -> None:
    """Once the script is open and Nuke is at ease."""
    hosts.this().later(_refresh_if_any, 0)


def _refresh_if_any() -> None:
    placed = hosts.this().placed()
    if placed:  # else no engine is started for it
        _follow_takes()
        _refresh(placed)


_FOLLOWED: List[Any] = []


def _follow_takes() -> None:
    """Say it on the Reads as well whenever takes have changed."""
    session = _session()
    if session not in _FOLLOWED:
        _FOLLOWED[:] = [session]
        session.takesChanged.connect(refresh)


def _session() -> Any:
    from answerprint_panel import session  # noqa: PLC0415 - takes Qt; not before it is needed

    return session.of(hosts.this())


# What each button does


def _carry_out(verb: str, name: str) -> None:
    try:
        _follow_takes()
        _VERBS[verb](name)
    except HostError as error:
        _say(name, error.as_json())


def _older(name: str) -> None:
    _switch(name, lambda takes, ours: _next(takes, ours, 1), "This is the oldest take.")


def _newer(name: str) -> None:
    _switch(name, lambda takes, ours: _next(takes, ours, -1), "This is the newest take.")


def _latest(name: str) -> None:
    _to(name, "latest", "No take is complete without failing QC.")


def _approved(name: str) -> None:
    _to(name, "latest_approved", "No take has been approved yet.")


def _verify(name: str) -> None:
    def then(_: Document, ours: Document) -> None:
        hosts.this().signed(name, "being checked")
        _session().every(["verify", ours["path"]], lambda said, error: _verified(name, said, error))

    _versions(name, then)


def _compare(name: str) -> None:
    host = hosts.this()
    plate = host.plate(_placed(name).identity)
    if plate is None:
        raise HostError(
            "The plate of this take is not in this script.", "Bring its Read in, then compare."
        )
    host.note(name, host.compare({"node": name}, {"node": plate}) or "")


def _again(name: str) -> None:
    def then(_: Document, ours: Document) -> None:
        _session().rerun(ours["path"], lambda answer: _begun(name, answer))

    _versions(name, then)


def _show(name: str) -> None:
    _versions(name, lambda _, ours: open_panel(ours))


_VERBS: Dict[str, Callable[[str], None]] = {
    "older": _older,
    "newer": _newer,
    "latest": _latest,
    "approved": _approved,
    "verify": _verify,
    "compare": _compare,
    "again": _again,
    "show": _show,
}


def open_panel(take: Optional[Document] = None) -> None:
    """The pane, and in it this take."""
    from answerprint_nuke import pane  # noqa: PLC0415 - takes Qt; not before it is needed

    hosts.this().open_pane()
    if take is not None:
        pane.reveal(take)


# Takes of a stream


def _placed(name: str) -> Placed:
    found = [one for one in hosts.this().placed() if one.node == name]
    if not found:
        raise HostError(f"{name} is no Read that Answerprint placed.", "Place the take anew.")
    return found[0]


def _asked(placed: Placed) -> List[str]:
    """How the engine is asked for the stream of a node's take, wherever the project is now."""
    argv = ["versions"] + ([placed.path] if placed.path else [])
    for key in ("root", "stream", "uuid"):
        if placed.identity.get(key):
            argv += [f"--{key}", placed.identity[key]]
    script = hosts.this().script()
    return argv + (["--beside", script] if script else [])


def _versions(name: str, then: Then) -> None:
    placed = _placed(name)

    def heard(answer: Document) -> None:
        if "error" in answer or "takes" not in answer:
            _say(name, answer)
            return
        ours = _ours(answer["takes"], placed)
        if ours is None:
            take = placed.identity.get("take", "take")
            hosts.this().note(name, f"This node's {take} is not among the takes any more.")
            return
        _safely(name, lambda: then(answer, ours))

    _session().first(_asked(placed), heard)


def _ours(takes: List[Document], placed: Placed) -> Optional[Document]:
    uuid, label = placed.identity.get("uuid"), placed.identity.get("take")
    if uuid:
        return next((one for one in takes if one.get("uuid") == uuid), None)
    return _labelled(takes, str(label))


def _switch(name: str, pick: Pick, none: str) -> None:
    def then(answer: Document, ours: Document) -> None:
        host, takes = hosts.this(), answer["takes"]
        wanted = pick(takes, ours)
        host.offer(name, takes)
        if wanted is None:
            host.mark(name, ours)  # the menu goes back to what is read
            host.note(name, none)
        elif wanted.get("uuid") != ours.get("uuid"):
            host.switch(name, wanted)
            host.note(name, "")

    _versions(name, then)


def _to(name: str, which: str, none: str) -> None:
    def then(answer: Document, ours: Document) -> None:
        label = answer.get(which)
        wanted = _labelled(answer["takes"], str(label)) if label else None
        host = hosts.this()
        if wanted is None or wanted.get("uuid") == ours.get("uuid"):
            host.note(name, none if wanted is None else f"{label} is what this node reads.")
        else:
            host.offer(name, answer["takes"])
            host.switch(name, wanted)
            host.note(name, "")

    _versions(name, then)


def _labelled(takes: List[Document], label: str) -> Optional[Document]:
    return next((one for one in takes if one.get("take") == label), None)


def _next(takes: List[Document], ours: Document, way: int) -> Optional[Document]:
    """The complete take before or after ours; the list is newest first."""
    usable = [one for one in takes if one.get("state") == "complete" or one is ours]
    index = usable.index(ours) + way
    return usable[index] if 0 <= index < len(usable) else None


def _refresh(placed: List[Placed]) -> None:
    """One request for each stream, however many nodes show takes of it."""
    streams: Dict[Tuple[str, str], List[Placed]] = {}
    for one in placed:
        streams.setdefault(
            (one.identity.get("root", ""), one.identity.get("stream", "")), []
        ).append(one)
    for nodes in streams.values():
        _session().first(_asked(nodes[0]), functools.partial(_tell, nodes))


def _tell(nodes: List[Placed], answer: Document) -> None:
    for placed in nodes:
        _safely(placed.node, functools.partial(_tell_one, placed, answer))


def _tell_one(placed: Placed, answer: Document) -> None:
    host = hosts.this()
    if "takes" not in answer:
        host.note(placed.node, _sentences(answer))
        return
    ours = _ours(answer["takes"], placed)
    if ours is None:
        return
    host.offer(placed.node, answer["takes"])
    moved = reads.same(str(ours.get("pattern")), placed.path) is False
    if moved and not os.path.isdir(os.path.dirname(placed.path)):
        host.found_again(placed.node, ours)
    else:
        host.mark(placed.node, ours)


# Answers


def _verified(name: str, said: List[Document], error: Optional[Document]) -> None:
    host = hosts.this()
    takes = [one for one in said if one.get("kind") == "take"]
    bad = [one for one in said if one.get("verdict") != "OK"]
    if error is not None or not said:
        host.signed(name, "not checked")
        _say(name, error or {})
    elif not bad:
        why = str(takes[-1].get("why") if takes else "")
        _safely(
            name, lambda: host.signed(name, f"checked, every frame is as signed. {why}".strip())
        )
    else:
        first = bad[0]
        file = str(first.get("path", "")).rpartition("/")[2]
        words = f"NOT as signed: {file}: {first.get('why') or first.get('verdict')}"
        more = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
        _safely(name, lambda: host.signed(name, words + more))


def _begun(name: str, answer: Document) -> None:
    if "error" in answer:
        _say(name, answer)
    else:
        hosts.this().note(name, "Runs again as a new take; the panel shows how far it is.")


def _safely(name: str, deed: Callable[[], None]) -> None:
    """An answer may come when its node is gone."""
    try:
        deed()
    except HostError as error:
        _say(name, error.as_json())


def _say(name: str, error: Document) -> None:
    hosts.this().note(name, _sentences(error))
    hosts.this().say(f"{name}: {_sentences(error)}")


def _sentences(error: Document) -> str:
    said = [
        str(error.get("problem") or "The engine did not answer."),
        str(error.get("remedy") or ""),
    ]
    return " ".join(filter(None, said))
