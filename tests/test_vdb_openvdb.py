"""OpenVDB reads what we write, we read what it writes, and a digest outlives its saving."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import openvdb
import pytest

from answerprint import vdb
from answerprint.geometry import Geometry, digest
from answerprint.volume import Volume

RESAVE = "grids, about = vdb.readAll(paths[0])\nvdb.write(paths[1], grids, about)"
DUMP = """
grids, about = vdb.readAll(paths[0])
found = [{"name": g.name, "background": g.background, "on": [
    [*item.min, *item.max, item.value] for item in g.citerOnValues()
]} for g in grids]
print(json.dumps(found))
"""
WRITE = """
rng = np.random.default_rng(1)
fog = vdb.FloatGrid()
fog.copyFromArray(rng.random((40, 30, 20)).astype(np.float32), ijk=(-5, -3, 2))
fog.fill((64, 64, 64), (127, 127, 127), 7.0)
fog.name, fog.gridClass = "density", vdb.GridClass.FOG_VOLUME
fog.transform = vdb.createLinearTransform([[1, 2, 0, 0], [0, 1, 0, 0], [0, 0, 3, 0], [4, 5, 6, 1]])
same = fog.copy()
same.name = "same"
vel = vdb.Vec3SGrid()
vel.copyFromArray(rng.random((5, 6, 7, 3)).astype(np.float32))
vel.name = "vel"
flag = vdb.BoolGrid()
flag.fill((0, 0, 0), (9, 9, 9), True)
flag.name = "flag"
half = vdb.FloatGrid()
half.saveFloatAsHalf = True
half.copyFromArray(rng.random((5, 6, 7)).astype(np.float32))
half.name = "half"
ball = vdb.createLevelSetSphere(radius=20.0, voxelSize=0.5)
ball.name = "ball"
lens = vdb.FloatGrid()
lens.fill((0, 0, 0), (3, 3, 3), 1.0)
lens.name = "lens"
lens.transform = vdb.createFrustumTransform((0, 0, 0), (10, 10, 10), 0.5, 10.0)
vdb.write(paths[0], [fog, same, vel, flag, half, lens, ball], {"creator": "OpenVDB", "n": 3})
"""


@pytest.fixture(autouse=True)
def _openvdb() -> None:
    openvdb.wanted()


def ours() -> Geometry:
    rng = np.random.default_rng(2)
    active = rng.random((9, 10, 11)) < 0.5
    density = np.where(active, rng.random((9, 10, 11)), 0).astype(np.float32)
    half = rng.random((4, 5, 6, 3)).astype(np.float16)
    full = np.ones((4, 5, 6), bool)
    flags = np.ones((9, 9, 130), bool)
    return Geometry(
        volumes=[
            Volume("density", density, origin=(-5, 3, 125), active=active),
            Volume("vel", half, active=full, background=(0.0, 0.0, 0.0)),
            Volume("flag", flags, active=np.ones_like(flags), background=False),
        ],
        said={"answerprintRecord": '{"take": 3}', "answerprintSignature": "abc"},
    )


def test_openvdb_finds_every_active_voxel_where_it_was_written(tmp_path: Path) -> None:
    geometry = ours()
    vdb.write(tmp_path / "a.vdb", geometry)

    told = {one["name"]: one for one in json.loads(openvdb.ask(DUMP, tmp_path / "a.vdb"))}

    for volume in geometry.volumes:
        found: dict[tuple[int, ...], Any] = {}
        for x0, y0, z0, x1, y1, z1, value in told[volume.name]["on"]:
            for place in np.ndindex(x1 - x0 + 1, y1 - y0 + 1, z1 - z0 + 1):
                found[place[0] + x0, place[1] + y0, place[2] + z0] = value
        assert volume.active is not None
        places = np.argwhere(volume.active)
        wanted = dict(
            zip(
                map(tuple, (places[:, ::-1] + volume.origin).tolist()),
                volume.values[volume.active].tolist(),
                strict=True,
            )
        )
        assert found == wanted


def test_a_digest_outlives_openvdbs_saving_and_its_tool_shows_the_record(tmp_path: Path) -> None:
    geometry = ours()
    vdb.write(tmp_path / "a.vdb", geometry)

    openvdb.ask(RESAVE, tmp_path / "a.vdb", tmp_path / "b.vdb")

    found = vdb.read(tmp_path / "b.vdb")
    assert digest(found) == digest(geometry)
    assert found.said == geometry.said
    assert 'answerprintRecord: {"take": 3}' in openvdb.shown(tmp_path / "b.vdb")


def test_what_openvdb_writes_is_read_with_its_tiles_its_signs_and_its_shared_trees(
    tmp_path: Path,
) -> None:
    openvdb.ask(WRITE, tmp_path / "a.vdb")

    found = vdb.read(tmp_path / "a.vdb")

    assert found.unsupported == {"grid in a frustum": 1}
    assert found.said == {"creator": "OpenVDB"}
    by_name = {one.name: one for one in found.volumes}
    fog = by_name["density"]
    assert fog.active is not None
    assert (fog.origin, int(fog.active.sum())) == ((-5, -3, 2), 24000 + 64**3)
    assert fog.values[64 - 2, 64 + 3, 64 + 5] == 7
    assert fog.transform.tolist()[0] == [1, 2, 0, 0]
    assert fog.about == {"class": "fog volume"}
    assert np.array_equal(by_name["same"].values, fog.values)
    assert by_name["vel"].values.shape == (7, 6, 5, 3)
    assert by_name["flag"].values.all()
    assert by_name["half"].values.dtype == np.float16
    ball = by_name["ball"]
    assert ball.values[tuple(np.negative(ball.origin)[::-1])] == -1.5
    vdb.write(tmp_path / "b.vdb", found)
    assert digest(vdb.read(tmp_path / "b.vdb")) == digest(found)
    assert openvdb.ask(DUMP, tmp_path / "b.vdb")
