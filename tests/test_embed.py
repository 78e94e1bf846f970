"""Embed: frames that look alike lie close, whatever their size, and nothing but the look counts."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from answerprint import compare, exr
from answerprint.errors import InferenceError
from answerprint.triton import Server

Floats = NDArray[np.float32]

PLATES = Path(__file__).parents[1] / "install" / "plates" / "retime"


def picture(frame: int) -> Floats:
    light = np.clip(compare.rgb(exr.read(PLATES / f"plate.{frame}.exr"), "plate"), 0, 1)
    return np.power(light, np.float32(1 / 2.2))


def other_shots() -> dict[str, Floats]:
    """Drawn: bars, a horizon, rings, and noise."""
    y, x = np.mgrid[:270, :480].astype(np.float32)
    bars = np.stack([x // 69 % 2, x // 138 % 2, x // 276 % 2], axis=-1)
    sky = np.where(y[..., None] < 140, [0.4, 0.6, 0.9], [0.2, 0.3, 0.1])
    rings = np.repeat((np.hypot(x - 240, y - 135) // 12 % 2)[..., None], 3, axis=-1)
    noise = np.random.default_rng(4).random((270, 480, 3))
    drawn = {"bars": bars, "sky": sky, "rings": rings, "noise": noise}
    return {name: image.astype(np.float32) for name, image in drawn.items()}


def embedded(server: Server, image: Floats) -> Floats:
    answer = server.infer(server.offer("embed"), {"color": image}, {}, request_id="test")
    return answer.images["embedding"]


def alike(server: Server, one: Floats, other: Floats) -> float:
    return float((embedded(server, one) * embedded(server, other)).sum())


def test_it_is_one_row_of_1280_numbers_of_unit_length(server: Server) -> None:
    for image in (picture(1001), *other_shots().values()):
        made = embedded(server, image)

        assert made.dtype == np.float32
        assert made.shape == (1, 1280, 1)
        assert np.linalg.norm(made) == pytest.approx(1, abs=1e-5)


def test_frames_of_a_shot_lie_closer_than_those_of_another(server: Server) -> None:
    """Measured: 0.93 for neighbours, 0.75 across the shot, below 0.5 for what was drawn."""
    first = picture(1001)
    others = [alike(server, first, image) for image in other_shots().values()]

    assert alike(server, first, picture(1002)) > 0.88
    assert alike(server, first, picture(1009)) > max(others) + 0.1


def test_shots_that_differ_lie_apart_from_each_other(server: Server) -> None:
    vectors = np.stack([embedded(server, image).ravel() for image in other_shots().values()])

    products = vectors @ vectors.T
    assert products[~np.eye(len(vectors), dtype=bool)].max() < 0.8


def test_size_hardly_matters(server: Server) -> None:
    image = picture(1005)
    twice = np.repeat(np.repeat(image, 2, axis=0), 2, axis=1)
    half = cv2.resize(image, (240, 135), interpolation=cv2.INTER_AREA).astype(np.float32)

    assert alike(server, image, twice) > 0.9999
    assert alike(server, image, half) > 0.95


def test_the_same_frame_twice_is_the_same_in_every_number(server: Server) -> None:
    image = picture(1003)

    assert embedded(server, image).tobytes() == embedded(server, image).tobytes()


def test_numbers_that_are_none_do_not_reach_the_vector(server: Server) -> None:
    image = picture(1001)
    image[100:110, 100:110] = np.nan
    image[120:130, 100:110] = np.inf

    assert np.isfinite(embedded(server, image)).all()
    assert alike(server, image, picture(1001)) > 0.8


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (7, 5), (224, 224), (1080, 1920)])
def test_any_size_gives_a_vector(server: Server, size: tuple[int, int]) -> None:
    image = np.random.default_rng(2).random((*size, 3)).astype(np.float32)

    assert np.linalg.norm(embedded(server, image)) == pytest.approx(1, abs=1e-5)


def test_a_black_frame_has_a_look_too(server: Server) -> None:
    made = embedded(server, np.zeros((64, 64, 3), np.float32))

    assert np.linalg.norm(made) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((8, 8, 4), np.float32), "[8,8,4]"),
        (np.zeros((8, 8), np.float32), "[8,8]"),
        (np.zeros((0, 8, 3), np.float32), "color"),
        (np.zeros((8, 8, 3), np.float64), "FP64"),
    ],
)
def test_what_is_no_picture_is_refused(server: Server, image: Floats, words: str) -> None:
    with pytest.raises(InferenceError) as caught:
        embedded(server, image)

    assert words in caught.value.problem
    assert "Traceback" not in caught.value.problem
