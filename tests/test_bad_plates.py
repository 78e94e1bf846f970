"""Plates that do not fit together, or not the task, are refused in a sentence that names the spot."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from samples import (
    AtOnce,
    change,
    noise,
    own_models,
    own_server,
    plate,
    refused,
    save,
    window,
)

from answerprint import exr
from answerprint_server import repository

Refused = Callable[..., str]

RGB = [*"RGB"]
STEREO = [*RGB, "right.R", "right.G", "right.B"]
VIEWS = ["left", "right"]


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)


@pytest.fixture
def at_once(tmp_path: Path) -> AtOnce:
    return AtOnce(tmp_path)


@pytest.fixture
def no(at_once: AtOnce) -> Refused:
    """What is said when a task over a plate is refused because of the plate."""
    return lambda task, path, *words: refused(
        at_once, "SourceError", "--task", task, "--plate", path, *words
    )


def layered(*layers: str) -> list[str]:
    return [f"{layer}.{letter}" for layer in layers for letter in RGB]


def notes(at_once: AtOnce, task: str, path: Path, *words: str) -> list[str]:
    """What a job that can run says beforehand."""
    said = at_once("run", "--task", task, "--plate", path, *words, "--dry-run", "--json")
    assert said.code == 0, said
    found: list[str] = said.last["notes"]
    return found


# Windows


@pytest.mark.parametrize("name", ["albedo", "normal"])
def test_a_guide_from_another_sequence_has_the_plates_window(
    name: str, no: Refused, tmp_path: Path
) -> None:
    """Every pixel of a guide must lie over the plate's: one frame with overscan is enough."""
    path = plate(tmp_path / "plate", names=[*RGB, *layered("albedo")])
    guide = plate(tmp_path / "guide")
    save(guide.parent / "bg.1003.exr", noise(0), dataWindow=window(-4, -3, 27, 20))

    said = no("denoise", path, "--input", f"{name}={guide}", "--layer", f"{name}=rgba")

    assert f"{name} in bg.1003.exr (frame 1003) is 32x24 at -4,-3; the plate is 32x24." in said
    assert f"--layer {name}=none" in said


def test_a_guide_may_have_another_display_window(at_once: AtOnce, tmp_path: Path) -> None:
    """The display window says what is shown; pixels lie by the data window alone."""
    path = plate(tmp_path / "plate", 1)
    guide = plate(tmp_path / "guide", 1, displayWindow=window(0, 0, 63, 47))
    words = ("--input", f"albedo={guide}", "--layer", "albedo=rgba")

    said = at_once("run", "--task", "denoise", "--plate", path, *words, "--json")

    assert said.last["state"] == "complete"


@pytest.mark.parametrize("words", [("passthrough",), ("retime", "--speed", "0.5")])
def test_a_resolution_that_changes_is_found_at_its_frame(
    words: tuple[str, ...], no: Refused, tmp_path: Path
) -> None:
    path = plate(tmp_path / "plate")
    save(path.parent / "bg.1002.exr", noise(2), displayWindow=window(0, 0, 63, 47))

    said = no(words[0], path, *words[1:])

    assert "Frame 1002 has the resolution 64x48; the first frame has 32x24." in said
    assert "Run each resolution as a job of its own." in said


# Channels


def test_a_guide_that_is_lost_in_mid_sequence_may_be_left_out(
    no: Refused, tmp_path: Path, at_once: AtOnce
) -> None:
    path = plate(tmp_path / "plate", names=[*RGB, *layered("albedo")])
    save(path.parent / "bg.1002.exr", noise(2))

    said = no("denoise", path)

    assert "bg.1002.exr (frame 1002) has no layer 'albedo'. It holds rgba." in said
    assert "Leave it out with --layer albedo=none." in said
    assert "albedo: not used, as asked" in notes(at_once, "denoise", path, "--layer", "albedo=none")


def test_an_alpha_that_is_lost_in_mid_sequence_may_be_left_out(
    no: Refused, tmp_path: Path, at_once: AtOnce
) -> None:
    path = plate(tmp_path / "plate", names="RGBA")
    change(path.parent / "bg.1003.exr", lambda one: one.parts[0].channels.pop("A"))

    said = no("upscale", path)

    assert "Layer 'rgba' of bg.1003.exr (frame 1003) has not the channels A that alpha" in said
    assert "It holds B, G, R. Leave it out with --layer alpha=none." in said
    assert "alpha: not used, as asked" in notes(at_once, "upscale", path, "--layer", "alpha=none")


def test_an_alpha_that_is_lost_in_mid_retime_is_another_set_of_channels(
    no: Refused, tmp_path: Path
) -> None:
    path = plate(tmp_path / "plate", names="RGBA")
    change(path.parent / "bg.1002.exr", lambda one: one.parts[0].channels.pop("A"))

    said = no("retime", path, "--speed", "0.5")

    assert (
        "bg.1002.exr (frame 1002) has the channels R, G, B; the first frame has R, G, B, A" in said
    )
    assert "run its parts as jobs of their own" in said


def test_channels_that_nobody_asked_for_may_come_and_go_and_it_is_said(
    at_once: AtOnce, tmp_path: Path
) -> None:
    """Upscaling keeps the result alone: what the first frame has not would be lost unsaid."""
    path = plate(tmp_path / "plate", names=[*RGB, "Z"])
    save(path.parent / "bg.1002.exr", noise(2, "RGBA"))

    assert notes(at_once, "upscale", path)[-1] == (
        "channels: frame 1002 has others than the first frame: A more; Z fewer"
    )
    assert not any("channels:" in one for one in notes(at_once, "upscale", path, "--frames=1001"))


@pytest.mark.parametrize("task", ["denoise", "upscale", "matte", "embed"])
def test_an_alpha_alone_is_no_picture(task: str, no: Refused, tmp_path: Path) -> None:
    """The layer is there under its name: what it lacks has to be said, or nobody understands."""
    said = no(task, plate(tmp_path / "plate", 1, "A"))

    assert "bg.1001.exr has no layer for color; looked for rgba" in said
    assert "Its layer 'rgba' has not the channels RGB." in said


def test_an_alpha_alone_that_is_asked_for_is_no_picture(no: Refused, tmp_path: Path) -> None:
    said = no("denoise", plate(tmp_path / "plate", 1, "A"), "--layer", "color=rgba")

    assert "bg.####.exr has not the channels RGB that color needs. It holds A." in said


@pytest.mark.parametrize("name", ["color", "albedo"])
def test_whole_numbers_are_no_picture_and_no_guide(name: str, no: Refused, tmp_path: Path) -> None:
    numbers = {channel: np.ones((24, 32), np.uint32) for channel in layered("id")}
    save(tmp_path / "bg.1001.exr", {**noise(0), **numbers})

    said = no("denoise", tmp_path / "bg.####.exr", "--layer", f"{name}=id")

    assert "Channel id.R of bg.1001.exr (frame 1001) holds whole numbers (uint)." in said
    assert "choose another layer" in said


# Layers that may be meant


def test_of_two_guides_none_is_taken_unasked(no: Refused, at_once: AtOnce, tmp_path: Path) -> None:
    path = plate(tmp_path / "plate", 1, [*RGB, *layered("denoise_albedo", "basecolor")])

    said = no("denoise", path)

    assert "bg.1001.exr has 2 layers that may be albedo: basecolor, denoise_albedo." in said
    assert "--layer albedo=NAME, or leave it out with --layer albedo=none" in said
    assert "albedo: layer basecolor of bg.1001.exr" in notes(
        at_once, "denoise", path, "--layer", "albedo=basecolor"
    )


def test_two_layers_under_a_name_of_the_studios_own_are_asked_about(
    no: Refused, at_once: AtOnce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two view layers, each with what the studio calls its albedo."""
    path = plate(tmp_path / "plate", 1, [*RGB, *layered("Set.house_alb", "Sky.house_alb")])
    assert "albedo: not used, bg.1001.exr has no such layer" in notes(at_once, "denoise", path)
    (tmp_path / "site.toml").write_text('layers = {albedo = ["house_alb"]}\n', encoding="utf-8")
    monkeypatch.setenv("ANSWERPRINT_SITE", str(tmp_path / "site.toml"))

    said = no("denoise", path)

    assert "2 layers that may be albedo: Set.house_alb, Sky.house_alb." in said


# Views


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ({}, "lacks the view left. It has no views by name."),
        ({"multiView": ["left", "centre"]}, "lacks the view right. It has left, centre."),
    ],
)
def test_a_frame_without_one_of_the_views_is_found(
    lost: dict[str, list[str]], words: str, no: Refused, tmp_path: Path
) -> None:
    path = plate(tmp_path / "plate", names=STEREO, multiView=VIEWS)
    save(path.parent / "bg.1002.exr", noise(2), **lost)

    said = no("passthrough", path)

    assert f"bg.1002.exr (frame 1002) {words}" in said
    assert "choose views with --view" in said


def test_a_view_without_its_picture_is_found(no: Refused, tmp_path: Path) -> None:
    path = plate(tmp_path / "plate", names=STEREO, multiView=VIEWS)
    save(path.parent / "bg.1002.exr", noise(2), multiView=VIEWS)

    said = no("passthrough", path)

    assert "bg.1002.exr (frame 1002), view right, has no layer 'rgba'." in said
    assert "View left has it" in said


def test_a_guide_that_one_view_lacks_is_not_made_up(
    no: Refused, at_once: AtOnce, tmp_path: Path
) -> None:
    path = plate(tmp_path / "plate", 1, [*STEREO, *layered("albedo")], multiView=VIEWS)

    said = no("denoise", path)

    assert "bg.1001.exr (frame 1001), view right, has no layer 'albedo'." in said
    assert "--view left makes that one alone. Leave it out with --layer albedo=none." in said
    for way_out in ("--view=left", "--layer=albedo=none"):
        assert notes(at_once, "denoise", path, way_out)


def test_a_layer_that_only_another_view_has_is_found_there(
    no: Refused, at_once: AtOnce, tmp_path: Path
) -> None:
    right = [f"spec.right.{letter}" for letter in RGB]
    path = plate(tmp_path / "plate", 1, [*STEREO, *right], multiView=VIEWS)

    said = no("passthrough", path, "--layer", "pixels=spec")

    assert "bg.1001.exr, view left, has no layer 'spec'. It holds rgba." in said
    assert "View right has it: --view right makes that one alone." in said
    assert "pixels: layer spec of bg.1001.exr" in notes(
        at_once, "passthrough", path, "--layer", "pixels=spec", "--view", "right"
    )


# Frames around a frame


def test_a_single_frame_at_half_speed_is_that_frame(at_once: AtOnce, tmp_path: Path) -> None:
    path = plate(tmp_path / "plate", 1)
    words = ("--task", "retime", "--plate", path, "--speed", "0.5")

    said = at_once("run", *words, "--json")

    frames = [event for event in said.documents if event["event"] == "frame"]
    assert [(event["frame"], event["shows"]) for event in frames] == [(1001, 1001)]
    made = exr.read(Path(tmp_path, "takes", "bg_retime", "v001", "bg_retime_v001.1001.exr"))
    for name, pixels in noise(1001).items():
        assert (made.parts[0].channels[name] == pixels).all()


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        ("1001-1003", "lacks 1 of the 3 frames asked for, first 1002."),
        ("1001,1003", "lacks frame 1002, which retime looks at to make the frames beside it."),
    ],
)
def test_retiming_over_a_missing_frame_names_it(
    frames: str, words: str, no: Refused, tmp_path: Path
) -> None:
    path = plate(tmp_path / "plate")
    (path.parent / "bg.1002.exr").unlink()

    assert f"{path} {words}" in no("retime", path, "--speed", "0.5", "--frames", frames)


@pytest.fixture(scope="module")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server whose passthrough sees a frame before and two after."""
    folder = tmp_path_factory.mktemp("temporal")
    models = own_models(folder / "models", ["passthrough"])
    described = models / "passthrough" / "contract.json"
    contract = json.loads(described.read_text(encoding="utf-8"))
    contract["cut"] = {"mode": "whole", "before": 1, "after": 2}
    described.write_text(json.dumps(contract), encoding="utf-8")
    repository.update(models / "passthrough")
    with own_server(folder / "home", models) as state:
        yield state.address


@pytest.fixture
def gap(temporal: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Seven frames without 1005, for the task that sees neighbours."""
    monkeypatch.setenv("ANSWERPRINT_SERVER", temporal)
    path = plate(tmp_path / "plate", 7)
    (path.parent / "bg.1005.exr").unlink()
    return path


@pytest.mark.parametrize("frames", ["1003", "1004", "1006", "1001-1003"])
def test_a_neighbour_that_is_missing_is_named(frames: str, no: Refused, gap: Path) -> None:
    """The frames asked for are all there: what lacks is one that they are made with."""
    said = no("passthrough", gap, "--frames", frames)

    assert f"{gap} lacks frame 1005, which passthrough looks at to make the frames beside" in said
    assert "ask for frames away from it" in said


def test_frames_away_from_the_gap_and_at_the_ends_can_be_made(at_once: AtOnce, gap: Path) -> None:
    for frames in ("1001-1002", "1007"):
        assert notes(at_once, "passthrough", gap, f"--frames={frames}")


def test_a_task_says_which_neighbours_it_sees(at_once: AtOnce, gap: Path) -> None:
    said = at_once("tasks", "passthrough")

    assert "  time        sees 1 frame before and 2 after" in said.out.splitlines()
