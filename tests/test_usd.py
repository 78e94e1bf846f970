"""USD's files: what is written is what is read, nothing is lost unsaid, and no other file is opened."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import disks
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from pxr import Sdf, Usd, UsdGeom, UsdValidation, Vt  # type: ignore[import-untyped]

from answerprint import geobuild, usd, vdb
from answerprint.errors import SourceError
from answerprint.geometry import OWNERS, Attribute, Faces, Geometry, Group, Owner, digest
from answerprint.volume import Volume

SORTS = [
    ("float16", 1, ""),
    ("float32", 1, ""),
    ("float64", 1, ""),
    ("int8", 1, ""),
    ("int16", 1, ""),
    ("int32", 1, ""),
    ("int64", 1, ""),
    ("float32", 3, "vector"),
    ("float32", 3, "color"),
    ("float16", 3, "normal"),
    ("float64", 3, "point"),
    ("float32", 4, "quaternion"),
    ("float32", 4, "hpoint"),
    ("float32", 16, "matrix"),
    ("float64", 16, "matrix"),
    ("float32", 2, "texturecoord"),
    ("float32", 7, ""),
    ("int64", 2, ""),
]
WORDS = ("a", "", "größe", "/a/b", 'quo"te\n')


def place(count: int) -> Attribute:
    points = np.random.default_rng(5).normal(size=(count, 3)).astype(np.float32)
    return Attribute("P", "point", points, qualifier="point")


def mesh(*more: Attribute) -> Geometry:
    """A quad and two triangles on six points, of which one is loose."""
    faces = Faces(
        np.array([0, 1, 2, 3, 3, 2, 4, 0, 1, 4], np.int32),
        np.array([4, 3, 3], np.int32),
        np.ones(3, bool),
    )
    return Geometry(6, [place(6), *more], faces)


def again(folder: Path, geometry: Geometry, name: str = "again.usdc") -> Geometry:
    usd.write(folder / name, geometry)
    return usd.read(folder / name)


def scene(path: Path) -> Usd.Stage:
    stage = Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageUpAxis(stage, "Z")
    UsdGeom.SetStageMetersPerUnit(stage, 0.5)
    return stage


def quad(stage: Usd.Stage, path: str) -> UsdGeom.Mesh:
    made = UsdGeom.Mesh.Define(stage, path)
    made.GetPointsAttr().Set([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)])
    made.GetFaceVertexCountsAttr().Set([4])
    made.GetFaceVertexIndicesAttr().Set([0, 1, 2, 3])
    return made


@pytest.mark.parametrize("name", ["a.usdc", "a.usda", "a.usd"])
def test_attributes_of_all_classes_and_types_come_back(tmp_path: Path, name: str) -> None:
    rng = np.random.default_rng(1)
    counts = {"point": 6, "vertex": 10, "primitive": 3, "detail": 1}
    more = []
    for owner in OWNERS:
        for index, (dtype, size, qualifier) in enumerate(SORTS):
            values = rng.integers(-99, 99, (counts[owner], size)).astype(dtype)
            more.append(Attribute(f"{owner}{index}", owner, values, qualifier=qualifier))
        chosen = rng.integers(-1, len(WORDS), (counts[owner], 1)).astype(np.int32)
        more.append(Attribute(f"{owner}s", owner, chosen, WORDS))
    geometry = mesh(*more)
    geometry.said = {"answerprintRecord": '{"take": 3}', "answerprintSignature": "abc"}
    geometry.groups = [
        Group("top", "primitive", np.array([True, False, True])),
        Group("none", "point", np.zeros(6, bool)),
        Group("path", "point", np.array([0, 1, 1, 0, 0, 0], bool), np.array([2, 1], np.int32)),
        Group("up", "point", np.array([0, 1, 1, 0, 0, 0], bool), np.array([1, 2], np.int32)),
    ]

    found = again(tmp_path, geometry, name)

    for one in geometry.attributes:
        other = found.find(one.name, one.owner)
        assert other is not None, one
        assert (other.values.dtype, other.qualifier) == (one.values.dtype, one.qualifier)
    assert digest(found) == digest(geometry)
    assert found.unsupported == {}
    assert {name: found.said[name] for name in geometry.said} == geometry.said
    assert digest(again(tmp_path, found)) == digest(geometry)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_geometry_has_its_digest_after_reading_back(tmp_path: Path, data: Any) -> None:
    count = data.draw(st.integers(0, 6))
    kind = data.draw(st.sampled_from(["points", "mesh", "curves"]))
    geometry = Geometry(count, [place(count)])
    if kind == "mesh":
        corners = data.draw(st.lists(st.integers(0, count - 1), max_size=9)) if count else []
        parts = [len(corners)] if corners else []
        geometry.faces = Faces(
            np.array(corners, np.int32), np.array(parts, np.int32), np.ones(len(parts), bool)
        )
    if kind == "curves" and count:
        cut = data.draw(st.integers(0, count))
        geometry.faces = Faces(
            np.arange(count, dtype=np.int32),
            np.array([cut, count - cut], np.int32),
            np.zeros(2, bool),
        )
    owners: list[Owner] = ["point", "detail"]
    owners += ["vertex", "primitive"] if geometry.faces else []
    sizes = {
        "point": count,
        "detail": 1,
        "vertex": geometry.vertices,
        "primitive": geometry.primitives,
    }
    names = ["N", "v", "id", "width", "Cd", "normals", "uv:one", "path", "foo"]
    for name in data.draw(st.lists(st.sampled_from(names), unique=True, max_size=4)):
        for owner in data.draw(st.lists(st.sampled_from(owners), unique=True, max_size=2)):
            dtype, size, qualifier = data.draw(st.sampled_from(SORTS))
            values = np.full((sizes[owner], size), data.draw(st.sampled_from([0, 1, -1, 7])), dtype)
            geometry.attributes.append(Attribute(name, owner, values, qualifier=qualifier))

    assert digest(again(tmp_path, geometry)) == digest(geometry)


def test_a_scenes_prims_are_one_geometry_and_prims_again(tmp_path: Path) -> None:
    stage = scene(tmp_path / "a.usda")
    UsdGeom.Xform.Define(stage, "/set").AddTranslateOp().Set((1, 2, 3))
    first, second = quad(stage, "/set/left"), quad(stage, "/set/deep/right")
    first.CreateOrientationAttr("leftHanded")
    first.GetNormalsAttr().Set([(0, 0, 1)] * 4)
    first.SetNormalsInterpolation("faceVarying")
    for one, colour in ((first, (1, 0, 0)), (second, (0, 1, 0))):
        one.GetDisplayColorAttr().Set([colour])
    dust = UsdGeom.Points.Define(stage, "/set/dust")
    dust.GetPointsAttr().Set([(5, 5, 5), (6, 6, 6)])
    dust.GetIdsAttr().Set([7, 8])
    dust.GetWidthsAttr().Set([0.1, 0.2])
    curve = UsdGeom.BasisCurves.Define(stage, "/set/line")
    curve.GetPointsAttr().Set([(0, 0, 0), (1, 1, 1), (2, 2, 2)])
    curve.GetCurveVertexCountsAttr().Set([3])
    curve.GetTypeAttr().Set("linear")
    UsdGeom.Subset.CreateGeomSubset(second, "front", "face", Vt.IntArray([0]), "materialBind")
    UsdGeom.Camera.Define(stage, "/camera")
    stage.GetRootLayer().customLayerData = {"creator": "me"}
    stage.GetRootLayer().Save()

    found = usd.read(tmp_path / "a.usda")

    assert (found.count, found.primitives, found.vertices) == (13, 3, 11)
    path = found.find("path", "primitive")
    assert path is not None
    assert path.strings == ("/set/left", "/set/deep/right", "/set/line")
    red = found.find("Cd", "primitive")
    assert red is not None
    assert red.values.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert found.find("N", "vertex") is not None
    assert found.unsupported["Camera prim"] == 1
    assert not any("path" in lost for lost in found.unsupported)
    assert found.said["creator"] == "me"
    assert digest(again(tmp_path, found)) == digest(found)
    back = Usd.Stage.Open(str(tmp_path / "again.usdc"))
    left = UsdGeom.Mesh(back.GetPrimAtPath("/set/left"))
    assert left.GetOrientationAttr().Get() == "leftHanded"
    assert left.ComputeLocalToWorldTransform(0).ExtractTranslation() == (1, 2, 3)
    assert UsdGeom.Points(back.GetPrimAtPath("/set/dust")).GetIdsAttr().Get() == [7, 8]
    assert (UsdGeom.GetStageUpAxis(back), UsdGeom.GetStageMetersPerUnit(back)) == ("Z", 0.5)
    assert back.GetPrimAtPath("/set/deep/right/front").IsA(UsdGeom.Subset)


def test_without_its_path_a_prim_stays_where_it_is_and_gets_none_by_reading(tmp_path: Path) -> None:
    stage = scene(tmp_path / "a.usda")
    dust = UsdGeom.Points.Define(stage, "/set/dust")
    dust.GetPointsAttr().Set([(5, 5, 5), (6, 6, 6)])
    stage.GetRootLayer().Save()
    found = usd.read(tmp_path / "a.usda")

    alone = geobuild.only_attributes(found, ["N"])

    assert digest(again(tmp_path, alone)) == digest(alone)
    assert Usd.Stage.Open(str(tmp_path / "again.usdc")).GetPrimAtPath("/set/dust")


@pytest.mark.parametrize("change", ["moved", "up", "unit"])
def test_points_in_another_place_or_unit_have_another_digest(tmp_path: Path, change: str) -> None:
    stage = scene(tmp_path / "a.usda")
    dust = UsdGeom.Points.Define(stage, "/dust")
    dust.GetPointsAttr().Set([(5, 5, 5), (6, 6, 6)])
    dust.AddRotateYOp().Set(90)
    stage.GetRootLayer().Save()
    before = usd.read(tmp_path / "a.usda")

    if change == "moved":
        dust.AddTranslateOp().Set((0, 0, 99))
    elif change == "up":
        UsdGeom.SetStageUpAxis(stage, "Y")
    else:
        UsdGeom.SetStageMetersPerUnit(stage, 0.01)
    stage.GetRootLayer().Save()

    assert digest(again(tmp_path, before)) == digest(before)
    assert digest(usd.read(tmp_path / "a.usda")) != digest(before)


def test_a_digest_outlives_pxrs_saving_and_its_checker_has_nothing_to_say(tmp_path: Path) -> None:
    values = np.array([[0.1], [1e-7], [3.3e38], [-0.0], [np.inf], [2]], np.float32)
    halves = np.linspace(-1, 1, 18).reshape(6, 3).astype(np.float16)
    geometry = mesh(
        Attribute("mass", "point", values),
        Attribute("Cd", "point", halves, qualifier="color"),
    )
    usd.write(tmp_path / "a.usdc", geometry)

    Sdf.Layer.OpenAsAnonymous(str(tmp_path / "a.usdc")).Export(str(tmp_path / "b.usda"))
    Usd.Stage.Open(str(tmp_path / "b.usda")).Export(str(tmp_path / "c.usdc"))

    assert digest(usd.read(tmp_path / "b.usda")) == digest(geometry)
    assert digest(usd.read(tmp_path / "c.usdc")) == digest(geometry)
    checks = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    stage = Usd.Stage.Open(str(tmp_path / "a.usdc"))
    assert not [one.GetMessage() for one in UsdValidation.ValidationContext(checks).Validate(stage)]


def test_primvars_that_are_indexed_or_odd_are_read_as_their_values(tmp_path: Path) -> None:
    stage = scene(tmp_path / "a.usda")
    sheet = UsdGeom.PrimvarsAPI(quad(stage, "/sheet"))
    names = Sdf.ValueTypeNames
    uv = sheet.CreatePrimvar("st", names.TexCoord2fArray, "faceVarying")
    uv.Set([(0, 0), (1, 1)])
    uv.SetIndices(Vt.IntArray([0, 1, 1, 0]))
    sheet.CreatePrimvar("on", names.BoolArray, "uniform").Set([True])
    sheet.CreatePrimvar("soft", names.FloatArray, "varying").Set([1, 2, 3, 4])
    sheet.CreatePrimvar("many", names.FloatArray, "constant").Set([1, 2, 3])
    sheet.CreatePrimvar("one", names.Double, "constant").Set(2.5)
    sheet.CreatePrimvar("shop", names.TokenArray, "uniform").Set(["wood"])
    sheet.CreatePrimvar("big", names.UInt64Array, "uniform").Set([1])
    stage.GetRootLayer().Save()

    found = usd.read(tmp_path / "a.usda")

    values = {one.name: one for one in found.attributes}
    assert values["st"].values.tolist() == [[0, 0], [1, 1], [1, 1], [0, 0]]
    assert values["on"].values.dtype == np.int8
    assert values["many"].lengths is not None
    assert values["many"].values.tolist() == [[1], [2], [3]]
    assert values["one"].values.tolist() == [[2.5]]
    assert values["shop"].strings == ("wood",)
    assert found.unsupported == {"primvar of type uint64": 1}
    assert digest(again(tmp_path, found)) == digest(found)
    back = Usd.Stage.Open(str(tmp_path / "again.usdc"))
    kept = UsdGeom.PrimvarsAPI(back.GetPrimAtPath("/sheet"))
    assert kept.GetPrimvar("on").GetTypeName() == names.BoolArray
    assert kept.GetPrimvar("shop").GetTypeName() == names.TokenArray
    assert kept.GetPrimvar("soft").GetInterpolation() == "varying"


def test_the_one_time_that_has_samples_is_read_and_written_again(tmp_path: Path) -> None:
    stage = scene(tmp_path / "a.usda")
    sheet = quad(stage, "/sheet")
    sheet.GetPointsAttr().Clear()
    sheet.GetPointsAttr().Set([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 9)], 1001)
    stage.GetRootLayer().Save()

    found = usd.read(tmp_path / "a.usda")

    assert found.attributes[0].values[3, 2] == 9
    usd.write(tmp_path / "b.usda", found)
    back = Usd.Stage.Open(str(tmp_path / "b.usda"))
    kept = UsdGeom.Mesh(back.GetPrimAtPath("/sheet"))
    assert kept.GetPointsAttr().GetTimeSamples() == [1001]
    sheet.GetPointsAttr().Set([(0, 0, 0)] * 4, 1002)
    stage.GetRootLayer().Save()
    with pytest.raises(SourceError, match="holds 2 frames, 1001 to 1002"):
        usd.read(tmp_path / "a.usda")


def test_prims_in_different_spaces_are_refused_by_name(tmp_path: Path) -> None:
    stage = scene(tmp_path / "a.usda")
    quad(stage, "/one")
    quad(stage, "/two").AddTranslateOp().Set((1, 0, 0))
    stage.GetRootLayer().Save()

    with pytest.raises(SourceError, match="/one and /two are transformed differently"):
        usd.read(tmp_path / "a.usda")


@pytest.mark.parametrize("arc", ["references", "payload", "subLayers", "clips", "variant"])
def test_no_other_file_is_opened(tmp_path: Path, arc: str) -> None:
    (tmp_path / "in").mkdir()
    usd.write(tmp_path / "secret.usda", mesh())
    stage = scene(tmp_path / "in" / "a.usda")
    prim = quad(stage, "/one").GetPrim()
    if arc == "references":
        prim.GetReferences().AddReference("../secret.usda", "/geometry")
    if arc == "payload":
        prim.GetPayloads().AddPayload("../secret.usda", "/geometry")
    if arc == "subLayers":
        stage.GetRootLayer().subLayerPaths.append("../secret.usda")
    if arc == "clips":
        Usd.ClipsAPI(prim).SetClipAssetPaths(["../secret.usda"])
    if arc == "variant":
        choices = prim.GetVariantSets().AddVariantSet("look")
        choices.AddVariant("other")
        choices.SetVariantSelection("other")
        with choices.GetVariantEditContext():
            Usd.ClipsAPI(prim).SetClipAssetPaths(["../secret.usda"])
    stage.GetRootLayer().Save()

    with pytest.raises(SourceError, match="is composed of other files"):
        usd.read(tmp_path / "in" / "a.usda")


@pytest.mark.parametrize("asset", ["grids/a.vdb", "../a.vdb", "{absolute}", "grids/link.vdb"])
def test_a_volumes_grids_are_read_from_below_the_folder_alone(tmp_path: Path, asset: str) -> None:
    folder = tmp_path / "in"
    (folder / "grids").mkdir(parents=True)
    outside = tmp_path / "a.vdb"
    for path in (outside, folder / "grids" / "a.vdb"):
        vdb.write(path, Geometry(volumes=[Volume("density", np.ones((2, 3, 4), np.float32))]))
    (folder / "grids" / "link.vdb").symlink_to(outside)
    stage = scene(folder / "a.usda")
    smoke = stage.DefinePrim("/smoke", "Volume")
    smoke.CreateRelationship("field:density").SetTargets(["/smoke/d"])
    UsdGeom.Xformable(smoke).AddTranslateOp().Set((1, 2, 3))
    field = stage.DefinePrim("/smoke/d", "OpenVDBAsset")
    named = asset.format(absolute=outside)
    field.CreateAttribute("filePath", Sdf.ValueTypeNames.Asset).Set(named)
    field.CreateAttribute("fieldName", Sdf.ValueTypeNames.Token).Set("density")
    stage.GetRootLayer().Save()

    if asset != "grids/a.vdb":
        with pytest.raises(SourceError, match="names a volume outside its folder"):
            usd.read(folder / "a.usda")
        return
    found = usd.read(folder / "a.usda")
    assert [one.resolution for one in found.volumes] == [(4, 3, 2)]
    assert found.volumes[0].transform[3].tolist() == [1, 2, 3, 1]
    assert [one.resolution for one in usd.structure(folder / "a.usda").volumes] == [(4, 3, 2)]
    with pytest.raises(SourceError, match="cannot hold 1 volumes") as caught:
        usd.write(tmp_path / "b.usdc", found)
    assert caught.value.remedy == "Take it as .vdb."


def test_what_is_left_of_faces_that_are_gone_is_named() -> None:
    made = Geometry(2, [place(2)])
    made.put(Attribute("shade", "primitive", np.zeros((0, 1), np.float32)))
    made.groups = [Group("top", "primitive", np.zeros(0, np.bool_))]

    assert usd.lacks(made) == [
        "primitive attribute shade, of no faces",
        "primitive group top, of no faces",
    ]


def test_a_group_of_a_mesh_and_a_volume_is_no_group_of_curves() -> None:
    corners = np.arange(3, dtype=np.int32)
    made = Geometry(4, [place(4)], Faces(corners, np.array([3], np.int32), np.array([True])))
    made.volumes = [Volume("density", np.ones((2, 2, 2), np.float32), kind="dense")]
    made.anchors = np.array([3], np.int32)
    made.groups = [Group("all", "primitive", np.ones(2, np.bool_))]

    assert usd.lacks(made) == ["1 volumes"]


@pytest.mark.parametrize("ending", ["usdc", "usda"])
def test_a_full_disk_is_told_as_one(tmp_path: Path, ending: str) -> None:
    places = np.random.default_rng(1).normal(size=(30000, 3)).astype(np.float32)
    made = Geometry(30000, [Attribute("P", "point", places, qualifier="point")])

    full = pytest.raises(OSError, match=os.strerror(errno.ENOSPC))
    with disks.disk(tmp_path / "disk", "200k") as folder, full:
        usd.write(folder / f"one.{ending}", made)


def test_what_the_format_cannot_hold_is_refused_by_name(tmp_path: Path) -> None:
    geometry = mesh(
        Attribute("two words", "point", np.zeros((6, 1), np.float32)),
        Attribute("list", "point", np.zeros((9, 1), np.float32), lengths=np.full(6, 1, np.int32)),
    )
    geometry.groups = [Group("edge", "vertex", np.ones(10, bool))]
    assert geometry.faces is not None
    geometry.faces.closed[1] = False

    with pytest.raises(SourceError, match="A USD file cannot hold") as caught:
        usd.write(tmp_path / "a.usdc", geometry)

    for words in ("two words, by its name", "list, whose values are arrays", "vertex group edge"):
        assert words in caught.value.problem
    assert "polygons and curves that share one prim" in caught.value.problem


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("faceVertexIndices", [0, 1, 2, 9], "has 4 points, and a vertex at 9"),
        ("faceVertexIndices", [0, 1, 2, -1], "has 4 points, and a vertex at"),
        ("faceVertexCounts", [5], "has faces of 5 vertices, and 4"),
        ("primvars:displayColor", [(1, 1, 1)] * 3, "has 4 points, and 3 values of displayColor"),
    ],
)
def test_numbers_that_do_not_fit_together_are_named(
    tmp_path: Path, name: str, value: Any, words: str
) -> None:
    stage = scene(tmp_path / "a.usda")
    sheet = quad(stage, "/sheet")
    sheet.CreateDisplayColorPrimvar("vertex").Set([(0, 0, 0)] * 4)
    sheet.GetPrim().GetAttribute(name).Set(value)
    stage.GetRootLayer().Save()

    with pytest.raises(SourceError, match=words):
        usd.read(tmp_path / "a.usda")


def test_what_a_damaged_file_claims_is_refused_before_room_is_made_for_it(tmp_path: Path) -> None:
    path = tmp_path / "a.usdc"
    usd.write(path, mesh())
    data = bytearray(path.read_bytes())
    section = data.index(b"SPECS\0")
    specs = int.from_bytes(data[section + 16 : section + 24], "little")
    data[specs + 3] = 0x7F
    path.write_bytes(data)

    with pytest.raises(SourceError, match=r"is damaged: section SPECS claims 213\d+ values in \d+"):
        usd.read(path)


def test_a_prim_that_is_named_and_not_there_does_not_end_the_process(tmp_path: Path) -> None:
    """pxr itself aborts there, so that a run would lose all its other frames as well."""
    path = tmp_path / "a.usdc"
    usd.write(path, mesh())
    data = bytearray(path.read_bytes())
    assert data[88:98] == bytes(
        [1, *bytes(7), data[96], 0]
    )  # the root's children: one, by its name
    data[98] = 0x71
    path.write_bytes(data)
    code = "import sys, pathlib; from answerprint import usd; usd.read(pathlib.Path(sys.argv[1]))"

    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, check=False)

    assert done.returncode == 1
    assert b"SourceError" in done.stderr


def test_a_variant_set_that_is_named_and_not_there_is_refused(tmp_path: Path) -> None:
    stage = Usd.Stage.CreateInMemory()
    choices = UsdGeom.Xform.Define(stage, "/a").GetPrim().GetVariantSets().AddVariantSet("v")
    choices.AddVariant("one")
    path = tmp_path / "a.usdc"
    stage.GetRootLayer().Export(str(path))
    data = bytearray(path.read_bytes())
    assert bytes(data[100:109]) == bytes([1, *bytes(7), 7])  # the prim's sets: one, by its name
    data[109] = 0x71
    path.write_bytes(data)

    with pytest.raises(SourceError, match="is no USD file, or damaged"):
        usd.read(path)


@pytest.mark.parametrize("name", ["a.usdc", "a.usda"])
def test_a_damaged_file_is_an_error_and_never_a_crash(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    usd.write(path, mesh(Attribute("Cd", "point", np.ones((6, 3), np.float32))))
    plain = path.read_bytes()
    chance = random.Random(3)
    refused = 0
    for turn in range(80):
        data = bytearray(plain)
        if turn % 2:
            del data[chance.randrange(len(data) - 2) :]
        else:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        try:
            usd.read(path)
        except SourceError:
            refused += 1

    assert refused > 40
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        usd.read(tmp_path / "none.usdc")
