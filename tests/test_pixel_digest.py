"""The pixel digest: the same after every lossless re-save, another after any change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import OpenEXR
import OpenImageIO
import pytest
from hypothesis import given, settings, strategies as st
from strategies import LOSSLESS, Drawn, files, picture, scratch, window

from answerprint import exr

LOSSY = ("LJ2K", "PXR24", "B44", "B44A", "DWAA", "DWAB")


@pytest.mark.parametrize("kind", ["half", "float", "uint"])
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
    buffer = OpenImageIO.ImageBuf(str(source))
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
    with scratch() as folder:
        frame = exr.read(drawn.save(folder / "frame.exr"))
    before = exr.digest(frame)
    part = data.draw(st.sampled_from(frame.parts))
    name = data.draw(st.sampled_from(sorted(part.channels)))
    samples = part.channels[name].copy()
    raw = samples.reshape(-1).view(np.uint8)

    raw[data.draw(st.integers(0, raw.size - 1))] ^= 1 << data.draw(st.integers(0, 7))
    part.channels[name] = samples

    assert exr.digest(frame) != before


@pytest.mark.parametrize("kind", ["half", "float"])
@pytest.mark.parametrize("compression", [*LOSSLESS, *LOSSY])
def test_a_codec_that_changes_pixels_is_named_as_lossy(
    tmp_path: Path, compression: str, kind: str
) -> None:
    exact = exr.read(picture(tmp_path / "exact.exr", kind=kind))
    coded = exr.read(picture(tmp_path / "coded.exr", kind=kind, compression=compression))

    changed = exr.digest(coded) != exr.digest(exact)
    assert exr.lossy(coded) == compression or not changed


@pytest.mark.parametrize("compression", [*LOSSLESS, *LOSSY])
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
