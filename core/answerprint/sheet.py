"""Contact sheets: pictures side by side with words under them, as one PNG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from answerprint.errors import JobError
from answerprint.picture import Frame, Window, moved, shared

Where = list[tuple[int, str]]

GAP, CAPTION, LINE = 12, 30, 17
GROUND, INK, FAINT = (32, 33, 35), (236, 236, 236), (150, 152, 156)

_LETTERS = {"r": "r", "red": "r", "g": "g", "green": "g", "b": "b", "blue": "b"}


@dataclass(frozen=True)
class Cell:
    """One picture with a caption and a fainter remark.

    image   scene-linear Rec.709 (height, width, 3), or 8-bit sRGB as it is to be seen
    """

    image: NDArray[Any]
    caption: str
    remark: str = ""


def display(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Scene-linear Rec.709 to 8-bit sRGB (IEC 61966-2-1). Clipped at 0 and 1: for the eye only; 8-bit stays."""
    if image.dtype == np.uint8:
        return image
    linear = np.clip(np.nan_to_num(image.astype(np.float32)), 0, 1)
    encoded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(encoded * 255), dtype=np.uint8)


def enlarged(image: NDArray[Any], left: int, top: int, width: int, height: int, times: int) -> Any:
    """A detail with every pixel repeated `times`, so that grain stays visible as it is."""
    detail = image[top : top + height, left : left + width]
    return detail.repeat(times, axis=0).repeat(times, axis=1)


def save(path: Path, rows: Sequence[Sequence[Cell]]) -> None:
    """Draw rows of equally large cells and write them as PNG."""
    high, wide = rows[0][0].image.shape[:2]
    columns = max(len(row) for row in rows)
    size = (GAP + columns * (wide + GAP), GAP + len(rows) * (high + CAPTION + GAP))
    sheet = Image.new("RGB", size, GROUND)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(15)
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            x, y = GAP + column * (wide + GAP), GAP + row * (high + CAPTION + GAP)
            sheet.paste(Image.fromarray(display(cell.image)), (x, y))
            draw.text((x, y + high + 6), cell.caption, fill=INK, font=font)
            end = x + draw.textlength(cell.caption, font=font)
            draw.text((end + 10, y + high + 6), cell.remark, fill=FAINT, font=font)
    check_name(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, "PNG")


def check_name(path: Path) -> None:
    """Raises JobError: the name is not that of a PNG file."""
    if path.suffix.lower() != ".png":
        raise JobError(
            f"A sheet is a PNG picture, and '{path.name}' is no name for one.",
            remedy="Give it a name that ends in .png.",
        )


def choose(
    frame: Frame, names: Sequence[str] = (), *, view: str | None = None, first: Sequence[str] = ()
) -> tuple[str, Where]:
    """What there is to see of some channels, or of all where it has none of them: (layer, where).

    Three that are a picture together, as red, green and blue; else one alone.

    names   the channels, best first
    view    the view to look in; the default one where it is not there
    first   layers to look in before others, best first
    """
    layers = frame.layers(view) or frame.layers()
    named = {layer: [one for one in where if one[1] in names] for layer, where in layers.items()}
    held = {layer: where for layer, where in named.items() if where} or layers

    def place(layer: str) -> tuple[int, int, bool]:
        least = min((names.index(one) for _, one in named[layer]), default=len(names))
        return first.index(layer) if layer in first else len(first), least, layer != "rgba"

    ordered = sorted(held, key=place)
    for layer in ordered:
        found = {
            _LETTERS.get(name.rpartition(".")[2].lower()): (n, name) for n, name in held[layer]
        }
        if found.keys() >= set("rgb"):
            return layer, [found[letter] for letter in "rgb"]
    alone = sorted(held[ordered[0]], key=lambda one: names.index(one[1]) if one[1] in names else 0)
    return ordered[0], alone[:1]


def picture(frame: Frame, where: Where) -> tuple[NDArray[np.float32], Window]:
    """These channels, one of them as grey, as (height, width, 3), and the window they lie in."""
    own = frame.parts[where[0][0]].data_window
    images = [
        moved(frame.parts[number].channels[name], frame.parts[number].data_window, own)
        for number, name in (where if len(where) == 3 else where[:1] * 3)
    ]
    return np.stack(images, axis=-1).astype(np.float32), own


def box(frame: Frame, own: Window) -> Window:
    """The window that is looked at: the display window, or `own` where none of it lies in that."""
    seen = frame.parts[0].display_window
    return seen if shared((own, seen)) else own


def size(seen: Window, width: int) -> tuple[int, int]:
    """Width and height of a cell of this shape; a strip becomes at least 8 pixels high."""
    return width, max(round(seen.height * width / seen.width), 8)


def area(cell: tuple[int, int], number: int) -> int:
    """Pixels of a sheet of so many cells, as far as it is full."""
    across, down = _step(*cell)
    return number * across * down


def framed(
    image: NDArray[np.uint8], own: Window, seen: Window, cell: tuple[int, int]
) -> NDArray[np.uint8]:
    """What a window shows of an 8-bit picture, in a cell: whole, in its shape, in the middle.

    own    where the picture lies; what is beyond it is black
    """
    wide, high = size(seen, cell[0])
    if high > cell[1]:
        wide, high = max(round(wide * cell[1] / high), 1), cell[1]
    left, top = (cell[0] - wide) // 2, (cell[1] - high) // 2
    canvas = Image.new("RGB", cell)
    part = shared((own, seen))
    if part is not None:
        inside = image[part.top - own.top :, part.left - own.left :][: part.height, : part.width]
        x, y = (
            (round((begin - start) * scale), round((end + 1 - start) * scale))
            for begin, end, start, scale in (
                (part.left, part.right, seen.left, wide / seen.width),
                (part.top, part.bottom, seen.top, high / seen.height),
            )
        )
        small = Image.fromarray(np.ascontiguousarray(inside)).resize(
            (max(x[1] - x[0], 1), max(y[1] - y[0], 1)), Image.Resampling.BOX
        )
        canvas.paste(small, (left + x[0], top + y[0]))
    return np.asarray(canvas)


def save_all(path: Path, cells: Iterable[Cell], *, number: int) -> None:
    """Draw `number` cells of one size as they come, in a sheet about as wide as a screen, as PNG.

    A caption stands under its picture and the remark under that, cut off where it is too long.
    """
    check_name(path)
    font = ImageFont.load_default(13)
    sheet: Image.Image | None = None
    for index, cell in enumerate(cells):
        if sheet is None:  # all are as large as the first
            high, wide = cell.image.shape[:2]
            step = _step(wide, high)
            columns = min(number, max(1, round((number * step[1] / step[0] * 16 / 9) ** 0.5)))
            rows = -(-number // columns)
            sheet = Image.new("RGB", (GAP + columns * step[0], GAP + rows * step[1]), GROUND)
            draw = ImageDraw.Draw(sheet)
        row, column = divmod(index, columns)
        x, y = GAP + column * step[0], GAP + row * step[1]
        sheet.paste(Image.fromarray(display(cell.image)), (x, y))
        caption, remark = (_elided(text, wide, draw, font) for text in (cell.caption, cell.remark))
        draw.text((x, y + high + 3), caption, fill=INK, font=font)
        draw.text((x, y + high + 3 + LINE), remark, fill=FAINT, font=font)
    if sheet is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        sheet.save(path, "PNG")


def _step(wide: int, high: int) -> tuple[int, int]:
    """From one cell to the next, to the right and down."""
    return wide + GAP, high + 2 * LINE + GAP


def _elided(text: str, width: int, draw: ImageDraw.ImageDraw, font: Any) -> str:
    """The text on one line, as far as it fits."""
    text = " ".join(text.split())
    if draw.textlength(text, font=font) <= width:
        return text
    while text and draw.textlength(f"{text}...", font=font) > width:
        text = text[:-1]
    return f"{text}..."
