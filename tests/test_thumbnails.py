"""Thumbnails: small, in their right colours and place, drawn once, and never more than fit."""

from __future__ import annotations

import json
import os
import shutil
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from samples import made, plate, save, window

from answerprint import cli, thumbnail
from answerprint.errors import JobError, SourceError
from answerprint.site import Site
from answerprint.take import Take
from answerprint.thumbnail import Cache, Easel, Picture
from answerprint.triton import Server

REC709 = "Linear Rec.709 (sRGB)"
CONFIG = """ocio_profile_version: 2.3
roles: {default: house, scene_linear: house, aces_interchange: exchange}
colorspaces:
  - !<ColorSpace> {name: exchange, encoding: scene-linear}
  - !<ColorSpace> {name: house, encoding: scene-linear,
      to_scene_reference: !<BuiltinTransform> {style: %s}}
"""


@pytest.fixture
def easel(tmp_path: Path) -> Easel:
    return Easel(Site(), Cache(tmp_path / "thumbnails"), 224)


@pytest.fixture(scope="module")
def whole(address: str, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """plates/bg.####.exr, and a wedge of three over it in out/bg_denoise/v001."""
    folder = tmp_path_factory.mktemp("wedge")
    with Server(address) as server:
        path = plate(folder / "plates", 3)
        made(server, home, folder / "out", path, task="denoise", wedge={"strength": "0,0.5,1"},
             colour={"space": REC709})  # fmt: skip
    return folder


@pytest.fixture
def take(whole: Path, tmp_path: Path) -> Take:
    """Its plate is the one in `whole`."""
    shutil.copytree(whole / "out", tmp_path / "out")
    return Take(tmp_path / "out" / "bg_denoise" / "v001")


def pixels(picture: Picture) -> NDArray[np.uint8]:
    with Image.open(picture.path) as image:
        assert (image.mode, image.format, image.size) == (
            "RGB",
            "PNG",
            (picture.width, picture.height),
        )
        return np.asarray(image)


def flat(folder: Path, rgb: tuple[float, float, float], shape: tuple[int, int] = (24, 32)) -> str:
    channels = {
        name: np.full(shape, value, np.float16) for name, value in zip("RGB", rgb, strict=True)
    }
    return str(save(folder / "flat.1001.exr", channels).with_name("flat.####.exr"))


def test_a_plate_looks_as_light_does_on_a_screen(easel: Easel, tmp_path: Path) -> None:
    path = flat(tmp_path, (0.18, 1.0, 40.0))

    grey, one, bright = pixels(thumbnail.of_plate(easel, path, None, REC709).picture)[12, 16]

    assert (grey, one, bright) == (118, 255, 255)  # 18 % grey in sRGB


def test_a_plates_space_is_what_is_said_of_it(easel: Easel, tmp_path: Path) -> None:
    path = flat(tmp_path, (0.4, 0.4, 0.4))

    log = pixels(thumbnail.of_plate(easel, path, None, "ACEScct").picture)[0, 0]
    assumed = pixels(thumbnail.of_plate(easel, path, None, None).picture)[0, 0]

    assert abs(int(log[0]) - 115) < 12 < int(assumed[0]) - int(log[0])
    with pytest.raises(JobError, match="has no colour space 'none such'"):
        thumbnail.of_plate(easel, path, None, "none such")


def test_a_picture_is_never_wider_than_asked_nor_larger_than_the_frame(
    easel: Easel, tmp_path: Path
) -> None:
    small = thumbnail.of_plate(easel, flat(tmp_path / "a", (1, 1, 1)), None, None).picture
    wide = thumbnail.of_plate(easel, flat(tmp_path / "b", (1, 1, 1), (90, 600)), None, None).picture
    tall = thumbnail.of_plate(easel, flat(tmp_path / "c", (1, 1, 1), (2000, 4)), None, None).picture

    assert (small.width, small.height) == (32, 24)
    assert (wide.width, wide.height) == (224, 34)
    assert (tall.width, tall.height) == (4, 448)
    assert not pixels(wide).min() < 255


def test_a_data_window_stands_in_its_place(easel: Easel, tmp_path: Path) -> None:
    channels = {name: np.ones((8, 10), np.float16) for name in "RGB"}
    path = save(
        tmp_path / "crop.1001.exr",
        channels,
        dataWindow=window(20, 4, 29, 11),
        displayWindow=window(0, 0, 39, 29),
    )

    seen = pixels(thumbnail.of_plate(easel, str(path), None, None).picture)

    assert seen.shape == (30, 40, 3)
    assert seen[4:12, 20:30].min() == 255
    seen = seen.copy()
    seen[4:12, 20:30] = 0
    assert seen.max() == 0


def test_of_a_take_the_middle_frame_of_the_middle_variation_and_its_plates(
    easel: Easel, take: Take, whole: Path
) -> None:
    found = thumbnail.of_take(easel, take, None)
    middle = thumbnail.of_plate(easel, take.pattern("w002"), 1002, REC709)
    before = thumbnail.of_plate(easel, str(whole / "plates" / "bg.####.exr"), 1002, REC709)

    assert (found.frame, found.notes) == (1002, ())
    assert found.plate is not None
    assert np.array_equal(pixels(found.picture), pixels(middle.picture))
    assert np.array_equal(pixels(found.plate), pixels(before.picture))
    assert not np.array_equal(pixels(found.picture), pixels(found.plate))
    assert thumbnail.of_take(easel, take, 1003).frame == 1003


def test_a_take_whose_plate_is_gone_is_shown_and_that_is_said(
    easel: Easel, take: Take, tmp_path: Path
) -> None:
    document = json.loads((take.private / "job.json").read_text())
    document["resolved"]["inputs"]["color"]["path"] = str(tmp_path / "gone" / "bg.####.exr")
    (take.private / "job.json").write_text(json.dumps(document))

    found = thumbnail.of_take(easel, take, None)

    assert found.plate is None
    assert "The plate is not shown" in found.as_json()["notes"][0]
    assert "bg.1002.exr cannot be read: No such file" in found.as_json()["notes"][0]


def test_a_colour_configuration_that_is_gone_is_said_each_time(easel: Easel, take: Take) -> None:
    document = json.loads((take.private / "job.json").read_text())
    document["resolved"]["colour"]["config"] = "/gone.ocio"
    (take.private / "job.json").write_text(json.dumps(document))

    for _ in range(2):
        said = thumbnail.of_take(easel, take, None).as_json()["notes"]
        assert "shown as if they were linear Rec.709" in said[0]


def test_a_configuration_that_is_mended_is_seen_at_once(easel: Easel, tmp_path: Path) -> None:
    path, config = flat(tmp_path, (0.18, 0.18, 0.18)), tmp_path / "own.ocio"
    own = Easel(Site(colour=str(config)), easel.cache, 224)

    def seen() -> tuple[int, bool]:
        picture = thumbnail.of_plate(own, path, None, None).picture
        return int(pixels(picture)[0, 0, 0]), bool(picture.notes)

    assert seen() == (118, True)  # it is not there
    config.write_text("broken", encoding="utf-8")
    assert seen() == (118, True)
    config.write_text(CONFIG % "ACEScg_to_ACES2065-1", encoding="utf-8")
    assert seen() == (118, False)
    config.write_text(CONFIG % "ARRI_LOGC4_to_ACES2065-1", encoding="utf-8")
    assert seen()[0] < 100


def test_a_lut_that_comes_later_is_seen_then(easel: Easel, tmp_path: Path) -> None:
    path, config = flat(tmp_path, (0.18, 0.18, 0.18)), tmp_path / "own.ocio"
    text = CONFIG.replace("Builtin", "File").replace("style: %s", "src: own.spi1d")
    config.write_text(text, encoding="utf-8")
    own = Easel(Site(colour=str(config)), easel.cache, 224)

    missing = thumbnail.of_plate(own, path, None, None).picture
    lut = "Version 1\nFrom 0 1\nLength 2\nComponents 1\n{\n0\n0.5\n}\n"
    (tmp_path / "own.spi1d").write_text(lut, encoding="utf-8")
    found = thumbnail.of_plate(own, path, None, None).picture

    assert (bool(missing.notes), bool(found.notes)) == (True, False)
    assert int(pixels(found)[0, 0, 0]) < 110


def test_a_frame_is_drawn_once_until_it_changes(easel: Easel, tmp_path: Path) -> None:
    path = flat(tmp_path, (1, 1, 1))
    first = thumbnail.of_plate(easel, path, None, None).picture.path
    drawn = first.stat().st_ino

    assert thumbnail.of_plate(easel, path, 1001, None).picture.path == first
    assert first.stat().st_ino == drawn
    flat(tmp_path, (0, 0, 0))
    os.utime(tmp_path / "flat.1001.exr", ns=(1, 1))
    again = thumbnail.of_plate(easel, path, None, None).picture
    assert again.path != first
    assert pixels(again).max() == 0
    smaller = Easel(easel.site, easel.cache, 16)
    assert thumbnail.of_plate(smaller, path, None, None).picture.path not in (first, again.path)


def test_a_picture_that_was_cut_off_is_drawn_anew(easel: Easel, tmp_path: Path) -> None:
    path = flat(tmp_path, (1, 1, 1))
    first = thumbnail.of_plate(easel, path, None, None).picture

    head = first.path.read_bytes()
    huge = head[:16] + b"\x00\x01\x00\x00" * 2 + head[24:29]  # 65,536 pixels each way
    huge += zlib.crc32(huge[12:29]).to_bytes(4, "big") + head[33:]
    for content in (b"", head[:40], b"no picture", huge):
        first.path.write_bytes(content)
        assert pixels(thumbnail.of_plate(easel, path, None, None).picture).min() == 255


def test_the_oldest_pictures_go_and_those_looked_at_stay(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", most_files=3)
    image = Image.new("RGB", (4, 4))
    places = [cache.folder / f"{number}.png" for number in range(5)]
    for number, place in enumerate(places[:3]):
        cache.keep(place, image, [])
        os.utime(place, ns=(number, number))

    assert cache.find(places[0]) == Picture(places[0], 4, 4, ())
    cache.keep(places[3], image, ["said"])

    assert [place.exists() for place in places] == [True, False, True, True, False]
    assert cache.find(places[3]) == Picture(places[3], 4, 4, ("said",))
    small = Cache(cache.folder, most_bytes=1)
    small.keep(places[4], image, [])
    assert [*cache.folder.iterdir()] == [places[4]]


def test_what_is_not_there_is_said(easel: Easel, take: Take, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="bg_denoise v001 has no frame 7"):
        thumbnail.of_take(easel, take, 7)
    for variation in take.variations():
        shutil.rmtree(take.folder / variation)
    with pytest.raises(SourceError, match="bg_denoise v001 has no frames yet"):
        thumbnail.of_take(easel, take, None)
    with pytest.raises(SourceError, match="cannot be read"):
        thumbnail.of_plate(easel, str(tmp_path / "gone" / "a.####.exr"), None, None)
    walled = Easel(Site(roots=(tmp_path / "takes",)), easel.cache, 224)
    with pytest.raises(JobError, match="outside the allowed folders"):
        thumbnail.of_plate(walled, flat(tmp_path, (1, 1, 1)), None, None)


def test_the_verb_draws_both(
    home: Path, take: Take, whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plates = str(whole / "plates" / "bg.%04d.exr")

    assert cli.main(["thumbnail", str(take.folder), "--width", "16", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert cli.main(["thumbnail", plates, "--frame", "1001", "--width", "16"]) == 0
    assert cli.main(["thumbnail", plates, "--width", "4096"]) == 2

    assert (said["frame"], said["width"], said["height"], said["notes"]) == (1002, 16, 12, [])
    assert Path(said["path"]).parent == home / "thumbnails"
    assert Path(said["plate"]).is_file()
    assert Path(capsys.readouterr().out.splitlines()[0]).is_file()
