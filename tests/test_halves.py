"""Halves: every one of them widened and counted as numpy has it, and every float narrowed so."""

from __future__ import annotations

import warnings
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st
from numpy.typing import NDArray

from answerprint import halves

ALL = np.arange(65536).astype(np.uint16).view(np.float16)
BITS = {2: np.uint16, 4: np.uint32}


def bits(pixels: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(pixels).view(BITS[pixels.itemsize])


def same(made: NDArray[Any], exact: NDArray[Any]) -> bool:
    """Bit for bit, but for NaN, of which the sign is looked at."""
    nan = np.isnan(exact)
    return (
        (made.dtype, made.shape) == (exact.dtype, exact.shape)
        and np.array_equal(np.isnan(made), nan)
        and np.array_equal(np.signbit(made), np.signbit(exact))
        and np.array_equal(bits(made)[~nan], bits(exact)[~nan])
    )


def as_numpy_narrows(pixels: NDArray[Any]) -> NDArray[np.float16]:
    with np.errstate(over="ignore"):
        return pixels.astype(np.float16)


def floats(codes: NDArray[Any]) -> NDArray[np.float32]:
    return codes.astype(np.uint32).view(np.float32)


def test_every_half_is_widened_as_numpy_has_it() -> None:
    assert same(halves.widen(ALL), ALL.astype(np.float32))


def test_every_half_comes_back_as_it_was() -> None:
    assert same(halves.narrow(halves.widen(ALL)), ALL)


def test_all_around_every_half_floats_are_narrowed_to_the_nearest() -> None:
    """The half itself, the tie half way to the next one, and the floats beside both."""
    exact = bits(ALL.astype(np.float32)).astype(np.int64)
    steps = np.array([-0x1001, -0x1000, -0xFFF, -1, 0, 1, 0xFFF, 0x1000, 0x1001])
    around = floats((exact[:, None] + steps) & 0xFFFFFFFF)

    assert same(halves.narrow(around), as_numpy_narrows(around))


def test_ties_among_subnormals_and_at_the_top_go_to_even() -> None:
    least = 2.0**-24
    ties = np.array([0.5, 1.5, 2.5, 1022.5, 1023.5], np.float32) * np.float32(least)
    top = np.array([65519.996, 65520, 1e30], np.float32)

    assert (halves.narrow(ties).astype(np.float64) / least).tolist() == [0, 2, 2, 1022, 1024]
    assert halves.narrow(top).tolist() == [65504, np.inf, np.inf]
    assert halves.narrow(-top).tolist() == [-65504, -np.inf, -np.inf]


def test_floats_of_any_bits_are_narrowed_as_numpy_has_it() -> None:
    codes = np.random.default_rng(11).integers(0, 2**32, 2_000_000, np.uint32)

    assert same(halves.narrow(floats(codes)), as_numpy_narrows(floats(codes)))


@settings(max_examples=300)
@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=20))
@example([0x7F800001, 0xFFC00001, 0x7F800000, 0x80000000, 1])
def test_any_floats_are_narrowed_as_numpy_has_it(codes: list[int]) -> None:
    pixels = floats(np.array(codes, np.uint32))

    assert same(halves.narrow(pixels), as_numpy_narrows(pixels))


VIEWS: dict[str, Any] = {
    "whole": lambda image: image,
    "one channel": lambda image: image[..., 0],
    "some channels": lambda image: image[..., 1:3],
    "a region": lambda image: image[2:5, 1:4],
    "upside down": lambda image: image[::-1, ::2],
    "transposed": lambda image: image.T,
    "a row": lambda image: image[3, :, 0],
    "a sample": lambda image: image[3, 2, 0],
    "no rows": lambda image: image[:0],
    "two frames": lambda image: np.stack([image, image[::-1]]),
    "many channels": lambda image: image.reshape(1, 1, -1),
    "the other byte order": lambda image: image.astype(image.dtype.newbyteorder()),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=list(VIEWS))
def test_any_view_of_any_shape_is_turned_and_stays_as_it_was(view: Any) -> None:
    image = np.random.default_rng(3).normal(0, 2, (7, 9, 100)).astype(np.float16)
    short, long = np.asarray(view(image)), np.asarray(view(image.astype(np.float32)))
    before = short.tobytes(), long.tobytes()

    assert same(halves.widen(short), long.astype("=f4"))
    assert same(halves.narrow(long), short.astype("=f2"))
    assert (short.tobytes(), long.tobytes()) == before


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.uint32])
def test_what_is_made_is_an_array_of_its_own_whatever_the_type(kind: Any) -> None:
    """Callers replace NaN in it, and the plate's own pixels are shared by others."""
    image = np.array([[0, 1, 70000]], kind) if kind != np.float16 else ALL[None, :3]

    for made in (halves.widen(image), halves.narrow(image)):
        assert not np.shares_memory(made, image)
    assert same(halves.widen(image), image.astype(np.float32))
    assert same(halves.narrow(image), as_numpy_narrows(image))


def test_what_is_too_bright_is_inf_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = [halves.narrow(np.array([1e6], kind)) for kind in (np.float32, np.float64)]

    assert [one[0] for one in made] == [np.inf, np.inf]


def test_every_half_is_counted_once_in_its_own_place() -> None:
    assert halves.count(ALL[::-1].reshape(256, 256)).tolist() == [1] * 65536
    assert np.array_equal(halves.VALUES, ALL.astype(np.float64), equal_nan=True)


@settings(max_examples=100)
@given(st.lists(st.integers(0, 65535), max_size=40))
def test_halves_are_counted_as_numpy_has_it(codes: list[int]) -> None:
    image = np.array(codes, np.uint16)

    assert np.array_equal(halves.count(image.view(np.float16)), np.bincount(image, minlength=65536))


def test_more_of_one_half_than_a_32_bit_float_can_count_are_counted() -> None:
    """A black 8K frame of three channels: 2^24 + 1 is no float."""
    image = np.zeros((1 << 24) + 2, np.float16)
    image[-1] = 1

    numbers = halves.count(image)

    assert (numbers[0], numbers.sum()) == ((1 << 24) + 1, (1 << 24) + 2)


def test_channels_are_counted_where_they_lie() -> None:
    image = np.random.default_rng(4).normal(0, 1, (20, 30, 3)).astype(np.float16)

    each = [halves.count(image[..., channel]) for channel in range(3)]

    assert np.array_equal(sum(each), halves.count(image))


def test_opencv_has_no_threads_of_its_own_beside_ours() -> None:
    assert cv2.getNumThreads() == 1
