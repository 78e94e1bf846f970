"""A frame that was changed says so: by its own record, with no server and no database."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import OpenImageIO
import pytest
from command import Answerprint
from samples import AtOnce, change, judge, made, noise, plate, save_parts, window

from answerprint import exr, signing
from answerprint.documents import canonical
from answerprint.record import SIGNATURE, STATEMENT, extract
from answerprint.takes import Take
from answerprint.triton import Server

NAME = "bg_passthrough_v001.1002.exr"


@pytest.fixture
def answerprint(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


@pytest.fixture(scope="module")
def original(address: str, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Take:
    """Three frames, made once through the real server."""
    folder = tmp_path_factory.mktemp("tampering")
    with Server(address) as server:
        return made(server, home, folder / "takes", plate(folder / "plate"))


@pytest.fixture
def take(original: Take, tmp_path: Path) -> Path:
    """A copy to tamper with."""
    folder = tmp_path / "takes" / original.name / original.label
    return Path(shutil.copytree(original.folder, folder))


@pytest.fixture
def frame(take: Path) -> Path:
    return take / NAME


def test_an_untouched_take_is_ok(take: Path, answerprint: Answerprint, home: Path) -> None:
    verdict = judge(answerprint, take, home)

    assert verdict.take == "OK"
    assert list(verdict.frames.values()) == ["OK", "OK", "OK"]


def test_one_changed_pixel_is_seen(
    frame: Path, take: Path, answerprint: Answerprint, home: Path
) -> None:
    def brighten(frame: exr.Frame) -> None:
        pixels = frame.parts[0].channels["G"]
        pixels[5, 7] = np.nextafter(pixels[5, 7], np.float16(9))

    change(frame, brighten)

    verdict = judge(answerprint, take, home)
    assert (verdict.frames[NAME], verdict.take) == ("PIXELS_CHANGED", "PIXELS_CHANGED")
    assert "lineage statement is intact" in verdict.why[NAME]
    assert list(verdict.frames.values()).count("OK") == 2


def test_the_sign_of_a_zero_is_a_pixel_too(frame: Path) -> None:
    def with_red(value: float) -> str:
        change(frame, lambda one: one.parts[0].channels["R"].fill(value))
        return exr.digest(exr.read(frame))

    assert with_red(0.0) != with_red(-0.0)


def test_an_edited_field_of_the_record_is_seen(
    frame: Path, take: Path, answerprint: Answerprint, home: Path
) -> None:
    def claim_another_model(frame: exr.Frame) -> None:
        facts = json.loads(frame.attribute(STATEMENT))
        facts["model"]["version"] = "9.9.9"
        frame.parts[0].header[STATEMENT] = canonical(facts).decode()

    change(frame, claim_another_model)

    verdict = judge(answerprint, take, home)
    assert (verdict.frames[NAME], verdict.take) == ("BAD_SIGNATURE", "BAD_SIGNATURE")


def test_a_comment_may_be_added(frame: Path, answerprint: Answerprint, home: Path) -> None:
    change(frame, lambda one: one.parts[0].header.update(comments="approved on Tuesday"))

    assert exr.read(frame).attribute("comments") == "approved on Tuesday"
    assert judge(answerprint, frame, home).frames == {NAME: "OK"}


@pytest.mark.parametrize("attribute", ["dataWindow", "displayWindow"])
def test_a_moved_window_is_seen_and_named(
    attribute: str, frame: Path, answerprint: Answerprint, home: Path
) -> None:
    change(frame, lambda one: one.parts[0].header.update({attribute: window(1, 0, 32, 23)}))

    verdict = judge(answerprint, frame, home)
    assert verdict.frames == {NAME: "PIXELS_CHANGED"}
    assert "window" in verdict.why[NAME].lower()


def rename(channels: dict[str, Any]) -> None:
    channels["X"] = channels.pop("R")


def exchange(channels: dict[str, Any]) -> None:
    channels["R"], channels["G"] = channels["G"], channels["R"]


def widen(channels: dict[str, Any]) -> None:
    channels["R"] = channels["R"].astype(np.float32)


def add(channels: dict[str, Any]) -> None:
    channels["A"] = np.zeros_like(channels["R"])


def drop(channels: dict[str, Any]) -> None:
    del channels["B"]


@pytest.mark.parametrize("tamper", [rename, exchange, widen, add, drop])
def test_a_channel_that_was_changed_as_a_whole_is_seen(
    tamper: Any, frame: Path, answerprint: Answerprint, home: Path
) -> None:
    change(frame, lambda one: tamper(one.parts[0].channels))

    assert judge(answerprint, frame, home).frames == {NAME: "PIXELS_CHANGED"}


def test_a_genuine_record_of_another_frame_does_not_fit(
    frame: Path, take: Path, answerprint: Answerprint, home: Path
) -> None:
    other = exr.read(take / NAME.replace("1002", "1003")).parts[0].header
    stolen = {name: other[name] for name in (STATEMENT, SIGNATURE)}

    change(frame, lambda one: one.parts[0].header.update(stolen))

    assert judge(answerprint, frame, home).frames == {NAME: "PIXELS_CHANGED"}


def test_a_removed_record_is_absent(
    frame: Path, take: Path, answerprint: Answerprint, home: Path
) -> None:
    change(frame, lambda one: one.parts[0].header.pop(STATEMENT))

    verdict = judge(answerprint, take, home)
    assert (verdict.frames[NAME], verdict.take) == ("ABSENT", "ABSENT")


GARBAGE = ["", "x", "ed25519:abc", "ed25519:{kid}:!!!", "ed25519:{kid}:AAAA", "rsa:{kid}:AAAA"]


@pytest.mark.parametrize("signature", GARBAGE)
def test_a_garbage_signature_is_bad(
    signature: str, frame: Path, answerprint: Answerprint, home: Path
) -> None:
    kid = exr.read(frame).attribute(SIGNATURE).split(":")[1]

    change(frame, lambda one: one.parts[0].header.update({SIGNATURE: signature.format(kid=kid)}))

    assert judge(answerprint, frame, home).frames == {NAME: "BAD_SIGNATURE"}


def recompress(path: Path, codec: Any) -> None:
    """Through OpenEXR alone, as another program would."""
    with OpenEXR.File(str(path), separate_channels=True) as file:
        header = {**file.header(), "compression": codec}
        channels = {name: channel.pixels for name, channel in file.channels().items()}
        OpenEXR.File(header, channels).write(f"{path}.new")
    Path(f"{path}.new").replace(path)


@pytest.mark.parametrize("codec", ["ZIPS", "PIZ", "RLE", "NO"])
def test_a_lossless_recompression_is_ok(
    codec: str, frame: Path, take: Path, answerprint: Answerprint, home: Path
) -> None:
    recompress(frame, getattr(OpenEXR, f"{codec}_COMPRESSION"))

    assert exr.read(frame).parts[0].compression == codec
    assert judge(answerprint, take, home).take == "OK"


def test_a_lossy_recompression_is_seen(frame: Path, answerprint: Answerprint, home: Path) -> None:
    recompress(frame, OpenEXR.DWAA_COMPRESSION)

    assert judge(answerprint, frame, home).frames == {NAME: "PIXELS_CHANGED"}


def test_a_rewrite_by_openimageio_is_ok(
    frame: Path, take: Path, answerprint: Answerprint, home: Path
) -> None:
    before = frame.read_bytes()
    reader = OpenImageIO.ImageInput.open(str(frame))
    spec, pixels = reader.spec(), reader.read_image("half")
    reader.close()
    writer = OpenImageIO.ImageOutput.create(str(frame))
    assert writer.open(str(frame), spec)
    assert pixels is not None
    assert writer.write_image(pixels)
    writer.close()

    assert frame.read_bytes() != before
    assert judge(answerprint, take, home).take == "OK"


@pytest.mark.parametrize("kept", [0.0, 0.2, 0.99])
def test_a_cut_off_frame_is_a_verdict_and_not_a_crash(
    kept: float, frame: Path, take: Path, answerprint: Answerprint, home: Path
) -> None:
    blob = frame.read_bytes()
    frame.write_bytes(blob[: int(len(blob) * kept)])

    verdict = judge(answerprint, take, home)
    alone = answerprint("verify", frame, "--json")

    assert (verdict.frames[NAME], verdict.take) == ("PIXELS_CHANGED", "PIXELS_CHANGED")
    assert list(verdict.frames.values()).count("OK") == 2
    assert (alone.code, alone.last["error"]) == (3, "SourceError")
    assert NAME in alone.last["problem"]


def two_parts(path: Path) -> Path:
    facts = {"compression": OpenEXR.ZIP_COMPRESSION}
    names = (f"matte.{name}" for name in "RGB")
    return save_parts(
        path, ({"name": "beauty", **facts}, noise(1)), ({"name": "matte", **facts}, noise(2, names))
    )


@pytest.mark.parametrize("attribute", [STATEMENT, SIGNATURE])
def test_one_part_with_an_altered_record_spoils_the_frame(
    attribute: str, server: Server, tmp_path: Path, answerprint: Answerprint, home: Path
) -> None:
    take = made(server, home, tmp_path / "takes", two_parts(tmp_path / "bg.1001.exr"))
    before = judge(answerprint, take.folder, home)

    def alter(frame: exr.Frame) -> None:
        text = frame.parts[1].header[attribute]
        assert frame.parts[0].header[attribute] == text
        frame.parts[1].header[attribute] = text[:-9] + ("A" if text[-9] != "A" else "B") + text[-8:]

    change(take.file(1001), alter)

    assert before.take == "OK"
    assert judge(answerprint, take.folder, home).take == "BAD_SIGNATURE"


def test_a_record_of_two_megabytes_is_not_parsed(
    frame: Path, answerprint: Answerprint, home: Path
) -> None:
    """Signed by a trusted key and well-formed, it would be OK if it were shorter."""

    def blow_up(frame: exr.Frame) -> None:
        facts = json.loads(frame.attribute(STATEMENT)) | {"padding": "x" * (2 << 20)}
        statement = canonical(facts)
        frame.parts[0].header[STATEMENT] = statement.decode()
        frame.parts[0].header[SIGNATURE] = signing.own_signer(home).sign(statement)

    change(frame, blow_up)

    assert extract(exr.read(frame)) is None
    assert judge(answerprint, frame, home).frames == {NAME: "BAD_SIGNATURE"}


def test_verifying_needs_no_server(
    take: Path, home: Path, tmp_path: Path, answerprint: Answerprint
) -> None:
    """Another user, who has only the public key and knows of no server that runs."""
    site = tmp_path / "site.toml"
    site.write_text(f'trust = ["{(home / "trust").as_posix()}"]\n', encoding="utf-8")
    env = {"ANSWERPRINT_HOME": str(tmp_path / "nobody"), "ANSWERPRINT_SITE": str(site)}

    without = answerprint("verify", take, "--json", env=env)
    with_a_dead_one = answerprint(
        "verify", take, "--json", env={**env, "ANSWERPRINT_SERVER": "127.0.0.1:1"}
    )

    assert (without.code, without.last["verdict"]) == (0, "OK")
    assert with_a_dead_one.documents == without.documents
