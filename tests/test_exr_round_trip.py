"""A frame that is read and written again has lost nothing: no sample, no window, no attribute."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import OpenImageIO
import pytest
from hypothesis import given, settings, strategies as st
from strategies import (
    LOSSLESS,
    TYPES,
    Drawn,
    codec,
    files,
    floats,
    insert_attribute,
    picture,
    pixels,
    scratch,
    texts,
    window,
    windows,
)

from answerprint import exr
from answerprint.errors import JobError, SourceError, TakeError
from answerprint.exr import Window
from answerprint.header import Header, read_header
from answerprint.picture import moved


def written_again(drawn: Drawn) -> tuple[exr.Frame, exr.Frame, Header, Header]:
    """(frame, the same after write and read, its raw header before and after)."""
    with scratch() as folder:
        first, second = drawn.save(folder / "first.exr"), folder / "second.exr"
        before = exr.read(first)
        exr.write(second, before)
        assert exr.changed_attributes(before, second) == []
        return before, exr.read(second), read_header(first), read_header(second)


@settings(max_examples=50, deadline=None)
@given(files())
def test_every_sample_keeps_its_bits_and_its_type(drawn: Drawn) -> None:
    _, after, _, _ = written_again(drawn)

    for part, (_, channels) in zip(after.parts, drawn.parts, strict=True):
        assert part.channels.keys() == channels.keys()
        for name, expected in channels.items():
            assert part.channels[name].dtype == expected.dtype
            assert part.channels[name].tobytes() == expected.tobytes()


@settings(max_examples=50, deadline=None)
@given(files())
def test_every_attribute_is_the_same_byte_for_byte(drawn: Drawn) -> None:
    _, _, before, after = written_again(drawn)

    assert after.parts == before.parts


@settings(max_examples=50, deadline=None)
@given(files())
def test_digest_windows_and_layers_are_the_same(drawn: Drawn) -> None:
    before, after, _, _ = written_again(drawn)

    assert exr.digest(after) == exr.digest(before)
    assert after.layers() == before.layers()
    for part, again, (header, _) in zip(before.parts, after.parts, drawn.parts, strict=True):
        left, top = header["dataWindow"][0]
        assert (part.data_window.left, part.data_window.top) == (left, top)
        assert again.data_window == part.data_window
        assert again.display_window == part.display_window


@settings(max_examples=50, deadline=None)
@given(files())
def test_the_structure_alone_tells_what_the_whole_file_does(drawn: Drawn) -> None:
    with scratch() as folder:
        path = drawn.save(folder / "frame.exr")
        whole, structure = exr.read(path), exr.read_structure(path)

    assert structure.layers() == whole.layers()
    for part, read in zip(structure.parts, whole.parts, strict=True):
        assert part.types == read.types
        assert part.data_window == read.data_window
        assert part.header.keys() == read.header.keys()
        assert not part.channels


@pytest.mark.parametrize("compression", LOSSLESS)
def test_nan_infinity_and_minus_zero_are_kept_bit_for_bit(tmp_path: Path, compression: str) -> None:
    channels = {kind: pixels(TYPES[kind], 20, 12, 3) for kind in TYPES}
    frame = exr.new(channels)
    frame.parts[0].header["compression"] = codec(compression)

    exr.write(tmp_path / "frame.exr", frame)

    read = exr.read(tmp_path / "frame.exr").parts[0]
    assert {name: one.tobytes() for name, one in read.channels.items()} == {
        name: one.tobytes() for name, one in channels.items()
    }


@pytest.mark.parametrize("kind", [b"stringvector", b"floatvector"])
def test_an_empty_list_in_the_header_does_not_stop_the_frame(tmp_path: Path, kind: bytes) -> None:
    """OpenEXR cannot write one. The frame is worth more, and the attribute is named."""
    source = insert_attribute(picture(tmp_path / "first.exr"), b"studio/tags", kind, b"")
    frame = exr.read(source)

    exr.write(tmp_path / "second.exr", frame)

    assert exr.changed_attributes(frame, tmp_path / "second.exr") == ["studio/tags"]


def test_a_fraction_that_is_not_in_lowest_terms_is_named_as_changed(tmp_path: Path) -> None:
    rate = b"\x30\x75\0\0\xe8\x03\0\0"  # 30000/1000
    source = insert_attribute(picture(tmp_path / "a.exr"), b"framesPerSecond", b"rational", rate)
    frame = exr.read(source)

    exr.write(tmp_path / "b.exr", frame)

    assert exr.changed_attributes(frame, tmp_path / "b.exr") == ["framesPerSecond"]


def test_a_frame_is_not_written_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TakeError, match="No such file or directory"):
        exr.write(tmp_path / "gone" / "frame.exr", exr.new({"R": pixels(TYPES["half"], 4, 4, 0)}))


CAMERAS = ("worldToCamera", "worldToNDC", "cameraTransform")


@st.composite
def stereo(draw: st.DrawFn) -> Drawn:
    """Two views as films are rendered: a part for each, windows of their own, and a manifest."""
    display = window(0, 0, 39, 29)
    manifest = draw(st.dictionaries(texts, texts, max_size=3))
    parts = []
    for number, view in enumerate(("left", "right")):
        data = draw(windows())
        width, height = (int(last - first + 1) for first, last in zip(*data, strict=True))
        header = {
            "name": f"rgba.{view}",
            "view": view,
            "type": OpenEXR.scanlineimage,
            "compression": codec(draw(st.sampled_from(LOSSLESS))),
            "displayWindow": display,
            "dataWindow": data,
            "cryptomatte/7f1c/manifest": repr(manifest) * draw(st.integers(0, 2000)),
            "multiView": ["left", "right"],
            **{name: matrix(draw(floats)) for name in CAMERAS},
        }
        parts.append(
            (header, {name: pixels(np.float16, height, width, number) for name in ("R", "Z")})
        )
    return Drawn(tuple(parts))


def matrix(number: float) -> Any:
    return np.full((4, 4), number, np.float32)


@settings(max_examples=40, deadline=None)
@given(stereo())
def test_both_views_come_back_with_their_windows_and_all_that_is_said_of_them(drawn: Drawn) -> None:
    first, again, before, after = written_again(drawn)

    assert after.parts == before.parts
    assert exr.digest(again) == exr.digest(first)
    assert again.views() == first.views() == ("left", "right")
    for part, read in zip(first.parts, again.parts, strict=True):
        assert read.data_window == part.data_window
        assert read.display_window == Window(0, 0, 39, 29)


def test_a_preview_is_kept(tmp_path: Path) -> None:
    thumbnail = struct.pack("<2I", 4, 3) + bytes(range(48))
    source = insert_attribute(picture(tmp_path / "a.exr"), b"preview", b"preview", thumbnail)
    frame = exr.read(source)

    exr.write(tmp_path / "b.exr", frame)

    assert exr.changed_attributes(frame, tmp_path / "b.exr") == []
    assert read_header(tmp_path / "b.exr").parts[0]["preview"].value == thumbnail


def mip_mapped(path: Path) -> exr.Pixels:
    """A texture as maketx makes it, 64x48 half; returns what its full resolution holds."""
    image = np.random.default_rng(1).random((48, 64, 3)).astype(np.float16)
    buffer = OpenImageIO.ImageBuf(OpenImageIO.ImageSpec(64, 48, 3, OpenImageIO.HALF))
    buffer.set_pixels(OpenImageIO.ROI(0, 64, 0, 48, 0, 1, 0, 3), image)
    settings = OpenImageIO.ImageSpec()
    settings.tile_width = settings.tile_height = 16
    made = OpenImageIO.ImageBufAlgo.make_texture(
        OpenImageIO.MakeTxTexture, buffer, str(path), settings
    )
    assert made, OpenImageIO.geterror()
    return image


def test_of_a_mip_mapped_frame_the_full_resolution_is_carried(tmp_path: Path) -> None:
    image = mip_mapped(tmp_path / "a.exr")
    frame = exr.read(tmp_path / "a.exr")

    exr.write(tmp_path / "b.exr", frame)

    assert frame.parts[0].is_mip_mapped
    assert exr.read_structure(tmp_path / "a.exr").parts[0].is_mip_mapped
    again = exr.read(tmp_path / "b.exr")
    assert not again.parts[0].is_mip_mapped
    for index, name in enumerate("RGB"):
        assert np.array_equal(again.parts[0].channels[name], image[..., index])
    assert exr.changed_attributes(frame, tmp_path / "b.exr") == []


def rip_mapped(path: Path, levels: int = 9) -> Path:
    """A 4x4 file of channel R, byte by byte: 4, 2 and 1 pixels in both directions, a tile each."""
    box = struct.pack("<4i", 0, 0, 3, 3)
    attributes = {
        ("channels", "chlist"): b"R\0" + struct.pack("<iB3x2i", 1, 0, 1, 1) + b"\0",
        ("compression", "compression"): b"\0",
        ("dataWindow", "box2i"): box,
        ("displayWindow", "box2i"): box,
        ("lineOrder", "lineOrder"): b"\0",
        ("pixelAspectRatio", "float"): struct.pack("<f", 1),
        ("screenWindowCenter", "v2f"): bytes(8),
        ("screenWindowWidth", "float"): struct.pack("<f", 1),
        ("tiles", "tiledesc"): struct.pack("<2IB", 4, 4, 2),
    }
    whole = struct.pack("<2I", 20000630, 0x202)
    for (name, kind), value in attributes.items():
        whole += f"{name}\0{kind}\0".encode() + struct.pack("<i", len(value)) + value
    whole += b"\0"
    chunks, offsets, at = b"", [], len(whole) + 8 * 9
    for number in range(9):
        high, wide = number // 3, number % 3
        samples = np.full((4 >> high) * (4 >> wide), number, "<f2").tobytes()
        chunk = struct.pack("<5i", 0, 0, wide, high, len(samples)) + samples
        offsets.append(at + len(chunks) if number < levels else 0)
        chunks += chunk if number < levels else b""
    path.write_bytes(whole + struct.pack("<9Q", *offsets) + chunks)
    return path


def test_of_a_rip_mapped_frame_the_full_resolution_is_carried(tmp_path: Path) -> None:
    frame = exr.read(rip_mapped(tmp_path / "a.exr"))

    exr.write(tmp_path / "b.exr", frame)

    assert frame.parts[0].is_mip_mapped
    again = exr.read(tmp_path / "b.exr").parts[0]
    assert not again.is_mip_mapped
    assert np.array_equal(again.channels["R"], np.zeros((4, 4), np.float16))


def test_a_frame_that_lacks_levels_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="mip-mapped or rip-mapped") as caught:
        exr.read(rip_mapped(tmp_path / "a.exr", levels=5))

    assert "plain EXR" in caught.value.remedy


def test_a_copy_is_changed_on_its_own_and_shares_its_pixels(tmp_path: Path) -> None:
    frame = exr.read(picture(tmp_path / "a.exr"))
    whole = exr.digest(frame)

    other = exr.copy(frame)
    other.parts[0].header["owner"] = "Ada"
    other.parts[0].channels["R"] = other.parts[0].channels["G"]
    exr.compress(other, "piz")
    exr.set_window(other.parts[0], Window(0, 0, 47, 39), Window(0, 0, 47, 39))

    assert exr.digest(frame) == whole
    assert frame.attribute("owner") is None
    assert frame.parts[0].compression == "ZIP"
    assert frame.parts[0].data_window == Window(-7, 5, 40, 44)
    assert other.parts[0].channels["B"] is frame.parts[0].channels["B"]
    assert other.source is frame.source


def test_a_window_that_was_set_is_written(tmp_path: Path) -> None:
    frame = exr.read(picture(tmp_path / "a.exr"))
    part = frame.parts[0]
    data, display = Window(-20, -30, 75, 49), Window(0, 0, 119, 99)

    part.channels = {name: one.repeat(2, 0).repeat(2, 1) for name, one in part.channels.items()}
    exr.set_window(part, data, display)
    exr.write(tmp_path / "b.exr", frame)

    again = exr.read(tmp_path / "b.exr").parts[0]
    assert (again.data_window, again.display_window) == (data, display)
    assert again.channels["R"].shape == (data.height, data.width)


@pytest.mark.parametrize("name", exr.COMPRESSIONS)
def test_every_compression_for_takes_keeps_every_bit(tmp_path: Path, name: str) -> None:
    frame = exr.new({kind: pixels(TYPES[kind], 70, 37, 5) for kind in TYPES})

    exr.compress(frame, name)
    exr.write(tmp_path / "frame.exr", frame)

    again = exr.read(tmp_path / "frame.exr")
    assert exr.lossy(again) is None
    assert again.parts[0].compression.lower() == name.removesuffix("ne")
    assert exr.digest(again) == exr.digest(frame)


@pytest.mark.parametrize("name", ["dwaa", "b44", "pxr24", "ZIP", ""])
def test_a_compression_that_loses_pixels_is_no_choice(name: str) -> None:
    with pytest.raises(JobError, match=f"cannot be compressed with '{name}'") as caught:
        exr.compress(exr.new({"R": pixels(TYPES["half"], 4, 4, 0)}), name)

    assert "none, rle, zips, zip, piz" in caught.value.remedy


@given(st.lists(windows(), min_size=1, max_size=4))
def test_channels_in_a_larger_window_are_where_they_were_and_zero_around(drawn: list[Any]) -> None:
    held = [Window(*(int(one) for corner in corners for one in corner)) for corners in drawn]
    large = exr.union(held)
    frame = exr.new({"id": np.full((held[0].height, held[0].width), 7, np.uint32)})
    exr.set_window(frame.parts[0], held[0], large)

    found = moved(frame.parts[0].channels["id"], frame.parts[0].data_window, large)

    assert found.dtype == np.uint32
    assert found.shape == (large.height, large.width)
    ys, xs = np.nonzero(found)
    assert (xs.min() + large.left, ys.min() + large.top) == (held[0].left, held[0].top)
    assert (xs.max() + large.left, ys.max() + large.top) == (held[0].right, held[0].bottom)
    assert np.count_nonzero(found) == held[0].width * held[0].height
    assert all(
        large.left <= one.left and one.right <= large.right and one.bottom <= large.bottom
        for one in held
    )
