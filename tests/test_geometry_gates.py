"""Gates of geometry and volumes: what harms is seen and placed, what is right is let through."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from answerprint import gates
from answerprint.gate import Measure
from answerprint.geometry import Attribute, Faces, Geometry
from answerprint.shape import Shape, outline
from answerprint.volume import Volume

Numbers = NDArray[Any]


def put(values: Numbers, where: Any, number: float) -> None:
    values[where] = number


def cloud(count: int = 200, seed: int = 1) -> Geometry:
    """Points on a ball with their normals, and triangles over them."""
    rng = np.random.default_rng(seed)
    normals = rng.normal(size=(count, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    faces = Faces(
        np.arange(count - count % 3, dtype=np.int32),
        np.full(count // 3, 3, np.int32),
        np.ones(count // 3, np.bool_),
    )
    found = Geometry(count=count, faces=faces)
    found.put(Attribute("P", "point", (2 * normals).astype(np.float32), qualifier="point"))
    found.put(Attribute("N", "point", normals.astype(np.float32), qualifier="normal"))
    return found


def smoke(kind: str = "vdb", seed: int = 1) -> Geometry:
    shape = (1, 12, 16) if kind == "heightfield" else (8, 12, 16)
    values = np.random.default_rng(seed).random(shape).astype(np.float32)
    return Geometry(volumes=[Volume("density", values, kind=kind)])  # type: ignore[arg-type]


def shape(made: Geometry, plate: Geometry | None, *names: str, number: int = 1001) -> Shape:
    kind = "volume" if made.volumes else "points"
    return Shape(number, kind, made, plate, names)  # type: ignore[arg-type]


def asked(gate: str, *what: object) -> Measure:
    found = gates.found()[gate].measure(*what)
    assert found is not None
    return found


def with_values(plate: Geometry, name: str, change: Callable[[Numbers], object]) -> Geometry:
    made = copy.deepcopy(plate)
    attribute = made.find(name)
    change(made.volumes[0].values if attribute is None else attribute.values)
    return made


def test_geometry_as_it_was_is_let_through_by_every_gate() -> None:
    plate = cloud()
    one = shape(copy.deepcopy(plate), plate, "N", "P")

    for name in ("geo_nonfinite", "geo_count", "geo_bounds", "geo_normals", "geo_topology"):
        assert asked(name, one).number == 0, name
    assert asked("geo_flips", outline(one), outline(one)).number == 0


@pytest.mark.parametrize("kind", ["vdb", "dense", "heightfield"])
def test_a_grid_as_it_was_is_let_through_by_every_gate(kind: str) -> None:
    plate = smoke(kind)
    one = shape(copy.deepcopy(plate), plate, "density")

    for name in ("vol_nonfinite", "vol_range", "vol_mass"):
        assert asked(name, one).number == 0, name
    assert asked("vol_flicker", outline(one), outline(one)).number == 0


def test_nan_is_counted_where_the_plate_has_none() -> None:
    plate = with_values(cloud(), "N", lambda values: put(values, (0, 0), np.nan))
    made = with_values(plate, "N", lambda values: put(values, (slice(0, 3), 1), np.inf))

    found = asked("geo_nonfinite", shape(made, plate, "N"))

    assert (found.number, found.note) == (3, "in N")  # the plate's own is not counted


def test_nan_in_a_grid_is_counted_also_in_a_finer_one() -> None:
    plate = smoke()
    finer = Geometry(volumes=[Volume("density", np.full((16, 24, 32), np.nan, np.float32))])

    assert asked("vol_nonfinite", shape(finer, plate, "density")).number == 16 * 24 * 32


def test_points_that_came_or_went_are_counted() -> None:
    found = asked("geo_count", shape(cloud(210), cloud(200), "N"))

    assert found.number == 10 + 4  # triangles: 70 and 66
    assert found.note == "200 points in, 210 out"


def test_points_that_left_are_seen_by_how_far() -> None:
    plate = cloud()
    made = with_values(plate, "P", lambda values: put(values, (5, 0), 50))

    assert asked("geo_bounds", shape(made, plate, "P")).number > 100


def test_a_nan_place_does_not_hide_that_others_left() -> None:
    plate = cloud()

    def change(values: Numbers) -> None:
        values[0], values[5, 0] = np.nan, 50

    assert asked("geo_bounds", shape(with_values(plate, "P", change), plate, "P")).number > 100


@pytest.mark.parametrize("factor", [-1, 0, 0.5, np.nan])
def test_flipped_and_degenerate_normals_are_counted(factor: float) -> None:
    plate = cloud()

    def change(values: Numbers) -> None:
        values[:20] *= factor

    found = asked("geo_normals", shape(with_values(plate, "N", change), plate, "N"))

    assert found.number == pytest.approx(10)
    assert found.note == "20 of 200"


def test_normals_that_turn_round_between_frames_are_seen() -> None:
    plate = cloud()
    turned = with_values(plate, "N", lambda values: np.negative(values, out=values))
    before, after = (
        outline(shape(one, None, "N", number=number)) for one, number in ((plate, 1), (turned, 2))
    )

    assert asked("geo_flips", before, after) == Measure(100, frame=2)


def test_normals_of_other_points_are_not_held_against_each_other() -> None:
    before, after = (outline(shape(cloud(count), None, "N")) for count in (200, 203))

    assert gates.found()["geo_flips"].measure(before, after) is None


def test_a_face_of_other_winding_is_counted() -> None:
    plate = cloud()
    made = copy.deepcopy(plate)
    assert made.faces is not None
    made.faces.points[[3, 4]] = made.faces.points[[4, 3]]

    assert asked("geo_topology", shape(made, plate, "N")).number == 1


def test_density_below_zero_is_said_in_parts_of_the_range() -> None:
    plate = smoke()
    made = with_values(plate, "density", lambda values: put(values, (0, 0, 0), -1))

    found = asked("vol_range", shape(made, plate, "density"))

    assert found.number == pytest.approx(100, rel=0.02)
    assert found.note == "in density"


@given(st.floats(0.5, 2))
@settings(max_examples=20, deadline=None)
def test_mass_that_came_from_nowhere_is_said_in_percent(factor: float) -> None:
    plate = smoke()

    def change(values: Numbers) -> None:
        values *= factor

    found = asked("vol_mass", shape(with_values(plate, "density", change), plate, "density"))

    assert found.number == pytest.approx(100 * abs(factor - 1), abs=1e-3)


def test_a_finer_grid_over_the_same_space_has_the_same_mass() -> None:
    plate = smoke()
    fine = plate.volumes[0].values.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    transform = np.diag([0.5, 0.5, 0.5, 1.0])
    made = Geometry(volumes=[Volume("density", fine, transform=transform)])

    assert asked("vol_mass", shape(made, plate, "density")).number == pytest.approx(0, abs=1e-3)


def test_ground_that_rose_is_said_in_parts_of_its_relief() -> None:
    plate = smoke("heightfield")
    made = with_values(plate, "density", lambda values: np.add(values, 0.1, out=values))

    found = asked("vol_mass", shape(made, plate, "density"))

    assert found.number == pytest.approx(10, rel=0.1)


def test_a_mass_that_flickers_is_seen_and_a_plate_that_grows_is_not() -> None:
    def at(number: int, plate: float, made: float) -> object:
        grids = [
            Geometry(volumes=[Volume("density", np.full((2, 2, 2), one, np.float32))])
            for one in (made, plate)
        ]
        return outline(shape(grids[0], grids[1], "density", number=number))

    assert asked("vol_flicker", at(1, 1, 1), at(2, 3, 3)).number == 0
    assert asked("vol_flicker", at(1, 1, 1), at(2, 1, 1.1)).number == pytest.approx(10, rel=1e-3)


def test_no_gate_changes_what_it_looks_at() -> None:
    for plate, names in ((cloud(), ("N", "P")), (smoke(), ("density",))):
        one = shape(copy.deepcopy(plate), copy.deepcopy(plate), *names)
        kind = "volume" if plate.volumes else "geometry"
        for gate in gates.found().values():
            if gate.kind == kind:
                gate.measure(*((outline(one),) * 2 if gate.scope == "pair" else (one,)))
        for before, after in ((plate, one.made), (plate, one.plate)):
            assert after is not None
            for here, there in zip(before.attributes, after.attributes, strict=True):
                np.testing.assert_array_equal(here.values, there.values)
            for grid, other in zip(before.volumes, after.volumes, strict=True):
                np.testing.assert_array_equal(grid.values, other.values)
