"""What a task does not make stays as it was, byte for byte; what cannot stay is said."""

from __future__ import annotations

import fractions
import struct
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest
from command import Answerprint, Said
from samples import AtOnce, noise, plate, save, save_parts, window

from answerprint import exr
from answerprint.header import Attribute, read_header
from answerprint.record import SIGNATURE, STATEMENT, extract

OVERSCAN = {"dataWindow": window(-4, -3, 35, 27), "displayWindow": window(0, 0, 31, 23)}


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


def carried_out(answerprint: Answerprint, task: str, path: Path, *words: str) -> Said:
    said = answerprint("run", "--task", task, "--plate", path, *words, "--json")
    assert said.code == 0, said
    return said


def result(folder: Path, task: str, frame: int = 1001) -> Path:
    return folder / "takes" / f"bg_{task}" / "v001" / f"bg_{task}_v001.{frame}.exr"


def attributes(path: Path) -> list[dict[str, Attribute]]:
    """The raw attributes of each part, without the record."""
    parts = read_header(path).parts
    return [{k: v for k, v in part.items() if k not in (STATEMENT, SIGNATURE)} for part in parts]


def rich(folder: Path) -> Path:
    """Two parts, overscan, every kind of channel, and attributes of many types."""
    size = {"width": 40, "height": 31}
    guides = ("albedo.R", "albedo.G", "albedo.B", "normal.X", "normal.Y", "normal.Z")
    channels = {**noise(1, "RGBA", **size), **noise(2, guides, **size)}
    channels["Z"] = noise(3, "Z", **size)["Z"].astype(np.float32) * 1e6
    channels["id.object"] = np.arange(31 * 40, dtype=np.uint32).reshape(31, 40) * 3_000_000
    shared = {
        "pixelAspectRatio": 2.0,
        "displayWindow": OVERSCAN["displayWindow"],
        "timeCode": OpenEXR.TimeCode(1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        "chromaticities": (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329),
    }
    beauty = {
        **shared,
        "name": "beauty",
        "view": "left",
        "compression": OpenEXR.PIZ_COMPRESSION,
        "dataWindow": OVERSCAN["dataWindow"],
        "comments": "Überblendung 雪",
        "framesPerSecond": fractions.Fraction(24000, 1001),
        "keyCode": OpenEXR.KeyCode(1, 2, 3, 4, 5, 4, 64),
        "tags": ["first", "second one"],
        "worldToCamera": np.eye(4, dtype=np.float32) * 3,
        "sensor": 2**31 - 1,
    }
    mattes = {
        **shared,
        "name": "mattes",
        "view": "left",
        "compression": OpenEXR.ZIPS_COMPRESSION,
        "dataWindow": window(2, 2, 9, 7),
        "owner": "Ada",
    }
    small = noise(4, ["matte.R", "matte.G"], width=8, height=6)
    save_parts(folder / "bg.1001.exr", (beauty, channels), (mattes, small))
    return folder / "bg.####.exr"


@pytest.mark.parametrize("task", ["passthrough", "denoise"])
def test_every_attribute_of_every_part_is_kept(
    task: str, answerprint: Answerprint, tmp_path: Path
) -> None:
    said = carried_out(answerprint, task, rich(tmp_path))

    assert attributes(result(tmp_path, task)) == attributes(tmp_path / "bg.1001.exr")
    assert [event["warnings"] for event in said.documents if event["event"] == "frame"] == [[]]


@pytest.mark.parametrize(
    ("task", "makes"), [("passthrough", set()), ("denoise", {"R", "G", "B"})]
)  # fmt: skip
def test_every_channel_that_the_task_does_not_make_is_kept(
    task: str, makes: set[str], answerprint: Answerprint, tmp_path: Path
) -> None:
    carried_out(answerprint, task, rich(tmp_path))

    before, after = exr.read(tmp_path / "bg.1001.exr"), exr.read(result(tmp_path, task))
    changed = set()
    for old, new in zip(before.parts, after.parts, strict=True):
        assert old.channels.keys() == new.channels.keys()
        for name, pixels in old.channels.items():
            assert new.channels[name].dtype == pixels.dtype
            if new.channels[name].tobytes() != pixels.tobytes():
                changed.add(name)
    assert changed == makes


def test_tiles_stay_tiles(answerprint: Answerprint, tmp_path: Path) -> None:
    tiles = OpenEXR.TileDescription()
    tiles.xSize, tiles.ySize = 16, 16
    path = plate(tmp_path, 1, type=OpenEXR.tiledimage, tiles=tiles)

    carried_out(answerprint, "passthrough", path)

    written = attributes(result(tmp_path, "passthrough"))
    assert written[0]["type"].value == b"tiledimage"
    assert written == attributes(tmp_path / "bg.1001.exr")


def add_attribute(path: Path, name: str, kind: str, value: bytes) -> None:
    """Put an attribute of any type into the header; the chunks move, and their table says so."""
    blob, table = path.read_bytes(), read_header(path).table
    entry = f"{name}\0{kind}\0".encode() + struct.pack("<i", len(value)) + value
    first = struct.unpack_from("<Q", blob, table)[0]
    offsets = np.frombuffer(blob[table:first], "<u8") + len(entry)
    path.write_bytes(
        blob[: table - 1] + entry + blob[table - 1 : table] + offsets.tobytes() + blob[first:]
    )


def test_an_attribute_of_a_type_that_nobody_knows_is_kept_or_said(
    answerprint: Answerprint, tmp_path: Path
) -> None:
    path = plate(tmp_path, 1)
    add_attribute(tmp_path / "bg.1001.exr", "studioSecret", "studioType", b"\1\2\3")

    said = carried_out(answerprint, "passthrough", path)

    frame = next(event for event in said.documents if event["event"] == "frame")
    kept = attributes(result(tmp_path, "passthrough")) == attributes(tmp_path / "bg.1001.exr")
    lost = "attribute studioSecret could not be carried unchanged"
    assert frame["warnings"] == ([] if kept else [lost])


def test_a_lossy_plate_gives_a_lossless_take_and_a_note(
    answerprint: Answerprint, tmp_path: Path
) -> None:
    path = plate(tmp_path, 1, compression=OpenEXR.DWAA_COMPRESSION)

    said = carried_out(answerprint, "passthrough", path)

    written = exr.read(result(tmp_path, "passthrough"))
    assert written.parts[0].compression == "ZIP"
    assert exr.digest(written) == exr.digest(exr.read(tmp_path / "bg.1001.exr"))
    assert any("DWAA" in note and "ZIP" in note for note in said.documents[0]["notes"])


def test_a_lossless_codec_is_kept_without_a_note(answerprint: Answerprint, tmp_path: Path) -> None:
    path = plate(tmp_path, 1, compression=OpenEXR.RLE_COMPRESSION)

    said = carried_out(answerprint, "passthrough", path)

    assert exr.read(result(tmp_path, "passthrough")).parts[0].compression == "RLE"
    assert said.documents[0]["notes"] == ["pixels: layer rgba of bg.1001.exr"]


def test_a_seed_for_a_task_without_one_is_noted_and_recorded(
    answerprint: Answerprint, tmp_path: Path
) -> None:
    said = carried_out(answerprint, "passthrough", plate(tmp_path, 1), "--seed", str(2**63))

    assert any("takes no seed" in note for note in said.documents[0]["notes"])
    made = extract(exr.read(result(tmp_path, "passthrough")))
    assert made
    assert made.seed == "9223372036854775808"


def test_holes_in_a_plate_are_noted_when_no_range_was_asked_for(
    answerprint: Answerprint, tmp_path: Path
) -> None:
    path = plate(tmp_path, 4)
    (tmp_path / "bg.1002.exr").unlink()

    said = carried_out(answerprint, "passthrough", path)

    assert said.last["done"] == 3
    assert any("1002" in note for note in said.documents[0]["notes"])


ODD = np.array([0x7C00, 0xFC00, 0x7E00, 0x7D2A, 0xFE01], np.uint16).view(np.float16)


def spoiled(folder: Path) -> Path:
    """Two frames; inf, -inf and three kinds of NaN in G of the second."""
    channels = noise(1)
    channels["G"][9, 3:8] = ODD
    save(folder / "bg.1001.exr", noise(2))
    save(folder / "bg.1002.exr", channels)
    return folder / "bg.####.exr"


def warnings(said: Said) -> dict[int, list[str]]:
    return {one["frame"]: one["warnings"] for one in said.documents if one["event"] == "frame"}


@pytest.mark.parametrize(("task", "name"), [("passthrough", "pixels"), ("denoise", "color")])
def test_nan_and_inf_stay_where_they_are_bit_for_bit(
    task: str, name: str, answerprint: Answerprint, tmp_path: Path
) -> None:
    said = carried_out(answerprint, task, spoiled(tmp_path))

    written = exr.read(result(tmp_path, task, 1002)).parts[0].channels
    assert written["G"][9, 3:8].tobytes() == ODD.tobytes()
    assert sum(int(np.count_nonzero(~np.isfinite(one))) for one in written.values()) == len(ODD)
    assert warnings(said) == {
        1001: [],
        1002: [f"{name}: 3 NaN and 2 inf samples, kept where they are"],
    }


def test_nan_and_inf_become_zero_when_asked_and_it_is_said(
    answerprint: Answerprint, tmp_path: Path
) -> None:
    said = carried_out(answerprint, "passthrough", spoiled(tmp_path), "--non-finite", "zero")

    before = exr.read(tmp_path / "bg.1002.exr").parts[0].channels["G"]
    after = exr.read(result(tmp_path, "passthrough", 1002)).parts[0].channels["G"]
    expected = np.where(np.isfinite(before), before, np.float16(0))
    assert np.array_equal(after, expected)
    assert warnings(said)[1002] == ["pixels: 3 NaN and 2 inf samples, zero for the model"]


def test_a_plate_of_finite_samples_passes_under_stop(
    answerprint: Answerprint, tmp_path: Path
) -> None:
    said = carried_out(answerprint, "passthrough", plate(tmp_path), "--non-finite", "stop")

    assert said.last["state"] == "complete"


def full_range() -> dict[str, Any]:
    """Every half that is a number, each once."""
    bits = np.arange(1 << 16, dtype=np.uint16)
    values = bits.view(np.float16)
    return {"Y": values[np.isfinite(values)].reshape(62, -1)}


def test_every_half_value_comes_back_as_it_went(answerprint: Answerprint, tmp_path: Path) -> None:
    """Negative, denormal, -0 and 65504 too: half to float32, through the server, and back."""
    save(tmp_path / "bg.1001.exr", full_range())

    carried_out(answerprint, "passthrough", tmp_path / "bg.####.exr")

    written = exr.read(result(tmp_path, "passthrough")).parts[0].channels["Y"]
    assert written.tobytes() == full_range()["Y"].tobytes()
