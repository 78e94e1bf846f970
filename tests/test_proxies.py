"""Proxies: frames made small, exactly, in scene-linear light; kept once made, and never half of one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray
from samples import change, made, noise, plate, points, save, window

from answerprint import exr, ocio, proxy
from answerprint.errors import JobError, SourceError, TakeError
from answerprint.lightbox import Asked, Lightbox
from answerprint.proxy import Cache, Proxy
from answerprint.site import Site
from answerprint.take import Take
from answerprint.triton import Server

REC709, ACESCG = "Linear Rec.709 (sRGB)", "ACEScg"
FIRST = Asked(1001)


@pytest.fixture
def box(tmp_path: Path) -> Lightbox:
    return Lightbox(Site(), Cache(tmp_path / "proxies"))


@pytest.fixture(scope="module")
def whole(address: str, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """plates/bg.####.exr of noise 32x24, and a denoised take of its two frames."""
    folder = tmp_path_factory.mktemp("proxies")
    with Server(address) as server:
        made(server, home, folder / "out", plate(folder / "plates", 2), task="denoise",
             colour={"space": ACESCG})  # fmt: skip
    return folder


@pytest.fixture
def take(whole: Path, tmp_path: Path) -> Take:
    shutil.copytree(whole / "out", tmp_path / "out")
    return Take(tmp_path / "out" / "bg_denoise" / "v001")


def light(path: Path, names: Sequence[str] = "RGB") -> NDArray[np.float32]:
    channels = exr.read(path).parts[0].channels
    return np.stack([channels[name] for name in names], axis=-1).astype(np.float32)


def mean(image: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """The means of squares, one by one, as a person would work them out."""
    high, wide = image.shape[:2]
    rows = [
        [image[y : y + step, x : x + step].mean(axis=(0, 1)) for x in range(0, wide, step)]
        for y in range(0, high, step)
    ]
    return np.asarray(rows, np.float32)


def test_at_its_own_size_a_proxy_is_the_frame_bit_for_bit(box: Lightbox, take: Take) -> None:
    found = box.proxy(take, FIRST)

    assert (found.head.width, found.head.height, found.head.step) == (32, 24, 1)
    assert found.head.space == ACESCG
    np.testing.assert_array_equal(found.pixels(), light(take.file(1001)).astype(np.float16))


@pytest.mark.parametrize("width", [16, 10, 4, 1])
def test_a_small_one_is_the_mean_of_whole_pixels(box: Lightbox, take: Take, width: int) -> None:
    found = box.proxy(take, replace(FIRST, width=width))

    step = found.head.step
    assert found.head.width >= width
    expected = mean(light(take.file(1001)), step)
    assert found.pixels().shape == expected.shape
    np.testing.assert_allclose(found.pixels(), expected, rtol=1e-3)


def test_the_plate_s_own_frame_lies_beside_it(box: Lightbox, take: Take, whole: Path) -> None:
    found = box.proxy(take, Asked(1002, "plate"))

    expected = light(whole / "plates" / "bg.1002.exr").astype(np.float16)
    np.testing.assert_array_equal(found.pixels(), expected)


def test_light_of_another_space_becomes_scene_linear(
    box: Lightbox, server: Server, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "plates", 1)
    take = made(server, home, tmp_path / "o", path, colour={"space": REC709})

    found = box.proxy(take, FIRST)

    config = ocio.load(None, None, {})
    expected = light(take.file(1001)).reshape(-1, 3)
    for step in ocio.into_scene_linear(config, REC709):
        expected = step(expected)
    assert found.head.space == ACESCG
    np.testing.assert_allclose(found.pixels().reshape(-1, 3), expected, rtol=2e-3, atol=1e-3)


def test_a_code_value_is_averaged_as_light(
    box: Lightbox, server: Server, home: Path, tmp_path: Path
) -> None:
    flat = {name: np.zeros((8, 8), np.float16) for name in "RGB"}
    for pixels in flat.values():
        pixels[:, ::2] = 1
    path = save(tmp_path / "log.1001.exr", flat).with_name("log.####.exr")
    take = made(server, home, tmp_path / "o", path, colour={"space": "ACEScct"})

    found = box.proxy(take, replace(FIRST, width=1)).pixels()

    # ACEScct 1 is 222.9, and its half, 111.4, is far from what 0.5 stands for
    assert np.all(found > 100)


def test_numbers_are_no_colour(box: Lightbox, server: Server, home: Path, tmp_path: Path) -> None:
    path = plate(tmp_path / "plates", 1, ["R", "G", "B", "depth.Z"])
    take = made(server, home, tmp_path / "o", path, colour={"space": REC709})

    found = box.proxy(take, replace(FIRST, layer="depth"))

    depth = light(take.file(1001), ["depth.Z"])
    assert found.head.is_data
    assert (found.head.least, found.head.greatest) == (float(depth.min()), float(depth.max()))
    np.testing.assert_array_equal(found.pixels(), np.repeat(depth, 3, axis=-1).astype(np.float16))


def test_where_it_lies_is_told_with_it(
    box: Lightbox, server: Server, home: Path, tmp_path: Path
) -> None:
    path = plate(
        tmp_path / "plates",
        1,
        dataWindow=window(4, 2, 35, 25),
        displayWindow=window(0, 0, 63, 47),
    )
    take = made(server, home, tmp_path / "o", path)

    head = box.proxy(take, replace(FIRST, width=8)).head

    assert (head.window, head.display, head.step) == ((4, 2, 35, 25), (0, 0, 63, 47), 4)


def test_a_nan_is_not_hidden_by_being_made_small(box: Lightbox, take: Take) -> None:
    def spoil(frame: exr.Frame) -> None:
        frame.parts[0].channels["G"][9, 5] = np.nan

    change(take.file(1001), spoil)

    found = box.proxy(take, replace(FIRST, width=8)).pixels()

    assert np.argwhere(np.isnan(found)).tolist() == [[2, 1, 1]]


def test_what_is_beyond_a_half_is_the_greatest_half(
    box: Lightbox, server: Server, home: Path, tmp_path: Path
) -> None:
    bright = {name: np.full((4, 4), 1e6, np.float32) for name in "RGB"}
    path = save(tmp_path / "sun.1001.exr", bright).with_name("sun.####.exr")
    take = made(server, home, tmp_path / "o", path, colour={"space": ACESCG})

    found = box.proxy(take, FIRST)

    assert np.all(found.pixels() == proxy.GREATEST)
    assert found.head.greatest == 1e6


@settings(max_examples=50, deadline=None)
@given(
    st.integers(1, 9), st.integers(1, 13), st.integers(1, 13), st.integers(0, 2**31), st.booleans()
)
def test_means_hold_for_any_size(step: int, high: int, wide: int, seed: int, dark: bool) -> None:
    samples = np.random.default_rng(seed).uniform(-2 if dark else 0, 9, (high, wide, 3))
    image = samples.astype(np.float32)

    np.testing.assert_allclose(proxy.shrunk(image, step), mean(image, step), rtol=1e-5, atol=1e-5)


def test_it_is_made_once(box: Lightbox, take: Take) -> None:
    first = box.proxy(take, FIRST)
    kept = first.path.stat().st_ino

    again = box.proxy(take, FIRST)

    assert (again.path, again.path.stat().st_ino, again.tag) == (first.path, kept, first.tag)


def test_a_frame_that_was_replaced_has_another_proxy(box: Lightbox, take: Take) -> None:
    before = box.proxy(take, FIRST)
    change(take.file(1001), lambda frame: frame.parts[0].channels["R"].fill(0.5))

    after = box.proxy(take, FIRST)

    assert after.tag != before.tag
    assert np.all(after.pixels()[..., 0] == 0.5)


@pytest.mark.parametrize("left", [0, 30, 400, -1])
def test_half_of_one_is_never_shown(box: Lightbox, take: Take, left: int) -> None:
    whole = box.proxy(take, FIRST)
    pixels = whole.pixels()
    text = whole.path.read_bytes()
    whole.path.write_bytes(text[:left])

    assert box.cache.find(whole.path) is None
    np.testing.assert_array_equal(box.proxy(take, FIRST).pixels(), pixels)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b"no proxy\n",
        proxy.MAGIC + b"{}\n",
        proxy.MAGIC + b"[]\n",
        proxy.MAGIC + b'{"width": -1}\n',
        proxy.MAGIC + b"{" * 70_000 + b"\n",
    ],
)
def test_what_is_no_proxy_is_none(box: Lightbox, text: bytes) -> None:
    place = box.cache.place("anything")
    box.cache.folder.mkdir(parents=True)
    place.write_bytes(text)

    assert box.cache.find(place) is None


def test_one_that_is_cut_off_while_it_is_sent_says_so(box: Lightbox, take: Take) -> None:
    found: Proxy = box.proxy(take, FIRST)
    os.truncate(found.path, 100)

    with pytest.raises(TakeError, match="is not there any more"):
        found.body()


def test_the_cache_keeps_what_was_looked_at_last(take: Take, tmp_path: Path) -> None:
    box = Lightbox(Site(), Cache(tmp_path / "few", most_files=2))
    made = [box.proxy(take, replace(FIRST, width=width)) for width in (32, 16, 8)]

    assert [one.path.is_file() for one in made] == [False, True, True]
    assert not [one for one in (tmp_path / "few").iterdir() if one.suffix == ".part"]


def test_a_frame_that_is_gone_is_named(box: Lightbox, take: Take) -> None:
    take.file(1002).unlink()

    with pytest.raises(SourceError, match=r"bg_denoise v001 has no frame 1002: .*1002\.exr is not"):
        box.proxy(take, Asked(1002))


def test_a_plate_that_is_gone_is_named(
    box: Lightbox, server: Server, home: Path, tmp_path: Path
) -> None:
    path = plate(tmp_path / "plates", 1)
    take = made(server, home, tmp_path / "o", path)
    shutil.rmtree(path.parent)

    with pytest.raises(SourceError, match="The plate has no frame 1001"):
        box.proxy(take, Asked(1001, "plate"))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"layer": "diffuse"}, "has no layer 'diffuse'"),
        ({"variation": "w002"}, "has no variation w002"),
        ({"variation": "../v001"}, "has no variation"),
    ],
)
def test_what_there_is_not_is_said(
    box: Lightbox, take: Take, asked: dict[str, str], words: str
) -> None:
    with pytest.raises(SourceError, match=words):
        box.proxy(take, replace(FIRST, **asked))  # type: ignore[arg-type]


def test_a_take_outside_the_roots_is_not_shown(take: Take, tmp_path: Path) -> None:
    box = Lightbox(Site(roots=(tmp_path / "elsewhere",)), Cache(tmp_path / "proxies"))

    with pytest.raises(JobError, match="lies outside the allowed folders"):
        box.proxy(take, FIRST)


def test_a_cache_that_cannot_be_written_says_so(take: Take, tmp_path: Path) -> None:
    (tmp_path / "proxies").write_text("a file")

    with pytest.raises(TakeError, match="cannot be written"):
        Lightbox(Site(), Cache(tmp_path / "proxies")).proxy(take, FIRST)


def test_geometry_is_drawn_and_has_no_pixels(
    box: Lightbox, server: Server, home: Path, tmp_path: Path
) -> None:
    take = made(server, home, tmp_path / "o", points(tmp_path, 1), task="point_normals")

    found = box.proxy(take, FIRST)

    assert found.head.space == proxy.PICTURE
    assert found.pixels().min() >= 0
    assert found.pixels().max() <= 1
    with pytest.raises(SourceError, match="holds geometry, and no pixels"):
        box.pixel(take, FIRST, 0, 0)


def test_a_pixel_is_what_the_file_holds(box: Lightbox, take: Take, whole: Path) -> None:
    channels = exr.read(take.file(1001)).parts[0].channels
    before = exr.read(whole / "plates" / "bg.1001.exr").parts[0].channels

    made = box.pixel(take, FIRST, 31, 23)
    given = box.pixel(take, Asked(1001, "plate"), 31, 23)

    assert made["values"] == {name: float(channels[name][23, 31]) for name in "RGB"}
    assert given["values"] == {name: float(before[name][23, 31]) for name in "RGB"}
    assert made["space"] == ACESCG


def test_a_pixel_is_counted_as_the_file_counts(
    box: Lightbox, server: Server, home: Path, tmp_path: Path
) -> None:
    red = noise(1)["R"][0, 0]
    windows = {"dataWindow": window(-4, 10, 27, 33), "displayWindow": window(0, 0, 63, 47)}
    path = save(tmp_path / "o.1001.exr", noise(1), **windows).with_name("o.####.exr")
    take = made(server, home, tmp_path / "o", path)

    assert box.pixel(take, FIRST, -4, 10)["values"]["R"] == float(red)
    assert box.pixel(take, FIRST, 0, 0)["values"] == {}


def test_a_pixel_that_is_no_number_is_a_word(box: Lightbox, take: Take) -> None:
    def spoil(frame: exr.Frame) -> None:
        frame.parts[0].channels["R"][0, 0] = np.nan
        frame.parts[0].channels["G"][0, 0] = -np.inf

    change(take.file(1001), spoil)

    values = box.pixel(take, FIRST, 0, 0)["values"]

    assert (values["R"], values["G"]) == ("nan", "-inf")


def test_the_layers_of_both_sides_are_listed(box: Lightbox, take: Take) -> None:
    assert box.layers(take, FIRST) == ["rgba"]
    assert box.layers(take, Asked(1001, "plate")) == ["rgba"]
