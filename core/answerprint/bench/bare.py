"""EXR by OpenEXR's own module and nothing else: the limit, and what a plain script would write.

Not by answerprint.exr, which is one of the things to be measured.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from numpy.typing import NDArray

Pixels = NDArray[Any]

_CODECS = {
    "none": OpenEXR.NO_COMPRESSION,
    "zip": OpenEXR.ZIP_COMPRESSION,
    "zips": OpenEXR.ZIPS_COMPRESSION,
    "piz": OpenEXR.PIZ_COMPRESSION,
}


def read(path: Path) -> Pixels:
    """The colour of a frame, half (height, width, 3)."""
    with OpenEXR.File(str(path)) as file:
        return np.asarray(file.channels()["RGB"].pixels)


def write(path: Path, image: Pixels, compression: str) -> None:
    """Write (height, width, 3), without forcing it to the disk."""
    facts = {"compression": _CODECS[compression], "type": OpenEXR.scanlineimage}
    OpenEXR.File(facts, {"RGB": image}).write(str(path))


def read_layers(path: Path) -> tuple[dict[str, Any], dict[str, Pixels]]:
    """Header and every channel by its full name."""
    with OpenEXR.File(str(path), separate_channels=True) as file:
        pixels = {name: channel.pixels for name, channel in file.channels().items()}
        header = {name: value for name, value in file.header().items() if name != "channels"}
        return header, pixels


def write_layers(path: Path, header: dict[str, Any], channels: dict[str, Pixels]) -> None:
    OpenEXR.File(header, channels).write(str(path))


def set_threads(count: int) -> None:
    """How many threads of its own OpenEXR uses for one frame; 0, its default, is none."""
    OpenEXR.set_global_thread_count(count)


def threads() -> int:
    return int(OpenEXR.global_thread_count())
