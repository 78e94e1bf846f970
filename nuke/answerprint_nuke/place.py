"""Placing: a Read for a take, where it lies in the script, and what else it takes from its plate."""

from __future__ import annotations

import re
from typing import Any, Iterable, List, Mapping, Optional, Tuple

from answerprint_nuke import colourspace, plain, read as reads
from answerprint_panel.host import Document, HostError

STEP_X, STEP_Y = 110, 100
MOST_STEPS = 50
_RENDERED = re.compile(r"/renders/[^/]+_[0-9a-f]{8}/[^/]+$")  # as the engine's `where` says
_KEPT = ("colorspace", "raw", "on_error", "before", "after", "localizationPolicy")


def files(take: Document) -> Tuple[str, int, int]:
    """A take's path with ####, and its range, as a Read may have them.

    Raises:
        HostError: there is no frame yet, or Nuke would run a part of the path.
    """
    what = f"{plain.words(take.get('name'))} {plain.words(take.get('take'))}".strip() or "The take"
    path = plain.path(take.get("pattern"), what)
    try:
        first, last = int(take["first"]), int(take["last"])
    except (KeyError, TypeError, ValueError):
        raise HostError(
            f"{what} has no frame yet.", "Place it once its first frames are done."
        ) from None
    return path, first, last


def fill(read: Any, take: Document) -> None:
    """File and range of a new Read. The range is set by itself too: probing may find another one."""
    path, first, last = files(take)
    read["file"].fromUserText(f"{path} {first}-{last}")
    _range(read, first, last)
    read["on_error"].setValue("error")
    read["localizationPolicy"].setValue("off")  # a local copy of a new result may be stale


def refill(read: Any, take: Document) -> None:
    """File and range of a Read that has others; what an artist set besides stays."""
    path, first, last = files(take)
    kept = {name: read[name].value() for name in _KEPT}
    kind, typed = reads.mode(read)
    before, number = int(read["first"].value()), reads.whole(typed)
    read["file"].fromUserText(f"{path} {first}-{last}")
    _range(read, first, last)
    if kind == "start at" and number is not None:
        read["frame"].setValue(str(number + first - before))
    for name, value in kept.items():
        if read[name].value() != value:
            read[name].setValue(value)


def _range(read: Any, first: int, last: int) -> None:
    for name, frame in (("first", first), ("last", last), ("origfirst", first), ("origlast", last)):
        if int(read[name].value()) != frame:
            read[name].setValue(frame)


def was_rendered(take: Mapping[str, Any]) -> bool:
    """Whether its plate was a node that this host rendered: those lie in a folder of the node's own."""
    return _RENDERED.search(str(take.get("plate") or "").replace("\\", "/")) is not None


def colour(read: Any, take: Document, entries: Iterable[str]) -> str:
    """Raw for data and for what was rendered raw, else the take's space by name. Returns what is to be said.

    The take alone decides: what is read beside it may have been set to anything since.
    """
    if take.get("data") or was_rendered(take):
        read["raw"].setValue(True)
        return ""
    wanted = str(take.get("colour") or "")
    if wanted:
        return colourspace.put(read, wanted, entries)
    kept = plain.words(read["colorspace"].value())
    return f"The take says no colour space; the Read keeps {kept or 'its default'}."


def timing(read: Any, take: Document, plate: Optional[Any]) -> str:
    """Have the result stand where its plate's Read stands in time; returns what is to be said."""
    if plate is None or not reads.is_read(plate):
        return ""
    kind, typed = reads.mode(plate)
    first, number = int(plate["first"].value()), reads.whole(typed)
    inside = first <= int(take["first"]) and int(take["last"]) <= int(plate["last"].value())
    if not typed or not inside or (kind == "expression" and typed == "frame"):
        return ""
    read["frame_mode"].setValue(plate["frame_mode"].value())
    moved = number is not None and kind == "start at"
    shown = str((number or 0) + int(take["first"]) - first) if moved else typed
    read["frame"].setValue(shown)
    return f"In time as {plain.words(plate.fullName())}: {kind} {plain.words(shown)}."


def spot(beside: Any, others: List[Any]) -> Tuple[int, int]:
    """A free place to the right of a node."""
    taken = [(int(one.xpos()), int(one.ypos())) for one in others]
    x, y = int(beside.xpos()) + STEP_X, int(beside.ypos())
    for _ in range(MOST_STEPS):
        if not any(abs(x - left) < STEP_X and abs(y - top) < STEP_Y for left, top in taken):
            break
        x += STEP_X
    return x, y
