"""Commands: what the buttons on a Read and the items of the menu do. None of them waits."""

from __future__ import annotations

import sys
from typing import Any, Callable, Dict, List, Optional, Set

from answerprint_nuke import host as hosts, streams, tab
from answerprint_panel import faults
from answerprint_panel.faults import guarded
from answerprint_panel.host import Document, HostError, Placed

Then = Callable[[Document, Document], None]  # the stream's takes as `versions` says them, ours
Pick = Callable[[List[Document], Document], Optional[Document]]


_FROM_MENU: Set[str] = (
    set()
)  # nodes whose tab need not be open: what is noted there is said as well


@guarded
def pressed(verb: str, node: Any) -> None:
    """A button on a Read's tab."""
    name = str(node.fullName())
    _FROM_MENU.discard(name)  # its tab is open, and says what there is to say
    _carry_out(verb, name)


@guarded
def selected(verb: str) -> None:
    """An item of the menu, for the selected Read."""
    host = hosts.this()
    try:
        name = _placed(host.selected_name()).node
    except HostError as error:
        _tell(error, answers=True)
        return
    _FROM_MENU.add(name)
    _carry_out(verb, name)


@guarded
def knob_changed() -> None:
    """A knob of a Read: the menu of takes chooses one; opening the node looks for newer ones."""
    name, knob = hosts.this().changed()
    if knob == tab.MENU:
        chosen, now = hosts.this().chosen(name)
        if chosen and chosen != now:
            _switch(
                name, lambda takes, _: streams.labelled(takes, chosen), f"{chosen} is not there."
            )
    elif knob == "showPanel":
        _standing().look([_placed(name)])


@guarded
def refresh() -> None:
    """Have all Reads that show takes say what has become of them."""
    _standing().look()


@guarded
def script_loaded() -> None:
    """Once the script is open and Nuke is at ease."""
    hosts.this().later(_refresh_if_any, 0)


@guarded
def _refresh_if_any() -> None:
    if hosts.this().placed():  # else no engine is started for it
        _standing().look()


def fault(error: Document) -> None:
    """A fault of our own, also where no panel is open to say it."""
    hosts.this().say(_sentences(error))


def _standing() -> Any:
    from answerprint_nuke import standing  # noqa: PLC0415 - takes Qt; not before it is needed

    return standing.of(_session(), hosts.this())


def _session() -> Any:
    from answerprint_panel import session  # noqa: PLC0415 - takes Qt; not before it is needed

    return session.of(hosts.this())


# What each button does


def _carry_out(verb: str, name: str) -> None:
    try:
        _standing()
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
        host = hosts.this()
        host.signed(name, "being checked")
        placed, script = _placed(name), host.script()

        @guarded
        def heard(said: List[Document], error: Optional[Document]) -> None:
            if _is_still(placed, script):
                _verified(name, said, error)

        _session().every(["verify", ours["path"]], heard)

    _versions(name, then)


def _compare(name: str) -> None:
    host = hosts.this()
    plate = host.plate(_placed(name).identity)
    if plate is None:
        raise HostError(
            "The plate of this take is not in this script.", "Bring its Read in, then compare."
        )
    _note(name, host.compare({"node": name}, {"node": plate}) or "")


def _again(name: str) -> None:
    def then(_: Document, ours: Document) -> None:
        placed, script = _placed(name), hosts.this().script()

        @guarded
        def heard(answer: Document) -> None:
            if _is_still(placed, script):
                _begun(name, answer)

        _session().rerun(ours["path"], heard)

    _versions(name, then)


def _find(name: str) -> None:
    """Read the node's take where it lies now."""

    def then(answer: Document, ours: Document) -> None:
        host = hosts.this()
        if streams.read(answer["takes"], _placed(name)) is not None:
            _note(name, "It reads its take where it lies.")
        else:
            host.found_again(name, ours)
            host.offer(name, answer["takes"])

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
    "find": _find,
    "show": _show,
}


@guarded
def open_panel(take: Optional[Document] = None) -> None:
    """The pane, and in it this take."""
    from answerprint_nuke import pane  # noqa: PLC0415 - takes Qt; not before it is needed

    if not pane.bring_to_sight():
        hosts.this().open_pane()
    if take is not None:
        pane.reveal(take)


# Takes of a stream


def _placed(name: str) -> Placed:
    return hosts.this().placed_at(name)


def _is_still(placed: Placed, script: Optional[str]) -> bool:
    """Whether a node is what it was when something was asked for it; else the answer is not its own."""
    host = hosts.this()
    try:
        return host.script() == script and streams.unchanged(host.placed_at(placed.node), placed)
    except HostError:
        return False


def _versions(name: str, then: Then) -> None:
    placed, script = _placed(name), hosts.this().script()

    @guarded
    def heard(answer: Document) -> None:
        if not _is_still(placed, script):
            return
        if "error" in answer or "takes" not in answer:
            _say(name, answer)
            return
        ours = streams.ours(answer["takes"], placed)
        if ours is None:
            take = placed.identity.get("take", "take")
            hosts.this().unknown(name, f"This node's {take} is not among the takes any more.")
            return
        _safely(name, lambda: then(answer, ours))

    _session().first(streams.asked(placed, script), heard)


def _switch(name: str, pick: Pick, none: str) -> None:
    def then(answer: Document, ours: Document) -> None:
        host, takes = hosts.this(), answer["takes"]
        wanted = pick(takes, ours)
        host.offer(name, takes)
        if wanted is None:
            host.mark(name, ours)  # the menu goes back to what is read
            _note(name, none)
        elif wanted.get("uuid") != ours.get("uuid"):
            host.switch(name, wanted)
            host.note(name, "")

    _versions(name, then)


def _to(name: str, which: str, none: str) -> None:
    def then(answer: Document, ours: Document) -> None:
        label = answer.get(which)
        wanted = streams.labelled(answer["takes"], str(label)) if label else None
        host = hosts.this()
        if wanted is None or wanted.get("uuid") == ours.get("uuid"):
            _note(name, none if wanted is None else f"{label} is what this node reads.")
        else:
            host.offer(name, answer["takes"])
            host.switch(name, wanted)
            host.note(name, "")

    _versions(name, then)


def _next(takes: List[Document], ours: Document, way: int) -> Optional[Document]:
    """The complete take before or after ours; the list is newest first."""
    usable = [one for one in takes if one.get("state") == "complete" or one is ours]
    index = usable.index(ours) + way
    return usable[index] if 0 <= index < len(usable) else None


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
        _note(name, "Runs again as a new take; the panel shows how far it is.")


def _safely(name: str, deed: Callable[[], None]) -> None:
    """An answer may come when its node is gone."""
    try:
        deed()
    except HostError as error:
        _say(name, error.as_json())


def _say(name: str, error: Document) -> None:
    hosts.this().note(name, _sentences(error))
    trouble = HostError(
        f"{name}: {error.get('problem') or 'The engine did not answer.'}",
        str(error.get("remedy") or ""),
        error.get("fix"),
    )
    _tell(trouble, answers=name in _FROM_MENU)


def _note(name: str, text: str) -> None:
    """On the node's tab; where that need not be open, also in sight."""
    hosts.this().note(name, text)
    if text and name in _FROM_MENU:
        _tell(HostError(text, ""), answers=True)


def _tell(error: HostError, *, answers: bool) -> None:
    """In the panel, if one is open; else as Nuke can."""
    pane = sys.modules.get("answerprint_nuke.pane")
    if pane is not None and pane.is_open():
        faults.tell(error.as_json())
    else:
        hosts.this().say(f"{error.problem} {error.remedy}".strip(), answers=answers)


def _sentences(error: Document) -> str:
    said = [
        str(error.get("problem") or "The engine did not answer."),
        str(error.get("remedy") or ""),
    ]
    return " ".join(filter(None, said))
