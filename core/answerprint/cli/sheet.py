"""Draw a contact sheet of a take: every variation of a wedge with its values, or every frame.

examples:
  answerprint sheet takes/bg_denoise/v003
  answerprint sheet takes/bg_denoise/v003 --frame 1040 --out wedge.png --width 320
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from answerprint import begin, colour, exr, sheet, takes
from answerprint.cli.context import Context
from answerprint.documents import count
from answerprint.errors import JobError, TakeError
from answerprint.job import Resolved
from answerprint.sheet import Cell
from answerprint.takes import Item, Take
from answerprint.wedge import Variation

Look = Callable[[NDArray[np.float32]], NDArray[np.uint8]]

MOST_CELLS = 4000
LEAST_WIDTH, MOST_WIDTH = 16, 4096
MOST_PIXELS = 400_000_000  # of all pictures, taken as squares


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("take", type=Path, metavar="TAKE", help="the take's folder")
    parser.add_argument("--frame", type=int, metavar="N", help="of a wedge; usually its first")
    parser.add_argument("--width", type=int, default=240, metavar="PIXELS", help="of one picture")
    parser.add_argument("--out", type=Path, metavar="PNG", help="usually beside the take")


def run(args: argparse.Namespace, context: Context) -> int:
    take = takes.find(args.take)
    context.site.check_allowed(take.folder, "Take")
    captions = _captions(take, args.frame)
    _check_width(args.width, len(captions))
    target = args.out or take.folder.parent / f"{take.name}_{take.label}_sheet.png"
    look = _look(begin.reopen(take))
    cells = (_cell(file, caption, args.width, look) for file, caption in captions.items())
    try:
        sheet.save_all(target, cells, number=len(captions))
    except OSError as error:
        raise TakeError(
            f"The sheet {target.as_posix()} cannot be written: {error.strerror}.",
            remedy="Name another file with --out.",
        ) from error
    context.output.emit({"sheet": target.as_posix(), "pictures": len(captions)})
    context.output.say(f"{count(len(captions), 'picture')}: {target.as_posix()}")
    return 0


def _check_width(width: int, number: int) -> None:
    most = min(MOST_WIDTH, math.isqrt(MOST_PIXELS // number))
    if not LEAST_WIDTH <= width <= most:
        raise JobError(
            f"{count(number, 'picture')} cannot be {width} pixels wide.",
            remedy=f"Choose a --width from {LEAST_WIDTH} to {most}.",
        )


def _captions(take: Take, frame: int | None) -> dict[Path, tuple[str, str]]:
    """File -> (what it is, its values)."""
    held = take.items()
    if not held:
        raise TakeError(
            f"{take.name} {take.label} has no frames yet.",
            remedy=f"Finish it with 'answerprint run --resume {take.folder.as_posix()}'.",
        )
    variations = begin.reopen(take).variations
    if variations:
        first = min(item.frame for item in held) if frame is None else frame
        held = {item: file for item, file in held.items() if item.frame == first}
    elif frame is not None:
        held = {item: file for item, file in held.items() if item.frame == frame}
    if not held or len(held) > MOST_CELLS:
        raise TakeError(
            f"{take.name} {take.label} has {count(len(held), 'picture')} to show.",
            remedy=f"A sheet holds 1 to {MOST_CELLS}; choose a frame that is there with --frame.",
        )
    return {file: _said(item, variations) for item, file in held.items()}


def _said(item: Item, variations: Mapping[str, Variation]) -> tuple[str, str]:
    if not item.variation:
        return str(item.frame), ""
    return item.variation, str(variations.get(item.variation, ""))


def _look(resolved: Resolved) -> Look:
    """From the plate's colour space to a picture for the eye; frames without colour stay as they are.

    Without one that is known, as scene-linear Rec.709.
    """
    found = resolved.colour
    if found is None:
        return sheet.display
    config = colour.load(found.config, None, {})
    way = colour.conversion(config, colour.Space(found.space, found.source), "srgb_display")
    if way.identity:
        return sheet.display
    return lambda image: np.rint(way.forward(image) * 255).astype(np.uint8)


def _cell(file: Path, said: tuple[str, str], width: int, look: Look) -> Cell:
    frame = exr.read(file)
    image = sheet.picture(frame)
    seen = look(np.nan_to_num(image)) if sheet.has_colour(frame) else image
    return Cell(sheet.thumbnail(seen, width), *said)
