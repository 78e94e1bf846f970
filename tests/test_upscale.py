"""Upscale: exactly as much larger as said, in pieces as in one, and never beyond what is around."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from answerprint import exr, shaper, tiles
from answerprint.errors import InferenceError
from answerprint.triton import Expected, Server

Floats = NDArray[np.float32]
Images = dict[str, Floats]

FACTORS = {"faithful-2x": 2, "sharp-2x": 2, "sharp-3x": 3, "sharp-4x": 4, "lanczos-2x": 2}


def noise(height: int, width: int, channels: int = 3, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).uniform(0, 1, (height, width, channels)).astype(np.float32)


def larger(server: Server, images: Images, **settings: Any) -> Images:
    """What upscale makes of these images; an output for each of them."""
    names = dict.fromkeys(images, Expected())
    offer = server.offer("upscale")
    return server.infer(offer, images, settings, request_id="test", outputs=names).images


def rendered(plates: Path, frame: int = 1003) -> Floats:
    """A clean sample frame, scene-linear."""
    channels = exr.read(plates / f"clean.{frame}.exr").parts[0].channels
    return np.stack([channels[name] for name in "RGB"], axis=-1).astype(np.float32)


def halved(image: Floats, factor: int = 2) -> Floats:
    """The mean of each square of pixels."""
    height, width = image.shape[0] // factor, image.shape[1] // factor
    cells = image[: height * factor, : width * factor].reshape(height, factor, width, factor, -1)
    return np.ascontiguousarray(cells.mean((1, 3)), np.float32)


def psnr(one: Floats, other: Floats) -> float:
    return float(-10 * np.log10(np.mean((one - other) ** 2)))


@pytest.mark.parametrize("method", FACTORS)
@pytest.mark.parametrize("size", [(8, 8), (9, 7), (31, 17), (1, 1), (2, 40)])
def test_each_method_makes_exactly_its_size(
    server: Server, method: str, size: tuple[int, int]
) -> None:
    images = {"color": noise(*size), "alpha": noise(*size, channels=1)}

    found = larger(server, images, method=method)

    wanted = (size[0] * FACTORS[method], size[1] * FACTORS[method])
    assert {name: image.shape for name, image in found.items()} == {
        "color": (*wanted, 3),
        "alpha": (*wanted, 1),
    }
    assert all(np.isfinite(image).all() for image in found.values())


def test_the_contract_names_the_same_factors(server: Server) -> None:
    described = server.offer("upscale").usable()

    for output in described.outputs:
        sizes = {one: described.scale(output, {"method": one}) for one in FACTORS}
        assert sizes == FACTORS
    (method,) = described.parameters
    assert set(method.choices) == set(FACTORS)
    assert set(method.warn) == {one for one in FACTORS if one.startswith("sharp")}


@pytest.mark.parametrize("method", FACTORS)
def test_the_same_request_gives_the_same_bits(server: Server, plates: Path, method: str) -> None:
    picture = shaper.shape(rendered(plates)[:40, :56])

    first, second = (larger(server, {"color": picture}, method=method)["color"] for _ in range(2))

    assert first.tobytes() == second.tobytes()


def test_each_method_gives_a_picture_of_its_own(server: Server, plates: Path) -> None:
    picture = shaper.shape(rendered(plates)[:40, :56])

    found = {larger(server, {"color": picture}, method=one)["color"].tobytes() for one in FACTORS}

    assert len(found) == len(FACTORS)


@pytest.mark.parametrize("method", FACTORS)
def test_tiles_equal_the_whole_within_what_the_contract_says(
    server: Server, plates: Path, method: str
) -> None:
    picture = shaper.shape(rendered(plates)[40:208, 100:332])  # no tile sees more than it must
    images = {"color": picture, "alpha": picture[..., 1:2].copy()}
    cut = server.offer("upscale").usable().cut
    scale = dict.fromkeys(images, FACTORS[method])

    whole = larger(server, images, method=method)
    cut_up = tiles.run(
        images, lambda piece: larger(server, piece, method=method), cut=cut, scale=scale, tile=64
    )

    assert len(tiles.plan(*picture.shape[:2], cut=cut, tile=64)) == 6
    assert np.abs(cut_up["color"] - whole["color"]).max() <= cut.tolerance
    assert np.array_equal(cut_up["alpha"], whole["alpha"])


@pytest.mark.parametrize("method", FACTORS)
def test_a_gradient_has_no_step_at_a_seam(server: Server, method: str) -> None:
    """Of the gradient's own range, at every seam: how far it leaves the slope on both its sides."""
    described, times = server.offer("upscale").usable(), FACTORS[method]
    gradient = np.linspace(0.2, 0.8, 640, dtype=np.float32)[None, :, None]
    image = np.ascontiguousarray(np.broadcast_to(gradient, (48, 640, 3)))
    scale = {"color": times}

    found = tiles.run(
        {"color": image}, lambda one: larger(server, one, method=method), cut=described.cut,
        scale=scale,
    )["color"]  # fmt: skip

    spans = {tile.columns for tile in tiles.plan(48, 640, cut=described.cut)}
    seams = [span.first * times for span in spans if span.first]
    slope = np.diff(found.astype(np.float64), axis=1)
    steps = [
        np.abs(slope[:, at - 1] - (slope[:, at - 1 - times] + slope[:, at - 1 + times]) / 2).max()
        for at in seams
    ]
    assert len(seams) >= 2
    assert max(steps) < 0.001 * 0.6


def test_less_context_would_not_do(server: Server, plates: Path) -> None:
    """The context in the contract is needed: a sharp network sees 18 pixels far."""
    picture = shaper.shape(rendered(plates)[40:196, 100:320])
    cut = server.offer("upscale").usable().cut.model_copy(update={"context": 14})

    whole = larger(server, {"color": picture}, method="sharp-2x")
    cut_up = tiles.run(
        {"color": picture},
        lambda piece: larger(server, piece, method="sharp-2x"),
        cut=cut,
        scale={"color": 2},
        tile=64,
    )

    assert np.abs(cut_up["color"] - whole["color"]).max() > 5 * cut.tolerance


@pytest.mark.parametrize("method", FACTORS)
def test_nothing_moves(server: Server, method: str) -> None:
    """A soft spot stays where it was, to a tenth of a pixel: colour and alpha fit each other."""
    y, x = np.mgrid[:48, :48].astype(np.float32)
    spot = np.exp(-((y - 20) ** 2 + (x - 27) ** 2) / 40)[..., None]
    images = {"color": np.repeat(spot * 0.6 + 0.1, 3, axis=-1), "alpha": spot}

    found = larger(server, images, method=method)

    for image in found.values():
        light = image[..., 0] - np.median(image[..., 0])
        light[light < 0.1 * light.max()] = 0
        rows, columns = np.mgrid[: light.shape[0], : light.shape[1]]
        factor = FACTORS[method]
        middle = [(light * axis).sum() / light.sum() for axis in (rows, columns)]
        assert (middle[0] + 0.5) / factor - 0.5 == pytest.approx(20, abs=0.1)
        assert (middle[1] + 0.5) / factor - 0.5 == pytest.approx(27, abs=0.1)


@pytest.mark.parametrize("method", FACTORS)
def test_alpha_stays_inside_what_is_around_it(server: Server, method: str) -> None:
    alpha = (noise(24, 32, channels=1) > 0.5).astype(np.float32)  # the hardest edges there are

    found = larger(server, {"color": noise(24, 32), "alpha": alpha}, method=method)["alpha"]

    assert found.min() == 0
    assert found.max() == 1
    assert ((found > 0) & (found < 1)).any()


@pytest.mark.parametrize("value", [0, 1, 0.1, 1 / 3, 7.5, -2])
def test_a_flat_alpha_stays_exactly_what_it_is(server: Server, value: float) -> None:
    alpha = np.full((9, 13, 1), value, np.float32)
    alpha[:, 9:] = value + 1

    found = larger(server, {"color": noise(9, 13), "alpha": alpha}, method="sharp-3x")["alpha"]

    assert np.array_equal(found[:, : 7 * 3], np.full((27, 21, 1), value, np.float32))
    assert np.array_equal(found[:, 11 * 3 :], np.full((27, 6, 1), value + 1, np.float32))


@pytest.mark.parametrize("method", FACTORS)
def test_no_fireflies_at_highlights(server: Server, method: str) -> None:
    """A speck of 60 amid black: the shaper would make millions of a network's overshoot."""
    linear = np.full((32, 32, 3), 0.01, np.float32)
    linear[15:17, 15:17] = 60

    found = larger(server, {"color": shaper.shape(linear)}, method=method)["color"]

    light = shaper.unshape(found)
    assert light.max() < 60 * 1.3
    assert light.min() > -0.05


def test_values_beyond_the_shapers_range_come_through(server: Server) -> None:
    """Neither clipped to 1000 nor blown up: a flat sun stays what it is."""
    linear = np.full((16, 16, 3), 20000, np.float32)

    found = larger(server, {"color": shaper.shape(linear)})["color"]

    assert shaper.unshape(found) == pytest.approx(20000, rel=0.01)


def test_faithful_is_closer_than_lanczos_and_that_than_sharp(server: Server, plates: Path) -> None:
    """Why it is the default. Rendered frame halved, enlarged again, against itself."""
    original = shaper.shape(rendered(plates)[:268])
    small = halved(original)

    closeness = {
        method: psnr(larger(server, {"color": small}, method=method)["color"], original)
        for method in ("faithful-2x", "lanczos-2x", "sharp-2x")
    }

    assert closeness["faithful-2x"] > closeness["lanczos-2x"] + 0.5 > closeness["sharp-2x"] + 1


REFUSED: dict[str, tuple[Images, dict[str, Any], str]] = {
    "no color": ({"alpha": noise(8, 8, 1)}, {}, "color is missing"),
    "nothing": ({}, {}, "color is missing"),
    "another size": (
        {"color": noise(8, 8), "alpha": noise(8, 9, 1)},
        {},
        "alpha and color differ in size",
    ),
    "no pixels": ({"color": noise(0, 8)}, {}, "color"),
    "four channels": ({"color": noise(8, 8, 4)}, {}, "[8,8,4]"),
    "three alphas": ({"color": noise(8, 8), "alpha": noise(8, 8, 3)}, {}, "[8,8,3]"),
    "no such method": ({"color": noise(8, 8)}, {"method": "sharp-8x"}, "method is 'sharp-8x'"),
    "no text": ({"color": noise(8, 8)}, {"method": 2}, "method is 2"),
    "unknown setting": ({"color": noise(8, 8)}, {"scale": 2}, "unknown settings: scale"),
    "unknown input": ({"color": noise(8, 8), "depth": noise(8, 8)}, {}, "depth"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_request_is_refused_in_a_sentence(server: Server, case: str) -> None:
    images, settings, words = REFUSED[case]

    with pytest.raises(InferenceError) as caught:
        larger(server, images, **settings)

    assert words in caught.value.problem
    assert "Traceback" not in caught.value.problem
    assert "Error" not in caught.value.problem


def test_after_wrong_requests_it_works_as_before(server: Server) -> None:
    picture = {"color": noise(12, 12)}
    before = larger(server, picture)["color"]
    for images, settings, _ in REFUSED.values():
        with pytest.raises(InferenceError):
            larger(server, images, **settings)

    assert np.array_equal(larger(server, picture)["color"], before)


@pytest.mark.parametrize("method", FACTORS)
def test_what_is_no_number_stays_where_it_was_and_only_there(server: Server, method: str) -> None:
    """One NaN must not cost a hundred pixels, nor become a number that nobody made."""
    images = {"color": noise(64, 64), "alpha": noise(64, 64, 1)}
    images["color"][30, 20, 1], images["color"][30, 21, 2] = np.nan, np.inf
    images["alpha"][10, 12] = np.nan
    factor = FACTORS[method]

    found = larger(server, images, method=method)

    for name, image in images.items():
        wanted = image.repeat(factor, axis=0).repeat(factor, axis=1)
        bad = ~np.isfinite(wanted)
        assert np.array_equal(~np.isfinite(found[name]), bad)
        assert np.array_equal(found[name][bad], wanted[bad], equal_nan=True)
