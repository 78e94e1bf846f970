"""Volume upres: a grid of twice the resolution over the same space, by a small network or tricubic.

Every eight voxels keep the mean of the one that they came from, so smoke is neither won nor lost,
and none is below zero where nothing around was. A grid of larger values gives the same picture,
only larger: the network has no scale of its own. Large grids are made in blocks that see what lies
around them, so nobody can tell where blocks met, and empty ones cost nothing.
"""

import pathlib

import numpy as np

import answerprint_model
from answerprint_model import cubic, network

HERE = pathlib.Path(__file__).parent
BLOCK = 64  # voxels of a block's side; a network's layers take 30 MB each
REACH = 6  # voxels around one that its result depends on: one for each layer of the network


class TritonPythonModel(answerprint_model.ImageModel):
    block = BLOCK

    def load(self):
        self.network = network.started(HERE / "model.onnx")

    def run(self, images, settings):
        coarse = checked(images)[..., 0]
        detail = settings["detail"] if settings["method"] == "network" else 0
        fine = np.zeros([2 * side for side in coarse.shape], np.float32)
        padded = np.pad(coarse, REACH, mode="edge")
        full = 0
        for start in blocks(coarse.shape, self.block):
            source = padded[tuple(slice(at, at + self.block + 2 * REACH) for at in start)]
            if source.any():  # of zeros both ways make zeros, exactly
                place = tuple(slice(2 * at, 2 * (at + self.block)) for at in start)
                fine[place] = self._made(source, detail)
                full += 1
        return {"grid": fine[..., None]}, {
            "device": answerprint_model.cpu_name(),
            "library": network.LIBRARY if detail else f"numpy {np.__version__}",
            "blocks_with_something": full,
        }

    def _made(self, source, detail):
        """The fine voxels of a block out of what is in it and REACH voxels around."""
        coarse = without(source, REACH)
        fine = cubic.enlarged(without(source, REACH - cubic.EDGE), 3)
        if detail:
            (found,) = self.network.run(None, {"low": source[None, None]})
            fine += np.float32(detail) * together(without(found[0], REACH))
        fine = cubic.shifted_to(fine, coarse, 3)
        return floored(fine, coarse, least_around(without(source, REACH - 1)))


def blocks(shape, side):
    """Where each block begins."""
    counts = [-(-length // side) for length in shape]
    return (tuple(side * at for at in index) for index in np.ndindex(*counts))


def without(volume, rim):
    """The inside of the last three axes."""
    return volume[(..., *[slice(rim, -rim)] * 3)] if rim else volume


def together(children):
    """(8, z, y, x) as (2 z, 2 y, 2 x)."""
    z, y, x = children.shape[1:]
    split = children.reshape(2, 2, 2, z, y, x).transpose(3, 0, 4, 1, 5, 2)
    return split.reshape(2 * z, 2 * y, 2 * x)


def least_around(volume):
    """The least of each voxel and the 26 around it; one voxel goes off each side."""
    for axis in range(3):
        rows = np.moveaxis(volume, axis, 0)
        volume = np.moveaxis(np.minimum(np.minimum(rows[:-2], rows[1:-1]), rows[2:]), 0, axis)
    return volume


def floored(fine, coarse, around):
    """Without anything below zero where nothing around is: eight voxels come closer to their mean."""
    corners = np.stack([fine[z::2, y::2, x::2] for z, y, x in np.ndindex(2, 2, 2)])
    least = corners.min(axis=0)
    low = (around >= 0) & (least < 0)
    if not low.any():
        return fine
    closer = np.ones_like(coarse)
    closer[low] = coarse[low] / (coarse[low] - least[low])
    closer, coarse = cubic.repeated(closer, 3), cubic.repeated(coarse, 3)
    low = cubic.repeated(low, 3)
    return np.where(low, np.maximum(coarse + closer * (fine - coarse), 0), fine)


def checked(images):
    grid = images.get("grid")
    if grid is None or grid.ndim != 4 or grid.shape[3] != 1:
        raise answerprint_model.RefusedError("grid is not (z, y, x, 1)")
    if not grid.size:
        raise answerprint_model.RefusedError("grid has no voxels")
    bad = np.count_nonzero(~np.isfinite(grid))
    if bad:
        z, y, x = np.argwhere(~np.isfinite(grid[..., 0]))[0]
        raise answerprint_model.RefusedError(
            f"grid is NaN or inf in {bad} voxels, the first at x {x}, y {y}, z {z}"
        )
    return grid
