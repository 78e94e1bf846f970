"""Cuts: whether two frames belong to one shot, judged from their pixels alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ROWS, COLUMNS = 18, 32
# Neighbours of one shot with fast motion: change up to 0.03, likeness from 0.67 (sample plates). Two
# shots of one set can be as alike as 0.6: such cuts have to be named, these limits find clear ones.
LEAST_CHANGE = 0.04
LEAST_LIKENESS = 0.5


def is_cut(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether a clear cut lies between two neighbouring frames, (height, width, channels) linear.

    Both are reduced to 32x18 cells after (x / (1 + x))^(1/2.2). A flash changes much and stays
    alike; a cut changes much and is not alike.
    """
    before, after = _small(one), _small(other)
    if float(np.abs(before - after).mean()) < LEAST_CHANGE:
        return False
    return _likeness(before, after) < LEAST_LIKENESS


def _likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Correlation of all cells, each channel about its own mean; 0 where one is flat."""
    a, b = one - one.mean(axis=(0, 1)), other - other.mean(axis=(0, 1))
    strength = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / strength if strength > 0 else 0.0


def _small(image: NDArray[Any]) -> NDArray[np.float32]:
    """The mean of each cell, toned; fewer cells where the picture is smaller than they are."""
    colour = np.maximum(image[..., :3].astype(np.float32), 0)
    toned = (colour / (1 + colour)) ** (1 / 2.2)
    rows = _edges(toned.shape[0], ROWS)
    columns = _edges(toned.shape[1], COLUMNS)
    sums = np.add.reduceat(np.add.reduceat(toned, rows[:-1], axis=0), columns[:-1], axis=1)
    small: NDArray[np.float32] = sums / np.outer(np.diff(rows), np.diff(columns))[..., None]
    return small


def _edges(length: int, cells: int) -> NDArray[np.int64]:
    return np.linspace(0, length, min(cells, length) + 1).astype(np.int64)
