"""The models themselves, asked directly: what they return, and how they refuse."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tritonclient import grpc
from tritonclient.utils import InferenceServerException

from answerprint import exr
from answerprint.errors import InferenceError
from answerprint.triton import Server
from answerprint_server import repository

Images = dict[str, NDArray[np.float32]]


def image(seed: int, channels: int = 3, height: int = 24, width: int = 32) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(0, 4, (height, width, channels)).astype(np.float32)


def asked(server: Server, task: str, images: Images, **settings: Any) -> NDArray[np.float32]:
    """The one image that a task gives back."""
    answer = server.infer(server.offer(task), images, settings, request_id="test")
    (result,) = answer.images.values()
    return result


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_passthrough_returns_every_float32_as_it_came(server: Server, channels: int) -> None:
    """Random bits are every kind of number: denormal, -0, inf, NaN; and the borders of each kind."""
    bits = np.random.default_rng(channels).integers(0, 2**32, (64, 64, channels), dtype=np.uint32)
    borders = [0, 1, 0x7FFFFF, 0x800000, 0x7F7FFFFF, 0x7F800000, 0x7FC00000]
    bits[0, :7, 0] = borders
    bits[1, :7, 0] = [border | 0x80000000 for border in borders]
    pixels = bits.view(np.float32)

    returned = asked(server, "passthrough", {"pixels": pixels})

    assert returned.shape == pixels.shape
    nan = np.isnan(pixels)
    assert np.array_equal(np.isnan(returned), nan)
    assert np.array_equal(returned.view(np.uint32)[~nan], bits[~nan])


REFUSED: dict[str, tuple[Images, dict[str, Any], str]] = {
    "another size": (
        {"color": image(1), "albedo": image(2, height=12, width=16)},
        {},
        "albedo and color differ in size",
    ),
    "turned": (
        {"color": image(1), "albedo": image(2, height=32, width=24)},
        {},
        "albedo and color differ in size",
    ),
    "four channels": ({"color": image(1, channels=4)}, {}, "[24,32,4]"),
    "no channels": ({"color": image(1)[..., 0].copy()}, {}, "[24,32]"),
    "another type": ({"color": image(1).astype(np.float64)}, {}, "FP64"),
    "no color": ({"albedo": image(1)}, {}, "color is missing"),
    "nothing": ({}, {}, "color is missing"),
    "normal alone": ({"color": image(1), "normal": image(2)}, {}, "only used together with albedo"),
    "unknown input": ({"color": image(1), "depth": image(2)}, {}, "depth"),
    "no pixels": ({"color": image(1, height=0)}, {}, "color"),
    "unknown setting": ({"color": image(1)}, {"wormhole": 1}, "unknown settings: wormhole"),
    "no such quality": ({"color": image(1)}, {"quality": "best"}, "quality"),
    "no number": ({"color": image(1)}, {"max_memory": "lots"}, "max_memory"),
    "too large a number": ({"color": image(1)}, {"max_memory": 2**40}, "max_memory"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_request_is_refused_in_a_sentence(server: Server, case: str) -> None:
    images, settings, words = REFUSED[case]

    with pytest.raises(InferenceError) as caught:
        asked(server, "denoise", images, **settings)

    assert words in caught.value.problem
    assert is_free_of_the_servers_inside(caught.value.problem)


NO_SETTINGS = [b"", b"quality=fast", b"\xff\xfe", b"5", b"null", b"[1]", b'"fast"', b"[" * 100_000]


@pytest.mark.parametrize("blob", NO_SETTINGS, ids=lambda blob: repr(blob[:12]))
def test_settings_that_are_no_json_object_are_refused_as_such(address: str, blob: bytes) -> None:
    """With Triton's own client: ours sends nothing else."""
    color = grpc.InferInput("color", [24, 32, 3], "FP32")
    color.set_data_from_numpy(image(1))
    settings = grpc.InferInput("settings", [1], "BYTES")
    settings.set_data_from_numpy(np.array([blob], dtype=np.object_))

    with (
        grpc.InferenceServerClient(address) as client,
        pytest.raises(InferenceServerException) as caught,
    ):
        client.infer("denoise", [color, settings])

    assert caught.value.status() == "StatusCode.INVALID_ARGUMENT"
    assert "the settings are not" in caught.value.message()
    assert is_free_of_the_servers_inside(caught.value.message())


def is_free_of_the_servers_inside(text: str) -> bool:
    """No traceback, no exception's name, no path of the server's machine, no second line."""
    inside = (
        "Traceback",
        ".py",
        "Error:",
        "\n",
        repository.models_folder().anchor + "usr",
        "/home",
    )
    return not any(word in text for word in inside)


def test_a_refused_request_leaves_the_model_in_order(server: Server) -> None:
    before = asked(server, "denoise", {"color": image(1)})
    for images, settings, _ in REFUSED.values():
        with pytest.raises(InferenceError):
            asked(server, "denoise", images, **settings)

    assert np.array_equal(asked(server, "denoise", {"color": image(1)}), before)


@pytest.fixture
def guided(plates: Path) -> Images:
    """Beauty, albedo and normal of a corner of a sample frame."""
    channels = exr.read(plates / "noisy.1001.exr").parts[0].channels
    names = {
        "color": ("R", "G", "B"),
        "albedo": ("albedo.R", "albedo.G", "albedo.B"),
        "normal": ("normal.X", "normal.Y", "normal.Z"),
    }
    return {
        name: np.stack([channels[one][:96, :128] for one in wanted], axis=-1).astype(np.float32)
        for name, wanted in names.items()
    }


def test_each_quality_gives_a_picture_of_its_own(server: Server, guided: Images) -> None:
    """With both guides, cleaned: otherwise the library has one network for balanced and high."""
    pictures = [
        asked(server, "denoise", guided, quality=quality)
        for quality in ("fast", "balanced", "high")
    ]

    assert len({picture.tobytes() for picture in pictures}) == 3
    assert np.array_equal(asked(server, "denoise", guided), pictures[2])


def test_a_memory_limit_does_not_change_the_picture(server: Server) -> None:
    """Large enough that a low limit makes the filter work in tiles."""
    color = {"color": image(5, height=540, width=960)}

    free = asked(server, "denoise", color, quality="fast")

    assert np.array_equal(asked(server, "denoise", color, quality="fast", max_memory=1), free)


def test_guides_and_their_cleaning_change_the_picture(server: Server, guided: Images) -> None:
    pictures = [
        asked(server, "denoise", {"color": guided["color"]}, quality="fast"),
        asked(server, "denoise", guided, quality="fast"),
        asked(server, "denoise", guided, quality="fast", prefilter=False),
    ]

    assert len({picture.tobytes() for picture in pictures}) == 3


def test_clients_at_once_get_each_their_own_answer(address: str) -> None:
    frames = [image(seed, channels=1 + seed % 4) for seed in range(8)]

    def ask(frame: NDArray[np.float32]) -> list[bool]:
        with Server(address) as own:
            return [
                np.array_equal(asked(own, "passthrough", {"pixels": frame}), frame)
                for _ in range(20)
            ]

    with ThreadPoolExecutor(len(frames)) as pool:
        right = [answer for answers in pool.map(ask, frames) for answer in answers]
    assert right == [True] * 160


def test_two_clients_denoise_at_once_and_get_what_each_gets_alone(
    address: str, server: Server
) -> None:
    frames = [image(1), image(2)]
    alone = [asked(server, "denoise", {"color": frame}) for frame in frames]

    def ask(frame: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        with Server(address) as own:
            return [asked(own, "denoise", {"color": frame}) for _ in range(20)]

    with ThreadPoolExecutor(len(frames)) as pool:
        together = list(pool.map(ask, frames))
    assert not np.array_equal(alone[0], alone[1])
    for expected, answers in zip(alone, together, strict=True):
        assert all(np.array_equal(answer, expected) for answer in answers)
