"""What a file's attributes say of the colour space that it is in, best first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

# x and y of red, green, blue and white -> colour interop ID. ITU-R BT.709 and BT.2020,
# SMPTE EG 432-1 with D65 (P3), SMPTE ST 2065-1 (AP0), Academy S-2014-004 (AP1)
_PRIMARIES = {
    (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329): "lin_rec709_scene",
    (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767): "lin_ap1_scene",
    (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767): "lin_ap0_scene",
    (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329): "lin_p3d65_scene",
    (0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329): "lin_rec2020_scene",
}
_ALIKE = 0.001  # writers round white to four figures


def said(attributes: Mapping[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    """Attributes that tell a colour space, best first: name, value in words, space if known."""
    for name in ("colorInteropID", *filter(_is_colour_space, attributes)):
        value = attributes.get(name)
        if isinstance(value, str) and value.lower() not in ("", "unknown"):
            yield name, value, value
    if attributes.get("acesImageContainerFlag") == 1:
        yield "acesImageContainerFlag", "ACES2065-1", "ACES2065-1"
    if "chromaticities" in attributes:
        given = np.asarray(attributes["chromaticities"], np.float64).ravel()
        words = " ".join(f"{number:.4g}" for number in given)
        fits = (
            interop
            for primaries, interop in _PRIMARIES.items()
            if given.shape == (8,) and np.abs(given - primaries).max() <= _ALIKE
        )
        yield "chromaticities", words, next(fits, None)


def _is_colour_space(attribute: str) -> bool:
    """oiio:ColorSpace, colorspace, nuke/input/colour_space: as many programs, so many names."""
    last = re.split(r"[:/.]", attribute)[-1].lower()
    return re.fullmatch(r"colou?r_?space", last) is not None
