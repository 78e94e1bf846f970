"""Sights: what a gate sees of one frame: what was made, the plate it was made of, and both made small.

All arrays are scene-linear as the plate has them, or plain numbers where the layer is data. What
several gates need is worked out once, when the first one asks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from answerprint.picture import Window

Pixels = NDArray[Any]


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
    asked       what file and job agreed on, and what is there instead, where that differs: in words
    pixels      digest of all of the frame, and of the plate's frame: equal ones are the same pixels
    provenance  why the frame's record does not hold; '' where it does
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


@dataclass(frozen=True)
class Sketch:
    """What is kept of a Sight for its neighbours, small: see `sight.sketch`.

    made, plate   (h, w) float32, luminance (of data: the first channel) of a box of pixels each
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
    kept: dict[str, Any] = field(default_factory=dict)  # what gates keep of their own, small


@dataclass(frozen=True)
class Whole:
    """All of a take, for gates that only see something then.

    wanted    frames (as a manifest names them) that the job asks for
    there     those that lie there and can be read
    """

    wanted: tuple[str, ...]
    there: tuple[str, ...]
