"""Curves: controls of a node that change over time, as a parameter of a task may follow them."""

from __future__ import annotations

from typing import Any, Callable, List, Optional, Tuple

from answerprint_nuke import plain
from answerprint_panel.host import HostError

_FIELDS = {"Color_Knob": "rgb", "AColor_Knob": "rgba", "XY_Knob": "xy", "XYZ_Knob": "xyz"}
MOST_FRAMES = 100_000


def names(node: Any) -> List[str]:
    """Group1.Grade1.multiply, or Group1.Grade1.multiply.r where it has parts."""
    found: List[str] = []
    base = str(node.fullName())
    for name, knob in sorted(node.knobs().items()):
        fields = _fields(knob)
        if fields is None:
            continue
        if len(fields) == 1:
            found += [f"{base}.{name}"] if _moves(knob, 0) else []
        else:
            found += [f"{base}.{name}.{field}" for i, field in enumerate(fields) if _moves(knob, i)]
    return found


def find(name: str, to_node: Callable[[str], Any]) -> Tuple[Any, Any, int]:
    """Node, knob and index of a name.

    Raises:
        HostError: it is not there any more, or is no number that changes.
    """
    parts = name.split(".")
    for cut in (len(parts) - 1, len(parts) - 2):
        node = to_node(".".join(parts[:cut])) if cut > 0 else None
        knob = node.knob(parts[cut]) if node is not None else None
        fields = _fields(knob) if knob is not None else None
        if node is None or fields is None:
            continue
        field = parts[cut + 1] if len(parts) > cut + 1 else fields[0]
        if field in fields:
            return node, knob, fields.index(field)
    raise HostError(
        f"There is no animated control {plain.words(name)} any more.", "Choose another, or a value."
    )


def values(_node: Any, knob: Any, index: int, first: int, last: int) -> List[Tuple[int, float]]:
    if last - first >= MOST_FRAMES:
        raise HostError(
            f"{first} to {last} are too many frames for a curve.", "Choose a shorter range."
        )
    return [(frame, float(knob.getValueAt(frame, index))) for frame in range(first, last + 1)]


def _fields(knob: Any) -> Optional[List[str]]:
    """Names of a knob's numbers; None where it has none."""
    kind = str(knob.Class())
    if kind in _FIELDS:
        return list(_FIELDS[kind])
    return ["0"] if kind in ("Array_Knob", "Double_Knob", "Int_Knob", "WH_Knob") else None


def _moves(knob: Any, index: int) -> bool:
    return bool(knob.isAnimated(index)) or bool(knob.hasExpression(index))
