"""Gates of pictures: each sees its own fault, none cries for what a good model does."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from answerprint import gates, lens, sights
from answerprint.gate import Gate, Measure
from answerprint.picture import Window
from answerprint.sight import Sight, Sketch, Whole, sketch

Pixels = NDArray[Any]
Frames = Sequence[Pixels]
Spoil = Callable[[list[Pixels]], list[Pixels]]

WIDTH, HEIGHT, FIRST, COUNT = 192, 128, 1001, 4
GATES = {name: gate for name, gate in gates.found().items() if gate.kind == "image"}
FRAME = [gate for gate in GATES.values() if gate.scope == "frame"]
PAIR = [gate for gate in GATES.values() if gate.scope == "pair"]


def scene(moment: int, width: int = WIDTH, height: int = HEIGHT) -> Pixels:
    """A wall with waves on it that pans, a ball before it with a sharp edge, and a lamp of 12."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    across = columns + 3 * moment
    wall = 0.2 + 0.1 * np.sin(across / 5) * np.cos(rows / 7) + 0.05 * np.sin(across / 2.1 + rows)
    image = wall[..., None] * np.array([1.0, 0.8, 0.6], np.float32)
    ball = (columns - 60 - moment) ** 2 + (rows - 70) ** 2 < 24**2
    image[ball] = np.float32(2) * image[ball][:, ::-1] + np.float32(0.5)
    lamp = np.exp(-((columns - 140) ** 2 + (rows - 30) ** 2) / 90)
    return np.asarray(image + np.float32(12) * lamp[..., None], np.float32)


def grain(image: Pixels, seed: int, amount: float = 0.02) -> Pixels:
    noise = np.random.default_rng(seed).standard_normal(image.shape, np.float32)
    return np.asarray(image + amount * np.sqrt(np.maximum(image, 0)) * noise, np.float32)


CLEAN = [scene(moment) for moment in range(COUNT)]
PLATE = [grain(image, seed) for seed, image in enumerate(CLEAN)]


def window(image: Pixels, left: int = 0, top: int = 0) -> Window:
    return Window(left, top, left + image.shape[1] - 1, top + image.shape[0] - 1)


def sight(made: Pixels, plate: Pixels | None, number: int = FIRST, **more: Any) -> Sight:
    over = {"window": window(made), "plate_window": window(made if plate is None else plate)}
    return Sight(number, "rgba", made, plate, **{**over, **more})


def worst(name: str, made: Frames, plate: Frames = PLATE, **more: Any) -> Measure:
    """The worst that a gate finds in these frames; a gate that measures nothing is a fault here."""
    sights = [
        sight(*both, FIRST + at, **more) for at, both in enumerate(zip(made, plate, strict=True))
    ]
    gate = GATES[name]
    if gate.scope == "frame":
        found = [gate.measure(one) for one in sights]
    else:
        found = [gate.measure(*pair) for pair in itertools.pairwise(map(sketch, sights))]
    held = [one for one in found if one is not None]
    assert held
    return max(held, key=lambda one: one.number)


def everything(sights: Sequence[Sight], order: Sequence[Gate]) -> dict[str, list[Measure | None]]:
    sketches = [sketch(one) for one in sights]
    return {
        gate.name: [gate.measure(one) for one in sights]
        if gate.scope == "frame"
        else [gate.measure(*pair) for pair in itertools.pairwise(sketches)]
        for gate in order
    }


def one_frame(change: Callable[[Pixels], Pixels], at: int = 2) -> Spoil:
    return lambda made: [change(one) if place == at else one for place, one in enumerate(made)]


def each_frame(change: Callable[[Pixels], Pixels]) -> Spoil:
    return lambda made: [change(one) for one in made]


def moved(image: Pixels, right: float, down: float = 0) -> Pixels:
    by = np.array([[1, 0, right], [0, 1, down]], np.float32)
    size = image.shape[1::-1]
    return cv2.warpAffine(image, by, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def sharpened(image: Pixels, amount: float) -> Pixels:
    soft = cv2.GaussianBlur(image, (0, 0), 1.5)
    return np.asarray(image + np.float32(amount) * (image - soft))


def bilateral(image: Pixels) -> Pixels:
    return cv2.bilateralFilter(image, 5, 0.15, 2)


def with_patch(image: Pixels) -> Pixels:
    out = image.copy()
    out[40:72, 120:152] = image[84:116, 10:42]
    return out


def with_sample(number: float) -> Callable[[Pixels], Pixels]:
    def change(image: Pixels) -> Pixels:
        out = image.copy()
        out[17, 33, 1] = number
        return out

    return change


def in_tiles(image: Pixels) -> Pixels:
    """Every second tile of 64 is 2 % brighter."""
    out = image.copy()
    for row, column in itertools.product(range(0, HEIGHT, 64), range(0, WIDTH, 64)):
        out[row : row + 64, column : column + 64] *= 1 + 0.02 * ((row + column) // 64 % 2)
    return out


def swapped(made: list[Pixels]) -> list[Pixels]:
    return [made[0], made[2], made[1], made[3]]


# What is wrong, which gate says so, and the number that it is at least; 0 more than nothing
WRONG: list[tuple[str, Spoil, str, float]] = [
    ("one NaN", one_frame(with_sample(np.nan)), "nonfinite", 1),
    ("one inf", one_frame(with_sample(np.inf)), "nonfinite", 1),
    ("black", one_frame(np.zeros_like), "black", 1),
    ("grey", one_frame(lambda one: np.full_like(one, 0.18)), "constant", 3),
    ("no green", one_frame(lambda one: one * np.array([1, 0, 1], np.float32)), "constant", 1),
    ("frozen", lambda made: [made[0], made[1], made[1], made[3]], "repeat", 1),
    ("two swapped", swapped, "order", 1),
    ("1 % brighter once", one_frame(lambda one: one * np.float32(1.01)), "flicker", 0.01),
    ("3 % brighter", each_frame(lambda one: one * np.float32(1.03)), "drift", 0.03),
    ("blue for red", each_frame(lambda one: one[..., ::-1]), "drift", 0.3),
    ("a patch", one_frame(with_patch), "structure", 0.2),
    ("a frame that stands", lambda made: [grain(made[0], 9)] * 2 + made[2:], "temporal", 0.3),
    ("half a pixel", each_frame(lambda one: moved(one, 0.5)), "shift", 0.4),
    ("nine pixels", each_frame(lambda one: moved(one, 9, -4)), "shift", 8),
    ("cut off at 1", each_frame(lambda one: np.clip(one, 0, 1)), "highlights", 2),
    ("tiles", each_frame(in_tiles), "seam", 0.01),
    ("too sharp", each_frame(lambda one: sharpened(one, 3)), "halo", 0.3),
    ("less than 0", each_frame(lambda one: one - np.float32(0.2)), "negative", 5),
    ("twice the grain", each_frame(lambda one: grain(one, 5, 0.04)), "grain", 1),
]
# What a good model, or a good plate, may do; and each gate's number then, at most
RIGHT: list[tuple[str, Spoil]] = [
    ("grain is gone", lambda _: CLEAN),
    ("bilateral", each_frame(bilateral)),
    ("rounded to half", each_frame(lambda one: one.astype(np.float16))),
    ("a little sharper", each_frame(lambda one: sharpened(one, 0.2))),
    ("1 in 1000 brighter", each_frame(lambda one: one * np.float32(1.001))),
]
AT_MOST = {
    "nonfinite": 0,
    "black": 0,
    "constant": 0,
    "repeat": 0,
    "layout": 0,
    "provenance": 0,
    "negative": 0.1,
    "drift": 0.005,
    "flicker": 0.0015,
    "structure": 0.03,
    "temporal": 0.1,
    "order": 0,
    "seam": 0.005,
    "highlights": 0.04,
    "shift": 0.05,
    "halo": 0.1,
}


@pytest.mark.parametrize(
    ("spoil", "name", "least"), [one[1:] for one in WRONG], ids=[one[0] for one in WRONG]
)
def test_a_fault_is_seen_by_its_gate(spoil: Spoil, name: str, least: float) -> None:
    assert worst(name, spoil(list(PLATE)), tile=(64, 0)).number >= least


@pytest.mark.parametrize("name", AT_MOST)
@pytest.mark.parametrize("change", [one[1] for one in RIGHT], ids=[one[0] for one in RIGHT])
def test_what_a_good_model_does_is_no_fault(change: Spoil, name: str) -> None:
    assert worst(name, change(list(PLATE)), tile=(64, 0)).number <= AT_MOST[name]


@pytest.mark.parametrize("kind", ["float16", "float32"])
def test_a_frame_that_is_its_plate_gives_0_everywhere(kind: str) -> None:
    plate = [one.astype(kind) for one in PLATE]
    alpha = np.ones((HEIGHT, WIDTH), kind)
    sights = [
        sight(one, one, FIRST + at, tile=(64, 8), alpha=alpha) for at, one in enumerate(plate)
    ]

    for name, found in everything(sights, [*FRAME, *PAIR]).items():
        assert [one and one.number for one in found] == [0] * len(found), name


def test_a_flash_in_the_plate_is_no_flicker() -> None:
    flash = one_frame(lambda one: one * np.float32(4))

    assert worst("flicker", flash(list(CLEAN)), flash(list(PLATE))).number < 0.003
    assert worst("order", flash(list(CLEAN)), flash(list(PLATE))).number == 0


def test_a_plate_that_stands_still_may_be_repeated() -> None:
    still = [CLEAN[0]] * COUNT

    assert worst("repeat", still, still).number == 0


def test_a_still_plate_with_grain_moves_no_less_without_it() -> None:
    plate = [grain(CLEAN[0], seed) for seed in range(COUNT)]

    assert worst("temporal", [CLEAN[0]] * COUNT, plate).number < 0.1


def test_a_take_that_moves_less_is_seen_like_one_that_moves_more() -> None:
    """Every frame is the first one again, each with grain of its own, so that none repeats."""
    still = [grain(CLEAN[0], seed) for seed in range(COUNT)]

    assert worst("temporal", still, CLEAN).number > 0.3
    assert worst("temporal", CLEAN, still).number > 0.3


def test_the_earlier_of_two_may_be_the_one_in_the_wrong_place() -> None:
    assert worst("order", [PLATE[1], PLATE[1]], PLATE[:2]).number > 1
    assert worst("order", [PLATE[0], PLATE[0]], PLATE[:2]).number > 1


def test_a_frame_as_bright_as_its_neighbours_plate_is_not_its_neighbour() -> None:
    """That is drift, or flicker; order looks at what is in the frames."""
    bright = CLEAN[0] * np.float32(1.5)

    assert worst("order", [bright, bright], [CLEAN[0], bright]).number < 0.2


def test_a_plate_with_more_grain_than_picture_has_no_structure_to_lose() -> None:
    plate = [grain(one, seed, 0.5) for seed, one in enumerate(CLEAN)]

    assert worst("structure", CLEAN, plate).number < 0.15
    assert worst("structure", [with_patch(one) for one in CLEAN], CLEAN).number > 0.3


def test_an_empty_matte_repeats_nothing() -> None:
    empty = [np.zeros((HEIGHT, WIDTH, 1), np.float32)] * COUNT
    plate = [one[..., :1] for one in PLATE]

    assert worst("repeat", empty, plate, colour=False).number == 0


def _matte(moment: int) -> Pixels:
    """Of the ball in `scene`, with a soft edge."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    away = np.hypot(columns - 60 - moment, rows - 70)
    return np.asarray(np.clip((26 - away) / 4, 0, 1)[..., None], np.float32)


def _repeated(moments: Sequence[int], pictures: Frames) -> float:
    """The greatest number of `repeat` in mattes of these moments, made of these pictures."""
    sights = []
    for at, (moment, picture) in enumerate(zip(moments, pictures, strict=True)):
        one = sight(_matte(moment), None, FIRST + at, colour=False)
        one.origin = picture[..., 1]
        sights.append(sketch(one))
    found = [GATES["repeat"].measure(*pair) for pair in itertools.pairwise(sights)]
    return max(one.number for one in found if one is not None)


def test_a_matte_repeats_where_what_it_was_made_of_moves() -> None:
    still = [grain(CLEAN[0], seed) for seed in range(COUNT)]

    assert _repeated([0, 1, 1, 3], PLATE) == 1
    assert _repeated([0, 1, 2, 3], PLATE) == 0
    assert _repeated([0, 0, 0, 0], still) == 0


def test_a_firefly_may_go() -> None:
    plate = [with_sample(500)(one) for one in PLATE]

    for name in ("drift", "flicker", "highlights", "structure", "shift"):
        assert worst(name, CLEAN, plate).number <= AT_MOST[name], name


def test_a_shift_is_told_by_direction() -> None:
    found = worst("shift", [moved(one, 0.5, -1) for one in CLEAN], CLEAN)

    assert found.number == pytest.approx(np.hypot(0.5, 1), abs=0.2)
    assert "right" in found.note
    assert found.note.startswith("+0.")


def test_a_flat_frame_full_of_grain_lies_nowhere_else() -> None:
    flat = [np.full((HEIGHT, WIDTH, 3), 0.18, np.float32)] * 2

    noisy = [grain(one, seed, 0.1) for seed, one in enumerate(flat)]
    assert worst("shift", flat, noisy).number == 0


def test_nan_of_the_plate_is_not_the_models() -> None:
    plate = [with_sample(np.nan)(one) for one in PLATE]

    assert worst("nonfinite", plate, plate).number == 0
    assert worst("nonfinite", [with_sample(np.inf)(one) for one in PLATE], plate).number == 0


def test_nan_in_alpha_counts_too() -> None:
    alpha = np.ones((HEIGHT, WIDTH), np.float16)
    alpha[3, 4] = np.nan

    assert worst("nonfinite", PLATE, alpha=alpha).number == 1
    assert worst("alpha", PLATE, alpha=alpha).number == 0


@pytest.mark.parametrize(("value", "number"), [(1.25, 0.25), (-0.5, 0.5), (0.5, 0)])
def test_alpha_is_told_by_how_far_it_goes(value: float, number: float) -> None:
    alpha = np.ones((HEIGHT, WIDTH), np.float16)
    alpha[3, 4] = value
    found = worst("alpha", PLATE, alpha=alpha)

    assert found.number == pytest.approx(number)
    assert found.box == (Window(4, 3, 4, 3) if number else None)


def test_depth_of_one_value_is_no_depth() -> None:
    flat = np.full((HEIGHT, WIDTH, 1), 7, np.float32)

    found = GATES["constant"].measure(sight(flat, None, colour=False))
    assert found is not None
    assert found.number == 1
    assert GATES["constant"].measure(sight(flat, None)) is None


def test_without_a_plate_only_what_needs_none_is_measured() -> None:
    one = sight(with_sample(np.nan)(PLATE[0]), None, asked=("R is float, half was asked for",))
    held = {gate.name for gate in FRAME if gate.measure(one) is not None}

    assert held == {"nonfinite", "layout", "provenance"}
    assert all(gate.measure(sketch(one), sketch(one)) is None for gate in PAIR)


def test_data_is_not_judged_as_light() -> None:
    one = sight(PLATE[0] - 1, PLATE[0], colour=False, tile=(64, 0))
    light = {
        "black",
        "drift",
        "structure",
        "seam",
        "highlights",
        "grain",
        "shift",
        "halo",
        "negative",
    }

    assert all(GATES[name].measure(one) is None for name in light)
    assert all(
        GATES[name].measure(sketch(one), sketch(one)) is None
        for name in ("flicker", "temporal", "order")
    )


def test_a_frame_made_whole_has_no_seams() -> None:
    assert GATES["seam"].measure(sight(CLEAN[0], PLATE[0])) is None


def test_seams_are_looked_for_where_they_are_known_to_be() -> None:
    made = CLEAN[0].copy()
    made[:, 100:] *= np.float32(1.02)
    known = worst("seam", [made], [CLEAN[0]], seams=((100,), ()))

    assert known.number > 0.02
    assert known.box == Window(96, 0, 103, HEIGHT - 1)
    assert worst("seam", [made], [CLEAN[0]], seams=((40,), ())).number == 0


def test_what_is_not_as_asked_is_told_in_its_words() -> None:
    found = worst("layout", PLATE, asked=("depth is missing", "R is float, half was asked for"))

    assert found.number == 2
    assert found.note == "depth is missing; R is float, half was asked for"
    assert (
        worst("provenance", PLATE, provenance="its signature is wrong").note
        == "its signature is wrong"
    )


def test_frames_that_are_missing_are_named() -> None:
    whole = Whole(tuple(str(one) for one in range(1001, 1011)), ("1001", "1003", "1011"))
    found = GATES["complete"].measure(whole)

    assert found is not None
    assert found.number == 9
    assert found.note == "missing: 1002, 1004, 1005, 1006, 1007 and 3 more; not asked for: 1011"


@pytest.mark.parametrize("scale", [2, 3])
def test_a_larger_take_is_held_against_its_plate_in_the_plates_size(scale: int) -> None:
    """A bicubic enlargement is right; moved by a pixel of its own it is seen to be."""
    made = [
        cv2.resize(one, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC) for one in CLEAN
    ]
    limits = {**AT_MOST, "highlights": 0.05}

    for name in (
        "drift",
        "flicker",
        "structure",
        "temporal",
        "order",
        "highlights",
        "shift",
        "halo",
    ):
        assert worst(name, made, CLEAN, scale=scale).number <= limits[name], name
    off = worst("shift", [moved(one, 1) for one in made], CLEAN, scale=scale)
    assert off.number == pytest.approx(1, abs=0.25)


def test_boxes_are_where_the_fault_is() -> None:
    lies: dict[str, Any] = {"window": Window(1000, 50, 1000 + WIDTH - 1, 50 + HEIGHT - 1)}
    lies["plate_window"] = lies["window"]
    patch = worst("structure", one_frame(with_patch)(list(PLATE)), **lies).box
    lamp = worst("highlights", [np.clip(one, 0, 1) for one in PLATE], **lies).box
    sample = worst("nonfinite", [with_sample(np.nan)(one) for one in PLATE], **lies).box

    assert patch is not None
    assert lamp is not None
    assert abs(patch.left - 1120) <= 16
    assert abs(patch.top - 90) <= 16
    assert lamp.left <= 1140 <= lamp.right
    assert lamp.top <= 80 <= lamp.bottom
    assert sample == Window(1033, 67, 1033, 67)


def test_only_where_both_lie_is_compared() -> None:
    """A plate with a border around what was made, and the other way round."""
    inner = CLEAN[0][16:112, 24:168]
    small, large = window(inner, 24, 16), window(CLEAN[0])

    for made, own, plate, its in ((inner, small, CLEAN[0], large), (CLEAN[0], large, inner, small)):
        one = sight(made, plate, window=own, plate_window=its)
        for gate in FRAME:
            found = gate.measure(one)
            assert found is None or found.number == 0, gate.name


def test_frames_that_share_no_pixel_have_nothing_to_compare() -> None:
    one = sight(CLEAN[0], CLEAN[0], plate_window=Window(5000, 0, 5000 + WIDTH - 1, HEIGHT - 1))

    for gate in FRAME:
        found = gate.measure(one)
        assert found is None or found.number == 0, gate.name
    assert sketch(one).plate is None


def test_a_sketch_is_small_whatever_the_frame() -> None:
    plate = np.zeros((1080, 2048, 3), np.float16)
    found = sketch(sight(plate, plate))

    assert max(found.made.shape) <= 240
    assert found.made.shape[1] * found.step <= 2048 < (found.made.shape[1] + 1) * found.step


EVERY_NUMBER = st.one_of(
    st.floats(width=32),
    st.sampled_from([0.0, -0.0, np.nan, np.inf, -np.inf, 65504.0, -(2.0**127), 2.0**127]),
)


@st.composite
def frames(draw: st.DrawFn) -> tuple[list[Pixels], list[Pixels], int]:
    """Two frames of any size and content, of halves or floats, and their plates."""
    scale = draw(st.sampled_from([1, 2]))
    height, width = draw(st.integers(1, 70)), draw(st.integers(1, 70))
    kind, channels = draw(st.sampled_from([np.float16, np.float32])), draw(st.sampled_from([1, 3]))

    def image(size: int) -> Pixels:
        rough = draw(arrays.arrays(np.float32, (4, 3, channels), elements=EVERY_NUMBER))
        times = -(-height * size // 4), -(-width * size // 3)
        whole = np.kron(np.ones((*times, 1)), rough)[: height * size, : width * size]
        with np.errstate(over="ignore"):
            return np.asarray(whole.astype(kind))

    with np.errstate(invalid="ignore"):
        return [image(scale) for _ in range(2)], [image(1) for _ in range(2)], scale


@settings(max_examples=50, deadline=None)
@given(frames(), st.randoms(use_true_random=False))
@pytest.mark.filterwarnings("error")
def test_whatever_is_in_a_frame_a_gate_gives_a_number(
    drawn: tuple[list[Pixels], list[Pixels], int], chance: Any
) -> None:
    """Finite, from 0 on, its box inside the frame, in any order of gates, and nothing is changed."""
    made, plate, scale = drawn
    before = [one.tobytes() for one in (*made, *plate)]
    more: dict[str, Any] = {"scale": scale, "tile": (16, 4)}

    def sights() -> list[Sight]:
        both = zip(made, plate, strict=True)
        return [
            sight(*one, FIRST + at, alpha=one[0][..., 0], **more) for at, one in enumerate(both)
        ]

    order = [*FRAME, *PAIR]
    first = everything(sights(), order)
    chance.shuffle(order)
    second = everything(sights(), order)

    assert first == {name: second[name] for name in first}
    assert [one.tobytes() for one in (*made, *plate)] == before
    frame = window(made[0])
    for name, found in first.items():
        for one in found:
            assert one is None or (np.isfinite(one.number) and one.number >= 0), name
            assert one is None or one.box is None or inside(one.box, frame), name


def inside(box: Window, frame: Window) -> bool:
    return (
        frame.left <= box.left <= box.right <= frame.right
        and frame.top <= box.top <= box.bottom <= frame.bottom
    )


def test_a_gate_leaves_what_the_next_one_sees() -> None:
    """Moved so far that phase correlation is asked, at sizes that it pads (33x31) and does not."""
    for height, width in ((128, 192), (124, 132), (216, 216)):
        plate = scene(0, width, height)
        one = sight(moved(plate, 9, -4), plate, tile=(64, 8))
        sketch(one)
        for gate in FRAME:
            before = _seen(one)
            gate.measure(one)
            assert _seen(one) == before, gate.name


def _seen(one: Sight) -> list[bytes]:
    both = [one.near, one.far, one.near_stops, one.far_stops]
    return [image.tobytes() for pair in both if pair for image in (pair.made, pair.plate)]


def test_sketches_of_other_sizes_are_not_compared() -> None:
    large, small = sketch(sight(CLEAN[0], CLEAN[0])), sketch(sight(CLEAN[0][:64], CLEAN[0][:64]))

    for name in ("repeat", "temporal", "order"):
        assert GATES[name].measure(large, small) is None


def test_every_gate_says_its_number_in_words() -> None:
    for gate in GATES.values():
        assert gate.words(0.1234)
        assert "{" not in gate.words(0.1234)


def test_a_pairs_number_is_the_later_frames() -> None:
    before, after = (sketch(sight(CLEAN[at], PLATE[at], FIRST + at)) for at in (0, 1))

    for gate in PAIR:
        found = gate.measure(before, after)
        assert found is not None, gate.name
        assert found.frame == FIRST + 1, gate.name


def test_a_sketch_holds_on_to_nothing_large() -> None:
    found: Sketch = sketch(sight(CLEAN[0], PLATE[0]))

    for one in (found.made, found.plate):
        assert one is not None
        assert one.base is None or one.base.size <= one.size * 3


@pytest.mark.parametrize("kind", [np.float16, np.float32])
@pytest.mark.parametrize("factor", [1, 2, 4])
def test_small_pictures_are_the_same_however_channels_lie_in_memory(
    kind: type[np.floating[Any]], factor: int
) -> None:
    woven = np.random.default_rng(5).uniform(0, 4, (37, 53, 3)).astype(kind)
    apart = sights.stacked([woven[..., channel] for channel in range(3)])

    small = lens.smaller(woven, factor)

    rows, columns = 37 // factor * factor, 53 // factor * factor
    boxes = woven[:rows, :columns].astype(np.float64)
    boxes = boxes.reshape(rows // factor, factor, columns // factor, factor, 3).mean(axis=(1, 3))
    assert np.array_equal(small, lens.smaller(apart, factor))
    assert np.allclose(small, boxes, rtol=1e-6)
    assert np.array_equal(lens.strongest(small), small.max(axis=2))
    assert np.allclose(lens.luminance(small), small @ np.array(lens.LUMINANCE, np.float32))
