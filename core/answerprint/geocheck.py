"""Checks of geometry before a number is taken: every frame, as far as it tells without its values."""

from __future__ import annotations

from collections.abc import Mapping

from answerprint import geolayers
from answerprint.contract import Kind
from answerprint.documents import count
from answerprint.errors import Fix, SourceError
from answerprint.geolayers import UNNAMED
from answerprint.geometry import Geometry


def empty(where: str, geometry: Geometry, kind: Kind, layer: str) -> SourceError:
    """Our error for a frame that has nothing to work on."""
    said = "no points" if kind == "points" else f"no voxel in '{layer or UNNAMED}' that is active"
    has = "" if kind == "points" else f" It holds {geolayers.contents(geometry)}."
    return SourceError(
        f"{where} holds {said}.", remedy=f"Leave the frame out, or cook it again.{has}"
    )


def lost(unsupported: Mapping[str, int]) -> str:
    """'3 NURBS curves, 1 packed disk'."""
    return ", ".join(count(number, words) for words, number in unsupported.items())


def unsupported(where: str, held: Mapping[str, int]) -> SourceError:
    """Our error for what a take could not hold."""
    return SourceError(
        f"{where} holds {lost(held)}, which Answerprint does not know: the take would lose them.",
        remedy="Convert or unpack them first, or leave them out with --unsupported leave_out.",
        fix=Fix("Leave them out and run", {"unsupported": "leave_out"}, run=True),
    )
