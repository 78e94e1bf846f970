"""The menu of a take: what is wanted less often than its buttons."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any, Callable, Dict, List

from answerprint_panel import judged, take_words
from answerprint_panel.host import Placed
from answerprint_panel.qt import Qt, QtWidgets

if TYPE_CHECKING:
    from answerprint_panel.takes import Takes

Document = Dict[str, Any]
MOST_OTHERS = 12
MOST_NODES = 6
STEPS = (
    ("older", "Older"),
    ("newer", "Newer"),
    ("latest", "Latest"),
    ("approved", "Latest approved"),
)


def menu(takes: Takes, take: Document, others: List[Document]) -> QtWidgets.QMenu:
    """Made anew each time: nodes and takes come and go. `others`: of the same stream."""
    made = QtWidgets.QMenu(takes)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    acts, label = takes.acts, str(take.get("take") or "")
    _add(made, "Compare with the plate", lambda: acts.compare_with_input(take))
    _compare(made, takes, take, others)
    made.addSeparator()
    _review(made, takes, take)
    _add(made, "Provenance", lambda: takes.drawer.details.show_provenance(take))
    if not take_words.is_unfinished(take):
        _add(made, "Verify", lambda: takes.drawer.details.verify(take))
    _add(made, "Run again", lambda: acts.run_again(take))
    _variations(made, takes, take)
    nodes = acts.placed(take)[:MOST_NODES]
    if nodes:
        made.addSeparator()
    for placed in nodes:
        _versions(made, takes, placed, label)
    made.addSeparator()
    _add(
        made, "Copy folder's path", lambda: _copy(takes, str(take.get("path") or ""), "Path copied")
    )
    _add(made, "Copy diagnostics", lambda: _copy(takes, _diagnostics(takes, take), "Copied"))
    return made


def _add(menu: QtWidgets.QMenu, text: str, then: Callable[[], None]) -> None:
    menu.addAction(text.replace("&", "&&")).triggered.connect(lambda _=False: then())


def _review(menu: QtWidgets.QMenu, takes: Takes, take: Document) -> None:
    """Where to look, and the decision that can be taken back."""
    frame, decided = judged.frame(take), judged.decision(take)
    if frame is not None:
        _add(menu, f"Go to frame {frame}", lambda: takes.acts.go_to(take, frame))
    if decided:
        word = "approval" if decided["state"] == "approved" else "retake"
        _add(menu, f"Take back the {word}", lambda: takes.acts.decide(take, "withdraw"))
    if frame is not None or decided:
        menu.addSeparator()


def _compare(menu: QtWidgets.QMenu, takes: Takes, take: Document, others: List[Document]) -> None:
    with_frames = [other for other in others if other.get("first") is not None][:MOST_OTHERS]
    if not with_frames:
        return
    below = menu.addMenu("Compare with another take")
    for other in with_frames:
        row = take_words.row(other, "")
        text = ", ".join(part for part in (row.take, row.qc.word, row.when) if part)
        _add(below, text, functools.partial(takes.acts.compare, take, other))


def _variations(menu: QtWidgets.QMenu, takes: Takes, take: Document) -> None:
    number = take.get("variations")
    if not isinstance(number, int) or number < 2 or take_words.is_unfinished(take):
        return
    below = menu.addMenu("Keep one variation")
    for place in range(1, min(number, MOST_OTHERS * 4) + 1):
        label = f"w{place:03d}"
        _add(below, label, functools.partial(takes.acts.keep_variation, take, label))


def _versions(menu: QtWidgets.QMenu, takes: Takes, placed: Placed, label: str) -> None:
    reads = str(placed.identity.get("take") or "")
    below = menu.addMenu(f"{placed.node}, {reads}" if reads else placed.node)
    switch = takes.acts.switch
    if label and label != reads:
        _add(below, f"Read {label}", lambda: switch(placed, label))
    for step, text in STEPS:
        _add(below, text, functools.partial(switch, placed, step))
    below.addSeparator()
    _add(below, "Show node", lambda: takes.acts.show_node(placed))


def _copy(takes: Takes, text: str, said: str) -> None:
    QtWidgets.QApplication.clipboard().setText(text)
    takes.drawer.say(said)


def _diagnostics(takes: Takes, take: Document) -> str:
    return takes.diagnostics() + "\n" + json.dumps(take, indent=1, sort_keys=True)
