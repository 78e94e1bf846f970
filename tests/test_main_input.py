"""What the result is written into is what it replaces, wherever else a task looks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from samples import AtOnce, made, noise, refused, save, save_parts

from answerprint import exr, record
from answerprint.takes import Take
from answerprint.triton import Server

HALF_SPEED = {"timing": {"speed": 0.5}, "parameters": {"method": "blend"}}


@pytest.fixture(autouse=True)
def _use_the_shared_server(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSWERPRINT_SERVER", address)


def flat(folder: Path, value: float, name: str = "bg") -> Path:
    """Two frames of one grey."""
    for number in (1001, 1002):
        grey = np.full((24, 32), value, np.float16)
        save(folder / f"{name}.{number}.exr", dict.fromkeys("RGB", grey))
    return folder / f"{name}.####.exr"


def means(take: Take) -> list[float]:
    frames = [exr.read(file).parts[0].channels for file in take.frames().values()]
    return [round(float(np.mean(one["R"].astype(np.float32))), 2) for one in frames]


def test_a_guide_of_its_own_moves_the_plate_and_never_stands_in_for_it(
    server: Server, home: Path, tmp_path: Path
) -> None:
    """Frames that are the plate's own, and those between, all of the plate."""
    guide = flat(tmp_path / "guide", 0.125)

    take = made(
        server, home, tmp_path / "takes", flat(tmp_path / "plate", 0.5), task="retime",
        inputs={"guide": {"path": str(guide)}}, **HALF_SPEED,
    )  # fmt: skip

    assert means(take) == [0.5, 0.5, 0.5]


def test_the_plate_may_be_named_as_an_input(server: Server, home: Path, tmp_path: Path) -> None:
    other = flat(tmp_path / "other", 0.25)

    take = made(
        server, home, tmp_path / "takes", flat(tmp_path / "plate", 0.5), task="retime",
        inputs={"plate": {"path": str(other)}}, **HALF_SPEED,
    )  # fmt: skip

    assert means(take) == [0.25, 0.25, 0.25]


def test_what_would_be_replaced_in_another_file_is_refused(tmp_path: Path) -> None:
    """The take is written into the plate's frames: there is no place for another file's alpha."""
    mattes = tmp_path / "mattes" / "m.####.exr"
    for number in (1001, 1002):
        save(tmp_path / "mattes" / f"m.{number}.exr", noise(number, "A"))

    said = refused(
        AtOnce(tmp_path), "JobError", "--task", "upscale", "--plate", flat(tmp_path / "plate", 0.5),
        "--input", f"alpha={mattes}",
    )  # fmt: skip

    assert "alpha comes from" in said
    assert "--layer alpha=none" in said


def test_an_alpha_of_another_part_comes_along(server: Server, home: Path, tmp_path: Path) -> None:
    shared = {"compression": OpenEXR.ZIP_COMPRESSION}
    save_parts(
        tmp_path / "bg.1001.exr",
        ({**shared, "name": "beauty"}, noise(1)),
        ({**shared, "name": "matte"}, {"A": np.full((24, 32), 0.5, np.float32)}),
    )

    take = made(
        server, home, tmp_path / "takes", tmp_path / "bg.####.exr", task="upscale",
        parameters={"method": "lanczos-2x"},
        inputs={"alpha": {"path": str(tmp_path / "bg.####.exr"), "layer": "matte"}},
    )  # fmt: skip

    beauty, matte = exr.read(take.file(1001)).parts
    assert beauty.data_window == matte.data_window == exr.Window(0, 0, 63, 47)
    assert matte.channels["A"].dtype == np.float32
    assert (matte.channels["A"] == 0.5).all()


def bad(folder: Path) -> Path:
    channels = noise(1)
    channels["R"][2, 3], channels["G"][4, 5] = np.nan, np.inf
    save(folder / "bg.1001.exr", channels)
    return folder / "bg.####.exr"


@pytest.mark.parametrize(
    ("task", "policy", "fate"),
    [
        ("denoise", "keep", "kept where they are"),
        ("denoise", "zero", "zero for the model"),
        ("upscale", "keep", "numbers for the model"),
        ("matte", "keep", "numbers for the model"),
        ("matte", "zero", "zero for the model"),
    ],
)
def test_what_becomes_of_nan_is_said_as_it_is(
    task: str, policy: str, fate: str, server: Server, home: Path, tmp_path: Path
) -> None:
    take = made(server, home, tmp_path / "takes", bad(tmp_path), task=task, non_finite=policy)

    [event] = [event for event in take.events() if event["event"] == "frame"]
    assert f"color: 1 NaN and 1 inf samples, {fate}" in event["warnings"]
    red = exr.read(take.file(1001)).parts[0].channels["R"]
    stays = (task, policy) == ("denoise", "keep") or task == "matte"
    assert bool(np.isnan(red).any()) == stays


def test_light_beyond_the_curve_is_counted_as_the_model_sees_it(
    server: Server, home: Path, tmp_path: Path
) -> None:
    """ACEScct 1.3 is light of about 8,500: no number in the file says so."""
    log = np.full((24, 32), 0.4, np.float16)
    log[3, 4] = 1.3
    save(tmp_path / "bg.1001.exr", dict.fromkeys("RGB", log))

    take = made(
        server, home, tmp_path / "takes", tmp_path / "bg.####.exr", task="upscale",
        colour={"space": "ACEScct"}, parameters={"method": "lanczos-2x"},
    )  # fmt: skip

    [event] = [event for event in take.events() if event["event"] == "frame"]
    assert any("3 samples outside -0.5 to 1000" in said for said in event["warnings"])


def test_a_frame_that_is_the_plates_own_claims_no_model_for_it(
    server: Server, home: Path, tmp_path: Path
) -> None:
    take = made(server, home, tmp_path / "takes", flat(tmp_path, 0.5), task="retime", **HALF_SPEED)

    own, between = (exr.read(take.file(number)) for number in (1001, 1002))
    records = [record.extract(one) for one in (own, between)]
    assert [one.processed for one in records if one] == [(), ("R", "G", "B")]
    assert [bool(one.digital_source_type) for one in records if one] == [False, True]


def test_a_copy_says_what_was_said_of_the_frame_it_was_copied_from(
    server: Server, home: Path, tmp_path: Path
) -> None:
    """How much light came out, and what to look at; not only where it was made first."""
    bright = noise(1)
    bright["R"][3, 4] = 4000
    save(tmp_path / "bg.1001.exr", bright)
    job = {"task": "upscale", "parameters": {"method": "lanczos-2x"}}

    takes = [made(server, home, tmp_path / "takes", tmp_path / "bg.####.exr", **job) for _ in "12"]

    first, second = (
        next(event for event in take.events() if event["event"] == "frame") for take in takes
    )
    assert first["cut"] == "whole"  # it is smaller than a tile
    assert second["copied_from"]["take"] == 1
    assert second["levels"] == first["levels"]
    assert "color out" in second["levels"]
    assert second["warnings"] == first["warnings"]
    assert any("outside -0.5 to 1000" in said for said in second["warnings"])
