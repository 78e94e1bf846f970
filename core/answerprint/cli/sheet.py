"""Draw a contact sheet of a take: every variation of a wedge with its values, or every frame.

examples:
  answerprint sheet takes/bg_denoise/v003
  answerprint sheet takes/bg_denoise/v003 --frame 1040 --out wedge.png --width 320
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from answerprint import exr, localised, look, sheet, takes
from answerprint.cli.context import Context
from answerprint.documents import count
from answerprint.errors import JobError, TakeError
from answerprint.sheet import Cell
from answerprint.take import PICTURES
from answerprint.takes import Item, Take
from answerprint.wedge import Variation

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
    if take.suffix != PICTURES:
        raise TakeError(
            f"{take.name} {take.label} holds geometry, which has no pictures to show side by side.",
            remedy="Look at it in Houdini, or render it; 'answerprint compare' says how far two lie "
            "apart.",
        )
    captions = _captions(take, args.frame)
    target = args.out or take.folder.parent / f"{take.name}_{take.label}_sheet.png"
    sheet.check_name(target)
    cell = _cell(next(iter(captions)), args.width, len(captions))
    seen, notes = look.of_take(localised.resolved(takes.reopen(take), context.site))
    cells = (
        Cell(look.picture(exr.read(file), seen, cell), *said) for file, said in captions.items()
    )
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
    variations = takes.reopen(take).variations
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
