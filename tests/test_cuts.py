"""Cuts: a clear change of shot is found in the pixels, and motion, grain or a flash is none."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from answerprint import exr
from answerprint.compare import rgb
from answerprint.cuts import is_cut

PLATES = Path(__file__).parents[1] / "install" / "plates"
SEQUENCES = ["denoise/noisy", "denoise/clean", "retime/plate"]

Image = NDArray[np.float32]


def frames(sequence: str) -> list[Image]:
    folder, name = sequence.split("/")
    files = sorted((PLATES / folder).glob(f"{name}.*.exr"))
    return [rgb(exr.read(path), path.name) for path in files]


@pytest.fixture(scope="module")
def shot() -> Image:
    return frames("retime/plate")[0]


def checker(size: int, height: int = 90, width: int = 160) -> Image:
    y, x = np.mgrid[0:height, 0:width]
    return np.repeat(((x // size + y // size) % 2)[..., None], 3, axis=-1).astype(np.float32)


def ramp(axis: int, height: int = 90, width: int = 160) -> Image:
    grid = np.mgrid[0:height, 0:width][axis] / (height if axis == 0 else width)
    return np.repeat(grid[..., None], 3, axis=-1).astype(np.float32)


def noise(seed: int, *shape: int) -> Image:
    return np.random.default_rng(seed).uniform(0, 4, shape).astype(np.float32)


CHARTS = {
    "checker": checker(40),
    "ramp down": ramp(0),
    "ramp across": ramp(1),
    "ramp back": 1 - ramp(1),
    "black": np.zeros((90, 160, 3), np.float32),
}
PAIRS = [(one, other) for one in CHARTS for other in CHARTS if one != other]


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_neighbours_of_one_shot_are_no_cut(sequence: str) -> None:
    shown = frames(sequence)

    assert len(shown) > 2
    for one, other in itertools.pairwise(shown):
        assert not is_cut(one, other)
        assert not is_cut(other, one)


@pytest.mark.parametrize("times", [0.25, 4])
@pytest.mark.parametrize("sequence", SEQUENCES)
def test_a_flash_is_no_cut(sequence: str, times: float) -> None:
    one, other, *_ = frames(sequence)

    assert not is_cut(one, other * np.float32(times))


def test_grain_is_no_cut(shot: Image) -> None:
    grain = np.random.default_rng(3).normal(0, 0.3, shot.shape).astype(np.float32)

    assert not is_cut(shot, shot + grain)


@pytest.mark.parametrize("axis", [0, 1], ids=["upside down", "left to right"])
def test_a_picture_turned_over_is_a_cut(shot: Image, axis: int) -> None:
    assert is_cut(shot, np.flip(shot, axis))


def test_black_is_another_shot(shot: Image) -> None:
    assert is_cut(shot, np.zeros_like(shot))
    assert is_cut(np.zeros_like(shot), shot)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_different_charts_are_a_cut(one: str, other: str) -> None:
    assert is_cut(CHARTS[one], CHARTS[other])


@pytest.mark.parametrize("name", CHARTS)
def test_a_picture_and_itself_are_no_cut(name: str) -> None:
    assert not is_cut(CHARTS[name], CHARTS[name].copy())


@pytest.mark.parametrize("height", [1, 2, 17, 18, 19, 37])
@pytest.mark.parametrize("width", [1, 3, 31, 32, 33])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_frame_of_any_size_can_be_judged(height: int, width: int, channels: int) -> None:
    image = noise(1, height, width, channels)

    assert not is_cut(image, image)
    assert is_cut(image, np.zeros_like(image))


def test_tiny_frames_that_have_nothing_in_common_are_a_cut() -> None:
    dark, light = np.full((1, 1, 3), 0.01, np.float32), np.full((1, 1, 3), 1, np.float32)
    left, right = ramp(1, 3, 2), 1 - ramp(1, 3, 2)

    assert is_cut(dark, light)
    assert is_cut(left, right)
    assert not is_cut(dark, dark * np.float32(1.01))


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 40), st.integers(1, 50), st.integers(0, 2**16), st.floats(0, 1), st.booleans()
)
def test_the_order_of_the_two_frames_does_not_matter(
    height: int, width: int, seed: int, weight: float, flip: bool
) -> None:
    one = noise(seed, height, width, 3)
    near = one + np.float32(weight) * noise(seed + 1, height, width, 3)
    other = near[::-1] if flip else near

    assert is_cut(one, other) == is_cut(other, one)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_the_type_of_the_pixels_does_not_matter(shot: Image, kind: Any) -> None:
    assert not is_cut(shot.astype(kind), (shot * 1.1).astype(kind))
    assert is_cut(shot.astype(kind), shot[:, ::-1].astype(kind))


def test_the_brightest_half_can_hold_and_values_below_zero_are_judged_as_any_other() -> None:
    brightest = np.full((20, 40, 3), 65504, np.float32)

    assert not is_cut(brightest, brightest)
    assert is_cut(brightest, -brightest)
    assert not is_cut(-brightest, np.zeros_like(brightest))


def test_alpha_is_no_part_of_the_picture(shot: Image) -> None:
    matte = checker(60, *shot.shape[:2])[..., :1]

    one, other = (np.concatenate([shot, alpha], axis=-1) for alpha in (matte, 1 - matte))

    assert not is_cut(one, other)
