"""Curves: parameters of a node that change over time, as a parameter of a task may follow them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Tuple

from answerprint_houdini import plain
from answerprint_panel.host import HostError

if TYPE_CHECKING:
    from answerprint_houdini.host import hou

MOST_FRAMES = 100_000


def names(houdini: Any, node: hou.OpNode) -> List[str]:
    """/obj/geo1/xform1/tx, one for each number."""
    numbers = (houdini.parmTemplateType.Float, houdini.parmTemplateType.Int)
    return sorted(
        str(parm.path())
        for parm in node.parms()
        if parm.isTimeDependent() and parm.parmTemplate().type() in numbers
    )


def values(houdini: Any, name: str, first: int, last: int) -> List[Tuple[int, float]]:
    """Raises HostError: it is not there any more, is no number, or the range is too long."""
    if last - first >= MOST_FRAMES:
        raise HostError(
            f"{first} to {last} are too many frames for a curve.", "Choose a shorter range."
        )
    parm = houdini.parm(name)
    if parm is None:
        raise HostError(
            f"There is no animated parameter {plain.words(name)} any more.",
            "Choose another, or a value.",
        )
    try:
        return [(frame, float(parm.evalAsFloatAtFrame(frame))) for frame in range(first, last + 1)]
    except (houdini.Error, TypeError) as error:
        raise HostError(
            f"{plain.words(name)} is no number on each of the frames {first} to {last}.",
            "Choose another, or a value.",
        ) from error
