"""Contact sheets: pictures side by side with words under them, as one PNG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

GAP, CAPTION = 12, 30
GROUND, INK, FAINT = (32, 33, 35), (236, 236, 236), (150, 152, 156)


@dataclass(frozen=True)
class Cell:
    """One picture: scene-linear Rec.709 (height, width, 3), a caption, and a fainter remark."""

    image: NDArray[Any]
    caption: str
    remark: str = ""


def display(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Scene-linear Rec.709 to 8-bit sRGB (IEC 61966-2-1). Clipped at 0 and 1: for the eye only."""
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
