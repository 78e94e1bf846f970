"""Seams: what a contract says of sizes and tiles, held by asking for a frame whole and in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from answerprint import tiles as pieces
from answerprint.contract import Cut
from answerprint.errors import InferenceError, ModelDied
from answerprint_server import golden
from answerprint_server.finding import Finding
from answerprint_server.subject import Images, Subject

ODD = ((37, 53), (90, 19))
MULTIPLES = (2, 4, 8, 16, 32, 64)
TILE = 64  # an edge that is quick; what is beyond it depends on the context alone
MOST_CONTEXT = 128


@dataclass(frozen=True)
class _Apart:
    """How a frame in pieces differs from the whole, and where: pixels from the nearest seam."""

    worst: float
    output: str
    place: tuple[int, int]
    seam: int


def sizes(subject: Subject) -> Iterator[Finding]:
    """Any size of frame, padded as the contract says, comes back."""
    if subject.contract.kind != "image":
        return
    cut = subject.contract.cut
    refused = next(filter(None, (_refused(subject, _whole(cut), size) for size in ODD)), None)
    if refused is None:
        return
    found = next((one for one in MULTIPLES if one > cut.multiple and _takes(subject, one)), None)
    yield subject.finding(
        "error",
        "multiple",
        "cut.multiple",
        f"With multiple {cut.multiple}, {refused}",
        f'Write "multiple": {found} into cut: that does.'
        if found
        else "Have the model take frames of any size.",
    )


def _refused(subject: Subject, cut: Cut, size: tuple[int, int]) -> str:
    """What is wrong with a frame of a size, padded as `cut` says; '' where it comes back.

    Raises ServerError: the model died, or it is none of the frame's.
    """
    height, width = size
    try:
        frame = subject.frame(height, width)
        pieces.run(frame, _infer(subject), cut=cut, scale=_scale(subject))
    except ModelDied:
        raise
    except InferenceError as error:
        return f"a frame of {width}x{height} fails: {error.problem}"
    return ""


def tiles(subject: Subject) -> Iterator[Finding]:
    """A frame in tiles is the same as the whole, within what the contract says."""
    cut, stated = subject.contract.cut, subject.contract.determinism
    if cut.mode != "tiles" or (stated.kind == "stochastic" and not subject.contract.seed):
        return
    allowed = max(cut.tolerance, stated.tolerance if stated.kind == "tolerance" else 0)
    found = _held(subject, cut)
    if found.worst <= allowed or not _repeats(subject, allowed):
        return
    enough = _enough(subject, cut, allowed)
    if enough is not None:
        remedy = f'Write "context": {enough}: that does.'
    else:
        remedy = (
            f"No context up to {MOST_CONTEXT} does: it looks at the whole frame. Write "
            '"mode": "whole", or a tolerance that the eye does not see.'
        )
    left, top = found.place[1], found.place[0]
    yield subject.finding(
        "error",
        "seams",
        "cut.context",
        f"{found.output} in tiles differs from the whole by {found.worst:.3g}, and {allowed:g} is "
        f"said; the worst at {left},{top}, {found.seam} pixels from a seam. Context is "
        f"{cut.context}, overlap {cut.overlap}.",
        remedy,
    )


def _repeats(subject: Subject, allowed: float) -> bool:
    """Whether the same frame twice is alike enough that a seam could be told."""
    frame = subject.frame(*(_up(TILE, subject.contract.cut.multiple),) * 2)
    first, second = subject.ask(frame), subject.ask(frame)
    return all(golden.difference(second[name], first[name]) <= allowed for name in first)


def _enough(subject: Subject, cut: Cut, allowed: float) -> int | None:
    """The context, doubled as often as it takes, with which the seams are gone."""
    context = max(2 * cut.context, 4)
    while context <= MOST_CONTEXT:
        if _held(subject, cut.model_copy(update={"context": context})).worst <= allowed:
            return context
        context *= 2
    return None


def _held(subject: Subject, cut: Cut) -> _Apart:
    """A frame of two by two tiles that see no more of each other than they have to, and the whole."""
    around = 2 * _up(cut.context + cut.overlap, cut.multiple)
    edge = max(min(cut.tile, TILE) // cut.multiple, 1) * cut.multiple
    length = edge + around + edge
    frame = subject.frame(length, length)
    scale, infer = _scale(subject), _infer(subject)
    whole = pieces.run(frame, infer, cut=_whole(cut), scale=scale)
    parts = pieces.run(frame, infer, cut=cut, scale=scale, tile=edge)
    apart = {name: golden.difference(parts[name], whole[name]) for name in whole}
    worst = max(apart, key=apart.__getitem__)
    rows = (
        np.abs(parts[worst] - whole[worst]).reshape(-1, *whole[worst].shape[-3:]).max(axis=(0, 3))
    )
    top, left = np.unravel_index(int(np.nan_to_num(rows, nan=np.inf).argmax()), rows.shape)
    place = int(top) // scale[worst], int(left) // scale[worst]
    return _Apart(apart[worst], worst, place, _from_seam(cut, edge, length, place))


def _from_seam(cut: Cut, edge: int, length: int, place: tuple[int, int]) -> int:
    """How far a pixel is from where two tiles meet."""
    planned = pieces.plan(length, length, cut=cut, tile=edge)
    rows = {one.rows.first + cut.overlap for one in planned if one.rows.first}
    columns = {one.columns.first + cut.overlap for one in planned if one.columns.first}
    far = [abs(place[0] - one) for one in rows] + [abs(place[1] - one) for one in columns]
    return min(far, default=0)


def _takes(subject: Subject, multiple: int) -> bool:
    """Whether odd frames that are padded to a multiple come back."""
    cut = _whole(subject.contract.cut).model_copy(update={"multiple": multiple})
    return not any(_refused(subject, cut, size) for size in ODD)


def _whole(cut: Cut) -> Cut:
    return cut.model_copy(update={"mode": "whole"})


def _infer(subject: Subject) -> Callable[[Images], Images]:
    settings = subject.settings()
    return lambda images: subject.ask(images, settings)


def _scale(subject: Subject) -> dict[str, int]:
    settings = subject.settings()
    return {
        one.name: subject.contract.scale(one, settings)
        for one in subject.contract.outputs
        if one.size == "same"
    }


def _up(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple
