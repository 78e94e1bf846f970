"""A plate of points is offered tasks for points; a take for a farm is claimed, its commands copied."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from answerprint_panel import farm, kinds, plate_section
from answerprint_panel.host import Source

DENOISE = {"task": "denoise", "contract": {"kind": "image", "title": "Denoise"}}
NORMALS = {"task": "point_normals", "contract": {"kind": "points", "title": "Point normals"}}
UPRES = {"task": "volume_upres", "contract": {"kind": "volume", "title": "Volume upres"}}
OLD = {
    "task": "grade",
    "contract": {"title": "Grade"},
}  # a contract that says no kind is an image's
TASKS: list[dict[str, Any]] = [DENOISE, NORMALS, UPRES, OLD]
SOP = Source(node="/obj/geo1/OUT", kind="render", suffix=".safetensors", kinds=("points",))


def test_tasks_that_fit_come_first_and_the_others_say_what_they_take() -> None:
    offered = kinds.offered(TASKS, ("points",))

    assert [one["task"] for one in offered] == ["point_normals", "denoise", "volume_upres", "grade"]
    assert [one.get("problem") for one in offered] == [
        None,
        "takes an image; the plate is points",
        "takes a volume; the plate is points",
        "takes an image; the plate is points",
    ]


def test_of_a_plate_that_nothing_is_known_of_every_task_is_offered() -> None:
    assert kinds.offered(TASKS, ()) == TASKS


def test_what_was_found_in_the_files_counts_more_than_what_the_host_says() -> None:
    assert kinds.of_plate(SOP, {}) == ("points",)
    assert kinds.of_plate(SOP, {"kinds": ["points", "volume"]}) == ("points", "volume")
    assert kinds.of_plate(Source(node="Blur1", kind="render"), {}) == ("image",)
    assert kinds.of_plate(Source(node="Read1", kind="files", path="a.####.vdb"), {}) == ()


def test_geometry_is_told_by_what_it_holds() -> None:
    found = {
        "kind": "geometry",
        "count": 24,
        "points": 2_000_000,
        "primitives": 1,
        "volumes": [{"name": "density", "resolution": [128, 96, 64]}],
    }
    source = Source(node="OUT", kind="files", path="a.####.bgeo", first=1, last=24)

    words, icon, _ = plate_section.facts(found, source)

    assert words == (
        "24 of 24 frames, 2,000,000 points, 1 primitive, density 128 \N{MULTIPLICATION SIGN} 96 "
        "\N{MULTIPLICATION SIGN} 64"
    )
    assert icon == "pass"
    assert plate_section.rendered(SOP, "Houdini")[0].startswith("1 frame, cooked and written by")


@pytest.mark.parametrize(
    ("picked", "pattern"),
    [
        ("/p/sim.1001.bgeo", "/p/sim.####.bgeo"),
        ("/p/sim.1001.bgeo.gz", "/p/sim.####.bgeo.gz"),
        ("/p/smoke_v003.vdb", "/p/smoke_v003.vdb"),
        ("/p/bg.1001.exr", "/p/bg.####.exr"),
    ],
)
def test_one_file_of_a_sequence_means_all_of_it(picked: str, pattern: str) -> None:
    assert plate_section.from_file(picked).path == pattern


CLAIMED = {"path": "/show/my takes/v004", "take": "v004", "frames": "1001-1024", "variations": 0}


def test_a_farm_gets_a_command_for_every_ten_frames() -> None:
    lines = farm.commands("/share/engine/bin/python", CLAIMED)

    assert len(lines) == 3
    words = shlex.split(lines[2])
    assert words[0] == "/share/engine/bin/python"
    assert words[-3:] == ["--resume", "/show/my takes/v004", "--frames=1021-1024"]
    below = farm.commands("python", {**CLAIMED, "frames": "-5--3"})
    assert shlex.split(below[0])[-1] == "--frames=-5--3"


def test_frames_that_are_left_out_stay_left_out() -> None:
    parts = farm.parts({**CLAIMED, "frames": "1-3,7,9-10"}, per_task=5)

    assert parts == [["--frames", "1-3,7,9"], ["--frames", "10"]]


def test_a_wedge_is_shared_out_by_variation() -> None:
    parts = farm.parts({**CLAIMED, "frames": "1", "variations": 21})

    assert parts == [
        ["--variations", "w001-w010"],
        ["--variations", "w011-w020"],
        ["--variations", "w021"],
    ]
    assert farm.said({**CLAIMED, "variations": 21}, 3)["problem"] == (
        "v004 waits for the farm: 21 variations"
    )
