"""A frame in tiles is the frame as a whole: no seam, no border, nothing left out."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from answerprint import tiles
from answerprint.contract import Cut
from answerprint.errors import InferenceError
from answerprint.tiles import Floats, Images


def tiled(**facts: Any) -> Cut:
    return Cut.model_validate({"mode": "tiles", "tile": 16, **facts})


def noise(*shape: int, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).uniform(-1, 100, shape).astype(np.float32)


def same(images: Images) -> Images:
    return {"out": images["in"]}


def larger(scale: int) -> Callable[[Images], Images]:
    """Each pixel `scale` times in both directions."""

    def infer(images: Images) -> Images:
        return {"out": images["in"].repeat(scale, -3).repeat(scale, -2)}

    return infer


def blurred(radius: int) -> Callable[[Images], Images]:
    """A box blur that sees zeros beyond what it is given, as most convolutions do.

    Sums in one order for each pixel: equal neighbourhoods give equal bits.
    """

    def infer(images: Images) -> Images:
        image = images["in"]
        for axis in (-3, -2):
            around = [(0, 0)] * image.ndim
            around[axis] = (radius, radius)
            wide = np.pad(image, around)
            length = image.shape[axis]
            image = np.zeros_like(image)
            for at in range(2 * radius + 1):
                image = image + np.take(wide, range(at, at + length), axis)
            image = image / np.float32(2 * radius + 1)
        return {"out": image}

    return infer


class Biased:
    """Each tile a little brighter or darker than it should be: the worst that a model does."""

    def __init__(self, bias: float) -> None:
        self.bias = bias

    def __call__(self, images: Images) -> Images:
        self.bias = -self.bias
        return {"out": images["in"] + np.float32(self.bias)}


def run(image: Floats, infer: Callable[[Images], Images], cut: Cut, scale: int = 1) -> Floats:
    return tiles.run({"in": image}, infer, cut=cut, scale={"out": scale})["out"]


cuts = st.builds(
    tiled,
    tile=st.integers(16, 40),
    context=st.integers(0, 9),
    overlap=st.integers(0, 9),
    multiple=st.sampled_from([1, 2, 3, 8, 16]),
)


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 130), st.integers(1, 130), cuts, st.sampled_from([1, 2, 3, 4]))
def test_a_model_that_looks_at_one_pixel_gives_the_same_bits_in_tiles(
    height: int, width: int, cut: Cut, scale: int
) -> None:
    image = noise(height, width, 2)

    made = run(image, larger(scale), cut, scale)

    assert made.dtype == np.float32
    assert np.array_equal(made, image.repeat(scale, 0).repeat(scale, 1))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), cuts)
def test_a_stack_of_frames_is_cut_as_one_frame_is(height: int, width: int, cut: Cut) -> None:
    image = noise(3, height, width, 1)

    assert np.array_equal(run(image, same, cut), image)


def test_a_model_that_sees_several_frames_may_give_one() -> None:
    image = noise(3, 60, 70, 3)

    made = run(image, lambda images: {"out": images["in"][1]}, tiled(context=4, overlap=4))

    assert np.array_equal(made, image[1])


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 130), st.integers(1, 130), cuts)
def test_every_piece_fits_the_multiple_and_all_are_of_one_size(
    height: int, width: int, cut: Cut
) -> None:
    plan = tiles.plan(height, width, cut=cut)

    sizes = {(one.rows.end - one.rows.start, one.columns.end - one.columns.start) for one in plan}
    assert len(sizes) == 1
    assert all(number % cut.multiple == 0 for size in sizes for number in size)
    for one in plan:
        for span in (one.rows, one.columns):
            assert span.start % cut.multiple == 0
            assert span.start >= 0


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 400), cuts)
def test_what_is_kept_has_all_its_context_and_covers_the_frame(width: int, cut: Cut) -> None:
    row = [one.columns for one in tiles.plan(8, width, cut=cut)]

    assert row[0].first == 0
    assert row[-1].last == width
    for one, other in itertools.pairwise(row):
        assert one.last - other.first == other.blend == 2 * cut.overlap
        assert one.end - one.last >= cut.context
        assert other.first - other.start >= cut.context
        assert other.first >= 0
        assert one.last <= width


@pytest.mark.parametrize("overlap", [0, 1, 5, 12])
@pytest.mark.parametrize("size", [(97, 131), (33, 200), (200, 20)])
def test_with_context_enough_tiles_are_the_whole_bit_for_bit(
    overlap: int, size: tuple[int, int]
) -> None:
    image = noise(*size, 2)
    cut = tiled(context=6, overlap=overlap)

    assert len(tiles.plan(*size, cut=cut)) > 1
    assert np.array_equal(run(image, blurred(6), cut), run(image, blurred(6), Cut()))


def test_also_where_a_size_is_no_multiple() -> None:
    image = noise(97, 131, 2)
    facts = {"context": 6, "overlap": 3, "multiple": 16}
    whole = Cut.model_validate(facts)

    assert np.array_equal(run(image, blurred(6), tiled(**facts)), run(image, blurred(6), whole))


def test_with_too_little_context_they_are_not() -> None:
    image = noise(97, 131, 2)

    made = run(image, blurred(6), tiled(context=3))

    assert np.abs(made - run(image, blurred(6), Cut())).max() > 1


def test_a_stride_falls_where_it_falls_in_the_whole_frame() -> None:
    """The mean of each 8x8 block: off by one pixel, every block would be another."""

    def infer(images: Images) -> Images:
        image = images["in"]
        height, width, channels = image.shape
        blocks = image.reshape(height // 8, 8, width // 8, 8, channels).mean((1, 3))
        return {"out": blocks.repeat(8, 0).repeat(8, 1)}

    image = noise(88, 150, 1)
    facts = {"context": 3, "overlap": 5, "multiple": 8, "tile": 20}

    made = run(image, infer, tiled(**facts))

    assert np.array_equal(made, run(image, infer, Cut.model_validate({**facts, "mode": "whole"})))


def seam(image: Floats, gradient: Floats) -> float:
    """The greatest step between neighbours beyond the gradient's own, as part of its range."""
    beyond = np.diff(image, axis=1) - np.diff(gradient, axis=1)
    return float(np.abs(beyond).max() / (gradient.max() - gradient.min()))


def test_a_difference_between_tiles_is_spread_and_makes_no_seam() -> None:
    """Tiles 2 % of the range apart; without overlap that is a step that anybody sees."""
    gradient = np.linspace(0, 1, 512, dtype=np.float32)[None, :, None].repeat(64, 0)

    blended = run(gradient, Biased(0.01), tiled(tile=128, context=8, overlap=32))
    butted = run(gradient, Biased(0.01), tiled(tile=128, context=8))

    assert seam(blended, gradient) < 0.001
    assert seam(butted, gradient) > 0.019


def test_a_seam_between_rows_is_spread_as_well() -> None:
    gradient = np.linspace(0, 1, 512, dtype=np.float32)[:, None, None].repeat(64, 1)

    blended = run(gradient, Biased(0.01), tiled(tile=128, context=8, overlap=32))

    turned = [one.transpose(1, 0, 2) for one in (blended, gradient)]
    assert seam(*turned) < 0.001


def test_weights_add_up_where_four_tiles_meet() -> None:
    """Each tile a number of its own: nothing leaves the range that the tiles span."""
    number = iter(range(100))

    made = run(
        np.zeros((90, 90, 1), np.float32),
        lambda images: {"out": np.full_like(images["in"], next(number))},
        tiled(overlap=8),
    )

    last = next(number) - 1
    assert made.min() == 0
    assert made.max() == last
    assert len(np.unique(made)) > 100


def test_an_infinity_of_one_tile_stays_where_it_is_nearer_and_makes_no_nan() -> None:
    answers = iter([np.inf, 1.0])

    made = run(
        np.zeros((8, 40, 1), np.float32),
        lambda images: {"out": np.full_like(images["in"], next(answers))},
        tiled(overlap=4),
    )

    assert np.isinf(made[:, :20]).all()
    assert (made[:, 20:] == 1).all()


def test_a_frame_that_need_not_be_cut_goes_in_one_piece_and_is_filled_up_by_reflection() -> None:
    seen: list[Floats] = []

    def infer(images: Images) -> Images:
        seen.append(images["in"])
        return same(images)

    image = np.arange(1, 4, dtype=np.float32).reshape(1, 3, 1)
    made = run(image, infer, tiled(multiple=8))

    assert [one.shape for one in seen] == [(8, 8, 1)]
    assert seen[0][0, :, 0].tolist() == [1, 2, 3, 3, 2, 1, 1, 2]
    assert np.array_equal(made, image)


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), cuts)
def test_every_piece_shows_the_frame_and_its_reflection(height: int, width: int, cut: Cut) -> None:
    seen: list[Floats] = []

    def infer(images: Images) -> Images:
        seen.append(images["in"])
        return same(images)

    image = noise(height, width, 1)
    run(image, infer, cut)

    wide = np.pad(image, ((0, 64), (0, 64), (0, 0)), "symmetric")
    plan = tiles.plan(height, width, cut=cut)
    for one, piece in zip(plan, seen, strict=True):
        rows, columns = one.rows, one.columns
        assert np.array_equal(piece, wide[rows.start : rows.end, columns.start : columns.end])
        assert piece.flags.c_contiguous


def test_a_direction_that_is_short_enough_is_not_cut() -> None:
    plan = tiles.plan(30, 300, cut=tiled(tile=32, context=4), tile=64)

    assert {(one.rows.first, one.rows.last) for one in plan} == {(0, 30)}
    assert len({one.columns for one in plan}) == len(plan) > 1


def test_several_inputs_are_cut_alike() -> None:
    images = {"a": noise(70, 80, 3), "b": noise(70, 80, 1, seed=2)}

    made = tiles.run(
        images,
        lambda held: {"sum": held["a"] + held["b"], "b": held["b"]},
        cut=tiled(context=3, overlap=2),
        scale={"sum": 1, "b": 1},
    )

    assert np.array_equal(made["sum"], images["a"] + images["b"])
    assert np.array_equal(made["b"], images["b"])


def test_an_output_of_another_size_is_refused_with_both_sizes() -> None:
    with pytest.raises(InferenceError, match=r"out of shape \(40, 40, 1\).*40x40; 80x80 was due"):
        run(noise(90, 90, 1), same, tiled(context=12), scale=2)


def test_an_output_of_its_own_size_comes_as_it_is_unless_the_frame_is_cut() -> None:
    def infer(images: Images) -> Images:
        return {"out": images["in"][:2, :5]}

    image = noise(90, 90, 1)

    own = tiles.run({"in": image}, infer, cut=Cut(), scale={})["out"]
    assert np.array_equal(own, image[:2, :5])
    with pytest.raises(InferenceError, match="size of its own"):
        tiles.run({"in": image}, infer, cut=tiled(), scale={})


def test_tiles_that_differ_in_their_outputs_are_refused() -> None:
    names = iter(["out", "other"])
    channels = iter([1, 2])

    with pytest.raises(InferenceError, match="outputs other for one tile, out before"):
        tiles.run(
            {"in": noise(90, 90, 1)},
            lambda images: {next(names): images["in"]},
            cut=tiled(),
            scale={"out": 1, "other": 1},
        )
    with pytest.raises(InferenceError, match="other frames or channels"):
        run(
            noise(90, 90, 1),
            lambda images: {"out": images["in"].repeat(next(channels), -1)},
            tiled(),
        )


@pytest.mark.parametrize(
    ("tile", "multiple", "expected"),
    [(None, 1, 128), (128, 1, 64), (100, 1, 64), (64, 1, None), (20, 1, None), (256, 200, 200)],
)
def test_the_next_smaller_tile(tile: int | None, multiple: int, expected: int | None) -> None:
    assert tiles.smaller(tiled(tile=256, multiple=multiple), tile) == expected
    assert tiles.smaller(Cut(), tile) is None


def test_a_large_frame_takes_its_output_and_little_more() -> None:
    """8K x 1K of one channel: an output of 32 MB, and no second one beside it."""
    image = np.zeros((1024, 8192, 1), np.float32)
    tracemalloc.start()

    run(image, same, tiled(tile=256, context=16, overlap=16, multiple=16))

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.25 * image.nbytes
