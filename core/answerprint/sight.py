"""Sights: what a gate sees of one frame: what was made, the plate it was made of, and both made small.

All arrays are scene-linear as the plate has them, or plain numbers where the layer is data. What
several gates need is worked out once, when the first one asks: a Sight belongs to one thread.

Two sizes are enough for nearly all: boxes of 2x2 pixels of the plate (`near`), where edges are
looked at, and of 4x4 (`far`), where grain no longer shows. A sample that is not finite, in the take
or in the plate, is 0 in both of them: the gate for NaN counts it, no other one stumbles on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answerprint import lens
from answerprint.lens import Floats
from answerprint.picture import Window, shared

Pixels = NDArray[Any]

HUGE = 1e30  # beyond, what is added up may be no float any more
MOST_SKETCHED = 240  # boxes along the longer edge of a Sketch
SMOOTH = 5  # of these: so much grain moves in a picture that stands still

_SMALL, _TINY = (
    64,
    32,
)  # below so many pixels along the shorter edge boxes are 2x2, or single pixels
_TILE = 8  # far boxes along the edge of a square whose light is compared
_DARK = 0.01  # a twentieth of middle grey: below, light is too little to tell stops from


@dataclass(frozen=True)
class Both:
    """The same of what was made and of its plate, of one shape."""

    made: Floats
    plate: Floats


@dataclass
class Sight:
    """One layer of one view of a frame, in its take and in its plate.

    number      of the frame
    layer       whose pixels these are; view: '' where there is one
    made        (height, width, channels) float16 or float32; as the file holds it, never changed
    plate       the same of the plate, of as many channels; None where there is no frame to hold it
                against (another kind of numbers, another size that is no multiple, no plate)
    window      where `made` lies, in EXR's pixels
    plate_window   where `plate` lies; `made` is `scale` times as large
    colour      whether the numbers are light; False: data (depth, mattes, vectors)
    alpha       (height, width) of what was made, where it has one; None: none was made
    tile        (edge, overlap) in pixels of the plate, where it was made in pieces; None: whole
    seams       where pieces meet, as far as that is known better: columns and rows of the plate, the
                first of the right and of the lower piece, counted from its window; None: at every
                multiple of the tile's edge
    asked       what file and job agreed on, and what is there instead, where that differs: in words
    pixels      digest of all of the frame, and of the plate's frame: equal ones are the same pixels
    provenance  why the frame's record does not hold; '' where it does
    origin      (height, width) of a picture that it was made of, where there is no `plate`: a matte
                is no picture, and stands still only where that does
    """

    number: int
    layer: str
    made: Pixels
    plate: Pixels | None
    window: Window
    plate_window: Window
    view: str = ""
    scale: int = 1
    colour: bool = True
    alpha: Pixels | None = None
    tile: tuple[int, int] | None = None
    asked: tuple[str, ...] = ()
    pixels: str = ""
    plate_pixels: str = ""
    provenance: str = ""
    seams: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    origin: Pixels | None = None
    _seen_finite: bool = field(default=False, init=False, repr=False)

    @cached_property
    def common(self) -> Window | None:
        """Where both lie, in pixels of the plate; None where they share none, or there is no plate."""
        if self.plate is None:
            return None
        scale, own = self.scale, self.window
        covered = Window(
            -(-own.left // scale),
            -(-own.top // scale),
            (own.right + 1) // scale - 1,
            (own.bottom + 1) // scale - 1,
        )
        return shared([covered, self.plate_window])

    @cached_property
    def held(self) -> tuple[Pixels, Pixels] | None:
        """Made and plate where both lie, as they are; the made one is `scale` times as large."""
        common = self.common
        if common is None or self.plate is None:
            return None
        own, scale = self.window, self.scale
        left, top = common.left * scale - own.left, common.top * scale - own.top
        made = self.made[top : top + common.height * scale, left : left + common.width * scale]
        left, top = common.left - self.plate_window.left, common.top - self.plate_window.top
        return made, self.plate[top : top + common.height, left : left + common.width]

    @cached_property
    def all_finite(self) -> bool:
        """Whether every sample that was made is a number; mostly `near` has seen them all already."""
        return self._seen_finite or lens.all_finite(self.made)

    @cached_property
    def near_step(self) -> int:
        """Pixels of the plate along a box of `near`."""
        return max(self.far_step // 2, 1)

    @cached_property
    def far_step(self) -> int:
        edge = min(self.plate.shape[:2] if self.plate is not None else self.made.shape[:2])
        return 1 if edge < _TINY else 2 if edge < _SMALL else 4

    @cached_property
    def near(self) -> Both | None:
        """All channels; None where there is nothing to hold the frame against."""
        if self.held is None:
            return None
        fold = self.near_step * self.scale
        made, plate = lens.smaller(self.held[0], fold), lens.smaller(self.held[1], self.near_step)
        if not plate.size:
            return None
        sound = _within(made)
        left_out = self.made[..., 0].size - made[..., 0].size * fold**2
        self._seen_finite = sound and not left_out
        if not (sound and _within(plate)):
            bad = ~((np.abs(made) < HUGE) & (np.abs(plate) < HUGE))
            made[bad] = plate[bad] = 0
        return Both(made, plate)

    @cached_property
    def far(self) -> Both | None:
        near, factor = self.near, self.far_step // self.near_step
        if near is None:
            return None
        made, plate = lens.smaller(near.made, factor), lens.smaller(near.plate, factor)
        return Both(made, plate) if plate.size else None

    @cached_property
    def near_stops(self) -> Both | None:
        """Luminance, (h, w), in stops; None of data as well."""
        return _stops(self.near) if self.colour else None

    @cached_property
    def far_stops(self) -> Both | None:
        """The same; what stands alone in it, a firefly or a speck, is gone from both."""
        both = _stops(self.far) if self.colour else None
        return Both(lens.middle(both.made), lens.middle(both.plate)) if both else None

    @cached_property
    def drift(self) -> NDArray[np.float64] | None:
        """By how many stops each channel, and luminance at the end, is brighter than the plate.

        The median over squares of 32 pixels, a square weighing as much as its light can tell: a
        ratio of the frames' means would follow single fireflies, which a denoiser has to remove.
        """
        if self.far is None or not self.colour:
            return None
        edge = max(min(_TILE, *self.far.plate.shape[:2]), 1)
        made, plate = (_with_luminance(one, edge) for one in (self.far.made, self.far.plate))
        return np.array(
            [_drift(made[..., one], plate[..., one]) for one in range(made.shape[2])], np.float64
        )

    def box(self, row: int, column: int, rows: int, columns: int, step: int) -> Window:
        """A rectangle of boxes of so many of the plate's pixels, as a place in the frame.

        It is cut off where the frame ends.
        """
        common, scale = self.common or self.window, self.scale
        left, top = (common.left + column * step) * scale, (common.top + row * step) * scale
        right, bottom = left + columns * step * scale - 1, top + rows * step * scale - 1
        own = self.window
        left, top = _between(left, own.left, own.right), _between(top, own.top, own.bottom)
        return Window(
            left, top, max(left, min(right, own.right)), max(top, min(bottom, own.bottom))
        )

    def around(self, image: Floats, edge: int, step: int) -> Window:
        """The square of `edge` boxes around the greatest number of an image of boxes."""
        row, column = (int(one) for one in np.unravel_index(int(np.argmax(image)), image.shape))
        top, left = max(row - edge // 2, 0), max(column - edge // 2, 0)
        return self.box(top, left, edge, edge, step)


@dataclass(frozen=True)
class Sketch:
    """What is kept of a Sight for its neighbours, small: see `sight.sketch`.

    made, plate   (h, w) float32, luminance (of data: the first channel) of a box of pixels each
    origin        the same of what it was made of, smooth, where there is no plate
    step          pixels of the frame in one of these
    """

    number: int
    layer: str
    view: str
    window: Window
    step: int
    colour: bool
    made: Pixels
    plate: Pixels | None
    pixels: str = ""
    plate_pixels: str = ""
    origin: Pixels | None = None
    kept: dict[str, Any] = field(default_factory=dict)  # what gates keep of their own, small


@dataclass(frozen=True)
class Whole:
    """All of a take, for gates that only see something then.

    wanted    frames (as a manifest names them) that the job asks for
    there     those that lie there and can be read
    """

    wanted: tuple[str, ...]
    there: tuple[str, ...]


def sketch(sight: Sight) -> Sketch:
    """What is kept of a frame for its neighbours: a quarter of a megabyte of a frame of any size.

    Of `kept`, 'drift' is the Sight's, where it has one.
    """
    made, plate = _lights(sight)
    fold = max(-(-max(made.shape) // MOST_SKETCHED), 1)
    common, scale = sight.common, sight.scale
    drift = sight.drift
    return Sketch(
        number=sight.number,
        layer=sight.layer,
        view=sight.view,
        window=sight.window if common is None else _scaled(common, scale),
        step=sight.far_step * scale * fold,
        colour=sight.colour,
        made=_folded(made, fold),
        plate=None if plate is None else _folded(plate, fold),
        pixels=sight.pixels,
        plate_pixels=sight.plate_pixels,
        origin=_origin(sight),
        kept={} if drift is None else {"drift": drift},
    )


def _lights(sight: Sight) -> tuple[Floats, Floats | None]:
    """Luminance of what was made and of the plate, in far boxes."""
    if sight.far is not None:
        return lens.luminance(sight.far.made), lens.luminance(sight.far.plate)
    made = lens.smaller(sight.made, sight.far_step * sight.scale)
    if not _within(made):
        made[~(np.abs(made) < HUGE)] = 0
    return lens.luminance(made), None


def _origin(sight: Sight) -> Floats | None:
    if sight.origin is None or sight.plate is not None:
        return None
    fold = max(-(-max(sight.origin.shape) // MOST_SKETCHED), 1)
    small = lens.smaller(sight.origin[..., None], fold)[..., 0]
    return lens.mean(np.where(np.abs(small) < HUGE, small, np.float32(0)), SMOOTH)


def _folded(image: Floats, fold: int) -> Floats:
    return image if fold == 1 else lens.smaller(image[..., None], fold)[..., 0]


def _stops(both: Both | None) -> Both | None:
    if both is None:
        return None
    return Both(*(lens.stops(lens.luminance(one)) for one in (both.made, both.plate)))


def _with_luminance(far: Floats, edge: int) -> Floats:
    """Means of squares of so many boxes: the channels and, where there are three, luminance."""
    tiles = lens.smaller(far, edge)
    return tiles if tiles.shape[2] != 3 else np.dstack([tiles, lens.luminance(tiles)])


def _drift(made: Floats, plate: Floats) -> float:
    made, plate = (np.maximum(one, 0).ravel() + np.float32(_DARK) for one in (made, plate))
    ratio = np.log2(made / plate)
    order = np.argsort(ratio)
    weight = np.cumsum((1 - _DARK / np.maximum(plate, made))[order])
    if not weight[-1] > 0:  # black, both of them
        return 0.0
    return float(ratio[order][np.searchsorted(weight, weight[-1] / 2)])


def _within(image: Floats) -> bool:
    """Whether all is finite, with room to calculate; NaN comes through min and max."""
    return not image.size or bool(image.max() < HUGE and image.min() > -HUGE)


def _between(number: int, least: int, most: int) -> int:
    return min(max(number, least), most)


def _scaled(window: Window, scale: int) -> Window:
    return Window(
        window.left * scale,
        window.top * scale,
        (window.right + 1) * scale - 1,
        (window.bottom + 1) * scale - 1,
    )
