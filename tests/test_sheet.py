"""Contact sheets: every picture in its place, words under it and never in the next cell."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray
from PIL import Image
from samples import noise, save, save_parts, window
from strategies import scratch

from answerprint import exr, sheet
from answerprint.errors import JobError
from answerprint.exr import Window
from answerprint.sheet import CAPTION, GAP, GROUND, LINE, Cell

WIDE, HIGH = 40, 24
STEP_X, STEP_Y = WIDE + GAP, HIGH + 2 * LINE + GAP
LONG = "strength 0.5, method hard, steps 12, " * 10

Drawn = NDArray[np.uint8]


def flat(shade: int) -> Drawn:
    return np.full((HIGH, WIDE, 3), shade, np.uint8)


def drawn(path: Path, cells: list[Cell]) -> Drawn:
    """The sheet of these cells, as another program reads its file."""
    sheet.save_all(path, iter(cells), number=len(cells))
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    with Image.open(path) as image:
        assert (image.format, image.mode) == ("PNG", "RGB")
        return np.asarray(image)


def columns(image: Drawn) -> int:
    count, rest = divmod(image.shape[1] - GAP, STEP_X)
    assert rest == 0
    return count


def place(image: Drawn, index: int) -> tuple[int, int]:
    """Left and top of a cell."""
    row, column = divmod(index, columns(image))
    return GAP + column * STEP_X, GAP + row * STEP_Y


def is_ground(pixels: Drawn) -> bool:
    return bool((pixels == GROUND).all())


def test_two_hundred_pictures_stand_in_their_places(tmp_path: Path) -> None:
    cells = [Cell(flat(index), f"w{index + 1:03d}", f"steps {index}") for index in range(200)]

    image = drawn(tmp_path / "new" / "sheet.png", cells)

    rows = math.ceil(200 / columns(image))
    assert image.shape == (GAP + rows * STEP_Y, GAP + columns(image) * STEP_X, 3)
    for index in range(200):
        x, y = place(image, index)
        assert (image[y : y + HIGH, x : x + WIDE] == index).all()
        assert not is_ground(image[y + HIGH : y + HIGH + LINE, x : x + WIDE])
        assert not is_ground(image[y + HIGH + LINE : y + HIGH + 2 * LINE, x : x + WIDE])


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 300))
def test_a_sheet_is_about_as_wide_as_a_screen_and_no_row_is_empty(number: int) -> None:
    with scratch() as folder:
        image = drawn(folder / "sheet.png", [Cell(flat(9), "")] * number)
    height, width = image.shape[:2]
    rows = (height - GAP) // STEP_Y

    assert (rows - 1) * columns(image) < number <= rows * columns(image)
    assert number < 12 or 1.2 < width / height < 2.6


def test_long_remarks_are_cut_off_and_never_reach_the_next_cell(tmp_path: Path) -> None:
    cells = [Cell(flat(200), "w001", LONG if index % 2 == 0 else "") for index in range(30)]

    image = drawn(tmp_path / "sheet.png", cells)

    for index in range(30):
        x, y = place(image, index)
        remark = image[y + HIGH + LINE : y + STEP_Y, x : x + WIDE]
        assert is_ground(remark) == (index % 2 == 1)
        assert is_ground(image[y : y + STEP_Y, x + WIDE : x + STEP_X])
        assert is_ground(image[y - GAP : y, x : x + STEP_X])


def test_a_remark_that_fits_is_shown_whole(tmp_path: Path) -> None:
    whole, cut = (
        drawn(tmp_path / f"{words}.png", [Cell(flat(0), "", words)])
        for words in ("1001", "1001" * 20)
    )

    words = slice(GAP + HIGH + LINE, GAP + STEP_Y)
    same = drawn(tmp_path / "again.png", [Cell(flat(0), "", "1001")])
    assert np.array_equal(whole, same)
    assert not np.array_equal(whole[words], cut[words])


def test_pictures_come_one_at_a_time(tmp_path: Path) -> None:
    """A sheet of a thousand frames does not hold a thousand frames."""
    out = 0

    class Counted(np.ndarray[Any, Any]):
        def __del__(self) -> None:
            nonlocal out
            out -= 1

    def cells() -> Any:
        nonlocal out
        for index in range(50):
            out += 1
            most.append(out)
            yield Cell(flat(index).view(Counted), "")

    most: list[int] = []
    sheet.save_all(tmp_path / "sheet.png", cells(), number=50)

    assert len(most) == 50
    assert max(most) <= 3


def window_of(width: int, height: int) -> Window:
    return Window(0, 0, width - 1, height - 1)


def fitted(image: Drawn, cell: tuple[int, int]) -> Drawn:
    """A picture without overscan in a cell."""
    seen = window_of(image.shape[1], image.shape[0])
    return sheet.framed(image, seen, seen, cell)


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(8, 120))
def test_a_cell_has_the_shape_of_its_picture(height: int, width: int, wanted: int) -> None:
    cell = sheet.size(window_of(width, height), wanted)

    assert cell == (wanted, max(8, round(height * wanted / width)))
    small = fitted(np.full((height, width, 3), 188, np.uint8), cell)
    assert small.shape == (cell[1], cell[0], 3)
    assert (small == 188).all()


def test_a_cell_shows_each_part_of_the_picture() -> None:
    image = np.zeros((90, 160, 3), np.uint8)
    image[:45, :80, 0] = image[45:, 80:, 1] = 255

    small = fitted(image, (16, 9))

    assert small[2, 4].tolist() == [255, 0, 0]
    assert small[6, 12].tolist() == [0, 255, 0]
    assert not small[6, 4].any()


def test_a_picture_of_another_shape_is_shown_whole_in_the_middle() -> None:
    white = np.full((100, 50, 3), 255, np.uint8)

    tall, flat_one = fitted(white, (40, 20)), fitted(white.transpose(1, 0, 2), (40, 40))

    assert (tall[:, 15:25] == 255).all()
    assert not tall[:, :15].any()
    assert not tall[:, 25:].any()
    assert (flat_one[10:30] == 255).all()
    assert not flat_one[:10].any()
    assert not flat_one[30:].any()


WINDOWS = st.builds(
    lambda left, top, width, height: Window(left, top, left + width, top + height),
    st.integers(-30, 60), st.integers(-30, 60), st.integers(0, 60), st.integers(0, 60),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(WINDOWS)
def test_a_picture_stands_where_its_window_lies_in_the_display_window(own: Window) -> None:
    seen = window_of(40, 24)
    image = np.full((own.height, own.width, 3), 255, np.uint8)

    cell = sheet.framed(image, own, seen, (80, 48))

    expected = np.zeros((48, 80, 3), np.uint8)
    top, left = max(own.top, 0), max(own.left, 0)
    expected[2 * top : max(2 * own.bottom + 2, 0), 2 * left : max(2 * own.right + 2, 0)] = 255
    assert np.array_equal(cell, expected)


def test_a_window_far_larger_than_its_picture_costs_nothing() -> None:
    """A display window is two corners in a header; nobody has its pixels."""
    seen, own = window_of(1_000_000_000, 1_000_000_000), Window(0, 0, 9, 9)

    cell = sheet.framed(np.full((10, 10, 3), 255, np.uint8), own, seen, (16, 16))

    assert int(cell.max(axis=-1).sum()) == 255


@pytest.mark.parametrize(
    ("linear", "shown"),
    [
        (0.0, 0), (-1.0, 0), (0.18, 118), (0.0031308, 10), (1.0, 255), (50.0, 255),
        (math.nan, 0), (math.inf, 255), (-math.inf, 0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_linear_light_is_shown_as_a_screen_has_it(linear: float, shown: int, kind: Any) -> None:
    assert sheet.display(np.full((1, 1, 3), linear, kind)).tolist() == [[[shown] * 3]]


def shown(frame: exr.Frame, *names: str, **chosen: Any) -> NDArray[np.float32]:
    """What is seen of these channels of a frame."""
    return sheet.picture(frame, sheet.choose(frame, names, **chosen)[1])[0]


def stacked(channels: dict[str, NDArray[Any]], names: Iterable[str]) -> NDArray[Any]:
    return np.stack([channels[name] for name in names], axis=-1)


def test_a_frame_is_shown_in_its_own_colours_whatever_else_it_holds(tmp_path: Path) -> None:
    names = ["A", "B", "G", "R", "Z", "albedo.R"]
    frame = exr.read(save(tmp_path / "rgb.exr", noise(1, names)))

    assert shown(frame).dtype == np.float32
    assert np.array_equal(shown(frame), stacked(noise(1, names), "RGB"))


RGB = ["R", "G", "B"]
DENOISE, SPECULAR = ([f"{layer}.{one}" for one in RGB] for layer in ("denoise", "specular"))
WORDS = [f"V.{word}" for word in ("red", "green", "blue")]
ALL = [*RGB, "A", *DENOISE, *SPECULAR, *WORDS, "Z", "matte.A", "v.u", "v.v"]


@pytest.mark.parametrize(
    ("names", "seen"),
    [
        (DENOISE, DENOISE),
        ([*SPECULAR[::-1], *DENOISE], SPECULAR),
        (WORDS, WORDS),
        (["matte.A"], ["matte.A"]),
        (["Z", "matte.A"], ["Z"]),
        (["v.v", "v.u"], ["v.v"]),
        (["Z", *RGB, "A"], RGB),
        (["A", "denoise.R"], ["A"]),
        (["gone.R"], RGB),
    ],
)
def test_of_the_channels_that_were_made_those_are_shown_that_are_a_picture(
    names: list[str], seen: list[str], tmp_path: Path
) -> None:
    frame = exr.read(save(tmp_path / "all.exr", noise(1, ALL)))

    assert np.array_equal(shown(frame, *names), stacked(noise(1, ALL), (seen * 3)[:3]))


@pytest.mark.parametrize("names", [["Y"], ["Z"], ["forward.u", "forward.v"], ["R", "G"]])
def test_a_frame_without_rgb_is_shown_as_grey(tmp_path: Path, names: list[str]) -> None:
    grey = shown(exr.read(save(tmp_path / "data.exr", noise(1, names))))

    assert grey.shape == (24, 32, 3)
    assert any(np.array_equal(grey[..., 0], one) for one in noise(1, names).values())
    assert np.array_equal(grey[..., 0], grey[..., 1])
    assert np.array_equal(grey[..., 0], grey[..., 2])


def test_a_frame_of_ids_is_shown(tmp_path: Path) -> None:
    ids = np.arange(32, dtype=np.uint32).reshape(4, 8)

    assert np.array_equal(shown(exr.read(save(tmp_path / "id.exr", {"id": ids})))[..., 0], ids)


def in_parts(path: Path, **parts: dict[str, NDArray[Any]]) -> exr.Frame:
    facts = {"compression": OpenEXR.ZIP_COMPRESSION}
    written = [({"name": name, **facts}, channels) for name, channels in parts.items()]
    return exr.read(save_parts(path, *written))


def test_of_layers_in_parts_that_call_their_channels_the_same_the_one_that_was_used_is_shown(
    tmp_path: Path,
) -> None:
    frame = in_parts(tmp_path / "parts.exr", depth=noise(1, ["Z"]), albedo=noise(2), C=noise(3))

    assert np.array_equal(shown(frame, *RGB, first=["C", "albedo"]), stacked(noise(3), "RGB"))
    assert np.array_equal(shown(frame, *RGB, first=["albedo"]), stacked(noise(2), "RGB"))
    assert np.array_equal(shown(frame, "Z")[..., 0], noise(1, ["Z"])["Z"])


def test_of_two_views_the_one_that_is_asked_for_is_shown(tmp_path: Path) -> None:
    right = [f"right.{name}" for name in RGB]
    views = {"multiView": ["left", "right"]}
    frame = exr.read(save(tmp_path / "stereo.exr", noise(1, RGB + right), **views))

    for view, names in (("left", RGB), ("right", right), (None, RGB), ("gone", RGB)):
        seen = shown(frame, *RGB, *right, view=view)
        assert np.array_equal(seen, stacked(noise(1, RGB + right), names)), view


def test_a_cropped_frame_is_looked_at_in_its_display_window(tmp_path: Path) -> None:
    facts = {"dataWindow": window(5, 5, 14, 10), "displayWindow": window(0, 0, 99, 49)}
    frame = exr.read(save(tmp_path / "cropped.exr", noise(1, width=10, height=6), **facts))

    own = sheet.picture(frame, sheet.choose(frame)[1])[1]

    assert own == Window(5, 5, 14, 10)
    assert sheet.box(frame, own) == Window(0, 0, 99, 49)
    assert sheet.box(frame, Window(200, 0, 209, 5)) == Window(200, 0, 209, 5)


@pytest.mark.parametrize("name", ["sheet.jpg", "sheet", "sheet.png.exr", ".png"])
def test_what_is_no_name_for_a_png_is_refused(name: str, tmp_path: Path) -> None:
    refused = pytest.raises(JobError, match=r"is a PNG picture, and '.*' is no name for one\.$")
    with refused:
        sheet.save(tmp_path / name, [[Cell(flat(1), "")]])
    with refused:
        sheet.save_all(tmp_path / name, [Cell(flat(1), "")], number=1)

    assert not list(tmp_path.iterdir())


def test_rows_of_a_comparison_stand_below_each_other(tmp_path: Path) -> None:
    rows = [
        [Cell(flat(index), "before", "1 dB"), Cell(flat(100 + index), "")] for index in range(3)
    ]
    path = tmp_path / "compare" / "sheet.png"

    sheet.save(path, rows)

    with Image.open(path) as opened:
        image = np.asarray(opened)
    assert image.shape == (GAP + 3 * (HIGH + CAPTION + GAP), GAP + 2 * STEP_X, 3)
    for index in range(3):
        y = GAP + index * (HIGH + CAPTION + GAP)
        assert (image[y : y + HIGH, GAP : GAP + WIDE] == index).all()
        assert (image[y : y + HIGH, GAP + STEP_X : GAP + STEP_X + WIDE] == 100 + index).all()


def test_a_detail_is_enlarged_pixel_by_pixel() -> None:
    image = np.random.default_rng(1).random((20, 30, 3))

    detail = sheet.enlarged(image, 3, 5, 4, 2, 3)

    assert detail.shape == (6, 12, 3)
    assert np.array_equal(detail[::3, ::3], image[5:7, 3:7])
    assert all(
        np.array_equal(detail[y::3, x::3], image[5:7, 3:7]) for y in range(3) for x in range(3)
    )
