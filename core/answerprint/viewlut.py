"""View LUTs: a display's view of scene-linear light, as one table that a graphics card looks up.

The table is asked with light through a shaper, g = (log2(x + OFFSET) - LOWEST) / (HIGHEST - LOWEST):
a logarithm that turns straight near black, so that 0 is a point of the table and what is darker than
a display can show costs no points. Light below 0 is shown as 0, light above 127.99 as that.

Between its points the reader interpolates in tetrahedra, along the diagonal that greys lie on. Held
against OpenColorIO's own result in 8-bit codes, with the built-in ACES configuration, "ACES 1.0 -
SDR Video" on sRGB, 65 points: greys are off by 0.2 at most. Of rendered plates 99 pixels of 100 are
right to 0.65, and the mean is off by 0.15; the worst pixel is off by 2.7 in a clean frame and by 14
in a noisy one: light far outside of what the display can show is clipped between two points.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from answerprint import halves, ocio
from answerprint.errors import JobError
from answerprint.ocio import Config

LOWEST, HIGHEST, OFFSET = -7.0, 7.0, 2.0**-7
POINTS = 65
FEWEST, MOST = 2, 129  # points along an edge; 129 are 13 MB

SHAPER = f"log2 {LOWEST:g} {HIGHEST:g} {OFFSET:g}"  # as the page is told

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Looks:
    """Display -> its views, the default one first in both."""

    config: str
    displays: dict[str, tuple[str, ...]]

    def as_json(self) -> dict[str, object]:
        first = next(iter(self.displays), "")
        views = self.displays.get(first, ("",))
        return {
            "config": self.config,
            "displays": [{"name": name, "views": list(v)} for name, v in self.displays.items()],
            "default": {"display": first, "view": views[0] if views else ""},
        }


def displays(config: Config) -> Looks:
    """What there is to choose from."""
    return Looks(config.name, ocio.displays(config))


def lut(config: Config, display: str, view: str, size: int = POINTS) -> NDArray[np.float16]:
    """(size, size, size, 3) halves, indexed blue, green, red: what the display is sent, 0..1.

    Red runs fastest, as WebGL's texImage3D and a .cube file have it. Values outside of 0..1 are
    kept: a reader clips after it has interpolated.

    Raises:
        JobError: there is no such display or view, or a table cannot have so many points.
        SetupError: the view is broken.
    """
    if not FEWEST <= size <= MOST:
        raise JobError(
            f"A view's table cannot have {size} points along an edge.",
            remedy=f"Ask for {FEWEST} to {MOST}; usually {POINTS}.",
        )
    steps = ocio.displayed(config, display, view)
    light = unshaped(np.linspace(0, 1, size, dtype=np.float32))
    blue, green, red = np.meshgrid(light, light, light, indexing="ij")
    table = np.ascontiguousarray(np.stack([red, green, blue], axis=-1).reshape(-1, 3))
    for step in steps:
        table = step(table)
    return halves.narrow(table).reshape(size, size, size, 3)


def shaped(light: Floats) -> Floats:
    """Scene-linear light -> where the table is asked, 0..1."""
    logarithm = np.log2(np.maximum(light + np.float32(OFFSET), np.float32(2.0**LOWEST)))
    return np.asarray(np.clip((logarithm - LOWEST) / (HIGHEST - LOWEST), 0, 1), np.float32)


def unshaped(asked: Floats) -> Floats:
    """The inverse: the light that a point of the table stands for."""
    found = np.exp2(LOWEST + asked * np.float32(HIGHEST - LOWEST)) - np.float32(OFFSET)
    return np.asarray(found, np.float32)


def config_of(place: str | None, site: str | None) -> Config:
    """A take's configuration by its place; None: the one that a new job would get.

    Raises:
        SetupError: it is missing, too large or broken.
    """
    return ocio.load_again(place) if place else ocio.load(None, site, os.environ)
