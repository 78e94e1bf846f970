"""Orientation: one side for all normals of a surface, and which of the two it is.

After Hoppe 1992: along the spanning tree of the neighbourhood graph that goes where normals turn
least, each normal is turned to the side of the one before it.
"""

import numpy as np
from scipy.sparse import coo_matrix, csgraph, csr_matrix

REACH = 8  # neighbours in the graph; more cost memory and find the same tree
LEAST = 1e-9  # of a weight: in a sparse graph 0 is no edge
# Of the mean of n . direction over a surface, below which it faces neither way
DECIDED = 1e-3


class Surfaces:
    """Which points hang together, and the tree through each surface."""

    def __init__(self, normals, neighbours):
        self.points = len(normals)
        ends = others(neighbours)[:, :REACH]
        starts = np.arange(self.points + 1, dtype=np.int32) * ends.shape[1]
        # an edge may be there from both its ends, with one and the same weight
        graph = csr_matrix((turns(normals, ends), ends.ravel(), starts), shape=(self.points,) * 2)
        self.tree = csgraph.minimum_spanning_tree(graph)
        self.count, self.of = csgraph.connected_components(self.tree, directed=False)

    def one_sided(self, normals):
        """The normals, each on the side of the one before it in the tree."""
        parent = self._parents()
        sign = np.where(np.einsum("ij,ij->i", normals, normals[parent]) < 0, -1, 1)
        while True:  # each pass reaches twice as far up the tree
            above = parent[parent]
            sign = sign * sign[parent]
            if np.array_equal(above, parent):
                return normals * sign[:, None]
            parent = above

    def facing(self, normals, places, way, target):
        """(normals, surfaces that show no side): outward and up for each surface, towards for each point."""
        if way == "towards":
            return normals * signs(normals, np.array(target) - places)[:, None], 0
        middles = self._sums(places) / self._sums(np.ones((self.points, 1)))
        direction = np.array([[0.0, 1.0, 0.0]]) if way == "up" else places - middles[self.of]
        length = np.linalg.norm(direction, axis=1, keepdims=True)
        direction = direction / np.where(length > 0, length, 1)
        shown = self._mean(np.sum(normals * direction, axis=1))
        flat = np.abs(shown) < DECIDED
        for axis in (1, 2, 0):  # a flat one lies around its own middle: up, else front, else right
            shown = np.where(flat, self._mean(normals[:, axis]), shown)
            still = flat & (np.abs(shown) < DECIDED)
            if not still.any():
                break
            flat = still
        undecided = int(np.count_nonzero(np.abs(shown) < DECIDED))
        return normals * np.where(shown < 0, -1, 1)[self.of][:, None], undecided

    def _parents(self):
        """Of each point the one before it in its tree, itself at a root.

        One more point is joined to a point of each tree, so that one walk reaches all of them.
        """
        _, roots = np.unique(self.of, return_index=True)
        ends = self.tree.tocoo()
        first = np.concatenate([ends.row, np.full(len(roots), self.points)])
        second = np.concatenate([ends.col, roots])
        size = self.points + 1
        joined = coo_matrix((np.ones(len(first)), (first, second)), shape=(size, size)).tocsr()
        _, parent = csgraph.breadth_first_order(joined, self.points, directed=False)
        parent = parent[:-1]
        return np.where(parent == self.points, np.arange(self.points), parent)

    def _sums(self, values):
        columns = [np.bincount(self.of, column, self.count) for column in values.T]
        return np.stack(columns, axis=1)

    def _mean(self, values):
        return np.bincount(self.of, values, self.count) / np.bincount(self.of, minlength=self.count)


def others(neighbours):
    """The neighbours without the point itself, which is not always the first among equal places."""
    own = neighbours == np.arange(len(neighbours), dtype=np.int32)[:, None]
    own[~own.any(axis=1), -1] = True  # among many equal places it may be none of the nearest
    return neighbours[~own].reshape(len(neighbours), -1)


def turns(normals, ends):
    """1 - |n . n| of each point and its neighbours, one row after the other."""
    weights = np.empty(ends.shape)
    for start in range(0, len(ends), 1 << 17):
        block = slice(start, start + (1 << 17))
        along = np.einsum("ij,ikj->ik", normals[block], normals[ends[block]])
        weights[block] = np.maximum(1 - np.abs(along), 0) + LEAST
    return weights.ravel()


def signs(normals, direction):
    return np.where(np.einsum("ij,ij->i", normals, direction) < 0, -1, 1)
