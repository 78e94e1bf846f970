"""Contact sheets: pictures side by side with words under them, as one PNG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from answerprint.exr import Frame

GAP, CAPTION, LINE = 12, 30, 17
GROUND, INK, FAINT = (32, 33, 35), (236, 236, 236), (150, 152, 156)


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
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, "PNG")


def has_colour(frame: Frame) -> bool:
    return {"R", "G", "B"} <= frame.parts[0].channels.keys()


def picture(frame: Frame) -> NDArray[np.float32]:
    """What there is to see of a frame, (height, width, 3): RGB, or its first channel as grey."""
    channels = frame.parts[0].channels
    names = "RGB" if has_colour(frame) else [next(iter(channels))] * 3
    return np.stack([channels[name] for name in names], axis=-1).astype(np.float32)


def thumbnail(image: NDArray[Any], width: int) -> NDArray[np.uint8]:
    """An 8-bit sRGB picture of this width, its shape kept; a strip becomes at least 8 pixels high."""
    high = max(round(image.shape[0] * width / image.shape[1]), 8)
    return np.asarray(Image.fromarray(display(image)).resize((width, high), Image.Resampling.BOX))


def save_all(path: Path, cells: Iterable[Cell], *, number: int) -> None:
    """Draw `number` cells of one size as they come, in a sheet about as wide as a screen, as PNG.

    A caption stands under its picture and the remark under that, cut off where it is too long.
    """
    font = ImageFont.load_default(13)
    sheet: Image.Image | None = None
    for index, cell in enumerate(cells):
        high, wide = cell.image.shape[:2]
        step = (wide + GAP, high + 2 * LINE + GAP)
        if sheet is None:
            columns = min(number, max(1, round((number * step[1] / step[0] * 16 / 9) ** 0.5)))
            rows = -(-number // columns)
            size = (GAP + columns * step[0], GAP + rows * step[1])
            sheet = Image.new("RGB", size, GROUND)
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


def _elided(text: str, width: int, draw: ImageDraw.ImageDraw, font: Any) -> str:
    """The text on one line, as far as it fits."""
    text = " ".join(text.split())
    if draw.textlength(text, font=font) <= width:
        return text
    while text and draw.textlength(f"{text}...", font=font) > width:
        text = text[:-1]
    return f"{text}..."
