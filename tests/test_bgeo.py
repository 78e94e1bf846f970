"""What Houdini's own files hold comes back from them, and from ours, exactly."""

from __future__ import annotations

import gzip
import json
from itertools import chain
from pathlib import Path
from typing import Any

import bgeo_reader
import numpy as np
import pytest
from geometry_strategies import geometries as drawn
from hypothesis import given, settings, strategies as st
from strategies import scratch

from answerprint import bgeo, bgeovoxels, geometries
from answerprint.errors import SourceError
from answerprint.geometry import Attribute, Faces, Geometry, Group, digest
from answerprint.volume import Volume

FORMS = (".bgeo", ".geo", ".bgeo.gz", ".geo.gz")


@settings(max_examples=60, deadline=None)
@given(made=drawn(), form=st.sampled_from(FORMS))
def test_what_is_written_comes_back(made: Geometry, form: str) -> None:
    with scratch() as folder:
        path = folder / f"one{form}"
        geometries.write(path, made)
        found, outline = geometries.read(path), geometries.structure(path)

    assert digest(found) == digest(made)
    assert found.said == made.said == outline.said
    assert not found.unsupported
    assert [(one.name, one.owner, one.values.shape) for one in outline.attributes] == [
        (one.name, one.owner, one.values.shape) for one in found.attributes
    ]
    assert (outline.count, outline.vertices, outline.primitives) == (
        made.count,
        made.vertices,
        made.primitives,
    )
    assert [(one.name, one.kind, one.resolution) for one in outline.volumes] == [
        (one.name, one.kind, one.resolution) for one in made.volumes
    ]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("faces", [0, 2000])
def test_the_outline_of_terrain_says_which_layer_is_which(
    faces: int, form: str, tmp_path: Path
) -> None:
    heights = np.zeros((1, 4, 5), np.float32)
    names = np.array([[2]] * faces + [[0], [1]], np.int32)
    made = Geometry(
        count=3,
        faces=Faces(
            np.full(3 * faces, 2, np.int32), np.full(faces, 3, np.int32), np.ones(faces, np.bool_)
        )
        if faces
        else None,
        volumes=[Volume(name, heights, kind="heightfield") for name in ("height", "mask")],
        anchors=np.array([0, 1], np.int32),
    )
    made.put(
        Attribute(
            "P", "point", np.tile(np.array([2, 1.5, 0], np.float32), (3, 1)), qualifier="point"
        )
    )
    made.put(Attribute("name", "primitive", names, strings=("height", "mask", "rock")))
    path = tmp_path / f"terrain{form}"
    geometries.write(path, made)

    outline = geometries.structure(path)

    assert [one.name for one in outline.volumes] == ["height", "mask"]
    assert [one.kind for one in outline.volumes] == ["heightfield"] * 2


@settings(max_examples=40, deadline=None)
@given(made=drawn(), form=st.sampled_from(FORMS[:2]))
def test_another_reader_finds_the_same(made: Geometry, form: str) -> None:
    with scratch() as folder:
        path = folder / f"one{form}"
        geometries.write(path, made)
        found = bgeo_reader.document(path)

    held = bgeo_reader.attributes(found)
    for one in made.attributes:
        owner = "global" if one.owner == "detail" else one.owner
        told = held[owner, one.name]
        if one.strings is None:
            assert np.array_equal(
                np.array(told, one.values.dtype).reshape(one.values.shape),
                one.values,
                equal_nan=one.values.dtype.kind == "f",
            )
        else:
            texts = [*one.strings, ""]
            assert list(chain(*told)) == [texts[index] for index in one.values[:, 0]]
    if made.faces is not None:
        at, expected = 0, []
        for count, closed in zip(made.faces.counts, made.faces.closed, strict=True):
            expected.append((bool(closed), made.faces.points[at : at + count].tolist()))
            at += count
        assert bgeo_reader.faces(found) == expected
    for group in made.groups:
        members = np.flatnonzero(group.members) if group.order is None else group.order
        assert bgeo_reader.groups(found, group.owner)[group.name] == members.tolist()
    for (resolution, voxels), volume in zip(bgeo_reader.volumes(found), made.volumes, strict=True):
        assert tuple(resolution) == volume.resolution
        assert np.array_equal(np.array(voxels, "f4"), volume.values.reshape(-1), equal_nan=True)


def test_bits_of_what_is_no_number_come_back_from_a_binary_file(tmp_path: Path) -> None:
    bits = np.array([[0x7FC00001, 0xFFC12345, 0x7F800001]], np.uint32).view(np.float32)
    made = Geometry(1, [Attribute("P", "point", bits)])

    geometries.write(tmp_path / "one.bgeo", made)

    assert digest(geometries.read(tmp_path / "one.bgeo")) == digest(made)


def test_equal_geometry_makes_equal_files(tmp_path: Path) -> None:
    for name in ("one.bgeo.gz", "two.bgeo.gz"):
        geometries.write(tmp_path / name, triangle())

    assert (tmp_path / "one.bgeo.gz").read_bytes() == (tmp_path / "two.bgeo.gz").read_bytes()
    assert not list(tmp_path.glob(".*"))


def triangle() -> Geometry:
    return Geometry(
        3,
        [Attribute("P", "point", np.eye(3, dtype=np.float32), qualifier="point")],
        Faces(np.arange(3, dtype=np.int32), np.array([3], np.int32), np.array([True])),
    )


def cloud(edge: int = 4) -> Geometry:
    """One volume about the point (1, 2, 3)."""
    point = np.array([[1, 2, 3]], np.float32)
    box = np.diag([1.0, 2.0, 3.0]) / 3
    grid = np.arange(edge**3, dtype=np.float32).reshape(edge, edge, edge)
    transform = bgeovoxels.placed(box, point[0].astype(float), (edge, edge, edge))
    return Geometry(
        1,
        [
            Attribute("P", "point", point, qualifier="point"),
            Attribute("name", "primitive", np.zeros((1, 1), np.int32), ("density",)),
        ],
        volumes=[Volume("density", grid, transform, kind="dense")],
        anchors=np.zeros(1, np.int32),
    )


def test_a_volume_of_twice_the_resolution_keeps_its_place_to_the_last_bit(tmp_path: Path) -> None:
    """What a model makes of a volume lies where no file said it before."""
    made = cloud()
    half = np.diag([0.5, 0.5, 0.5, 1.0])
    half[3, :3] = -0.25
    made.volumes[0].transform = half @ made.volumes[0].transform
    made.volumes[0].values = np.kron(made.volumes[0].values, np.ones((2, 2, 2), np.float32))

    geometries.write(tmp_path / "up.bgeo", made)
    found = geometries.read(tmp_path / "up.bgeo")

    assert digest(found) == digest(made)
    assert not found.said


def test_a_volume_that_was_moved_since_is_where_its_point_is(tmp_path: Path) -> None:
    made = cloud()
    made.volumes[0].transform[3, 0] = np.nextafter(made.volumes[0].transform[3, 0], 9)
    geometries.write(tmp_path / "one.geo", made)
    document = json.loads((tmp_path / "one.geo").read_text())
    told = bgeo_reader.named(document)
    assert bgeovoxels.NOTE in json.dumps(document)
    bgeo_reader.named(bgeo_reader.named(told["attributes"])["pointattributes"][0][1])["values"][-1][
        0
    ][0] = 101.0
    (tmp_path / "one.geo").write_text(json.dumps(document))

    moved = geometries.read(tmp_path / "one.geo").volumes[0].transform

    assert moved[3, 0] == pytest.approx(cloud().volumes[0].transform[3, 0] + 100)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"kind": "vdb"}, "VDB grid density"),
        ({"origin": (1, 0, 0)}, "VDB grid density"),
        ({"values": np.zeros((4, 4, 4, 3), np.float32)}, "volume density of 3 x float32 a voxel"),
        ({"values": np.zeros((4, 4, 4), np.float64)}, "volume density of 1 x float64 a voxel"),
        ({"transform": np.eye(4)}, "the place of volume density, which is not about its point"),
    ],
)
def test_what_the_format_cannot_hold_is_said_and_never_written(
    tmp_path: Path, change: dict[str, Any], sentence: str
) -> None:
    made = cloud()
    for name, value in change.items():
        setattr(made.volumes[0], name, value)

    with pytest.raises(SourceError, match=sentence):
        geometries.write(tmp_path / "one.bgeo", made)
    assert bgeo.lacks(made) == [sentence]
    assert not list(tmp_path.iterdir())


def test_what_no_primitive_and_no_text_of_the_format_can_be_is_said() -> None:
    made = triangle()
    made.said["shot"] = "sh010"
    lengths = np.array([1, 0, 2], np.int32)
    made.put(Attribute("near", "point", np.zeros((3, 1), np.int32), lengths=lengths))
    made.volumes = [Volume("density", np.zeros((1, 1, 1), np.float32), kind="dense")]

    assert bgeo.lacks(made) == [
        "array attribute near of each point",
        "text 'shot'",
        "1 volumes that are at no point",
    ]


def test_a_geometry_that_contradicts_itself_is_not_written(tmp_path: Path) -> None:
    made = triangle()
    made.put(Attribute("Cd", "point", np.zeros((2, 3), np.float32)))

    with pytest.raises(SourceError, match=r"point attribute Cd has 2 values for 3 points"):
        geometries.write(tmp_path / "one.bgeo", made)
    assert not list(tmp_path.iterdir())


def test_groups_in_order_keep_it(tmp_path: Path) -> None:
    made = triangle()
    made.groups = [Group("seam", "point", np.ones(3, np.bool_), np.array([2, 0, 1], np.int32))]
    geometries.write(tmp_path / "one.geo", made)

    found = geometries.read(tmp_path / "one.geo").groups[0].order

    assert found is not None
    assert found.tolist() == [2, 0, 1]


def test_a_packed_file_is_the_same_document(tmp_path: Path) -> None:
    geometries.write(tmp_path / "one.geo", triangle())
    geometries.write(tmp_path / "two.geo.gz", triangle())

    packed = gzip.decompress((tmp_path / "two.geo.gz").read_bytes())

    assert packed == (tmp_path / "one.geo").read_bytes()
