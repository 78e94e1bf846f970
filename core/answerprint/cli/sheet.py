"""Draw a contact sheet of a take: every variation of a wedge with its values, or every frame.

examples:
  answerprint sheet takes/bg_denoise/v003
  answerprint sheet takes/bg_denoise/v003 --frame 1040 --out wedge.png --width 320
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from answerprint import aliases, begin, colour, exr, ocio, record, sheet, takes
from answerprint.cli.context import Context
from answerprint.documents import count
from answerprint.errors import AnswerprintError, JobError, TakeError
from answerprint.job import Resolved
from answerprint.sheet import Cell
from answerprint.takes import Item, Take
from answerprint.wedge import Variation

Look = Callable[[NDArray[np.float32]], NDArray[np.uint8]]

MOST_CELLS = 4000
LEAST_WIDTH, MOST_WIDTH = 16, 4096
MOST_PIXELS = 300_000_000  # of the whole sheet: a little less than a gigabyte


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("take", type=Path, metavar="TAKE", help="the take's folder")
    parser.add_argument("--frame", type=int, metavar="N", help="of a wedge; usually its first")
    parser.add_argument("--width", type=int, default=240, metavar="PIXELS", help="of one picture")
    parser.add_argument("--out", type=Path, metavar="PNG", help="usually beside the take")


def run(args: argparse.Namespace, context: Context) -> int:
    take = takes.find(args.take)
    context.site.check_allowed(take.folder, "Take")
    captions = _captions(take, args.frame)
    target = args.out or take.folder.parent / f"{take.name}_{take.label}_sheet.png"
    sheet.check_name(target)
    cell = _cell(next(iter(captions)), args.width, len(captions))
    look, notes = _look(begin.reopen(take))
    cells = (Cell(_picture(file, look, cell), *said) for file, said in captions.items())
    try:
        sheet.save_all(target, cells, number=len(captions))
    except OSError as error:
        raise TakeError(
            f"The sheet {target.as_posix()} cannot be written: {error.strerror}.",
            remedy="Name another file with --out.",
        ) from error
    context.output.emit({"sheet": target.as_posix(), "pictures": len(captions), "notes": notes})
    for note in notes:
        context.output.say(f"  {note}")
    context.output.say(f"{count(len(captions), 'picture')}: {target.as_posix()}")
    return 0


def _cell(first: Path, width: int, number: int) -> tuple[int, int]:
    """The size of every cell: that of the first frame.

    Raises:
        JobError: so many of this width are too large for one sheet.
    """
    frame = exr.read_structure(first)
    seen = sheet.box(frame, frame.parts[0].data_window)
    _check_width(width, number, seen)
    return sheet.size(seen, width)


def _check_width(width: int, number: int, seen: exr.Window) -> None:
    widths = range(LEAST_WIDTH, MOST_WIDTH + 1)
    fitting = [one for one in widths if sheet.area(sheet.size(seen, one), number) <= MOST_PIXELS]
    if width not in fitting:
        remedy = f"Choose a --width from {LEAST_WIDTH} to {fitting[-1]}." if fitting else ""
        raise JobError(
            f"{count(number, 'picture')} cannot be {width} pixels wide.",
            remedy=remedy or f"They are {seen.width}x{seen.height}: look at them in a viewer.",
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


def _look(resolved: Resolved) -> tuple[Look, list[str]]:
    """From the plate's colour space to a picture for the eye, and what is to be said of that.

    Without a space that is known, as scene-linear Rec.709.
    """
    found = resolved.colour
    if found is None:
        return sheet.display, []
    try:
        config = ocio.load_again(found.config)
        way = colour.conversion(config, colour.Space(found.space, found.source), "srgb_display")
    except AnswerprintError as error:
        return sheet.display, [f"{error.problem} Colours are shown as if they were linear Rec.709."]
    other = config.fingerprint != found.fingerprint.partition("+")[0]
    notes = [f"The colour configuration {found.config} is another one than then."] if other else []
    if way.identity:
        return sheet.display, notes
    return lambda image: np.rint(way.forward(image) * 255).astype(np.uint8), notes


def _picture(file: Path, look: Look, cell: tuple[int, int]) -> NDArray[np.uint8]:
    """What was made of a frame, in its first view; numbers are no colours and stay as they are."""
    frame = exr.read(file)
    made = record.extract(frame)
    layer, where = sheet.choose(
        frame,
        made.processed if made else (),
        view=next(iter(made.views), None) if made else None,
        first=[one.layer for one in made.inputs] if made else [],
    )
    image, own = sheet.picture(frame, where)
    is_colour = len(where) == 3 and not aliases.is_data(layer)
    seen = look(np.nan_to_num(image)) if is_colour else sheet.display(image)
    return sheet.framed(seen, own, sheet.box(frame, own), cell)
