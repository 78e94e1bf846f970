"""View LUTs: what a display shows of light, as a table, as near to OpenColorIO as an eye can tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from answerprint import exr, ocio, viewlut
from answerprint.errors import JobError, SetupError

Floats = NDArray[np.float32]
SRGB, ACES = "sRGB - Display", "ACES 1.0 - SDR Video"
# Not colour managed beyond a matrix, so an answer is known: house light is shown through a power
CONFIG = """ocio_profile_version: 2.3
roles: {default: house, scene_linear: house, aces_interchange: exchange, cie_xyz_d65_interchange: xyz}
displays:
  monitor: [!<View> {name: plain, colorspace: shown}, !<View> {name: other, colorspace: house}]
active_displays: [monitor]
active_views: [plain, other]
colorspaces:
  - !<ColorSpace> {name: exchange, encoding: scene-linear}
  - !<ColorSpace> {name: house, encoding: scene-linear}
  - !<ColorSpace> {name: shown, from_scene_reference: !<ExponentTransform> {value: 0.5}}
  - !<ColorSpace> {name: xyz, encoding: scene-linear}
"""


@pytest.fixture(scope="module")
def config() -> ocio.Config:
    return ocio.load(None, None, {})


def looked_up(table: NDArray[np.float16], light: Floats) -> Floats:
    """As the page does: in tetrahedra, the largest step first. Written here once more, in numpy."""
    size = len(table)
    place = viewlut.shaped(light) * (size - 1)
    corner = np.minimum(place.astype(int), size - 2)
    rest = place - corner
    order = np.argsort(-rest, axis=1, kind="stable")
    rows = np.arange(len(light))
    cell = table.astype(np.float32)
    value = cell[corner[:, 2], corner[:, 1], corner[:, 0]]
    found = value.copy()
    for turn in range(3):
        corner[rows, order[:, turn]] += 1
        further = cell[corner[:, 2], corner[:, 1], corner[:, 0]]
        found += rest[rows, order[:, turn]][:, None] * (further - value)
        value = further
    return np.asarray(found, np.float32)


def codes_apart(config: ocio.Config, light: Floats, view: str) -> Floats:
    """How far the table is from OpenColorIO itself: the greatest of a pixel's channels, of 255."""
    truth = light.copy()
    for step in ocio.displayed(config, SRGB, view):
        truth = step(truth)
    found = looked_up(viewlut.lut(config, SRGB, view), light)
    apart = np.abs(np.clip(found, 0, 1) - np.clip(truth, 0, 1)).max(axis=1) * 255
    return np.asarray(apart, np.float32)


@pytest.mark.parametrize("view", [ACES, "Un-tone-mapped"])
def test_greys_are_right_to_a_quarter_of_a_code(config: ocio.Config, view: str) -> None:
    stops = np.linspace(-14, 6.9, 4001, dtype=np.float32)
    greys = np.repeat(np.exp2(stops)[:, None], 3, axis=1)

    assert codes_apart(config, np.vstack([np.zeros((1, 3), np.float32), greys]), view).max() < 0.25


def test_colours_of_a_picture_are_right_to_a_code(config: ocio.Config) -> None:
    random = np.random.default_rng(7)
    light = np.exp2(random.uniform(-10, 5, (50_000, 1)))
    hues = np.clip(random.normal(0.5, 0.15, (50_000, 3)), 0.1, 1)

    apart = codes_apart(config, (light * hues).astype(np.float32), ACES)

    assert np.percentile(apart, 99) < 1


def test_a_real_plate_is_shown_right(config: ocio.Config, plates: Path) -> None:
    channels = exr.read(plates / "noisy.1001.exr").parts[0].channels
    light = np.stack([channels[name] for name in "RGB"], axis=-1).reshape(-1, 3)[::7]

    apart = codes_apart(config, light.astype(np.float32), ACES)

    assert apart.mean() < 0.2
    assert np.percentile(apart, 99) < 1


def test_black_is_a_point_of_the_table(config: ocio.Config) -> None:
    assert viewlut.shaped(np.zeros(1, np.float32))[0] == 0
    assert viewlut.lut(config, SRGB, "Un-tone-mapped", 5)[0, 0, 0].tolist() == [0, 0, 0]


def test_red_runs_fastest(config: ocio.Config) -> None:
    table = viewlut.lut(config, SRGB, "Un-tone-mapped", 17).astype(np.float32)
    middle = np.int64(9)

    red = table[0, 0, middle]

    assert red[0] > max(red[1], red[2])


def test_the_shaper_leads_back(config: ocio.Config) -> None:
    points = np.linspace(0, 1, viewlut.POINTS, dtype=np.float32)

    np.testing.assert_allclose(viewlut.shaped(viewlut.unshaped(points)), points, atol=2e-6)


def test_a_studio_s_own_view_is_its_own(tmp_path: Path) -> None:
    place = tmp_path / "config.ocio"
    place.write_text(CONFIG, encoding="utf-8")
    config = ocio.load(str(place), None, {})

    said = viewlut.displays(config).as_json()
    table = viewlut.lut(config, "monitor", "plain").astype(np.float32)

    assert said["default"] == {"display": "monitor", "view": "plain"}
    assert said["displays"] == [{"name": "monitor", "views": ["plain", "other"]}]
    light = viewlut.unshaped(np.linspace(0, 1, viewlut.POINTS, dtype=np.float32))
    greys = table[np.arange(65), np.arange(65), np.arange(65)]
    np.testing.assert_allclose(greys[:, 0], np.sqrt(light), rtol=2e-3, atol=2e-3)


def test_a_view_that_there_is_not_names_those_that_there_are(config: ocio.Config) -> None:
    with pytest.raises(JobError) as caught:
        viewlut.lut(config, SRGB, "Film")

    assert "has no view 'Film' for the display 'sRGB - Display'" in caught.value.problem
    assert ACES in caught.value.remedy


def test_a_table_of_millions_of_points_is_refused(config: ocio.Config) -> None:
    with pytest.raises(JobError, match="cannot have 4096 points"):
        viewlut.lut(config, SRGB, ACES, 4096)


def test_a_view_whose_file_is_gone_says_so(tmp_path: Path) -> None:
    place = tmp_path / "config.ocio"
    broken = "!<FileTransform> {src: gone.cube}"
    place.write_text(CONFIG.replace("!<ExponentTransform> {value: 0.5}", broken), encoding="utf-8")
    config = ocio.load(str(place), None, {})

    with pytest.raises(SetupError, match=r"no way from 'scene_linear' to monitor, plain.*gone"):
        viewlut.lut(config, "monitor", "plain")
