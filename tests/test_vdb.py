"""OpenVDB's files: what is written is what is read, exactly, and damage is said."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from answerprint import vdb
from answerprint.errors import SourceError
from answerprint.geometry import Attribute, Geometry, Group, digest
from answerprint.vdbstream import Raw
from answerprint.volume import Volume

TYPES = [
    *((kind, 1) for kind in ("float16", "float32", "float64", "int32", "int64", "bool")),
    *((kind, 3) for kind in ("float16", "float32", "float64", "int32")),
]
ODD = [0.0, -0.0, 1.0, -1.0, 2.5, np.inf, np.nan, 1e-40]


def cloud(dtype: str = "float32", channels: int = 1, **more: Any) -> Volume:
    """Some active voxels of many values around the file's zero, in several leaves."""
    numbers = np.random.default_rng(7)
    shape = (9, 10, 11) if channels == 1 else (9, 10, 11, channels)
    values = numbers.integers(0, 2, shape) if dtype == "bool" else numbers.normal(0, 9, shape)
    values = values.astype(dtype)
    active = numbers.random((9, 10, 11)) < 0.6
    active[0, 0, 0] = active[-1, -1, -1] = True
    values[~active] = 0
    zero = np.zeros((), dtype).item()
    background = zero if channels == 1 else (zero,) * 3
    return Volume(
        "density", values, origin=(-5, 3, 125), active=active, background=background, **more
    )


def again(path: Path, geometry: Geometry) -> Geometry:
    vdb.write(path / "again.vdb", geometry)
    return vdb.read(path / "again.vdb")


def mask(volume: Volume) -> Any:
    return np.ones(volume.values.shape[:3], bool) if volume.active is None else volume.active


@pytest.mark.parametrize(("dtype", "channels"), TYPES)
def test_a_grid_of_any_type_comes_back_as_it_was(tmp_path: Path, dtype: str, channels: int) -> None:
    volume = cloud(dtype, channels)

    (found,) = again(tmp_path, Geometry(volumes=[volume])).volumes

    assert found.values.dtype == volume.values.dtype
    np.testing.assert_array_equal(found.values, volume.values)
    assert np.array_equal(mask(found), mask(volume))
    assert (found.origin, found.background) == (volume.origin, volume.background)


def test_the_digest_is_that_of_the_geometry_that_was_written(tmp_path: Path) -> None:
    geometry = Geometry(volumes=[cloud(), cloud("bool"), cloud("float16", 3)])

    assert digest(again(tmp_path, geometry)) == digest(geometry)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_every_voxel_is_kept_to_the_last_bit_active_or_not(tmp_path: Path, data: Any) -> None:
    channels = data.draw(st.sampled_from([1, 3]))
    size = data.draw(st.tuples(*[st.integers(1, 20)] * 3))
    origin = data.draw(st.tuples(*[st.integers(-300, 300)] * 3))
    numbers = np.random.default_rng(data.draw(st.integers(0, 99)))
    some = np.array(data.draw(st.lists(st.sampled_from(ODD), min_size=1, max_size=4)), np.float32)
    values = numbers.choice(some, (*size, channels)[: 3 if channels == 1 else 4])
    active = numbers.random(size) < data.draw(st.sampled_from([0.0, 0.1, 0.9, 1.0]))
    background = float(data.draw(st.sampled_from([0.0, 1.0, 2.5])))
    volume = Volume(
        "x",
        values,
        origin=origin,
        active=active,
        background=background if channels == 1 else (background,) * 3,
    )

    (found,) = again(tmp_path, Geometry(volumes=[volume])).volumes

    bare = np.full((*size, channels), background, np.float32)
    on = np.zeros(size, bool)
    low = np.subtract(found.origin, origin)[::-1] if found.values.size else np.zeros(3, int)
    inside = tuple(
        slice(int(at), int(at) + n) for at, n in zip(low, found.values.shape, strict=False)
    )
    bare[inside] = found.values.reshape(*found.values.shape[:3], channels)
    on[inside] = mask(found)
    told = active[..., None] | (values.reshape(bare.shape) != background)
    assert np.array_equal(on, active)
    assert (
        np.where(told, bare, 0).tobytes() == np.where(told, values.reshape(bare.shape), 0).tobytes()
    )
    assert digest(Geometry(volumes=[found])) == digest(Geometry(volumes=[volume]))


def test_the_inside_of_a_level_set_keeps_its_sign(tmp_path: Path) -> None:
    z, y, x = np.mgrid[-40:41, -40:41, -40:41].astype(np.float32)
    distance = np.sqrt(x * x + y * y + z * z) - 30
    values = np.clip(distance, -3, 3)
    active = abs(distance) < 3
    volume = Volume(
        "surface",
        values,
        origin=(-40, -40, -40),
        active=active,
        background=3.0,
        about={"class": "level set"},
    )

    (found,) = again(tmp_path, Geometry(volumes=[volume])).volumes

    assert found.about == {"class": "level set"}
    centre = np.subtract((0, 0, 0), found.origin)[::-1]
    assert found.values[tuple(centre)] == -3
    assert not mask(found)[tuple(centre)]
    cut = tuple(slice(7, 74) for _ in range(3))
    np.testing.assert_array_equal(found.values, values[cut][1:-1, 1:-1, 1:-1])


def test_a_large_space_of_one_value_takes_little_of_a_file(tmp_path: Path) -> None:
    volume = Volume("fog", np.ones((150, 150, 150), np.float32))

    (found,) = again(tmp_path, Geometry(volumes=[volume])).volumes

    assert (tmp_path / "again.vdb").stat().st_size < 400_000
    assert found.resolution == (150, 150, 150)
    assert (found.values == 1).all()


@pytest.mark.parametrize(
    "matrix",
    [
        np.diag([0.1, 0.1, 0.1, 1]),
        np.diag([0.1, 0.2, -0.3, 1]),
        [[0.1, 0, 0, 0], [0, 0.1, 0, 0], [0, 0, 0.1, 0], [3, -4, 1 / 3, 1]],
        [[0, 2, 0, 0], [-1, 0, 0, 0], [0, 0.5, 3, 0], [4, 5, 6, 1]],
        [[-0.0, 2, -0.0, 0], [-2, 0, 0, 0], [0, 0, 2, 0], [-0.0, 0, 0, 1]],
    ],
)
def test_a_transform_is_kept_exactly(tmp_path: Path, matrix: Any) -> None:
    wanted = np.array(matrix, np.float64)

    (found,) = again(tmp_path, Geometry(volumes=[cloud(transform=wanted)])).volumes

    assert found.transform.tobytes() == wanted.tobytes()


def test_what_a_grid_and_its_file_say_is_kept_with_its_type(tmp_path: Path) -> None:
    about = {
        "class": "fog volume",
        "vector_type": "invariant",
        "is_local_space": True,
        "frame": np.array(7, np.int32),
        "seconds": np.array(0.5, np.float32),
        "many": np.array(1 << 40),
        "axis": np.array([1, 2, 3], np.float64),
        "camera": np.eye(4, dtype=np.float32),
        "odd": Raw("of the studio", b"\1\2"),
    }
    geometry = Geometry(
        volumes=[cloud(about=about)],
        said={"answerprintRecord": '{"näme": 1}', "creator": "Houdini"},
        attributes=[
            Attribute("cut", "detail", np.array([[3]], np.int32)),
            Attribute("lens", "detail", np.array([[1, 2, 3]], np.float32)),
            Attribute("held", "detail", np.array([[1]], np.int8), qualifier="bool"),
        ],
    )

    found = again(tmp_path, geometry)

    assert found.said == geometry.said
    assert repr(found.volumes[0].about) == repr(dict(sorted(about.items())))
    assert digest(found) == digest(geometry)


def test_grids_of_one_name_stay_two(tmp_path: Path) -> None:
    found = again(
        tmp_path, Geometry(volumes=[cloud(), cloud("int32"), Volume("v", np.ones((1, 1, 1)))])
    )

    assert [one.name for one in found.volumes] == ["density", "density", "v"]
    assert [one.values.dtype for one in found.volumes] == [np.float32, np.int32, np.float64]


def test_an_empty_grid_stays_one(tmp_path: Path) -> None:
    nothing = Volume("smoke", np.zeros((4, 4, 4), np.float32), active=np.zeros((4, 4, 4), bool))

    (found,) = again(tmp_path, Geometry(volumes=[nothing])).volumes

    assert found.resolution == (0, 0, 0)
    assert vdb.structure(tmp_path / "again.vdb").volumes[0].resolution == (0, 0, 0)


def test_the_structure_is_known_without_the_voxels(tmp_path: Path) -> None:
    vdb.write(tmp_path / "a.vdb", Geometry(volumes=[cloud("float16", 3)], said={"creator": "me"}))

    whole, outline = vdb.read(tmp_path / "a.vdb"), vdb.structure(tmp_path / "a.vdb")

    for one, other in zip(whole.volumes, outline.volumes, strict=True):
        assert one.values.shape == other.values.shape
        assert (one.name, one.origin, one.values.dtype) == (
            other.name,
            other.origin,
            other.values.dtype,
        )
    assert outline.said == whole.said
    assert outline.volumes[0].values.strides == (0, 0, 0, 0)


def test_what_the_format_cannot_hold_is_refused_by_name(tmp_path: Path) -> None:
    geometry = Geometry(
        count=4,
        attributes=[Attribute("Cd", "point", np.zeros((4, 3), np.float32))],
        groups=[Group("top", "point", np.ones(4, bool))],
        volumes=[
            Volume("height", np.zeros((1, 2, 2), np.float32), kind="heightfield"),
            Volume("small", np.zeros((1, 2, 2), np.int8)),
            Volume("flat", np.zeros((1, 2, 2), np.float32), transform=np.diag([1.0, 1, 0, 1])),
        ],
    )

    with pytest.raises(SourceError, match="4 points and 0 primitives") as caught:
        vdb.write(tmp_path / "a.vdb", geometry)

    for words in (
        "heightfield volume",
        "1 x int8",
        "it flattens space",
        "attribute Cd",
        "group top",
    ):
        assert words in caught.value.problem
    assert not (tmp_path / "a.vdb").exists()


def test_a_file_that_claims_too_many_voxels_is_refused_before_memory_is_taken(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.vdb"
    vdb.write(path, Geometry(volumes=[Volume("far", np.ones((1, 1, 2)), origin=(-1, 0, 0))]))
    here, far = struct.pack("<3i", -4096, 0, 0), struct.pack("<3i", -(1 << 30), 0, 0)
    assert path.read_bytes().count(here) == 1
    path.write_bytes(path.read_bytes().replace(here, far))

    for look in (vdb.read, vdb.structure):
        with pytest.raises(
            SourceError, match=r"'far' is 1073\d+ x \d x \d voxels, .* GiB in memory"
        ):
            look(path)


@pytest.mark.parametrize("dtype", ["float32", "bool"])
def test_a_damaged_file_is_an_error_and_never_a_crash(tmp_path: Path, dtype: str) -> None:
    path = tmp_path / "a.vdb"
    vdb.write(path, Geometry(volumes=[cloud(dtype)], said={"creator": "me"}))
    plain = path.read_bytes()
    chance = random.Random(3)
    refused = 0
    for turn in range(120):
        data = bytearray(plain)
        if turn % 2:
            del data[chance.randrange(len(data)) :]
        else:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        try:
            vdb.read(path)
        except SourceError:
            refused += 1
        else:
            assert turn % 2 == 0  # a file that was cut is always noticed

    assert refused > 60


def test_a_file_of_another_format_or_an_old_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.vdb"
    vdb.write(path, Geometry(volumes=[cloud()]))
    old = bytearray(path.read_bytes())
    old[8] = 220

    path.write_bytes(old)
    with pytest.raises(SourceError, match="version 220; 222 to 224 are read"):
        vdb.read(path)
    path.write_bytes(b"no such thing")
    with pytest.raises(SourceError, match="is no OpenVDB file"):
        vdb.read(path)
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        vdb.read(tmp_path / "b.vdb")


@pytest.mark.parametrize("flags", [0, 1, 2, 3, 4])
def test_files_are_read_however_they_are_packed(tmp_path: Path, flags: int) -> None:
    tinyvdb = pytest.importorskip("tinyvdb", reason="tinyvdb has no package for Python 3.10")
    geometry = Geometry(volumes=[cloud(), cloud("float16"), cloud("float32", 3)])
    vdb.write(tmp_path / "a.vdb", geometry)
    file = tinyvdb.open(str(tmp_path / "a.vdb"))
    file.read_grids()

    file.save(str(tmp_path / "b.vdb"), flags)

    assert digest(vdb.read(tmp_path / "b.vdb")) == digest(geometry)
