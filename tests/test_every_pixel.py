"""Every sample of every file comes back from a real server as it went, whatever program wrote it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import OpenEXR
import OpenImageIO
import pytest
from hypothesis import assume, given, settings, strategies as st
from samples import claimed, made, noise, save, save_parts, window
from strategies import LOSSLESS, Drawn, codec, files, pixels, scratch

from answerprint import contract, exr, layers, signing
from answerprint.errors import SourceError
from answerprint.header import Attribute, read_header
from answerprint.record import SIGNATURE, STATEMENT
from answerprint.takes import Take
from answerprint.triton import Server
from answerprint.verify import verify

CONTRACT = Path(__file__).parents[1] / "server" / "models" / "passthrough" / "contract.json"
PIXELS = contract.parse(CONTRACT.read_text("utf-8"), where="passthrough").inputs[0]
ENCODING = {"compression", "tiles", "type", "chunkCount"}


@pytest.fixture(scope="module")
def connected(address: str) -> Iterator[Server]:
    """One for all examples of a property."""
    with Server(address) as one:
        yield one


@dataclass(frozen=True)
class Case:
    """A file, and how a job names the image in it."""

    drawn: Drawn
    layer: str
    views: list[str] | None


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any file, with an image of any bits in its first part; half, float or both."""
    (header, channels), *rest = draw(files()).parts
    height, width = next(iter(channels.values())).shape
    seed = draw(st.integers(0, 2**16))
    image = {
        name: pixels(draw(st.sampled_from((np.float16, np.float32))), height, width, seed + number)
        for number, name in enumerate(draw(st.sampled_from(("RGBA", "RGB", "YA", "Y", "R"))))
    }
    other = {name: one for name, one in channels.items() if name not in ("R", "G", "B", "A", "Y")}
    drawn = Drawn(((header, {**other, **image}), *rest))
    with scratch() as folder:
        frame = exr.read_structure(drawn.save(folder / "frame.exr"))
    for view in frame.views() or (None,):
        for layer, held in frame.layers(view).items():
            if {(0, name) for name in image} <= set(held):
                picked = layers.channels(frame, layer, PIXELS, "frame", view)
                assume(picked == tuple((0, name) for name in image))
                return Case(drawn, layer, [view] if view and len(frame.views()) > 1 else None)
    raise AssertionError("the image is in no layer")


@settings(max_examples=40, deadline=None)
@given(case=cases())
def test_whatever_comes_it_comes_back_the_same(case: Case, connected: Server, home: Path) -> None:
    with scratch() as folder:
        source = case.drawn.save(folder / "bg.1001.exr")
        inputs = {"pixels": {"path": str(source), "layer": case.layer}}

        take = made(connected, home, folder, source, inputs=inputs, views=case.views)

        assert_same(source, take.file(1001))
        assert signed(take, home)
        assert all(" NaN and " in said for said in warnings(take))


def assert_same(source: Path, written: Path, but: Collection[str] = ()) -> None:
    """Every sample of every channel of every part, its type, and every raw attribute."""
    before, after = exr.read(source), exr.read(written)
    assert attributes(written, but) == attributes(source, but)
    assert len(after.parts) == len(before.parts)
    for old, new in zip(before.parts, after.parts, strict=True):
        assert new.channels.keys() == old.channels.keys()
        for name, one in old.channels.items():
            assert new.channels[name].dtype == one.dtype, name
            assert new.channels[name].tobytes() == one.tobytes(), name


def attributes(path: Path, but: Collection[str]) -> list[dict[str, Attribute]]:
    aside = {STATEMENT, SIGNATURE, *but}
    return [{k: v for k, v in one.items() if k not in aside} for one in read_header(path).parts]


def signed(take: Take, home: Path) -> bool:
    keys = signing.trusted_keys([home / "trust"])
    return {one.verdict.value for one in verify(take.folder, keys)} == {"OK"}


def notes(take: Take) -> list[str]:
    return [str(said) for said in take.events()[0]["notes"]]


def warnings(take: Take) -> list[str]:
    return [said for event in take.events() for said in event.get("warnings", [])]


def test_windows_may_move_and_grow_from_frame_to_frame(
    tmp_path: Path, server: Server, home: Path
) -> None:
    """As renders of moving things have them: a data window around what is there, also beyond."""
    windows = [(-5, -9, 20, 12), (-300, 4, -290, 4), (0, 0, 31, 23), (31, 23, 40, 50), (7, 7, 7, 7)]
    for number, (left, top, right, bottom) in enumerate(windows, start=1001):
        channels = noise(number, "RGBA", width=right - left + 1, height=bottom - top + 1)
        data, display = window(left, top, right, bottom), window(0, 0, 31, 23)
        save(tmp_path / f"bg.{number}.exr", channels, dataWindow=data, displayWindow=display)

    take = made(server, home, tmp_path, tmp_path / "bg.####.exr")

    for number, file in take.frames().items():
        assert_same(tmp_path / f"bg.{number}.exr", file)
        assert exr.read(file).parts[0].data_window.as_list() == list(windows[number - 1001])


def test_every_lossless_codec_is_kept(tmp_path: Path, server: Server, home: Path) -> None:
    for number, name in enumerate(LOSSLESS, start=1001):
        channels = {**noise(number, "RGBA"), "Z": pixels(np.float32, 24, 32, number)}
        save(tmp_path / f"bg.{number}.exr", channels, compression=codec(name))

    take = made(server, home, tmp_path, tmp_path / "bg.####.exr")

    for number, name in enumerate(LOSSLESS, start=1001):
        assert_same(tmp_path / f"bg.{number}.exr", take.file(number))
        assert exr.read_structure(take.file(number)).parts[0].compression == name
    assert notes(take) == ["pixels: layer rgba of bg.1001.exr"]


@pytest.mark.parametrize("name", ["PXR24", "B44", "B44A", "DWAA", "DWAB"])
def test_what_a_lossy_codec_has_left_is_kept_without_loss_and_it_is_said(
    name: str, tmp_path: Path, server: Server, home: Path
) -> None:
    channels = {**noise(1, "RGBA"), "Z": noise(2, "Z")["Z"].astype(np.float32) / 3}
    source = save(tmp_path / "bg.1001.exr", channels, compression=codec(name))

    take = made(server, home, tmp_path, source)

    assert_same(source, take.file(1001), but=ENCODING)
    assert exr.read_structure(take.file(1001)).parts[0].compression == "ZIP"
    said = f"the plate is compressed with {name}, which loses pixels: the take is ZIP"
    assert said in notes(take)


def test_a_mip_mapped_plate_gives_its_full_resolution_and_it_is_said(
    tmp_path: Path, server: Server, home: Path
) -> None:
    image = np.random.default_rng(1).random((48, 64, 3)).astype(np.float16)
    buffer = OpenImageIO.ImageBuf(OpenImageIO.ImageSpec(64, 48, 3, OpenImageIO.HALF))
    buffer.set_pixels(OpenImageIO.ROI(0, 64, 0, 48, 0, 1, 0, 3), image)
    source = tmp_path / "bg.1001.exr"
    texture = OpenImageIO.ImageBufAlgo.make_texture
    assert texture(OpenImageIO.MakeTxTexture, buffer, str(source), OpenImageIO.ImageSpec())
    assert exr.read_structure(source).parts[0].is_mip_mapped

    take = made(server, home, tmp_path, source)

    assert_same(source, take.file(1001), but=ENCODING)
    written = exr.read(take.file(1001)).parts[0]
    assert not written.is_mip_mapped
    assert np.array_equal(written.channels["R"], image[..., 0])
    assert "the plate is mip-mapped: the take holds its full resolution alone" in notes(take)


def test_tiles_of_anamorphic_film_stay_tiles(tmp_path: Path, server: Server, home: Path) -> None:
    tiles = OpenEXR.TileDescription()
    tiles.xSize, tiles.ySize = 16, 8
    facts = {"type": OpenEXR.tiledimage, "tiles": tiles, "pixelAspectRatio": 2.0}
    source = save(tmp_path / "bg.1001.exr", noise(1, "RGBA"), **facts)

    take = made(server, home, tmp_path, source)

    assert_same(source, take.file(1001))
    assert read_header(take.file(1001)).tiled
    assert exr.read(take.file(1001)).attribute("pixelAspectRatio") == 2.0


def test_both_views_of_one_part_come_back(tmp_path: Path, server: Server, home: Path) -> None:
    names = ("R", "G", "B", "A", "right.R", "right.G", "right.B", "right.A", "Z", "Z.right.Z")
    channels = noise(1, names)
    channels["R"][:] = channels["right.R"][:] = np.float16(-0.0)
    source = save(tmp_path / "bg.1001.exr", channels, multiView=["left", "right"])

    take = made(server, home, tmp_path, source)

    assert_same(source, take.file(1001))
    assert np.signbit(exr.read(take.file(1001)).parts[0].channels["right.R"]).all()
    assert [event["levels"].keys() for event in take.events() if event["event"] == "frame"] == [
        {"pixels left", "pixels left out", "pixels right", "pixels right out"}
    ]


def test_a_layer_that_lies_in_two_windows_is_refused(tmp_path: Path, server: Server) -> None:
    """Alpha in a part of its own, cut to what is there: it cannot be one image with the colour."""
    facts = {"compression": OpenEXR.ZIP_COMPRESSION, "displayWindow": window(0, 0, 31, 23)}
    save_parts(
        tmp_path / "bg.1001.exr",
        ({**facts, "name": "rgba", "dataWindow": window(0, 0, 31, 23)}, noise(1, "RGB")),
        ({**facts, "name": "key", "dataWindow": window(2, 2, 9, 7)}, noise(1, ["rgba.A"], width=8, height=6)),
    )  # fmt: skip

    with pytest.raises(SourceError, match=r"bg\.1001\.exr") as caught:
        claimed(server, tmp_path, tmp_path / "bg.1001.exr")

    assert "8x6 at 2,2" in caught.value.problem
    assert not list(tmp_path.rglob("v001"))
