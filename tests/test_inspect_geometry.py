"""Inspecting and planning geometry: what lies there, in words and as a document, and what a run makes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import Answerprint
from handed import hand_over
from PIL import Image
from test_geometry_items import grid, points
from test_geometry_jobs import Offering, cache, contracts

from answerprint import geoinspection, geometries, plan, thumbnail
from answerprint.errors import SourceError
from answerprint.geometry import Attribute, Geometry
from answerprint.job import Job
from answerprint.site import Site
from answerprint.thumbnail import Cache, Easel
from answerprint.volume import Volume

SITE = Site()


def inspected(folder: Path, *, values: bool = True) -> dict[str, Any]:
    text = str(folder / "cache.####.safetensors")
    return geoinspection.inspect(text, SITE, values=values).as_json()


def test_points_are_told_with_attributes_and_the_box_around_them(tmp_path: Path) -> None:
    geometry = points()
    geometry.unsupported = {"NURBS curve": 3}
    geometry.put(Attribute("name", "point", np.zeros((6, 1), np.int32), strings=("hero",)))

    found = inspected(cache(tmp_path, geometry, points(), first=1001))

    assert found["kind"] == "geometry"
    assert found["kinds"] == ["points"]
    assert (found["title"], found["frames"], found["count"]) == ("cache", "1001-1002", 2)
    assert (found["points"], found["primitives"], found["vertices"]) == (6, 1, 3)
    assert found["layers"] == {"P": ["x", "y", "z"], "id": ["value"]}
    assert {
        "name": "P",
        "owner": "point",
        "type": "float32",
        "size": 3,
        "array": False,
        "qualifier": "point",
    } in found["attributes"]
    assert "string" in [one["type"] for one in found["attributes"]]
    assert found["unsupported"] == {"NURBS curve": 3}
    places = geometry.attributes[0].values
    assert np.allclose(found["bounds"], [places.min(0), places.max(0)], atol=1e-6)
    assert found["width"] is None
    assert found["colour"] is None
    assert found["problems"] == []


def test_volumes_are_told_with_their_voxels(tmp_path: Path) -> None:
    height = Volume("height", np.ones((1, 4, 5), np.float32), kind="heightfield")
    found = inspected(cache(tmp_path, Geometry(volumes=[grid(), height])))

    assert found["kinds"] == ["volume", "heightfield"]
    assert found["layers"] == {"density": ["value"], "height": ["value"]}
    assert found["volumes"][0] == {
        "name": "density",
        "resolution": [4, 3, 2],
        "voxel": [0.1, 0.1, 0.1],
        "kind": "vdb",
        "type": "float32",
        "size": 1,
        "active": 1,
    }
    assert found["volumes"][1]["active"] is None
    assert found["bounds"] == ([-0.5, -0.5, -0.5], [4.5, 3.5, 3.85])


def test_headers_alone_tell_all_but_what_needs_values(tmp_path: Path) -> None:
    found = inspected(cache(tmp_path, points()), values=False)

    assert found["points"] == 6
    assert found["bounds"] is None


def test_a_volumes_box_holds_its_outermost_voxels(tmp_path: Path) -> None:
    uniform = np.diag([0.5, 0.5, 0.5, 1.0])
    volume = Volume("density", np.ones((2, 3, 4), np.float32), uniform, (10, 0, -2))

    found = inspected(cache(tmp_path, Geometry(volumes=[volume])), values=False)

    assert found["bounds"] == ([4.75, -0.25, -1.25], [6.75, 1.25, -0.25])


def test_what_cannot_be_read_is_said_beside_the_rest(tmp_path: Path) -> None:
    cache(tmp_path, Geometry())
    (tmp_path / "cache.1002.safetensors").write_bytes(b"none")
    (tmp_path / "cold.1001.safetensors").write_bytes(b"none")

    empty = inspected(tmp_path)
    broken = geoinspection.inspect(str(tmp_path / "cold.####.safetensors"), SITE).as_json()

    assert "cache.1001.safetensors holds no points and no voxels." in str(empty["problems"])
    assert (empty["kinds"], empty["points"], empty["bounds"]) == ([], 0, None)
    assert broken["problems"]
    assert broken["layers"] == {}
    with pytest.raises(SourceError, match="is no geometry that can be read"):
        geoinspection.inspect(str(tmp_path / "cache.####.bgeo.sc"), SITE)


def test_the_shell_says_it_for_people(tmp_path: Path, answerprint: Answerprint) -> None:
    geometry = points()
    geometry.volumes = [replace(grid(kind="dense"), name="")]
    geometry.anchors = np.array([5], np.int32)
    hand_over(tmp_path / "cache.safetensors", geometry)

    said = answerprint("inspect", str(tmp_path / "cache.safetensors")).out

    assert "frames      a single file" in said
    assert "holds       6 points and 1 volume" in said
    assert "primitives  1, of 4 vertices" in said
    assert "point       P: 3 float32, point" in said
    assert "group       hot, of points" in said
    assert "dense       (unnamed): 4x3x2 of float32, voxels of 0.1" in said


def planned(folder: Path, task: str = "point_normals", **fields: Any) -> dict[str, Any]:
    job = Job(task=task, plate=str(folder / "cache.####.safetensors"), **fields)
    server: Any = Offering(*contracts())
    return plan.plan(job, server, Site(root=folder / "takes"), home=folder / "home").as_json()


def test_a_plan_says_what_could_be_an_input_and_what_stays(tmp_path: Path) -> None:
    geometry = points()
    geometry.put(Attribute("vel", "point", np.zeros((6, 3), np.float32)))

    found = planned(cache(tmp_path, geometry))
    alone = planned(tmp_path, result={"layers": "only"})

    assert (found["kind"], found["format"]) == ("points", "bgeo")
    assert found["choices"]["points"] == ["P", "vel"]
    assert found["inputs"]["points"]["layer"] == "P"
    assert found["absent"] == ["guide"]
    assert sorted(found["kept"]) == ["P", "id", "vel", "vertex N"]
    assert found["left_out"] == []
    assert sorted(alone["left_out"]) == ["id", "vel", "vertex N"]
    assert alone["kept"] == []
    assert found["estimate"]["basis"] == "guess"
    assert not (tmp_path / "takes").exists()


def test_what_would_be_left_out_changes_or_is_not_seen_is_a_warning(tmp_path: Path) -> None:
    geometry = points()
    geometry.unsupported = {"metaball": 1}
    fewer = Geometry(2, [Attribute("P", "point", np.zeros((2, 3), np.float32))])

    found = planned(cache(tmp_path, geometry, fewer), unsupported="leave_out")

    assert found["warnings"] == [
        "left out of the take: 1 metaball",
        "result: the plate has N on vertices as well; Houdini shows that one",
        "points: their number changes, 2 at 1002 to 6 at 1001",
    ]


def test_an_estimate_counts_voxels(tmp_path: Path) -> None:
    volume = Volume("density", np.ones((10, 20, 30), np.float32))
    bgeo = tmp_path / "cache.1001.safetensors"
    hand_over(bgeo, Geometry(volumes=[volume]))

    found = planned(tmp_path, "volume_upres")

    assert found["format"] == "vdb"
    assert found["estimate"]["per_frame"] == pytest.approx(0.006)
    assert found["kept"] == []
    assert geometries.structure(bgeo).volumes[0].resolution == (30, 20, 10)


@pytest.mark.parametrize(
    "held",
    [
        points(np.float16),
        Geometry(volumes=[grid()]),
        Geometry(volumes=[Volume("vel", np.full((2, 3, 4, 3), np.nan, np.float32))]),
        Geometry(volumes=[Volume("height", np.eye(9, dtype=np.float32)[None], kind="heightfield")]),
        Geometry(volumes=[Volume("height", np.ones((1, 1, 4), np.float32), kind="heightfield")]),
        Geometry(),
    ],
)
def test_a_thumbnail_shows_what_lies_there(held: Geometry, tmp_path: Path) -> None:
    easel = Easel(SITE, Cache(tmp_path / "thumbnails"), 64)
    plate = str(hand_over(tmp_path / "cache.1001.safetensors", held))

    found = thumbnail.of_plate(easel, plate.replace("1001", "####"), None, None)
    again = thumbnail.of_plate(easel, plate.replace("1001", "####"), 1001, None)

    with Image.open(found.picture.path) as image:
        seen = np.array(image)
    assert seen.shape == (48, 64, 3)
    assert again.picture.path == found.picture.path
    lit = bool((seen != seen[0, 0]).any())
    assert lit or not held.volumes or "vel" in [one.name for one in held.volumes]
