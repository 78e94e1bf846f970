"""Stereo: each view's layers under their own names, in all the ways that programs write them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest
from effort import called
from hypothesis import given, settings
from strategies import Drawn, codec, files, scratch, window

from answerprint import contract, exr, layers
from answerprint.errors import SourceError

CONTRACT = Path(__file__).parents[1] / "server" / "models" / "denoise" / "contract.json"
COLOR, ALBEDO, _ = contract.parse(CONTRACT.read_text("utf-8"), where="denoise").inputs
Layers = dict[str, list[tuple[int, str]]]


Facts = dict[str, Any]


def saved(folder: Path, *held: tuple[Facts, Iterable[str]]) -> exr.Frame:
    """A file of these parts as it is read: attributes, and names of half channels."""
    facts = {
        "compression": codec("ZIP"),
        "type": OpenEXR.scanlineimage,
        "dataWindow": window(0, 0, 3, 2),
        "displayWindow": window(0, 0, 3, 2),
    }
    parts = tuple(
        ({**facts, **own}, {name: np.full((3, 4), number, np.float16) for name in names})
        for number, (own, names) in enumerate(held)
    )
    return exr.read(Drawn(parts).save(folder / "bg.1001.exr"))


def single(folder: Path, names: str, **facts: Any) -> exr.Frame:
    """One part; channels in one word each."""
    return saved(folder, (facts, names.split()))


def parts(folder: Path, *held: tuple[str, str | None, str]) -> exr.Frame:
    """Several parts: name, view, channels."""
    return saved(
        folder,
        *(
            ({"name": name, **({"view": view} if view else {})}, names.split())
            for name, view, names in held
        ),
    )


def test_one_part_for_all_views(tmp_path: Path) -> None:
    """As exrmultiview and Nuke write it; the default view's channels may carry its name or not."""
    held = single(
        tmp_path,
        "R G left.A right.R right.G right.A diffuse.left.R diffuse.right.R N.X",
        multiView=["left", "right"],
    )

    assert held.views() == ("left", "right")
    assert held.layers("left") == {
        "N": [(0, "N.X")],
        "rgba": [(0, "G"), (0, "R"), (0, "left.A")],
        "diffuse": [(0, "diffuse.left.R")],
    }
    assert held.layers("right") == {
        "rgba": [(0, "right.A"), (0, "right.G"), (0, "right.R")],
        "diffuse": [(0, "diffuse.right.R")],
    }
    assert held.layers() == held.layers("left")


def test_the_first_view_named_is_the_default_one(tmp_path: Path) -> None:
    held = single(tmp_path, "R left.R right.R", multiView=["center", "left", "right"])

    assert held.views() == ("center", "left", "right")
    assert held.layers() == {"rgba": [(0, "R")]}


def test_a_view_may_stand_before_the_layer(tmp_path: Path) -> None:
    held = single(tmp_path, "R right.depth.Z right.R", multiView=["left", "right"])

    assert held.layers("right") == {"rgba": [(0, "right.R")], "depth": [(0, "right.depth.Z")]}


@pytest.mark.parametrize("prefixed", [True, False])
def test_a_part_for_each_layer_and_view(tmp_path: Path, prefixed: bool) -> None:
    """As Nuke writes it, with the layer's name in the channels' names or without."""
    z, x = ("depth.Z", "normal.X") if prefixed else ("Z", "X")
    held = parts(
        tmp_path,
        ("rgba.left", "left", "R G B A"),
        ("depth.left", "left", z),
        ("normal.left", "left", x),
        ("rgba.right", "right", "R G B A"),
        ("depth.right", "right", z),
        ("normal.right", "right", x),
    )

    assert held.views() == ("left", "right")
    assert held.layers("left") == layered(0, "A B G R", z, x)
    assert held.layers("right") == layered(3, "A B G R", z, x)
    assert held.layers() == held.layers("left")


def layered(first: int, rgba: str, z: str, x: str) -> Layers:
    return {
        "rgba": [(first, name) for name in rgba.split()],
        "depth": [(first + 1, z)],
        "normal": [(first + 2, x)],
    }


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("left", "right"),
        ("beauty.left", "beauty.right"),
        ("rgba_left", "rgba_right"),
        ("left rgba", "right rgba"),
        ("Left", "Right"),
        ("one", "two"),
    ],
)
def test_a_part_for_each_view(tmp_path: Path, left: str, right: str) -> None:
    """The first part of each view is its unnamed layer, whatever it is called."""
    held = parts(tmp_path, (left, "left", "R albedo.R"), (right, "right", "R albedo.R"))

    assert held.layers("left") == {"rgba": [(0, "R")], "albedo": [(0, "albedo.R")]}
    assert held.layers("right") == {"rgba": [(1, "R")], "albedo": [(1, "albedo.R")]}


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("depth.right", "depth"),
        ("depth_right", "depth"),
        ("right depth", "depth"),
        ("Depth.RIGHT", "Depth"),
        ("light.depth.right", "light.depth"),
        ("brightness", "brightness"),  # a view's name within another word is none
        ("rightness", "rightness"),
        ("right", "rgba"),
    ],
)
def test_a_part_gives_its_name_without_the_view(tmp_path: Path, name: str, layer: str) -> None:
    held = parts(tmp_path, ("a", "left", "R"), ("b", "right", "R"), (name, "right", "Z"))

    assert (2, "Z") in held.layers("right")[layer]


def test_channels_of_a_view_that_carry_its_name_in_a_part_of_its_own(tmp_path: Path) -> None:
    held = parts(tmp_path, ("a", "left", "left.R N.left.X"), ("b", "right", "right.R N.right.X"))

    assert held.layers("right") == {"rgba": [(1, "right.R")], "N": [(1, "N.right.X")]}


def test_a_part_without_a_view_belongs_to_all(tmp_path: Path) -> None:
    held = parts(tmp_path, ("l", "left", "R"), ("r", "right", "R"), ("mattes", None, "id.R A"))

    for view in held.views():
        assert held.layers(view).keys() == {"rgba", "mattes", "id"}


def test_one_view_is_mono_and_keeps_its_name(tmp_path: Path) -> None:
    one = single(tmp_path, "R left.R", view="left")
    several = parts(tmp_path, ("rgba.main", "main", "R"), ("depth.main", "main", "Z"))

    assert one.views() == ("left",)
    assert one.layers() == one.layers("left") == {"rgba": [(0, "R")], "left": [(0, "left.R")]}
    assert several.layers() == {"rgba": [(0, "R")], "depth": [(1, "Z")]}


def test_a_frame_without_views_has_none(tmp_path: Path) -> None:
    held = single(tmp_path, "R")

    assert held.views() == ()
    assert held.layers("left") == {}


def test_a_part_for_each_image_as_karma_and_mantra_write_them(tmp_path: Path) -> None:
    held = parts(tmp_path, ("C", None, "R G B A"), ("N", None, "x y z"), ("albedo", None, "r g b"))

    assert held.views() == ()
    assert list(held.layers()) == ["rgba", "N", "albedo"]
    assert layers.choose(held, COLOR, None, "bg", required=True) == "rgba"
    assert layers.choose(held, ALBEDO, None, "bg", required=False) == "albedo"


def test_a_part_for_each_image_as_v_ray_writes_them(tmp_path: Path) -> None:
    held = parts(tmp_path, ("rgba", None, "R G B A"), ("VRayDiffuseFilter", None, "R G B"))

    assert list(held.layers()) == ["rgba", "VRayDiffuseFilter"]
    assert layers.choose(held, ALBEDO, None, "bg", required=False) == "VRayDiffuseFilter"


def test_layers_in_layers_as_blender_writes_them(tmp_path: Path) -> None:
    names = [f"ViewLayer.Combined.{one}" for one in "RGBA"]
    names += [f"ViewLayer.Denoising Albedo.{one}" for one in "RGB"]
    held = saved(tmp_path, ({}, names))

    assert list(held.layers()) == ["ViewLayer.Combined", "ViewLayer.Denoising Albedo"]
    assert layers.choose(held, COLOR, None, "bg", required=True) == "ViewLayer.Combined"


def test_layers_in_layers_of_two_views_as_blender_writes_them(tmp_path: Path) -> None:
    names = [f"ViewLayer.Combined.{view}.{one}" for view in ("left", "right") for one in "RGBA"]
    held = saved(tmp_path, ({"multiView": ["left", "right"]}, names))

    assert list(held.layers("right")) == ["ViewLayer.Combined"]
    picked = layers.channels(held, "ViewLayer.Combined", COLOR, "bg", "right")
    assert picked == tuple((0, f"ViewLayer.Combined.right.{one}") for one in "RGB")


def test_layers_are_chosen_in_the_view_asked_for(tmp_path: Path) -> None:
    held = parts(
        tmp_path,
        ("left", "left", "R G B albedo.R albedo.G albedo.B"),
        ("right", "right", "R G B"),
    )

    assert layers.choose(held, ALBEDO, None, "bg", required=False) == "albedo"
    assert layers.choose(held, ALBEDO, None, "bg", required=False, view="right") is None
    assert layers.channels(held, "rgba", COLOR, "bg", "right") == ((1, "R"), (1, "G"), (1, "B"))


def test_a_view_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    stereo = parts(tmp_path, ("l", "left", "R"), ("r", "right", "R"))
    with pytest.raises(SourceError, match=r"bg\.1001\.exr has no view 'center'") as caught:
        layers.choose(stereo, COLOR, None, "bg.1001.exr", required=True, view="center")
    assert caught.value.remedy == "Its views are left, right."

    with pytest.raises(SourceError, match="has no view 'right'") as other:
        layers.channels(single(tmp_path, "R"), "rgba", COLOR, "bg.1001.exr", "right")
    assert other.value.remedy == "It names no views."


def test_views_are_compared_by_their_channels_without_the_views_name(tmp_path: Path) -> None:
    held = single(tmp_path, "R G B right.R right.G right.B N.right.R", multiView=["left", "right"])
    picked = layers.channels(held, "rgba", COLOR, "bg", "right")

    layers.check_same(("R", "G", "B"), picked, "bg", held.views())
    layers.check_same(("left.R", "left.G", "left.B"), picked, "bg", held.views())
    with pytest.raises(SourceError, match=r"has the channels right\.R, right\.G, right\.B"):
        layers.check_same(("R", "G", "B"), picked, "bg")
    with pytest.raises(SourceError, match=r"the first frame has N\.R"):
        layers.check_same(("N.R",), picked[:1], "bg", held.views())


@settings(max_examples=60, deadline=None)
@given(files())
def test_the_views_of_any_file_hold_all_its_channels(drawn: Any) -> None:
    """Each channel in a layer of at least one view; and the header alone tells the same."""
    with scratch() as folder:
        path = drawn.save(folder / "frame.exr")
        held, structure = exr.read(path), exr.read_structure(path)

    views: tuple[str | None, ...] = held.views() or (None,)
    found = {one for view in views for layer in held.layers(view).values() for one in layer}
    assert found == {
        (number, name) for number, part in enumerate(held.parts) for name in part.channels
    }
    for view in views:
        assert structure.layers(view) == held.layers(view)


def test_four_times_as_many_layers_are_four_times_the_work() -> None:
    spent = []
    for count in (100, 400):
        names = [f"layer{number}.{view}.R" for number in range(count) for view in ("left", "right")]
        held = exr.new({name: np.zeros((1, 1), np.float16) for name in names})
        held.parts[0].header["multiView"] = ["left", "right"]
        with called() as calls:
            assert len(held.layers("right")) == count
        spent.append(calls.total())

    assert spent[1] < 8 * spent[0], spent
