"""Retime, asked directly: frames between frames, nothing lost of the light, motion as Nuke reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from answerprint import compare, exr
from answerprint.errors import InferenceError
from answerprint.triton import Answer, Expected, Server

Floats = NDArray[np.float32]

PLATES = Path(__file__).parents[1] / "install" / "plates" / "retime"
HELD_OUT = (1002, 1004, 1006, 1008)
MOVING = ("rife", "dis")


def linear(frame: int) -> Floats:
    return compare.rgb(exr.read(PLATES / f"plate.{frame}.exr"), "plate")


def display(image: Floats) -> Floats:
    """The sRGB picture, clipped: what the engine gives as guide."""
    light = np.clip(image[..., :3], 0, 1)
    return np.where(
        light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055
    ).astype(np.float32)


def padded(image: Floats) -> Floats:
    height, width = image.shape[:2]
    return np.pad(image, ((0, -height % 64), (0, -width % 64), (0, 0)), mode="reflect")


def stacks(first: Floats, second: Floats) -> dict[str, Floats]:
    """Guide and plate of two frames, as the engine sends them."""
    plate = np.stack([padded(first), padded(second)])
    return {"guide": display(plate), "plate": plate}


def asked(server: Server, images: dict[str, Floats], **settings: Any) -> Answer:
    wanted = dict.fromkeys(["plate", "flow"] if settings.get("flow") else ["plate"], Expected())
    return server.infer(server.offer("retime"), images, settings, request_id="test", outputs=wanted)


def between(server: Server, images: dict[str, Floats], **settings: Any) -> Floats:
    return asked(server, images, **settings).images["plate"]


@pytest.fixture(scope="module")
def pair() -> dict[str, Floats]:
    return stacks(linear(1001), linear(1003))


@pytest.fixture(scope="module")
def decibels(address: str) -> dict[str, list[float]]:
    """How near each method comes to the four frames that it was not shown."""
    found: dict[str, list[float]] = {}
    with Server(address) as server:
        for method in ("rife", "dis", "blend"):
            found[method] = []
            for frame in HELD_OUT:
                images = stacks(linear(frame - 1), linear(frame + 1))
                made = between(server, images, method=method, time=0.5)
                truth = linear(frame)
                height, width = truth.shape[:2]
                found[method].append(compare.psnr(made[:height, :width], truth))
    return found


def test_rife_beats_optical_flow_which_beats_a_dissolve(decibels: dict[str, list[float]]) -> None:
    """Measured: 24.7, 24.2 and 22.5 dB."""
    rife, dis, blend = (float(np.mean(decibels[one])) for one in ("rife", "dis", "blend"))

    assert rife > dis + 0.25
    assert dis > blend + 1.2
    assert rife > 24.4


def test_both_beat_a_dissolve_in_every_frame(decibels: dict[str, list[float]]) -> None:
    """Measured: at least 1.1 dB for rife, 0.8 for optical flow."""
    for rife, dis, blend in zip(*(decibels[one] for one in ("rife", "dis", "blend")), strict=True):
        assert rife > blend + 0.8
        assert dis > blend + 0.5


@pytest.mark.parametrize("flow", [False, True])
@pytest.mark.parametrize("method", ["rife", "dis", "blend"])
def test_at_time_0_stands_the_first_frame_itself(
    server: Server, pair: dict[str, Floats], method: str, flow: bool
) -> None:
    if flow and method == "blend":
        return

    answer = asked(server, pair, method=method, flow=flow, time=0)

    assert answer.images["plate"].tobytes() == pair["plate"][0].tobytes()
    if flow:
        backward, forward = np.split(answer.images["flow"], 2, axis=-1)
        assert not backward.any()
        assert np.abs(forward).max() > 5


@pytest.mark.parametrize("method", MOVING)
def test_highlights_stay_above_one(server: Server, pair: dict[str, Floats], method: str) -> None:
    made = between(server, pair, method=method, time=0.5)

    bright = [np.count_nonzero(one > 1) for one in (*pair["plate"], made)]
    assert made.max() > 2
    assert made.max() <= pair["plate"].max() * 1.00001  # weights add up to 1, but for rounding
    assert bright[2] > 0.7 * min(bright[:2])


@pytest.mark.parametrize("method", MOVING)
def test_a_guide_decides_on_motion_only(
    server: Server, pair: dict[str, Floats], method: str
) -> None:
    """Twice the light, the same guide: twice the result."""
    once = between(server, pair, method=method, time=0.25)
    twice = between(server, {**pair, "plate": pair["plate"] * 2}, method=method, time=0.25)

    assert np.array_equal(once * 2, twice)


@pytest.mark.parametrize("method", [*MOVING, "blend"])
def test_alpha_goes_along_with_the_colours(
    server: Server, pair: dict[str, Floats], method: str
) -> None:
    """Alpha is the green here, so it has to come out as the green."""
    rgba = np.concatenate([pair["plate"], pair["plate"][..., 1:2]], axis=-1)

    made = between(server, {**pair, "plate": rgba}, method=method, time=0.5)

    assert made.shape[2] == 4
    assert np.array_equal(made[..., 3], made[..., 1])
    assert np.array_equal(made[..., :3], between(server, pair, method=method, time=0.5))


def textured(left: int, top: int) -> Floats:
    """A square with texture at a place, before a background with another, 256x192."""
    random = np.random.default_rng(8)
    frame = soft(random, 192, 256, 0.05, 0.2)
    frame[top : top + 64, left : left + 64] = soft(np.random.default_rng(9), 64, 64, 0.2, 0.9)
    return frame


def soft(random: np.random.Generator, height: int, width: int, low: float, high: float) -> Floats:
    """Noise in patches of 8 pixels: enough for the eye to hold on to."""
    patches = random.uniform(low, high, (height // 8, width // 8, 3))
    return np.kron(patches, np.ones((8, 8, 1))).astype(np.float32)


RIGHT, UP = 12, 8


@pytest.mark.parametrize("method", MOVING)
@pytest.mark.parametrize("time", [0.25, 0.5])
def test_motion_is_in_pixels_u_to_the_right_v_up(server: Server, method: str, time: float) -> None:
    """The square goes 12 to the right and 8 up; what lies still has none."""
    images = stacks(textured(96, 64), textured(96 + RIGHT, 64 - UP))

    flow = asked(server, images, method=method, flow=True, time=time).images["flow"]

    y, x = round(64 - UP * time), round(96 + RIGHT * time)
    inside = np.median(flow[y + 16 : y + 48, x + 16 : x + 48], axis=(0, 1))
    expected = [-RIGHT * time, -UP * time, RIGHT * (1 - time), UP * (1 - time)]
    assert inside == pytest.approx(expected, abs=1)
    assert np.median(np.abs(flow[:32]), axis=(0, 1)) == pytest.approx([0, 0, 0, 0], abs=0.5)


@pytest.mark.parametrize("method", MOVING)
def test_a_moved_square_is_where_it_must_be_half_way(server: Server, method: str) -> None:
    images = stacks(textured(96, 64), textured(96 + RIGHT, 64 - UP))

    made = between(server, images, method=method, time=0.5)

    truth = textured(96 + RIGHT // 2, 64 - UP // 2)
    dissolve = images["plate"].mean(axis=0)
    assert compare.psnr(made, truth) > compare.psnr(dissolve, truth) + 6


@pytest.mark.parametrize("method", [*MOVING, "blend"])
def test_the_same_request_twice_is_the_same_in_every_sample(
    server: Server, pair: dict[str, Floats], method: str
) -> None:
    flow = method != "blend"
    first, second = (asked(server, pair, method=method, flow=flow, time=0.3) for _ in range(2))

    for name, image in first.images.items():
        assert image.tobytes() == second.images[name].tobytes()


def test_each_time_is_a_frame_of_its_own(server: Server, pair: dict[str, Floats]) -> None:
    for method in ("rife", "dis", "blend"):
        made = [between(server, pair, method=method, time=one) for one in (0, 0.25, 0.5, 0.75)]

        assert len({one.tobytes() for one in made}) == 4


@pytest.mark.parametrize("size", [(64, 64), (64, 256), (256, 64), (128, 192)])
def test_small_and_narrow_frames(server: Server, size: tuple[int, int]) -> None:
    random = np.random.default_rng(1)
    first, second = (random.uniform(0, 4, (*size, 4)).astype(np.float32) for _ in range(2))

    for method in ("rife", "dis", "blend"):
        made = between(server, stacks(first, second), method=method, time=0.5)

        assert made.shape == (*size, 4)
        assert np.isfinite(made).all()


def test_a_guide_with_no_numbers_in_it_does_not_reach_the_result(
    server: Server, pair: dict[str, Floats]
) -> None:
    guide = pair["guide"].copy()
    guide[:, 10:20, 10:20] = np.nan
    guide[:, 30:40, 30:40] = np.inf

    for method in MOVING:
        made = between(server, {**pair, "guide": guide}, method=method, time=0.5)

        assert np.isfinite(made).all()


TIMES = [1, 1.5, -0.25, 1e300, "0.5", None, True, [0.5]]


@pytest.mark.parametrize("time", TIMES, ids=repr)
def test_a_time_that_lies_not_between_is_refused(server: Server, time: Any) -> None:
    images = stacks(textured(96, 64), textured(96, 64))

    with pytest.raises(InferenceError) as caught:
        asked(server, images, time=time)

    assert "setting time is" in caught.value.problem
    assert "contract does not allow" in caught.value.problem


def ones(*shape: int) -> Floats:
    return np.ones(shape, np.float32)


REFUSED: dict[str, tuple[dict[str, Floats], dict[str, Any], str]] = {
    "no time": ({}, {"time": ...}, "setting time is missing"),
    "a seed": ({}, {"seed": "1"}, "unknown settings: seed"),
    "no such method": ({}, {"method": "fast"}, "setting method"),
    "motion of a dissolve": ({}, {"method": "blend", "flow": True}, "choose rife or dis"),
    "one frame": ({"plate": ones(1, 64, 64, 3)}, {}, "[1,64,64,3]"),
    "no stack": ({"plate": ones(64, 64, 3)}, {}, "[64,64,3]"),
    "two channels": ({"plate": ones(2, 64, 64, 2)}, {}, "plate has 2 channels"),
    "a guide with alpha": ({"guide": ones(2, 64, 64, 4)}, {}, "[2,64,64,4]"),
    "another size": ({"plate": ones(2, 64, 128, 3)}, {}, "guide and plate differ in size"),
    "an odd size": (
        {"plate": ones(2, 64, 72, 3), "guide": ones(2, 64, 72, 3)},
        {},
        "72x64 is no multiple of 64",
    ),
    "too wide": (
        {"plate": ones(2, 64, 32768, 3), "guide": ones(2, 64, 32768, 3)},
        {},
        "at most 32766 pixels",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_request_is_refused_in_a_sentence(server: Server, case: str) -> None:
    images, settings, words = REFUSED[case]
    given = {"guide": ones(2, 64, 64, 3), "plate": ones(2, 64, 64, 3), **images}
    wanted = {name: one for name, one in {"time": 0.5, **settings}.items() if one is not ...}

    with pytest.raises(InferenceError) as caught:
        asked(server, given, **wanted)

    assert words in caught.value.problem
    assert "Traceback" not in caught.value.problem
