"""A frame that is read and written again has lost nothing: no sample, no window, no attribute."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from strategies import (
    LOSSLESS,
    TYPES,
    Drawn,
    codec,
    files,
    insert_attribute,
    picture,
    pixels,
    scratch,
)

from answerprint import exr
from answerprint.errors import TakeError
from answerprint.header import Header, read_header


def written_again(drawn: Drawn) -> tuple[exr.Frame, exr.Frame, Header, Header]:
    """(frame, the same after write and read, its raw header before and after)."""
    with scratch() as folder:
        first, second = drawn.save(folder / "first.exr"), folder / "second.exr"
        before = exr.read(first)
        exr.write(second, before)
        assert exr.changed_attributes(before, second) == []
        return before, exr.read(second), read_header(first), read_header(second)


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
