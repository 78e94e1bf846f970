"""The pixel report: every measure as numpy has it, and a sentence for what an artist should know."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st
from numpy.typing import NDArray

from answerprint.report import Levels, measure, warnings

Image = NDArray[Any]


def images(kind: Any) -> st.SearchStrategy[Image]:
    """Images of any shape, the empty one among them, with any number in them."""
    numbers = st.floats(width=16) if kind == np.float16 else st.floats(width=32)
    special = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0])
    shapes = st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(1, 4))
    return shapes.flatmap(
        lambda shape: st.lists(
            st.one_of(numbers, special),
            min_size=math.prod(shape),
            max_size=math.prod(shape),
        ).map(lambda held: np.array(held, kind).reshape(shape))
    )


any_image = st.one_of(images(np.float16), images(np.float32))
ALL_NAN = np.full((2, 3, 3), np.nan, np.float32)
EMPTY = np.zeros((0, 5, 3), np.float16)


@settings(max_examples=120)
@given(any_image)
@example(ALL_NAN)
@example(EMPTY)
@example(np.array([[np.inf, -np.inf]], np.float32))
def test_every_sample_is_counted_once(image: Image) -> None:
    found = measure(image)

    assert found.samples == image.size
    assert found.nan == sum(math.isnan(one) for one in image.flat)
    assert found.inf == sum(math.isinf(one) for one in image.flat)
    assert found.non_finite == image.size - int(np.isfinite(image).sum())


@settings(max_examples=120)
@given(any_image)
@example(np.full((100, 100, 3), 60000, np.float16))
@example(np.array([[3e38, 3e38, -1.0]], np.float32))
@example(np.array([[1, 3.4028235e38, -3.4028235e38]], np.float32))
def test_the_measures_are_those_of_the_finite_samples(image: Image) -> None:
    finite = [float(one) for one in image.flat if math.isfinite(one)] or [0.0]

    found = measure(image)

    assert (found.least, found.greatest) == (min(finite), max(finite))
    exact = math.fsum(finite) / len(finite)
    assert found.mean == pytest.approx(exact, abs=1e-12 * max(map(abs, finite)))
    assert found.negative == sum(one < 0 for one in finite)
    assert found.above_one == sum(one > 1 for one in finite)


@given(any_image)
@example(ALL_NAN)
@example(EMPTY)
def test_a_report_is_a_document_with_nothing_in_it_that_json_does_not_know(image: Image) -> None:
    held = json.loads(json.dumps(measure(image).as_json(), allow_nan=False))

    assert 0 <= held["above_one_share"] <= 1
    assert held["above_one_share"] == pytest.approx(
        held["above_one"] / max(held["samples"], 1), abs=1e-6
    )


@pytest.mark.parametrize("image", [ALL_NAN, EMPTY], ids=["all NaN", "empty"])
def test_where_nothing_can_be_measured_there_is_zero(image: Image) -> None:
    found = measure(image)

    assert (found.least, found.greatest, found.mean, found.above_one_share) == (0, 0, 0, 0)
    assert found.nan == (18 if image.size else 0)


@given(any_image)
def test_measuring_changes_nothing(image: Image) -> None:
    before = image.tobytes()

    measure(image)

    assert image.tobytes() == before


def test_a_picture_like_any_other_is_measured_as_numpy_has_it() -> None:
    image = np.random.default_rng(5).normal(0.5, 1, (270, 480, 3)).astype(np.float16)

    found = measure(image)

    exact = image.astype(np.float64)
    assert (found.least, found.greatest) == (exact.min(), exact.max())
    assert found.mean == pytest.approx(exact.mean())
    assert found.negative == (exact < 0).sum()
    assert found.above_one_share == pytest.approx((exact > 1).mean())
    assert (found.nan, found.inf) == (0, 0)


@given(images(np.float16))
@example(np.array([[np.nan, np.inf, -np.inf, -0.0, 65504, -65504, 6e-8]], np.float16))
def test_halves_are_counted_and_floats_looked_through_with_one_result(image: Image) -> None:
    counted, seen = measure(image), measure(image.astype(np.float32))

    assert counted.mean == pytest.approx(seen.mean, rel=1e-12, abs=1e-12)
    assert replace(counted, mean=0) == replace(seen, mean=0)


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_a_channel_is_measured_where_it_lies(kind: Any) -> None:
    image = np.random.default_rng(6).normal(0.5, 1, (27, 48, 3)).astype(kind)

    assert measure(image[..., 1]) == measure(image[..., 1].copy())


def test_whole_numbers_are_measured_too() -> None:
    found = measure(np.array([[0, 1, 2**32 - 1]], np.uint32))

    assert (found.least, found.greatest, found.mean) == (0, 2**32 - 1, 2**32 / 3)
    assert (found.samples, found.negative, found.above_one, found.non_finite) == (3, 0, 1, 0)


def levels(*samples: float) -> Levels:
    return measure(np.array(samples, np.float32))


PLAIN = levels(0.0, 0.5)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (PLAIN, PLAIN, []),
        (levels(-1, -2, 0.5), PLAIN, ["beauty: 2 samples below 0 in, none out"]),
        (levels(-1, -2, 0.5), levels(-0.001, 0), []),
        (levels(28.687, 0.5), levels(1, 0.5), ["beauty: highlights 28.69 in, 1 out"]),
        (levels(28.687, 0.5), levels(1.01, 0.5), []),
        (
            levels(70000, 80000, 2),
            levels(math.inf, math.inf, 2),
            ["beauty: 2 samples too bright for half, now inf"],
        ),
        (levels(12345.6, 0), levels(0.5, 0), ["beauty: highlights 12346 in, 0.5 out"]),
        (levels(-0.0, 2), levels(-0.25, 2), ["beauty: 1 sample below 0 out, none in, to -0.25"]),
        (levels(math.inf, 0), levels(math.inf, 0), []),
        (levels(math.inf, 0), levels(0, 0), []),
        (PLAIN, levels(math.nan, math.nan), ["beauty: 2 samples became NaN"]),
        (levels(math.nan, 0), levels(math.nan, math.nan, math.nan), ["beauty: 2 samples became NaN"]),
        (levels(math.nan, math.nan), levels(math.nan, 0), []),
    ],
)  # fmt: skip
def test_what_an_artist_should_know_is_said_in_a_sentence(
    before: Levels, after: Levels, said: list[str]
) -> None:
    assert warnings(before, after, "beauty") == said


def test_all_that_happened_is_said() -> None:
    before = levels(-1, -1, 5, 0, 0, 0, 0)
    after = levels(0, 0.5, 0, 0.2, 0.1, math.nan, math.nan)

    assert warnings(before, after, "N") == [
        "N: 2 samples below 0 in, none out",
        "N: highlights 5 in, 0.5 out",
        "N: 2 samples became NaN",
    ]


@given(any_image)
def test_a_frame_that_stays_as_it_was_is_not_warned_of(image: Image) -> None:
    assert warnings(measure(image), measure(image.copy()), "beauty") == []
