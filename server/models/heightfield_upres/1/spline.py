"""Cubic splines through heights, and twice as many heights on them.

Beyond the edge a spline goes on straight, so a ramp stays a ramp to its end.
"""

import numpy as np
from scipy.linalg import solve_banded

# The cubic B-spline a quarter beyond the second of four coefficients, in parts of 384
QUARTER = np.array([27, 235, 121, 1]) / 384
THROUGH = np.array([0, 1, 4, 1, 0]) / 6  # a height is the spline's value in its middle
MEAN = np.array([1, 148, 470, 148, 1]) / 768  # or the mean of the two that it becomes
BLOCK = 256  # rows at once: the finest values are many, and needed in double only for a moment


def doubled(heights, kernel):
    """Heights (y, x) as float32 (2 y, 2 x), on the spline that has them as `kernel` says."""
    taller = _between(_coefficients(heights.astype(np.float64), kernel))
    fine = np.empty((len(taller), 2 * heights.shape[1]), np.float32)
    for start in range(0, len(taller), BLOCK):
        rows = taller[start : start + BLOCK].T
        fine[start : start + BLOCK] = _between(_coefficients(rows, kernel)).T
    return fine


def _coefficients(rows, kernel):
    """Those of the splines along the first axis."""
    count = len(rows)
    if count == 1:
        return rows
    bands = np.zeros((5, count))  # bands[2 + i - j, j] is the weight of coefficient j in height i
    for step in range(-2, 3):
        for place in range(count) if count < 8 else (*range(2), *range(count - 2, count)):
            for index, share in _inside(place + step, count):
                bands[2 + place - index, index] += kernel[2 + step] * share
        if count >= 8:
            places = np.arange(2, count - 2)
            bands[2 - step, places + step] += kernel[2 + step]
    return solve_banded((2, 2), bands, rows, check_finite=False)


def _inside(index, count):
    """A coefficient beyond the edge as those inside and their shares: it goes on straight."""
    if index < 0:
        return (0, 1 - index), (1, index)
    if index >= count:
        beyond = index - count + 1
        return (count - 1, 1 + beyond), (count - 2, -beyond)
    return ((index, 1),)


def _between(coefficients):
    """The values a quarter to either side of each coefficient's middle."""
    first = 2 * coefficients[:1] - coefficients[1:2]
    last = 2 * coefficients[-1:] - coefficients[-2:-1]
    if len(coefficients) == 1:
        return coefficients.repeat(2, axis=0)
    rows = np.concatenate(
        [2 * first - coefficients[:1], first, coefficients, last, 2 * last - coefficients[-1:]]
    )
    count = len(coefficients)
    fine = np.empty((2 * count, *coefficients.shape[1:]))
    for child, weights in enumerate((QUARTER[::-1], QUARTER)):
        fine[child::2] = sum(
            weight * rows[child + step : child + step + count]
            for step, weight in enumerate(weights)
        )
    return fine
