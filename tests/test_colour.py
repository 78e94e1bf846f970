"""Colour: a plate goes into a model's encoding and comes back, and its space is found and said."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.typing import NDArray

from answerprint import colour, ocio
from answerprint.contract import Encoding
from answerprint.errors import JobError

Floats = NDArray[np.float32]

BUILT_IN = ocio.load(None, None, {})
LINEAR = ("ACEScg", "Linear Rec.709 (sRGB)", "ACES2065-1")
LOG = ("ACEScct", "ARRI LogC3 (EI800)", "ARRI LogC4")
ENCODINGS: tuple[Encoding, ...] = ("scene_linear", "acescct", "srgb_shaped")


def way(name: str, encoding: Encoding) -> colour.Conversion:
    return colour.conversion(BUILT_IN, colour.Space(name, "asked for"), encoding)


def there_and_back(name: str, encoding: Encoding, image: Floats) -> Floats:
    conversion = way(name, encoding)
    return conversion.inverse(conversion.forward(image))


def greys() -> NDArray[np.float16]:
    """Every half float of -0.5 to 1000 as R = G = B, (count, 3)."""
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    chosen = every[(every >= -0.5) & (every <= 1000)]
    return np.repeat(chosen[:, None], 3, axis=1)


def space(**attributes: Any) -> colour.Space:
    return colour.plate_space(BUILT_IN, asked=None, attributes=attributes)


# There and back


@pytest.mark.parametrize("name", LINEAR)
def test_every_grey_comes_back_through_the_shaped_picture(name: str) -> None:
    original = greys()

    back = there_and_back(name, "srgb_shaped", original.astype(np.float32))

    assert (back.astype(np.float16) == original).all()


def test_any_colour_comes_back_where_no_matrix_is_between() -> None:
    original = greys()
    mixed = np.stack([np.random.default_rng(n).permutation(original[:, 0]) for n in range(3)], 1)

    back = there_and_back("Linear Rec.709 (sRGB)", "srgb_shaped", mixed.astype(np.float32))

    assert (back.astype(np.float16) == mixed).all()


@pytest.mark.parametrize("name", ["ACEScg", "ACES2065-1"])
def test_through_a_matrix_channels_come_back_that_are_not_too_far_apart(name: str) -> None:
    """A dim channel beside one 50 times as bright comes back; a 32-bit matrix holds no more."""
    random = np.random.default_rng(5)
    peak = np.exp(random.uniform(np.log(1e-3), np.log(1000), (300_000, 1)))
    original = (peak * random.uniform(0.02, 1, (300_000, 3))).astype(np.float16)

    back = there_and_back(name, "srgb_shaped", original.astype(np.float32))

    brightest = original.max(axis=1, keepdims=True).astype(np.float32)
    apart = np.abs(back - original.astype(np.float32))
    assert (apart <= 2e-5 * brightest).all()
    assert (back.astype(np.float16) == original).all()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", LOG)
def test_log_plates_come_back(name: str, encoding: Encoding) -> None:
    code = np.linspace(0.1, 0.9, 30_000, dtype=np.float32).reshape(100, 100, 3)

    back = there_and_back(name, encoding, code)

    assert np.abs(back - code).max() < 1e-5  # 10-bit film scans count in 1e-3


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", ["sRGB - Texture", "sRGB - Display"])
def test_pictures_come_back(name: str, encoding: Encoding) -> None:
    picture = np.random.default_rng(2).random((40, 30, 3), np.float32)

    assert np.abs(there_and_back(name, encoding, picture) - picture).max() < 2e-5


@given(st.lists(st.floats(-0.5, 1000, width=16), min_size=3, max_size=3))
def test_linear_plates_come_back_through_acescct(pixel: list[float]) -> None:
    image = np.array([[pixel]], np.float32)

    back = there_and_back("ACEScg", "acescct", image)

    assert back == pytest.approx(image, rel=2e-5, abs=1e-7)


@pytest.mark.parametrize("name", LINEAR)
def test_a_luminance_comes_back(name: str) -> None:
    original = greys()[:, :1]

    back = there_and_back(name, "srgb_shaped", original.astype(np.float32))

    assert back.shape == original.shape
    assert (back.astype(np.float16) == original).all()


# What a model sees


def test_a_linear_plate_is_given_as_it_is() -> None:
    image = np.array([[[np.nan, -np.inf, 65504]]], np.float32)
    conversion = way("ACEScg", "scene_linear")

    assert conversion.identity
    assert conversion.words == "scene-linear as it is"
    assert conversion.forward(image) is image
    assert conversion.inverse(image) is image


def test_middle_grey_is_where_the_standards_have_it() -> None:
    grey = np.full((1, 1, 3), 0.18, np.float32)

    # ST 2065-1's successor S-2016-001: ACEScct of 0.18; IEC 61966-2-1: sRGB of 0.18; ARRI: LogC4
    assert way("ACEScg", "acescct").forward(grey) == pytest.approx(0.413588, abs=1e-5)
    assert way("ACEScg", "srgb_display").forward(grey) == pytest.approx(0.461356, abs=1e-4)
    assert way("ARRI LogC4", "scene_linear").inverse(grey) == pytest.approx(0.278396, abs=1e-4)


def test_primaries_are_those_of_rec709() -> None:
    red = np.array([[[0.8, 0.0, 0.0]]], np.float32)

    seen = way("Linear Rec.709 (sRGB)", "srgb_display").forward(red)
    from_aces = way("ACES2065-1", "srgb_display").forward(red)

    assert seen[0, 0] == pytest.approx([0.9063, 0, 0], abs=1e-3)
    assert from_aces[0, 0] == pytest.approx([1, 0, 0], abs=1e-6)  # AP0's red lies far outside


def test_a_picture_to_look_at_has_no_way_back() -> None:
    conversion = way("ACEScg", "srgb_display")

    with pytest.raises(ValueError, match=r"no way back"):
        conversion.inverse(np.zeros((1, 1, 3), np.float32))


@pytest.mark.parametrize("name", ["ACEScct", "Raw", "no such space"])
def test_data_is_never_touched(name: str) -> None:
    image = np.full((2, 2, 3), -7, np.float32)

    assert way(name, "data").forward(image) is image
    assert way(name, "data").words == "as it is"


def test_a_space_of_data_is_no_colour_for_any_model() -> None:
    for encoding in (*ENCODINGS, "srgb_display"):
        assert way("Raw", encoding).identity
    assert ocio.is_known_data(BUILT_IN, "raw")
    assert not ocio.is_known_data(BUILT_IN, "ACEScg")


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("frames", [(), (2,)])
def test_alpha_and_what_was_given_stay(channels: int, frames: tuple[int, ...]) -> None:
    random = np.random.default_rng(channels)
    image = random.uniform(-0.5, 9, (*frames, 150, 130, channels)).astype(np.float32)
    image[..., -1] = np.nan if channels > 3 else image[..., -1]
    before, conversion = image.copy(), way("ACEScg", "srgb_shaped")

    shaped = conversion.forward(image)
    back = conversion.inverse(shaped)

    coloured = 3 if channels >= 3 else 1
    assert shaped.shape == image.shape
    assert shaped.dtype == back.dtype == np.float32
    assert np.array_equal(shaped[..., coloured:], image[..., coloured:], equal_nan=True)
    assert np.array_equal(image, before, equal_nan=True)
    assert np.abs(back - image)[..., :coloured].max() < 1e-4


def test_strided_and_empty_images_are_taken() -> None:
    wide = np.random.default_rng(1).random((6, 8, 6), np.float32)
    conversion = way("ACEScg", "srgb_shaped")

    assert np.array_equal(
        conversion.forward(wide[::2, ::2, ::2]), conversion.forward(wide[::2, ::2, ::2].copy())
    )
    assert conversion.forward(np.zeros((0, 4, 3), np.float32)).shape == (0, 4, 3)


def test_threads_agree() -> None:
    image = np.random.default_rng(9).uniform(-0.5, 50, (200, 300, 3)).astype(np.float32)
    alone = way("ARRI LogC4", "acescct").forward(image)

    def again(_: int) -> Floats:
        return way("ARRI LogC4", "acescct").forward(image)

    with ThreadPoolExecutor(8) as threads:
        assert all(np.array_equal(one, alone) for one in threads.map(again, range(32)))


# What a plate is in


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("ACEScg", "ACEScg"),
        ("acesCG", "ACEScg"),
        ("lin_rec709", "Linear Rec.709 (sRGB)"),
        ("scene_linear", "ACEScg"),
        ("Input - ARRI - V3 LogC (EI800) - Wide Gamut", "ARRI LogC3 (EI800)"),
    ],
)
def test_names_aliases_and_roles_can_be_asked_for(asked: str, name: str) -> None:
    found = colour.plate_space(BUILT_IN, asked=asked, attributes={"colorInteropID": "data"})
    said = colour.plate_space(BUILT_IN, asked=asked, asked_by="nuke", attributes={})

    assert found == colour.Space(name, "asked for")
    assert said == colour.Space(name, "said by nuke")


def test_an_unknown_name_is_answered_with_near_ones() -> None:
    with pytest.raises(JobError, match="no colour space 'ACEScgg'") as told:
        colour.plate_space(BUILT_IN, asked="ACEScgg", attributes={})
    with pytest.raises(JobError, match="'ARRI'") as by_host:
        colour.plate_space(BUILT_IN, asked="ARRI", asked_by="nuke", attributes={})

    assert "Did you mean 'acescg'?" in told.value.problem
    assert "ACEScg, " in told.value.remedy
    assert "ARRI LogC4" in by_host.value.remedy
    assert "nuke may use another configuration" in by_host.value.remedy


CHROMATICITIES = {
    "Linear Rec.709 (sRGB)": (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329),
    "ACEScg": (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.3217, 0.3377),
    "ACES2065-1": (0.7347, 0.2653, 0, 1, 0.0001, -0.077, 0.32168, 0.33767),
    "Linear P3-D65": (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329),
    "Linear Rec.2020": (0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329),
}


@pytest.mark.parametrize("name", CHROMATICITIES)
def test_chromaticities_tell_linear_spaces(name: str) -> None:
    found = space(chromaticities=CHROMATICITIES[name])

    assert found == colour.Space(name, "attribute chromaticities")


@pytest.mark.parametrize(
    ("interop", "name"),
    [
        ("lin_ap1_scene", "ACEScg"),
        ("lin_rec709_scene", "Linear Rec.709 (sRGB)"),
        ("srgb_rec709_scene", "sRGB Encoded Rec.709 (sRGB)"),
        ("ocio:acescct_ap1_scene", "ACEScct"),
        ("data", "Raw"),
    ],
)
def test_colour_interop_ids_are_known(interop: str, name: str) -> None:
    assert space(colorInteropID=interop) == colour.Space(name, "attribute colorInteropID")


def test_the_best_attribute_wins() -> None:
    attributes: dict[str, Any] = {
        "chromaticities": CHROMATICITIES["ACEScg"],
        "acesImageContainerFlag": 1,
        "oiio:ColorSpace": "lin_p3d65",
        "colorInteropID": "lin_rec2020_scene",
    }
    found = []
    for name in ("colorInteropID", "oiio:ColorSpace", "acesImageContainerFlag", "chromaticities"):
        found.append(space(**attributes))
        del attributes[name]

    assert [one.name for one in found] == [
        "Linear Rec.2020",
        "Linear P3-D65",
        "ACES2065-1",
        "ACEScg",
    ]
    assert found[1].source == "attribute oiio:ColorSpace"
    assert space() == colour.Space("ACEScg", "assumed")


def test_an_attribute_that_nobody_knows_is_passed_over_and_said() -> None:
    assert space(colorInteropID="foo") == colour.Space(
        "ACEScg",
        "assumed: attribute colorInteropID names 'foo', which the configuration has not",
    )
    assert space(colorspace="foo", acesImageContainerFlag=1).source == (
        "attribute acesImageContainerFlag; "
        "attribute colorspace names 'foo', which the configuration has not"
    )
    assert space(chromaticities=(0.5,) * 8).source.startswith("assumed: attribute chromaticities")
    assert space(colorInteropID="unknown", colorspace=7, acesImageContainerFlag=0) == space()


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20)), st.text(max_size=20))
def test_no_attribute_is_an_error(attributes: dict[str, str], value: str) -> None:
    found = space(**{**attributes, "colorInteropID": value, "x/colorspace": value})

    assert found.name
