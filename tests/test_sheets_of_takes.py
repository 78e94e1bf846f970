"""A take's contact sheet: what its task has made, each frame in its place, in cells of one size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from samples import AtOnce, noise, plate, save, window

from answerprint import exr, sheet
from answerprint.picture import Window, moved
from answerprint.sheet import GAP, LINE
from answerprint.takes import Take

WIDTH, HEIGHT = 32, 24  # as noise is: a sheet of that width shows every pixel as it is

Drawn = NDArray[np.uint8]


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)
    monkeypatch.delenv("OCIO", raising=False)


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


def made(answerprint: AtOnce, task: str, path: Path, *words: str) -> Take:
    said = answerprint("run", "--task", task, "--plate", path, "--name", "t", *words, "--json")
    assert said.code == 0, said
    return Take(answerprint.folder / "takes" / "t" / "v001")


def drawn(answerprint: AtOnce, take: Take, *, high: int = HEIGHT) -> list[Drawn]:
    """The cells of a take's sheet, of this height and a pixel for a pixel wide."""
    said = answerprint("sheet", take.folder, "--width", str(WIDTH), "--out", "s.png", "--json")
    assert (said.code, said.last["notes"]) == (0, []), said
    with Image.open(answerprint.folder / "s.png") as opened:
        image = np.asarray(opened)
    columns, rest = divmod(image.shape[1] - GAP, WIDTH + GAP)
    assert rest == 0
    assert (image.shape[0] - GAP) % (high + 2 * LINE + GAP) == 0
    places = [divmod(index, columns) for index in range(said.last["pictures"])]
    corners = [(GAP + r * (high + 2 * LINE + GAP), GAP + c * (WIDTH + GAP)) for r, c in places]
    return [image[y : y + high, x : x + WIDTH] for y, x in corners]


def seen(channels: dict[str, NDArray[Any]], *names: str) -> Drawn:
    """As scene-linear Rec.709, a pixel for a pixel."""
    return sheet.display(np.stack([channels[name] for name in names], -1).astype(np.float32))


def near(one: Drawn, other: Drawn) -> bool:
    """Through OpenColorIO a last digit may be another."""
    return bool(np.abs(one.astype(int) - other.astype(int)).max() <= 1)


def test_new_layers_are_shown_and_not_the_plate_that_is_the_same_in_all_variations(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    words = ("--result", "beside", "--colour", "Linear Rec.709 (sRGB)", "--set", "quality=fast")
    take = made(
        answerprint, "denoise", plate(tmp_path / "p", 1), *words, "--wedge", "strength=0.3,1"
    )

    one, other = drawn(answerprint, take)

    assert not near(one, other)
    for cell, label in ((one, "w001"), (other, "w002")):
        channels = exr.read(take.file(1001, label)).parts[0].channels
        assert near(cell, seen(channels, "denoise.R", "denoise.G", "denoise.B")), label


def test_a_matte_is_shown_as_grey_and_not_the_plate_beside_it(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    take = made(answerprint, "matte", plate(tmp_path / "p", 1), "--result", "beside")

    (cell,) = drawn(answerprint, take)

    channels = exr.read(take.file(1001)).parts[0].channels
    assert "R" in channels
    assert np.array_equal(cell, seen(channels, "matte.A", "matte.A", "matte.A"))


@pytest.mark.parametrize(
    ("words", "eye"), [((), ""), (("--view", "right"), "right."), (("--view", "left"), "")]
)
def test_of_a_stereo_take_the_first_view_that_was_made_is_shown(
    words: tuple[str, ...], eye: str, answerprint: AtOnce, tmp_path: Path
) -> None:
    names = ["R", "G", "B", "right.R", "right.G", "right.B"]
    path = plate(tmp_path / "p", 1, names, multiView=["left", "right"])
    take = made(answerprint, "passthrough", path, *words)

    (cell,) = drawn(answerprint, take)

    assert np.array_equal(cell, seen(noise(1001, names), f"{eye}R", f"{eye}G", f"{eye}B"))


def test_a_picture_that_moves_and_grows_stands_still_in_cells_of_one_size(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    """A render's data window is where there is something; the display window is the shot's."""
    owns = [
        Window(0, 0, 31, 23),
        Window(4, 6, 13, 11),
        Window(-8, -8, 39, 39),
        Window(8, 0, 11, 23),
    ]
    for number, own in enumerate(owns, start=1001):
        channels = noise(number, width=own.width, height=own.height)
        save(
            tmp_path / "p" / f"bg.{number}.exr",
            channels,
            dataWindow=window(own.left, own.top, own.right, own.bottom),
            displayWindow=window(0, 0, WIDTH - 1, HEIGHT - 1),
        )
    take = made(answerprint, "passthrough", tmp_path / "p" / "bg.####.exr")

    cells = drawn(answerprint, take)

    for number, own, cell in zip(range(1001, 1005), owns, cells, strict=True):
        channels = noise(number, width=own.width, height=own.height)
        whole = {k: moved(v, own, Window(0, 0, 31, 23)) for k, v in channels.items()}
        assert np.array_equal(cell, seen(whole, "R", "G", "B")), number


def test_numbers_go_through_no_look_in_a_frame_that_was_made_or_is_the_plates(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    names = ["R", "G", "B", "normal.R", "normal.G", "normal.B"]
    words = ("--layer", "plate=normal", "--set", "method=blend")
    time = ("--speed", "0.5", "--cuts", "none")
    take = made(answerprint, "retime", plate(tmp_path / "p", 2, names), *words, *time)

    cells = drawn(answerprint, take)

    assert len(cells) == 3
    for number, cell in enumerate(cells, start=1001):
        channels = exr.read(take.file(number)).parts[0].channels
        assert np.array_equal(cell, seen(channels, *names[3:])), number


def test_a_look_that_is_gone_is_said_and_the_sheet_is_drawn_without(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    config = tmp_path / "house.ocio"
    config.write_text(
        "ocio_profile_version: 2.1\n"
        "roles: {default: house, scene_linear: house, aces_interchange: house}\n"
        "colorspaces:\n  - !<ColorSpace> {name: house, encoding: scene-linear}\n",
        encoding="utf-8",
    )
    path = plate(tmp_path / "p", 1)
    take = made(answerprint, "denoise", path, "--set", "quality=fast", "--ocio", str(config))
    words = ("sheet", take.folder, "--width", "32", "--out", tmp_path / "s.png")
    config.write_text(config.read_text(encoding="utf-8") + "\n# tidied up\n", encoding="utf-8")
    other = answerprint(*words, "--json")
    config.unlink()

    gone = answerprint(*words, "--json")
    said = answerprint(*words)

    assert (other.code, other.last["notes"]) == (
        0,
        [f"The colour configuration {config.as_posix()} is another one than then."],
    )
    assert gone.code == 0, gone
    (note,) = gone.last["notes"]
    assert config.as_posix() in note
    assert note.endswith(" Colours are shown as if they were linear Rec.709.")
    assert said.out.splitlines() == [f"  {note}", f"1 picture: {tmp_path}/s.png"]
    with Image.open(tmp_path / "s.png") as opened:
        cell = np.asarray(opened)[GAP : GAP + HEIGHT, GAP : GAP + WIDTH]
    assert np.array_equal(cell, seen(exr.read(take.file(1001)).parts[0].channels, "R", "G", "B"))


def strips(folder: Path, high: int, count: int) -> Path:
    for number in range(1001, 1001 + count):
        save(folder / f"bg.{number}.exr", noise(1, "Y", width=2, height=high))
    return folder / "bg.####.exr"


def test_tall_strips_are_not_drawn_by_the_gigabyte(answerprint: AtOnce, tmp_path: Path) -> None:
    take = made(answerprint, "passthrough", strips(tmp_path / "p", 4000, 3))

    said = answerprint("sheet", take.folder, "--json")

    assert (said.code, said.last["problem"]) == (2, "3 pictures cannot be 240 pixels wide.")
    low, most = map(int, said.last["remedy"].removesuffix(".").rpartition("from ")[2].split(" to "))
    assert low == 16
    assert 3 * most * most * 2000 < 300_000_000
    fitting = answerprint("sheet", take.folder, "--width", "16", "--json")
    assert fitting.code == 0, fitting
    with Image.open(fitting.last["sheet"]) as opened:
        assert opened.height == GAP + 32_000 + 2 * LINE + GAP


def test_a_strip_that_no_sheet_can_hold_is_told_as_that(
    answerprint: AtOnce, tmp_path: Path
) -> None:
    save(tmp_path / "bg.1001.exr", noise(1, "Y", width=1, height=800_000))
    take = made(answerprint, "passthrough", tmp_path / "bg.####.exr")

    said = answerprint("sheet", take.folder, "--width", "16", "--json")

    assert (said.code, said.last["problem"]) == (2, "1 picture cannot be 16 pixels wide.")
    assert said.last["remedy"] == "They are 1x800000: look at them in a viewer."


@pytest.mark.parametrize("name", ["sheet.jpg", "sheet"])
def test_only_a_png_is_called_one(name: str, answerprint: AtOnce, tmp_path: Path) -> None:
    take = made(answerprint, "passthrough", plate(tmp_path / "p", 1))

    said = answerprint("sheet", take.folder, "--out", name, "--json")

    assert (said.code, said.last["error"]) == (2, "JobError")
    assert said.last["remedy"] == "Give it a name that ends in .png."
    assert not (tmp_path / name).exists()
