"""Point normals: the direction that a surface through a point and its neighbours faces.

No network: principal components of each neighbourhood, then one side for all of a surface. Where a
neighbourhood is a line or one place, no normal follows from it: it gets an upright one, and the
report says of how many that holds.
"""

import numpy as np
import orientation
import scipy
from scipy.spatial import cKDTree

import answerprint_model

BLOCK = 1 << 16  # points at once: 65536 neighbourhoods of 64 points are 100 MB in double
# Second variance in parts of the first, below which a neighbourhood is a line
LINE = 1e-10
ROUNDING = (
    2.0**-23
)  # of float32: so far beside its line a place may come to lie, in parts of itself


class TritonPythonModel(answerprint_model.ImageModel):
    def run(self, images, settings):
        places = checked(images)
        tree = cKDTree(places)
        neighbours = nearest(tree, places, settings["neighbours"])
        normals, curvature, poor = components(places, neighbours)
        surfaces = orientation.Surfaces(normals, neighbours)
        normals = surfaces.one_sided(normals)
        target = [settings[f"towards_{axis}"] for axis in "xyz"]
        normals, undecided = surfaces.facing(normals, places, settings["facing"], target)
        outputs = {"N": normals.astype(np.float32)}
        if settings["curvature"]:
            outputs["curvature"] = curvature.astype(np.float32)[:, None]
        return outputs, {
            "device": answerprint_model.cpu_name(),
            "library": f"SciPy {scipy.__version__}",
            "surfaces": surfaces.count,
            "points_without_a_surface": poor,
            "surfaces_without_a_side": undecided,
        }


def checked(images):
    """The places, in double."""
    places = images.get("P")
    if places is None or places.ndim != 2 or places.shape[1] != 3:
        raise answerprint_model.RefusedError("P is not (points, 3)")
    if not len(places):
        raise answerprint_model.RefusedError("P has no points")
    good = np.isfinite(places).all(axis=1)
    if not good.all():
        raise answerprint_model.RefusedError(
            f"P of point {int(np.argmin(good))} is no place: {np.count_nonzero(~good)} of "
            f"{len(places)} points are NaN or inf"
        )
    return places.astype(np.float64)


def nearest(tree, places, count):
    """Indices (points, count + 1) of each point's nearest ones, itself among them; int32."""
    count = min(count + 1, len(places))
    found = np.empty((len(places), count), np.int32)
    for start in range(0, len(places), BLOCK):
        block = slice(start, start + BLOCK)
        _, index = tree.query(places[block], count, workers=-1)
        found[block] = index.reshape(-1, count)
    return found


def components(places, neighbours):
    """(normals, curvature, how many have no surface): the last principal component of each.

    Curvature is surface variation, Pauly 2002: the least of the three variances in parts of their
    sum, 0 of a plane, at most a third.
    """
    normals, curvature = np.empty_like(places), np.empty(len(places))
    poor, least = 0, neighbours.shape[1] * (ROUNDING * np.abs(places).max()) ** 2
    for start in range(0, len(places), BLOCK):
        block = slice(start, start + BLOCK)
        around = places[neighbours[block]]
        around -= around.mean(axis=1, keepdims=True)
        variances, axes = np.linalg.eigh(np.matmul(around.transpose(0, 2, 1), around))
        variances = np.maximum(variances, 0)
        normals[block] = axes[..., 0]
        total = variances.sum(axis=1)
        curvature[block] = variances[:, 0] / np.where(total > 0, total, 1)
        line = variances[:, 1] <= np.maximum(LINE * variances[:, 2], least)
        if line.any():
            normals[block][line] = upright(axes[line, :, 2], variances[line, 2])
            poor += int(np.count_nonzero(line))
    return normals, curvature, poor


def upright(along, length):
    """Across a line, as far up as that goes: y for a single place, z across y itself."""
    along = np.where(length[:, None] > 0, along, 0)
    up = np.array([0.0, 1.0, 0.0])
    across = up - along * along[:, 1:2]
    steep = np.linalg.norm(across, axis=1) < 1e-6
    across[steep] = np.array([0.0, 0.0, 1.0]) - along[steep] * along[steep, 2:3]
    return across / np.linalg.norm(across, axis=1, keepdims=True)
