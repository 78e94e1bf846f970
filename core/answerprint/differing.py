"""Differing: how far a candidate's frame lies from the artist's own, as it is measured and as it is seen.

decibels   PSNR of scene-linear RGB after (x / (1 + x))^(1/2.2), see `compare.psnr`; of data (mattes,
           depth) of the numbers as they are, against the greatest of the artist's, at least 1
stops      mean of log2(candidate / artist) over luminance in scene-linear: below 0 is darker. Where
           the mean of both is darker than `floor` it is noise and does not count; the floor is a
           tenth of the frame's mean, at most 0.02 (a tenth of middle grey)
flip       mean FLIP (LDR, 67 pixels a degree) of both as sRGB pictures at a quarter of the size; 0 is
           the same, 1 the most there is. Source: Andersson et al., FLIP: A Difference Evaluator for
           Alternating Images, HPG 2020
"""

from __future__ import annotations

import functools
import importlib
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from answerprint import aliases, colour, compare, halves, lens, medium, ocio, record, sheet
from answerprint.errors import AnswerprintError
from answerprint.job import Resolved
from answerprint.mirrored import Apart
from answerprint.picture import Frame, moved, union

Floats = NDArray[np.float32]

QUARTER = 4
LEAST_EDGE = 64  # pixels: what is smaller is seen whole
LEAST_FLOOR = 1e-6
MOST_GAIN = 32
GREY = 128
WIDTH = 480  # of the pictures that are kept


class Eyes(NamedTuple):
    """From the space of a take's pictures into scene-linear, and from there to 8-bit sRGB."""

    light: Callable[[Floats], Floats]
    seen: Callable[[Floats], NDArray[np.uint8]]


@dataclass(frozen=True)
class Difference:
    """Of a frame; `pictures`: artist's, candidate's, and how far they lie apart; none of geometry."""

    apart: Apart
    pictures: tuple[NDArray[np.uint8], ...] = ()


def eyes(resolved: Resolved) -> Eyes:
    """Of a take; where its colour configuration cannot be had, all counts as linear Rec.709."""
    found = resolved.colour
    if found is None:
        return Eyes(lambda image: image, sheet.display)
    try:
        config = ocio.load_again(found.config)
        steps = ocio.into_scene_linear(config, found.space)
        linear = colour.Space(ocio.scene_linear(config), "the role scene_linear")
        way = colour.conversion(config, linear, "srgb_display")
    except AnswerprintError:
        return Eyes(lambda image: image, sheet.display)

    def light(image: Floats) -> Floats:
        for one in steps:
            image = one(np.ascontiguousarray(image).reshape(-1, 3)).reshape(image.shape)
        return image

    return Eyes(light, lambda image: np.rint(way.forward(image) * 255).astype(np.uint8))


def difference(artists: Path, candidates: Path, frame: str, look: Eyes) -> Difference:
    """Hold a candidate's file against the artist's.

    Raises:
        SourceError: one cannot be read, or they differ in channels or windows.
    """
    one, other = medium.read(artists), medium.read(candidates)
    apart = compare.difference(one, other, artists.name)
    greatest = apart.greatest if math.isfinite(apart.greatest) else None
    found = Apart(frame=frame, identical=apart.identical, greatest=greatest)
    if not isinstance(one, Frame) or not isinstance(other, Frame):
        return Difference(found)
    return _worst([_of_view(found, one, other, view, look) for view in _views(one)])


def _views(frame: Frame) -> Sequence[str | None]:
    made = record.extract(frame)
    return list(made.views) if made and made.views else [None]


def _worst(found: Iterable[Difference]) -> Difference:
    """Of the views of a stereo frame the one that differs most."""
    return max(found, key=lambda one: one.apart.order)


def _of_view(found: Apart, one: Frame, other: Frame, view: str | None, look: Eyes) -> Difference:
    made = record.extract(one)
    first = [each.layer for each in made.inputs] if made else ()
    layer, where = sheet.choose(one, made.processed if made else (), view=view, first=first)
    mine, theirs = _image(one, where), _image(other, where)
    lost = int(np.count_nonzero(np.isfinite(mine) & ~np.isfinite(theirs)))
    good = np.isfinite(mine).all(-1) & np.isfinite(theirs).all(-1)
    mine, theirs = (np.where(good[..., None], image, np.float32(0)) for image in (mine, theirs))
    if len(where) != 3 or aliases.is_data(layer):
        facts = {"lost": lost, "decibels": _decibels(mine, theirs)}
        return _drawn(found, facts, sheet.display(mine), sheet.display(theirs))
    mine, theirs = look.light(mine), look.light(theirs)
    stops, floor = drift(mine, theirs, good)
    seen = _quarter(mine, theirs, look)
    facts = {
        "lost": lost,
        "decibels": _finite(compare.psnr(theirs, mine)),
        "stops": stops,
        "floor": floor,
        "flip": flip(*seen),
    }
    return _drawn(found, facts, look.seen(mine), look.seen(theirs))


def _image(frame: Frame, where: sheet.Where) -> Floats:
    """(height, width, 3) float32, one channel as grey."""
    chosen = where if len(where) == 3 else where[:1] * 3
    window = union(frame.parts[number].data_window for number, _ in chosen)
    held = [
        halves.widen(moved(part.channels[name], part.data_window, window))
        for part, name in ((frame.parts[number], name) for number, name in chosen)
    ]
    return np.stack(held, axis=-1)


def drift(artists: Floats, candidates: Floats, good: NDArray[np.bool_]) -> tuple[float, float]:
    """Stops that a candidate is brighter by, and the floor; scene-linear (height, width, 3).

    good   pixels that are numbers in both
    """
    mine, theirs = (
        np.maximum(lens.luminance(image)[good].astype(np.float64), 0)
        for image in (artists, candidates)
    )
    mean = float(mine.mean()) if mine.size else 0.0
    floor = min(max(mean / 10, LEAST_FLOOR), lens.FLOOR)
    lit = (mine + theirs) / 2 > floor  # of both: chosen by one alone, its noise would be a drift
    if not lit.any():
        return 0.0, floor
    least = floor / 8  # a pixel that went black counts as three stops below the floor, not as inf
    ratio = np.log2(np.maximum(theirs[lit], least) / np.maximum(mine[lit], least))
    return float(ratio.mean()), floor


def _decibels(mine: Floats, theirs: Floats) -> float | None:
    """Of numbers that are no light."""
    error = float(np.mean((mine.astype(np.float64) - theirs) ** 2))
    peak = max(float(np.abs(mine).max(initial=0)), 1.0)
    return None if error == 0 else 10 * math.log10(peak**2 / error)


def _finite(decibels: float) -> float | None:
    """None: not one sample differs."""
    return decibels if math.isfinite(decibels) else None


def _quarter(mine: Floats, theirs: Floats, look: Eyes) -> tuple[NDArray[np.uint8], ...]:
    """Both as pictures, made small as light."""
    factor = QUARTER if min(mine.shape[:2]) >= LEAST_EDGE else 1
    small = (lens.smaller(image, factor) if factor > 1 else image for image in (mine, theirs))
    return tuple(look.seen(np.ascontiguousarray(image)) for image in small)


@functools.cache
def _evaluator() -> Any:
    """The reference implementation, of the extra `bench`; None where it is not installed."""
    try:
        return importlib.import_module("flip_evaluator")
    except ImportError:
        return None


def has_flip() -> bool:
    return _evaluator() is not None


def flip(mine: NDArray[np.uint8], theirs: NDArray[np.uint8]) -> float | None:
    """Mean FLIP of two sRGB pictures; None where its library is not installed."""
    library = _evaluator()
    if library is None:
        return None
    one, other = (image.astype(np.float32) / 255 for image in (mine, theirs))
    _, mean, _ = library.evaluate(one, other, "LDR", applyMagma=False)
    return float(mean)


def _drawn(
    found: Apart, facts: dict[str, Any], mine: NDArray[np.uint8], theirs: NDArray[np.uint8]
) -> Difference:
    """With their difference around grey: what is darker there is darker in the candidate.

    As many times as all but its strongest fiftieth fits: glints may not hide a seam or a veil.
    """
    apart = theirs.astype(np.int16) - mine
    strong = max(float(np.percentile(np.abs(apart), 98)), 1.0)
    gain = int(min(max(2 ** math.floor(math.log2(GREY / strong)), 1), MOST_GAIN))
    shown = np.clip(GREY + apart.astype(np.int32) * gain, 0, 255).astype(np.uint8)
    made = found.model_copy(update={**facts, "gain": gain})
    return Difference(made, (mine, theirs, shown))


def save(path: Path, image: NDArray[np.uint8]) -> None:
    """As a small PNG.

    Raises:
        OSError: it cannot be written.
    """
    picture = Image.fromarray(np.ascontiguousarray(image))
    if picture.width > WIDTH:
        high = max(round(picture.height * WIDTH / picture.width), 1)
        picture = picture.resize((WIDTH, high), Image.Resampling.BOX)
    picture.save(path, "PNG")


__all__ = ["Difference", "Eyes", "difference", "drift", "eyes", "flip", "has_flip", "save"]
