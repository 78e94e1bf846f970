"""Jobs on geometry: what is open is found and said, what cannot work is refused with what cures it."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from handed import hand_over
from test_geometry_contracts import document, parse
from test_geometry_items import grid, points

from answerprint import geometries, preflight
from answerprint.cli import flags
from answerprint.errors import AnswerprintError, JobError, SourceError
from answerprint.geometry import Attribute, Geometry
from answerprint.job import Job, Resolved
from answerprint.offer import Offer
from answerprint.site import Site
from answerprint.volume import Volume


class Offering:
    """A server as preflight sees it: some contracts."""

    address = "here:1"

    def __init__(self, *said: dict[str, Any]) -> None:
        self._offers = [Offer(one["task"], "1", parse(one)) for one in said]

    def offers(self) -> list[Offer]:
        return self._offers

    def offer(self, task: str, version: str | None = None) -> Offer:
        del version
        return next(one for one in self._offers if one.name == task)


def contracts() -> list[dict[str, Any]]:
    normals = document() | {"task": "point_normals", "title": "Point normals"}
    normals["inputs"].append(
        {"name": "guide", "layers": ["v"], "channels": [["x", "y", "z"]], "encoding": "data"}
        | {"required": False}
    )
    volume = document("volume") | {"task": "volume_upres", "title": "Volume upres"}
    volume["outputs"][0]["scale"] = 2
    height = document("heightfield") | {"task": "heightfield_upres", "title": "Heightfield upres"}
    image = document() | {"task": "picture", "title": "Picture", "kind": "image"}
    image["outputs"] = [{"name": "made", "replaces": "points"}]
    return [normals, volume, height, image]


def resolve(folder: Path, task: str = "point_normals", **fields: Any) -> Resolved:
    fields.setdefault("plate", str(folder / "cache.####.safetensors"))
    job = Job(task=task, **fields)
    server: Any = Offering(*contracts())
    return preflight.resolve(job, server, Site(root=folder / "takes"))


def refused(folder: Path, task: str = "point_normals", **fields: Any) -> AnswerprintError:
    with pytest.raises((JobError, SourceError)) as caught:
        resolve(folder, task, **fields)
    assert caught.value.remedy
    return caught.value


def cache(folder: Path, *frames: Geometry, first: int = 1001) -> Path:
    for number, one in enumerate(frames, first):
        hand_over(folder / f"cache.{number}.safetensors", one)
    return folder


def test_a_job_on_points_says_what_it_found(tmp_path: Path) -> None:
    found = resolve(cache(tmp_path, points(), points()))

    assert found.frames == "1001-1002"
    assert found.inputs["points"].layer == "P"
    assert found.inputs["points"].channels == ("x", "y", "z")
    assert found.result.layers == "replace"
    assert found.result.format == "bgeo"
    assert found.name == "cache_point_normals"
    assert found.colour is None
    assert found.memory > 0
    assert found.disk > 0
    assert found.notes == (
        "points: attribute P of cache.1001.safetensors",
        "guide: not used, cache.1001.safetensors has no such attribute",
        "result: the plate has N on vertices as well; Houdini shows that one",
    )


def test_volumes_are_found_by_name_else_the_first_of_floats(tmp_path: Path) -> None:
    whole = Volume("id", np.ones((2, 2, 2), np.int32))
    smoke = replace(grid(dtype=np.float16), name="smoke")
    uniform = np.diag([0.1, 0.1, 0.1, 1.0])
    plain = Geometry(volumes=[whole, replace(smoke, transform=uniform)])

    found = resolve(cache(tmp_path, plain), "volume_upres")

    assert found.inputs["density"].layer == "smoke"
    assert found.result.format == "vdb"
    assert "density: grid smoke of cache.1001.safetensors, float16 as float32 for the model" in (
        found.notes
    )


def test_a_task_of_another_kind_says_what_it_takes_and_what_there_is(tmp_path: Path) -> None:
    terrain = Geometry(
        volumes=[Volume("height", np.ones((1, 4, 4), np.float32), kind="heightfield")]
    )
    cache(tmp_path / "points", points())
    cache(tmp_path / "terrain", terrain)

    one = refused(tmp_path / "points", "volume_upres")
    two = refused(tmp_path / "terrain", "volume_upres")
    three = refused(tmp_path / "points", "picture")
    four = refused(tmp_path, plate=str(tmp_path / "bg.####.exr"))

    mark = "cache.####.safetensors"
    assert one.problem == f"Volume upres takes a volume; {mark} holds 6 points."
    assert one.remedy == "The server has point_normals for it."
    assert two.problem == f"Volume upres takes a volume; {mark} holds 1 heightfield."
    assert two.remedy == "The server has heightfield_upres for it."
    assert three.problem == f"Picture takes pictures; {mark} holds 6 points."
    assert four.problem == "Point normals takes points; bg.####.exr holds pictures."
    assert four.remedy == "The server has picture for it."


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"views": ["left"]}, "views"),
        ({"colour": {"space": "ACEScg"}}, "colour.space"),
        ({"timing": {"speed": 0.5}}, "timing"),
        ({"result": {"type": "half"}}, "result.type"),
        ({"result": {"compression": "zip"}}, "result.compression"),
        ({"result": {"format": "exr"}}, "result.format"),
    ],
)
def test_what_only_pictures_have_is_refused_by_its_field(
    tmp_path: Path, fields: dict[str, Any], name: str
) -> None:
    error = refused(cache(tmp_path, points()), **fields)

    assert error.problem.startswith(f"{name} is for pictures")
    assert error.fix is not None
    cured = {**fields, **error.fix.change}
    assert resolve(tmp_path, **{k: v for k, v in cured.items() if v is not None})


def asked(folder: Path, layer: str, name: str = "points") -> dict[str, Any]:
    return {name: {"path": str(folder / "cache.####.safetensors"), "layer": layer}}


def test_a_missing_or_unfit_attribute_is_told_with_one_that_fits(tmp_path: Path) -> None:
    geometry = points()
    geometry.put(Attribute("vel", "point", np.zeros((6, 3), np.float32)))
    cache(tmp_path, geometry)

    typo = refused(tmp_path, inputs=asked(tmp_path, "vell"))
    whole = refused(tmp_path, inputs=asked(tmp_path, "id"))
    guide = refused(tmp_path, inputs=asked(tmp_path, "nope", "guide"))

    assert "has no attribute 'vell'. Did you mean 'vel'?" in typo.problem
    assert "The attribute 'id' of cache.1001.safetensors is int64; points needs 3 floats." in (
        whole.problem
    )
    assert "P (3 float32), id (int64)" in whole.remedy
    assert whole.fix is not None
    assert whole.fix.change["inputs"]["points"]["layer"] == "P"
    assert "Leave it out with --layer guide=none" in guide.remedy
    assert resolve(tmp_path, inputs=asked(tmp_path, "vel")).inputs["points"].layer == "vel"
    assert (
        "guide: not used, as asked"
        in resolve(tmp_path, inputs=asked(tmp_path, "none", "guide")).notes
    )


def test_every_frame_is_looked_at(tmp_path: Path) -> None:
    other = points()
    other.attributes[0] = replace(other.attributes[0], values=np.zeros((6, 3), np.float64))
    fewer = Geometry(2, [Attribute("P", "point", np.zeros((2, 3), np.float32))])
    gone = Geometry(2, [Attribute("Q", "point", np.zeros((2, 3), np.float32))])
    cache(tmp_path / "type", points(), other)
    cache(tmp_path / "gone", points(), gone)
    cache(tmp_path / "fewer", points(), fewer, points())
    cache(tmp_path / "empty", Geometry(), points(), Geometry())

    assert (
        "'P' of cache.1002.safetensors (frame 1002) is 3 float64; in the first frame it is 3 float32"
    ) in refused(tmp_path / "type").problem
    assert "cache.1002.safetensors (frame 1002) has no attribute 'P'" in (
        refused(tmp_path / "gone").problem
    )
    notes = resolve(tmp_path / "fewer").notes
    assert "points: their number changes, 2 at 1002 to 6 at 1001" in notes
    empty = refused(tmp_path / "empty")
    assert "holds no points and no voxels in 2 frames: 1001,1003." in empty.problem
    assert empty.fix is not None
    assert resolve(tmp_path / "empty", **empty.fix.change).frames == "1002"
    (tmp_path / "fewer" / "cache.1002.safetensors").unlink()
    missing = refused(tmp_path / "fewer", frames="1001-1003")
    assert "lacks 1 of the 3 frames asked for, first 1002" in missing.problem


def smoke(folder: Path, name: str, *active: bool, **about: str) -> Path:
    """`folder/cache.1001.vdb` and on: a grid with or without an active voxel, beside a full one."""
    folder.mkdir()
    for number, some in enumerate(active, 1001):
        values = np.full((3, 3, 3), some, np.float32)
        grids = [Volume(name, values, active=values > 0, about=dict(about))]
        grids.append(Volume("id", np.ones((2, 2, 2), np.int32)))
        geometries.write(folder / f"cache.{number}.vdb", Geometry(volumes=grids))
    return folder / "cache.####.vdb"


def test_frames_in_which_a_grid_is_empty_are_told_before_a_number_is_taken(tmp_path: Path) -> None:
    path = smoke(tmp_path / "sim", "density", False, True, False, True)

    error = refused(tmp_path, "volume_upres", plate=str(path))

    assert "holds nothing in 'density' in 2 frames: 1001,1003." in error.problem
    assert error.fix is not None
    assert resolve(tmp_path, "volume_upres", plate=str(path), **error.fix.change).frames == (
        "1002,1004"
    )


def test_a_level_set_is_taken_for_smoke_only_where_it_is_asked_for(tmp_path: Path) -> None:
    path = str(smoke(tmp_path / "sim", "surface", True, **{"class": "level set"}))

    error = refused(tmp_path, "volume_upres", plate=path)
    assert "surface (float32, a level set)" in error.remedy
    assert error.fix is None

    asked_for = {"density": {"path": path, "layer": "surface"}}
    found = resolve(tmp_path, "volume_upres", plate=path, inputs=asked_for)
    assert "level set: what comes back of surface need not be distances to a surface" in (
        found.notes
    )


def test_a_grid_of_openvdb_among_points_can_be_had_alone(tmp_path: Path) -> None:
    geometry = Geometry(3, [Attribute("P", "point", np.zeros((3, 3), np.float32))])
    geometry.put(Attribute("id", "point", np.zeros((3, 1), np.int32)))
    geometry.volumes = [Volume("density", np.ones((2, 2, 2), np.float32))]
    geometry.anchors = np.array([1], np.int32)
    cache(tmp_path, geometry)

    assert refused(tmp_path, "volume_upres").remedy == "Use --result only."
    alone = resolve(tmp_path, "volume_upres", result={"layers": "only"})

    assert alone.result.format == "vdb"
    assert "result: alone; P, id of the plate are not in the take" in alone.notes
    odd = refused(tmp_path, "volume_upres", result={"layers": "only", "format": "usdc"})
    assert odd.remedy == "Write the take as vdb."


def test_where_nothing_fits_nothing_is_to_be_chosen(tmp_path: Path) -> None:
    whole = Geometry(volumes=[Volume("id", np.ones((2, 2, 2), np.int32))])

    error = refused(cache(tmp_path, whole), "volume_upres")

    assert error.remedy == "It has id (int32). Convert one of them first."


def test_what_a_take_would_lose_stops_it_unless_it_may_be_left_out(tmp_path: Path) -> None:
    geometry = points()
    geometry.unsupported = {"NURBS curve": 3, "packed disk": 1}

    error = refused(cache(tmp_path, geometry))
    assert "holds 3 NURBS curves, 1 packed disk, which Answerprint does not know" in error.problem
    assert error.fix is not None
    found = resolve(tmp_path, **error.fix.change)
    assert "left out of the take: 3 NURBS curves, 1 packed disk" in found.notes


@pytest.mark.parametrize(
    ("linear", "words"),
    [
        (np.diag([0.1, 0.2, 0.1]), "has voxels of 0.1 x 0.2 x 0.1"),
        (np.array([[1, 0.1, 0], [0, 1, 0], [0, 0, 1.0]]), "voxels of 1.00499 x 1 x 1"),
        (np.array([[1, 0.1, 0], [0.1, 1, 0], [0, 0, 1.00499]]), "has sheared voxels: 11.4 degrees"),
        (np.zeros((3, 3)), "has voxels of no size"),
    ],
)
def test_voxels_that_are_no_cubes_are_refused_with_their_numbers(
    tmp_path: Path, linear: np.ndarray[Any, Any], words: str
) -> None:
    volume = grid()
    volume.transform[:3, :3] = linear

    assert words in refused(cache(tmp_path, Geometry(volumes=[volume])), "volume_upres").problem


def test_nan_stops_a_job_that_says_so(tmp_path: Path) -> None:
    geometry = points()
    geometry.attributes[0].values[3, 0] = np.nan
    cache(tmp_path, points(), geometry)

    assert resolve(tmp_path)
    error = refused(tmp_path, non_finite="stop")
    assert "The geometry holds NaN or inf in frame 1002 (1 in P)" in error.problem
    assert error.fix is not None
    assert resolve(tmp_path, **error.fix.change)


def test_what_would_not_fit_in_memory_is_told_in_gigabytes(tmp_path: Path) -> None:
    job = Job(task="point_normals", plate=str(cache(tmp_path, points()) / "cache.####.safetensors"))
    server: Any = Offering(*contracts())

    with pytest.raises(JobError, match=r"One frame needs about .* GB of memory"):
        preflight.resolve(job, server, Site(root=tmp_path / "takes"), memory=1e-9)


def test_what_does_not_fit_in_memory_is_not_read_for_its_nan(tmp_path: Path) -> None:
    geometry = points()
    geometry.attributes[0].values[0] = np.nan
    plate = str(cache(tmp_path, geometry) / "cache.####.safetensors")
    job = Job(task="point_normals", plate=plate, non_finite="stop")
    server: Any = Offering(*contracts())

    with pytest.raises(JobError, match=r"One frame needs about .* GB of memory"):
        preflight.resolve(job, server, Site(root=tmp_path / "takes"), memory=1e-9)


def test_a_result_beside_what_has_its_name_already_is_refused(tmp_path: Path) -> None:
    geometry = points()
    geometry.put(Attribute("N", "point", np.zeros((6, 3), np.float32)))
    geometry.put(Attribute("N_point_normals", "point", np.zeros((6, 3), np.float32)))
    cache(tmp_path, geometry)

    error = refused(tmp_path, result={"layers": "beside"})
    assert "The plate has an attribute 'N_point_normals' already" in error.problem
    assert error.fix is not None
    assert "result: the plate's own N is replaced" in resolve(tmp_path, **error.fix.change).notes
    alone = resolve(tmp_path, result={"layers": "only"}).notes
    assert "result: alone; id, N_point_normals, vertex N of the plate are not in the take" in alone


def test_a_file_that_only_houdini_reads_is_told_what_can_be_read(tmp_path: Path) -> None:
    error = refused(tmp_path, plate=str(tmp_path / "cache.####.bgeo.sc"))

    assert "is no geometry that can be read" in error.problem
    assert "write .bgeo" in error.remedy


def test_a_format_that_cannot_hold_it_is_told_with_one_that_can(tmp_path: Path) -> None:
    cache(tmp_path, points())

    error = refused(tmp_path, result={"format": "vdb"})

    assert error.problem.startswith("A .vdb file cannot hold ")
    assert error.fix is not None
    assert resolve(tmp_path, **error.fix.change).result.format == "bgeo"
    assert resolve(tmp_path, result={"format": "usdc"}).result.format == "usdc"


def test_the_shell_has_a_flag_for_each_of_it(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    flags.request(parser)
    words = ["--task", "a", "--plate", "b", "--unsupported", "leave_out", "--format", "geo"]

    job = flags.job_of(parser.parse_args(words))

    assert (job.unsupported, job.result.format) == ("leave_out", "geo")
