"""Configurations: found in order, pinned, under a studio's own names; a broken one is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from answerprint import colour, ocio
from answerprint.contract import Encoding
from answerprint.errors import JobError, SetupError

BUILT_IN = ocio.load(None, None, {})
ENCODINGS: tuple[Encoding, ...] = ("scene_linear", "acescct", "srgb_shaped", "srgb_display")

# A studio's own: names of its own, ACES underneath
STUDIO = """ocio_profile_version: 2.3
roles: {default: house, scene_linear: house, aces_interchange: exchange}
colorspaces:
  - !<ColorSpace> {name: exchange, encoding: scene-linear}
  - !<ColorSpace> {name: house, aliases: [ours], encoding: scene-linear,
      to_scene_reference: !<BuiltinTransform> {style: ACEScg_to_ACES2065-1}}
  - !<ColorSpace> {name: camera, encoding: log,
      to_scene_reference: !<BuiltinTransform> {style: ARRI_LOGC4_to_ACES2065-1}}
  - !<ColorSpace> {name: lost, to_scene_reference: !<FileTransform> {src: lost.cube}}
  - !<ColorSpace> {name: numbers, isdata: true}
"""


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    path = tmp_path / "studio.ocio"
    path.write_text(STUDIO, encoding="utf-8")
    return path


def test_the_built_in_configuration_is_pinned() -> None:
    assert BUILT_IN.name == "ACES studio config v2.2.0 (built in)"
    assert BUILT_IN.source == "built in"
    assert BUILT_IN.fingerprint == (
        "d8b361f76750ebfbedf0ded0b5e4315b283eed5e095814486b9d7c416cfbbb4c"
    )
    assert ocio.load(BUILT_IN.place, None, {}).fingerprint == BUILT_IN.fingerprint


def test_the_job_comes_before_the_environment_and_that_before_the_site(studio: Path) -> None:
    named = str(studio)

    assert ocio.load(named, "x.ocio", {"OCIO": "y.ocio"}).source == "the job"
    assert ocio.load(None, "x.ocio", {"OCIO": named}).source == "$OCIO"
    assert ocio.load(None, named, {"OCIO": ""}).source == "the site"
    assert ocio.load(None, named, {}).name == "studio.ocio"


def test_a_relative_path_is_found_again_from_anywhere(
    studio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert ocio.load("studio.ocio", None, {}).place == studio.as_posix()


def test_a_studios_own_names_work(studio: Path) -> None:
    config = ocio.load(str(studio), None, {})
    plate = colour.plate_space(config, asked=None, attributes={"colorInteropID": "lin_ap1_scene"})
    camera = colour.plate_space(config, asked="CAMERA", attributes={})
    image = np.random.default_rng(4).random((4, 4, 3), np.float32)

    assert plate.name == "house"
    assert colour.conversion(config, plate, "scene_linear").identity
    assert colour.conversion(config, camera, "scene_linear").words == "camera -> house -> camera"
    for encoding in ENCODINGS:
        ours = colour.conversion(config, plate, encoding).forward(image)
        aces = colour.conversion(BUILT_IN, colour.Space("ACEScg", ""), encoding).forward(image)
        assert ours == pytest.approx(aces, abs=2e-6)


def test_where_nothing_relates_a_configuration_to_aces_it_is_said(tmp_path: Path) -> None:
    path = tmp_path / "island.ocio"
    path.write_text(
        "ocio_profile_version: 2\nroles: {default: a}\ncolorspaces:\n  - !<ColorSpace> {name: a}\n"
    )
    config = ocio.load(str(path), None, {})

    with pytest.raises(SetupError, match=r"no way from 'a' to linear Rec\.709") as told:
        colour.conversion(config, colour.Space("a", "asked for"), "srgb_shaped")
    with pytest.raises(SetupError, match="no role scene_linear"):
        colour.plate_space(config, asked=None, attributes={})
    assert "aces_interchange" in told.value.remedy


def test_a_lost_lut_is_said(studio: Path) -> None:
    config = ocio.load(str(studio), None, {})

    with pytest.raises(SetupError, match=r"lost\.cube"):
        colour.conversion(config, colour.Space("lost", "asked for"), "srgb_shaped")


@pytest.mark.parametrize("content", [None, "", "no: yaml: here", "\0\xff", "- 1\n- 2\n"])
def test_a_broken_configuration_is_an_error_with_a_remedy(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "broken.ocio"
    if content is not None:
        path.write_text(content, encoding="utf-8")

    for kind, asked, site, environ in (
        (JobError, str(path), None, {}),
        (SetupError, None, str(path), {}),
        (SetupError, None, None, {"OCIO": str(path)}),
    ):
        with pytest.raises(kind, match=r"broken\.ocio cannot be used: .+[^.]\.$") as told:
            ocio.load(asked, site, environ)
        assert told.value.remedy.endswith(".")


def test_a_huge_configuration_is_not_read(studio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with studio.open("ab") as stream:
        stream.truncate(ocio.MOST_CONFIG_BYTES + 1)

    with pytest.raises(JobError, match="at most 67,108,864 are read"):
        ocio.load(str(studio), None, {})


def test_an_unknown_built_in_name_is_an_error() -> None:
    with pytest.raises(JobError, match="nope"):
        ocio.load("ocio://nope", None, {})


def test_opencolorio_prints_nothing(studio: Path) -> None:
    studio.write_text(STUDIO + "nonsense: 1\n", encoding="utf-8")
    program = (
        "import os; from answerprint import colour, ocio\n"
        f"config = ocio.load({str(studio)!r}, None)\n"
        "colour.conversion(config, colour.Space('camera', ''), 'srgb_shaped')\n"
        "assert os.environ['OCIO_LOGGING_LEVEL'] == 'debug'\n"
    )

    said = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        capture_output=True,
        text=True,
        env={"OCIO_LOGGING_LEVEL": "debug"},
        timeout=60,
    )

    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
