"""A file that is not a whole frame is refused in words: never a crash, never half a picture."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from hypothesis import given, settings, strategies as st
from processes import Apart, outcomes, peak_memory
from strategies import Drawn, codec, insert_attribute, scratch, window

from answerprint import exr, header
from answerprint.errors import SourceError

READERS: list[Callable[[Path], object]] = [header.read_header, exr.read_structure, exr.read]
# those whose chunks have a fixed height: a scanline file tells without decoding if it is whole
CODECS = ("NO", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "DWAA", "DWAB")


def part(name: str | None = None, compression: str = "ZIP", **facts: object) -> Drawn:
    """37 x 70 of smooth half R, G and float Z: several chunks in every codec but DWAB."""
    y, x = np.mgrid[0:70, 0:37]
    found = {"type": OpenEXR.scanlineimage, "compression": codec(compression), **facts}
    found |= {"dataWindow": window(-3, 8, 33, 77), "displayWindow": window(0, 0, 36, 69)}
    if name is not None:
        found["name"] = name
    slopes = {"R": x / 7, "G": y / 9}
    channels = {name: slope.astype(np.float16) for name, slope in slopes.items()}
    return Drawn(((found, {**channels, "Z": (x * y).astype(np.float32)}),))


def scanline(folder: Path, compression: str = "ZIP") -> Path:
    return part(compression=compression).save(folder / "bg.1001.exr")


def multipart(folder: Path, compression: str = "ZIP") -> Path:
    both = part("left", compression).parts + part("right", compression).parts
    return Drawn(both).save(folder / "bg.1001.exr")


def tiled(folder: Path, compression: str = "ZIP") -> Path:
    tiles = OpenEXR.TileDescription()
    tiles.xSize = tiles.ySize = 16
    drawn = part(None, compression, type=OpenEXR.tiledimage, tiles=tiles)
    return drawn.save(folder / "bg.1001.exr")


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    process = Apart()
    yield process
    process.close()


def refused(read: Callable[[Path], object], path: Path) -> SourceError:
    """The error; it names the file and what to do."""
    with pytest.raises(SourceError) as caught:
        read(path)
    assert path.name in caught.value.problem
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\0", "is not an OpenEXR file"),
        (b"\0" * 4096, "is not an OpenEXR file"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 99, "is not an OpenEXR file"),
        (header.MAGIC, "is cut off"),
        (header.MAGIC + b"\2\0\0\0", "is broken or cut off"),
        (header.MAGIC + b"\2\0\0\0\0", "is broken"),
        (header.MAGIC + b"\2\0\0\0" + b"x" * 999, "is broken or cut off"),
        (header.MAGIC + b"\2\x10\0\0\0\0", "holds no pixels"),
    ],
)
def test_what_is_no_frame_is_refused(
    tmp_path: Path, read: Callable[[Path], object], content: bytes, words: str
) -> None:
    path = tmp_path / "bg.1001.exr"
    path.write_bytes(content)

    assert words in refused(read, path).problem


@pytest.mark.parametrize("read", READERS)
def test_a_missing_file_and_a_folder_are_refused(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    assert "No such file" in refused(read, tmp_path / "bg.1001.exr").problem
    assert "directory" in refused(read, tmp_path).problem


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(CODECS), st.sampled_from([scanline, multipart]), st.data())
def test_a_scanline_file_cut_anywhere_is_refused_without_decoding(
    compression: str, make: Callable[[Path, str], Path], data: st.DataObject
) -> None:
    with scratch() as folder:
        path = make(folder, compression)
        whole = path.read_bytes()
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])

        refused(exr.read_structure, path)
        refused(exr.read, path)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["NO", "ZIP", "PIZ", "ZSTD", "HTJ2K32"]), st.data())
def test_a_tiled_file_cut_anywhere_is_refused_by_reading(
    compression: str, data: st.DataObject
) -> None:
    with scratch() as folder:
        path = tiled(folder, compression)
        whole = path.read_bytes()
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])

        refused(exr.read, path)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["ZSTD", "HTJ2K32", "HTJ2K256", "LJ2K"]), st.data())
def test_a_file_of_a_new_codec_cut_anywhere_is_refused_by_reading(
    compression: str, data: st.DataObject
) -> None:
    with scratch() as folder:
        path = scanline(folder, compression)
        whole = path.read_bytes()
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])

        refused(exr.read, path)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["ZIP", "ZIPS"]),
    st.sampled_from([scanline, multipart, tiled]),
    st.integers(1, 400),
    st.data(),
)
def test_zeros_in_the_middle_of_the_pixels_are_refused(
    compression: str, make: Callable[[Path, str], Path], length: int, data: st.DataObject
) -> None:
    """A share that loses a block hands out zeros, and the file keeps its size."""
    with scratch() as folder:
        path = make(folder, compression)
        whole = path.read_bytes()
        first = struct.unpack_from("<Q", whole, header.read_header(path).table)[0]
        at = data.draw(st.integers(first, len(whole) - 1))
        damaged = (whole[:at] + b"\0" * length + whole[at + length :])[: len(whole)]
        path.write_bytes(damaged)

        if damaged != whole:
            refused(exr.read, path)


def test_a_render_that_is_not_finished_yet_says_how_much_is_missing(tmp_path: Path) -> None:
    path = scanline(tmp_path)
    whole, table = bytearray(path.read_bytes()), header.read_header(path).table
    whole[table + 8 : table + 24] = bytes(16)
    path.write_bytes(whole)

    assert "2 of its 5 chunks are not written" in refused(exr.read_structure, path).problem


@pytest.mark.parametrize("bytes_left", [0, 100, 400])
def test_a_file_that_is_cut_after_its_header_was_read_is_refused(
    tmp_path: Path, bytes_left: int
) -> None:
    path = scanline(tmp_path)
    head = header.read_header(path)
    path.write_bytes(path.read_bytes()[:bytes_left])

    assert "is cut off" in refused(lambda one: header.check_whole(one, head), path).problem


def test_a_file_that_is_gone_after_its_header_was_read_is_refused(tmp_path: Path) -> None:
    path = scanline(tmp_path)
    head = header.read_header(path)
    path.unlink()

    assert "No such file" in refused(lambda one: header.check_whole(one, head), path).problem


@pytest.mark.parametrize("kind", ["deepscanline", "deeptile"])
@pytest.mark.parametrize("read", [exr.read, exr.read_structure])
def test_a_deep_frame_is_refused_with_a_way_out(
    tmp_path: Path, kind: str, read: Callable[[Path], object]
) -> None:
    samples = np.empty((4, 6), object)
    for index in np.ndindex(samples.shape):
        samples[index] = np.arange(index[1] + 1, dtype=np.float32)
    facts = {"type": getattr(OpenEXR, kind), "compression": OpenEXR.ZIPS_COMPRESSION}
    if kind == "deeptile":
        facts["tiles"] = OpenEXR.TileDescription()
    OpenEXR.File(facts, {"Z": samples}).write(str(tmp_path / "bg.1001.exr"))

    error = refused(read, tmp_path / "bg.1001.exr")

    assert "deep" in error.problem
    assert "DeepToImage" in error.remedy


@pytest.mark.parametrize("read", [exr.read, exr.read_structure])
def test_a_chroma_subsampled_frame_is_refused(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    luma = np.ones((8, 12), np.float16)
    facts = {"type": OpenEXR.scanlineimage, "compression": OpenEXR.ZIP_COMPRESSION}
    channels = {name: OpenEXR.Channel(luma, 2, 2) for name in ("RY", "BY")}
    channels["Y"] = OpenEXR.Channel(luma, 1, 1)
    OpenEXR.File(facts, channels).write(str(tmp_path / "bg.1001.exr"))

    assert "BY is chroma-subsampled (2x2)" in refused(read, tmp_path / "bg.1001.exr").problem


@pytest.mark.parametrize("make", [scanline, multipart, tiled])
def test_one_flipped_bit_in_the_header_reads_or_is_refused(
    tmp_path: Path, apart: Apart, make: Callable[[Path], Path]
) -> None:
    """Every byte, in a process of its own: a crash or a hang would be told as one."""
    whole = make(tmp_path).read_bytes()
    table = header.read_header(tmp_path / "bg.1001.exr").table
    for first in range(0, table + 8, 16):
        flipped = [
            whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :]
            for at in range(first, min(first + 16, table + 8))
            for bit in (0, 2, 4, 7)
        ]
        ended = apart(outcomes, tmp_path / "flipped.exr", flipped)

        assert set(ended) <= {"read", "SourceError"}, f"bytes from {first}: {ended}"


@settings(max_examples=80, deadline=None)
@given(make=st.sampled_from([scanline, multipart, tiled]), data=st.data())
def test_overwritten_bytes_in_the_header_read_or_are_refused(
    apart: Apart, make: Callable[[Path], Path], data: st.DataObject
) -> None:
    with scratch() as folder:
        whole = bytearray(make(folder).read_bytes())
        table = header.read_header(folder / "bg.1001.exr").table
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, table + 8))
            new = data.draw(st.sampled_from([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff", b"\x7f"]))
            whole[at : at + len(new)] = new
        ended = apart(outcomes, folder / "flipped.exr", [bytes(whole)])

    assert set(ended) <= {"read", "SourceError"}, ended


def set_tile_size(path: Path, width: int, height: int) -> None:
    whole = path.read_bytes()
    before = b"tiles\0tiledesc\0" + struct.pack("<i", 9)
    at = whole.index(before) + len(before)
    path.write_bytes(whole[:at] + struct.pack("<2I", width, height) + whole[at + 8 :])


def test_a_broken_tile_size_does_not_take_the_machines_memory(tmp_path: Path) -> None:
    """The file has a few kilobytes; for such a tile OpenEXR takes a gigabyte."""
    path, apart = tiled(tmp_path), Apart()
    usual = int(apart(peak_memory, path))
    set_tile_size(path, 16, 1 << 22)

    needed = int(apart(peak_memory, path)) - usual
    apart.close()

    assert needed < 100 << 20


def test_a_broken_number_of_chunks_does_not_take_the_machines_memory(
    tmp_path: Path, apart: Apart
) -> None:
    """Their table alone would have 16 GB."""
    whole = multipart(tmp_path).read_bytes()
    before = b"chunkCount\0int\0" + struct.pack("<i", 4)
    at = whole.index(before) + len(before)
    broken = whole[:at] + struct.pack("<i", 2**31 - 1) + whole[at + 4 :]

    assert apart(outcomes, tmp_path / "broken.exr", [broken]) == {"SourceError"}


def test_a_header_that_promises_too_much_is_refused_before_memory_is_asked(
    tmp_path: Path,
) -> None:
    path = scanline(tmp_path)
    box = struct.pack("<4i", -3, 8, 33, 77)
    path.write_bytes(path.read_bytes().replace(box, struct.pack("<4i", 0, 0, 2**30, 2**30), 1))

    for read in READERS:
        assert "GB of pixels" in refused(read, path).problem


@pytest.mark.parametrize("read", [exr.read, exr.read_structure])
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (b"string", "Müller".encode("latin-1")),
        (b"rational", struct.pack("<iI", 24, 0)),
        (b"rational", struct.pack("<iI", 0, 0)),
    ],
)
def test_a_header_value_that_cannot_be_carried_is_named(
    tmp_path: Path, kind: bytes, value: bytes, read: Callable[[Path], object]
) -> None:
    """Windows programs write Latin-1 names, and cameras a rate of 24/0; the pixels are sound."""
    path = insert_attribute(scanline(tmp_path), b"studio/camera", kind, value)

    assert "studio/camera" in refused(read, path).problem
