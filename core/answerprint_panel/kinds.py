"""What a plate is to a task: a picture, points, a volume or a heightfield. Without Qt."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

from answerprint_panel.host import Document, Source

IMAGE = "image"
_TAKES = {
    IMAGE: "an image",
    "points": "points",
    "volume": "a volume",
    "heightfield": "a heightfield",
}
_IS = {**_TAKES, "geometry": "geometry"}
LAYERS = {"points": "Attributes", "volume": "Grids", "heightfield": "Layers"}


def of_task(task: Document) -> str:
    """The kind that a task takes."""
    return str((task.get("contract") or {}).get("kind") or IMAGE)


def of_plate(source: Optional[Source], facts: Document) -> Tuple[str, ...]:
    """What a plate can be, best first, as it was found or as the host says; empty: not known yet."""
    found = facts.get("kinds")
    if isinstance(found, list) and found:
        return tuple(str(one) for one in found)
    if source is None:
        return ()
    if source.kinds:
        return source.kinds
    return (IMAGE,) if source.kind == "render" and source.suffix == ".exr" else ()


def is_image(source: Optional[Source], facts: Document) -> bool:
    """Whether it has colour and a size in pixels; so it is taken where nothing is known."""
    kinds = of_plate(source, facts)
    return not kinds or IMAGE in kinds


def misfit(task: Document, kinds: Sequence[str]) -> str:
    """Why a task is nothing for a plate; empty where it is, or where that is not known."""
    wanted = of_task(task)
    if not kinds or wanted in kinds:
        return ""
    there = " and ".join(_IS.get(one, one) for one in kinds)
    return f"takes {_TAKES.get(wanted, wanted)}; the plate is {there}"


def offered(tasks: List[Document], kinds: Sequence[str]) -> List[Document]:
    """Tasks for a plate: those that fit first, the others with why they do not."""
    fit = [one for one in tasks if not misfit(one, kinds)]
    rest = [one for one in tasks if misfit(one, kinds)]
    return fit + [{**one, "problem": one.get("problem") or misfit(one, kinds)} for one in rest]
