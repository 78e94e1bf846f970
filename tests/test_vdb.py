"""OpenVDB's files: what is written is what is read, here and by OpenVDB itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from answerprint import vdb
from answerprint.geometry import Geometry, digest
from answerprint.volume import Volume

TYPES = [
    ("float16", 1),
    ("float16", 3),
    ("float32", 1),
    ("float32", 3),
    ("float64", 1),
    ("float64", 3),
    ("int32", 1),
    ("int32", 3),
    ("int64", 1),
    ("bool", 1),
]


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


@pytest.mark.parametrize(("dtype", "channels"), TYPES)
def test_a_grid_of_any_type_comes_back_as_it_was(tmp_path: Path, dtype: str, channels: int) -> None:
    volume = cloud(dtype, channels)

    (found,) = again(tmp_path, Geometry(volumes=[volume])).volumes

    assert found.values.dtype == volume.values.dtype
    np.testing.assert_array_equal(found.values, volume.values)
    assert np.array_equal(_active(found), _active(volume))
    assert found.origin == volume.origin


def test_the_digest_is_that_of_the_geometry_that_was_written(tmp_path: Path) -> None:
    geometry = Geometry(volumes=[cloud(), cloud("bool"), cloud("float16", 3)])

    assert digest(again(tmp_path, geometry)) == digest(geometry)


def _active(volume: Volume) -> Any:
    return np.ones(volume.values.shape[:3], bool) if volume.active is None else volume.active
