"""Geometry work items: what a model sees of points and grids, and where its numbers come to lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_geometry_contracts import document, parse

from answerprint import geobuild, geoitem
from answerprint.contract import Contract
from answerprint.errors import InferenceError, ServerOutOfMemory, SourceError
from answerprint.geoitem import Answers, Found
from answerprint.geometry import Attribute, Faces, Geometry, Group
from answerprint.job import Job, Resolved, ResolvedInput, ResolvedResult
from answerprint.shelf import Held
from answerprint.takes import Item
from answerprint.triton import Expected, Server
from answerprint.volume import Volume

FRAME = 1001
PLATE = Path("/plates/it.1001.bgeo")


class Shelved:
    """A shelf with one geometry on it, which was never a file."""

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry

    def hold(self, paths: list[Path]) -> Any:
        from contextlib import nullcontext

        return nullcontext({path: Held(path, self._geometry, "0" * 64) for path in paths})


def resolved(
    contract: Contract, layers: dict[str, str], *, keep: str = "replace", **job: Any
) -> Resolved:
    sizes = {one.name: one.channels[0] for one in contract.inputs}
    return Resolved(
        job=Job(task=contract.task, plate=str(PLATE), **job),
        contract=contract,
        version="1",
        model_sha256="0" * 64,
        frames="1001",
        first=FRAME,
        last=FRAME,
        inputs={
            name: ResolvedInput(path=PLATE.as_posix(), layer=layer, channels=sizes[name])
            for name, layer in layers.items()
        },
        parameters={},
        result=ResolvedResult(layers=keep, type="inherit", compression="inherit", format="bgeo"),
        root=Path("/takes"),
        stream="it",
        name="it",
    )


def read(geometry: Geometry, job: Resolved) -> Found:
    return geoitem.read(job, Item(FRAME), Shelved(geometry))  # type: ignore[arg-type]


def points(dtype: Any = np.float32) -> Geometry:
    rng = np.random.default_rng(7)
    return Geometry(
        count=6,
        attributes=[
            Attribute("P", "point", rng.normal(size=(6, 3)).astype(dtype), qualifier="point"),
            Attribute("id", "point", np.arange(6, dtype=np.int64)[:, None]),
            Attribute("N", "vertex", np.ones((3, 3), np.float32), qualifier="normal"),
        ],
        faces=Faces(np.array([0, 1, 2], np.int32), np.array([3], np.int32), np.array([True])),
        groups=[Group("hot", "point", np.arange(6) > 2)],
        said={"answerprintRecord": "older"},
    )


def grid(*, dtype: Any = np.float32, kind: str = "vdb") -> Volume:
    values = np.zeros((2, 3, 4), dtype)
    values[1, 1, 2] = 5
    turned = np.array([[0, 0.1, 0, 0], [-0.1, 0, 0, 0], [0, 0, 0.1, 0], [1, 2, 3, 1]], np.float64)
    return Volume("density", values, turned, (-2, 0, 7), values != 0, kind=kind)  # type: ignore[arg-type]


def upres() -> Contract:
    said = document("volume")
    said["outputs"][0]["scale"] = 2
    return parse(said)


NORMALS = parse(document())


def test_a_model_sees_the_files_own_numbers() -> None:
    geometry = points()

    found = read(geometry, resolved(NORMALS, {"points": "P"}))

    assert found.arrays["points"].base is geometry.attributes[0].values
    assert found.arrays["points"].dtype == np.float32
    assert found.size == 6
    assert found.inputs[0].layer == "P"
    assert found.geometry is not geometry


def test_a_new_attribute_stands_beside_all_that_was_there() -> None:
    geometry, job = points(), resolved(NORMALS, {"points": "P"})
    found = read(geometry, job)
    made = np.full((6, 3), 0.5, np.float32)

    names = geoitem.build(found, job, Answers({"made": made}), {})

    new = found.geometry.find("N")
    assert names == ("N",)
    assert new is not None
    assert new.values is made
    assert new.qualifier == "normal"
    assert [one.name for one in geometry.attributes] == ["P", "id", "N"]
    assert [one.name for one in found.geometry.attributes] == ["P", "id", "N", "N"]
    assert found.geometry.faces is geometry.faces
    assert found.geometry.groups == geometry.groups


@pytest.mark.parametrize(("keep", "names"), [("beside", "N_try_it"), ("only", "N")])
def test_a_result_is_named_as_the_job_says(keep: str, names: str) -> None:
    job = resolved(NORMALS, {"points": "P"}, keep=keep)
    found = read(points(), job)

    assert geoitem.build(found, job, Answers({"made": np.zeros((6, 3), np.float32)}), {}) == (
        names,
    )

    held = [(one.owner, one.name) for one in found.geometry.attributes]
    if keep == "only":
        assert held == [("point", "P"), ("point", "N")]
        assert found.geometry.faces is None
        assert found.geometry.count == 6
    else:
        assert ("point", "id") in held


def smooth() -> Contract:
    said = document()
    said["outputs"][0] |= {"replaces": "points", "channels": [], "qualifier": ""}
    return parse(said)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("policy", ["keep", "zero"])
def test_nan_stands_aside_for_the_model_and_comes_back_where_it_is_kept(
    dtype: Any, policy: str
) -> None:
    geometry = points(dtype)
    geometry.attributes[0].values[2, 1] = np.nan
    job = resolved(smooth(), {"points": "P"}, non_finite=policy)

    found = read(geometry, job)
    seen = found.arrays["points"].copy()
    geoitem.build(found, job, Answers({"made": np.ones((6, 3), np.float32)}), {})

    new = found.geometry.find("P")
    assert new is not None
    assert np.isfinite(seen).all()
    assert seen[2, 1] == 0
    assert np.isnan(geometry.attributes[0].values[2, 1])
    assert np.isnan(new.values[2, 1]) == (policy == "keep")
    assert (np.delete(new.values, 2, 0) == 1).all()
    assert new.values.dtype == dtype
    assert new.qualifier == "point"
    said = "zero for the model" + (", kept where they are" if policy == "keep" else "")
    assert found.warnings == [f"points: 1 NaN and 0 inf in P, {said}"]


def test_a_finer_grid_lies_where_the_old_one_lay() -> None:
    plate = Geometry(volumes=[grid()])
    job = resolved(upres(), {"density": "density"})
    found = read(plate, job)
    seen = found.arrays["density"]
    made = np.repeat(np.repeat(np.repeat(seen, 2, 0), 2, 1), 2, 2)
    made[0, 0, 0] = 0.25  # beyond what was active

    geoitem.build(found, job, Answers({"made": made}), {})

    (new,), old = found.geometry.volumes, plate.volumes[0]
    assert new.values.shape == (4, 6, 8)
    assert new.origin == (-4, 0, 14)
    assert new.voxel_size == pytest.approx((0.05, 0.05, 0.05))
    first = np.array([*old.origin, 1.0])
    corners = [[x, y, z, 0] for x in (0, 1) for y in (0, 1) for z in (0, 1)]
    eight = np.array([*new.origin, 1]) + np.array(corners)
    assert (eight @ new.transform).mean(0) == pytest.approx(first @ old.transform)
    assert eight[0] @ new.transform == pytest.approx(
        np.append(np.array(old.origin) - 0.25, 1) @ old.transform
    )
    assert new.active is not None
    assert new.active.sum() == 8 + 1
    assert new.active[0, 0, 0]
    assert new.values[~new.active].max() == 0


def test_a_heightfield_becomes_finer_in_two_directions() -> None:
    said = document("heightfield")
    said["outputs"][0]["scale"] = 2
    flat = np.diag([0.5, 0.5, 0.5, 1.0])
    values = np.ones((1, 3, 4), np.float32)
    height = Volume("height", values, flat, active=None, kind="heightfield")
    job = resolved(parse(said), {"height": "height"})
    found = read(Geometry(volumes=[height]), job)

    assert found.arrays["height"].shape == (3, 4, 1)
    geoitem.build(found, job, Answers({"made": np.zeros((6, 8, 1), np.float32)}), {})

    new = found.geometry.volumes[0]
    assert new.values.shape == (1, 6, 8)
    assert new.voxel_size == pytest.approx((0.25, 0.25, 0.5))
    assert new.transform[3] == pytest.approx([-0.125, -0.125, 0, 1])
    assert new.kind == "heightfield"


@pytest.mark.parametrize("keep", ["replace", "beside", "only"])
def test_a_grid_of_a_bgeo_is_a_primitive_and_so_is_the_one_beside_it(keep: str) -> None:
    name = Attribute(
        "name", "primitive", np.array([[-1], [1], [0]], np.int32), ("smoke", "density")
    )
    heat = Attribute("heat", "primitive", np.ones((3, 1), np.float32), defaults=(0.5,))
    plate = Geometry(
        count=5,
        attributes=[
            Attribute("P", "point", np.arange(15, dtype=np.float32).reshape(5, 3)),
            name,
            heat,
        ],
        faces=Faces(np.array([0, 1, 2], np.int32), np.array([3], np.int32), np.array([True])),
        volumes=[grid(kind="dense"), Volume("smoke", np.ones((1, 1, 1), np.float32), kind="dense")],
        anchors=np.array([3, 4], np.int32),
        groups=[Group("all", "primitive", np.ones(3, bool))],
    )
    job = resolved(upres(), {"density": "density"}, keep=keep)
    found = read(plate, job)

    made = geoitem.build(found, job, Answers({"made": np.zeros((4, 6, 8, 1), np.float32)}), {})

    after = found.geometry
    named = after.find("name", "primitive")
    assert named is not None
    assert named.strings is not None
    texts = [(*named.strings, "")[index] for index in named.values[:, 0]]
    assert [one.name for one in after.volumes] == {
        "replace": ["density", "smoke"],
        "beside": ["density", "smoke", "density_try_it"],
        "only": ["density"],
    }[keep]
    assert made[0] in texts
    assert len(texts) == after.primitives
    assert after.anchors is not None
    assert len(after.anchors) == len(after.volumes)
    if keep == "beside":
        assert after.anchors[-1] == 3
        assert after.find("heat", "primitive").values[-1] == 0.5  # type: ignore[union-attr]
        assert after.groups[0].members.tolist() == [True, True, True, False]
    if keep == "only":
        assert after.count == 1
        assert after.find("P").values.tolist() == [[9, 10, 11]]  # type: ignore[union-attr]


def test_an_answer_of_another_shape_is_refused() -> None:
    job = resolved(upres(), {"density": "density"})
    found = read(Geometry(volumes=[grid()]), job)

    with pytest.raises(
        InferenceError, match=r"returned made of shape \[2, 3, 4, 1\] for frame 1001"
    ):
        geoitem.build(found, job, Answers({"made": np.zeros((2, 3, 4, 1), np.float32)}), {})


@pytest.mark.parametrize(
    ("geometry", "contract", "layer", "words"),
    [
        (Geometry(attributes=[Attribute("P", "point", np.zeros((0, 3), np.float32))]), NORMALS, "P",
         "it.1001.bgeo (frame 1001) holds no points"),
        (Geometry(volumes=[Volume("density", np.zeros((1, 1, 1), np.float32),
                                  active=np.zeros((1, 1, 1), bool))]), upres(), "density",
         "no voxel in 'density' that is active"),
        (points(), NORMALS, "id", "The attribute 'id' of it.1001.bgeo (frame 1001) is int64"),
        (points(), NORMALS, "Q", "has no attribute 'Q'"),
    ],
)  # fmt: skip
def test_a_file_that_changed_since_it_was_checked_is_told(
    geometry: Geometry, contract: Contract, layer: str, words: str
) -> None:
    name = contract.inputs[0].name
    with pytest.raises(SourceError) as caught:
        read(geometry, resolved(contract, {name: layer}))
    assert words in caught.value.problem


def test_what_is_not_known_is_lost_only_where_that_was_said() -> None:
    geometry = points()
    geometry.unsupported = {"NURBS curve": 3}

    with pytest.raises(SourceError, match="holds 3 NURBS curves") as caught:
        read(geometry, resolved(NORMALS, {"points": "P"}))
    found = read(geometry, resolved(NORMALS, {"points": "P"}, unsupported="leave_out"))

    assert caught.value.fix is not None
    assert caught.value.fix.change == {"unsupported": "leave_out"}
    assert found.geometry.unsupported == {}
    assert found.warnings == ["left out of the take: 3 NURBS curves"]


def test_a_copy_shares_numbers_and_nothing_else() -> None:
    geometry = points()
    copied = geobuild.copy(geometry)
    copied.put(Attribute("Cd", "point", np.zeros((6, 3), np.float32)))
    copied.said.clear()

    assert geometry.find("Cd") is None
    assert geometry.said
    assert copied.attributes[0].values is geometry.attributes[0].values


def test_points_travel_either_way_with_the_same_answer(address: str) -> None:
    sphere = np.random.default_rng(3).normal(size=(500, 3)).astype(np.float32)
    sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    answers = []
    for transport in ("shared memory", "grpc"):
        with Server(address, transport) as server:
            offer = server.offer("point_normals")
            settings = offer.usable().settings({})
            wanted = {"N": Expected((500, 3))}
            made = server.infer(offer, {"P": sphere}, settings, request_id="1", outputs=wanted)
            answers.append(made.images["N"])

    shared, sent = answers
    assert (np.sum(shared * sphere, axis=1) > 0.9).mean() > 0.95
    assert np.array_equal(shared, sent)


def test_an_answer_that_no_message_holds_is_not_asked_for(address: str) -> None:
    with Server(address, "grpc") as server:
        offer = server.offer("volume_upres")
        settings = offer.usable().settings({})
        wanted = {"grid": Expected((800, 800, 800, 1))}

        with pytest.raises(ServerOutOfMemory, match=r"needs 2\.0 GB in one answer; 1\.9 GB fit"):
            server.infer(
                offer,
                {"grid": np.zeros((2, 2, 2, 1), np.float32)},
                settings,
                request_id="1",
                outputs=wanted,
            )
