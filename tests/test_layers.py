"""Layers: which channels of a plate a task gets, and what there is if they are not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from answerprint import aliases, contract, exr, layers
from answerprint.contract import Input
from answerprint.errors import SourceError

CONTRACT = Path(__file__).parents[1] / "server" / "models" / "denoise" / "contract.json"
COLOR, ALBEDO, NORMAL = contract.parse(CONTRACT.read_text("utf-8"), where="denoise").inputs
PLATE = "bg.1001.exr"


def frame(*names: str, **parts: str) -> exr.Frame:
    """Channels of one part; further parts by name, with their channels in one word: Z='Z'."""
    first, *others = [
        exr.new({name: ramp(name) for name in one}) for one in (names, *parts.values())
    ]
    for name, one in zip(parts, others, strict=True):
        one.parts[0].header["name"] = name
        first.parts += one.parts
    return first


def ramp(name: str) -> exr.Pixels:
    return np.full((3, 4), len(name), np.float16)


def choose(held: exr.Frame, wanted: Input, asked: str | None = None) -> str | None:
    return layers.choose(held, wanted, asked, PLATE, required=wanted.required)


def test_layers_are_the_prefixes_of_channels() -> None:
    held = frame("R", "A", "albedo.R", "albedo.G", "a.b.X").layers()

    assert {layer: [name for _, name in channels] for layer, channels in held.items()} == {
        "rgba": ["R", "A"],
        "albedo": ["albedo.R", "albedo.G"],
        "a.b": ["a.b.X"],
    }


def test_a_later_part_lends_its_name_to_channels_without_a_prefix() -> None:
    held = frame("R", "G", depth="Z")
    held.parts[1].channels["N.X"] = ramp("N.X")

    assert held.layers() == {"rgba": [(0, "R"), (0, "G")], "depth": [(1, "Z")], "N": [(1, "N.X")]}


def test_the_first_parts_name_is_no_layer() -> None:
    held = frame("R", depth="Z")
    held.parts[0].header["name"] = "beauty"

    assert list(held.layers()) == ["rgba", "depth"]


def test_the_contracts_best_name_that_is_there_is_chosen() -> None:
    held = frame("R", "G", "B", "beauty.R", "beauty.G", "beauty.B", "normals.X")

    assert choose(held, COLOR) == "rgba"
    assert choose(frame(*"RGB", Normals="XYZ"), NORMAL) == "Normals"
    assert choose(frame("combined.R", "combined.G", "combined.B"), COLOR) == "combined"


def test_a_layer_without_the_channels_is_passed_over_for_the_next() -> None:
    held = frame("A", "beauty.R", "beauty.G", "beauty.B")

    assert choose(held, COLOR) == "beauty"
    with pytest.raises(SourceError, match="no layer for color; looked for rgba, rgb, beauty"):
        choose(frame("A", "Z"), COLOR)


@pytest.mark.parametrize(
    ("wanted", "layer", "letters"),
    [
        (ALBEDO, "denoise_albedo", "RGB"),  # Arnold
        (ALBEDO, "ViewLayer.Denoising Albedo", "RGB"),  # Blender
        (NORMAL, "ViewLayer.Denoising Normal", "XYZ"),
        (COLOR, "ViewLayer.Combined", "RGBA"),
        (COLOR, "ViewLayer.Noisy Image", "RGBA"),
        (ALBEDO, "VRayDiffuseFilter", "RGB"),  # V-Ray for 3ds Max
        (NORMAL, "VRayNormals", "XYZ"),
        (NORMAL, "normals", "XYZ"),  # V-Ray for Maya
        (ALBEDO, "DiffuseFilter", "RGB"),  # Redshift
        (COLOR, "Ci", "rgb"),  # RenderMan
        (NORMAL, "Nn", "xyz"),
        (COLOR, "C", "RGBA"),  # Mantra and Karma
        (NORMAL, "N", "xyz"),
        (ALBEDO, "basecolor", "rgb"),
        (ALBEDO, "Diffuse-Albedo", "RGB"),
    ],
)
def test_layers_are_found_under_the_names_of_renderers(
    wanted: Input, layer: str, letters: str
) -> None:
    held = frame("Z", *(f"{layer}.{one}" for one in letters), *(f"other.{one}" for one in "RGB"))

    assert choose(held, wanted) == layer


def test_karmas_planes_are_told_apart() -> None:
    """As a render of Houdini 21 names them; a site names its own in `layers`."""
    planes = {"C": "RGBA", "albedo": "rgb", "combineddiffuse": "rgb", "combinedemission": "rgb"}
    numbers = {"N": "xyz", "Ng": "xyz", "P": "xyz", "P_camera": "xyz", "motionvectors": "xyz"}
    numbers |= {"depth_extra": "Z"}
    held = frame(
        *(f"{name}.{one}" for name, letters in (planes | numbers).items() for one in letters)
    )

    assert choose(held, COLOR) == "C"
    assert choose(held, ALBEDO) == "albedo"
    assert choose(held, NORMAL) == "N"
    assert not any(map(aliases.is_data, planes))
    assert all(map(aliases.is_data, numbers))


def test_components_may_be_written_as_words() -> None:
    held = frame("Z", "beauty.blue", "beauty.red", "beauty.alpha", "beauty.green")

    assert choose(held, COLOR) == "beauty"
    found = [name for _, name in layers.channels(held, "beauty", COLOR, PLATE)]
    assert found == ["beauty.red", "beauty.green", "beauty.blue"]


def test_a_site_adds_names_of_its_own_and_roles() -> None:
    names = aliases.table({"albedo": ["alb", "albedo"], "sss": ["skin"]})

    assert names["albedo"][:2] == ("alb", "albedo")
    assert set(names["albedo"]) == {"alb", *aliases.RENDERERS["albedo"]}
    assert names["sss"] == ("skin",)
    assert names["normal"] == aliases.RENDERERS["normal"]
    held = frame("alb.R", "alb.G", "alb.B")
    found = layers.choose(held, ALBEDO, None, PLATE, required=False, names=names)
    assert found == "alb"
    assert choose(held, ALBEDO) is None


@pytest.mark.parametrize(
    "names",
    [
        ("ViewLayer.Denoising Albedo", "FX.Denoising Albedo"),  # two view layers
        ("denoise_albedo", "basecolor"),  # two names
        ("Albedo", "ALBEDO"),
    ],
)
def test_of_several_that_fit_none_is_guessed(names: tuple[str, str]) -> None:
    held = frame(*"RGB", *(f"{name}.{one}" for name in names for one in "RGB"))

    with pytest.raises(SourceError) as caught:
        choose(held, ALBEDO)

    said = caught.value
    assert said.problem == f"{PLATE} has 2 layers that may be albedo: {names[0]}, {names[1]}."
    assert "--layer albedo=NAME" in said.remedy
    assert "--layer albedo=none" in said.remedy
    for name in names:
        assert choose(held, ALBEDO, name) == name


def test_an_input_that_is_needed_is_not_offered_to_be_left_out() -> None:
    held = frame(*(f"{name}.Combined.{one}" for name in ("Sky", "Set") for one in "RGB"))

    with pytest.raises(SourceError, match=r"may be color: Sky\.Combined, Set\.Combined") as caught:
        choose(held, COLOR)

    assert caught.value.remedy == "Choose one with --layer color=NAME."


def test_the_contracts_own_name_wins_over_all_others() -> None:
    names = ("basecolor", "ViewLayer.albedo", "diffuse_albedo", "Albedo")
    held = frame(*(f"{name}.{one}" for name in names for one in "RGB"))

    assert choose(held, ALBEDO) == "Albedo"


def test_a_layer_without_the_channels_is_no_choice() -> None:
    held = frame("albedo.A", "Set.albedo.A", *(f"basecolor.{one}" for one in "RGB"))

    assert choose(held, ALBEDO) == "basecolor"


def test_a_layer_may_be_asked_for_by_the_last_part_of_its_name() -> None:
    held = frame("Sky.Combined.R", "Set.Combined.R", "Set.Emit.R")

    assert choose(held, COLOR, "emit") == "Set.Emit"
    assert choose(held, COLOR, "set.combined") == "Set.Combined"
    with pytest.raises(SourceError, match=r"2 layers .* Sky\.Combined, Set\.Combined"):
        choose(held, COLOR, "Combined")
    with pytest.raises(SourceError, match="has no layer 'mit'"):
        choose(held, COLOR, "mit")


def test_the_layer_asked_for_is_chosen_whatever_the_case_of_its_letters() -> None:
    held = frame("R", "G", "B", "Clean.R", "Clean.G", "Clean.B")

    assert choose(held, COLOR, "clean") == "Clean"
    assert choose(held, COLOR, "RGBA") == "rgba"


def test_a_layer_asked_for_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(SourceError, match=r"bg\.1001\.exr has no layer 'clean'") as caught:
        choose(frame("R", "albedo.R", depth="Z"), COLOR, "clean")

    assert caught.value.remedy == "It holds rgba, albedo, depth."


def test_an_input_that_is_needed_is_answered_with_the_layers_there_are() -> None:
    with pytest.raises(SourceError, match=r"bg\.1001\.exr has no layer for color") as caught:
        choose(frame("N.X", depth="Z"), COLOR)

    assert "It holds N, depth." in caught.value.remedy
    assert "--layer color=" in caught.value.remedy


def test_an_input_that_may_be_absent_is() -> None:
    held = frame("R", "G", "B", "albedo.R", "albedo.G", "albedo.B")

    assert choose(frame("R", "G", "B"), ALBEDO) is None
    assert choose(held, ALBEDO, "none") is None
    assert choose(held, ALBEDO) == "albedo"


def test_an_input_that_is_needed_cannot_be_left_out() -> None:
    with pytest.raises(SourceError, match="has no layer 'none'"):
        choose(frame("R", "G", "B"), COLOR, "none")


@pytest.mark.parametrize(
    ("names", "picked"),
    [
        (("normal.Z", "normal.X", "normal.Y"), ("normal.X", "normal.Y", "normal.Z")),
        (("normal.B", "normal.G", "normal.R"), ("normal.R", "normal.G", "normal.B")),
        (("normal.z", "normal.x", "normal.y"), ("normal.x", "normal.y", "normal.z")),
        (tuple(f"normal.{one}" for one in "RGBXYZ"), ("normal.X", "normal.Y", "normal.Z")),
    ],
)
def test_channels_come_in_the_order_that_the_model_wants(
    names: tuple[str, ...], picked: tuple[str, ...]
) -> None:
    found = layers.channels(frame(*names), "normal", NORMAL, PLATE)

    assert found == tuple((0, name) for name in picked)


def test_channels_are_found_in_the_part_that_holds_them() -> None:
    found = layers.channels(frame(*"RGB", normal="XYZ"), "normal", NORMAL, PLATE)

    assert found == ((1, "X"), (1, "Y"), (1, "Z"))


def test_channels_that_are_missing_are_answered_with_those_there_are() -> None:
    with pytest.raises(SourceError, match="has not the channels XYZ or RGB that normal") as caught:
        layers.channels(frame("normal.X", "normal.Y"), "normal", NORMAL, PLATE)
    with pytest.raises(SourceError, match="has no layer 'normal'") as other:
        layers.channels(frame("R", "N.X"), "normal", NORMAL, PLATE)

    without = "Leave it out with --layer normal=none."
    assert caught.value.remedy == f"It holds normal.X, normal.Y. {without}"
    assert other.value.remedy == f"It holds rgba, N. {without}"


def test_a_frame_whose_channels_change_in_mid_sequence_is_refused() -> None:
    first = ("R", "G", "B")

    layers.check_same(first, ((0, "R"), (0, "G"), (0, "B")), PLATE)
    with pytest.raises(SourceError, match="has the channels X, Y, Z; the first frame has R, G, B"):
        layers.check_same(first, ((0, "X"), (0, "Y"), (0, "Z")), PLATE)
