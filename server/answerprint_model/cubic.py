"""Cubic: grids twice as fine, by interpolation alone.

Of a cell in the middle i, the two that it becomes lie a quarter of it to either side. Grids come
with EDGE cells around them that are cut off again; all axes but `leaving` last ones are doubled.
"""

import itertools

import numpy as np

__all__ = ["EDGE", "enlarged", "means", "repeated", "shifted_to"]

EDGE = 2
# Catmull-Rom a quarter beyond the second of four cells; as float32 these are exact
QUARTER = (-0.0703125, 0.8671875, 0.2265625, -0.0234375)


def enlarged(grid, axes):
    """The grid without its edges and with twice the cells on the first `axes` axes."""
    for axis in range(axes):
        grid = _doubled(grid, axis)
    return grid


def means(fine, axes):
    """The mean of the 2, 4 or 8 cells that lie in each coarse one."""
    total = 0
    for corner in itertools.product((0, 1), repeat=axes):
        total = total + fine[tuple(slice(first, None, 2) for first in corner)]
    return total * np.float32(0.5**axes)


def repeated(grid, axes):
    for axis in range(axes):
        grid = grid.repeat(2, axis=axis)
    return grid


def shifted_to(fine, coarse, axes):
    """The fine grid with each group of cells shifted so that its mean is the coarse cell's value."""
    return fine + repeated(coarse - means(fine, axes), axes)


def _doubled(grid, axis):
    rows = np.moveaxis(grid, axis, 0)
    count = len(rows) - 2 * EDGE
    fine = np.empty((2 * count, *rows.shape[1:]), grid.dtype)
    for child, weights in enumerate((QUARTER[::-1], QUARTER)):
        start = child  # the first child lies between the two before and the two after i - 1
        part = fine[child::2]
        np.multiply(rows[start : start + count], grid.dtype.type(weights[0]), out=part)
        for step in (1, 2, 3):
            part += rows[start + step : start + step + count] * grid.dtype.type(weights[step])
    return np.moveaxis(fine, 0, axis)
