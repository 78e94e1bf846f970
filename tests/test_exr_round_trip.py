"""A frame that is read and written again has lost nothing: no sample, no window, no attribute."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import OpenEXR
import OpenImageIO as oiio
import pytest
from hypothesis import given, settings, strategies as st
from strategies import (
    LOSSLESS,
    TYPES,
    Drawn,
    codec,
    files,
    insert_attribute,
    pixels,
    scratch,
    window,
)

from answerprint import exr
from answerprint.errors import TakeError
from answerprint.header import Header, read_header

CODECS = ("NO", "RLE", "ZIPS", "ZIP", "PIZ", "ZSTD", "HTJ2K32", "HTJ2K256", "LJ2K", "PXR24")
CODECS += ("B44", "B44A", "DWAA", "DWAB")


def written_again(drawn: Drawn) -> tuple[exr.Frame, exr.Frame, Header, Header]:
    """(frame, the same after write and read, its raw header before and after)."""
    with scratch() as folder:
        first, second = drawn.save(folder / "first.exr"), folder / "second.exr"
        before = exr.read(first)
        exr.write(second, before)
        assert exr.changed_attributes(before, second) == []
        return before, exr.read(second), read_header(first), read_header(second)


def picture(path: Path, names: str = "RGB", kind: str = "half", compression: str = "ZIP") -> Path:
    """48x40 at -7,5 in a 60x50 display, smooth with a little grain, as plates are."""
    y, x = np.mgrid[0:40, 0:48]
    grain = np.random.default_rng(7).random((40, 48))
    channels = {
        name: (x / 9 + y / (index + 3) + grain).astype(TYPES[kind])
        for index, name in enumerate(names)
    }
    header = {
        "dataWindow": window(-7, 5, 40, 44),
        "displayWindow": window(0, 0, 59, 49),
        "compression": codec(compression),
        "type": OpenEXR.scanlineimage,
    }
    return Drawn(((header, channels),)).save(path)


@settings(max_examples=80, deadline=None)
@given(files())
def test_every_sample_keeps_its_bits_and_its_type(drawn: Drawn) -> None:
    _, after, _, _ = written_again(drawn)

    for part, (_, channels) in zip(after.parts, drawn.parts, strict=True):
        assert part.channels.keys() == channels.keys()
        for name, expected in channels.items():
            assert part.channels[name].dtype == expected.dtype
            assert part.channels[name].tobytes() == expected.tobytes()


@settings(max_examples=80, deadline=None)
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


@pytest.mark.parametrize("kind", TYPES)
def test_the_digest_does_not_see_the_compression(tmp_path: Path, kind: str) -> None:
    digests = {
        exr.digest(exr.read(picture(tmp_path / f"{name}.exr", kind=kind, compression=name)))
        for name in LOSSLESS
    }

    assert len(digests) == 1


@pytest.mark.parametrize("kind", ["half", "float"])
@pytest.mark.parametrize("compression", ["zips", "piz", "none"])
def test_a_rewrite_by_openimageio_keeps_the_digest(
    tmp_path: Path, kind: str, compression: str
) -> None:
    source = picture(tmp_path / "first.exr", kind=kind)
    buffer = oiio.ImageBuf(str(source))
    buffer.specmod().attribute("compression", compression)

    assert buffer.write(str(tmp_path / "second.exr"))

    assert exr.digest(exr.read(tmp_path / "second.exr")) == exr.digest(exr.read(source))


def two_parts() -> exr.Frame:
    """Parts 'beauty' with R, G and 'extra' with Z, of one size."""
    beauty, extra = exr.new({"R": ramp(1), "G": ramp(2)}), exr.new({"Z": ramp(3)})
    beauty.parts[0].header["name"], extra.parts[0].header["name"] = "beauty", "extra"
    return exr.Frame(beauty.parts + extra.parts)


def ramp(start: int) -> exr.Pixels:
    return np.arange(start, start + 12, dtype=np.float16).reshape(3, 4)


def rename_the_parts(frame: exr.Frame) -> None:
    frame.parts[0].header["name"], frame.parts[1].header["name"] = "1", "2"


def add_an_attribute(frame: exr.Frame) -> None:
    frame.parts[0].header["comments"] = "seen"


@pytest.mark.parametrize("change", [rename_the_parts, add_an_attribute])
def test_the_digest_does_not_see_names_of_parts_and_attributes(
    change: Callable[[exr.Frame], None],
) -> None:
    frame, changed = two_parts(), two_parts()
    change(changed)

    assert exr.digest(changed) == exr.digest(frame)


def one_sample(frame: exr.Frame) -> None:
    frame.parts[1].channels["Z"][2, 3] += 1


def sign_of_zero(frame: exr.Frame) -> None:
    frame.parts[1].channels["Z"] *= np.float16(-0.0)


def channel_name(frame: exr.Frame) -> None:
    frame.parts[0].channels["B"] = frame.parts[0].channels.pop("G")


def channel_type(frame: exr.Frame) -> None:
    frame.parts[0].channels["G"] = frame.parts[0].channels["G"].astype(np.float32)


def swapped_channels(frame: exr.Frame) -> None:
    held = frame.parts[0].channels
    held["R"], held["G"] = held["G"], held["R"]


def data_window(frame: exr.Frame) -> None:
    frame.parts[0].header["dataWindow"] = window(1, 0, 4, 2)


def shape_of_the_data_window(frame: exr.Frame) -> None:
    """The same samples in the same order, in 3x4 instead of 4x3."""
    frame.parts[1].header["dataWindow"] = window(0, 0, 2, 3)
    frame.parts[1].channels["Z"] = frame.parts[1].channels["Z"].reshape(4, 3)


def display_window(frame: exr.Frame) -> None:
    frame.parts[0].header["displayWindow"] = window(0, 0, 3, 3)


def order_of_parts(frame: exr.Frame) -> None:
    frame.parts.reverse()


def channel_in_another_part(frame: exr.Frame) -> None:
    """G becomes extra.G: another layer, with the same samples in the same order."""
    frame.parts[1].channels["R"] = frame.parts[0].channels.pop("R")


@pytest.mark.parametrize(
    "change",
    [
        one_sample,
        sign_of_zero,
        channel_name,
        channel_type,
        swapped_channels,
        data_window,
        shape_of_the_data_window,
        display_window,
        order_of_parts,
        channel_in_another_part,
    ],
)
def test_the_digest_sees(change: Callable[[exr.Frame], None]) -> None:
    frame, changed = two_parts(), two_parts()
    change(changed)

    assert exr.digest(changed) != exr.digest(frame)


@settings(max_examples=60, deadline=None)
@given(files(), st.data())
def test_the_digest_sees_any_one_flipped_bit(drawn: Drawn, data: st.DataObject) -> None:
    frame = written_again(drawn)[0]
    before = exr.digest(frame)
    part = data.draw(st.sampled_from(frame.parts))
    name = data.draw(st.sampled_from(sorted(part.channels)))
    samples = part.channels[name].copy()
    raw = samples.reshape(-1).view(np.uint8)

    raw[data.draw(st.integers(0, raw.size - 1))] ^= 1 << data.draw(st.integers(0, 7))
    part.channels[name] = samples

    assert exr.digest(frame) != before


@pytest.mark.parametrize("kind", ["half", "float"])
@pytest.mark.parametrize("compression", CODECS)
def test_a_codec_that_changes_pixels_is_named_as_lossy(
    tmp_path: Path, compression: str, kind: str
) -> None:
    exact = exr.read(picture(tmp_path / "exact.exr", kind=kind))
    coded = exr.read(picture(tmp_path / "coded.exr", kind=kind, compression=compression))

    changed = exr.digest(coded) != exr.digest(exact)
    assert exr.lossy(coded) == compression or not changed


@pytest.mark.parametrize("compression", CODECS)
def test_made_lossless_a_frame_keeps_its_digest_when_written(
    tmp_path: Path, compression: str
) -> None:
    frame = exr.read(picture(tmp_path / "plate.exr", compression=compression))
    before = exr.digest(frame)

    exr.make_lossless(frame)
    exr.write(tmp_path / "take.exr", frame)

    assert exr.lossy(frame) is None
    assert exr.digest(exr.read(tmp_path / "take.exr")) == before


def test_made_lossless_a_lossless_codec_stays() -> None:
    frame = exr.new({"R": ramp(0)})
    frame.parts[0].header["compression"] = OpenEXR.PIZ_COMPRESSION

    exr.make_lossless(frame)

    assert frame.parts[0].compression == "PIZ"


def test_layers_are_the_prefixes_of_channels() -> None:
    frame = exr.new({name: ramp(0) for name in ("R", "A", "albedo.R", "albedo.G", "a.b.X")})

    assert {layer: [name for _, name in held] for layer, held in frame.layers().items()} == {
        "rgba": ["R", "A"],
        "albedo": ["albedo.R", "albedo.G"],
        "a.b": ["a.b.X"],
    }


def test_a_later_part_lends_its_name_to_channels_without_a_prefix() -> None:
    frame = two_parts()
    frame.parts[1].channels["N.X"] = ramp(4)

    assert frame.layers() == {"rgba": [(0, "R"), (0, "G")], "extra": [(1, "Z")], "N": [(1, "N.X")]}


def test_in_a_file_of_one_part_its_name_is_no_layer() -> None:
    frame = exr.new({"R": ramp(0)})
    frame.parts[0].header["name"] = "beauty"

    assert list(frame.layers()) == ["rgba"]


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
        exr.write(tmp_path / "gone" / "frame.exr", two_parts())
