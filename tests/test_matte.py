"""Matte: who is in front, as a layer of its own; and weights that only a studio itself may fetch."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import golden
import numpy as np
import pytest
from numpy.typing import NDArray
from samples import own_models, server_here

from answerprint.errors import InferenceError
from answerprint.triton import Server
from answerprint_server import embedded, repository

Floats = NDArray[np.float32]

FETCH = "python -m answerprint_server.fetch isnet --accept-licence"
FETCHED = repository.models_folder() / "matte" / "extra" / "isnet.onnx"
# A licence is the one thing that may make a test be passed over, also in CI: nobody but the
# studio can accept it.
accepted = pytest.mark.skipif(
    not FETCHED.is_file(),
    reason=f"LICENCE: isnet's weights are a studio's to accept; then run: {FETCH}",
)


def noise(height: int, width: int, channels: int = 3) -> Floats:
    return np.random.default_rng(1).uniform(0, 1, (height, width, channels)).astype(np.float32)


def matte(server: Server, color: Floats, **settings: Any) -> Floats:
    answer = server.infer(server.offer("matte"), {"color": color}, settings, request_id="test")
    (found,) = answer.images.values()
    return found


@pytest.fixture
def figure(server: Server) -> Floats:
    """A person, drawn with a few ellipses."""
    (case,) = (one for one in golden.cases(repository.models_folder()) if one.task == "matte")
    return golden.inputs(case, server.offer("matte").usable())["color"]


def large(image: Floats, factor: int) -> Floats:
    return np.ascontiguousarray(image.repeat(factor, axis=0).repeat(factor, axis=1))


@pytest.mark.parametrize("size", [(8, 8), (9, 7), (1, 1), (2, 300), (256, 256), (271, 481)])
def test_a_matte_has_the_size_of_its_frame(server: Server, size: tuple[int, int]) -> None:
    found = matte(server, noise(*size))

    assert found.shape == (*size, 1)
    assert found.min() >= 0
    assert found.max() <= 1


@pytest.mark.parametrize("factor", [1, 3, 8])
def test_a_person_is_found_in_frames_of_any_size(
    server: Server, figure: Floats, factor: int
) -> None:
    found = matte(server, large(figure, factor))

    height, width, _ = found.shape
    assert found[int(height * 0.3), width // 2] > 0.95  # the face
    assert found[int(height * 0.9), width // 2] > 0.95  # the chest
    assert found[: height // 2, : width // 4].max() < 0.05
    assert found[: height // 2, -width // 4 :].max() < 0.05


def test_an_empty_frame_has_no_one_in_it(server: Server) -> None:
    assert matte(server, np.full((48, 64, 3), 0.5, np.float32)).max() < 0.2


def test_the_same_request_gives_the_same_bits(server: Server, figure: Floats) -> None:
    first, second = matte(server, figure), matte(server, figure)

    assert first.tobytes() == second.tobytes()


def test_values_that_are_no_numbers_make_no_hole(server: Server, figure: Floats) -> None:
    broken = figure.copy()
    broken[2, 2], broken[3, 3], broken[4, 4] = np.nan, np.inf, -np.inf

    found = matte(server, broken)

    assert np.isfinite(found).all()
    assert np.abs(found - matte(server, figure)).mean() < 0.05


REFUSED: dict[str, tuple[dict[str, Floats], dict[str, Any], str]] = {
    "no color": ({}, {}, "color is missing"),
    "no pixels": ({"color": noise(0, 8)}, {}, "color"),
    "one channel": ({"color": noise(8, 8, 1)}, {}, "[8,8,1]"),
    "unknown input": ({"color": noise(8, 8), "depth": noise(8, 8)}, {}, "depth"),
    "no such model": ({"color": noise(8, 8)}, {"model": "sam"}, "model is 'sam'"),
    "a path": ({"color": noise(8, 8)}, {"model": "../isnet"}, "model is '../isnet'"),
    "unknown setting": ({"color": noise(8, 8)}, {"edge": 3}, "unknown settings: edge"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_request_is_refused_in_a_sentence(server: Server, case: str) -> None:
    images, settings, words = REFUSED[case]

    with pytest.raises(InferenceError) as caught:
        server.infer(server.offer("matte"), images, settings, request_id="test")

    assert words in caught.value.problem
    assert "Traceback" not in caught.value.problem


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Running]:
    """A server on which nobody has fetched isnet."""
    folder = tmp_path_factory.mktemp("bare")
    with server_here(folder / "home", own_models(folder / "models", ["matte"])) as state:
        yield state


def test_isnet_is_refused_with_the_command_that_fetches_it(bare: embedded.Running) -> None:
    with Server(bare.address) as server, pytest.raises(InferenceError) as caught:
        matte(server, noise(16, 16), model="isnet")

    assert "isnet is not on this server" in caught.value.problem
    assert "licence is not confirmed" in caught.value.problem
    assert FETCH in caught.value.problem
    assert bare.models not in caught.value.problem


def test_another_file_in_isnets_place_is_refused(bare: embedded.Running) -> None:
    """It is never given to the network's runtime."""
    place = Path(bare.models) / "matte" / "extra" / "isnet.onnx"
    place.parent.mkdir()
    place.write_bytes(b"not what was described")

    with Server(bare.address) as server, pytest.raises(InferenceError) as caught:
        matte(server, noise(16, 16), model="isnet")

    shutil.rmtree(place.parent)
    assert "not the one that was described" in caught.value.problem
    assert FETCH in caught.value.problem


def test_after_a_refusal_selfie_works(bare: embedded.Running) -> None:
    with Server(bare.address) as server:
        with pytest.raises(InferenceError):
            matte(server, noise(16, 16), model="isnet")

        assert matte(server, noise(16, 16)).shape == (16, 16, 1)


@accepted
def test_isnet_once_fetched_is_used_without_a_new_start(
    bare: embedded.Running, figure: Floats
) -> None:
    place = Path(bare.models) / "matte" / "extra"
    place.mkdir(exist_ok=True)
    shutil.copy(FETCHED, place)

    with Server(bare.address) as server:
        found, again = (matte(server, large(figure, 4), model="isnet") for _ in range(2))
        other = matte(server, large(figure, 4))

    assert found.shape == (192, 256, 1)
    assert found[60, 128] > 0.9
    assert found[:96, :64].max() < 0.2
    assert found.tobytes() == again.tobytes()
    assert not np.array_equal(found, other)
