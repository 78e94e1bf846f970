"""The shaper keeps every half float of its range, in a picture that looks like sRGB."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.typing import NDArray

from answerprint import shaper

Halves = NDArray[np.float16]
JOINTS = (0.0, 0.0031306684, 1.0, shaper.GREATEST)


def halves(least: float = shaper.LEAST, greatest: float = shaper.GREATEST) -> Halves:
    """Every half float between two values, in their order."""
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    return np.sort(every[(every >= least) & (every <= greatest)])


def error_in_steps(back: NDArray[np.float32], original: Halves) -> NDArray[np.float64]:
    """Differences, as a part of the distance between neighbouring half floats."""
    apart = np.abs(back.astype(np.float64) - original.astype(np.float64))
    steps: NDArray[np.float64] = apart / np.abs(np.spacing(original)).astype(np.float64)
    return steps


def test_every_half_of_the_range_comes_back_bit_for_bit() -> None:
    original = halves()

    back = shaper.unshape(shaper.shape(original.astype(np.float32)))

    assert error_in_steps(back, original).max() < 0.05  # a half step would do
    assert (back.astype(np.float16) + 0).tobytes() == (original + 0).tobytes()  # -0 becomes 0


def test_every_other_half_comes_back_as_well() -> None:
    original = halves(-65504, 65504)

    back = shaper.unshape(shaper.shape(original.astype(np.float32)))

    assert (back.astype(np.float16) == original).all()


def test_the_range_fills_0_to_1() -> None:
    ends = shaper.shape(np.array([shaper.LEAST, shaper.GREATEST], np.float32))
    inside = shaper.shape(halves().astype(np.float32))

    assert ends == pytest.approx([0, 1], abs=1e-6)
    assert inside.min() >= 0
    assert inside.max() <= 1


def test_clipped_to_0_to_1_the_range_still_comes_back() -> None:
    original = halves()

    back = shaper.unshape(np.clip(shaper.shape(original.astype(np.float32)), 0, 1))

    assert (back.astype(np.float16) == original).all()


def test_a_brighter_light_is_never_darker_in_the_picture() -> None:
    shaped = shaper.shape(halves(-65504, 65504).astype(np.float32))

    assert (np.diff(shaped[halves(-65504, 65504) != 0]) > 0).all()


@pytest.mark.parametrize("joint", [*JOINTS, 2.0, 27.0])
def test_nor_at_any_float_around_a_joint(joint: float) -> None:
    """Nor among highlights, where roots of single precision would go up and down."""
    around = np.float32(joint).view(np.int32) + np.arange(-50_000, 50_000, dtype=np.int32)
    linear = around.view(np.float32) if joint else np.linspace(-1e-4, 1e-4, 100_001, dtype="f4")

    assert (np.diff(shaper.shape(linear)) >= 0).all()


@pytest.mark.parametrize("joint", JOINTS)
def test_there_is_no_corner_at_a_joint(joint: float) -> None:
    step = max(joint, 0.01) / 100
    before, at, after = shaper.shape(np.array([joint - step, joint, joint + step], "f4"))

    assert (after - at) / (at - before) == pytest.approx(1, rel=0.05 if joint else 3)


@given(
    st.floats(-65504, 65504, width=32),
    st.floats(-65504, 65504, width=32),
)
def test_order_is_kept_and_values_come_back(one: float, other: float) -> None:
    linear = np.array(sorted((one, other)), np.float32)
    shaped = shaper.shape(linear)

    assert shaped[0] <= shaped[1]
    assert shaper.unshape(shaped) == pytest.approx(linear, rel=1e-4, abs=1e-8)


def test_what_is_no_number_stays_what_it_is() -> None:
    odd = np.array([np.nan, np.inf, -np.inf], np.float32)

    shaped = shaper.shape(odd)

    assert np.array_equal(shaped, odd, equal_nan=True)
    assert np.array_equal(shaper.unshape(shaped), odd, equal_nan=True)


@pytest.mark.parametrize("shape", [(0,), (), (5, 7, 3), (2, 3, 4, 1)])
def test_any_shape_and_layout_is_taken_and_left_alone(shape: tuple[int, ...]) -> None:
    linear = np.random.default_rng(3).uniform(-1, 2000, shape).astype(np.float32).T
    before = linear.copy()

    back = shaper.unshape(shaper.shape(linear))

    assert back.shape == linear.shape
    assert back.dtype == np.float32
    assert np.allclose(back, linear, rtol=1e-4)
    assert np.array_equal(linear, before)


def test_samples_outside_the_range_are_counted() -> None:
    linear = np.array([-0.51, -0.5, 0, 1000, 1001, np.inf, -np.inf, np.nan], np.float32)

    assert shaper.outside(linear) == 4


def test_the_srgb_curve_is_that_of_its_standard() -> None:
    linear = np.array([-1, 0, 0.0031308, 0.18, 0.5, 1, 7], np.float32)

    # from the formula of IEC 61966-2-1
    assert shaper.srgb(linear) == pytest.approx([0, 0, 0.04045, 0.46136, 0.73536, 1, 1], abs=2e-5)


def test_between_0_and_1_the_picture_is_the_srgb_one_with_less_contrast() -> None:
    linear = np.linspace(0, 1, 1001, dtype=np.float32)
    shaped, srgb = shaper.shape(linear), shaper.srgb(linear)

    assert (shaped - shaped[0]) / (shaped[-1] - shaped[0]) == pytest.approx(srgb, abs=1e-6)
