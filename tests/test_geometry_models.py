"""The geometry models, asked directly: what they return of points, volumes and heightfields."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.typing import NDArray

from answerprint.errors import InferenceError
from answerprint.triton import Answer, Expected, Server
from answerprint_server import repository

Floats = NDArray[np.float32]

MODELS = repository.models_folder()


def asked(
    server: Server, task: str, wanted: tuple[str, ...], values: Floats, **set_to: Any
) -> Answer:
    offer = server.offer(task)
    (name,) = (one.name for one in offer.usable().inputs)
    expected = dict.fromkeys(wanted, Expected())
    return server.infer(offer, {name: values}, set_to, request_id="test", outputs=expected)


def normals(server: Server, places: Floats, **set_to: Any) -> Floats:
    return asked(server, "point_normals", ("N",), places, **set_to).images["N"]


def fine_grid(server: Server, grid: Floats, **set_to: Any) -> Floats:
    answer = asked(server, "volume_upres", ("grid",), grid[..., None], **set_to)
    return answer.images["grid"][..., 0]


def finer(server: Server, heights: Floats, **set_to: Any) -> Floats:
    answer = asked(server, "heightfield_upres", ("height",), heights[..., None], **set_to)
    return answer.images["height"][..., 0]


# point_normals


def sphere(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    out = rng.normal(size=(count, 3))
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    return (3 * out + 10).astype(np.float32), out.astype(np.float32)


def torus(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    u, v = rng.uniform(0, 2 * np.pi, (2, count))
    out = np.stack([np.cos(u) * np.cos(v), np.sin(v), np.sin(u) * np.cos(v)], 1)
    ring = np.stack([np.cos(u), np.zeros(count), np.sin(u)], 1)
    return (ring + 0.35 * out).astype(np.float32), out.astype(np.float32)


def ground(rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    places = rng.uniform(-1, 1, (count, 3)).astype(np.float32)
    places[:, 1] = 0.5 * places[:, 0] - 4
    up = np.array([-0.5, 1, 0], np.float32) / np.float32(np.sqrt(1.25))
    return places, np.tile(up, (count, 1))


SURFACES = {"sphere": (sphere, 2.0), "torus": (torus, 7.0), "ground": (ground, 0.1)}


@pytest.mark.parametrize("name", SURFACES)
def test_normals_stand_on_the_surface_and_all_on_its_outer_side(server: Server, name: str) -> None:
    """Degrees: the 95th of a hundred, of 3000 points that lie as chance has it."""
    surface, degrees = SURFACES[name]
    places, truth = surface(np.random.default_rng(3), 3000)

    found = normals(server, places)

    along = np.sum(found * truth, axis=1)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert along.min() > 0
    assert np.degrees(np.arccos(np.quantile(along, 0.05).clip(-1, 1))) < degrees


def test_each_surface_faces_away_from_its_own_middle(server: Server) -> None:
    places, truth = sphere(np.random.default_rng(4), 600)
    both = np.concatenate([places, places + np.float32(100)])

    answer = asked(server, "point_normals", ("N",), both)

    assert np.sum(answer.images["N"] * np.concatenate([truth, truth]), axis=1).min() > 0
    assert answer.report["surfaces"] == 2


def test_points_can_face_up_or_towards_a_place(server: Server) -> None:
    rng = np.random.default_rng(5)
    places, up = ground(rng, 500)
    ball, out = sphere(rng, 500)

    below = {"towards_x": 0.0, "towards_y": -50.0, "towards_z": 0.0}
    inside = {"towards_x": 10.0, "towards_y": 10.0, "towards_z": 10.0}

    assert np.sum(normals(server, places, facing="up") * up, 1).min() > 0.99
    assert np.sum(normals(server, places, facing="towards", **below) * up, 1).max() < -0.99
    assert np.sum(normals(server, ball, facing="towards", **inside) * out, 1).max() < 0


LINES = {
    "one": [[1.0, 2.0, 3.0]],
    "two": [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]],
    "equal": [[5.0, 5.0, 5.0]] * 30,
    "in a row": [[1000 + 0.1 * i, 0.3 * i, -0.2 * i] for i in range(40)],
    "straight up": [[0.0, float(i), 0.0] for i in range(10)],
}


@pytest.mark.parametrize("case", LINES)
def test_points_without_a_surface_get_upright_normals_and_are_counted(
    server: Server, case: str
) -> None:
    places = np.array(LINES[case], np.float32)

    answer = asked(server, "point_normals", ("N", "curvature"), places, curvature=True)
    found = answer.images["N"]

    assert answer.report["points_without_a_surface"] == len(places)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert (found[:, 1] >= -1e-6).all()
    along = places[-1] - places[0]
    assert np.abs(found @ along).max() <= 1e-3 * max(1.0, float(np.linalg.norm(along)))


def test_curvature_is_none_of_a_plane_and_more_of_a_smaller_ball(server: Server) -> None:
    rng = np.random.default_rng(6)
    flat, _ = ground(rng, 800)
    few, _ = sphere(rng, 200)
    many, _ = sphere(rng, 800)

    means = [
        asked(server, "point_normals", ("curvature",), places, curvature=True)
        .images["curvature"]
        .mean()
        for places in (flat, many, few)
    ]

    assert means[0] < 1e-6
    assert means[0] < means[1] < means[2] < 1 / 3


def test_the_order_of_points_is_not_seen_in_their_normals(server: Server) -> None:
    places, _ = torus(np.random.default_rng(7), 1500)
    order = np.random.default_rng(8).permutation(1500)

    assert np.allclose(normals(server, places[order]), normals(server, places)[order], atol=1e-5)
    assert np.array_equal(normals(server, places), normals(server, places))


# volume_upres


def smoke(side: int = 20) -> Floats:
    """A ball of lumpy smoke with nothing around it."""
    z, y, x = np.indices((side,) * 3) / side - 0.5
    away = np.sqrt(x**2 + y**2 + z**2)
    lumps = 1 + 0.4 * np.sin(23 * x + 5 * y) * np.cos(19 * z)
    made: Floats = (np.clip(0.35 - away, 0, 0.1) * lumps).astype(np.float32)
    return made


def means(fine: Floats) -> Floats:
    z, y, x = (side // 2 for side in fine.shape)
    found: Floats = fine.reshape(z, 2, y, 2, x, 2).mean(axis=(1, 3, 5), dtype=np.float64)
    return found


METHODS = ("network", "tricubic")


@pytest.mark.parametrize("method", METHODS)
def test_eight_voxels_keep_the_mean_of_theirs_and_none_is_below_zero(
    server: Server, method: str
) -> None:
    coarse = smoke()

    fine = fine_grid(server, coarse, method=method)

    assert fine.shape == (40, 40, 40)
    assert np.abs(means(fine) - coarse).max() < 1e-6 * coarse.max()
    assert fine.min() == 0
    assert not fine.reshape(20, 2, 20, 2, 20, 2).any(axis=(1, 3, 5))[coarse == 0].any()


@pytest.mark.parametrize("method", METHODS)
def test_larger_values_make_the_same_picture_only_larger(server: Server, method: str) -> None:
    coarse = smoke(16)
    fine = fine_grid(server, coarse, method=method)

    assert np.array_equal(fine_grid(server, coarse * 2, method=method), fine * 2)
    assert np.array_equal(fine_grid(server, coarse / 1024, method=method), fine / 1024)
    thousand = fine_grid(server, coarse * np.float32(1000), method=method)
    assert np.allclose(thousand, fine * 1000, atol=1e-3 * fine.max())


@pytest.mark.parametrize("method", METHODS)
def test_a_grid_that_lies_higher_stays_flat_where_it_is_flat(server: Server, method: str) -> None:
    """A temperature of 300 everywhere is 300 everywhere; what varies in it varies as it would lower."""
    warm = np.full((9, 10, 11), 300, np.float32)
    low, high = (fine_grid(server, smoke(16) + np.float32(one), method=method) for one in (1, 9))

    assert np.abs(fine_grid(server, warm, method=method) - 300).max() < 1e-3
    assert np.abs(high - 8 - low).max() < 1e-5


@pytest.mark.parametrize("method", METHODS)
def test_nobody_can_tell_where_blocks_met(server: Server, method: str) -> None:
    """The same smoke at another place of a grid, so that the model's blocks cut it elsewhere."""
    coarse = smoke(24)
    whole = fine_grid(server, coarse, method=method)
    placed = np.zeros((30, 30, 98), np.float32)
    placed[3:27, 3:27, 50:74] = coarse  # blocks are 64 voxels wide

    found = fine_grid(server, placed, method=method).copy()

    assert np.abs(found[6:54, 6:54, 100:148] - whole).max() < 1e-6 * whole.max()
    found[6:54, 6:54, 100:148] = 0
    assert not found.any()


def test_nothing_makes_nothing_and_says_so(server: Server) -> None:
    answer = asked(server, "volume_upres", ("grid",), np.zeros((70, 5, 1, 1), np.float32))

    assert answer.images["grid"].shape == (140, 10, 2, 1)
    assert not answer.images["grid"].any()
    assert answer.report["blocks_with_something"] == 0


def test_values_below_zero_may_stay_where_there_are_some(server: Server) -> None:
    """A distance field goes through zero, and does so smoothly."""
    z, y, x = np.indices((16,) * 3) - 7.5
    distance = (np.sqrt(x**2 + y**2 + z**2) - 5).astype(np.float32)

    fine = fine_grid(server, distance, method="tricubic")

    z, y, x = np.indices((32,) * 3) / 2 - 7.75
    assert np.abs(fine - (np.sqrt(x**2 + y**2 + z**2) - 5))[4:-4, 4:-4, 4:-4].max() < 0.2


def test_detail_goes_from_tricubic_to_all_that_the_network_adds(server: Server) -> None:
    coarse = smoke() + np.float32(1)  # nothing near zero, so nothing is held there
    none, half, full = (fine_grid(server, coarse, detail=one) for one in (0.0, 0.5, 1.0))

    assert np.array_equal(none, fine_grid(server, coarse, method="tricubic"))
    assert np.abs(full - none).max() > 1e-3
    assert np.allclose(half, (none + full) / 2, atol=1e-6)


# heightfield_upres


@settings(max_examples=20, deadline=None)
@given(
    shape=st.tuples(st.integers(2, 12), st.integers(2, 12)),
    slopes=st.tuples(st.integers(-9, 9), st.integers(-9, 9)),
    heights_are=st.sampled_from(["samples", "means"]),
)
def test_a_ramp_stays_a_ramp_to_its_edges(
    address: str, shape: tuple[int, int], slopes: tuple[int, int], heights_are: str
) -> None:
    with Server(address) as own:
        ramp = np.add.outer(np.arange(shape[0]) * slopes[0], np.arange(shape[1]) * slopes[1])
        found = finer(own, ramp.astype(np.float32), heights_are=heights_are)

    down, across = ((np.arange(2 * side) - 0.5) / 2 for side in shape)
    assert np.abs(found - np.add.outer(down * slopes[0], across * slopes[1])).max() < 1e-4


def land(side: int = 32) -> Floats:
    y, x = np.indices((side, side))
    made: Floats = (9 * np.sin(x / 3) + 5 * np.cos(y / 2.5) + 200).astype(np.float32)
    return made


def test_heights_that_are_means_stay_means(server: Server) -> None:
    coarse = land()

    fine = finer(server, coarse, heights_are="means")

    assert np.abs(fine.reshape(32, 2, 32, 2).mean(axis=(1, 3)) - coarse).max() < 1e-4


def test_heights_that_are_samples_lie_on_the_smooth_ground(server: Server) -> None:
    y, x = np.indices((64, 64)) / 2 - 0.25
    truth = 9 * np.sin(x / 3) + 5 * np.cos(y / 2.5) + 200

    error = np.abs(finer(server, land()) - truth)[6:-6, 6:-6]

    assert error.max() < 0.01  # of 28 between the lowest and the highest


def test_a_mask_can_be_held_between_0_and_1(server: Server) -> None:
    mask = (land() > 200).astype(np.float32)

    free, held = finer(server, mask), finer(server, mask, hold=True)

    assert free.min() < 0
    assert (held.min(), held.max()) == (0, 1)
    assert np.abs(held - np.clip(free, 0, 1)).max() < 0.2


def test_a_single_cell_and_a_single_row_are_made_finer_as_well(server: Server) -> None:
    assert (finer(server, np.full((1, 1), 7, np.float32)) == 7).all()
    row = finer(server, np.arange(5, dtype=np.float32)[None])

    assert np.allclose(row, np.tile((np.arange(10) - 0.5) / 2, (2, 1)), atol=1e-5)


# all of them


BAD: dict[str, tuple[str, Any, str]] = {
    "no points": ("point_normals", np.zeros((0, 3)), "P has no points"),
    "NaN in P": (
        "point_normals",
        [[0, 0, 0], [1, np.nan, 0], [0, 1, np.inf]],
        "P of point 1 is no place: 2 of 3 points are NaN or inf",
    ),
    "no voxels": ("volume_upres", np.zeros((0, 4, 4, 1)), "grid has no voxels"),
    "NaN in a grid": (
        "volume_upres",
        np.where(np.arange(24).reshape(2, 3, 4, 1) == 17, np.nan, 1),
        "grid is NaN or inf in 1 voxels, the first at x 1, y 1, z 1",
    ),
    "no cells": ("heightfield_upres", np.zeros((3, 0, 1)), "height has no cells"),
    "inf in heights": (
        "heightfield_upres",
        np.where(np.arange(12).reshape(3, 4, 1) == 6, -np.inf, 1),
        "height is NaN or inf in 1 cells, the first at x 2, y 1",
    ),
    "a frame": ("volume_upres", np.zeros((4, 4, 1)), "shape"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_geometry_is_refused_in_a_sentence(server: Server, case: str) -> None:
    task, values, words = BAD[case]

    wanted = server.offer(task).usable().outputs[0].name

    with pytest.raises(InferenceError) as caught:
        asked(server, task, (wanted,), np.array(values, np.float32))

    assert words in caught.value.problem
    assert "Traceback" not in caught.value.problem
